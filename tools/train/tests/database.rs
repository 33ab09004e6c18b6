//! Pairs of a database: which headlines make some, and where their windows end in training.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use rhyme_train::batch::batch;
use rhyme_train::config::Config;
use rhyme_train::data::{Dataset, Sample};
use rhymedb::{Database, SyntheticConfig, SyntheticMarket, TimePrecision};

const PAIRS: &str = r#"
    mode = "market"
    [backbone]
    kind = "tcn"
    window = 24
    dim = 8
    width = 6
    dilations = [1]
    [text]
    buckets = 64
    width = 8
    [objective]
    kind = "info_nce"
    [[data]]
    kind = "database"
    market = "crypto"
    reaction = 4
    [training]
    batch = 16
"#;

/// A made-up market, half of whose headlines are dated by their day.
fn database(dir: &tempfile::TempDir) -> Database {
    let market = SyntheticMarket::new(SyntheticConfig {
        crypto_symbols: 3,
        crypto_bars: 6000,
        ..SyntheticConfig::small(7)
    })
    .unwrap();
    let mut headlines = market.headlines();
    for headline in headlines.iter_mut().step_by(2) {
        headline.precision = TimePrecision::Day;
        headline.text.push_str(" dayish");
    }
    common::database(&dir.path().join("market.rhyme"), &market, &headlines)
}

fn data(text: &str, db: &Database) -> (Config, Dataset) {
    let config = Config::parse(text).unwrap();
    let data = Dataset::collect(&config, Some(db)).unwrap();
    (config, data)
}

#[test]
fn headlines_without_a_time_of_day_can_be_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let db = database(&dir);
    let told = |data: &Dataset| -> (usize, usize) {
        let texts = data
            .samples
            .iter()
            .map(|s| &data.texts[s.text.unwrap()].text);
        let (day, other): (Vec<_>, Vec<_>) = texts.partition(|t| t.ends_with(" dayish"));
        (day.len(), other.len())
    };
    let (day, other) = told(&data(PAIRS, &db).1);
    assert!(day > 10 && other > 10, "{day}, {other}");
    let exact = PAIRS.replace("reaction = 4", "reaction = 4\nprecision = \"minute\"");
    assert_eq!(told(&data(&exact, &db).1), (0, other));
}

#[test]
fn windows_wander_in_training_and_not_past_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let db = database(&dir);
    let wandering = PAIRS.replace("reaction = 4", "reaction = 4\nwander = 2");
    let (config, data) = data(&wandering, &db);
    let numbers = |sample: &Sample, by: isize| {
        let bar = sample.bar.checked_add_signed(by).unwrap();
        let steps = config.backbone.chart().window_steps();
        data.window(&Sample { bar, ..*sample }, steps)
            .map(|w| w.values)
    };
    let mut moves = BTreeSet::new();
    for step in 0..20 {
        let samples: Vec<usize> = data.parts.train.iter().copied().take(16).collect();
        let found = batch(&config, &data, &samples, 1, step).unwrap().windows;
        let size = found.steps * found.width;
        for (&i, values) in samples.iter().zip(found.values.chunks_exact(size)) {
            let sample = &data.samples[i];
            let is = |by: &isize| numbers(sample, *by).is_ok_and(|v| v == values);
            moves.insert((-2..=2).find(is).unwrap());
        }
    }
    assert_eq!(moves, (-2..=2).collect());
    // The bars of a series end here; so do its windows.
    let last = data.free[&0].iter().map(|s| (s.chart, s.last));
    let mut late = data.clone();
    for (chart, last) in last {
        for sample in late.samples.iter_mut().filter(|s| s.chart == chart) {
            sample.bar = last;
        }
    }
    for step in 0..20 {
        batch(&config, &late, &late.parts.train[..16], 1, step).unwrap();
    }
    let far = PAIRS.replace("reaction = 4", "reaction = 4\nwander = 5");
    assert!(
        Config::parse(&far)
            .unwrap_err()
            .to_string()
            .contains("wander")
    );
}
