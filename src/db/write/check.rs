//! Which bars are let in.

use crate::error::{Error, Result};
use crate::model::{Calendar, Interval, SeriesBars, SeriesKey, Timestamp};
use crate::store::{BarExtent, BarReads, SeriesId, WriteTxn};

/// Checks that bars can have happened and can be stored.
pub(in crate::db) fn check_bars(series: &SeriesBars) -> Result<()> {
    let key = &series.key;
    let bars = &series.bars;
    key.check()?;
    let columns = [&bars.open, &bars.high, &bars.low, &bars.close, &bars.volume];
    if let Some(other) = columns.iter().find(|c| c.len() != bars.len()) {
        return Err(Error::invalid(format!(
            "{key}: expected columns of one length, found {} times and a column of {} values",
            bars.len(),
            other.len()
        )));
    }
    check_spacing(key, series.calendar, &bars.time)?;
    for bar in bars.iter() {
        let close = key.interval.close_of(bar.time);
        if !bar.time.is_date() || !close.is_date() || close <= bar.time {
            return Err(Error::invalid(format!(
                "{key}: expected bars in the years -9999 to 9999, found one at {} ms",
                bar.time.millis()
            )));
        }
        bar.check()
            .map_err(|defect| Error::invalid(format!("{key}, bar of {}: {defect}", bar.time)))?;
    }
    Ok(())
}

/// Checks that open times ascend by at least the interval. Sessions may end early and start
/// anew, so their bars need only ascend; months need only be different ones.
fn check_spacing(key: &SeriesKey, calendar: Calendar, times: &[i64]) -> Result<()> {
    let open = Timestamp::from_millis;
    for pair in times.array_windows::<2>() {
        let [before, after] = *pair;
        let apart = match key.interval {
            Interval::Fixed(ms) if calendar == Calendar::Continuous => {
                after >= before.saturating_add(ms)
            }
            Interval::Fixed(_) => true,
            Interval::Months(_) => {
                key.interval.ordinal_of(open(after)) > key.interval.ordinal_of(open(before))
            }
        };
        if after <= before || !apart {
            return Err(Error::invalid(format!(
                "{key}: expected bars ascending in time and at least {} apart, found {} after {}",
                key.interval,
                open(after),
                open(before),
            )));
        }
    }
    Ok(())
}

/// Checks the same of new bars together with those that are stored around them.
pub(in crate::db) fn check_beside_stored(
    txn: &WriteTxn,
    id: SeriesId,
    series: &SeriesBars,
    stored: Option<BarExtent>,
) -> Result<()> {
    let (Some(&first), Some(&last)) = (series.bars.time.first(), series.bars.time.last()) else {
        return Ok(());
    };
    let Some(extent) = stored else {
        return Ok(());
    };
    let mut times = if first >= extent.last {
        // Appending, and correcting the last bar, is frequent, and needs no look into the blocks.
        vec![extent.last]
    } else {
        let around = series.key.interval.nominal_millis().saturating_mul(2);
        txn.bar_times(
            id,
            first.saturating_sub(around)..=last.saturating_add(around),
        )?
    };
    times.extend_from_slice(&series.bars.time);
    times.sort_unstable();
    times.dedup();
    check_spacing(&series.key, series.calendar, &times)
}
