//! Encoders of the caller's own, which may do anything.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::encode::{ChartEncoder, Embeddings};
use crate::error::{Error, Result};
use crate::model::{Bars, EncoderSpec};

/// An encoder of the caller's own. Whatever goes wrong in it, a panic too, is [`Error::Encoder`],
/// and what it gives is looked at before anything believes it.
pub(super) struct OwnEncoder {
    spec: EncoderSpec,
    encoder: Arc<dyn ChartEncoder>,
}

impl OwnEncoder {
    pub(super) fn new(encoder: Arc<dyn ChartEncoder>) -> Self {
        Self {
            spec: encoder.spec().clone(),
            encoder,
        }
    }

    fn call<T>(&self, encode: impl FnOnce(&dyn ChartEncoder) -> Result<T>) -> Result<T> {
        let encode = AssertUnwindSafe(|| encode(self.encoder.as_ref()));
        match catch_unwind(encode) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(e)) => Err(self.failed(Arc::new(e))),
            Err(panic) => Err(self.wrong(format!("it panicked: {}", words(panic.as_ref())))),
        }
    }

    fn wrong(&self, message: String) -> Error {
        self.failed(Arc::from(Box::from(message)))
    }

    fn failed(&self, source: Arc<dyn std::error::Error + Send + Sync>) -> Error {
        Error::Encoder {
            encoder: self.spec.id.clone(),
            at: Vec::new(),
            source,
        }
    }

    /// Checks one vector.
    fn check(&self, vector: &[f32]) -> Result<()> {
        let dim = self.spec.dim as usize;
        if vector.len() != dim {
            return Err(self.wrong(format!(
                "expected a vector of {dim} numbers, found {}",
                vector.len()
            )));
        }
        let squares: f64 = vector.iter().map(|&x| f64::from(x).powi(2)).sum();
        if squares.is_finite() && squares > 0.0 {
            return Ok(());
        }
        let found = match vector.iter().position(|x| !x.is_finite()) {
            Some(at) => format!(
                "{} at index {at}",
                vector.get(at).copied().unwrap_or(f32::NAN)
            ),
            None => "zeros alone".to_owned(),
        };
        Err(self.wrong(format!(
            "expected a vector of finite numbers that are not all zero, or None for a window that has no vector, found {found}"
        )))
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    said.unwrap_or("without a message")
}

impl ChartEncoder for OwnEncoder {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        let vector = self.call(|encoder| encoder.encode_window(bars))?;
        if let Some(vector) = &vector {
            self.check(vector)?;
        }
        Ok(vector)
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        let rows = self.call(|encoder| encoder.encode_series(stretch, ends))?;
        let dim = self.spec.dim as usize;
        let whole = rows.dim == dim
            && rows.len() == ends.len()
            && rows.values.len() == dim.saturating_mul(ends.len());
        if !whole {
            return Err(self.wrong(format!(
                "expected {} rows of {dim} numbers, found {} of {} with {} numbers in all",
                ends.len(),
                rows.len(),
                rows.dim,
                rows.values.len()
            )));
        }
        (0..rows.len())
            .filter_map(|i| rows.row(i))
            .try_for_each(|row| self.check(row))?;
        Ok(rows)
    }
}
