use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, excerpt};

/// What the vectors of a space stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Modality {
    /// Windows of bars.
    Chart,
    /// Headlines.
    Headline,
    /// Vectors that the user brought, with metadata of their own.
    Imported,
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chart => "chart",
            Self::Headline => "headline",
            Self::Imported => "imported",
        })
    }
}

/// How much of the work for one window an encoder reuses for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sharing {
    /// Each window is encoded on its own.
    None,
    /// Per-bar features are computed once a series and pooled for each window.
    Pooled,
}

/// The identity of an encoder. Two encoders with equal specs give equal vectors; vectors of
/// different specs are never compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EncoderSpec {
    /// The encoder's name and version: `shape/1`.
    pub id: String,
    /// What it encodes.
    pub modality: Modality,
    /// The dimension D of its vectors.
    pub dim: u32,
    /// The number of input channels.
    pub channels: u32,
    /// The window W in bars; 0 where windows do not apply.
    pub window: u32,
    /// The receptive field R of one pooled feature, in bars; W where nothing is pooled.
    pub receptive_field: u32,
    /// Bars before the window that its normaliser reads.
    pub warm_up: u32,
    /// How windows share work.
    pub sharing: Sharing,
    /// Whether nothing after the window's last bar is read.
    pub causal: bool,
    /// How inputs are made comparable: `level-free`, `none`, ...
    pub normaliser: String,
    /// A hash of the weights; 0 where there are none.
    pub weights_hash: u64,
}

/// An embedding space: a name, an encoder and how densely windows are taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Space {
    /// The name that queries use.
    pub name: String,
    /// The encoder's identity.
    pub encoder: EncoderSpec,
    /// Bars from one window to the next.
    pub hop: u32,
}

impl Space {
    /// The largest dimension of a vector.
    pub const MAX_DIM: u32 = 4096;

    /// A space from its parts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name has other characters than letters, digits, `-`, `_` and `.`,
    /// if `hop` is 0, or if the dimension is 0 or above [`Self::MAX_DIM`].
    pub fn new(name: &str, encoder: EncoderSpec, hop: u32) -> Result<Self> {
        let space = Self {
            name: name.to_owned(),
            encoder,
            hop,
        };
        space.check()?;
        Ok(space)
    }

    /// Checks the parts, which anybody can set.
    pub(crate) fn check(&self) -> Result<()> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(allowed) {
            return Err(Error::invalid(format!(
                "expected a space name of 1 to 64 letters, digits, '-', '_' or '.', found {}",
                excerpt(&self.name)
            )));
        }
        if self.hop == 0 {
            return Err(Error::invalid("expected a hop of at least 1 bar, found 0"));
        }
        if !(1..=Self::MAX_DIM).contains(&self.encoder.dim) {
            return Err(Error::invalid(format!(
                "expected a dimension of 1 to {}, found {}",
                Self::MAX_DIM,
                self.encoder.dim
            )));
        }
        Ok(())
    }

    /// Bars that one embedding depends on: the window and its warm-up.
    pub fn reach(&self) -> usize {
        self.encoder.window as usize + self.encoder.warm_up as usize
    }
}
