//! Whole runs over made-up markets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;

use rhyme_train::checkpoint::path_of;
use rhyme_train::config::Config;
use rhyme_train::data::{Dataset, SourceConfig};
use rhyme_train::train::{Trained, Trainer};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Error, Result};

const PAIRS: &str = r#"
    mode = "market"
    [backbone]
    kind = "tcn"
    window = 24
    dim = 16
    width = 12
    dilations = [1, 2]
    [text]
    buckets = 1024
    width = 16
    [objective]
    kind = "info_nce"
    [[data]]
    kind = "synthetic"
    market = "crypto"
    crypto_symbols = 4
    crypto_bars = 5000
    seeds = [3, 4]
    [data.split]
    validation_from = "2015-05-01"
    test_from = "2015-06-15"
    hold_out = 4
    [training]
    batch = 16
    epochs = 3
    rate = 3e-3
    warm_up = 5
"#;

const CHARTS: &str = r#"
    mode = "market"
    crops = true
    [backbone]
    kind = "tcn_path"
    window = 32
    dim = 16
    [objective]
    kind = "ts2vec"
    [[augment]]
    kind = "mask"
    share = 0.5
    [[data]]
    kind = "synthetic"
    market = "equity"
    equity_symbols = 3
    equity_days = 400
    hop = 8
    [data.split]
    validation_from = "2015-10-01"
    [training]
    batch = 16
    epochs = 2
"#;

fn file(name: &str) -> PathBuf {
    let name = format!("rhyme-train-{}-{name}", std::process::id());
    std::env::temp_dir().join(name)
}

fn trained(config: &Config, name: &str, seed: u64) -> Result<Trained> {
    Trainer::new(config.clone(), None, &file(name), seed)?.run(&mut |_| false)
}

/// How many charts find their headline first, and how many headlines their chart.
fn found_first(config: &Config, trained: &Trained, seed: u64) -> (usize, usize) {
    let trainer = Trainer::new(config.clone(), None, &file("again"), seed).unwrap();
    let data = trainer.data();
    let charts = trained.weights.chart_encoder().unwrap();
    let texts = trained.weights.text_encoder().unwrap();
    let mut pairs = Vec::new();
    for &i in &data.parts.train {
        let sample = &data.samples[i];
        let bars = &data.charts[sample.chart].bars;
        let rows = charts.encode_series(bars, &[sample.bar]).unwrap();
        let text = &data.texts[sample.text.unwrap()].text;
        let text = texts.encode_text(text).unwrap().unwrap();
        pairs.push((rows.row(0).unwrap().to_vec(), text));
    }
    let cosine = |i: usize, j: usize| -> f32 {
        let (chart, text) = (&pairs[i].0, &pairs[j].1);
        chart.iter().zip(text).map(|(x, y)| x * y).sum()
    };
    let n = pairs.len();
    let first = |i: &usize| (0..n).all(|j| j == *i || cosine(*i, j) < cosine(*i, *i));
    let back = |i: &usize| (0..n).all(|j| j == *i || cosine(j, *i) < cosine(*i, *i));
    let count = (0..n)
        .filter(first)
        .count()
        .min((0..n).filter(back).count());
    (count, n)
}

#[test]
fn a_few_pairs_are_learned_by_heart() {
    let text = PAIRS.replace("\"market\"\n    [b", "\"overfit\"\n    [b");
    let text = text
        .replace("epochs = 3\n", "")
        .replace("warm_up = 5\n", "");
    let mut config = Config::parse(&text).unwrap();
    config.training.epochs = 1;
    // By heart no mean is kept, and none is missed by who goes on.
    config.training.average = 0.9;
    let out = file("by-heart");
    let mut trainer = Trainer::new(config.clone(), None, &out, 2).unwrap();
    let stopped = trainer.run(&mut |p| p.step == 3);
    assert!(matches!(stopped, Err(Error::Interrupted)));
    let mut trainer = Trainer::new(config.clone(), None, &out, 2).unwrap();
    trainer.resume().unwrap();
    trainer.clear().unwrap();
    let trained = trained(&config, "overfit", 2).unwrap();
    let (found, of) = found_first(&config, &trained, 2);
    assert_eq!((found, of), (16, 16));
}

