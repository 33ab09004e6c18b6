//! Charts with their headlines, encoded.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::charts::ChartWindow;
use super::ground::{Ground, Model};
use super::held_out::Part;
use super::linear::Ridge;
use super::vectors::Vectors;
use crate::analysis::Pairs;
use crate::encode::TextEncoder;
use crate::error::{Error, Result};
use crate::model::Timestamp;

/// Pairs that baselines are fitted on.
const FITTED: usize = 20_000;
/// Pairs that are judged in a part: their similarities are up to its square.
const JUDGED: usize = 100_000;

/// The pairs of a part, one headline a window.
pub(super) struct Paired {
    pub(super) places: Vec<ChartWindow>,
    pub(super) ends: Vec<Timestamp>,
    /// A number that series of one market and symbol share.
    pub(super) assets: Vec<u64>,
    /// What [`Chart::reaction`] says; NaN where it says nothing.
    pub(super) reactions: Vec<f64>,
    pub(super) texts: Vectors,
    /// By model.
    pub(super) charts: Vec<Vectors>,
}

impl Paired {
    /// The pairs of a part, encoded by `models`.
    pub(super) fn of(
        ground: &Ground<'_>,
        text: &dyn TextEncoder,
        (pairs, reaction): (&Pairs, usize),
        part: Part,
        models: &[&Model],
    ) -> Result<Self> {
        let most = if part == Part::Before { FITTED } else { JUDGED };
        let chosen = ground.draw(chosen(ground, pairs, part), most, 2);
        let texts = encode_texts(ground, text, pairs, &chosen)?;
        let with_text: Vec<usize> = (0..chosen.len())
            .filter(|&i| texts.get(i).is_some_and(Option::is_some))
            .collect();
        let places: Vec<ChartWindow> = with_text
            .iter()
            .filter_map(|&i| chosen.get(i).map(|c| c.0))
            .collect();
        // Of the places that are asked for, the index of each that has a vector.
        let numbers: BTreeMap<ChartWindow, usize> = places.iter().copied().zip(with_text).collect();
        let encoded = ground.encode(models, &places)?;
        let mut found = Self {
            places: Vec::new(),
            ends: Vec::new(),
            assets: Vec::new(),
            reactions: Vec::new(),
            texts: Vectors::new(text.spec().dim as usize),
            charts: encoded.vectors,
        };
        let mut assets: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for place in encoded.places {
            let asked = numbers.get(&place).copied();
            let vector = asked.and_then(|i| texts.get(i)?.as_deref());
            let (Some(vector), Some(chart)) = (vector, ground.chart(place)) else {
                continue;
            };
            let next = assets.len() as u64;
            let name = (chart.key.market.as_str(), chart.key.symbol.as_str());
            found.assets.push(*assets.entry(name).or_insert(next));
            let headline = asked.and_then(|i| pairs.headlines.get(chosen.get(i)?.1));
            let z =
                headline.and_then(|h| chart.reaction(place.bar, h.time, reaction, ground.window));
            found.reactions.push(z.unwrap_or(f64::NAN));
            found.ends.push(chart.end(place.bar));
            found.texts.push(vector);
            found.places.push(place);
        }
        Ok(found)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The model's charts.
    pub(super) fn judged(&self) -> Option<&Vectors> {
        self.charts.first()
    }
}

/// The pairs of a part: the first headline of each window.
fn chosen(ground: &Ground<'_>, pairs: &Pairs, part: Part) -> Vec<(ChartWindow, usize)> {
    // The pairs' series are those of the ground that the options admit, by name.
    let series: Vec<Option<usize>> = pairs
        .series
        .iter()
        .map(|key| ground.charts.iter().position(|c| c.key == *key))
        .collect();
    let mut seen = BTreeSet::new();
    let mut chosen = Vec::new();
    for pair in &pairs.list {
        let Some(&Some(series)) = series.get(pair.series) else {
            continue;
        };
        let place = ChartWindow {
            series,
            bar: pair.bar,
        };
        if ground.part_of(place, 0) == Some(part) && seen.insert(place) {
            chosen.push((place, pair.headline));
        }
    }
    chosen
}

fn encode_texts(
    ground: &Ground<'_>,
    text: &dyn TextEncoder,
    pairs: &Pairs,
    chosen: &[(ChartWindow, usize)],
) -> Result<Vec<Option<Vec<f32>>>> {
    let encode = |(_, headline): &(ChartWindow, usize)| {
        if ground.control.is_stopped() {
            return Err(Error::Interrupted);
        }
        match pairs.headlines.get(*headline) {
            Some(headline) => text.encode_text(&headline.text),
            None => Ok(None),
        }
    };
    chosen.par_iter().map(encode).collect()
}

/// A way from charts to the space of the texts: the judged encoder's own, or a linear map from
/// another encoder's vectors, fitted on earlier pairs.
pub(super) struct Lane {
    pub(super) name: String,
    /// The charts of the judged pairs.
    pub(super) charts: Vectors,
    /// What is taken from each text before it is compared.
    centre: Vec<f32>,
}

impl Lane {
    /// The judged encoder and, if there are earlier pairs, each baseline with its linear map.
    /// `names` are the models' in the order of the charts; the first is the judged one.
    pub(super) fn all(names: &[&str], before: Option<&Paired>, judged: &Paired) -> Vec<Self> {
        let mut lanes = Vec::new();
        for (i, (name, charts)) in names.iter().zip(&judged.charts).enumerate() {
            if i == 0 {
                lanes.push(Self {
                    name: (*name).to_owned(),
                    charts: charts.clone(),
                    centre: vec![0.0; judged.texts.dim()],
                });
                continue;
            }
            let Some((before, rows)) = before.and_then(|b| Some((b, b.charts.get(i)?))) else {
                continue;
            };
            if let Some(map) = Ridge::fit(rows, &before.texts, 1e-3) {
                lanes.push(Self {
                    name: format!("{name} + linear"),
                    charts: map.apply(charts).units(),
                    centre: map.levels().map(|x| x as f32).collect(),
                });
            }
        }
        lanes
    }

    /// Texts as this lane compares them.
    pub(super) fn texts(&self, texts: &Vectors) -> Vectors {
        let mut found = Vectors::new(texts.dim());
        for row in texts.iter() {
            found.push_all(row.iter().zip(&self.centre).map(|(x, c)| x - c));
        }
        found.units()
    }
}
