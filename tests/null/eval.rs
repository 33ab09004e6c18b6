//! `rhyme eval` where directions cannot be foretold.

use rhymedb::Control;
use rhymedb::eval::{EvalReport, EvalSection};

use super::world::{HOUR, START, clusters, long};

/// An evaluation of the encoder `stats` over a world that half of the time lies behind.
fn report(seed: u64, series: usize, bars: usize) -> EvalReport {
    let world = clusters(seed, series, bars);
    let middle = rhymedb::Timestamp::from_millis(START + bars as i64 / 2 * HOUR);
    let view = world.db.now();
    let eval = view.eval().space("stats").from(middle).seed(seed);
    let sections = [EvalSection::Analogs, EvalSection::Anomaly];
    eval.only(&sections).run(&Control::new()).unwrap()
}

fn values(report: &EvalReport, setting: &str, measure: &str) -> Vec<f64> {
    let wanted = report.measures.iter();
    let wanted = wanted.filter(|m| m.measure == measure && m.setting == setting);
    wanted.map(|m| m.value).collect()
}

/// Forecasts of the direction find nothing, and detectors sound as few alarms as they say: windows that
/// calibrate a detector share no bars with those that it knows.
#[test]
fn analogs_and_alarms_keep_their_rates() {
    let (seeds, series, bars) = if long() { (60, 8, 4000) } else { (6, 4, 1500) };
    let (mut low, mut n) = (0.0, 0.0);
    let (mut alarms, mut detectors) = (0.0, 0.0);
    for seed in 0..seeds {
        let report = report(seed, series, bars);
        let p = values(&report, "top 10", "p of IC of direction");
        assert!(p.len() >= 3, "{:?}", report.notes);
        n += p.len() as f64;
        low += p.iter().filter(|p| **p <= 0.05).count() as f64;
        let nearest = values(&report, "10 nearest", "alarm rate, p <= 0.01");
        assert!(!nearest.is_empty(), "{:?}", report.notes);
        detectors += nearest.len() as f64;
        alarms += nearest.iter().sum::<f64>();
    }
    let (low, alarms) = (low / n, alarms / detectors);
    println!("analogs: p <= .05 in {low:.3} of {n}; alarms at .01: {alarms:.3}");
    let most = if long() { (0.09, 0.03) } else { (0.2, 0.05) };
    assert!(low <= most.0, "p of IC of direction <= .05 in {low}");
    assert!(alarms <= most.1, "alarms at .01 in {alarms}");
}
