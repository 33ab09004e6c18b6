//! A headline that a question found.

use super::expressiveness::Expressiveness;
use crate::model::{Headline, Timestamp};

/// A headline that is near a vector.
#[derive(Clone, Debug)]
pub struct HeadlineHit {
    /// 1 is the best.
    pub rank: usize,
    /// Cosine of the query and the stored vector, of a long text that of its nearest passage, -1 to 1.
    pub score: f32,
    /// The headline.
    pub headline: Headline,
    /// The passage of its text that is nearest, whose score this is, if the text is a long one that is split.
    pub passage: Option<String>,
    /// When it was known: its publication, its precision and the latency of the question.
    pub known: Timestamp,
    /// How much it says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
    /// Where its vector is among those of the space.
    pub(super) row: u32,
}

/// A headline that fits a sentence, by its meaning or by its words.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FoundHeadline {
    /// 1 is the best.
    pub rank: usize,
    /// Cosine of the query and the stored vector, -1 to 1; `None` if the headline has no vector.
    pub score: Option<f32>,
    /// How well its words fit (BM25, above 0), if words counted and it holds one of them.
    pub words: Option<f32>,
    /// The headline.
    pub headline: Headline,
    /// The passage of its text that fits best, if the text is a long one that is split: by meaning or by words,
    /// whichever ranks it higher.
    pub passage: Option<String>,
    /// When it was known: its publication, its precision and the latency of the question.
    pub known: Timestamp,
    /// How much it says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
}

impl From<HeadlineHit> for FoundHeadline {
    fn from(hit: HeadlineHit) -> Self {
        Self {
            rank: hit.rank,
            score: Some(hit.score),
            words: None,
            headline: hit.headline,
            passage: hit.passage,
            known: hit.known,
            expressiveness: hit.expressiveness,
        }
    }
}

/// Two hits are equal if they say the same, wherever their vectors are stored.
impl PartialEq for HeadlineHit {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
            && self.score == other.score
            && self.headline == other.headline
            && self.passage == other.passage
            && self.known == other.known
            && self.expressiveness == other.expressiveness
    }
}
