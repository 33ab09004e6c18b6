//! The encoder itself.

use super::{TextConfig, TextEncoder, text_features};
use crate::encode::net::{Numbers, normalise};
use crate::error::{Error, Result};
use crate::model::EncoderSpec;
use crate::numeric::dot::dot;

/// A text encoder with weights.
pub(crate) struct TextBag {
    spec: EncoderSpec,
    config: TextConfig,
    table: Vec<i8>,
    /// One number a row, or one for all.
    scale: Vec<f32>,
    norm: (Vec<f32>, Vec<f32>),
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl TextBag {
    /// An encoder of a checked config.
    pub(crate) fn new(
        config: &TextConfig,
        spec: EncoderSpec,
        table: Vec<i8>,
        numbers: &Numbers<'_>,
    ) -> Result<Self> {
        Ok(Self {
            spec,
            config: config.clone(),
            table,
            scale: numbers("scale")?,
            norm: (numbers("norm.weight")?, numbers("norm.bias")?),
            weight: numbers("linear.weight")?,
            bias: numbers("linear.bias")?,
        })
    }

    /// Adds the mean of the table's rows to `sum`.
    fn add_mean(&self, rows: &[u32], sum: &mut [f32]) {
        let width = self.config.width as usize;
        let share = 1.0 / rows.len().max(1) as f32;
        for &row in rows {
            let row = row as usize;
            let scale = self.scale.get(row).or(self.scale.first());
            let scale = scale.copied().unwrap_or(f32::NAN) * share;
            let numbers = self.table.get(row * width..(row + 1) * width);
            for (sum, &x) in sum.iter_mut().zip(numbers.unwrap_or_default()) {
                *sum += f32::from(x) * scale;
            }
        }
    }
}

impl TextEncoder for TextBag {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_text(&self, text: &str) -> Result<Option<Vec<f32>>> {
        let features = text_features(text, &self.config.names, self.config.buckets);
        if features.words.is_empty() {
            return Ok(None);
        }
        let mut sum = vec![0.0; self.config.width as usize];
        self.add_mean(&features.words, &mut sum);
        self.add_mean(&features.pairs, &mut sum);
        self.add_mean(&features.pieces, &mut sum);
        normalise(&mut sum, &self.norm.0, &self.norm.1);
        let rows = self.weight.chunks_exact(sum.len()).zip(&self.bias);
        let vector: Vec<f32> = rows.map(|(row, bias)| dot(row, &sum) + bias).collect();
        let squared: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        if !squared.is_finite() {
            return Err(Error::invalid(format!(
                "the weights of {} give numbers that are not finite for {text:?}; train them again",
                self.spec.id
            )));
        }
        if squared == 0.0 {
            return Ok(None);
        }
        let scale = 1.0 / squared.sqrt();
        let unit = vector.iter().map(|&x| (f64::from(x) * scale) as f32);
        Ok(Some(unit.collect()))
    }
}
