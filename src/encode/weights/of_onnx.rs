//! Weights in ONNX files.

use std::path::Path;
use std::sync::Arc;

use super::{Trained, Weights, WeightsConfig};
use crate::encode::onnx::{self, ONNX, OnnxConfig};
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
        let declared = onnx::declaration_of(&bytes)?;
        let hash = Self::hash_of(&bytes);
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
            bytes,
            hash,
            net,
        })
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
