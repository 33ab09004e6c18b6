//! CoST: the transform, the loss by hand, and what is learned.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{config, stacks};
use rand::RngExt;
use rand::seq::SliceRandom;
use rhyme_train::net::Frequencies;
use rhyme_train::objective::{Contrast, Cost, Objective};
use rhyme_train::optimise::{clip, update};
use rhyme_train::params::{HEAD, Leaves, Params};
use rhyme_train::random::seeded;
use rhyme_train::side::{Side, Sizes};
use rhyme_train::step::{Batch, Model, Partners, Windows};
use rhyme_train::tensor::{device, numbers, tensor};

#[test]
fn the_matrices_are_those_of_the_transform_and_of_the_way_back() {
    for steps in [2, 7, 16] {
        let matrices = Frequencies::new(steps);
        let x: Vec<f64> = (0..steps)
            .map(|t| (t as f64 * 1.3).sin() + 0.2 * t as f64)
            .collect();
        let count = steps / 2 + 1;
        let times = |matrix: &[f32], by: usize, x: &[f64]| -> Vec<f64> {
            let rows = matrix.chunks(by);
            rows.map(|r| r.iter().zip(x).map(|(a, b)| f64::from(*a) * b).sum())
                .collect()
        };
        let (real, imaginary) = (
            times(&matrices.real, steps, &x),
            times(&matrices.imaginary, steps, &x),
        );
        for f in 0..count {
            let angle = |t: usize| std::f64::consts::TAU * (f * t) as f64 / steps as f64;
            let expected: f64 = x.iter().enumerate().map(|(t, x)| x * angle(t).cos()).sum();
            assert!((real[f] - expected).abs() < 1e-5);
            let expected: f64 = x.iter().enumerate().map(|(t, x)| -x * angle(t).sin()).sum();
            assert!((imaginary[f] - expected).abs() < 1e-5);
        }
        let back = times(&matrices.of_real, count, &real);
        let other = times(&matrices.of_imaginary, count, &imaginary);
        for (x, (a, b)) in x.iter().zip(back.iter().zip(other)) {
            assert!((x - a - b).abs() < 1e-5, "{steps} steps: {x} and {}", a + b);
        }
    }
}

const ROWS: usize = 3;
const STEPS: usize = 4;

/// Row `r`, step `t` and channel `c` of a side.
type Numbers = [[[f64; 4]; STEPS]; ROWS];

fn side_of(numbers: &Numbers) -> Side {
    let values: Vec<f32> = numbers
        .iter()
        .flatten()
        .flatten()
        .map(|&x| x as f32)
        .collect();
    let device = device();
    Side {
        embeddings: tensor(vec![0.0; ROWS], [ROWS, 1], &device).unwrap(),
        steps: Some(tensor(values, [ROWS, STEPS, 4], &device).unwrap()),
    }
}

fn drawn(seed: u64) -> Numbers {
    let mut random = seeded(seed, 0, 0);
    let mut all = [[[0.0; 4]; STEPS]; ROWS];
    for x in all.iter_mut().flatten().flatten() {
        *x = random.random_range(-1.0..1.0);
    }
    all
}

/// Two maps with a ReLU between them, at unit length.
fn projected(x: &[f64], params: &Params) -> [f64; 2] {
    let map = |x: &[f64], name: &str| -> [f64; 2] {
        let of = |part: &str| {
            &params
                .get(&format!("{HEAD}trend.{name}.{part}"))
                .unwrap()
                .values
        };
        let row = |i: usize| -> f64 {
            let w = &of("weight")[2 * i..2 * i + 2];
            f64::from(w[0]) * x[0] + f64::from(w[1]) * x[1] + f64::from(of("bias")[i])
        };
        [row(0), row(1)]
    };
    let y = map(&map(x, "0").map(|x| x.max(0.0)), "1");
    y.map(|x| x / (y[0] * y[0] + y[1] * y[1]).sqrt())
}

/// Minus the logarithm of the share of one of several scores.
fn surprise(scores: &[f64], of: usize) -> f64 {
    scores.iter().map(|s| s.exp()).sum::<f64>().ln() - scores[of]
}

/// How badly rows find their partners by dot products, the mean over frequencies and rows.
fn agreement(groups: &[Vec<Vec<f64>>]) -> f64 {
    let mut sum = 0.0;
    for rows in groups {
        for (i, own) in rows.iter().enumerate() {
            let others: Vec<usize> = (0..rows.len()).filter(|j| *j != i).collect();
            let dot = |j: &usize| rows[*j].iter().zip(own).map(|(a, b)| a * b).sum();
            let scores: Vec<f64> = others.iter().map(dot).collect();
            let partner = others.iter().position(|j| j.abs_diff(i) == ROWS).unwrap();
            sum += surprise(&scores, partner);
        }
    }
    sum / (groups.len() * 2 * ROWS) as f64
}

