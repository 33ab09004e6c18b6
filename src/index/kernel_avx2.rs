//! Dot products in registers of 256 bits: AVX2, and AVX-VNNI where the CPU has it.

#![expect(
    unsafe_code,
    reason = "vector loads take pointers, and the functions need a CPU that has the instructions"
)]

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::kernel::{BoundBlock, MAX_DIM, Plane, join_planes};

/// A way to multiply bytes in registers of 256 bits.
///
/// The functions are compiled into their callers, which have the instructions.
pub(super) trait Wide {
    /// The values of a row that one register holds.
    const STEP: usize;

    /// `STEP` values of a query as [`Wide::add`] takes them, zeros where the mask has zeros.
    ///
    /// Safety: the CPU has the instructions, and both have `STEP` values.
    unsafe fn part(values: *const i8, mask: *const i8) -> __m256i;

    /// Adds the products of `STEP` values of a row with a part of a query.
    ///
    /// Safety: the CPU has the instructions, and the row has `STEP` values.
    unsafe fn add(sums: __m256i, row: *const i8, part: __m256i) -> __m256i;

    /// Adds the products of 16-bit numbers, and of each pair of neighbours the sum.
    ///
    /// Safety: the CPU has the instructions.
    unsafe fn add_pairs(sums: __m256i, a: __m256i, b: __m256i) -> __m256i;

    /// By how much the sums of [`Wide::add`] are too large.
    fn excess(query: Plane<'_>) -> i32;
}

/// Multiplies as 16-bit numbers.
pub(super) struct Avx2;

impl Wide for Avx2 {
    const STEP: usize = 16;

    #[inline(always)]
    unsafe fn part(values: *const i8, mask: *const i8) -> __m256i {
        // SAFETY: by this function's contract.
        unsafe {
            let (values, mask) = (_mm_loadu_si128(values.cast()), _mm_loadu_si128(mask.cast()));
            _mm256_cvtepi8_epi16(_mm_and_si128(values, mask))
        }
    }

    #[inline(always)]
    unsafe fn add(sums: __m256i, row: *const i8, part: __m256i) -> __m256i {
        // SAFETY: by this function's contract.
        unsafe {
            let row = _mm256_cvtepi8_epi16(_mm_loadu_si128(row.cast()));
            Self::add_pairs(sums, row, part)
        }
    }

    #[inline(always)]
    unsafe fn add_pairs(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: by this function's contract.
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)) }
    }

    fn excess(_: Plane<'_>) -> i32 {
        0
    }
}

/// Multiplies unsigned by signed bytes. Flipping a row's sign bits adds 128 to each of its values, so
/// the product with a query is too large by 128 times the query's sum.
pub(super) struct AvxVnni;

impl Wide for AvxVnni {
    const STEP: usize = 32;

    #[inline(always)]
    unsafe fn part(values: *const i8, mask: *const i8) -> __m256i {
        // SAFETY: by this function's contract.
        unsafe {
            let values = _mm256_loadu_si256(values.cast());
            _mm256_and_si256(values, _mm256_loadu_si256(mask.cast()))
        }
    }

    #[inline(always)]
    unsafe fn add(sums: __m256i, row: *const i8, part: __m256i) -> __m256i {
        // SAFETY: by this function's contract.
        unsafe {
            let row = _mm256_loadu_si256(row.cast());
            let unsigned = _mm256_xor_si256(row, _mm256_set1_epi8(i8::MIN));
            _mm256_dpbusd_avx_epi32(sums, unsigned, part)
        }
    }

    #[inline(always)]
    unsafe fn add_pairs(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: by this function's contract.
        unsafe { _mm256_dpwssd_avx_epi32(sums, a, b) }
    }

    fn excess(query: Plane<'_>) -> i32 {
        128 * query.sum()
    }
}

/// A query, converted once for all rows. Where its length is no multiple of a step, the last part
/// begins so that it ends with the row, and is zero where the part before it has the values: so no
/// load reads beyond its row.
struct Parts<'a> {
    parts: &'a [__m256i],
    /// Values that are read of a row: all, and at least a step.
    reach: usize,
}

/// The parts of a query that has the most dimensions, before they are written.
type Space = [MaybeUninit<__m256i>; MAX_DIM / 16];

impl<'a> Parts<'a> {
    /// Safety: the CPU has the instructions of `W`.
    #[inline(always)]
    unsafe fn new<W: Wide>(values: &[i8], space: &'a mut Space) -> Self {
        // From 32 - n on, the first n are zeros.
        static MASK: [[i8; 32]; 2] = [[0; 32], [-1; 32]];
        let reach = values.len().max(W::STEP);
        let mut padded = [0i8; 32];
        let values = if values.len() < W::STEP {
            padded.iter_mut().zip(values).for_each(|(to, &v)| *to = v);
            padded.as_slice()
        } else {
            values
        };
        let mut count = 0;
        for (slot, wanted) in space.iter_mut().zip((0..reach).step_by(W::STEP)) {
            let at = wanted.min(reach - W::STEP);
            // SAFETY: `at + W::STEP` is at most the length of `values`. The mask is read from
            // 32 - (wanted - at) on, and less than a step lies between the two.
            let part = unsafe {
                let mask = MASK.as_flattened().as_ptr().add(32 - (wanted - at));
                W::part(values.as_ptr().add(at), mask)
            };
            slot.write(part);
            count += 1;
        }
        // SAFETY: the loop wrote the first `count` places.
        let parts = unsafe { std::slice::from_raw_parts(space.as_ptr().cast(), count) };
        Self { parts, reach }
    }

