//! How much assets move together, as a field of colours.

use rhymedb::View;
use rhymedb::plot::{Extent, Matrix, MatrixCell};
use rhymedb::query::CorrelationAnswer;

use super::names::as_of;
use crate::text::grouped;

/// Of more assets those are drawn that the listed pairs have, the most changed first.
const MOST_ASSETS: usize = 80;

pub(crate) fn correlation(view: &View, answer: &CorrelationAnswer) -> Matrix {
    let all = answer.assets.len();
    let mut drawn: Vec<usize> = (0..all).collect();
    if all > MOST_ASSETS {
        drawn.clear();
        for at in answer.pairs.iter().flat_map(|pair| [pair.a, pair.b]) {
            if drawn.len() < MOST_ASSETS && !drawn.contains(&at) {
                drawn.push(at);
            }
        }
        drawn.sort_unstable();
    }
    let symbol = |i: usize| answer.assets.get(i).map_or("", |key| key.symbol.as_str());
    let cell = |i: usize, j: usize| {
        let value = answer.shrunk(i, j).filter(|_| i != j)?;
        let is = |a: usize, b: usize| (a, b) == (i, j) || (a, b) == (j, i);
        let pair = answer.pairs.iter().find(|pair| is(pair.a, pair.b));
        let usual = pair.and_then(|pair| pair.usual.zip(pair.p));
        let usual = usual.map_or(String::new(), |(usual, p)| {
            format!("\nusually {usual:.2}, p {p:.3}")
        });
        Some(MatrixCell {
            value,
            hint: format!("{} and {}: {value:.2}{usual}", symbol(i), symbol(j)),
        })
    };
    let row = |&i: &usize| drawn.iter().map(|&j| cell(i, j)).collect();
    let cells: Vec<Vec<Option<MatrixCell>>> = drawn.iter().map(row).collect();
    let values = || cells.iter().flatten().flatten().map(|cell| cell.value);
    let low = values().fold(0.0, f64::min);
    let high = values().fold(low + 0.1, f64::max);
    Matrix {
        title: "How much assets move together".to_owned(),
        subtitle: format!(
            "{} of {} assets · {} returns of {} · mean {:.2} · {} of {} pairs changed{}",
            drawn.len(),
            grouped(all as u64),
            answer.returns,
            answer.interval,
            answer.mean,
            grouped(answer.alarms as u64),
            grouped(answer.all_pairs as u64),
            as_of(view),
        ),
        note: "Colour: the correlation of returns over the same bars, drawn towards the mean of all pairs.".to_owned(),
        names: drawn.iter().map(|&i| symbol(i).to_owned()).collect(),
        cells,
        range: Extent::new(low, high),
    }
}
