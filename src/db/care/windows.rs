//! Which windows a space should have, and which it has.

use std::collections::BTreeMap;

use crate::db::embed::windows_of;
use crate::db::snapshot::SpaceState;
use crate::error::Result;
use crate::index::RowSet;
use crate::model::{Bars, Space, Timestamp};
use crate::store::{Directory, Pending, ReadTxn, RowReads, SeriesId, SeriesRecord};

/// The ends of the live rows of each series of a space, ascending.
pub(in crate::db) type Held = BTreeMap<SeriesId, Vec<i64>>;

/// The live rows of all parts of a space.
pub(in crate::db) fn held(state: &SpaceState) -> Result<Held> {
    let mut held = Held::new();
    for (segment, dead) in &state.segments {
        add_live(&mut held, &segment.directory()?, dead);
    }
    add_live(&mut held, &state.fresh.directory()?, &RowSet::default());
    for ends in held.values_mut() {
        ends.sort_unstable();
    }
    Ok(held)
}

fn add_live(held: &mut Held, directory: &Directory<'_>, dead: &RowSet) {
    for rows in directory.iter() {
        let live = RowSet::from_ranges([rows.rows()]).subtract(dead);
        if !live.is_empty() {
            let ends = held.entry(rows.series()).or_default();
            let live = live.ranges().iter().cloned().flatten();
            ends.extend(live.filter_map(|row| rows.end_of(row)));
        }
    }
}

/// How the windows that a chart space has of a series differ from those that its bars make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::db) struct Difference {
    /// Windows that have no row, are not flat and do not wait: as few ranges as possible without
    /// a window that has a row. By the open time of the last bar.
    pub(in crate::db) missing: Vec<Pending>,
    /// How many windows are missing.
    pub(in crate::db) missing_windows: u64,
    /// Windows that have more than one row, or a row though they are noted as flat. By the open
    /// time of the last bar.
    pub(in crate::db) doubled: Vec<i64>,
    /// Ends of rows, or of windows noted as flat, for which there are no bars.
    pub(in crate::db) stray: Vec<i64>,
}

impl Difference {
    pub(in crate::db) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Compares what a space holds of a series with what the stored bars of the series make.
    pub(in crate::db) fn of(
        txn: &ReadTxn,
        (space_id, space): (u32, &Space),
        (id, series): (SeriesId, &SeriesRecord),
        bars: &Bars,
        held: &Held,
    ) -> Result<Self> {
        let flat = txn.flat_ends(space_id, id)?;
        let mut waiting = txn.pending(space_id)?;
        waiting.retain(|p| p.series == id);
        let held = held.get(&id).map_or(&[][..], Vec::as_slice);
        let windows = windows_of(space, series, bars);
        Ok(compare(id, series, &windows, held, &flat, &waiting))
    }
}

fn compare(
    id: SeriesId,
    series: &SeriesRecord,
    windows: &[i64],
    held: &[i64],
    flat: &[i64],
    waiting: &[Pending],
) -> Difference {
    let mut difference = Difference::default();
    let (mut held, mut flat) = (held.iter().peekable(), flat.iter().peekable());
    let mut continues = false;
    for &open in windows {
        let close = series.key.interval.close_of(Timestamp::from_millis(open));
        let end = close.millis();
        for noted in [&mut held, &mut flat] {
            while let Some(&early) = noted.next_if(|&&e| e < end) {
                difference.stray.push(early);
            }
        }
        let mut rows = 0;
        while held.next_if(|&&e| e == end).is_some() {
            rows += 1;
        }
        let is_flat = flat.next_if(|&&e| e == end).is_some();
        if rows > 1 || (rows == 1 && is_flat) {
            difference.doubled.push(open);
        }
        let waits = || waiting.iter().any(|p| (p.first..=p.last).contains(&open));
        if rows > 0 {
            continues = false;
        } else if !is_flat && !waits() {
            difference.missing_windows += 1;
            match difference.missing.last_mut() {
                Some(range) if continues => range.last = open,
                _ => difference.missing.push(Pending {
                    series: id,
                    first: open,
                    last: open,
                }),
            }
            continues = true;
        }
    }
    difference.stray.extend(held);
    difference.stray.extend(flat);
    difference
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{Calendar, Interval, SeriesKey};

    const HOUR: i64 = 3_600_000;

    fn pending(first: i64, last: i64) -> Pending {
        Pending {
            series: 7,
            first: first * HOUR,
            last: last * HOUR,
        }
    }

    /// All in hours; windows and ranges by opening, the others by end.
    fn differ(windows: &[i64], held: &[i64], flat: &[i64], waiting: &[Pending]) -> Difference {
        let hours = |all: &[i64]| all.iter().map(|h| h * HOUR).collect::<Vec<_>>();
        let series = SeriesRecord {
            key: SeriesKey::new("crypto", "x", "A", Interval::hours(1)).unwrap(),
            calendar: Calendar::Continuous,
        };
        let (windows, held, flat) = (hours(windows), hours(held), hours(flat));
        compare(7, &series, &windows, &held, &flat, waiting)
    }

    #[test]
    fn rows_flat_and_waiting_windows_are_all_there_is() {
        let none = differ(&[1, 2, 3, 4], &[2, 3], &[4], &[pending(4, 9)]);
        assert!(none.is_none(), "{none:?}");
    }

    #[test]
    fn missing_windows_are_ranges_around_those_that_are_held() {
        let found = differ(&[1, 2, 3, 4, 5, 9, 10], &[4], &[6], &[]);
        assert_eq!(found.missing, [pending(1, 2), pending(4, 10)]);
        assert_eq!(found.missing_windows, 5);
        assert!(found.stray.is_empty() && found.doubled.is_empty());
    }

    #[test]
    fn rows_without_bars_and_rows_that_come_twice_are_named() {
        let found = differ(&[1, 2, 3], &[1, 2, 2, 3, 4, 9], &[3, 8], &[]);
        assert_eq!(found.doubled, [HOUR, 2 * HOUR]);
        assert_eq!(found.stray, [HOUR, 9 * HOUR, 8 * HOUR]);
        assert_eq!(found.missing_windows, 0);
    }
}
