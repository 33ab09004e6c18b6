//! Audits of replays: rules that did not look ahead pass, on series that begin and end at other times and tie with one
//! another, and what looks ahead is found.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::sync::Arc;

use rhymedb::data::{Calendar, Headline, TimePrecision};
use rhymedb::decide::{Audit, Costs, Replay, ReplayAnswer, Rule};
use rhymedb::encode::{
    ChartConfig, ChartEncoder, Embeddings, EncoderSpec, Modality, Sharing, TextConfig, Weights,
    WeightsConfig, chart_encoder_by_name,
};
use rhymedb::ingest::{NewTag, VectorRow};
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{
    Bar, Bars, Control, Database, Error, Interval, OpenOptions, SeriesBars, Target, Timestamp,
};

const HOUR: i64 = 3_600_000;
const SERIES: &str = "crypto/synthetic/NOVAUSDT:1h";

struct World {
    dir: tempfile::TempDir,
    db: Database,
    own: Bars,
}

impl World {
    fn close(&self, bar: usize) -> Timestamp {
        Timestamp::from_millis(self.own.time[bar] + HOUR)
    }

    fn at(&self, bar: usize) -> Target {
        Target {
            time: Some(self.close(bar)),
            ..SERIES.parse().unwrap()
        }
    }

    fn replay(&self, rule: &Rule, (from, until): (usize, usize)) -> (Replay, ReplayAnswer) {
        let replay = self.db.now().replay(SERIES.parse().unwrap(), rule);
        let replay = replay.from(self.close(from)).until(self.close(until));
        let replay = replay
            .costs(Costs::new(0.001, 0.0))
            .draws(0)
            .allow_trained(true);
        let answer = replay.run().unwrap();
        (replay, answer)
    }

    fn audit(&self, rule: &Rule, period: (usize, usize), closes: usize) -> Audit {
        let (replay, answer) = self.replay(rule, period);
        assert!(!answer.signals.is_empty(), "{} says nothing", rule.name);
        let cut = tempfile::tempdir_in(self.dir.path()).unwrap();
        replay.audit(&answer, closes, cut.path()).unwrap()
    }
}

fn rule(text: &str) -> Rule {
    serde_json::from_str(text).unwrap()
}

/// A copy of a series under another name and at another pace.
fn copy(of: &SeriesBars, key: &str, from: usize, factor: f64) -> SeriesBars {
    let mut copy = of.clone();
    copy.key = key.parse().unwrap();
    let bars = of.bars.iter().skip(from);
    copy.bars = bars
        .map(|bar| Bar {
            open: bar.open * factor,
            high: bar.high * factor,
            low: bar.low * factor,
            close: bar.close * factor,
            ..bar
        })
        .collect();
    copy
}

/// Crypto and shares with news; a series that begins late and has the lowest number; the same prices on two venues,
/// whose scores are equal; series that are made of others; tags that come to be known, and prototypes.
fn world() -> World {
    let config = SyntheticConfig {
        crypto_bars: 620,
        equity_days: 120,
        ..SyntheticConfig::small(3)
    };
    let market = SyntheticMarket::new(config).unwrap();
    let bars = market.series();
    let of = |name: &str| bars.iter().find(|s| s.key.to_string() == name).unwrap();
    let nova = of(SERIES);
    let dir = tempfile::tempdir().unwrap();
    // Weights that were trained on nothing, so that no moment counts as seen.
    let config = WeightsConfig::clip(ChartConfig::multiscale(32, 16), TextConfig::new(16), 0.1);
    let weights = Weights::random(&config, 7).unwrap();
    let options = OpenOptions::new().clip_weights(weights);
    let db = options.open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(&[copy(nova, "crypto/late/LATEUSDT:1h", 400, 3.0)])
        .unwrap();
    let mut all = vec![copy(nova, "crypto/twin/NOVAUSDT:1h", 0, 1.0)];
    all.extend(bars.iter().cloned());
    db.ingest_bars(&all).unwrap();
    let hourly = SERIES.parse().unwrap();
    let control = Control::new();
    db.resample(&hourly, Interval::hours(4), &control).unwrap();
    let mut headlines = market.headlines();
    headlines.extend((0..620).step_by(3).map(|i| Headline {
        time: Timestamp::from_millis(nova.bars.time[i] + 600_000),
        precision: TimePrecision::Second,
        text: ["Nova rises to a new high", "Nova falls as traders flee"][i % 2].to_owned(),
        source: format!("wire {i}"),
        symbols: vec!["NOVAUSDT".to_owned()],
    }));
    headlines.reverse();
    db.ingest_headlines(&headlines).unwrap();
    let world = World {
        own: nova.bars.clone(),
        dir,
        db,
    };
    let tags: Vec<NewTag> = (0..24)
        .map(|i| NewTag {
            name: ["good", "bad"][i % 2].to_owned(),
            target: world.at(100 + 20 * i),
            value: None,
            known: (i % 3 > 0).then(|| world.close(110 + 20 * i)),
        })
        .collect();
    world.db.add_tags(&tags).unwrap();
    let windows = [world.at(150), world.at(260), world.at(290)];
    world.db.save_prototype("mine", None, &windows).unwrap();
    world
        .db
        .save_prototype("later", None, &[world.at(500)])
        .unwrap();
    world
}

