//! The encoders that this program knows, by their name and by a stored spec.

use std::sync::Arc;

use super::{ChartEncoder, Shape, Stats};
use crate::error::{Error, Result};
use crate::model::EncoderSpec;

/// The coefficients of `shape` when nobody says how many: beyond 48 the exact neighbours by
/// correlation hardly change.
const SHAPE_DIM: usize = 48;

/// What names an encoder, for messages.
const KNOWN: &str = "shape/1 and stats/1";

/// A chart encoder by its name, with or without its version: `shape`, `shape/1`, `stats`,
/// `stats/1`. `window` is in bars. `dim` is 48, or `window - 1` if that is less, unless said
/// otherwise for `shape`, and always 32 for `stats`.
///
/// # Errors
/// [`Error::Invalid`] if the name is unknown, or window or dimension do not fit the encoder.
pub fn chart_encoder_by_name(
    name: &str,
    window: usize,
    dim: Option<usize>,
) -> Result<Arc<dyn ChartEncoder>> {
    match name {
        "shape" | "shape/1" => {
            let dim = dim.unwrap_or_else(|| SHAPE_DIM.min(window.saturating_sub(1)));
            Ok(Arc::new(Shape::new(window, dim)?))
        }
        "stats" | "stats/1" => match dim {
            None | Some(Stats::DIM) => Ok(Arc::new(Stats::new(window)?)),
            Some(dim) => Err(Error::invalid(format!(
                "expected the dimension {} for stats, found {dim}; leave it out",
                Stats::DIM
            ))),
        },
        _ => Err(Error::invalid(format!(
            "expected an encoder that this program knows ({KNOWN}), found {name:?}; choose one of them, or use the program that made it"
        ))),
    }
}

/// Rebuilds the encoder of a stored space.
///
/// # Errors
/// [`Error::Invalid`] if the encoder is unknown, or if the one that this program would build
/// differs from `spec` in anything: its vectors would not be comparable with the stored ones.
pub fn chart_encoder(spec: &EncoderSpec) -> Result<Arc<dyn ChartEncoder>> {
    if !spec.id.contains('/') {
        return Err(Error::invalid(format!(
            "expected an encoder id with its version like shape/1, found {:?}; this program knows {KNOWN}",
            spec.id
        )));
    }
    let dim = Some(spec.dim as usize);
    let encoder = chart_encoder_by_name(&spec.id, spec.window as usize, dim)?;
    if encoder.spec() == spec {
        return Ok(encoder);
    }
    Err(Error::invalid(format!(
        "expected the stored encoder to be {:?}, which this program builds for {} (it knows {KNOWN}), found {spec:?}; encode the space again, or use the program that made it",
        encoder.spec(),
        spec.id
    )))
}

#[cfg(test)]
mod tests;
