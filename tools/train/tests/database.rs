//! Pairs of a database: which headlines make some, and where their windows end in training.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use rhyme_train::batch::batch;
use rhyme_train::config::Config;
use rhyme_train::data::{Dataset, Sample};
use rhymedb::Database;
use rhymedb::data::TimePrecision;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};

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
    let split = "[data.split]\nvalidation_from = \"2015-08-01\"\n[training]";
    let (config, mut data) = data(&wandering.replace("[training]", split), &db);
    let samples: Vec<usize> = data.parts.train.iter().copied().take(16).collect();
    // By how much each window of 20 steps was moved.
    let moves = |data: &Dataset| -> BTreeSet<isize> {
        let mut moves = BTreeSet::new();
        for step in 0..20 {
            let found = batch(&config, data, &samples, 1, step).unwrap().windows;
            let size = found.steps * found.width;
            for (&i, values) in samples.iter().zip(found.values.chunks_exact(size)) {
                let sample = &data.samples[i];
                let is = |by: &isize| {
                    let bar = sample.bar.saturating_add_signed(*by);
                    let window = data.window(&Sample { bar, ..*sample }, found.steps);
                    window.is_ok_and(|w| w.values == values)
                };
                moves.insert((-3..=3).find(is).unwrap());
            }
        }
        moves
    };
    assert_eq!(moves(&data), (-2..=2).collect());
    let bars = data.charts[0].bars.len();
    for (first, expected) in [(true, 0..=2), (false, -2..=0)] {
        let span = data.free[&0].iter().find(|s| s.chart == 0).unwrap();
        assert!(span.last + 10 < bars);
        let bar = if first {
            data.charts[0].whole[0]
        } else {
            span.last
        };
        for &i in &samples {
            (data.samples[i].chart, data.samples[i].bar) = (0, bar);
        }
        assert_eq!(moves(&data), expected.collect());
    }
    for (setting, named) in [
        ("wander = 5", "wander"),
        ("precision = \"about\"", "precision"),
    ] {
        let wrong = PAIRS.replace("reaction = 4", &format!("reaction = 4\n{setting}"));
        let error = Config::parse(&wrong).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}
