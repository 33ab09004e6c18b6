//! How much a sentence says in a space of charts and headlines.

use serde::Serialize;

use crate::encode::Bank;

/// How much a sentence says about charts: see [`Bank`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Expressiveness {
    /// The standard deviation of the sentence's cosine over the bank of charts, 0 to 1.
    pub deviation: f32,
    /// The share of training headlines that say less, 0 to 100.
    pub percentile: f32,
}

impl Expressiveness {
    /// Below this percentile a sentence finds charts hardly better than chance does.
    pub const LOW: f32 = 50.0;

    pub(crate) fn of(bank: &Bank, vector: &[f32]) -> Self {
        Self::from_deviation(bank, bank.expressiveness(vector))
    }

    pub(super) fn from_deviation(bank: &Bank, deviation: f32) -> Self {
        Self {
            deviation,
            percentile: bank.percentile(deviation),
        }
    }

    /// Whether the sentence says little about charts.
    pub fn is_low(&self) -> bool {
        self.percentile < Self::LOW
    }
}
