//! When what is appended becomes a part of larger structures, and how large these are.

/// When rows become segments. Tests make the numbers small.
#[derive(Clone, Copy, Debug)]
pub struct SegmentSizes {
    /// Up to this many new windows are stored as fresh rows in the transaction of their bars; more
    /// wait for a segment.
    pub fresh_batch: u64,
    /// Fresh rows are searched one by one, so this many are sealed into a segment.
    pub fresh_rows: usize,
    /// The most rows of a segment: building one takes memory in proportion to it, and fewer
    /// segments are searched faster.
    pub segment_rows: usize,
    /// After so many commits, what they appended goes from their records into the tables of the catalog.
    pub fold_commits: u64,
}

impl Default for SegmentSizes {
    fn default() -> Self {
        Self {
            fresh_batch: 8192,
            fresh_rows: 1 << 15,
            segment_rows: 1 << 20,
            fold_commits: 32,
        }
    }
}
