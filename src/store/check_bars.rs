use super::bars::{BarReads, decode, tail_bar};
use super::catalog::{CatalogUse, ReadTxn};
use super::records::SeriesId;
use super::tables::{BLOCKS, TAIL};
use crate::error::{Error, Result};
use crate::model::Bars;

/// Stored bars that cannot be read, or not be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadBlock {
    /// Open time of the first bar, in milliseconds UTC.
    pub(crate) first: i64,
    /// No bar of the block opens after this time.
    pub(crate) last: i64,
    /// What was expected and what came.
    pub(crate) reason: String,
}

/// Reads all bars of a series, block by block. Bars of blocks that are damaged are left out, and
/// the blocks are named. If all can be read, they are compared with the extent of the series.
pub(crate) fn check_bars_of(txn: &ReadTxn, series: SeriesId) -> Result<(Bars, Vec<BadBlock>)> {
    let extent = txn.bar_extent(series)?;
    let (mut bars, mut bad) = (Bars::default(), Vec::new());
    let starts = block_starts(txn, series)?;
    let blocks = txn.table(BLOCKS)?;
    for (i, &first) in starts.iter().enumerate() {
        let last = starts.get(i + 1).map(|next| next.saturating_sub(1));
        let last = last.or(extent.map(|e| e.last)).unwrap_or(first);
        let value = blocks.get((series, first))?;
        let block = value.map(|v| decode(txn.path(), v.value()));
        match block.transpose().and_then(|b| sound(b, first, last)) {
            Ok(block) => bars.extend(&block),
            Err(e) => bad.push(BadBlock {
                first,
                last,
                reason: match e {
                    Error::Corrupt { detail, .. } => detail,
                    other => other.to_string(),
                },
            }),
        }
    }
    let last_of_blocks = bars.time.last().copied();
    for item in txn
        .overlaid(TAIL)?
        .range((series, i64::MIN)..=(series, i64::MAX))?
    {
        let (key, value) = item?;
        bars.push(tail_bar(key.1, value.value()));
    }
    if bad.is_empty() {
        let found = bars.time.first().zip(bars.time.last());
        let found = found.map(|(&first, &last)| (bars.len() as u64, first, last));
        let known = extent.map(|e| (e.count, e.first, e.last));
        let ascending = bars.time.is_sorted_by(|a, b| a < b);
        if found != known || !ascending {
            let after = last_of_blocks.map_or(String::new(), |t| format!(", blocks up to {t}"));
            bad.push(BadBlock {
                first: known.or(found).map_or(0, |k| k.1),
                last: known.or(found).map_or(0, |k| k.2),
                reason: format!(
                    "expected bars (number, first and last open time in ms) {known:?} in ascending order, found {found:?}{after}"
                ),
            });
        }
    }
    Ok((bars, bad))
}

fn block_starts(txn: &ReadTxn, series: SeriesId) -> Result<Vec<i64>> {
    let blocks = txn.table(BLOCKS)?;
    let all = (series, i64::MIN)..=(series, i64::MAX);
    let keys = blocks.range(all)?;
    keys.map(|item| Ok(item?.0.value().1)).collect()
}

/// A block must hold bars from the time in its key on, and end before the next one.
fn sound(block: Option<Bars>, first: i64, last: i64) -> Result<Bars> {
    let block = block.unwrap_or_default();
    let starts = block.time.first() == Some(&first);
    let ends = block.time.last().is_some_and(|&t| t <= last);
    if starts && ends && block.time.is_sorted_by(|a, b| a < b) {
        return Ok(block);
    }
    Err(Error::invalid(format!(
        "expected bars ascending from {first} to at most {last} ms, found {} from {:?} to {:?}",
        block.len(),
        block.time.first(),
        block.time.last()
    )))
}
