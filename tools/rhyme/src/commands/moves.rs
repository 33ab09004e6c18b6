//! The move of a window, as every answer that lists windows shows it.

use rhymedb::{View, Window};
use serde_json::{Map, Value, json};

use crate::failure::Outcome;
use crate::format::Format;
use crate::output::{Column, column};

/// The return of a window in percent, and in deviations of its series in the year before it.
pub(super) const MOVE_COLUMNS: [Column; 2] = [
    column("move_percent", "move %"),
    column("move_sd", "move sd"),
];

/// The values of [`MOVE_COLUMNS`]; nothing where there are no bars, or too few before the window.
pub(super) fn moved(format: Format, view: &View, window: &Window) -> Outcome<Map<String, Value>> {
    let percent = view.change(window)?.map(|change| 100.0 * change);
    let deviations = view.size(window)?.map(|size| size.window);
    let [in_percent, in_sd] = MOVE_COLUMNS;
    let value = |x: Option<f64>| match (x, format) {
        (None, _) => Value::Null,
        (Some(x), Format::Table) => json!(format!("{x:+.1}")),
        (Some(x), Format::Json | Format::Csv) => json!((x * 1e4).round() / 1e4),
    };
    let values = [
        (in_percent.key.to_owned(), value(percent)),
        (in_sd.key.to_owned(), value(deviations)),
    ];
    Ok(values.into_iter().collect())
}

/// A row with the move of its window.
pub(super) fn with_move(
    format: Format,
    view: &View,
    window: &Window,
    mut row: Value,
) -> Outcome<Value> {
    if let Some(object) = row.as_object_mut() {
        object.extend(moved(format, view, window)?);
    }
    Ok(row)
}

/// The move of a window in a sentence: `, moved -12.3 % (-4.1 sd)`; nothing where there are no bars.
pub(super) fn told(view: &View, window: &Window) -> Outcome<String> {
    let Some(change) = view.change(window)? else {
        return Ok(String::new());
    };
    let deviations = view.size(window)?;
    let deviations = deviations.map(|size| format!(" ({:+.1} sd)", size.window));
    Ok(format!(
        ", moved {:+.1} %{}",
        100.0 * change,
        deviations.unwrap_or_default()
    ))
}
