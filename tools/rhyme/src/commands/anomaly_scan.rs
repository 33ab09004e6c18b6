//! The unusual episodes of a period, printed.

use rhymedb::{AnomalyScanAnswer, Measure, View};
use serde_json::{Map, Value, json};

use super::moves::{self, MOVE_COLUMNS};
use super::window_columns::{WINDOW_COLUMNS, figure, p_figure, rounded, window_row};
use super::{pictures, words};
use crate::failure::Outcome;
use crate::format::Format;
use crate::output::{self, Column, column};
use crate::text::grouped;

pub(super) fn print(format: Format, view: &View, answer: &AnomalyScanAnswer) -> Outcome {
    let rows = |format| -> Outcome<Vec<Value>> {
        let row = |e| episode_row(format, view, e);
        answer.episodes.iter().map(row).collect()
    };
    let mut columns = scan_columns(answer);
    match format {
        Format::Json => output::json(&scan_json(view, answer, rows(format)?)),
        Format::Csv => output::listing(format, &columns, &rows(format)?, ""),
        Format::Table => {
            output::prose(&scan_heading(answer))?;
            output::keep(&columns, &rows(Format::Json)?);
            columns.push(column(output::CHART, "closes"));
            let charted = answer.episodes.iter().zip(rows(format)?);
            let charted = charted.map(|(episode, mut row)| {
                let chart = pictures::small_chart(view, &episode.window);
                if let Some(object) = row.as_object_mut() {
                    object.insert(output::CHART.to_owned(), json!(chart));
                }
                row
            });
            let rows: Vec<Value> = charted.collect();
            output::listing(format, &columns, &rows, "nothing unusual")
        }
    }
}

fn scan_columns(answer: &AnomalyScanAnswer) -> Vec<Column> {
    let mut columns = vec![column("rank", "rank")];
    columns.extend(WINDOW_COLUMNS);
    columns.extend(MOVE_COLUMNS);
    columns.push(column("windows", "windows"));
    let measures = [
        (Measure::Size, "size", "size_p"),
        (Measure::Distance, "distance", "distance_p"),
        (Measure::Mahalanobis, "mahalanobis", "mahalanobis_p"),
        (Measure::LargestZ, "largest_z", "largest_z_p"),
        (Measure::Alignment, "alignment", "alignment_p"),
    ];
    let seen = |m| answer.episodes.iter().any(|e| e.unusual.get(m).is_some());
    for (measure, value, p) in measures {
        if measure != Measure::Alignment || seen(measure) {
            columns.extend([column(value, value), column(p, "p")]);
        }
    }
    columns
}

fn scan_heading(answer: &AnomalyScanAnswer) -> String {
    format!(
        "{} windows scanned in {:.1} s, {} of them with p at most {} by {}, where chance alone gives {:.0}; {} {} too little history\n",
        grouped(answer.scanned),
        answer.took.as_secs_f64(),
        grouped(answer.unusual),
        answer.level,
        answer.by,
        answer.by_chance,
        grouped(answer.skipped),
        if answer.skipped == 1 {
            "had"
        } else {
            "of them had"
        },
    )
}

fn episode_row(format: Format, view: &View, episode: &rhymedb::AnomalyEpisode) -> Outcome<Value> {
    let mut row = Map::new();
    row.insert("rank".to_owned(), json!(episode.rank));
    row.extend(window_row(&episode.window));
    row.extend(moves::moved(format, view, &episode.window)?);
    row.insert("windows".to_owned(), json!(episode.windows));
    row.insert("from".to_owned(), json!(episode.from.to_string()));
    row.insert("to".to_owned(), json!(episode.to.to_string()));
    for m in &episode.unusual.measures {
        let name = m.measure.to_string().replace('-', "_");
        row.insert(format!("{name}_p"), p_figure(format, m.p_value));
        let percentile = figure(format, m.percentile, 1);
        row.insert(format!("{name}_percentile"), percentile);
        row.insert(name, figure(format, m.value, 3));
    }
    Ok(Value::Object(row))
}

fn scan_json(view: &View, answer: &AnomalyScanAnswer, episodes: Vec<Value>) -> Value {
    json!({
        "space": answer.space,
        "as_of": view.as_of().map(|t| t.to_string()),
        "trained_until": words::text(answer.trained_until),
        "scanned": answer.scanned,
        "skipped": answer.skipped,
        "unusual": answer.unusual,
        "by_chance": rounded(answer.by_chance),
        "by": answer.by.to_string(),
        "level": answer.level,
        "episodes": episodes,
        "took_us": answer.took.as_micros() as u64,
    })
}
