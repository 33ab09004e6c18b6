//! Paths as bars, and how answers are counted.

use std::path::{Path, PathBuf};

use rhymedb::data::Calendar;
use rhymedb::{Bar, Bars, Interval, SeriesBars, SeriesKey, Timestamp};

use crate::oracle::{DAY, HOUR, Lcg, START, gauss, student};

/// The deviation of a bar's log return.
pub const SCALE: f64 = 0.01;

/// Hourly bars whose log closes are `levels` times `scale`.
pub fn bars(levels: &[f64], scale: f64, step: i64) -> Bars {
    let price = |i: usize| 100.0 * (scale * levels[i]).exp();
    let bar = |i: usize| {
        let (open, close) = (price(i.saturating_sub(1)), price(i));
        Bar {
            time: Timestamp::from_millis(START + i as i64 * step),
            open,
            high: open.max(close),
            low: open.min(close),
            close,
            volume: 1000.0,
        }
    };
    (0..levels.len()).map(bar).collect()
}

pub fn hourly(symbol: &str, levels: &[f64]) -> SeriesBars {
    SeriesBars {
        key: SeriesKey::new("crypto", "test", symbol, Interval::hours(1)).unwrap(),
        calendar: Calendar::Continuous,
        bars: bars(levels, SCALE, HOUR),
    }
}

pub fn daily(symbol: &str, levels: &[f64]) -> SeriesBars {
    SeriesBars {
        key: SeriesKey::new("crypto", "test", symbol, Interval::days(1)).unwrap(),
        calendar: Calendar::Continuous,
        bars: bars(levels, SCALE, DAY),
    }
}

/// A walk of Student's steps.
pub fn walk(n: usize, random: &mut Lcg) -> Vec<f64> {
    let mut levels = vec![0.0];
    for _ in 1..n {
        levels.push(levels[levels.len() - 1] + student(random));
    }
    levels
}

/// A walk whose unrest comes in clusters: GARCH(1,1).
pub fn clustered(n: usize, random: &mut Lcg) -> Vec<f64> {
    let (mut levels, mut variance) = (vec![0.0], 1.0_f64);
    for _ in 1..n {
        let step = variance.sqrt() * gauss(random);
        variance = 0.03 + 0.12 * step * step + 0.85 * variance;
        levels.push(levels[levels.len() - 1] + step);
    }
    levels
}

/// The folder with real data, or a note that a part of the test is skipped.
pub fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("RHYME_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: there is no folder {}", folder.display());
    None
}

/// The share of right guesses, and the mean of the classes' F1. A guess may be none.
pub fn judged(pairs: &[(usize, Option<usize>)], classes: usize) -> (f64, f64) {
    let right = pairs.iter().filter(|(truth, guess)| Some(*truth) == *guess);
    let accuracy = right.count() as f64 / pairs.len() as f64;
    let f1 = |class: usize| {
        let (mut both, mut either) = (0, 0);
        for (truth, guess) in pairs {
            let (is, told) = (*truth == class, *guess == Some(class));
            both += u32::from(is && told);
            either += u32::from(is) + u32::from(told);
        }
        2.0 * f64::from(both) / f64::from(either.max(1))
    };
    (accuracy, (0..classes).map(f1).sum::<f64>() / classes as f64)
}

pub fn confusion(pairs: &[(usize, Option<usize>)], names: &[&str]) {
    println!("truth / chosen: {names:?}, none");
    for (class, name) in names.iter().enumerate() {
        let mut row = vec![0; names.len() + 1];
        for (_, guess) in pairs.iter().filter(|p| p.0 == class) {
            row[guess.unwrap_or(names.len())] += 1;
        }
        println!("{name:>28} {row:?}");
    }
}
