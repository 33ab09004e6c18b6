//! Windows of bars, and the headlines that belong to them. One file a source.

mod batches;
mod captions;
mod database;
mod names;
mod phrases;
mod split;
mod synthetic;
mod templates;

pub use batches::{distinct, epoch, fingerprint, same};
pub use captions::{CaptionSource, Facet};
pub use database::DatabaseSource;
pub use names::names;
pub use synthetic::{Ends, SyntheticSource};

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;
use rhymedb::encode::{ChartConfig, InputSteps};
use rhymedb::query::{PairOptions, Pairs};
use rhymedb::{Bars, Database, Error, Result, SeriesBars, SeriesKey, Timestamp};
use serde::{Deserialize, Serialize};

use crate::augment::Window;
use crate::config::{Config, SplitConfig};
use crate::random::seeded;

/// The purpose of the random numbers of [`Dataset::shuffle_pairs`].
const SHUFFLED: u32 = 11;

/// A source and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceConfig {
    /// [`DatabaseSource`].
    Database(DatabaseSource),
    /// [`CaptionSource`].
    Captions(CaptionSource),
    /// [`SyntheticSource`].
    Synthetic(SyntheticSource),
}

impl SourceConfig {
    /// Pairs, or windows, of a step of it, if not as many as the run says.
    pub fn batch(&self) -> Option<usize> {
        match self {
            Self::Database(source) => source.batch,
            Self::Captions(source) => source.batch,
            Self::Synthetic(source) => source.batch,
        }
    }

    /// The share of its steps that an epoch has.
    pub fn share(&self) -> f32 {
        match self {
            Self::Database(source) => source.share,
            Self::Captions(source) => source.share,
            Self::Synthetic(source) => source.share,
        }
    }

    /// Charts without a headline that a step of it sees besides.
    pub fn others(&self) -> usize {
        match self {
            Self::Database(source) => source.others,
            Self::Captions(_) => 0,
            Self::Synthetic(source) => source.others,
        }
    }

    /// Bars by which the end of its windows wanders in training.
    pub fn wander(&self) -> u32 {
        match self {
            Self::Database(source) => source.wander,
            Self::Captions(_) | Self::Synthetic(_) => 0,
        }
    }

    /// What is kept apart of it: what it says itself, or else what the run says.
    ///
    /// Nothing of a made-up market, unless it says so itself: it tells nothing about the dates of a
    /// real one.
    pub fn split(&self, run: &SplitConfig) -> SplitConfig {
        match self {
            Self::Database(source) => source.split.as_ref().unwrap_or(run).clone(),
            Self::Captions(source) => source.split.as_ref().unwrap_or(run).clone(),
            Self::Synthetic(source) => source.split.clone().unwrap_or_default(),
        }
    }
}

/// A series, with what the network sees of it.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Its name.
    pub key: SeriesKey,
    /// A number that series of one market and symbol share.
    pub asset: usize,
    /// Its bars.
    pub bars: Bars,
    /// Those with which a window without a gap ends whose price moves, ascending.
    pub whole: Vec<usize>,
    /// What the first layer sees of them.
    pub steps: InputSteps,
    /// Which source of the config it comes from.
    pub source: usize,
}

/// A window, with its headline if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Which of [`Dataset::charts`].
    pub chart: usize,
    /// The window's last bar.
    pub bar: usize,
    /// When its first bar opened.
    pub start: i64,
    /// When its last bar closed.
    pub end: i64,
    /// Which of [`Dataset::texts`].
    pub text: Option<usize>,
}

/// Bars of a series, first and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which of [`Dataset::charts`].
    pub chart: usize,
    /// The first bar.
    pub first: usize,
    /// The last bar.
    pub last: usize,
}

/// A headline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it says.
    pub text: String,
    /// A number that it shares with its near-duplicates.
    pub story: u64,
}

/// What is trained on, and what is kept apart: indices of [`Dataset::samples`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// For training.
    pub train: Vec<usize>,
    /// To decide when to stop.
    pub validation: Vec<usize>,
    /// Later than both.
    pub test_time: Vec<usize>,
    /// Of symbols that are in no other part, at all times.
    pub test_symbols: Vec<usize>,
}

