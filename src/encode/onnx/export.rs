//! Our own networks over bars as ONNX files, for other programs.

use serde_json::Value;

use super::OnnxAttribute::{Float, Int, Ints};
use super::{OnnxConfig, OnnxNormaliser, OnnxWriter};
use crate::encode::net::Numbers;
use crate::encode::weights::{ChartConfig, Input, Layer, Pool};
use crate::error::{Error, Result};

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
            "expected a network over channels to write as ONNX, found one over a path, which is scaled inside the network; of the backbones of rhyme-train, tcn and multiscale can be written, tcn_path and cnn cannot",
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
    let mut graph = OnnxWriter::default();
    let mut steps = OnnxWriter::INPUT.to_owned();
    let mut inputs = channels.len();
    for (i, layer) in chart.layers.iter().enumerate() {
        steps = graph.layer(&steps, layer, inputs, &|j, part| {
            numbers(&format!("layers.{i}.{j}.{part}"))
        })?;
        inputs = layer.width();
    }
    let pooled = graph.pools(&steps, chart, numbers)?;
    let embedding = graph.head(&pooled, chart, numbers)?;
    graph.finish(&embedding, &config)
}

impl OnnxWriter {
    /// All steps but the first `skip`.
    fn later(&mut self, steps: &str, skip: usize) -> String {
        if skip == 0 {
            return steps.to_owned();
        }
        let from = self.whole(&[1], &[skip as i64]);
        let to = self.whole(&[1], &[END]);
        let axis = self.whole(&[1], &[2]);
        self.op("Slice", &[steps, &from, &to, &axis], &[])
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
            let attributes = [
                Ints("kernel_shape", &[i64::from(conv.kernel)]),
                Ints("dilations", &[i64::from(conv.dilation)]),
                Ints("strides", &[1]),
                Ints("pads", &[0, 0]),
                Int("group", 1),
            ];
            parts.push(self.op("Conv", &reads, &attributes));
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let joined = self.join(&parts);
        let active = self.activation(&joined, layer.activation);
        if !layer.residual {
            return Ok(active);
        }
        let same = self.later(steps, lead);
        Ok(self.op("Add", &[&active, &same], &[]))
    }

    /// Tensors side by side, along the axis after the batch.
    fn join(&mut self, parts: &[&str]) -> String {
        match parts {
            [part] => (*part).to_owned(),
            _ => self.op("Concat", parts, &[Int("axis", 1)]),
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
                    let last = self.whole(&[], &[-1]);
                    self.op("Gather", &[steps, &last], &[Int("axis", 2)])
                }
                Pool::Mean => {
                    let over = [Ints("axes", &[2]), Int("keepdims", 0)];
                    self.op("ReduceMean", &[steps], &over)
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
        let limit = self.floats(&[], &[SCORE_LIMIT]);
        let scores = self.op("MatMul", &[&heads, steps], &[]);
        let scaled = self.op("Div", &[&scores, &limit], &[]);
        let within = self.op("Tanh", &[&scaled], &[]);
        let capped = self.op("Mul", &[&within, &limit], &[]);
        let shares = self.op("Softmax", &[&capped], &[Int("axis", 2)]);
        let turned = self.op("Transpose", &[steps], &[Ints("perm", &[0, 2, 1])]);
        let vectors = self.op("MatMul", &[&shares, &turned], &[]);
        self.op("Flatten", &[&vectors], &[Int("axis", 1)])
    }

    fn head(&mut self, pooled: &str, chart: &ChartConfig, numbers: &Numbers<'_>) -> Result<String> {
        let mut values = pooled.to_owned();
        if chart.head.norm {
            let dims = [chart.pooled()];
            let weight = self.floats(&dims, &numbers("head.norm.weight")?);
            let bias = self.floats(&dims, &numbers("head.norm.bias")?);
            let attributes = [Int("axis", -1), Float("epsilon", 1e-5)];
            values = self.op(
                "LayerNormalization",
                &[&values, &weight, &bias],
                &attributes,
            );
        }
        let widths = chart.head_widths();
        for (i, pair) in widths.array_windows::<2>().enumerate() {
            let [inputs, outputs] = *pair;
            let weight = self.floats(&[outputs, inputs], &numbers(&format!("head.{i}.weight"))?);
            let bias = self.floats(&[outputs], &numbers(&format!("head.{i}.bias"))?);
            values = self.op("Gemm", &[&values, &weight, &bias], &[Int("transB", 1)]);
            if i + 2 < widths.len() {
                values = self.activation(&values, chart.head.activation);
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
