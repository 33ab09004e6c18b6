//! What drawings and rules say of real markets.

use std::path::Path;

use rhymedb::data::Calendar;
use rhymedb::files::{BarOptions, find_inputs, read_bars};
use rhymedb::query::LabelSet;
use rhymedb::{Query, SeriesBars, Target, Timestamp};

use crate::patterns::without_words;
use crate::times;
use crate::world::data;

/// Every `step`-th file that a pattern finds, so many at most.
fn some(folder: &Path, pattern: &str, count: usize) -> Vec<SeriesBars> {
    let files = find_inputs(&[format!("{}/{pattern}", folder.display())]).unwrap_or_default();
    let step = (files.len() / count.max(1)).max(1);
    let calendar = if pattern.contains("us_") {
        Calendar::Session
    } else {
        Calendar::Continuous
    };
    let read = |path: &std::path::PathBuf| {
        let options = BarOptions {
            market: Some("m".to_owned()),
            ..BarOptions::default()
        };
        let mut file = read_bars(path, &options).unwrap();
        let mut one = file.series.remove(0);
        one.calendar = calendar;
        one
    };
    files.iter().step_by(step).take(count).map(read).collect()
}

const SOURCES: [(&str, usize); 4] = [
    ("ohlcv/binance_futures/*.csv.gz", 4),
    ("ohlcv/us_sp500/*.csv.gz", 12),
    ("ohlcv/us_stocks_1h/*.csv.gz", 2),
    ("ohlcv/bybit_linear/*_5m.csv.gz", 1),
];

#[test]
fn few_real_windows_have_a_pattern() {
    let Some(folder) = data() else { return };
    let dir = tempfile::tempdir().unwrap();
    let view = without_words(&dir).now();
    let set = LabelSet::built_in_named("patterns").unwrap();
    for (source, files) in SOURCES {
        let (mut all, mut some_pattern) = (0, 0);
        for one in some(&folder, source, files * times()) {
            // Windows that do not overlap.
            let step = (one.bars.len() / 60).max(80);
            for end in (100..one.bars.len()).step_by(step) {
                let bars = Query::Bars(one.bars.slice(end - 100..end));
                all += 1;
                let answer = view.classify(bars, &set).run().unwrap();
                some_pattern += usize::from(answer.chosen.is_some());
            }
        }
        let share = f64::from(some_pattern as u32) / f64::from(all);
        println!(
            "{source}: a pattern is chosen in {:.1} % of {all} windows",
            100.0 * share
        );
        assert!(all > 50 && share <= 0.1, "{source}: {share}");
    }
}

/// Of the bars after each bar: the move and the deviation of a bar in about a month.
fn month(closes: &[f64], bar: usize, bars: usize) -> Option<(f64, f64)> {
    let after = closes.get(bar..=bar + bars)?;
    let squares: f64 = after.windows(2).map(|w| (w[1] / w[0]).ln().powi(2)).sum();
    Some((
        (after[bars] / after[0]).ln(),
        (squares / bars as f64).sqrt(),
    ))
}

#[test]
fn real_regimes_last_and_differ_in_what_follows() {
    let Some(folder) = data() else { return };
    let set = LabelSet::built_in_named("regimes").unwrap();
    // Bars of a year and of a month.
    for (source, files, (year, next)) in [
        ("ohlcv/binance_futures/*.csv.gz", 3, (8766.0, 720)),
        ("ohlcv/us_sp500/*.csv.gz", 12, (252.0, 21)),
        ("ohlcv/bybit_linear/*_5m.csv.gz", 1, (105_190.0, 8640)),
    ] {
        let mut runs_a_year = Vec::new();
        // Of each regime: bars, moves and deviations of the next month over those of all bars.
        let mut after = [(0, 0.0, 0.0); 4];
        for one in some(&folder, source, files * times()) {
            let dir = tempfile::tempdir().unwrap();
            let db = without_words(&dir);
            let key = one.key.clone();
            db.ingest_bars(std::slice::from_ref(&one)).unwrap();
            let target: Target = key.to_string().parse().unwrap();
            let answer = db.now().regimes(target, &set).run().unwrap();
            let closes = &one.bars.close;
            runs_a_year.push(answer.runs.len() as f64 / (closes.len() as f64 / year));
            let all: Vec<(f64, f64)> = (0..closes.len())
                .filter_map(|bar| month(closes, bar, next))
                .collect();
            let usual = all.iter().map(|m| m.1).sum::<f64>() / all.len() as f64;
            for run in &answer.runs {
                let label = run.label.as_deref().unwrap();
                let label = crate::planted::REGIMES
                    .iter()
                    .position(|r| *r == label)
                    .unwrap();
                for (bar, &open) in one.bars.time.iter().enumerate() {
                    let end = key.interval.close_of(Timestamp::from_millis(open));
                    let within = run.first <= end && end <= run.last;
                    if let Some((moved, deviation)) = all.get(bar).filter(|_| within) {
                        let entry = &mut after[label];
                        entry.0 += 1;
                        entry.1 += moved / (usual * (next as f64).sqrt());
                        entry.2 += deviation / usual;
                    }
                }
            }
        }
        runs_a_year.sort_by(f64::total_cmp);
        println!("{source}: {runs_a_year:.1?} runs a year");
        for (name, (bars, moved, deviation)) in crate::planted::REGIMES.iter().zip(after) {
            let n = f64::from(bars).max(1.0);
            println!(
                "  {name}: {bars} bars; next month: move {:+.2} deviations, deviation of a bar {:.2} of the usual",
                moved / n,
                deviation / n
            );
        }
        assert!(
            runs_a_year.iter().all(|&runs| runs < 100.0),
            "{runs_a_year:?}"
        );
        let wild = |i: usize| after[i].2 / f64::from(after[i].0).max(1.0);
        assert!(
            wild(3) > wild(2),
            "a whipsaw is followed by more unrest than a range: {after:?}"
        );
    }
}
