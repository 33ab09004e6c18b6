#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};

use super::*;

fn small() -> WeightsConfig {
    let mut chart = ChartConfig::tcn(16, 8);
    chart.layers.truncate(1);
    chart.layers[0].convolutions[0].width = 4;
    let text = TextConfig {
        buckets: 16,
        width: 8,
        ..TextConfig::new(8)
    };
    let mut config = WeightsConfig::clip(chart, text, 0.1);
    config.training = json!({"seed": 7, "source": "made up"});
    config
}

type File = (Value, Vec<(String, Dtype, Vec<usize>, Vec<u8>)>);

fn take_apart(bytes: &[u8]) -> File {
    let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
    let header = metadata
        .metadata()
        .as_ref()
        .unwrap()
        .get("rhymedb")
        .unwrap();
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let mut parts: Vec<_> = tensors
        .iter()
        .map(|(name, v)| {
            (
                name.to_owned(),
                v.dtype(),
                v.shape().to_vec(),
                v.data().to_vec(),
            )
        })
        .collect();
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    (serde_json::from_str(header).unwrap(), parts)
}

fn put_together((header, parts): &File) -> Vec<u8> {
    let views = parts.iter().map(|(name, dtype, shape, data)| {
        (
            name.as_str(),
            TensorView::new(*dtype, shape.clone(), data).unwrap(),
        )
    });
    let metadata = [("rhymedb".to_owned(), header.to_string())];
    safetensors::serialize(views, Some(metadata.into_iter().collect())).unwrap()
}

#[test]
fn weights_come_back() {
    let weights = Weights::random(&small(), 5).unwrap();
    let again = Weights::from_bytes(weights.bytes()).unwrap();
    assert_eq!(again.hash(), weights.hash());
    assert_eq!(again.config(), &small());
    let other = Weights::random(&small(), 6).unwrap();
    assert_ne!(other.hash(), weights.hash());
    let same = Weights::random(&small(), 5).unwrap();
    assert_eq!(
        same.bytes(),
        weights.bytes(),
        "the same seed gives the same bytes"
    );
    let rewritten = put_together(&take_apart(weights.bytes()));
    assert!(
        Weights::from_bytes(rewritten).is_ok(),
        "the tests' tools are sound"
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), weights.bytes()).unwrap();
    assert_eq!(Weights::read(file.path()).unwrap().hash(), weights.hash());
    let missing = Weights::read(file.path().join("none")).unwrap_err();
    assert!(matches!(missing, Error::Io { .. }), "{missing}");
}

