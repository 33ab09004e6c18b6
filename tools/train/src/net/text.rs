//! The encoder of headlines. Rows of its table are read and trained by hand: a batch touches few of
//! them.

use burn_tensor::Tensor;
use rhymedb::Result;
use rhymedb::encode::{TextConfig, TextFeatures};

use super::{linear, normalise, unit};
use crate::params::Leaves;

/// The encoder of a config, after the table.
#[derive(Clone, Debug)]
pub struct TextNet {
    config: TextConfig,
}

impl TextNet {
    /// The encoder of a config.
    ///
    /// # Errors
    /// [`rhymedb::Error::Invalid`] if the config is wrong.
    pub fn new(config: &TextConfig) -> Result<Self> {
        config.check()?;
        Ok(Self {
            config: config.clone(),
        })
    }

    /// The config.
    pub fn config(&self) -> &TextConfig {
        &self.config
    }

    /// The embeddings at unit length of texts whose bags (texts, width) are given.
    pub fn embed(&self, leaves: &Leaves, bags: Tensor<2>) -> Result<Tensor<2>> {
        let x = normalise(bags, leaves, "norm")?;
        Ok(unit(linear(x, self.config.dim as usize, leaves, "linear")?))
    }
}

/// The rows of the table that a text reads, with what each counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bag {
    rows: Vec<(u32, f32)>,
}

impl Bag {
    /// The mean of the words, plus that of the pairs, plus that of the pieces.
    pub fn new(features: &TextFeatures) -> Self {
        let mut rows = Vec::new();
        for list in [&features.words, &features.pairs, &features.pieces] {
            let share = 1.0 / list.len().max(1) as f32;
            rows.extend(list.iter().map(|&row| (row, share)));
        }
        Self { rows }
    }

    /// Adds the rows of a table of `width` columns to `sum`.
    pub fn read(&self, table: &[f32], width: usize, sum: &mut [f32]) {
        for &(row, share) in &self.rows {
            let numbers = table.get(row as usize * width..(row as usize + 1) * width);
            let numbers = numbers.unwrap_or_default();
            sum.iter_mut()
                .zip(numbers)
                .for_each(|(s, x)| *s += x * share);
        }
    }

    /// Adds what the gradient of the sum means for the rows to the gradient of the table.
    pub fn add_gradient(&self, gradient: &[f32], table: &mut [f32]) {
        let width = gradient.len();
        for &(row, share) in &self.rows {
            let numbers = table.get_mut(row as usize * width..(row as usize + 1) * width);
            let numbers = numbers.unwrap_or_default();
            numbers
                .iter_mut()
                .zip(gradient)
                .for_each(|(t, g)| *t += g * share);
        }
    }
}
