//! A part of the windows of a space that stands for all of them.
//!
//! Every `stride`-th window of each series is taken, counted by the number of its last bar since
//! 1970 and from a place that a seed and the name of the series give. So a window is in the sample or not
//! whatever else is stored, and which stride is taken depends on the number of windows that were
//! known, so nothing later shows. Strides share no factor with days of 24 hours and weeks of
//! 7 days, or the sample would see the same hours and weekdays only.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use super::row_filter::RowFilter;
use crate::db::place::Place;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::error::Result;
use crate::index::RowSet;
use crate::model::{Interval, SeriesKey, Timestamp};
use crate::store::{Directory, SeriesRows};

/// Primes near powers of two.
const STRIDES: [u32; 19] = [
    1, 5, 11, 17, 31, 61, 127, 257, 509, 1021, 2053, 4093, 8191, 16_381, 32_771, 65_537, 131_071,
    262_147, 524_287,
];

/// The stride that leaves at least `wanted` of `windows` windows, and seldom twice as many.
pub(in crate::db) fn stride(windows: u64, wanted: usize) -> u32 {
    let most = windows / wanted.max(1) as u64;
    let fits = STRIDES.iter().rfind(|&&s| u64::from(s) <= most);
    fits.copied().unwrap_or(1)
}

/// Windows that were sampled, ascending by end and series.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    table: Arc<Vec<Place>>,
    range: Range<usize>,
    /// The windows that they stand for.
    pub(crate) windows: u64,
    /// One window in so many was taken.
    pub(crate) stride: u32,
}

impl Sample {
    pub(in crate::db) fn new(
        table: Arc<Vec<Place>>,
        period: &RangeInclusive<i64>,
        stride: u32,
        windows: u64,
    ) -> Self {
        let start = table.partition_point(|p| p.end < *period.start());
        let end = table.partition_point(|p| p.end <= *period.end());
        Self {
            table,
            range: start..end.max(start),
            windows,
            stride,
        }
    }

    pub(crate) fn places(&self) -> &[Place] {
        self.table.get(self.range.clone()).unwrap_or_default()
    }

    /// The places of the whole table, also earlier and later ones than were asked for, and which of
    /// them these are.
    pub(crate) fn table(&self) -> (&[Place], Range<usize>) {
        (&self.table, self.range.clone())
    }
}

/// Every window of these series that a stride takes and that ends in the period of `rows`.
pub(in crate::db) fn table(
    snapshot: &Snapshot,
    state: &SpaceState,
    rows: &RowFilter,
    (stride, seed): (u32, u64),
) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for (segment, dead) in &state.segments {
        add(
            &mut places,
            snapshot,
            &segment.directory()?,
            dead,
            rows,
            (stride, seed),
        );
    }
    let none = RowSet::default();
    add(
        &mut places,
        snapshot,
        &state.fresh.directory()?,
        &none,
        rows,
        (stride, seed),
    );
    places.sort_unstable();
    Ok(places)
}

fn add(
    places: &mut Vec<Place>,
    snapshot: &Snapshot,
    directory: &Directory<'_>,
    dead: &RowSet,
    wanted: &RowFilter,
    (stride, seed): (u32, u64),
) {
    for rows in directory.iter().filter(|s| wanted.wants(s.series())) {
        let Some(record) = snapshot.series.get(&rows.series()) else {
            continue;
        };
        let interval = record.key.interval;
        let every = Every {
            stride,
            phase: phase(&record.key, seed, stride),
        };
        let taken = if wanted.lists_windows() {
            let listed = wanted.ranges(&rows).into_iter().flatten();
            let fits = |row: &u32| has_number(&rows, interval, *row, every);
            listed.filter(fits).collect()
        } else {
            numbered(&rows, interval, wanted.period(), every)
        };
        for row in taken {
            let end = rows.end_of(row).filter(|_| !dead.contains(row));
            let series = rows.series();
            places.extend(end.map(|end| Place { end, series }));
        }
    }
}

/// One window in `stride`: where the number of the last bar leaves `phase` when divided by it.
#[derive(Clone, Copy)]
struct Every {
    stride: u32,
    phase: i64,
}

/// Whether the number of a row's last bar leaves `phase` when divided by `stride`.
fn has_number(rows: &SeriesRows<'_>, interval: Interval, row: u32, every: Every) -> bool {
    let end = rows.end_of(row).map(Timestamp::from_millis);
    let number = end.map(|end| interval.ordinal_of(interval.open_of(end)));
    number.is_some_and(|n| n.rem_euclid(i64::from(every.stride)) == every.phase)
}

/// The rows that end in a period and whose last bar's number leaves `phase` when divided by `stride`.
fn numbered(
    rows: &SeriesRows<'_>,
    interval: Interval,
    period: RangeInclusive<i64>,
    Every { stride, phase }: Every,
) -> Vec<u32> {
    let (first, last) = period.into_inner();
    let all = rows.ending_in(first, last);
    let stride = i64::from(stride);
    let number = |row: u32| {
        let end = rows.end_of(row).map(Timestamp::from_millis)?;
        Some(interval.ordinal_of(interval.open_of(end)))
    };
    let wanted = |row: &u32| number(*row).is_some_and(|n| n.rem_euclid(stride) == phase);
    let bar = match interval {
        _ if stride == 1 => return all.collect(),
        Interval::Months(_) => return all.filter(wanted).collect(),
        Interval::Fixed(bar) => bar,
    };
    let (Some(from), Some(to)) = (number(all.start), number(all.end.saturating_sub(1))) else {
        return Vec::new();
    };
    // Where rows are few and far between, or damage says so.
    if to.saturating_sub(from) / stride > all.len() as i64 {
        return all.filter(wanted).collect();
    }
    // From one wanted number to the next, since most rows are not looked at.
    let start = from.saturating_add(phase.saturating_sub(from).rem_euclid(stride));
    let numbers = (start..=to).step_by(stride as usize);
    let of_number = numbers.flat_map(|n| {
        let close = n.saturating_mul(bar).saturating_add(bar);
        rows.ending_in(close.max(first), close.saturating_add(bar - 1).min(last))
    });
    of_number.collect()
}

/// Where the sample of a series begins.
fn phase(key: &SeriesKey, seed: u64, stride: u32) -> i64 {
    (scatter(&key.to_string(), seed) % u64::from(stride)) as i64
}

/// A number for a text, the same on every machine: FNV-1a of text and seed, with its bits mixed.
pub(crate) fn scatter(text: &str, seed: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn strides_leave_what_is_wanted() {
        assert_eq!(stride(0, 100), 1);
        assert_eq!(stride(499, 100), 1);
        assert_eq!(stride(500, 100), 5);
        for windows in [3_000u64, 40_000, 1_000_000, 50_000_000] {
            let left = windows / u64::from(stride(windows, 200));
            assert!((200..900).contains(&left), "{left} of {windows}");
        }
        for stride in STRIDES {
            assert!(stride == 1 || [2, 3, 7].iter().all(|f| stride % f != 0));
        }
    }

    #[test]
    fn places_begin_anywhere() {
        let key = |i: usize| -> SeriesKey { format!("m/v/S{i}:1h").parse().unwrap() };
        let mut counts = [0; 5];
        for i in 0..1000 {
            counts[phase(&key(i), 7, 5) as usize] += 1;
        }
        assert!(counts.iter().all(|c| (140..260).contains(c)), "{counts:?}");
        assert_ne!(phase(&key(1), 1, 65_537), phase(&key(1), 2, 65_537));
    }
}
