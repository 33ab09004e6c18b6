//! Who moves first, as a field of colours: leaders in rows, followers in columns.

use rhymedb::View;
use rhymedb::plot::{Extent, Matrix, MatrixCell};
use rhymedb::query::LeadLagAnswer;

use super::names::{as_of, when};
use crate::text::grouped;

/// The most assets that are drawn: those that lead most.
const MOST_ASSETS: usize = 60;

pub(crate) fn lead_lag(view: &View, answer: &LeadLagAnswer) -> Matrix {
    let mut order: Vec<usize> = (0..answer.assets.len()).collect();
    let lead = |i: usize| answer.assets.get(i).map_or(0.0, |a| a.lead);
    order.sort_by(|&a, &b| lead(b).total_cmp(&lead(a)).then(a.cmp(&b)));
    order.truncate(MOST_ASSETS);
    let symbol = |i: usize| {
        answer
            .assets
            .get(i)
            .map_or("", |a| a.series.symbol.as_str())
    };
    let cell = |leader: usize, follower: usize| {
        let (lag, partial) = answer.best(leader, follower)?;
        Some(MatrixCell {
            value: partial,
            hint: format!(
                "{} and {} {lag} bars later: {partial:.3}",
                symbol(leader),
                symbol(follower)
            ),
        })
    };
    let row = |&leader: &usize| order.iter().map(|&f| cell(leader, f)).collect();
    let cells: Vec<Vec<Option<MatrixCell>>> = order.iter().map(row).collect();
    let values = || {
        cells
            .iter()
            .flatten()
            .flatten()
            .map(|cell| cell.value.abs())
    };
    let most = values().fold(0.1, f64::max);
    Matrix {
        title: "Who moves first".to_owned(),
        subtitle: format!(
            "{} of {} assets · {} returns of {} to {} · {} of {} pairs are called{}",
            order.len(),
            grouped(answer.assets.len() as u64),
            grouped(answer.returns as u64),
            answer.interval,
            when(answer.until),
            grouped(answer.called as u64),
            grouped(answer.all_pairs as u64),
            as_of(view),
        ),
        note: format!(
            "Rows lead, columns follow; who leads most comes first. Colour: the partial correlation at the best lag of 1 to {} bars. Between the halves of the period the rank correlation of leading is {:.2} (p {:.3}).",
            answer.lags, answer.stability, answer.stability_p
        ),
        names: order.iter().map(|&i| symbol(i).to_owned()).collect(),
        cells,
        range: Extent::new(-most, most),
    }
}
