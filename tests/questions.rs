//! Questions that go beyond one search: many at once, counts, and moments of the caller's own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use rhymedb::data::Calendar;
use rhymedb::ingest::NewTag;
use rhymedb::query::{Horizon, LeastMove, NoStart};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{
    Bar, Database, Error, Filter, Interval, Query, SeriesBars, SeriesKey, Target, Timestamp, View,
};

const HOUR: i64 = 3_600_000;

fn market() -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    let small = SyntheticConfig {
        crypto_bars: 900,
        equity_days: 200,
        ..SyntheticConfig::small(1)
    };
    db.ingest_bars(&SyntheticMarket::new(small).unwrap().series())
        .unwrap();
    (dir, db)
}

/// Targets a day apart, in hourly bars of the first coin.
fn targets(db: &Database, n: usize) -> Vec<Target> {
    let view = db.now();
    let series = view.series().unwrap();
    let info = series.iter().find(|s| s.key.market == "crypto").unwrap();
    let bars = view.bars(&info.key, None, None, None).unwrap().bars;
    (0..n)
        .map(|i| {
            let open = Timestamp::from_millis(bars.time[200 + 24 * i]);
            let mut target = Target::from(info.key.clone());
            target.time = Some(info.key.interval.close_of(open));
            target
        })
        .collect()
}

#[test]
fn a_batch_answers_as_one_search_after_the_other() {
    let (_dir, db) = market();
    let view = db.now();
    let targets = targets(&db, 12);
    let filter = Filter::new().market("equity");
    let batch = view
        .similar_batch(&targets)
        .with(|q| q.k(4))
        .with(|q| q.filter(filter.clone()))
        .run()
        .unwrap();
    assert_eq!(batch.len(), 12);
    for (target, many) in targets.iter().zip(&batch) {
        let one = view
            .similar(target.clone())
            .k(4)
            .filter(filter.clone())
            .run()
            .unwrap();
        assert_eq!((&one.hits, &one.query), (&many.hits, &many.query));
        assert_eq!(one.hits.len(), 4);
    }
    let missing = view
        .similar_batch(["NOVAUSDT:1h", "NOSUCH:1h", "NOSUCHTOO:1h"])
        .run();
    assert!(
        matches!(&missing, Err(Error::NotFound { name, .. }) if name.starts_with("NOSUCH:")),
        "{missing:?}"
    );
}

#[test]
fn what_an_answer_holds_can_be_asked_about() {
    let (_dir, db) = market();
    let view = db.now();
    let target = targets(&db, 1).remove(0);
    let answer = view.similar(&target).k(2).run().unwrap();
    let hit = &answer.hits[0];
    let of_hit = view.similar(hit).k(3).run().unwrap();
    let of_window = view.similar(&hit.window).k(3).run().unwrap();
    let of_text = view
        .similar(hit.window.to_string().as_str())
        .k(3)
        .run()
        .unwrap();
    assert_eq!(of_hit.query.as_ref(), Some(&hit.window));
    assert_eq!(of_hit.hits, of_window.hits);
    assert_eq!(of_hit.hits, of_text.hits);
    assert_eq!(Query::from("shares plunge"), Query::text("shares plunge"));
    assert_eq!(
        Query::from("breaking: shares plunge"),
        Query::text("breaking: shares plunge")
    );
    let newest = view.similar(hit.window.series.clone()).k(1).run().unwrap();
    assert!(newest.query.unwrap().end > hit.window.end);
}

#[test]
fn a_question_outlives_the_database_handle_that_it_came_from() {
    let (_dir, db) = market();
    let question = db.now().similar(targets(&db, 1).remove(0)).k(2);
    drop(db);
    let elsewhere = std::thread::spawn(move || question.run().unwrap().hits.len());
    assert_eq!(elsewhere.join().unwrap(), 2);
}

#[test]
fn counts_are_of_the_windows_that_pass_and_were_known() {
    let (_dir, db) = market();
    let view = db.now();
    let all = view.count(None, &Filter::new()).unwrap();
    let crypto = view.count(None, &Filter::new().market("crypto")).unwrap();
    let equity = view.count(None, &Filter::new().market("equity")).unwrap();
    assert_eq!(all, crypto + equity);
    let target = targets(&db, 1).remove(0);
    let own = Filter::new().symbol(target.symbol.as_str());
    let time = target.time.unwrap();
    let before = view.count(None, &own.clone().until(time)).unwrap();
    assert_eq!(before, db.at(time).count(None, &own).unwrap());
    let mine = view.similar(target).filter(own.clone().until(time)).k(1);
    assert_eq!(mine.run().unwrap().searched.windows, before);
    let moved = own.min_move(LeastMove::Percent(5.0));
    let refused = view.count(None, &moved).unwrap_err().to_string();
    assert!(refused.contains("found a filter by min_move"), "{refused}");
}

