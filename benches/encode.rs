//! Windows a second on one core: a whole series, every window (hop 1); networks also one window at
//! a time. Headlines a second on one core.
//!
//! `cargo bench --bench encode`; divan's items are windows, or headlines.

#![expect(
    clippy::panic,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig, chart_encoder_by_name};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Bar, Bars, Timestamp};

const BARS: usize = 100_000;

fn main() {
    divan::main();
}

fn random_walk(seed: u64) -> Bars {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut close = 60_000.0_f64;
    let mut bars = Bars::with_capacity(BARS);
    for i in 0..BARS {
        let open = close;
        close *= random.random_range(-0.01..0.01_f64).exp();
        bars.push(Bar {
            time: Timestamp::from_millis(i as i64 * 3_600_000),
            open,
            high: open.max(close) * random.random_range(1.0..1.005),
            low: open.min(close) * random.random_range(0.995..1.0),
            close,
            volume: random.random_range(1.0..100.0),
        });
    }
    bars
}

#[divan::bench(args = [("shape", 64), ("shape", 128), ("stats", 64), ("stats", 128)])]
fn every_window(bencher: Bencher, (name, window): (&str, usize)) {
    let bars = random_walk(1);
    let Ok(encoder) = chart_encoder_by_name(name, window, None) else {
        return;
    };
    let ends: Vec<usize> = (window - 1..BARS).collect();
    bencher
        .counter(ItemsCount::new(ends.len()))
        .bench_local(|| encoder.encode_series(black_box(&bars), black_box(&ends)));
}

const NETS: [&str; 4] = ["tcn", "tcn_path", "cnn", "multiscale"];

fn net(name: &str) -> Weights {
    let (architecture, config) = match name {
        "tcn" => ("tcn/1", ChartConfig::tcn(128, 64)),
        "tcn_path" => ("tcn/1", ChartConfig::tcn_path(128, 64)),
        "cnn" => ("cnn/1", ChartConfig::cnn()),
        _ => ("multiscale/1", ChartConfig::multiscale(128, 64)),
    };
    Weights::random(&WeightsConfig::chart(architecture, config), 1).unwrap_or_else(refuse)
}

fn refuse<T>(error: rhymedb::Error) -> T {
    panic!("{error}")
}

/// All windows of 20,000 bars.
#[divan::bench(args = NETS)]
fn network_shared(bencher: Bencher, name: &str) {
    let bars = random_walk(1).slice(0..20_000);
    let encoder = net(name).chart_encoder().unwrap_or_else(refuse);
    let spec = encoder.spec();
    let ends: Vec<usize> = ((spec.window + spec.warm_up) as usize - 1..20_000).collect();
    bencher
        .counter(ItemsCount::new(ends.len()))
        .bench_local(|| encoder.encode_series(black_box(&bars), black_box(&ends)));
}

/// All windows of 1,700 bars, W = 64, by a network of 100,000 numbers from an ONNX file.
#[divan::bench]
fn network_of_onnx(bencher: Bencher) {
    let mut chart = ChartConfig::tcn(64, 64);
    chart.head.hidden = vec![192];
    let config = WeightsConfig::chart("tcn/1", chart);
    let file = Weights::random(&config, 1).and_then(|w| w.to_onnx());
    let weights = file.and_then(Weights::from_bytes).unwrap_or_else(refuse);
    let encoder = weights.chart_encoder().unwrap_or_else(refuse);
    let spec = encoder.spec();
    let bars = random_walk(1).slice(0..1_700);
    let ends: Vec<usize> = ((spec.window + spec.warm_up) as usize - 1..bars.len()).collect();
    bencher
        .counter(ItemsCount::new(ends.len()))
        .bench_local(|| encoder.encode_series(black_box(&bars), black_box(&ends)));
}

/// 100 windows, each from its own bars.
#[divan::bench(args = NETS)]
fn network_alone(bencher: Bencher, name: &str) {
    let bars = random_walk(1);
    let encoder = net(name).chart_encoder().unwrap_or_else(refuse);
    let spec = encoder.spec();
    let reach = (spec.window + spec.warm_up) as usize;
    let windows: Vec<Bars> = (0..100).map(|i| bars.slice(i..i + reach)).collect();
    bencher
        .counter(ItemsCount::new(windows.len()))
        .bench_local(|| {
            for window in &windows {
                black_box(
                    encoder
                        .encode_window(black_box(window))
                        .unwrap_or_else(refuse),
                );
            }
        });
}

/// The headlines of the synthetic market.
#[divan::bench]
fn text(bencher: Bencher) {
    let config = WeightsConfig::text(TextConfig::new(64));
    let encoder = Weights::random(&config, 1)
        .and_then(|w| w.text_encoder())
        .unwrap_or_else(refuse);
    let market = SyntheticMarket::new(SyntheticConfig::small(1)).unwrap_or_else(refuse);
    let headlines = market.headlines();
    let texts: Vec<&str> = headlines.iter().map(|h| h.text.as_str()).collect();
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| encoder.encode_texts(black_box(&texts)));
}
