//! p-values of anomalies on made-up walks in which nothing is unusual: they must be small as seldom as
//! they say. Quick by default; `RHYME_NULL=all` draws more worlds.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::worlds::{database, target};
use oracle::{HOUR, Lcg, START, W};
use rhymedb::data::Calendar;
use rhymedb::query::{Measure, Unusual};
use rhymedb::{Bar, Bars, Filter, Interval, SeriesBars, SeriesKey, Timestamp};

/// How many worlds are drawn.
fn worlds(quick: u64, long: u64) -> std::ops::Range<u64> {
    let all = std::env::var("RHYME_NULL").is_ok_and(|v| v == "all");
    1..1 + if all { long } else { quick }
}

/// What moves of a walk are like.
#[derive(Clone, Copy)]
enum Tails {
    /// Normal.
    Thin,
    /// A bar in fifty moves ten times as much.
    Fat,
}

fn normal(random: &mut Lcg) -> f64 {
    (-2.0 * random.next().max(1e-12).ln()).sqrt() * (std::f64::consts::TAU * random.next()).cos()
}

/// Bars at these times whose volatility comes in clusters, which the weather makes.
fn walk(times: &[i64], (weather, seed): (u64, u64), tails: Tails) -> Bars {
    let mut random = Lcg(seed.wrapping_mul(2_654_435_761).wrapping_add(weather * 31));
    let mut weather = Lcg(weather.wrapping_mul(7_777_777).wrapping_add(3));
    let (mut close, mut level) = (100.0, 0.0f64);
    let bar = |&time: &i64| {
        level = 0.97 * level + 0.08 * normal(&mut weather);
        let jump = match tails {
            Tails::Fat if random.next() < 0.02 => 10.0,
            Tails::Fat | Tails::Thin => 1.0,
        };
        let open = close;
        close *= (0.004 * jump * level.exp() * normal(&mut random)).exp();
        Bar {
            time: Timestamp::from_millis(time),
            open,
            high: f64::max(open, close) * (1.0 + 0.001 * random.next()),
            low: f64::min(open, close) * (1.0 - 0.001 * random.next()),
            close,
            volume: (level + 0.3 * normal(&mut random)).exp(),
        }
    };
    times.iter().map(bar).collect()
}

fn hourly(n: i64) -> Vec<i64> {
    (0..n).map(|i| START + i * HOUR).collect()
}

fn crypto(market: &str, symbol: &str, bars: Bars) -> SeriesBars {
    SeriesBars {
        key: SeriesKey::new(market, "test", symbol, Interval::hours(1)).unwrap(),
        calendar: Calendar::Continuous,
        bars,
    }
}

/// The share of the windows of the second half with a p-value of at most a twentieth.
fn share(all: &[SeriesBars], of: &str, measure: Measure, among: &[&str]) -> (f64, usize) {
    let (_dir, db) = database(all);
    let view = db.now();
    let n = all[0].bars.len() as i64;
    let mut scan = view
        .anomaly_scan()
        .of(of)
        .by(measure)
        .level(0.05)
        .scores(true);
    for among in among {
        scan = scan.among(among);
    }
    let from = Timestamp::from_millis(START + n / 2 * HOUR);
    let scores = scan.filter(Filter::new().from(from)).run().unwrap().scores;
    let low = scores.iter().filter(|s| s.p_value <= 0.05).count();
    (low as f64, scores.len())
}

fn mean_share(found: &[(f64, usize)]) -> f64 {
    let low: f64 = found.iter().map(|f| f.0).sum();
    low / found.iter().map(|f| f.1).sum::<usize>() as f64
}

#[test]
fn p_values_of_sizes_hold_on_walks_with_clusters() {
    let found: Vec<_> = worlds(3, 20)
        .map(|world| {
            // Each series has a weather of its own: where all share one, a world is a single draw.
            let times = hourly(1600);
            let one = |i: u64| {
                let bars = walk(&times, (1000 * world + i, i), Tails::Thin);
                crypto("coins", &format!("C{i}"), bars)
            };
            let all: Vec<SeriesBars> = (0..8).map(one).collect();
            share(&all, "coins", Measure::Size, &[])
        })
        .collect();
    let share = mean_share(&found);
    assert!((0.02..=0.08).contains(&share), "{share} {found:?}");
}

