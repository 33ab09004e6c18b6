//! Monitors of risk: what they say, and that their alarms are followed by larger moves where moves come in clusters, and
//! by moves like any others where they do not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use rhymedb::data::Calendar;
use rhymedb::decide::{Alarms, Call, ReplayAnswer, Rule, Side};
use rhymedb::{Bar, Database, Error, SeriesBars, Target, Timestamp};

const HOUR: i64 = 3_600_000;

/// A generator of normal numbers, near enough: sums of twelve.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// A walk whose volatility has a memory, or has none: calm and wild times of some 300 bars, or always the same.
fn walk(n: usize, seed: u64, clusters: bool) -> SeriesBars {
    let mut draws = Draws(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut wild, mut price) = (false, 100.0_f64);
    let bars = (0..n).map(|i| {
        wild ^= clusters && draws.uniform() < 1.0 / 300.0;
        let step = draws.normal() * if wild { 0.018 } else { 0.006 };
        let open = price;
        price *= step.exp();
        Bar {
            time: Timestamp::from_millis(1_599_998_400_000 + i as i64 * HOUR),
            open,
            high: open.max(price),
            low: open.min(price),
            close: price,
            volume: 1.0,
        }
    });
    SeriesBars {
        key: "crypto/test/WALK:1h".parse().unwrap(),
        calendar: Calendar::Continuous,
        bars: bars.collect(),
    }
}

fn database(series: &SeriesBars) -> (tempfile::TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(std::slice::from_ref(series)).unwrap();
    (dir, db)
}

fn target() -> Target {
    "WALK:1h".parse().unwrap()
}

fn rule(when: &str) -> Rule {
    serde_json::from_str(&format!(
        r#"{{"name": "storm", "when": {{"kind": "risk", {when}}}}}"#
    ))
    .unwrap()
}

fn replay(db: &Database, when: &str) -> ReplayAnswer {
    db.now().replay(target(), &rule(when)).run().unwrap()
}

