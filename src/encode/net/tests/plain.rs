//! The networks once more, as their documentation says, in f64, one window at a time, with the path
//! z-scored and its first kernels over prices: slow, and nothing shared with the fast one.

use std::collections::HashMap;

use crate::encode::{
    Activation, Channel, ChartConfig, Input, Memory, Pool, Weights, WeightsConfig,
};
use crate::model::Bars;

type Tensors = HashMap<String, Vec<f64>>;

/// Weights with numbers of a simple rule, and the same numbers by name.
pub(super) fn recorded(name: &str, config: &ChartConfig, seed: u64) -> (Weights, Tensors) {
    let mut tensors = Tensors::new();
    let mut state = seed;
    let config = WeightsConfig::chart(name, config.clone());
    let weights = Weights::from_values(&config, |name, shape| {
        let inputs: usize = shape.iter().skip(1).product();
        let limit = (6.0 / inputs as f64).sqrt();
        let values = (0..shape.iter().product()).map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            let dice = (state >> 33) as f64 / f64::from(1_u32 << 31);
            (limit * (2.0 * dice - 1.0)) as f32
        });
        let values: Vec<f32> = values.collect();
        let wide = values.iter().map(|&x| f64::from(x)).collect();
        tensors.insert(name.to_owned(), wide);
        Ok(values)
    });
    (weights.unwrap(), tensors)
}

fn recent_mean(memory: Memory, values: impl Fn(usize) -> f64, t: usize) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for age in 0..memory.bars as usize {
        let weight = 0.5_f64.powf(age as f64 / memory.half_life);
        sum += weight * values(t - memory.lag as usize - age);
        total += weight;
    }
    sum / total
}

fn channel(channel: Channel, volatility: Memory, level: Memory, bars: &Bars, t: usize) -> f64 {
    let ln = |column: &[f64], t: usize| column[t].ln();
    let change = |t: usize| ln(&bars.close, t) - ln(&bars.close, t - 1);
    let s = || recent_mean(volatility, |t| change(t).powi(2), t).sqrt();
    let body_top = bars.open[t].max(bars.close[t]).ln();
    let body_bottom = bars.open[t].min(bars.close[t]).ln();
    let value = match channel {
        Channel::Return => change(t) / s(),
        Channel::Gap => (ln(&bars.open, t) - ln(&bars.close, t - 1)) / s(),
        Channel::Body => (bars.close[t] / bars.open[t]).ln() / s(),
        Channel::Range => (bars.high[t] / bars.low[t]).ln() / s(),
        Channel::UpperWick => (ln(&bars.high, t) - body_top) / s(),
        Channel::LowerWick => (body_bottom - ln(&bars.low, t)) / s(),
        Channel::Volume => {
            let volume = |t: usize| (1.0 + bars.volume[t]).ln();
            volume(t) - recent_mean(level, volume, t)
        }
        Channel::Trend => {
            let usual = recent_mean(volatility, |t| ln(&bars.close, t), t);
            (ln(&bars.close, t) - usual) / (s() * f64::from(volatility.bars).sqrt())
        }
        Channel::Volatility => (s() / 0.01).ln(),
    };
    value.clamp(-10.0, 10.0)
}

/// The inputs by step and channel, and the first kernels that go with them.
fn inputs(config: &ChartConfig, tensors: &Tensors, bars: &Bars) -> (Vec<Vec<f64>>, Tensors) {
    let window = config.window as usize;
    let mut tensors = tensors.clone();
    let steps = match &config.input {
        Input::Channels {
            channels,
            volatility,
            level,
        } => (bars.len() - window..bars.len())
            .map(|t| {
                let value = |&c: &Channel| channel(c, *volatility, *level, bars, t);
                channels.iter().map(value).collect()
            })
            .collect(),
        Input::Path => {
            // Zero-sum kernels over the z-scored path.
            for (j, conv) in config.layers[0].convolutions.iter().enumerate() {
                assert_eq!(conv.dilation, 1);
                let rows = tensors.get_mut(&format!("layers.0.{j}.weight")).unwrap();
                let priced = rows.chunks_exact(conv.kernel as usize).flat_map(|v| {
                    let at = |i: usize| v.get(i).copied().unwrap_or(0.0);
                    let tap = |i: usize| if i == 0 { -at(0) } else { at(i - 1) - at(i) };
                    (0..=v.len()).map(tap).collect::<Vec<_>>()
                });
                *rows = priced.collect();
            }
            let path: Vec<f64> = bars.close.iter().map(|c| c.ln()).collect();
            let mean = path.iter().sum::<f64>() / window as f64;
            let variance = path.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
            let deviation = (variance / window as f64).sqrt();
            path.iter().map(|x| vec![(x - mean) / deviation]).collect()
        }
    };
    (steps, tensors)
}

