//! What the commands about charts and words have in common.

use std::time::Duration;

use clap::Args as ClapArgs;
use rhymedb::{Database, Error, Expressiveness, Interval, Query, Target, Timestamp, View, Window};
use serde_json::{Value, json};

use super::{moves, query_text};
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;
use crate::opening::{note_pending, view_at};
use crate::output::{Column, column};
use crate::progress;
use crate::text::legible;

/// Where a question goes, and as of when.
#[derive(Debug, ClapArgs)]
pub(crate) struct Place {
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

impl Place {
    /// The view that is asked. Says so if some windows are not searchable yet.
    pub(super) fn view(&self, global: &Global, db: &Database) -> Outcome<View> {
        let view = view_at(global, db, self.as_of);
        note_pending(global, &view)?;
        Ok(view)
    }
}

/// A length of time, like 90m, 4h or 3d.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let interval: Interval = text
        .parse()
        .map_err(|_| format!("expected a length of time like 90m, 4h or 3d, found {text:?}"))?;
    let millis = u64::try_from(interval.nominal_millis()).unwrap_or_default();
    Ok(Duration::from_millis(millis))
}

/// What a user asks with: a chart as for `similar`, `text:SENTENCE` or `prototype:NAME`.
pub(super) fn query(text: &str) -> Outcome<Query> {
    Ok(query_text::subject(text)?.query()?)
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

/// A number as people read it, or as programs do.
pub(super) fn number(format: Format, x: f64) -> Value {
    match format {
        Format::Table => json!(format!("{x:.4}")),
        Format::Json | Format::Csv => json!((x * 1e6).round() / 1e6),
    }
}

pub(super) fn text(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |t| json!(t.to_string()))
}

/// What a percentile of expressiveness looks like.
pub(super) fn percentile(told: Option<Expressiveness>) -> Value {
    told.map_or(Value::Null, |e| {
        json!((f64::from(e.percentile) * 10.0).round() / 10.0)
    })
}

pub(super) fn expressiveness(told: Option<Expressiveness>) -> Value {
    told.map_or(Value::Null, |e| {
        json!({
            "deviation": (f64::from(e.deviation) * 1e6).round() / 1e6,
            "percentile": percentile(Some(e)),
        })
    })
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

/// Says on standard error that a sentence says little about charts.
pub(super) fn warn(global: &Global, warning: Option<&str>) {
    if let Some(warning) = warning {
        progress::notice(global, &format!("note: {warning}"));
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

/// A window with its move.
pub(super) fn window_json(view: &View, window: Option<&Window>) -> Outcome<Value> {
    window.map_or(Ok(Value::Null), |w| {
        let row = json!({
            "market": w.series.market,
            "venue": w.series.venue,
            "symbol": w.series.symbol,
            "interval": w.series.interval.to_string(),
            "start": w.start.to_string(),
            "end": w.end.to_string(),
        });
        moves::with_move(Format::Json, view, w, row)
    })
}

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
