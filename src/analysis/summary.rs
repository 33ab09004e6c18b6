//! A summary of outcomes, and the base rate that they are compared with.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde::Serialize;

use super::benchmark::Net;
use super::blocks::{Point, variance_of_sum};
use super::numbers::{Span, effective_size};
use super::outcome::{HitOutcome, Outcome, outcome_of};
use crate::db::{ByWindow, Past, RowFilter, scatter};
use crate::error::Result;
use crate::model::{Horizon, Interval, SeriesKey};
use crate::numeric::summary::{mean, quantile};

/// The longest horizon in bars.
pub(super) const LONGEST: u32 = 10_000;
/// The probabilities of [`OutcomeSummary::quantiles`].
const PROBABILITIES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// A summary of outcomes. Changes and excursions are simple returns: 0.01 is 1 %.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OutcomeSummary {
    /// Outcomes that had closed.
    pub n: usize,
    /// How many outcomes without overlap say as much: the sum of the average uniqueness of their
    /// spans (López de Prado 2018, section 4.4), where outcomes of one market at one time count
    /// as overlapping.
    pub effective_n: f64,
    /// The mean change.
    pub mean: f64,
    /// The standard error of the mean. The outcomes of a market that start within the span of a first
    /// one count as one observation, and neighbouring ones that overlap hang together; `None` if there
    /// is one such block alone.
    pub standard_error: Option<f64>,
    /// The changes below which lie 5, 25, 50, 75 and 95 % of all.
    pub quantiles: [f64; 5],
    /// The share of changes above 0.
    pub hit_rate: f64,
    /// The mean best excursion.
    pub best: f64,
    /// The mean worst excursion.
    pub worst: f64,
    /// The mean volatility: root mean square log return of a bar.
    pub volatility: f64,
}

/// An outcome that had closed, with its place in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    span: Span,
    outcome: Outcome,
}

impl Closed {
    /// What happened to a series after `start`, in milliseconds UTC.
    pub(super) fn new(key: &SeriesKey, start: i64, outcome: &Outcome) -> Self {
        Self {
            span: Span {
                group: scatter(&key.market, 0),
                from: start,
                to: outcome.closed.millis(),
            },
            outcome: *outcome,
        }
    }
}

impl OutcomeSummary {
    /// `None` of none.
    pub(super) fn of(closed: &[Closed]) -> Option<Self> {
        if closed.is_empty() {
            return None;
        }
        let of = |part: fn(&Outcome) -> f64| mean(closed.iter().map(|c| part(&c.outcome)));
        let mut changes: Vec<f64> = closed.iter().map(|c| c.outcome.change).collect();
        changes.sort_unstable_by(f64::total_cmp);
        let rises = changes.iter().filter(|&&c| c > 0.0).count();
        let spans: Vec<Span> = closed.iter().map(|c| c.span).collect();
        let change = of(|o| o.change);
        Some(Self {
            n: closed.len(),
            effective_n: effective_size(&spans),
            mean: change,
            standard_error: standard_error(closed, change),
            quantiles: PROBABILITIES.map(|q| quantile(&changes, q)),
            hit_rate: rises as f64 / closed.len() as f64,
            best: of(|o| o.best),
            worst: of(|o| o.worst),
            volatility: of(|o| o.volatility),
        })
    }
}

fn standard_error(closed: &[Closed], mean: f64) -> Option<f64> {
    let point = |c: &Closed| Point {
        span: c.span,
        value: c.outcome.change - mean,
    };
    let points: Vec<Point> = closed.iter().map(point).collect();
    variance_of_sum(&points).map(|variance| variance.sqrt() / closed.len() as f64)
}

/// What happened after all windows of a filter, from a sample of them, as far as it had closed.
pub(super) struct BaseRate {
    pub(super) closed: Vec<Closed>,
    /// The windows that the sample stands for.
    pub(super) windows: u64,
}

