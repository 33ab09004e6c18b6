//! Rules: what they say was to be had then, and replays are what a slow and simple account makes of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "decide/slow_account.rs"]
mod slow_account;

use rhymedb::data::{Calendar, Headline};
use rhymedb::decide::{Call, Costs, ExitReason, ReplayAnswer, Rule, Side};
use rhymedb::query::Horizon;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Bar, Bars, Database, Error, SeriesBars, Target, Timestamp};

const SERIES: &str = "NOVAUSDT:1h";

fn config() -> SyntheticConfig {
    SyntheticConfig {
        crypto_bars: 700,
        equity_days: 150,
        ..SyntheticConfig::small(3)
    }
}

fn database(bars: &[SeriesBars], headlines: &[Headline]) -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(bars).unwrap();
    if !headlines.is_empty() {
        db.ingest_headlines(headlines).unwrap();
    }
    (dir, db)
}

fn world() -> (tempfile::TempDir, Database, Vec<SeriesBars>, Vec<Headline>) {
    let market = SyntheticMarket::new(config()).unwrap();
    let (bars, headlines) = (market.series(), market.headlines());
    let (dir, db) = database(&bars, &headlines);
    (dir, db, bars, headlines)
}

fn rule(text: &str) -> Rule {
    serde_json::from_str(text).unwrap()
}

/// A rule of each kind that needs nothing but bars and headlines, with bounds that are met now and then.
fn rules() -> Vec<Rule> {
    [
        r#"{"name": "analogs", "when": {"kind": "analogs", "horizon": 6, "k": 8, "outcomes": 3}, "hold": 6}"#,
        r#"{"name": "kelly", "when": {"kind": "analogs", "horizon": 6, "k": 8, "outcomes": 3},
            "hold": 6, "stop": 0.02, "size": {"kind": "kelly", "cap": 0.8}}"#,
        r#"{"name": "patterns", "hold": 12, "take": 0.03,
            "when": {"kind": "label", "set": "regimes", "long": ["bullish"], "short": ["bearish"]}}"#,
        r#"{"name": "large moves", "when": {"kind": "anomaly", "p_below": 0.2, "trade": "fade"},
            "size": {"kind": "volatility", "target": 0.3}}"#,
        r#"{"name": "storm", "when": {"kind": "risk", "size": 0.7, "fall": 0.02, "distance": 0.5, "needed": 2,
            "side": "short", "horizon": 6}}"#,
    ]
    .map(rule)
    .to_vec()
}

fn replay(db: &Database, rule: &Rule, (from, until): (usize, usize), bars: &Bars) -> ReplayAnswer {
    let close = |i: usize| Timestamp::from_millis(bars.time[i] + 3_600_000);
    let target: Target = SERIES.parse().unwrap();
    let replay = db
        .now()
        .replay(target, rule)
        .from(close(from))
        .until(close(until));
    replay
        .costs(Costs::new(0.001, 0.0005))
        .draws(20)
        .run()
        .unwrap()
}

fn bars_of(all: &[SeriesBars]) -> &Bars {
    &all.iter()
        .find(|s| s.key.to_string().ends_with(SERIES))
        .unwrap()
        .bars
}

/// Cuts everything at a time: bars that had not closed, and headlines that were not known, are not there.
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

#[test]
fn a_signal_is_that_of_a_database_that_ends_there() {
    let (_dir, db, bars, headlines) = world();
    let own = bars_of(&bars);
    for rule in rules() {
        let answer = replay(&db, &rule, (300, 640), own);
        assert!(answer.asked > 300, "{}: {}", rule.name, answer.asked);
        assert!(!answer.signals.is_empty(), "{} says nothing", rule.name);
        let said = answer.signals.iter().step_by(1 + answer.signals.len() / 3);
        for signal in said {
            let (known, told) = cut(&bars, &headlines, signal.at);
            let (_dir, early) = database(&known, &told);
            let target: Target = SERIES.parse().unwrap();
            let then = early.now().signal(&rule, &target).unwrap();
            let at = Target {
                time: Some(signal.at),
                ..target
            };
            let now = db.now().signal(&rule, &at).unwrap();
            assert_eq!(
                format!("{then:?}"),
                format!("{now:?}"),
                "{} at {}",
                rule.name,
                signal.at
            );
            let position = match then.side {
                Some(Side::Long) => then.size,
                Some(Side::Short) => -then.size,
                None => 0.0,
            };
            assert_eq!(position.to_bits(), signal.position.to_bits());
        }
    }
}

