//! From samples to what the model sees: windows, augmented, and the features of headlines.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use rhymedb::Result;
use rhymedb::encode::{TextFeatures, text_features};

use crate::augment::{Overlap, Window, normal};
use crate::config::{Config, Mode, TextTraining};
use crate::data::{Dataset, Sample, SourceConfig, same};
use crate::net::Bag;
use crate::objective::{ObjectiveConfig, Tnc};
use crate::random::seeded;
use crate::start::sizes;
use crate::stationary::reach;
use crate::step::{Batch, Partners, Windows};
use crate::task::{Asked, Task, Whole};

/// The purposes of random numbers.
const VIEWS: u32 = 2;
const CROPS: u32 = 3;
const OTHERS: u32 = 15;
const NOISE: u32 = 22;
/// Rows of a batch whose random numbers differ.
const ROWS: u64 = 1 << 20;

/// What the samples of one step look like.
///
/// # Errors
/// [`rhymedb::Error::Invalid`] if a sample lies outside of its series.
pub fn batch(
    config: &Config,
    data: &Dataset,
    samples: &[usize],
    seed: u64,
    step: u64,
) -> Result<Batch> {
    if let Some(task) = config.objective.build(&config.augment).task() {
        return questions(task, config, data, samples, seed, step);
    }
    let chart = config.backbone.reading();
    let steps = chart.window_steps();
    let overlap = if config.crops {
        Overlap::draw(
            steps,
            config.backbone.lead() + 2,
            &mut seeded(seed, CROPS, step),
        )
    } else {
        Overlap {
            left: steps,
            right: steps,
        }
    };
    let rows: Vec<(Vec<f32>, Partner)> = samples
        .par_iter()
        .enumerate()
        .filter_map(|(row, &i)| Some((row, data.samples.get(i)?)))
        .map(|(row, sample)| {
            let mut random = seeded(seed, VIEWS, step * ROWS + row as u64);
            look(config, data, sample, overlap, &mut random)
        })
        .collect::<Result<_>>()?;
    let width = chart.input_width();
    let windows = |steps: usize, values: Vec<f32>| Windows {
        steps,
        width,
        values,
    };
    let others = others(config, data, samples, &mut seeded(seed, OTHERS, step));
    let mut left = Vec::new();
    let mut right = Vec::new();
    let mut bags = Vec::new();
    for (window, partner) in rows {
        left.extend(window);
        match partner {
            Partner::Text(bag) => bags.push(bag),
            Partner::Window(window) => right.extend(window),
        }
    }
    for (other, row) in others.iter().zip(samples.len() as u64..) {
        let mut random = seeded(seed, VIEWS, step * ROWS + row);
        left.extend(look(config, data, other, overlap, &mut random)?.0);
    }
    Ok(Batch {
        windows: windows(overlap.left, left),
        partners: match config.text {
            Some(_) => Partners::Texts(bags),
            None => Partners::Windows(windows(overlap.right, right)),
        },
        same: same(data, samples),
        others: others.len(),
        overlap: overlap.left + overlap.right - steps,
        noise: Some(noise(seed, step)),
    })
}

/// The seed of what a network leaves out in a step.
fn noise(seed: u64, step: u64) -> u64 {
    seeded(seed, NOISE, step).random()
}

/// Questions about the windows of one step.
fn questions(
    task: &dyn Task,
    config: &Config,
    data: &Dataset,
    samples: &[usize],
    seed: u64,
    step: u64,
) -> Result<Batch> {
    let (steps, ahead) = (config.backbone.reading().window_steps(), task.ahead());
    let found = samples.iter().filter_map(|&i| data.samples.get(i));
    let wholes = found.map(|sample| {
        Ok(Whole {
            window: data.window(sample, steps + ahead)?,
            outcome: data.outcome(sample, ahead),
        })
    });
    let wholes = wholes.collect::<Result<Vec<_>>>()?;
    ask(task, config, &wholes, seed, step)
}

