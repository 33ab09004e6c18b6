//! What happened after the hits of a search, printed.

use rhymedb::{HitOutcome, Horizon, HorizonOutcomes, LeftOut, OutcomeAnswer, View};
use serde_json::{Value, json};

use super::similar::{answer_json, hit_columns, hit_row, print_table};
use super::summary::{self, Compared, in_percent, rounded};
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

pub(super) fn print(format: Format, view: &View, target: &str, answer: &OutcomeAnswer) -> Outcome {
    match format {
        Format::Json => output::json(&json_of(view, target, answer)?),
        Format::Csv => {
            let columns = [&hit_columns(&answer.similar)[..], &OUTCOME_COLUMNS].concat();
            output::listing(format, &columns, &long_rows(view, answer)?, "")
        }
        Format::Table => {
            print_table(view, target, &answer.similar)?;
            if answer.similar.hits.is_empty() {
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
            let rows: Vec<Value> = long_rows(view, answer)?
                .into_iter()
                .map(|row| in_percent(with_horizon(row)))
                .collect();
            let all_count = answer.left_out.iter().all(Option::is_none);
            let columns: Vec<Column> = columns
                .into_iter()
                .filter(|c| c.key != "left_out" || !all_count)
                .collect();
            output::lines("\nafterwards")?;
            output::listing(format, &columns, &rows, "")?;
            output::lines("\nin summary")?;
            let all = answer.horizons.iter();
            let all = all.map(|h| Compared::of(h, answer.interval));
            summary::print(&all.collect::<Vec<_>>())?;
            left_out(answer)
        }
    }
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
fn left_out(answer: &OutcomeAnswer) -> Outcome {
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
        let count = answer
            .left_out
            .iter()
            .flatten()
            .filter(|w| **w == why)
            .count();
        if count > 0 {
            output::prose(&format!(
                "left out: {count} of the hits, which {what}; {option} counts them\n"
            ))?;
        }
    }
    Ok(())
}

/// One row for each horizon of each hit.
fn long_rows(view: &View, answer: &OutcomeAnswer) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    for (i, hit) in answer.similar.hits.iter().enumerate() {
        for of_one in &answer.horizons {
            let mut row = hit_row(Format::Json, view, hit)?;
            if let Some(object) = row.as_object_mut() {
                object.insert("left_out".to_owned(), left_out_json(answer, i));
            }
            let outcome = of_one.hits.get(i).map(|o| outcome_json(of_one.horizon, o));
            if let (Some(object), Some(Value::Object(outcome))) = (row.as_object_mut(), outcome) {
                object.extend(outcome);
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Why a hit is not counted, if it is not.
fn left_out_json(answer: &OutcomeAnswer, hit: usize) -> Value {
    let why = answer.left_out.get(hit).copied().flatten();
    json!(why.map(|w| w.to_string()))
}

pub(super) fn outcome_json(horizon: Horizon, outcome: &HitOutcome) -> Value {
    let state = match outcome {
        HitOutcome::Closed(_) => "closed",
        HitOutcome::Open => "open",
        _ => "missing",
    };
    let closed = outcome.closed();
    json!({
        "horizon": summary::horizon_json(horizon),
        "outcome": state,
        "closed": closed.map(|o| o.closed.to_string()),
        "change": closed.map(|o| rounded(o.change)),
        "best": closed.map(|o| rounded(o.best)),
        "worst": closed.map(|o| rounded(o.worst)),
        "volatility": closed.map(|o| rounded(o.volatility)),
    })
}

fn json_of(view: &View, target: &str, answer: &OutcomeAnswer) -> Outcome<Value> {
    let hits = answer.similar.hits.iter().enumerate().map(|(i, hit)| {
        let mut row = hit_row(Format::Json, view, hit)?;
        let outcomes: Vec<Value> = answer
            .horizons
            .iter()
            .filter_map(|h| Some(outcome_json(h.horizon, h.hits.get(i)?)))
            .collect();
        if let Some(object) = row.as_object_mut() {
            object.insert("left_out".to_owned(), left_out_json(answer, i));
            object.insert("outcomes".to_owned(), json!(outcomes));
        }
        Ok(row)
    });
    let hits = hits.collect::<Outcome<Vec<Value>>>()?;
    let mut whole = answer_json(target, view, &answer.similar, hits);
    let summaries: Vec<Value> = answer.horizons.iter().map(summary_json).collect();
    if let Some(object) = whole.as_object_mut() {
        object.insert("outcomes".to_owned(), json!(summaries));
        let interval = answer.interval.map(|i| i.to_string());
        object.insert("summary_interval".to_owned(), json!(interval));
        object.insert("took_us".to_owned(), json!(answer.took.as_micros() as u64));
    }
    Ok(whole)
}

pub(super) fn summary_json(of_one: &HorizonOutcomes) -> Value {
    let [p_value, no_p_value] = summary::p_json(&of_one.p_value);
    json!({
        "horizon": summary::horizon_json(of_one.horizon),
        "hits": of_one.summary.as_ref().map(summary::json_of),
        "base": of_one.base.as_ref().map(summary::json_of),
        "base_windows": of_one.base_windows,
        "p_value": p_value,
        "no_p_value": no_p_value,
    })
}
