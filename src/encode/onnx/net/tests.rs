#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use prost::Message;
use serde_json::{Value, json};
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{ModelProto, NodeProto, TensorProto, tensor_shape_proto::dimension};

use super::super::graph::OPERATORS;
use super::*;
use crate::encode::{Weights, check_chart_encoder};
use crate::model::Timestamp;

const TCN: &[u8] = include_bytes!("../../../../fixtures/onnx/tcn.onnx");
const CONVNEXT: &[u8] = include_bytes!("../../../../fixtures/onnx/convnext.onnx");
const EXPECTED: &str = include_str!("../../../../fixtures/onnx/expected.json");

fn config() -> OnnxConfig {
    let memory = json!({ "bars": 32, "half_life": 8, "lag": 1 });
    serde_json::from_value(json!({
        "window": 48,
        "dim": 16,
        "causal": true,
        "channels": ["return", "range", "volume"],
        "normaliser": { "volatility": memory, "level": memory },
        "trained": [{ "market": "crypto", "interval": "1h", "symbols": ["A"], "until": "2020-01-01" }],
    }))
    .unwrap()
}

/// The inputs of `fixtures/onnx/make.py`.
fn input(b: usize, channels: usize, window: usize) -> Vec<f32> {
    let at = |c: usize, t: usize| {
        (0.37 * b as f64 + 1.3 * c as f64 + 0.11 * (t * (c + 1)) as f64).sin() as f32
    };
    let of = |c: usize| (0..window).map(move |t| at(c, t));
    (0..channels).flat_map(of).collect()
}

/// Whether a network gives what onnxruntime gave.
fn check_given(name: &str, given: &[f32], expected: &Value) {
    let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
    assert_eq!(given.len(), expected.len(), "{name}");
    for (a, b) in given.iter().zip(expected) {
        assert!((f64::from(*a) - b).abs() <= 1e-4, "{name}: {a} and {b}");
    }
}

#[test]
fn networks_give_what_onnxruntime_gives() {
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    for (name, file) in [("tcn", TCN), ("convnext", CONVNEXT)] {
        let plan = Plan::new(file, &config()).unwrap();
        let mut session = plan.session().unwrap();
        let rows = expected[name].as_array().unwrap();
        assert_eq!(rows.len(), 4);
        for (b, row) in rows.iter().enumerate() {
            check_given(name, &session.run(&input(b, 3, 48)).unwrap(), row);
        }
    }
}

