//! `shape/1`: the shape of a price path, without weights and without training.
//!
//! With `x_t = ln(close_t)` over the `W` bars of a window, the embedding is the vector of the
//! DCT-II coefficients
//!
//! ```text
//! c_k = sqrt(2/W) * sum over t = 0..W-1 of x_t * cos(pi * k * (t + 1/2) / W),   k = 1..=D
//! ```
//!
//! scaled to unit length. Leaving out `k = 0` removes the price level, the unit length removes
//! the scale of the moves; what is left is the shape. The basis is orthonormal, so at `D = W-1`
//! the cosine of two embeddings is exactly the Pearson correlation of the two log-price paths,
//! and a smaller `D` leaves out the fastest wiggles. A window that does not move
//! (`|c| < 1e-9`) has no shape and no embedding.
//!
//! The `k`-th coefficient measures half-waves per window, whatever the number of bars. This is
//! why spaces of other windows and intervals, and drawn paths ([`Shape::encode_path`]), compare.

mod kernel;

use std::f64::consts::PI;

use super::stretch::{check_bars, check_ends, part, span};
use super::{ChartEncoder, Embeddings, MAX_WINDOW};
use crate::error::{Error, Result};
use crate::model::{Bars, EncoderSpec, Modality, Sharing, Space};
use kernel::{Outcome, ReturnKernel};

/// The fewest bars of a window or points of a path.
const MIN_WINDOW: usize = 4;
/// Below this length of `c` a window counts as flat.
const FLAT: f64 = 1e-9;

/// The encoder `shape/1`: DCT-II coefficients 1..=D of a window's log closes, at unit length.
///
/// ```
/// use rhymedb::encode::Shape;
/// let shape = Shape::new(64, 32)?;
/// let dip: Vec<f64> = (0..40).map(|t| 100.0 - (t as f64 / 13.0).sin()).collect();
/// let slower_and_deeper: Vec<f64> = (0..80).map(|t| 9.0 - (t as f64 / 26.0).sin()).collect();
/// let a = shape.encode_path(&dip)?.unwrap_or_default();
/// let b = shape.encode_path(&slower_and_deeper)?.unwrap_or_default();
/// let cosine: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
/// assert!(cosine > 0.99);
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Shape {
    spec: EncoderSpec,
    kernel: ReturnKernel,
    cosines: Vec<f64>,
}

impl Shape {
    /// The encoder of windows of `window` bars into `dim` coefficients.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `4 <= window <= 16384`, `1 <= dim <= window - 1` and
    /// `dim <= 4096`.
    pub fn new(window: usize, dim: usize) -> Result<Self> {
        if !(MIN_WINDOW..=MAX_WINDOW).contains(&window) {
            return Err(Error::invalid(format!(
                "expected a window of {MIN_WINDOW} to {MAX_WINDOW} bars for shape, found {window}"
            )));
        }
        let most = (window - 1).min(Space::MAX_DIM as usize);
        if !(1..=most).contains(&dim) {
            return Err(Error::invalid(format!(
                "expected a dimension of 1 to {most} for shape with a window of {window} bars, found {dim}"
            )));
        }
        Ok(Self {
            spec: EncoderSpec {
                id: "shape/1".to_owned(),
                modality: Modality::Chart,
                dim: dim as u32,
                channels: 1,
                window: window as u32,
                receptive_field: window as u32,
                warm_up: 0,
                sharing: Sharing::None,
                causal: true,
                normaliser: "level-free".to_owned(),
                weights_hash: 0,
            },
            kernel: ReturnKernel::new(window, dim),
            cosines: cosines(window),
        })
    }

