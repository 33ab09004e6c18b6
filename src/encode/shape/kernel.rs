//! The fast path of `shape`: coefficients of many windows from the returns of a series.
//!
//! Summation by parts turns the DCT of the log prices `x` into a sine transform of the returns
//! `r_t = x_t - x_{t-1}`, because the partial sums of a cosine are a sine and vanish at both ends:
//!
//! ```text
//! c_k = - sum over t = 1..W-1 of r_t * P_k(t),
//! P_k(t) = sqrt(2/W) * sin(pi * k * t / W) / (2 * sin(pi * k / (2W)))
//! ```
//!
//! Returns carry no price level. They are computed once a bar in f64 and then fit f32 at any
//! price, and a flat window is exactly zero. `P_k` is symmetric around the middle of the window
//! for odd `k` and antisymmetric for even `k`, so the sums and the differences of mirrored returns
//! halve the multiplications. The innermost loops run over 8 coefficients and 4 windows, which
//! the compiler keeps in registers under any target. The order of the additions depends on
//! nothing but `W`: a window has the same bits wherever it stands.

use std::f64::consts::PI;

use crate::error::Result;

/// Coefficients a group: two registers of SSE2 and NEON.
const LANES: usize = 8;
/// Windows that are encoded side by side, so that each `P_k(t)` is loaded once for all of them.
const SIDE: usize = 4;
/// Pairs that are added up before they join the total: a sum of thousands of pairs in one go would
/// lose digits with its length.
const BLOCK: usize = 32;

/// What the kernel says about one window.
pub(super) enum Outcome<'a> {
    /// Its embedding.
    Row(&'a [f32]),
    /// All its returns are 0.
    Flat,
    /// What is left after cancellation is too little for f32: use the definition.
    TooFine,
}

/// `P_k(t)` of one window length, in the order in which the inner loop reads it.
#[derive(Clone, Debug)]
pub(super) struct ReturnKernel {
    window: usize,
    dim: usize,
    /// Mirrored pairs of returns: `window / 2`, the middle one paired with itself.
    pairs: usize,
    /// For each group of 8 odd `k` and then each pair, -P_k.
    odd: Vec<[f32; LANES]>,
    /// The same for even `k`.
    even: Vec<[f32; LANES]>,
}

/// Buffers of one call, for `SIDE` windows.
struct Scratch {
    sums: Vec<[f32; SIDE]>,
    differences: Vec<[f32; SIDE]>,
    /// Those of one window after the other.
    coefficients: Vec<f32>,
}

impl ReturnKernel {
    pub(super) fn new(window: usize, dim: usize) -> Self {
        let pairs = window / 2;
        let groups = dim.div_ceil(2 * LANES);
        let table = |parity: usize| {
            let mut rows = Vec::with_capacity(groups * pairs);
            for group in 0..groups {
                for t in 1..=pairs {
                    rows.push(std::array::from_fn(|lane| {
                        let k = 2 * (group * LANES + lane) + parity;
                        let weight = if 2 * t == window { 0.5 } else { 1.0 };
                        if k <= dim {
                            (-weight * partial_sum(window, k, t)) as f32
                        } else {
                            0.0
                        }
                    }));
                }
            }
            rows
        };
        Self {
            window,
            dim,
            pairs,
            odd: table(1),
            even: table(2),
        }
    }

