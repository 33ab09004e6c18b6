//! Regimes named in words, without training, against labels made by rule.

use super::charts::{Chart, ChartWindow};
use super::estimate::Clusters;
use super::ground::{FEWEST, Ground, Model};
use super::held_out::Part;
use super::linear::Ridge;
use super::paired::{Lane, Paired};
use super::report::{EvalReport, EvalSection, Row};
use super::scores::{classified, majority};
use super::vectors::Vectors;
use crate::encode::TextEncoder;
use crate::error::Result;
use crate::numeric::dot::dot;
use crate::numeric::summary::quantile_of;

/// Windows that are labelled.
const LABELLED: usize = 10_000;
/// What stands for a move after a headline in the lowest, the middle and the highest third.
const MOVES: [&[&str]; 3] = [
    &[
        "shares fall",
        "stock drops sharply",
        "shares plunge after weak outlook",
    ],
    &[
        "shares little changed",
        "no news",
        "company names new director",
    ],
    &[
        "shares surge",
        "stock rallies",
        "shares jump after strong results",
    ],
];
/// The regimes of clip-multimodal, in words.
const REGIMES: [&[&str]; 4] = [
    &["bullish market with rising volume"],
    &["bearish panic selling"],
    &["range-bound market with low volatility"],
    &["whipsaw, choppy swings without direction"],
];

/// Labels of rows, and how many classes there are.
struct Labelled<'a> {
    labels: &'a [usize],
    classes: usize,
    part: Part,
    setting: &'a str,
    clusters: &'a Clusters,
}

impl Labelled<'_> {
    fn push(&self, report: &mut EvalReport, model: &str, guesses: &[usize]) {
        let row = Row {
            section: EvalSection::Regimes,
            part: self.part.name(),
            model,
            setting: self.setting,
            count: self.labels.len(),
        };
        let judge = |w: &[f64]| classified(guesses, self.labels, self.classes, w);
        report.push(row, "macro F1", self.clusters.figure(|w| judge(w).1));
        report.push(row, "accuracy", self.clusters.figure(|w| judge(w).0));
    }

    fn push_majority(&self, report: &mut EvalReport) {
        let most = majority(self.labels, self.classes);
        self.push(report, "majority", &vec![most; self.labels.len()]);
    }
}

/// The nearest class of each row.
fn zero_shot(charts: &Vectors, classes: &Vectors) -> Vec<usize> {
    let guess = |chart: &[f32]| most(classes.iter().map(|class| f64::from(dot(chart, class))));
    charts.iter().map(guess).collect()
}

/// The index of the greatest number, the first of them.
pub(super) fn most(numbers: impl Iterator<Item = f64>) -> usize {
    let start = (0, f64::NEG_INFINITY);
    let found = numbers
        .enumerate()
        .fold(start, |best, (i, x)| if x > best.1 { (i, x) } else { best });
    found.0
}

/// A linear probe: least squares with a penalty onto one number a class, the greatest wins.
pub(super) struct Probe(Ridge);

impl Probe {
    pub(super) fn fit(rows: &Vectors, labels: &[usize], classes: usize) -> Option<Self> {
        let mut targets = Vectors::new(classes);
        for &label in labels {
            targets.push_all((0..classes).map(|c| f32::from(u8::from(c == label))));
        }
        Ridge::fit(rows, &targets, 1e-3).map(Self)
    }

    pub(super) fn guess(&self, rows: &Vectors) -> Vec<usize> {
        let found = self.0.apply(rows);
        let levels: Vec<f64> = self.0.levels().collect();
        let guess = |row: &[f32]| most(row.iter().zip(&levels).map(|(&x, l)| f64::from(x) + l));
        found.iter().map(guess).collect()
    }
}

/// The directions of classes, each the mean of its sentences.
fn directions(text: &dyn TextEncoder, prompts: &[&[&str]]) -> Result<Vectors> {
    let mut classes = Vectors::new(text.spec().dim as usize);
    for sentences in prompts {
        let rows = text.encode_texts(sentences)?;
        let mut found = Vectors::new(rows.dim);
        for row in (0..rows.len()).filter_map(|i| rows.row(i)) {
            found.push(row);
        }
        classes.push(&found.mean());
    }
    Ok(classes.units())
}

