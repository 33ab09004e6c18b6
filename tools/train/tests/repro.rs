//! The parts of the reproduction of published results.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;
use std::process::Command;

use rand::RngExt;
use rhyme_train::backbone::Dilated;
use rhyme_train::random::seeded;
use rhyme_train::repro::etth1::{ENDS, Etth1, HORIZONS, times_of};
use rhyme_train::repro::ridge::{Ridge, Table};
use rhyme_train::repro::ts2vec::{Length, Run};

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("repro-{}-{name}", std::process::id()))
}

/// A table of the form of ETTh1 whose series are waves of a day, and noise.
fn made_up() -> String {
    let mut random = seeded(3, 0, 0);
    let mut text = "date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT\n".to_owned();
    for hour in 0..ENDS[2] {
        let day = hour / 24;
        let date = format!(
            "20{:02}-{:02}-{:02} {:02}:00:00",
            10 + day / 336,
            day / 28 % 12 + 1,
            day % 28 + 1,
            hour % 24
        );
        text.push_str(&date);
        for series in 0..7 {
            let wave = (hour as f64 * std::f64::consts::TAU / 24.0 + f64::from(series)).sin();
            let noise: f64 = random.random_range(-0.1..0.1);
            text.push_str(&format!(",{:.4}", 5.0 + wave + noise));
        }
        text.push('\n');
    }
    text
}

#[test]
fn times_are_those_of_the_calendar() {
    let of = |date: &str| times_of(&format!("{date},1,2,3,4,5,6,7")).unwrap();
    // Minute, hour, weekday (Monday 0), day, day of the year, month, ISO week.
    assert_eq!(
        of("2016-07-01 05:00:00"),
        [0.0, 5.0, 4.0, 1.0, 183.0, 7.0, 26.0]
    );
    assert_eq!(
        of("2016-12-31 23:30:00"),
        [30.0, 23.0, 5.0, 31.0, 366.0, 12.0, 52.0]
    );
    assert_eq!(
        of("2017-01-01 00:00:00"),
        [0.0, 0.0, 6.0, 1.0, 1.0, 1.0, 52.0]
    );
    assert_eq!(
        of("2018-12-31 00:00:00"),
        [0.0, 0.0, 0.0, 31.0, 365.0, 12.0, 1.0]
    );
    for broken in [
        "2016-07-01,1,2,3,4,5,6,7",
        "2016-07-01 05:00:00,1,2,3",
        "2016-07-01 05:00:00,1,2,3,4,5,6,x",
    ] {
        assert_eq!(times_of(broken), None, "{broken}");
    }
}

#[test]
fn series_are_scaled_by_the_training_part_alone() {
    let mut text = made_up();
    let data = Etth1::parse(&text).unwrap();
    let columns = |rows: &[f32], column: usize| -> Vec<f64> {
        let of = rows.iter().skip(column).step_by(Etth1::WIDTH);
        of.map(|&x| f64::from(x)).collect()
    };
    for column in [1, 7, 13] {
        let known = columns(data.train(), column);
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let squares = known.iter().map(|x| x * x).sum::<f64>() / known.len() as f64;
        assert!(mean.abs() < 1e-5 && (squares - 1.0).abs() < 1e-4);
    }
    assert!(
        columns(data.train(), 0).iter().all(|&x| x == 0.0),
        "minutes are all 0"
    );
    // Another test part changes nothing before it.
    let last = text.trim_end().rfind('\n').unwrap();
    text.truncate(last + 1);
    text.push_str("2013-06-18 23:00:00,90,90,90,90,90,90,90\n");
    let other = Etth1::parse(&text).unwrap();
    assert_eq!(other.train(), data.train());
    assert!(
        Etth1::parse("date\n1,2\n")
            .unwrap_err()
            .to_string()
            .contains("another line 2")
    );
}

