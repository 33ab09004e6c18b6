//! A text encoder whose network is in an ONNX file.

use std::sync::Arc;

use super::declaration::TowerConfig;
use super::network::{Network, Session};
use super::refusal::broken;
use super::tokens::Tokens;
use crate::encode::{Embeddings, TextEncoder};
use crate::error::{Error, Result};
use crate::model::EncoderSpec;

/// Runs the network for each part of each text alone, so a text has the same vector, to the last bit, whatever is encoded
/// beside it.
pub(super) struct TowerEncoder {
    spec: EncoderSpec,
    pub(super) tokens: Tokens,
    pub(super) network: Network,
}

impl TowerEncoder {
    /// The encoder of a file that declares `config`, with the text of its tokenizer.
    ///
    /// # Errors
    /// [`Error::Invalid`] if one of them cannot be used.
    pub(super) fn new(
        file: &Arc<[u8]>,
        tokenizer: &[u8],
        config: &TowerConfig,
        spec: &EncoderSpec,
    ) -> Result<Self> {
        let tokens = Tokens::new(tokenizer, config.max_tokens as usize)?;
        let network = Network::new(file, config, tokens.pad).map_err(|found| broken(&found))?;
        Ok(Self {
            spec: spec.clone(),
            tokens,
            network,
        })
    }

    fn failed(&self, message: String) -> Error {
        Error::Encoder {
            encoder: self.spec.id.clone(),
            at: Vec::new(),
            source: Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(message)),
        }
    }

    fn encode(&self, text: &str, session: &mut Session<'_>) -> Result<Option<Vec<f32>>> {
        let wrong = |said| self.failed(said);
        let parts = self.tokens.parts(text).map_err(wrong)?;
        if !parts.iter().any(|part| part.says_anything) {
            return Ok(None);
        }
        let mut sums = vec![0.0; self.spec.dim as usize];
        for part in &parts {
            let vector = session.run(part).map_err(wrong)?;
            let weight = part.ids.len() as f64;
            for (sum, x) in sums.iter_mut().zip(vector) {
                *sum += weight * x;
            }
        }
        self.unit(&sums)
    }

    /// A vector at unit length; `None` for one of zeros.
    fn unit(&self, vector: &[f64]) -> Result<Option<Vec<f32>>> {
        let squared: f64 = vector.iter().map(|x| x * x).sum();
        if !squared.is_finite() {
            let said = "the network gives numbers that are not finite for this text";
            return Err(self.failed(said.to_owned()));
        }
        let scale = 1.0 / squared.sqrt();
        let unit = || vector.iter().map(|x| (x * scale) as f32).collect();
        Ok((squared > 0.0).then(unit))
    }
}

impl TextEncoder for TowerEncoder {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_text(&self, text: &str) -> Result<Option<Vec<f32>>> {
        self.encode(text, &mut self.network.session())
    }

    fn encode_texts(&self, texts: &[&str]) -> Result<Embeddings> {
        let mut rows = Embeddings::with_capacity(self.spec.dim as usize, texts.len());
        let mut session = self.network.session();
        for text in texts {
            rows.push(self.encode(text, &mut session)?.as_deref())?;
        }
        Ok(rows)
    }
}
