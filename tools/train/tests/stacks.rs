//! Stacks of layers: their sizes, and that no step reads a later one.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{config, stacks, windows};
use rhyme_train::backbone::{Backbone, ConvNext, Dilated};
use rhyme_train::config::Config;
use rhyme_train::net::{Network, Op, Pass, Stack};
use rhyme_train::params::{Leaves, Params};
use rhyme_train::tensor::{device, numbers, tensor};

/// The numbers of layers alone.
fn count(ops: &[Op]) -> usize {
    let mut needed = Vec::new();
    ops.iter().for_each(|op| op.needs(&mut needed));
    Params::of(&needed, 1).count()
}

fn features(stack: &Stack, rows: &[f32], pass: &Pass) -> Vec<f32> {
    let device = device();
    let params = Params::of(&stack.needs().unwrap(), 3);
    let leaves = Leaves::new(&params, "", &device).unwrap();
    let (steps, inputs) = (stack.reading.window_steps(), stack.inputs());
    let x = tensor(
        rows.to_vec(),
        [rows.len() / (steps * inputs), steps, inputs],
        &device,
    );
    numbers(stack.features(&leaves, x.unwrap(), pass).unwrap()).unwrap()
}

#[test]
fn networks_have_their_published_sizes() {
    // 20 channels, and three classes behind a normalisation, as in one dimension.
    let millions = |widths: [u32; 4], depths: [u32; 4]| {
        let net = ConvNext {
            window: 256,
            dim: 3,
            widths: widths.to_vec(),
            depths: depths.to_vec(),
            ..ConvNext::default()
        };
        let last = widths[3] as usize;
        let mut ops = net.layers(20);
        ops.extend([Op::norm("norm", last), Op::linear("classes", last, 3)]);
        (count(&ops) as f64 / 1e5).round() / 10.0
    };
    assert_eq!(millions([96, 192, 384, 768], [3, 3, 9, 3]), 26.8);
    assert_eq!(millions([96, 192, 384, 768], [3, 3, 27, 3]), 48.1);
    assert_eq!(millions([128, 256, 512, 1024], [3, 3, 27, 3]), 85.4);
    // TS2Vec over the seven series of ETTh1 and seven properties of the time: a map of 14 x 64 + 64, ten
    // blocks of two 64 x 64 x 3 + 64, and the last of 64 x 320 x 3 + 320, 320 x 320 x 3 + 320, 64 x 320 + 320.
    assert_eq!(count(&Dilated::default().layers(14)), 638_080);
    // The default is the small one that is trained.
    let small = Params::of(&default_stack().needs().unwrap(), 1).count();
    assert!((100_000..1_000_000).contains(&small), "{small}");
}

fn default_stack() -> Stack {
    Backbone::ConvNext(ConvNext::default())
        .stack()
        .unwrap()
        .unwrap()
}

#[test]
fn no_step_reads_a_later_one() {
    for backbone in stacks() {
        let stack = backbone.stack().unwrap().unwrap();
        let (steps, inputs) = (stack.reading.window_steps(), stack.inputs());
        let (given, width) = stack.given().unwrap();
        let before = windows(&stack.reading, 1, steps, 4).values;
        let known = features(&stack, &before, &Pass::default());
        let each = steps / given;
        let everywhere = matches!(backbone, Backbone::Transformer(_) | Backbone::Cost(_));
        let mut read = 0;
        for changed in 0..steps {
            let mut after = before.clone();
            for x in &mut after[changed * inputs..(changed + 1) * inputs] {
                *x = -*x + 0.5;
            }
            let found = features(&stack, &after, &Pass::default());
            for step in 0..given {
                let at = step * width..(step + 1) * width;
                let same = known[at.clone()] == found[at];
                // A step of a stride stands for the last of those that it reads.
                let later = changed >= (step + 1) * each;
                assert!(
                    same || !later || everywhere,
                    "{backbone:?}: {step} reads {changed}"
                );
                read += usize::from(!same);
            }
        }
        assert!(read > steps, "{backbone:?} reads something");
        assert!(
            !everywhere || read == steps * steps,
            "attention reads everything"
        );
    }
}

#[test]
fn dilations_give_what_strides_give() {
    let [dilated, strided] = [1, 2].map(|i| stacks()[i].stack().unwrap().unwrap());
    let rows = windows(&dilated.reading, 3, 16, 4).values;
    let all = features(&dilated, &rows, &Pass::default());
    let some = features(&strided, &rows, &Pass::default());
    let width = dilated.given().unwrap().1;
    assert_eq!(strided.given().unwrap(), (2, width));
    for (i, kept) in some.chunks(width).enumerate() {
        let (row, step) = (i / 2, i % 2 * 8 + 7);
        let same = &all[(row * 16 + step) * width..][..width];
        for (a, b) in kept.iter().zip(same) {
            assert!((a - b).abs() < 1e-5, "row {row}, step {step}: {a} and {b}");
        }
    }
}