/// Everything that a run reads.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// The series.
    pub charts: Vec<Chart>,
    /// The windows.
    pub samples: Vec<Sample>,
    /// The headlines.
    pub texts: Vec<Text>,
    /// Which sample is for what.
    pub parts: Parts,
    /// Words of the training headlines that name somebody.
    pub names: BTreeSet<String>,
    /// By source, the bars at which windows for training may end.
    pub free: BTreeMap<usize, Vec<Span>>,
}

impl Dataset {
    /// Collects what the config names.
    ///
    /// # Errors
    /// Those of the sources, and [`Error::Invalid`] if nothing is left to train on.
    pub fn collect(config: &Config, db: Option<&Database>) -> Result<Self> {
        let mut chart = config.backbone.reading();
        // What comes after a window belongs to it: no sample crosses a gap or a date with it.
        chart.window += config.objective.ahead() as u32;
        let mut gathered = Gathered {
            chart,
            texts: config.text.is_some(),
            data: Self::default(),
            assets: BTreeMap::new(),
            source: 0,
        };
        for (i, source) in config.data.iter().enumerate() {
            gathered.source = i;
            let split = source.split(&config.split);
            match source {
                SourceConfig::Database(source) => source.gather(db, &mut gathered)?,
                SourceConfig::Captions(source) => source.gather(db, &split, &mut gathered)?,
                SourceConfig::Synthetic(source) => source.gather(&mut gathered)?,
            }
        }
        let mut data = gathered.data;
        data.parts = split::split(&data, config)?;
        data.free = split::free(&data, config)?;
        if data.parts.train.len() < config.training.batch {
            return Err(Error::Invalid(format!(
                "expected at least {} windows to train on, found {} of {} in all; give more data, a smaller training.batch or later dates under [split]",
                config.training.batch,
                data.parts.train.len(),
                data.samples.len()
            )));
        }
        if let Some(text) = &config.text {
            data.names = names(&data, text.name_count);
        }
        Ok(data)
    }

    /// The steps of a sample's window.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the sample lies outside of its series.
    pub fn window(&self, sample: &Sample, steps: usize) -> Result<Window> {
        let found = self.charts.get(sample.chart).and_then(|chart| {
            let InputSteps {
                width,
                lead,
                values,
            } = &chart.steps;
            let last = (sample.bar + 1).checked_sub(*lead)?;
            let values = values.get(last.checked_sub(steps)? * width..last * width)?;
            Some(Window {
                width: *width,
                values: values.to_vec(),
            })
        });
        found.ok_or_else(|| {
            Error::Invalid(format!(
                "expected a window of {steps} steps that ends at bar {}, found no such bars",
                sample.bar
            ))
        })
    }

    /// The log return over the last `ahead` bars of a sample.
    pub fn outcome(&self, sample: &Sample, ahead: usize) -> f64 {
        let bars = self.charts.get(sample.chart).map(|c| &c.bars.close);
        let close = |bar: usize| bars?.get(bar).copied();
        let before = sample.bar.checked_sub(ahead).and_then(close);
        match (before, close(sample.bar)) {
            (Some(before), Some(after)) => (after / before).ln(),
            _ => 0.0,
        }
    }

    /// The training samples of each source.
    fn train_by_source(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut sources: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &i in &self.parts.train {
            let chart = self.samples.get(i).and_then(|s| self.charts.get(s.chart));
            if let Some(chart) = chart {
                sources.entry(chart.source).or_default().push(i);
            }
        }
        sources
    }

    /// Deals the headlines of each source's training windows out anew among them.
    pub fn shuffle_pairs(&mut self, seed: u64) {
        let mut random = seeded(seed, SHUFFLED, 0);
        for part in self.train_by_source().into_values() {
            let texts = part
                .iter()
                .map(|&i| self.samples.get(i).and_then(|s| s.text));
            let mut texts: Vec<Option<usize>> = texts.collect();
            texts.shuffle(&mut random);
            for (i, text) in part.into_iter().zip(texts) {
                if let Some(sample) = self.samples.get_mut(i) {
                    sample.text = text;
                }
            }
        }
    }

    /// The asset of a sample.
    pub fn asset(&self, sample: &Sample) -> Option<usize> {
        self.charts.get(sample.chart).map(|c| c.asset)
    }
}

/// What sources add to.
struct Gathered {
    chart: ChartConfig,
    texts: bool,
    data: Dataset,
    assets: BTreeMap<(String, String), usize>,
    source: usize,
}