#[test]
fn moments_are_followed_as_hits_are() {
    let (_dir, db) = market();
    let view = db.now();
    let horizons = [Horizon::hours(6), Horizon::bars(24)];
    let target = targets(&db, 1).remove(0);
    let found = view
        .similar(target)
        .filter(Filter::new().interval(Interval::hours(1)))
        .k(6)
        .outcomes(&horizons)
        .run()
        .unwrap();
    let windows = found.similar.hits.iter().map(|hit| &hit.window);
    let asked = view.outcomes_of(windows, &horizons).run().unwrap();
    for (of_hits, of_moments) in found.horizons.iter().zip(&asked.horizons) {
        assert_eq!(of_hits.hits, of_moments.hits);
        assert_eq!(
            of_moments.summary.as_ref().unwrap().n,
            of_moments.hits.len()
        );
    }
}

#[test]
fn moments_begin_at_the_first_close_after_them_and_know_nothing_later() {
    let (_dir, db) = market();
    let horizons = [Horizon::bars(3)];
    let mut target = targets(&db, 1).remove(0);
    // Between two closes.
    let moment = target.time.unwrap().plus_millis(20 * 60_000);
    let start = target.time.unwrap().plus_millis(HOUR);
    target.time = Some(moment);
    let ask = |view: View| view.outcomes_of([target.clone()], &horizons).run().unwrap();
    let answer = ask(db.now());
    assert_eq!(answer.moments[0].end, start);
    assert_eq!((answer.times[0], answer.left_out.len()), (moment, 0));
    // What moved before the start is no outcome: the change is counted from its close.
    let key = db.now().series_of(&target).unwrap();
    let bars = db.now().bars(&key, Some(start), None, None).unwrap();
    let change = bars.bars.close[3] / bars.bars.close[0] - 1.0;
    let found = answer.horizons[0].hits[0].closed().unwrap().change;
    assert!((found - change).abs() < 1e-12, "{found} {change}");

    let early = ask(db.at(moment));
    assert_eq!(early.left_out[0].why, NoStart::NotClosed);
    assert_eq!(early.horizons[0].hits, []);
    assert_eq!(ask(db.at(start)).horizons[0].summary, None);
    let closed = ask(db.at(start.plus_millis(3 * HOUR)));
    assert_eq!(closed.horizons[0].hits, answer.horizons[0].hits);

    let none: [Target; 0] = [];
    let refused = db.now().outcomes_of(none, &horizons).run();
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let stock: Target = {
        let series = db.now().series().unwrap();
        let daily = series.iter().find(|s| s.key.market == "equity").unwrap();
        daily.key.clone().into()
    };
    let mixed = db.now().outcomes_of([target, stock], &horizons).run();
    assert!(matches!(mixed, Err(Error::Ambiguous { .. })), "{mixed:?}");
}

#[test]
fn moments_without_bars_or_counted_already_are_left_out_and_named() {
    let (_dir, db) = market();
    let all = targets(&db, 4);
    let key = db.now().series_of(&all[0]).unwrap();
    let at = |target: &Target, minutes: i64| {
        let time = target.time.unwrap().plus_millis(minutes * 60_000);
        Target {
            time: Some(time),
            ..target.clone()
        }
    };
    // Two bars are gone, the second of them the one around the moment.
    let gone = all[1].time.unwrap();
    db.delete_bars(&key, Some(gone.plus_millis(-HOUR)..=gone))
        .unwrap();
    let asked = [
        at(&all[0], 10),
        at(&all[0], 40),
        at(&all[1], 10),
        at(&all[2], 10),
        at(&all[0], -60 * 24 * 400),
        at(&all[0], 60 * 24 * 400),
        at(&all[2], 10),
    ];
    let answer = db
        .now()
        .outcomes_of(asked.clone(), &[Horizon::bars(2)])
        .run()
        .unwrap();
    let counted: Vec<Option<Timestamp>> = answer.times.iter().copied().map(Some).collect();
    assert_eq!(counted, [asked[0].time, asked[3].time]);
    let left: Vec<_> = answer.left_out.iter().map(|m| m.why).collect();
    assert_eq!(
        left,
        [
            NoStart::Repeated,
            NoStart::NoBars,
            NoStart::NoBars,
            NoStart::NotClosed,
            NoStart::Repeated
        ]
    );
    assert_eq!(answer.horizons[0].summary.as_ref().unwrap().n, 2);
}