/// A rule of each kind, with bounds that are met now and then.
fn rules() -> Vec<Rule> {
    [
        r#"{"name": "analogs", "when": {"kind": "analogs", "horizon": 6, "k": 8, "outcomes": 3}, "hold": 6}"#,
        r#"{"name": "kelly", "when": {"kind": "analogs", "horizon": 6, "k": 8, "outcomes": 3, "p_below": 0.9},
            "hold": 6, "size": {"kind": "kelly", "cap": 0.8}}"#,
        r#"{"name": "words", "when": {"kind": "analogs", "horizon": 6, "k": 8, "outcomes": 3, "space": "clip"}}"#,
        r#"{"name": "regimes", "hold": 12,
            "when": {"kind": "label", "set": "regimes", "long": ["bullish"], "short": ["bearish"]}}"#,
        r#"{"name": "patterns",
            "when": {"kind": "label", "set": "patterns", "long": ["double bottom", "flag", "ascending triangle", "inverse head and shoulders", "cup and handle"],
                "short": ["double top", "descending triangle", "head and shoulders"]}}"#,
        r#"{"name": "large moves", "when": {"kind": "anomaly", "p_below": 0.2, "trade": "fade"},
            "size": {"kind": "volatility", "target": 0.3}}"#,
        r#"{"name": "prototype", "when": {"kind": "prototype", "prototype": "mine", "now": 0.1, "limit": 0.0},
            "size": {"kind": "likeness", "scale": 0.001}}"#,
        r#"{"name": "tags", "when": {"kind": "tags", "long": "good", "short": "bad", "neighbours": 3, "share": 0.5}}"#,
        r#"{"name": "divergence", "when": {"kind": "divergence", "percentile": 100}}"#,
    ]
    .map(rule)
    .to_vec()
}

#[test]
fn rules_of_every_kind_say_the_same_on_a_database_that_ends_there() {
    let world = world();
    for rule in rules() {
        let audit = world.audit(&rule, (300, 610), 8);
        assert_eq!(audit.differences, [], "{}", rule.name);
        assert_eq!(audit.closes.len(), 8, "{}", rule.name);
        assert!(
            audit.closes.is_sorted_by(|a, b| a < b),
            "{:?}",
            audit.closes
        );
        assert!((1..=8).contains(&audit.with_signal), "{audit:?}");
        let unseen = audit.unseen.join("; ");
        let told = match rule.name.as_str() {
            "tags" => "tags do not say from when on",
            "prototype" => "in hindsight",
            "words" | "divergence" => "holds more than its parameters",
            _ => {
                assert_eq!(unseen, "", "{}", rule.name);
                continue;
            }
        };
        assert!(unseen.contains(told), "{}: {unseen}", rule.name);
    }
}

/// What is made of a series that follows a rule may be asked about, too.
#[test]
fn series_that_are_made_of_others_are_made_again() {
    let world = world();
    let rule = &rules()[5];
    let target: Target = "crypto/synthetic/NOVAUSDT:4h".parse().unwrap();
    let replay = world.db.now().replay(target, rule).draws(0);
    let answer = replay.run().unwrap();
    let audit = replay.audit(&answer, 10, world.dir.path().join("cut"));
    let audit = audit.unwrap();
    assert_eq!((audit.closes.len(), audit.differences.len()), (10, 0));
}

