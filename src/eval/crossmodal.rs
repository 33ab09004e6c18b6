//! The sections about charts and headlines.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::estimate::{Clusters, Estimate};
use super::ground::Ground;
use super::held_out::Part;
use super::linear::Symmetric;
use super::paired::{Lane, Paired};
use super::report::{EvalReport, EvalSection, Row};
use super::retrieval::{FIGURES, Tally, chance, deal, tally};
use super::vectors::Vectors;
use crate::db::Stage;
use crate::encode::TextEncoder;
use crate::error::Result;
use crate::numeric::dot::dot;

const DAY_MS: i64 = 24 * 3_600_000;
/// Members of the pools within an asset or a day.
const NARROW: usize = 30;
/// Charts that expressiveness is measured over.
const BANK: usize = 2000;
/// Charts that a search for an event returns.
const FOUND: usize = 100;
/// A move of so many times the volatility before counts as an event.
const EVENT: f64 = 1.5;
/// What is searched for, and on which side of 0 the return is then.
const EVENTS: [(&str, f64); 6] = [
    ("shares fall", -1.0),
    ("shares plunge after weak outlook", -1.0),
    ("stock drops sharply", -1.0),
    ("shares surge", 1.0),
    ("shares jump after strong results", 1.0),
    ("stock rallies", 1.0),
];

/// A kind of pool.
struct Pools {
    name: String,
    size: usize,
    dealt: Vec<Vec<usize>>,
}

fn pools(judged: &Paired, seed: u64) -> Vec<Pools> {
    let count = judged.len();
    let days = judged.ends.iter().map(|t| t.millis().div_euclid(DAY_MS));
    let days: Vec<u64> = days.map(i64::cast_unsigned).collect();
    let pool = |name: String, size: usize, groups: Option<&[u64]>, deals: u64| Pools {
        dealt: deal(count, groups, size, deals, seed),
        name,
        size,
    };
    vec![
        pool("100".to_owned(), 100, None, 4),
        pool("1000".to_owned(), 1000, None, 2),
        pool("all".to_owned(), count, None, 1),
        pool(
            format!("{NARROW} of one asset"),
            NARROW,
            Some(&judged.assets),
            2,
        ),
        pool(format!("{NARROW} of one day"), NARROW, Some(&days), 2),
    ]
}

/// What is asked in the pools.
struct Contestant<'a> {
    name: &'a str,
    charts: &'a Vectors,
    texts: Vectors,
}

/// The lanes, the judged encoder's first, and the judged encoder with wrong partners.
fn contestants<'a>(lanes: &'a [Lane], judged: &Paired, seed: u64) -> Vec<Contestant<'a>> {
    let honest = lanes.iter().map(|lane| Contestant {
        name: &lane.name,
        charts: &lane.charts,
        texts: lane.texts(&judged.texts),
    });
    let groups = [
        ("shuffled pairs", None),
        ("shuffled within the asset", Some(judged.assets.as_slice())),
    ];
    let wrong = groups.iter().filter_map(|(name, groups)| {
        let partners = shuffled(judged.len(), *groups, seed);
        Some(Contestant {
            name,
            charts: &lanes.first()?.charts,
            texts: judged.texts.select(&partners),
        })
    });
    honest.chain(wrong).collect()
}

/// The section `retrieval`.
pub(super) fn retrieval(
    ground: &Ground<'_>,
    lanes: &[Lane],
    judged: &Paired,
    part: Part,
    report: &mut EvalReport,
) -> Result<()> {
    let clusters = Clusters::weeks(&judged.ends, ground.seed);
    let contestants = contestants(lanes, judged, ground.seed);
    let kinds = pools(judged, ground.seed);
    let total = (kinds.len() * contestants.len()) as u64;
    let mut done = 0;
    for kind in &kinds {
        if kind.dealt.is_empty() {
            report.notes.push(format!(
                "retrieval, {}, pools of {}: left out, since {} pairs fill none",
                part.name(),
                kind.name,
                judged.len()
            ));
            continue;
        }
        let setting = format!("{}, both ways", kind.name);
        let mut model: Option<Tally> = None;
        for contestant in &contestants {
            ground.control.report(Stage::Ask, done, total)?;
            done += 1;
            let (to_chart, to_text) = both_ways(ground, contestant, kind)?;
            if model.is_none() {
                for (way, found) in [("text to chart", &to_chart), ("chart to text", &to_text)] {
                    let setting = format!("{}, {way}", kind.name);
                    push(
                        report,
                        row(part, contestant.name, &setting, found),
                        found,
                        &clusters,
                    );
                }
            }
            let found = to_chart.and(&to_text);
            let row = row(part, contestant.name, &setting, &found);
            push(report, row, &found, &clusters);
            match &model {
                None => model = Some(found),
                Some(model) => {
                    let ahead = model.ahead_of(&found, &clusters);
                    report.push(row, "R@10 behind the model", ahead);
                }
            }
        }
        if let Some(found) = &model {
            let row = row(part, "chance", &setting, found);
            for (name, value) in FIGURES.iter().zip(chance(kind.size)) {
                report.push(row, name, Estimate::known(value));
            }
        }
    }
    ground.control.report(Stage::Ask, total, total)
}

