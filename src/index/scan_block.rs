//! Rows that follow one another, compared with a query.
//!
//! Most rows are dismissed by their 8-bit code alone, and only if that is certain. With the query
//! q = 256 a + b and a row r = 256 c + d (the planes are a, b, c, d), the exact dot product is
//! q.r = 65536 a.c + 256 a.d + b.r. By Cauchy and Schwarz, |a.d| <= |a| 128 sqrt(D) and
//! |b.r| <= |b| |r|, so the cosine is at most
//! (65536 a.c / |r| + 32768 sqrt(D) |a| / |r| + |b|) / |q|, where 1 / |r| is the stored norm.

use std::ops::Range;

use super::kernel::Plane;
use super::query::Query;
use super::rank::{Best, Rank};
use super::rows::Rows;
use super::search::Scratch;
use crate::error::{Error, Result};

/// Rows that are dismissed together.
const GROUP: usize = 16;

/// Covers what rounding does to the bound, to the stored norm and to the score: below 1e-6.
const SLACK: f64 = 1e-5;

/// Offers the rows of a block to the pool that come into question by their codes.
pub(super) fn scan_block(
    rows: &Rows<'_>,
    query: &Query,
    bound: &Bound<'_>,
    block: Range<u32>,
    scratch: &mut Scratch,
) -> Result<()> {
    let Scratch { pool, dots, .. } = scratch;
    let norms = rows.norms().get(block.start as usize..block.end as usize);
    let norms = norms.ok_or_else(|| Error::internal("a block of rows has no norms"))?;
    let mut least = bound.least_code_score(pool);
    rows.code_dots_of_run(bound.code, block.clone(), dots)?;
    let groups = dots
        .chunks(GROUP)
        .zip(norms.chunks(GROUP))
        .zip(block.step_by(GROUP));
    for ((dots, norms), first) in groups {
        // Without a branch a row: most groups have none that comes into question.
        let none = dots.iter().zip(norms).fold(true, |none, (&dot, &norm)| {
            none & bound.hopeless(dot, norm, least)
        });
        if none {
            continue;
        }
        for ((&dot, &norm), row) in dots.iter().zip(norms).zip(first..) {
            if !bound.hopeless(dot, norm, least) {
                pool.offer(Rank::new(rows.exact(query, row)?, row));
                least = bound.least_code_score(pool);
            }
        }
    }
    Ok(())
}

/// What a code's score can at most say about the cosine.
pub(super) struct Bound<'a> {
    pub(super) code: Plane<'a>,
    /// sqrt(D) |a| / 2: what the low plane of a row can add to a.c.
    row_error: f32,
    /// 65536 / |q|: from a.c / |r| to the cosine.
    unit: f64,
    /// |b| / |q| and what rounding adds.
    query_error: f64,
}

impl<'a> Bound<'a> {
    pub(super) fn new(query: &'a Query) -> Self {
        let length = |plane: Plane<'_>| {
            let squares: i64 = plane.values().iter().map(|&v| i64::from(v).pow(2)).sum();
            (squares as f64).sqrt()
        };
        let [high, low] = query.both();
        Self {
            code: high,
            row_error: (0.5 * (query.dim() as f64).sqrt() * length(high)) as f32,
            unit: 65536.0 * query.inv_norm(),
            query_error: length(low) * query.inv_norm() + SLACK,
        }
    }

    /// Whether a row cannot get into the pool.
    #[inline(always)]
    pub(super) fn hopeless(&self, dot: i32, norm: f32, least: f32) -> bool {
        (dot as f32 + self.row_error) * norm < least
    }

    /// The least (a.c + error) / |r| with which a row can still get into the pool.
    pub(super) fn least_code_score(&self, pool: &Best) -> f32 {
        pool.worst().map_or(f32::NEG_INFINITY, |worst| {
            ((f64::from(worst.score()) - self.query_error) / self.unit) as f32
        })
    }
}
