//! What is trained and what the library runs are the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{TEXTS, backbones, bags, config, model};
use rhyme_train::export::{round_table, weights};
use rhyme_train::step::Windows;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use serde_json::json;

fn near(name: &str, ours: &[f32], library: &[f32]) {
    assert_eq!(ours.len(), library.len(), "{name}");
    for (x, y) in ours.iter().zip(library) {
        assert!((x - y).abs() < 1e-4, "{name}: {x} and {y}");
    }
}

#[test]
fn every_backbone_is_run_by_the_library_as_it_was_trained() {
    let market = SyntheticMarket::new(SyntheticConfig::small(3)).unwrap();
    let bars = market.series().remove(1).bars;
    for backbone in backbones() {
        let config = config(&backbone, "kind = \"info_nce\"", true);
        let (model, mut params) = model(&config, 9);
        round_table(&mut params);
        let file = weights(&config, &params, &Default::default(), 0.2, json!(null)).unwrap();
        let encoder = file.chart_encoder().unwrap();
        let chart = config.backbone.chart();
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
        assert_eq!(file.config().temperature, Some(0.2));
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
