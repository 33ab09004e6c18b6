//! Two days in compressed time, in which everything goes wrong that can.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::Duration;

use rhymedb::decide::{Rule, Verdict};
use serde_json::Value;

use crate::exchange::{Exchange, Mood, symbols, world};
use crate::runs::{Truth, each_once, lines, rule, signal_part, signal_to, stop, until, until_or};
use crate::world::{HOUR, START, World, time};

const HISTORY: i64 = 240;
const HOURS: i64 = 48;
/// When candles are corrected: of the last two hours of the first symbol.
const CORRECTION: i64 = 30;

const RULES: [(&str, &str); 3] = [
    (
        "always.json",
        r#"{"name": "always", "when": {"kind": "anomaly", "p_below": 1.0}}"#,
    ),
    (
        "large.json",
        r#"{"name": "large", "when": {"kind": "anomaly", "p_below": 0.5, "trade": "fade"}}"#,
    ),
    (
        "analogs.json",
        r#"{"name": "analogs", "when": {"kind": "analogs", "horizon": 6, "outcomes": 3, "k": 12, "edge": 0.002, "hit_rate": 0.5}}"#,
    ),
];

fn close(hour: i64) -> String {
    time(START + (HISTORY + hour) * HOUR)
}

struct Days {
    exchange: Exchange,
    world: World,
    symbols: Vec<String>,
    watch: Option<Child>,
    dice: u64,
}

impl Days {
    fn start(&mut self) {
        let series: Vec<String> = self.symbols.iter().map(|s| format!("{s}:1h")).collect();
        let (series, url) = (series.join(","), self.exchange.url());
        let mut args = vec!["watch"];
        args.extend(RULES.map(|(file, _)| file));
        args.extend(["--series", &series, "--from", "bybit", "--base-url", &url]);
        args.extend([
            "--every",
            "50ms",
            "--pause",
            "700ms",
            "--alerts",
            "alerts.jsonl",
        ]);
        let mut log = std::fs::OpenOptions::new();
        let log = log
            .create(true)
            .append(true)
            .open(self.world.path("log"))
            .unwrap();
        let watch = self
            .world
            .command(&args)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.watch = Some(watch.unwrap());
    }

    fn kill(&mut self) {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        std::thread::sleep(Duration::from_millis(self.dice >> 55));
        let mut watch = self.watch.take().unwrap();
        signal_to(&watch, "-KILL");
        watch.wait().unwrap();
        self.start();
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.world.path("log")).unwrap()
    }

    /// Waits until the rule that always says something has said it of a close, for every symbol.
    fn settle(&self, hour: i64) {
        let close = close(hour);
        let done = || {
            let all = lines(&self.world, "alerts.jsonl");
            let of = |l: &&Value| {
                l["rule"] == "always" && l["close"] == close.as_str() && l["kind"] == "signal"
            };
            all.iter().filter(of).count() == self.symbols.len()
        };
        until_or(done, || format!("hour {hour} is decided: {}", self.log()));
    }

    fn hour(&mut self, hour: i64) {
        let number = (HISTORY + hour - 1) as usize;
        let late = self.symbols[2].clone();
        match hour {
            5 => self.exchange.feel(Mood::Down),
            8 => self.exchange.feel(Mood::Well),
            12 => self.exchange.feel(Mood::Refuses),
            16 => self.exchange.feel(Mood::Busy),
            18 => self.exchange.feel(Mood::Well),
            21 | 22 => self.exchange.hold_back(&late, number, true),
            _ => {}
        }
        self.exchange.turn_to(HISTORY + hour);
        if hour % 4 == 3 {
            self.kill();
        }
        match hour {
            // Nobody can know of these closes yet.
            5..8 => return std::thread::sleep(Duration::from_millis(700)),
            12 => {
                until("the ban is told", || {
                    self.log().contains("Bybit refuses this address")
                });
                self.exchange.feel(Mood::Well);
            }
            21 | 22 => {
                std::thread::sleep(Duration::from_millis(1200));
                self.exchange.hold_back(&late, number, false);
            }
            _ => {}
        }
        self.settle(hour);
    }

    /// Corrects candles that were decided, and waits until that is told.
    fn correct(&self) -> Truth {
        self.world.rhyme(&["backup", "before"]).ok();
        let first = &self.symbols[0];
        let number = (HISTORY + CORRECTION) as usize;
        self.exchange
            .correct(first, &[(number - 2, 1.3), (number - 1, 0.6)]);
        let told = || {
            let all = lines(&self.world, "alerts.jsonl");
            all.iter().any(|l| {
                l["kind"] == "corrected" && l["rule"] == "always" && l["close"] == close(CORRECTION)
            })
        };
        until("the correction is told", told);
        Truth::of(&self.world, "before")
    }
}

