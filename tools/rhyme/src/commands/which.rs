use clap::Args;
use rhymedb::{Interval, LeastMove, Timestamp};

use crate::global::Global;
use crate::progress;

/// Which windows an answer may have: the options that `filtered!` says to a question.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only these markets
    #[arg(long, value_delimiter = ',')]
    pub(super) market: Vec<String>,
    /// Only these venues
    #[arg(long, value_delimiter = ',')]
    pub(super) venue: Vec<String>,
    /// Only these symbols
    #[arg(long, value_delimiter = ',')]
    pub(super) symbol: Vec<String>,
    /// Only these intervals
    #[arg(long, value_delimiter = ',')]
    pub(super) interval: Vec<Interval>,
    /// Only windows that closed at or after this time
    #[arg(long)]
    pub(super) from: Option<Timestamp>,
    /// Only windows that closed at or before this time
    #[arg(long)]
    pub(super) to: Option<Timestamp>,
    /// Only windows that moved so far up or down, from the open of their first bar to the close of their
    /// last: 2sd (deviations of the year before) or 5%
    #[arg(long, value_name = "MOVE")]
    pub(super) min_move: Option<LeastMove>,
}

impl Which {
    /// Says that a filter by moves found fewer windows than were asked for.
    pub(super) fn note_few(&self, global: &Global, (found, wanted): (usize, usize), exact: bool) {
        let Some(least) = self.min_move.filter(|_| found < wanted) else {
            return;
        };
        let note = if exact {
            format!("note: no more than {found} distinct windows moved by {least}")
        } else {
            format!(
                "note: {found} of {wanted}: of the nearest 30,000 windows no more moved by {least}; --exact looks at all of them"
            )
        };
        progress::notice(global, &note);
    }
}
