//! What happened after the hits of a search, printed.

use rhymedb::{HitOutcome, HorizonOutcomes, OutcomeAnswer, OutcomeSummary, View};
use serde_json::{Value, json};

use super::similar::{answer_json, hit_columns, hit_row, print_table};
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

const SUMMARY_COLUMNS: [Column; 15] = [
    column("horizon", "bars"),
    column("of", "after"),
    column("n", "n"),
    column("effective_n", "without overlap"),
    column("mean", "mean"),
    column("q05", "5 %"),
    column("q25", "25 %"),
    column("q50", "50 %"),
    column("q75", "75 %"),
    column("q95", "95 %"),
    column("hit_rate", "rises"),
    column("best", "best"),
    column("worst", "worst"),
    column("volatility", "volatility"),
    column("p_value", "p"),
];

pub(super) fn print(format: Format, view: &View, target: &str, answer: &OutcomeAnswer) -> Outcome {
    match format {
        Format::Json => output::json(&json_of(view, target, answer)),
        Format::Csv => {
            let columns = [&hit_columns(&answer.similar)[..], &OUTCOME_COLUMNS].concat();
            output::listing(format, &columns, &long_rows(answer), "")
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
            let rows: Vec<Value> = long_rows(answer).into_iter().map(in_percent).collect();
            output::lines("\nafterwards")?;
            output::listing(format, &columns, &rows, "")?;
            output::lines("\nin summary")?;
            let rows: Vec<Value> = answer.horizons.iter().flat_map(summary_rows).collect();
            output::listing(format, &SUMMARY_COLUMNS, &rows, "")
        }
    }
}

/// One row for each horizon of each hit.
fn long_rows(answer: &OutcomeAnswer) -> Vec<Value> {
    let mut rows = Vec::new();
    for (i, hit) in answer.similar.hits.iter().enumerate() {
        for of_one in &answer.horizons {
            let mut row = hit_row(hit);
            let outcome = of_one.hits.get(i).map(|o| outcome_json(of_one.horizon, o));
            if let (Some(object), Some(Value::Object(outcome))) = (row.as_object_mut(), outcome) {
                object.extend(outcome);
            }
            rows.push(row);
        }
    }
    rows
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

fn json_of(view: &View, target: &str, answer: &OutcomeAnswer) -> Value {
    let hits = answer.similar.hits.iter().enumerate().map(|(i, hit)| {
        let mut row = hit_row(hit);
        let outcomes: Vec<Value> = answer
            .horizons
            .iter()
            .filter_map(|h| Some(outcome_json(h.horizon, h.hits.get(i)?)))
            .collect();
        if let Some(object) = row.as_object_mut() {
            object.insert("outcomes".to_owned(), json!(outcomes));
        }
        row
    });
    let mut whole = answer_json(target, view, &answer.similar, hits.collect());
    let summaries: Vec<Value> = answer.horizons.iter().map(horizon_json).collect();
    if let Some(object) = whole.as_object_mut() {
        object.insert("outcomes".to_owned(), json!(summaries));
        object.insert("took_us".to_owned(), json!(answer.took.as_micros() as u64));
    }
    whole
}

fn horizon_json(of_one: &HorizonOutcomes) -> Value {
    json!({
        "horizon": of_one.horizon,
        "hits": of_one.summary.as_ref().map(summary_json),
        "base": of_one.base.as_ref().map(summary_json),
        "base_windows": of_one.base_windows,
        "p_value": of_one.p_value,
    })
}

fn summary_json(summary: &OutcomeSummary) -> Value {
    let [q05, q25, q50, q75, q95] = summary.quantiles.map(rounded);
    json!({
        "n": summary.n,
        "effective_n": rounded(summary.effective_n),
        "mean": rounded(summary.mean),
        "q05": q05,
        "q25": q25,
        "q50": q50,
        "q75": q75,
        "q95": q95,
        "hit_rate": rounded(summary.hit_rate),
        "best": rounded(summary.best),
        "worst": rounded(summary.worst),
        "volatility": rounded(summary.volatility),
    })
}

/// Two rows: of the hits, and of the base rate.
fn summary_rows(of_one: &HorizonOutcomes) -> Vec<Value> {
    let base = format!(
        "a sample of all {} windows",
        output::grouped(of_one.base_windows)
    );
    let hits = ("the hits", &of_one.summary, of_one.p_value);
    let both = [hits, (base.as_str(), &of_one.base, None)];
    let row = |(of, summary, p_value): (&str, &Option<OutcomeSummary>, Option<f64>)| {
        let mut row = summary
            .as_ref()
            .map_or_else(|| json!({ "n": 0 }), summary_json);
        if let Some(object) = row.as_object_mut() {
            object.insert("horizon".to_owned(), json!(of_one.horizon));
            object.insert("of".to_owned(), json!(of));
            if let Some(summary) = summary {
                let size = format!("{:.1}", summary.effective_n);
                object.insert("effective_n".to_owned(), json!(size));
            }
            if let Some(p) = p_value {
                object.insert("p_value".to_owned(), json!(format!("{p:.3}")));
            }
        }
        in_percent(row)
    };
    both.into_iter().map(row).collect()
}

/// Writes returns and shares as people read them.
fn in_percent(mut row: Value) -> Value {
    const SIGNED: [&str; 9] = [
        "change", "mean", "q05", "q25", "q50", "q75", "q95", "best", "worst",
    ];
    let Some(object) = row.as_object_mut() else {
        return row;
    };
    for (key, value) in object.iter_mut() {
        let Some(number) = value.as_f64() else {
            continue;
        };
        if SIGNED.contains(&key.as_str()) {
            *value = json!(format!("{:+.2} %", 100.0 * number));
        } else if key == "volatility" {
            *value = json!(format!("{:.2} %", 100.0 * number));
        } else if key == "hit_rate" {
            *value = json!(format!("{:.0} %", 100.0 * number));
        }
    }
    row
}

fn rounded(x: f64) -> f64 {
    (x * 1e8).round() / 1e8
}
