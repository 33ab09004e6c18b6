//! Integer dot products over byte planes, by the best instructions of this CPU.
//!
//! All sums are exact integers, so every kernel returns what the scalar one returns, bit by bit:
//! which CPU ran a search cannot be seen in its result. Dimensions go up to [`MAX_DIM`], which
//! keeps every 32-bit sum below its limit.

#![expect(
    unsafe_code,
    reason = "the instructions that a CPU may lack are called only after asking for them"
)]

use super::block::{FillBlock, Spread, spread};

/// The largest dimension: 4 * 4096 products of at most 255 * 128 stay far below `i32::MAX`.
pub(crate) const MAX_DIM: usize = 4096;

/// One byte plane of a query, with its sum, which some kernels need.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    values: &'a [i8],
    sum: i32,
}

impl<'a> Plane<'a> {
    /// The plane of these values, one a dimension.
    pub fn new(values: &'a [i8]) -> Self {
        let sum = values.iter().map(|&v| i32::from(v)).sum();
        Self { values, sum }
    }

    /// One value a dimension.
    pub fn values(self) -> &'a [i8] {
        self.values
    }

    /// The sum of the values.
    pub fn sum(self) -> i32 {
        self.sum
    }
}

/// Writes to `out` the dot product of `query` with each of `rows` of a plane of whole rows.
///
/// Safety: the CPU has the kernel's instructions, every row lies within the plane, `out` is at
/// least as long as `rows`, and the dimension is at most [`MAX_DIM`].
pub(super) type Dots = unsafe fn(query: Plane<'_>, plane: &[i8], rows: &[u32], out: &mut [i32]);

/// The same for consecutive rows, as many as `out` has places.
///
/// Safety: the CPU has the kernel's instructions, `rows` has at least as many whole rows as `out` has
/// places, and the dimension is at most [`MAX_DIM`].
pub(super) type Run = unsafe fn(query: Plane<'_>, rows: &[i8], out: &mut [i32]);

/// Bytes of 8 rows, as [`super::bounds::Bounds`] lays them out: pairs of numbers, row by row.
pub(super) type BoundBlock = [i8; 64];

/// Sets a bit of `masks`, one byte a block, for each row whose 8 numbers times `weights` sum up to `least`
/// or more. No sum leaves 32 bits.
///
/// Safety: the CPU has the kernel's instructions.
pub(super) type Bounded =
    unsafe fn(weights: &[i16; 8], blocks: &[BoundBlock], least: i32, masks: &mut [u8]);

/// The dot product of two vectors of 16-bit numbers, each given as its high and low plane.
///
/// Safety: the CPU has the kernel's instructions, all four planes have the same length, which is
/// at most [`MAX_DIM`].
pub(super) type Dot16 = unsafe fn(query: [Plane<'_>; 2], row: [&[i8]; 2]) -> i64;

/// A set of instructions to compute dot products with.
#[derive(Debug)]
pub struct Kernel {
    name: &'static str,
    dots: Dots,
    dot16: Dot16,
    run: Option<Run>,
    block: Option<FillBlock>,
    spread: Spread,
    bounded: Bounded,
}

impl Kernel {
    pub(super) const fn new(name: &'static str, dots: Dots, dot16: Dot16) -> Self {
        Self {
            name,
            dots,
            dot16,
            run: None,
            block: None,
            spread,
            bounded: scalar_bounded,
        }
    }

    pub(super) const fn with_run(self, run: Run) -> Self {
        Self {
            run: Some(run),
            ..self
        }
    }

    pub(super) const fn with_block(self, block: FillBlock) -> Self {
        Self {
            block: Some(block),
            ..self
        }
    }

    pub(super) const fn with_spread(self, spread: Spread) -> Self {
        Self { spread, ..self }
    }

    pub(super) const fn with_bounded(self, bounded: Bounded) -> Self {
        Self { bounded, ..self }
    }

    /// Sets a bit for each row whose bound is `least` or more: [`Bounded`].
    pub(super) fn bounded(
        &self,
        weights: &[i16; 8],
        blocks: &[BoundBlock],
        least: i32,
        masks: &mut [u8],
    ) {
        // SAFETY: kernels are handed out only by `all`, which asks the CPU.
        unsafe { (self.bounded)(weights, blocks, least, masks) };
    }

    /// The choice of links, compiled for this kernel's instructions.
    pub(super) fn spread(&self) -> Spread {
        self.spread
    }

    /// How this kernel fills a block of cosines, if it has a way of its own.
    pub(super) fn block(&self) -> Option<FillBlock> {
        self.block
    }

    /// The instructions: `avx512vnni`, `avxvnni`, `avx2`, `neon` or `scalar`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Writes to `out` the dot products of `query` with the given rows of `plane`, which holds
    /// whole rows one after another. Returns whether all rows lie within the plane and `out` has
    /// room; if not, nothing is written.
    #[must_use]
    pub fn dots(&self, query: Plane<'_>, plane: &[i8], rows: &[u32], out: &mut [i32]) -> bool {
        let dim = query.values.len();
        let stored = plane.len().checked_div(dim).unwrap_or(0);
        let fits = dim <= MAX_DIM
            && out.len() >= rows.len()
            && rows.iter().all(|&row| (row as usize) < stored);
        if fits {
            // SAFETY: kernels are handed out only by `all`, which asks the CPU; rows and lengths
            // were checked in the lines above.
            unsafe { (self.dots)(query, plane, rows, out) };
        }
        fits
    }

    /// Writes to `out` the dot products of `query` with as many consecutive rows, the first of which begins
    /// where `rows` does. Returns whether there are so many; if not, nothing is written.
    #[must_use]
    pub fn dots_of_run(&self, query: Plane<'_>, rows: &[i8], out: &mut [i32]) -> bool {
        let dim = query.values.len();
        let fits = (1..=MAX_DIM).contains(&dim) && out.len() <= rows.len() / dim;
        if !fits {
            return false;
        }
        if let Some(run) = self.run {
            // SAFETY: kernels are handed out only by `all`, which asks the CPU; rows and lengths
            // were checked in the lines above.
            unsafe { run(query, rows, out) };
            return true;
        }
        let numbers: [u32; 64] = std::array::from_fn(|i| i as u32);
        rows.chunks(64 * dim)
            .zip(out.chunks_mut(64))
            .all(|(rows, out)| {
                let some = numbers.get(..out.len()).unwrap_or_default();
                self.dots(query, rows, some, out)
            })
    }

    /// The dot product of two vectors of 16-bit numbers, each as its planes `[high, low]`, or
    /// `None` if their lengths differ.
    pub fn dot16(&self, query: [Plane<'_>; 2], row: [&[i8]; 2]) -> Option<i64> {
        let [high, low] = query;
        let dim = high.values.len();
        let [row_high, row_low] = row;
        let fits = dim <= MAX_DIM
            && [low.values.len(), row_high.len(), row_low.len()]
                .iter()
                .all(|&len| len == dim);
        // SAFETY: kernels are handed out only by `all`, which asks the CPU; the lengths were
        // checked in the line above.
        fits.then(|| unsafe { (self.dot16)(query, row) })
    }
}

/// The dot product of two planes, in plain Rust: what every kernel must equal.
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| i32::from(x) * i32::from(y))
        .sum()
}

/// Puts the sums of products of the planes together: high by high, the two mixed ones, low by low.
pub(super) fn join_planes(high: i32, mixed: i32, low: i32) -> i64 {
    65536 * i64::from(high) + 256 * i64::from(mixed) + i64::from(low)
}

pub(super) static SCALAR: Kernel = Kernel::new("scalar", scalar_dots, scalar_dot16);

fn scalar_dots(query: Plane<'_>, plane: &[i8], rows: &[u32], out: &mut [i32]) {
    let dim = query.values.len();
    for (&row, slot) in rows.iter().zip(out) {
        let start = row as usize * dim;
        if let Some(values) = plane.get(start..start + dim) {
            *slot = dot_i8(query.values, values);
        }
    }
}

fn scalar_bounded(weights: &[i16; 8], blocks: &[BoundBlock], least: i32, masks: &mut [u8]) {
    let (pairs, _) = weights.as_chunks::<2>();
    for (block, mask) in blocks.iter().zip(masks) {
        let mut sums = [0i32; 8];
        for (values, [first, second]) in block.as_chunks::<16>().0.iter().zip(pairs) {
            for (sum, [a, b]) in sums.iter_mut().zip(values.as_chunks::<2>().0) {
                *sum += i32::from(*a) * i32::from(*first) + i32::from(*b) * i32::from(*second);
            }
        }
        let bits = sums.iter().zip(0u8..);
        *mask = bits.fold(0, |mask, (&sum, at)| mask | (u8::from(sum >= least) << at));
    }
}

fn scalar_dot16([high, low]: [Plane<'_>; 2], [row_high, row_low]: [&[i8]; 2]) -> i64 {
    join_planes(
        dot_i8(high.values, row_high),
        dot_i8(high.values, row_low) + dot_i8(low.values, row_high),
        dot_i8(low.values, row_low),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::collection::vec;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Extreme values often, because they are where a kernel would saturate.
    fn value() -> impl Strategy<Value = i8> {
        prop_oneof![Just(-128i8), Just(127), Just(-127), Just(0), any::<i8>()]
    }

    /// A value that no kernel computes here.
    const UNTOUCHED: i32 = i32::MIN;

    fn check_dots(query: &[i8], plane: &[i8], rows: &[u32]) {
        let dim = query.len();
        let expected: Vec<i32> = rows
            .iter()
            .map(|&r| dot_i8(query, &plane[r as usize * dim..(r as usize + 1) * dim]))
            .collect();
        for kernel in Kernel::all() {
            let mut found = vec![UNTOUCHED; rows.len() + 3];
            assert!(kernel.dots(Plane::new(query), plane, rows, &mut found));
            let rest = found.split_off(rows.len());
            assert_eq!(found, expected, "{} at dimension {dim}", kernel.name());
            assert_eq!(rest, [UNTOUCHED; 3], "{} at {dim}", kernel.name());
        }
    }

    /// All rows of a plane.
    fn check_run(query: &[i8], plane: &[i8]) {
        let expected: Vec<i32> = plane
            .chunks_exact(query.len())
            .map(|row| dot_i8(query, row))
            .collect();
        for kernel in Kernel::all() {
            let mut found = vec![0; expected.len()];
            assert!(kernel.dots_of_run(Plane::new(query), plane, &mut found));
            assert_eq!(found, expected, "{} at {}", kernel.name(), query.len());
        }
    }

    /// The dot product of the 16-bit numbers themselves, in 64 bits.
    fn dot16_of(high: &[i8], low: &[i8], row_high: &[i8], row_low: &[i8]) -> i64 {
        let join = |h: &[i8], l: &[i8]| -> Vec<i64> {
            h.iter()
                .zip(l)
                .map(|(&h, &l)| 256 * i64::from(h) + i64::from(l))
                .collect()
        };
        join(high, low)
            .iter()
            .zip(join(row_high, row_low))
            .map(|(a, b)| a * b)
            .sum()
    }

    fn check_dot16(planes: &[Vec<i8>; 4]) {
        let [high, low, row_high, row_low] = planes;
        let expected = dot16_of(high, low, row_high, row_low);
        for kernel in Kernel::all() {
            let query = [Plane::new(high), Plane::new(low)];
            let found = kernel.dot16(query, [row_high, row_low]).unwrap();
            assert_eq!(found, expected, "{} at {}", kernel.name(), high.len());
        }
    }

    #[test]
    fn every_length_and_every_extreme_is_exact() {
        for dim in (1..=300).chain([1000, 1023, 2048, MAX_DIM - 1, MAX_DIM]) {
            for (a, b) in [(-128, -128), (-128, 127), (127, 127), (-127, 127), (1, -1)] {
                check_dots(&vec![a; dim], &vec![b; 3 * dim], &[2, 0]);
                check_run(&vec![a; dim], &vec![b; 3 * dim]);
                check_dot16(&[vec![a; dim], vec![b; dim], vec![b; dim], vec![a; dim]]);
                check_dot16(&[vec![a; dim], vec![a; dim], vec![a; dim], vec![a; dim]]);
            }
        }
    }

    #[test]
    fn rows_out_of_the_plane_are_refused() {
        for kernel in Kernel::all() {
            let query = [1i8; 4];
            let plane = [1i8; 12];
            let mut out = [0; 2];
            for rows in [[0, 3], [u32::MAX, 0]] {
                assert!(!kernel.dots(Plane::new(&query), &plane, &rows, &mut out));
            }
            assert!(!kernel.dots(Plane::new(&query), &plane, &[0, 1, 2], &mut out));
            assert!(!kernel.dots(Plane::new(&[]), &plane, &[0], &mut out));
            assert!(!kernel.dots_of_run(Plane::new(&query), &plane[..7], &mut out));
            assert!(!kernel.dots_of_run(Plane::new(&[]), &plane, &mut out));
            let planes = [Plane::new(&query), Plane::new(&query)];
            assert_eq!(kernel.dot16(planes, [&[1; 4], &[1; 3]]), None);
        }
    }

    /// Rows of every length, one to nine of them, that begin anywhere in a cache line. Around them lie
    /// values that a sum shows at once.
    #[test]
    fn values_before_and_after_the_rows_count_for_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(20);
        let large = [
            255,
            256,
            257,
            511,
            513,
            1000,
            1023,
            2048,
            MAX_DIM - 1,
            MAX_DIM,
        ];
        for dim in (1..=200).chain(large) {
            let starts: Vec<usize> = match dim {
                ..=40 => (0..64).collect(),
                _ => [0, 1, rng.random_range(2..64)].to_vec(),
            };
            let query = some_bytes(&mut rng, dim);
            let all = some_bytes(&mut rng, 64 + 9 * dim + 64);
            for start in starts {
                for rows in 1..=9usize {
                    let plane = &all[start..start + rows * dim];
                    check_run(&query, plane);
                    let row = |_| rng.random_range(0..rows as u32);
                    let some: Vec<u32> = (0..10 - rows).map(row).collect();
                    check_dots(&query, plane, &some);
                }
            }
            let planes = [(); 4].map(|()| some_bytes(&mut rng, dim));
            check_dot16(&planes);
        }
    }

    /// Any values, and extremes in every third place.
    fn some_bytes(rng: &mut ChaCha8Rng, len: usize) -> Vec<i8> {
        let extremes = [i8::MIN, i8::MAX, -127];
        (0..len)
            .map(|_| match rng.random_range(0..9) {
                at @ 0..3 => extremes[at],
                _ => rng.random(),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn bounds_equal_the_scalar_ones(
            weights in proptest::array::uniform8(-32_000i16..=32_000),
            values in vec(value(), 0..64 * 9),
            least in -40_000_000i32..40_000_000,
        ) {
            let blocks: Vec<BoundBlock> = values.as_chunks().0.to_vec();
            let sums: Vec<i32> = (0..8 * blocks.len())
                .map(|row| {
                    let block = blocks[row / 8];
                    let number = |at: usize| block[at / 2 * 16 + row % 8 * 2 + at % 2];
                    (0..8).map(|at| i32::from(number(at)) * i32::from(weights[at])).sum()
                })
                .collect();
            let least = sums.first().copied().filter(|_| least % 2 == 0).unwrap_or(least);
            for kernel in Kernel::all() {
                let mut masks = vec![0xA5; blocks.len()];
                kernel.bounded(&weights, &blocks, least, &mut masks);
                for (row, &sum) in sums.iter().enumerate() {
                    let bit = masks[row / 8] >> (row % 8) & 1;
                    prop_assert_eq!(bit == 1, sum >= least, "{} row {}", kernel.name(), row);
                }
            }
        }

        #[test]
        fn dots_equal_the_scalar_ones(
            (query, plane, rows) in (1usize..300).prop_flat_map(|dim| (
                vec(value(), dim),
                vec(value(), 5 * dim),
                vec(0u32..5, 0..40),
            ))
        ) {
            check_dots(&query, &plane, &rows);
        }

        #[test]
        fn dots_of_runs_equal_the_scalar_ones(
            (query, plane) in (1usize..150, 0usize..150).prop_flat_map(|(dim, rows)| (
                vec(value(), dim),
                vec(value(), rows * dim),
            ))
        ) {
            check_run(&query, &plane);
        }

        #[test]
        fn dot16_equals_the_product_of_the_numbers(
            planes in (0usize..300).prop_flat_map(|dim| [
                vec(value(), dim), vec(value(), dim), vec(value(), dim), vec(value(), dim),
            ])
        ) {
            check_dot16(&planes);
        }
    }
}
