//! The labels of a series over time, by drawings or by rules.

use std::ops::Range;

use rayon::prelude::*;

use super::labels::LabelSet;
use super::numbers::logs;
use super::patterns::{COUNT, LONGEST, SHORTEST, fits, odds};
use super::regime_rules::{History, Rules, Takeover};
use crate::model::{Bars, Interval};

/// A bar with the label that counts there.
pub(super) struct Labelled {
    pub(super) bar: usize,
    pub(super) label: Option<usize>,
    pub(super) probability: f64,
}

/// A bar with what the chart that ends there looks like by itself.
pub(super) struct Odds {
    pub(super) bar: usize,
    pub(super) label: Option<usize>,
    pub(super) odds: [f64; COUNT],
    pub(super) none: f64,
}

/// What the bars before and at each bar look like, by drawings.
pub(super) fn by_drawings(closes: &[f64], stretches: Vec<Range<usize>>, abstain: f64) -> Vec<Odds> {
    let closes = logs(closes);
    let ends = stretches.into_iter().flat_map(|stretch| {
        let first = stretch.start + SHORTEST - 1;
        (first..stretch.end)
            .map(move |bar| (stretch.start.max(bar.saturating_sub(LONGEST - 1)), bar))
    });
    let ends: Vec<(usize, usize)> = ends.collect();
    let found = ends.into_par_iter().map(|(first, bar)| {
        let path = closes.get(first..=bar).unwrap_or_default();
        let Some((odds, none)) = fits(path).map(|fits| odds(&fits)) else {
            return Odds {
                bar,
                label: None,
                odds: [0.0; COUNT],
                none: 1.0,
            };
        };
        let mut best = (0, f64::NEG_INFINITY);
        let mut next = none;
        for (i, &p) in odds.iter().enumerate() {
            if p > best.1 {
                next = next.max(best.1);
                best = (i, p);
            } else {
                next = next.max(p);
            }
        }
        let decided = (best.1 - next).max(0.0) >= abstain;
        Odds {
            bar,
            label: decided.then_some(best.0),
            odds,
            none,
        }
    });
    found.collect()
}

/// The regime that counts at each bar, and by how many windows one is confirmed.
pub(super) fn by_rules(
    set: &LabelSet,
    interval: Interval,
    bars: &Bars,
    confirm: Option<usize>,
) -> (usize, Vec<Labelled>) {
    let rules = Rules::of(set, Some(interval));
    let confirm = confirm.unwrap_or(rules.confirm());
    let history = History::new(bars, &rules);
    let mut state = Takeover::new(confirm, set.labels().len());
    let labelled = (0..bars.len()).filter_map(|bar| {
        let odds = history.odds(&rules, bar)?;
        let label = state.next(&odds);
        let probability = label.and_then(|i| odds.get(i)).copied();
        Some(Labelled {
            bar,
            label,
            probability: probability.unwrap_or_default(),
        })
    });
    (confirm, labelled.collect())
}
