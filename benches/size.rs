//! What the size of windows is worth on real data: p-values of known crashes, whether it says that an
//! extreme move comes, and how often p is at most 0.05. `RHYME_DATA` names the folder with the files.
//!
//! ```text
//! RHYME_DATA=../shared/data cargo bench --bench size [-- targets|next|shares]
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark prints its result, and stops where something is wrong"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::data::Calendar;
use rhymedb::files::{BarOptions, find_inputs, read_bars};
use rhymedb::query::Measure;
use rhymedb::{Bars, Database, Filter, Interval, OpenOptions, SeriesBars, SeriesKey, Target};

/// Every so many of the stock files is taken.
const EVERY: usize = 6;
/// Days that stay together when dates are permuted, and when they are drawn anew.
const BLOCK: usize = 20;
const DRAWN_DAYS: usize = 60;
const YEAR: usize = 252;
const DRAWS: usize = 400;

fn main() {
    let Some(data) = std::env::var_os("RHYME_DATA").map(PathBuf::from) else {
        println!("RHYME_DATA names no folder: nothing to measure");
        return;
    };
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|w| w == part);
    if wants("targets") {
        targets(&data);
    }
    if wants("next") || wants("shares") {
        let stocks = stocks(&data);
        println!("{} stocks of {} days", stocks.len(), stocks[0].bars.len());
        let real = Scored::of(&stocks);
        if wants("next") {
            next_moves(&stocks, &real);
        }
        if wants("shares") {
            shares(&stocks, &real);
        }
    }
}

fn series(path: &Path, name: (&str, &str), interval: Interval, calendar: Calendar) -> SeriesBars {
    let mut file = read_bars(path, &BarOptions::default()).unwrap();
    let bars = file.series.pop().unwrap().bars;
    let symbol = path.file_name().unwrap().to_str().unwrap();
    let symbol = symbol.split('_').next().unwrap();
    let key = SeriesKey::new(name.0, name.1, symbol, interval).unwrap();
    SeriesBars {
        key,
        calendar,
        bars,
    }
}

fn all(data: &Path, folder: &str, interval: Interval) -> Vec<SeriesBars> {
    let pattern = format!("{}/ohlcv/{folder}/*_{interval}.csv.gz", data.display());
    let files = find_inputs(&[pattern]).unwrap();
    let (market, calendar) = match folder.starts_with("us_") {
        true => ("equity", Calendar::Session),
        false => ("crypto", Calendar::Continuous),
    };
    let read = |path: &PathBuf| series(path, (market, folder), interval, calendar);
    files.iter().map(read).collect()
}

fn database(series: &[SeriesBars]) -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions::new().clip_weights(None);
    let db = options.open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(series).unwrap();
    (dir, db)
}

/// The p-values of windows that everybody remembers.
fn targets(data: &Path) {
    let hour = Interval::hours(1);
    let day = Interval::days(1);
    let cases: [(&str, Interval, &[&str]); 3] = [
        (
            "binance_futures",
            hour,
            &[
                "BTCUSDT@2020-03-13T00",
                "BTCUSDT@2021-05-19T14",
                "ETHUSDT@2021-05-19T14",
                "BTCUSDT@2022-11-09T22",
            ],
        ),
        (
            "binance_spot",
            hour,
            &[
                "BTCUSDT@2022-11-09T22",
                "FTTUSDT@2022-11-09T22",
                "LUNAUSDT@2022-05-09T12",
                "LUNAUSDT@2022-05-11T00",
                "LUNAUSDT@2022-05-12T00",
                "LUNAUSDT@2022-05-13T00",
            ],
        ),
        ("us_etf", day, &["SPY@2020-03-16", "SPY@2020-03-17"]),
    ];
    for (folder, interval, windows) in cases {
        let (_dir, db) = database(&all(data, folder, interval));
        let view = db.now();
        for window in windows {
            let target: Target = window
                .replace('@', &format!(":{interval}@"))
                .parse()
                .unwrap();
            let start = Instant::now();
            match view.anomaly(target).run() {
                Err(why) => println!("{folder:16} {window:24} {why}"),
                Ok(answer) => {
                    let p = |m| answer.unusual.get(m).map_or(f64::NAN, |m| m.p_value);
                    println!(
                        "{folder:16} {window:24} size p {:.5}, shape p {:.3}, ends {}, {:.1} ms",
                        p(Measure::Size),
                        p(Measure::Distance),
                        answer.window.end,
                        start.elapsed().as_secs_f64() * 1e3
                    );
                }
            }
        }
        let first = windows[0].split('@').next().unwrap();
        let scan = view
            .anomaly_scan()
            .of(first)
            .filter(Filter::new().interval(interval));
        let scan = scan.filter(
            Filter::new()
                .from("2020-06-01".parse().unwrap())
                .until("2021-06-01".parse().unwrap()),
        );
        let answer = scan.run().unwrap();
        println!(
            "{folder:16} a scan of {first} of one year: {} windows in {:.2} s",
            answer.scanned,
            answer.took.as_secs_f64()
        );
    }
}

