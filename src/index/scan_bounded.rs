//! The exact search over rows that have bounds.

use std::ops::Range;

use super::bounds::QueryBounds;
use super::query::Query;
use super::rank::Rank;
use super::rows::Rows;
use super::scan_block::{Bound, scan_block};
use super::search::Scratch;
use crate::error::Result;

/// Of more than one row in so many of a block, all codes are read in one go.
const MOST_SINGLE: usize = 4;

/// Offers the rows of a block to the pool whose bounds let them into question. The bounds dismiss the
/// others, because none of them is better than the worst that is kept.
pub(super) fn scan_bounded(
    rows: &Rows<'_>,
    query: &Query,
    (bound, bounds): (&Bound<'_>, &QueryBounds<'_>),
    block: Range<u32>,
    scratch: &mut Scratch,
) -> Result<()> {
    let Some(worst) = scratch.pool.worst() else {
        return scan_block(rows, query, bound, block, scratch);
    };
    let least = bounds.least_sum(worst.score());
    scratch.fresh.clear();
    bounds.above(block.clone(), least, &mut scratch.masks, &mut scratch.fresh)?;
    if scratch.fresh.len() > block.len() / MOST_SINGLE {
        return scan_block(rows, query, bound, block, scratch);
    }
    let Scratch {
        pool, dots, fresh, ..
    } = scratch;
    for &row in &*fresh {
        rows.prefetch_scanned(row);
    }
    rows.code_dots(bound.code, fresh, dots)?;
    for (&row, &dot) in fresh.iter().zip(&*dots) {
        let norm = rows.norms().get(row as usize).copied().unwrap_or_default();
        if !bound.hopeless(dot, norm, bound.least_code_score(pool)) {
            pool.offer(Rank::new(rows.exact(query, row)?, row));
        }
    }
    Ok(())
}