fn row<'a>(part: Part, model: &'a str, setting: &'a str, found: &Tally) -> Row<'a> {
    Row {
        section: EvalSection::Retrieval,
        part: part.name(),
        model,
        setting,
        count: found.queries(),
    }
}

fn push(report: &mut EvalReport, row: Row<'_>, found: &Tally, clusters: &Clusters) {
    for (name, figure) in FIGURES.iter().zip(found.figures(clusters)) {
        report.push(row, name, figure);
    }
}

fn both_ways(ground: &Ground<'_>, asked: &Contestant<'_>, kind: &Pools) -> Result<(Tally, Tally)> {
    let (charts, texts) = (asked.charts, &asked.texts);
    Ok((
        tally(texts, charts, &kind.dealt, ground.control)?,
        tally(charts, texts, &kind.dealt, ground.control)?,
    ))
}

/// For each pair the pair whose headline it gets, in all or within its group.
fn shuffled(count: usize, groups: Option<&[u64]>, seed: u64) -> Vec<usize> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(u64::MAX);
    let mut members: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for i in 0..count {
        let group = groups.and_then(|g| g.get(i)).copied().unwrap_or_default();
        members.entry(group).or_default().push(i);
    }
    let mut partners = vec![0; count];
    for group in members.values() {
        let mut order = group.clone();
        order.shuffle(&mut random);
        for (&i, partner) in group.iter().zip(order) {
            if let Some(slot) = partners.get_mut(i) {
                *slot = partner;
            }
        }
    }
    partners
}

/// The section `expressiveness`: a headline's standard deviation of similarity over a bank of
/// charts, `sqrt(v' C v)` with `C` the covariance of the bank; and how well the headlines with much
/// and with little of it find their chart.
pub(super) fn expressiveness(
    ground: &Ground<'_>,
    before: Option<&Paired>,
    judged: &Paired,
    part: Part,
    report: &mut EvalReport,
) -> Result<()> {
    let section = EvalSection::Expressiveness;
    let (Some(charts), Some(bank)) = (judged.judged(), before.unwrap_or(judged).judged()) else {
        return Ok(());
    };
    let dealt = deal(judged.len(), None, 100, 4, ground.seed);
    if dealt.is_empty() {
        report.left_out(section, "there are less than 100 pairs");
        return Ok(());
    }
    let chosen = ground.draw((0..bank.len()).collect(), BANK, 3);
    let spread = expressions(&bank.select(&chosen), &judged.texts);
    let mut order: Vec<usize> = (0..judged.len()).collect();
    let of = |i: usize| spread.get(i).copied().unwrap_or_default();
    order.sort_by(|&a, &b| of(b).total_cmp(&of(a)));
    let clusters = Clusters::weeks(&judged.ends, ground.seed);
    let found = tally(&judged.texts, charts, &dealt, ground.control)?;
    let tenth = (order.len() / 10).max(1);
    let (top, rest) = order.split_at(tenth);
    let least = |share: usize| {
        let from = order.len() - order.len() / share;
        order.get(from..).unwrap_or(&[])
    };
    let name = ground.models.first().map_or("", |m| m.name.as_str());
    for (setting, queries) in [
        ("most expressive tenth", top),
        ("the other nine tenths", rest),
        ("least expressive half", least(2)),
        ("least expressive quarter", least(4)),
    ] {
        let row = Row {
            section,
            part: part.name(),
            model: name,
            setting,
            count: queries.len(),
        };
        report.push(
            row,
            "R@10/100, text to chart",
            found.recall_at_10(queries, &clusters),
        );
        let mean = queries.iter().map(|&i| of(i)).sum::<f64>() / queries.len().max(1) as f64;
        report.push(row, "expressiveness", Estimate::known(mean));
    }
    Ok(())
}

