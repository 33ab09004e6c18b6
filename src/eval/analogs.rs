//! Forecasts from what followed similar windows, against what followed random ones.

use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::anomaly::horizon;
use super::charts::ChartWindow;
use super::estimate::{Clusters, Estimate};
use super::fidelity::K;
use super::ground::{FEWEST, Ground};
use super::held_out::Part;
use super::report::{EvalReport, EvalSection, Row};
use super::scores::crps;
use super::shifts::{Shifted, shifted};
use super::vectors::Vectors;
use crate::db::{Stage, entries};
use crate::error::{Error, Result};
use crate::numeric::dot::dot;
use crate::numeric::summary::{correlation, midranks};

/// Windows of history.
const HISTORY: usize = 20_000;
/// Windows that are forecast.
const QUERIES: usize = 1000;
/// Draws of random analogs.
const DRAWS: usize = 100;

/// Windows with what came after them.
struct Known {
    places: Vec<ChartWindow>,
    vectors: Vec<Vectors>,
    starts: Vec<i64>,
    /// When each outcome was known, ascending, and the window that it belongs to.
    closed: Vec<(i64, usize)>,
    /// Returns over the horizon, in units of the volatility before.
    outcomes: Vec<f64>,
}

impl Known {
    fn new(ground: &Ground<'_>, places: &[ChartWindow], horizon: usize) -> Result<Self> {
        let outcome = |p: &ChartWindow| ground.chart(*p)?.outcome(p.bar, ground.window, horizon);
        let with: Vec<ChartWindow> = places
            .iter()
            .copied()
            .filter(|p| outcome(p).is_some())
            .collect();
        let models: Vec<_> = ground.models.iter().collect();
        let encoded = ground.encode(&models, &with)?;
        let places = encoded.places;
        let chart = |p: &ChartWindow| ground.chart(*p);
        let start = |p: &ChartWindow| chart(p).map_or(i64::MIN, |c| c.start(p.bar, ground.reach));
        let closed =
            |p: &ChartWindow| chart(p).map_or(i64::MAX, |c| c.end(p.bar + horizon).millis());
        let mut closed: Vec<(i64, usize)> = places.iter().map(closed).zip(0..).collect();
        closed.sort_unstable();
        Ok(Self {
            starts: places.iter().map(start).collect(),
            closed,
            outcomes: places.iter().filter_map(outcome).collect(),
            vectors: encoded.vectors,
            places,
        })
    }

    fn outcomes_of(&self, analogs: &[usize]) -> Vec<f64> {
        let found = analogs
            .iter()
            .filter_map(|&i| self.outcomes.get(i).copied());
        found.collect()
    }

    /// Which were over before `time`.
    fn over_by(&self, time: i64) -> &[(i64, usize)] {
        let count = self.closed.partition_point(|c| c.0 <= time);
        self.closed.get(..count).unwrap_or(&[])
    }
}

/// The forecasts of one way to choose analogs, a value a query.
#[derive(Default)]
struct Forecasts {
    direction: Vec<f64>,
    size: Vec<f64>,
    crps: Vec<f64>,
    covered: Vec<f64>,
}

impl Forecasts {
    fn add(&mut self, members: &[f64], happened: f64) {
        let count = members.len().max(1) as f64;
        self.direction.push(members.iter().sum::<f64>() / count);
        self.size
            .push(members.iter().map(|x| x.abs()).sum::<f64>() / count);
        self.crps.push(crps(members, happened));
        let least = members.iter().copied().fold(f64::INFINITY, f64::min);
        let most = members.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.covered
            .push(f64::from(u8::from((least..=most).contains(&happened))));
    }

    /// Spearman's correlation of direction and of size with what happened, and the mean score.
    fn figures(&self, happened: &Happened) -> [f64; 3] {
        let weights = vec![1.0; self.crps.len()];
        [
            correlation(&midranks(&self.direction), &happened.direction, &weights),
            correlation(&midranks(&self.size), &happened.size, &weights),
            self.crps.iter().sum::<f64>() / self.crps.len().max(1) as f64,
        ]
    }
}

/// The ranks of what happened, and of how much.
struct Happened {
    direction: Vec<f64>,
    size: Vec<f64>,
}

impl Happened {
    fn new(outcomes: &[f64]) -> Self {
        let sizes: Vec<f64> = outcomes.iter().map(|x| x.abs()).collect();
        Self {
            direction: midranks(outcomes),
            size: midranks(&sizes),
        }
    }
}

