//! Tasks: their losses by hand, and that they are learned where there is something to learn and not elsewhere.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::config;
use rand::RngExt;
use rand::seq::SliceRandom;
use rhyme_train::augment::Window;
use rhyme_train::backbone::{Backbone, Dilated, Transformer};
use rhyme_train::batch::ask;
use rhyme_train::config::{Config, Training};
use rhyme_train::objective::ObjectiveConfig;
use rhyme_train::optimise::{clip, update};
use rhyme_train::params::{Leaves, Params};
use rhyme_train::random::seeded;
use rhyme_train::side::{Side, Sizes};
use rhyme_train::step::{Batch, Model, Partners};
use rhyme_train::task::{Asked, Direction, Forecast, Masked, Order, Outcome, Task, Whole};
use rhyme_train::tensor::{device, numbers, tensor};
use rhymedb::encode::Channel;

const STEPS: usize = 16;
const ROWS: usize = 48;

const SIZES: Sizes = Sizes {
    steps: 6,
    inputs: 2,
    given: 5,
    width: 3,
    dim: 4,
};

/// Embeddings and steps of three windows.
fn side() -> Side {
    let device = device();
    let mut random = seeded(4, 0, 0);
    let mut some = |n: usize| (0..n).map(|_| random.random_range(-1.0..1.0)).collect();
    Side {
        embeddings: tensor(some(12), [3, 4], &device).unwrap(),
        steps: Some(tensor(some(45), [3, 5, 3], &device).unwrap()),
    }
}

fn loss(task: &dyn Task, asked: &Asked) -> f64 {
    let params = Params::of(&task.head(&SIZES), 2);
    let head = Leaves::new(&params, "", &device()).unwrap();
    let loss = task.loss(side(), asked, &SIZES, &head).unwrap();
    f64::from(numbers(loss).unwrap()[0])
}

/// What the linear head gives, in f64.
fn by_hand(task: &dyn Task) -> Vec<Vec<f64>> {
    let params = Params::of(&task.head(&SIZES), 2);
    let (weight, bias) = (&params.list[0].values, &params.list[1].values);
    let rows = numbers(side().embeddings).unwrap();
    let dot =
        |row: &[f32], w: &[f32]| -> f64 { row.iter().zip(w).map(|(a, b)| f64::from(a * b)).sum() };
    let answers = rows.chunks(4).map(|row| {
        let each = weight.chunks(4).zip(bias);
        each.map(|(w, b)| dot(row, w) + f64::from(*b)).collect()
    });
    answers.collect()
}

/// Minus the logarithm of the share of one score.
fn surprise(scores: &[f64], class: usize) -> f64 {
    scores.iter().map(|s| s.exp()).sum::<f64>().ln() - scores[class]
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{a} and {b}");
}

#[test]
fn classes_cost_what_they_cost_by_hand() {
    let asked = Asked {
        classes: vec![2, 0, 5],
        ..Asked::default()
    };
    let order = Order { pieces: 3 };
    let scores = by_hand(&order);
    let rows = scores.iter().zip([2, 0, 5]);
    near(
        loss(&order, &asked),
        rows.map(|(s, c)| surprise(s, c)).sum::<f64>() / 3.0,
    );
    let direction = Direction {
        smoothing: 0.3,
        weights: [1.0, 2.0, 0.5],
        ..Direction::default()
    };
    let asked = Asked {
        classes: vec![2, 0, 1],
        ..Asked::default()
    };
    let scores = by_hand(&direction);
    let mut expected = 0.0;
    for (row, (class, weight)) in scores.iter().zip([(2, 0.5), (0, 1.0), (1, 2.0)]) {
        let spread = (0..3).map(|c| 0.1 * surprise(row, c)).sum::<f64>();
        expected += weight * (0.7 * surprise(row, class) + spread) / 3.5;
    }
    near(loss(&direction, &asked), expected);
}