/// Analogs, asked once more by hand: the side gains at their mean and beyond the base rate, and Kelly's share is that of
/// the outcomes that count.
#[test]
fn sides_and_shares_of_analogs_are_those_of_their_outcomes() {
    let (_dir, db, bars, _) = world();
    let rule = &rules()[1];
    let answer = replay(&db, rule, (300, 640), bars_of(&bars));
    assert!(answer.signals.len() > 5, "{}", answer.signals.len());
    let mut left_out = 0;
    for signal in &answer.signals {
        let at = Target {
            time: Some(signal.at),
            ..SERIES.parse().unwrap()
        };
        let similar = db.at(signal.at).similar(at).k(8).exact(true);
        let asked = similar.outcomes(&[Horizon::bars(6)]).run().unwrap();
        let after = &asked.horizons[0];
        let (summary, base) = (
            after.summary.as_ref().unwrap(),
            after.base.as_ref().unwrap(),
        );
        let sign = signal.position.signum();
        assert!(sign * summary.mean > 0.0 && sign * (summary.mean - base.mean) > 0.0);
        let counted = after
            .hits
            .iter()
            .zip(&asked.left_out)
            .filter(|(_, why)| why.is_none());
        let changes: Vec<f64> = counted
            .filter_map(|(hit, _)| Some(sign * hit.closed()?.change))
            .collect();
        assert_eq!(changes.len(), summary.n);
        left_out += asked.left_out.iter().flatten().count();
        let of = |wins: bool| {
            changes
                .iter()
                .filter(|c| (**c > 0.0) == wins)
                .copied()
                .collect::<Vec<f64>>()
        };
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let (won, lost) = (of(true), of(false));
        let share = won.len() as f64 / changes.len() as f64;
        let chance = (summary.effective_n * share + 10.0) / (summary.effective_n + 20.0);
        let kelly = 0.5 * (chance - (1.0 - chance) / (mean(&won) / -mean(&lost)));
        assert!(
            (kelly.min(0.8) - signal.position.abs()).abs() < 1e-12,
            "{kelly} {signal:?}"
        );
    }
    assert!(
        left_out > 0,
        "some hits are the same moment on another chart"
    );
}

/// A year of daily bars of shares has some 252 of them, not 365.
#[test]
fn a_year_of_shares_has_the_days_of_their_exchange() {
    let long = SyntheticConfig {
        crypto_symbols: 1,
        crypto_bars: 200,
        equity_days: 600,
        ..SyntheticConfig::small(3)
    };
    let bars = SyntheticMarket::new(long).unwrap().series();
    let (_dir, db) = database(&bars, &[]);
    let share = bars
        .iter()
        .find(|s| s.calendar == Calendar::Session)
        .unwrap();
    let text = r#"{"name": "v", "when": {"kind": "anomaly", "p_below": 1.0}, "size": {"kind": "volatility", "target": 0.05, "cap": 10.0}}"#;
    let target = Target::from(share.key.clone());
    let signal = db.now().signal(&rule(text), &target).unwrap();
    let window = &share.bars.close[share.bars.len() - 64..];
    let squares: f64 = window.windows(2).map(|w| (w[1] / w[0]).ln().powi(2)).sum();
    let year = 0.05 / signal.size / (squares / 63.0).sqrt();
    let days = year * year;
    assert!((240.0..275.0).contains(&days), "{days} days, {signal:?}");
}

