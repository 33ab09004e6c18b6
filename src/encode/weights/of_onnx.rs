//! Weights in ONNX files.

use std::path::Path;
use std::sync::Arc;

use super::{Trained, Weights, WeightsConfig};
#[cfg(feature = "onnx")]
use crate::encode::TowerConfig;
use crate::encode::onnx::{self, ONNX, OnnxConfig, TOWER, Tower};
use crate::error::{Error, Result};

/// A declaration is a few lines.
#[cfg(feature = "onnx")]
const MAX_DECLARATION: u64 = 1 << 20;

impl Weights {
    /// The weights of an ONNX file that is declared by `config`, which becomes part of its metadata.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the declaration is wrong, if the file declares something else already, or as
    /// [`Self::from_bytes`].
    pub fn from_onnx(file: &[u8], config: &OnnxConfig) -> Result<Self> {
        Self::of_onnx(onnx::with_declaration(file, config)?.into())
    }

    /// The encoder of charts as an ONNX file that declares itself, for other programs; [`Self::from_bytes`] reads
    /// it too. Symbols that training held out count as seen there.
    ///
    /// ```
    /// use rhymedb::encode::Weights;
    /// let file = Weights::shipped_tcn()?.to_onnx()?;
    /// let again = Weights::from_bytes(file)?;
    /// assert_eq!(again.chart_encoder()?.spec().id, "onnx/1");
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    ///
    /// Networks over channels can be written ([`Input::Channels`](crate::encode::Input::Channels)): one over a path scales
    /// it inside, for which ONNX files have no declaration. What is written is not tried: a network that is very large
    /// for its window (2^31 multiplications, 64 MiB) is written, and [`Self::from_bytes`] refuses it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the weights have no encoder of charts, or one over a path
    /// ([`Input::Path`](crate::encode::Input::Path)).
    #[cfg(feature = "onnx")]
    pub fn to_onnx(&self) -> Result<Vec<u8>> {
        if self.config.onnx.is_some() {
            return Ok(self.bytes.to_vec());
        }
        let chart = self.config.chart.as_ref();
        let chart = chart.ok_or_else(|| self.has_no("charts"))?;
        let tensors = super::Tensors::parse(&self.bytes)?;
        let prefix = self.config.prefix("chart");
        onnx::write(chart, self.trained.declared(), &|name| {
            tensors.numbers(&format!("{prefix}{name}"))
        })
    }

    /// An ONNX file that declares itself. Without the feature `onnx` its network is not looked at, and there is no
    /// encoder.
    pub(super) fn of_onnx(bytes: Arc<[u8]>) -> Result<Self> {
        let hash = Self::hash_of(&bytes);
        if let Some(tower) = Tower::of(&bytes, hash)? {
            return Self::of_tower(bytes, hash, tower);
        }
        let declared = onnx::declaration_of(&bytes)?;
        #[cfg(feature = "onnx")]
        let net = {
            let net = onnx::OnnxNet::new(&bytes, &declared, hash)?;
            Some(Arc::new(net) as Arc<dyn crate::encode::ChartEncoder>)
        };
        #[cfg(not(feature = "onnx"))]
        let net = None;
        let training = declared.training();
        let config = WeightsConfig {
            architecture: ONNX.to_owned(),
            training,
            onnx: Some(declared),
            ..WeightsConfig::of_nothing()
        };
        Ok(Self {
            trained: Arc::new(Trained::read(&config.training)?),
            config: Arc::new(config),
            bank: None,
            bag: None,
            tower: None,
            bytes,
            hash,
            net,
        })
    }

    /// An ONNX file of texts. Neither its network nor its tokenizer is looked at before [`Self::text_encoder`].
    fn of_tower(bytes: Arc<[u8]>, hash: u64, tower: Tower) -> Result<Self> {
        let config = WeightsConfig {
            architecture: TOWER.to_owned(),
            training: tower.config().training(),
            tower: Some(tower.config().clone()),
            ..WeightsConfig::of_nothing()
        };
        Ok(Self {
            trained: Arc::new(Trained::read(&config.training)?),
            config: Arc::new(config),
            bank: None,
            bag: None,
            tower: Some(Arc::new(tower)),
            bytes,
            hash,
            net: None,
        })
    }

    /// The weights of an ONNX file of texts with the text of its `tokenizer.json`, declared by `config`; both become
    /// part of its metadata. The network is tried: its tokenizer has no number that it does not read, it heeds its mask,
    /// and the longest text that is declared can be read.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the declaration is wrong, if the file declares something already, or if the network or the
    /// tokenizer cannot be used.
    #[cfg(feature = "onnx")]
    pub fn from_onnx_text(file: &[u8], tokenizer: &[u8], config: &TowerConfig) -> Result<Self> {
        let weights = Self::of_onnx(onnx::joined(file, tokenizer, config)?.into())?;
        weights.try_text()?;
        Ok(weights)
    }

