//! Made-up events, found among charts and told apart by words that were not trained on: markets of
//! seeds that no config may train on, with the wordings that are kept from training.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use rhymedb::data::Headline;
use rhymedb::encode::{ChartEncoder, TextEncoder, Weights};
use rhymedb::synthetic::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
use rhymedb::{Error, Result, SeriesBars};
use serde::{Deserialize, Serialize};

use crate::data::Ends;
use crate::evaluate::{POOL, cosine};
use crate::random::seeded;

/// The seeds that are kept from training.
pub const SEEDS: [u64; 3] = [900_001, 900_002, 900_003];
/// How high the partner has to stand in its pool.
const TOP: usize = 10;
/// Charts of a market at moments drawn by lot.
const ORDINARY: usize = 4000;
const HOUR_MS: usize = 3_600_000;
/// The purposes of these random numbers.
const PLACES: u32 = 9;
const OTHERS: u32 = 10;

/// How well the events of a market are found and told apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventScores {
    /// Events, one chart each: the window that ends with the event.
    pub events: usize,
    /// How often a headline has its event's chart among the first 10 of 100, the others drawn from
    /// the whole market except where an event of this kind is in them.
    pub among_charts: f64,
    /// The same, the others being charts of events of other kinds.
    pub among_events: f64,
    /// How often the chart of an event is nearest to the mean of the headlines of its own kind.
    pub accuracy: f64,
    /// The same by kind.
    pub kinds: BTreeMap<String, f64>,
    /// `among_charts` by the wordings that are trained on.
    pub known_among_charts: f64,
    /// `accuracy` by the wordings that are trained on.
    pub known_accuracy: f64,
}

impl EventScores {
    /// The mean of the kinds, each counting the same.
    pub fn balanced_accuracy(&self) -> f64 {
        self.kinds.values().sum::<f64>() / self.kinds.len().max(1) as f64
    }
}

/// A chart of an event with its headline.
struct Told {
    kind: EventKind,
    chart: Vec<f32>,
    text: Vec<f32>,
}

/// A chart with the kinds of the events that it shows.
struct Shown {
    chart: Vec<f32>,
    kinds: BTreeSet<EventKind>,
}

/// A moment of a series: which of the series, and its bar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    series: usize,
    bar: usize,
}

/// The figures of weights by market.
///
/// # Errors
/// Those of the encoders, and [`Error::Invalid`] if the weights read no headlines.
pub fn event_scores(weights: &Weights) -> Result<BTreeMap<String, EventScores>> {
    let mut known = scores_by(weights, Wordings::Train)?;
    let mut found = scores_by(weights, Wordings::HeldOut)?;
    for (market, scores) in &mut found {
        let known = known.remove(market).unwrap_or_default();
        scores.known_among_charts = known.among_charts;
        scores.known_accuracy = known.accuracy;
    }
    Ok(found)
}

fn scores_by(weights: &Weights, wordings: Wordings) -> Result<BTreeMap<String, EventScores>> {
    let texts = weights.text_encoder()?;
    let mut told: BTreeMap<&str, Vec<Told>> = BTreeMap::new();
    let mut shown: BTreeMap<&str, Vec<Shown>> = BTreeMap::new();
    for seed in SEEDS {
        let market = SyntheticMarket::new(SyntheticConfig {
            seed,
            wordings,
            ..SyntheticConfig::default()
        })?;
        let headlines = market.headlines();
        for name in ["crypto", "equity"] {
            let ground = Ground::new(weights, &market, name)?;
            let events = ground.told(&headlines, texts.as_ref())?;
            told.entry(name).or_default().extend(events);
            shown.entry(name).or_default().extend(ground.shown(seed)?);
        }
    }
    let judged = told.into_iter().map(|(name, told)| {
        let shown = shown.remove(name).unwrap_or_default();
        (name.to_owned(), judge(&told, &shown))
    });
    Ok(judged.collect())
}

/// One market.
struct Ground {
    series: Vec<SeriesBars>,
    events: Vec<MarketEvent>,
    charts: Arc<dyn ChartEncoder>,
    window: usize,
    /// Bars that the encoder reads.
    reach: usize,
}

