#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::model::{Bar, Timestamp};

fn bars(closes: &[f64]) -> Bars {
    let bar = |(i, &close): (usize, &f64)| Bar {
        time: Timestamp::from_millis(i as i64),
        open: close,
        high: close,
        low: close,
        close,
        volume: 1.0,
    };
    closes.iter().enumerate().map(bar).collect()
}

/// The formula of the module, letter by letter.
fn formula(closes: &[f64], dim: usize) -> Vec<f64> {
    let w = closes.len() as f64;
    let c: Vec<f64> = (1..=dim)
        .map(|k| {
            let terms = closes.iter().enumerate();
            let angle = |t: usize| PI * k as f64 * (t as f64 + 0.5) / w;
            (2.0 / w).sqrt() * terms.map(|(t, p)| p.ln() * angle(t).cos()).sum::<f64>()
        })
        .collect();
    let norm = c.iter().map(|x| x * x).sum::<f64>().sqrt();
    c.iter().map(|x| x / norm).collect()
}

fn worst(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs
        .map(|(a, b)| (f64::from(*a) - b).abs())
        .fold(0.0, f64::max)
}

fn walk(first: f64, steps: &[f64]) -> Vec<f64> {
    let mut log = first.ln();
    let mut next = |step: &f64| {
        log += step;
        log.exp()
    };
    steps.iter().map(&mut next).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn both_paths_equal_the_formula(
        window in 4_usize..100,
        dim in 1_usize..100,
        first in prop::sample::select(vec![1e-6, 0.3, 97.0, 60_000.0]),
        size in prop::sample::select(vec![1e-4, 1e-3, 1e-2, 0.3]),
        steps in prop::collection::vec(-1.0..1.0_f64, 110),
    ) {
        let dim = dim.min(window - 1);
        let steps: Vec<f64> = steps.iter().map(|s| s * size).collect();
        let closes = walk(first, &steps);
        let bars = bars(&closes);
        let shape = Shape::new(window, dim).unwrap();
        let ends = [window - 1, 108, 109];
        let rows = shape.encode_series(&bars, &ends).unwrap();
        for (i, end) in ends.into_iter().enumerate() {
            let expected = formula(&closes[end + 1 - window..=end], dim);
            let alone = shape.encode_window(&bars.slice(0..end + 1)).unwrap().unwrap();
            prop_assert!(worst(&alone, &expected) < 1e-7);
            prop_assert!(worst(rows.row(i).unwrap(), &expected) < 1e-6);
        }
    }

    #[test]
    fn level_and_scale_change_nothing(
        steps in prop::collection::vec(-0.02..0.02_f64, 64),
        factor in 1e-5..1e5_f64,
        power in 0.2..3.0_f64,
    ) {
        let closes = walk(100.0, &steps);
        let other: Vec<f64> = closes.iter().map(|p| factor * p.powf(power)).collect();
        let shape = Shape::new(64, 48).unwrap();
        let a = shape.encode_path(&closes).unwrap().unwrap();
        let b = shape.encode_path(&other).unwrap().unwrap();
        let b: Vec<f64> = b.into_iter().map(f64::from).collect();
        prop_assert!(worst(&a, &b) < 1e-6);
    }

    #[test]
    fn at_full_dimension_the_cosine_is_the_correlation(
        a in prop::collection::vec(-0.05..0.05_f64, 40),
        b in prop::collection::vec(-0.05..0.05_f64, 40),
    ) {
        let (a, b) = (walk(10.0, &a), walk(3.0, &b));
        let shape = Shape::new(40, 39).unwrap();
        let vectors = [&a, &b].map(|p| shape.encode_path(p).unwrap().unwrap());
        let cosine: f64 = vectors[0].iter().zip(&vectors[1]).map(|(x, y)| f64::from(x * y)).sum();
        let centred = |p: &[f64]| {
            let mean = p.iter().map(|x| x.ln()).sum::<f64>() / p.len() as f64;
            p.iter().map(|x| x.ln() - mean).collect::<Vec<_>>()
        };
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let (a, b) = (centred(&a), centred(&b));
        let correlation = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
        prop_assert!((cosine - correlation).abs() < 1e-6);
    }
}

/// Few coefficients of many windows: some of a random walk lie near the bound, where f32 is just
/// fine enough, and long windows add up many returns.
#[test]
fn many_windows_of_a_random_walk_keep_the_precision() {
    for (window, dim, count) in [
        (50, 2, 20_000),
        (89, 2, 20_000),
        (50, 4, 20_000),
        (4096, 8, 60),
    ] {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let steps: Vec<f64> = (0..window + count)
            .map(|_| random.random_range(-0.02..0.02))
            .collect();
        let closes = walk(250.0, &steps);
        let shape = Shape::new(window, dim).unwrap();
        let ends: Vec<usize> = (window - 1..window + count - 1).collect();
        let rows = shape.encode_series(&bars(&closes), &ends).unwrap();
        for (i, end) in ends.into_iter().enumerate() {
            let path = &closes[end + 1 - window..=end];
            let expected = shape.encode_path(path).unwrap().unwrap();
            let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();
            let worst = worst(rows.row(i).unwrap(), &expected);
            assert!(worst < 1e-6, "{window} {dim} {end}: {worst}");
        }
    }
}

