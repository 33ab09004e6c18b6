//! Networks of other programs that read texts: an ONNX file, its `tokenizer.json`, and what they declare, all in one file
//! of weights.
//!
//! ```text
//! text -> tokens (tokenizers) -> parts of at most max_tokens -> network (one plan a length) -> pooling -> unit length
//! ```

mod declaration;
#[cfg(feature = "onnx")]
mod encoder;
#[cfg(feature = "onnx")]
mod network;
mod refusal;
#[cfg(all(test, feature = "onnx"))]
mod tests;
#[cfg(feature = "onnx")]
mod tokens;
#[cfg(feature = "onnx")]
mod trial;

use std::sync::Arc;
#[cfg(feature = "onnx")]
use std::sync::OnceLock;

pub(in crate::encode) use declaration::TOWER;
#[cfg(feature = "onnx")]
pub(in crate::encode) use declaration::missing;
pub use declaration::{Pooling, TowerConfig};

use refusal::broken;

use super::{not_whole, wire};
use crate::encode::TextEncoder;
#[cfg(feature = "onnx")]
use crate::error::Error;
use crate::error::Result;
use crate::model::EncoderSpec;

/// Under which key a file's metadata declares it.
const KEY: &str = "rhymedb.text";
/// Under which key its tokenizer stands there.
#[cfg(feature = "onnx")]
const TOKENIZER: &str = "rhymedb.tokenizer";
/// The largest file.
#[cfg(feature = "onnx")]
pub(in crate::encode) const MAX_BYTES: usize = 256 << 20;
/// The largest `tokenizer.json`.
#[cfg(feature = "onnx")]
const MAX_TOKENIZER: usize = 32 << 20;

/// An encoder of texts in an ONNX file, which is made when it is asked for: reading the network takes a second, and
/// most questions are about stored vectors.
pub(in crate::encode) struct Tower {
    config: TowerConfig,
    spec: EncoderSpec,
    /// The file.
    #[cfg(feature = "onnx")]
    bytes: Arc<[u8]>,
    #[cfg(feature = "onnx")]
    encoder: OnceLock<Result<Arc<encoder::TowerEncoder>>>,
    /// What trying it found.
    #[cfg(feature = "onnx")]
    tried: OnceLock<Result<()>>,
}

impl Tower {
    /// The tower of a file that declares itself to be one; `None` for other ONNX files.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if the file is not whole, too large, or declares something that is not
    /// sound.
    pub(in crate::encode) fn of(bytes: &Arc<[u8]>, hash: u64) -> Result<Option<Self>> {
        let Some(config) = declared(bytes)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            spec: config.spec(hash),
            config,
            #[cfg(feature = "onnx")]
            bytes: Arc::clone(bytes),
            #[cfg(feature = "onnx")]
            encoder: OnceLock::new(),
            #[cfg(feature = "onnx")]
            tried: OnceLock::new(),
        }))
    }

    pub(in crate::encode) fn config(&self) -> &TowerConfig {
        &self.config
    }

    pub(in crate::encode) fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    /// The encoder.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if the tokenizer or the network cannot be used.
    #[cfg(feature = "onnx")]
    pub(in crate::encode) fn encoder(&self) -> Result<Arc<dyn TextEncoder>> {
        let made = self.made()?;
        Ok(made)
    }

    #[cfg(feature = "onnx")]
    fn made(&self) -> Result<Arc<encoder::TowerEncoder>> {
        let made = self.encoder.get_or_init(|| {
            let tokenizer = tokenizer(&self.bytes)?;
            let made = encoder::TowerEncoder::new(&self.bytes, tokenizer, &self.config, &self.spec);
            made.map(Arc::new)
        });
        made.clone()
    }

    /// Tries what no graph says: see [`trial::check`].
    #[cfg(feature = "onnx")]
    pub(in crate::encode) fn check(&self) -> Result<()> {
        let encoder = self.made()?;
        let tried = self.tried.get_or_init(|| trial::check(encoder.as_ref()));
        tried.clone()
    }

    /// That this program was built without the feature.
    #[cfg(not(feature = "onnx"))]
    pub(in crate::encode) fn encoder(&self) -> Result<Arc<dyn TextEncoder>> {
        Err(super::not_built_in())
    }

    /// As [`Self::encoder`].
    #[cfg(not(feature = "onnx"))]
    pub(in crate::encode) fn check(&self) -> Result<()> {
        self.encoder().map(drop)
    }
}

/// What a file declares in its metadata, if it is one of texts.
fn declared(file: &[u8]) -> Result<Option<TowerConfig>> {
    wire::check(file).map_err(not_whole)?;
    match wire::metadata(file, KEY).map_err(not_whole)?.as_slice() {
        [] => Ok(None),
        [text] => TowerConfig::of_json(text).map(Some),
        _ => Err(broken("its metadata has \"rhymedb.text\" more than once")),
    }
}

/// The text of the tokenizer in a file's metadata.
#[cfg(feature = "onnx")]
fn tokenizer(file: &[u8]) -> Result<&[u8]> {
    match wire::metadata(file, TOKENIZER)
        .map_err(not_whole)?
        .as_slice()
    {
        [text] => Ok(text),
        found => Err(broken(&format!(
            "its metadata has {} tokenizers under \"rhymedb.tokenizer\", where one is needed",
            found.len()
        ))),
    }
}

/// The file with what declares it and its tokenizer in its metadata.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) if the file is not whole, too large, or declares itself already.
#[cfg(feature = "onnx")]
pub(in crate::encode) fn joined(
    file: &[u8],
    tokenizer: &[u8],
    config: &TowerConfig,
) -> Result<Vec<u8>> {
    config.check()?;
    if file.len() + tokenizer.len() > MAX_BYTES || tokenizer.len() > MAX_TOKENIZER {
        return Err(Error::invalid(format!(
            "expected an ONNX file with its tokenizer of at most {MAX_BYTES} bytes, {MAX_TOKENIZER} of them of the tokenizer, found {} and {}; use a smaller network",
            file.len(),
            tokenizer.len()
        )));
    }
    let text = std::str::from_utf8(tokenizer).map_err(|_| {
        Error::invalid(
            "expected a tokenizer.json in UTF-8, found other bytes; save it again with `tokenizer.save(\"tokenizer.json\")` of the Python package `tokenizers`",
        )
    })?;
    wire::check(file).map_err(not_whole)?;
    for key in [KEY, TOKENIZER, super::KEY] {
        if !wire::metadata(file, key).map_err(not_whole)?.is_empty() {
            return Err(Error::invalid(format!(
                "expected an ONNX file without {key:?} in its metadata beside a tokenizer and a declaration, found one with it; leave --tokenizer out, or use the file without that entry"
            )));
        }
    }
    let mut bytes = file.to_vec();
    bytes.extend(wire::metadata_entry(KEY, &config.to_json()?));
    bytes.extend(wire::metadata_entry(TOKENIZER, text));
    Ok(bytes)
}
