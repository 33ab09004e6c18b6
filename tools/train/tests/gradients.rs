//! The gradients of every backbone and of every objective against differences of the loss.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{backbones, batch, config, model, stacks};
use rand::RngExt;
use rhyme_train::config::Config;
use rhyme_train::params::Params;
use rhyme_train::random::seeded;

/// By how much the loss is changed for a difference: above the rounding of f32, and too little to
/// cross the kinks of many ReLUs.
const CHANGE: f32 = 1e-3;

fn moved(params: &Params, tensor: usize, direction: &[f32], by: f32) -> Params {
    let mut params = params.clone();
    let values = params.list[tensor].values.iter_mut().zip(direction);
    values.for_each(|(x, d)| *x += by * d);
    params
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Along its gradient each tensor changes the loss by the gradient's length, and along the gradient
/// and a random direction together by their product.
fn check(name: &str, config: &Config) {
    let (model, params) = model(config, 5);
    let batch = batch(config, 3);
    let (_, gradients) = model.gradients(&params, &batch).unwrap();
    let mut random = seeded(8, 0, 0);
    let mut seen = 0;
    for (i, gradient) in gradients.iter().enumerate() {
        let length = dot(gradient, gradient).sqrt();
        let tensor = &params.list[i].name;
        if length < 1e-4 {
            // Shifting all of what a softmax or a norm sees alike changes nothing.
            continue;
        }
        seen += 1;
        let ahead: Vec<f32> = gradient.iter().map(|g| g / length).collect();
        let noise: Vec<f32> = gradient
            .iter()
            .map(|_| random.random_range(-1.0..1.0))
            .collect();
        let size = dot(&noise, &noise).sqrt();
        let aside: Vec<f32> = ahead
            .iter()
            .zip(&noise)
            .map(|(a, n)| a + n / size)
            .collect();
        for direction in [ahead, aside] {
            let expected = dot(gradient, &direction);
            if expected < 0.2 * length {
                continue;
            }
            let by = (CHANGE / expected).min(0.01);
            let found = |by: f32| {
                let loss = |by: f32| {
                    let params = moved(&params, i, &direction, by);
                    model.loss(&params, &batch).unwrap()
                };
                (loss(by) - loss(-by)) / (2.0 * by)
            };
            let error = |found: f32| (found - expected).abs() / expected;
            // A kink of a maximum may lie within; a smaller change misses it.
            let changes = [by, by / 4.0, by / 16.0];
            let near = changes.into_iter().map(found).find(|&d| error(d) < 0.02);
            let difference = near.unwrap_or_else(|| found(by));
            assert!(
                error(difference) < 0.02,
                "{name}: {tensor}: {difference} instead of {expected}"
            );
        }
    }
    assert!(seen > 3, "{name}: only {seen} tensors have a gradient");
}

#[test]
fn backbones_and_texts() {
    for backbone in backbones() {
        let config = config(&backbone, "kind = \"info_nce\"", true);
        check(&format!("{backbone:?}"), &config);
    }
}

#[test]
fn objectives() {
    let backbone = &backbones()[0];
    for objective in [
        "kind = \"info_nce\"",
        "kind = \"cosine\"\nmargin = -0.5\nnegatives = 3",
        "kind = \"siglip\"\nbias = -1.0",
        "kind = \"ts2vec\"",
        "kind = \"tnc\"",
    ] {
        check(objective, &config(backbone, objective, false));
    }
}

#[test]
fn stacks_of_layers() {
    for backbone in stacks() {
        let name = format!("{backbone:?}");
        check(&name, &config(&backbone, "kind = \"info_nce\"", false));
    }
    let halves = &stacks()[4];
    check(
        "cost",
        &config(halves, "kind = \"cost\"\nseasonal = 0.1", false),
    );
    for backbone in [0, 1, 3].map(|i| stacks()[i].clone()) {
        let name = format!("{backbone:?}");
        check(&name, &config(&backbone, "kind = \"ts2vec\"", false));
    }
}

#[test]
fn tasks() {
    for objective in [
        "kind = \"masked\"\nwidth = 8\nheads = 2\nlayers = 1",
        "kind = \"forecast\"\nhorizon = 3",
        "kind = \"order\"",
        "kind = \"augmentation\"",
        "kind = \"direction\"\nweights = [1.0, 2.0, 0.5]",
        "kind = \"outcome\"",
    ] {
        for backbone in [&stacks()[3], &stacks()[1], &backbones()[0]] {
            let name = format!("{objective} {backbone:?}");
            check(&name, &config(backbone, objective, false));
        }
    }
}

#[test]
fn the_result_does_not_depend_on_chunks_or_threads() {
    let config = config(&backbones()[0], "kind = \"info_nce\"", true);
    let (model, params) = model(&config, 5);
    let batch = batch(&config, 3);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build()
            .unwrap()
            .install(|| model.gradients(&params, &batch).unwrap())
    };
    let one = run(1);
    for _ in 0..5 {
        assert_eq!(run(3), one);
    }
}
