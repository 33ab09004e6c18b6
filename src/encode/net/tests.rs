#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod plain;

use proptest::prelude::*;

use crate::encode::{
    Activation, Channel, ChartConfig, Convolution, Head, Input, Layer, Memory, Pool, Weights,
    WeightsConfig, check_chart_encoder,
};
use crate::model::{Bar, Bars, Timestamp};
use plain::{plain_embedding, recorded};

/// A walk of `len` bars, jumpy and with some bars that do not move.
fn walk(seed: u64, len: usize) -> Bars {
    let mut state = seed.wrapping_mul(2) + 1;
    let mut dice = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let mut close = 250.0_f64;
    let bar = |i: usize| {
        let open = close * (0.002 * (dice() - 0.5)).exp();
        close = if dice() < 0.1 {
            open
        } else {
            open * (0.03 * (dice() - 0.5)).exp()
        };
        Bar {
            time: Timestamp::from_millis(i as i64 * 3_600_000),
            open,
            high: open.max(close) * (1.0 + 0.01 * dice()),
            low: open.min(close) * (1.0 - 0.01 * dice()),
            close,
            volume: 1000.0 * dice(),
        }
    };
    (0..len).map(bar).collect()
}

fn small_tcn() -> ChartConfig {
    let mut config = ChartConfig::tcn(24, 16);
    config.layers.truncate(3);
    for layer in &mut config.layers {
        layer.convolutions[0].width = 12;
    }
    config.input = Input::Channels {
        channels: vec![
            Channel::Return,
            Channel::Gap,
            Channel::Body,
            Channel::Range,
            Channel::UpperWick,
            Channel::LowerWick,
            Channel::Volume,
            Channel::Trend,
            Channel::Volatility,
        ],
        volatility: Memory {
            bars: 9,
            half_life: 3.0,
            lag: 2,
        },
        level: Memory {
            bars: 15,
            half_life: 5.0,
            lag: 0,
        },
    };
    config
}

fn configs() -> Vec<(&'static str, ChartConfig)> {
    vec![
        ("tcn/1", small_tcn()),
        ("tcn/1", ChartConfig::tcn(40, 16)),
        ("tcn/1", ChartConfig::tcn_path(40, 16)),
        ("cnn/1", ChartConfig::cnn()),
        ("multiscale/1", ChartConfig::multiscale(24, 64)),
    ]
}

#[test]
fn every_network_conforms() {
    for (seed, (name, config)) in (5..).zip(configs()) {
        let weights = Weights::random(&WeightsConfig::chart(name, config), seed).unwrap();
        check_chart_encoder(weights.chart_encoder().unwrap().as_ref(), seed).unwrap();
    }
}

#[test]
fn networks_equal_their_plain_definition() {
    for (seed, (name, config)) in (1..).zip(configs()) {
        let (weights, tensors) = recorded(name, &config, seed);
        let encoder = weights.chart_encoder().unwrap();
        let reach = (encoder.spec().window + encoder.spec().warm_up) as usize;
        let bars = walk(seed, reach + 20);
        let ends: Vec<usize> = (reach - 1..bars.len()).collect();
        let rows = encoder.encode_series(&bars, &ends).unwrap();
        for (i, &end) in ends.iter().enumerate() {
            let alone = bars.slice(end + 1 - reach..end + 1);
            let expected = plain_embedding(&config, &tensors, &alone);
            for (x, expected) in rows.row(i).unwrap().iter().zip(expected) {
                assert!(
                    (f64::from(*x) - expected).abs() < 1e-5,
                    "{name}, seed {seed}, end {end}: {x} for {expected}"
                );
            }
        }
    }
}

#[test]
fn the_path_forgets_level_and_scale() {
    let config = WeightsConfig::chart("tcn/1", ChartConfig::tcn_path(50, 32));
    let encoder = Weights::random(&config, 3)
        .unwrap()
        .chart_encoder()
        .unwrap();
    let bars = walk(9, 50);
    let original = encoder.encode_window(&bars).unwrap().unwrap();
    for (level, power) in [(1e-6, 1.0), (40.0, 0.01), (3.0, 2.0)] {
        let price = |x: f64| level * (x / 250.0).powf(power);
        let other = bars.iter().map(|b| Bar {
            open: price(b.open),
            high: price(b.high),
            low: price(b.low),
            close: price(b.close),
            ..b
        });
        let vector = encoder.encode_window(&other.collect()).unwrap().unwrap();
        for (x, y) in original.iter().zip(vector) {
            assert!((x - y).abs() < 2e-6, "{level} {power}: {x} {y}");
        }
    }
}

