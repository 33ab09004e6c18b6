//! Weights that are part of the crate.

use super::Weights;
use crate::error::Result;

/// The weights of the default space of charts and headlines: a file of the architecture `clip/1`, by
/// `include_bytes!("shipped/clip.safetensors")` once there is a trained one.
const CLIP: Option<&[u8]> = None;

impl Weights {
    /// The weights of charts and headlines that are compiled into the crate, if there are any.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if they are no weights, which a test of this crate rules out.
    pub fn shipped_clip() -> Result<Option<Self>> {
        CLIP.map(Self::from_bytes).transpose()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn shipped_weights_read_charts_and_text_and_have_a_bank() {
        let shipped = Weights::shipped_clip().unwrap();
        assert_eq!(shipped.is_some(), CLIP.is_some());
        if let Some(weights) = shipped {
            assert!(weights.chart_encoder().is_ok() && weights.text_encoder().is_ok());
            assert!(weights.bank().is_some());
        }
    }
}
