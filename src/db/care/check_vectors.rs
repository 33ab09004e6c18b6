//! Whether encoders still give the vectors that are stored.

use serde::{Serialize, Serializer};

use crate::db::control::{Control, Stage};
use crate::db::database::Database;
use crate::db::rank::Candidate;
use crate::db::read::resolve::unit;
use crate::db::read::target::{last_window, stored_window};
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::error::{Error, Result};
use crate::index::Rows;
use crate::model::{Modality, Window};
use crate::store::{Directory, SeriesId};

/// Windows of a space that are encoded again.
const SAMPLE: u64 = 64;
/// The greatest distance of a stored unit vector from the one that its encoder gives: the fixed point
/// of rows and the order of sums make a thousandth of it.
const TOLERANCE: f64 = 0.01;

/// A space whose encoder does not give the vectors that are stored: it was changed and kept its
/// identity. New windows and questions about bars then do not fit the old ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangedVectors {
    /// The space.
    pub space: String,
    /// The id of its encoder.
    pub encoder: String,
    /// Windows that were encoded again.
    pub sample: u64,
    /// Those of them that have another vector now, or none.
    pub differ: u64,
    /// The first of those.
    #[serde(serialize_with = "by_name")]
    pub first: Window,
}

fn by_name<S: Serializer>(window: &Window, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&window.to_string())
}

/// What encoding samples again found.
#[derive(Clone, Debug, Default)]
pub(in crate::db) struct EncodedAgain {
    pub(in crate::db) windows: u64,
    pub(in crate::db) changed: Vec<ChangedVectors>,
}

impl Database {
    /// Encodes a sample of the stored windows of each space of charts again, 64 a space, and returns
    /// the spaces where vectors differ from the stored ones. Spaces whose encoder is not known to this
    /// program are left out.
    ///
    /// ```
    /// use rhymedb::{Control, Database};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// assert_eq!(db.changed_encoders(&Control::new())?, []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Corrupt`] if what is stored is damaged, [`Error::Interrupted`] if `control` was
    /// stopped.
    pub fn changed_encoders(&self, control: &Control) -> Result<Vec<ChangedVectors>> {
        let view = self.now();
        Ok(encode_again(view.snapshot()?, control)?.changed)
    }
}

/// Encodes a sample of each space again.
pub(in crate::db) fn encode_again(snapshot: &Snapshot, control: &Control) -> Result<EncodedAgain> {
    let mut all = EncodedAgain::default();
    for state in &snapshot.spaces {
        if state.space().encoder.modality == Modality::Chart && state.can_encode() {
            let total = SAMPLE.min(state.live_rows());
            let mut space = Again {
                snapshot,
                state,
                sample: 0,
                differ: 0,
                first: None,
            };
            for row in sample(state)? {
                control.report(Stage::Embed, space.sample, total)?;
                space.look_at(&row)?;
            }
            all.windows += space.sample;
            all.changed.extend(space.changed());
        }
    }
    Ok(all)
}

/// A stored row.
struct StoredRow {
    series: SeriesId,
    end: i64,
    vector: Vec<f32>,
}

/// Live rows of a space, spread evenly over all of its parts.
fn sample(state: &SpaceState) -> Result<Vec<StoredRow>> {
    let sealed = state.segments.iter().map(|(s, _)| u64::from(s.record.rows));
    let total = sealed.sum::<u64>() + state.fresh.len() as u64;
    let step = total.div_ceil(SAMPLE).max(1);
    let mut picked = Picked {
        next: step / 2,
        step,
        rows: Vec::new(),
    };
    for (segment, dead) in &state.segments {
        let (directory, rows) = (segment.directory()?, segment.index()?.rows);
        picked.pick_from(&directory, &rows, |row| !dead.contains(row))?;
    }
    let (directory, index) = (state.fresh.directory()?, state.fresh.index());
    picked.pick_from(&directory, &index.rows, |_| true)?;
    Ok(picked.rows)
}

struct Picked {
    /// The next row to pick, counted from the beginning of the next part.
    next: u64,
    step: u64,
    rows: Vec<StoredRow>,
}

impl Picked {
    fn pick_from(
        &mut self,
        directory: &Directory<'_>,
        rows: &Rows<'_>,
        lives: impl Fn(u32) -> bool,
    ) -> Result<()> {
        let here = rows.len() as u64;
        while self.next < here {
            let row = self.next as u32;
            self.next += self.step;
            if lives(row) {
                let (series, end) = directory.window_of(row).ok_or_else(|| {
                    Error::internal(format!("row {row} of {here} names no window"))
                })?;
                let vector = rows.vector(row)?;
                self.rows.push(StoredRow {
                    series,
                    end,
                    vector,
                });
            }
        }
        self.next -= here;
        Ok(())
    }
}

struct Again<'a> {
    snapshot: &'a Snapshot,
    state: &'a SpaceState,
    sample: u64,
    differ: u64,
    first: Option<Window>,
}

impl Again<'_> {
    fn look_at(&mut self, row: &StoredRow) -> Result<()> {
        let Some(record) = self.snapshot.series.get(&row.series) else {
            return Err(Error::internal(format!(
                "series {} has no name",
                row.series
            )));
        };
        let space = self.state.space();
        let candidate = Candidate {
            series: row.series,
            end: row.end,
            score: 1.0,
        };
        let window = stored_window(self.snapshot, &candidate, record, space.encoder.window)?;
        let of = (row.series, record);
        let bars = space.encoder.window as usize;
        let stored = last_window(self.snapshot, of, bars, space.reach(), window.end);
        // A row without its bars is for `verify` to name.
        let stored = match stored {
            Ok(stored) if stored.window.end == window.end => stored,
            Ok(_) | Err(Error::NotFound { .. }) => return Ok(()),
            Err(other) => return Err(other),
        };
        self.sample += 1;
        let same = match self.state.encoder()?.encode_window(&stored.bars) {
            Ok(Some(vector)) => distance(&unit(&vector)?, &row.vector) <= TOLERANCE,
            Ok(None) | Err(Error::Encoder { .. }) => false,
            Err(other) => return Err(other),
        };
        if !same {
            self.differ += 1;
            self.first.get_or_insert(window);
        }
        Ok(())
    }

    fn changed(self) -> Option<ChangedVectors> {
        let space = self.state.space();
        Some(ChangedVectors {
            space: space.name.clone(),
            encoder: space.encoder.id.clone(),
            sample: self.sample,
            differ: self.differ,
            first: self.first?,
        })
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(&a, &b)| f64::from(a - b).powi(2));
    squares.sum::<f64>().sqrt()
}
