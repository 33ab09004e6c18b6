//! How far outcomes reach, and which hits a summary counts.

use rhymedb::query::{Horizon, LeftOut, OutcomeAnswer};
use rhymedb::{Error, Filter, Query};

use crate::oracle::worlds::{database, hours, market, refused, target};
use crate::oracle::{W, crypto};
use crate::{bars_within, last_bar, plain_outcome};

/// A time reaches to the first close at or after it, nights and weekends included.
#[test]
fn a_time_ends_at_the_first_close_after_it() {
    let all = market();
    let (_dir, db) = database(&all);
    let view = db.now();
    for (name, end, horizons, expected) in [
        (
            "CCC",
            hours(24 * 400),
            ["2d", "5d", "6h"],
            &[1, 2, 3, 4, 5][..],
        ),
        ("AAA", hours(300), ["30m", "24h", "90m"], &[1, 2, 24]),
    ] {
        let horizons = horizons.map(|text| text.parse::<Horizon>().unwrap());
        let search = view.similar(target(name, end)).k(40).exact(true);
        let answer = search.outcomes(&horizons).run().unwrap();
        let interval = answer.interval.unwrap();
        let mut lengths = Vec::new();
        for (of_one, horizon) in answer.horizons.iter().zip(horizons) {
            assert_eq!(of_one.horizon, horizon);
            let Horizon::Time(time) = horizon else {
                panic!("{horizon}");
            };
            for (hit, outcome) in answer.similar.hits.iter().zip(&of_one.hits) {
                let (series, last) = last_bar(&all, &hit.window);
                let bars = bars_within(&all[series], last, time);
                let expected = plain_outcome(&all[series], last, bars, i64::MAX);
                let found = outcome.closed().map(|o| o.change);
                assert_eq!(found, expected.map(|e| e[0]), "{} {horizon}", hit.window);
                if hit.window.series.interval == interval && expected.is_some() {
                    lengths.push(bars);
                }
            }
        }
        assert!(lengths.len() > 9, "{name}: {lengths:?}");
        lengths.sort_unstable();
        lengths.dedup();
        assert!(
            lengths.iter().all(|n| expected.contains(n)),
            "{name}: {lengths:?}"
        );
        assert!(lengths.len() >= 3, "{name}: {lengths:?}");
    }
}

/// The same event on another coin is in the list and in no summary, and days are not hours.
#[test]
fn the_same_moment_and_other_intervals_are_left_out() {
    let mut all = market();
    all.push(crypto("TWIN", 700, 1));
    let (_dir, db) = database(&all);
    let view = db.now();
    let ask = |moment: bool, intervals: bool| {
        let search = view.similar(target("AAA", hours(400))).k(30).exact(true);
        let search = search.outcomes(&[Horizon::hours(10)]).sample(100_000);
        let search = search.same_moment(moment).other_intervals(intervals);
        search.run().unwrap()
    };
    let usual = ask(false, false);
    let twins = usual.similar.hits.iter().zip(&usual.left_out);
    let at = |end: i64| hours(400).millis() - end;
    let mut twins = twins.filter(|(hit, _)| hit.window.series.symbol == "TWIN");
    let twin = twins.find(|(hit, _)| at(hit.window.end.millis()).abs() < 16 * 3_600_000);
    assert_eq!(*twin.unwrap().1, Some(LeftOut::SameMoment));
    let count = |answer: &OutcomeAnswer, why: LeftOut| {
        answer.left_out.iter().filter(|w| **w == Some(why)).count()
    };
    let (moments, others) = (
        count(&usual, LeftOut::SameMoment),
        count(&usual, LeftOut::OtherInterval),
    );
    assert!(moments > 0 && others > 0, "{moments} {others}");
    let n = |answer: &OutcomeAnswer| answer.horizons[0].summary.as_ref().unwrap().n;
    let closed = |answer: &OutcomeAnswer| {
        let hits = answer.horizons[0].hits.iter();
        hits.filter(|h| h.closed().is_some()).count()
    };
    let everything = ask(true, true);
    assert_eq!(n(&everything), closed(&everything));
    assert!(everything.left_out.iter().all(Option::is_none));
    assert!(everything.interval.is_none());
    let moments = ask(true, false);
    assert!(n(&usual) < n(&moments) && n(&moments) < n(&everything));
    let windows = |i: usize| (all[i].bars.len() - W + 1) as u64;
    let hourly = windows(0) + windows(1) + windows(3);
    assert_eq!(usual.horizons[0].base_windows, hourly);
    assert_eq!(everything.horizons[0].base_windows, hourly + windows(2));
    assert_eq!(usual.interval.unwrap().to_string(), "1h");
}

/// A question without an interval cannot be answered in bars where its hits have several.
#[test]
fn bars_of_several_intervals_are_told_apart() {
    let all = market();
    let (_dir, db) = database(&all);
    let view = db.now();
    let path: Vec<f64> = all[2].bars.close[100..164].to_vec();
    let search = || view.similar(Query::Path(path.clone())).k(60).exact(true);
    let error = search().outcomes(&[5]).run().unwrap_err();
    let Error::Ambiguous { choices, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(choices, &["1h", "1d"]);
    assert!(
        error.to_string().contains("a time like 24h or 5d"),
        "{error}"
    );
    let days = search().filter(Filter::new().interval("1d".parse().unwrap()));
    assert!(days.outcomes(&[5]).run().is_ok());
    let time = search().outcomes(&[Horizon::hours(24)]).run().unwrap();
    assert!(time.left_out.iter().all(Option::is_none));
    let long = search().outcomes(&["9000d".parse::<Horizon>().unwrap()]);
    refused(long.run(), "expected a horizon of at most 10000 bars");
}
