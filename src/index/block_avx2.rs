//! Blocks of cosines in registers of 256 bits, with AVX2 or AVX-VNNI.
//!
//! Two dimensions of eight right rows lie together in one register as 16-bit numbers, those of a
//! left row are broadcast, so each lane sums for one pair and nothing is added across lanes. Three
//! products are enough: with s = h + l, h.l' + l.h' = s.s' - h.h' - l.l'.

#![expect(
    unsafe_code,
    reason = "vector loads take pointers, and the functions need a CPU that has the instructions"
)]

use std::arch::x86_64::*;

use super::block::{Gathered, ONE, TILE, Work};
use super::block_x86::padded;
use super::kernel_avx2::{Avx2, AvxVnni, Wide};

/// Left rows of a tile: with two registers of columns, as many sums as there are registers for.
const LEFT: usize = 4;
/// Columns of a register.
const HALF: usize = TILE / 2;

/// High parts, sums of high and low parts, and low parts, two dimensions a number.
type Three<T> = [T; 3];

/// The sums of four left rows with sixteen right ones.
type Sums = [[__m256i; 2]; LEFT];

pub(super) fn fill_block_avx2(
    left: &Gathered,
    right: &Gathered,
    work: &mut Work,
    cosines: &mut [i32],
    width: usize,
) {
    // SAFETY: this function is part of a kernel that is handed out only where the CPU has the
    // instructions.
    unsafe { fill_with_avx2(left, right, work, cosines, width) };
}

pub(super) fn fill_block_avxvnni(
    left: &Gathered,
    right: &Gathered,
    work: &mut Work,
    cosines: &mut [i32],
    width: usize,
) {
    // SAFETY: as above.
    unsafe { fill_with_avxvnni(left, right, work, cosines, width) };
}

