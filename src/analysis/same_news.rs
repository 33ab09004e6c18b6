//! Headlines that say the same of the same symbols, as one piece of news.

use std::collections::BTreeMap;

use crate::db::HeadlineHit;
use crate::model::{Headline, Timestamp};

/// A piece of news on its way to an answer.
pub(super) struct Story {
    /// The vector and the score of the most similar one, with which others are compared.
    pub(super) vector: Vec<f32>,
    pub(super) score: f32,
    /// The one that was known first, with when.
    pub(super) first: (Timestamp, Headline),
    /// When the first headline that names a symbol was known.
    pub(super) symbols: BTreeMap<String, Timestamp>,
    pub(super) headlines: u64,
}

impl Story {
    pub(super) fn new(hit: HeadlineHit, vector: Vec<f32>) -> Self {
        let symbols = hit.headline.symbols.iter().cloned();
        Self {
            vector,
            score: hit.score,
            symbols: symbols.map(|symbol| (symbol, hit.known)).collect(),
            first: (hit.known, hit.headline),
            headlines: 1,
        }
    }

    pub(super) fn shares_a_symbol(&self, other: &Self) -> bool {
        other.symbols.keys().any(|s| self.symbols.contains_key(s))
    }

    /// Takes all that another piece of news has; it is left without symbols, which tells nothing.
    pub(super) fn take(&mut self, other: &mut Self) {
        self.headlines += std::mem::take(&mut other.headlines);
        for (symbol, known) in std::mem::take(&mut other.symbols) {
            let first = self.symbols.entry(symbol).or_insert(known);
            *first = known.min(*first);
        }
        if other.first.0 < self.first.0 {
            self.first.clone_from(&other.first);
        }
    }
}
