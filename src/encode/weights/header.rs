//! The config of weights as the header of their file has it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, shortened};

/// The version of weights files.
pub(super) const FORMAT: u32 = 1;

pub(super) fn write_header(config: &impl Serialize) -> Result<String> {
    serde_json::to_string(config)
        .map_err(|e| Error::invalid(format!("the weights' config cannot be written: {e}")))
}

pub(super) fn parse_header<C: DeserializeOwned>(text: &str) -> Result<C> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let wrong = |e: serde_json::Error| {
        Error::invalid(format!(
            "expected the config of RhymeDB weights in format {FORMAT}, found one that cannot be read ({}); export the weights again",
            shortened(&e.to_string())
        ))
    };
    let version: Version = serde_json::from_str(text).map_err(wrong)?;
    if version.format != FORMAT {
        return Err(Error::invalid(format!(
            "expected weights in format {FORMAT}, found format {}; use a newer program",
            version.format
        )));
    }
    serde_json::from_str(text).map_err(wrong)
}