#[test]
fn the_future_changes_no_signal() {
    let (_dir, db, mut bars, headlines) = world();
    let own = bars_of(&bars).clone();
    let until = Timestamp::from_millis(own.time[500] + 3_600_000);
    let of = |db: &Database| {
        let both = [&rules()[0], &rules()[4]];
        both.map(|rule| replay(db, rule, (300, 500), &own))
    };
    let before = of(&db);
    assert!(before[1].alarms.as_ref().unwrap().alarms > 0);
    for series in &mut bars {
        let n = series
            .bars
            .time
            .partition_point(|t| series.key.interval.close_of(Timestamp::from_millis(*t)) <= until);
        for i in n..series.bars.len() {
            for prices in [
                &mut series.bars.open,
                &mut series.bars.high,
                &mut series.bars.low,
                &mut series.bars.close,
            ] {
                prices[i] *= 1.0 + 0.5 * ((i * 7919 % 13) as f64 / 13.0);
            }
            let (open, close) = (series.bars.open[i], series.bars.close[i]);
            series.bars.high[i] = series.bars.high[i].max(open).max(close);
            series.bars.low[i] = series.bars.low[i].min(open).min(close);
        }
    }
    let (_dir, other) = database(&bars, &headlines);
    let mut after = of(&other);
    for (before, after) in before.iter().zip(&mut after) {
        after.took = before.took;
        assert_eq!(format!("{before:?}"), format!("{after:?}"));
    }
}

/// How unusual a size is does not depend on series that begin later.
#[test]
fn who_begins_later_changes_no_size() {
    let (_dir, _, bars, _) = world();
    let of_it = |s: &&SeriesBars| s.key.to_string().ends_with(SERIES);
    let own = bars.iter().find(of_it).unwrap();
    let mut later = own.clone();
    later.key = own.key.to_string().replace("NOVA", "LATE").parse().unwrap();
    later.bars = later.bars.iter().skip(500).collect();
    let (_dir, alone) = database(std::slice::from_ref(own), &[]);
    let (_dir, joined) = database(&[own.clone(), later], &[]);
    let close = Timestamp::from_millis(own.bars.time[480] + 3_600_000);
    let target = Target {
        time: Some(close),
        ..SERIES.parse().unwrap()
    };
    let says = |db: &Database| db.now().signal(&rules()[3], &target).unwrap();
    assert_eq!(
        format!("{:?}", says(&alone)),
        format!("{:?}", says(&joined))
    );
}

