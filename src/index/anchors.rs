//! Anchors: one row stands for a run of rows that follow each other in time.
//!
//! A slow encoder gives windows that overlap nearly the same vector. A graph over every s-th of
//! them is s times smaller, and the rows around the anchors that a walk finds are then compared
//! one after another. For encoders that feel the phase of a window this would cost recall, so the
//! stride is measured on the rows themselves.

use super::Scratch;
use super::graph::MAX_STRIDE_LOG2;
use super::rows::Rows;
use super::rowset::RowSet;
use super::scan::scan;
use crate::error::Result;

/// Rows at which the run of time is measured.
const PROBES: usize = 64;

/// Rows this close to a probe are its own moment.
const MOMENT: u32 = 256;

/// Of the rows of other moments, the one that a probe is compared with.
const RANK: usize = 10;

/// Fewer rows than this are not worth it.
const LEAST_ROWS: usize = 1 << 14;

/// A row may be this much farther from its anchor than nothing, in parts of its distance to the
/// next moments.
const COHERENCE: f64 = 0.1;

/// The row that stands for a run.
pub(super) fn anchor(node: usize, stride_log2: u32, rows: usize) -> u32 {
    let stride = 1usize << stride_log2;
    (node * stride + stride / 2).min(rows.saturating_sub(1)) as u32
}

/// The longest runs, as the logarithm of their length, whose rows are so near to each other that
/// they lie together among the rows of other moments; 0 where in doubt.
pub(super) fn coherent_stride(rows: &Rows<'_>) -> Result<u32> {
    let n = rows.len();
    if n < LEAST_ROWS {
        return Ok(0);
    }
    let mut scratch = Scratch::new();
    let mut apart = 0.0;
    let mut within = [0.0; MAX_STRIDE_LOG2 as usize + 1];
    for i in 0..PROBES {
        let row = ((2 * i + 1) * n / (2 * PROBES)) as u32;
        let query = rows.query(row)?;
        let own = row.saturating_sub(MOMENT)..row.saturating_add(MOMENT);
        let others = RowSet::all(n as u32).subtract(&RowSet::from_ranges([own]));
        let nearest = scan(rows, &query, RANK, &others, &mut scratch)?;
        apart += nearest.last().map_or(0.0, |hit| distance(hit.score));
        for (log2, sum) in within.iter_mut().enumerate() {
            let reach = (1u32 << log2) / 2;
            let far = row.saturating_add(reach).min(n as u32 - 1);
            *sum += distance(rows.exact(&query, far)?);
        }
    }
    let coherent = |sum: &f64| *sum <= COHERENCE * apart;
    Ok(within
        .iter()
        .take_while(|sum| coherent(sum))
        .count()
        .saturating_sub(1) as u32)
}

fn distance(cosine: f32) -> f64 {
    (1.0 - f64::from(cosine)).max(0.0)
}
