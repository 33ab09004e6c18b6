//! Rows that stand for one window.

use std::collections::HashMap;

use super::super::input_report::{DefectKind, InputReport, NoticeKind, RowDefect};
use super::meta::VectorMeta;

/// Which rows are to be stored. Of rows of one window with the same vector it is the first one; of rows of one
/// window with different vectors it is none, because nobody knows which one is right.
pub(super) fn find_repeats(
    meta: &[VectorMeta],
    values: &[f32],
    lines: &[u64],
    report: &mut InputReport,
) -> Vec<bool> {
    let dim = values.len().checked_div(meta.len()).unwrap_or_default();
    let vector = |row: usize| values.get(row * dim..(row + 1) * dim).unwrap_or_default();
    let line = |row: usize| lines.get(row).copied().unwrap_or_default();
    let mut first_of: HashMap<&VectorMeta, usize> = HashMap::with_capacity(meta.len());
    let mut is_single = vec![true; meta.len()];
    let mut contradicted = Vec::new();
    for (row, of_row) in meta.iter().enumerate() {
        let first = *first_of.entry(of_row).or_insert(row);
        if first == row {
            continue;
        }
        if let Some(single) = is_single.get_mut(row) {
            *single = false;
        }
        let VectorMeta {
            market,
            venue,
            symbol,
            interval,
            end,
        } = of_row;
        let window = format!("{market}/{venue}/{symbol}:{interval} ending {end}");
        let first_line = line(first);
        if vector(row) == vector(first) {
            let message =
                format!("the same vector of {window} is in row {first_line}; one is kept");
            report
                .notices
                .add(NoticeKind::Duplicate, Some(line(row)), || message);
        } else {
            let message = format!("row {first_line} has another vector of {window}");
            report.reject(line(row), RowDefect::new(DefectKind::Conflict, message));
            contradicted.push((first, line(row), window));
        }
    }
    contradicted.sort();
    contradicted.dedup_by_key(|(first, ..)| *first);
    for (first, other, window) in contradicted {
        if let Some(single) = is_single.get_mut(first) {
            *single = false;
        }
        let message = format!("row {other} has another vector of {window}");
        report.reject(line(first), RowDefect::new(DefectKind::Conflict, message));
    }
    is_single
}
