//! Encoders that are written in Python.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rhymedb::encode::{
    ChartEncoder, Embeddings, EncoderSpec, Modality, Sharing, check_chart_encoder,
};
use rhymedb::{Bars, Control, Error, Result};

use crate::errors::Outcome;
use crate::waiting::wait;

/// The most windows that one call of the callable gets: enough to hide what a call costs, and a few
/// megabytes.
const MOST_WINDOWS: usize = 1_024;
/// Open, high, low, close, volume.
const CHANNELS: usize = 5;

/// An encoder whose vectors a callable makes.
struct Called {
    spec: EncoderSpec,
    /// Takes the bytes of windows x bars x 5 doubles and the number of windows; gives the bytes of windows
    /// x dimensions floats.
    encode: Py<PyAny>,
}

impl Called {
    fn reach(&self) -> usize {
        self.spec.window as usize + self.spec.warm_up as usize
    }

    fn failed(&self, error: PyErr) -> Error {
        Error::Encoder {
            encoder: self.spec.id.clone(),
            at: Vec::new(),
            source: Arc::new(error),
        }
    }

    /// The windows that end at `ends`, as the callable takes them.
    fn windows(&self, stretch: &Bars, ends: &[usize]) -> Result<Vec<u8>> {
        let reach = self.reach();
        let mut bytes = Vec::with_capacity(ends.len() * reach * CHANNELS * 8);
        for &end in ends {
            let first = end.checked_sub(reach.saturating_sub(1));
            let first = first.filter(|_| end < stretch.len());
            let first = first.ok_or_else(|| {
                Error::Invalid(format!(
                    "expected windows of {reach} bars among {}, found one that ends at {end}",
                    stretch.len()
                ))
            })?;
            for bar in stretch.iter().skip(first).take(reach) {
                for value in [bar.open, bar.high, bar.low, bar.close, bar.volume] {
                    bytes.extend_from_slice(&value.to_ne_bytes());
                }
            }
        }
        Ok(bytes)
    }

    fn rows(&self, stretch: &Bars, ends: &[usize], rows: &mut Embeddings) -> Result<()> {
        let windows = self.windows(stretch, ends)?;
        let vectors: Vec<f32> = Python::attach(|py| {
            let windows = PyBytes::new(py, &windows);
            let given = self.encode.call1(py, (windows, ends.len()))?;
            let given: &[u8] = given.extract(py)?;
            let (words, _) = given.as_chunks::<4>();
            Ok(words.iter().map(|word| f32::from_ne_bytes(*word)).collect())
        })
        .map_err(|error| self.failed(error))?;
        let dim = self.spec.dim as usize;
        for vector in vectors.chunks_exact(dim) {
            rows.push(unit(vector).as_deref())?;
        }
        Ok(())
    }
}

/// A vector of unit length; none of zeros or of NaN alone. What is in part not finite stays as it is, and
/// is refused by whoever takes it.
fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    if vector.iter().all(|x| x.is_nan()) {
        return None;
    }
    let squares = vector.iter().map(|&x| f64::from(x).powi(2));
    let length = squares.sum::<f64>().sqrt();
    if length == 0.0 {
        return None;
    }
    let scaled = vector.iter().map(|&x| (f64::from(x) / length) as f32);
    Some(scaled.collect())
}

impl ChartEncoder for Called {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        let end = bars
            .len()
            .checked_sub(1)
            .ok_or_else(|| Error::Invalid("expected bars to encode, found none".to_owned()))?;
        let rows = self.encode_series(bars, &[end])?;
        Ok(rows.row(0).map(<[f32]>::to_vec))
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        let mut rows = Embeddings::with_capacity(self.spec.dim as usize, ends.len());
        for ends in ends.chunks(MOST_WINDOWS) {
            self.rows(stretch, ends, &mut rows)?;
        }
        Ok(rows)
    }
}

/// An encoder in Python, for the database.
#[pyclass(module = "rhymedb._native", frozen)]
pub(crate) struct NativeEncoder {
    encoder: Arc<Called>,
}

impl NativeEncoder {
    pub(crate) fn shared(&self) -> Arc<dyn ChartEncoder> {
        Arc::<Called>::clone(&self.encoder)
    }
}

#[pymethods]
impl NativeEncoder {
    #[new]
    fn new(id: String, dim: u32, window: u32, warm_up: u32, encode: Py<PyAny>) -> Self {
        let spec = EncoderSpec {
            id,
            modality: Modality::Chart,
            dim,
            channels: CHANNELS as u32,
            window,
            receptive_field: window,
            warm_up,
            sharing: Sharing::None,
            causal: true,
            normaliser: "none".to_owned(),
            weights_hash: 0,
        };
        let encoder = Arc::new(Called { spec, encode });
        Self { encoder }
    }

    /// Holds the encoder to what search relies on.
    fn check(&self, py: Python<'_>, seed: u64) -> Outcome<()> {
        let encoder = Arc::clone(&self.encoder);
        wait(py, Control::new(), None, move |_| {
            check_chart_encoder(encoder.as_ref(), seed)
        })
    }
}
