//! Learning from a teacher.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use common::{TEXTS, backbones, config, model};
use rhyme_train::checkpoint::path_of;
use rhyme_train::config::Config;
use rhyme_train::distil::{Distillation, add_head};
use rhyme_train::teacher::{Teacher, training_texts};
use rhyme_train::train::{Trained, Trainer};
use rhymedb::Error;
use serde_json::json;

const LESSONS: &str = r#"
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
    [text.teacher]
    epochs = 30
    batch = 8
    [objective]
    kind = "info_nce"
    [[data]]
    kind = "synthetic"
    market = "crypto"
    crypto_symbols = 4
    crypto_bars = 5000
    seeds = [3, 4]
    others = 8
    [data.split]
    validation_from = "2015-05-01"
    [training]
    batch = 16
    epochs = 2
    rate = 3e-3
    warm_up = 5
"#;

/// A teacher to whom falls and rises are opposites, and all else is the same.
fn teacher() -> Teacher {
    let mut texts = Vec::new();
    let mut vectors = Vec::new();
    for subject in ["Shares", "Prices", "Stocks", "Coins", "Markets", "Bonds"] {
        for (verbs, x) in [
            (["fall", "drop", "sink"], -1.0),
            (["rise", "gain", "climb"], 1.0),
        ] {
            for verb in verbs {
                texts.push(format!("{subject} {verb}"));
                vectors.extend([x, 0.1, 0.0]);
            }
        }
    }
    Teacher::new(texts, vectors, json!({"model": "by hand"})).unwrap()
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("rhyme-train-{}-{name}", std::process::id()))
}

fn trainer(config: &Config, out: &std::path::Path) -> Trainer {
    let mut trainer = Trainer::new(config.clone(), None, out, 1).unwrap();
    trainer.teach(teacher()).unwrap();
    trainer
}

fn cosine(trained: &Trained, a: &str, b: &str) -> f32 {
    let texts = trained.weights.text_encoder().unwrap();
    let [a, b] = [a, b].map(|text| texts.encode_text(text).unwrap().unwrap());
    a.iter().zip(&b).map(|(x, y)| x * y).sum()
}

#[test]
fn words_that_stand_beside_no_chart_mean_what_the_teacher_says() {
    let config = Config::parse(LESSONS).unwrap();
    let trained = trainer(&config, &file("taught"))
        .run(&mut |_| false)
        .unwrap();
    let near = cosine(&trained, "Stocks drop", "Coins sink");
    let far = cosine(&trained, "Stocks drop", "Coins climb");
    assert!(near > far + 0.2, "{near} and {far}");
    let record = &trained.weights.config().training["teacher"];
    assert_eq!(record["record"]["model"], "by hand");
}

#[test]
fn a_run_interrupted_in_a_lesson_goes_on_to_the_same_bytes() {
    let config = Config::parse(LESSONS).unwrap();
    let whole = trainer(&config, &file("whole"))
        .run(&mut |_| false)
        .unwrap();
    let out = file("parts");
    let mut result = None;
    for (lessons, stop) in [(true, 50), (true, 51), (false, 5), (false, 1000)] {
        let mut trainer = trainer(&config, &out);
        if path_of(&out).exists() {
            trainer.resume().unwrap();
        }
        match trainer.run(&mut |p| p.lessons == lessons && p.step == stop) {
            Err(Error::Interrupted) => assert!(path_of(&out).exists()),
            done => result = Some(done.unwrap()),
        }
    }
    trainer(&config, &out).clear().unwrap();
    assert_eq!(result.unwrap().weights.bytes(), whole.weights.bytes());
    trainer(&config, &file("whole")).clear().unwrap();
    trainer(&config, &file("taught")).clear().unwrap();
}

