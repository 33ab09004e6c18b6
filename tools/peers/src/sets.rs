//! Vector sets of real bars: which windows, their vectors, and what is known of each.
//!
//! Series are taken whole, in a seeded random order, until there are enough rows. The last 5 % of
//! the windows of each stretch are held out; queries are drawn from them. They share no bar with
//! any row, so no engine has to leave the query itself out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::{Bars, SeriesBars, SeriesKey, Timestamp};
use rhymedb::data::Calendar;
use rhymedb::encode::{ChartEncoder, chart_encoder_by_name};
use rhymedb::files::{BarOptions, find_inputs, read_bars};

use crate::{npy, rconv};

/// Bars of a window, in every set.
pub const WINDOW: usize = 64;
const QUERIES: usize = 1000;
const SEED: u64 = 1;

enum Encoder {
    Chart(Arc<dyn ChartEncoder>),
    RandomConvolution,
}

impl Encoder {
    fn named(set: &str) -> Result<(Self, usize)> {
        let chart = |name: &str, dim| chart_encoder_by_name(name, WINDOW, dim);
        Ok(match set {
            "shape" => (Self::Chart(chart("shape", Some(48))?), 48),
            "stats" => (Self::Chart(chart("stats", None)?), 32),
            "rconv128" => (Self::RandomConvolution, rconv::DIM),
            _ => bail!("expected the set shape, stats or rconv128, found {set}"),
        })
    }

    /// A vector a window; zeros where a window has none.
    fn encode(&self, bars: &Bars, ends: &[usize]) -> Result<Vec<f32>> {
        Ok(match self {
            Self::Chart(encoder) => encoder.encode_series(bars, ends)?.values,
            Self::RandomConvolution => rconv::encode(bars, WINDOW, ends),
        })
    }
}

/// One series' share of a set.
struct SeriesShare {
    key: SeriesKey,
    ends: Vec<i64>,
    vectors: Vec<f32>,
}

pub fn make(set: &str, rows: usize, folder: &Path, out: &Path) -> Result<()> {
    let (encoder, dim) = Encoder::named(set)?;
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut files = find_inputs(&[folder.display().to_string()])?;
    files.shuffle(&mut rng);
    let mut parts: Vec<SeriesShare> = Vec::new();
    let mut held_out = Vec::new();
    let mut count = 0;
    for file in &files {
        if count >= rows {
            break;
        }
        let venue = file.parent().and_then(Path::file_name);
        let venue = venue.map(|v| v.to_string_lossy().into_owned());
        let venue = venue.context("expected the files in folders named after venues")?;
        let crypto = venue.starts_with("binance") || venue.starts_with("bybit");
        let options = BarOptions {
            market: Some(if crypto { "crypto" } else { "equity" }.to_owned()),
            venue: Some(venue),
            ..BarOptions::default()
        };
        for series in read_bars(file, &options)?.series {
            let part = embed(&series, &encoder, dim, rows - count, &mut held_out)?;
            count += part.ends.len();
            parts.push(part);
        }
    }
    if count < rows {
        bail!("expected bars for {rows} windows, found {count}; ask for fewer");
    }
    parts.sort_by_key(|p| p.key.to_string());
    if set == "rconv128" {
        centre(&mut parts, &mut held_out, dim);
    }
    write(out, &parts, &held_out, dim, &mut rng)
}

/// The first windows of a series go into the part, up to `room`; later ones are held out.
fn embed(
    series: &SeriesBars,
    encoder: &Encoder,
    dim: usize,
    room: usize,
    held_out: &mut Vec<f32>,
) -> Result<SeriesShare> {
    let interval = series.key.interval;
    let mut part = SeriesShare {
        key: series.key.clone(),
        ends: Vec::new(),
        vectors: Vec::new(),
    };
    for stretch in stretches(series) {
        let bars = series.bars.slice(stretch);
        let ends: Vec<usize> = (WINDOW - 1..bars.len()).collect();
        let vectors = encoder.encode(&bars, &ends)?;
        let kept = ends.len() * 95 / 100;
        let held = kept + WINDOW;
        for (i, vector) in vectors.chunks_exact(dim).enumerate() {
            if vector.iter().all(|&x| x == 0.0) {
                continue;
            }
            if i < kept && part.ends.len() < room {
                let open = Timestamp::from_millis(bars.time[ends[i]]);
                part.ends.push(interval.close_of(open).millis());
                part.vectors.extend_from_slice(vector);
            } else if i >= held {
                held_out.extend_from_slice(vector);
            }
        }
    }
    Ok(part)
}

