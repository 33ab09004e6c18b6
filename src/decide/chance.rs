//! What chance would have made of the same account: random positions of the same turnover, and the same positions at
//! other times.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::account::Book;
use super::performance::{ReturnMoments, returns};
use super::trade::Costs;
use crate::model::Bars;
use crate::numeric::summary::quantile;

/// How an account compares with accounts by chance. Those trade at opens alone, also where this one has stops.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ByChance {
    /// How many were drawn.
    pub draws: usize,
    /// The total returns below which lie 5, 50 and 95 % of them.
    pub total_return: [f64; 3],
    /// The same of their Sharpe ratios, annualised.
    pub sharpe: [f64; 3],
    /// The share of accounts, this one counted among them, with a Sharpe ratio at least as high: what p is for a rule
    /// that says nothing. With 100 draws it is .0099 at the least.
    pub p: f64,
    /// The accounts at some closes of the period, at most 1,000 and evenly spread, the last one among them.
    pub equity: Vec<ChancePoint>,
}

/// Accounts by chance at a close.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ChancePoint {
    /// The number of the close in [`super::ReplayAnswer::equity`].
    pub bar: usize,
    /// The values of the account below which lie 5, 50 and 95 % of them.
    pub quantiles: [f64; 3],
}

/// Closes at which the accounts are shown, at most.
const POINTS: usize = 1000;

/// A run of bars with one position.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    position: f64,
    bars: usize,
}

/// The runs of what was held, neighbours of one position joined.
fn runs(held: &[f64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &position in held {
        match runs.last_mut() {
            Some(run) if run.position == position => run.bars += 1,
            _ => runs.push(Run { position, bars: 1 }),
        }
    }
    runs
}

/// The positions of an account at random times: the same positions for as long each, in another order, with the bars
/// without one cut anew between them.
pub(super) fn same_turnover(held: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let (mut positions, idle): (Vec<Run>, Vec<Run>) =
        runs(held).into_iter().partition(|run| run.position != 0.0);
    positions.shuffle(rng);
    let idle: usize = idle.iter().map(|run| run.bars).sum();
    // Where the idle bars are cut: every way to cut them is as likely.
    let mut cuts: Vec<usize> = positions
        .iter()
        .map(|_| rng.random_range(0..=idle))
        .collect();
    cuts.sort_unstable();
    let mut path = Vec::with_capacity(held.len());
    let mut before = 0;
    for (run, cut) in positions.iter().zip(cuts) {
        path.extend(std::iter::repeat_n(0.0, cut - before));
        path.extend(std::iter::repeat_n(run.position, run.bars));
        before = cut;
    }
    path.extend(std::iter::repeat_n(0.0, idle - before));
    path
}

/// The positions of an account, all of them as much later, and from the end on at the beginning.
pub(super) fn shifted(held: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut path = held.to_vec();
    if path.len() > 1 {
        let by = rng.random_range(1..path.len());
        path.rotate_right(by);
    }
    path
}

/// The value at each close of an account that holds `held` over each bar, changed at its open, at these costs.
pub(super) fn follow(bars: &Bars, held: &[f64], costs: Costs) -> Vec<f64> {
    let (mut value, mut units, mut now) = (1.0_f64, 0.0_f64, 0.0_f64);
    let mut last_close = bars.open.first().copied().unwrap_or(1.0);
    let mut equity = Vec::with_capacity(held.len());
    let last = held.len().saturating_sub(1);
    for (i, (bar, &wanted)) in bars.iter().zip(held).enumerate() {
        value += units * (bar.open - last_close);
        if wanted != now {
            let trade = |value: f64, amount: f64| value - amount * (costs.fee + costs.slippage);
            value = trade(value, units.abs() * bar.open);
            units = if value > 0.0 {
                wanted * value / bar.open
            } else {
                0.0
            };
            value = trade(value, units.abs() * bar.open);
            now = wanted;
        }
        value += units * (bar.close - bar.open);
        if i == last {
            value -= units.abs() * bar.close * (costs.fee + costs.slippage);
        }
        if value <= 0.0 {
            (value, units) = (0.0, 0.0);
        }
        last_close = bar.close;
        equity.push(value);
    }
    equity
}

/// Compares an account with accounts by chance; `draw` makes what each of them holds. `None` if the account itself has no
/// Sharpe ratio.
pub(super) fn compare(
    (bars, book, costs): (&Bars, &Book, Costs),
    (draws, seed): (usize, u64),
    bars_a_year: f64,
    draw: fn(&[f64], &mut ChaCha8Rng) -> Vec<f64>,
) -> Option<ByChance> {
    let sharpe_of = |equity: &[f64]| ReturnMoments::of(&returns(equity)).sharpe();
    let own = sharpe_of(&book.equity)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut totals, mut sharpes) = (Vec::with_capacity(draws), Vec::with_capacity(draws));
    let mut shown: Vec<(usize, Vec<f64>)> = points(bars.len());
    for _ in 0..draws {
        let path = draw(&book.held, &mut rng);
        let equity = follow(bars, &path, costs);
        totals.push(equity.last().copied().unwrap_or(1.0) - 1.0);
        sharpes.push(sharpe_of(&equity).unwrap_or(0.0));
        for (bar, values) in &mut shown {
            values.extend(equity.get(*bar));
        }
    }
    let better = sharpes.iter().filter(|s| **s >= own).count();
    let quantiles = |values: &mut Vec<f64>, scale: f64| {
        values.sort_unstable_by(f64::total_cmp);
        [0.05, 0.5, 0.95].map(|q| quantile(values, q) * scale)
    };
    Some(ByChance {
        draws,
        total_return: quantiles(&mut totals, 1.0),
        sharpe: quantiles(&mut sharpes, bars_a_year.sqrt()),
        p: (better + 1) as f64 / (draws + 1) as f64,
        equity: shown
            .iter_mut()
            .map(|(bar, values)| ChancePoint {
                bar: *bar,
                quantiles: quantiles(values, 1.0),
            })
            .collect(),
    })
}

