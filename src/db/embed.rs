//! From bars to vectors: which windows exist, and their embeddings.

use std::borrow::Cow;
use std::ops::Range;

use super::encode_stretch::encode_stretch;
use crate::encode::{ChartEncoder, Embeddings};
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Interval, Space, Timestamp};
use crate::store::{BarReads, Pending, SeriesRecord};

/// The stretches of `bars` without gaps.
pub(super) fn stretches(bars: &Bars, interval: Interval, calendar: Calendar) -> Vec<Range<usize>> {
    let mut stretches = Vec::new();
    let mut start = 0;
    if calendar == Calendar::Continuous {
        for (i, pair) in bars.time.array_windows::<2>().enumerate() {
            let [before, after] = *pair;
            if interval.close_of(Timestamp::from_millis(before)).millis() != after {
                stretches.push(start..i + 1);
                start = i + 1;
            }
        }
    }
    if start < bars.len() {
        stretches.push(start..bars.len());
    }
    stretches
}

/// The windows of a series that end in a range of time, encoded.
#[derive(Debug, Default)]
pub(super) struct EncodedWindows {
    /// Close times of the windows' last bars, ascending, one for each row.
    pub(super) ends: Vec<i64>,
    /// The rows; some may not be defined.
    pub(super) rows: Embeddings,
    /// The ends of the windows on which the encoder failed, and what it said. Their rows are not
    /// defined.
    pub(super) failed: Vec<(i64, Error)>,
}

impl EncodedWindows {
    /// The windows that have a vector.
    pub(super) fn defined(&self) -> impl Iterator<Item = (i64, &[f32])> {
        self.ends
            .iter()
            .enumerate()
            .filter_map(|(i, &end)| Some((end, self.rows.row(i)?)))
    }

    /// The ends of the windows that have none: those that are flat, and those on which the encoder
    /// failed.
    pub(super) fn without_vector(&self) -> Vec<i64> {
        let defined = &self.rows.defined;
        let flat = self.ends.iter().zip(defined).filter(|(_, d)| !**d);
        flat.map(|(&end, _)| end).collect()
    }
}

/// How a space takes windows.
pub(super) struct Windows<'a> {
    pub(super) encoder: &'a dyn ChartEncoder,
    pub(super) reach: usize,
    pub(super) hop: u32,
}

impl Windows<'_> {
    /// Encodes the windows of a series whose last bars open in the range of `pending`.
    pub(super) fn encode(
        &self,
        txn: &impl BarReads,
        series: &SeriesRecord,
        pending: Pending,
    ) -> Result<EncodedWindows> {
        let mut bars = txn.bars_up_to(
            pending.series,
            pending.first.saturating_sub(1),
            self.reach - 1,
        )?;
        bars.extend(&txn.bars(pending.series, pending.first..=pending.last)?);
        self.encode_bars(&bars, series, pending.first)
    }

    /// Encodes the windows whose last bars open at or after `first`; the `bars` of the series begin
    /// early enough for them.
    pub(super) fn encode_bars(
        &self,
        bars: &Bars,
        series: &SeriesRecord,
        first: i64,
    ) -> Result<EncodedWindows> {
        let interval = series.key.interval;
        let windows = bars.len() - bars.time.partition_point(|&t| t < first);
        let mut encoded = EncodedWindows {
            ends: Vec::new(),
            rows: Embeddings::with_capacity(self.encoder.spec().dim as usize, windows),
            failed: Vec::new(),
        };
        for stretch in stretches(bars, interval, series.calendar) {
            // The bars of one window are one stretch nearly always.
            let part = match stretch.len() == bars.len() {
                true => Cow::Borrowed(bars),
                false => Cow::Owned(bars.slice(stretch)),
            };
            let lasts = self.last_bars(&part, interval, first);
            let close = |i: usize| {
                let open = part.time.get(i).copied().map(Timestamp::from_millis);
                let open = open.ok_or_else(|| Error::internal("a window ends beyond its bars"))?;
                Ok(interval.close_of(open).millis())
            };
            let found = encode_stretch(self.encoder, &part, &lasts);
            let found = found.map_err(|e| e.at(|| format!("the series {}", series.key)))?;
            encoded.rows.values.extend_from_slice(&found.rows.values);
            encoded.rows.defined.extend_from_slice(&found.rows.defined);
            for &i in &lasts {
                encoded.ends.push(close(i)?);
            }
            for (i, error) in found.failed {
                encoded.failed.push((close(i)?, error));
            }
        }
        Ok(encoded)
    }

    /// The last bars of the windows of a stretch that open at or after `first`.
    fn last_bars(&self, stretch: &Bars, interval: Interval, first: i64) -> Vec<usize> {
        last_bars(stretch, interval, (self.reach, self.hop), first)
    }
}

/// The last bars of the windows of a stretch that open at or after `first`, for windows that
/// reach back so many bars and are taken at every `hop`-th bar.
fn last_bars(
    stretch: &Bars,
    interval: Interval,
    (reach, hop): (usize, u32),
    first: i64,
) -> Vec<usize> {
    let from = stretch.time.partition_point(|&t| t < first);
    let on_hop = |&i: &usize| {
        hop == 1
            || stretch.time.get(i).is_some_and(|&t| {
                interval
                    .ordinal_of(Timestamp::from_millis(t))
                    .rem_euclid(i64::from(hop))
                    == 0
            })
    };
    (from.max(reach - 1)..stretch.len())
        .filter(on_hop)
        .collect()
}

/// The windows that a space has of a series: the open times of their last bars, ascending.
pub(super) fn windows_of(space: &Space, series: &SeriesRecord, bars: &Bars) -> Vec<i64> {
    let interval = series.key.interval;
    let mut opens = Vec::new();
    for stretch in stretches(bars, interval, series.calendar) {
        let part = bars.slice(stretch);
        let lasts = last_bars(&part, interval, (space.reach(), space.hop), i64::MIN);
        opens.extend(lasts.iter().filter_map(|&i| part.time.get(i)));
    }
    opens
}