/// Tags of a series that is gone, of a window that begins before its series, and of a whole one.
#[test]
fn tags_are_of_their_own_series_alone_and_what_has_no_vector_is_counted() {
    let (_dir, db) = market();
    let target = targets(&db, 1).remove(0);
    let key = db.now().series_of(&target).unwrap();
    let bars = db.now().bars(&key, None, None, None).unwrap().bars;
    // The same letters with another sign are another instrument.
    let twin = SeriesKey {
        symbol: format!("{}-X", key.symbol),
        ..key.clone()
    };
    let gone = SeriesKey {
        symbol: format!("{}X", key.symbol),
        ..key.clone()
    };
    for key in [&twin, &gone] {
        db.ingest_bars(&[SeriesBars {
            key: key.clone(),
            calendar: Calendar::Continuous,
            bars: bars.clone(),
        }])
        .unwrap();
    }
    let tag = |name: &str, key: &SeriesKey, time| NewTag {
        name: name.to_owned(),
        target: Target {
            time: Some(time),
            ..key.clone().into()
        },
        value: None,
        known: None,
    };
    let time = target.time.unwrap();
    let early = Timestamp::from_millis(bars.time[10]);
    db.add_tags(&[tag("gone", &gone, time), tag("early", &twin, early)])
        .unwrap();
    db.delete_bars(&gone, None).unwrap();
    for (name, why) in [
        ("gone", "1 whose series is not stored"),
        ("early", "1 without a whole window"),
    ] {
        let refused = db.now().similar(Query::tag(name)).run().unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
    }
    let view = db.now();
    let asked = Target {
        time: Some(time.plus_millis(200 * HOUR)),
        ..key.clone().into()
    };
    let refused = view.classify_by_tags(&asked).run().unwrap_err();
    assert!(
        refused.to_string().contains("2 tags have none"),
        "{refused}"
    );
    db.add_tags(&[tag("whole", &twin, time)]).unwrap();
    let answer = db.now().classify_by_tags(&asked).run().unwrap();
    assert_eq!((answer.candidates, answer.left_out.total()), (1, 2));
    let sum = Query::tag("whole").plus(Query::from(&asked));
    let similar = db.now().similar(sum).k(1).run().unwrap();
    assert_eq!(similar.tags_left_out.total(), 0);
}

/// A filter by a tag lets through the tagged windows that were known to be tagged, and no other.
#[test]
fn a_tag_filters_as_of_the_time_at_which_it_was_known() {
    let (_dir, db) = market();
    let all = targets(&db, 6);
    let tag = |target: &Target, name: &str, known: Option<Timestamp>| NewTag {
        name: name.to_owned(),
        target: target.clone(),
        value: None,
        known,
    };
    // Of the third it was known two days later.
    let late = all[2].time.map(|t| t.plus_millis(48 * HOUR));
    db.add_tags(&[
        tag(&all[0], "up", None),
        tag(&all[1], "up", None),
        tag(&all[2], "up", late),
        tag(&all[3], "down", None),
    ])
    .unwrap();
    let filter = Filter::new().tag("up");
    let ends = |view: &View, filter: &Filter| -> Vec<Option<Timestamp>> {
        let question = view.similar(&all[5]).filter(filter.clone()).k(9);
        let hits = question.exclusion(1).run().unwrap().hits.into_iter();
        let mut ends: Vec<_> = hits.map(|hit| Some(hit.window.end)).collect();
        ends.sort();
        ends
    };
    let times = |n: usize| all[..n].iter().map(|t| t.time).collect::<Vec<_>>();
    let now = db.now();
    assert_eq!(ends(&now, &filter), times(3));
    assert_eq!(now.count(None, &filter).unwrap(), 3);
    assert_eq!(ends(&now, &filter.clone().tag("down")), times(4));
    let early = db.at(late.unwrap().plus_millis(-1));
    assert_eq!(ends(&early, &filter), times(2));
    assert_eq!(early.count(None, &filter).unwrap(), 2);
    // What is kept from one question for the next is of its own tags.
    let base = |view: &View| {
        let asked = view.similar(&all[5]).filter(filter.clone()).k(9);
        let answer = asked.outcomes(&[Horizon::bars(2)]).run().unwrap();
        answer.horizons[0].base_windows
    };
    assert_eq!((base(&now), base(&early), base(&now)), (3, 2, 3));
    let other = Filter::new().tag("up").market("equity");
    assert_eq!(now.count(None, &other).unwrap(), 0);
    let unknown = db.at(all[0].time.unwrap().plus_millis(-1));
    let refused = unknown.count(None, &filter).unwrap_err().to_string();
    assert!(
        refused.contains("no tag \"up\" that was known at"),
        "{refused}"
    );
    let horizons = [Horizon::bars(2)];
    let refused = now.outcomes_of([all[0].clone()], &horizons).filter(filter);
    let refused = refused.run().unwrap_err().to_string();
    assert!(refused.contains("found a filter by tag"), "{refused}");
}