/// Paths on which f32 sums of returns cancel: the series falls back to the definition.
#[test]
fn alternating_prices_keep_the_precision() {
    for (window, dim) in [(64, 4), (64, 48), (256, 8), (255, 254)] {
        for tiny in [1e-3, 1e-6] {
            let zigzag =
                |i: usize| 500.0 * (1.0 + tiny * ((i % 2) as f64 + 1e-3 * (i as f64).sin()));
            let closes: Vec<f64> = (0..300).map(zigzag).collect();
            let shape = Shape::new(window, dim).unwrap();
            let ends: Vec<usize> = (window - 1..300).collect();
            let rows = shape.encode_series(&bars(&closes), &ends).unwrap();
            for (i, end) in ends.into_iter().enumerate() {
                let window = bars(&closes[end + 1 - window..=end]);
                let expected = shape.encode_window(&window).unwrap().unwrap();
                let expected: Vec<f64> = expected.into_iter().map(f64::from).collect();
                assert!(worst(rows.row(i).unwrap(), &expected) < 1e-6);
            }
        }
    }
}

#[test]
fn a_cosine_path_is_one_coefficient() {
    let k = 3;
    let path: Vec<f64> = (0..50)
        .map(|t| (0.2 * (PI * f64::from(k) * (f64::from(t) + 0.5) / 50.0).cos()).exp())
        .collect();
    let vector = Shape::new(64, 8)
        .unwrap()
        .encode_path(&path)
        .unwrap()
        .unwrap();
    let expected: Vec<f64> = (1..=8).map(|j| f64::from(j == k)).collect();
    assert!(worst(&vector, &expected) < 1e-7);
}

#[test]
fn the_same_curve_at_another_resolution_is_the_same_shape() {
    let shape = Shape::new(64, 48).unwrap();
    let curve = |len: usize| -> Vec<f64> {
        let at = |t: usize| (t as f64 + 0.5) / len as f64;
        let wave = |u: f64| 0.1 * (5.0 * u).sin() + 0.04 * (14.0 * u).cos();
        (0..len).map(|t| 20.0 * wave(at(t)).exp()).collect()
    };
    let here = shape.encode_path(&curve(64)).unwrap().unwrap();
    for len in [24, 100, 1000] {
        let there = shape.encode_path(&curve(len)).unwrap().unwrap();
        let cosine: f32 = here.iter().zip(&there).map(|(a, b)| a * b).sum();
        assert!(cosine > 0.999, "{len} points: {cosine}");
    }
    let bars = bars(&curve(64));
    assert_eq!(shape.encode_window(&bars).unwrap().unwrap(), here);
}

#[test]
fn a_short_path_fills_the_rest_with_zeros() {
    let shape = Shape::new(64, 48).unwrap();
    let vector = shape
        .encode_path(&[1.0, 2.0, 1.5, 1.0, 3.0])
        .unwrap()
        .unwrap();
    let expected = formula(&[1.0, 2.0, 1.5, 1.0, 3.0], 4);
    assert!(worst(&vector[..4], &expected) < 1e-7);
    assert!(vector[4..].iter().all(|&x| x == 0.0));
    assert_eq!(vector.len(), 48);
}

#[test]
fn flat_windows_have_no_embedding_at_any_price() {
    let shape = Shape::new(8, 7).unwrap();
    for price in [1e-9, 0.1, 60_000.0, 1e12] {
        let mut closes = vec![price; 20];
        closes[4] = price * 2.0;
        let bars = bars(&closes);
        let ends: Vec<usize> = (7..20).collect();
        let rows = shape.encode_series(&bars, &ends).unwrap();
        for (i, &end) in ends.iter().enumerate() {
            assert_eq!(rows.row(i).is_some(), end < 12, "price {price}, end {end}");
            let alone = shape.encode_window(&bars.slice(0..end + 1)).unwrap();
            assert_eq!(alone.is_some(), end < 12, "price {price}, end {end}");
        }
        assert_eq!(shape.encode_path(&[price; 9]).unwrap(), None);
    }
}

#[test]
fn bad_prices_and_lengths_are_errors() {
    let shape = Shape::new(8, 7).unwrap();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut closes = vec![1.0; 12];
        closes[9] = bad;
        let bars = bars(&closes);
        let text = shape.encode_window(&bars).unwrap_err().to_string();
        assert!(
            text.contains("above 0") && text.contains("index 9"),
            "{text}"
        );
        let text = shape.encode_series(&bars, &[11]).unwrap_err().to_string();
        assert!(text.contains("index 9"), "{text}");
        assert!(shape.encode_series(&bars, &[7, 8]).is_ok());
        assert!(shape.encode_path(&closes).is_err());
    }
    assert!(shape.encode_path(&[1.0, 2.0, 3.0]).is_err());
    assert!(shape.encode_window(&bars(&[1.0; 7])).is_err());
    let mut ragged = bars(&[1.0; 12]);
    ragged.close.pop();
    assert!(shape.encode_window(&ragged).is_err());
    assert!(shape.encode_series(&ragged, &[11]).is_err());
    for (window, dim) in [(3, 2), (64, 64), (64, 0), (16_385, 5), (16_000, 4097)] {
        assert!(Shape::new(window, dim).is_err(), "{window} {dim}");
    }
}