fn walk(n: usize, seed: u64) -> Bars {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let mut price = 100.0_f64;
    (0..n)
        .map(|i| {
            let open = price;
            price *= (0.02 * (draw() + draw())).exp();
            Bar {
                time: Timestamp::from_millis(1_600_002_000_000 + i as i64 * HOUR),
                open,
                high: open.max(price) * 1.001,
                low: open.min(price) * 0.999,
                close: price,
                volume: 1.0,
            }
        })
        .collect()
}

fn walks() -> Vec<SeriesBars> {
    let one = |i: u64| SeriesBars {
        key: format!("crypto/test/WALK{i}:1h").parse().unwrap(),
        calendar: Calendar::Continuous,
        bars: walk(420 - 40 * i as usize, 7 + i),
    };
    (0..3).map(one).collect()
}

const WALK: &str = "crypto/test/WALK0:1h";

#[test]
fn a_replay_on_random_walks_passes() {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions::new().clip_weights(None);
    let db = options.open(dir.path().join("market.rhyme")).unwrap();
    db.ingest_bars(&walks()).unwrap();
    for (i, rule) in [&rules()[0], &rules()[3], &rules()[5]].iter().enumerate() {
        let replay = db.now().replay(WALK.parse().unwrap(), rule).draws(0);
        let answer = replay.run().unwrap();
        let cut = dir.path().join(format!("cut{i}"));
        let audit = replay.audit(&answer, 12, cut).unwrap();
        assert_eq!(
            (audit.closes.len(), audit.differences.len()),
            (12, 0),
            "{}",
            rule.name
        );
    }
}

/// Closes around their mean, and how the price went on where the encoder is told.
struct Own {
    spec: EncoderSpec,
    /// Looks at the bars behind a window, if there are any.
    peeks: bool,
}

const WINDOW: usize = 8;

fn own(peeks: bool) -> Arc<dyn ChartEncoder> {
    Arc::new(Own {
        spec: EncoderSpec {
            id: "own/1".to_owned(),
            modality: Modality::Chart,
            dim: WINDOW as u32 + 1,
            channels: 1,
            window: WINDOW as u32,
            receptive_field: WINDOW as u32,
            warm_up: 0,
            sharing: Sharing::None,
            causal: true,
            normaliser: "mean".to_owned(),
            weights_hash: 0,
        },
        peeks,
    })
}

impl Own {
    fn vector(bars: &Bars, later: Option<f64>) -> Vec<f32> {
        let closes = &bars.close[bars.len() - WINDOW..];
        let (first, last) = (closes[0], closes[WINDOW - 1]);
        let shape = closes.iter().map(|c| (c / first - 1.0) as f32 + 1e-3);
        let told = later.map_or(0.0, |later| 5.0 * (later / last - 1.0) as f32);
        shape.chain([told]).collect()
    }
}

