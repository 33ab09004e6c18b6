use std::collections::BTreeMap;

use serde::Serialize;

use super::check_encoded::check_encoded;
use super::check_vectors::{ChangedVectors, encode_again};
use super::windows::{Difference, Held, held};
use crate::db::control::{Control, Stage};
use crate::db::database::Database;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::unreadable::{UnreadableWeights, unreadable};
use crate::db::write::check::check_bars;
use crate::db::write::made::check_in_step;
use crate::error::{Error, Result};
use crate::model::{Bars, Modality, SeriesBars, Timestamp};
use crate::store::{
    BarReads, CatalogUse, MadeReads, RowReads, SeriesId, SeriesRecord, SpaceId, check_bars_of,
    check_pages,
};

/// What was read and found sound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Segment files.
    pub segments: u64,
    /// Their bytes.
    pub segment_bytes: u64,
    /// Bytes of the catalog file.
    pub catalog_bytes: u64,
    /// Spaces.
    pub spaces: u64,
    /// Series.
    pub series: u64,
    /// Windows that have a row: each stands for bars that are stored, and has no other row.
    pub windows: u64,
    /// Windows that are flat, and have none.
    pub flat_windows: u64,
    /// Ranges of windows that wait for their rows.
    pub pending_ranges: u64,
    /// Bars.
    pub bars: u64,
    /// Headlines.
    pub headlines: u64,
    /// Vectors of headlines, over all spaces.
    pub headline_rows: u64,
    /// Weights of encoders: whole files, which decode.
    pub weights: u64,
    /// Windows that were encoded again and compared with their rows: a sample of each space whose
    /// encoder this program has.
    pub encoded_again: u64,
    /// Spaces where that gave other vectors. Nothing of them is damaged: their encoder was changed.
    pub changed_spaces: Vec<ChangedVectors>,
    /// Spaces whose weights are whole and no encoder to this program. Their vectors of headlines were not looked at.
    pub unreadable_weights: Vec<UnreadableWeights>,
}

impl Database {
    /// Reads everything that is stored and checks it:
    ///
    /// - segments: the hash of every section, and that rows are in the order of their windows;
    /// - the catalog: the checksum of every page; every block of bars, every headline and every
    ///   other value decodes; names, numbers and indexes agree with one another;
    /// - series that are made of others have the bars that those make;
    /// - bars are in order, can have happened, and are as many as their series says;
    /// - each window that the bars make has one row, or is flat, or waits; and there is no row
    ///   beyond those; rows that are called dead exist;
    /// - weights are those that their spaces name, and decode; each headline that a space has
    ///   looked at has one vector there, or says nothing; and there is no vector beyond those; weights that are
    ///   whole but that this program cannot read are reported ([`VerifyReport::unreadable_weights`]);
    /// - a sample of the windows of each space is encoded again; vectors that differ are reported
    ///   ([`VerifyReport::changed_spaces`]).
    ///
    /// Readers go on meanwhile. Writers, also of other processes, wait while the pages of the catalog
    /// are read, at the end.
    ///
    /// ```
    /// use rhymedb::{Control, Database};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// let report = db.verify(&Control::new())?;
    /// assert_eq!(report.bars, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first defect, as [`Error::Corrupt`] with the file and its section;
    /// [`Error::Interrupted`] if `control` was stopped.
    pub fn verify(&self, control: &Control) -> Result<VerifyReport> {
        let view = self.now();
        let snapshot = view.snapshot()?;
        let (catalog, files) = (snapshot.txn.path(), &self.0.files);
        let mut verify = Verify {
            snapshot,
            control,
            total: snapshot.segment_bytes() + files.catalog_bytes()?,
            report: VerifyReport::default(),
        };
        verify.run()?;
        let mut report = verify.report;
        let still = self.0.still();
        still.catalog.check_disk()?;
        report.catalog_bytes = files.catalog_bytes()?;
        let beside_writer = still.catalog.is_beside_writer();
        check_pages(files.storage.as_ref(), catalog, beside_writer)?;
        drop(still);
        let read = report.segment_bytes + report.catalog_bytes;
        control.report(Stage::Check, read, read)?;
        Ok(report)
    }
}

struct Verify<'a> {
    snapshot: &'a Snapshot,
    control: &'a Control,
    /// Bytes to read.
    total: u64,
    report: VerifyReport,
}

