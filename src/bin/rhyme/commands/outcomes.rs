//! What happened after the hits of a search, printed.

use rhymedb::{HitOutcome, HorizonOutcomes, OutcomeAnswer, View};
use serde_json::{Value, json};

use super::similar::{answer_json, hit_columns, hit_row, print_table};
use super::summary::{self, Compared, in_percent, rounded};
use crate::args::Format;
use crate::failure::Outcome;
use crate::output::{self, Column, column};

/// What is printed of an outcome.
const OUTCOME_COLUMNS: [Column; 7] = [
    column("horizon", "bars"),
    column("outcome", "outcome"),
    column("closed", "closed"),
    column("change", "change"),
    column("best", "best"),
    column("worst", "worst"),
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
            let rows = long_rows(view, answer)?.into_iter().map(in_percent);
            let rows: Vec<Value> = rows.collect();
            output::lines("\nafterwards")?;
            output::listing(format, &columns, &rows, "")?;
            output::lines("\nin summary")?;
            let both = answer
                .horizons
                .iter()
                .flat_map(|of_one| Compared::of(of_one).rows());
            summary::print(&both.collect::<Vec<_>>())
        }
    }
}

/// One row for each horizon of each hit.
fn long_rows(view: &View, answer: &OutcomeAnswer) -> Outcome<Vec<Value>> {
    let mut rows = Vec::new();
    for (i, hit) in answer.similar.hits.iter().enumerate() {
        for of_one in &answer.horizons {
            let mut row = hit_row(Format::Json, view, hit)?;
            let outcome = of_one.hits.get(i).map(|o| outcome_json(of_one.horizon, o));
            if let (Some(object), Some(Value::Object(outcome))) = (row.as_object_mut(), outcome) {
                object.extend(outcome);
            }
            rows.push(row);
        }
    }
    Ok(rows)
}

fn outcome_json(horizon: u32, outcome: &HitOutcome) -> Value {
    let state = match outcome {
        HitOutcome::Closed(_) => "closed",
        HitOutcome::Open => "open",
        _ => "missing",
    };
    let closed = outcome.closed();
    json!({
        "horizon": horizon,
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
            object.insert("outcomes".to_owned(), json!(outcomes));
        }
        Ok(row)
    });
    let hits = hits.collect::<Outcome<Vec<Value>>>()?;
    let mut whole = answer_json(target, view, &answer.similar, hits);
    let summaries: Vec<Value> = answer.horizons.iter().map(horizon_json).collect();
    if let Some(object) = whole.as_object_mut() {
        object.insert("outcomes".to_owned(), json!(summaries));
        object.insert("took_us".to_owned(), json!(answer.took.as_micros() as u64));
    }
    Ok(whole)
}

fn horizon_json(of_one: &HorizonOutcomes) -> Value {
    json!({
        "horizon": of_one.horizon,
        "hits": of_one.summary.as_ref().map(summary::json_of),
        "base": of_one.base.as_ref().map(summary::json_of),
        "base_windows": of_one.base_windows,
        "p_value": of_one.p_value,
    })
}