#[test]
fn numbers_cost_what_they_cost_by_hand() {
    let wanted = vec![
        0.3, -2.0, 0.1, 0.5, 1.0, -1.0, 0.2, 0.9, -0.4, 0.0, 0.7, 3.0,
    ];
    let forecast = Forecast { horizon: 2 };
    let told = by_hand(&forecast).concat();
    let squares = told
        .iter()
        .zip(&wanted)
        .map(|(a, b)| (a - f64::from(*b)).powi(2));
    let asked = Asked {
        numbers: wanted.clone(),
        ..Asked::default()
    };
    near(loss(&forecast, &asked), squares.sum::<f64>() / 12.0);
    let outcome = Outcome {
        delta: 0.5,
        ..Outcome::default()
    };
    let asked = Asked {
        numbers: vec![4.0, 0.1, -3.0],
        ..Asked::default()
    };
    let told = by_hand(&outcome).concat();
    let huber = told.iter().zip([4.0, 0.1_f32, -3.0]).map(|(a, b)| {
        let error = (a - f64::from(b)).abs();
        if error <= 0.5 {
            error * error / 2.0
        } else {
            0.5 * (error - 0.25)
        }
    });
    near(loss(&outcome, &asked), huber.sum::<f64>() / 3.0);
}

/// The decoder's answers are not known by hand, but how the loss hangs on what is wanted is: the
/// second difference of a mean of squares.
#[test]
fn hidden_steps_alone_cost_something() {
    let task = Masked::default();
    let mut asked = Asked {
        hidden: vec![0.0; 18],
        numbers: vec![0.25; 30],
        ..Asked::default()
    };
    // Step 4 of row 0 and steps 1 and 5 of row 2; the layers give steps 1 to 5.
    for at in [4, 13, 17] {
        asked.hidden[at] = 1.0;
    }
    let plain = loss(&task, &asked);
    let shifted = |at: usize, by: f32| {
        let mut other = asked.clone();
        other.numbers[at] += by;
        loss(&task, &other)
    };
    for (row, step, hidden) in [
        (0, 4, true),
        (0, 3, false),
        (2, 1, true),
        (1, 4, false),
        (2, 5, true),
    ] {
        let at = (row * 5 + step - 1) * 2;
        let second = shifted(at, 0.5) + shifted(at, -0.5) - 2.0 * plain;
        let expected = if hidden { 2.0 * 0.25 / 6.0 } else { 0.0 };
        assert!(
            (second - expected).abs() < 1e-5,
            "row {row}, step {step}: {second}"
        );
    }
}

/// Windows of a wave of eight steps, from a phase drawn by lot; what comes next is known.
fn waves(ahead: usize, step: u64) -> Vec<Whole> {
    let mut random = seeded(11, 5, step);
    let rows = (0..ROWS).map(|_| {
        let phase = random.random_range(0.0..std::f32::consts::TAU);
        let at = |t: usize| phase + t as f32 * std::f32::consts::TAU / 8.0;
        let values = (0..STEPS + ahead).flat_map(|t| [at(t).sin(), at(t).cos()]);
        Whole {
            window: Window {
                width: 2,
                values: values.collect(),
            },
            outcome: 0.02 * f64::from(at(STEPS).sin()),
        }
    });
    rows.collect()
}

/// Windows that rise from their first step to their last.
fn ramps(step: u64) -> Vec<Whole> {
    let mut random = seeded(12, 5, step);
    let rows = (0..ROWS).map(|_| {
        let mut values = Vec::new();
        for t in 0..STEPS {
            let rising = t as f32 / 8.0 - 1.0 + random.random_range(-0.1..0.1);
            values.extend([rising, random.random_range(-0.5..0.5)]);
        }
        Whole {
            window: Window { width: 2, values },
            outcome: 0.0,
        }
    });
    rows.collect()
}

/// The same steps in an order drawn by lot, what comes after included.
fn out_of_order(mut wholes: Vec<Whole>, step: u64) -> Vec<Whole> {
    let mut random = seeded(13, 5, step);
    for whole in &mut wholes {
        let mut steps: Vec<[f32; 2]> = whole.window.values.as_chunks().0.to_vec();
        steps.shuffle(&mut random);
        whole.window.values = steps.concat();
    }
    wholes
}

/// The answers of other rows.
fn answers_of_others(batch: &mut Batch, step: u64) {
    if let Partners::Asked(asked) = &mut batch.partners {
        asked.classes.shuffle(&mut seeded(14, 5, step));
        asked.numbers.shuffle(&mut seeded(14, 6, step));
    }
}

