//! Linear probes of frozen vectors: how much of what they know of one asset holds for another.

use super::charts::ChartWindow;
use super::estimate::Clusters;
use super::ground::{FEWEST, Ground};
use super::held_out::Part;
use super::linear::Symmetric;
use super::regimes::Probe;
use super::report::{EvalReport, EvalSection, Row};
use super::scores::majority;
use super::vectors::Vectors;
use crate::error::Result;
use crate::model::SeriesKey;
use crate::numeric::summary::quantile_of;

/// Bars over which the direction is asked, and the return from which on it is one.
const HORIZON: usize = 5;
const THRESHOLD: f64 = 0.005;
const CLASSES: usize = 3;
/// Windows that a probe is fitted on, and that it is judged on.
const FITTED: usize = 10_000;
const JUDGED: usize = 5000;

/// From which series to which.
struct Route {
    name: String,
    from: Vec<usize>,
    to: Vec<usize>,
}

/// Two symbols of each market, BTC and ETH where they are, else the two of most bars; and all
/// series of `equity` to all of `crypto`.
fn routes(ground: &Ground<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    let mut seen: Vec<(&str, _)> = Vec::new();
    for chart in &ground.charts {
        let kind = (chart.key.market.as_str(), chart.key.interval);
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let mut members: Vec<usize> = (0..ground.charts.len())
            .filter(|&i| key(ground, i).is_some_and(|k| (k.market.as_str(), k.interval) == kind))
            .collect();
        let first = |i: usize| {
            let symbol = key(ground, i).map_or("", |k| k.symbol.as_str());
            (!symbol.starts_with("BTC"), !symbol.starts_with("ETH"))
        };
        let bars = |i: usize| ground.charts.get(i).map_or(0, |c| c.bars.len());
        members.sort_by_key(|&i| (first(i), std::cmp::Reverse(bars(i)), i));
        if let [from, to, ..] = *members.as_slice() {
            let name = |i| key(ground, i).map_or_else(String::new, ToString::to_string);
            routes.push(Route {
                name: format!("{} to {}", name(from), name(to)),
                from: vec![from],
                to: vec![to],
            });
        }
    }
    let of = |market: &str| -> Vec<usize> {
        let all = 0..ground.charts.len();
        all.filter(|&i| key(ground, i).is_some_and(|k| k.market == market))
            .collect()
    };
    let (from, to) = (of("equity"), of("crypto"));
    if !from.is_empty() && !to.is_empty() {
        let name = "equity to crypto".to_owned();
        routes.push(Route { name, from, to });
    }
    routes
}

fn key<'a>(ground: &'a Ground<'_>, i: usize) -> Option<&'a SeriesKey> {
    ground.charts.get(i).map(|c| &c.key)
}

/// What a probe is to tell.
#[derive(Clone, Copy)]
enum Task {
    /// Down, hardly anywhere, up: by the return over the horizon.
    Direction,
    /// Thirds of the absolute return over the horizon in units of the volatility before; the two
    /// limits come from the training windows.
    Size([f64; 2]),
}

impl Task {
    fn label(self, ground: &Ground<'_>, place: ChartWindow) -> Option<usize> {
        let chart = ground.chart(place)?;
        match self {
            Self::Direction => {
                let moved = chart.move_to(place.bar + HORIZON, HORIZON)?;
                Some(1 + usize::from(moved > THRESHOLD) - usize::from(moved < -THRESHOLD))
            }
            Self::Size(limits) => {
                let size = chart.outcome(place.bar, ground.window, HORIZON)?.abs();
                Some(limits.iter().filter(|l| size > **l).count())
            }
        }
    }
}

/// Windows of some series with their vectors by model.
struct Set {
    places: Vec<ChartWindow>,
    vectors: Vec<Vectors>,
}

impl Set {
    fn of(ground: &Ground<'_>, series: &[usize], part: Part, most: usize) -> Result<Self> {
        let all = ground.windows_of(series, part, HORIZON);
        let sized = |p: &ChartWindow| {
            let chart = ground.chart(*p)?;
            chart.outcome(p.bar, ground.window, HORIZON)
        };
        let all = all.into_iter().filter(|p| sized(p).is_some()).collect();
        let chosen = ground.draw(all, most, 15);
        let models: Vec<_> = ground.models.iter().collect();
        let encoded = ground.encode(&models, &chosen)?;
        Ok(Self {
            places: encoded.places,
            vectors: encoded.vectors,
        })
    }