/// Rules that flip coins, on walks: their Sharpe ratios are those of chance.
#[test]
fn coins_have_no_edge() {
    let flat = |n: usize, seed: u64| -> Vec<Bar> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut price = 100.0_f64;
        (0..n)
            .map(|i| {
                let mut draw = || {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (state >> 11) as f64 / (1_u64 << 53) as f64
                };
                let step = (draw() + draw() + draw() + draw() - 2.0) * 0.01;
                let open = price;
                price *= step.exp();
                Bar {
                    time: Timestamp::from_millis(
                        1_600_000_000_000 - 1_600_000_000_000 % 3_600_000 + i as i64 * 3_600_000,
                    ),
                    open,
                    high: open.max(price),
                    low: open.min(price),
                    close: price,
                    volume: 1.0,
                }
            })
            .collect()
    };
    // A rule of analogs on a walk of its own: what followed like charts says nothing there.
    let (mut inside, mut p_low) = (0, 0);
    for seed in 0..8 {
        let key = "crypto/test/WALK:1h".parse().unwrap();
        let series = SeriesBars {
            key,
            calendar: Calendar::Continuous,
            bars: flat(500, seed).into_iter().collect(),
        };
        let (_dir, db) = database(&[series], &[]);
        let target: Target = "WALK:1h".parse().unwrap();
        let answer = db
            .now()
            .replay(target, &rules()[0])
            .costs(Costs::new(0.0, 0.0))
            .run()
            .unwrap();
        let sharpe = answer.sharpe_a_bar.unwrap() * (answer.equity.len() as f64).sqrt();
        inside += usize::from(sharpe.abs() < 2.0);
        p_low += usize::from(answer.random.unwrap().p < 0.05);
    }
    assert!(inside >= 6, "{inside} of 8 within two standard errors");
    assert!(p_low <= 2, "{p_low} of 8 with p < .05");
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_dir, db, ..) = world();
    let target: Target = SERIES.parse().unwrap();
    for (text, told) in [
        (
            r#"{"name": "a", "when": {"kind": "analogs", "horizon": 0}}"#,
            "horizon",
        ),
        (
            r#"{"name": "a", "when": {"kind": "analogs", "horizon": 6}, "stop": -1.0}"#,
            "0.05 is 5 %",
        ),
        (
            r#"{"name": "a", "when": {"kind": "analogs", "horizon": 6}, "size": {"kind": "risk", "risk": 0.01}}"#,
            "expected a stop",
        ),
        (
            r#"{"name": "a", "when": {"kind": "anomaly"}, "size": {"kind": "kelly"}}"#,
            "expected analogs",
        ),
        (
            r#"{"name": "a", "when": {"kind": "label", "set": "regimes"}}"#,
            "found none",
        ),
        (
            r#"{"name": "a", "when": {"kind": "label", "set": "regimes", "long": ["moon"]}}"#,
            "moon",
        ),
        (
            r#"{"name": "a", "when": {"kind": "prototype", "prototype": "none", "now": 0.4}}"#,
            "limit at most now",
        ),
        (
            r#"{"name": "a", "when": {"kind": "tags"}}"#,
            "two different tags",
        ),
    ] {
        let error = db
            .now()
            .signal(&rule(text), &target)
            .unwrap_err()
            .to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
    let typo =
        serde_json::from_str::<Rule>(r#"{"name": "a", "when": {"kind": "anomaly", "p": 0.1}}"#);
    assert!(typo.unwrap_err().to_string().contains("unknown field"));
    let none = db
        .now()
        .replay(target.clone(), &rules()[0])
        .from("2040-01-01".parse().unwrap())
        .run();
    assert!(matches!(none, Err(Error::Invalid(_))), "{none:?}");
    let costs = db
        .now()
        .replay(target, &rules()[0])
        .costs(Costs::new(1.0, 0.0))
        .run();
    assert!(costs.unwrap_err().to_string().contains("0.001 is 0.1 %"));
}

#[test]
fn a_prototype_has_three_calls() {
    let (_dir, db, bars, _) = world();
    let own = bars_of(&bars);
    let at = |i: usize| Target {
        time: Some(Timestamp::from_millis(own.time[i] + 3_600_000)),
        ..SERIES.parse().unwrap()
    };
    db.save_prototype("mine", None, &[at(200)]).unwrap();
    let ask = |i: usize, now: f64, limit: f64| {
        let text = format!(
            r#"{{"name": "p", "when": {{"kind": "prototype", "prototype": "mine", "now": {now}, "limit": {limit}}}}}"#
        );
        db.now().signal(&rule(&text), &at(i)).unwrap()
    };
    let cosine = ask(400, 0.0, 0.0);
    assert!(
        cosine.call == Call::Now || cosine.reasons[0].text.contains('-'),
        "{cosine:?}"
    );
    assert_eq!(ask(400, 1.0, 1.0).call, Call::Wait);
    let own_window = ask(201, 0.0, 0.0);
    assert_eq!(
        (own_window.call, own_window.size),
        (Call::Wait, 0.0),
        "{own_window:?}"
    );
    // Before its window had closed nobody knew the prototype.
    let error = db.now().signal(
        &rule(r#"{"name": "p", "when": {"kind": "prototype", "prototype": "mine"}}"#),
        &at(150),
    );
    assert!(error.unwrap_err().to_string().contains("not known"));
}
