use serde::Serialize;

use crate::model::{SeriesKey, Timestamp};

/// What [`crate::Database::repair`] found and did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RepairReport {
    /// Segment files that were read.
    pub segments: u64,
    /// Bars that were read.
    pub bars: u64,
    /// Segments that were missing or damaged.
    pub damaged: Vec<DamagedSegment>,
    /// Windows whose vectors were made anew from bars.
    pub windows_rebuilt: u64,
    /// Vectors that were taken from damaged segments as they were, and got a new graph.
    pub vectors_kept: u64,
    /// Rows that stood for no bars, or beside another row of their window, and were taken out.
    pub rows_removed: u64,
    /// Marks of made series that named a series that is not stored, and were taken out. The series are
    /// kept as series of their own.
    pub marks_removed: u64,
    /// Vectors that cannot be had back, because nothing here makes them anew: import them again.
    pub lost_vectors: Vec<LostVectors>,
    /// Bars that cannot be had back, and that were left as they are: restore a backup.
    pub lost_bars: Vec<LostBars>,
    /// What else is wrong with the catalog, and was left as it is: restore a backup.
    pub catalog: Option<String>,
}

impl RepairReport {
    /// Whether the database is whole again, or was.
    pub fn is_whole(&self) -> bool {
        let left = |d: &DamagedSegment| d.fate == SegmentFate::Left;
        self.lost_vectors.is_empty()
            && self.lost_bars.is_empty()
            && self.catalog.is_none()
            && !self.damaged.iter().any(left)
    }

    /// Whether anything was changed.
    pub fn has_changed(&self) -> bool {
        let done = |d: &DamagedSegment| d.fate != SegmentFate::Left;
        self.damaged.iter().any(done)
            || self.windows_rebuilt > 0
            || self.rows_removed > 0
            || self.marks_removed > 0
    }
}

/// A segment that was missing or damaged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DamagedSegment {
    /// The name of its file in the folder `segments`.
    pub file: String,
    /// The space that its rows belong to.
    pub space: String,
    /// Its rows, dead ones left out.
    pub rows: u64,
    /// What was expected and what came.
    pub reason: String,
    /// What became of its rows.
    pub fate: SegmentFate,
}

/// What became of the rows of a damaged segment. Its file, if there is one, is in the folder
/// `damaged`, except of one that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentFate {
    /// The vectors are made anew from the stored bars.
    Rebuilt,
    /// The vectors were sound and have a new graph.
    Kept,
    /// The vectors are gone.
    Lost,
    /// Nothing was done: this program does not know the encoder of the space, and another one may.
    Left,
}

impl std::fmt::Display for SegmentFate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rebuilt => "rebuilt",
            Self::Kept => "kept",
            Self::Lost => "lost",
            Self::Left => "left",
        })
    }
}

/// Imported vectors that are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LostVectors {
    /// Their space.
    pub space: String,
    /// The series of their windows; `None` if the list of windows is damaged too.
    pub series: Option<SeriesKey>,
    /// The end of the first window, if it is known.
    pub first: Option<Timestamp>,
    /// The end of the last window, if it is known.
    pub last: Option<Timestamp>,
    /// How many.
    pub vectors: u64,
}

/// Stored bars that cannot be read. Windows of their series that have to be made anew are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LostBars {
    /// The series.
    pub series: SeriesKey,
    /// Open time of the first of them.
    pub first: Timestamp,
    /// None of them opens after this time.
    pub last: Timestamp,
    /// What was expected and what came.
    pub reason: String,
}
