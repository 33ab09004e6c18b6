//! Leaders and followers: planted ones, walks among which nobody leads, bouncing prices and other futures.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;
#[path = "clusters/planted.rs"]
#[allow(dead_code, reason = "its groups are looked at elsewhere")]
mod planted;

use oracle::worlds::{database, days, other_future, refused};
use oracle::{Lcg, gauss};
use planted::{of_closes, planted};
use rhymedb::query::LeadLagAnswer;
use rhymedb::{Database, Filter, SeriesBars};

const ASSETS: usize = 8;

/// Walks with a market in common, in calm and wild times. With `follow` the last asset does a part of what the first
/// did two days before; with `bounce` closes jump between bid and ask.
fn walks(venue: &str, n: usize, seed: u64, follow: f64, bounce: f64) -> Vec<SeriesBars> {
    let mut random = Lcg(seed.wrapping_mul(6_151) + 5);
    let mut levels = vec![vec![100.0_f64]; ASSETS];
    let mut own = vec![vec![0.0]; ASSETS];
    let mut variance = 1.0_f64;
    for day in 1..n {
        let market = gauss(&mut random);
        variance = 0.05 + 0.95 * variance * (0.9 + 0.1 * market * market);
        for i in 0..ASSETS {
            own[i].push(0.01 * variance.sqrt() * gauss(&mut random));
            let led = if i == ASSETS - 1 && day > 2 {
                follow * own[0][day - 2]
            } else {
                0.0
            };
            let step = 0.007 * variance.sqrt() * market + own[i][day] + led;
            let before = levels[i][day - 1];
            levels[i].push(before * step.exp());
        }
    }
    let mut series = Vec::new();
    for (i, level) in levels.iter().enumerate() {
        let side = |random: &mut Lcg| if random.next() < 0.5 { 1.0 } else { -1.0 };
        let seen: Vec<f64> = level
            .iter()
            .map(|c| c * (1.0 + bounce * side(&mut random)))
            .collect();
        series.push(of_closes(venue, i, &seen));
    }
    series
}

fn in_worlds(
    count: u64,
    world: impl Fn(u64, &str) -> Vec<SeriesBars>,
) -> (tempfile::TempDir, Database) {
    let all: Vec<SeriesBars> = (0..count)
        .flat_map(|i| world(i, &format!("w{i:02}")))
        .collect();
    database(&all)
}

fn ask(db: &Database, world: u64, returns: usize) -> LeadLagAnswer {
    let filter = Filter::new().venue(format!("w{world:02}"));
    db.now()
        .lead_lag()
        .filter(filter)
        .returns(returns)
        .run()
        .unwrap()
}

#[test]
fn a_planted_lead_is_found() {
    const WORLDS: u64 = 20;
    let (_dir, db) = in_worlds(WORLDS, |i, venue| walks(venue, 502, 100 + i, 0.5, 0.0));
    let (mut found, mut others) = (0, 0);
    for world in 0..WORLDS {
        let answer = ask(&db, world, 500);
        for pair in answer.pairs.iter().filter(|p| p.called()) {
            let is = (pair.leader, pair.follower, pair.lag) == (0, ASSETS - 1, 2);
            found += usize::from(is);
            others += usize::from(!is);
        }
        assert_eq!(answer.best(0, ASSETS - 1).map(|(lag, _)| lag), Some(2));
    }
    assert!(found >= 19, "{found} of {WORLDS}");
    assert!(others <= 3, "{others} others");
}

/// The market is the mean of all, so what the leader did shows in the others the other way round. Of four assets too
/// only the leader is called.
#[test]
fn the_mirrors_of_a_leader_are_not_called() {
    const WORLDS: u64 = 20;
    let four = |i: u64, venue: &str| {
        let mut all = walks(venue, 802, 700 + i, 0.8, 0.0);
        all.drain(1..ASSETS - 3);
        all
    };
    let (_dir, db) = in_worlds(WORLDS, four);
    let (mut found, mut others) = (0, 0);
    for world in 0..WORLDS {
        let answer = ask(&db, world, 800);
        assert_eq!(answer.assets.len(), 4);
        for pair in answer.pairs.iter().filter(|p| p.called()) {
            let is = (pair.leader, pair.follower, pair.lag) == (0, 3, 2);
            found += usize::from(is);
            others += usize::from(!is);
        }
    }
    assert!(found >= 19, "{found} of {WORLDS}");
    assert!(others <= 3, "{others} others");
}

