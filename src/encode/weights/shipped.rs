//! Weights that are part of the crate.

use super::Weights;
use crate::error::Result;

/// Of the architecture `clip/1`; made by `tools/train/make_clip` (`tools/train/configs/clip.toml`, seed 1).
const CLIP: &[u8] = include_bytes!("shipped/clip.safetensors");
/// Of the architecture `tcn/1`; made by `rhyme-train` with `tools/train/configs/tcn.toml`, seed 1.
const TCN: &[u8] = include_bytes!("shipped/tcn.safetensors");

impl Weights {
    /// The weights of charts and headlines that come with the crate: W = 64, D = 64. What they can do
    /// and what they cannot is in the README; the training record in their header says on what they were
    /// trained and what was kept apart.
    ///
    /// ```
    /// use rhymedb::encode::Weights;
    /// let weights = Weights::shipped_clip()?;
    /// let text = weights.text_encoder()?;
    /// let vector = text.encode_text("shares plunge after a profit warning")?;
    /// assert_eq!(vector.map(|v| v.len()), Some(64));
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if they are no weights, which a test of this crate rules out.
    pub fn shipped_clip() -> Result<Self> {
        Self::from_bytes(CLIP)
    }

    /// The weights of charts alone that come with the crate: W = 64, D = 64, trained to know a window
    /// again from parts of it. On later daily stocks they tell no more about direction, size or what
    /// follows than `stats` does (`tools/train/configs/TRIALS.md`): a start for training of your own.
    ///
    /// ```
    /// use rhymedb::encode::Weights;
    /// let encoder = Weights::shipped_tcn()?.chart_encoder()?;
    /// assert_eq!((encoder.spec().window, encoder.spec().dim), (64, 64));
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if they are no weights, which a test of this crate rules out.
    pub fn shipped_tcn() -> Result<Self> {
        Self::from_bytes(TCN)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::encode::check_chart_encoder;

    #[test]
    fn shipped_weights_read_charts_and_text_and_have_a_bank() {
        let weights = Weights::shipped_clip().unwrap();
        assert!(weights.chart_encoder().is_ok() && weights.text_encoder().is_ok());
        let bank = weights.bank().unwrap();
        let text = weights.text_encoder().unwrap();
        let told = |sentence| {
            let vector = text.encode_text(sentence).unwrap().unwrap();
            bank.percentile(bank.expressiveness(&vector))
        };
        // A sentence about prices says more about charts than one about the weather.
        assert!(told("shares plunge after a profit warning") > told("a mild day with light rain"));
    }

    #[test]
    fn shipped_weights_conform_and_are_small() {
        for weights in [Weights::shipped_clip(), Weights::shipped_tcn()] {
            let encoder = weights.unwrap().chart_encoder().unwrap();
            check_chart_encoder(encoder.as_ref(), 1).unwrap();
        }
        assert!(Weights::shipped_tcn().unwrap().text_encoder().is_err());
        assert!(CLIP.len() + TCN.len() <= 4 << 20);
    }
}
