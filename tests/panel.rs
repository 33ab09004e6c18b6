//! Closes of many series side by side.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use std::collections::{BTreeMap, BTreeSet};

use oracle::worlds::{database, days, other_future, refused};
use oracle::{DAY, START, crypto, equity, walk};
use rhymedb::data::Calendar;
use rhymedb::query::ClosePanelAnswer;
use rhymedb::{Filter, Interval, SeriesBars, SeriesKey, Timestamp, View};

/// Daily bars on the days that `open` takes.
fn daily(symbol: &str, open: impl Fn(i64) -> bool, n: i64, seed: u64) -> SeriesBars {
    let key = SeriesKey::new("equity", "test", symbol, Interval::days(1)).unwrap();
    SeriesBars {
        key,
        calendar: Calendar::Session,
        bars: walk((0..n).filter(|d| open(*d)).map(|d| START + d * DAY), seed),
    }
}

/// Stocks of which one was listed late, one ended, one misses a week, and one trades on a Saturday too.
fn stocks() -> Vec<SeriesBars> {
    vec![
        daily("AAA", |d| d % 7 < 5, 400, 1),
        daily("LATE", |d| d % 7 < 5 && d >= 180, 400, 2),
        daily("GONE", |d| d % 7 < 5 && d < 250, 400, 3),
        daily("HOLES", |d| d % 7 < 5 && !(100..107).contains(&d), 400, 4),
        daily("SAT", |d| d % 7 < 5 || d == 201, 400, 5),
    ]
}

fn close_time(series: &SeriesBars, bar: usize) -> i64 {
    let open = Timestamp::from_millis(series.bars.time[bar]);
    series.key.interval.close_of(open).millis()
}

/// The rows from the definition: times at which a share of the series that had begun and had not ended has a bar.
fn plain(all: &[SeriesBars], until: i64, quorum: f64) -> BTreeMap<i64, Vec<Option<f64>>> {
    let known: Vec<BTreeMap<i64, f64>> = all
        .iter()
        .map(|s| {
            let bars = (0..s.bars.len()).map(|i| (close_time(s, i), s.bars.close[i]));
            bars.filter(|(t, _)| *t <= until).collect()
        })
        .collect();
    let times: BTreeSet<i64> = known.iter().flat_map(|k| k.keys().copied()).collect();
    let mut rows = BTreeMap::new();
    for time in times {
        let row: Vec<Option<f64>> = known.iter().map(|k| k.get(&time).copied()).collect();
        let lives = |k: &&BTreeMap<i64, f64>| {
            let ends = k.keys().next().zip(k.keys().last());
            // A week without a bar is an end.
            ends.is_some_and(|(first, last)| (*first..=*last + 7 * DAY).contains(&time))
        };
        let alive = known.iter().filter(lives).count() as f64;
        if row.iter().flatten().count() as f64 >= quorum * alive {
            rows.insert(time, row);
        }
    }
    rows
}

fn bits(table: &ClosePanelAnswer) -> Vec<Vec<u64>> {
    let columns = 0..table.series.len();
    let column = |i: usize| table.closes(i).iter().map(|x| x.to_bits()).collect();
    columns.map(column).collect()
}

fn same(a: &ClosePanelAnswer, b: &ClosePanelAnswer) {
    assert_eq!((&a.series, &a.times), (&b.series, &b.times));
    assert_eq!(bits(a), bits(b));
    assert_eq!(a.without_bars, b.without_bars);
    assert_eq!(
        (a.left_out_times, a.interval),
        (b.left_out_times, b.interval)
    );
}

#[test]
fn rows_and_closes_are_those_of_the_bars() {
    let mut all = stocks();
    let (_dir, db) = database(&all);
    all.sort_by(|a, b| a.key.cmp(&b.key));
    for (until, quorum) in [(400, 0.5), (260, 0.5), (190, 0.0), (300, 1.0), (205, 0.9)] {
        let view = db.at(days(until));
        let table = view.panel().quorum(quorum).run().unwrap();
        let expected = plain(&all, days(until).millis(), quorum);
        let times: Vec<i64> = table.times.iter().map(|t| t.millis()).collect();
        assert_eq!(
            times,
            expected.keys().copied().collect::<Vec<_>>(),
            "{until} {quorum}"
        );
        let begun: Vec<usize> = (0..all.len())
            .filter(|&i| close_time(&all[i], 0) <= days(until).millis())
            .collect();
        assert_eq!(table.series.len(), begun.len());
        for (row, closes) in expected.values().enumerate() {
            for (column, &of) in begun.iter().enumerate() {
                assert_eq!(table.close(row, column), closes[of]);
            }
        }
        // The latest of them are the same, however far back they reach.
        for rows in [1, 7, 120, 5_000] {
            let last = view.panel().quorum(quorum).rows(rows).run().unwrap();
            let skip = times.len().saturating_sub(rows);
            assert_eq!(last.times, table.times[skip..], "{until} {quorum} {rows}");
            for (column, series) in last.series.iter().enumerate() {
                let of = table.series.iter().position(|s| s == series).unwrap();
                let (a, b) = (last.closes(column), &table.closes(of)[skip..]);
                let bits = |x: &[f64]| x.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(a), bits(b));
            }
        }
    }
}

