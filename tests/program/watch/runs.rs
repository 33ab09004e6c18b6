//! Watches as processes, and the lines that they write.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rhymedb::OpenOptions;
use rhymedb::ask::SignalRequest;
use rhymedb::decide::{Rule, Verdict};
use serde_json::Value;

use crate::world::{Run, World};

/// Nothing here takes so long, unless it hangs.
const LONG: Duration = Duration::from_secs(120);

pub(crate) fn signal_to(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([name, &pid])
            .status()
            .unwrap()
            .success()
    );
}

/// Ends a watch as Ctrl-C does, and gives what it said; it ends within two seconds.
pub(crate) fn stop(child: Child) -> Run {
    let start = Instant::now();
    signal_to(&child, "-TERM");
    let output = child.wait_with_output().unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    until_or(holds, || what.to_owned());
}

/// As [`until`], with more to say if it does not.
#[track_caller]
pub(crate) fn until_or(holds: impl Fn() -> bool, what: impl Fn() -> String) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "{}", what());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The whole lines of a file, if it is there.
pub(crate) fn lines(world: &World, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(world.path(file)).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    parsed(whole)
}

pub(crate) fn parsed(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn ids(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["id"].as_str().unwrap())
        .collect()
}

/// No alert is there twice.
#[track_caller]
pub(crate) fn each_once(lines: &[Value]) {
    let mut ids = ids(lines);
    ids.sort_unstable();
    let twice = ids.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None);
}

/// What a database says of a close: the words of the alert, and what has to be remembered of them.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) verdict: Verdict,
}

/// A database as it stands, to compare alerts with.
pub(crate) struct Truth(rhymedb::View);

impl Truth {
    pub(crate) fn of(world: &World, folder: &str) -> Self {
        let options = OpenOptions::new().create(false).read_only(true);
        Self(options.open(world.path(folder)).unwrap().now())
    }

    /// What the rule says of a close.
    pub(crate) fn at(&self, rule: &Rule, series: &str, close: &str) -> Said {
        let target = format!("{series}@{close}").parse().unwrap();
        let reply = SignalRequest::new(target, rule.clone())
            .ask(&self.0)
            .unwrap();
        assert_eq!(reply.window.end.to_string(), close);
        let signal = self
            .0
            .signal(rule, &format!("{series}@{close}").parse().unwrap());
        Said {
            text: signal_part(&serde_json::to_value(&reply).unwrap()),
            verdict: Verdict::from(&signal.unwrap()),
        }
    }

    /// The closes at which a replay wants a position, and which.
    pub(crate) fn replayed(&self, rule: &Rule, series: &str, from: &str) -> Vec<(String, f64)> {
        let replay = self.0.replay(series.parse().unwrap(), rule).draws(0);
        let answer = replay.from(from.parse().unwrap()).run().unwrap();
        let signals = answer.signals.iter();
        signals.map(|s| (s.at.to_string(), s.position)).collect()
    }
}

/// What `rhyme signal` and an alert have in common, byte for byte.
pub(crate) fn signal_part(value: &Value) -> String {
    let names = ["rule", "window", "call", "side", "size", "reasons"];
    let parts = names.map(|name| value.get(name).map(Value::to_string));
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

pub(crate) fn rule(text: &str) -> Rule {
    serde_json::from_str(text).unwrap()
}