#[test]
fn a_teacher_is_there_where_and_only_where_the_config_asks_for_one() {
    let config = Config::parse(LESSONS).unwrap();
    let mut alone = Trainer::new(config.clone(), None, &file("alone"), 1).unwrap();
    let error = alone.run(&mut |_| false).err().unwrap().to_string();
    assert!(error.contains("--teacher"), "{error}");
    let mut without = config;
    without.text.as_mut().unwrap().teacher = None;
    let mut alone = Trainer::new(without, None, &file("alone"), 1).unwrap();
    let error = alone.teach(teacher()).err().unwrap().to_string();
    assert!(error.contains("[text.teacher]"), "{error}");
}

#[test]
fn the_gradient_of_a_lesson_is_that_of_its_loss() {
    let config = config(&backbones()[0], "kind = \"info_nce\"", true);
    let (model, mut params) = model(&config, 5);
    add_head(&mut params, 8, 3, 5);
    let texts = TEXTS.map(str::to_owned).to_vec();
    let vectors = (0..18).map(|i| ((i * 7 % 11) as f32 - 5.0) / 5.0).collect();
    let teacher = Teacher::new(texts, vectors, json!(null)).unwrap();
    let (d, text) = (
        Distillation {
            batch: 6,
            ..Distillation::default()
        },
        config.text.unwrap(),
    );
    let lesson = d.lesson(&teacher, &text, &BTreeSet::new(), 1, 0);
    let (_, gradients) = model.lesson(&params, &lesson).unwrap();
    let mut seen = 0;
    for (i, gradient) in gradients.iter().enumerate() {
        let length = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        if length < 1e-4 {
            continue;
        }
        seen += 1;
        let loss = |by: f32| {
            let mut moved = params.clone();
            let values = moved.list[i].values.iter_mut().zip(gradient);
            values.for_each(|(x, g)| *x += by * g / length);
            model.lesson(&moved, &lesson).unwrap().0
        };
        let by = (1e-3 / length).min(0.01);
        let found = (loss(by) - loss(-by)) / (2.0 * by);
        let name = &params.list[i].name;
        assert!(
            (found - length).abs() < 0.02 * length,
            "{name}: {found} instead of {length}"
        );
    }
    assert!(seen >= 6, "only {seen} tensors have a gradient");
    let chart = params
        .list
        .iter()
        .zip(&gradients)
        .find(|(p, _)| p.name.starts_with("chart."));
    assert!(chart.unwrap().1.is_empty());
}

#[test]
fn charts_without_a_headline_make_the_loss_larger() {
    let parse = |text: &str| Config::parse(text).unwrap();
    let mut losses = Vec::new();
    for text in [
        LESSONS.to_owned(),
        LESSONS.replace("others = 8", "others = 0"),
    ] {
        let mut first = None;
        let done = trainer(&parse(&text), &file("others")).run(&mut |p| {
            first = (!p.lessons).then_some(p.loss);
            first.is_some()
        });
        assert!(matches!(done, Err(Error::Interrupted)));
        losses.push(first.unwrap());
    }
    std::fs::remove_file(path_of(&file("others"))).unwrap();
    assert!(losses[0] > losses[1] + 0.1, "{losses:?}");
}

#[test]
fn texts_for_a_teacher_are_those_of_the_training_part() {
    let config = Config::parse(LESSONS).unwrap();
    let trainer = Trainer::new(config, None, &file("texts"), 1).unwrap();
    let texts = training_texts(trainer.data());
    let each: HashSet<&String> = texts.iter().collect();
    assert_eq!(each.len(), texts.len());
    let validation: HashSet<String> = trainer
        .data()
        .parts
        .validation
        .iter()
        .map(|&i| {
            trainer.data().texts[trainer.data().samples[i].text.unwrap()]
                .text
                .clone()
        })
        .collect();
    let kept = texts.iter().filter(|t| validation.contains(*t)).count();
    assert!(
        texts.len() > 20 && kept * 5 < texts.len(),
        "{kept} of {}",
        texts.len()
    );
}
