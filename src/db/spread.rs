//! How the hits of a list are spread: over groups, and apart from one another.

use super::diverse;
use super::per::Per;
use crate::error::{Error, Result};

/// What a list of hits was asked for besides nearness.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spread {
    pub(crate) per: Per,
    /// The lambda of a diverse choice, if there is one: see [`diverse`].
    pub(crate) diverse: Option<f64>,
}

impl Spread {
    /// Checks the options for a list of `k` hits.
    pub(crate) fn check(&self, k: usize) -> Result<()> {
        self.per.check()?;
        self.diverse
            .map_or(Ok(()), |lambda| diverse::check(lambda, k))
    }

    /// How many hits a list has, of which `k` are chosen, and how many of each group: of a diverse choice
    /// some times as many, so that it has enough of as many groups as it needs.
    pub(crate) fn pool(&self, k: usize) -> (usize, Per) {
        match self.diverse {
            Some(_) => (
                k.saturating_mul(diverse::POOL),
                self.per.times(diverse::POOL),
            ),
            None => (k, self.per),
        }
    }

    /// Refuses both where a list has to be chosen by nearness alone.
    pub(crate) fn none_with(&self, what: &str, reason: &str) -> Result<()> {
        let name = match self {
            Self {
                diverse: Some(_), ..
            } => "diverse",
            Self { per, .. } if !per.is_empty() => "per",
            _ => return Ok(()),
        };
        Err(Error::invalid(format!(
            "expected {what} without {name}, found both: {reason}; leave one of them out"
        )))
    }
}