#[test]
fn every_truncation_is_refused() {
    let weights = Weights::random(&small(), 5).unwrap();
    let bytes = weights.bytes();
    for len in 0..bytes.len() {
        assert!(Weights::from_bytes(&bytes[..len]).is_err(), "{len} bytes");
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert!(Weights::from_bytes(longer).is_err());
}

type ChangeFile = fn(&mut File);
type ChangeHeader = fn(&mut Value);

#[test]
fn wrong_tensors_are_named() {
    let bytes = Weights::random(&small(), 5).unwrap();
    let changes: [(&str, ChangeFile); 7] = [
        ("attention.weight", |f| {
            f.1.retain(|t| t.0 != "chart.attention.weight")
        }),
        ("surplus", |f| {
            f.1.push(("surplus".to_owned(), Dtype::F32, vec![1], vec![0; 4]));
        }),
        ("head.0.weight", |f| {
            let tensor =
                f.1.iter_mut()
                    .find(|t| t.0 == "chart.head.0.weight")
                    .unwrap();
            tensor.2.reverse();
        }),
        ("finite numbers in the tensor text.linear.bias", |f| {
            let tensor = f.1.iter_mut().find(|t| t.0 == "text.linear.bias").unwrap();
            tensor.3[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        ("text.table to be I8", |f| {
            let tensor = f.1.iter_mut().find(|t| t.0 == "text.table").unwrap();
            tensor.1 = Dtype::U8;
        }),
        ("one dimension", |f| f.0["text"]["dim"] = json!(9)),
        ("layers.0.0.weight", |f| {
            f.0["chart"]["layers"][0]["convolutions"][0]["kernel"] = json!(4);
        }),
    ];
    for (expected, change) in changes {
        let mut file = take_apart(bytes.bytes());
        change(&mut file);
        let error = Weights::from_bytes(put_together(&file))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn wrong_headers_are_explained() {
    let bytes = Weights::random(&small(), 5).unwrap();
    let changes: [(&str, ChangeHeader); 12] = [
        ("format 2; use a newer program", |h| h["format"] = json!(2)),
        ("cannot be read", |h| h["format"] = json!("1")),
        ("cannot be read", |h| h["surprise"] = json!(1)),
        ("found \"convnext/1\"", |h| {
            h["architecture"] = json!("convnext/1")
        }),
        ("parts of that architecture", |h| {
            h["architecture"] = json!("text/1")
        }),
        (
            "parts of that architecture, found text and temperature",
            |h| h["chart"] = Value::Null,
        ),
        ("temperature above 0", |h| h["temperature"] = json!(-1.0)),
        ("wrong in window", |h| h["chart"]["window"] = json!(1)),
        ("wrong in layers[0]", |h| {
            h["chart"]["layers"][0]["convolutions"] = json!([])
        }),
        ("receptive field within", |h| {
            h["chart"]["layers"][0]["convolutions"][0]["dilation"] = json!(16_000);
        }),
        ("does not read the whole window", |h| {
            h["chart"]["pools"] = json!(["last"])
        }),
        ("half-life", |h| {
            h["chart"]["input"]["channels"]["volatility"]["half_life"] = json!(0.1);
        }),
    ];
    for (expected, change) in changes {
        let mut file = take_apart(bytes.bytes());
        change(&mut file.0);
        let error = Weights::from_bytes(put_together(&file))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let plain = safetensors::serialize(Vec::<(String, TensorView<'_>)>::new(), None).unwrap();
    let error = Weights::from_bytes(plain).unwrap_err().to_string();
    assert!(error.contains("__metadata__"), "{error}");
}

#[test]
fn the_path_stays_scale_free() {
    for (part, change) in [
        (
            "bias",
            (|c| c.layers[0].bias = true) as fn(&mut ChartConfig),
        ),
        ("GELU", |c| c.layers[0].activation = Activation::Gelu),
    ] {
        let mut chart = ChartConfig::tcn_path(64, 8);
        change(&mut chart);
        let error = chart.check().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn values_of_a_trainer_are_checked() {
    let text = WeightsConfig::text(TextConfig {
        buckets: 4,
        width: 4,
        ..TextConfig::new(4)
    });
    for (bad, expected) in [
        (f32::NAN, "finite"),
        (0.5, "whole number"),
        (128.0, "whole number"),
    ] {
        let values = |name: &str, shape: &[usize]| {
            let fill = if name == "table" { bad } else { 1.0 };
            Ok(vec![fill; shape.iter().product()])
        };
        let error = Weights::from_values(&text, values).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let error = Weights::from_values(&text, |_, _| Ok(vec![1.0])).unwrap_err();
    assert!(error.to_string().contains("table"), "{error}");
}

#[test]
fn the_sources_networks_have_their_sizes() {
    let count = |chart: ChartConfig| -> usize {
        let tensors = chart.tensors("");
        tensors
            .iter()
            .map(|t| t.shape.iter().product::<usize>())
            .sum()
    };
    let cnn = ChartConfig::cnn();
    assert_eq!(cnn.spec("cnn/1", 0).receptive_field, 23);
    assert_eq!((cnn.window, cnn.dim), (128, 32));
    let tcn = ChartConfig::tcn(128, 64);
    assert_eq!(tcn.spec("tcn/1", 0).receptive_field, 63);
    assert!((80_000..90_000).contains(&count(tcn)));
}

proptest! {
    #[test]
    fn flipped_bytes_are_refused_or_give_other_weights(at in 0_usize..4000, bit in 0_u8..8) {
        let weights = Weights::random(&small(), 5).unwrap();
        let mut bytes = weights.bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Weights::from_bytes(bytes) {
            prop_assert_ne!(other.hash(), weights.hash());
        }
    }
}