    fn labels(&self, ground: &Ground<'_>, task: Task) -> Vec<usize> {
        let label = |p: &ChartWindow| task.label(ground, *p).unwrap_or_default();
        self.places.iter().map(label).collect()
    }
}

/// The section `probe`: accuracy on the asset of the training and on the other one, later than the
/// date; and what is left of the advantage over the majority.
pub(super) fn probe(ground: &Ground<'_>, report: &mut EvalReport) -> Result<()> {
    let section = EvalSection::Probe;
    if ground.held.from.is_none() {
        report.left_out(section, "there is no date that parts training from test");
        return Ok(());
    }
    let mut done = 0;
    for route in routes(ground) {
        let fitted = Set::of(ground, &route.from, Part::Before, FITTED)?;
        let own = Set::of(ground, &route.from, Part::Later, JUDGED)?;
        let other = Set::of(ground, &route.to, Part::Later, JUDGED)?;
        let domain = Set::of(ground, &route.to, Part::Before, FITTED)?;
        if [&fitted, &own, &other]
            .iter()
            .any(|s| s.places.len() < FEWEST)
        {
            continue;
        }
        done += 1;
        let size = |p: &ChartWindow| ground.chart(*p)?.outcome(p.bar, ground.window, HORIZON);
        let sizes: Vec<f64> = fitted
            .places
            .iter()
            .filter_map(size)
            .map(f64::abs)
            .collect();
        let limits = [1.0, 2.0].map(|third| quantile_of(&sizes, third / 3.0));
        for (name, task) in [("direction", Task::Direction), ("size", Task::Size(limits))] {
            let route = Judge::new(ground, &route.name, (name, task), [&fitted, &own, &other]);
            for (m, model) in ground.models.iter().enumerate() {
                let [Some(known), Some(own), Some(other)] =
                    [&fitted, &own, &other].map(|s| s.vectors.get(m))
                else {
                    continue;
                };
                route.push(report, &model.name, (known, own, other));
                let domain = domain.vectors.get(m).filter(|d| d.len() >= FEWEST);
                if let Some(aligned) = domain.and_then(|d| coral(known, d)) {
                    let name = format!("{}, CORAL", model.name);
                    route.push_other(report, &name, &aligned, other);
                }
            }
        }
    }
    if done == 0 {
        report.left_out(
            section,
            "no two assets have enough windows before and after the date",
        );
    }
    Ok(())
}

/// A route and a task, with the labels of its windows.
struct Judge<'a> {
    setting: String,
    known: Vec<usize>,
    own: Vec<usize>,
    other: Vec<usize>,
    clusters: [Clusters; 2],
    both: Clusters,
    part: &'a str,
}

