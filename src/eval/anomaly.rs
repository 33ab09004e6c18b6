//! Whether unusual windows come before large moves.

use rayon::prelude::*;

use super::charts::{Chart, ChartWindow};
use super::estimate::{Clusters, Estimate};
use super::fidelity::K;
use super::ground::{FEWEST, Ground};
use super::held_out::Part;
use super::linear::{Symmetric, Triangle};
use super::report::{EvalReport, EvalSection, Row};
use super::scores::Ranked;
use super::vectors::Vectors;
use crate::db::Stage;
use crate::error::Result;
use crate::model::Timestamp;
use crate::numeric::dot::dot;
use crate::numeric::summary::quantile_of;

/// Windows of the past that detectors know: the earlier half fits them, the later one calibrates them.
const KNOWN: usize = 8000;
/// Windows that are scored.
const SCORED: usize = 20_000;
const DAY_MS: f64 = 24.0 * 3_600_000.0;
/// The share of alarms at which detectors are compared.
const RATE: f64 = 0.01;
/// From what on the largest deviation counts as an alarm, as the literature has it.
const LARGE: f64 = 3.0;
const DETECTORS: [&str; 4] = ["max |z|", "Mahalanobis", "10 nearest", "tails"];

/// What is usual for vectors.
pub(super) struct Detector {
    mean: Vec<f64>,
    spread: Vec<f64>,
    shape: Option<Triangle>,
    known: Vectors,
    /// The values of each dimension, ascending.
    columns: Vec<Vec<f32>>,
}

impl Detector {
    pub(super) fn fit(known: Vectors) -> Self {
        let (mean, covariance) = Symmetric::covariance(&known);
        let diagonal = covariance.values.iter().step_by(known.dim() + 1);
        let spread = diagonal.map(|v| v.sqrt().max(1e-9)).collect();
        // Shrunk by a tenth towards equal variances, without which short directions rule.
        let level = covariance.level();
        let mut shrunk = covariance;
        shrunk.values.iter_mut().for_each(|v| *v *= 0.9);
        let shape = shrunk.plus_diagonal(0.1 * level + 1e-12).cholesky();
        let mut columns = vec![Vec::with_capacity(known.len()); known.dim()];
        for row in known.iter() {
            columns.iter_mut().zip(row).for_each(|(c, &x)| c.push(x));
        }
        columns
            .iter_mut()
            .for_each(|c| c.sort_unstable_by(f32::total_cmp));
        Self {
            mean,
            spread,
            shape,
            known,
            columns,
        }
    }

    /// How unusual a vector is, by [`DETECTORS`]: the largest deviation in units of its dimension's
    /// spread; the Mahalanobis distance; the mean distance `1 - cosine` to the 10 nearest known
    /// vectors; the sum over dimensions of `-ln` of the share of known values that are as far out on
    /// the same side (ECOD without its correction for skew).
    pub(super) fn scores(&self, row: &[f32]) -> [f64; 4] {
        let around: Vec<f64> = row
            .iter()
            .zip(&self.mean)
            .map(|(&x, m)| f64::from(x) - m)
            .collect();
        let largest = around.iter().zip(&self.spread).map(|(a, s)| (a / s).abs());
        let whole = self.shape.as_ref().map_or(f64::NAN, |shape| {
            let along = shape.forward(&around);
            along.iter().map(|x| x * x).sum::<f64>().sqrt()
        });
        let mut near: Vec<f32> = self.known.iter().map(|k| dot(row, k)).collect();
        let k = K.min(near.len());
        if k > 0 && k < near.len() {
            near.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
        }
        near.truncate(k);
        near.sort_unstable_by(f32::total_cmp);
        let nearest = near.iter().map(|&x| 1.0 - f64::from(x)).sum::<f64>() / k.max(1) as f64;
        let tail = |(column, &x): (&Vec<f32>, &f32)| {
            let below = column.partition_point(|&c| c < x);
            let up_to = column.partition_point(|&c| c <= x);
            let side = up_to.min(column.len() - below);
            -((side + 1) as f64 / (column.len() + 1) as f64).ln()
        };
        let tails = self.columns.iter().zip(row).map(tail).sum();
        [largest.fold(0.0, f64::max), whole, nearest, tails]
    }
}

