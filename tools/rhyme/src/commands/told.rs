//! What a sentence told a search besides its meaning: a large move, and symbols.

use crate::text::legible;
use clap::Args;
use rhymedb::ask::Told;

/// What a sentence may tell, and how that is undone.
#[derive(Debug, Args)]
pub(crate) struct Sentence {
    /// Rank by words alone: else a sentence about a large move, like "bitcoin crashes", ranks large moves
    /// in its direction
    #[arg(long)]
    pub(super) by_words: bool,
    /// Search all symbols: else those that a sentence names, like bitcoin, Apple, FB or $BTC, narrow the
    /// search where they are stored
    #[arg(long, conflicts_with = "symbol")]
    pub(super) all_symbols: bool,
}

/// What a sentence told of so many hits, in whole lines; nothing if it told nothing.
pub(super) fn lines(answer: &Told, hits: usize) -> String {
    let mut lines = String::new();
    if let Some(told) = &answer.large_moves {
        let rest = hits.saturating_sub(told.large);
        let rest = match rest {
            0 => String::new(),
            n => format!("; the other {n} are the largest moves among the nearest"),
        };
        lines.push_str(&format!(
            "ranked by words and size: “{}” means a large move {}, and {} of {} hits moved that far, compared with their own past{rest}; --by-words ranks by words alone\n",
            told.word,
            told.direction,
            told.large,
            hits,
        ));
    }
    if !answer.narrowed_to.is_empty() {
        lines.push_str(&format!(
            "narrowed to {}, which the sentence names; --all-symbols searches all\n",
            legible(&answer.narrowed_to.join(", "))
        ));
    }
    lines
}
