//! Pairs of headlines and windows: which they are, and that nothing later changes them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use rhymedb::data::{Calendar, Headline, TimePrecision};
use rhymedb::query::{PairOptions, Pairs};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Bar, Bars, Interval, OpenOptions, SeriesBars, SeriesKey, Timestamp};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn series(market: &str, symbol: &str, interval: Interval, times: &[i64]) -> SeriesBars {
    let bar = |(i, &time): (usize, &i64)| {
        let close = 100.0 + (i % 7) as f64;
        Bar {
            time: Timestamp::from_millis(time),
            open: close,
            high: close + 1.0,
            low: close - 1.0,
            close,
            volume: 5.0,
        }
    };
    SeriesBars {
        key: SeriesKey::new(market, "x", symbol, interval).unwrap(),
        calendar: Calendar::of_market(market),
        bars: times.iter().enumerate().map(bar).collect(),
    }
}

fn headline(time: i64, precision: TimePrecision, symbols: &[&str]) -> Headline {
    Headline {
        time: Timestamp::from_millis(time),
        precision,
        text: format!("Something happened to {}", symbols.join(" and ")),
        source: "test".to_owned(),
        symbols: symbols.iter().map(|&s| s.to_owned()).collect(),
    }
}

fn of(series: &[SeriesBars], headlines: &[Headline], options: &PairOptions) -> Pairs {
    Pairs::of(series, headlines.to_vec(), options).unwrap()
}

fn hours(count: i64) -> Vec<i64> {
    (0..count).map(|i| i * HOUR).collect()
}

#[test]
fn windows_end_the_declared_number_of_bars_after_the_headline_was_known() {
    let series = [series("crypto", "A", Interval::hours(1), &hours(50))];
    // Known half an hour into bar 20: the last closed one is bar 19.
    let inside = headline(20 * HOUR + HOUR / 2, TimePrecision::Second, &["A"]);
    // Known with the close of bar 19.
    let at_close = headline(20 * HOUR, TimePrecision::Second, &["A"]);
    // Known a minute after that.
    let minute = headline(20 * HOUR, TimePrecision::Minute, &["A"]);
    let day = headline(0, TimePrecision::Day, &["A"]);
    for (headline, reaction, bar) in [
        (&inside, 0, 19),
        (&inside, 1, 20),
        (&inside, 4, 23),
        (&at_close, 0, 19),
        (&minute, 1, 20),
        (&day, 0, 23),
        (&day, 1, 24),
    ] {
        let options = PairOptions::new(8).reaction(reaction);
        let pairs = of(&series, std::slice::from_ref(headline), &options);
        let pair = pairs.list[0];
        assert_eq!(pair.bar, bar, "{headline:?} and {reaction}");
        assert_eq!(pair.end.millis(), (bar as i64 + 1) * HOUR);
        assert_eq!(pair.known, headline.known_from());
    }
}

#[test]
fn a_weekend_belongs_to_the_next_session() {
    // 1970-01-01 was a Thursday.
    let sessions: Vec<i64> = (0..30).filter(|d| !matches!(d % 7, 2 | 3)).collect();
    let times: Vec<i64> = sessions.iter().map(|d| d * DAY).collect();
    let series = [series("equity", "A", Interval::days(1), &times)];
    let saturday = headline(16 * DAY, TimePrecision::Day, &["A"]);
    let pairs = of(&series, &[saturday], &PairOptions::new(5).reaction(1));
    let monday = 18 * DAY;
    assert_eq!(pairs.list[0].end.millis(), monday + DAY);
}

