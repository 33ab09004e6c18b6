//! What followed, as fans.

use rhymedb::plot::{Analogs, Fan, FanPath, FanStep};
use rhymedb::query::{Horizon, OutcomeAnswer, ReactionAnswer};
use rhymedb::{Interval, View};

use super::after::{later, returns};
use super::names::{as_of, name, when};
use super::windows;
use crate::failure::Outcome;
use crate::text::{grouped, shortened};

/// The most horizons that are asked for.
const MOST: u32 = 16;

/// Numbers of bars up to a horizon, the horizon itself included, evenly spread.
fn steps(horizon: u32) -> Vec<u32> {
    let n = horizon.min(MOST);
    let step = |i: u32| (u64::from(horizon) * u64::from(i) / u64::from(n.max(1))) as u32;
    (1..=n).map(step).collect()
}

/// The bars of an interval that a horizon takes where none is missing.
fn in_bars(horizon: Horizon, interval: Option<Interval>) -> u32 {
    match (horizon, interval) {
        (Horizon::Bars(n), _) => n,
        (Horizon::Time(ms), Some(interval)) => {
            let bars = (ms as f64 / interval.nominal_millis() as f64).ceil();
            (bars as u32).clamp(1, 10_000)
        }
        (Horizon::Time(_), None) => 1,
    }
}

/// The interval of all windows of an answer, if they have one.
fn one_interval(answer: &OutcomeAnswer) -> Option<Interval> {
    let counted = answer.similar.hits.iter().zip(&answer.left_out);
    let mut counted = counted.filter(|(_, left_out)| left_out.is_none());
    let first = counted.next()?.0.window.series.interval;
    let same = counted.all(|(hit, _)| hit.window.series.interval == first);
    same.then_some(first)
}

/// The hits of a search with what came after them, the fan of it below: of those that are counted, where
/// they are of one interval. `after` asks for other horizons.
pub(crate) fn outcomes(
    view: &View,
    asked: &str,
    answer: &OutcomeAnswer,
    after: impl Fn(&[Horizon]) -> Outcome<OutcomeAnswer>,
) -> Outcome<Analogs> {
    let interval = one_interval(answer);
    let horizons = answer.horizons.iter();
    let horizons = horizons.map(|h| in_bars(h.horizon, answer.interval.or(interval)));
    let horizon = horizons.max().unwrap_or(1);
    let mut picture = windows::found(view, asked, &answer.similar, Some(horizon as usize))?;
    if interval.is_some() {
        picture.fan = Some(fan(answer, &picture, horizon, after)?);
    }
    // A long horizon would leave little room for the windows themselves.
    let most = 2 * answer.similar.window_bars as usize;
    for chart in picture.query.iter_mut().chain(&mut picture.found) {
        chart.later = chart.later.slice(0..most);
    }
    Ok(picture)
}

fn fan(
    answer: &OutcomeAnswer,
    picture: &Analogs,
    horizon: u32,
    after: impl Fn(&[Horizon]) -> Outcome<OutcomeAnswer>,
) -> Outcome<Fan> {
    let path = |hit: &rhymedb::plot::Chart| {
        let last = hit.bars.close.last().copied();
        FanPath {
            name: format!("{}  {}", hit.name, hit.label),
            changes: last.map_or_else(Vec::new, |last| returns(last, &hit.later)),
        }
    };
    let counted = picture.found.iter().zip(&answer.left_out);
    let counted = counted.filter(|(_, left_out)| left_out.is_none());
    let paths: Vec<FanPath> = counted.map(|(hit, _)| path(hit)).collect();
    let bars = steps(horizon);
    let horizons: Vec<Horizon> = bars.iter().map(|&n| Horizon::Bars(n)).collect();
    let after = after(&horizons)?;
    let quantiles = |of: fn(&rhymedb::query::HorizonOutcomes) -> Option<[f64; 5]>| {
        let step = |(&bars, h): (&u32, &rhymedb::query::HorizonOutcomes)| {
            Some(FanStep {
                bars,
                quantiles: of(h)?,
            })
        };
        bars.iter()
            .zip(&after.horizons)
            .filter_map(step)
            .collect::<Vec<_>>()
    };
    let windows = after.horizons.last().map_or(0, |h| h.base_windows);
    Ok(Fan {
        title: format!("What came after, in {horizon} bars"),
        steps: "bars after the window".to_owned(),
        found_name: format!("the {} hits", paths.len()),
        base_name: format!("all {} windows (a sample)", grouped(windows)),
        paths,
        found: quantiles(|h| Some(h.summary.as_ref()?.quantiles)),
        base: quantiles(|h| Some(h.base.as_ref()?.quantiles)),
        ..Fan::default()
    })
}

/// What followed news; `ask` asks the same for another horizon.
pub(crate) fn news(
    view: &View,
    answer: &ReactionAnswer,
    ask: impl Fn(Horizon, Option<Interval>) -> Outcome<ReactionAnswer>,
) -> Outcome<Fan> {
    let (mut found, mut base) = (Vec::new(), Vec::new());
    let horizon = in_bars(answer.horizon, answer.interval);
    for bars in steps(horizon) {
        let at = ask(Horizon::Bars(bars), answer.interval)?;
        let step = |quantiles| FanStep { bars, quantiles };
        found.extend(at.summary.map(|s| step(s.quantiles)));
        base.extend(at.base.map(|s| step(s.quantiles)));
    }
    let mut paths = Vec::new();
    for told in &answer.news {
        for outcome in told.outcomes.iter().filter(|o| !o.repeated) {
            let bars = later(view, &outcome.series, outcome.start, horizon as usize)?;
            paths.push(FanPath {
                name: format!(
                    "{} · {} · {}",
                    name(&outcome.series),
                    when(told.known),
                    shortened(&told.headline.text)
                ),
                changes: returns(outcome.price, &bars),
            });
        }
    }
    let interval = answer.interval.map(|i| i.to_string());
    Ok(Fan {
        title: format!("What followed news like “{}”", answer.text),
        subtitle: format!(
            "{} pieces of news with {} outcomes · space {}{}",
            answer.news.len(),
            paths.len(),
            answer.space,
            as_of(view)
        ),
        note: "From the first price that a reader of the news could have traded at. Each step counts the outcomes that had ended by then.".to_owned(),
        steps: format!("bars of {} after the news", interval.unwrap_or_default()),
        found_name: "after the news".to_owned(),
        base_name: format!("all times (a sample of {})", grouped(answer.base_windows)),
        paths,
        found,
        base,
    })
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn steps_end_at_the_horizon() {
        assert_eq!(steps(1), [1]);
        assert_eq!(steps(5), [1, 2, 3, 4, 5]);
        let many = steps(72);
        assert_eq!((many.len(), many.last()), (16, Some(&72)));
        assert!(many.is_sorted_by(|a, b| a < b));
    }
}
