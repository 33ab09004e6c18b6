//! Correlations of assets: beside plain definitions, planted breaks, chance and other futures.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod oracle;
#[path = "clusters/planted.rs"]
#[allow(dead_code, reason = "its groups are looked at elsewhere")]
mod planted;
#[path = "correlation/predicted.rs"]
mod predicted;

use std::collections::BTreeMap;

use oracle::worlds::{database, days, other_future, refused};
use oracle::{DAY, Lcg, equity, gauss};
use planted::{of_closes, planted};
use rhymedb::query::CorrelationAnswer;
use rhymedb::{Filter, SeriesBars};

/// Log returns of a series by day.
fn returns(series: &SeriesBars) -> BTreeMap<i64, f64> {
    let closes: BTreeMap<i64, f64> = (0..series.bars.len())
        .map(|i| (series.bars.time[i] / DAY, series.bars.close[i]))
        .collect();
    let of = |(day, close): (&i64, &f64)| Some((*day, (close / closes.get(&(day - 1))?).ln()));
    closes.iter().filter_map(of).collect()
}

/// The correlation of two assets over those of some days that both have, each less its own mean.
fn plain(a: &BTreeMap<i64, f64>, b: &BTreeMap<i64, f64>, of: std::ops::Range<i64>) -> Option<f64> {
    let part = |x: &BTreeMap<i64, f64>| -> Option<Vec<f64>> {
        let here: Vec<f64> = of.clone().filter_map(|d| x.get(&d).copied()).collect();
        if (here.len() as f64) < 0.8 * (of.end - of.start) as f64 {
            return None;
        }
        let mean = here.iter().sum::<f64>() / here.len() as f64;
        let both = of
            .clone()
            .filter(|d| a.contains_key(d) && b.contains_key(d));
        Some(both.map(|d| x[&d] - mean).collect())
    };
    let (x, y) = (part(a)?, part(b)?);
    let dot = |p: &[f64], q: &[f64]| p.iter().zip(q).map(|(s, t)| s * t).sum::<f64>();
    Some(dot(&x, &y) / (dot(&x, &x) * dot(&y, &y)).sqrt())
}

#[test]
fn correlations_and_what_is_usual_are_those_of_the_definition() {
    let mut all = planted("m", 2, 3, 700, 21);
    let mut left = all[1].bars.slice(0..250);
    left.extend(&all[1].bars.slice(280..700));
    all[1].bars = left;
    all[4].bars = all[4].bars.slice(480..700);
    let (_dir, db) = database(&all);
    let answer = db
        .now()
        .correlation()
        .window(30)
        .past(20)
        .k(99)
        .run()
        .unwrap();
    assert_eq!(
        (answer.pairs.len(), answer.all_pairs, answer.windows.len()),
        (15, 15, 21)
    );
    let by_day: Vec<BTreeMap<i64, f64>> = all.iter().map(returns).collect();
    let last = all[0].bars.time[699] / DAY + 1;
    let block = |b: i64| last - (b + 1) * 30..last - b * 30;
    for pair in &answer.pairs {
        let of = |b: i64| plain(&by_day[pair.a], &by_day[pair.b], block(b));
        let near = |x: f64, y: f64| assert!((x - y).abs() < 1e-9, "{x} {y} {pair:?}");
        near(pair.correlation, of(0).unwrap());
        near(
            answer.correlation(pair.a, pair.b).unwrap(),
            pair.correlation,
        );
        near(answer.shrunk(pair.b, pair.a).unwrap(), pair.shrunk);
        let mean = (1.0 - answer.shrinkage) * pair.correlation + answer.shrinkage * answer.mean;
        near(pair.shrunk, mean);
        for (found, b) in pair.history.iter().rev().zip(0..) {
            match (found, of(b)) {
                (Some(found), Some(expected)) => near(*found, expected),
                (found, expected) => assert_eq!(*found, expected, "{b}"),
            }
        }
        let earlier: Vec<f64> = (1..21).filter_map(of).map(f64::atanh).collect();
        assert_eq!(pair.past, earlier.len());
        // The late one has six windows before the latest: too few.
        assert_eq!(pair.p.is_some(), pair.a != 4 && pair.b != 4, "{pair:?}");
        if let Some(usual) = pair.usual {
            near(
                usual.atanh(),
                earlier.iter().sum::<f64>() / earlier.len() as f64,
            );
        }
    }
    let of_pairs = answer.pairs.iter().map(|p| p.correlation).sum::<f64>() / 15.0;
    assert!((answer.mean - of_pairs).abs() < 1e-9);
    assert!((answer.windows[20].mean.unwrap() - of_pairs).abs() < 1e-9);
    assert_eq!(answer.windows[20].until, days(700));
    assert!(answer.windows.windows(2).all(|w| w[0].until == w[1].from));
    let p: Vec<f64> = answer.pairs.iter().map(|p| p.p.unwrap_or(2.0)).collect();
    assert!(p.is_sorted(), "{p:?}");
}

/// Two assets that went together for years and go against each other now.
fn broken(n: usize) -> Vec<SeriesBars> {
    let mut all = planted("m", 2, 4, n, 31);
    let mut random = Lcg(77);
    let (mut a, mut b) = (vec![100.0], vec![100.0]);
    for day in 1..n {
        let (both, own) = (0.01 * gauss(&mut random), 0.004 * gauss(&mut random));
        let side = if day >= n - 63 { -1.0 } else { 1.0 };
        a.push(a[day - 1] * both.exp());
        b.push(b[day - 1] * (side * both + own).exp());
    }
    all.extend([of_closes("m", 90, &a), of_closes("m", 91, &b)]);
    all
}

