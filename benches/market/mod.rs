//! Made-up bars, and how long work on them takes.

#![allow(dead_code, unreachable_pub, reason = "each benchmark uses a part")]

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::data::Calendar;
use rhymedb::{Bar, SeriesBars, Timestamp};

pub const HOUR: i64 = 3_600_000;
pub const SYMBOLS: usize = 100;
/// The first symbols are of the market `crypto`, the others of `equity`.
pub const CRYPTO: usize = 60;

/// A number from the environment.
pub fn from_env(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Hourly random walks of all symbols.
pub fn walks(hours: i64) -> Vec<SeriesBars> {
    let market = |i| if i < CRYPTO { "crypto" } else { "equity" };
    (0..SYMBOLS).map(|i| walk(market(i), i, 0..hours)).collect()
}

pub fn walk(market: &str, symbol: usize, hours: std::ops::Range<i64>) -> SeriesBars {
    let mut rng = ChaCha8Rng::seed_from_u64(symbol as u64 ^ (hours.start as u64) << 20);
    let mut close = 100.0f64;
    let bars = hours.map(|hour| {
        let open = close;
        close *= 1.0 + 0.01 * rng.random_range(-1.0..1.0);
        Bar {
            time: Timestamp::from_millis(hour * HOUR),
            open,
            high: open.max(close) * 1.001,
            low: open.min(close) * 0.999,
            close,
            volume: f64::from(rng.random_range(1..10_000u32)),
        }
    });
    SeriesBars {
        key: format!("{market}/bench/S{symbol:03}:1h").parse().unwrap(),
        calendar: Calendar::Continuous,
        bars: bars.collect(),
    }
}

/// Prints how long something took that is done once.
pub fn once<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = work();
    println!("{what:44} {:>8.1?}", start.elapsed());
    value
}

/// Prints the median of 201 calls, and the slowest.
pub fn timed(what: &str, mut work: impl FnMut()) {
    let mut times: Vec<Duration> = (0..201)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "{what:44} median {:>8.1?}   slowest {:>8.1?}",
        times[100], times[200]
    );
}