/// Runs of bars without gaps that hold a window.
fn stretches(series: &SeriesBars) -> Vec<std::ops::Range<usize>> {
    let step = series.key.interval.nominal_millis();
    let times = &series.bars.time;
    let gap = |i: usize| series.calendar == Calendar::Continuous && times[i] - times[i - 1] != step;
    let mut cuts = vec![0];
    cuts.extend((1..times.len()).filter(|&i| gap(i)));
    cuts.push(times.len());
    let runs = cuts.windows(2).map(|c| c[0]..c[1]);
    runs.filter(|r| r.len() >= WINDOW).collect()
}

/// Takes the mean of the rows out of rows and queries alike: pooled positive values all point
/// the same way without this.
fn centre(parts: &mut [SeriesShare], held_out: &mut [f32], dim: usize) {
    let mut mean = vec![0f64; dim];
    let rows = parts.iter().flat_map(|p| p.vectors.chunks_exact(dim));
    let mut count = 0f64;
    for row in rows {
        mean.iter_mut()
            .zip(row)
            .for_each(|(m, &x)| *m += f64::from(x));
        count += 1.0;
    }
    let shift = |vectors: &mut [f32]| {
        for row in vectors.chunks_exact_mut(dim) {
            row.iter_mut()
                .zip(&mean)
                .for_each(|(x, m)| *x -= (m / count) as f32);
            rconv::normalise(row);
        }
    };
    parts.iter_mut().for_each(|p| shift(&mut p.vectors));
    shift(held_out);
}

fn write(
    out: &Path,
    parts: &[SeriesShare],
    held_out: &[f32],
    dim: usize,
    rng: &mut ChaCha8Rng,
) -> Result<()> {
    fs::create_dir_all(out)?;
    let base: Vec<f32> = parts
        .iter()
        .flat_map(|p| p.vectors.iter().copied())
        .collect();
    npy::write(&out.join("base.npy"), &base, dim)?;
    let held = held_out.len() / dim;
    let mut queries = Vec::with_capacity(QUERIES * dim);
    for _ in 0..QUERIES {
        let i = rng.random_range(0..held);
        queries.extend_from_slice(&held_out[i * dim..(i + 1) * dim]);
    }
    npy::write(&out.join("queries.npy"), &queries, dim)?;
    // Windows of one market and symbol can be the same moment, whatever venue and interval.
    let mut groups = BTreeMap::new();
    let (mut series, mut group, mut end, mut step) = (vec![], vec![], vec![], vec![]);
    for (i, part) in parts.iter().enumerate() {
        let next = groups.len() as u32;
        let of = (part.key.market.clone(), part.key.symbol.clone());
        let g = *groups.entry(of).or_insert(next);
        let n = part.ends.len();
        series.extend(std::iter::repeat_n(i as u32, n));
        group.extend(std::iter::repeat_n(g, n));
        step.extend(std::iter::repeat_n(part.key.interval.nominal_millis(), n));
        end.extend_from_slice(&part.ends);
    }
    npy::write(&out.join("series.npy"), &series, 0)?;
    npy::write(&out.join("group.npy"), &group, 0)?;
    npy::write(&out.join("end.npy"), &end, 0)?;
    npy::write(&out.join("step.npy"), &step, 0)?;
    let names: Vec<String> = parts.iter().map(|p| p.key.to_string()).collect();
    fs::write(out.join("names.json"), serde_json::to_string(&names)?)?;
    Ok(())
}
