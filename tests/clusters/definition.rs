//! Similarities and groups straight from the definitions, on bars with holes.

use std::collections::BTreeMap;

use rhymedb::SeriesBars;

use crate::oracle::worlds::database;
use crate::planted::planted;

/// Log returns between consecutive days that a series has, by day; `None` where one of the two is missing.
fn returns(series: &SeriesBars, days: std::ops::Range<i64>) -> Vec<Option<f64>> {
    let closes: BTreeMap<i64, f64> = (0..series.bars.len())
        .map(|i| {
            (
                series.bars.time[i] / crate::oracle::DAY,
                series.bars.close[i],
            )
        })
        .collect();
    let of = |day: i64| Some((closes.get(&day)? / closes.get(&(day - 1))?).ln());
    days.map(of).collect()
}

/// What is left after the mean of all was taken off by a line, at length 1; 0 where there is no return.
fn points(returns: &[Vec<Option<f64>>], keep_market: bool) -> Vec<Vec<f64>> {
    let rows = returns[0].len();
    let market: Vec<f64> = (0..rows)
        .map(|t| {
            let here: Vec<f64> = returns.iter().filter_map(|r| r[t]).collect();
            here.iter().sum::<f64>() / here.len() as f64
        })
        .collect();
    returns
        .iter()
        .map(|of| {
            let here: Vec<(f64, f64)> = (0..rows)
                .filter_map(|t| Some((of[t]?, market[t])))
                .collect();
            let n = here.len() as f64;
            let (x, m) = (
                here.iter().map(|p| p.0).sum::<f64>() / n,
                here.iter().map(|p| p.1).sum::<f64>() / n,
            );
            let both: f64 = here.iter().map(|p| (p.0 - x) * (p.1 - m)).sum();
            let square: f64 = here.iter().map(|p| (p.1 - m).powi(2)).sum();
            let slope = if keep_market { 0.0 } else { both / square };
            let left = |t: usize| of[t].map_or(0.0, |r| r - x - slope * (market[t] - m));
            let left: Vec<f64> = (0..rows).map(left).collect();
            let length = left.iter().map(|v| v * v).sum::<f64>().sqrt();
            left.iter().map(|v| v / length).collect()
        })
        .collect()
}

/// The mean silhouette from its definition.
fn silhouette(distance: &dyn Fn(usize, usize) -> f64, groups: &[usize]) -> f64 {
    let n = groups.len();
    let mean = |i: usize, group: usize| {
        let others: Vec<f64> = (0..n)
            .filter(|&j| j != i && groups[j] == group)
            .map(|j| distance(i, j))
            .collect();
        (!others.is_empty()).then(|| others.iter().sum::<f64>() / others.len() as f64)
    };
    let all = 1..=*groups.iter().max().unwrap();
    let of = |i: usize| {
        let Some(own) = mean(i, groups[i]) else {
            return 0.0;
        };
        let others = all.clone().filter(|&g| g != groups[i]);
        let next = others
            .filter_map(|g| mean(i, g))
            .fold(f64::INFINITY, f64::min);
        (next - own) / own.max(next)
    };
    (0..n).map(of).sum::<f64>() / n as f64
}

#[test]
fn similarities_are_those_of_the_definition() {
    let mut all = planted("m", 3, 4, 320, 11);
    // Holes of a day and of a fortnight, and a listing after the period began.
    let mut hole = |series: usize, gone: std::ops::Range<usize>| {
        let bars = &all[series].bars;
        let mut left = bars.slice(0..gone.start);
        left.extend(&bars.slice(gone.end..bars.len()));
        all[series].bars = left;
    };
    hole(1, 200..201);
    hole(4, 150..164);
    hole(7, 0..90);
    let (_dir, db) = database(&all);
    let last = all[0].bars.time[319] / crate::oracle::DAY;
    let of: Vec<Vec<Option<f64>>> = all
        .iter()
        .map(|s| returns(s, last - 251..last + 1))
        .collect();
    for keep_market in [false, true] {
        let points = points(&of, keep_market);
        // Over the rows that both have.
        let dot = |i: usize, j: usize| -> f64 {
            let both = || {
                points[i]
                    .iter()
                    .zip(&points[j])
                    .filter(|(a, b)| **a != 0.0 && **b != 0.0)
            };
            let (a, b): (f64, f64) =
                both().fold((0.0, 0.0), |s, (a, b)| (s.0 + a * a, s.1 + b * b));
            both().map(|(a, b)| a * b).sum::<f64>() / (a * b).sqrt()
        };
        let answer = db
            .now()
            .clusters()
            .returns(252)
            .keep_market(keep_market)
            .draws(0)
            .run()
            .unwrap();
        assert_eq!((answer.assets.len(), answer.returns), (12, 252));
        let number = |at: usize| {
            let symbol = &answer.assets[at].series.symbol;
            all.iter().position(|s| s.key.symbol == *symbol).unwrap()
        };
        for a in 0..12 {
            for b in 0..12 {
                let found = answer.similarity(a, b).unwrap();
                let expected = dot(number(a), number(b));
                assert!((found - expected).abs() < 1e-9, "{found} {expected}");
            }
        }
        let labels: Vec<usize> = answer.assets.iter().map(|a| a.group).collect();
        let distance =
            |a: usize, b: usize| (2.0 * (1.0 - dot(number(a), number(b)))).max(0.0).sqrt();
        let expected = silhouette(&distance, &labels);
        assert!((answer.silhouette - expected).abs() < 1e-9);
    }
}