fn activation(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Gelu => {
            // The integral of the normal density from 0, by Simpson's rule.
            let n = 400;
            let h = x / f64::from(n);
            let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let weight = |i: i32| match i {
                0 => 1.0,
                i if i == n => 1.0,
                i if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            let sum: f64 = (0..=n).map(|i| weight(i) * density(f64::from(i) * h)).sum();
            x * (0.5 + sum * h / 3.0)
        }
    }
}

fn unit(v: Vec<f64>, length: f64) -> Vec<f64> {
    let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    v.iter().map(|x| x / norm * length).collect()
}

fn convolved(config: &ChartConfig, tensors: &Tensors, mut steps: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for (i, layer) in config.layers.iter().enumerate() {
        let first_of_path = i == 0 && config.input == Input::Path;
        let more = usize::from(first_of_path);
        let lead = layer.lead() + more;
        let mut out = Vec::new();
        for t in lead..steps.len() {
            let mut row = Vec::new();
            for (j, conv) in layer.convolutions.iter().enumerate() {
                let taps = conv.kernel as usize + more;
                let weight = &tensors[&format!("layers.{i}.{j}.weight")];
                let inputs = steps[0].len();
                for (o, weight) in weight.chunks_exact(inputs * taps).enumerate() {
                    let mut sum = if layer.bias {
                        tensors[&format!("layers.{i}.{j}.bias")][o]
                    } else {
                        0.0
                    };
                    for (at, w) in weight.iter().enumerate() {
                        let age = (taps - 1 - at % taps) * conv.dilation as usize;
                        sum += w * steps[t - age][at / taps];
                    }
                    row.push(activation(layer.activation, sum));
                }
            }
            if layer.residual {
                row.iter_mut().zip(&steps[t]).for_each(|(y, x)| *y += x);
            }
            out.push(row);
        }
        steps = out;
    }
    steps
}

fn pooled(config: &ChartConfig, tensors: &Tensors, steps: &[Vec<f64>]) -> Vec<f64> {
    let width = steps[0].len();
    let weighted = |weights: &[f64]| -> Vec<f64> {
        let total: f64 = weights.iter().sum();
        (0..width)
            .map(|c| {
                steps
                    .iter()
                    .zip(weights)
                    .map(|(s, w)| s[c] * w)
                    .sum::<f64>()
                    / total
            })
            .collect()
    };
    let mut all = Vec::new();
    let mut head = 0;
    for pool in &config.pools {
        match pool {
            Pool::Last => all.extend(steps.last().unwrap()),
            Pool::Mean => all.extend(weighted(&vec![1.0; steps.len()])),
            Pool::Attention { heads } => {
                for _ in 0..*heads {
                    let a = &tensors["attention.weight"][head * width..(head + 1) * width];
                    let score = |step: &Vec<f64>| {
                        let path = config.input == Input::Path;
                        let silent = step.iter().all(|&x| x == 0.0);
                        let step = match path && !silent {
                            true => unit(step.clone(), (width as f64).sqrt()),
                            false => step.clone(),
                        };
                        let dot: f64 = step.iter().zip(a).map(|(x, a)| x * a).sum();
                        (8.0 * (dot / 8.0).tanh()).exp()
                    };
                    all.extend(weighted(&steps.iter().map(score).collect::<Vec<_>>()));
                    head += 1;
                }
            }
        }
    }
    all
}

/// The embedding of the window that is the last of exactly the bars that it reads.
pub(super) fn plain_embedding(config: &ChartConfig, tensors: &Tensors, bars: &Bars) -> Vec<f64> {
    let (steps, tensors) = inputs(config, tensors, bars);
    let steps = convolved(config, &tensors, steps);
    let mut vector = pooled(config, &tensors, &steps);
    if config.input == Input::Path {
        let length = (vector.len() as f64).sqrt();
        vector = unit(vector, length);
    }
    if config.head.norm {
        let n = vector.len() as f64;
        let mean = vector.iter().sum::<f64>() / n;
        let variance = vector.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let parts = tensors["head.norm.weight"]
            .iter()
            .zip(&tensors["head.norm.bias"]);
        let normal =
            |(x, (w, b)): (&f64, (&f64, &f64))| (x - mean) / (variance + 1e-5).sqrt() * w + b;
        vector = vector.iter().zip(parts).map(normal).collect();
    }
    let layers = config.head.hidden.len() + 1;
    for i in 0..layers {
        let bias = &tensors[&format!("head.{i}.bias")];
        let rows = tensors[&format!("head.{i}.weight")].chunks_exact(vector.len());
        let out = rows.zip(bias).map(|(row, b)| {
            let sum = b + row.iter().zip(&vector).map(|(w, x)| w * x).sum::<f64>();
            match i + 1 == layers {
                true => sum,
                false => activation(config.head.activation, sum),
            }
        });
        vector = out.collect();
    }
    unit(vector, 1.0)
}
