//! What an ONNX file has to say of its network.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::encode::MAX_WINDOW;
use crate::encode::weights::{Channel, Input, Memory, Trained};
use crate::error::{Error, Result, shortened};
use crate::model::Space;
#[cfg(feature = "onnx")]
use crate::model::{EncoderSpec, Modality, Sharing};

/// The name and version of encoders in ONNX files.
pub(in crate::encode) const ONNX: &str = "onnx/1";

/// The lines that declare a network, for messages.
const LINES: &str = r#"`window = 64`, `dim = 32`, `causal = true`, `channels = ["return", "range", "volume"]`, `normaliser = { volatility = { bars = 64, half_life = 16, lag = 1 }, level = { bars = 64, half_life = 16, lag = 1 } }` and `trained = [{ market = "crypto", interval = "1h", until = "2022-05-01" }]` (or `[]` if it has seen no real bars)"#;

/// What an ONNX file declares: what its network reads, what it gives, and what it was trained on. Nothing has a default.
///
/// It stands in the file's metadata (`metadata_props`) under the key `rhymedb` as JSON:
///
/// ```json
/// {
///   "window": 64,
///   "dim": 32,
///   "causal": true,
///   "channels": ["return", "range", "volume"],
///   "normaliser": {
///     "volatility": { "bars": 64, "half_life": 16, "lag": 1 },
///     "level": { "bars": 64, "half_life": 16, "lag": 1 }
///   },
///   "trained": [{ "market": "crypto", "interval": "1h", "until": "2022-05-01" }]
/// }
/// ```
///
/// or, with the same names, in a TOML file beside it: `model.toml` for `model.onnx`. A database keeps the file with the
/// declaration in its metadata.
///
/// The network reads 32-bit floats of the shape (batch, channels, window), the oldest bar first, and gives (batch, dim).
/// Its vectors are scaled to unit length. The batch may be of any size or 1. Windows are encoded one by one, so padding
/// at a window's edge and normalisation over a window do no harm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnnxConfig {
    /// The window W in bars.
    pub window: u32,
    /// The dimension D of the embedding.
    pub dim: u32,
    /// That nothing after the window's last bar is read, and that training did not make it know what came after.
    pub causal: bool,
    /// What the network sees of a bar, in the order of its input.
    pub channels: Vec<Channel>,
    /// Over which bars the channels are made comparable.
    pub normaliser: OnnxNormaliser,
    /// The series that it has seen and until when, in the form of [`Trained`]; empty if it has seen no real bars.
    pub trained: Vec<Value>,
}

/// Over which bars the channels of an [`OnnxConfig`] are made comparable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnnxNormaliser {
    /// Over what the volatility `s` is taken.
    pub volatility: Memory,
    /// Over what the usual `ln(1 + volume)` is taken.
    pub level: Memory,
}

fn wrong(expected: impl std::fmt::Display) -> Error {
    Error::invalid(format!(
        "the declaration of the ONNX file is wrong: expected {expected}"
    ))
}

/// Nothing declares a file.
pub(super) fn missing() -> Error {
    Error::invalid(format!(
        "expected an ONNX file that declares what it reads, in its metadata under \"rhymedb\" or in a TOML file of the same name beside it, found nothing; write into that file the lines {LINES}"
    ))
}

impl OnnxConfig {
    /// Reads the JSON text of a file's metadata.
    pub(super) fn of_json(text: &[u8]) -> Result<Self> {
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
    pub(super) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| wrong(shortened(&e.to_string())))
    }

    /// Checks every part.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the part.
    pub fn check(&self) -> Result<()> {
        let window = self.window as usize;
        if !(2..=MAX_WINDOW).contains(&window) {
            return Err(wrong(format!(
                "a window of 2 to {MAX_WINDOW} bars, found {window}"
            )));
        }
        if !(1..=Space::MAX_DIM).contains(&self.dim) {
            return Err(wrong(format!(
                "a dim of 1 to {}, found {}",
                Space::MAX_DIM,
                self.dim
            )));
        }
        if !self.causal {
            return Err(wrong(
                "`causal = true`, found false: a network that reads bars after its window, or was trained to, looks ahead",
            ));
        }
        self.input().check()?;
        Trained::read(&self.training()).map(drop)
    }

    /// What the first layer sees.
    pub(in crate::encode) fn input(&self) -> Input {
        Input::Channels {
            channels: self.channels.clone(),
            volatility: self.normaliser.volatility,
            level: self.normaliser.level,
        }
    }

    /// The training record of such weights.
    pub(in crate::encode) fn training(&self) -> Value {
        json!({ "seen": self.trained })
    }

    /// The identity of the encoder.
    #[cfg(feature = "onnx")]
    pub(in crate::encode) fn spec(&self, weights_hash: u64) -> EncoderSpec {
        let input = self.input();
        EncoderSpec {
            id: ONNX.to_owned(),
            modality: Modality::Chart,
            dim: self.dim,
            channels: self.channels.len() as u32,
            window: self.window,
            receptive_field: self.window,
            warm_up: input.warm_up(),
            sharing: Sharing::None,
            causal: true,
            normaliser: input.normaliser(),
            weights_hash,
        }
    }
}

fn unread(found: &str) -> Error {
    Error::invalid(format!(
        "expected a declaration of an ONNX file with the lines {LINES}, found that {}",
        shortened(found)
    ))
}