/// The standard deviation of each text's similarity over a bank of charts.
pub(super) fn expressions(bank: &Vectors, texts: &Vectors) -> Vec<f64> {
    let (_, covariance) = Symmetric::covariance(bank);
    let spread = |text: &[f32]| {
        let rows = covariance.values.chunks_exact(covariance.dim);
        let along = |row: &[f64]| -> f64 {
            let parts = row.iter().zip(text);
            parts.map(|(c, &x)| c * f64::from(x)).sum()
        };
        let sum: f64 = rows
            .zip(text)
            .map(|(row, &x)| f64::from(x) * along(row))
            .sum();
        sum.max(0.0).sqrt()
    };
    texts.iter().map(spread).collect()
}

/// The section `events`: of the charts nearest to a sentence about a fall or a surge, how many have
/// one.
pub(super) fn events(
    ground: &Ground<'_>,
    text: &dyn TextEncoder,
    lanes: &[Lane],
    judged: &Paired,
    part: Part,
    report: &mut EvalReport,
) -> Result<()> {
    let section = EvalSection::Events;
    if judged.len() < 5 * FOUND {
        let why = format!(
            "expected at least {} pairs, found {}",
            5 * FOUND,
            judged.len()
        );
        report.left_out(section, &why);
        return Ok(());
    }
    let clusters = Clusters::weeks(&judged.ends, ground.seed);
    for (prompt, side) in EVENTS {
        let Some(vector) = text.encode_text(prompt)? else {
            continue;
        };
        let mut query = Vectors::new(judged.texts.dim());
        query.push(&vector);
        let happened: Vec<f64> = judged
            .reactions
            .iter()
            .map(|z| f64::from(z * side > EVENT))
            .collect();
        for lane in lanes {
            let query = lane.texts(&query);
            let scores: Vec<f32> = lane.charts.iter().map(|c| dot(query.row(0), c)).collect();
            let score = |i: usize| scores.get(i).copied().unwrap_or_default();
            let mut order: Vec<usize> = (0..judged.len()).collect();
            order.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
            order.truncate(FOUND);
            let hits = order.iter().map(|&i| happened.get(i).copied());
            let hits: Vec<f64> = hits.map(Option::unwrap_or_default).collect();
            let row = Row {
                section,
                part: part.name(),
                model: &lane.name,
                setting: prompt,
                count: FOUND,
            };
            report.push(row, "precision@100", clusters.select(&order).mean(&hits));
            report.push(row, "base rate", clusters.mean(&happened));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn shuffling_keeps_everyone_and_stays_within_groups() {
        let groups: Vec<u64> = (0..50).map(|i| i % 4).collect();
        for given in [None, Some(groups.as_slice())] {
            let partners = shuffled(50, given, 9);
            let mut all = partners.clone();
            all.sort_unstable();
            assert_eq!(all, (0..50).collect::<Vec<_>>());
            assert!(partners.iter().enumerate().any(|(i, &p)| i != p));
            if given.is_some() {
                assert!(
                    partners
                        .iter()
                        .enumerate()
                        .all(|(i, &p)| groups[i] == groups[p])
                );
            }
        }
    }

    #[test]
    fn expressiveness_is_the_deviation_over_the_bank() {
        let mut bank = Vectors::new(3);
        for i in 0..40_i32 {
            let x = |n: i32| ((i * n) % 13) as f32 / 13.0;
            bank.push(&[x(3), x(5), x(7)]);
        }
        let mut texts = Vectors::new(3);
        texts.push(&[0.6, -0.8, 0.0]);
        let scores: Vec<f64> = bank
            .iter()
            .map(|c| f64::from(dot(c, texts.row(0))))
            .collect();
        let mean = scores.iter().sum::<f64>() / 40.0;
        let variance = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 40.0;
        let found = expressions(&bank, &texts)[0];
        assert!((found - variance.sqrt()).abs() < 1e-6, "{found} {variance}");
    }
}
