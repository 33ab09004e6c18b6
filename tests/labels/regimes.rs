//! Regimes, planted by what their names mean.

use rhymedb::query::{LabelSet, RegimesAnswer};
use rhymedb::{Database, OpenOptions, Query, Target, Timestamp};

use crate::oracle::{DAY, Lcg, START};
use crate::planted::{Planted, REGIMES, planted};
use crate::times;
use crate::world::{SCALE, bars, confusion, daily, judged, walk};

fn set() -> LabelSet {
    LabelSet::built_in_named("regimes").unwrap()
}

fn database(dir: &tempfile::TempDir, levels: &[f64]) -> Database {
    let options = OpenOptions::new().clip_weights(None);
    let db = options.open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(&[daily("AAA", levels)]).unwrap();
    db
}

fn history(db: &Database) -> RegimesAnswer {
    let target: Target = "AAA:1d".parse().unwrap();
    db.now().regimes(target, &set()).run().unwrap()
}

/// The regime that counts at each bar.
fn labels(answer: &RegimesAnswer, bars: usize) -> Vec<Option<usize>> {
    let mut all = vec![None; bars];
    let bar = |time: Timestamp| ((time.millis() - START) / DAY - 1) as usize;
    for run in &answer.runs {
        let label = run.label.as_deref().unwrap();
        let label = REGIMES.iter().position(|r| *r == label);
        assert_eq!(bar(run.last) - bar(run.first) + 1, run.windows as usize);
        all[bar(run.first)..=bar(run.last)].fill(label);
    }
    all
}

/// Whether the regime at a bar has lasted so long.
fn lasted(planted: &Planted, bar: usize, bars: usize) -> bool {
    let now = planted.regimes[bar];
    now.is_some()
        && planted.regimes[bar + 1 - bars..=bar]
            .iter()
            .all(|r| *r == now)
}

#[test]
fn planted_regimes_are_told() {
    let mut random = Lcg(3);
    let (mut whole, mut settled, mut every) = (Vec::new(), Vec::new(), Vec::new());
    let mut runs = 0;
    for _ in 0..3 * times() {
        let world = planted(400, 24, 1.0, &mut random);
        let dir = tempfile::tempdir().unwrap();
        let db = database(&dir, &world.levels);
        let answer = history(&db);
        runs += answer.runs.len();
        let found = labels(&answer, world.levels.len());
        for (bar, &label) in found.iter().enumerate().skip(400) {
            let truth = world.regimes[bar].unwrap();
            every.push((truth, label));
            if lasted(&world, bar, 32) {
                settled.push((truth, label));
            }
            // Windows that lie in one regime, by themselves.
            if bar % 16 == 0 && lasted(&world, bar, 64) {
                let end = Timestamp::from_millis(START + (bar as i64 + 1) * DAY);
                let target: Target = format!("AAA:1d@{end}").parse().unwrap();
                let view = db.now();
                let set = set();
                let classify = view.classify(target, &set).abstain_below(0.0);
                let chosen = classify.run().unwrap().chosen.unwrap();
                whole.push((truth, REGIMES.iter().position(|r| *r == chosen)));
            }
        }
    }
    confusion(&whole, &REGIMES);
    confusion(&every, &REGIMES);
    let [whole, settled, every] = [&whole, &settled, &every].map(|pairs| judged(pairs, 4));
    println!(
        "accuracy and macro F1: windows within a regime {:.3} {:.3}; history from the 32nd bar of a regime on {:.3} {:.3}; history, every bar {:.3} {:.3}; {runs} runs for {} planted",
        whole.0,
        whole.1,
        settled.0,
        settled.1,
        every.0,
        every.1,
        72 * times()
    );
    assert!(whole.1 >= 0.85, "{whole:?}");
    assert!(settled.1 >= 0.85, "{settled:?}");
    assert!(every.1 >= 0.7, "{every:?}");
    assert!(runs <= 3 * 72 * times(), "{runs}");
}