    /// The sums of the products with four rows.
    ///
    /// Safety: the CPU has the instructions of `W`, with which the parts were made, and
    /// `self.reach` values can be read from each of `rows` on.
    #[inline(always)]
    unsafe fn sums<W: Wide>(&self, rows: [*const i8; 4]) -> __m128i {
        // SAFETY: by this function's contract; `at + W::STEP` is at most `self.reach`.
        unsafe {
            let mut sums = [_mm256_setzero_si256(); 4];
            for (i, &part) in self.parts.iter().enumerate() {
                let at = (i * W::STEP).min(self.reach - W::STEP);
                for (sum, row) in sums.iter_mut().zip(rows) {
                    *sum = W::add(*sum, row.add(at), part);
                }
            }
            add_lanes(sums)
        }
    }
}

/// Writes the dot products of a query with rows of a plane, four rows a step. `start` says where
/// the row begins that belongs to a place of `out`.
///
/// Safety: the CPU has the instructions of `W`, the dimension is at most [`MAX_DIM`], and whole
/// rows of `plane` begin at what `start` gives for each place of `out`.
#[inline(always)]
unsafe fn in_fours<W: Wide>(
    query: Plane<'_>,
    plane: &[i8],
    out: &mut [i32],
    start: impl Fn(usize) -> usize,
) {
    let dim = query.values().len();
    let mut space = [const { MaybeUninit::uninit() }; MAX_DIM / 16];
    // SAFETY: the caller vouches for the CPU.
    let parts = unsafe { Parts::new::<W>(query.values(), &mut space) };
    // SAFETY: as above.
    let excess = unsafe { _mm_set1_epi32(W::excess(query)) };
    let mut done = 0;
    for slots in out.chunks_mut(4) {
        // Fewer than four: the last one again.
        let starts: [usize; 4] = std::array::from_fn(|i| start(done + i.min(slots.len() - 1)));
        let mut copies = [[0i8; 32]; 4];
        let short = dim < W::STEP && starts.iter().any(|s| s + W::STEP > plane.len());
        let rows = if short {
            for (copy, start) in copies.iter_mut().zip(starts) {
                let row = plane.get(start..start + dim).unwrap_or_default();
                copy.iter_mut().zip(row).for_each(|(to, &v)| *to = v);
            }
            copies.each_ref().map(|copy| copy.as_ptr())
        } else {
            starts.map(|start| plane.as_ptr().wrapping_add(start))
        };
        // SAFETY: the caller vouches for the CPU and that rows are whole, and where a step is
        // longer than a row, the lines above asked for it or copied the rows into 32 values.
        let sums = unsafe { _mm_sub_epi32(parts.sums::<W>(rows), excess) };
        let sums: [i32; 4] = bytemuck::cast(sums);
        slots.iter_mut().zip(sums).for_each(|(to, sum)| *to = sum);
        done += slots.len();
    }
}

/// Safety: as [`super::kernel::Dots`].
#[inline(always)]
unsafe fn dots_by<W: Wide>(query: Plane<'_>, plane: &[i8], rows: &[u32], out: &mut [i32]) {
    let dim = query.values().len();
    let out = out.get_mut(..rows.len()).unwrap_or_default();
    let start = |place: usize| rows.get(place).map_or(0, |&row| row as usize * dim);
    // SAFETY: the caller vouches that the rows lie within the plane.
    unsafe { in_fours::<W>(query, plane, out, start) };
}

/// Safety: as [`super::kernel::Run`].
#[inline(always)]
unsafe fn run_by<W: Wide>(query: Plane<'_>, rows: &[i8], out: &mut [i32]) {
    let dim = query.values().len();
    // SAFETY: the caller vouches for as many whole rows as `out` has places.
    unsafe { in_fours::<W>(query, rows, out, |place| place * dim) };
}

#[target_feature(enable = "avx2")]
pub(super) unsafe fn dots_avx2(query: Plane<'_>, plane: &[i8], rows: &[u32], out: &mut [i32]) {
    // SAFETY: by this function's contract.
    unsafe { dots_by::<Avx2>(query, plane, rows, out) };
}

#[target_feature(enable = "avx2")]
pub(super) unsafe fn run_avx2(query: Plane<'_>, rows: &[i8], out: &mut [i32]) {
    // SAFETY: by this function's contract.
    unsafe { run_by::<Avx2>(query, rows, out) };
}

