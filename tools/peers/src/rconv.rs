//! A pooled encoder without training: random convolutions, rectified and averaged over the window.
//!
//! 128 Gaussian kernels, 8 to 24 bars wide, run over the returns and the ranges of the bars. A
//! value of the vector is the mean of a kernel's positive outputs over the positions that lie
//! within the window. Prefix sums make this one pass over a series. Scaling prices or volatility
//! scales all values alike, which the unit length takes out.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use rhymedb::Bars;

pub const DIM: usize = 128;
const SEED: u64 = 1;

struct Kernel {
    /// One weight a bar, for the return and for the range.
    weights: Vec<[f32; 2]>,
}

fn gaussian(rng: &mut ChaCha8Rng) -> f32 {
    let (u, v): (f64, f64) = (rng.random_range(1e-12..1.0), rng.random_range(0.0..1.0));
    ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
}

fn kernels() -> Vec<Kernel> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let widths: Vec<usize> = (0..DIM).map(|_| rng.random_range(8..=24)).collect();
    let mut kernel = |width| Kernel {
        weights: (0..width)
            .map(|_| [gaussian(&mut rng), gaussian(&mut rng)])
            .collect(),
    };
    widths.into_iter().map(&mut kernel).collect()
}

/// The vectors of the windows of `window` bars that end at `ends`, not yet centred; all zero
/// where a window does not move.
pub fn encode(bars: &Bars, window: usize, ends: &[usize]) -> Vec<f32> {
    // Bar t has the return from bar t - 1, so a window of W bars has W - 1 of them.
    let steps: Vec<[f32; 2]> = (0..bars.len())
        .map(|t| match t.checked_sub(1) {
            Some(before) => [
                (bars.close[t] / bars.close[before]).ln() as f32,
                (bars.high[t] / bars.low[t]).ln() as f32,
            ],
            None => [0.0; 2],
        })
        .collect();
    let columns: Vec<Vec<f32>> = kernels()
        .par_iter()
        .map(|kernel| column(kernel, &steps, window, ends))
        .collect();
    let mut rows = vec![0f32; ends.len() * DIM];
    rows.par_chunks_mut(DIM).enumerate().for_each(|(i, row)| {
        for (value, column) in row.iter_mut().zip(&columns) {
            *value = column[i];
        }
        normalise(row);
    });
    rows
}

/// What one kernel says of each window.
fn column(kernel: &Kernel, steps: &[[f32; 2]], window: usize, ends: &[usize]) -> Vec<f32> {
    let width = kernel.weights.len();
    let mut sums = vec![0f64; steps.len() + 1];
    for t in 0..steps.len() {
        let output = (t + 1)
            .checked_sub(width)
            .map_or(0.0, |first| {
                let inputs = &steps[first..=t];
                let terms = kernel.weights.iter().zip(inputs);
                terms.map(|(w, x)| w[0] * x[0] + w[1] * x[1]).sum::<f32>()
            })
            .max(0.0);
        sums[t + 1] = sums[t] + f64::from(output);
    }
    let positions = window - width;
    let mean =
        |&end: &usize| ((sums[end + 1] - sums[end + 1 - positions]) / positions as f64) as f32;
    ends.iter().map(mean).collect()
}

/// Scales to unit length; zeros stay.
pub fn normalise(row: &mut [f32]) {
    let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
    if norm > 1e-9 {
        row.iter_mut().for_each(|x| *x /= norm);
    } else {
        row.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pooled outputs of a window by itself equal what the prefix sums give.
    #[test]
    fn shared_sums_equal_windows_on_their_own() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut bars = Bars::default();
        let mut level = 100f64;
        for time in 0..200 {
            let close = level * (1.0 + f64::from(gaussian(&mut rng)) / 100.0);
            bars.time.push(time);
            bars.open.push(level);
            bars.high.push(level.max(close) * 1.002);
            bars.low.push(level.min(close) * 0.997);
            bars.close.push(close);
            bars.volume.push(1.0);
            level = close;
        }
        let (window, end) = (64, 150);
        let shared = encode(&bars, window, &[63, end, 199]);
        let own = bars.slice(end + 1 - window..end + 1);
        let mut direct = Vec::new();
        for kernel in kernels() {
            let width = kernel.weights.len();
            let mut sum = 0.0;
            // The first bar of a window has no return.
            for first in 1..=window - width {
                let output: f64 = kernel
                    .weights
                    .iter()
                    .enumerate()
                    .map(|(i, w)| {
                        let t = first + i;
                        let step = (own.close[t] / own.close[t - 1]).ln();
                        let range = (own.high[t] / own.low[t]).ln();
                        f64::from(w[0]) * step + f64::from(w[1]) * range
                    })
                    .sum();
                sum += output.max(0.0);
            }
            direct.push((sum / (window - width) as f64) as f32);
        }
        normalise(&mut direct);
        let row = &shared[DIM..2 * DIM];
        let worst = row.iter().zip(&direct).map(|(a, b)| (a - b).abs());
        assert!(worst.fold(0.0, f32::max) < 1e-5);
    }
}
