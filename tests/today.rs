//! The report of today: what is unusual comes first, nothing later is seen, and who ended is not shown as if it went on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use rhymedb::ask::{TodayReply, TodayRequest, TodayRow, TodayState};
use rhymedb::data::Headline;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Control, Database, Error, SeriesBars, Timestamp, View};

fn database(bars: &[SeriesBars], headlines: &[Headline]) -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(bars).unwrap();
    if !headlines.is_empty() {
        db.ingest_headlines(headlines).unwrap();
    }
    (dir, db)
}

fn market(seed: u64) -> (Vec<SeriesBars>, Vec<Headline>) {
    let market = SyntheticMarket::new(SyntheticConfig {
        crypto_bars: 700,
        equity_days: 200,
        ..SyntheticConfig::small(seed)
    })
    .unwrap();
    (market.series(), market.headlines())
}

/// The hourly series of the market, which end at one time.
fn hourly(mut bars: Vec<SeriesBars>) -> Vec<SeriesBars> {
    bars.retain(|s| s.key.interval.to_string() == "1h");
    assert!(bars.len() > 2, "{}", bars.len());
    bars
}

fn ask(view: &View) -> TodayReply {
    TodayRequest::default().ask(view).unwrap()
}

fn row<'r>(reply: &'r TodayReply, name: &str) -> &'r TodayRow {
    let found = reply.series.iter().find(|row| row.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

/// Lets the last closes of a series jump to so many times what they were.
fn jump(series: &mut SeriesBars, bars: usize, times: f64) {
    let n = series.bars.len();
    for i in n - bars..n {
        for prices in [&mut series.bars.high, &mut series.bars.close] {
            prices[i] *= times;
        }
        if i > n - bars {
            series.bars.open[i] *= times;
            series.bars.low[i] *= times;
        }
    }
}

#[test]
fn a_planted_jump_comes_first_and_is_an_alarm() {
    let mut bars = hourly(market(1).0);
    let (_dir, quiet) = database(&bars, &[]);
    // The one that is the least unusual before.
    let planted = ask(&quiet.now()).series.pop().unwrap().name;
    let own = bars.iter_mut().find(|s| s.key.to_string() == planted);
    jump(own.unwrap(), 3, 1.6);
    let (_dir, db) = database(&bars, &[]);
    let mut request = TodayRequest::default();
    request.alarm = Some(0.99);
    let reply = request.ask(&db.now()).unwrap();
    let first = &reply.series[0];
    assert_eq!((first.rank, first.name.as_str()), (1, planted.as_str()));
    assert!(first.alarm && first.size_rank >= Some(0.99), "{first:?}");
    assert!(reply.alarms >= 1 && reply.measured == bars.len());
    // The rank is that of the question about anomalies.
    let target = planted.parse().unwrap();
    let anomaly = db.now().anomaly(target).run().unwrap();
    let size = anomaly.unusual.measures[0];
    assert!((size.percentile / 100.0 - first.size_rank.unwrap()).abs() < 1e-6);
    assert!((size.p_value - first.size_p.unwrap()).abs() < 1e-6);
    // Sorted, and every alarm is one.
    let p: Vec<f64> = reply.series.iter().map(|r| r.size_p.unwrap()).collect();
    assert!(p.is_sorted(), "{p:?}");
    for row in &reply.series {
        assert_eq!(row.alarm, row.size_rank >= Some(0.99), "{row:?}");
        assert!(row.regime_since.is_some() && row.after.is_some(), "{row:?}");
        assert_eq!(row.nearest.len(), 3, "{row:?}");
    }
}

/// Bars that had not closed and headlines that were not known are not there.
fn cut(
    bars: &[SeriesBars],
    headlines: &[Headline],
    at: Timestamp,
) -> (Vec<SeriesBars>, Vec<Headline>) {
    let mut known = Vec::new();
    for series in bars {
        let close = |t: &i64| series.key.interval.close_of(Timestamp::from_millis(*t));
        let n = series.bars.time.partition_point(|t| close(t) <= at);
        if n > 0 {
            let mut cut = series.clone();
            cut.bars = series.bars.slice(0..n);
            known.push(cut);
        }
    }
    let headlines = headlines.iter().filter(|h| h.known_from() <= at).cloned();
    (known, headlines.collect())
}

/// Times soon after headlines about series of hourly bars, with enough bars before them.
fn after_news(bars: &[SeriesBars], headlines: &[Headline]) -> Vec<Timestamp> {
    let hourly = || bars.iter().filter(|s| s.key.market == "crypto");
    let begin = hourly().map(|s| s.bars.time[300]).max().unwrap();
    let end = hourly()
        .map(|s| *s.bars.time.last().unwrap())
        .min()
        .unwrap();
    let about = |h: &&Headline| hourly().any(|s| h.symbols.contains(&s.key.symbol));
    let known = headlines.iter().filter(about).map(Headline::known_from);
    let mut times: Vec<Timestamp> = known
        .map(|t| t.plus_millis(2 * 3_600_000))
        .filter(|t| (begin..end).contains(&t.millis()))
        .collect();
    times.sort();
    assert!(times.len() > 1, "{times:?}");
    let step = times.len().div_ceil(4);
    times.into_iter().step_by(step).collect()
}

#[test]
fn as_of_a_time_is_a_database_that_ends_there() {
    let (bars, headlines) = market(2);
    let (_dir, db) = database(&bars, &headlines);
    let mut with_news = 0;
    for at in after_news(&bars, &headlines) {
        let (known, told) = cut(&bars, &headlines, at);
        let (_dir, early) = database(&known, &told);
        let mut request = TodayRequest::default();
        request.as_of = Some(at);
        let later = request.ask(&db.now()).unwrap();
        let then = ask(&early.now());
        for (a, b) in later.series.iter().zip(&then.series) {
            assert_eq!(a, b, "{at}");
        }
        assert_eq!(later.series.len(), then.series.len());
        assert!(then.measured > 2, "{then:?}");
        let told = then.series.iter().filter(|row| row.divergence.is_some());
        with_news += told.count();
        for row in &then.series {
            assert!(row.end <= Some(at), "{row:?}");
            assert!(row.news.iter().all(|h| h.published <= at), "{row:?}");
        }
    }
    assert!(
        with_news > 0,
        "no news stood beside a chart: nothing was tried"
    );
}

#[test]
fn who_ended_is_stale_and_who_is_young_is_not_measured() {
    let mut bars = hourly(market(3).0);
    let names: Vec<String> = bars.iter().map(|s| s.key.to_string()).collect();
    let n = bars[0].bars.len();
    // The first ends two bars early, the second four, and of the third there are forty bars.
    bars[0].bars = bars[0].bars.slice(0..n - 2);
    bars[1].bars = bars[1].bars.slice(0..n - 4);
    bars[2].bars = bars[2].bars.slice(n - 40..n);
    let (_dir, db) = database(&bars, &[]);
    let reply = ask(&db.now());
    assert_eq!(row(&reply, &names[0]).state, TodayState::Measured);
    let stale = row(&reply, &names[1]);
    assert_eq!(stale.state, TodayState::Stale);
    assert!(
        stale.why.as_ref().unwrap().contains("go on to"),
        "{stale:?}"
    );
    assert!(stale.size.is_none() && stale.after.is_none() && !stale.alarm);
    let young = row(&reply, &names[2]);
    assert_eq!(young.state, TodayState::Unmeasured);
    assert!(young.why.is_some() && young.size.is_none(), "{young:?}");
    // Those come last, in this order, and the others are there.
    let states: Vec<TodayState> = reply.series.iter().map(|row| row.state).collect();
    assert!(states.is_sorted(), "{states:?}");
    assert_eq!(reply.series.len(), names.len());
    assert_eq!((reply.measured, reply.stale), (names.len() - 2, 1));
    // As of the time at which it ended it was not stale.
    let mut request = TodayRequest::default();
    request.as_of = stale.end;
    let then = request.ask(&db.now()).unwrap();
    assert_eq!(row(&then, &names[1]).state, TodayState::Measured);
    request.as_of = None;
    request.stale = 5;
    let patient = request.ask(&db.now()).unwrap();
    assert_eq!(row(&patient, &names[1]).state, TodayState::Measured);
}

#[test]
fn names_are_series_symbols_and_markets() {
    let (bars, _) = market(4);
    let (_dir, db) = database(&bars, &[]);
    let of = |names: &[&str]| {
        let mut request = TodayRequest::default();
        request.series = names.iter().map(|&name| name.to_owned()).collect();
        request.ask(&db.now())
    };
    let crypto = bars.iter().filter(|s| s.key.market == "crypto").count();
    let nova = bars.iter().filter(|s| s.key.symbol == "NOVAUSDT").count();
    assert_eq!(of(&["crypto"]).unwrap().series.len(), crypto);
    assert_eq!(of(&["NOVAUSDT"]).unwrap().series.len(), nova);
    assert_eq!(of(&["nova/usdt", "NOVAUSDT"]).unwrap().series.len(), nova);
    let one = of(&["NOVAUSDT:1h"]).unwrap();
    assert_eq!(one.series.len(), 1);
    assert_eq!(one.series[0].name, "crypto/synthetic/NOVAUSDT:1h");
    // A name of nothing is a row, and does not end the report, unless there is no other.
    let some = of(&["NOVAUSDT:1h", "MOON"]).unwrap();
    assert_eq!(some.series[1].state, TodayState::Unknown);
    assert!(matches!(of(&["MOON"]), Err(Error::NotFound { .. })));
    for wrong in ["NOVAUSDT:1h@2015-01-20", "NOVAUSDT:soon"] {
        assert!(matches!(of(&[wrong]), Err(Error::Invalid(_))), "{wrong}");
    }
    let mut request = TodayRequest::default();
    request.interval = vec!["1h".parse().unwrap()];
    let hourly = request.ask(&db.now()).unwrap();
    assert!(hourly.series.len() < bars.len());
    for wrong in [f64::NAN, 0.0, 1.5] {
        request.alarm = Some(wrong);
        assert!(matches!(request.ask(&db.now()), Err(Error::Invalid(_))));
    }
}

#[test]
fn without_a_space_every_row_says_so() {
    let (_dir, db) = database(&market(5).0, &[]);
    for space in db.now().spaces().unwrap() {
        db.drop_space(&space.space.name).unwrap();
    }
    let reply = ask(&db.now());
    assert!(reply.measured == 0 && !reply.series.is_empty());
    for row in &reply.series {
        assert_eq!(row.state, TodayState::Unmeasured);
        assert!(row.why.as_ref().unwrap().contains("no space"), "{row:?}");
    }
    let stopped = Control::new();
    stopped.stop();
    let asked = TodayRequest::default().ask_watched(&db.now(), &stopped);
    assert!(matches!(asked, Err(Error::Interrupted)));
}