impl Ground {
    fn new(weights: &Weights, market: &SyntheticMarket, name: &str) -> Result<Self> {
        let series = market.series().into_iter();
        let series = series.filter(|one| one.key.market == name);
        let charts = weights.chart_encoder()?;
        let spec = charts.spec();
        let (window, warm_up) = (spec.window as usize, spec.warm_up as usize);
        Ok(Self {
            series: series.collect(),
            events: market.events(),
            charts,
            window,
            reach: window + warm_up,
        })
    }

    /// The events that headlines tell of, each in one series.
    fn told(&self, headlines: &[Headline], texts: &dyn TextEncoder) -> Result<Vec<Told>> {
        let ends = Ends::of(&self.series, &self.events);
        let mut moments: Vec<Moment> = Vec::new();
        let mut found = Vec::new();
        for headline in headlines {
            let about = self.series.iter().enumerate();
            let about: Vec<_> = about
                .filter(|(_, s)| headline.symbols.contains(&s.key.symbol))
                .collect();
            let hour = headline.time.millis().unsigned_abs() as usize / HOUR_MS;
            let Some(&(i, one)) = about.get(hour % about.len().max(1)) else {
                continue;
            };
            let end = ends.of_headline(&one.key, headline);
            let event = end.and_then(|end| Some((end, self.events.get(end.event)?)));
            if let Some((end, event)) = event
                && end.bar + 1 >= self.reach
                && let Some(text) = texts.encode_text(&headline.text)?
            {
                moments.push(Moment {
                    series: i,
                    bar: end.bar,
                });
                found.push((event.kind, text));
            }
        }
        let charts = encode(self.charts.as_ref(), &self.series, &moments)?;
        let told = found.into_iter().zip(charts);
        let told = told.map(|((kind, text), chart)| Told { kind, chart, text });
        Ok(told.collect())
    }

    /// Charts of moments drawn by lot.
    fn shown(&self, seed: u64) -> Result<Vec<Shown>> {
        let mut random = seeded(seed, PLACES, 0);
        let mut moments: Vec<Moment> = Vec::new();
        while moments.len() < ORDINARY && !self.series.is_empty() {
            let i = random.random_range(0..self.series.len());
            let bars = self.series.get(i).map_or(0, |s| s.bars.len());
            moments.push(Moment {
                series: i,
                bar: random.random_range(self.reach..bars.max(self.reach + 1)),
            });
        }
        let charts = encode(self.charts.as_ref(), &self.series, &moments)?;
        let shown = charts.into_iter().zip(&moments);
        let shown = shown.map(|(chart, moment)| Shown {
            chart,
            kinds: self.kinds(*moment),
        });
        Ok(shown.collect())
    }

    /// The kinds of the events that a window shows.
    fn kinds(&self, moment: Moment) -> BTreeSet<EventKind> {
        let bar = moment.bar;
        let Some(series) = self.series.get(moment.series) else {
            return BTreeSet::new();
        };
        let time = |bar: usize| series.bars.time.get(bar).copied().unwrap_or_default();
        let (from, to) = (time((bar + 1).saturating_sub(self.window)), time(bar));
        let within = self.events.iter().filter(|e| {
            e.time.millis() <= to && e.end.millis() > from && e.series.contains(&series.key)
        });
        within.map(|e| e.kind).collect()
    }
}

/// The vectors of windows that end at these moments, in their order.
fn encode(
    encoder: &dyn ChartEncoder,
    series: &[SeriesBars],
    at: &[Moment],
) -> Result<Vec<Vec<f32>>> {
    let mut by_series: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &Moment { series, bar } in at {
        by_series.entry(series).or_default().push(bar);
    }
    let jobs: Vec<_> = by_series.into_iter().collect();
    let found: Vec<Vec<(Moment, Vec<f32>)>> = jobs
        .into_par_iter()
        .map(|(i, mut bars)| {
            bars.sort_unstable();
            bars.dedup();
            let Some(one) = series.get(i) else {
                return Ok(Vec::new());
            };
            let rows = encoder.encode_series(&one.bars, &bars)?;
            let vectors = bars.iter().enumerate().map(|(row, &bar)| {
                let vector = rows.row(row).map(<[f32]>::to_vec).unwrap_or_default();
                (Moment { series: i, bar }, vector)
            });
            Ok(vectors.collect())
        })
        .collect::<Result<_>>()?;
    let known: BTreeMap<Moment, Vec<f32>> = found.into_iter().flatten().collect();
    let each = at.iter().map(|moment| known.get(moment).cloned());
    each.collect::<Option<_>>()
        .ok_or_else(|| Error::Invalid("a chart of a made-up market has no vector".to_owned()))
}