/// The section `anomaly`: scores of a window at its close, made of windows whose outcomes lie
/// before the date, against moves after it.
pub(super) fn anomaly(ground: &Ground<'_>, report: &mut EvalReport) -> Result<()> {
    let section = EvalSection::Anomaly;
    let Some(from) = ground.held.from else {
        report.left_out(section, "there is no date before which windows are known");
        return Ok(());
    };
    let horizon = horizon(ground);
    let known = ground.windows(Part::Before, horizon, KNOWN, 7);
    let judged = ground.windows(Part::Later, horizon, SCORED, 8);
    if known.len() < FEWEST || judged.len() < FEWEST {
        let why = format!(
            "expected at least {FEWEST} windows before {from} and as many after, found {} and {}",
            known.len(),
            judged.len()
        );
        report.left_out(section, &why);
        return Ok(());
    }
    let models: Vec<_> = ground.models.iter().collect();
    let known = ground.encode(&models, &known)?;
    let judged = ground.encode(&models, &judged)?;
    let labels = labels(ground, &judged.places, horizon, from);
    let clusters = ground.clusters(&judged.places, horizon);
    let (fitted, rest) = halves(ground, &known.places);
    let per_day = windows_a_day(ground, &judged.places);
    let total = models.len() as u64 + 1;
    for (done, model) in models.iter().enumerate() {
        ground.control.report(Stage::Ask, done as u64, total)?;
        let (Some(known), Some(judged)) = (known.vectors.get(done), judged.vectors.get(done))
        else {
            continue;
        };
        let detector = Detector::fit(known.select(&fitted));
        let score = |rows: &Vectors| -> Vec<[f64; 4]> {
            (0..rows.len())
                .into_par_iter()
                .map(|i| detector.scores(rows.row(i)))
                .collect()
        };
        let (calibration, scores) = (score(&known.select(&rest)), score(judged));
        for (d, detector) in DETECTORS.iter().enumerate() {
            let pick = |rows: &[[f64; 4]]| -> Vec<f64> {
                rows.iter().filter_map(|r| r.get(d).copied()).collect()
            };
            let scored = Scored {
                model: &model.name,
                detector,
                scores: pick(&scores),
                limit: conformal_limit(&pick(&calibration)),
            };
            scored.push(&labels, &clusters, per_day, report);
        }
    }
    realised(ground, &judged.places).push(&labels, &clusters, per_day, report);
    ground.control.report(Stage::Ask, total, total)
}

/// The windows that end in the earlier half, and those that begin after it. A detector that knew
/// neighbours of the windows that calibrate it, which share most of their bars, would find them more
/// usual than any window of a later time.
fn halves(ground: &Ground<'_>, places: &[ChartWindow]) -> (Vec<usize>, Vec<usize>) {
    let mut ends: Vec<Timestamp> = places.iter().map(|p| ground.end(*p)).collect();
    ends.sort_unstable();
    let middle = ends.get(ends.len() / 2).copied();
    let middle = middle.unwrap_or(Timestamp::from_millis(i64::MAX));
    let (mut earlier, mut later) = (Vec::new(), Vec::new());
    for (i, place) in places.iter().enumerate() {
        let begins = |c: &Chart| c.start(place.bar, ground.reach);
        if ground.end(*place) <= middle {
            earlier.push(i);
        } else if ground.chart(*place).map(begins) >= Some(middle.millis()) {
            later.push(i);
        }
    }
    (earlier, later)
}