#[test]
fn every_operator_gives_what_onnxruntime_gives() {
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    let expected = expected["operators"].as_object().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/onnx/operators");
    let mut wrong = Vec::new();
    for (name, row) in expected {
        let config = OnnxConfig {
            window: 6,
            dim: row.as_array().unwrap().len() as u32,
            channels: config().channels[..2].to_vec(),
            ..config()
        };
        let file = std::fs::read(folder.join(format!("{name}.onnx"))).unwrap();
        match Plan::new(&file, &config) {
            Ok(plan) => {
                let given = plan.session().unwrap().run(&input(0, 2, 6)).unwrap();
                check_given(name, &given, row);
            }
            Err(e) => wrong.push(format!("{name}: {e}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for operator in OPERATORS {
        let tried = |name: &String| name.split('_').next() == Some(operator);
        assert!(expected.keys().any(tried), "{operator} was not tried");
    }
}

#[test]
fn networks_conform() {
    for file in [TCN, CONVNEXT] {
        let weights = Weights::from_onnx(file, &config()).unwrap();
        let encoder = weights.chart_encoder().unwrap();
        check_chart_encoder(encoder.as_ref(), 1).unwrap();
        let spec = encoder.spec();
        assert_eq!(
            (spec.id.as_str(), spec.dim, spec.window, spec.warm_up),
            ("onnx/1", 16, 48, 33)
        );
        assert_eq!(spec.weights_hash, weights.hash());
    }
}

#[test]
fn a_declared_file_is_an_onnx_file_that_declares_itself() {
    let weights = Weights::from_onnx(TCN, &config()).unwrap();
    let model = ModelProto::decode(weights.bytes()).unwrap();
    assert_eq!(model.metadata_props[0].key, "rhymedb");
    assert_eq!(model.graph, ModelProto::decode(TCN).unwrap().graph);
    let again = Weights::from_bytes(weights.bytes()).unwrap();
    assert_eq!(
        (again.hash(), again.config()),
        (weights.hash(), weights.config())
    );
    assert_eq!(
        Weights::from_onnx(weights.bytes(), &config())
            .unwrap()
            .hash(),
        weights.hash()
    );
    let key = |text: &str| text.parse().unwrap();
    let until = Some("2020-01-01".parse::<Timestamp>().unwrap());
    assert_eq!(weights.trained().until(&key("crypto/x/A:1h")), until);
    assert_eq!(weights.trained().until(&key("crypto/x/B:1h")), None);
    let other = OnnxConfig {
        trained: Vec::new(),
        ..config()
    };
    let refused = Weights::from_onnx(weights.bytes(), &other)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("one declaration"), "{refused}");
    assert!(weights.text_encoder().is_err());
}

#[test]
fn what_is_not_declared_is_asked_for() {
    let refused = Weights::from_bytes(TCN).unwrap_err().to_string();
    let lines = [
        "window = 64",
        "dim = 32",
        "causal = true",
        r#"channels = ["return", "range", "volume"]"#,
        "normaliser = { volatility = { bars = 64, half_life = 16, lag = 1 }, level = { bars = 64, half_life = 16, lag = 1 } }",
        r#"trained = [{ market = "crypto", interval = "1h", until = "2022-05-01" }]"#,
    ];
    for line in lines {
        assert!(refused.contains(&format!("`{line}`")), "{refused}");
    }
    // What the message says is taken.
    OnnxConfig::of_toml(&lines.join("\n")).unwrap();
    for (i, line) in lines.iter().enumerate() {
        let mut others = lines.to_vec();
        others.remove(i);
        let name = line.split(' ').next().unwrap();
        let refused = OnnxConfig::of_toml(&others.join("\n"))
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains(&format!("missing field `{name}`")),
            "{refused}"
        );
    }
    let text = lines.join("\n");
    for (from, to, message) in [
        ("window = 64", "window = 1", "a window of 2 to"),
        ("dim = 32", "dim = 0", "a dim of 1 to"),
        ("causal = true", "causal = false", "looks ahead"),
        ("\"range\"", "\"close\"", "unknown variant `close`"),
        (
            "[\"return\", \"range\", \"volume\"]",
            "[]",
            "1 to 64 channels",
        ),
        (
            "half_life = 16",
            "half_life = 1",
            "a half-life of at least 4",
        ),
        ("until", "untli", "what weights were trained on"),
        ("window", "windows", "unknown field `windows`"),
    ] {
        let refused = OnnxConfig::of_toml(&text.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(refused.contains(message), "{refused}");
    }
}

/// The TCN after a change.
fn changed(change: impl FnOnce(&mut ModelProto)) -> Result<Weights> {
    let mut model = ModelProto::decode(TCN).unwrap();
    change(&mut model);
    Weights::from_onnx(&model.encode_to_vec(), &config())
}

#[track_caller]
fn refuses(message: &str, change: impl FnOnce(&mut ModelProto)) {
    let refused = changed(change).unwrap_err().to_string();
    assert!(refused.contains(message), "{refused}");
    assert!(refused.len() < 700, "{refused}");
}

fn node<'a>(model: &'a mut ModelProto, op: &str) -> &'a mut NodeProto {
    let nodes = &mut model.graph.as_mut().unwrap().node;
    nodes.iter_mut().find(|n| n.op_type == op).unwrap()
}

fn tensor(model: &mut ModelProto) -> &mut TensorProto {
    &mut model.graph.as_mut().unwrap().initializer[0]
}

