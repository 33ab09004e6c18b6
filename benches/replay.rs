//! Rules on the past: how long a replay takes, for rules of each kind that needs no weights, and its audit.
//!
//! `cargo bench --bench replay`; `RHYME_BENCH_WINDOWS` is how many windows there are (200,000 by default),
//! `RHYME_BENCH_SYMBOLS` of how many series (100), and `RHYME_BENCH_CLOSES` how many closes are asked about (2,000). A
//! name behind `--` runs the rules whose names contain it. Ten years of hours as a whole:
//! `RHYME_BENCH_SYMBOLS=2 RHYME_BENCH_CLOSES=87600 cargo bench --bench replay`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise"
)]

mod market;

use std::time::Instant;

use market::{CRYPTO, HOUR, SYMBOLS, from_env, once, walk};
use rhymedb::decide::Rule;
use rhymedb::{OpenOptions, Target, Timestamp};

const TEN_YEARS: f64 = 87_600.0;
const AUDITED: usize = 20;

const RULES: [(&str, &str); 4] = [
    (
        "analogs",
        r#"{"kind": "analogs", "horizon": 24, "p_below": 0.05}"#,
    ),
    (
        "regimes",
        r#"{"kind": "label", "set": "regimes", "long": ["bullish"], "short": ["bearish"]}"#,
    ),
    (
        "patterns",
        r#"{"kind": "label", "set": "patterns", "long": ["double bottom"], "short": ["double top"]}"#,
    ),
    ("large moves", r#"{"kind": "anomaly", "p_below": 0.01}"#),
];

fn main() {
    let windows = from_env("RHYME_BENCH_WINDOWS", 200_000);
    let closes = from_env("RHYME_BENCH_CLOSES", 2_000);
    let symbols = from_env("RHYME_BENCH_SYMBOLS", SYMBOLS);
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let hours = (windows / symbols + 63) as i64;
    assert!(
        closes < hours as usize,
        "RHYME_BENCH_CLOSES is at most RHYME_BENCH_WINDOWS / RHYME_BENCH_SYMBOLS"
    );
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions::new().clip_weights(None);
    let db = options.open(dir.path().join("market.rhyme")).unwrap();
    let market = |i| if i < CRYPTO { "crypto" } else { "equity" };
    let bars: Vec<_> = (0..symbols).map(|i| walk(market(i), i, 0..hours)).collect();
    once(
        &format!("ingest {windows} windows of {symbols} series"),
        || {
            db.ingest_bars(&bars).unwrap();
        },
    );
    let from = Timestamp::from_millis((hours - closes as i64 + 1) * HOUR);
    let series: Target = "crypto/bench/S000:1h".parse().unwrap();
    for (name, when) in RULES {
        if !wanted.is_empty() && !wanted.iter().any(|w| name.contains(w.as_str())) {
            continue;
        }
        let rule: Rule = serde_json::from_str(&format!(
            r#"{{"name": "{name}", "when": {when}, "hold": 24}}"#
        ))
        .unwrap();
        let replay = db.now().replay(series.clone(), &rule).from(from);
        let start = Instant::now();
        let answer = replay.run().unwrap();
        let took = start.elapsed().as_secs_f64();
        let each = took / answer.asked as f64;
        println!(
            "{name:12} {:>6} closes {took:>7.1} s, {:>8.3} ms each: {:>6.1} min for ten years of hours; {} signals",
            answer.asked,
            1e3 * each,
            each * TEN_YEARS / 60.0,
            answer.signals.len()
        );
        let folder = tempfile::tempdir().unwrap();
        once(&format!("{name:12} audit of {AUDITED} closes"), || {
            let audit = replay.audit(&answer, AUDITED, folder.path()).unwrap();
            assert!(audit.differences.is_empty(), "{audit:?}");
        });
    }
}
