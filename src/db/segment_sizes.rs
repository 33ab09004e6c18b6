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
    /// segments are searched faster. Of long vectors a segment has fewer, so that memory stays bounded.
    pub segment_rows: usize,
    /// After so many commits, what they appended goes from their records into the tables of the catalog.
    pub fold_commits: u64,
}

/// The memory that building segments may take, in bytes.
const BUILD_BYTES: usize = 2_200 << 20;
/// What a row takes of it beside its vector. Measured: 580 with 1.7 million rows of 48 numbers.
const BUILD_BYTES_A_ROW: usize = 600;

impl SegmentSizes {
    /// The most rows of a segment of vectors of `dim` numbers.
    pub(super) fn most_rows(&self, dim: usize) -> usize {
        self.segment_rows.min(rows_in_memory(dim)).max(1)
    }
}

/// Whether two segments of so many rows of `dim` numbers may be built at a time.
pub(super) fn two_fit(rows: usize, dim: usize) -> bool {
    rows <= rows_in_memory(dim) / 2
}

fn rows_in_memory(dim: usize) -> usize {
    BUILD_BYTES / (2 * dim + BUILD_BYTES_A_ROW)
}

impl Default for SegmentSizes {
    fn default() -> Self {
        Self {
            fresh_batch: 8192,
            fresh_rows: 1 << 15,
            segment_rows: 3 << 20,
            fold_commits: 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_long_vectors_have_fewer_rows() {
        let sizes = SegmentSizes::default();
        assert_eq!(sizes.most_rows(48), 3 << 20);
        assert!((1_200_000..1_500_000).contains(&sizes.most_rows(512)));
        assert!((200_000..300_000).contains(&sizes.most_rows(4096)));
        let small = SegmentSizes {
            segment_rows: 100,
            ..sizes
        };
        assert_eq!(small.most_rows(48), 100);
        assert!(two_fit(1 << 20, 48) && !two_fit(2 << 20, 48));
        assert!(two_fit(100, 4096) && !two_fit(1 << 20, 512));
    }
}
