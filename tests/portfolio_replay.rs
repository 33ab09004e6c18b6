//! Portfolios on the past: beside plain arithmetic, other futures, ends and chance.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod oracle;
#[path = "clusters/planted.rs"]
#[allow(dead_code, reason = "of the tests of groups")]
mod planted;

use oracle::worlds::{database, days, other_future, refused};
use planted::planted;
use rhymedb::decide::{Costs, PortfolioReplayAnswer};
use rhymedb::query::PortfolioRule;
use rhymedb::{Database, Filter, SeriesBars};

/// The accounts bar by bar from the weights of each rebalancing: units, prices, and costs by trial and error.
fn plain(db: &Database, all: &[SeriesBars], rule: PortfolioRule, cost: f64) -> Vec<f64> {
    let bars = all[0].bars.len();
    let open = |i: usize, day: usize| all[i].bars.open[day];
    let close = |i: usize, day: usize| all[i].bars.close[day];
    let (mut cash, mut units) = (1.0, vec![0.0; all.len()]);
    let mut equity = Vec::new();
    for day in 101..bars {
        if (day - 101) % 30 == 0 {
            // Day 100 closes when day 101 opens.
            let view = db.at(days(day as i64));
            let answer = view
                .portfolio()
                .returns(100)
                .rules(vec![rule])
                .run()
                .unwrap();
            let weights = &answer.portfolios[0].weights;
            let held: Vec<f64> = (0..all.len()).map(|i| units[i] * open(i, day)).collect();
            let before = cash + held.iter().sum::<f64>();
            let costs_of = |after: f64| -> f64 {
                let moved = (0..all.len()).map(|i| (weights[i] * after - held[i]).abs());
                cost * moved.sum::<f64>()
            };
            // What is left and its costs are what there was: halved until it fits.
            let (mut low, mut high) = (0.0, before);
            for _ in 0..200 {
                let middle = f64::midpoint(low, high);
                if middle + costs_of(middle) < before {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            for i in 0..all.len() {
                units[i] = weights[i] * low / open(i, day);
            }
            cash = low * (1.0 - weights.iter().sum::<f64>());
        }
        let worth: f64 = (0..all.len()).map(|i| units[i] * close(i, day)).sum();
        equity.push(cash + worth);
    }
    equity
}

fn replayed(db: &Database, cost: f64) -> PortfolioReplayAnswer {
    let view = db.now();
    let question = view.portfolio().returns(100);
    let replay = view.portfolio_replay(&question).every(30);
    replay
        .costs(Costs::new(cost / 2.0, cost / 2.0))
        .run()
        .unwrap()
}

#[test]
fn accounts_are_those_of_plain_arithmetic() {
    let all = planted("m", 3, 3, 260, 1);
    let (_dir, db) = database(&all);
    let answer = replayed(&db, 0.01);
    assert_eq!(answer.rebalanced.len(), 6);
    assert_eq!(
        (answer.rebalanced[0], answer.rebalanced[1]),
        (days(101), days(131))
    );
    assert_eq!((answer.times.len(), answer.times[0]), (159, days(102)));
    assert_eq!((answer.assets, answer.rules.len()), ((9, 9), 6));
    for found in &answer.rules {
        let expected = plain(&db, &all, found.rule, 0.01);
        assert_eq!(found.equity.len(), expected.len());
        for (x, y) in found.equity.iter().zip(&expected) {
            assert!((x - y).abs() < 1e-9, "{}: {x} {y}", found.rule);
        }
        let last = expected[expected.len() - 1];
        assert!((found.performance.total_return - (last - 1.0)).abs() < 1e-9);
        // All that was traded cost a hundredth.
        let turnover = found.performance.turnover.unwrap();
        assert!((found.costs.unwrap() - 0.01 * turnover).abs() < 1e-12);
        let said = (found.sharpe, found.above_equal);
        assert_eq!(said, (None, None), "five blocks say too little");
    }
    // Equal weights trade least after they were bought, and dearer trading leaves less.
    let free = replayed(&db, 0.0);
    for (dear, free) in answer.rules.iter().zip(&free.rules) {
        assert!(dear.performance.total_return < free.performance.total_return);
        assert_eq!(free.costs, Some(0.0));
        let equal = answer.rules[0].performance.turnover.unwrap();
        assert!(dear.performance.turnover.unwrap() >= equal);
    }
    let again = replayed(&db, 0.01);
    assert_eq!(again.rules, answer.rules);
}

#[test]
fn nothing_later_moves_an_account() {
    let all = planted("m", 3, 4, 420, 2);
    let (_a, one) = database(&all);
    let mut late = planted("m", 1, 1, 60, 9).remove(0);
    late.key.symbol = "NEW".to_owned();
    let (_b, other) = database(&other_future(&all, days(330), late, 2));
    let ask = |db: &Database, until: Option<i64>| {
        let view = until.map_or_else(|| db.now(), |day| db.at(days(day)));
        let question = view.portfolio().returns(100).max_weight(0.4);
        view.portfolio_replay(&question).every(20).run().unwrap()
    };
    let (known, now, another) = (ask(&one, Some(330)), ask(&one, None), ask(&other, None));
    let n = known.times.len();
    assert_eq!(known.times[n - 1], days(330));
    let bits = |answer: &PortfolioReplayAnswer, rule: usize| {
        let equity = answer.rules[rule].equity.iter().take(n);
        equity.map(|x| x.to_bits()).collect::<Vec<u64>>()
    };
    for rule in 0..6 {
        assert_eq!(bits(&known, rule), bits(&now, rule));
        assert_eq!(bits(&known, rule), bits(&another, rule));
    }
    assert_ne!(now.rules[0].equity, another.rules[0].equity);
    assert_eq!(another.ended.len(), 1);
    assert_eq!(another.ended[0].1, days(330));
}

/// An asset that ends in the middle of a holding is worth its last close from then on.
#[test]
fn what_ended_is_worth_its_last_close() {
    let mut all = planted("m", 2, 2, 200, 3);
    all[1].bars = all[1].bars.slice(0..150);
    let (_dir, db) = database(&all);
    let view = db.now();
    let question = view
        .portfolio()
        .returns(100)
        .rules(vec![PortfolioRule::Equal]);
    let free = Costs::new(0.0, 0.0);
    let replay = view.portfolio_replay(&question).every(60).costs(free);
    let answer = replay.run().unwrap();
    assert_eq!(answer.ended, [(all[1].key.clone(), days(150))]);
    assert_eq!(answer.assets, (4, 3));
    let close = |i: usize, day: usize| all[i].bars.close[day.min(all[i].bars.len() - 1)];
    for (at, found) in answer.rules[0].equity.iter().enumerate().take(60) {
        let of = |i: usize| 0.25 / all[i].bars.open[101] * close(i, 101 + at);
        let expected: f64 = (0..4).map(of).sum();
        assert!((found - expected).abs() < 1e-9, "{at}: {found} {expected}");
    }
    // At the next time all of the money is in the three that are left.
    let last = answer.rules[0].equity[98] / answer.rules[0].equity[59];
    let after = |i: usize| all[i].bars.close[199] / all[i].bars.close[160] / 3.0;
    let expected: f64 = [0, 2, 3].map(after).iter().sum();
    assert!((last - expected).abs() < 1e-9, "{last} {expected}");
}

/// On walks without anything to find no rule differs from equal weights more often than its p says.
#[test]
fn no_rule_beats_equal_weights_by_more_than_chance() {
    const WORLDS: usize = 60;
    let all: Vec<SeriesBars> = (0..WORLDS)
        .flat_map(|world| planted(&format!("w{world:02}"), 0, 10, 400, 500 + world as u64))
        .collect();
    let (_dir, db) = database(&all);
    let view = db.now();
    let mut counts = vec![(0, 0); 6];
    for world in 0..WORLDS {
        let filter = Filter::new().venue(format!("w{world:02}"));
        let question = view.portfolio().filter(filter).returns(60);
        let replay = view.portfolio_replay(&question).every(20);
        let answer = replay.costs(Costs::new(0.0, 0.0)).run().unwrap();
        for (count, rule) in counts.iter_mut().zip(&answer.rules) {
            let Some(above) = rule.above_equal else {
                continue;
            };
            count.0 += usize::from(above.p <= 0.05);
            count.1 += usize::from(above.interval[0] > 0.0);
        }
    }
    println!("{counts:?}");
    for (differs, beats) in counts {
        // Of 60 at 5 % nine or more come once in 500, at 2.5 % six or more once in 250.
        assert!(differs <= 8 && beats <= 5, "{differs} {beats}");
    }
}

#[test]
fn what_cannot_be_replayed_is_refused() {
    let (_dir, db) = database(&planted("m", 2, 3, 200, 4));
    let view = db.now();
    let question = view.portfolio().returns(100);
    let ask = || view.portfolio_replay(&question);
    refused(
        ask().every(0).run(),
        "expected 1 to 10000 bars between two rebalancings, found 0",
    );
    refused(
        ask().costs(Costs::new(0.7, 0.0)).run(),
        "expected a fee and a slippage from 0 to 0.5",
    );
    refused(
        ask().costs(Costs::new(0.0, f64::NAN)).run(),
        "expected a fee and a slippage",
    );
    let long = view.portfolio().returns(199);
    refused(
        view.portfolio_replay(&long).run(),
        "expected more than 200 bars of the assets in the period, found 200",
    );
    let early = view
        .portfolio()
        .returns(100)
        .filter(Filter::new().from(days(20)));
    refused(
        view.portfolio_replay(&early).run(),
        "as of 2020-01-26T00:00:00Z: expected at least 30 returns",
    );
    let narrow = view.portfolio().returns(100).max_weight(0.1);
    refused(
        view.portfolio_replay(&narrow).run(),
        "`--max-weight 0.166667` or more",
    );
}