/// Of two markets one has fat tails. Ranked among its like a twentieth of its windows is unusual;
/// ranked among all of them far fewer seem so, and more of the other market's.
#[test]
fn p_values_hold_within_markets_of_different_tails() {
    let measure = Measure::LargestZ;
    let (mut own, mut mixed) = (Vec::new(), Vec::new());
    for world in worlds(3, 12) {
        let times = hourly(1000);
        let one = |market: &str, i: u64, tails| {
            let bars = walk(&times, (1000 * world + i, i), tails);
            crypto(market, &format!("{market}{i}"), bars)
        };
        let wild = (0..3).map(|i| one("wild", i, Tails::Fat));
        let calm = (10..19).map(|i| one("calm", i, Tails::Thin));
        let all: Vec<SeriesBars> = wild.chain(calm).collect();
        own.push(share(&all, "wild", measure, &[]));
        mixed.push(share(&all, "wild", measure, &["wild", "calm"]));
    }
    let (own, mixed) = (mean_share(&own), mean_share(&mixed));
    assert!((0.02..=0.09).contains(&own), "{own}, mixed {mixed}");
    assert!(mixed < 0.8 * own, "{own}, mixed {mixed}");
}

/// Hours of seven a day, weekends without, and the same bars one after another.
fn sessions(n: usize) -> Vec<i64> {
    let open = |i: usize| {
        let (day, hour) = (i / 7, i % 7);
        let days = day / 5 * 7 + day % 5;
        START + (days as i64 * 24 + 14 + hour as i64) * HOUR
    };
    (0..n).map(open).collect()
}

fn value(unusual: &Unusual, measure: Measure) -> f64 {
    unusual.get(measure).unwrap().value
}

#[test]
fn sessions_and_the_same_bars_without_nights_agree() {
    let world = |calendar: Calendar| -> Vec<SeriesBars> {
        let n = 900;
        let times = match calendar {
            Calendar::Session => sessions(n),
            Calendar::Continuous => hourly(n as i64),
        };
        // A market that moves as one.
        let series = |i: u64| {
            let mut bars = walk(&times, (5, 1), Tails::Thin);
            let noise = walk(&times, (5, 100 + i), Tails::Thin);
            for j in 0..n {
                let factor = (noise.close[j] / 100.0).powf(0.3);
                for column in [
                    &mut bars.open,
                    &mut bars.high,
                    &mut bars.low,
                    &mut bars.close,
                ] {
                    column[j] *= factor;
                }
                bars.high[j] = bars.high[j].max(bars.open[j]).max(bars.close[j]);
                bars.low[j] = bars.low[j].min(bars.open[j]).min(bars.close[j]);
            }
            let mut one = crypto("stocks", &format!("S{i}"), bars);
            one.calendar = calendar;
            one
        };
        (0..4).map(series).collect()
    };
    let ask = |calendar, last: usize| {
        let all = world(calendar);
        let (_dir, db) = database(&all);
        let end = Timestamp::from_millis(all[0].bars.time[last] + HOUR);
        let answer = db
            .now()
            .anomaly(target("S0", end))
            .k(3)
            .exact(true)
            .run()
            .unwrap();
        let begins = Timestamp::from_millis(all[0].bars.time[last + 1 - W]);
        for (_, near) in &answer.nearest {
            assert!(
                near.end <= begins,
                "{near} shares bars with {}",
                answer.window
            );
        }
        answer
    };
    for last in [500, 733, 899] {
        let (nights, without) = (
            ask(Calendar::Session, last),
            ask(Calendar::Continuous, last),
        );
        assert_eq!(nights.history, without.history, "{last}");
        for measure in [Measure::Distance, Measure::Mahalanobis, Measure::LargestZ] {
            let (a, b) = (
                value(&nights.unusual, measure),
                value(&without.unusual, measure),
            );
            assert!((a - b).abs() < 1e-9 * b, "{measure}: {a} {b}");
        }
        for measure in [Measure::Size, Measure::Distance] {
            let p = |unusual: &Unusual| unusual.get(measure).unwrap().p_value;
            let (a, b) = (p(&nights.unusual), p(&without.unusual));
            assert!((a - b).abs() < 0.05, "{measure} at {last}: {a} {b}");
        }
    }
}