#[test]
fn a_window_that_does_not_move_has_no_embedding() {
    for (name, config) in configs() {
        let weights = Weights::random(&WeightsConfig::chart(name, config), 1).unwrap();
        let encoder = weights.chart_encoder().unwrap();
        let spec = encoder.spec();
        let (window, warm_up) = (spec.window as usize, spec.warm_up as usize);
        let mut bars = walk(4, window + warm_up + 2);
        // The move into the window's first bar is not one of the window.
        for i in warm_up..warm_up + window {
            bars.open[i] = 100.0;
            bars.high[i] = 101.0;
            bars.low[i] = 99.0;
            bars.close[i] = 100.0;
        }
        let last = warm_up + window - 1;
        let rows = encoder.encode_series(&bars, &[last, last + 1]).unwrap();
        assert!(rows.row(0).is_none() && rows.row(1).is_some(), "{name}");
        let alone = encoder.encode_window(&bars.slice(0..last + 1)).unwrap();
        assert_eq!(alone, None, "{name}");
    }
}

#[test]
fn blocks_of_a_long_stretch_join_without_a_seam() {
    let config = WeightsConfig::chart("tcn/1", small_tcn());
    let encoder = Weights::random(&config, 8)
        .unwrap()
        .chart_encoder()
        .unwrap();
    let reach = (encoder.spec().window + encoder.spec().warm_up) as usize;
    let bars = walk(2, 5000);
    let ends: Vec<usize> = (reach - 1..5000).rev().step_by(3).collect();
    let rows = encoder.encode_series(&bars, &ends).unwrap();
    for (i, &end) in ends.iter().enumerate().step_by(7) {
        let alone = encoder.encode_series(&bars, &[end]).unwrap();
        for (x, y) in rows.row(i).unwrap().iter().zip(alone.row(0).unwrap()) {
            assert!((x - y).abs() < 1e-6, "end {end}: {x} {y}");
        }
    }
}

#[test]
fn bars_that_cannot_have_happened_are_refused() {
    let config = WeightsConfig::chart("tcn/1", small_tcn());
    let encoder = Weights::random(&config, 8)
        .unwrap()
        .chart_encoder()
        .unwrap();
    let mut bars = walk(2, 60);
    bars.low[50] = f64::NAN;
    let error = encoder.encode_window(&bars).unwrap_err().to_string();
    assert!(error.contains("index 50"), "{error}");
}

fn channel() -> impl Strategy<Value = Channel> {
    prop_oneof![
        Just(Channel::Return),
        Just(Channel::Gap),
        Just(Channel::Body),
        Just(Channel::Range),
        Just(Channel::Volume),
        Just(Channel::Trend),
        Just(Channel::Volatility),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    // Over one bar, a return in units of the volatility is its sign, and no other change of a bar shows.
    let memory = (2_u32..12, 0_u32..4).prop_map(|(bars, lag)| Memory {
        bars,
        half_life: f64::from(bars) / 3.0,
        lag,
    });
    prop_oneof![
        Just(Input::Path),
        (
            prop::collection::vec(channel(), 1..4),
            memory.clone(),
            memory
        )
            .prop_map(|(mut channels, volatility, level)| {
                // Each bar that is claimed is read only if some channel moves with the window.
                channels.push(Channel::Return);
                Input::Channels {
                    channels,
                    volatility,
                    level,
                }
            }),
    ]
}

fn any_config() -> impl Strategy<Value = ChartConfig> {
    let convolution = (1_u32..5, 1_u32..4).prop_map(|(kernel, dilation)| Convolution {
        width: 8,
        kernel,
        dilation,
    });
    let layer = (prop::collection::vec(convolution, 1..3), any::<bool>());
    let layers = prop::collection::vec(layer, 1..4);
    let pools = prop::sample::subsequence(
        vec![
            Pool::Last,
            Pool::Attention { heads: 1 },
            Pool::Attention { heads: 3 },
        ],
        0..=3,
    );
    (input(), layers, pools, any::<bool>(), 30_u32..50).prop_map(
        |(input, layers, mut pools, norm, window)| {
            let path = input == Input::Path;
            pools.push(Pool::Mean);
            let mut before = input.width();
            let layers = layers.into_iter().map(|(convolutions, residual)| {
                let mut layer = Layer {
                    convolutions,
                    activation: if path {
                        Activation::Relu
                    } else {
                        Activation::Gelu
                    },
                    bias: !path,
                    residual,
                };
                layer.residual &= layer.width() == before;
                before = layer.width();
                layer
            });
            ChartConfig {
                dim: 12,
                window,
                layers: layers.collect(),
                input,
                pools,
                head: Head {
                    norm,
                    hidden: vec![10],
                    activation: Activation::Gelu,
                },
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_network_conforms(config in any_config(), seed in 0_u64..1000) {
        let weights = Weights::random(&WeightsConfig::chart("tcn/1", config), seed).unwrap();
        check_chart_encoder(weights.chart_encoder().unwrap().as_ref(), seed).unwrap();
    }
}
