//! What comes after similar windows on random walks: nothing, and it must be said so.

use rhymedb::Target;
use rhymedb::query::{Benchmark, Horizon, Similar};

use crate::world::{Asked, HOUR, World, clusters, jumps, long, mean, share_below, walks};

const SPACES: [&str; 2] = ["shape", "stats"];
const K: usize = 50;

fn similar(view: &rhymedb::View, world: &World, (asked, space): (Asked, &str)) -> Similar {
    view.similar(world.target(asked)).space(space).k(K)
}

/// The mean of the first bar after hits in units of the volatility before them, in the direction of the
/// last eight bars of the question: one number a question.
fn lean(world: &World, space: &str, targets: &[Asked], entries: bool) -> Vec<f64> {
    let lean = |&asked: &Asked| {
        let view = world.db.at(world.end(asked));
        let answer = similar(&view, world, (asked, space)).entries(entries).run();
        let hits = answer.unwrap().hits.into_iter();
        let hits = hits.map(|hit| world.asked(&hit.window));
        let after = |hit: Asked| {
            let change = world.after(hit, 1, asked.bar)?;
            Some(change / world.volatility(hit))
        };
        let all: Vec<f64> = hits.filter_map(after).collect();
        world.before(asked, 8).signum() * mean(&all).0
    };
    targets.iter().map(lean).collect()
}

/// The bars after entries do not know the question, and those after the best windows do: the second
/// half says that this world would show it.
#[test]
fn what_follows_entries_does_not_lean() {
    let (seeds, targets, bars) = if long() { (3, 60, 2272) } else { (2, 90, 1300) };
    for space in SPACES {
        let (mut entries, mut best) = (Vec::new(), Vec::new());
        for seed in 0..seeds {
            let world = walks(seed, 12, bars);
            let targets = world.targets(targets, seed);
            entries.extend(lean(&world, space, &targets, true));
            best.extend(lean(&world, space, &targets, false));
        }
        let ((d, se), (old, old_se)) = (mean(&entries), mean(&best));
        println!("{space}: entries {d:+.3} (se {se:.3}), best windows {old:+.3} (se {old_se:.3})");
        let most = if long() { 0.04 } else { 0.06 };
        assert!(d.abs() < most, "{space}: {d} (se {se})");
        assert!(old < -most, "{space}: {old} (se {old_se})");
    }
}

/// One answer of a question: its p, the volatility of its hits before, and how far its mean lies from 0
/// in standard errors.
struct Answered {
    p: f64,
    volatility: f64,
    mean: f64,
    error: f64,
}

fn answered(world: &World, space: &str, targets: &[Asked], horizons: &[u32]) -> Vec<Vec<Answered>> {
    let mut all: Vec<Vec<Answered>> = horizons.iter().map(|_| Vec::new()).collect();
    for &asked in targets {
        let view = world.db.at(world.end(asked));
        let question = similar(&view, world, (asked, space)).outcomes(horizons);
        let answer = question.run().unwrap();
        let hits = answer.similar.hits.iter();
        let before: Vec<f64> = hits
            .map(|hit| world.volatility(world.asked(&hit.window)))
            .collect();
        for (of_one, all) in answer.horizons.iter().zip(&mut all) {
            let summary = of_one.summary.as_ref().unwrap();
            // Without a p there is nothing to be wrong about.
            if let Ok(p) = of_one.p_value {
                all.push(Answered {
                    p,
                    volatility: mean(&before).0,
                    mean: summary.mean,
                    error: summary.standard_error.unwrap(),
                });
            }
        }
    }
    all
}

/// Under volatility clusters p is below .05 one time in twenty, also after wild bars, and a mean lies
/// within twice its error of nothing as often as it should.
#[test]
fn p_values_hold_where_volatility_clusters() {
    let (seeds, targets, bars) = if long() {
        (6, 100, 2272)
    } else {
        (1, 60, 1300)
    };
    let horizons = [1, 5, 24];
    let mut all: Vec<Answered> = Vec::new();
    let worlds: Vec<World> = (0..seeds).map(|s| clusters(s, 12, bars)).collect();
    for space in SPACES {
        let mut by_horizon: Vec<Vec<Answered>> = horizons.iter().map(|_| Vec::new()).collect();
        for (seed, world) in worlds.iter().enumerate() {
            let asked = world.targets(targets, seed as u64);
            let found = answered(world, space, &asked, &horizons);
            for (all, found) in by_horizon.iter_mut().zip(found) {
                all.extend(found);
            }
        }
        for (horizon, found) in horizons.iter().zip(by_horizon) {
            let p: Vec<f64> = found.iter().map(|a| a.p).collect();
            let (five, one) = (share_below(&p, 0.05), share_below(&p, 0.01));
            let beyond = found.iter().filter(|a| a.mean.abs() > 2.0 * a.error);
            let beyond = beyond.count() as f64 / found.len() as f64;
            println!(
                "{space} H {horizon}: {} questions, p < .05 {five:.3}, p < .01 {one:.3}, mean beyond two errors {beyond:.3}",
                found.len()
            );
            if long() {
                assert!((0.02..=0.065).contains(&five), "{space} {horizon}: {five}");
                assert!(one <= 0.02, "{space} {horizon}: {one}");
            } else {
                assert!(five <= 0.12, "{space} {horizon}: {five}");
                assert!(one <= 0.05, "{space} {horizon}: {one}");
            }
            all.extend(found);
        }
    }
    all.sort_by(|a, b| a.volatility.total_cmp(&b.volatility));
    let quarter = all.len() / 4;
    for (i, quarter) in all.chunks(quarter).take(4).enumerate() {
        let p: Vec<f64> = quarter.iter().map(|a| a.p).collect();
        let low = share_below(&p, 0.05);
        println!("quarter {} by volatility before: p < .05 {low:.3}", i + 1);
        assert!(
            low <= if long() { 0.08 } else { 0.14 },
            "quarter {i}: {low}"
        );
    }
}

