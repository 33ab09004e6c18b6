//! Worlds in which nothing foretells anything.

use std::f64::consts::TAU;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::data::Calendar;
use rhymedb::encode::chart_encoder_by_name;
use rhymedb::{
    Bar, Bars, Control, Database, Interval, OpenOptions, SeriesBars, SeriesKey, Timestamp, Window,
};

pub(crate) const HOUR: i64 = 3_600_000;
/// 2020-01-06, a Monday.
pub(crate) const START: i64 = 1_578_268_800_000;
/// Bars of a window.
pub(crate) const W: usize = 64;

/// Whether to ask much.
pub(crate) fn long() -> bool {
    std::env::var("RHYME_NULL").is_ok_and(|value| value == "all")
}

/// A world, and the returns that it was made of.
pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub(crate) db: Database,
    pub(crate) series: Vec<SeriesBars>,
}

pub(crate) fn random(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    random
}

/// A standard normal number (Box and Muller).
pub(crate) fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (random.random_range(1e-12..1.0), random.random());
    (-2.0 * u.ln()).sqrt() * (TAU * v).cos()
}

/// Independent Gaussian walks with steps of 1 %.
pub(crate) fn walks(seed: u64, series: usize, bars: usize) -> World {
    let returns = |i: usize| -> Vec<f64> {
        let mut random = random(seed, i as u64);
        (0..bars).map(|_| 0.01 * normal(&mut random)).collect()
    };
    of(seed, (0..series).map(returns).collect())
}

/// Such walks that rise by a tenth in every bar whose number `every` divides, and fall as much half-way
/// between those.
pub(crate) fn jumps(seed: u64, series: usize, bars: usize, every: usize) -> World {
    let returns = |i: usize| -> Vec<f64> {
        let mut random = random(seed, i as u64);
        let jump = |bar: usize| match bar % every {
            0 => 0.1,
            rest if rest == every / 2 => -0.1,
            _ => 0.0,
        };
        (0..bars)
            .map(|bar| 0.01 * normal(&mut random) + jump(bar))
            .collect()
    };
    of(seed, (0..series).map(returns).collect())
}

/// Series whose volatility comes in clusters, in common and on their own, some wilder than others, that
/// move together; every bar time has one random sign for all of them. So sizes can be foretold and
/// directions cannot, whatever the series.
pub(crate) fn clusters(seed: u64, series: usize, bars: usize) -> World {
    let mut shared = random(seed, 1000);
    let mut common = Volatility::default();
    let market: Vec<(f64, f64)> = (0..bars)
        .map(|_| {
            let step = normal(&mut shared).abs() * common.next(&mut shared);
            let sign = if shared.random::<bool>() { 1.0 } else { -1.0 };
            (step, sign)
        })
        .collect();
    let returns = |i: usize| -> Vec<f64> {
        let mut random = random(seed, i as u64);
        let level = 0.004 * 6f64.powf(i as f64 / series.max(2) as f64);
        let mut own = Volatility::default();
        let one = |&(step, sign): &(f64, f64)| {
            let alone = normal(&mut random) * own.next(&mut random);
            sign * level * (0.55 * step + 0.835 * alone)
        };
        market.iter().map(one).collect()
    };
    of(seed, (0..series).map(returns).collect())
}

/// Volatility around 1 whose logarithm returns slowly to its mean.
#[derive(Default)]
struct Volatility(f64);

impl Volatility {
    fn next(&mut self, random: &mut ChaCha8Rng) -> f64 {
        self.0 = 0.97 * self.0 + 0.15 * normal(random);
        self.0.exp()
    }
}

/// Hourly series of these log returns, with the spaces `shape` and `stats`.
fn of(seed: u64, returns: Vec<Vec<f64>>) -> World {
    let folder = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(folder.path().join("null.rhyme"))
        .unwrap();
    let series: Vec<SeriesBars> = (0..returns.len())
        .map(|i| SeriesBars {
            key: SeriesKey::new("null", "test", &format!("S{i:02}"), Interval::hours(1)).unwrap(),
            calendar: Calendar::Continuous,
            bars: bars(&returns[i], &mut random(seed, 2000 + i as u64)),
        })
        .collect();
    db.ingest_bars(&series).unwrap();
    let encoder = chart_encoder_by_name("stats", W, None).unwrap();
    db.create_space("stats", &encoder, 1, Control::new())
        .unwrap();
    World {
        _folder: folder,
        db,
        series,
    }
}

fn bars(returns: &[f64], random: &mut ChaCha8Rng) -> Bars {
    let mut close = 100.0;
    let bar = |(i, r): (usize, &f64)| {
        let open: f64 = close;
        close *= r.exp();
        let mut wick = || 1.0 + 0.3 * r.abs() * random.random::<f64>();
        Bar {
            time: Timestamp::from_millis(START + i as i64 * HOUR),
            open,
            high: open.max(close) * wick(),
            low: open.min(close) / wick(),
            close,
            volume: random.random_range(100.0..1000.0),
        }
    };
    returns.iter().enumerate().map(bar).collect()
}

/// What a test asks about: the last bar of a window of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) series: usize,
    pub(crate) bar: usize,
}

impl World {
    /// Windows between 35 and 97 % of the series.
    pub(crate) fn targets(&self, n: usize, seed: u64) -> Vec<Asked> {
        let mut random = random(seed, 3000);
        let bars = self.series[0].bars.len() as f64;
        let mut one = |_| Asked {
            series: random.random_range(0..self.series.len()),
            bar: (bars * random.random_range(0.35..0.97)) as usize,
        };
        (0..n).map(&mut one).collect()
    }

    pub(crate) fn end(&self, asked: Asked) -> Timestamp {
        Timestamp::from_millis(START + (asked.bar as i64 + 1) * HOUR)
    }

    pub(crate) fn target(&self, asked: Asked) -> rhymedb::Target {
        let key = &self.series[asked.series].key;
        format!("{key}@{}", self.end(asked)).parse().unwrap()
    }

    pub(crate) fn asked(&self, window: &Window) -> Asked {
        let series = self.series.iter().position(|s| s.key == window.series);
        Asked {
            series: series.unwrap(),
            bar: ((window.end.millis() - START) / HOUR - 1) as usize,
        }
    }

    fn logs(&self, asked: Asked, from: usize, to: usize) -> f64 {
        let close = &self.series[asked.series].bars.close;
        (close[to] / close[from]).ln()
    }

    /// The log return of the `bars` bars up to a window's end.
    pub(crate) fn before(&self, asked: Asked, bars: usize) -> f64 {
        self.logs(asked, asked.bar - bars, asked.bar)
    }

    /// The log return of the `bars` bars after a window's end, if there are so many up to `last`.
    pub(crate) fn after(&self, asked: Asked, bars: usize, last: usize) -> Option<f64> {
        let until = asked.bar + bars;
        (until <= last).then(|| self.logs(asked, asked.bar, until))
    }

    /// The root mean square log return of a window.
    pub(crate) fn volatility(&self, asked: Asked) -> f64 {
        let close = &self.series[asked.series].bars.close[asked.bar + 1 - W..=asked.bar];
        let squares: f64 = close.windows(2).map(|c| (c[1] / c[0]).ln().powi(2)).sum();
        (squares / (W - 1) as f64).sqrt()
    }
}

/// The mean of numbers, and its standard error.
pub(crate) fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n * (n - 1.0))).sqrt())
}

/// The share of numbers that are below a bound.
pub(crate) fn share_below(values: &[f64], bound: f64) -> f64 {
    values.iter().filter(|&&v| v < bound).count() as f64 / values.len() as f64
}