#[test]
fn the_same_command_gives_the_same_bytes_and_learns() {
    let config = Config::parse(PAIRS).unwrap();
    let one = trained(&config, "one", 1).unwrap();
    let two = trained(&config, "two", 1).unwrap();
    assert_eq!(one.weights.bytes(), two.weights.bytes());
    assert!(one.weights.bank().is_some());
    let other = trained(&config, "three", 2).unwrap();
    assert_ne!(one.weights.bytes(), other.weights.bytes());
    let losses: Vec<f64> = one.epochs.iter().map(|e| e.loss).collect();
    assert!(one.epochs.iter().all(|e| e.validation["crypto"].pairs > 0));
    assert!(losses.windows(2).all(|w| w[1] < w[0]), "{losses:?}");
    assert!(one.test_symbols["crypto"].pairs > 0);
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bytes() {
    for (name, text) in [("pairs", PAIRS), ("charts", CHARTS)] {
        let mut config = Config::parse(text).unwrap();
        config.training.average = 0.9;
        let whole = trained(&config, &format!("{name}-whole"), 1).unwrap();
        let last = trained(&Config::parse(text).unwrap(), &format!("{name}-last"), 1).unwrap();
        assert_ne!(whole.weights.bytes(), last.weights.bytes());
        let out = file(&format!("{name}-parts"));
        let mut result = None;
        for stop in [7, 8, 1000] {
            let mut trainer = Trainer::new(config.clone(), None, &out, 1).unwrap();
            if path_of(&out).exists() {
                trainer.resume().unwrap();
            }
            match trainer.run(&mut |p| p.step == stop) {
                Err(Error::Interrupted) => assert!(path_of(&out).exists()),
                done => result = Some(done.unwrap()),
            }
        }
        let other = Trainer::new(config.clone(), None, &out, 5)
            .unwrap()
            .resume();
        let other = other.unwrap_err().to_string();
        assert!(other.contains("same config, seed and data"), "{other}");
        let trainer = Trainer::new(config, None, &out, 1).unwrap();
        trainer.clear().unwrap();
        assert!(!path_of(&out).exists());
        assert_eq!(
            result.unwrap().weights.bytes(),
            whole.weights.bytes(),
            "{name}"
        );
    }
}

#[test]
fn parts_are_kept_apart() {
    let mut config = Config::parse(PAIRS).unwrap();
    if let SourceConfig::Synthetic(source) = &mut config.data[0] {
        source.split.as_mut().unwrap().embargo = 10;
    }
    let trainer = Trainer::new(config.clone(), None, &file("parts"), 1).unwrap();
    let data = trainer.data();
    let (validation, test) = config.data[0].split(&config.split).dates().unwrap();
    let embargo = 10 * 3_600_000;
    let all = |part: &[usize], holds: &dyn Fn(i64, i64) -> bool| {
        assert!(!part.is_empty());
        let samples = part.iter().map(|&i| &data.samples[i]);
        samples.clone().all(|s| holds(s.start, s.end))
    };
    let parts = &data.parts;
    assert!(all(&parts.train, &|_, end| end < validation));
    assert!(all(&parts.validation, &|start, end| {
        start >= validation + embargo && end < test
    }));
    assert!(all(&parts.test_time, &|start, _| start >= test + embargo));
    let assets = |part: &[usize]| -> std::collections::BTreeSet<usize> {
        part.iter()
            .map(|&i| data.asset(&data.samples[i]).unwrap())
            .collect()
    };
    let held_out = assets(&parts.test_symbols);
    for part in [&parts.train, &parts.validation, &parts.test_time] {
        assert!(assets(part).is_disjoint(&held_out));
    }
}

#[test]
fn shuffled_headlines_are_the_same_headlines_of_other_windows() {
    let mut config = Config::parse(PAIRS).unwrap();
    let pairs = Trainer::new(config.clone(), None, &file("pairs"), 1).unwrap();
    config.shuffle_pairs = true;
    let shuffled = Trainer::new(config, None, &file("shuffled"), 1).unwrap();
    let (pairs, shuffled) = (pairs.data(), shuffled.data());
    assert_eq!(pairs.parts, shuffled.parts);
    let texts = |data: &Dataset, part: &[usize]| -> Vec<Option<usize>> {
        part.iter().map(|&i| data.samples[i].text).collect()
    };
    let parts = &pairs.parts;
    for part in [&parts.validation, &parts.test_time, &parts.test_symbols] {
        assert_eq!(texts(pairs, part), texts(shuffled, part));
    }
    let [mut before, mut after] = [pairs, shuffled].map(|d| texts(d, &parts.train));
    let moved = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert!(moved * 10 > before.len() * 9);
    before.sort_unstable();
    after.sort_unstable();
    assert_eq!(before, after);
}

#[test]
fn windows_of_whole_events_end_with_their_event() {
    let mut config = Config::parse(PAIRS).unwrap();
    let SourceConfig::Synthetic(source) = &mut config.data[0] else {
        unreachable!();
    };
    (source.seeds, source.reaction, source.whole_events) = (vec![3], 4, true);
    source.split = None;
    let market = SyntheticMarket::new(SyntheticConfig {
        seed: 3,
        crypto_symbols: 4,
        crypto_bars: 5000,
        ..SyntheticConfig::default()
    });
    let events = market.unwrap().events();
    let ends = |symbol: &str| -> Vec<i64> {
        let of = events
            .iter()
            .filter(|e| e.series.iter().any(|s| s.symbol == symbol));
        of.map(|e| e.end.millis()).collect()
    };
    let trainer = Trainer::new(config, None, &file("events"), 1).unwrap();
    let data = trainer.data();
    let (mut told, mut with) = (0, 0);
    for (i, chart) in data.charts.iter().enumerate() {
        let ends = ends(&chart.key.symbol);
        let samples = data.samples.iter().filter(|s| s.chart == i);
        with += samples.filter(|s| ends.contains(&s.end)).count();
        // The first bars have no whole window before them.
        told += ends
            .iter()
            .filter(|end| **end > chart.bars.time[120])
            .count();
    }
    assert!(told > 10 && with >= told, "{with} of {told}");
}

#[test]
fn too_little_data_is_an_error() {
    let mut config = Config::parse(PAIRS).unwrap();
    config.training.batch = 100_000;
    let error = trained(&config, "little", 1).err().unwrap().to_string();
    assert!(error.contains("windows to train on"), "{error}");
    let text = PAIRS.replace("kind = \"synthetic\"", "kind = \"database\"");
    let text = text.replace(
        "crypto_symbols = 4\n    crypto_bars = 5000\n    seeds = [3, 4]",
        "",
    );
    let config = Config::parse(&text).unwrap();
    let error = trained(&config, "none", 1).err().unwrap().to_string();
    assert!(error.contains("--db"), "{error}");
}