/// Net of the market, or of one of the series, a p is no smaller by chance than it should be.
#[test]
fn p_values_net_of_a_benchmark_hold() {
    let (seeds, targets, bars) = if long() { (4, 80, 2272) } else { (1, 36, 1000) };
    for of in [Benchmark::Market, Benchmark::Symbol("S05".to_owned())] {
        let mut p = Vec::new();
        for seed in 0..seeds {
            let world = clusters(20 + seed, 12, bars);
            for &asked in &world.targets(targets, seed) {
                let view = world.db.at(world.end(asked));
                let question = similar(&view, &world, (asked, "shape"));
                let answer = question
                    .outcomes(&[1, 5, 24])
                    .net_of(of.clone())
                    .run()
                    .unwrap();
                p.extend(answer.horizons.iter().filter_map(|h| h.p_value.ok()));
            }
        }
        let (five, one) = (share_below(&p, 0.05), share_below(&p, 0.01));
        println!(
            "net of {of}: {} p, < .05 {five:.3}, < .01 {one:.3}",
            p.len()
        );
        assert!(p.len() > 80);
        let most = if long() { (0.065, 0.02) } else { (0.12, 0.05) };
        assert!(five <= most.0 && one <= most.1, "net of {of}: {five} {one}");
    }
}

/// No seed moves a p.
#[test]
fn five_seeds_have_one_p() {
    let world = clusters(9, 12, 700);
    let asked = Asked {
        series: 3,
        bar: 600,
    };
    let p = |seed: u64| {
        let view = world.db.now();
        let question = similar(&view, &world, (asked, "shape")).outcomes(&[1, 5]);
        let answer = question.seed(seed).sample(300).run().unwrap();
        answer
            .horizons
            .iter()
            .map(|h| h.p_value)
            .collect::<Vec<_>>()
    };
    let first = p(0);
    assert!(first.iter().all(|p| p.is_ok()), "{first:?}");
    assert!((1..5).all(|seed| p(seed) == first));
}

/// Events in the middle of a bar that rises with them: who learns of one then can trade at the close of
/// that bar, so the rise is no outcome, and what comes later is chance.
#[test]
fn the_move_of_an_event_is_no_outcome_of_it() {
    const EVERY: usize = 70;
    let (seeds, bars) = if long() { (40, 2272) } else { (8, 1300) };
    let (mut means, mut p) = (Vec::new(), Vec::new());
    for seed in 0..seeds {
        let world = jumps(seed, 3, bars, EVERY);
        let events = (0..world.series.len()).flat_map(|series| {
            let bars = (1..).map(|i| i * EVERY).take_while(|bar| bar + 2 < bars);
            bars.map(move |bar| Asked { series, bar })
        });
        let moments = events.map(|event| {
            let mut target = world.target(event);
            target.time = target.time.map(|close| close.plus_millis(-HOUR / 2));
            target
        });
        let moments: Vec<Target> = moments.collect();
        let answer = world.db.now().outcomes_of(moments, &[Horizon::bars(1)]);
        let answer = answer.run().unwrap();
        let after = &answer.horizons[0];
        means.push(after.summary.as_ref().unwrap().mean);
        p.push(after.p_value.unwrap());
    }
    let (mean, error) = mean(&means);
    println!("events: the bar after them {mean:+.5} (se {error:.5}), p {p:?}");
    assert!(mean.abs() < 4.0 * error.max(0.0003), "{mean} (se {error})");
    let most = if long() { 0.15 } else { 0.4 };
    assert!(share_below(&p, 0.05) <= most, "{p:?}");
}
