//! Making the bounds of rows.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::bounds::{BLOCK_ROWS, FULL, PARTS, SQUARE_SLACK, head_len};
use super::kernel::BoundBlock;
use super::rows::Rows;
use crate::error::Result;
use crate::numeric::dot::dot;
use crate::numeric::matrix::leading;

/// Dimensions with which bounds are made: of fewer numbers a row's code is as short, of more the
/// directions hold too little and cost too much.
const DIMS: RangeInclusive<usize> = 16..=512;
/// Fewer rows are scanned in no time.
const LEAST_ROWS: usize = 1 << 12;
/// The rows on which directions are found.
const SAMPLE: usize = 1 << 13;
/// The mean share of a row's squares that the directions must hold.
const LEAST_SHARE: f64 = 0.5;

/// The section of the [`Bounds`](super::Bounds) of `rows`. `None` where they would not pay: of few rows, of
/// vectors that are too short or too long, and where seven directions hold too little of the vectors.
///
/// # Errors
/// [`crate::Error::Internal`] if the rows do not hold together.
pub fn build_bounds(rows: &Rows<'_>) -> Result<Option<Vec<u8>>> {
    let dim = rows.dim();
    if rows.len() < LEAST_ROWS || !DIMS.contains(&dim) {
        return Ok(None);
    }
    let Some(directions) = directions(rows)? else {
        return Ok(None);
    };
    let steps = steps(rows, &directions)?;
    let mut head: Vec<f32> = steps.to_vec();
    head.extend_from_slice(&directions);
    head.resize(head_len(dim) / size_of::<f32>(), 0.0);
    let mut bytes: Vec<u8> = bytemuck::cast_slice(&head).to_vec();
    let blocks: Vec<BoundBlock> = (0..rows.len().div_ceil(BLOCK_ROWS))
        .into_par_iter()
        .map_init(Vec::new, |vector, block| {
            fill_block(rows, &directions, &steps, block, vector)
        })
        .collect::<Result<_>>()?;
    bytes.extend_from_slice(bytemuck::cast_slice(&blocks));
    Ok(Some(bytes))
}

/// The directions that hold most of the rows' squares, or `None` if that is too little.
fn directions(rows: &Rows<'_>) -> Result<Option<Vec<f32>>> {
    let (n, dim) = (rows.len(), rows.dim());
    let sample = n.min(SAMPLE);
    let mut products = vec![0.0; dim * dim];
    for i in 0..sample {
        let vector = rows.vector((i * n / sample) as u32)?;
        for (line, &x) in products.chunks_exact_mut(dim).zip(&vector) {
            for (sum, &y) in line.iter_mut().zip(&vector) {
                *sum += f64::from(x) * f64::from(y);
            }
        }
    }
    let found = leading(&products, dim, PARTS);
    let held: f64 = found.iter().map(|(value, _)| value).sum();
    if found.len() < PARTS || held < LEAST_SHARE * sample as f64 {
        return Ok(None);
    }
    let directions = found.into_iter().flat_map(|(_, vector)| vector);
    Ok(Some(directions.map(|x| x as f32).collect()))
}

/// The parts of a row and the length of its rest. `vector` is a buffer.
fn parts_of(
    rows: &Rows<'_>,
    directions: &[f32],
    row: u32,
    vector: &mut Vec<f32>,
) -> Result<[f32; PARTS + 1]> {
    rows.vector_into(row, vector)?;
    let mut parts = [0.0; PARTS + 1];
    let mut held = 0.0;
    for (part, direction) in parts.iter_mut().zip(directions.chunks_exact(rows.dim())) {
        *part = dot(vector, direction);
        held += *part * *part;
    }
    if let Some(rest) = parts.last_mut() {
        *rest = (1.0 - held + SQUARE_SLACK).max(0.0).sqrt();
    }
    Ok(parts)
}