/// What a task asks of windows in one step.
///
/// # Errors
/// [`rhymedb::Error::Invalid`] if the network of the config does not fit together.
pub fn ask(
    task: &dyn Task,
    config: &Config,
    wholes: &[Whole],
    seed: u64,
    step: u64,
) -> Result<Batch> {
    let sizes = sizes(config)?;
    let mut asked = Asked::default();
    let mut values = Vec::new();
    for (row, whole) in wholes.iter().enumerate() {
        let mut random = seeded(seed, VIEWS, step * ROWS + row as u64);
        let question = task.ask(whole, &sizes, &mut random);
        values.extend(question.seen);
        asked.hidden.extend(question.hidden);
        asked.numbers.extend(question.numbers);
        asked.classes.push(question.class);
    }
    Ok(Batch {
        windows: Windows {
            steps: sizes.steps,
            width: sizes.inputs,
            values,
        },
        partners: Partners::Asked(asked),
        same: Vec::new(),
        others: 0,
        overlap: 0,
        noise: Some(noise(seed, step)),
    })
}

/// Charts of the batch's source at moments drawn by lot, none of which overlaps a chart of the batch.
fn others(
    config: &Config,
    data: &Dataset,
    samples: &[usize],
    random: &mut ChaCha8Rng,
) -> Vec<Sample> {
    let batch: Vec<&Sample> = samples
        .iter()
        .filter_map(|&i| data.samples.get(i))
        .collect();
    let source = batch
        .first()
        .and_then(|s| data.charts.get(s.chart))
        .map(|c| c.source);
    let count = source
        .and_then(|s| config.data.get(s))
        .map_or(0, SourceConfig::others);
    let spans = source
        .and_then(|s| data.free.get(&s))
        .map_or(&[][..], Vec::as_slice);
    let window = config.backbone.reading().window as usize;
    let mut found = Vec::new();
    // Bounded, should there be no room beside the batch.
    for _ in 0..4 * count {
        let Some(span) = spans.choose(random).filter(|_| found.len() < count) else {
            break;
        };
        let bar = random.random_range(span.first..=span.last);
        let apart = |s: &&Sample| s.chart != span.chart || s.bar.abs_diff(bar) >= window;
        if batch.iter().all(apart) {
            found.push(Sample {
                chart: span.chart,
                bar,
                start: 0,
                end: 0,
                text: None,
            });
        }
    }
    found
}

enum Partner {
    Text(Bag),
    Window(Vec<f32>),
}

fn look(
    config: &Config,
    data: &Dataset,
    sample: &Sample,
    overlap: Overlap,
    random: &mut ChaCha8Rng,
) -> Result<(Vec<f32>, Partner)> {
    let steps = config.backbone.reading().window_steps();
    let whole = data.window(&wander(config, data, sample, random), steps)?;
    let view = |whole: &Window, from: usize, count: usize, random: &mut ChaCha8Rng| {
        let mut window = whole.clone();
        for augment in &config.augment {
            augment.apply(&mut window, random);
        }
        let width = window.width;
        let values = window.values.get(from * width..(from + count) * width);
        values.unwrap_or_default().to_vec()
    };
    let left = view(&whole, 0, overlap.left, random);
    let partner = match &config.text {
        None => {
            let other = match &config.objective {
                ObjectiveConfig::Tnc(tnc) => {
                    let near = neighbour(tnc, data, sample, steps, random);
                    data.window(&near, steps)?
                }
                _ => whole,
            };
            Partner::Window(view(&other, steps - overlap.right, overlap.right, random))
        }
        Some(text) => {
            let found = sample.text.and_then(|t| data.texts.get(t));
            let found = found.map_or("", |t| t.text.as_str());
            let by_heart = config.mode == Mode::Overfit;
            Partner::Text(bag(found, text, &data.names, by_heart, random))
        }
    };
    Ok((left, partner))
}

