//! Eight bytes a row that bound its cosine with any query, so that a scan reads few rows whole.
//!
//! Seven directions hold most of the length of the rows: of unit vectors r and q, with the parts
//! p = (r.b1, ..., r.b7) and the rest of each at right angles to the directions, Cauchy and Schwarz
//! give r.q <= p(r).p(q) + |rest(r)| |rest(q)|. A row keeps its seven parts and the length of its
//! rest, each in one byte: parts are rounded to the nearest step, the rest upwards. What rounding
//! can hide is added for each query. So a row whose bound is below the worst score that is kept
//! cannot be in the answer, and the answer stays exact.

use std::ops::Range;
use std::path::Path;

use super::kernel::{BoundBlock, Kernel};
use super::query::Query;
use super::sections::numbers;
use crate::error::{Error, Result};
use crate::numeric::dot::dot;

/// The directions.
pub(super) const PARTS: usize = 7;
/// Rows of a block: a line of the cache.
pub(super) const BLOCK_ROWS: usize = 8;
/// Blocks whose bits are looked at together.
const WORD: usize = 8;
/// The largest magnitude of a byte that is used.
pub(super) const FULL: f32 = 127.0;
/// Covers the rounding of 4-byte floats: in squares of a rest, and in bounds.
pub(super) const SQUARE_SLACK: f32 = 1e-6;
const SLACK: f64 = 1e-5;
/// The largest weight of a query: eight products with bytes stay below `i32::MAX`.
const FULL_WEIGHT: f64 = 32_000.0;

/// The bounds of all rows, read in place.
///
/// ```text
/// 8 f32       the step of each byte: seven parts, the rest
/// 7 * D f32   the directions, one after another
/// zeros       up to a multiple of 64 bytes
/// 64 bytes    for each 8 rows: (part 1, part 2) of each row, (part 3, part 4) of each, ...,
///             (part 7, rest) of each; in the last block zeros for rows that do not exist
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    steps: &'a [f32],
    directions: &'a [f32],
    blocks: &'a [BoundBlock],
}

impl<'a> Bounds<'a> {
    /// The name of the section.
    pub const SECTION: &'static str = "bounds";

    /// Reads the section of a file, whose name is for error messages.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if its length does not fit the rows.
    pub fn new(file: &'a Path, dim: usize, rows: usize, section: &'a [u8]) -> Result<Self> {
        let head = head_len(dim);
        let expected = head + rows.div_ceil(BLOCK_ROWS) * size_of::<BoundBlock>();
        let parts = section.split_at_checked(head);
        let (Some((head, blocks)), true) = (parts, section.len() == expected) else {
            let detail = format!("expected {expected} bytes, found {}", section.len());
            return Err(Error::corrupt(file, Self::SECTION, detail));
        };
        let numbers: &[f32] = numbers(file, Self::SECTION, head)?;
        let (steps, rest) = numbers.split_at(PARTS + 1);
        let directions = rest.get(..PARTS * dim).unwrap_or_default();
        Ok(Self {
            steps,
            directions,
            blocks: bytemuck::cast_slice(blocks),
        })
    }

    /// What bounds are compared with for this query.
    pub(super) fn of(&self, query: &Query) -> QueryBounds<'a> {
        let unit = query.vector();
        let mut parts = [0.0; PARTS + 1];
        let mut held = 0.0;
        let mut hidden = SLACK;
        let directions = self.directions.chunks_exact(unit.len().max(1));
        for ((part, direction), &step) in parts.iter_mut().zip(directions).zip(self.steps) {
            let along = f64::from(dot(&unit, direction));
            held += along * along;
            hidden += along.abs() * f64::from(step) / 2.0;
            *part = along * f64::from(step);
        }
        if let (Some(rest), Some(&step)) = (parts.last_mut(), self.steps.last()) {
            *rest = (1.0 - held + f64::from(SQUARE_SLACK)).max(0.0).sqrt() * f64::from(step);
        }
        let largest = parts.iter().fold(f64::MIN_POSITIVE, |m, p| p.abs().max(m));
        let scale = FULL_WEIGHT / largest;
        QueryBounds {
            weights: parts.map(|part| (part * scale).round() as i16),
            scale,
            // Each weight is rounded by half at most.
            hidden: hidden + 0.5 * f64::from(FULL) * (PARTS + 1) as f64 / scale,
            blocks: self.blocks,
        }
    }
}

/// The bounds as one query sees them.
pub(super) struct QueryBounds<'a> {
    weights: [i16; PARTS + 1],
    scale: f64,
    /// What rounding may hide, as a cosine.
    hidden: f64,
    blocks: &'a [BoundBlock],
}

impl QueryBounds<'_> {
    /// The least sum of a row whose cosine may be `score` or more.
    pub(super) fn least_sum(&self, score: f32) -> i32 {
        ((f64::from(score) - self.hidden) * self.scale).floor() as i32
    }

    /// Adds to `rows` those of a range whose sum is `least` or more.
    pub(super) fn above(
        &self,
        range: Range<u32>,
        least: i32,
        masks: &mut Vec<u8>,
        rows: &mut Vec<u32>,
    ) -> Result<()> {
        let first = range.start as usize / BLOCK_ROWS;
        let last = (range.end as usize).div_ceil(BLOCK_ROWS);
        let blocks = self.blocks.get(first..last);
        let blocks = blocks.ok_or_else(|| Error::internal("a block of rows has no bounds"))?;
        masks.clear();
        masks.resize(blocks.len().next_multiple_of(WORD), 0);
        Kernel::best().bounded(&self.weights, blocks, least, masks);
        let firsts = ((first * BLOCK_ROWS) as u32..).step_by(WORD * BLOCK_ROWS);
        for (word, first) in masks.as_chunks::<WORD>().0.iter().zip(firsts) {
            let mut left = u64::from_le_bytes(*word);
            while left != 0 {
                let row = first + left.trailing_zeros();
                left &= left - 1;
                if range.contains(&row) {
                    rows.push(row);
                }
            }
        }
        Ok(())
    }
}

/// Bytes before the blocks.
pub(super) fn head_len(dim: usize) -> usize {
    ((PARTS + 1 + PARTS * dim) * size_of::<f32>()).next_multiple_of(size_of::<BoundBlock>())
}
