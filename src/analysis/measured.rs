//! Labels that are judged by numbers: patterns by drawings, regimes by rules.

use super::labels::{JudgedBy, Label, LabelScore, LabelSet};
use super::numbers::logs;
use super::regime_rules::Rules;
use super::{patterns, regime_rules};
use crate::db::{LastBars, Query, View};
use crate::error::{Error, Result};
use crate::model::{Bars, SeriesKey, Target, Timestamp, Window};

/// What a chart has to do with the labels of a set.
pub(super) struct Measured {
    /// The labels in the order of their set.
    pub(super) labels: Vec<LabelScore>,
    /// The probability that none of them fits.
    pub(super) none: f64,
    /// The stored window that was judged.
    pub(super) window: Option<Window>,
}

/// Judges a chart by drawings or by rules.
pub(super) fn judge(view: &View, query: &Query, set: &LabelSet) -> Result<Measured> {
    match set.judged_by() {
        JudgedBy::Drawings => by_drawings(view, query, set),
        JudgedBy::Rules | JudgedBy::Words => by_rules(view, query, set),
    }
}

/// The labels of a set with a score and a probability each.
fn scored(set: &LabelSet, numbers: impl Iterator<Item = (f64, f64)>) -> Vec<LabelScore> {
    let scored = set.labels().iter().zip(numbers);
    let label = |(label, (score, probability)): (&Label, _)| LabelScore {
        label: label.name.clone(),
        score,
        probability,
        expressiveness: None,
    };
    scored.map(label).collect()
}

fn flat() -> Error {
    Error::invalid("the chart is flat: its prices never change, so no label fits it")
}

fn by_drawings(view: &View, query: &Query, set: &LabelSet) -> Result<Measured> {
    let LastBars { bars, window } =
        view.last_bars(query, (patterns::SHORTEST, patterns::LONGEST))?;
    let fits = patterns::fits(&logs(&bars.close)).ok_or_else(flat)?;
    let (odds, none) = patterns::odds(&fits);
    let best = odds.iter().zip(&fits).max_by(|a, b| a.0.total_cmp(b.0));
    let matched = best.map_or(bars.len(), |(_, fit)| fit.bars);
    let start = bars.len().checked_sub(matched);
    let start = start.and_then(|i| bars.time.get(i)).copied();
    let numbers = fits.iter().zip(odds);
    Ok(Measured {
        labels: scored(set, numbers.map(|(fit, p)| (fit.similarity, p))),
        none,
        window: window.map(|window| Window {
            start: start.map_or(window.start, Timestamp::from_millis),
            ..window
        }),
    })
}

fn by_rules(view: &View, query: &Query, set: &LabelSet) -> Result<Measured> {
    let (bars, window) = match query {
        Query::Target(target) => {
            let key = view.series_of(target)?;
            let window = Rules::of(set, Some(key.interval)).window();
            let all = since_a_year(view, target, &key, window)?;
            let first = all.time.get(all.len().saturating_sub(window));
            let start = first.copied().map(Timestamp::from_millis);
            let last = all.time.last().copied().map(Timestamp::from_millis);
            let window = start.zip(last).map(|(start, last)| Window {
                end: key.interval.close_of(last),
                series: key,
                start,
            });
            (all, window)
        }
        Query::Bars(bars) => (bars.clone(), None),
        _ => {
            return Err(Error::invalid(
                "expected a stored window like BTCUSDT:1h@2021-05-19 or a candle file, found a query without bars",
            ));
        }
    };
    let rules = Rules::of(set, window.as_ref().map(|w| w.series.interval));
    let needed = rules.needs();
    if bars.len() < needed {
        return Err(Error::invalid(format!(
            "expected at least {needed} bars to tell the regime, found {}",
            bars.len()
        )));
    }
    let history = regime_rules::History::new(&bars, &rules);
    let at = bars.len().saturating_sub(1);
    let odds = history.odds(&rules, at).ok_or_else(flat)?;
    Ok(Measured {
        labels: scored(set, odds.iter().map(|&p| (p, p))),
        none: 0.0,
        window,
    })
}

/// The bars of a target that a regime is told from and beside: a year, and windows that end in it.
fn since_a_year(view: &View, target: &Target, key: &SeriesKey, window: usize) -> Result<Bars> {
    let last = view.bars(key, None, target.time, Some(1))?.bars;
    let last = last.time.last().copied().unwrap_or_default();
    // A market with sessions has nights and weekends between its bars.
    let windows = (8 * window as i64).saturating_mul(key.interval.nominal_millis());
    let year = regime_rules::YEAR.saturating_add(windows);
    let from = Timestamp::from_millis(last.saturating_sub(year));
    Ok(view.bars(key, Some(from), target.time, None)?.bars)
}
