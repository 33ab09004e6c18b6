//! Dot products for x86-64: AVX-512 VNNI, and where that is missing AVX-VNNI or AVX2.

#![expect(
    unsafe_code,
    reason = "vector loads take pointers, and the functions need a CPU that has the instructions"
)]

use std::arch::x86_64::*;

use super::kernel::{Kernel, Plane, join_planes};
use super::kernel_avx2::{self, add_lanes};
use super::{block_avx2, block_x86};

static VNNI: Kernel = Kernel::new("avx512vnni", dots_vnni, dot16_vnni)
    .with_run(run_vnni)
    .with_block(block_x86::fill_block)
    .with_spread(block_x86::spread_avx512)
    .with_bounded(kernel_avx2::bounded_avx2);
static AVX_VNNI: Kernel = Kernel::new(
    "avxvnni",
    kernel_avx2::dots_avxvnni,
    kernel_avx2::dot16_avx2,
)
.with_run(kernel_avx2::run_avxvnni)
.with_block(block_avx2::fill_block_avxvnni)
.with_spread(block_x86::spread_avx2)
.with_bounded(kernel_avx2::bounded_avx2);
static AVX2: Kernel = Kernel::new("avx2", kernel_avx2::dots_avx2, kernel_avx2::dot16_avx2)
    .with_run(kernel_avx2::run_avx2)
    .with_block(block_avx2::fill_block_avx2)
    .with_spread(block_x86::spread_avx2)
    .with_bounded(kernel_avx2::bounded_avx2);

/// The kernels that this CPU can run, the fastest first.
pub(super) fn detected() -> impl Iterator<Item = &'static Kernel> {
    let vnni = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni");
    let avx2 = is_x86_feature_detected!("avx2");
    let avx_vnni = avx2 && is_x86_feature_detected!("avxvnni");
    [(vnni, &VNNI), (avx_vnni, &AVX_VNNI), (avx2, &AVX2)]
        .into_iter()
        .filter_map(|(has, kernel)| has.then_some(kernel))
}

/// Asks the memory for `count` values from `at` on.
#[inline(always)]
pub(super) fn prefetch<T>(values: &[T], at: usize, count: usize) {
    let start = values.as_ptr().wrapping_add(at).cast::<i8>();
    let last = start.wrapping_add((count * size_of::<T>()).saturating_sub(1));
    let mut line = start.wrapping_sub(start.addr() % 64);
    while line <= last {
        // SAFETY: a prefetch reads nothing that could be observed, whatever its address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
        line = line.wrapping_add(64);
    }
}

/// Up to 64 values, zeros after them.
///
/// Safety: `at + count` is at most the length of `values`, and `count` at most 64.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn load(values: &[i8], at: usize, count: usize) -> __m512i {
    // SAFETY: by this function's contract; the lanes that are masked out are not read.
    unsafe {
        let pointer = values.as_ptr().add(at);
        if count == 64 {
            _mm512_loadu_si512(pointer.cast())
        } else {
            _mm512_maskz_loadu_epi8((1u64 << count) - 1, pointer)
        }
    }
}

/// VNNI multiplies unsigned by signed bytes. Flipping a row's sign bits adds 128 to each of its
/// values, so the product with a query is too large by 128 times the query's sum.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn add_products(sums: __m512i, row: __m512i, query: __m512i) -> __m512i {
    let unsigned = _mm512_xor_si512(row, _mm512_set1_epi8(i8::MIN));
    _mm512_dpbusd_epi32(sums, unsigned, query)
}

/// Four rows at a time, because adding up the lanes of a sum takes longer than the products.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn dots_vnni(query: Plane<'_>, plane: &[i8], rows: &[u32], out: &mut [i32]) {
    let too_large = _mm_set1_epi32(128 * query.sum());
    let (fours, rest) = rows.as_chunks::<4>();
    let (slots, last_slots) = out.as_chunks_mut::<4>();
    for (&four, slot) in fours.iter().zip(slots.iter_mut()) {
        // SAFETY: the caller vouches that the rows lie within the plane.
        let sums = _mm_sub_epi32(unsafe { four_sums(query, plane, four) }, too_large);
        *slot = bytemuck::cast(sums);
    }
    let Some(&first) = rest.first() else {
        return;
    };
    let mut four = [first; 4];
    four.iter_mut().zip(rest).for_each(|(to, &row)| *to = row);
    // SAFETY: as above.
    let sums = _mm_sub_epi32(unsafe { four_sums(query, plane, four) }, too_large);
    let sums: [i32; 4] = bytemuck::cast(sums);
    // What follows a whole four begins in the next four slots, or in what is left after them.
    let slots = slots
        .get_mut(fours.len())
        .map_or(last_slots, |s| s.as_mut_slice());
    slots
        .iter_mut()
        .zip(sums)
        .take(rest.len())
        .for_each(|(slot, sum)| *slot = sum);
}

/// Sixteen rows at a time: what adds up the lanes of sixteen sums at once takes a third of what four
/// times four take, and consecutive rows need no numbers.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn run_vnni(query: Plane<'_>, rows: &[i8], out: &mut [i32]) {
    let values = query.values();
    let dim = values.len();
    let too_large = _mm512_set1_epi32(128 * query.sum());
    for (i, slots) in out.chunks_mut(16).enumerate() {
        let mut sums = [_mm512_setzero_si512(); 16];
        let mut at = 0;
        while at < dim {
            let count = (dim - at).min(64);
            // SAFETY: `at + count` is at most the dimension.
            let q = unsafe { load(values, at, count) };
            for (j, sum) in sums.iter_mut().enumerate().take(slots.len()) {
                // SAFETY: the caller vouches for as many whole rows as `out` has slots.
                let row = unsafe { load(rows, (16 * i + j) * dim + at, count) };
                *sum = add_products(*sum, row, q);
            }
            at += count;
        }
        let sums = _mm512_sub_epi32(add_all_lanes(sums), too_large);
        let all = ((1u32 << slots.len()) - 1) as u16;
        // SAFETY: as many lanes are written as there are slots.
        unsafe { _mm512_mask_storeu_epi32(slots.as_mut_ptr(), all, sums) };
    }
}

