//! Headlines as vectors: hashed words, pairs of words and pieces of words, from one table.
//!
//! ```text
//! text -> tokens -> hashes -> rows of the table -> mean of the words + mean of the pairs
//!                                                  + mean of the pieces
//!      -> layer normalisation -> linear -> unit length
//! ```
//!
//! A hash needs no vocabulary, pieces of words serve words never seen, and a table of bytes of 2^15
//! rows of 64 takes 2 MiB. What the tokens are stands in [`tokens`].

mod bag;
mod tokens;

pub(super) use bag::TextBag;
pub use tokens::{TextFeatures, text_features};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Embeddings;
use super::weights::{Declared, Fill};
use crate::error::{Error, Result};
use crate::model::{EncoderSpec, Modality, Sharing, Space};

/// Turns headlines into unit vectors. Calls from several threads are fine.
///
/// ```
/// use rhymedb::encode::{TextConfig, Weights, WeightsConfig};
/// let config = WeightsConfig::text(TextConfig::new(32));
/// let encoder = Weights::random(&config, 1)?.text_encoder()?;
/// let vector = encoder.encode_text("Bitcoin falls 12% as miners sell")?;
/// assert_eq!(vector.map(|v| v.len()), Some(32));
/// // Nothing to go by: no vector.
/// assert_eq!(encoder.encode_text(" ... ")?, None);
/// # Ok::<(), rhymedb::Error>(())
/// ```
pub trait TextEncoder: Send + Sync {
    /// The encoder's identity.
    fn spec(&self) -> &EncoderSpec;

    /// Encodes one text. `None` if it has no signal: no word and no number.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the weights give numbers that are not finite.
    fn encode_text(&self, text: &str) -> Result<Option<Vec<f32>>>;

    /// Encodes texts, one row each in their order.
    ///
    /// # Errors
    /// As [`Self::encode_text`].
    fn encode_texts(&self, texts: &[&str]) -> Result<Embeddings> {
        let mut rows = Embeddings::with_capacity(self.spec().dim as usize, texts.len());
        for text in texts {
            rows.push(self.encode_text(text)?.as_deref())?;
        }
        Ok(rows)
    }
}

/// An encoder of headlines: a table of hashed features, layer normalisation, a linear layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    /// The dimension D of the embedding.
    pub dim: u32,
    /// Rows of the table.
    pub buckets: u32,
    /// Numbers of a row.
    pub width: u32,
    /// Words, in lower case, that name somebody: each is read as `<name>`, so that a name says
    /// nothing about a chart.
    pub names: BTreeSet<String>,
}

impl TextConfig {
    /// A table of 2^15 rows of 64 bytes, and no names.
    pub fn new(dim: u32) -> Self {
        Self {
            dim,
            buckets: 1 << 15,
            width: 64,
            names: BTreeSet::new(),
        }
    }

    /// Checks the sizes.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the wrong one.
    pub fn check(&self) -> Result<()> {
        let ranges = [
            ("text.dim", self.dim, Space::MAX_DIM),
            ("text.buckets", self.buckets, 1 << 24),
            ("text.width", self.width, 4096),
        ];
        match ranges.iter().find(|(_, n, most)| !(1..=*most).contains(n)) {
            None => Ok(()),
            Some((part, found, most)) => Err(Error::invalid(format!(
                "the weights' config is wrong in {part}: expected 1 to {most}, found {found}"
            ))),
        }
    }

    /// The identity of the encoder that these weights make.
    pub(super) fn spec(&self, id: &str, weights_hash: u64) -> EncoderSpec {
        EncoderSpec {
            id: id.to_owned(),
            modality: Modality::Headline,
            dim: self.dim,
            channels: 0,
            window: 0,
            receptive_field: 0,
            warm_up: 0,
            sharing: Sharing::None,
            causal: true,
            normaliser: format!("tokens of version {}", tokens::VERSION),
            weights_hash,
        }
    }

    /// The tensors of this encoder.
    pub(super) fn tensors(&self, prefix: &str) -> Vec<Declared> {
        let [buckets, width, dim] = [self.buckets, self.width, self.dim].map(|n| n as usize);
        let tensor = |name: &str, shape: &[usize], fill| {
            Declared::new(format!("{prefix}{name}"), shape, fill)
        };
        vec![
            tensor("table", &[buckets, width], Fill::Bytes),
            tensor("scale", &[buckets], Fill::Scale),
            tensor("norm.weight", &[width], Fill::Ones),
            tensor("norm.bias", &[width], Fill::Small),
            tensor("linear.weight", &[dim, width], Fill::Random(width)),
            tensor("linear.bias", &[dim], Fill::Small),
        ]
    }
}

#[cfg(test)]
mod tests;