#[test]
fn a_return_is_between_two_rows_that_both_have_a_bar() {
    let (_dir, db) = database(&stocks());
    let table = db.now().panel().run().unwrap();
    let of = |symbol: &str| {
        let found = table.series.iter().position(|s| s.symbol == symbol);
        found.unwrap()
    };
    // Saturday is no row, so nobody misses the return of the Monday after it.
    assert_eq!(table.left_out_times, 1);
    let row = |day: i64| {
        table
            .times
            .iter()
            .position(|t| *t == days(day + 1))
            .unwrap()
    };
    assert!(table.log_return(row(203), of("SAT")).is_some());
    // A week without bars: no return in it, and none across it.
    let holes = of("HOLES");
    let has = |day: i64| table.log_return(row(day), holes).is_some();
    assert!(has(99 - 1) && !has(101) && !has(102) && !has(105) && !has(107) && has(108));
    let late = of("LATE");
    let first = (0..table.times.len()).find(|&r| table.close(r, late).is_some());
    let first = first.unwrap();
    assert!(table.log_return(first, late).is_none() && table.log_return(first + 1, late).is_some());
    let returns = table.log_returns(holes);
    assert_eq!(returns.len(), table.times.len() - 1);
    for (i, x) in returns.iter().enumerate() {
        assert_eq!(
            table.log_return(i + 1, holes).map(f64::to_bits),
            (!x.is_nan()).then_some(x.to_bits())
        );
    }
    assert!(table.log_return(0, 0).is_none() && table.close(0, 99).is_none());
}

/// What closes later, what begins later, and what is corrected later in another series' future.
#[test]
fn nothing_later_moves_a_table() {
    let all = stocks();
    let (_a, one) = database(&all);
    let late = equity("NEW", 100, 77);
    let (_b, other) = database(&other_future(&all, days(230), late, 1));
    let ask = |view: View, rows: Option<usize>| {
        let panel = view.panel();
        rows.map_or(panel.clone(), |n| panel.rows(n)).run().unwrap()
    };
    for rows in [None, Some(60)] {
        let (a, b) = (ask(one.at(days(230)), rows), ask(other.at(days(230)), rows));
        same(&a, &b);
        assert!(a.series.iter().all(|s| s.symbol != "NEW"));
    }
    assert_eq!(other.now().panel().run().unwrap().series.len(), 6);
}

#[test]
fn a_corrected_bar_is_seen_as_corrected_also_in_the_past() {
    let all = stocks();
    let (_dir, db) = database(&all);
    let before = db.at(days(150)).panel().run().unwrap();
    let mut bars = all[0].bars.slice(20..21);
    bars.close[0] *= 1.001;
    bars.high[0] *= 1.01;
    let corrected = SeriesBars {
        bars,
        ..all[0].clone()
    };
    db.ingest_bars(&[corrected]).unwrap();
    let after = db.at(days(150)).panel().run().unwrap();
    assert_eq!(before.times, after.times);
    let changed: Vec<usize> = (0..before.times.len())
        .filter(|&row| before.close(row, 0) != after.close(row, 0))
        .collect();
    assert_eq!(changed, [20]);
}

#[test]
fn what_is_no_table_is_refused() {
    let mut all = stocks();
    all.push(crypto("COIN", 300, 9));
    let (_dir, db) = database(&all);
    let view = db.now();
    let panel = |filter: Filter| view.panel().filter(filter);
    let equity = || Filter::new().market("equity");
    refused(
        view.panel().run(),
        "expected series of one interval, found 1h, 1d; choose one, like --interval 1h",
    );
    refused(
        panel(equity().tag("x")).run(),
        "found a filter by tag; leave it out",
    );
    refused(
        panel(equity()).quorum(1.5).run(),
        "expected a quorum from 0 to 1, found 1.5",
    );
    refused(
        panel(equity()).quorum(f64::NAN).run(),
        "expected a quorum from 0 to 1",
    );
    refused(
        panel(equity()).rows(0).run(),
        "expected a number of rows from 1 to",
    );
    refused(panel(Filter::new().market("moon")).run(), "moon");
    refused(
        panel(equity().from(days(500))).run(),
        "found none of the series that pass",
    );
    refused(
        panel(equity().from(days(9)).until(days(3))).run(),
        "expected",
    );
    let early = db
        .at(Timestamp::from_millis(START))
        .panel()
        .filter(equity());
    refused(early.run(), "found none with a bar that is known");
    let gone = panel(equity().from(days(300))).run().unwrap();
    assert_eq!(
        gone.without_bars
            .iter()
            .map(|s| s.symbol.as_str())
            .collect::<Vec<_>>(),
        ["GONE"]
    );
}
