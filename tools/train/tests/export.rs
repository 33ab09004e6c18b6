//! What is trained and what the library runs are the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{TEXTS, backbones, bags, config, model, stacks};
use rhyme_train::backbone::Backbone;
use rhyme_train::config::Config;
use rhyme_train::export::{round_table, weights};
use rhyme_train::net::RECORD;
use rhyme_train::step::Windows;
use rhymedb::encode::{Weights, check_chart_encoder};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use serde_json::json;

fn near(name: &str, ours: &[f32], library: &[f32]) {
    assert_eq!(ours.len(), library.len(), "{name}");
    for (x, y) in ours.iter().zip(library) {
        assert!((x - y).abs() < 1e-4, "{name}: {x} and {y}");
    }
}

/// What training and library make of the same bars.
fn compare(backbone: &Backbone, config: &Config) -> Weights {
    let market = SyntheticMarket::new(SyntheticConfig::small(3)).unwrap();
    let bars = market.series().remove(1).bars;
    let (model, mut params) = model(config, 9);
    round_table(&mut params);
    let file = weights(
        config,
        &params,
        &Default::default(),
        0.2,
        json!({"seed": 9}),
    )
    .unwrap();
    let encoder = file.chart_encoder().unwrap();
    let chart = config.backbone.reading();
    let input = chart.input_steps(&bars).unwrap();
    let steps = chart.window_steps();
    let ends = [200, 201, 640, 1999];
    let mut windows = Windows {
        steps,
        width: input.width,
        values: Vec::new(),
    };
    for end in ends {
        let last = end + 1 - input.lead;
        let values = &input.values[(last - steps) * input.width..last * input.width];
        windows.values.extend_from_slice(values);
    }
    let ours = model.embed_windows(&params, &windows).unwrap();
    let library = encoder.encode_series(&bars, &ends).unwrap();
    assert!(library.defined.iter().all(|&d| d));
    near(&format!("{backbone:?}"), &ours, &library.values);
    file
}

#[test]
fn every_backbone_is_run_by_the_library_as_it_was_trained() {
    for backbone in backbones() {
        let file = compare(&backbone, &config(&backbone, "kind = \"info_nce\"", true));
        assert_eq!(file.config().temperature, Some(0.2));
    }
}

#[test]
fn every_stack_is_run_by_the_library_as_it_was_trained() {
    for backbone in stacks() {
        let config = config(&backbone, "kind = \"info_nce\"", false);
        let file = compare(&backbone, &config);
        assert_eq!(file.config().architecture, "onnx/1");
        let record = String::from_utf8_lossy(file.bytes());
        assert!(record.contains(RECORD) && record.contains("{\"seed\":9}"));
        check_chart_encoder(file.chart_encoder().unwrap().as_ref(), 5).unwrap();
    }
}

#[test]
fn texts_are_encoded_as_they_were_trained() {
    let config = config(&backbones()[0], "kind = \"info_nce\"", true);
    let (model, mut params) = model(&config, 9);
    round_table(&mut params);
    let file = weights(&config, &params, &Default::default(), 0.2, json!(null)).unwrap();
    let ours = model.embed_texts(&params, &bags(64)).unwrap();
    let library = file.text_encoder().unwrap().encode_texts(&TEXTS).unwrap();
    near("texts", &ours, &library.values);
}
