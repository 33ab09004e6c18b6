//! Replays over bars that are missing: what a trade met is counted, sessions are no hole, and a series that ends before
//! its market does is said to.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use rhymedb::ask::ReplayRequest;
use rhymedb::data::Calendar;
use rhymedb::decide::{ExitReason, ReplayAnswer, Rule};
use rhymedb::{Bar, Database, SeriesBars, Timestamp};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A walk of 1 % steps whose bars open at `times`.
fn walk(key: &str, calendar: Calendar, times: impl Iterator<Item = i64>) -> SeriesBars {
    let (mut close, mut state) = (100.0_f64, key.len() as u64);
    let bars = times.map(|time| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let open = close;
        close *= 1.0 + 0.01 * ((state >> 40) as f64 / f64::from(1 << 24) * 2.0 - 1.0);
        Bar {
            time: Timestamp::from_millis(time),
            open,
            high: open.max(close) * 1.001,
            low: open.min(close) * 0.999,
            close,
            volume: 1.0 + (state >> 50) as f64,
        }
    });
    SeriesBars {
        key: key.parse().unwrap(),
        calendar,
        bars: bars.collect(),
    }
}

/// Monday to Friday, from the first Monday of 2024 on.
fn weekdays(days: std::ops::Range<i64>) -> impl Iterator<Item = i64> {
    let monday: Timestamp = "2024-01-01".parse().unwrap();
    let days = days.filter(|day| day % 7 < 5);
    days.map(move |day| monday.millis() + day * DAY)
}

fn stored(all: &[SeriesBars]) -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(all).unwrap();
    (dir, db)
}

/// Follows every move, and holds it for six bars.
fn always() -> Rule {
    let text = r#"{"name": "always", "hold": 6, "when": {"kind": "anomaly", "p_below": 1.0}}"#;
    serde_json::from_str(text).unwrap()
}

fn replay(db: &Database, series: &SeriesBars) -> ReplayAnswer {
    let target = series.key.clone().into();
    db.now().replay(target, &always()).draws(0).run().unwrap()
}

/// The trades that met a hole, and the longest, by looking at every bar of every trade.
fn counted(series: &SeriesBars, pause: i64, answer: &ReplayAnswer) -> (usize, i64) {
    let (times, length) = (&series.bars.time, series.key.interval.nominal_millis());
    let met = answer.trades.iter().filter_map(|trade| {
        let bars = (1..times.len())
            .filter(|&i| trade.entered.millis() <= times[i] && times[i] <= trade.exited.millis());
        let holes = bars.map(|i| times[i] - times[i - 1] - length);
        holes.filter(|hole| *hole > pause).max()
    });
    let met: Vec<i64> = met.collect();
    (met.len(), met.iter().copied().max().unwrap_or(0))
}

#[test]
fn trades_that_meet_a_hole_are_counted() {
    // Two holes, of 30 hours and of one.
    let times = (0..900).filter(|hour| !(400..430).contains(hour) && *hour != 700);
    let series = walk(
        "crypto/made/HOLEUSDT:1h",
        Calendar::Continuous,
        times.map(|hour| hour * HOUR),
    );
    let (_dir, db) = stored(std::slice::from_ref(&series));
    let answer = replay(&db, &series);
    let holes = answer.holes.unwrap();
    let (trades, longest) = counted(&series, 0, &answer);
    assert_eq!(holes.trades, trades);
    assert_eq!(holes.longest, Duration::from_millis(longest as u64));
    assert_eq!(holes.longest, Duration::from_secs(30 * 3600));
    assert!(trades >= 2, "one trade a hole is held over it: {trades}");
    // No window spans a hole: the rule says nothing until 64 bars follow it.
    let silent = (430 * HOUR, (430 + 63) * HOUR);
    let spoke = |at: Timestamp| silent.0 < at.millis() && at.millis() <= silent.1;
    assert!(!answer.signals.iter().any(|s| spoke(s.at)));
    assert_eq!(answer.market_until, None);

    let reply = ReplayRequest::new(series.key.into(), always())
        .ask(&db.now())
        .unwrap();
    let said = "met a time without bars, of up to 30 hours";
    assert!(
        reply.notes.iter().any(|n| n.contains(said)),
        "{:?}",
        reply.notes
    );
}

#[test]
fn sessions_are_no_hole_and_a_halt_is_one() {
    let whole = walk("equity/made/FINE:1d", Calendar::Session, weekdays(0..700));
    // Twenty weekdays in a row are missing.
    let times = weekdays(0..350).chain(weekdays(378..700));
    let halted = walk("equity/made/HALT:1d", Calendar::Session, times);
    let (_dir, db) = stored(&[whole.clone(), halted.clone()]);
    let fine = replay(&db, &whole);
    assert!(fine.trades.len() > 20, "{}", fine.trades.len());
    assert_eq!(fine.holes, None);

    let answer = replay(&db, &halted);
    let (trades, longest) = counted(&halted, 7 * DAY, &answer);
    let holes = answer.holes.unwrap();
    assert_eq!((holes.trades, trades), (1, 1));
    assert_eq!(holes.longest, Duration::from_millis(longest as u64));
    // Orders wait for the first price after the halt.
    let over = answer.trades.iter().find(|t| {
        t.bars > 0 && {
            let (entered, exited) = (t.entered.millis(), t.exited.millis());
            let after = weekdays(378..379).next().unwrap();
            entered <= after && after <= exited
        }
    });
    assert!(over.is_some());
}

#[test]
fn who_ends_before_the_market_is_said_to() {
    let market = walk("equity/made/FINE:1d", Calendar::Session, weekdays(0..700));
    let gone = walk("equity/made/GONE:1d", Calendar::Session, weekdays(0..600));
    let (_dir, db) = stored(&[market.clone(), gone.clone()]);
    let answer = replay(&db, &gone);
    let last = |series: &SeriesBars| {
        let time = *series.bars.time.last().unwrap();
        series.key.interval.close_of(Timestamp::from_millis(time))
    };
    assert_eq!(answer.market_until, Some(last(&market)));
    assert_eq!(answer.period.1, last(&gone));
    // The account ends with the last close.
    let end = answer.trades.last().unwrap();
    assert_eq!(end.why, ExitReason::End);
    assert_eq!(end.exit, *gone.bars.close.last().unwrap());
    assert_eq!(replay(&db, &market).market_until, None);

    let request = |change: &dyn Fn(&mut ReplayRequest)| {
        let mut request = ReplayRequest::new(gone.key.clone().into(), always());
        change(&mut request);
        let notes = request.ask(&db.now()).unwrap().notes;
        notes.iter().any(|n| n.contains("if it was delisted"))
    };
    assert!(request(&|_| ()));
    // Whoever looks at the time before, or from it, cannot know.
    let soon = last(&gone).plus_millis(3 * DAY);
    assert!(!request(&|r| r.until = Some(soon)));
    assert!(!request(&|r| r.as_of = Some(soon)));
    let before = Timestamp::from_millis(gone.bars.time[300] + DAY);
    assert!(!request(&|r| r.until = Some(before)));
}
