//! Portfolios as of a date: beside plain definitions, other futures, other names and other scales.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;
#[path = "portfolio/plain.rs"]
mod plain;
#[path = "clusters/planted.rs"]
#[allow(dead_code, reason = "of the tests of groups")]
mod planted;

use oracle::worlds::{database, days, other_future, refused};
use plain::{Plain, grid, near};
use planted::{of_closes, planted};
use rhymedb::query::{ClusterMethod, PortfolioAnswer, PortfolioRule, PortfolioWeights};
use rhymedb::{Filter, SeriesBars};

fn of(answer: &PortfolioAnswer, rule: PortfolioRule) -> &PortfolioWeights {
    answer.portfolios.iter().find(|p| p.rule == rule).unwrap()
}

#[test]
fn every_rule_is_that_of_its_definition() {
    let all = planted("m", 3, 4, 300, 1);
    let (_dir, db) = database(&all);
    let answer = db.now().portfolio().returns(200).run().unwrap();
    assert_eq!((answer.assets.len(), answer.returns), (12, 200));
    let plain = Plain::of(&all, 200, answer.shrinkage);
    assert!((answer.correlation - plain.mean_correlation).abs() < 1e-9);
    assert!(answer.shrinkage > 0.0 && answer.shrinkage < 1.0);
    for (asset, (deviation, mean)) in answer.assets.iter().zip(plain.figures()) {
        let root = answer.bars_a_year.sqrt();
        assert!((asset.volatility - deviation * root).abs() < 1e-9);
        assert!((asset.mean - mean * answer.bars_a_year).abs() < 1e-9);
    }
    assert!((answer.bars_a_year - 365.25).abs() < 1e-9);
    assert!(near(
        &of(&answer, PortfolioRule::Equal).weights,
        &[1.0 / 12.0; 12],
        1e-12
    ));
    let inverse = &of(&answer, PortfolioRule::InverseVariance).weights;
    assert!(
        near(inverse, &plain.inverse_variance(), 1e-9),
        "{inverse:?}"
    );
    let hrp = &of(&answer, PortfolioRule::Hierarchical).weights;
    assert!(near(hrp, &plain.hierarchical(), 1e-9), "{hrp:?}");
    let clusters = &of(&answer, PortfolioRule::Clusters).weights;
    let groups = db.now().clusters().returns(200).draws(0).run().unwrap();
    for (asset, weight) in answer.assets.iter().zip(clusters) {
        let group = asset.group.unwrap();
        let own = groups
            .assets
            .iter()
            .find(|a| a.series == asset.series)
            .unwrap();
        assert_eq!(own.group, group);
        let size = answer
            .assets
            .iter()
            .filter(|a| a.group == Some(group))
            .count();
        let expected = 1.0 / (groups.groups.len() * size) as f64;
        assert!((weight - expected).abs() < 1e-12);
    }
    for found in &answer.portfolios {
        let (variance, parts) = plain.variance(&found.weights);
        let volatility = (variance * answer.bars_a_year).sqrt();
        assert!(
            (found.volatility - volatility).abs() < 1e-9,
            "{}",
            found.rule
        );
        let risks: Vec<f64> = parts.iter().map(|part| part / variance).collect();
        assert!(near(&found.risks, &risks, 1e-9), "{}", found.rule);
        assert!((found.risks.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

/// Of three assets every mix is tried, in steps of a thousandth.
#[test]
fn no_mix_on_a_grid_is_better() {
    for (seed, least, most) in [(3, 0.0, 1.0), (4, 0.0, 0.5), (5, 0.15, 0.6), (6, 0.2, 1.0)] {
        let all = planted("m", 1, 3, 200, seed);
        let (_dir, db) = database(&all);
        let question = db.now().portfolio().min_weight(least).max_weight(most);
        let answer = question.run().unwrap();
        let plain = Plain::of(&all, 199, answer.shrinkage);
        let (mut variance, mut sharpe) = (f64::INFINITY, f64::NEG_INFINITY);
        for mix in grid(1_000, least, most) {
            let (square, _) = plain.variance(&mix);
            variance = variance.min(square);
            sharpe = sharpe.max(plain.mean(&mix) / square.sqrt());
        }
        let calm = &of(&answer, PortfolioRule::MinVariance).weights;
        let (found, _) = plain.variance(calm);
        assert!(
            found <= variance * (1.0 + 1e-9),
            "{seed}: {found} {variance}"
        );
        assert!(found >= variance * 0.999, "the grid is nearly as good");
        let best = of(&answer, PortfolioRule::MaxSharpe);
        assert_eq!(best.in_cash, sharpe <= 0.0, "{seed}: {sharpe}");
        if !best.in_cash {
            let (square, _) = plain.variance(&best.weights);
            let found = plain.mean(&best.weights) / square.sqrt();
            assert!(found >= sharpe * (1.0 - 1e-6), "{seed}: {found} {sharpe}");
            assert!(found <= sharpe * 1.01, "the grid is nearly as good");
        }
    }
}

#[test]
fn weights_sum_to_one_within_their_bounds() {
    let all = planted("m", 4, 15, 160, 7);
    let (_dir, db) = database(&all);
    for (least, most) in [
        (0.0, 1.0),
        (0.0, 0.03),
        (0.01, 0.05),
        (1.0 / 60.0, 1.0),
        (0.0, 1.0 / 60.0),
    ] {
        let question = db.now().portfolio().min_weight(least).max_weight(most);
        let answer = question.run().unwrap();
        assert_eq!(answer.portfolios.len(), 6);
        for found in answer.portfolios.iter().filter(|p| !p.in_cash) {
            let sum: f64 = found.weights.iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{} {sum}", found.rule);
            let inside = |w: &f64| (least - 1e-12..=most + 1e-12).contains(w);
            assert!(
                found.weights.iter().all(inside),
                "{}: {:?}",
                found.rule,
                found.weights
            );
            assert!(found.effective <= 60.0 + 1e-9);
        }
        let volatility = |rule| of(&answer, rule).volatility;
        let least = volatility(PortfolioRule::MinVariance);
        for rule in PortfolioRule::ALL {
            assert!(least <= volatility(rule) * (1.0 + 1e-7) || of(&answer, rule).in_cash);
        }
        let mut again = question.run().unwrap();
        again.took = answer.took;
        assert_eq!(answer, again);
    }
}

/// The same walks under other names have the same weights.
#[test]
fn names_do_not_matter() {
    let all = planted("m", 3, 5, 240, 8);
    let (_a, one) = database(&all);
    let n = all.len();
    let renamed: Vec<SeriesBars> = (0..n)
        .map(|i| {
            let mut series = all[i].clone();
            series.key.symbol = format!("A{:02}", (i * 7 + 3) % n);
            series
        })
        .collect();
    let (_b, other) = database(&renamed);
    let ask = |db: &rhymedb::Database| db.now().portfolio().max_weight(0.3).run().unwrap();
    let (a, b) = (ask(&one), ask(&other));
    for rule in PortfolioRule::ALL {
        let (x, y) = (&of(&a, rule).weights, &of(&b, rule).weights);
        for i in 0..n {
            assert!(
                (x[i] - y[(i * 7 + 3) % n]).abs() < 1e-6,
                "{rule} {i}: {x:?} {y:?}"
            );
        }
    }
}

/// Returns of a tenth of the size have the same weights, by the rules that look at likeness and at variance.
#[test]
fn the_size_of_returns_does_not_matter() {
    let all = planted("m", 3, 5, 240, 9);
    let smaller: Vec<SeriesBars> = all
        .iter()
        .enumerate()
        .map(|(i, series)| {
            let closes = &series.bars.close;
            let mut scaled = vec![100.0];
            for two in closes.windows(2) {
                let step = 1.0 + 0.1 * (two[1] / two[0] - 1.0);
                scaled.push(scaled[scaled.len() - 1] * step);
            }
            of_closes("m", i, &scaled)
        })
        .collect();
    let ask = |all: &[SeriesBars]| {
        let (_dir, db) = database(all);
        db.now().portfolio().run().unwrap()
    };
    let (a, b) = (ask(&all), ask(&smaller));
    for rule in PortfolioRule::ALL
        .into_iter()
        .filter(|r| *r != PortfolioRule::Clusters)
    {
        assert!(
            near(&of(&a, rule).weights, &of(&b, rule).weights, 1e-6),
            "{rule}"
        );
    }
    let (x, y) = (
        of(&a, PortfolioRule::MinVariance),
        of(&b, PortfolioRule::MinVariance),
    );
    assert!((x.volatility - 10.0 * y.volatility).abs() < 1e-6);
}

fn same(a: &PortfolioAnswer, b: &PortfolioAnswer) {
    assert_eq!((&a.assets, a.from, a.until), (&b.assets, b.from, b.until));
    assert_eq!(a.left_out, b.left_out);
    for (x, y) in a.portfolios.iter().zip(&b.portfolios) {
        let bits = |all: &[f64]| all.iter().map(|w| w.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&x.weights), bits(&y.weights), "{}", x.rule);
        assert_eq!(bits(&x.risks), bits(&y.risks), "{}", x.rule);
    }
}

#[test]
fn nothing_later_moves_a_weight() {
    let all = planted("m", 3, 5, 420, 10);
    let (_a, one) = database(&all);
    let mut late = planted("m", 1, 1, 60, 9).remove(0);
    late.key.symbol = "NEW".to_owned();
    let (_b, other) = database(&other_future(&all, days(330), late, 2));
    for (method, groups) in [
        (ClusterMethod::Average, None),
        (ClusterMethod::KMeans, Some(4)),
    ] {
        let ask = |db: &rhymedb::Database| {
            let mut question = db.at(days(330)).portfolio().method(method).seed(3);
            if let Some(groups) = groups {
                question = question.groups(groups);
            }
            question.max_weight(0.2).run().unwrap()
        };
        let (a, b) = (ask(&one), ask(&other));
        same(&a, &b);
        assert_eq!((a.until, a.assets.len()), (days(330), 15));
    }
    // Today the one that ended is gone, and the new one is too young.
    let now = other.now().portfolio().run().unwrap();
    assert_eq!((now.assets.len(), now.left_out.len()), (14, 2));
}

/// What ended, began late or stands still is named and not held, and a bar that is missing now and then is no reason.
#[test]
fn what_cannot_be_bought_is_left_out() {
    let mut all = planted("m", 2, 3, 300, 11);
    let like = |all: &[SeriesBars], symbol: &str| {
        let mut one = all[0].clone();
        one.key.symbol = symbol.to_owned();
        one
    };
    let (mut ended, mut young, mut still) = (
        like(&all, "ENDED"),
        like(&all, "YOUNG"),
        like(&all, "STILL"),
    );
    ended.bars = ended.bars.slice(0..290);
    young.bars = young.bars.slice(200..300);
    for column in [
        &mut still.bars.open,
        &mut still.bars.high,
        &mut still.bars.low,
        &mut still.bars.close,
    ] {
        column.fill(5.0);
    }
    let mut holes = like(&all, "HOLES");
    let kept = (0..300)
        .filter(|i| i % 40 != 5)
        .map(|i| holes.bars.get(i).unwrap());
    holes.bars = kept.collect();
    all.extend([ended, young, still, holes]);
    let (_dir, db) = database(&all);
    let answer = db.now().portfolio().run().unwrap();
    let mut said: Vec<String> = answer
        .left_out
        .iter()
        .map(|left| format!("{}: {}", left.series.symbol, left.why))
        .collect();
    said.sort();
    assert_eq!(
        said,
        [
            "ENDED: it has none of the last 5 returns of the period",
            "STILL: it does not move by itself",
            "YOUNG: it has 99 of 252 returns of the period",
        ]
    );
    assert_eq!(answer.assets.len(), 7);
    for found in &answer.portfolios {
        assert!((found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
    // Two are enough, and then each is a group.
    let two = Filter::new().symbol("A00").symbol("A01");
    let answer = db.now().portfolio().filter(two).run().unwrap();
    assert_eq!(of(&answer, PortfolioRule::Clusters).weights, [0.5, 0.5]);
}

/// Where everything fell, the rule that believes means holds nothing, and the others do not care.
#[test]
fn nobody_believes_a_fall() {
    let fall = |i: usize| {
        let step = |day: usize| 1.0 - 0.002 * (1.0 + ((day * (i + 3)) % 7) as f64 / 7.0);
        let mut closes = vec![100.0];
        for day in 1..100 {
            closes.push(closes[day - 1] * step(day));
        }
        of_closes("m", i, &closes)
    };
    let all: Vec<SeriesBars> = (0..4).map(fall).collect();
    let (_dir, db) = database(&all);
    let answer = db.now().portfolio().run().unwrap();
    for found in &answer.portfolios {
        let cash = found.rule == PortfolioRule::MaxSharpe;
        assert_eq!(found.in_cash, cash, "{}", found.rule);
        let sum: f64 = found.weights.iter().sum();
        assert!((sum - if cash { 0.0 } else { 1.0 }).abs() < 1e-9);
    }
}

#[test]
fn what_cannot_be_held_is_refused() {
    let (_dir, db) = database(&planted("m", 2, 3, 200, 12));
    let view = db.now();
    let ask = || view.portfolio();
    refused(
        ask().max_weight(0.1).run(),
        "expected a most weight of at least 1/6 for 6 assets, found 0.1: they would hold 60.0 % of the money; `--max-weight 0.166667` or more",
    );
    ask().max_weight(0.166_667).run().unwrap();
    refused(
        ask().min_weight(0.2).run(),
        "`--min-weight 0.166666` or less",
    );
    ask().min_weight(0.166_666).run().unwrap();
    for (least, most) in [
        (-0.1, 1.0),
        (0.0, 1.5),
        (0.3, 0.2),
        (f64::NAN, 1.0),
        (0.0, f64::NAN),
    ] {
        let message = "expected a least and a most weight of an asset from 0 to 1";
        refused(ask().min_weight(least).max_weight(most).run(), message);
    }
    refused(ask().returns(29).run(), "expected at least 30 returns");
    refused(
        ask().filter(Filter::new().symbol("A01")).run(),
        "expected at least 2 assets with enough returns, found 1",
    );
    refused(
        ask().groups(9).run(),
        "expected 2 to 6 groups of 6 assets, found 9",
    );
    refused(
        ask()
            .space("none")
            .by(rhymedb::query::ClusterBy::Vectors)
            .run(),
        "none",
    );
    refused("risky".parse::<PortfolioRule>(), "found \"risky\"");
}