#[test]
fn branches_are_left_out_in_training_alone_and_their_mean_stays() {
    let stack = stacks()[1].stack().unwrap().unwrap();
    let one = windows(&stack.reading, 1, 16, 4).values;
    let rows = one.repeat(2000);
    let pass = |noise| Pass {
        rows: 0..2000,
        noise,
        hidden: None,
    };
    let calm = features(&stack, &one, &pass(None));
    let found = features(&stack, &rows, &pass(Some(7)));
    assert_eq!(found, features(&stack, &rows, &pass(Some(7))));
    assert_ne!(found, features(&stack, &rows, &pass(Some(8))));
    let each: Vec<&[f32]> = found.chunks(calm.len()).collect();
    // The last block is left out with 0.3, the one before it with 0.15.
    let whole = |row: &&&[f32]| row.iter().zip(&calm).all(|(a, b)| (a - b).abs() < 1e-6);
    assert_eq!(
        each.iter().filter(whole).count(),
        0,
        "kept branches are scaled up"
    );
    let mean = |i: usize| each.iter().map(|row| f64::from(row[i])).sum::<f64>() / 2000.0;
    let spread = calm.iter().map(|x| x.abs()).fold(0.0, f32::max);
    let last = calm.len() - 1;
    assert!((mean(last) - f64::from(calm[last])).abs() < 0.05 * f64::from(spread));
}

#[test]
fn hidden_steps_are_not_attended() {
    let stack = stacks()[3].stack().unwrap().unwrap();
    let (width, inputs) = (stack.given().unwrap().1, stack.inputs());
    let rows = windows(&stack.reading, 1, 16, 4).values;
    let mut hidden = vec![0.0; 16];
    hidden[5] = 1.0;
    let pass = || Pass {
        rows: 0..1,
        noise: None,
        hidden: Some(tensor(hidden.clone(), [1, 16], &device()).unwrap()),
    };
    let mut other = rows.clone();
    other[5 * inputs..6 * inputs].fill(3.0);
    let [a, b] = [&rows, &other].map(|rows| features(&stack, rows, &pass()));
    for step in 0..16 {
        let at = step * width..(step + 1) * width;
        assert_eq!(a[at.clone()] == b[at], step != 5, "step {step}");
    }
    assert_ne!(a, features(&stack, &rows, &Pass::default()));
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let said = |backbone: &str, objective: &str| {
        let text = format!(
            "mode = \"market\"\n[backbone]\n{backbone}\n[objective]\nkind = \"{objective}\"\n[[data]]\nkind = \"synthetic\"\n"
        );
        Config::parse(&text)
            .err()
            .map_or_else(String::new, |e| e.to_string())
    };
    for (backbone, objective, expected) in [
        (
            "kind = \"conv_next\"\nwindow = 60",
            "order",
            "multiple of 8",
        ),
        (
            "kind = \"conv_next\"\ndepths = [1]",
            "order",
            "as many depths",
        ),
        ("kind = \"conv_next\"", "masked", "backbone.dilated = true"),
        ("kind = \"ts2vec\"\ndepth = 30", "order", "depth of 1 to 12"),
        (
            "kind = \"transformer\"\nheads = 5",
            "order",
            "multiple of heads",
        ),
        (
            "kind = \"transformer\"\nwidht = 5",
            "order",
            "unknown field `widht`",
        ),
        ("kind = \"transformer\"", "info_nce", "augmentations"),
        ("kind = \"cost\"\ndim = 7", "order", "even dim"),
        ("kind = \"cost\"", "cost", "augmentations"),
        ("kind = \"transformer\"", "cost", "the backbone cost"),
        ("kind = \"transformer\"", "augmentation", "[[augment]]"),
        ("kind = \"conv_next\"\ndilated = true", "masked", ""),
    ] {
        let found = said(backbone, objective);
        assert!(found.contains(expected), "{backbone}: {found}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{found}");
    }
    let text = config(&common::backbones()[0], "kind = \"info_nce\"", true);
    let with = Config {
        backbone: stacks()[0].clone(),
        ..text
    };
    let found = with.check().unwrap_err().to_string();
    assert!(found.contains("no [text] with this [backbone]"), "{found}");
}
