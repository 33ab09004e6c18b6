//! Which moments are the rows of a table of closes, and what stands in them.

use std::ops::RangeInclusive;

/// Bars of one series on their way into a table.
#[derive(Clone, Debug)]
pub(super) struct PanelColumn {
    /// When the first bar of the series closes, also if it is before the table.
    first: i64,
    /// Close times, ascending.
    times: Vec<i64>,
    closes: Vec<f64>,
}

impl PanelColumn {
    pub(super) fn new(first: i64, times: Vec<i64>, closes: Vec<f64>) -> Self {
        Self {
            first,
            times,
            closes,
        }
    }

    pub(super) fn times(&self) -> &[i64] {
        &self.times
    }

    /// Those that close in a range of time.
    pub(super) fn within(mut self, closes: RangeInclusive<i64>) -> Self {
        let end = self.times.partition_point(|t| t <= closes.end());
        self.times.truncate(end);
        self.closes.truncate(end);
        let start = self.times.partition_point(|t| t < closes.start());
        if start > 0 {
            self.times.drain(..start);
            self.closes.drain(..start);
        }
        self
    }
}

/// The rows of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PanelRows {
    /// Close times, ascending.
    pub(super) times: Vec<i64>,
    /// Times between them that are no rows.
    pub(super) left_out: usize,
    /// Those times.
    no_rows: Vec<i64>,
}

impl PanelRows {
    /// The close times at which at least a share `quorum` of the series have a bar, of those that have begun and
    /// not ended: one has ended if it has no bar for longer than `silence` (in milliseconds).
    pub(super) fn of(columns: &[PanelColumn], quorum: f64, silence: i64) -> Self {
        let all = all_times(columns);
        let alive = alive(columns, &all, silence);
        let mut rows = Self::default();
        for ((time, bars), alive) in all.into_iter().zip(alive) {
            if f64::from(bars) >= quorum * f64::from(alive) {
                rows.times.push(time);
            } else {
                rows.no_rows.push(time);
            }
        }
        rows.count();
        rows
    }

    /// Those from a time on.
    pub(super) fn keep_from(&mut self, time: i64) {
        let first = self.times.partition_point(|t| *t < time);
        self.times.drain(..first);
        self.count();
    }

    /// The last of them.
    pub(super) fn keep_last(&mut self, rows: usize) {
        let first = self.times.len().saturating_sub(rows);
        self.times.drain(..first);
        self.count();
    }

    fn count(&mut self) {
        let (first, last) = (self.times.first(), self.times.last());
        let between = self
            .no_rows
            .iter()
            .filter(|t| first.is_some_and(|f| *t > f) && last.is_some_and(|l| *t < l));
        self.left_out = between.count();
    }

    /// The closes column by column, NaN where there is no bar.
    pub(super) fn table(&self, columns: &[&PanelColumn]) -> Vec<f64> {
        let n = self.times.len();
        let mut table = vec![f64::NAN; n * columns.len()];
        for (slots, column) in table.chunks_exact_mut(n.max(1)).zip(columns) {
            let mut rows = self.times.iter().zip(slots).peekable();
            for (time, close) in column.times.iter().zip(&column.closes) {
                while rows.next_if(|(row, _)| *row < time).is_some() {}
                if let Some((_, slot)) = rows.next_if(|(row, _)| *row == time) {
                    *slot = *close;
                }
            }
        }
        table
    }
}

/// Every time at which a series has a bar, ascending, and how many have one.
fn all_times(columns: &[PanelColumn]) -> Vec<(i64, u32)> {
    let (mut times, mut counts): (Vec<i64>, Vec<u32>) = (Vec::new(), Vec::new());
    for column in columns {
        let Some(&first) = column.times.first() else {
            continue;
        };
        // Nearly always they are a stretch of those that are there.
        let at = times.partition_point(|&t| t < first);
        let stretch = at..at + column.times.len();
        if times.get(stretch.clone()) == Some(column.times.as_slice()) {
            let counted = counts.get_mut(stretch).into_iter().flatten();
            counted.for_each(|count| *count += 1);
        } else {
            (times, counts) = merged((times, counts), &column.times);
        }
    }
    times.into_iter().zip(counts).collect()
}

fn merged((times, counts): (Vec<i64>, Vec<u32>), new: &[i64]) -> (Vec<i64>, Vec<u32>) {
    let room = times.len().max(new.len()) + 16;
    let mut out = (Vec::with_capacity(room), Vec::with_capacity(room));
    let mut old = times.into_iter().zip(counts).peekable();
    let mut new = new.iter().copied().peekable();
    loop {
        let next = match (old.peek(), new.peek()) {
            (None, None) => return out,
            (Some(&(time, _)), None) => time,
            (None, Some(&time)) => time,
            (Some(&(a, _)), Some(&b)) => a.min(b),
        };
        let known = old.next_if(|(time, _)| *time == next).map(|(_, n)| n);
        let mut count = known.unwrap_or(0);
        // Months that open on different days may close alike; such a series still counts once.
        let mut here = false;
        while new.next_if_eq(&next).is_some() {
            here = true;
        }
        count += u32::from(here);
        out.0.push(next);
        out.1.push(count);
    }
}

