#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use serde_json::{Value, json};

use crate::encode::{Pooling, TowerConfig, Weights};

const TOWER: &[u8] = include_bytes!("../../../../fixtures/onnx/text/tower.onnx");
const DYNAMO: &[u8] = include_bytes!("../../../../fixtures/onnx/text/dynamo.onnx");
const DEAF: &[u8] = include_bytes!("../../../../fixtures/onnx/text/deaf.onnx");
const TOKENIZER: &[u8] = include_bytes!("../../../../fixtures/onnx/text/tokenizer.json");
const DECLARATION: &str = include_str!("../../../../fixtures/onnx/text/tower.toml");
const EXPECTED: &str = include_str!("../../../../fixtures/onnx/text/expected.json");
const CHART: &[u8] = include_bytes!("../../../../fixtures/onnx/tcn.onnx");

fn config() -> TowerConfig {
    TowerConfig::of_toml(DECLARATION).unwrap()
}

fn expected() -> Value {
    serde_json::from_str(EXPECTED).unwrap()
}

fn texts() -> Vec<String> {
    serde_json::from_value(expected()["texts"].clone()).unwrap()
}

#[test]
fn networks_give_what_onnxruntime_gives() {
    for (name, file) in [("tower", TOWER), ("dynamo", DYNAMO)] {
        let weights = Weights::from_onnx_text(file, TOKENIZER, &config()).unwrap();
        let encoder = weights.text_encoder().unwrap();
        let mut parts = 0;
        for (text, expected) in texts().iter().zip(expected()[name].as_array().unwrap()) {
            let given = encoder.encode_text(text).unwrap();
            let expected: Option<Vec<f64>> = serde_json::from_value(expected.clone()).unwrap();
            assert_eq!(given.is_some(), expected.is_some(), "{name}: {text:?}");
            for (a, b) in given.iter().flatten().zip(expected.iter().flatten()) {
                let apart = (f64::from(*a) - b).abs();
                assert!(apart <= 1e-4, "{name}: {a} and {b} for {text:?}");
            }
            parts += usize::from(text.len() > 300);
        }
        assert!(parts > 0, "one is longer than max_tokens");
    }
}

#[test]
fn the_same_bits_whatever_is_encoded_beside_a_text() {
    let weights = Weights::from_onnx_text(TOWER, TOKENIZER, &config()).unwrap();
    // Another reading of the same bytes, with plans of its own.
    let again = Weights::from_bytes(weights.bytes().to_vec()).unwrap();
    assert_eq!(again.hash(), weights.hash());
    assert_eq!(again.config(), weights.config());
    let (encoder, again) = (
        weights.text_encoder().unwrap(),
        again.text_encoder().unwrap(),
    );
    assert_eq!(encoder.spec(), again.spec());
    let texts = texts();
    let forward: Vec<&str> = texts.iter().map(String::as_str).collect();
    let backward: Vec<&str> = forward.iter().rev().copied().collect();
    let rows = encoder.encode_texts(&forward).unwrap();
    let other = again.encode_texts(&backward).unwrap();
    for (i, text) in forward.iter().enumerate() {
        let alone = encoder.encode_text(text).unwrap();
        assert_eq!(rows.row(i), alone.as_deref(), "{text:?}");
        assert_eq!(
            other.row(forward.len() - 1 - i),
            alone.as_deref(),
            "{text:?}"
        );
    }
}

#[test]
fn what_it_declares_is_read_back() {
    let weights = Weights::from_onnx_text(TOWER, TOKENIZER, &config()).unwrap();
    assert!(weights.config().reads_text());
    assert_eq!(weights.config().tower, Some(config()));
    let latest = weights.trained().latest().unwrap();
    assert_eq!(latest.to_string(), "2015-01-01T00:00:00Z");
    let refused = weights.chart_encoder().map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("an encoder of charts"), "{refused}");
}

#[track_caller]
fn refused(file: &[u8], tokenizer: &[u8], config: &TowerConfig, message: &str) {
    let error = Weights::from_onnx_text(file, tokenizer, config);
    let error = error.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains(message), "{message:?} is not in: {error}");
}

#[test]
fn networks_that_do_not_do_what_they_declare_are_refused() {
    let with = |change: fn(&mut TowerConfig)| {
        let mut config = config();
        change(&mut config);
        config
    };
    let wide = with(|c| c.dim = 32);
    refused(TOWER, TOKENIZER, &wide, "have the shape [1, 64, 32]");
    let pooled = with(|c| c.pooling = Pooling::None);
    refused(TOWER, TOKENIZER, &pooled, "(batch, dim) for none");
    let long = with(|c| c.max_tokens = 96);
    refused(TOWER, TOKENIZER, &long, "found that");
    let short = with(|c| c.max_tokens = 7);
    refused(
        TOWER,
        TOKENIZER,
        &short,
        "a max_tokens of 8 to 512, found 7",
    );
    let ahead = with(|c| c.trained = vec![json!({ "till": "2015" })]);
    refused(TOWER, TOKENIZER, &ahead, "till");
    refused(
        DEAF,
        TOKENIZER,
        &config(),
        "it does not heed attention_mask",
    );
    refused(CHART, TOKENIZER, &config(), "it has the input \"bars\"");
    let cut = &TOWER[..TOWER.len() - 1];
    refused(cut, TOKENIZER, &config(), "expected a whole ONNX file");
    let whole = Weights::from_onnx_text(TOWER, TOKENIZER, &config()).unwrap();
    refused(
        whole.bytes(),
        TOKENIZER,
        &config(),
        "without \"rhymedb.text\"",
    );
}

#[test]
fn tokenizers_that_do_not_serve_are_refused() {
    let refused = |tokenizer: &[u8], message| refused(TOWER, tokenizer, &config(), message);
    refused(b"", "expected a tokenizer.json");
    refused(b"{}", "expected a tokenizer.json");
    refused(
        &TOKENIZER[..TOKENIZER.len() / 2],
        "expected a tokenizer.json",
    );
    refused(b"\xff\xfe", "in UTF-8");
    // A token that the table of the network does not have.
    let text = std::str::from_utf8(TOKENIZER).unwrap();
    for number in ["220", "4000000000"] {
        let larger = text.replacen("\"[PAD]\":0", &format!("\"[PAD]\":0,\"zebra\":{number}"), 1);
        assert_ne!(larger, text);
        refused(larger.as_bytes(), "the largest of its tokenizer");
    }
}

#[test]
fn declarations_say_what_is_missing() {
    let error = |text: &str| TowerConfig::of_toml(text).unwrap_err().to_string();
    assert!(error("dim = 16").contains("missing field `max_tokens`"));
    assert!(error(&format!("{DECLARATION}\nlower = true")).contains("unknown field `lower`"));
    assert!(error(&DECLARATION.replace("mean", "max")).contains("unknown variant `max`"));
    assert!(error(&DECLARATION.replace("= 16", "= 0")).contains("a dim of 1 to 4096, found 0"));
}