#[target_feature(enable = "avx2,avxvnni")]
pub(super) unsafe fn dots_avxvnni(query: Plane<'_>, plane: &[i8], rows: &[u32], out: &mut [i32]) {
    // SAFETY: by this function's contract.
    unsafe { dots_by::<AvxVnni>(query, plane, rows, out) };
}

#[target_feature(enable = "avx2,avxvnni")]
pub(super) unsafe fn run_avxvnni(query: Plane<'_>, rows: &[i8], out: &mut [i32]) {
    // SAFETY: by this function's contract.
    unsafe { run_by::<AvxVnni>(query, rows, out) };
}

/// The sum of the lanes of each.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_lanes([a, b, c, d]: [__m256i; 4]) -> __m128i {
    let halves = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    _mm_add_epi32(
        _mm256_castsi256_si128(halves),
        _mm256_extracti128_si256::<1>(halves),
    )
}

/// 16 values as 16-bit numbers, zeros for those after `count`.
///
/// Safety: `at + count` is at most the length of `values`, and `count` at most 16.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn load_wide(values: &[i8], at: usize, count: usize) -> __m256i {
    // SAFETY: by this function's contract; a short rest is copied, so nothing else is read.
    unsafe {
        let pointer = values.as_ptr().add(at);
        let bytes = if count == 16 {
            _mm_loadu_si128(pointer.cast())
        } else {
            let mut rest = [0i8; 16];
            std::ptr::copy_nonoverlapping(pointer, rest.as_mut_ptr(), count);
            _mm_loadu_si128(rest.as_ptr().cast())
        };
        _mm256_cvtepi8_epi16(bytes)
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn sum_lanes(sums: __m256i) -> i32 {
    let four = _mm_add_epi32(
        _mm256_castsi256_si128(sums),
        _mm256_extracti128_si256::<1>(sums),
    );
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b00_00_11_10>(four));
    let one = _mm_add_epi32(two, _mm_shuffle_epi32::<0b00_00_00_01>(two));
    _mm_cvtsi128_si32(one)
}

#[target_feature(enable = "avx2")]
pub(super) unsafe fn dot16_avx2(
    [high, low]: [Plane<'_>; 2],
    [row_high, row_low]: [&[i8]; 2],
) -> i64 {
    let dim = high.values().len();
    let mut sums = [_mm256_setzero_si256(); 3];
    let mut at = 0;
    while at < dim {
        let count = (dim - at).min(16);
        // SAFETY: the caller vouches that all planes have the same length.
        let (qh, ql, rh, rl) = unsafe {
            (
                load_wide(high.values(), at, count),
                load_wide(low.values(), at, count),
                load_wide(row_high, at, count),
                load_wide(row_low, at, count),
            )
        };
        let [hh, mixed, ll] = sums;
        let crossed = _mm256_add_epi32(_mm256_madd_epi16(qh, rl), _mm256_madd_epi16(ql, rh));
        sums = [
            _mm256_add_epi32(hh, _mm256_madd_epi16(qh, rh)),
            _mm256_add_epi32(mixed, crossed),
            _mm256_add_epi32(ll, _mm256_madd_epi16(ql, rl)),
        ];
        at += count;
    }
    let [hh, mixed, ll] = sums;
    join_planes(sum_lanes(hh), sum_lanes(mixed), sum_lanes(ll))
}

/// Bytes between the bounds that are compared and those that the memory is asked for.
const AHEAD: usize = 4 << 10;

#[target_feature(enable = "avx2")]
pub(super) unsafe fn bounded_avx2(
    weights: &[i16; 8],
    blocks: &[BoundBlock],
    least: i32,
    masks: &mut [u8],
) {
    let [a, b, c, d] = [0, 2, 4, 6].map(|at| {
        let pair = |at: usize| weights.get(at).map_or(0, |&w| i32::from(w as u16));
        _mm256_set1_epi32(pair(at + 1) << 16 | pair(at))
    });
    let least = _mm256_set1_epi32(least);
    for (block, mask) in blocks.iter().zip(masks) {
        let values = block.as_ptr().cast::<__m128i>();
        _mm_prefetch::<_MM_HINT_T0>(block.as_ptr().wrapping_add(AHEAD));
        // SAFETY: a block has four times 16 values.
        let [p, q, r, s] = unsafe {
            // No closure: it would be called.
            [
                _mm256_cvtepi8_epi16(_mm_loadu_si128(values)),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(values.add(1))),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(values.add(2))),
                _mm256_cvtepi8_epi16(_mm_loadu_si128(values.add(3))),
            ]
        };
        let left = _mm256_add_epi32(_mm256_madd_epi16(p, a), _mm256_madd_epi16(q, b));
        let right = _mm256_add_epi32(_mm256_madd_epi16(r, c), _mm256_madd_epi16(s, d));
        let below = _mm256_cmpgt_epi32(least, _mm256_add_epi32(left, right));
        *mask = !(_mm256_movemask_ps(_mm256_castsi256_ps(below)) as u8);
    }
}
