//! Making derived data anew from what is stored.
//!
//! Segments are derived: a chart space's from bars, an imported one's from vectors that came from
//! outside, of which only the graph is derived. Nothing that is sound is touched; files that are
//! damaged are set aside, not deleted. The catalog is the truth and is derived from nothing:
//! damage there is named and left as it is.

mod repair_report;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use repair_report::{DamagedSegment, LostBars, LostVectors, RepairReport, SegmentFate};

use super::check_encoded::check_encoded;
use super::windows::{Difference, Held, held};
use crate::db::control::{Control, Stage, Stopwatch};
use crate::db::database::{Database, OpenOptions};
use crate::db::files::{Files, prepare_dir};
use crate::db::segment::{NewRows, NewSegment, Remains, Segment, write_segment};
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::threads::start_threads;
use crate::db::write::ingest_report::IngestReport;
use crate::db::write::removal::remove_rows;
use crate::db::write::seal;
use crate::disk::{DirLock, Holder, look_up, set_aside};
use crate::error::{Error, Result};
use crate::index::RowSet;
use crate::model::{Bars, Modality, Timestamp};
use crate::store::{
    Catalog, Directory, Pending, RowReads, SegmentId, SegmentRecord, SeriesId, SeriesRecord,
    SpaceId, WriteTxn, check_bars_of, check_pages,
};

impl Database {
    /// Repairs the database in the folder `dir`: as [`OpenOptions::repair`] with the default
    /// options.
    ///
    /// # Errors
    /// As [`OpenOptions::repair`].
    pub fn repair(dir: impl AsRef<Path>, control: &Control) -> Result<RepairReport> {
        OpenOptions::new().repair(dir, control)
    }
}

impl OpenOptions {
    /// Reads the database in the folder `dir`, and makes what is missing or damaged anew as far as
    /// it can be: the vectors of chart spaces from the stored bars, graphs from vectors. What is
    /// sound is not touched, and a second repair changes nothing. Damaged files are kept in the
    /// folder `damaged`. Damaged bars are named and left as they are.
    ///
    /// Give it the encoders of all spaces ([`OpenOptions::encoder`]): a damaged segment of a space
    /// whose encoder is not known is left as it is.
    ///
    /// ```
    /// use rhymedb::{Control, Database};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let path = dir.path().join("market.rhyme");
    /// let db = Database::open(&path)?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// db.compact(&Control::new())?;
    /// let windows = db.stats()?.windows;
    /// drop(db);
    ///
    /// std::fs::remove_dir_all(path.join("segments"))?;
    /// assert!(Database::open(&path).is_err());
    /// let report = Database::repair(&path, &Control::new())?;
    /// assert!(report.is_whole() && report.windows_rebuilt == windows);
    /// assert_eq!(Database::open(&path)?.stats()?.windows, windows);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Locked`] if somebody has it open, [`Error::Corrupt`] if the catalog cannot be read
    /// at all, [`Error::Interrupted`] if `control` was stopped: then the windows that are not made
    /// yet wait, and the next repair, ingestion or compaction makes them.
    pub fn repair(self, dir: impl AsRef<Path>, control: &Control) -> Result<RepairReport> {
        start_threads()?;
        let dir = dir.as_ref();
        let storage = self.storage.as_ref();
        prepare_dir(storage, dir, false, false)?;
        let lock = DirLock::acquire(storage, dir, Holder::Writer)?;
        let path = dir.join(Catalog::FILE_NAME);
        let mut report = RepairReport::default();
        let catalog = Catalog::open_or_create(storage, &path)?;
        let files = self.files(dir);
        rebuild_rows(&files, &catalog, control, &mut report)?;
        let txn = catalog.read()?;
        let tables = txn.check_tables().and_then(|_| check_encoded(&txn));
        drop(txn);
        let whole = tables.and_then(|_| check_pages(storage, &path, false));
        report.catalog = defect(whole)?;
        // A database with a segment that was left as it is cannot be opened yet.
        if !report.damaged.iter().any(|d| d.fate == SegmentFate::Left) {
            if report.catalog.is_none() {
                files.sweep(&catalog)?;
            }
            let db = Database::assemble(files, catalog, lock)?;
            report.windows_rebuilt = embed(&db, control)?;
        }
        if report.catalog.is_none() {
            report.catalog = defect(check_pages(storage, &path, false))?;
        }
        Ok(report)
    }
}

/// What is wrong with the catalog. A disk that refuses to be read says nothing about it.
fn defect(checked: Result<()>) -> Result<Option<String>> {
    match checked {
        Ok(()) => Ok(None),
        Err(e @ (Error::Io { .. } | Error::Interrupted)) => Err(e),
        Err(e) => Ok(Some(e.to_string())),
    }
}