    /// Encodes the windows whose first bars are at `starts`; `returns[i]` leads from bar `i` to
    /// bar `i + 1`. `emit` gets each start with its outcome, in the order of `starts`.
    pub(super) fn encode(
        &self,
        returns: &[f32],
        starts: &[usize],
        mut emit: impl FnMut(usize, Outcome<'_>) -> Result<()>,
    ) -> Result<()> {
        let padded = self.dim.div_ceil(2 * LANES) * 2 * LANES;
        let mut scratch = Scratch {
            sums: vec![[0.0; SIDE]; self.pairs],
            differences: vec![[0.0; SIDE]; self.pairs],
            coefficients: vec![0.0; SIDE * padded],
        };
        for some in starts.chunks(SIDE) {
            for (side, &start) in some.iter().enumerate() {
                let window = returns.get(start..start + self.window - 1);
                self.fold(window.unwrap_or_default(), side, &mut scratch);
            }
            self.transform(&mut scratch);
            let energies = energies(&scratch);
            let sides = scratch.coefficients.chunks_exact_mut(padded).zip(energies);
            for (&start, (coefficients, energy)) in some.iter().zip(sides) {
                emit(start, self.finish(coefficients, energy))?;
            }
        }
        Ok(())
    }

    /// Writes the sums and differences of one window's mirrored returns.
    fn fold(&self, window: &[f32], side: usize, scratch: &mut Scratch) {
        let pairs = window.iter().zip(window.iter().rev());
        let slots = scratch.sums.iter_mut().zip(&mut scratch.differences);
        for ((early, late), (sums, differences)) in pairs.zip(slots) {
            if let (Some(sum), Some(difference)) = (sums.get_mut(side), differences.get_mut(side)) {
                *sum = early + late;
                *difference = early - late;
            }
        }
    }

    /// Writes the coefficients of all windows side by side.
    fn transform(&self, scratch: &mut Scratch) {
        let padded = scratch.coefficients.len() / SIDE;
        let tables = self
            .odd
            .chunks_exact(self.pairs)
            .zip(self.even.chunks_exact(self.pairs));
        for (group, (odd, even)) in tables.enumerate() {
            let odd = products(&scratch.sums, odd);
            let even = products(&scratch.differences, even);
            let windows = scratch.coefficients.chunks_exact_mut(padded);
            let rows = windows.zip(odd.iter().zip(&even));
            for (coefficients, (odd, even)) in rows {
                let slots = coefficients.chunks_exact_mut(2).skip(group * LANES);
                for (slot, (&odd, &even)) in slots.zip(odd.iter().zip(even)) {
                    slot.copy_from_slice(&[odd, even]);
                }
            }
        }
    }

    /// Scales coefficients to unit length, where f32 was fine enough for them.
    ///
    /// A coefficient carries an absolute error of up to `4.3e-7 * max P * |r|`, `max P` being
    /// `sqrt(2W) / pi` (the largest among some millions of windows of random walks, for `W` from
    /// 16 to 4096). The bound keeps it below 1e-6 of the length of `c`. Some windows in a hundred
    /// of a random walk, and alternating paths with a small `D`, fall below the bound.
    fn finish<'a>(&self, coefficients: &'a mut [f32], energy: f32) -> Outcome<'a> {
        if energy == 0.0 {
            return Outcome::Flat;
        }
        let mut lanes = [0.0_f32; LANES];
        for some in coefficients.chunks_exact(LANES) {
            for (lane, c) in lanes.iter_mut().zip(some) {
                *lane += c * c;
            }
        }
        let squared: f32 = lanes.iter().sum();
        let bound = (4e-2 * self.window as f32 * energy).max(1e-16);
        if squared.is_nan() || squared < bound {
            return Outcome::TooFine;
        }
        let scale = 1.0 / squared.sqrt();
        for c in coefficients.iter_mut() {
            *c *= scale;
        }
        Outcome::Row(coefficients.get(..self.dim).unwrap_or_default())
    }
}

/// `P_k(t)` of the module's text.
fn partial_sum(window: usize, k: usize, t: usize) -> f64 {
    let w = window as f64;
    let angle = (k * t) % (2 * window);
    (2.0 / w).sqrt() * (PI * angle as f64 / w).sin() / (2.0 * (PI * k as f64 / (2.0 * w)).sin())
}

/// The sum of squared returns of each window: half of that of their sums and differences.
fn energies(scratch: &Scratch) -> [f32; SIDE] {
    let mut energies = [0.0; SIDE];
    for (sums, differences) in scratch.sums.iter().zip(&scratch.differences) {
        for (energy, (s, d)) in energies.iter_mut().zip(sums.iter().zip(differences)) {
            *energy += 0.5 * (s * s + d * d);
        }
    }
    energies
}

/// The product of `SIDE` folded windows with one group of the table.
#[inline]
fn products(folded: &[[f32; SIDE]], table: &[[f32; LANES]]) -> [[f32; LANES]; SIDE] {
    let mut totals = [[0.0_f32; LANES]; SIDE];
    for (folded, table) in folded.chunks(BLOCK).zip(table.chunks(BLOCK)) {
        let mut sums = [[0.0_f32; LANES]; SIDE];
        for (folded, row) in folded.iter().zip(table) {
            for (sums, f) in sums.iter_mut().zip(folded) {
                for (sum, p) in sums.iter_mut().zip(row) {
                    *sum += f * p;
                }
            }
        }
        for (totals, sums) in totals.iter_mut().zip(&sums) {
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total += sum;
            }
        }
    }
    totals
}