/// The step of each byte: what is largest fills it. The parts are worked out again when the blocks are
/// filled, because to keep them would take 32 bytes a row.
fn steps(rows: &Rows<'_>, directions: &[f32]) -> Result<[f32; PARTS + 1]> {
    let larger = |a: [f32; PARTS + 1], b: [f32; PARTS + 1]| {
        let mut both = a;
        for (x, y) in both.iter_mut().zip(b) {
            *x = x.max(y.abs());
        }
        Ok(both)
    };
    let largest = (0..rows.len() as u32)
        .into_par_iter()
        .map_init(Vec::new, |vector, row| {
            parts_of(rows, directions, row, vector)
        })
        .try_reduce(|| [0.0; PARTS + 1], larger)?;
    Ok(largest.map(|part| part.max(SQUARE_SLACK) / FULL))
}

fn fill_block(
    rows: &Rows<'_>,
    directions: &[f32],
    steps: &[f32; PARTS + 1],
    block: usize,
    vector: &mut Vec<f32>,
) -> Result<BoundBlock> {
    let mut bytes: BoundBlock = [0; 64];
    for place in 0..BLOCK_ROWS {
        let row = block * BLOCK_ROWS + place;
        if row >= rows.len() {
            break;
        }
        let parts = parts_of(rows, directions, row as u32, vector)?;
        for (at, (part, step)) in parts.iter().zip(steps).enumerate() {
            let steps = part / step;
            let steps = if at == PARTS {
                steps.ceil()
            } else {
                steps.round()
            };
            let pair = at / 2 * 2 * BLOCK_ROWS;
            if let Some(byte) = bytes.get_mut(pair + 2 * place + at % 2) {
                *byte = steps.clamp(-FULL, FULL) as i8;
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::path::Path;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::super::kernel_choice::tests::with_kernel;
    use super::super::{Bounds, Kernel, Query, RowSet, RowsBuilder, Scratch, scan};
    use super::*;
    use crate::error::Error;

    /// Vectors whose numbers fall off by `power` of their place, turned by mixing neighbours, so that
    /// no number alone says much.
    fn vectors(n: usize, dim: usize, power: f32, seed: u64) -> Vec<Vec<f32>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut centre = vec![0.0; dim];
        let mut made = Vec::new();
        for i in 0..n {
            if i % 50 == 0 {
                centre = (0..dim).map(|_| rng.random_range(-1f32..1.0)).collect();
            }
            let mut vector: Vec<f32> = (0..dim)
                .map(|k| {
                    let noise = rng.random_range(-0.3f32..0.3);
                    (centre[k] + noise) / (1.0 + k as f32).powf(power)
                })
                .collect();
            for k in 0..dim - 1 {
                let (a, b) = (vector[k], vector[k + 1]);
                (vector[k], vector[k + 1]) = (0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b);
            }
            made.push(vector);
        }
        made
    }

    fn stored(vectors: &[Vec<f32>]) -> RowsBuilder {
        let mut rows = RowsBuilder::new(vectors[0].len()).unwrap();
        for vector in vectors {
            rows.push(vector).unwrap();
        }
        rows
    }

    #[test]
    fn a_row_is_never_dismissed_for_a_score_that_it_has() {
        for (dim, power) in [(16, 0.5), (48, 1.0), (100, 2.0), (512, 1.5)] {
            let made = vectors(LEAST_ROWS + 5, dim, power, dim as u64);
            let builder = stored(&made);
            let rows = builder.view();
            let section = build_bounds(&rows).unwrap().unwrap();
            let bounds = Bounds::new(Path::new("x.seg"), dim, rows.len(), &section).unwrap();
            let opposite: Vec<f32> = made[9].iter().map(|x| -x).collect();
            let mut one = vec![0.0; dim];
            one[dim - 1] = 1.0;
            for asked in [&made[0], &made[77], &opposite, &one] {
                let query = Query::new(asked).unwrap();
                let of = bounds.of(&query);
                let (mut masks, mut found) = (Vec::new(), Vec::new());
                for row in 0..rows.len() as u32 {
                    let score = rows.exact(&query, row).unwrap();
                    found.clear();
                    of.above(row..row + 1, of.least_sum(score), &mut masks, &mut found)
                        .unwrap();
                    assert_eq!(found, [row], "{dim} numbers, score {score}");
                }
            }
        }
    }

    #[test]
    fn a_scan_with_bounds_answers_what_one_without_answers() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for (dim, power) in [(16, 0.5), (48, 1.0), (130, 2.0)] {
            let made = vectors(3 * LEAST_ROWS + 3, dim, power, 4);
            let builder = stored(&made);
            let plain = builder.view();
            let section = build_bounds(&plain).unwrap().unwrap();
            let n = plain.len() as u32;
            let bounded = plain.with_bounds(&section).unwrap();
            let some = (0..40).map(|_| {
                let start = rng.random_range(0..n);
                start..start + rng.random_range(1..900)
            });
            let sets = [RowSet::all(n), RowSet::from_ranges(some), RowSet::default()];
            for limit in [1, 10, 300] {
                for asked in [&made[5], &made[4000], &vec![1.0; dim]] {
                    for allowed in &sets {
                        let query = Query::new(asked).unwrap();
                        let scan_of =
                            |rows| scan(rows, &query, limit, allowed, &mut Scratch::new()).unwrap();
                        let expected = scan_of(&plain);
                        for kernel in Kernel::all() {
                            let found = with_kernel(kernel, || scan_of(&bounded));
                            assert_eq!(found, expected, "{}", kernel.name());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn bounds_dismiss_most_rows() {
        let made = vectors(4 * LEAST_ROWS, 48, 1.0, 1);
        let builder = stored(&made);
        let rows = builder.view();
        let section = build_bounds(&rows).unwrap().unwrap();
        let bounds = Bounds::new(Path::new("x.seg"), 48, rows.len(), &section).unwrap();
        let query = Query::new(&made[100]).unwrap();
        let all = RowSet::all(rows.len() as u32);
        let nearest = scan(&rows, &query, 10, &all, &mut Scratch::new()).unwrap();
        let (mut masks, mut found) = (Vec::new(), Vec::new());
        let of = bounds.of(&query);
        let least = of.least_sum(nearest[9].score);
        of.above(0..rows.len() as u32, least, &mut masks, &mut found)
            .unwrap();
        assert!(
            found.len() < rows.len() / 50,
            "{} of {}",
            found.len(),
            rows.len()
        );
    }

    #[test]
    fn there_are_no_bounds_where_they_would_not_pay() {
        let even: Vec<Vec<f32>> = vectors(LEAST_ROWS, 64, 0.0, 2);
        let long = vectors(LEAST_ROWS, 513, 2.0, 2);
        let short = vectors(LEAST_ROWS, 15, 2.0, 2);
        let few = vectors(LEAST_ROWS - 1, 48, 2.0, 2);
        for made in [even, long, short, few] {
            assert_eq!(build_bounds(&stored(&made).view()).unwrap(), None);
        }
        assert_eq!(
            build_bounds(&RowsBuilder::new(48).unwrap().view()).unwrap(),
            None
        );
    }

    #[test]
    fn a_section_of_another_length_is_corrupt() {
        let builder = stored(&vectors(LEAST_ROWS, 48, 1.0, 1));
        let rows = builder.view();
        let section = build_bounds(&rows).unwrap().unwrap();
        for bad in [&section[..section.len() - 1], &section[..100], &[]] {
            let error = rows.with_bounds(bad).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        }
    }

    /// `verify` finds them; until then they may hide rows, and nothing worse.
    #[test]
    fn damaged_bounds_lead_to_no_panic() {
        let made = vectors(LEAST_ROWS + 1, 16, 1.0, 1);
        let builder = stored(&made);
        let rows = builder.view();
        let section = build_bounds(&rows).unwrap().unwrap();
        let query = Query::new(&made[3]).unwrap();
        let all = RowSet::all(rows.len() as u32);
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        for _ in 0..200 {
            let mut bad = section.clone();
            for _ in 0..8 {
                let at = rng.random_range(0..head_len(16) + 256);
                bad[at] = rng.random();
            }
            let found = rows.with_bounds(&bad).unwrap();
            let found = scan(&found, &query, 10, &all, &mut Scratch::new()).unwrap();
            assert_eq!(found.len(), 10);
        }
    }
}
