#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::encode::{ChartConfig, Weights, WeightsConfig};

fn config() -> TextConfig {
    TextConfig {
        buckets: 512,
        width: 24,
        names: BTreeSet::from(["apple".to_owned(), "tesla".to_owned()]),
        ..TextConfig::new(16)
    }
}

/// The encoding once more, in f64.
fn plain(config: &TextConfig, tensors: &dyn Fn(&str) -> Vec<f64>, text: &str) -> Vec<f64> {
    let features = text_features(text, &config.names, config.buckets);
    let width = config.width as usize;
    let (table, scale) = (tensors("table"), tensors("scale"));
    let mut sum = vec![0.0; width];
    for rows in [&features.words, &features.pairs, &features.pieces] {
        for &row in rows {
            let row = row as usize;
            for (j, sum) in sum.iter_mut().enumerate() {
                let scale = if scale.len() == 1 {
                    scale[0]
                } else {
                    scale[row]
                };
                *sum += table[row * width + j] * scale / rows.len() as f64;
            }
        }
    }
    let n = width as f64;
    let mean = sum.iter().sum::<f64>() / n;
    let variance = sum.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let (weight, bias) = (tensors("norm.weight"), tensors("norm.bias"));
    for (j, x) in sum.iter_mut().enumerate() {
        *x = (*x - mean) / (variance + 1e-5).sqrt() * weight[j] + bias[j];
    }
    let (weight, bias) = (tensors("linear.weight"), tensors("linear.bias"));
    let rows = weight.chunks_exact(width).zip(&bias);
    let out: Vec<f64> = rows
        .map(|(row, b)| b + row.iter().zip(&sum).map(|(w, x)| w * x).sum::<f64>())
        .collect();
    let norm = out.iter().map(|x| x * x).sum::<f64>().sqrt();
    out.iter().map(|x| x / norm).collect()
}

#[test]
fn the_encoder_equals_its_plain_definition() {
    for one_scale in [false, true] {
        let config = config();
        let numbers = |name: &str, count: usize| -> Vec<f64> {
            let wave = |i: usize| (i as f64 * 0.7 + name.len() as f64).sin();
            let whole = |x: f64| (127.0 * x).round();
            match name {
                "table" => (0..count).map(|i| whole(wave(i))).collect(),
                "scale" if one_scale => vec![0.01],
                "scale" => (0..count)
                    .map(|i| f64::from((0.02 + 0.01 * wave(i)) as f32))
                    .collect(),
                _ => (0..count).map(|i| f64::from(wave(i) as f32)).collect(),
            }
        };
        let mut sizes = std::collections::HashMap::new();
        let weights = Weights::from_values(&WeightsConfig::text(config.clone()), |name, shape| {
            let count = shape.iter().product();
            sizes.insert(name.to_owned(), count);
            Ok(numbers(name, count).iter().map(|&x| x as f32).collect())
        });
        let encoder = weights.unwrap().text_encoder().unwrap();
        let tensors = |name: &str| numbers(name, sizes[name]);
        for text in ["Apple and Tesla rise 3%", "UPDATE 1-Биткоин falls", "x"] {
            let vector = encoder.encode_text(text).unwrap().unwrap();
            for (x, expected) in vector.iter().zip(plain(&config, &tensors, text)) {
                assert!(
                    (f64::from(*x) - expected).abs() < 1e-5,
                    "{text}: {x} {expected}"
                );
            }
        }
    }
}

#[test]
fn names_say_nothing_and_words_do() {
    let weights = Weights::random(&WeightsConfig::text(config()), 4).unwrap();
    let encoder = weights.text_encoder().unwrap();
    let encode = |text: &str| encoder.encode_text(text).unwrap();
    assert_eq!(encode("Apple shares fall"), encode("tesla shares fall"));
    assert_eq!(
        encode("BRIEF-Apple shares fall"),
        encode("Apple shares fall")
    );
    assert_ne!(encode("Apple shares fall"), encode("Apple shares rise"));
    // Order is in the pairs.
    assert_ne!(encode("gold up oil down"), encode("oil up gold down"));
    for empty in ["", " \t\n", "…—!?", "\u{200b}"] {
        assert_eq!(encode(empty), None, "{empty:?}");
    }
}

#[test]
fn rows_are_those_of_single_texts() {
    let weights = Weights::random(&WeightsConfig::text(config()), 4).unwrap();
    let encoder = weights.text_encoder().unwrap();
    let texts = ["one", "", "two 2"];
    let rows = encoder.encode_texts(&texts).unwrap();
    for (i, text) in texts.iter().enumerate() {
        let alone = encoder.encode_text(text).unwrap();
        assert_eq!(rows.row(i), alone.as_deref());
    }
}

#[test]
fn clip_weights_hold_both_encoders_in_one_space() {
    let config = WeightsConfig::clip(ChartConfig::cnn(), TextConfig::new(32), 0.07);
    let weights = Weights::random(&config, 2).unwrap();
    let (chart, text) = (
        weights.chart_encoder().unwrap(),
        weights.text_encoder().unwrap(),
    );
    assert_eq!(chart.spec().dim, text.spec().dim);
    assert_eq!(chart.spec().id, "clip/1");
    assert_eq!(chart.spec().weights_hash, text.spec().weights_hash);
    assert_eq!(weights.config().temperature, Some(0.07));
}

proptest! {
    #[test]
    fn any_text_is_encoded(text in "\\PC*") {
        let weights = Weights::random(&WeightsConfig::text(config()), 4).unwrap();
        let encoder = weights.text_encoder().unwrap();
        if let Some(vector) = encoder.encode_text(&text).unwrap() {
            let squared: f32 = vector.iter().map(|x| x * x).sum();
            prop_assert!((squared - 1.0).abs() < 1e-5);
        } else {
            prop_assert!(!text.chars().any(char::is_alphanumeric), "{:?}", text);
        }
    }

    #[test]
    fn numbers_and_prefixes_never_panic(text in "(UPDATE 2|BRIEF)?[-: ]?[0-9.,%a-cpt' ]{0,30}") {
        let features = text_features(&text, &BTreeSet::new(), 64);
        let all = features.words.iter().chain(&features.pairs).chain(&features.pieces);
        prop_assert!(all.clone().all(|&b| b < 64));
    }
}
