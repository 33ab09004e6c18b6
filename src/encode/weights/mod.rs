//! Weights files: what trained encoders are made of. Their format stands at [`WeightsConfig`]; ONNX files declare
//! themselves by an [`OnnxConfig`].

mod bank;
mod config;
mod header;
mod layout;
mod of_onnx;
mod presets;
#[cfg(feature = "weights")]
mod shipped;
mod tensors;
mod trained;
mod with_bank;

pub use bank::{Bank, BankConfig};
pub use config::{Activation, Channel, ChartConfig, Convolution, Head, Input, Layer, Memory, Pool};
pub use trained::{Trained, is_held_out};

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::net::Net;
use super::onnx::{OnnxConfig, Tower, TowerConfig, is_onnx};
use super::text::{TextBag, TextConfig};
use super::{ChartEncoder, TextEncoder};
use crate::error::{Error, Result, excerpt};
use crate::model::EncoderSpec;
use header::{FORMAT, parse_header, write_header};
use tensors::Tensors;
pub(crate) use tensors::{Declared, Fill};

const CHART_NETS: [&str; 3] = ["tcn/1", "cnn/1", "multiscale/1"];
const TEXT: &str = "text/1";
const CLIP: &str = "clip/1";
/// Far above any model for this purpose, and small enough to read whole.
const MAX_BYTES: u64 = 256 << 20;

/// What a weights file says of itself, and the format of such files.
///
/// A weights file is a safetensors file. Its `__metadata__` has one entry, `rhymedb`, a JSON text:
///
/// ```json
/// {
///   "format": 1,
///   "architecture": "tcn/1",
///   "chart": { "dim": 64, "window": 64, "input": "path", "layers": [], "pools": [], "head": {} },
///   "text": null,
///   "temperature": null,
///   "training": { "anything": "that says where the weights come from" }
/// }
/// ```
///
/// | architecture | parts | encoders |
/// |---|---|---|
/// | `tcn/1`, `cnn/1`, `multiscale/1` | `chart` ([`ChartConfig`]) | windows of bars |
/// | `text/1` | `text` ([`TextConfig`]) | headlines |
/// | `clip/1` | both, of one `dim`, and `temperature`; `bank` ([`BankConfig`]) may be there | both, in one space |
///
/// The three names of chart networks share one vocabulary of layers; the name says which
/// literature a network follows, and vectors of two of them are never compared anyway. The tensors
/// follow from the config, no more and no fewer, as f32 in row-major order:
///
/// | tensor | shape | where |
/// |---|---|---|
/// | `layers.I.J.weight` | outputs, inputs, taps | convolution J of layer I; the last tap reads the newest step |
/// | `layers.I.J.bias` | outputs | if the layer has biases |
/// | `attention.weight` | heads of all pools, width | if a pool attends |
/// | `head.norm.weight`, `head.norm.bias` | pooled | if the head normalises |
/// | `head.I.weight`, `head.I.bias` | outputs, inputs; outputs | linear layer I of the head |
/// | `table` (i8) | buckets, width | text: one row for each hash of a word, a pair of words or a piece |
/// | `scale` | buckets, or 1 | text: what a row's bytes are multiplied by |
/// | `norm.weight`, `norm.bias` | width | text: layer normalisation (epsilon 1e-5) |
/// | `linear.weight`, `linear.bias` | dim, width; dim | text |
/// | `bank.mean` | dim | bank: the mean of the vectors of training charts |
/// | `bank.covariance` | dim, dim | bank: their covariance (divided by their number) |
/// | `bank.quantiles` | 101 | bank: expressiveness of training headlines, the quantiles 0 %, 1 %, ..., 100 % |
///
/// In a `clip/1` file the names of both encoders start with `chart.` and `text.`. What a bank is for
/// stands at [`Bank`]; [`Bank::measure`] and [`Weights::with_bank`] write it. A batch normalisation is folded
/// into the convolution before it. The hash of the whole file (xxh3, 64 bits) is part of each
/// encoder's [`EncoderSpec`]: a space knows its weights to the last bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsConfig {
    format: u32,
    /// The name and version of what the weights are for.
    pub architecture: String,
    /// The network over bars.
    pub chart: Option<ChartConfig>,
    /// The encoder of headlines.
    pub text: Option<TextConfig>,
    /// By what cosines were divided in training; the scale of a pair's odds.
    pub temperature: Option<f32>,
    /// What an ONNX file declares, for the architecture `onnx/1`, which stands in no header.
    #[serde(skip)]
    pub onnx: Option<OnnxConfig>,
    /// What an ONNX file of texts declares, for the architecture `onnx-text/1`, which stands in no header.
    #[serde(skip)]
    pub tower: Option<TowerConfig>,
    /// What the bank of charts was measured on, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<BankConfig>,
    /// Where the weights come from, in any form; what [`Trained`] reads has the form that stands
    /// there.
    pub training: serde_json::Value,
}