/// Embeds the windows that wait, and leaves the other rows where they are.
fn embed(db: &Database, control: &Control) -> Result<u64> {
    let writer = db.0.writer()?;
    if db.now().spaces()?.iter().all(|s| s.pending_ranges == 0) {
        return Ok(0);
    }
    let mut done = IngestReport::default();
    seal::embed_pending(&db.0, &writer, control, &Stopwatch::default(), &mut done)?;
    Ok(done.windows_embedded)
}

/// A segment that cannot be used.
struct Bad {
    space: SpaceId,
    id: SegmentId,
    record: SegmentRecord,
    dead: RowSet,
    reason: Error,
}

impl Bad {
    fn live_rows(&self) -> u64 {
        u64::from(self.record.rows).saturating_sub(self.dead.len() as u64)
    }
}

/// Takes bad segments out, puts in what can be kept of them, and notes the windows that have to
/// be embedded anew. One transaction.
fn rebuild_rows(
    files: &Files,
    catalog: &Catalog,
    control: &Control,
    report: &mut RepairReport,
) -> Result<()> {
    let (snapshot, bad) = load_sound(files, catalog, control, report)?;
    let txn = catalog.write()?;
    let mut work = Repair {
        files,
        control,
        snapshot: &snapshot,
        txn: &txn,
        report,
        written: Vec::new(),
        set_aside: Vec::new(),
        changed: false,
    };
    for segment in &bad {
        work.replace(segment)?;
    }
    work.compare_with_bars()?;
    work.report.marks_removed = txn.remove_orphan_marks()?;
    work.changed |= work.report.marks_removed > 0;
    if !work.changed {
        return Ok(());
    }
    let aside = std::mem::take(&mut work.set_aside);
    std::mem::take(&mut work.written)
        .into_iter()
        .for_each(NewSegment::keep);
    drop(work);
    txn.note_unknown();
    txn.commit()?;
    for name in aside {
        let path = files.segment(&name);
        let storage = files.storage.as_ref();
        if look_up(storage, &path)?.is_some() {
            set_aside(storage, &path, &files.damaged())?;
        }
    }
    Ok(())
}

/// The catalog's view with only the segments that are whole, and the other segments.
fn load_sound(
    files: &Files,
    catalog: &Catalog,
    control: &Control,
    report: &mut RepairReport,
) -> Result<(Snapshot, Vec<Bad>)> {
    let dead = catalog.read()?;
    let mut bad = Vec::new();
    let snapshot = Snapshot::load_with(files, catalog.read()?, None, |space, id, record, dim| {
        report.segments += 1;
        control.report(Stage::Publish, 0, 0)?;
        let opened = Segment::open(files, id, record.clone(), dim);
        match opened.and_then(|segment| segment.verify().map(|()| segment)) {
            Ok(segment) => Ok(Some(Arc::new(segment))),
            Err(reason @ (Error::Corrupt { .. } | Error::Version { .. })) => {
                bad.push(Bad {
                    space,
                    id,
                    record,
                    dead: RowSet::from_ranges(dead.dead_rows(id)?),
                    reason,
                });
                Ok(None)
            }
            Err(other) => Err(other),
        }
    })?;
    Ok((snapshot, bad))
}

struct Repair<'a> {
    files: &'a Files,
    control: &'a Control,
    snapshot: &'a Snapshot,
    txn: &'a WriteTxn,
    report: &'a mut RepairReport,
    /// Segments that were written, and that the transaction names.
    written: Vec<NewSegment<'a>>,
    /// Names of files to keep elsewhere.
    set_aside: Vec<String>,
    /// Whether there is anything to commit.
    changed: bool,
}