/// The close of an alert, its kind, and what it says.
type Line = (String, String, String);

/// What is expected of a rule on a series: closes in order, each with the kind of its alert and its words.
fn expected(days: &Days, rule: &Rule, symbol: &str, truths: (&Truth, &Truth)) -> Vec<Line> {
    let (before, after) = truths;
    let series = format!("crypto/bybit_linear/{symbol}:1h");
    let is_corrected = symbol == days.symbols[0];
    let mut last: Option<Verdict> = None;
    let mut all = Vec::new();
    let mut corrections = Vec::new();
    for hour in 0..=HOURS {
        let truth = if hour <= CORRECTION { before } else { after };
        let close = close(hour);
        let said = truth.at(rule, &series, &close);
        let kind = match (
            said.verdict.is_nothing(),
            last.is_some_and(|v| !v.is_nothing()),
        ) {
            (false, _) => Some("signal"),
            (true, true) => Some("end"),
            (true, false) => None,
        };
        all.extend(kind.map(|kind| (close.clone(), kind.to_owned(), said.text)));
        last = Some(said.verdict);
        if is_corrected && (CORRECTION - 1..=CORRECTION).contains(&hour) {
            let now = after.at(rule, &series, &close);
            if now.verdict != said.verdict {
                corrections.push((close, "corrected".to_owned(), now.text));
            }
            if hour == CORRECTION {
                last = Some(now.verdict);
                all.append(&mut corrections);
            }
        }
    }
    all
}

#[test]
fn two_days_of_faults_lose_and_double_no_alert() {
    let symbols = symbols(6);
    let exchange = Exchange::start(&symbols, (HOUR, "60"), HISTORY);
    let world = world(&exchange, &symbols, "1h");
    for (file, text) in RULES {
        world.file(file, text);
    }
    let mut days = Days {
        exchange,
        world,
        symbols,
        watch: None,
        dice: 11,
    };
    days.start();
    days.settle(0);
    let mut before = None;
    for hour in 1..=HOURS {
        days.hour(hour);
        if hour == CORRECTION {
            before = Some(days.correct());
        }
    }
    let mut run = stop(days.watch.take().unwrap());
    run.err = days.log();
    assert_eq!(run.code, Some(130), "{}", run.err);
    for told in [
        "cannot be brought up to date, and",
        "up to date again",
        "were corrected: always says",
    ] {
        assert!(run.err.contains(told), "{told}: {}", run.err);
    }
    assert!(
        run.err.lines().count() < 150,
        "it does not say all the time what is wrong: {}",
        run.err
    );
    let alerts = lines(&days.world, "alerts.jsonl");
    each_once(&alerts);
    let mut found: BTreeMap<(String, String), Vec<Line>> = BTreeMap::new();
    for line in &alerts {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        let symbol = line["window"]["symbol"].as_str().unwrap().to_owned();
        let of = found.entry((text("rule"), symbol)).or_default();
        of.push((text("close"), text("kind"), signal_part(line)));
    }
    let (before, after) = (before.unwrap(), Truth::of(&days.world, "market.rhyme"));
    let mut count = 0;
    for (_, text) in RULES {
        let rule = rule(text);
        for symbol in &days.symbols {
            let expected = expected(&days, &rule, symbol, (&before, &after));
            count += expected.len();
            let found = found
                .remove(&(rule.name.clone(), symbol.clone()))
                .unwrap_or_default();
            assert_eq!(found, expected, "{} on {symbol}", rule.name);
        }
    }
    println!("{count} alerts of {HOURS} hours, each once and as the database has it");
    assert_eq!(count, alerts.len());
    days.world.rhyme(&["verify"]).ok();
}
