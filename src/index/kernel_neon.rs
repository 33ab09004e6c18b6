//! Dot products for 64-bit ARM, whose NEON instructions every such CPU has.

#![expect(unsafe_code, reason = "vector loads take pointers")]

use std::arch::aarch64::*;

use super::kernel::{Kernel, Plane, dot_i8, join_planes};

pub(super) static NEON: Kernel = Kernel::new("neon", dots_neon, dot16_neon);

/// Adds the products of 16 values; two bytes multiply into 16 bits without overflow, and pairs of
/// those are added in 32 bits.
#[inline]
#[target_feature(enable = "neon")]
fn add_products(sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    let lower = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    let upper = vmull_high_s8(a, b);
    vpadalq_s16(vpadalq_s16(sums, lower), upper)
}

#[inline]
#[target_feature(enable = "neon")]
fn dot(a: &[i8], b: &[i8]) -> i32 {
    let (a_blocks, a_rest) = a.as_chunks::<16>();
    let (b_blocks, b_rest) = b.as_chunks::<16>();
    let mut sums = vdupq_n_s32(0);
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        // SAFETY: both blocks have 16 values.
        let (x, y) = unsafe { (vld1q_s8(x.as_ptr()), vld1q_s8(y.as_ptr())) };
        sums = add_products(sums, x, y);
    }
    vaddvq_s32(sums) + dot_i8(a_rest, b_rest)
}

#[target_feature(enable = "neon")]
fn dots_neon(query: Plane<'_>, plane: &[i8], rows: &[u32], out: &mut [i32]) {
    let dim = query.values().len();
    for (&row, slot) in rows.iter().zip(out) {
        let start = row as usize * dim;
        if let Some(values) = plane.get(start..start + dim) {
            *slot = dot(query.values(), values);
        }
    }
}

#[target_feature(enable = "neon")]
fn dot16_neon([high, low]: [Plane<'_>; 2], [row_high, row_low]: [&[i8]; 2]) -> i64 {
    join_planes(
        dot(high.values(), row_high),
        dot(high.values(), row_low) + dot(low.values(), row_high),
        dot(low.values(), row_low),
    )
}
