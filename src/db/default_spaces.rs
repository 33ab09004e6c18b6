//! The spaces that a first ingestion makes: their names, and whose weights they get.

use crate::encode::Weights;
use crate::error::Result;

/// The space of charts that questions go to.
pub(super) const DEFAULT_SPACE: &str = "shape";
/// The space of charts and headlines that questions with text go to.
pub(super) const TEXT_SPACE: &str = "clip";

/// Whose weights the default space of charts and headlines gets.
#[derive(Clone, Debug, Default)]
pub(super) enum DefaultClip {
    /// Those that come with the crate.
    #[cfg(feature = "weights")]
    #[default]
    Shipped,
    /// The caller's.
    Own(Weights),
    /// There is no such space.
    #[cfg_attr(not(feature = "weights"), default)]
    Absent,
}

impl DefaultClip {
    pub(super) fn weights(&self) -> Result<Option<Weights>> {
        match self {
            #[cfg(feature = "weights")]
            Self::Shipped => Weights::shipped_clip().map(Some),
            Self::Own(weights) => Ok(Some(weights.clone())),
            Self::Absent => Ok(None),
        }
    }
}
