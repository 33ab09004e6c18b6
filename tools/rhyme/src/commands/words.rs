//! What the commands about charts and words have in common.

use clap::Args as ClapArgs;
use rhymedb::query::Expressiveness;
use rhymedb::{Error, Target, Timestamp, View, Window};
use serde_json::{Value, json};

use super::moves;
use crate::failure::Outcome;
use crate::output::{Column, column};
use crate::text::legible;

/// Where a question goes, and as of when.
#[derive(Debug, ClapArgs)]
pub(crate) struct SpaceOptions {
    /// The space of charts and headlines [default: the only one, or clip]
    #[arg(long)]
    pub(crate) space: Option<String>,
    /// Nothing that was not known at this time
    #[arg(long)]
    pub(crate) as_of: Option<Timestamp>,
    /// Score every window instead of searching the graph; headlines are always all scored
    #[arg(long)]
    pub(crate) exact: bool,
}

/// A series without a time.
pub(super) fn series(text: &str) -> Outcome<Target> {
    let target: Target = text.parse()?;
    if target.time.is_some() {
        return Err(Error::Invalid(format!(
            "expected a series like BTCUSDT:1h, found {text} with a time; use --from and --to"
        ))
        .into());
    }
    Ok(target)
}

pub(super) fn text(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |t| json!(t.to_string()))
}

/// How much a sentence says about charts, for people.
pub(super) fn told(told: Option<Expressiveness>) -> String {
    match told {
        Some(e) => format!(
            "expressiveness {:.4}, above {:.0} % of headlines",
            e.deviation, e.percentile
        ),
        None => "the space's weights do not tell how much a sentence says about charts".to_owned(),
    }
}

/// What is printed of a headline that was found.
pub(super) const HEADLINE_COLUMNS: [Column; 7] = [
    column("rank", "rank"),
    column("score", "score"),
    column("published", "published"),
    column("known", "known"),
    column("percentile", "says more than %"),
    column("symbols", "symbols"),
    column("text", "headline"),
];

/// A window with its move for people; `otherwise` if the question had none.
pub(super) fn window_line(
    view: &View,
    window: Option<&Window>,
    otherwise: &str,
) -> Outcome<String> {
    Ok(legible(&match window {
        Some(w) => format!(
            "{} from {} to {}{}",
            w.series,
            w.start,
            w.end,
            moves::told(view, w)?
        ),
        None => otherwise.to_owned(),
    }))
}