/// Stocks that traded on the same days.
fn stocks(data: &Path) -> Vec<SeriesBars> {
    let all = all(data, "us_sp500", Interval::days(1));
    let days = |s: &SeriesBars| (s.bars.len(), s.bars.time.first().copied());
    let most = all.iter().map(days).max_by_key(|d| {
        let same = all.iter().filter(|s| days(s) == *d).count();
        (same, *d)
    });
    let same = all.into_iter().filter(|s| Some(days(s)) == most);
    same.step_by(EVERY).collect()
}

/// Scores and p-values by the last bar of a window; not a number where there is none.
struct Scored {
    value: Vec<Vec<f64>>,
    p_value: Vec<Vec<f64>>,
}

impl Scored {
    fn of(stocks: &[SeriesBars]) -> Self {
        let (_dir, db) = database(stocks);
        let view = db.now();
        let scan = view.anomaly_scan().scores(true).level(0.001);
        let answer = scan.limit(1).run().unwrap();
        let empty = || vec![vec![f64::NAN; stocks[0].bars.len()]; stocks.len()];
        let mut scored = Self {
            value: empty(),
            p_value: empty(),
        };
        let day = Interval::days(1);
        for score in &answer.scores {
            let key = &answer.series[score.series];
            let stock = stocks.iter().position(|s| s.key == *key).unwrap();
            let open = day.open_of(score.end).millis();
            let bar = stocks[stock].bars.time.binary_search(&open).unwrap();
            scored.value[stock][bar] = score.value;
            scored.p_value[stock][bar] = score.p_value;
        }
        scored
    }

    fn share(&self, from: usize) -> (f64, usize) {
        let all = self.p_value.iter().flat_map(|p| &p[from..]);
        let all: Vec<f64> = all.copied().filter(|p| !p.is_nan()).collect();
        let low = all.iter().filter(|p| **p <= 0.05).count();
        (low as f64 / all.len() as f64, all.len())
    }
}

/// How often p is at most 0.05: on the real windows after two years, and on windows whose dates were
/// permuted in blocks for all stocks together.
fn shares(stocks: &[SeriesBars], real: &Scored) {
    let (share, windows) = real.share(2 * YEAR);
    println!("p <= .05, real windows after two years: {share:.4} of {windows}");
    let mut found = Vec::new();
    for seed in 0..4 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let days = stocks[0].bars.len();
        let mut blocks: Vec<usize> = (0..days.div_ceil(BLOCK)).collect();
        blocks.shuffle(&mut random);
        let order = blocks
            .iter()
            .flat_map(|b| b * BLOCK..days.min((b + 1) * BLOCK));
        let order: Vec<usize> = order.collect();
        let permuted: Vec<SeriesBars> = stocks.iter().map(|s| in_order(s, &order)).collect();
        let scored = Scored::of(&permuted);
        found.push(scored.share(0).0);
        println!(
            "p <= .05, dates permuted, seed {seed}: {:.4}, after two years {:.4}",
            scored.share(0).0,
            scored.share(2 * YEAR).0
        );
    }
    println!(
        "p <= .05, dates permuted, mean: {:.4}",
        found.iter().sum::<f64>() / found.len() as f64
    );
}