/// The volatility of the windows as a score.
fn realised(ground: &Ground<'_>, places: &[ChartWindow]) -> Scored<'static> {
    let volatility = |p: &ChartWindow| {
        let chart = ground.chart(*p)?;
        chart.volatility(p.bar, ground.window)
    };
    Scored {
        model: "volatility",
        detector: "realised",
        scores: places
            .iter()
            .map(|p| volatility(p).unwrap_or_default())
            .collect(),
        limit: f64::NAN,
    }
}

/// Bars over which moves are looked at: an eighth of a window.
pub(super) fn horizon(ground: &Ground<'_>) -> usize {
    (ground.window / 8).max(1)
}

/// The score from which on the conformal p-value `(1 + those as high) / (n + 1)` is at most
/// [`RATE`].
fn conformal_limit(calibration: &[f64]) -> f64 {
    let mut sorted = calibration.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let allowed = (RATE * (sorted.len() + 1) as f64 + 1e-9).floor() as usize;
    // With k - 1 as high the p-value is k / (n + 1), so more than the k-th highest is needed.
    let at = allowed.checked_sub(1).and_then(|i| sorted.get(i));
    at.copied().unwrap_or(f64::INFINITY)
}

/// Names of labels, and which windows have them.
type Labels = [(&'static str, Vec<bool>); 2];

/// Which windows are followed by a large move: one beyond the 99 % quantile of the series before
/// the date, or beyond 5 times the volatility before the window's end.
fn labels(ground: &Ground<'_>, places: &[ChartWindow], horizon: usize, from: Timestamp) -> Labels {
    let limits: Vec<f64> = ground
        .charts
        .iter()
        .map(|c| limit(c, horizon, from))
        .collect();
    let rare = |p: &ChartWindow| {
        let moved = ground.chart(*p)?.move_to(p.bar + horizon, horizon)?;
        Some(moved.abs() > *limits.get(p.series)?)
    };
    let far = |p: &ChartWindow| {
        let outcome = ground.chart(*p)?.outcome(p.bar, ground.window, horizon)?;
        Some(outcome.abs() > 5.0)
    };
    [
        (
            "beyond 99 %",
            places.iter().map(|p| rare(p).unwrap_or(false)).collect(),
        ),
        (
            "beyond 5 sigma",
            places.iter().map(|p| far(p).unwrap_or(false)).collect(),
        ),
    ]
}

/// The 99 % quantile of the absolute returns over a horizon that were known at a date.
fn limit(chart: &Chart, horizon: usize, from: Timestamp) -> f64 {
    let known = chart.closes.partition_point(|&c| c < from);
    let moves = (horizon..known).filter_map(|bar| chart.move_to(bar, horizon));
    let moves: Vec<f64> = moves.map(f64::abs).collect();
    if moves.len() < FEWEST {
        return f64::INFINITY;
    }
    quantile_of(&moves, 0.99)
}

fn windows_a_day(ground: &Ground<'_>, places: &[ChartWindow]) -> f64 {
    let of = |p: &ChartWindow| {
        let chart = ground.chart(*p)?;
        Some(DAY_MS / chart.key.interval.nominal_millis() as f64)
    };
    places.iter().filter_map(of).sum::<f64>() / places.len().max(1) as f64
}

/// The scores of a detector.
struct Scored<'a> {
    model: &'a str,
    detector: &'a str,
    scores: Vec<f64>,
    /// What is above has a conformal p-value of at most [`RATE`].
    limit: f64,
}

impl Scored<'_> {
    fn row<'a>(&'a self, setting: &'a str) -> Row<'a> {
        Row {
            section: EvalSection::Anomaly,
            part: Part::Later.name(),
            model: self.model,
            setting,
            count: self.scores.len(),
        }
    }

    fn push(&self, labels: &Labels, clusters: &Clusters, per_day: f64, report: &mut EvalReport) {
        for (label, happened) in labels {
            let setting = format!("{}, {label}", self.detector);
            let row = self.row(&setting);
            let ranked = Ranked::new(&self.scores, happened);
            let told = |estimate| clusters.of_events(happened, estimate);
            report.push(row, "AUROC", told(clusters.figure(|w| ranked.auroc(w))));
            let precision = clusters.figure(|w| ranked.average_precision(w));
            report.push(row, "AP", told(precision));
            let share = |flags: &[bool]| -> Vec<f64> {
                flags.iter().map(|&f| f64::from(u8::from(f))).collect()
            };
            let limit = quantile_of(&self.scores, 1.0 - RATE);
            let alarms: Vec<usize> = self
                .scores
                .iter()
                .enumerate()
                .filter(|(_, s)| **s > limit)
                .map(|(i, _)| i)
                .collect();
            let hits = share(happened);
            let of_alarms: Vec<f64> = alarms
                .iter()
                .filter_map(|&i| hits.get(i).copied())
                .collect();
            let of_those = clusters.select(&alarms);
            let true_ones: Vec<bool> = of_alarms.iter().map(|&hit| hit > 0.0).collect();
            let precision = of_those.of_events(&true_ones, of_those.mean(&of_alarms));
            report.push(row, "precision at 1 % alarms", precision);
            report.push(row, "base rate", told(clusters.mean(&hits)));
        }
        let rate = |limit: f64| -> Estimate {
            let alarms: Vec<bool> = self.scores.iter().map(|s| *s > limit).collect();
            let values: Vec<f64> = alarms.iter().map(|&a| f64::from(u8::from(a))).collect();
            clusters.of_events(&alarms, clusters.mean(&values))
        };
        let row = self.row(self.detector);
        if self.detector == "max |z|" {
            let alarms = rate(LARGE);
            let [value, low, high] = [alarms.value, alarms.low, alarms.high].map(|x| x * per_day);
            report.push(
                row,
                "alarms a day and series, z > 3",
                Estimate { value, low, high },
            );
        }
        if !self.limit.is_nan() {
            report.push(row, "alarm rate, p <= 0.01", rate(self.limit));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_far_out_scores_high() {
        let mut known = Vectors::new(2);
        for i in 0..200_i32 {
            let angle = f64::from(i % 40 - 20) * 0.01;
            known.push(&[angle.cos() as f32, angle.sin() as f32]);
        }
        let detector = Detector::fit(known);
        let at = |angle: f64| detector.scores(&[angle.cos() as f32, angle.sin() as f32]);
        let (usual, odd, odder) = (at(0.0), at(0.3), at(1.2));
        for (d, name) in DETECTORS.iter().enumerate() {
            assert!(
                usual[d] < odd[d] && odd[d] <= odder[d],
                "{name} {usual:?} {odd:?} {odder:?}"
            );
        }
        assert!(
            (odder[2] - (1.0 - (1.2_f64 - 0.19).cos())).abs() < 0.02,
            "{odder:?}"
        );
    }

    #[test]
    fn conformal_limits_keep_their_rate() {
        // 199 scores: two may be as high, with a p-value of 2/200.
        let scores: Vec<f64> = (0..199).map(f64::from).collect();
        assert!((conformal_limit(&scores) - 197.0).abs() < 1e-12);
        // p of 197.5: one is as high, (1 + 1) / 200 = 0.01; of 197: two, 0.015.
        assert_eq!(conformal_limit(&[1.0; 20]), f64::INFINITY);
    }
}
