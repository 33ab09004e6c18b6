//! Our own networks over bars as ONNX files, operator by operator, for other programs.

use prost::Message;
use serde_json::Value;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use super::{OnnxConfig, OnnxNormaliser, with_declaration};
use crate::encode::net::Numbers;
use crate::encode::weights::{Activation, ChartConfig, Input, Layer, Pool};
use crate::error::{Error, Result};

/// Of the operators; the first one with layer normalisation.
const OPSET: i64 = 17;
/// Of the file's own format.
const IR: i64 = 8;
/// To the end of an axis.
const END: i64 = i64::MAX;
/// What scores of attention lie within.
const SCORE_LIMIT: f32 = 8.0;

/// Writes a network of a checked config, with what it declares.
///
/// # Errors
/// [`Error::Invalid`] for a network over a path, which no declaration can say.
pub(in crate::encode) fn write(
    chart: &ChartConfig,
    trained: Vec<Value>,
    numbers: &Numbers<'_>,
) -> Result<Vec<u8>> {
    let Input::Channels {
        channels,
        volatility,
        level,
    } = &chart.input
    else {
        return Err(Error::invalid(
            "expected a network over channels, found one over a path, which is scaled inside the network; only channels can be written as ONNX",
        ));
    };
    let config = OnnxConfig {
        window: chart.window,
        dim: chart.dim,
        causal: true,
        channels: channels.clone(),
        normaliser: OnnxNormaliser {
            volatility: *volatility,
            level: *level,
        },
        trained,
    };
    let mut graph = Writer::default();
    let mut steps = "bars".to_owned();
    let mut inputs = channels.len();
    for (i, layer) in chart.layers.iter().enumerate() {
        steps = graph.layer(&steps, layer, inputs, &|j, part| {
            numbers(&format!("layers.{i}.{j}.{part}"))
        })?;
        inputs = layer.width();
    }
    let pooled = graph.pools(&steps, chart, numbers)?;
    let embedding = graph.head(&pooled, chart, numbers)?;
    with_declaration(&graph.file(&embedding, &config).encode_to_vec(), &config)
}

/// The operators so far, each with one output, and their tensors.
#[derive(Default)]
struct Writer {
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: values.to_vec(),
        ..AttributeProto::default()
    }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Int as i32,
        i: value,
        ..AttributeProto::default()
    }
}

fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Float as i32,
        f: value,
        ..AttributeProto::default()
    }
}