#[test]
fn the_loss_is_what_it_is_by_hand() {
    let cost = Cost {
        temperature: 0.5,
        seasonal: 0.3,
    };
    let sizes = Sizes {
        steps: STEPS,
        inputs: 1,
        given: STEPS,
        width: 4,
        dim: 4,
    };
    let mut params = Params { list: Vec::new() };
    params.add_needed(HEAD, &cost.head(&sizes), &mut seeded(3, 0, 0));
    let (left, right) = (drawn(1), drawn(2));
    let mut same = vec![false; 9];
    (same[1], same[3]) = (true, true);
    let contrast = Contrast {
        left: side_of(&left),
        right: side_of(&right),
        same: same.clone(),
        others: 0,
        overlap: STEPS,
    };
    let leaves = Leaves::scalars(&params, &device()).unwrap();
    let found = f64::from(numbers(cost.loss(contrast, &leaves).unwrap()).unwrap()[0]);

    let trend = |side: &Numbers, row: usize| projected(&side[row][STEPS - 1][..2], &params);
    let score = |i: usize, j: usize| {
        let (a, b) = (trend(&left, i), trend(&right, j));
        (a[0] * b[0] + a[1] * b[1]) / 0.5
    };
    let mut expected = 0.0;
    for i in 0..ROWS {
        let kept: Vec<usize> = (0..ROWS).filter(|&j| !same[i * ROWS + j]).collect();
        let own = kept.iter().position(|&j| j == i).unwrap();
        let forth: Vec<f64> = kept.iter().map(|&j| score(i, j)).collect();
        let back: Vec<f64> = kept.iter().map(|&j| score(j, i)).collect();
        expected += 0.5 * (surprise(&forth, own) + surprise(&back, own)) / ROWS as f64;
    }
    let (mut sizes, mut phases) = (Vec::new(), Vec::new());
    for f in 0..=STEPS / 2 {
        let wave = |side: &Numbers, row: usize, channel: usize| {
            let mut sum = (0.0, 0.0);
            for (t, step) in side[row].iter().enumerate() {
                let angle = std::f64::consts::TAU * (f * t) as f64 / STEPS as f64;
                sum.0 += step[channel] * angle.cos();
                sum.1 -= step[channel] * angle.sin();
            }
            // These are real; rounding would decide on the sign of their phase.
            if f == 0 || 2 * f == STEPS {
                sum.1 = 0.0;
            }
            sum
        };
        let rows = || {
            [&left, &right]
                .into_iter()
                .flat_map(|side| (0..ROWS).map(move |r| (side, r)))
        };
        let each = |of: &dyn Fn((f64, f64)) -> f64| -> Vec<Vec<f64>> {
            rows()
                .map(|(side, r)| [2, 3].map(|c| of(wave(side, r, c))).to_vec())
                .collect()
        };
        sizes.push(each(&|(a, b)| (a * a + b * b + 1e-6).sqrt()));
        phases.push(each(&|(a, b)| b.atan2(a + 1e-6)));
    }
    expected += 0.15 * (agreement(&sizes) + agreement(&phases));
    let apart = (found - expected).abs();
    assert!(apart < 1e-4 * expected, "{found} and {expected}");
}

/// Two views of waves of one of three lengths, at phases of the window's own.
fn waves(step: u64, shuffled: bool) -> Batch {
    let mut random = seeded(31, 0, step);
    let kinds: Vec<(f32, f32)> = (0..24)
        .map(|_| {
            let length = [4.0, 8.0, 16.0][random.random_range(0..3)];
            (length, random.random_range(0.0..std::f32::consts::TAU))
        })
        .collect();
    let mut partners = kinds.clone();
    if shuffled {
        partners.shuffle(&mut random);
    }
    let mut windows = |kinds: &[(f32, f32)]| {
        let mut values = Vec::new();
        for &(length, phase) in kinds {
            for t in 0..16 {
                let angle = phase + t as f32 * std::f32::consts::TAU / length;
                values.extend(
                    [angle.sin(), angle.cos(), 0.0, 0.0]
                        .map(|x| x + random.random_range(-0.1..0.1_f32)),
                );
            }
        }
        Windows {
            steps: 16,
            width: 4,
            values,
        }
    };
    Batch {
        windows: windows(&kinds),
        partners: Partners::Windows(windows(&partners)),
        same: vec![false; 24 * 24],
        others: 0,
        overlap: 16,
        noise: None,
    }
}

#[test]
fn views_of_a_window_are_learned_and_not_partners_drawn_by_lot() {
    let mut config = config(&stacks()[4], "kind = \"cost\"\nseasonal = 0.1", false);
    config.training.rate = 5e-3;
    config.training.decay = 0.0;
    let run = |shuffled: bool| {
        let (model, mut params) = Model::start(&config, &Default::default(), 1).unwrap();
        for step in 0..150 {
            let (_, mut gradients) = model.gradients(&params, &waves(step, shuffled)).unwrap();
            clip(&mut gradients, 1.0);
            update(&mut params, &gradients, &config.training, step, 1.0);
        }
        let losses = (500..505).map(|step| model.loss(&params, &waves(step, shuffled)).unwrap());
        losses.sum::<f32>() / 5.0
    };
    // By lot it is the logarithm of 24, and a tenth of that of 47.
    let by_luck = 24_f32.ln() + 0.1 * 47_f32.ln();
    let (known, by_lot) = (run(false), run(true));
    assert!(known < 0.75 * by_luck, "{known} of {by_luck}");
    assert!(by_lot > 0.97 * by_luck, "{by_lot} of {by_luck}");
}