/// What became of one headline.
struct Judged {
    kind: EventKind,
    among_charts: bool,
    among_events: bool,
    told_apart: bool,
}

fn judge(told: &[Told], shown: &[Shown]) -> EventScores {
    let mut directions: BTreeMap<EventKind, Vec<f32>> = BTreeMap::new();
    for one in told {
        let sum = directions
            .entry(one.kind)
            .or_insert_with(|| vec![0.0; one.text.len()]);
        sum.iter_mut().zip(&one.text).for_each(|(s, x)| *s += x);
    }
    for sum in directions.values_mut() {
        let length = cosine(sum, sum).sqrt().max(f32::MIN_POSITIVE);
        sum.iter_mut().for_each(|x| *x /= length);
    }
    let found: Vec<Judged> = told
        .par_iter()
        .enumerate()
        .map(|(i, one)| {
            let ordinary = shown.iter().filter(|s| !s.kinds.contains(&one.kind));
            let events = told.iter().filter(|t| t.kind != one.kind);
            let guess = directions
                .iter()
                .map(|(kind, direction)| (cosine(&one.chart, direction), kind))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            Judged {
                kind: one.kind,
                among_charts: is_found(one, ordinary.map(|s| s.chart.as_slice()), i),
                among_events: is_found(one, events.map(|t| t.chart.as_slice()), i),
                told_apart: guess.is_some_and(|(_, kind)| *kind == one.kind),
            }
        })
        .collect();
    let share = |holds: &dyn Fn(&Judged) -> Option<bool>| {
        let all: Vec<bool> = found.iter().filter_map(holds).collect();
        all.iter().filter(|x| **x).count() as f64 / all.len().max(1) as f64
    };
    let kinds = directions.keys().map(|kind| {
        let right = share(&|f| (f.kind == *kind).then_some(f.told_apart));
        (kind.to_string(), right)
    });
    EventScores {
        events: told.len(),
        among_charts: share(&|f| Some(f.among_charts)),
        among_events: share(&|f| Some(f.among_events)),
        accuracy: share(&|f| Some(f.told_apart)),
        kinds: kinds.collect(),
        ..EventScores::default()
    }
}

/// Whether a headline has its chart among the first of a pool with others.
fn is_found<'a>(one: &Told, others: impl Iterator<Item = &'a [f32]>, number: usize) -> bool {
    let mut others: Vec<&[f32]> = others.collect();
    let mut random = seeded(0, OTHERS, number as u64);
    let (pool, _) = others.partial_shuffle(&mut random, POOL - 1);
    let own = cosine(&one.chart, &one.text);
    let above = pool.iter().filter(|other| cosine(other, &one.text) >= own);
    above.count() < TOP
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;

    fn unit(i: usize) -> Vec<f32> {
        (0..4).map(|j| f32::from(u8::from(i == j))).collect()
    }

    #[test]
    fn whoever_knows_all_kinds_finds_them_and_whoever_knows_one_finds_that_one() {
        let kinds = [EventKind::Pump, EventKind::Crash];
        let told = |knows: &dyn Fn(usize) -> usize| -> Vec<Told> {
            let each = (0..400).map(|i| Told {
                kind: kinds[i % 2],
                chart: unit(knows(i)),
                text: unit(i % 2),
            });
            each.collect()
        };
        let shown: Vec<Shown> = (0..200)
            .map(|_| Shown {
                chart: unit(3),
                kinds: BTreeSet::new(),
            })
            .collect();
        let all = judge(&told(&|i| i % 2), &shown);
        let figures = [all.among_charts, all.among_events, all.accuracy];
        assert_eq!((all.events, figures), (400, [1.0; 3]));
        let one = judge(&told(&|_| 0), &shown);
        assert_eq!(one.accuracy, 0.5);
        assert_eq!(one.kinds["pump"], 1.0);
        assert_eq!(one.kinds["crash"], 0.0);
        assert_eq!(one.balanced_accuracy(), 0.5);
    }
}