    /// Encodes a drawn path, or a window of another length or interval, into this space.
    ///
    /// `prices` are at least 4 prices above 0 at equal distances in time. The formula is that of
    /// the module with the path's length `L` in place of `W`. A path of fewer than `D + 1` points
    /// has only `L - 1` coefficients; the rest of the vector is 0. `None` if the path is flat.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are fewer than 4 prices, or one is not finite and above 0.
    pub fn encode_path(&self, prices: &[f64]) -> Result<Option<Vec<f32>>> {
        if prices.len() < MIN_WINDOW {
            return Err(Error::invalid(format!(
                "expected a path of at least {MIN_WINDOW} prices, found {}",
                prices.len()
            )));
        }
        let logs = logs(prices, "price", 0)?;
        if prices.len() == self.spec.window as usize {
            Ok(self.define(&logs, &self.cosines))
        } else {
            Ok(self.define(&logs, &cosines(prices.len())))
        }
    }

    /// The definition, in f64; `cosines` is the table for `logs.len()`.
    fn define(&self, logs: &[f64], cosines: &[f64]) -> Option<Vec<f32>> {
        let len = logs.len();
        let dim = self.spec.dim as usize;
        let scale = (2.0 / len as f64).sqrt();
        // The sum of each basis function over the window is 0, so a level taken off changes
        // nothing but the digits that are left for small moves of a large price.
        let level = logs.first().copied().unwrap_or(0.0);
        let mut c = vec![0.0; dim];
        for (slot, k) in c.iter_mut().zip(1..len) {
            let mut sum = 0.0;
            let mut angle = k;
            for x in logs {
                sum += (x - level) * cosines.get(angle).copied().unwrap_or(f64::NAN);
                angle = (angle + 2 * k) % (4 * len);
            }
            *slot = sum * scale;
        }
        let norm = c.iter().map(|x| x * x).sum::<f64>().sqrt();
        (norm >= FLAT).then(|| c.iter().map(|x| (x / norm) as f32).collect())
    }
}

/// `cos(pi * j / (2 len))` for one turn: `cos(pi * k * (t + 1/2) / len)` stands at
/// `j = k * (2t + 1) mod 4 len`, which stays exact where `k * t` is large.
fn cosines(len: usize) -> Vec<f64> {
    (0..4 * len)
        .map(|j| (PI * j as f64 / (2 * len) as f64).cos())
        .collect()
}

/// Natural logarithms of prices; `first` is the index of the first one, for the message.
fn logs(prices: &[f64], what: &str, first: usize) -> Result<Vec<f64>> {
    // A collected `Result` grows again and again, which takes longer than the logarithms of a window.
    let mut logs = Vec::with_capacity(prices.len());
    for (i, &price) in prices.iter().enumerate() {
        if !(price > 0.0 && price.is_finite()) {
            return Err(Error::invalid(format!(
                "expected a finite {what} above 0, found {price} at index {}",
                first + i
            )));
        }
        logs.push(price.ln());
    }
    Ok(logs)
}

impl ChartEncoder for Shape {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        let first = check_bars(&self.spec, bars.len())?;
        let closes = part(&bars.close, &(first..bars.len()), "close")?;
        Ok(self.define(&logs(closes, "close", first)?, &self.cosines))
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        check_ends(&self.spec, stretch.len(), ends)?;
        let mut rows = Embeddings::with_capacity(self.spec.dim as usize, ends.len());
        let Some(span) = span(&self.spec, ends) else {
            return Ok(rows);
        };
        let closes = part(&stretch.close, &span, "close")?;
        let logs = logs(closes, "close", span.start)?;
        let returns: Vec<f32> = logs
            .iter()
            .zip(logs.iter().skip(1))
            .map(|(before, after)| (after - before) as f32)
            .collect();
        let window = self.spec.window as usize;
        let starts: Vec<usize> = ends.iter().map(|e| e + 1 - window - span.start).collect();
        self.kernel
            .encode(&returns, &starts, |start, outcome| match outcome {
                Outcome::Row(vector) => rows.push(Some(vector)),
                Outcome::Flat => rows.push(None),
                Outcome::TooFine => {
                    let logs = logs.get(start..start + window).unwrap_or_default();
                    rows.push(self.define(logs, &self.cosines).as_deref())
                }
            })?;
        Ok(rows)
    }
}

#[cfg(test)]
mod tests;