/// The sum of the lanes of each.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_all_lanes(sums: [__m512i; 16]) -> __m512i {
    // Each step adds two halves of two vectors, and leaves half as many vectors.
    let pair = |a, b| _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let four = |a, b| _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    let quarters = |a, b| {
        let even = _mm512_shuffle_i32x4::<0b10_00_10_00>(a, b);
        _mm512_add_epi32(even, _mm512_shuffle_i32x4::<0b11_01_11_01>(a, b))
    };
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = sums;
    // 128-bit lane x of `fours(a, b, c, d)` has what lanes x of a, b, c and d add up to.
    let fours = |a, b, c, d| four(pair(a, b), pair(c, d));
    let (first, second) = (fours(a, b, c, d), fours(e, f, g, h));
    let (third, last) = (fours(i, j, k, l), fours(m, n, o, p));
    quarters(quarters(first, second), quarters(third, last))
}

/// The sums of the products of four rows, each with its sign bits flipped, with the query.
///
/// Safety: the rows lie within the plane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn four_sums(query: Plane<'_>, plane: &[i8], rows: [u32; 4]) -> __m128i {
    let values = query.values();
    let dim = values.len();
    let starts = rows.map(|row| row as usize * dim);
    if dim <= 48 {
        // SAFETY: by this function's contract.
        return unsafe { narrow_sums(values, plane, starts) };
    }
    let mut sums = [_mm512_setzero_si512(); 4];
    let mut at = 0;
    while at < dim {
        let count = (dim - at).min(64);
        // SAFETY: by this function's contract.
        let q = unsafe { load(values, at, count) };
        for (sum, start) in sums.iter_mut().zip(starts) {
            // SAFETY: as above.
            let row = unsafe { load(plane, start + at, count) };
            *sum = add_products(*sum, row, q);
        }
        at += count;
    }
    let [a, b, c, d] = sums;
    add_lanes([halved(a), halved(b), halved(c), halved(d)])
}

/// The sum of both halves.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn halved(sum: __m512i) -> __m256i {
    let upper = _mm512_extracti64x4_epi64::<1>(sum);
    _mm256_add_epi32(_mm512_castsi512_si256(sum), upper)
}

/// The same of rows of at most 48 values that begin at `starts`. A load of 64 bytes takes two lines of the cache, also
/// where the values that it keeps lie in one. Loops and no closures: the latter were called, which took longer than the
/// products.
///
/// Safety: `values.len()` values lie in the plane from each of `starts` on, and 48 is the most.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn narrow_sums(values: &[i8], plane: &[i8], starts: [usize; 4]) -> __m128i {
    let dim = values.len();
    let flip = _mm256_set1_epi8(i8::MIN);
    let first = dim.min(32);
    let first_mask = ((1u64 << first) - 1) as u32;
    let last_mask = ((1u32 << (dim - first)) - 1) as u16;
    let mut sums = [_mm256_setzero_si256(); 4];
    // SAFETY: by this function's contract; the lanes that are masked out are not read.
    unsafe {
        let q = _mm256_maskz_loadu_epi8(first_mask, values.as_ptr());
        for (sum, start) in sums.iter_mut().zip(starts) {
            let row = _mm256_maskz_loadu_epi8(first_mask, plane.as_ptr().add(start));
            *sum = _mm256_dpbusd_epi32(*sum, _mm256_xor_si256(row, flip), q);
        }
        if dim > 32 {
            let q = _mm_maskz_loadu_epi8(last_mask, values.as_ptr().add(32));
            let q = _mm256_zextsi128_si256(q);
            for (sum, start) in sums.iter_mut().zip(starts) {
                let row = _mm_maskz_loadu_epi8(last_mask, plane.as_ptr().add(start + 32));
                let row = _mm256_zextsi128_si256(row);
                *sum = _mm256_dpbusd_epi32(*sum, _mm256_xor_si256(row, flip), q);
            }
        }
    }
    add_lanes(sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn dot16_vnni([high, low]: [Plane<'_>; 2], [row_high, row_low]: [&[i8]; 2]) -> i64 {
    let dim = high.values().len();
    let mut sums = [_mm512_setzero_si512(); 3];
    let mut at = 0;
    while at < dim {
        let count = (dim - at).min(64);
        // SAFETY: the caller vouches that all planes have the same length.
        let (qh, ql, rh, rl) = unsafe {
            (
                load(high.values(), at, count),
                load(low.values(), at, count),
                load(row_high, at, count),
                load(row_low, at, count),
            )
        };
        let [hh, mixed, ll] = sums;
        sums = [
            add_products(hh, rh, qh),
            add_products(add_products(mixed, rl, qh), rh, ql),
            add_products(ll, rl, ql),
        ];
        at += count;
    }
    let [hh, mixed, ll] = sums;
    let (hh, ll) = (_mm512_reduce_add_epi32(hh), _mm512_reduce_add_epi32(ll));
    let mixed = _mm512_reduce_add_epi32(mixed);
    let (high_sum, low_sum) = (high.sum(), low.sum());
    join_planes(
        hh - 128 * high_sum,
        mixed - 128 * (high_sum + low_sum),
        ll - 128 * low_sum,
    )
}
