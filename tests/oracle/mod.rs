//! A slow, plain second opinion: similar windows straight from the definitions.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

pub mod matrices;
pub mod worlds;

use std::f64::consts::PI;

use rhymedb::data::Calendar;
use rhymedb::{Bar, Bars, Hit, Interval, SeriesBars, SeriesKey, Timestamp};

pub const W: usize = 64;
pub const D: usize = 48;

/// A small generator, so that the tests do not depend on the crate's own.
pub struct Lcg(pub u64);

impl Lcg {
    pub fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A number from the standard normal distribution, by Box and Muller.
pub fn gauss(random: &mut Lcg) -> f64 {
    let (a, b) = (1.0 - random.next(), random.next());
    (-2.0 * a.ln()).sqrt() * (2.0 * PI * b).cos()
}

/// A number from Student's distribution with four degrees of freedom, at variance 1.
pub fn student(random: &mut Lcg) -> f64 {
    let squares: f64 = (0..4).map(|_| gauss(random).powi(2)).sum();
    gauss(random) / (squares / 4.0).sqrt() / 2.0_f64.sqrt()
}

/// A random walk of closes on the given open times.
pub fn walk(times: impl Iterator<Item = i64>, seed: u64) -> Bars {
    let mut random = Lcg(seed.wrapping_mul(2_654_435_761).wrapping_add(99));
    let mut close = 100.0;
    times
        .map(|time| {
            let open = close;
            close *= 1.0 + 0.02 * (random.next() + random.next() - 1.0);
            Bar {
                time: Timestamp::from_millis(time),
                open,
                high: open.max(close) * (1.0 + 0.002 * random.next()),
                low: open.min(close) * (1.0 - 0.002 * random.next()),
                close,
                volume: (1000.0 * random.next()).round(),
            }
        })
        .collect()
}

pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;
/// 2020-01-06, a Monday.
pub const START: i64 = 1_578_268_800_000;

/// Hourly bars of a market that never closes.
pub fn crypto(symbol: &str, n: usize, seed: u64) -> SeriesBars {
    let key = SeriesKey::new("crypto", "test", symbol, Interval::hours(1)).unwrap();
    SeriesBars {
        key,
        calendar: Calendar::Continuous,
        bars: walk((0..n as i64).map(|i| START + i * HOUR), seed),
    }
}

/// Daily bars on weekdays.
pub fn equity(symbol: &str, n: usize, seed: u64) -> SeriesBars {
    let key = SeriesKey::new("equity", "test", symbol, Interval::days(1)).unwrap();
    let weekdays = (0..).filter(|d| d % 7 < 5).take(n);
    SeriesBars {
        key,
        calendar: Calendar::Session,
        bars: walk(weekdays.map(|d| START + d * DAY), seed),
    }
}

/// The definition of `shape`: DCT-II coefficients 1..=D of the log closes, unit length.
pub fn shape(closes: &[f64]) -> Option<Vec<f64>> {
    let w = closes.len() as f64;
    let c: Vec<f64> = (1..=D)
        .map(|k| {
            let terms = closes
                .iter()
                .enumerate()
                .map(|(t, close)| close.ln() * (PI * k as f64 * (t as f64 + 0.5) / w).cos());
            (2.0 / w).sqrt() * terms.sum::<f64>()
        })
        .collect();
    let norm = c.iter().map(|x| x * x).sum::<f64>().sqrt();
    (norm >= 1e-9).then(|| c.iter().map(|x| x / norm).collect())
}

/// A window of one of the given series.
#[derive(Clone, Debug)]
pub struct Window {
    pub series: usize,
    /// Index of the last bar.
    pub last: usize,
    pub end: i64,
    pub vector: Vec<f64>,
}

fn close_time(series: &SeriesBars, i: usize) -> i64 {
    let open = Timestamp::from_millis(series.bars.time[i]);
    series.key.interval.close_of(open).millis()
}

/// Every window of every series.
pub fn windows(all: &[SeriesBars]) -> Vec<Window> {
    let mut windows = Vec::new();
    for (s, series) in all.iter().enumerate() {
        let bars = &series.bars;
        for last in W - 1..bars.len() {
            let first = last + 1 - W;
            let span = bars.time[last] - bars.time[first];
            let Interval::Fixed(step) = series.key.interval else {
                panic!("the oracle knows fixed intervals only");
            };
            if series.calendar == Calendar::Continuous && span != step * (W as i64 - 1) {
                continue;
            }
            if let Some(vector) = shape(&bars.close[first..=last]) {
                let end = close_time(series, last);
                windows.push(Window {
                    series: s,
                    last,
                    end,
                    vector,
                });
            }
        }
    }
    windows
}

fn bars_apart(all: &[SeriesBars], a: &Window, b: &Window) -> Option<usize> {
    let (x, y) = (&all[a.series].key, &all[b.series].key);
    if (&x.market, &x.symbol) != (&y.market, &y.symbol) {
        return None;
    }
    assert_eq!(
        a.series, b.series,
        "the oracle's symbols have one series each"
    );
    Some(a.last.abs_diff(b.last))
}

/// The best `k` windows that pass, no two closer than `exclusion` bars, none that close to the
/// query.
pub fn similar<'a>(
    all: &[SeriesBars],
    windows: &'a [Window],
    query: &Window,
    k: usize,
    exclusion: usize,
    passes: impl Fn(&Window) -> bool,
) -> Vec<(f64, &'a Window)> {
    let dot = |w: &Window| -> f64 { w.vector.iter().zip(&query.vector).map(|(a, b)| a * b).sum() };
    let mut scored: Vec<(f64, &Window)> = windows
        .iter()
        .filter(|w| passes(w))
        .map(|w| (dot(w), w))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut hits: Vec<(f64, &Window)> = Vec::new();
    for (score, window) in scored {
        let far = |other: &Window| bars_apart(all, other, window).is_none_or(|d| d >= exclusion);
        if far(query) && hits.iter().all(|h| far(h.1)) {
            hits.push((score, window));
        }
        if hits.len() == k {
            break;
        }
    }
    hits
}

/// Checks an exact answer: the same scores, and the same windows wherever scores are not so close
/// that the 16 bits of a stored number decide.
pub fn assert_same(all: &[SeriesBars], hits: &[Hit], expected: &[(f64, &Window)]) {
    assert_eq!(hits.len(), expected.len(), "{hits:?}\n{expected:?}");
    for (i, (hit, (score, window))) in hits.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(hit.score) - score).abs() < 2e-4,
            "rank {}: {} against {score}",
            hit.rank,
            hit.score
        );
        let near = |j: usize| expected.get(j).is_some_and(|e| (e.0 - score).abs() < 2e-4);
        let close_call = (i > 0 && near(i - 1)) || near(i + 1);
        let series = &all[window.series].key;
        let same = hit.window.series == *series && hit.window.end.millis() == window.end;
        // A neighbour in time of nearly equal score is the same episode.
        let beside =
            hit.window.series == *series && (hit.window.end.millis() - window.end).abs() <= 4 * DAY;
        assert!(
            same || beside || close_call,
            "{hit:?} against {score} {window:?}"
        );
    }
}