impl Gathered {
    /// The options of pairs for the network.
    fn pairs(&self, reaction: u32) -> PairOptions {
        PairOptions::new(self.chart.window)
            .warm_up(self.chart.warm_up())
            .reaction(reaction)
    }

    /// Adds series and their pairs. `series` has those of `pairs`, perhaps with others.
    fn add(&mut self, series: Vec<SeriesBars>, pairs: Pairs) -> Result<()> {
        let mut charts = BTreeMap::new();
        let names: BTreeMap<String, usize> = pairs
            .series
            .iter()
            .map(SeriesKey::to_string)
            .zip(0..)
            .collect();
        let used: BTreeSet<usize> = pairs.list.iter().map(|p| p.series).collect();
        for one in series {
            if let Some(&i) = names.get(&one.key.to_string())
                && used.contains(&i)
            {
                charts.insert(i, self.add_chart(one)?);
            }
        }
        let first = self.data.texts.len();
        let texts = pairs.headlines.into_iter().zip(pairs.stories);
        let texts = texts.map(|(headline, story)| Text {
            text: headline.text,
            story,
        });
        self.data.texts.extend(texts);
        for pair in pairs.list {
            if let Some(&chart) = charts.get(&pair.series) {
                self.add_sample(chart, pair.bar, Some(first + pair.headline))?;
            }
        }
        Ok(())
    }

    /// Adds windows of series without headlines, every `hop` bars.
    fn add_windows(&mut self, series: Vec<SeriesBars>, hop: usize) -> Result<()> {
        let reach = (self.chart.window + self.chart.warm_up()) as usize;
        for one in series {
            let whole = whole_windows(&one, reach, self.chart.window as usize, hop);
            if !whole.is_empty() {
                let chart = self.add_chart(one)?;
                for bar in whole {
                    self.add_sample(chart, bar, None)?;
                }
            }
        }
        Ok(())
    }

    fn add_chart(&mut self, one: SeriesBars) -> Result<usize> {
        let reach = (self.chart.window + self.chart.warm_up()) as usize;
        let whole = whole_windows(&one, reach, self.chart.window as usize, 1);
        let SeriesBars { key, bars, .. } = one;
        let next = self.assets.len();
        let asset = (key.market.clone(), key.symbol.clone());
        let asset = *self.assets.entry(asset).or_insert(next);
        let steps = self.chart.input_steps(&bars)?;
        self.data.charts.push(Chart {
            key,
            asset,
            bars,
            whole,
            steps,
            source: self.source,
        });
        Ok(self.data.charts.len() - 1)
    }

    fn add_sample(&mut self, chart: usize, bar: usize, text: Option<usize>) -> Result<()> {
        let first = (bar + 1).checked_sub(self.chart.window as usize);
        let found = self.data.charts.get(chart).and_then(|c| {
            let last = Timestamp::from_millis(*c.bars.time.get(bar)?);
            let end = c.key.interval.close_of(last).millis();
            Some((*c.bars.time.get(first?)?, end))
        });
        let Some((start, end)) = found else {
            return Err(Error::Invalid(format!("no window ends at bar {bar}")));
        };
        self.data.samples.push(Sample {
            chart,
            bar,
            start,
            end,
            text,
        });
        Ok(())
    }
}

/// The last bars of windows without a gap whose price moves, every `hop` bars.
fn whole_windows(series: &SeriesBars, reach: usize, window: usize, hop: usize) -> Vec<usize> {
    let bars = &series.bars;
    let interval = series.key.interval;
    let (mut run, mut still) = (0, 0);
    let mut found = Vec::new();
    for (i, (&open, &close)) in bars.time.iter().zip(&bars.close).enumerate() {
        let before = i.checked_sub(1);
        let closed = before.and_then(|b| bars.time.get(b));
        let closed = closed.map(|&t| interval.close_of(Timestamp::from_millis(t)).millis());
        let gap = series.calendar == rhymedb::data::Calendar::Continuous && closed != Some(open);
        let moved = before.and_then(|b| bars.close.get(b)) != Some(&close);
        run = if gap { 1 } else { run + 1 };
        still = if moved { 1 } else { still + 1 };
        if run >= reach && still < window && i % hop.max(1) == 0 {
            found.push(i);
        }
    }
    found
}
