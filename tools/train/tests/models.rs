//! Every model that reads bars alone, from its config to the file that the library runs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::path::PathBuf;

use rhyme_train::checkpoint::{path_of, publish};
use rhyme_train::config::Config;
use rhyme_train::data::{SourceConfig, SyntheticSource};
use rhyme_train::train::Trainer;
use rhymedb::encode::Weights;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Control, Error};

const MODELS: [(&str, &str); 10] = [
    ("tcn", include_str!("../configs/tcn.toml")),
    ("ts2vec", include_str!("../configs/ts2vec.toml")),
    ("masked", include_str!("../configs/masked.toml")),
    ("conv_next", include_str!("../configs/conv_next.toml")),
    ("forecast", include_str!("../configs/forecast.toml")),
    ("order", include_str!("../configs/order.toml")),
    ("augmentation", include_str!("../configs/augmentation.toml")),
    ("outcome", include_str!("../configs/outcome.toml")),
    ("tnc", include_str!("../configs/tnc.toml")),
    ("cost", include_str!("../configs/cost.toml")),
];

fn file(name: &str) -> PathBuf {
    let name = format!("rhyme-train-{}-{name}.onnx", std::process::id());
    std::env::temp_dir().join(name)
}

/// The config on a few made-up bars.
fn on_made_up_bars(text: &str) -> Config {
    let mut config = Config::parse(text).unwrap();
    config.data = vec![SourceConfig::Synthetic(SyntheticSource {
        market: Some("equity".to_owned()),
        equity_symbols: 3,
        equity_days: 400,
        hop: 8,
        ..SyntheticSource::default()
    })];
    config.training.batch = 4;
    config.training.epochs = 1;
    config.check().unwrap();
    config
}

#[test]
fn every_config_runs() {
    for (name, text) in MODELS {
        let config = on_made_up_bars(text);
        let mut losses = Vec::new();
        let mut trainer = Trainer::new(config, None, &file(name), 1).unwrap();
        let stopped = trainer.run(&mut |progress| {
            losses.push(progress.loss);
            progress.step == 2
        });
        assert!(matches!(stopped, Err(Error::Interrupted)), "{name}");
        assert_eq!(losses.len(), 2, "{name}");
        assert!(losses.iter().all(|l| l.is_finite()), "{name}: {losses:?}");
        trainer.clear().unwrap();
    }
}

#[test]
fn what_is_trained_is_what_a_database_embeds_with() {
    for name in ["conv_next", "masked"] {
        let text = MODELS.iter().find(|m| m.0 == name).unwrap().1;
        let config = on_made_up_bars(text);
        let ahead = config.objective.ahead();
        let out = file(&format!("{name}-whole"));
        let mut trainer = Trainer::new(config, None, &out, 1).unwrap();
        let mut steps = 0;
        let trained = trainer.run(&mut |progress| {
            steps = progress.step;
            false
        });
        assert!(steps >= 20, "{steps}");
        publish(&out, trained.unwrap().weights.bytes()).unwrap();
        // The config beside the file is no declaration of it, and none is needed.
        let beside = out.with_extension("toml");
        std::fs::write(&beside, text).unwrap();
        let weights = Weights::read(&out).unwrap();
        std::fs::remove_file(&out).unwrap();
        std::fs::remove_file(&beside).unwrap();
        trainer.clear().unwrap();
        assert!(!path_of(&out).exists());
        let encoder = weights.chart_encoder().unwrap();
        let data = trainer.data();
        let some: Vec<usize> = data.parts.train.iter().copied().step_by(7).collect();
        let dim = encoder.spec().dim as usize;
        let ours = trainer.embed(&some).unwrap();
        assert_eq!(ours.len(), some.len() * dim);
        for (&i, ours) in some.iter().zip(ours.chunks(dim)) {
            let sample = &data.samples[i];
            let bars = &data.charts[sample.chart].bars;
            let rows = encoder.encode_series(bars, &[sample.bar - ahead]).unwrap();
            for (x, y) in ours.iter().zip(rows.row(0).unwrap()) {
                assert!((x - y).abs() < 1e-4, "{name}: {x} and {y}");
            }
        }
        embeds(&weights);
    }
}

/// A space of the weights holds every window.
fn embeds(weights: &Weights) {
    let dir = tempfile::tempdir().unwrap();
    let market = SyntheticMarket::new(SyntheticConfig {
        crypto_symbols: 1,
        equity_symbols: 0,
        crypto_bars: 300,
        ..SyntheticConfig::small(5)
    });
    let db = common::database(&dir.path().join("m.rhyme"), &market.unwrap(), &[]);
    db.create_space_of_weights("mine", weights, 1, Control::new())
        .unwrap();
    let target = db.now().series().unwrap()[0].key.clone();
    let answer = db.now().similar(target).space("mine").k(3).run().unwrap();
    assert!(!answer.hits.is_empty());
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bytes() {
    let config = on_made_up_bars(MODELS[3].1);
    let whole = Trainer::new(config.clone(), None, &file("once"), 1).unwrap();
    let run = |mut trainer: Trainer, stop: u64| trainer.run(&mut |p| p.step == stop);
    let bytes = run(whole, 1000).unwrap().weights.bytes().to_vec();
    let out = file("parts");
    for stop in [3, 9] {
        let mut trainer = Trainer::new(config.clone(), None, &out, 1).unwrap();
        if stop > 3 {
            trainer.resume().unwrap();
        }
        assert!(matches!(run(trainer, stop), Err(Error::Interrupted)));
    }
    let mut trainer = Trainer::new(config.clone(), None, &out, 1).unwrap();
    trainer.resume().unwrap();
    assert_eq!(run(trainer, 1000).unwrap().weights.bytes(), bytes);
    for out in [file("once"), out] {
        Trainer::new(config.clone(), None, &out, 1)
            .unwrap()
            .clear()
            .unwrap();
    }
}
