//! The move of a window, as every answer that lists windows shows it.

use rhymedb::{View, Window};

use crate::failure::Outcome;
use crate::output::{Column, column};

/// The return of a window in percent, and in deviations of its series in the year before it.
pub(super) const MOVE_COLUMNS: [Column; 2] = [
    column("move_percent", "move %"),
    column("move_sd", "move sd"),
];

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