fn attribute<'a>(model: &'a mut ModelProto, op: &str, name: &str) -> &'a mut Vec<i64> {
    let attributes = &mut node(model, op).attribute;
    &mut attributes.iter_mut().find(|a| a.name == name).unwrap().ints
}

#[test]
fn operators_and_tensors_that_cannot_be_run_are_named() {
    changed(|_| ()).unwrap();
    refuses("the operator \"LSTM\"", |m| {
        node(m, "Relu").op_type = "LSTM".to_owned()
    });
    refuses("the operator \"Relu\"", |m| {
        node(m, "Relu").domain = "com.microsoft".to_owned()
    });
    refuses("version 7", |m| m.opset_import[0].version = 7);
    refuses("it has no graph", |m| m.graph = None);
    refuses("it has 0 operators", |m| {
        m.graph.as_mut().unwrap().node.clear()
    });
    refuses("reads \"nowhere\"", |m| {
        node(m, "Erf").input[0] = "nowhere".to_owned()
    });
    refuses("is given twice", |m| {
        node(m, "Erf").output[0] = "n0".to_owned()
    });
    refuses("which nothing before it gives", |m| {
        m.graph.as_mut().unwrap().node.reverse()
    });
    refuses("it gives 2 tensors", |m| {
        let output = m.graph.as_ref().unwrap().output[0].clone();
        m.graph.as_mut().unwrap().output.push(output);
    });
    refuses("no operator gives its output", |m| {
        m.graph.as_mut().unwrap().output[0].name = "x".to_owned();
    });
    refuses("it has 2 inputs", |m| {
        let mut input = m.graph.as_ref().unwrap().input[0].clone();
        input.name = "y".to_owned();
        m.graph.as_mut().unwrap().input.push(input);
    });
    refuses("does not hold the", |m| tensor(m).raw_data.truncate(7));
    refuses("does not hold the", |m| tensor(m).dims[0] += 1);
    refuses("a shape of more than", |m| tensor(m).dims[0] = 1 << 40);
    refuses("a shape of more than", |m| {
        tensor(m).dims = vec![i64::MAX; 3]
    });
    refuses("a shape of more than", |m| tensor(m).dims[0] = -1);
    refuses("not finite", |m| {
        tensor(m).raw_data[..4].copy_from_slice(&f32::NAN.to_le_bytes())
    });
    refuses("external_data=False", |m| {
        tensor(m).data_location = Some(DataLocation::External as i32);
    });
    refuses("32-bit floats", |m| {
        tensor(m).data_type = DataType::Float16 as i32
    });
    refuses("strides of 0", |m| attribute(m, "Conv", "strides")[0] = 0);
    refuses("pads of -1", |m| attribute(m, "Conv", "pads")[0] = -1);
    refuses("dilations of 20000", |m| {
        attribute(m, "Conv", "dilations")[0] = 20_000
    });
    refuses("does not fit its input", |m| {
        attribute(m, "Conv", "kernel_shape")[0] = 5
    });
    refuses("does not fit its input", |m| {
        attribute(m, "Conv", "strides").push(1)
    });
}

#[test]
fn shapes_that_differ_from_what_is_declared_are_named() {
    let dims = |m: &mut ModelProto, change: fn(&mut [Option<dimension::Value>; 3])| {
        let input = &mut m.graph.as_mut().unwrap().input[0];
        let kind = input.r#type.as_mut().unwrap().value.as_mut().unwrap();
        let tract_onnx::pb::type_proto::Value::TensorType(tensor) = kind;
        let dims = &mut tensor.shape.as_mut().unwrap().dim;
        let mut values = [0, 1, 2].map(|i| dims[i].value.clone());
        change(&mut values);
        for (dim, value) in dims.iter_mut().zip(values) {
            dim.value = value;
        }
    };
    refuses("its input has the shape (any, 5, 48)", |m| {
        dims(m, |d| d[1] = Some(dimension::Value::DimValue(5)));
    });
    refuses("its input has the shape (any, 3, 64)", |m| {
        dims(m, |d| d[2] = Some(dimension::Value::DimValue(64)));
    });
    refuses("its input has the shape (32, 3, 48)", |m| {
        dims(m, |d| d[0] = Some(dimension::Value::DimValue(32)));
    });
    changed(|m| dims(m, |d| d[0] = Some(dimension::Value::DimValue(1)))).unwrap();
    // A window of any length is one of this length.
    changed(|m| dims(m, |d| d[2] = None)).unwrap();
    let other = OnnxConfig { dim: 8, ..config() };
    let refused = Weights::from_onnx(TCN, &other).unwrap_err().to_string();
    assert!(
        refused.contains("its output has the shape [1, 16]"),
        "{refused}"
    );
    let other = OnnxConfig {
        window: 64,
        ..config()
    };
    let refused = Weights::from_onnx(TCN, &other).unwrap_err().to_string();
    assert!(refused.contains("(any, 3, 48)"), "{refused}");
}