#[test]
fn a_regression_finds_the_map_that_made_its_outputs_and_a_penalty_shrinks_it() {
    let mut random = seeded(5, 0, 0);
    let inputs: Vec<f32> = (0..600).map(|_| random.random_range(-1.0..1.0)).collect();
    let outputs: Vec<f32> = inputs
        .chunks(3)
        .flat_map(|x| [2.0 * x[0] - x[1] + 4.0, 0.5 * x[2] - 1.0])
        .collect();
    let tables = || {
        let (x, y) = (inputs.clone(), outputs.clone());
        (
            Table::new(3, x, 200).unwrap(),
            Table::new(2, y, 200).unwrap(),
        )
    };
    let (x, y) = tables();
    let ridge = Ridge::new(&x, &y).unwrap();
    let error = |penalty: f64| ridge.solve(penalty).unwrap().errors(&x, &y).unwrap();
    assert!(error(1e-6).0 < 1e-9);
    assert!(error(10.0).0 > error(1.0).0 && error(1.0).0 > error(1e-6).0);
    // One input of variance v and a penalty p: the weight is n v / (n v + p).
    let one: Vec<f32> = (0..100)
        .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let table = Table::new(1, one, 100).unwrap();
    let (squared, absolute) = Ridge::new(&table, &table)
        .unwrap()
        .solve(25.0)
        .unwrap()
        .errors(&table, &table)
        .unwrap();
    assert!((absolute - 0.2).abs() < 1e-6 && (squared - 0.04).abs() < 1e-6);
    assert!(Table::new(3, vec![0.0; 5], 2).is_err());
}

#[test]
fn representations_that_know_what_comes_are_told_from_those_that_do_not() {
    let data = Etth1::parse(&made_up()).unwrap();
    // The sine and the cosine of the hour.
    let known: Vec<f32> = (0..ENDS[2])
        .flat_map(|hour| {
            let angle = hour as f32 * std::f32::consts::TAU / 24.0;
            [angle.sin(), angle.cos()]
        })
        .collect();
    let (found, _) = data.judge(&known, 2, HORIZONS[0]).unwrap();
    let mut random = seeded(6, 0, 0);
    let noise: Vec<f32> = known
        .iter()
        .map(|_| random.random_range(-1.0..1.0))
        .collect();
    let (by_luck, _) = data.judge(&noise, 2, HORIZONS[0]).unwrap();
    // The noise of the series is 0.0033 of their variance of 0.5033.
    assert!((found - 0.0066).abs() < 0.001, "{found}");
    assert!((0.9..1.1).contains(&by_luck), "{by_luck}");
}

#[test]
fn a_run_that_was_kept_goes_on_to_the_same_numbers() {
    let data = Etth1::parse(&made_up()).unwrap();
    let net = || Dilated {
        hidden: 4,
        depth: 1,
        dim: 6,
        ..Dilated::default()
    };
    let of = |steps: u64| Length { steps, rows: 500 };
    let run = |name: &str, stops: &[u64]| {
        let state = file(name);
        let mut losses = Vec::new();
        for &stop in stops {
            let mut run = Run::new(net(), of(4), 2, &state).unwrap();
            while run.progress().0 < stop {
                losses.push(run.step(&data).unwrap());
            }
            run.save().unwrap();
        }
        let run = Run::new(net(), of(4), 2, &state).unwrap();
        let other = Run::new(net(), of(5), 2, &state).err().unwrap().to_string();
        assert!(other.contains("the same run"), "{other}");
        std::fs::remove_file(&state).unwrap();
        (losses, run.encode(&data, &mut |share| share > 0.02))
    };
    let (once, in_parts) = (run("once", &[3]), run("parts", &[1, 2, 3]));
    assert_eq!(once.0, in_parts.0);
    assert!(matches!(once.1, Err(rhymedb::Error::Interrupted)));
}

#[test]
fn without_the_data_nothing_is_done() {
    let output = Command::new(env!("CARGO_BIN_EXE_repro"))
        .args(["etth1", "nowhere/ETTh1.csv"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("skipped: nowhere/ETTh1.csv is not there"),
        "{said}"
    );
}
