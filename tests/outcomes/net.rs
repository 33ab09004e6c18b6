//! Outcomes net of a benchmark, beside plain computations from the bars.

use rhymedb::query::{Benchmark, HitOutcome, Horizon, OutcomeAnswer};
use rhymedb::{Bars, Database, Error, SeriesBars, Target};

use super::oracle::worlds::{database, hours, target};
use super::oracle::{HOUR, crypto, equity};
use super::{close, last_bar};

/// The closes of other bars, moved bar by bar by what `add` says.
fn moved(like: &Bars, add: impl Fn(usize) -> f64) -> Bars {
    let mut bars = like.clone();
    let mut factor = 1.0;
    for i in 0..bars.len() {
        let opened = factor;
        factor *= add(i).exp();
        bars.open[i] = like.open[i] * opened;
        bars.close[i] = like.close[i] * factor;
        bars.high[i] = like.high[i] * opened.max(factor);
        bars.low[i] = like.low[i] * opened.min(factor);
    }
    bars
}

/// Five coins and a stock. TWIN moves as INDEX does, and by 1 % more in every bar from hour 300 on.
fn world() -> Vec<SeriesBars> {
    let mut all: Vec<SeriesBars> = ["AAA", "BBB", "CCC", "INDEX"]
        .iter()
        .enumerate()
        .map(|(i, symbol)| crypto(symbol, 700, 1 + i as u64))
        .collect();
    let mut twin = crypto("TWIN", 700, 9);
    twin.bars = moved(&all[3].bars, |i| if i >= 300 { 0.01 } else { 0.0 });
    all.push(twin);
    all.push(equity("STOCK", 300, 6));
    all
}

fn after(db: &Database, of: Option<Benchmark>, symbol: &str, at: i64) -> OutcomeAnswer {
    let question = db.now().similar(target("AAA", hours(600)));
    let filter = rhymedb::Filter::new()
        .symbol(symbol)
        .until(hours(at + 60))
        .from(hours(at));
    let mut outcomes = question.filter(filter).k(3).exact(true).outcomes(&[10]);
    if let Some(of) = of {
        outcomes = outcomes.net_of(of);
    }
    outcomes.run().unwrap()
}

#[test]
fn a_series_that_moves_with_its_benchmark_has_its_own_moves_alone() {
    let all = world();
    let (_dir, db) = database(&all);
    let index = || Some(Benchmark::Symbol("index".to_owned()));
    let plain = after(&db, None, "TWIN", 150);
    let net = after(&db, index(), "TWIN", 150);
    assert_eq!(net.net_of, Some(Benchmark::Symbol("index".to_owned())));
    let (plain, net) = (&plain.horizons[0], &net.horizons[0]);
    for (before, after) in plain.hits.iter().zip(&net.hits) {
        let (before, after) = (before.closed().unwrap(), after.closed().unwrap());
        assert!(before.change.abs() > 1e-3);
        close(after.change, 0.0);
        close(after.volatility, 0.0);
        assert_eq!(before.closed, after.closed);
    }
    // From hour 300 on every bar adds its own hundredth.
    let net = after(&db, index(), "TWIN", 400);
    for hit in &net.horizons[0].hits {
        close(hit.closed().unwrap().change, (0.1f64).exp() - 1.0);
    }
    let summary = net.horizons[0].summary.as_ref().unwrap();
    assert!(summary.best >= summary.mean - 1e-9);
    // The base rate is net as well: the windows of TWIN that close from 400 to 460.
    let base = net.horizons[0].base.as_ref().unwrap();
    close(base.mean, (0.1f64).exp() - 1.0);
    // The benchmark itself has no outcome net of it.
    let own = after(&db, index(), "INDEX", 400);
    assert!(
        own.horizons[0]
            .hits
            .iter()
            .all(|h| *h == HitOutcome::Missing)
    );
    assert_eq!(own.horizons[0].summary, None);
}

#[test]
fn the_market_is_the_mean_of_the_others() {
    let all = world();
    let (_dir, db) = database(&all);
    let answer = after(&db, Some(Benchmark::Market), "BBB", 400);
    let hits = answer.similar.hits.iter().zip(&answer.horizons[0].hits);
    for (hit, outcome) in hits {
        let (own, last) = last_bar(&all, &hit.window);
        let log = |s: usize, i: usize| (all[s].bars.close[i] / all[s].bars.close[i - 1]).ln();
        let net: f64 = (last + 1..=last + 10)
            .map(|i| {
                let others: f64 = (0..5).filter(|&s| s != own).map(|s| log(s, i)).sum();
                log(own, i) - others / 4.0
            })
            .sum();
        close(outcome.closed().unwrap().change, net.exp() - 1.0);
    }
    // One stock is no market: nothing is known, and nothing is taken for 0.
    let alone: Target = "STOCK:1d@2020-08-01".parse().unwrap();
    let alone = db.now().outcomes_of([alone], &[Horizon::Bars(5)]);
    let alone = alone.net_of(Benchmark::Market).run().unwrap();
    assert_eq!(alone.horizons[0].hits, [HitOutcome::Missing]);
    assert_eq!(alone.horizons[0].base, None);
}

#[test]
fn what_came_later_moves_no_net_outcome_and_gaps_of_a_benchmark_are_missing() {
    let all = world();
    let (_dir, db) = database(&all);
    let asked = |db: &Database| {
        let view = db.at(hours(500));
        let moment = target("CCC", hours(450));
        let of = Benchmark::Market;
        view.outcomes_of([moment], &[Horizon::Bars(20)])
            .net_of(of)
            .run()
            .unwrap()
            .horizons
    };
    let before = asked(&db);
    // Another future of all, and a coin that is listed later.
    let mut other = world();
    for series in &mut other {
        series.bars = moved(&series.bars, |i| if i >= 510 { 0.02 } else { 0.0 });
    }
    other.push(SeriesBars {
        bars: crypto("NEW", 700, 11).bars.slice(500..700),
        ..crypto("NEW", 700, 11)
    });
    let (_dir, changed) = database(&other);
    assert_eq!(asked(&changed), before);
    // A benchmark with a hole, and one that ended.
    let mut holed = world();
    holed[3].bars = [&holed[3].bars.slice(0..455), &holed[3].bars.slice(457..560)]
        .into_iter()
        .flat_map(|part| part.iter().collect::<Vec<_>>())
        .collect();
    let (_dir, db) = database(&holed);
    let net = |at: i64| {
        let of = Benchmark::Symbol("INDEX".to_owned());
        let moment = target("CCC", hours(at));
        let asked = db
            .now()
            .outcomes_of([moment], &[Horizon::Bars(10)])
            .net_of(of);
        asked.run().unwrap().horizons[0].hits[0]
    };
    assert!(net(430).closed().is_some());
    assert_eq!(net(450), HitOutcome::Missing, "the hole");
    assert_eq!(net(650), HitOutcome::Missing, "it ended");
    assert_eq!(hours(1).millis() - hours(0).millis(), HOUR);
    // A benchmark that is not stored in these bars.
    let of = Benchmark::Symbol("STOCK".to_owned());
    let asked = db
        .now()
        .outcomes_of([target("CCC", hours(430))], &[Horizon::Bars(10)]);
    let error = asked.net_of(of).run().unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("no benchmark STOCK in bars of 1h"),
        "{error}"
    );
}