fn small(objective: &str) -> Config {
    let channels = vec![Channel::Return, Channel::Volume];
    let backbone = if objective.contains("masked") {
        Backbone::Transformer(Transformer {
            window: STEPS as u32,
            dim: 16,
            width: 16,
            heads: 2,
            layers: 1,
            channels,
            ..Transformer::default()
        })
    } else {
        Backbone::Ts2vec(Dilated {
            window: STEPS as u32,
            dim: 16,
            hidden: 16,
            depth: 2,
            channels,
        })
    };
    let mut config = config(&backbone, objective, false);
    config.training = Training {
        rate: 5e-3,
        decay: 0.0,
        chunk: 64,
        ..Training::default()
    };
    config
}

/// The loss on windows that were not trained on, after 250 steps.
fn learned(config: &Config, batch: &dyn Fn(&dyn Task, u64) -> Batch) -> f32 {
    let (model, mut params) = Model::start(config, &Default::default(), 1).unwrap();
    let task = model.goal.task().unwrap();
    for step in 0..250 {
        let (_, mut gradients) = model.gradients(&params, &batch(task, step)).unwrap();
        clip(&mut gradients, 1.0);
        update(&mut params, &gradients, &config.training, step, 1.0);
    }
    let losses = (1000..1010).map(|step| {
        let mut batch = batch(task, step);
        batch.noise = None;
        model.loss(&params, &batch).unwrap()
    });
    losses.sum::<f32>() / 10.0
}

#[test]
fn hidden_and_coming_steps_of_a_wave_are_learned_and_not_those_of_its_shuffled_steps() {
    for objective in [
        "kind = \"masked\"\nwidth = 16\nheads = 2\nlayers = 1",
        "kind = \"forecast\"\nhorizon = 4",
    ] {
        let config = small(objective);
        let run = |shuffled: bool| {
            learned(&config, &|task, step| {
                let wholes = waves(task.ahead(), step);
                let wholes = if shuffled {
                    out_of_order(wholes, step)
                } else {
                    wholes
                };
                ask(task, &config, &wholes, 1, step).unwrap()
            })
        };
        // Zeros cost 0.5, the mean square of a sine. What is left of a wave whose steps are known but for their order
        // tells a little of the others.
        let (known, shuffled) = (run(false), run(true));
        assert!(known < 0.1, "{objective}: {known}");
        assert!(shuffled > 0.4, "{objective}: {shuffled}");
    }
}

#[test]
fn the_order_of_a_rise_is_learned_and_not_that_of_its_shuffled_steps() {
    let config = small("kind = \"order\"");
    let run = |shuffled: bool| {
        learned(&config, &|task, step| {
            let wholes = ramps(step);
            let wholes = if shuffled {
                out_of_order(wholes, step)
            } else {
                wholes
            };
            ask(task, &config, &wholes, 1, step).unwrap()
        })
    };
    let chance = 6_f32.ln();
    let (known, shuffled) = (run(false), run(true));
    assert!(known < 0.3 * chance, "{known}");
    assert!(shuffled > 0.97 * chance, "{shuffled}");
}

#[test]
fn augmentations_and_outcomes_are_learned_and_not_those_of_others() {
    let log = |n: f32| n.ln();
    for (objective, chance) in [
        ("kind = \"augmentation\"", log(2.0)),
        ("kind = \"direction\"\nsmoothing = 0.0", log(3.0)),
        // Percent: the mean of the Huber loss of 2 sin around 0.
        ("kind = \"outcome\"", 0.80),
    ] {
        let mut config = small(objective);
        if matches!(config.objective, ObjectiveConfig::Augmentation {}) {
            config.augment = toml::from_str::<Config>(JITTERED).unwrap().augment;
        }
        let run = |shuffled: bool| {
            learned(&config, &|task, step| {
                let mut batch = ask(task, &config, &waves(task.ahead(), step), 1, step).unwrap();
                if shuffled {
                    answers_of_others(&mut batch, step);
                }
                batch
            })
        };
        let (known, shuffled) = (run(false), run(true));
        assert!(known < 0.4 * chance, "{objective}: {known}");
        assert!(shuffled > 0.85 * chance, "{objective}: {shuffled}");
    }
}

const JITTERED: &str = "mode = \"market\"\n[backbone]\nkind = \"cnn\"\n[objective]\nkind = \"augmentation\"\n[[augment]]\nkind = \"jitter\"\nsize = 0.5\n[[data]]\nkind = \"synthetic\"\n";