/// A tensor of floats with a batch of any size.
fn of_batches(name: &str, dims: &[u32]) -> ValueInfoProto {
    let batch = dimension::Value::DimParam("batch".to_owned());
    let others = dims.iter().map(|&d| dimension::Value::DimValue(d.into()));
    let dim = std::iter::once(batch).chain(others).map(|value| Dimension {
        value: Some(value),
        ..Dimension::default()
    });
    let tensor = type_proto::Tensor {
        elem_type: DataType::Float as i32,
        shape: Some(TensorShapeProto { dim: dim.collect() }),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

impl Writer {
    fn file(self, embedding: &str, config: &OnnxConfig) -> ModelProto {
        let channels = config.channels.len() as u32;
        ModelProto {
            ir_version: IR,
            opset_import: vec![OperatorSetIdProto {
                domain: String::new(),
                version: OPSET,
            }],
            producer_name: "rhymedb".to_owned(),
            graph: Some(GraphProto {
                name: "chart".to_owned(),
                node: self.nodes,
                initializer: self.tensors,
                input: vec![of_batches("bars", &[channels, config.window])],
                output: vec![of_batches(embedding, &[config.dim])],
                ..GraphProto::default()
            }),
            ..ModelProto::default()
        }
    }

    fn op(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let output = format!("n{}", self.nodes.len());
        self.nodes.push(NodeProto {
            name: format!("{op}_{}", self.nodes.len()),
            op_type: op.to_owned(),
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![output.clone()],
            attribute: attributes,
            ..NodeProto::default()
        });
        output
    }

    fn tensor(&mut self, dims: &[usize], kind: DataType, raw_data: Vec<u8>) -> String {
        let name = format!("t{}", self.tensors.len());
        self.tensors.push(TensorProto {
            name: name.clone(),
            dims: dims.iter().map(|&d| d as i64).collect(),
            data_type: kind as i32,
            raw_data,
            ..TensorProto::default()
        });
        name
    }

    fn floats(&mut self, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|x| x.to_le_bytes());
        self.tensor(dims, DataType::Float, bytes.collect())
    }

    fn number(&mut self, value: f32) -> String {
        self.floats(&[], &[value])
    }

    fn whole(&mut self, dims: &[usize], value: i64) -> String {
        self.tensor(dims, DataType::Int64, value.to_le_bytes().to_vec())
    }

    /// All steps but the first `skip`.
    fn later(&mut self, steps: &str, skip: usize) -> String {
        if skip == 0 {
            return steps.to_owned();
        }
        let from = self.whole(&[1], skip as i64);
        let to = self.whole(&[1], END);
        let axis = self.whole(&[1], 2);
        self.op("Slice", &[steps, &from, &to, &axis], Vec::new())
    }

    fn activation(&mut self, x: String, activation: Activation) -> String {
        match activation {
            Activation::Identity => x,
            Activation::Relu => self.op("Relu", &[&x], Vec::new()),
            Activation::Gelu => {
                let root = self.number(std::f32::consts::FRAC_1_SQRT_2);
                let one = self.number(1.0);
                let half = self.number(0.5);
                let scaled = self.op("Mul", &[&x, &root], Vec::new());
                let erf = self.op("Erf", &[&scaled], Vec::new());
                let above = self.op("Add", &[&erf, &one], Vec::new());
                let product = self.op("Mul", &[&x, &above], Vec::new());
                self.op("Mul", &[&product, &half], Vec::new())
            }
        }
    }

    fn layer(
        &mut self,
        steps: &str,
        layer: &Layer,
        inputs: usize,
        numbers: &dyn Fn(usize, &str) -> Result<Vec<f32>>,
    ) -> Result<String> {
        let lead = layer.lead();
        let mut parts = Vec::with_capacity(layer.convolutions.len());
        for (j, conv) in layer.convolutions.iter().enumerate() {
            let (width, taps) = (conv.width as usize, conv.kernel as usize);
            let own = (taps - 1) * conv.dilation as usize;
            let read = self.later(steps, lead - own);
            let weight = self.floats(&[width, inputs, taps], &numbers(j, "weight")?);
            let mut reads = vec![read, weight];
            if layer.bias {
                reads.push(self.floats(&[width], &numbers(j, "bias")?));
            }
            let reads: Vec<&str> = reads.iter().map(String::as_str).collect();
            let attributes = vec![
                ints("kernel_shape", &[i64::from(conv.kernel)]),
                ints("dilations", &[i64::from(conv.dilation)]),
                ints("strides", &[1]),
                ints("pads", &[0, 0]),
                int("group", 1),
            ];
            parts.push(self.op("Conv", &reads, attributes));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let joined = self.join(&parts);
        let active = self.activation(joined, layer.activation);
        if !layer.residual {
            return Ok(active);
        }
        let same = self.later(steps, lead);
        Ok(self.op("Add", &[&active, &same], Vec::new()))
    }

    /// Tensors side by side, along the axis after the batch.
    fn join(&mut self, parts: &[&str]) -> String {
        match parts {
            [part] => (*part).to_owned(),
            _ => self.op("Concat", parts, vec![int("axis", 1)]),
        }
    }

    fn pools(&mut self, steps: &str, chart: &ChartConfig, numbers: &Numbers<'_>) -> Result<String> {
        let width = chart.width();
        let attention = match chart.heads() {
            0 => Vec::new(),
            _ => numbers("attention.weight")?,
        };
        let mut heads = attention.chunks_exact(width);
        let mut pooled = Vec::with_capacity(chart.pools.len());
        for pool in &chart.pools {
            pooled.push(match pool {
                Pool::Last => {
                    let last = self.whole(&[], -1);
                    self.op("Gather", &[steps, &last], vec![int("axis", 2)])
                }
                Pool::Mean => {
                    let over = vec![ints("axes", &[2]), int("keepdims", 0)];
                    self.op("ReduceMean", &[steps], over)
                }
                Pool::Attention { heads: n } => {
                    let n = *n as usize;
                    let rows: Vec<f32> = heads.by_ref().take(n).flatten().copied().collect();
                    self.attention(steps, &rows, [n, width])
                }
            });
        }
        let pooled: Vec<&str> = pooled.iter().map(String::as_str).collect();
        Ok(self.join(&pooled))
    }

    fn attention(&mut self, steps: &str, rows: &[f32], dims: [usize; 2]) -> String {
        let heads = self.floats(&dims, rows);
        let limit = self.number(SCORE_LIMIT);
        let scores = self.op("MatMul", &[&heads, steps], Vec::new());
        let scaled = self.op("Div", &[&scores, &limit], Vec::new());
        let within = self.op("Tanh", &[&scaled], Vec::new());
        let capped = self.op("Mul", &[&within, &limit], Vec::new());
        let shares = self.op("Softmax", &[&capped], vec![int("axis", 2)]);
        let turned = self.op("Transpose", &[steps], vec![ints("perm", &[0, 2, 1])]);
        let vectors = self.op("MatMul", &[&shares, &turned], Vec::new());
        self.op("Flatten", &[&vectors], vec![int("axis", 1)])
    }

    fn head(&mut self, pooled: &str, chart: &ChartConfig, numbers: &Numbers<'_>) -> Result<String> {
        let mut values = pooled.to_owned();
        if chart.head.norm {
            let dims = [chart.pooled()];
            let weight = self.floats(&dims, &numbers("head.norm.weight")?);
            let bias = self.floats(&dims, &numbers("head.norm.bias")?);
            let attributes = vec![int("axis", -1), float("epsilon", 1e-5)];
            values = self.op("LayerNormalization", &[&values, &weight, &bias], attributes);
        }
        let widths = chart.head_widths();
        for (i, pair) in widths.array_windows::<2>().enumerate() {
            let [inputs, outputs] = *pair;
            let weight = self.floats(&[outputs, inputs], &numbers(&format!("head.{i}.weight"))?);
            let bias = self.floats(&[outputs], &numbers(&format!("head.{i}.bias"))?);
            values = self.op("Gemm", &[&values, &weight, &bias], vec![int("transB", 1)]);
            if i + 2 < widths.len() {
                values = self.activation(values, chart.head.activation);
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use crate::encode::{ChartConfig, TextConfig, Weights, WeightsConfig, check_chart_encoder};
    use crate::model::{Bar, Bars, Timestamp};

    fn walk(len: usize) -> Bars {
        let bar = |i: usize| {
            let t = i as f64;
            let close = 100.0 * (0.1 * (0.31 * t).sin() + 0.05 * (1.7 * t).cos()).exp();
            Bar {
                time: Timestamp::from_millis(i as i64 * 3_600_000),
                open: close * 1.001,
                high: close * 1.01,
                low: close * 0.98,
                close,
                volume: 1000.0 + 300.0 * (0.9 * t).sin(),
            }
        };
        (0..len).map(bar).collect()
    }

    #[test]
    fn our_networks_give_the_same_as_onnx_files() {
        let mut clip = ChartConfig::multiscale(24, 8);
        clip.head.norm = true;
        let configs = [
            WeightsConfig::chart("tcn/1", ChartConfig::tcn(64, 32)),
            WeightsConfig::chart("multiscale/1", ChartConfig::multiscale(32, 16)),
            WeightsConfig::clip(
                clip,
                TextConfig {
                    buckets: 64,
                    ..TextConfig::new(8)
                },
                0.1,
            ),
        ];
        let bars = walk(400);
        for mut config in configs {
            config.training = json!({ "seen": [
                { "market": "crypto", "interval": "1h", "symbols": ["A"], "until": "2020-01-01" },
                { "market": "fx" },
            ]});
            let ours = Weights::random(&config, 7).unwrap();
            let file = ours.to_onnx().unwrap();
            let theirs = Weights::from_bytes(file).unwrap();
            assert_eq!(theirs.trained(), ours.trained());
            assert_eq!(theirs.config().architecture, "onnx/1");
            let (ours, theirs) = (
                ours.chart_encoder().unwrap(),
                theirs.chart_encoder().unwrap(),
            );
            let spec = ours.spec();
            assert_eq!(theirs.spec().warm_up, spec.warm_up);
            assert_eq!(theirs.spec().normaliser, spec.normaliser);
            let first = (spec.window + spec.warm_up) as usize - 1;
            let ends: Vec<usize> = (first..bars.len()).step_by(11).collect();
            let (a, b) = (
                ours.encode_series(&bars, &ends).unwrap(),
                theirs.encode_series(&bars, &ends).unwrap(),
            );
            assert_eq!(a.defined, b.defined);
            for (x, y) in a.values.iter().zip(&b.values) {
                assert!((x - y).abs() < 1e-5, "{}: {x} and {y}", spec.id);
            }
        }
    }

    #[test]
    fn a_network_of_ours_conforms_as_an_onnx_file() {
        let config = WeightsConfig::chart("tcn/1", ChartConfig::tcn(32, 16));
        let file = Weights::random(&config, 3).unwrap().to_onnx().unwrap();
        let weights = Weights::from_bytes(file).unwrap();
        check_chart_encoder(weights.chart_encoder().unwrap().as_ref(), 3).unwrap();
    }

    #[test]
    fn what_no_declaration_can_say_is_not_written() {
        let of = |config: &WeightsConfig| {
            let weights = Weights::random(config, 1).unwrap();
            weights.to_onnx().unwrap_err().to_string()
        };
        let path = of(&WeightsConfig::chart(
            "tcn/1",
            ChartConfig::tcn_path(64, 16),
        ));
        assert!(path.contains("a network over channels"), "{path}");
        let text = of(&WeightsConfig::text(TextConfig::new(8)));
        assert!(text.contains("an encoder of charts"), "{text}");
    }
}