impl Judge<'_> {
    fn new(ground: &Ground<'_>, route: &str, task: (&str, Task), sets: [&Set; 3]) -> Self {
        let [known, own, other] = sets.map(|s| s.labels(ground, task.1));
        let [_, own_set, other_set] = sets;
        let both = [own_set.places.as_slice(), &other_set.places].concat();
        Self {
            setting: format!("{}: {route}", task.0),
            known,
            own,
            other,
            clusters: [own_set, other_set].map(|set| ground.clusters(&set.places, HORIZON)),
            both: ground.clusters(&both, HORIZON),
            part: Part::Later.name(),
        }
    }

    fn row<'a>(&'a self, model: &'a str) -> Row<'a> {
        Row {
            section: EvalSection::Probe,
            part: self.part,
            model,
            setting: &self.setting,
            count: self.own.len() + self.other.len(),
        }
    }

    fn push(&self, report: &mut EvalReport, model: &str, rows: (&Vectors, &Vectors, &Vectors)) {
        let Some(probe) = Probe::fit(rows.0, &self.known, CLASSES) else {
            return;
        };
        let row = self.row(model);
        let [own, other] = [(rows.1, &self.own), (rows.2, &self.other)]
            .map(|(rows, labels)| right(&probe.guess(rows), labels));
        let base = [&self.own, &self.other].map(|labels| {
            let most = majority(labels, CLASSES);
            right(&vec![most; labels.len()], labels)
        });
        let [of_own, of_other] = &self.clusters;
        report.push(row, "accuracy, own", of_own.mean(&own));
        report.push(row, "majority, own", of_own.mean(&base[0]));
        report.push(row, "accuracy, new", of_other.mean(&other));
        report.push(row, "majority, new", of_other.mean(&base[1]));
        let mean = |values: &[f64], weights: &[f64]| {
            let sum: f64 = values.iter().zip(weights).map(|(v, w)| v * w).sum();
            sum / weights.iter().sum::<f64>()
        };
        let parts = |weights: &[f64]| {
            let (w, v) = weights.split_at(own.len());
            let gain = |found: &[f64], base: &[f64], w: &[f64]| mean(found, w) - mean(base, w);
            (
                gain(&own, &base[0], w),
                gain(&other, &base[1], v),
                mean(&other, v) / mean(&own, w),
            )
        };
        let efficiency = self.both.figure(|w| {
            let (own, new, _) = parts(w);
            new / own
        });
        // Without an advantage there is nothing to transfer, and the ratio is noise.
        let gain = self.both.figure(|w| parts(w).0);
        report.push(row, "gain, own", gain);
        report.push(row, "gain, new", self.both.figure(|w| parts(w).1));
        if gain.low > 0.0 {
            report.push(row, "transfer efficiency", efficiency);
        }
        report.push(row, "raw ratio", self.both.figure(|w| parts(w).2));
    }

    fn push_other(&self, report: &mut EvalReport, model: &str, known: &Vectors, other: &Vectors) {
        if let Some(probe) = Probe::fit(known, &self.known, CLASSES) {
            let found = right(&probe.guess(other), &self.other);
            let [_, clusters] = &self.clusters;
            report.push(self.row(model), "accuracy, new", clusters.mean(&found));
        }
    }
}

fn right(guesses: &[usize], labels: &[usize]) -> Vec<f64> {
    let pairs = guesses.iter().zip(labels);
    pairs.map(|(g, l)| f64::from(u8::from(g == l))).collect()
}

/// The rows of one domain with the mean and the covariance of another (CORAL, Sun and others
/// 2016), through the Cholesky factors of both covariances with a thousandth of their level added.
fn coral(rows: &Vectors, domain: &Vectors) -> Option<Vectors> {
    let factor = |(mean, covariance): (Vec<f64>, Symmetric)| {
        let level = 0.001 * covariance.level();
        Some((mean, covariance.plus_diagonal(level).cholesky()?))
    };
    let (mean, from) = factor(Symmetric::covariance(rows))?;
    let (centre, to) = factor(Symmetric::covariance(domain))?;
    let mut aligned = Vectors::new(rows.dim());
    for row in rows.iter() {
        let around: Vec<f64> = row
            .iter()
            .zip(&mean)
            .map(|(&x, m)| f64::from(x) - m)
            .collect();
        let there = to.times(&from.forward(&around));
        aligned.push_all(there.iter().zip(&centre).map(|(x, c)| (x + c) as f32));
    }
    Some(aligned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coral_gives_the_moments_of_the_other_domain() {
        let set = |a: f32, b: f32, c: f32| {
            let mut rows = Vectors::new(2);
            for i in 0..500_i32 {
                let (x, y) = ((i % 17) as f32 / 17.0, (i % 23) as f32 / 23.0);
                rows.push(&[a * x + c, b * (x + y) - c]);
            }
            rows
        };
        let (rows, domain) = (set(1.0, 2.0, 0.0), set(0.5, -0.7, 3.0));
        let found = coral(&rows, &domain).unwrap_or_else(|| rows.clone());
        let (mean, covariance) = Symmetric::covariance(&found);
        let (expected, other) = Symmetric::covariance(&domain);
        for (x, y) in mean.iter().zip(&expected) {
            assert!((x - y).abs() < 1e-3, "{mean:?} {expected:?}");
        }
        for (x, y) in covariance.values.iter().zip(&other.values) {
            assert!(
                (x - y).abs() < 0.05 * other.level(),
                "{covariance:?} {other:?}"
            );
        }
    }
}
