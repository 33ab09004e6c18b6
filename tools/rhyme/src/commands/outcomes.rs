//! What happened after the hits of a search, printed.

use rhymedb::ask::Afterwards;
use rhymedb::query::{Horizon, LeftOut};
use serde_json::{Value, json};

use super::hits::Found;
use super::shown;
use super::summary::{self, Compared, in_percent};
use crate::failure::Outcome;
use crate::format::Format;
use crate::output::{self, Column, column};

/// What is printed of an outcome.
pub(super) const OUTCOME_COLUMNS: [Column; 8] = [
    column("left_out", "left out"),
    column("horizon", "within"),
    column("outcome", "outcome"),
    column("closed", "closed"),
    column("change", "change"),
    column("best", "best excursion"),
    column("worst", "worst excursion"),
    column("volatility", "volatility"),
];

pub(super) fn print(format: Format, found: &Found<'_>, after: &Afterwards) -> Outcome {
    match format {
        Format::Json => output::json(&output::value(found.reply)?),
        Format::Csv => {
            let columns = [&found.columns()[..], &OUTCOME_COLUMNS].concat();
            output::listing(format, &columns, &long_rows(found)?, "")
        }
        Format::Table => print_table(found, after),
    }
}

fn print_table(found: &Found<'_>, after: &Afterwards) -> Outcome {
    found.print_table()?;
    if found.reply.hits.is_empty() {
        return Ok(());
    }
    let columns = [
        &[
            column("rank", "rank"),
            column("symbol", "symbol"),
            column("end", "end"),
        ],
        &OUTCOME_COLUMNS[..],
    ]
    .concat();
    let rows: Vec<Value> = long_rows(found)?
        .into_iter()
        .map(|row| in_percent(with_horizon(row)))
        .collect();
    let all_count = rows
        .iter()
        .all(|row| row.get("left_out").is_none_or(Value::is_null));
    let columns: Vec<Column> = columns
        .into_iter()
        .filter(|c| c.key != "left_out" || !all_count)
        .collect();
    output::lines("\nafterwards")?;
    output::listing(Format::Table, &columns, &rows, "")?;
    output::lines("\nin summary")?;
    let all = after.outcomes.iter();
    let all = all.map(|h| Compared::of(h, after.summary_interval));
    summary::print(&all.collect::<Vec<_>>(), after.net_of.as_ref())?;
    left_out(found)
}

/// A row with its horizon as people read it.
pub(super) fn with_horizon(mut row: Value) -> Value {
    let bars = row.get("horizon").and_then(Value::as_u64);
    if let (Some(n), Some(object)) = (bars, row.as_object_mut()) {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let text = Horizon::Bars(n).to_string();
        object.insert("horizon".to_owned(), json!(text));
    }
    row
}

/// Says which hits the summary leaves out.
fn left_out(found: &Found<'_>) -> Outcome {
    for (why, what, option) in [
        (
            LeftOut::SameMoment,
            "overlap the target in time",
            "--same-moment",
        ),
        (
            LeftOut::OtherInterval,
            "are of another interval",
            "--other-intervals",
        ),
    ] {
        let hits = found.reply.hits.iter();
        let left_out = hits.filter_map(|hit| hit.after.as_ref()?.left_out);
        let count = left_out.filter(|w| *w == why).count();
        if count > 0 {
            output::prose(&format!(
                "left out: {count} of the hits, which {what}; {option} counts them\n"
            ))?;
        }
    }
    Ok(())
}

/// One row for each horizon of each hit.
fn long_rows(found: &Found<'_>) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    for mut hit in shown::rows(&found.reply.hits)? {
        let outcomes = hit.as_object_mut().and_then(|hit| hit.remove("outcomes"));
        let outcomes = outcomes.iter().filter_map(Value::as_array).flatten();
        rows.extend(outcomes.map(|outcome| shown::joined(hit.clone(), outcome.clone())));
    }
    Ok(rows)
}