#[test]
fn a_pair_that_breaks_apart_is_called() {
    let (_dir, db) = database(&broken(1_200));
    let answer = db.now().correlation().run().unwrap();
    let first = &answer.pairs[0];
    let names = [first.a, first.b].map(|i| answer.assets[i].symbol.as_str());
    assert_eq!(names, ["A90", "A91"]);
    assert!(
        first.usual.unwrap() > 0.8 && first.correlation < -0.8,
        "{first:?}"
    );
    assert!(first.q.unwrap() < 0.001 && answer.alarms >= 1, "{first:?}");
    assert!(answer.alarms <= 3, "{answer:?}");
    // A quarter before, nothing was the matter.
    let before = db.at(days(1_200 - 63)).correlation().run().unwrap();
    assert_eq!(before.alarms, 0, "{:?}", before.pairs[0]);
}

/// Walks of calm and wild times whose correlations do not change: p is as small as often as it says.
#[test]
fn what_does_not_change_is_called_as_seldom_as_it_should() {
    let (mut small, mut all, mut worlds_called) = (0, 0, 0);
    const WORLDS: u64 = 24;
    for world in 0..WORLDS {
        let mut random = Lcg(1_000 + world);
        let mut closes = vec![vec![100.0]; 5];
        let mut variance = 1.0_f64;
        for _ in 1..640 {
            let common = gauss(&mut random);
            variance = 0.05 + 0.95 * variance * (0.9 + 0.1 * common * common);
            for closes in &mut closes {
                let step = 0.01 * variance.sqrt() * (0.6 * common + 0.8 * gauss(&mut random));
                closes.push(closes[closes.len() - 1] * step.exp());
            }
        }
        let series = closes.iter().enumerate();
        let series: Vec<SeriesBars> = series.map(|(i, c)| of_closes("m", i, c)).collect();
        let (_dir, db) = database(&series);
        let answer = db
            .now()
            .correlation()
            .window(30)
            .past(20)
            .k(99)
            .run()
            .unwrap();
        let p: Vec<f64> = answer.pairs.iter().filter_map(|pair| pair.p).collect();
        small += p.iter().filter(|p| **p <= 0.05).count();
        all += p.len();
        worlds_called += usize::from(answer.alarms > 0);
    }
    let share = small as f64 / all as f64;
    assert!((0.01..=0.10).contains(&share), "{small} of {all}");
    assert!(worlds_called <= 5, "{worlds_called} of {WORLDS}");
}

fn same(a: &CorrelationAnswer, b: &CorrelationAnswer) {
    let timeless = |x: &CorrelationAnswer| {
        let mut x = x.clone();
        x.took = std::time::Duration::ZERO;
        x
    };
    assert_eq!(timeless(a), timeless(b));
    let bits = |x: &CorrelationAnswer| (x.mean.to_bits(), x.shrinkage.to_bits());
    assert_eq!(bits(a), bits(b));
}

#[test]
fn nothing_later_moves_a_correlation() {
    let all = planted("m", 2, 4, 600, 41);
    let (_a, one) = database(&all);
    let mut late = planted("m", 1, 1, 60, 9).remove(0);
    late.key.symbol = "NEW".to_owned();
    let (_b, other) = database(&other_future(&all, days(500), late, 2));
    for less_market in [false, true] {
        let ask = |db: &rhymedb::Database| {
            let question = db.at(days(500)).correlation().window(40).past(9);
            question.less_market(less_market).run().unwrap()
        };
        same(&ask(&one), &ask(&other));
        same(&ask(&one), &ask(&one));
    }
    assert!(other.now().correlation().window(40).run().is_ok());
}

#[test]
fn what_has_no_correlation_is_refused() {
    let mut all = planted("m", 2, 2, 100, 51);
    all.push(equity("CCC", 60, 3));
    let (_dir, db) = database(&all);
    let view = db.now();
    let coins = || view.correlation().filter(Filter::new().market("crypto"));
    refused(
        coins().window(19).run(),
        "expected a window of 20 to 10000 returns, found 19",
    );
    refused(
        coins().window(200).run(),
        "expected at least the 200 returns of a window, found 99",
    );
    refused(coins().k(0).run(), "expected a number of pairs from 1 to");
    refused(
        coins().past(1_001).run(),
        "expected 0 to 1000 earlier windows, found 1001",
    );
    let one = view.correlation().filter(Filter::new().symbol("A01")).run();
    refused(
        one,
        "expected at least 2 assets with enough returns, found 1",
    );
    let two = Filter::new().symbol("A01").symbol("A02");
    let two = view.correlation().filter(two);
    refused(
        two.clone().less_market(true).run(),
        "expected at least 3 assets",
    );
    let answer = two.run().unwrap();
    assert_eq!((answer.pairs.len(), answer.shrinkage), (1, 0.0));
    assert_eq!(
        (answer.pairs[0].p, answer.pairs[0].q, answer.mean_p),
        (None, None, None)
    );
    refused(coins().filter(Filter::new().tag("x")).run(), "leave it out");
}