/// A tensor of zeros.
fn zeros(name: &str, dims: &[i64]) -> TensorProto {
    let count: i64 = dims.iter().product();
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        raw_data: vec![0; 4 * count as usize],
        ..TensorProto::default()
    }
}

fn operator(op: &str, input: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: op.to_owned(),
        input: input.iter().map(|&i| i.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn numbers(name: &str, numbers: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: vec![numbers.len() as i64],
        data_type: DataType::Int64 as i32,
        int64_data: numbers.to_vec(),
        ..TensorProto::default()
    }
}

#[test]
fn small_files_that_unfold_beyond_any_memory_are_refused() {
    let with = |tensors: Vec<TensorProto>, nodes: Vec<NodeProto>| {
        move |m: &mut ModelProto| {
            let graph = m.graph.as_mut().unwrap();
            graph.initializer.extend(tensors);
            graph.node.splice(0..0, nodes);
        }
    };
    let long = 1 << 18;
    let column = [zeros("column", &[long, 1]), zeros("row", &[1, long])].to_vec();
    refuses(
        "for one window it computes",
        with(
            column.clone(),
            vec![operator("Add", &["column", "row"], "wide")],
        ),
    );
    refuses(
        "for one window it computes",
        with(column, vec![operator("MatMul", &["column", "row"], "wide")]),
    );
    let doubled = (0..40).map(|i| {
        let (from, to) = (format!("d{i}"), format!("d{}", i + 1));
        let mut concat = operator("Concat", &[&from, &from], &to);
        concat.attribute.push(tract_onnx::pb::AttributeProto {
            name: "axis".to_owned(),
            r#type: 2,
            i: 0,
            ..Default::default()
        });
        concat
    });
    refuses(
        "for one window it computes",
        with(vec![zeros("d0", &[8])], doubled.collect()),
    );
    let huge = || vec![numbers("shape", &[1 << 30, 1 << 10]), zeros("one", &[1])];
    refuses(
        "for one window it computes",
        with(huge(), vec![operator("Expand", &["one", "shape"], "wide")]),
    );
    refuses(
        "for one window it computes",
        with(
            huge(),
            vec![operator("ConstantOfShape", &["shape"], "wide")],
        ),
    );
}

#[test]
fn damaged_files_are_refused_or_run() {
    let whole = Weights::from_onnx(TCN, &config()).unwrap().bytes().to_vec();
    for cut in (0..whole.len()).step_by(331) {
        assert!(Weights::from_bytes(&whole[..cut]).is_err(), "{cut}");
    }
    // Three bits a byte in the graph's structure, which stands before the numbers, and some in these.
    let structure = 0..4_000.min(whole.len());
    let numbers = (4_000..whole.len()).step_by(509);
    for (i, at) in structure.step_by(7).chain(numbers).enumerate() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (i % 8);
        match Weights::from_bytes(damaged) {
            Ok(weights) => assert!(weights.chart_encoder().is_ok()),
            Err(Error::Invalid(message)) => assert!(message.len() < 2_000, "{message}"),
            Err(other) => panic!("{other}"),
        }
    }
}
