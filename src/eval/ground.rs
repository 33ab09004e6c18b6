//! What all sections of an evaluation stand on: series, encoders, and what is kept apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::baselines::{Five, Pca};
use super::charts::{Chart, ChartWindow, encode_by_all};
use super::estimate::Clusters;
use super::held_out::{HeldOut, Part};
use super::vectors::Vectors;
use crate::db::Control;
use crate::encode::{ChartEncoder, TextEncoder, chart_encoder_by_name};
use crate::error::Result;
use crate::model::Timestamp;

/// Windows that principal components are fitted on.
const FITTED: usize = 5000;
/// The fewest windows that anything is fitted on.
pub(super) const FEWEST: usize = 200;

/// An encoder with the name under which it is reported.
pub(super) struct Model {
    pub(super) name: String,
    pub(super) encoder: Arc<dyn ChartEncoder>,
}

pub(super) struct Ground<'a> {
    pub(super) charts: Vec<Chart>,
    /// The judged one first, then those to compare with, all over the same windows.
    pub(super) models: Vec<Model>,
    pub(super) text: Option<Arc<dyn TextEncoder>>,
    pub(super) held: HeldOut,
    pub(super) window: usize,
    /// Bars that the judged encoder reads.
    pub(super) reach: usize,
    pub(super) seed: u64,
    pub(super) control: &'a Control,
}

/// Windows with their vectors.
pub(super) struct Encoded {
    pub(super) places: Vec<ChartWindow>,
    /// By model, in the order of those asked for.
    pub(super) vectors: Vec<Vectors>,
}

impl Ground<'_> {
    /// Adds `stats`, principal components and `shape` over windows of the same length, unless one
    /// of them is what is judged.
    pub(super) fn add_baselines(&mut self, notes: &mut Vec<String>) -> Result<()> {
        let judged = self.models.first().map(|m| m.encoder.spec().clone());
        let mut add = |name: &str, encoder: Arc<dyn ChartEncoder>| {
            if judged.as_ref() != Some(encoder.spec()) {
                let name = name.to_owned();
                self.models.push(Model { name, encoder });
            }
        };
        match chart_encoder_by_name("stats", self.window, None) {
            Ok(stats) => add("stats", stats),
            Err(why) => notes.push(format!("the baseline stats is left out: {why}")),
        }
        add("shape", chart_encoder_by_name("shape", self.window, None)?);
        let fitted = self.windows(Part::Before, 0, FITTED, 1);
        if fitted.len() < FEWEST {
            notes.push(format!(
                "the baseline pca is left out: expected at least {FEWEST} windows before what is judged, found {}",
                fitted.len()
            ));
        } else {
            let pca = Pca::fit(&self.charts, &fitted, self.window);
            self.models.push(Model {
                name: "pca".to_owned(),
                encoder: Arc::new(pca),
            });
        }
        Ok(())
    }

    /// The symbols of the ground that were kept apart from training.
    pub(super) fn symbols_held_out(&self) -> Vec<String> {
        let symbols = self.charts.iter().map(|c| &c.key.symbol);
        let held: BTreeSet<&String> = symbols.filter(|s| self.held.is_symbol(s)).collect();
        held.into_iter().cloned().collect()
    }

    /// The five numbers made by hand, for linear maps.
    pub(super) fn five(&self) -> Model {
        Model {
            name: "five".to_owned(),
            encoder: Arc::new(Five::new(self.window)),
        }
    }

    /// The windows of a part with `after` bars behind them, which belong to the part too; at most
    /// `most`, drawn with the random numbers of `stream`. In order of series and time.
    pub(super) fn windows(
        &self,
        part: Part,
        after: usize,
        most: usize,
        stream: u64,
    ) -> Vec<ChartWindow> {
        let series: Vec<usize> = (0..self.charts.len()).collect();
        self.draw(self.windows_of(&series, part, after), most, stream)
    }

    /// The windows of some series that belong to a part with the `after` bars behind them.
    pub(super) fn windows_of(
        &self,
        series: &[usize],
        part: Part,
        after: usize,
    ) -> Vec<ChartWindow> {
        let mut all = Vec::new();
        for &series in series {
            let Some(chart) = self.charts.get(series) else {
                continue;
            };
            for bar in self.reach.saturating_sub(1)..chart.bars.len() {
                let place = ChartWindow { series, bar };
                if self.part_of(place, after) == Some(part)
                    && chart.has_window(bar, self.reach, after)
                {
                    all.push(place);
                }
            }
        }
        all
    }

    /// At most `most` of them, in their order.
    pub(super) fn draw<T: Copy>(&self, all: Vec<T>, most: usize, stream: u64) -> Vec<T> {
        if all.len() <= most {
            return all;
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(stream);
        let mut chosen = rand::seq::index::sample(&mut random, all.len(), most).into_vec();
        chosen.sort_unstable();
        let picked = chosen.into_iter().filter_map(|i| all.get(i).copied());
        picked.collect()
    }

    pub(super) fn part_of(&self, place: ChartWindow, after: usize) -> Option<Part> {
        let chart = self.charts.get(place.series)?;
        let start = chart.start(place.bar, self.reach + self.held.embargo);
        let end = chart.end(place.bar + after);
        self.held.part(&chart.key.symbol, start, end)
    }

    /// Encodes windows by models; those that have no vector in one of them are left out.
    pub(super) fn encode(&self, models: &[&Model], places: &[ChartWindow]) -> Result<Encoded> {
        let encoders: Vec<&dyn ChartEncoder> = models.iter().map(|m| m.encoder.as_ref()).collect();
        let (kept, vectors) = encode_by_all(&encoders, &self.charts, places, self.control)?;
        let places = kept.iter().filter_map(|&i| places.get(i).copied());
        Ok(Encoded {
            places: places.collect(),
            vectors,
        })
    }

    pub(super) fn chart(&self, place: ChartWindow) -> Option<&Chart> {
        self.charts.get(place.series)
    }

    /// Clusters of windows that are as long as the longest of them with the `after` bars behind it.
    pub(super) fn clusters(&self, places: &[ChartWindow], after: usize) -> Clusters {
        let length = |p: &ChartWindow| {
            let chart = self.chart(*p)?;
            let end = chart.end(p.bar + after).millis();
            Some(end.saturating_sub(chart.start(p.bar, self.window)))
        };
        let longest = places.iter().filter_map(length).max().unwrap_or(1);
        let ends: Vec<Timestamp> = places.iter().map(|p| self.end(*p)).collect();
        Clusters::stretches(&ends, longest, self.seed)
    }

    pub(super) fn end(&self, place: ChartWindow) -> Timestamp {
        let end = self.chart(place).map(|c| c.end(place.bar));
        end.unwrap_or(Timestamp::from_millis(i64::MAX))
    }
}