/// The section `analogs`: of each window after the date, the 10 entries nearest to it whose outcomes
/// were known before it opened are its forecast. Entries, as [`crate::query::Similar::entries`] chooses them: the
/// best windows of their runs were chosen by their outcomes.
pub(super) fn analogs(ground: &Ground<'_>, report: &mut EvalReport) -> Result<()> {
    let section = EvalSection::Analogs;
    if ground.held.from.is_none() {
        report.left_out(section, "there is no date after which windows are forecast");
        return Ok(());
    }
    let horizon = horizon(ground);
    let mut places = ground.windows(Part::Before, horizon, HISTORY, 9);
    places.extend(ground.windows(Part::Later, horizon, HISTORY, 10));
    places.sort_unstable();
    let history = Known::new(ground, &ground.draw(places, HISTORY, 11), horizon)?;
    let asked = Known::new(
        ground,
        &ground.windows(Part::Later, horizon, QUERIES, 12),
        horizon,
    )?;
    let eligible = eligible(&history, &asked);
    if eligible.len() < FEWEST {
        let why = format!(
            "expected at least {FEWEST} windows with as many before them whose outcome was known, found {}",
            eligible.len()
        );
        report.left_out(section, &why);
        return Ok(());
    }
    let actual: Vec<f64> = eligible
        .iter()
        .filter_map(|(q, _)| asked.outcomes.get(*q).copied())
        .collect();
    let happened = Happened::new(&actual);
    let random = random_forecasts(ground, &history, &eligible, &actual)?;
    let random: Vec<[f64; 3]> = random.iter().map(|f| f.figures(&happened)).collect();
    let places: Vec<ChartWindow> = eligible
        .iter()
        .filter_map(|(q, _)| asked.places.get(*q).copied())
        .collect();
    let clusters = ground.clusters(&places, horizon);
    let shifted = shifted(ground, &places, horizon);
    let total = ground.models.len() as u64;
    for (m, model) in ground.models.iter().enumerate() {
        ground.control.report(Stage::Ask, m as u64, total)?;
        let (Some(asked_rows), Some(rows)) = (asked.vectors.get(m), history.vectors.get(m)) else {
            continue;
        };
        let choose = |(query, over): &(usize, Over<'_>)| {
            let found = nearest(asked_rows.row(*query), rows, over);
            let place = asked.places.get(*query);
            let analogs = analogs_of(&found, &history.places, place, ground.window)?;
            Ok(history.outcomes_of(&analogs))
        };
        let chosen: Vec<Vec<f64>> = eligible.par_iter().map(choose).collect::<Result<_>>()?;
        let mut forecasts = Forecasts::default();
        for (members, &happened) in chosen.iter().zip(&actual) {
            forecasts.add(members, happened);
        }
        push(report, &model.name, &forecasts, (&happened, &clusters));
        push_chances(
            report,
            &model.name,
            &chosen,
            (&forecasts, &happened, &shifted),
        );
    }
    push_random(report, &random, actual.len());
    ground.control.report(Stage::Ask, total, total)
}

/// Windows whose outcome was known, with the time when.
type Over<'a> = &'a [(i64, usize)];

/// The queries that have enough history to choose from, with what was over when they opened.
fn eligible<'a>(history: &'a Known, asked: &Known) -> Vec<(usize, Over<'a>)> {
    let starts = asked.starts.iter().enumerate();
    starts
        .map(|(query, &start)| (query, history.over_by(start)))
        .filter(|(_, over)| over.len() >= FEWEST)
        .collect()
}

/// The [`K`] nearest entries of rows that come nearest first, or all if there are fewer. Rows are let in
/// until so many entries are found, so how near a row must be is the same for all.
fn analogs_of(
    order: &[usize],
    places: &[ChartWindow],
    query: Option<&ChartWindow>,
    window: usize,
) -> Result<Vec<usize>> {
    let zone = window / 4;
    let near =
        |a: &ChartWindow, b: &ChartWindow| a.series == b.series && a.bar.abs_diff(b.bar) < zone;
    let placed = order.iter().copied().zip(0..);
    let placed = placed.filter_map(|(i, rank)| Some((i, rank, *places.get(i)?)));
    let far = placed.filter(|(_, _, place)| query.is_none_or(|q| !near(q, place)));
    let far: Vec<(usize, usize, ChartWindow)> = far.collect();
    let mut rows = K;
    loop {
        let good = far.get(..rows).unwrap_or(&far).to_vec();
        let all = good.len() == far.len();
        let time = |a: &(_, _, ChartWindow), b: &(_, _, ChartWindow)| a.2.bar.cmp(&b.2.bar);
        let place = |one: &(_, _, ChartWindow)| (one.2.series, one.2.series);
        let mut found = entries(good, time, place, |a, b| Ok(near(&a.2, &b.2)))?;
        if found.len() >= K || all {
            found.sort_unstable_by_key(|&(_, rank, _)| rank);
            found.truncate(K);
            return Ok(found.into_iter().map(|(i, ..)| i).collect());
        }
        rows = rows.saturating_add(rows / 2);
    }
}