fn alarms(seed: u64, clusters: bool) -> Alarms {
    let (_dir, db) = database(&walk(2500, seed, clusters));
    replay(&db, r#""size": 0.9, "horizon": 12"#).alarms.unwrap()
}

/// How many standard errors the moves after alarms are above any moves.
fn above(found: &Alarms) -> f64 {
    let (after, base) = (found.after.unwrap(), found.base.unwrap());
    (after.mean - base.mean) / after.standard_error.unwrap()
}

#[test]
fn alarms_on_walks_say_nothing_and_those_in_clusters_do() {
    let (mut quiet, mut low) = (Vec::new(), 0);
    for seed in 0..8 {
        let found = alarms(seed, false);
        assert!(found.alarms > 50 && found.asked > 2000, "{found:?}");
        assert!(found.episodes <= found.alarms, "{found:?}");
        quiet.push(above(&found));
        low += usize::from(found.p.unwrap() < 0.05);
    }
    // A sum of n numbers of deviation 1 has the deviation of n's root.
    let sum = |z: &[f64]| z.iter().sum::<f64>() / (z.len() as f64).sqrt();
    assert!(sum(&quiet).abs() < 2.5, "{quiet:?}");
    assert!(low <= 2, "{low} of 8 walks with p < .05");
    let (mut loud, mut low) = (Vec::new(), 0);
    for seed in 0..8 {
        let found = alarms(seed, true);
        loud.push(above(&found));
        low += usize::from(found.p.unwrap() < 0.05);
    }
    assert!(sum(&loud) > 3.0, "{loud:?}");
    assert!(low >= 2, "{low} of 8 with clusters with p < .05");
}

#[test]
fn sides_are_what_the_rule_says() {
    let (_dir, db) = database(&walk(900, 3, true));
    let thresholds = r#""size": 0.9, "fall": 0.05, "needed": 1"#;
    let said = |side: &str| replay(&db, &format!(r#"{thresholds}, "side": "{side}""#));
    let flat = said("flat");
    let count = flat.alarms.as_ref().unwrap().alarms;
    assert!(
        count > 20 && count < flat.asked - 20,
        "{count} of {}",
        flat.asked
    );
    assert!(flat.signals.is_empty() && flat.trades.is_empty());
    let (short, leave) = (said("short"), said("leave"));
    assert_eq!(short.alarms, flat.alarms);
    assert_eq!(short.signals.len(), count);
    assert!(short.signals.iter().all(|s| s.position == -1.0));
    // Long exactly where there is no alarm; where nothing can be told, nothing is held.
    let at: Vec<_> = short.signals.iter().map(|s| s.at).collect();
    assert!(
        leave
            .signals
            .iter()
            .all(|s| s.position == 1.0 && !at.contains(&s.at))
    );
    assert!(leave.signals.len() + count <= leave.asked);
    assert!(leave.signals.len() > 100, "{}", leave.signals.len());
    let window = Target {
        time: Some(at[0]),
        ..target()
    };
    for (side, call, wants) in [
        ("flat", Call::Alarm, None),
        ("leave", Call::Alarm, None),
        ("short", Call::Now, Some(Side::Short)),
        ("long", Call::Now, Some(Side::Long)),
    ] {
        let rule = rule(&format!(r#"{thresholds}, "side": "{side}""#));
        let signal = db.now().signal(&rule, &window).unwrap();
        assert!(signal.alarm, "{signal:?}");
        assert_eq!((signal.call, signal.side), (call, wants), "{side}");
        assert_eq!(signal.reasons.len(), 3);
    }
}

#[test]
fn thresholds_are_those_of_the_questions() {
    let series = walk(900, 5, false);
    let (_dir, db) = database(&series);
    let answer = db.now().anomaly(target()).exact(true).run().unwrap();
    let [size, distance] = ["size", "distance"].map(|measure| {
        let found = answer.unusual.get(measure.parse().unwrap());
        found.unwrap().percentile / 100.0
    });
    let high = series.bars.high.iter().copied().fold(0.0, f64::max);
    let fall = 1.0 - series.bars.close.last().unwrap() / high;
    let says = |when: String| db.now().signal(&rule(&when), &target()).unwrap();
    for (name, found) in [("size", size), ("distance", distance), ("fall", fall)] {
        assert!(found > 0.001 && found < 0.999, "{name} {found}");
        assert!(
            says(format!(r#""{name}": {}"#, found - 1e-6)).alarm,
            "{name}"
        );
        assert!(
            !says(format!(r#""{name}": {}"#, found + 1e-6)).alarm,
            "{name}"
        );
    }
    let (low, above) = (size - 1e-6, fall + 1e-6);
    let two = |needed: usize| format!(r#""size": {low}, "fall": {above}, "needed": {needed}"#);
    assert!(says(two(1)).alarm && !says(two(2)).alarm);
    // Too young to be told: no alarm, and no calm either.
    let (_dir, young) = database(&walk(70, 5, true));
    let rule = rule(r#""size": 0.5, "side": "leave""#);
    let signal = young.now().signal(&rule, &target()).unwrap();
    assert!(!signal.alarm && signal.side.is_none(), "{signal:?}");
    assert!(signal.reasons[0].text.contains("too little history"));
}

#[test]
fn what_is_no_monitor_is_refused() {
    let (_dir, db) = database(&walk(200, 1, false));
    for (when, told) in [
        (r#""needed": 1"#, "expected a threshold"),
        (r#""size": 1.5"#, "expected a size above 0 and up to 1"),
        (r#""fall": -0.1"#, "expected a fall above 0"),
        (
            r#""size": 0.9, "needed": 2"#,
            "expected that 1 to 1 of the 1 thresholds",
        ),
        (r#""size": 0.9, "horizon": 0"#, "horizon"),
    ] {
        match db.now().signal(&rule(when), &target()) {
            Err(Error::Invalid(error)) => assert!(error.contains(told), "{error}"),
            other => panic!("{when}: {other:?}"),
        }
    }
}
