//! Rows that stand for one window or one headline.

use std::collections::HashMap;
use std::hash::Hash;

use super::super::input_report::{DefectKind, InputReport, NoticeKind, RowDefect};
use super::matrix::kept_of;

/// Which rows are to be stored. Of rows of one thing with the same vector it is the first one; of rows of one
/// thing with different vectors it is none, because nobody knows which one is right. `told` names a thing.
pub(super) fn find_repeats<K: Eq + Hash>(
    things: &[K],
    told: impl Fn(&K) -> String,
    (values, lines): (&[f32], &[u64]),
    report: &mut InputReport,
) -> Vec<bool> {
    let dim = values.len().checked_div(things.len()).unwrap_or_default();
    let vector = |row: usize| values.get(row * dim..(row + 1) * dim).unwrap_or_default();
    let line = |row: usize| lines.get(row).copied().unwrap_or_default();
    let mut first_of: HashMap<&K, usize> = HashMap::with_capacity(things.len());
    let mut is_single = vec![true; things.len()];
    let mut contradicted = Vec::new();
    for (row, thing) in things.iter().enumerate() {
        let first = *first_of.entry(thing).or_insert(row);
        if first == row {
            continue;
        }
        if let Some(single) = is_single.get_mut(row) {
            *single = false;
        }
        let name = told(thing);
        let first_line = line(first);
        if vector(row) == vector(first) {
            let message = format!("the same vector of {name} is in row {first_line}; one is kept");
            report
                .notices
                .add(NoticeKind::Duplicate, Some(line(row)), || message);
        } else {
            let message = format!("row {first_line} has another vector of {name}");
            report.reject(line(row), RowDefect::new(DefectKind::Conflict, message));
            contradicted.push((first, line(row), name));
        }
    }
    contradicted.sort();
    contradicted.dedup_by_key(|(first, ..)| *first);
    for (first, other, name) in contradicted {
        if let Some(single) = is_single.get_mut(first) {
            *single = false;
        }
        let message = format!("row {other} has another vector of {name}");
        report.reject(line(first), RowDefect::new(DefectKind::Conflict, message));
    }
    is_single
}

/// The things and vectors of the rows that are to be stored.
pub(super) fn keep_single<T>(
    things: Vec<T>,
    (values, dim): (Vec<f32>, usize),
    is_single: &[bool],
) -> (Vec<T>, Vec<f32>) {
    if !is_single.contains(&false) {
        return (things, values);
    }
    let singles = things.into_iter().zip(is_single);
    let singles = singles.filter_map(|(thing, keep)| keep.then_some(thing));
    (singles.collect(), kept_of(&values, dim, is_single))
}
