//! From scored windows to distinct episodes.
//!
//! Overlapping windows of one symbol are one moment, not ten answers. Taking candidates by
//! descending score, a window becomes an episode unless it lies within the exclusion zone of the
//! query or of an episode taken before. Because this looks only at better candidates, the episodes
//! found among the best n candidates are final, however many more candidates there are.

use crate::error::Result;
use crate::model::{Calendar, Interval, Timestamp};
use crate::store::{BarReads, SeriesId, SeriesRecord};

/// A window with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) series: SeriesId,
    /// Close time of the last bar, in milliseconds UTC.
    pub(crate) end: i64,
    pub(crate) score: f32,
}

impl Candidate {
    /// Best first; equal scores by time, then by series, so that the layout of the storage does
    /// not show.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.end.cmp(&other.end))
            .then(self.series.cmp(&other.series))
    }
}

/// A window that others must keep away from.
#[derive(Clone, Debug)]
pub(super) struct Occupied<'a> {
    pub(super) id: SeriesId,
    pub(super) series: &'a SeriesRecord,
    pub(super) end: i64,
}

/// How two windows of one market and symbol lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distance {
    /// They are one moment.
    SameMoment,
    /// They are two, and a window that is further away is another one too.
    Apart,
    /// They are two, because no bar is stored between them; further away there may be some.
    NoBarsBetween,
}

/// Compares two windows of one market and symbol: they are one moment if there are fewer than `zone`
/// bars from one end to the other, counted in the longer of their intervals.
pub(super) fn distance(
    txn: &impl BarReads,
    a: &Occupied<'_>,
    b: &Occupied<'_>,
    zone: u32,
) -> Result<Distance> {
    let (x, y) = (&a.series.key, &b.series.key);
    let same = |same: bool| {
        if same {
            Distance::SameMoment
        } else {
            Distance::Apart
        }
    };
    let coarser = if y.interval.nominal_millis() > x.interval.nominal_millis() {
        b
    } else {
        a
    };
    let interval = coarser.series.key.interval;
    let open = |end: i64| interval.open_of(Timestamp::from_millis(end));
    if let Interval::Months(_) = interval {
        // Months differ in length, and have neither nights nor weekends: they are counted.
        let month = |end: i64| interval.ordinal_of(open(end));
        return Ok(same(month(a.end).abs_diff(month(b.end)) < u64::from(zone)));
    }
    let apart = a.end.abs_diff(b.end);
    let zone_time = u64::from(zone).saturating_mul(interval.nominal_millis().unsigned_abs());
    if apart < zone_time {
        return Ok(Distance::SameMoment);
    }
    if coarser.series.calendar == Calendar::Continuous {
        return Ok(Distance::Apart);
    }
    // Sessions: nights and weekends do not count, so the bars between decide. Windows that are
    // this far apart have more bars between them, whatever the holidays. Where there are no bars
    // (imported vectors) there are only times.
    const HOLIDAYS_MS: u64 = 10 * 24 * 3_600_000;
    let far = apart > zone_time.saturating_mul(10).saturating_add(HOLIDAYS_MS);
    if far {
        return Ok(Distance::Apart);
    }
    let first = open(a.end.min(b.end)).millis();
    let last = open(a.end.max(b.end)).millis();
    let between = txn.bar_times(coarser.id, first.saturating_add(1)..=last)?;
    if between.is_empty() {
        return Ok(Distance::NoBarsBetween);
    }
    Ok(same((between.len() as u64) < u64::from(zone)))
}