impl WeightsConfig {
    /// Weights of one chart network: `architecture` is `tcn/1`, `cnn/1` or `multiscale/1`.
    pub fn chart(architecture: &str, chart: ChartConfig) -> Self {
        Self {
            architecture: architecture.to_owned(),
            chart: Some(chart),
            ..Self::of_nothing()
        }
    }

    /// Weights of an encoder of headlines.
    pub fn text(text: TextConfig) -> Self {
        Self {
            architecture: TEXT.to_owned(),
            text: Some(text),
            ..Self::of_nothing()
        }
    }

    /// Weights of both in one space.
    pub fn clip(chart: ChartConfig, text: TextConfig, temperature: f32) -> Self {
        Self {
            architecture: CLIP.to_owned(),
            chart: Some(chart),
            text: Some(text),
            temperature: Some(temperature),
            ..Self::of_nothing()
        }
    }

    /// No part of any architecture.
    fn of_nothing() -> Self {
        Self {
            format: FORMAT,
            architecture: String::new(),
            chart: None,
            text: None,
            temperature: None,
            onnx: None,
            tower: None,
            bank: None,
            training: serde_json::Value::Null,
        }
    }

    /// Checks every part, and that the parts are those of the architecture.
    ///
    /// # Errors
    /// [`Error::Invalid`] that says what does not fit.
    pub fn check(&self) -> Result<()> {
        Trained::read(&self.training)?;
        if let Some(onnx) = &self.onnx {
            return onnx.check();
        }
        if let Some(tower) = &self.tower {
            return tower.check();
        }
        if self.bank.is_some() && self.architecture != CLIP {
            return Err(Error::invalid(format!(
                "expected a bank of charts in {CLIP} weights alone, found one in those of {}",
                excerpt(&self.architecture)
            )));
        }
        let parts = (&self.chart, &self.text, self.temperature);
        match (self.architecture.as_str(), parts) {
            (name, (Some(chart), None, None)) if CHART_NETS.contains(&name) => chart.check(),
            (TEXT, (None, Some(text), None)) => text.check(),
            (CLIP, (Some(chart), Some(text), Some(temperature))) => {
                chart.check()?;
                text.check()?;
                if chart.dim != text.dim {
                    return Err(Error::invalid(format!(
                        "expected both encoders of clip weights to have one dimension, found {} for charts and {} for text",
                        chart.dim, text.dim
                    )));
                }
                if temperature.is_finite() && temperature > 0.0 {
                    return Ok(());
                }
                Err(Error::invalid(format!(
                    "expected a finite temperature above 0, found {temperature}"
                )))
            }
            (name, _) if name == TEXT || name == CLIP || CHART_NETS.contains(&name) => {
                Err(Error::invalid(format!(
                    "expected the weights of {name} to have the parts of that architecture, found {}",
                    self.parts()
                )))
            }
            (name, _) => Err(Error::invalid(format!(
                "expected weights for one of {}, {TEXT} and {CLIP}, found {}; use a program that knows that architecture",
                CHART_NETS.join(", "),
                excerpt(name)
            ))),
        }
    }

    /// Whether there is an encoder of headlines.
    pub fn reads_text(&self) -> bool {
        self.text.is_some() || self.tower.is_some()
    }

