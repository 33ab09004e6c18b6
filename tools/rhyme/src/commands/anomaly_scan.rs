//! The unusual episodes of a period, printed.

use rhymedb::View;
use rhymedb::ask::AnomalyScanReply;
use rhymedb::query::{AnomalyScanAnswer, Measure};

use super::moves::MOVE_COLUMNS;
use super::pictures;
use super::shown::{self, charted, rounded, with_p};
use super::window_columns::WINDOW_COLUMNS;
use crate::failure::Outcome;
use crate::format::Format;
use crate::output::{self, Column, column};
use crate::text::grouped;

pub(super) fn print(
    format: Format,
    view: &View,
    reply: &AnomalyScanReply,
    answer: &AnomalyScanAnswer,
) -> Outcome {
    let rows = shown::rows(&reply.episodes)?;
    let mut columns = scan_columns(answer);
    match format {
        Format::Json => output::json(&output::value(reply)?),
        Format::Csv => output::listing(format, &columns, &rows, ""),
        Format::Table => {
            output::prose(&scan_heading(answer))?;
            output::keep(&columns, &rows);
            columns.push(column(output::CHART, "closes"));
            let values = MEASURES.map(|(_, value, _)| (value, 3));
            let charts = answer.episodes.iter();
            let charts = charts.map(|e| pictures::small_chart(view, &e.window));
            let rows = charted(rounded(with_p(rows), &values), charts);
            output::listing(format, &columns, &rows, "nothing unusual")
        }
    }
}

const MEASURES: [(Measure, &str, &str); 5] = [
    (Measure::Size, "size", "size_p"),
    (Measure::Distance, "distance", "distance_p"),
    (Measure::Mahalanobis, "mahalanobis", "mahalanobis_p"),
    (Measure::LargestZ, "largest_z", "largest_z_p"),
    (Measure::Alignment, "alignment", "alignment_p"),
];

fn scan_columns(answer: &AnomalyScanAnswer) -> Vec<Column> {
    let mut columns = vec![column("rank", "rank")];
    columns.extend(WINDOW_COLUMNS);
    columns.extend(MOVE_COLUMNS);
    columns.push(column("windows", "windows"));
    let seen = |m| answer.episodes.iter().any(|e| e.unusual.get(m).is_some());
    for (measure, value, p) in MEASURES {
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
