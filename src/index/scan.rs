//! The exact search: every allowed row is looked at.
//!
//! Most rows are dismissed by their 8-bit code alone ([`super::scan_block`]), and only if that is certain.
//!
//! Where rows have [`super::bounds`], most of them are dismissed before their code is read.

use super::query::Query;
use super::rank::{Rank, Scored};
use super::rows::Rows;
use super::rowset::RowSet;
use super::scan_block::{Bound, scan_block};
use super::scan_bounded::scan_bounded;
use super::search::Scratch;
use crate::error::Result;

/// Rows whose codes are compared in one go.
const BLOCK: u32 = 256;

/// Bounds pay if there are so many times as many rows as are wanted.
const WORTH_IT: usize = 4;

/// The best `limit` of the allowed rows, best first, with the very scores and order that
/// [`super::search()`] gives to the same rows.
///
/// # Errors
/// [`crate::Error::Invalid`] if the query has another dimension than the rows,
/// [`crate::Error::Corrupt`] if a stored norm does not fit its vector.
pub fn scan(
    rows: &Rows<'_>,
    query: &Query,
    limit: usize,
    allowed: &RowSet,
    scratch: &mut Scratch,
) -> Result<Vec<Scored>> {
    rows.check_query(query)?;
    scratch.pool.clear(limit);
    let bound = Bound::new(query);
    // Bounds pay if there are many more rows than are wanted.
    let bounds = rows
        .bounds
        .filter(|_| allowed.len() > WORTH_IT.saturating_mul(limit));
    let bounds = bounds.map(|bounds| bounds.of(query));
    let n = rows.len() as u32;
    for range in allowed.ranges() {
        let mut start = range.start;
        let end = range.end.min(n);
        while start < end {
            let stop = end.min(start.saturating_add(BLOCK));
            match &bounds {
                Some(bounds) => scan_bounded(rows, query, (&bound, bounds), start..stop, scratch)?,
                None => scan_block(rows, query, &bound, start..stop, scratch)?,
            }
            start = stop;
        }
    }
    let mut ranks: Vec<Rank> = scratch.pool.drain().collect();
    ranks.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ranks.into_iter().map(Rank::scored).collect())
}