/// A view's list of series against its bars, around their ends and where blocks of bars meet; then with
/// another future.
#[test]
fn a_view_lists_what_it_knows_of_each_series() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    let start: Timestamp = "2020-01-01".parse().unwrap();
    let hours = |first: i64, n: i64| {
        (first..first + n)
            .map(|i| start.millis() + i * HOUR)
            .collect()
    };
    let monthly = flat_series("crypto/x/MONTHLY:1M", (1..=9).map(month).collect(), 3.0);
    db.ingest_bars(&[
        flat_series("crypto/x/EARLY:1h", hours(0, 5000), 1.0),
        flat_series("crypto/x/LATER:1h", hours(2000, 1000), 2.0),
        monthly,
    ])
    .unwrap();
    let after = [
        -1, 0, 1, 255, 256, 257, 744, 1999, 2000, 2001, 2999, 3001, 4999, 5000, 9000,
    ];
    let times = after
        .iter()
        .flat_map(|&h| [-1, 0, 1].map(|ms| start.plus_millis(h * HOUR + ms)));
    let times: Vec<Timestamp> = times.collect();
    let listed: Vec<_> = times.iter().map(|&t| db.at(t).series().unwrap()).collect();
    for (&time, listed) in times.iter().zip(&listed) {
        let view = db.at(time);
        let mut known = db.now().series().unwrap();
        known.retain_mut(|info| {
            let bars = view.bars(&info.key, None, None, None).unwrap().bars;
            let last = bars.time.last().map(|&open| Timestamp::from_millis(open));
            info.bars = bars.len() as u64;
            info.last = last.map(|open| info.key.interval.close_of(open));
            info.bars > 0
        });
        assert_eq!(*listed, known, "at {time}");
    }
    let names = |time: &str| {
        let listed = db.at(time.parse().unwrap()).series().unwrap();
        listed
            .into_iter()
            .map(|info| info.key.symbol)
            .collect::<Vec<_>>()
    };
    assert_eq!(names("2020-01-15"), ["EARLY"]);
    assert_eq!(names("2020-03-01"), ["EARLY", "MONTHLY"]);
    assert_eq!(names("2020-04-01"), ["EARLY", "LATER", "MONTHLY"]);
    // Whatever comes later, what was known stays as it was.
    let (cut, kept): (usize, Vec<_>) = (18, times[..18].to_vec());
    let from = kept[cut - 1].plus_millis(1);
    for name in ["crypto/x/EARLY:1h", "crypto/x/LATER:1h"] {
        let _ = db.delete_bars(
            &name.parse().unwrap(),
            Some(from..=start.plus_millis(9000 * HOUR)),
        );
    }
    db.ingest_bars(&[flat_series("crypto/x/NEW:1h", hours(900, 10), 4.0)])
        .unwrap();
    for (time, before) in kept.iter().zip(&listed) {
        assert_eq!(db.at(*time).series().unwrap(), *before, "at {time}");
    }
}

/// When a month of 2020 begins.
fn month(n: i64) -> i64 {
    let first: Timestamp = format!("2020-{n:02}-01").parse().unwrap();
    first.millis()
}

fn flat_series(name: &str, opens: Vec<i64>, price: f64) -> SeriesBars {
    SeriesBars {
        key: name.parse().unwrap(),
        calendar: Calendar::Continuous,
        bars: opens
            .into_iter()
            .map(|open| flat_bar(open, price))
            .collect(),
    }
}

fn flat_bar(open: i64, price: f64) -> Bar {
    Bar {
        time: Timestamp::from_millis(open),
        open: price,
        high: price,
        low: price,
        close: price,
        volume: 1.0,
    }
}
