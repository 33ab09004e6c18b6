//! Windows a second on one core: a whole series, every window (hop 1).
//!
//! `cargo bench --bench encode`; divan's items are windows.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::{Bar, Bars, Timestamp, chart_encoder_by_name};

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