/// Thirds of the moves after headlines: by the judged encoder in words, by the linear maps of the
/// baselines in words, and by probes that were trained on earlier pairs.
pub(super) fn moves(
    ground: &Ground<'_>,
    text: &dyn TextEncoder,
    (lanes, names): (&[Lane], &[&str]),
    before: Option<&Paired>,
    (judged, part): (&Paired, Part),
    report: &mut EvalReport,
) -> Result<()> {
    let rows: Vec<usize> = (0..judged.len())
        .filter(|&i| judged.reactions.get(i).is_some_and(|z| z.is_finite()))
        .collect();
    if rows.len() < FEWEST {
        report.left_out(
            EvalSection::Regimes,
            "too few pairs have a reaction to their headline",
        );
        return Ok(());
    }
    let reactions = before.map_or(&judged.reactions, |b| &b.reactions);
    let finite: Vec<f64> = reactions
        .iter()
        .copied()
        .filter(|z| z.is_finite())
        .collect();
    let limits = [1.0, 2.0].map(|third| quantile_of(&finite, third / 3.0));
    let third = |z: f64| limits.iter().filter(|l| z > **l).count();
    let label = |of: &Paired, i: &usize| of.reactions.get(*i).map_or(0, |&z| third(z));
    let labels: Vec<usize> = rows.iter().map(|i| label(judged, i)).collect();
    let clusters = Clusters::weeks(&judged.ends, ground.seed).select(&rows);
    let labelled = Labelled {
        labels: &labels,
        classes: MOVES.len(),
        part,
        setting: "thirds of the reaction to the headline",
        clusters: &clusters,
    };
    let classes = directions(text, &MOVES)?;
    for lane in lanes {
        let guesses = zero_shot(&lane.charts.select(&rows), &lane.texts(&classes));
        labelled.push(report, &format!("{}, in words", lane.name), &guesses);
    }
    if let Some(before) = before {
        let known: Vec<usize> = (0..before.len()).collect();
        let taught: Vec<usize> = known.iter().map(|i| label(before, i)).collect();
        for ((name, fitted), charts) in names.iter().zip(&before.charts).zip(&judged.charts) {
            if let Some(probe) = Probe::fit(fitted, &taught, MOVES.len()) {
                let guesses = probe.guess(&charts.select(&rows));
                labelled.push(report, &format!("{name}, probe"), &guesses);
            }
        }
    }
    labelled.push_majority(report);
    Ok(())
}

/// The regime of a window by rule, or none. With the return of the window in units of its
/// volatility, and the ratio of its second half to its first in volatility and in volume:
///
/// | | return | volatility | volume |
/// |---|---|---|---|
/// | 0, bullish | above 1 | | above 1.1 |
/// | 1, panic | below -1 | above 1.2 | |
/// | 2, range-bound | within 0.5 | below 0.9 | |
/// | 3, whipsaw | within 0.5 | above 1.2 | |
pub(super) fn regime(chart: &Chart, bar: usize, window: usize) -> Option<usize> {
    let first = (bar + 1).checked_sub(window)?;
    let closes = chart.bars.close.get(first..=bar)?;
    let squares = |part: &[f64]| -> f64 {
        let returns = part.array_windows::<2>().map(|[a, b]| (b / a).ln().powi(2));
        returns.sum::<f64>() / part.len().saturating_sub(1).max(1) as f64
    };
    let scale = (squares(closes) * (window.max(2) - 1) as f64).sqrt();
    let moved = (closes.last()? / closes.first()?).ln() / scale.max(1e-12);
    let (early, late) = closes.split_at(window / 2);
    let unrest = (squares(late) / squares(early)).sqrt();
    let (before, after) = chart.bars.volume.get(first..=bar)?.split_at(window / 2);
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64;
    let busier = mean(after) / mean(before);
    let rules = [
        moved > 1.0 && busier > 1.1,
        moved < -1.0 && unrest > 1.2,
        moved.abs() < 0.5 && unrest < 0.9,
        moved.abs() < 0.5 && unrest > 1.2,
    ];
    rules.iter().position(|&rule| rule)
}

/// Windows with their regimes, those that have one.
fn labelled(ground: &Ground<'_>, part: Part, stream: u64) -> Vec<(ChartWindow, usize)> {
    let places = ground.windows(part, 0, LABELLED, stream);
    let label = |p: ChartWindow| Some((p, regime(ground.chart(p)?, p.bar, ground.window)?));
    places.into_iter().filter_map(label).collect()
}

