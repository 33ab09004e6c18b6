//! Questions in words over many headlines: how long the memory of headlines takes to fill, to grow,
//! and to be asked.
//!
//! `cargo bench --bench headlines`; `RHYME_BENCH_HEADLINES` is how many (default 100,000).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::{
    ChartConfig, Control, Headline, OpenOptions, Query, SeriesBars, SyntheticConfig,
    SyntheticMarket, TextConfig, TimePrecision, Timestamp, View, Weights, WeightsConfig,
};

const START: i64 = 1_420_070_400_000;
const MINUTE: i64 = 60_000;
const WORDS: [&str; 24] = [
    "shares", "fall", "rise", "record", "profit", "warning", "bank", "quiet", "trading", "surge",
    "plunge", "miners", "sell", "buy", "forecast", "cut", "merger", "court", "fed", "rate", "oil",
    "gold", "bitcoin", "exchange",
];

fn headlines(n: usize, first_minute: i64, random: &mut ChaCha8Rng) -> Vec<Headline> {
    let headline = |i: usize| Headline {
        time: Timestamp::from_millis(START + (first_minute + i as i64) * MINUTE),
        precision: TimePrecision::Minute,
        text: (0..8)
            .map(|_| WORDS[random.random_range(0..WORDS.len())])
            .collect::<Vec<_>>()
            .join(" "),
        source: "bench".to_owned(),
        symbols: vec![format!("S{}", i % 500)],
    };
    (0..n).map(headline).collect()
}

/// The median of 201 calls, and the slowest.
fn timed(what: &str, mut work: impl FnMut()) {
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

fn once<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = work();
    println!("{what:44} {:>8.1?}", start.elapsed());
    value
}

fn main() {
    let n = std::env::var("RHYME_BENCH_HEADLINES").map_or(100_000, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(folder.path().join("bench.rhyme"))
        .unwrap();
    let small = SyntheticConfig {
        crypto_symbols: 1,
        equity_symbols: 0,
        ..SyntheticConfig::small(1)
    };
    for (key, calendar, bars) in SyntheticMarket::new(small).unwrap().series() {
        db.ingest_bars(&[SeriesBars {
            key,
            calendar,
            bars,
        }])
        .unwrap();
    }
    let config = WeightsConfig::clip(ChartConfig::multiscale(64, 64), TextConfig::new(64), 0.1);
    let weights = Weights::random(&config, 1).unwrap();
    db.create_space_of_weights("clip", &weights, 1, Control::new())
        .unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let all = headlines(n, 0, &mut random);
    once(&format!("store and embed {n} headlines"), || {
        db.ingest_headlines(&all).unwrap()
    });

    let text = "bank shares plunge after profit warning";
    let encoder = weights.text_encoder().unwrap();
    timed("encode a sentence", || {
        assert!(encoder.encode_text(text).unwrap().is_some());
    });
    let vector = encoder.encode_text(text).unwrap().unwrap();
    let ask = |view: &View| {
        let answer = view.news(vector.clone()).k(10).run().unwrap();
        assert_eq!(answer.hits.len(), 10);
    };
    once("the first question, which fills the memory", || {
        ask(&db.now())
    });
    let now = db.now();
    timed("10 headlines by a vector", || ask(&now));
    let middle = db.at(Timestamp::from_millis(START + n as i64 / 2 * MINUTE));
    timed("the same as of the middle", || ask(&middle));
    timed("the same of one symbol", || {
        let answer = now.news(vector.clone()).symbol("S7").run().unwrap();
        assert_eq!(answer.hits.len(), 10.min(n / 500));
    });
    timed("the same within a month of the middle", || {
        let (from, to) = (n as i64 / 2 - 43_200, n as i64 / 2 + 43_200);
        let at = |minute| Timestamp::from_millis(START + minute * MINUTE);
        assert!(
            !now.news(vector.clone())
                .from(at(from))
                .to(at(to))
                .run()
                .unwrap()
                .hits
                .is_empty()
        );
    });
    timed("10 headlines by a sentence", || {
        assert_eq!(now.news(Query::text(text)).run().unwrap().hits.len(), 10);
    });
    timed("search: 10 charts and 10 headlines", || {
        assert_eq!(now.search(text).run().unwrap().headlines.len(), 10);
    });
    let later = headlines(10, n as i64, &mut random);
    once("store and embed 10 headlines more", || {
        db.ingest_headlines(&later).unwrap()
    });
    once("the first question after that", || ask(&db.now()));
}