impl BaseRate {
    /// From a seeded sample of at least so many windows.
    pub(super) fn of(
        (past, net): (&Past<'_>, Option<&Net<'_, '_>>),
        rows: &RowFilter,
        horizon: impl Fn(Interval) -> Horizon,
        (sample, seed): (usize, u64),
    ) -> Result<Self> {
        let sample = past.sample(rows, sample, seed)?;
        // What is kept looks at all stored bars, whatever the time of the view. Only what had
        // closed at that time is taken.
        let mut known: BTreeMap<Horizon, Arc<ByWindow<HitOutcome>>> = BTreeMap::new();
        let mut closed = Vec::with_capacity(sample.places().len());
        for &place in sample.places() {
            let (key, _) = past.series(place.series)?;
            let horizon = horizon(key.interval);
            horizon.bars_of(key.interval, LONGEST)?;
            let kept = match known.entry(horizon) {
                Entry::Occupied(kept) => kept.into_mut(),
                Entry::Vacant(none) => none.insert(past.memo().by_window(memo_key(horizon, net))?),
            };
            let found: HitOutcome = kept.get(place, || {
                let found = outcome_of((past, net), place, horizon, i64::MAX)?;
                let until = found.closed().map_or(i64::MAX, |o| o.closed.millis());
                Ok((found, until))
            })?;
            let found = found.closed().filter(|o| o.closed.millis() <= past.now());
            closed.extend(found.map(|o| Closed::new(key, place.end, o)));
        }
        Ok(Self {
            closed,
            windows: sample.windows,
        })
    }
}

/// Under what the outcomes of windows are kept.
fn memo_key(horizon: Horizon, net: Option<&Net<'_, '_>>) -> Vec<u64> {
    let mut key = match horizon {
        Horizon::Bars(n) => vec![0, u64::from(n)],
        Horizon::Time(ms) => vec![1, ms.cast_unsigned()],
    };
    key.extend(net.map(Net::key));
    key
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::model::Timestamp;

    fn closed(market: &str, from: i64, to: i64, change: f64) -> Closed {
        let key: SeriesKey = format!("{market}/v/S:1h").parse().unwrap();
        let outcome = Outcome {
            closed: Timestamp::from_millis(to),
            change,
            best: change.max(0.0),
            worst: change.min(0.0),
            volatility: 0.1,
        };
        Closed::new(&key, from, &outcome)
    }

    #[test]
    fn outcomes_that_overlap_are_one_observation() {
        assert_eq!(OutcomeSummary::of(&[]), None);
        let one = OutcomeSummary::of(&[closed("m", 0, 10, 0.5)]).unwrap();
        assert_eq!((one.n, one.effective_n, one.standard_error), (1, 1.0, None));
        assert_eq!(
            (one.mean, one.hit_rate, one.quantiles),
            (0.5, 1.0, [0.5; 5])
        );
        // Out of order: 0 and 9 overlap, 10 begins where that block ends, 30 is alone.
        let all = [
            closed("m", 30, 40, -1.0),
            closed("m", 0, 10, 1.0),
            closed("m", 10, 20, 3.0),
            closed("m", 9, 19, 1.0),
        ];
        let some = OutcomeSummary::of(&all).unwrap();
        assert_eq!((some.n, some.mean, some.hit_rate), (4, 1.0, 0.75));
        assert!(
            (some.effective_n - 3.0).abs() < 1e-12,
            "their union is 30 long"
        );
        // Around the mean of 1: 0, 2 and -2.
        let error = (8.0_f64 * 3.0 / 2.0).sqrt() / 4.0;
        assert!((some.standard_error.unwrap() - error).abs() < 1e-12);
        assert!((some.quantiles[0] - -0.7).abs() < 1e-12);
        assert_eq!((some.best, some.worst), (1.25, -0.25));
        // Another market at the same time is another observation.
        let two = [closed("m", 0, 10, 1.0), closed("n", 0, 10, -1.0)];
        let two = OutcomeSummary::of(&two).unwrap();
        assert!((two.effective_n - 2.0).abs() < 1e-12);
        assert!((two.standard_error.unwrap() - 1.0).abs() < 1e-12);
    }
}