impl Repair<'_> {
    fn replace(&mut self, bad: &Bad) -> Result<()> {
        let Some(state) = self.snapshot.space_by_id(bad.space) else {
            return Ok(());
        };
        let fate = match state.space().encoder.modality {
            Modality::Chart if state.can_encode() => SegmentFate::Rebuilt,
            Modality::Chart => SegmentFate::Left,
            Modality::Headline | Modality::Imported => self.keep_vectors(state, bad)?,
        };
        let file = SegmentRecord::file_name(bad.id);
        if fate != SegmentFate::Left {
            self.txn.remove_segment(bad.space, bad.id)?;
            self.set_aside.push(file.clone());
            self.changed = true;
        }
        self.report.damaged.push(DamagedSegment {
            file,
            space: state.space().name.clone(),
            rows: bad.live_rows(),
            reason: match &bad.reason {
                Error::Corrupt {
                    section, detail, ..
                } => format!("{section}: {detail}"),
                other => other.to_string(),
            },
            fate,
        });
        Ok(())
    }

    /// Writes the live rows of a damaged segment into a new one, if its vectors are whole.
    fn keep_vectors(&mut self, state: &SpaceState, bad: &Bad) -> Result<SegmentFate> {
        let remains = Remains::of(self.files, bad.id, &bad.record, state.dim());
        let rows = bad.record.rows;
        let directory = remains.as_ref().and_then(|r| r.directory(rows));
        let vectors = remains.as_ref().and_then(Remains::vectors);
        let (Some(directory), Some(vectors)) = (&directory, vectors) else {
            self.name_lost(state, bad, directory.as_ref());
            return Ok(SegmentFate::Lost);
        };
        let mut new = NewRows::new(state.dim())?;
        for (row, vector) in (0..rows).zip(vectors) {
            if bad.dead.contains(row) {
                continue;
            }
            let Some((series, end)) = directory.window_of(row) else {
                continue;
            };
            new.rows.push_bytes(&vector)?;
            let step = self.snapshot.step_of(state, series);
            new.directory.push(series, end, step);
        }
        if !new.rows.is_empty() {
            let id = self.txn.next_segment_id()?;
            let total = new.rows.len() as u64;
            let progress = |done| self.control.report(Stage::Index, done, total);
            let watch = Stopwatch::default();
            let written = write_segment(self.files, id, &new, self.control, &watch, &progress)?;
            self.txn.add_segment(bad.space, id, &written.record)?;
            self.written.push(written);
            self.report.vectors_kept += total;
        }
        Ok(SegmentFate::Kept)
    }

    fn name_lost(&mut self, state: &SpaceState, bad: &Bad, directory: Option<&Directory<'_>>) {
        let space = &state.space().name;
        let Some(directory) = directory else {
            self.report.lost_vectors.push(LostVectors {
                space: space.clone(),
                series: None,
                first: None,
                last: None,
                vectors: bad.live_rows(),
            });
            return;
        };
        for rows in directory.iter() {
            let live = RowSet::from_ranges([rows.rows()]).subtract(&bad.dead);
            let (first, last) = (live.ranges().first(), live.ranges().last());
            let (Some(first), Some(last)) = (first, last) else {
                continue;
            };
            let end = |row| rows.end_of(row).map(Timestamp::from_millis);
            let series = self.snapshot.series.get(&rows.series());
            self.report.lost_vectors.push(LostVectors {
                space: space.clone(),
                series: series.map(|s| s.key.clone()),
                first: end(first.start),
                last: end(last.end - 1),
                vectors: live.len() as u64,
            });
        }
    }

    /// Reads all bars, and compares the windows that they make with the rows that there are.
    fn compare_with_bars(&mut self) -> Result<()> {
        let mut spaces: BTreeMap<SpaceId, Held> = BTreeMap::new();
        for state in &self.snapshot.spaces {
            let held = held(state)?;
            let nameless = held
                .keys()
                .filter(|&id| !self.snapshot.series.contains_key(id));
            for &id in nameless {
                let (txn, space) = (self.txn, state.id);
                let gone = remove_rows(txn, self.snapshot, space, id, i64::MIN, i64::MAX)?;
                self.report.rows_removed += gone;
                self.changed = true;
            }
            if state.space().encoder.modality == Modality::Chart && state.can_encode() {
                spaces.insert(state.id, held);
            }
        }
        let total = self.snapshot.series.len() as u64;
        for (done, (&id, record)) in (1..).zip(self.snapshot.series.iter()) {
            self.control.report(Stage::Read, done, total)?;
            let (bars, bad) = check_bars_of(&self.snapshot.txn, id)?;
            self.report.bars += bars.len() as u64;
            if bad.is_empty() {
                for (&space, held) in &spaces {
                    self.compare(space, (id, record), &bars, held)?;
                }
            }
            self.report
                .lost_bars
                .extend(bad.into_iter().map(|b| LostBars {
                    series: record.key.clone(),
                    first: Timestamp::from_millis(b.first),
                    last: Timestamp::from_millis(b.last),
                    reason: b.reason,
                }));
        }
        Ok(())
    }

    fn compare(
        &mut self,
        space: SpaceId,
        (id, record): (SeriesId, &SeriesRecord),
        bars: &Bars,
        held: &Held,
    ) -> Result<()> {
        let Some(state) = self.snapshot.space_by_id(space) else {
            return Ok(());
        };
        let named = (space, state.space());
        let txn = &self.snapshot.txn;
        let found = Difference::of(txn, named, (id, record), bars, held)?;
        let close = |open: &i64| {
            let open = Timestamp::from_millis(*open);
            record.key.interval.close_of(open).millis()
        };
        let doubled = found.doubled.iter().map(close);
        for end in doubled.chain(found.stray.iter().copied()) {
            self.report.rows_removed += remove_rows(self.txn, self.snapshot, space, id, end, end)?;
        }
        let doubled = found.doubled.iter().map(|&open| Pending {
            series: id,
            first: open,
            last: open,
        });
        for pending in doubled.chain(found.missing.iter().copied()) {
            self.txn.add_pending(space, pending)?;
        }
        self.changed |= !found.is_none();
        Ok(())
    }
}