/// Numbers of bars, evenly spread and the last among them, each with no values.
fn points(bars: usize) -> Vec<(usize, Vec<f64>)> {
    let n = bars.min(POINTS);
    let point = |i: usize| (i * bars / n.max(1) - 1, Vec::new());
    (1..=n).map(point).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::super::account::{Exits, Wish, run};
    use super::super::trade::Side;
    use super::*;
    use crate::model::{Bar, Timestamp};

    /// Steps of the same size on average, or with `clusters` small ones among small ones and large ones among large ones.
    fn walk_of(n: usize, seed: u64, clusters: bool) -> Bars {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut price = 100.0_f64;
        let mut bars = Bars::default();
        let mut level = 0.0;
        for i in 0..n {
            let open = price;
            if clusters {
                level = 0.97 * level + 0.5 * (rng.random::<f64>() - 0.5);
            }
            price *= (0.01 * f64::exp(level) * (rng.random::<f64>() - 0.5)).exp();
            bars.push(Bar {
                time: Timestamp::from_millis(i as i64 * 3_600_000),
                open,
                high: open.max(price),
                low: open.min(price),
                close: price,
                volume: 1.0,
            });
        }
        bars
    }

    fn walk(n: usize, seed: u64) -> Bars {
        walk_of(n, seed, false)
    }

    proptest! {
        #[test]
        fn draws_hold_as_much_for_as_long(
            held in prop::collection::vec(prop::sample::select(vec![0.0, 0.0, 1.0, -0.5]), 0..80),
            seed: u64,
        ) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            for path in [same_turnover(&held, &mut rng), shifted(&held, &mut rng)] {
                prop_assert_eq!(path.len(), held.len());
                let sorted = |path: &[f64]| {
                    let mut path = path.to_vec();
                    path.sort_unstable_by(f64::total_cmp);
                    path
                };
                prop_assert_eq!(sorted(&path), sorted(&held));
            }
        }
    }

    /// Coins on walks, without costs: the Sharpe ratio is within two standard errors of 0 for 95 of 100 seeds or so.
    #[test]
    fn coins_have_no_edge() {
        let inside = (0..100).filter(|&seed| {
            let bars = walk(1000, seed);
            let mut rng = ChaCha8Rng::seed_from_u64(1000 + seed);
            let mut wish = || {
                let side = if rng.random::<bool>() {
                    Side::Long
                } else {
                    Side::Short
                };
                rng.random_bool(0.2).then_some(Wish { side, size: 1.0 })
            };
            let wishes: Vec<Option<Wish>> = (0..1000).map(|_| wish()).collect();
            let exits = Exits {
                hold: Some(5),
                ..Exits::default()
            };
            let book = run(&bars, &wishes, exits, Costs::new(0.0, 0.0));
            let sharpe = ReturnMoments::of(&returns(&book.equity)).sharpe().unwrap();
            (sharpe * 1000_f64.sqrt()).abs() < 2.0
        });
        let inside = inside.count();
        assert!((90..=99).contains(&inside), "{inside}");
    }

    /// Of 200 accounts that toss coins on such walks, with stops, targets and costs: how many have p <= .05.
    fn small_p(clusters: bool) -> usize {
        let costs = Costs::new(0.0005, 0.0);
        let small = (0..200).filter(|&seed| {
            let bars = walk_of(600, 5000 + seed, clusters);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut wish = || {
                let side = if rng.random::<bool>() {
                    Side::Long
                } else {
                    Side::Short
                };
                rng.random_bool(0.1).then_some(Wish { side, size: 1.0 })
            };
            let wishes: Vec<Option<Wish>> = (0..600).map(|_| wish()).collect();
            let exits = Exits {
                hold: Some(12),
                stop: Some(0.006),
                take: Some(0.012),
            };
            let book = run(&bars, &wishes, exits, costs);
            let by = compare((&bars, &book, costs), (39, seed), 8766.0, same_turnover);
            by.unwrap().p <= 0.05
        });
        small.count()
    }

    /// p is small as seldom as it says, also where volatility clusters.
    #[test]
    fn p_of_coins_is_seldom_small() {
        for clusters in [false, true] {
            let small = small_p(clusters);
            assert!(
                (2..=20).contains(&small),
                "{small} of 200 have p <= .05, clusters: {clusters}"
            );
        }
    }

    #[test]
    fn accounts_are_shown_at_some_closes_up_to_the_last() {
        let numbers = |bars| points(bars).into_iter().map(|p| p.0).collect::<Vec<_>>();
        assert_eq!(numbers(0), [0; 0]);
        assert_eq!(numbers(3), [0, 1, 2]);
        let many = numbers(87_654);
        assert_eq!((many.len(), many[999]), (1000, 87_653));
        assert!(many.is_sorted_by(|a, b| a < b));
        let bars = walk(50, 3);
        let mut wishes = vec![None; 50];
        wishes[3] = Some(Wish {
            side: Side::Long,
            size: 1.0,
        });
        let exits = Exits {
            hold: Some(4),
            ..Exits::default()
        };
        let costs = Costs::new(0.001, 0.0);
        let book = run(&bars, &wishes, exits, costs);
        let by = compare((&bars, &book, costs), (40, 1), 8766.0, same_turnover).unwrap();
        assert_eq!(by.equity.len(), 50);
        let last = by.equity[49];
        assert_eq!(last.bar, 49);
        for (value, total) in last.quantiles.iter().zip(by.total_return) {
            assert!((value - 1.0 - total).abs() < 1e-12, "{value} {total}");
        }
        assert!(by.equity.iter().all(|p| p.quantiles.is_sorted()));
    }

    /// An account without stops, followed by what it held, is the account.
    #[test]
    fn following_an_account_gives_the_account() {
        let bars = walk(300, 1);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let wishes: Vec<Option<Wish>> = (0..300)
            .map(|_| {
                let side = if rng.random::<bool>() {
                    Side::Long
                } else {
                    Side::Short
                };
                rng.random_bool(0.1).then_some(Wish { side, size: 0.7 })
            })
            .collect();
        let exits = Exits {
            hold: Some(7),
            ..Exits::default()
        };
        let costs = Costs::new(0.0, 0.0);
        let book = run(&bars, &wishes, exits, costs);
        for (a, b) in follow(&bars, &book.held, costs).iter().zip(&book.equity) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
        let costly = Costs::new(0.001, 0.0);
        let book = run(&bars, &wishes, exits, costly);
        let last = *follow(&bars, &book.held, costly).last().unwrap();
        assert!(
            (last - book.equity[299]).abs() < 2e-3,
            "{last} {}",
            book.equity[299]
        );
    }
}
