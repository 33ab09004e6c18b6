//! Networks of other programs: ONNX files that declare what they read.
//!
//! What a file declares is read without any library, so that a program without the feature `onnx` still opens a
//! database that holds such a file, and still says what it was trained on.
//!
//! Networks over bars:
//!
//! ```text
//! bytes -> wire (whole? how many parts?) -> declaration
//!            |                                  |
//!            graph (operators, tensors) -> shapes (all known, all small) -> plan (tract) -> net (a chart encoder)
//! ```
//!
//! Networks over texts go the same way, in `text`.

mod declaration;
#[cfg(feature = "onnx")]
mod export;
#[cfg(feature = "onnx")]
mod graph;
#[cfg(feature = "onnx")]
mod net;
#[cfg(feature = "onnx")]
mod plan;
#[cfg(feature = "onnx")]
mod shapes;
mod text;
mod wire;
#[cfg(feature = "onnx")]
mod writer;

pub(super) use declaration::ONNX;
pub use declaration::{OnnxConfig, OnnxNormaliser};
#[cfg(feature = "onnx")]
pub(super) use export::write;
#[cfg(feature = "onnx")]
pub(super) use net::OnnxNet;
#[cfg(feature = "onnx")]
pub(super) use text::{MAX_BYTES as MAX_TEXT_BYTES, joined, missing};
pub use text::{Pooling, TowerConfig};
pub(super) use text::{TOWER, Tower};
#[cfg(feature = "onnx")]
pub use writer::{OnnxAttribute, OnnxWriter};

use crate::error::{Error, Result};

/// Under which key a file's metadata declares it.
const KEY: &str = "rhymedb";
/// The largest file.
const MAX_BYTES: usize = 64 << 20;

/// Whether bytes are those of an ONNX file rather than of a safetensors file, which starts with the length of its header
/// (at most 100 MB, in eight bytes) and `{`.
pub(super) fn is_onnx(bytes: &[u8]) -> bool {
    let safetensors = bytes.get(4..9) == Some(b"\0\0\0\0{".as_slice());
    // Field 1, the version of the format, comes first.
    bytes.first() == Some(&0x08) && !safetensors
}

fn broken(found: &str) -> Error {
    Error::invalid(format!(
        "expected an ONNX file that this program can run, found that {found}; from PyTorch export it with `torch.onnx.export(model.eval(), (bars,), \"model.onnx\", opset_version=17, dynamo=False)`, as docs/encoders.md shows, or write a network of our own with `rhyme-train --onnx model.onnx`"
    ))
}

/// That a file is not what was written: no network of it was looked at.
fn not_whole(found: &str) -> Error {
    Error::invalid(format!(
        "expected a whole ONNX file, found that {found}; copy it again, and compare its size with the original's (`wc -c model.onnx`)"
    ))
}

/// What a file declares in its metadata, if anything.
///
/// # Errors
/// [`Error::Invalid`] if the file is not whole, too large, or declares something that is not sound.
pub(super) fn declared(file: &[u8]) -> Result<Option<OnnxConfig>> {
    if file.len() > MAX_BYTES {
        return Err(Error::invalid(format!(
            "expected an ONNX file of at most {MAX_BYTES} bytes, found {}; use a smaller network",
            file.len()
        )));
    }
    wire::check(file).map_err(not_whole)?;
    match wire::metadata(file, KEY).map_err(not_whole)?.as_slice() {
        [] => Ok(None),
        [text] => OnnxConfig::of_json(text).map(Some),
        _ => Err(broken("its metadata has \"rhymedb\" more than once")),
    }
}

/// As [`declared`], for a file that has to.
pub(super) fn declaration_of(file: &[u8]) -> Result<OnnxConfig> {
    declared(file)?.ok_or_else(declaration::missing)
}

/// The file with what it declares in its metadata.
///
/// # Errors
/// [`Error::Invalid`] if the file is not whole, or declares something else already.
pub(super) fn with_declaration(file: &[u8], config: &OnnxConfig) -> Result<Vec<u8>> {
    config.check()?;
    let mut bytes = file.to_vec();
    match declared(file)? {
        None => bytes.extend(wire::metadata_entry(KEY, &config.to_json()?)),
        Some(own) if own == *config => {}
        Some(_) => {
            return Err(Error::invalid(
                "expected one declaration of the ONNX file, found one in its metadata and another one beside it; take one of them away",
            ));
        }
    }
    Ok(bytes)
}

/// That this program was built without the feature.
#[cfg(not(feature = "onnx"))]
pub(super) fn not_built_in() -> Error {
    Error::invalid(
        "expected a program that runs ONNX files, found one that was built without the feature onnx; install one with `cargo install --path tools/rhyme --features onnx`, or ask for the feature `onnx` of the crate",
    )
}
