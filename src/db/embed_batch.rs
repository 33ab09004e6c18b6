//! The windows that a batch of bars makes, embedded in the transaction of the bars.

use rayon::prelude::*;

use super::database::Inner;
use super::embed::EncodedWindows;
use super::ingest::ChartSpace;
use super::snapshot::Snapshot;
use crate::error::Result;
use crate::index::RowsBuilder;
use crate::model::{Bars, Timestamp};
use crate::store::{FreshRow, Pending, SeriesId, SeriesRecord, WriteTxn};

/// Windows of a series that a batch makes or changes.
pub(super) struct Touched<'a> {
    pub(super) space: &'a ChartSpace,
    pub(super) series: SeriesRecord,
    pub(super) windows: Pending,
    /// The bars that made them, if they are later than all that is committed of the series, and the
    /// first of it in this batch.
    pub(super) appended: Option<&'a Bars>,
}

impl Touched<'_> {
    /// The windows of appended bars, and how the series ends with them: what comes before those is committed,
    /// so any thread can read it.
    fn encode_appended(&self, snapshot: &Snapshot) -> Result<Option<(EncodedWindows, Bars)>> {
        let Some(appended) = self.appended else {
            return Ok(None);
        };
        let windows = self.space.windows();
        let before = Timestamp::from_millis(self.windows.first.saturating_sub(1));
        let reach = windows.reach - 1;
        let mut bars = snapshot.bars_back(self.windows.series, before, reach)?;
        bars.extend(appended);
        let encoded = windows.encode_bars(&bars, &self.series, self.windows.first)?;
        let last = bars.slice(bars.len().saturating_sub(reach)..bars.len());
        Ok(Some((encoded, last)))
    }
}

/// Embeds few `new` windows at once as fresh rows, beside `fresh` that there are already; lets
/// many wait. Returns how many windows were embedded and how many are flat.
pub(super) fn embed_or_wait(
    inner: &Inner,
    (txn, snapshot): (&WriteTxn, &Snapshot),
    touched: &[Touched<'_>],
    (new, fresh): (u64, u64),
) -> Result<(u64, u64)> {
    let sizes = &inner.files.sizes;
    let waiting = new > sizes.fresh_batch || fresh + new > sizes.fresh_rows as u64;
    if waiting {
        for t in touched {
            txn.add_pending(t.space.id, t.windows)?;
        }
        return Ok((0, 0));
    }
    let encoded: Vec<_> = touched
        .par_iter()
        .map(|t| t.encode_appended(snapshot))
        .collect::<Result<_>>()?;
    let (mut embedded, mut flat) = (0, 0);
    for (t, encoded) in touched.iter().zip(encoded) {
        let encoded = match encoded {
            Some((encoded, last)) => {
                txn.note_last_bars(t.windows.series, last);
                encoded
            }
            None => t.space.windows().encode(txn, &t.series, t.windows)?,
        };
        let (rows, flats) = put_encoded(txn, t.space, t.windows.series, &encoded)?;
        embedded += rows;
        flat += flats;
    }
    Ok((embedded, flat))
}

/// Embeds the windows of `pending` as fresh rows.
pub(super) fn embed_fresh(
    txn: &WriteTxn,
    space: &ChartSpace,
    series: &SeriesRecord,
    pending: Pending,
) -> Result<(u64, u64)> {
    let encoded = space.windows().encode(txn, series, pending)?;
    put_encoded(txn, space, pending.series, &encoded)
}

fn put_encoded(
    txn: &WriteTxn,
    space: &ChartSpace,
    series: SeriesId,
    encoded: &EncodedWindows,
) -> Result<(u64, u64)> {
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
    let flat = encoded.flat();
    txn.put_fresh(space.id, &rows)?;
    txn.put_flat(space.id, series, &flat)?;
    Ok((rows.len() as u64, flat.len() as u64))
}