    /// How many numbers the tensors have in all.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn numbers(&self) -> u128 {
        let count = |d: &Declared| d.shape.iter().map(|&n| n as u128).product::<u128>();
        self.tensors().iter().map(count).sum()
    }

    fn parts(&self) -> String {
        let parts = [
            ("chart", self.chart.is_some()),
            ("text", self.text.is_some()),
            ("temperature", self.temperature.is_some()),
        ];
        let named: Vec<_> = parts.iter().filter(|p| p.1).map(|p| p.0).collect();
        if named.is_empty() {
            "none".to_owned()
        } else {
            named.join(" and ")
        }
    }

    fn prefix(&self, part: &str) -> String {
        if self.architecture == CLIP {
            format!("{part}.")
        } else {
            String::new()
        }
    }

    /// The tensors that these weights have, sorted as they were declared.
    fn tensors(&self) -> Vec<Declared> {
        let chart = self.chart.iter();
        let text = self.text.iter();
        let bank = self.bank.iter().zip(&self.text);
        chart
            .flat_map(|c| c.tensors(&self.prefix("chart")))
            .chain(text.flat_map(|t| t.tensors(&self.prefix("text"))))
            .chain(bank.flat_map(|(_, text)| Bank::tensors(text.dim as usize)))
            .collect()
    }
}