    /// Reads an ONNX file of texts, the declaration beside it (`model.toml` for `model.onnx`, a [`TowerConfig`]) and a
    /// `tokenizer.json`, and tries them as [`Self::from_onnx_text`] does.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read, [`Error::Input`] if one does not serve.
    #[cfg(feature = "onnx")]
    pub fn read_onnx_text(path: impl AsRef<Path>, tokenizer: impl AsRef<Path>) -> Result<Self> {
        let (path, tokenizer) = (path.as_ref(), tokenizer.as_ref());
        let file = bounded(path, onnx::MAX_TEXT_BYTES as u64)?;
        if !onnx::is_onnx(&file) {
            let found = "expected an ONNX file beside a tokenizer, found another kind of file; name the model's .onnx file with --encoder";
            return Err(Error::input(path, None, found));
        }
        let beside = path.with_extension("toml");
        if matches!(std::fs::exists(&beside), Ok(false)) {
            return Err(Error::input(path, None, onnx::missing().to_string()));
        }
        let declaration = bounded(&beside, MAX_DECLARATION)?;
        let declaration = String::from_utf8_lossy(&declaration);
        let config = TowerConfig::of_toml(&declaration)
            .map_err(|e| Error::input(&beside, None, e.to_string()))?;
        let tokens = bounded(tokenizer, onnx::MAX_TEXT_BYTES as u64)?;
        Self::from_onnx_text(&file, &tokens, &config).map_err(|e| {
            let of_tokenizer = e.to_string().contains("tokenizer.json");
            let about = if of_tokenizer { tokenizer } else { path };
            Error::input(about, None, e.to_string())
        })
    }

    /// Refuses an ONNX file of texts.
    ///
    /// # Errors
    /// [`Error::Input`], which names the feature.
    #[cfg(not(feature = "onnx"))]
    pub fn read_onnx_text(path: impl AsRef<Path>, _: impl AsRef<Path>) -> Result<Self> {
        let error = onnx::not_built_in();
        Err(Error::input(path.as_ref(), None, error.to_string()))
    }

    /// Tries a network of texts, once.
    ///
    /// # Errors
    /// As [`Self::from_onnx_text`].
    pub(crate) fn try_text(&self) -> Result<()> {
        match &self.tower {
            Some(tower) => tower.check(),
            None => Err(self.has_no("headlines")),
        }
    }

    /// Reads an ONNX file and, if there is one, the declaration beside it. A file that declares itself needs none,
    /// and what stands beside it then may be anything else.
    #[cfg(feature = "onnx")]
    pub(super) fn read_onnx(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        let beside = path.with_extension("toml");
        let wrong = |path: &Path| {
            let path = path.to_path_buf();
            move |e: Error| Error::input(&path, None, e.to_string())
        };
        match std::fs::metadata(&beside) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                Self::from_bytes(bytes).map_err(wrong(path))
            }
            Err(e) => Err(Error::io("open", &beside)(e)),
            Ok(about) if about.len() > MAX_DECLARATION => Err(Error::input(
                &beside,
                None,
                format!(
                    "expected the declaration of an ONNX file in at most {MAX_DECLARATION} bytes, found {}",
                    about.len()
                ),
            )),
            Ok(_) => {
                let text = std::fs::read_to_string(&beside).map_err(Error::io("read", &beside))?;
                match OnnxConfig::of_toml(&text) {
                    Ok(config) => Self::from_onnx(&bytes, &config).map_err(wrong(path)),
                    // Another file, such as the config that the network was trained by.
                    Err(_) if onnx::declaration_of(&bytes).is_ok() => {
                        Self::from_bytes(bytes).map_err(wrong(path))
                    }
                    Err(_) if TowerConfig::of_toml(&text).is_ok() => {
                        Err(wrong(&beside)(Error::invalid(
                            "expected the tokenizer of a network of texts, which this declares, found none; name it with `--tokenizer tokenizer.json`",
                        )))
                    }
                    Err(error) => Err(wrong(&beside)(error)),
                }
            }
        }
    }

    /// Refuses an ONNX file.
    #[cfg(not(feature = "onnx"))]
    pub(super) fn read_onnx(path: &Path, _: Vec<u8>) -> Result<Self> {
        let error = onnx::not_built_in();
        Err(Error::input(path, None, error.to_string()))
    }
}

/// The bytes of a file that is not larger than that.
#[cfg(feature = "onnx")]
fn bounded(path: &Path, most: u64) -> Result<Vec<u8>> {
    let len = std::fs::metadata(path)
        .map_err(Error::io("open", path))?
        .len();
    if len > most {
        return Err(Error::input(
            path,
            None,
            format!("expected a file of at most {most} bytes, found {len}"),
        ));
    }
    std::fs::read(path).map_err(Error::io("read", path))
}
