//! What an ONNX file has to say of a network that reads texts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::encode::weights::Trained;
use crate::error::{Error, Result, shortened};
use crate::model::{EncoderSpec, Modality, Sharing, Space};

/// The name and version of encoders of texts in ONNX files.
pub(in crate::encode) const TOWER: &str = "onnx-text/1";

/// The lines that declare a network, for messages.
const LINES: &str = r#"`dim = 384`, `max_tokens = 256`, `pooling = "mean"` (or "cls" or "none") and `trained = [{ until = "2021-08-30" }]` (or `[]` if it has seen no real texts)"#;

/// How the vectors of tokens become one of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over the tokens of the text, those that begin and end it among them.
    Mean,
    /// The vector of the first token.
    Cls,
    /// The network gives one vector of a text itself.
    None,
}

/// What an ONNX file declares of a network that reads texts. Nothing has a default.
///
/// It stands in a TOML file beside it, `model.toml` for `model.onnx`:
///
/// ```toml
/// dim = 384                              # numbers of a vector
/// max_tokens = 256                       # tokens of one run, those that begin and end it among them
/// pooling = "mean"                       # or "cls", or "none" if the network gives one vector of a text
/// trained = [{ until = "2021-08-30" }]   # what it has seen, in the form of `Trained`
/// ```
///
/// or as JSON, with the same names, in the file's metadata (`metadata_props`) under the key `rhymedb.text`; the text of
/// its `tokenizer.json` stands there under `rhymedb.tokenizer`. A database keeps the file with both in its metadata.
///
/// The network reads whole numbers of 64 bits of the shape (batch, tokens): `input_ids`, `attention_mask` and, if it has
/// such an input, `token_type_ids`. It gives (batch, tokens, dim), or with `pooling = "none"` (batch, dim). The vector of a
/// text is scaled to unit length.
///
/// A text is run alone, padded to a length that follows from its own number of tokens: so its vector does not hang on
/// the texts beside it, to the last bit. A text of more than `max_tokens` is run in parts, and has the mean of their vectors,
/// weighted by their tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TowerConfig {
    /// The dimension D of the embedding.
    pub dim: u32,
    /// The most tokens of one run, those that begin and end it among them.
    pub max_tokens: u32,
    /// How the vectors of tokens become one of a text.
    pub pooling: Pooling,
    /// The texts that it has seen and until when, in the form of [`Trained`]; empty if it has seen no real ones.
    pub trained: Vec<Value>,
}

fn wrong(expected: impl std::fmt::Display) -> Error {
    Error::invalid(format!(
        "the declaration of the ONNX file of texts is wrong: expected {expected}"
    ))
}

/// Nothing declares a file.
#[cfg(feature = "onnx")]
pub(in crate::encode) fn missing() -> Error {
    Error::invalid(format!(
        "expected an ONNX file of texts that declares what it gives in a TOML file of the same name beside it, found none; write into that file the lines {LINES}"
    ))
}

impl TowerConfig {
    /// The most tokens of one run that may be declared.
    pub const MAX_TOKENS: u32 = 512;

    /// Reads the JSON text of a file's metadata.
    pub(in crate::encode::onnx) fn of_json(text: &[u8]) -> Result<Self> {
        let config: Self = serde_json::from_slice(text).map_err(|e| unread(&e.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// Reads the text of a TOML file.
    ///
    /// # Errors
    /// [`Error::Invalid`] that says what is missing, unknown or out of range.
    #[cfg(feature = "onnx")]
    pub fn of_toml(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text).map_err(|e| unread(e.message()))?;
        config.check()?;
        Ok(config)
    }

    /// The JSON text for a file's metadata.
    #[cfg(feature = "onnx")]
    pub(in crate::encode::onnx) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| wrong(shortened(&e.to_string())))
    }

    /// Checks every part.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the part.
    pub fn check(&self) -> Result<()> {
        let ranges = [
            ("dim", 1, Space::MAX_DIM, self.dim),
            ("max_tokens", 8, Self::MAX_TOKENS, self.max_tokens),
        ];
        let out =
            |(_, least, most, found): &&(&str, u32, u32, u32)| !(least..=most).contains(&found);
        if let Some((name, least, most, found)) = ranges.iter().find(out) {
            return Err(wrong(format!(
                "a {name} of {least} to {most}, found {found}"
            )));
        }
        Trained::read(&self.training()).map(drop)
    }

    /// The training record of such weights.
    pub(in crate::encode) fn training(&self) -> Value {
        json!({ "seen": self.trained })
    }

    /// The identity of the encoder.
    pub(in crate::encode) fn spec(&self, weights_hash: u64) -> EncoderSpec {
        EncoderSpec {
            id: TOWER.to_owned(),
            modality: Modality::Headline,
            dim: self.dim,
            channels: 0,
            window: 0,
            receptive_field: 0,
            warm_up: 0,
            sharing: Sharing::None,
            causal: true,
            normaliser: "tokenizer.json".to_owned(),
            weights_hash,
        }
    }
}

fn unread(found: &str) -> Error {
    Error::invalid(format!(
        "expected a declaration of an ONNX file of texts with the lines {LINES}, found that {}",
        shortened(found)
    ))
}