/// How many series have begun and not ended, at each of these times. Nobody knows on a Saturday that a series which
/// had a bar on Friday has ended; it still counts, so that the row of a Saturday does not come and go.
fn alive(columns: &[PanelColumn], times: &[(i64, u32)], silence: i64) -> Vec<u32> {
    let mut changes = vec![0_i64; times.len() + 1];
    let mut change = |at: usize, by: i64| {
        if let Some(slot) = changes.get_mut(at) {
            *slot += by;
        }
    };
    for column in columns {
        if let Some(&last) = column.times.last() {
            change(times.partition_point(|(t, _)| *t < column.first), 1);
            let end = last.saturating_add(silence);
            change(times.partition_point(|(t, _)| *t <= end), -1);
        }
    }
    let mut now = 0;
    let mut counted = changes.into_iter().take(times.len());
    std::iter::from_fn(|| {
        now += counted.next()?;
        Some(u32::try_from(now).unwrap_or(0))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn column(first: i64, times: &[i64]) -> PanelColumn {
        let closes = times.iter().map(|&t| t as f64 + 0.5).collect();
        PanelColumn::new(first, times.to_vec(), closes)
    }

    /// The same from the definition.
    fn plain(columns: &[PanelColumn], quorum: f64, silence: i64) -> Vec<i64> {
        let all: BTreeSet<i64> = columns.iter().flat_map(|c| c.times.clone()).collect();
        let is_row = |t: &i64| {
            let here = columns.iter().filter(|c| c.times.contains(t)).count();
            let lives = |c: &&PanelColumn| {
                c.first <= *t && c.times.last().is_some_and(|last| last + silence >= *t)
            };
            here as f64 >= quorum * columns.iter().filter(lives).count() as f64
        };
        all.into_iter().filter(is_row).collect()
    }

    #[test]
    fn a_late_listing_and_a_missing_bar_take_no_row_away() {
        let columns = [
            column(1, &[1, 2, 3, 4, 5]),
            column(1, &[1, 2, 4, 5]),
            column(4, &[4, 5]),
            // It ends early, and trades once when nobody does.
            column(0, &[2, 3, 33]).within(1..=32),
        ];
        let rows = PanelRows::of(&columns, 0.5, 0);
        assert_eq!(rows.times, [1, 2, 3, 4, 5]);
        let table = rows.table(&columns.iter().collect::<Vec<_>>());
        let missing: Vec<bool> = table.iter().map(|x| x.is_nan()).collect();
        let at = |column: usize, row: usize| missing[column * 5 + row];
        assert!(at(1, 2) && at(2, 0) && at(2, 2) && !at(2, 3) && at(3, 0) && !at(3, 1));
        // Of three that have begun at 3, two have a bar.
        assert_eq!(PanelRows::of(&columns, 0.7, 0).times, [2, 4, 5]);
    }

    #[test]
    fn times_that_few_have_are_no_rows() {
        let week = column(0, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let days = [1, 2, 3, 4, 5, 8, 9];
        let columns = [week, column(0, &days), column(0, &days)];
        let mut rows = PanelRows::of(&columns, 0.5, 0);
        assert_eq!((rows.times.as_slice(), rows.left_out), (&days[..], 2));
        rows.keep_last(2);
        assert_eq!((rows.times.as_slice(), rows.left_out), (&[8, 9][..], 0));
        assert_eq!(PanelRows::of(&columns, 0.0, 0).times.len(), 9);
        assert_eq!(PanelRows::of(&[], 0.5, 0), PanelRows::default());
    }

    #[test]
    fn a_weekend_at_the_end_is_no_row_either() {
        let ask = |until: i64, silence: i64| {
            let columns = [
                column(0, &[1, 2, 3, 4, 5, 6, 7, 8, 9]).within(1..=until),
                column(0, &[1, 2, 3, 4, 5, 8, 9]).within(1..=until),
                column(0, &[1, 2, 3, 4, 5, 8, 9]).within(1..=until),
            ];
            PanelRows::of(&columns, 0.5, silence).times
        };
        assert_eq!(ask(7, 0), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(ask(7, 3), [1, 2, 3, 4, 5]);
        assert_eq!(ask(9, 3), [1, 2, 3, 4, 5, 8, 9]);
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_definition(
            sets in prop::collection::vec((0_i64..30, prop::collection::btree_set(0_i64..40, 0..30)), 0..8),
            quorum in 0.0..1.0_f64,
            silence in 0_i64..9
        ) {
            let columns: Vec<PanelColumn> = sets
                .iter()
                .map(|(before, times)| {
                    let times: Vec<i64> = times.iter().copied().collect();
                    column(times.first().copied().unwrap_or(0) - before, &times)
                })
                .collect();
            let rows = PanelRows::of(&columns, quorum, silence);
            prop_assert_eq!(&rows.times, &plain(&columns, quorum, silence));
            let table = rows.table(&columns.iter().collect::<Vec<_>>());
            for (i, column) in columns.iter().enumerate() {
                let of: BTreeMap<i64, f64> =
                    column.times.iter().copied().zip(column.closes.iter().copied()).collect();
                for (j, time) in rows.times.iter().enumerate() {
                    let found = table[i * rows.times.len() + j];
                    prop_assert_eq!(of.get(time).copied(), (!found.is_nan()).then_some(found));
                }
            }
        }
    }
}