/// The bars of a stock in another order: each keeps its moves from the close before it.
fn in_order(stock: &SeriesBars, order: &[usize]) -> SeriesBars {
    let bars = &stock.bars;
    let mut close = 100.0;
    let mut other = Bars::with_capacity(bars.len());
    for (&time, &from) in bars.time.iter().zip(order) {
        let before = match from.checked_sub(1) {
            Some(before) => bars.close[before],
            None => bars.open[0],
        };
        let mut bar = bars.get(from).unwrap();
        let factor = close / before;
        bar.time = rhymedb::Timestamp::from_millis(time);
        bar.open *= factor;
        bar.high *= factor;
        bar.low *= factor;
        bar.close *= factor;
        bar.high = bar.high.max(bar.open).max(bar.close);
        bar.low = bar.low.min(bar.open).min(bar.close);
        close = bar.close;
        other.push(bar);
    }
    SeriesBars {
        bars: other,
        ..stock.clone()
    }
}

/// How well size tells that the next move is extreme, beside the volatility of 20 bars, both in units
/// of the trailing year.
fn next_moves(stocks: &[SeriesBars], real: &Scored) {
    let judged: Vec<Vec<Next>> = stocks
        .iter()
        .zip(&real.value)
        .map(|(s, v)| next_of(s, v))
        .collect();
    let days = stocks[0].bars.len().div_ceil(DRAWN_DAYS);
    let plain = vec![1.0; days];
    let (size, volatility) = areas(&judged, &plain);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut differences: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let mut weights = vec![0.0; days];
            (0..days).for_each(|_| weights[random.random_range(0..days)] += 1.0);
            let (size, volatility) = areas(&judged, &weights);
            size - volatility
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    let at = |share: f64| differences[(share * (DRAWS - 1) as f64).round() as usize];
    println!(
        "AUROC for an extreme next move, mean of {} stocks: size {size:.4}, 20-bar volatility {volatility:.4}, difference {:+.4} [{:+.4}, {:+.4}]",
        judged.len(),
        size - volatility,
        at(0.025),
        at(0.975)
    );
}

/// A window with what is known at its close, and whether an extreme move follows.
struct Next {
    bar: usize,
    size: f64,
    volatility: f64,
    extreme: bool,
}

fn next_of(stock: &SeriesBars, sizes: &[f64]) -> Vec<Next> {
    let closes = &stock.bars.close;
    let returns: Vec<f64> = closes.array_windows().map(|[a, b]| (b / a).ln()).collect();
    // The return of bar i is at i - 1; those of the bars up to i are the first i.
    let deviation = |i: usize, n: usize| {
        let part = &returns[i.saturating_sub(n)..i];
        (part.iter().map(|r| r * r).sum::<f64>() / part.len() as f64).sqrt()
    };
    let moves: Vec<(usize, f64)> = (0..returns.len())
        .filter(|&i| !sizes[i].is_nan())
        .map(|i| (i, returns[i].abs() / deviation(i, YEAR)))
        .collect();
    let mut sorted: Vec<f64> = moves.iter().map(|m| m.1).collect();
    sorted.sort_by(f64::total_cmp);
    let limit = sorted[sorted.len() * 9 / 10];
    let next = |&(bar, moved): &(usize, f64)| Next {
        bar,
        size: sizes[bar],
        volatility: deviation(bar, 20) / deviation(bar, YEAR),
        extreme: moved >= limit,
    };
    moves.iter().map(next).collect()
}

/// The means over stocks of the areas under both curves, days weighed in blocks.
fn areas(judged: &[Vec<Next>], weights: &[f64]) -> (f64, f64) {
    let mean = |of: fn(&Next) -> f64| {
        let each = judged.iter().map(|one| area(one, of, weights));
        each.sum::<f64>() / judged.len() as f64
    };
    (mean(|n| n.size), mean(|n| n.volatility))
}

fn area(all: &[Next], of: fn(&Next) -> f64, weights: &[f64]) -> f64 {
    let mut order: Vec<&Next> = all.iter().collect();
    order.sort_by(|a, b| of(a).total_cmp(&of(b)));
    let (mut below, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for next in order {
        let weight = weights[next.bar / DRAWN_DAYS];
        if next.extreme {
            hits += weight;
            sum += weight * below;
        } else {
            below += weight;
        }
    }
    sum / (hits * below)
}