/// The bytes of a weights file, checked, and the encoders that they make.
///
/// ```
/// use rhymedb::encode::{ChartConfig, Weights, WeightsConfig};
/// // Trained weights come from a file: Weights::read("weights.safetensors").
/// let config = WeightsConfig::chart("tcn/1", ChartConfig::tcn_path(64, 32));
/// let weights = Weights::random(&config, 7)?;
/// let encoder = weights.chart_encoder()?;
/// assert_eq!(encoder.spec().weights_hash, weights.hash());
/// # Ok::<(), rhymedb::Error>(())
/// ```
#[derive(Clone)]
pub struct Weights {
    bytes: Arc<[u8]>,
    hash: u64,
    config: Arc<WeightsConfig>,
    net: Option<Arc<dyn ChartEncoder>>,
    bag: Option<Arc<TextBag>>,
    tower: Option<Arc<Tower>>,
    bank: Option<Arc<Bank>>,
    trained: Arc<Trained>,
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weights")
            .field("architecture", &self.config.architecture)
            .field("hash", &format_args!("{:016x}", self.hash))
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Weights {
    /// Reads a weights file, or an ONNX file, which declares itself in its metadata or in a TOML file of the same
    /// name beside it ([`OnnxConfig`]).
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Input`] if it holds no weights.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let len = std::fs::metadata(path)
            .map_err(Error::io("open", path))?
            .len();
        if len > MAX_BYTES {
            return Err(Error::input(
                path,
                None,
                format!("expected weights of at most {MAX_BYTES} bytes, found {len}"),
            ));
        }
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        if is_onnx(&bytes) {
            return Self::read_onnx(path, bytes);
        }
        Self::from_bytes(bytes).map_err(|e| Error::input(path, None, e.to_string()))
    }

    /// Checks the bytes of a weights file, or of an ONNX file that declares itself in its metadata
    /// ([`OnnxConfig`]).
    ///
    /// # Errors
    /// [`Error::Invalid`] if the file is cut short, of another architecture, or if its tensors are
    /// not those of its config: missing, too many, of another shape or not finite.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self> {
        let bytes = bytes.into();
        if is_onnx(&bytes) {
            return Self::of_onnx(bytes);
        }
        let hash = Self::hash_of(&bytes);
        let tensors = Tensors::parse(&bytes)?;
        let config: WeightsConfig = parse_header(&tensors.header)?;
        config.check()?;
        tensors.check(&config.tensors())?;
        let floats = |name: &str| tensors.floats(name);
        let id = &config.architecture;
        let net = match &config.chart {
            Some(chart) => {
                let spec = chart.spec(id, hash);
                let prefix = config.prefix("chart");
                let net = Net::new(chart, spec, &|name| floats(&format!("{prefix}{name}")))?;
                Some(Arc::new(net) as Arc<dyn ChartEncoder>)
            }
            None => None,
        };
        let bag = match &config.text {
            Some(text) => {
                let prefix = config.prefix("text");
                let table = tensors.bytes(&format!("{prefix}table"))?;
                let floats = |name: &str| floats(&format!("{prefix}{name}"));
                let spec = text.spec(id, hash);
                Some(Arc::new(TextBag::new(text, spec, table, &floats)?))
            }
            None => None,
        };
        let bank = config.bank.map(|bank| Bank::read(bank, &tensors));
        Ok(Self {
            bank: bank.transpose()?.map(Arc::new),
            trained: Arc::new(Trained::read(&config.training)?),
            hash,
            config: Arc::new(config),
            net,
            bag,
            tower: None,
            bytes,
        })
    }

    /// Weights of a config filled at random, the same for the same seed: where training starts,
    /// and what tests use.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the config is wrong.
    pub fn random(config: &WeightsConfig, seed: u64) -> Result<Self> {
        config.check()?;
        let mut random = tensors::seeded(seed);
        let filled = config.tensors().into_iter().map(|declared| {
            let bytes = tensors::random(&declared, &mut random);
            (declared, bytes)
        });
        Self::from_bytes(tensors::write(
            &write_header(config)?,
            &filled.collect::<Vec<_>>(),
        )?)
    }

    /// Weights of a config with the numbers that `values` gives for each tensor by its name, in
    /// row-major order: how a trainer writes a file. A table's numbers are whole, -127 to 127; a
    /// `scale` may be one number for all rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the config is wrong, or if a tensor has another number of values or
    /// one that is not finite.
    pub fn from_values(
        config: &WeightsConfig,
        mut values: impl FnMut(&str, &[usize]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        config.check()?;
        let mut filled = Vec::new();
        for declared in config.tensors() {
            let numbers = values(&declared.name, &declared.shape)?;
            filled.push(tensors::filled(declared, &numbers)?);
        }
        Self::from_bytes(tensors::write(&write_header(config)?, &filled)?)
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash that a file of these bytes has.
    pub(crate) fn hash_of(bytes: &[u8]) -> u64 {
        xxh3_64(bytes)
    }

    /// The hash of the file's bytes.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// What the file says of itself.
    pub fn config(&self) -> &WeightsConfig {
        &self.config
    }

    /// What they were trained on, and until when.
    pub fn trained(&self) -> &Trained {
        &self.trained
    }

    /// The encoder of charts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the weights have none.
    pub fn chart_encoder(&self) -> Result<Arc<dyn ChartEncoder>> {
        match &self.net {
            Some(net) => Ok(Arc::clone(net)),
            None => Err(self.has_no("charts")),
        }
    }

    /// The encoder of headlines.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the weights have none, or one that cannot be used.
    pub fn text_encoder(&self) -> Result<Arc<dyn TextEncoder>> {
        match (&self.bag, &self.tower) {
            (Some(bag), _) => Ok(Arc::clone(bag) as Arc<dyn TextEncoder>),
            (None, Some(tower)) => tower.encoder(),
            (None, None) => Err(self.has_no("headlines")),
        }
    }

    /// The identity of the encoder of headlines, if the weights have nothing else: nothing of it is read for that.
    pub(crate) fn tower_spec(&self) -> Option<&EncoderSpec> {
        self.tower.as_ref().map(|tower| tower.spec())
    }

    /// The encoder of charts of a stored space.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it differs from `spec` in anything.
    pub fn chart_encoder_of(&self, spec: &EncoderSpec) -> Result<Arc<dyn ChartEncoder>> {
        let encoder = self.chart_encoder()?;
        if encoder.spec() == spec {
            return Ok(encoder);
        }
        Err(Error::invalid(format!(
            "expected the weights of {spec:?}, found those of {:?}; encode the space again, or use the program that made it",
            encoder.spec()
        )))
    }

    fn has_no(&self, what: &str) -> Error {
        #[cfg(not(feature = "onnx"))]
        if self.config.onnx.is_some() && what == "charts" {
            return super::onnx::not_built_in();
        }
        Error::invalid(format!(
            "expected weights with an encoder of {what}, found those of {}, which has none",
            self.config.architecture
        ))
    }
}

#[cfg(test)]
mod tests;
