//! Questions in words over many headlines: how long the memory of headlines takes to fill, to grow,
//! and to be asked; and what is asked of charts beside them.
//!
//! `cargo bench --bench headlines`; `RHYME_BENCH_HEADLINES` is how many, and
//! `RHYME_BENCH_WINDOWS` how many charts (100,000 each by default).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

mod market;

use market::{HOUR, SYMBOLS, from_env, once, timed, walks};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};
use rhymedb::query::LabelSet;
use rhymedb::{Control, Database, OpenOptions, Query, Target, Timestamp, View};

/// Headlines come over the years of the bars.
const START: i64 = 0;
/// From one headline to the next.
const STEP: i64 = 6 * 60_000;
const WORDS: [&str; 24] = [
    "shares", "fall", "rise", "record", "profit", "warning", "bank", "quiet", "trading", "surge",
    "plunge", "miners", "sell", "buy", "forecast", "cut", "merger", "court", "fed", "rate", "oil",
    "gold", "bitcoin", "exchange",
];

fn headlines(n: usize, first: i64, random: &mut ChaCha8Rng) -> Vec<Headline> {
    let headline = |i: usize| Headline {
        time: Timestamp::from_millis(START + (first + i as i64) * STEP),
        precision: TimePrecision::Minute,
        text: (0..8)
            .map(|_| WORDS[random.random_range(0..WORDS.len())])
            .collect::<Vec<_>>()
            .join(" "),
        source: "bench".to_owned(),
        symbols: vec![format!("S{:03}", i % 500)],
    };
    (0..n).map(headline).collect()
}

/// What is asked of charts in a space of both.
fn charts(db: &Database, hours: i64) {
    let now = db.now();
    let middle = db.at(Timestamp::from_millis(hours / 2 * HOUR));
    let target: Target = "S000".parse().unwrap();
    let text = "bank shares plunge after profit warning";
    timed("10 charts by a chart", || {
        let answer = now.similar(target.clone()).space("clip").run().unwrap();
        assert_eq!(answer.hits.len(), 10);
    });
    timed("search as of the middle", || {
        let answer = middle.search(text).by_words(true).run().unwrap();
        assert_eq!(answer.charts.hits.len(), 10);
    });
    timed("search ranked by words and size", || {
        assert_eq!(now.search(text).run().unwrap().charts.hits.len(), 10);
    });
    let set = LabelSet::built_in_named("eight-regimes")
        .unwrap()
        .in_words();
    timed("classify a chart by eight labels", || {
        let answer = now.classify(target.clone(), &set).run().unwrap();
        assert_eq!(answer.labels.len(), 8);
    });
    let patterns = LabelSet::built_in_named("patterns").unwrap();
    timed("classify a chart by drawings of patterns", || {
        let answer = now.classify(target.clone(), &patterns).run().unwrap();
        assert_eq!(answer.labels.len(), 8);
    });
    timed("context of a chart", || {
        now.context(target.clone()).symbol("S007").run().unwrap();
    });
    timed("reaction: 20 pieces of news", || {
        let question = now.reaction(text).horizon(24);
        assert!(question.run().unwrap().summary.is_some());
    });
    let unusual = || {
        let answer = now.anomaly(target.clone()).space("clip").run().unwrap();
        assert!(answer.unusual.measures.len() >= 4);
    };
    once("the first anomaly with alignment", unusual);
    timed("anomaly with alignment", unusual);
    once("regimes of a series", || {
        now.regimes(target.clone(), &set).run().unwrap().runs.len()
    });
}

fn main() {
    let n = from_env("RHYME_BENCH_HEADLINES", 100_000);
    let windows = from_env("RHYME_BENCH_WINDOWS", 100_000);
    let folder = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(folder.path().join("bench.rhyme"))
        .unwrap();
    // A window of this encoder needs 96 bars.
    let hours = (windows / SYMBOLS + 95) as i64;
    db.ingest_bars(&walks(hours)).unwrap();
    let config = WeightsConfig::clip(ChartConfig::multiscale(64, 64), TextConfig::new(64), 0.1);
    let weights = Weights::random(&config, 1).unwrap();
    once(&format!("embed some {windows} windows"), || {
        db.create_space_of_weights("clip", &weights, 1, Control::new())
            .unwrap()
    });
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
    let middle = db.at(Timestamp::from_millis(START + n as i64 / 2 * STEP));
    timed("the same as of the middle", || ask(&middle));
    timed("the same of one symbol", || {
        let answer = now.news(vector.clone()).symbol("S007").run().unwrap();
        assert_eq!(answer.hits.len(), 10.min(n / 500));
    });
    timed("the same within a month of the middle", || {
        let (from, to) = (n as i64 / 2 - 7_200, n as i64 / 2 + 7_200);
        let at = |step| Timestamp::from_millis(START + step * STEP);
        assert!(
            !now.news(vector.clone())
                .from(at(from))
                .until(at(to))
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
        let answer = now.search(text).by_words(true).run().unwrap();
        assert_eq!(answer.headlines.len(), 10);
    });
    charts(&db, hours);
    let later = headlines(10, n as i64, &mut random);
    once("store and embed 10 headlines more", || {
        db.ingest_headlines(&later).unwrap()
    });
    once("the first question after that", || ask(&db.now()));
}