impl Verify<'_> {
    fn run(&mut self) -> Result<()> {
        let mut spaces = BTreeMap::new();
        for state in &self.snapshot.spaces {
            self.segments(state)?;
            spaces.insert(state.id, held(state)?);
        }
        self.report.headlines = self.snapshot.txn.check_tables()?;
        let encoded = check_encoded(&self.snapshot.txn)?;
        self.report.weights = encoded.weights;
        self.report.headline_rows = encoded.headline_rows;
        for state in &self.snapshot.spaces {
            if let Some(held) = spaces.get(&state.id) {
                self.rows_of(state, held)?;
            }
        }
        self.bars(&spaces)?;
        let again = encode_again(self.snapshot, self.control)?;
        self.report.encoded_again = again.windows;
        self.report.changed_spaces = again.changed;
        self.report.unreadable_weights = unreadable(self.snapshot)?;
        Ok(())
    }

    fn segments(&mut self, state: &SpaceState) -> Result<()> {
        for (segment, _) in &state.segments {
            segment.verify()?;
            self.report.segments += 1;
            self.report.segment_bytes += segment.len();
            self.control
                .report(Stage::Check, self.report.segment_bytes, self.total)?;
        }
        Ok(())
    }

    /// Rows must belong to stored series, and in spaces without bars be the only one of their
    /// window: of the others, bars say more.
    fn rows_of(&mut self, state: &SpaceState, held: &Held) -> Result<()> {
        self.report.spaces += 1;
        self.report.flat_windows += self.snapshot.txn.flat_count(state.id)?;
        self.report.pending_ranges += self.snapshot.txn.pending(state.id)?.len() as u64;
        for (id, ends) in held {
            self.report.windows += ends.len() as u64;
            let Some(series) = self.snapshot.series.get(id) else {
                return Err(self.wrong("series", format!("series {id} has windows and no name")));
            };
            let twice = ends.array_windows::<2>().find(|[a, b]| a == b);
            if let Some([end, _]) = twice {
                return Err(self.wrong(
                    "segments",
                    format!(
                        "the window {}@{} has two rows in the space {}",
                        series.key,
                        Timestamp::from_millis(*end),
                        state.space().name
                    ),
                ));
            }
        }
        Ok(())
    }

    fn bars(&mut self, spaces: &BTreeMap<SpaceId, Held>) -> Result<()> {
        let mut total = 0_u64;
        for &id in self.snapshot.series.keys() {
            let extent = self.snapshot.txn.bar_extent(id)?;
            total = total.saturating_add(extent.map_or(0, |e| e.count));
        }
        let made = self.snapshot.txn.made_series()?;
        for (&id, record) in self.snapshot.series.iter() {
            let (bars, bad) = check_bars_of(&self.snapshot.txn, id)?;
            if let Some(bad) = bad.first() {
                return Err(self.wrong(
                    "bar_blocks",
                    format!(
                        "{}, bars from {} to {}: {}",
                        record.key,
                        Timestamp::from_millis(bad.first),
                        Timestamp::from_millis(bad.last),
                        bad.reason
                    ),
                ));
            }
            self.windows(spaces, (id, record), &bars)?;
            if let Some(&source) = made.get(&id) {
                let in_step = check_in_step(self.snapshot.txn.as_ref(), (id, source), &bars)?;
                in_step.map_err(|why| self.wrong("made_series", why))?;
            }
            self.report.bars += bars.len() as u64;
            self.report.series += 1;
            let series = SeriesBars {
                key: record.key.clone(),
                calendar: record.calendar,
                bars,
            };
            check_bars(&series).map_err(|e| self.wrong("bar_blocks", e.to_string()))?;
            self.control.report(Stage::Read, self.report.bars, total)?;
        }
        Ok(())
    }

    fn windows(
        &self,
        spaces: &BTreeMap<SpaceId, Held>,
        (id, record): (SeriesId, &SeriesRecord),
        bars: &Bars,
    ) -> Result<()> {
        for state in &self.snapshot.spaces {
            let Some(held) = spaces.get(&state.id) else {
                continue;
            };
            if state.space().encoder.modality != Modality::Chart {
                continue;
            }
            let space = (state.id, state.space());
            let found = Difference::of(&self.snapshot.txn, space, (id, record), bars, held)?;
            if !found.is_none() {
                return Err(self.wrong(
                    "segments",
                    format!(
                        "{} in the space {}: {} windows have no row, {} more than one, {} rows have no bars; `rhyme repair` makes the rows again",
                        record.key,
                        state.space().name,
                        found.missing_windows,
                        found.doubled.len(),
                        found.stray.len()
                    ),
                ));
            }
        }
        Ok(())
    }

    fn wrong(&self, table: &str, detail: String) -> Error {
        Error::corrupt(self.snapshot.txn.path(), table, detail)
    }
}
