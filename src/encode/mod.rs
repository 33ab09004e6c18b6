//! Encoders turn windows of bars into vectors.
//!
//! A series is encoded once, not every window: windows at hop 1 share all but one of their bars,
//! so [`ChartEncoder::encode_series`] gets a whole gapless stretch and the positions wanted. Its
//! result must equal [`ChartEncoder::encode_window`] on each window alone, which is the encoder's
//! definition; the conformance suite holds every encoder to that.

use crate::error::Result;
use crate::model::{Bars, EncoderSpec};

/// Vectors of one space in the order asked for, unit length, one row each.
#[derive(Clone, Debug, Default, PartialEq)]
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
pub trait ChartEncoder: Send + Sync {
    /// The encoder's identity.
    fn spec(&self) -> &EncoderSpec;

    /// Encodes the window that is the last `spec().window` bars of `bars`; the bars before it are
    /// its warm-up. This is the encoder's definition. `None` if the window has no embedding.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if there are fewer bars than window and warm-up need.
    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>>;

    /// Encodes the windows of a stretch without gaps whose last bars are at the indices `ends`,
    /// ascending, each at least window + warm-up - 1.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if an end is out of range.
    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings>;
}