#[target_feature(enable = "avx2")]
unsafe fn fill_with_avx2(
    left: &Gathered,
    right: &Gathered,
    work: &mut Work,
    cosines: &mut [i32],
    width: usize,
) {
    // SAFETY: by this function's contract.
    unsafe { fill::<Avx2>(left, right, work, cosines, width) };
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn fill_with_avxvnni(
    left: &Gathered,
    right: &Gathered,
    work: &mut Work,
    cosines: &mut [i32],
    width: usize,
) {
    // SAFETY: by this function's contract.
    unsafe { fill::<AvxVnni>(left, right, work, cosines, width) };
}

/// One column of tiles after another: the left rows pass by the sixteen right rows of each. No sum
/// overflows: |s| <= 256, so 4096 products of two of them are at most 2^28.
///
/// Safety: the CPU has the instructions of `W`.
#[inline(always)]
unsafe fn fill<W: Wide>(
    left: &Gathered,
    right: &Gathered,
    work: &mut Work,
    cosines: &mut [i32],
    width: usize,
) {
    let Work { strips, panels, .. } = work;
    pack::<LEFT>(left, strips);
    pack::<TILE>(right, panels);
    let pairs = 2 * left.groups;
    for (i, norms) in right.norms.chunks(TILE).enumerate() {
        let columns = part(panels, i, TILE * pairs);
        let others = padded(norms.iter().copied());
        let lines = cosines.chunks_exact_mut(LEFT * width);
        for (j, (norms, out)) in left.norms.chunks(LEFT).zip(lines).enumerate() {
            let [high, both, low] = part(strips, j, LEFT * pairs);
            let [right_high, right_both, right_low] = columns;
            // SAFETY: the caller vouches for the CPU.
            unsafe {
                let sums = [
                    products::<W>(high, right_high),
                    products::<W>(both, right_both),
                    products::<W>(low, right_low),
                ];
                let norms = padded(norms.iter().copied());
                write(sums, &norms, &others, out.chunks_exact_mut(width), i * TILE);
            }
        }
    }
}

/// The tile of each plane that has this number.
fn part(planes: &Three<Vec<u32>>, number: usize, size: usize) -> Three<&[u32]> {
    let range = number * size..(number + 1) * size;
    planes
        .each_ref()
        .map(|plane| plane.get(range.clone()).unwrap_or_default())
}

/// Tiles of `N` rows, two dimensions after two; those after the last row are zeros.
#[inline(always)]
fn pack<const N: usize>(rows: &Gathered, tiles: &mut Three<Vec<u32>>) {
    let groups = rows.groups;
    for plane in tiles.iter_mut() {
        plane.clear();
        plane.resize(rows.len.next_multiple_of(N) * 2 * groups, 0);
    }
    let [high, low] = rows
        .planes
        .each_ref()
        .map(|plane| plane.chunks_exact(groups));
    for (row, (high, low)) in high.zip(low).enumerate() {
        let first = row / N * N * 2 * groups + row % N;
        let mut places = tiles.each_mut().map(|plane| {
            let lanes = plane.get_mut(first..).unwrap_or_default();
            lanes.iter_mut().step_by(N)
        });
        for (&high, &low) in high.iter().zip(low) {
            for (places, twos) in places.iter_mut().zip(widen(high, low)) {
                // In this order: the end of the two is seen before a further place is taken.
                twos.into_iter().zip(places).for_each(|(two, to)| *to = two);
            }
        }
    }
}

/// Four dimensions of a row as 16-bit numbers, two and two.
#[inline(always)]
fn widen(high: u32, low: u32) -> Three<[u32; 2]> {
    let [high, low] =
        [high, low].map(|four| four.to_le_bytes().map(|v| i16::from(v.cast_signed())));
    let mut sums = high;
    sums.iter_mut().zip(low).for_each(|(sum, low)| *sum += low);
    [high, sums, low].map(bytemuck::cast)
}

/// The sums of products of four left rows with sixteen right ones, of as many pairs as both have.
///
/// Safety: the CPU has the instructions of `W`.
#[inline(always)]
unsafe fn products<W: Wide>(rows: &[u32], columns: &[u32]) -> Sums {
    let (rows, columns) = (
        rows.as_chunks::<LEFT>().0,
        columns.as_chunks::<HALF>().0.as_chunks::<2>().0,
    );
    // SAFETY: by this function's contract; each half of the columns is one register long.
    unsafe {
        let mut sums = [[_mm256_setzero_si256(); 2]; LEFT];
        for (row, halves) in rows.iter().zip(columns) {
            let halves = halves
                .each_ref()
                .map(|half| _mm256_loadu_si256(half.as_ptr().cast()));
            for (sums, two) in sums.iter_mut().zip(row) {
                let two = _mm256_set1_epi32(two.cast_signed());
                for (sum, half) in sums.iter_mut().zip(halves) {
                    *sum = W::add_pairs(*sum, half, two);
                }
            }
        }
        sums
    }
}

/// Writes the cosines of a tile from `at` on into the lines of its rows, by the operations of
/// [`super::block::cosine`].
///
/// Safety: the CPU has AVX2.
#[inline(always)]
unsafe fn write<'a>(
    [high, both, low]: Three<Sums>,
    norms: &[f32; LEFT],
    others: &[f32; TILE],
    lines: impl Iterator<Item = &'a mut [i32]>,
    at: usize,
) {
    // SAFETY: by this function's contract; each half of a line and of the norms is one register
    // long.
    unsafe {
        let (fine, finer) = (_mm256_set1_ps(1.0 / 256.0), _mm256_set1_ps(1.0 / 65536.0));
        let sums = high.into_iter().zip(both).zip(low);
        for ((((high, both), low), &norm), line) in sums.zip(norms).zip(lines) {
            let line = line.get_mut(at..at + TILE).unwrap_or_default();
            let halves = line.as_chunks_mut::<HALF>().0.iter_mut();
            let halves = halves.zip(others.as_chunks::<HALF>().0);
            let sums = high.into_iter().zip(both).zip(low);
            for (((high, both), low), (to, others)) in sums.zip(halves) {
                let mixed = _mm256_sub_epi32(both, _mm256_add_epi32(high, low));
                let (high, low) = (_mm256_cvtepi32_ps(high), _mm256_cvtepi32_ps(low));
                let mixed = _mm256_cvtepi32_ps(mixed);
                let value = _mm256_add_ps(high, _mm256_mul_ps(mixed, fine));
                let value = _mm256_add_ps(value, _mm256_mul_ps(low, finer));
                let norms = _mm256_mul_ps(_mm256_set1_ps(norm), _mm256_loadu_ps(others.as_ptr()));
                let cosine = _mm256_mul_ps(_mm256_mul_ps(value, norms), _mm256_set1_ps(ONE));
                _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm256_cvttps_epi32(cosine));
            }
        }
    }
}