/// The last bar at which a window of the training part may end, or the sample's own if that is later.
fn last_known(data: &Dataset, sample: &Sample) -> usize {
    let chart = data.charts.get(sample.chart);
    let spans = chart
        .and_then(|c| data.free.get(&c.source))
        .into_iter()
        .flatten();
    let last = spans.filter(|s| s.chart == sample.chart).map(|s| s.last);
    last.max().unwrap_or(sample.bar).max(sample.bar)
}

/// A window of the same series near a sample's: the normal distribution draws how far, and its deviation is as many
/// windows as the series stays stationary. Nothing later than what is trained on is read.
fn neighbour(
    tnc: &Tnc,
    data: &Dataset,
    sample: &Sample,
    steps: usize,
    random: &mut ChaCha8Rng,
) -> Sample {
    let Some(chart) = data.charts.get(sample.chart) else {
        return *sample;
    };
    let last = last_known(data, sample);
    let (width, lead) = (chart.steps.width, chart.steps.lead);
    let middle = (sample.bar + 1).saturating_sub(lead + steps / 2);
    let from = middle.saturating_sub(tnc.most * steps);
    let to = (middle + tnc.most * steps).min((last + 1).saturating_sub(lead));
    let values = chart
        .steps
        .values
        .get(from * width..to * width)
        .unwrap_or_default();
    let channels: Vec<Vec<f64>> = (0..width)
        .map(|channel| {
            values
                .iter()
                .skip(channel)
                .step_by(width)
                .map(|&x| f64::from(x))
                .collect()
        })
        .collect();
    let windows = reach(&channels, middle - from, steps, tnc.most);
    let moved = (f64::from(normal(random)) * (windows * steps) as f64).round() as isize;
    let bar = sample.bar.saturating_add_signed(moved).min(last);
    // The nearest whole window before it, or else the first one.
    let at = chart.whole.partition_point(|&whole| whole <= bar);
    let bar = at
        .checked_sub(1)
        .and_then(|i| chart.whole.get(i))
        .or(chart.whole.first());
    Sample {
        bar: bar.copied().unwrap_or(sample.bar),
        ..*sample
    }
}

/// The sample with its window's end moved by lot, as far as its source wants it: to the end of another
/// whole window of the training part, or not at all.
fn wander(config: &Config, data: &Dataset, sample: &Sample, random: &mut ChaCha8Rng) -> Sample {
    let Some(chart) = data.charts.get(sample.chart) else {
        return *sample;
    };
    let most = config
        .data
        .get(chart.source)
        .map_or(0, SourceConfig::wander) as usize;
    if most == 0 || sample.text.is_none() || config.mode == Mode::Overfit {
        return *sample;
    }
    let bar = random.random_range(sample.bar.saturating_sub(most)..=sample.bar + most);
    let bar = bar.min(last_known(data, sample));
    match chart.whole.binary_search(&bar) {
        Ok(_) => Sample { bar, ..*sample },
        Err(_) => *sample,
    }
}

/// The features of a headline as training sees them: names hidden or not, some left out.
pub(crate) fn bag(
    text: &str,
    config: &TextTraining,
    names: &BTreeSet<String>,
    by_heart: bool,
    random: &mut ChaCha8Rng,
) -> Bag {
    let none = BTreeSet::new();
    let hidden = by_heart || random.random_range(0.0..1.0) < config.mask_names;
    let features = text_features(text, if hidden { names } else { &none }, config.buckets);
    if by_heart || config.dropout == 0.0 {
        return Bag::new(&features);
    }
    let mut kept = |list: &[u32]| -> Vec<u32> {
        let stays = |_: &&u32| random.random_range(0.0..1.0) >= config.dropout;
        list.iter().filter(stays).copied().collect()
    };
    let mut some = TextFeatures {
        words: kept(&features.words),
        pairs: kept(&features.pairs),
        pieces: kept(&features.pieces),
    };
    if some.words.is_empty() {
        some.words = features.words;
    }
    Bag::new(&some)
}
