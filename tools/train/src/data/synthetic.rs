use std::collections::BTreeMap;

use rhymedb::data::Headline;
use rhymedb::query::{PairOptions, Pairs};
use rhymedb::synthetic::{MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
use rhymedb::{Error, Result, SeriesBars, SeriesKey, Timestamp};
use serde::{Deserialize, Serialize};

use super::Gathered;
use super::phrases::retell;
use crate::config::SplitConfig;

/// Made-up markets with planted events and their headlines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticSource {
    /// One market a seed.
    pub seeds: Vec<u64>,
    /// `crypto` or `equity` alone.
    pub market: Option<String>,
    /// Bars that close between the moment when a headline was known and the window's end.
    pub reaction: u32,
    /// Whether the window of an event's headline ends with the event instead; those of headlines
    /// that mean nothing end after `reaction`.
    pub whole_events: bool,
    /// Headlines that name more symbols are left out. Default 1,000: those of a whole market stay.
    pub most_symbols: usize,
    /// Symbols of each crypto market.
    pub crypto_symbols: usize,
    /// Symbols of each equity market.
    pub equity_symbols: usize,
    /// Bars of a crypto symbol.
    pub crypto_bars: usize,
    /// Bars of an equity symbol.
    pub equity_days: usize,
    /// The share of events' headlines that are told by `teacher/phrases.txt` instead. Default 0.
    pub phrases: f32,
    /// Whether the wordings that tests keep for themselves are left out.
    pub train_wordings: bool,
    /// Without headlines: one window every so many bars.
    pub hop: usize,
    /// Pairs, or windows, of a step, if not as many as the run says.
    pub batch: Option<usize>,
    /// The share of its steps that an epoch has, drawn by lot anew in each. Default 1.
    pub share: f32,
    /// Charts of moments drawn by lot that a step sees besides: each is a counterexample of all its
    /// headlines.
    pub others: usize,
    /// What is kept apart. Default: nothing.
    pub split: Option<SplitConfig>,
}

impl Default for SyntheticSource {
    fn default() -> Self {
        let market = SyntheticConfig::default();
        Self {
            seeds: vec![1],
            market: None,
            reaction: 4,
            whole_events: false,
            most_symbols: 1_000,
            crypto_symbols: market.crypto_symbols,
            equity_symbols: market.equity_symbols,
            crypto_bars: market.crypto_bars,
            equity_days: market.equity_days,
            phrases: 0.0,
            train_wordings: true,
            hop: 8,
            batch: None,
            share: 1.0,
            others: 0,
            split: None,
        }
    }
}

impl SyntheticSource {
    pub(super) fn gather(&self, gathered: &mut Gathered) -> Result<()> {
        for &seed in &self.seeds {
            let market = SyntheticMarket::new(SyntheticConfig {
                seed,
                crypto_symbols: self.crypto_symbols,
                equity_symbols: self.equity_symbols,
                crypto_bars: self.crypto_bars,
                equity_days: self.equity_days,
                wordings: if self.train_wordings {
                    Wordings::Train
                } else {
                    Wordings::All
                },
                ..SyntheticConfig::default()
            })?;
            let wanted = |m: &str| self.market.as_ref().is_none_or(|wanted| wanted == m);
            let series: Vec<SeriesBars> = market
                .series()
                .into_iter()
                .filter(|one| wanted(&one.key.market))
                .collect();
            if series.is_empty() {
                return Err(Error::Invalid(format!(
                    "expected the market crypto or equity of a synthetic source, found {:?}",
                    self.market
                )));
            }
            if gathered.texts {
                let options: PairOptions = gathered.pairs(self.reaction);
                let options = options.most_symbols(self.most_symbols);
                let mut pairs = Pairs::of(&series, market.headlines(), &options)?;
                if self.phrases > 0.0 {
                    let events = market.events();
                    let ends = Ends::of(&series, &events);
                    retell(&mut pairs, &ends, &events, self.phrases, seed);
                }
                if self.whole_events {
                    end_with_events(&mut pairs, &series, &market.events());
                }
                gathered.add(series, pairs)?;
            } else {
                gathered.add_windows(series, self.hop)?;
            }
        }
        Ok(())
    }
}

/// Moves the windows of events' headlines on to the end of their event.
fn end_with_events(pairs: &mut Pairs, series: &[SeriesBars], events: &[MarketEvent]) {
    let ends = Ends::of(series, events);
    for pair in &mut pairs.list {
        let key = pairs.series.get(pair.series);
        let headline = pairs.headlines.get(pair.headline);
        let found = key.zip(headline).and_then(|(k, h)| ends.of_headline(k, h));
        if let Some(end) = found
            && end.bar > pair.bar
        {
            (pair.bar, pair.end) = (end.bar, end.time);
        }
    }
}

/// Where events end.
pub struct Ends {
    /// By series: when events start, in order of time, and where they end.
    list: BTreeMap<String, Vec<(Timestamp, End)>>,
}

/// The end of an event in one series.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// Which of the events.
    pub event: usize,
    /// The index of its last bar.
    pub bar: usize,
    /// When that bar closes.
    pub time: Timestamp,
    /// How long a bar takes, in milliseconds.
    bar_ms: i64,
}

impl Ends {
    /// The ends of events, which are in order of time, in some series.
    pub fn of(series: &[SeriesBars], events: &[MarketEvent]) -> Self {
        let bars: BTreeMap<String, &SeriesBars> =
            series.iter().map(|s| (s.key.to_string(), s)).collect();
        let mut list: BTreeMap<String, Vec<(Timestamp, End)>> = BTreeMap::new();
        for (i, event) in events.iter().enumerate() {
            for key in event.series.iter().map(ToString::to_string) {
                let Some(series) = bars.get(&key) else {
                    continue;
                };
                let opens = &series.bars.time;
                let end = End {
                    event: i,
                    bar: opens
                        .partition_point(|&t| t < event.end.millis())
                        .saturating_sub(1),
                    time: event.end,
                    bar_ms: series.key.interval.nominal_millis(),
                };
                list.entry(key).or_default().push((event.time, end));
            }
        }
        Self { list }
    }

    /// The end of the event that a headline tells of, if it tells of one: headlines are published
    /// within the first bar of their event.
    pub fn of_headline(&self, series: &SeriesKey, headline: &Headline) -> Option<End> {
        let list = self.list.get(&series.to_string())?;
        let last = list.partition_point(|(start, _)| *start <= headline.time);
        let (start, end) = last.checked_sub(1).and_then(|i| list.get(i))?;
        (headline.time.millis() - start.millis() < end.bar_ms).then_some(*end)
    }
}
