//! The windows that a batch of bars makes, embedded in the transaction of the bars.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::chart_space::ChartSpace;
use crate::db::embed::EncodedWindows;
use crate::db::inner::Inner;
use crate::db::left_out::Failures;
use crate::db::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::index::RowsBuilder;
use crate::model::{Bars, Timestamp};
use crate::store::{FreshRow, LastBars, Pending, SeriesId, SeriesRecord, WriteTxn};

/// Windows of a series that a batch makes or changes.
pub(in crate::db) struct Touched<'a> {
    pub(in crate::db) space: &'a ChartSpace,
    pub(in crate::db) series: Arc<SeriesRecord>,
    pub(in crate::db) windows: Pending,
    /// The bars with which the series ends now, from the first of these windows' last bars on or from before it,
    /// if all bars before those are committed and do not change in this batch.
    pub(in crate::db) ending: Option<&'a Bars>,
    /// The open time of the last bar that was stored before, if all of the windows are later.
    pub(in crate::db) stored_to: Option<i64>,
}

impl Touched<'_> {
    /// Notes that the windows wait. Appended ones are joined to those that wait at the end of the
    /// series, or each bar of a market that is followed would add a range.
    fn wait(&self, txn: &WriteTxn) -> Result<()> {
        match self.stored_to {
            Some(last) => txn.extend_pending(self.space.id, self.windows, last),
            None => txn.add_pending(self.space.id, self.windows),
        }
    }

    /// The windows at the end of the series, and how the series ends with them: what comes before their last
    /// bars is committed, so any thread can read it.
    fn encode_ending(&self, snapshot: &Snapshot) -> Result<Option<(ReadyWindows, LastBars)>> {
        let Some(ending) = self.ending else {
            return Ok(None);
        };
        let windows = self.space.windows()?;
        let first = self.windows.first;
        let before = Timestamp::from_millis(first.saturating_sub(1));
        let from = ending.time.partition_point(|&time| time < first);
        let new = match from {
            0 => Cow::Borrowed(ending),
            _ => Cow::Owned(ending.slice(from..ending.len())),
        };
        let series = self.windows.series;
        let bars = snapshot.bars_back_to(series, before, windows.reach - 1, &new)?;
        let encoded = windows.encode_bars(&bars, &self.series, first)?;
        let ready = ReadyWindows::of(self.space, (series, &*self.series), encoded)?;
        // One more than windows of later bars need, for a correction of the last one.
        Ok(Some((ready, LastBars::of(&bars, windows.reach))))
    }
}

/// Encoded windows of a series, as they are stored.
struct ReadyWindows {
    series: SeriesId,
    rows: Vec<FreshRow>,
    /// The ends of those that have no vector.
    without_vector: Vec<i64>,
    failures: Failures,
}

impl ReadyWindows {
    fn of(
        space: &ChartSpace,
        (series, record): (SeriesId, &SeriesRecord),
        encoded: EncodedWindows,
    ) -> Result<Self> {
        let mut builder = RowsBuilder::new(space.space.encoder.dim as usize)?;
        let mut ends = Vec::new();
        for (end, vector) in encoded.defined() {
            builder.push(vector)?;
            ends.push(end);
        }
        let view = builder.view();
        let mut rows = Vec::with_capacity(ends.len());
        for (row, &end) in ends.iter().enumerate() {
            rows.push(FreshRow {
                series,
                end,
                vector: view.row_bytes(row as u32)?,
            });
        }
        Ok(Self {
            series,
            rows,
            without_vector: encoded.without_vector(),
            failures: Failures::of(&space.space.name, &record.key, encoded.failed),
        })
    }

    fn put(self, txn: &WriteTxn, space: &ChartSpace) -> Result<Embedded> {
        let embedded = Embedded {
            rows: self.rows.len() as u64,
            flat: self.without_vector.len() as u64 - self.failures.count,
            failures: self.failures,
        };
        txn.put_fresh(space.id, self.rows)?;
        txn.put_flat(space.id, self.series, &self.without_vector)?;
        Ok(embedded)
    }
}

/// What became of windows that were encoded.
#[derive(Debug, Default)]
pub(in crate::db) struct Embedded {
    /// How many have a row now.
    pub(in crate::db) rows: u64,
    /// How many are flat.
    pub(in crate::db) flat: u64,
    /// Those on which the encoder failed.
    pub(in crate::db) failures: Failures,
}

impl Embedded {
    pub(in crate::db) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.flat += other.flat;
        self.failures.add(other.failures);
    }
}

/// Embeds few `new` windows at once as fresh rows, beside `fresh` that there are already; lets
/// many wait, and those whose encoder is not known or fails.
pub(in crate::db) fn embed_or_wait(
    inner: &Inner,
    (txn, snapshot): (&WriteTxn, &Snapshot),
    touched: &[Touched<'_>],
    (new, fresh): (u64, u64),
) -> Result<Embedded> {
    let sizes = &inner.files.sizes;
    let many = new > sizes.fresh_batch || fresh + new > sizes.fresh_rows as u64;
    let (now, later): (Vec<_>, Vec<_>) =
        touched.iter().partition(|t| !many && t.space.can_encode());
    for t in later {
        t.wait(txn)?;
    }
    let encoded: Vec<_> = now.par_iter().map(|t| t.encode_ending(snapshot)).collect();
    let mut embedded = Embedded::default();
    for (t, encoded) in now.into_iter().zip(encoded) {
        let series = t.windows.series;
        let ready = encoded.and_then(|encoded| match encoded {
            Some((ready, last)) => {
                txn.note_last_bars(series, last);
                Ok(ready)
            }
            None => {
                let encoded = t.space.windows()?.encode(txn, &t.series, t.windows)?;
                ReadyWindows::of(t.space, (series, &*t.series), encoded)
            }
        });
        match ready {
            Ok(ready) => embedded.add(ready.put(txn, t.space)?),
            // It is tried again when the batch is made searchable, and told then.
            Err(Error::Encoder { .. }) => t.wait(txn)?,
            Err(other) => return Err(other),
        }
    }
    Ok(embedded)
}

/// Embeds the windows of `pending` as fresh rows.
pub(in crate::db) fn embed_fresh(
    txn: &WriteTxn,
    space: &ChartSpace,
    series: &SeriesRecord,
    pending: Pending,
) -> Result<Embedded> {
    let encoded = space.windows()?.encode(txn, series, pending)?;
    ReadyWindows::of(space, (pending.series, series), encoded)?.put(txn, space)
}
