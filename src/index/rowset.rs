//! Sets of rows as ranges: filters and tombstones.

use std::ops::Range;

/// A set of rows, held as sorted ranges that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSet {
    ranges: Vec<Range<u32>>,
    len: usize,
}

impl RowSet {
    /// The rows below `n`.
    pub fn all(n: u32) -> Self {
        Self::from_ranges(std::iter::once(0..n))
    }

    /// The union of ranges in any order.
    pub fn from_ranges(ranges: impl IntoIterator<Item = Range<u32>>) -> Self {
        let mut sorted: Vec<Range<u32>> = ranges.into_iter().filter(|r| !r.is_empty()).collect();
        sorted.sort_unstable_by_key(|r| r.start);
        let mut set = Self::default();
        for range in sorted {
            match set.ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => set.ranges.push(range),
            }
        }
        set.len = set.ranges.iter().map(|r| (r.end - r.start) as usize).sum();
        set
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The ranges in ascending order.
    pub fn ranges(&self) -> &[Range<u32>] {
        &self.ranges
    }

    /// Whether a row is in the set.
    pub fn contains(&self, row: u32) -> bool {
        let after = self.ranges.partition_point(|r| r.start <= row);
        after
            .checked_sub(1)
            .and_then(|i| self.ranges.get(i))
            .is_some_and(|r| row < r.end)
    }

    /// Whether any row of a range is in the set.
    pub fn meets(&self, rows: Range<u32>) -> bool {
        let after = self.ranges.partition_point(|r| r.end <= rows.start);
        self.ranges.get(after).is_some_and(|r| r.start < rows.end)
    }

    /// Whether every row below `n` is in the set.
    pub fn covers(&self, n: usize) -> bool {
        n == 0 || matches!(self.ranges.first(), Some(r) if r.start == 0 && r.end as usize >= n)
    }

    /// The rows that are in both sets.
    #[must_use]
    pub fn intersect(&self, other: &RowSet) -> RowSet {
        let mut common = Vec::new();
        let mut theirs = other.ranges.as_slice();
        for mine in &self.ranges {
            while let Some((first, rest)) = theirs.split_first() {
                if first.start >= mine.end {
                    break;
                }
                common.push(mine.start.max(first.start)..mine.end.min(first.end));
                if first.end > mine.end {
                    break;
                }
                theirs = rest;
            }
        }
        RowSet::from_ranges(common)
    }

    /// The rows of this set that are not in `other`.
    #[must_use]
    pub fn subtract(&self, other: &RowSet) -> RowSet {
        let mut gaps = Vec::with_capacity(other.ranges.len() + 1);
        let mut start = 0;
        for range in &other.ranges {
            gaps.push(start..range.start);
            start = range.end;
        }
        gaps.push(start..u32::MAX);
        self.intersect(&RowSet::from_ranges(gaps))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ranges() -> impl Strategy<Value = Vec<Range<u32>>> {
        let range = (0u32..60, 0u32..12).prop_map(|(start, len)| start..start + len);
        proptest::collection::vec(range, 0..10)
    }

    fn rows_of(ranges: &[Range<u32>]) -> BTreeSet<u32> {
        ranges.iter().cloned().flatten().collect()
    }

    fn check(set: &RowSet, expected: &BTreeSet<u32>) {
        assert_eq!(&rows_of(set.ranges()), expected);
        assert_eq!(set.len(), expected.len());
        assert_eq!(set.is_empty(), expected.is_empty());
        for pair in set.ranges().windows(2) {
            assert!(matches!(pair, [a, b] if a.end < b.start), "{pair:?}");
        }
        for row in 0..80 {
            assert_eq!(set.contains(row), expected.contains(&row), "row {row}");
            let run = row..row + 4;
            let meets = run.clone().any(|r| expected.contains(&r));
            assert_eq!(set.meets(run), meets, "rows {row} to {}", row + 3);
        }
    }

    proptest! {
        #[test]
        fn sets_of_ranges_are_sets_of_rows(a in ranges(), b in ranges()) {
            let (x, y) = (rows_of(&a), rows_of(&b));
            let (left, right) = (RowSet::from_ranges(a), RowSet::from_ranges(b));
            check(&left, &x);
            check(&left.intersect(&right), &x.intersection(&y).copied().collect());
            check(&left.subtract(&right), &x.difference(&y).copied().collect());
            for n in 0..80usize {
                prop_assert_eq!(left.covers(n), (0..n as u32).all(|r| x.contains(&r)));
            }
        }
    }

    #[test]
    fn all_rows_are_one_range() {
        assert_eq!(RowSet::all(5).ranges(), std::slice::from_ref(&(0..5)));
        assert!(RowSet::all(0).is_empty());
        assert_eq!(RowSet::all(u32::MAX).len(), u32::MAX as usize);
    }
}
