//! Blocks of cosines with AVX-512 VNNI.
//!
//! Four dimensions of sixteen right rows lie together in one register, those of a left row are
//! broadcast, so each lane sums for one pair and nothing is added across lanes.

#![expect(
    unsafe_code,
    reason = "vector loads take pointers, and the functions need a CPU that has the instructions"
)]

use std::arch::x86_64::*;

use super::block::{Block, Gathered, ONE, TILE, Work, spread};

/// Left rows of a tile: as many sums as hide the latency of the products.
const LEFT: usize = 8;

/// Eight left rows, four dimensions a number.
struct Left<'a> {
    planes: [&'a [u32]; 2],
    /// 128 times the sum of each row's values.
    sums: [[i32; LEFT]; 2],
    norms: [f32; LEFT],
}

impl<'a> Left<'a> {
    fn new(planes: [&'a [u32]; 2], groups: usize, norms: &[f32]) -> Self {
        let sum = |row: &[u32]| {
            let bytes: &[i8] = bytemuck::cast_slice(row);
            128 * bytes.iter().map(|&v| i32::from(v)).sum::<i32>()
        };
        let sums = planes.map(|plane| padded(plane.chunks_exact(groups).map(sum)));
        Self {
            planes,
            sums,
            norms: padded(norms.iter().copied()),
        }
    }
}

pub(super) fn fill_block(
    left: &Gathered,
    right: &Gathered,
    work: &mut Work,
    cosines: &mut [i32],
    width: usize,
) {
    let groups = left.groups;
    for (panel, plane) in work.panels.iter_mut().zip(&right.planes) {
        pack_panels(plane, groups, panel);
    }
    let [high_panels, low_panels, _] = &work.panels;
    let mut rest: [Vec<u32>; 2];
    let [high, low] = left
        .planes
        .each_ref()
        .map(|plane| plane.chunks(LEFT * groups));
    let strips = high.zip(low).zip(left.norms.chunks(LEFT));
    for (((high, low), norms), out) in strips.zip(cosines.chunks_exact_mut(LEFT * width)) {
        let mut planes = [high, low];
        if high.len() < LEFT * groups {
            rest = planes.map(<[u32]>::to_vec);
            for plane in &mut rest {
                plane.resize(LEFT * groups, 0);
            }
            planes = rest.each_ref().map(Vec::as_slice);
        }
        let left = Left::new(planes, groups, norms);
        let columns = high_panels
            .chunks_exact(TILE * groups)
            .zip(low_panels.chunks_exact(TILE * groups))
            .zip(right.norms.chunks(TILE));
        for (i, ((high, low), norms)) in columns.enumerate() {
            let norms = padded(norms.iter().copied());
            debug_assert!((i + 1) * TILE <= width && out.len() == LEFT * width);
            // SAFETY: this function is part of the VNNI kernel, which is handed out only where
            // the CPU has the instructions. Both operands are whole tiles of `groups` numbers a
            // row, and `width` is the number of right rows, rounded up to whole tiles, so tile i
            // lies within the `LEFT` rows of `out`.
            unsafe { tile(&left, [high, low], &norms, out, i * TILE, width) };
        }
    }
}

/// As many values as a tile has, zeros after those that there are.
pub(super) fn padded<T: Copy + Default, const N: usize>(values: impl Iterator<Item = T>) -> [T; N] {
    let mut all = [T::default(); N];
    for (to, from) in all.iter_mut().zip(values) {
        *to = from;
    }
    all
}

/// Panels of sixteen rows, four dimensions after four, as unsigned numbers: 128 is added to each.
fn pack_panels(plane: &[u32], groups: usize, panels: &mut Vec<u32>) {
    const SIGNS: u32 = 0x8080_8080;
    panels.clear();
    panels.resize((plane.len() / groups).next_multiple_of(TILE) * groups, 0);
    let strips = plane.chunks(TILE * groups);
    for (members, panel) in strips.zip(panels.chunks_exact_mut(TILE * groups)) {
        for (i, row) in members.chunks_exact(groups).enumerate() {
            for (lane, &four) in panel.iter_mut().skip(i).step_by(TILE).zip(row) {
                *lane = four ^ SIGNS;
            }
        }
    }
}

/// Sixteen columns of eight rows.
///
/// Safety: the CPU has AVX-512 VNNI; each left plane holds `LEFT` rows and each right one `TILE`
/// rows of the same number of groups; there are `LEFT` sums; `out` holds `LEFT` rows of `width`,
/// and `at + TILE` is at most `width`.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn tile(
    left: &Left<'_>,
    [right_high, right_low]: [&[u32]; 2],
    right_norms: &[f32; TILE],
    out: &mut [i32],
    at: usize,
    width: usize,
) {
    let [left_high, left_low] = left.planes;
    let [high_sums, low_sums] = left.sums;
    let zero = [_mm512_setzero_si512(); LEFT];
    // SAFETY: by this function's contract.
    let (high, mixed, low, others) = unsafe {
        let mixed = products(left_high, right_low, zero);
        (
            products(left_high, right_high, zero),
            products(left_low, right_high, mixed),
            products(left_low, right_low, zero),
            _mm512_loadu_ps(right_norms.as_ptr()),
        )
    };
    let (fine, finer) = (_mm512_set1_ps(1.0 / 256.0), _mm512_set1_ps(1.0 / 65536.0));
    // The right values are 128 too large.
    let sum = |sums, extra| _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, _mm512_set1_epi32(extra)));
    let products = high.into_iter().zip(mixed).zip(low);
    let sums = high_sums.iter().zip(&low_sums);
    for (i, ((((h, m), l), (&hs, &ls)), &norm)) in products.zip(sums).zip(&left.norms).enumerate() {
        let value = _mm512_add_ps(sum(h, hs), _mm512_mul_ps(sum(m, hs + ls), fine));
        let value = _mm512_add_ps(value, _mm512_mul_ps(sum(l, ls), finer));
        let cosine = _mm512_mul_ps(value, _mm512_mul_ps(_mm512_set1_ps(norm), others));
        let cosine = _mm512_cvttps_epi32(_mm512_mul_ps(cosine, _mm512_set1_ps(ONE)));
        // SAFETY: by this function's contract.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(i * width + at).cast(), cosine) };
    }
}

