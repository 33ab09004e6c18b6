//! How alike markets or symbols are, as a field of colours.

use rhymedb::View;
use rhymedb::plot::{Matrix, MatrixCell};
use rhymedb::query::TransferMatrixAnswer;

use super::names::as_of;
use crate::text::grouped;

pub(crate) fn matrix(view: &View, answer: &TransferMatrixAnswer) -> Matrix {
    let names: Vec<String> = answer.groups.iter().map(|g| g.name.clone()).collect();
    let cell = |a: &str, b: &str| {
        let of =
            |p: &&rhymedb::query::TransferPair| (p.a == a && p.b == b) || (p.a == b && p.b == a);
        let pair = answer.pairs.iter().find(of)?;
        Some(MatrixCell {
            value: pair.mutual,
            hint: format!(
                "{a} and {b}\nmutual {:.3}{}\nmean cosine of a window and its nearest {:.3}{}\n{} windows of each compared",
                pair.mutual,
                of_one_kind(pair.mutual_null),
                pair.similarity,
                of_one_kind(pair.similarity_null),
                pair.n
            ),
        })
    };
    let row = |a: &String| names.iter().map(|b| cell(a, b)).collect();
    let cells: Vec<Vec<Option<MatrixCell>>> = names.iter().map(row).collect();
    let most = answer.pairs.iter().map(|p| p.mutual).fold(0.0, f64::max);
    let windows: u64 = answer.groups.iter().map(|g| g.windows).sum();
    let compared: usize = answer.groups.iter().map(|g| g.n).sum();
    let (what, names) = called(names);
    Matrix {
        title: format!("How alike {} {what} are", names.len()),
        subtitle: format!(
            "{} of their {} windows compared · space {}{}",
            grouped(compared as u64),
            grouped(windows),
            answer.space,
            as_of(view)
        ),
        note: "The share of windows that are each other's nearest: 1 if each has a partner. Groups of one kind have the value in brackets.".to_owned(),
        cells,
        names,
        range: (0.0, if most > 0.5 { 1.0 } else { 0.5 }),
    }
}

/// What two groups of one kind would have, behind what was found.
fn of_one_kind(null: Option<f64>) -> String {
    null.map_or_else(String::new, |null| format!(" ({null:.3} of one kind)"))
}

/// What the names are of, and the names: symbols without their market if it is one for all.
fn called(names: Vec<String>) -> (&'static str, Vec<String>) {
    let parts: Option<Vec<(&str, &str)>> = names.iter().map(|n| n.split_once('/')).collect();
    let Some(parts) = parts.filter(|parts| !parts.is_empty()) else {
        return ("markets", names);
    };
    let one_market = parts.windows(2).all(|w| matches!(w, [a, b] if a.0 == b.0));
    if !one_market {
        return ("symbols", names);
    }
    let symbols = parts.iter().map(|(_, symbol)| (*symbol).to_owned());
    ("symbols", symbols.collect())
}