/// The rows of those that are eligible, nearest first.
fn nearest(query: &[f32], rows: &Vectors, over: Over<'_>) -> Vec<usize> {
    let score = |&(_, i): &(i64, usize)| (dot(query, rows.row(i)), i);
    let mut scored: Vec<(f32, usize)> = over.iter().map(score).collect();
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, i)| i).collect()
}

fn random_forecasts(
    ground: &Ground<'_>,
    history: &Known,
    eligible: &[(usize, Over<'_>)],
    actual: &[f64],
) -> Result<Vec<Forecasts>> {
    let draw = |number: usize| {
        if ground.control.is_stopped() {
            return Err(Error::Interrupted);
        }
        let mut random = ChaCha8Rng::seed_from_u64(ground.seed);
        random.set_stream(1000 + number as u64);
        let mut forecasts = Forecasts::default();
        for ((_, over), &happened) in eligible.iter().zip(actual) {
            let chosen = sample(&mut random, over.len(), K.min(over.len()));
            let chosen: Vec<usize> = chosen
                .iter()
                .filter_map(|i| over.get(i).map(|o| o.1))
                .collect();
            forecasts.add(&history.outcomes_of(&chosen), happened);
        }
        Ok(forecasts)
    };
    (0..DRAWS).into_par_iter().map(draw).collect()
}

fn push(
    report: &mut EvalReport,
    model: &str,
    found: &Forecasts,
    (happened, clusters): (&Happened, &Clusters),
) {
    let row = row(model, found.crps.len());
    for (name, forecast, actual) in [
        ("IC of direction", &found.direction, &happened.direction),
        ("IC of size", &found.size, &happened.size),
    ] {
        let ranks = midranks(forecast);
        report.push(
            row,
            name,
            clusters.figure(|w| correlation(&ranks, actual, w)),
        );
    }
    report.push(row, "CRPS", clusters.mean(&found.crps));
    report.push(row, "coverage of the range", clusters.mean(&found.covered));
}

/// How often the same forecasts do as well with the outcomes of other times. Without a shift that is
/// long enough there is no p.
fn push_chances(
    report: &mut EvalReport,
    model: &str,
    chosen: &[Vec<f64>],
    (found, happened, shifted): (&Forecasts, &Happened, &[Shifted]),
) {
    let figures = |outcomes: &Shifted| {
        let mut forecasts = Forecasts::default();
        let mut actual = Vec::with_capacity(outcomes.len());
        for (members, outcome) in chosen.iter().zip(outcomes) {
            if let Some(outcome) = *outcome {
                forecasts.add(members, outcome);
                actual.push(outcome);
            }
        }
        forecasts.figures(&Happened::new(&actual))
    };
    let elsewhere: Vec<[f64; 3]> = shifted.par_iter().map(figures).collect();
    if elsewhere.is_empty() {
        return;
    }
    let [direction, size, score] = found.figures(happened);
    let row = row(model, found.crps.len());
    let share = |as_good: &dyn Fn(&[f64; 3]) -> bool| {
        let count = elsewhere.iter().filter(|r| as_good(r)).count();
        Estimate::known((1 + count) as f64 / (1 + elsewhere.len()) as f64)
    };
    report.push(row, "p of IC of direction", share(&|r| r[0] >= direction));
    report.push(row, "p of IC of size", share(&|r| r[1] >= size));
    report.push(row, "p of CRPS", share(&|r| r[2] <= score));
}

fn push_random(report: &mut EvalReport, random: &[[f64; 3]], count: usize) {
    for (i, name) in ["IC of direction", "IC of size", "CRPS"].iter().enumerate() {
        let values = random.iter().filter_map(|r| r.get(i).copied());
        let mean = values.sum::<f64>() / random.len().max(1) as f64;
        report.push(row("random analogs", count), name, Estimate::known(mean));
    }
    // Of 11 exchangeable values the last lies beyond the others in 2 cases.
    let nominal = (K - 1) as f64 / (K + 1) as f64;
    let row = row("nominal", count);
    report.push(row, "coverage of the range", Estimate::known(nominal));
}

fn row(model: &str, count: usize) -> Row<'_> {
    Row {
        section: EvalSection::Analogs,
        part: Part::Later.name(),
        model,
        setting: "top 10",
        count,
    }
}