#[test]
fn gaps_flat_windows_and_the_ends_make_no_pairs() {
    let mut times = hours(60);
    times.retain(|t| *t != 30 * HOUR);
    let mut gap = series("crypto", "A", Interval::hours(1), &times);
    // Bars 45 to 58 do not move.
    for i in 44..58 {
        gap.bars.close[i] = gap.bars.close[43];
        gap.bars.open[i] = gap.bars.close[43];
        gap.bars.high[i] = gap.bars.close[43];
        gap.bars.low[i] = gap.bars.close[43];
    }
    let options = PairOptions::new(8).warm_up(2);
    let at = |hour: i64| {
        let one = headline(hour * HOUR + 1, TimePrecision::Second, &["A"]);
        of(std::slice::from_ref(&gap), &[one], &options).list.len()
    };
    for (hour, pairs) in [
        (8, 0),
        (9, 1),
        (29, 1),
        (30, 0),
        (39, 0),
        (40, 1),
        (50, 1),
        (52, 0),
        (59, 1),
        (60, 0),
        (90, 0),
    ] {
        assert_eq!(at(hour), pairs, "hour {hour}");
    }
}

#[test]
fn siblings_count_once_and_wraps_make_no_pairs() {
    let symbols = ["GOOG", "GOOGL", "B", "C", "D"];
    let all: Vec<SeriesBars> = symbols
        .iter()
        .map(|s| series("crypto", s, Interval::hours(1), &hours(40)))
        .collect();
    let named = |symbols: &[&str]| {
        let one = headline(20 * HOUR, TimePrecision::Second, symbols);
        let pairs = of(&all, &[one], &PairOptions::new(4));
        let names = pairs
            .list
            .iter()
            .map(|p| pairs.series[p.series].symbol.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(named(&["GOOG", "GOOGL", "B"]), ["GOOG", "B"]);
    assert_eq!(named(&["GOOGL", "GOOG"]), ["GOOGL"]);
    assert_eq!(named(&["B", "C", "D", "GOOG"]), [""; 0]);
    assert_eq!(named(&["Z"]), [""; 0]);
    let wrong = Pairs::of(&all, Vec::new(), &PairOptions::new(1)).unwrap_err();
    assert!(wrong.to_string().contains("at least 2 bars"), "{wrong}");
}

#[test]
fn what_comes_later_changes_no_pair() {
    let market = SyntheticMarket::new(SyntheticConfig::small(4)).unwrap();
    let all = market.series();
    let as_of: Timestamp = "2015-03-15T05:00:00Z".parse().unwrap();
    let options = PairOptions::new(32).warm_up(16).reaction(3);
    let whole = tempfile::tempdir().unwrap();
    let whole = OpenOptions::new()
        .clip_weights(None)
        .open(whole.path().join("whole.rhyme"))
        .unwrap();
    whole.ingest_bars(&all).unwrap();
    whole.ingest_headlines(&market.headlines()).unwrap();
    let seen = whole.at(as_of).pairs(&options).unwrap();
    assert!(seen.list.len() > 5, "{}", seen.list.len());
    assert!(seen.list.iter().all(|p| p.end <= as_of && p.known <= as_of));
    assert!(whole.now().pairs(&options).unwrap().list.len() > seen.list.len());

    // The same past with another future.
    let mut other = all.clone();
    for one in &mut other {
        let interval = one.key.interval;
        let past = one
            .bars
            .time
            .partition_point(|&t| interval.close_of(Timestamp::from_millis(t)) <= as_of);
        let future = one.bars.slice(past..one.bars.len() - 7);
        let shifted = |mut bar: Bar| {
            for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
                *price *= 3.0;
            }
            bar
        };
        let mut bars: Bars = one.bars.slice(0..past);
        bars.extend(&future.iter().map(shifted).collect());
        one.bars = bars;
    }
    let mut headlines = market.headlines();
    headlines.retain(|h| h.known_from() <= as_of);
    headlines.push(headline(
        as_of.millis() + HOUR,
        TimePrecision::Second,
        &["NOVAUSDT"],
    ));
    let changed = tempfile::tempdir().unwrap();
    let changed = OpenOptions::new()
        .clip_weights(None)
        .open(changed.path().join("changed.rhyme"))
        .unwrap();
    changed.ingest_bars(&other).unwrap();
    changed.ingest_headlines(&headlines).unwrap();
    assert_eq!(changed.at(as_of).pairs(&options).unwrap(), seen);
}