#[test]
fn among_walks_nobody_is_called() {
    const WORLDS: u64 = 40;
    for bounce in [0.0, 0.005] {
        let (_dir, db) = in_worlds(WORLDS, |i, venue| walks(venue, 302, 300 + i, 0.0, bounce));
        let (mut called, mut stable) = (0, 0);
        for world in 0..WORLDS {
            let answer = ask(&db, world, 300);
            called += usize::from(answer.called > 0);
            stable += usize::from(answer.stability_p <= 0.05);
            assert_eq!(answer.all_pairs, ASSETS * (ASSETS - 1));
        }
        assert!(called <= 2, "bounce {bounce}: {called} of {WORLDS}");
        // Of 40 at 5 %, seven or more come once in 300.
        assert!(
            stable <= 6,
            "bounce {bounce}: {stable} of {WORLDS} look stable"
        );
    }
}

/// A price that stands still every other day seems to follow all others, and is left out.
#[test]
fn stale_prices_are_left_out() {
    let mut all = walks("m", 300, 7, 0.0, 0.0);
    let bars = &mut all[3].bars;
    for day in (1..bars.len()).step_by(2) {
        let before = bars.close[day - 1];
        for column in [
            &mut bars.open,
            &mut bars.high,
            &mut bars.low,
            &mut bars.close,
        ] {
            column[day] = before;
        }
        if day + 1 < bars.len() {
            bars.open[day + 1] = before;
            bars.high[day + 1] = bars.high[day + 1].max(before);
            bars.low[day + 1] = bars.low[day + 1].min(before);
        }
    }
    let (_dir, db) = database(&all);
    let answer = db.now().lead_lag().run().unwrap();
    assert_eq!(answer.assets.len(), ASSETS - 1);
    let left = &answer.left_out[0];
    assert_eq!(
        (left.series.symbol.as_str(), left.why.to_string().as_str()),
        ("A03", "its price often stands still")
    );
}

#[test]
fn nothing_later_moves_a_lead() {
    let all = walks("m", 500, 9, 0.5, 0.0);
    let (_a, one) = database(&all);
    let mut late = planted("m", 1, 1, 60, 9).remove(0);
    late.key.symbol = "NEW".to_owned();
    let (_b, other) = database(&other_future(&all, days(400), late, 2));
    let timeless = |db: &Database| {
        let mut answer = db.at(days(400)).lead_lag().returns(300).run().unwrap();
        answer.took = std::time::Duration::ZERO;
        answer
    };
    assert_eq!(timeless(&one), timeless(&other));
    assert_eq!(timeless(&one), timeless(&one));
    assert_eq!(timeless(&one).until, days(400));
}

#[test]
fn what_has_no_leader_is_refused() {
    let (_dir, db) = database(&planted("m", 2, 3, 130, 4));
    let view = db.now();
    let ask = || view.lead_lag();
    refused(ask().lags(0).run(), "expected a lag from 1 to 20, found 0");
    refused(
        ask().lags(21).run(),
        "expected a lag from 1 to 20, found 21",
    );
    refused(ask().k(0).run(), "expected a number of pairs from 1 to");
    refused(
        ask().returns(119).run(),
        "expected at least 120 returns to compare two halves, found 119",
    );
    refused(ask().returns(8).run(), "expected at least 30 returns");
    refused(
        ask().filter(Filter::new().symbol("A01")).run(),
        "expected at least 4 assets",
    );
    refused(ask().filter(Filter::new().market("moon")).run(), "moon");
    assert!(ask().run().is_ok());
}
