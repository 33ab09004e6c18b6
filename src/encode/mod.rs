//! Encoders turn windows of bars into vectors.
//!
//! A series is encoded once, not every window: windows at hop 1 share all but one of their bars,
//! so [`ChartEncoder::encode_series`] gets a whole gapless stretch and the positions wanted. Its
//! result must equal [`ChartEncoder::encode_window`] on each window alone, which is the encoder's
//! definition; the conformance suite holds every encoder to that.

mod conformance;
mod net;
mod onnx;
mod registry;
mod shape;
mod stats;
mod stretch;
mod text;
mod weights;

pub use conformance::check_chart_encoder;
pub(crate) use conformance::check_chart_encoder_watched;
pub use net::InputSteps;
#[cfg(feature = "onnx")]
pub use onnx::{OnnxAttribute, OnnxWriter};
pub use onnx::{OnnxConfig, OnnxNormaliser, Pooling, TowerConfig};
pub use registry::{chart_encoder, chart_encoder_by_name};
pub use shape::Shape;
pub use stats::Stats;
pub use text::{TextConfig, TextEncoder, TextFeatures, text_features};
pub use weights::{
    Activation, Bank, BankConfig, Channel, ChartConfig, Convolution, Head, Input, Layer, Memory,
    Pool, Trained, Weights, WeightsConfig, is_held_out,
};

pub use crate::model::{EncoderSpec, Modality, Sharing, TextModel, TextService};

use crate::error::Result;
use crate::model::Bars;
use stretch::{check_ends, reach};

/// The longest window in bars: it bounds the tables that a stored spec can make an encoder build.
pub(crate) const MAX_WINDOW: usize = 16_384;

/// Vectors of one space in the order asked for, unit length, one row each.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Embeddings {
    /// The dimension D.
    pub dim: usize,
    /// `D` values a row; zeros where the row is not defined.
    pub values: Vec<f32>,
    /// Whether each row's window has an embedding (a flat window has none).
    pub defined: Vec<bool>,
}

impl Embeddings {
    /// No rows, with room for `rows`.
    pub fn with_capacity(dim: usize, rows: usize) -> Self {
        Self {
            dim,
            values: Vec::with_capacity(dim * rows),
            defined: Vec::with_capacity(rows),
        }
    }

    /// Adds a row: a vector of `dim` values, or `None` for a window that has no embedding.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the vector has another length than `dim`.
    pub fn push(&mut self, vector: Option<&[f32]>) -> Result<()> {
        match vector {
            Some(values) if values.len() == self.dim => self.values.extend_from_slice(values),
            Some(values) => {
                return Err(crate::error::Error::invalid(format!(
                    "expected a vector of {} values, found {}; give the spec the encoder's dimension",
                    self.dim,
                    values.len()
                )));
            }
            None => self.values.resize(self.values.len() + self.dim, 0.0),
        }
        self.defined.push(vector.is_some());
        Ok(())
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.defined.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.defined.is_empty()
    }

    /// The vector of row `i`, or `None` if it is not defined.
    pub fn row(&self, i: usize) -> Option<&[f32]> {
        if *self.defined.get(i)? {
            self.values.get(i * self.dim..(i + 1) * self.dim)
        } else {
            None
        }
    }
}

/// Turns windows of bars into unit vectors.
///
/// An encoder of your own needs a spec and the encoding of one window; hold it to
/// [`check_chart_encoder`]. This one embeds a window as its log volumes around their mean:
///
/// ```
/// use rhymedb::{Bars, Error, Result};
/// use rhymedb::encode::{ChartEncoder, EncoderSpec, Modality, Sharing, check_chart_encoder};
///
/// struct Volumes(EncoderSpec);
///
/// impl ChartEncoder for Volumes {
///     fn spec(&self) -> &EncoderSpec {
///         &self.0
///     }
///
///     fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
///         let window = self.0.window as usize;
///         let first = bars.len().checked_sub(window);
///         let first = first.ok_or_else(|| Error::Invalid(format!("needs {window} bars")))?;
///         let logs = bars.volume.iter().skip(first).map(|v| v.ln_1p());
///         let mean = logs.clone().sum::<f64>() / window as f64;
///         let around: Vec<f64> = logs.map(|x| x - mean).collect();
///         let norm = around.iter().map(|x| x * x).sum::<f64>().sqrt();
///         Ok((norm > 1e-9).then(|| around.iter().map(|x| (x / norm) as f32).collect()))
///     }
/// }
///
/// let encoder = Volumes(EncoderSpec {
///     id: "volumes/1".to_owned(),
///     modality: Modality::Chart,
///     dim: 32,
///     channels: 1,
///     window: 32,
///     receptive_field: 32,
///     warm_up: 0,
///     sharing: Sharing::None,
///     causal: true,
///     normaliser: "mean".to_owned(),
///     weights_hash: 0,
/// });
/// check_chart_encoder(&encoder, 7)?;
/// # Ok::<(), Error>(())
/// ```
pub trait ChartEncoder: Send + Sync {
    /// The encoder's identity.
    fn spec(&self) -> &EncoderSpec;

    /// Encodes the window that is the last `spec().window` bars of `bars`; the bars before it are
    /// its warm-up. This is the encoder's definition. `None` if the window has no embedding.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if there are fewer bars than window and warm-up need, or if a
    /// bar cannot have happened.
    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>>;

    /// Encodes the windows of a stretch without gaps whose last bars are at the indices `ends`,
    /// each at least window + warm-up - 1. Rows come in the order of `ends`; any order is
    /// allowed, and ascending is the fastest.
    ///
    /// Unless an encoder has something faster, each window is encoded on its own.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if an end is out of range, or if a bar cannot have happened.
    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        let spec = self.spec();
        check_ends(spec, stretch.len(), ends)?;
        let mut rows = Embeddings::with_capacity(spec.dim as usize, ends.len());
        for &end in ends {
            let bars = stretch.slice(end + 1 - reach(spec)..end + 1);
            rows.push(self.encode_window(&bars)?.as_deref())?;
        }
        Ok(rows)
    }
}