#[test]
fn a_year_of_an_ordinary_walk_has_few_runs() {
    let mut random = Lcg(11);
    let dir = tempfile::tempdir().unwrap();
    let levels = walk(365 * 8, &mut random);
    let db = database(&dir, &levels);
    let answer = history(&db);
    let a_year = answer.runs.len() as f64 / 8.0;
    println!("{a_year:.1} runs a year of 365 bars");
    assert!(a_year > 0.5 && a_year < 12.0, "{a_year}");
    // What counts is confirmed later, and changes less, the more windows have to confirm it.
    let target: Target = "AAA:1d".parse().unwrap();
    let slow = db.now().regimes(target, &set()).confirm(40).run().unwrap();
    assert!(slow.runs.len() < answer.runs.len());
    assert_eq!(slow.confirm, 40);
}

#[test]
fn a_regime_never_changes_afterwards() {
    let world = planted(200, 8, 1.0, &mut Lcg(5));
    let dir = tempfile::tempdir().unwrap();
    let db = database(&dir, &world.levels);
    let now = labels(&history(&db), world.levels.len());
    let target: Target = "AAA:1d".parse().unwrap();
    for bar in [150, 400, 700] {
        let time = Timestamp::from_millis(START + (bar as i64 + 1) * DAY);
        let then = db.at(time).regimes(target.clone(), &set()).run().unwrap();
        assert_eq!(labels(&then, bar + 1), now[..=bar]);
        let from = Timestamp::from_millis(START + 120 * DAY);
        let view = db.at(time);
        let set = set();
        let part = view.regimes(target.clone(), &set).from(from);
        let part = labels(&part.run().unwrap(), bar + 1);
        assert_eq!(part[119..], now[119..=bar]);
        // A single window is judged as the history judges it, as of then too.
        let single = |view: rhymedb::View| {
            let at: Target = format!("AAA:1d@{time}").parse().unwrap();
            view.classify(at, &set).run().unwrap()
        };
        assert_eq!(single(db.now()), single(db.at(time)));
    }
}

#[test]
fn eight_regimes_say_how_strong() {
    let set = LabelSet::built_in_named("eight-regimes").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let view = database(&dir, &walk(200, &mut Lcg(2))).now();
    let mut random = Lcg(4);
    // After a year of unit steps, 64 bars of a kind.
    let mut told = |kind: &dyn Fn(usize, f64) -> f64| {
        let mut levels = walk(400, &mut random);
        let level = levels[levels.len() - 1];
        let mut noise = 0.0;
        for i in 0..64 {
            noise = 0.9 * noise + 0.3 * crate::oracle::gauss(&mut random);
            levels.push(level + kind(i, noise));
        }
        let query = Query::Bars(bars(&levels, SCALE, DAY));
        let answer = view.classify(query, &set).abstain_below(0.0).run().unwrap();
        answer.chosen.unwrap()
    };
    let up = |i: usize| i as f64;
    assert_eq!(told(&|i, e| 0.5 * up(i) + e), "strong rise");
    assert_eq!(told(&|i, e| 0.11 * up(i) + e), "slow rise");
    assert_eq!(told(&|i, e| -0.5 * up(i) + e), "strong fall");
    assert_eq!(told(&|i, e| -0.11 * up(i) + e), "slow fall");
    assert_eq!(told(&|_, e| e), "calm range");
    assert_eq!(
        told(&|i, e| 2.5 * if i % 2 == 0 { 1.0 } else { -1.0 } + e),
        "wild range"
    );
    let breakout = |i: usize, e: f64| e * 0.5 + if i < 50 { 0.0 } else { 0.5 * up(i - 50) };
    assert_eq!(told(&breakout), "breakout");
    let reversal = |i: usize, e: f64| {
        if i < 48 {
            -0.5 * up(i) + e
        } else {
            -23.5 + 1.2 * up(i - 47) + e
        }
    };
    assert_eq!(told(&reversal), "reversal");
}
