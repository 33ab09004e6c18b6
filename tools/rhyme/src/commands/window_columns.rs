//! Windows and figures as rows have them.

use rhymedb::Window;
use serde_json::{Map, Value, json};

use crate::format::Format;
use crate::output::{Column, column};

pub(super) const WINDOW_COLUMNS: [Column; 6] = [
    column("market", "market"),
    column("venue", "venue"),
    column("symbol", "symbol"),
    column("interval", "interval"),
    column("start", "start"),
    column("end", "end"),
];

/// The name of a window's series and its time.
pub(super) fn window_row(window: &Window) -> Map<String, Value> {
    let series = &window.series;
    let values = [
        series.market.clone(),
        series.venue.clone(),
        series.symbol.clone(),
        series.interval.to_string(),
        window.start.to_string(),
        window.end.to_string(),
    ];
    let keys = WINDOW_COLUMNS.iter().map(|c| c.key.to_owned());
    keys.zip(values.map(Value::String)).collect()
}

/// A number with so many decimals where people read it.
pub(super) fn figure(format: Format, x: f64, decimals: usize) -> Value {
    match format {
        Format::Table => json!(format!("{x:.decimals$}")),
        Format::Json | Format::Csv => json!(rounded(x)),
    }
}

/// A p-value: those of sizes may be far below a thousandth.
pub(super) fn p_figure(format: Format, p: f64) -> Value {
    figure(format, p, if p < 0.001 { 5 } else { 3 })
}

pub(super) fn rounded(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}