/// The four regimes of windows: by the judged encoder in words, and by probes.
pub(super) fn regimes(
    ground: &Ground<'_>,
    text: Option<&dyn TextEncoder>,
    report: &mut EvalReport,
) -> Result<()> {
    let five = ground.five();
    let models: Vec<&Model> = ground.models.iter().chain([&five]).collect();
    let encode = |rows: Vec<(ChartWindow, usize)>| -> Result<_> {
        let places: Vec<ChartWindow> = rows.iter().map(|r| r.0).collect();
        let encoded = ground.encode(&models, &places)?;
        let label = |p: &ChartWindow| {
            let found = rows.binary_search_by_key(p, |r| r.0);
            found.ok().and_then(|i| rows.get(i)).map_or(0, |r| r.1)
        };
        let labels: Vec<usize> = encoded.places.iter().map(label).collect();
        Ok((encoded, labels))
    };
    let (known, taught) = encode(labelled(ground, Part::Before, 13))?;
    for part in Part::JUDGED {
        let (judged, labels) = encode(labelled(ground, part, 14))?;
        if labels.len() < FEWEST {
            continue;
        }
        let ends: Vec<_> = judged.places.iter().map(|p| ground.end(*p)).collect();
        let clusters = Clusters::weeks(&ends, ground.seed);
        let rows = Labelled {
            labels: &labels,
            classes: REGIMES.len(),
            part,
            setting: "four regimes of windows",
            clusters: &clusters,
        };
        if let (Some(text), Some(charts)) = (text, judged.vectors.first()) {
            let guesses = zero_shot(charts, &directions(text, &REGIMES)?);
            let name = models.first().map_or("", |m| m.name.as_str());
            rows.push(report, &format!("{name}, in words"), &guesses);
        }
        if taught.len() >= FEWEST {
            let vectors = known.vectors.iter().zip(&judged.vectors);
            for (model, (fitted, charts)) in models.iter().zip(vectors) {
                if let Some(probe) = Probe::fit(fitted, &taught, REGIMES.len()) {
                    rows.push(
                        report,
                        &format!("{}, probe", model.name),
                        &probe.guess(charts),
                    );
                }
            }
        }
        rows.push_majority(report);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::{Bar, Calendar, Interval, SeriesKey, Timestamp};

    fn chart(closes: &[f64], volume: impl Fn(usize) -> f64) -> Chart {
        let bar = |(i, &close): (usize, &f64)| Bar {
            time: Timestamp::from_millis(i as i64 * 3_600_000),
            open: close,
            high: close,
            low: close,
            close,
            volume: volume(i),
        };
        let key = SeriesKey::new("crypto", "x", "A", Interval::hours(1)).unwrap();
        let bars = closes.iter().enumerate().map(bar).collect();
        Chart::new(key, Calendar::Continuous, bars)
    }

    #[test]
    fn the_rules_know_their_regimes() {
        let swing = |i: usize, late: f64| {
            let size = if i < 16 { 1.0 } else { late };
            size * if i.is_multiple_of(2) { 1.0 } else { -1.0 }
        };
        let walk = |drift: f64, late: f64| -> Vec<f64> {
            (0..32)
                .map(|i| 100.0 + drift * i as f64 + swing(i, late))
                .collect()
        };
        let rising = |i: usize| if i < 16 { 1.0 } else { 2.0 };
        let find =
            |closes: &[f64], volume: &dyn Fn(usize) -> f64| regime(&chart(closes, volume), 31, 32);
        assert_eq!(find(&walk(1.0, 1.0), &rising), Some(0));
        assert_eq!(find(&walk(1.0, 1.0), &|_| 1.0), None);
        assert_eq!(find(&walk(-1.0, 2.0), &|_| 1.0), Some(1));
        assert_eq!(find(&walk(0.0, 0.2), &|_| 1.0), Some(2));
        assert_eq!(find(&walk(0.0, 3.0), &|_| 1.0), Some(3));
    }

    #[test]
    fn probes_learn_what_is_linear() {
        let mut rows = Vectors::new(3);
        let mut labels = Vec::new();
        for i in 0..300_usize {
            let label = i % 3;
            let noise = (i * 7 % 11) as f32 / 40.0;
            rows.push_all((0..3).map(|c| f32::from(u8::from(c == label)) + noise));
            labels.push(label);
        }
        let probe = Probe::fit(&rows, &labels, 3).unwrap();
        assert_eq!(probe.guess(&rows), labels);
        assert_eq!(most([1.0, 3.0, 3.0].into_iter()), 1);
    }
}