/// Adds the products of eight left rows with sixteen right ones to `sums`.
///
/// Safety: as [`tile`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn products(left: &[u32], right: &[u32], mut sums: [__m512i; LEFT]) -> [__m512i; LEFT] {
    let groups = right.len() / TILE;
    for g in 0..groups {
        // SAFETY: by the caller's contract.
        unsafe {
            let columns = _mm512_loadu_si512(right.as_ptr().add(g * TILE).cast());
            for (i, sum) in sums.iter_mut().enumerate() {
                let row = _mm512_set1_epi32(left.as_ptr().add(i * groups + g).cast::<i32>().read());
                *sum = _mm512_dpbusd_epi32(*sum, columns, row);
            }
        }
    }
    sums
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn spread_with_avx512(
    own: &[i32],
    block: &Block,
    limit: usize,
    left: &mut Vec<i32>,
    kept: &mut Vec<u32>,
) {
    spread(own, block, limit, left, kept);
}

#[target_feature(enable = "avx2")]
fn spread_with_avx2(
    own: &[i32],
    block: &Block,
    limit: usize,
    left: &mut Vec<i32>,
    kept: &mut Vec<u32>,
) {
    spread(own, block, limit, left, kept);
}

pub(super) fn spread_avx512(
    own: &[i32],
    block: &Block,
    limit: usize,
    left: &mut Vec<i32>,
    kept: &mut Vec<u32>,
) {
    // SAFETY: this function is part of a kernel that is handed out only where the CPU has the
    // instructions.
    unsafe { spread_with_avx512(own, block, limit, left, kept) };
}

pub(super) fn spread_avx2(
    own: &[i32],
    block: &Block,
    limit: usize,
    left: &mut Vec<i32>,
    kept: &mut Vec<u32>,
) {
    // SAFETY: as above.
    unsafe { spread_with_avx2(own, block, limit, left, kept) };
}