impl ChartEncoder for Own {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> rhymedb::Result<Option<Vec<f32>>> {
        Ok(Some(Self::vector(bars, None)))
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> rhymedb::Result<Embeddings> {
        let mut rows = Embeddings::with_capacity(WINDOW + 1, ends.len());
        for &end in ends {
            let window = stretch.slice(end + 1 - WINDOW..end + 1);
            let later = stretch.close.get(end + 6).filter(|_| self.peeks);
            rows.push(Some(&Self::vector(&window, later.copied())))?;
        }
        Ok(rows)
    }
}

/// An encoder that is given the bars behind its windows, and one whose vectors were stored by a program that peeked:
/// the replay is told from the future, and the audit finds it.
#[test]
fn an_encoder_that_peeks_is_found() {
    let rule = rule(
        r#"{"name": "peek", "when": {"kind": "analogs", "horizon": 6, "k": 6, "outcomes": 2, "space": "mine"}}"#,
    );
    for (stored_by, asked_with, found) in [
        (own(false), own(false), false),
        (own(true), own(true), true),
        (own(true), own(false), true),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("market.rhyme");
        let open = |encoder| {
            let options = OpenOptions::new().clip_weights(None).encoder(encoder);
            options.open(&path).unwrap()
        };
        let db = open(Arc::clone(&stored_by));
        db.ingest_bars(&walks()).unwrap();
        db.create_space("mine", &stored_by, 1, Control::new())
            .unwrap();
        db.close().unwrap();
        let db = open(asked_with);
        let replay = db.now().replay(WALK.parse().unwrap(), &rule).draws(0);
        let answer = replay.run().unwrap();
        let audit = replay.audit(&answer, 12, dir.path().join("cut")).unwrap();
        assert_eq!(!audit.differences.is_empty(), found, "{audit:?}");
        assert!(audit.unseen.iter().any(|u| u.contains("holds more")));
        for difference in &audit.differences {
            assert!(audit.closes.contains(&difference.at));
            assert!(difference.replay.starts_with('{'), "{difference:?}");
            assert_ne!(difference.replay, difference.cut);
            assert!(!difference.field.is_empty());
        }
    }
}

/// An answer that says something else than the rule does is a difference, too.
#[test]
fn signals_that_are_not_those_of_the_rule_are_found() {
    let world = world();
    let rule = &rules()[0];
    let (replay, mut answer) = world.replay(rule, (300, 500));
    for signal in &mut answer.signals {
        signal.position = -signal.position;
    }
    let audit = replay
        .audit(&answer, 4, world.dir.path().join("cut"))
        .unwrap();
    assert_eq!(audit.differences.len(), audit.with_signal);
    assert_eq!(audit.differences[0].field, "position");
}

#[test]
fn what_cannot_be_audited_is_refused() {
    let world = world();
    let analogs = &rules()[0];
    let (replay, answer) = world.replay(analogs, (300, 500));
    let into = |name: &str| world.dir.path().join(name);
    let told = |replay: &Replay, answer: &ReplayAnswer, closes, folder: &str| {
        let refused = replay.audit(answer, closes, into(folder)).unwrap_err();
        assert!(matches!(refused, Error::Invalid(_)), "{refused:?}");
        refused.to_string()
    };
    assert!(told(&replay, &answer, 0, "none").contains("expected closes from 1 to 10000"));
    let (_, other) = world.replay(&rules()[5], (300, 500));
    assert!(told(&replay, &other, 5, "other").contains("expected the answer of this replay"));
    replay.audit(&answer, 1, into("once")).unwrap();
    assert!(told(&replay, &answer, 1, "once").contains("expected an empty folder"));
    // Vectors that were imported cannot be made again.
    let shape = chart_encoder_by_name("shape", 64, Some(48)).unwrap();
    let key = SERIES.parse().unwrap();
    let vectors: Vec<(Timestamp, Vec<f32>)> = (100..600)
        .map(|i| {
            let bars = world.own.slice(i + 1 - 64..i + 1);
            let vector = shape.encode_window(&bars).unwrap().unwrap();
            (world.close(i), vector)
        })
        .collect();
    let rows: Vec<VectorRow<'_>> = vectors
        .iter()
        .map(|(end, vector)| VectorRow {
            series: &key,
            end: *end,
            vector,
        })
        .collect();
    let db = &world.db;
    db.import_vectors("theirs", 64, &rows, &Control::new())
        .unwrap();
    let imported = rule(
        r#"{"name": "imported", "when": {"kind": "analogs", "horizon": 6, "k": 8, "outcomes": 3, "space": "theirs"}}"#,
    );
    let (replay, answer) = world.replay(&imported, (300, 500));
    let why = told(&replay, &answer, 5, "imported");
    assert!(why.contains("theirs") && why.contains("imported"), "{why}");
    // The bars of a prototype were corrected since: nobody can make it again.
    let (replay, answer) = world.replay(&rules()[6], (300, 500));
    let mut corrected = copy(
        &SeriesBars {
            key: SERIES.parse().unwrap(),
            calendar: Calendar::Continuous,
            bars: world.own.clone(),
        },
        SERIES,
        0,
        1.0,
    );
    corrected.bars = corrected.bars.slice(140..141);
    corrected.bars.close[0] = corrected.bars.high[0];
    db.ingest_bars(&[corrected]).unwrap();
    drop((replay, answer));
    let (replay, answer) = world.replay(&rules()[6], (300, 500));
    let why = told(&replay, &answer, 5, "prototype");
    assert!(why.contains("corrected or deleted"), "{why}");
}

#[test]
fn an_audit_can_be_stopped() {
    let world = world();
    let (replay, answer) = world.replay(&rules()[0], (300, 500));
    let stopped = Control::new().stop_after_looks(30);
    let audit = replay
        .control(stopped)
        .audit(&answer, 5, world.dir.path().join("cut"));
    assert!(matches!(audit, Err(Error::Interrupted)), "{audit:?}");
}
