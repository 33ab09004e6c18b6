//! A distribution of outcomes, and how much of it is independent.

use serde::Serialize;

/// A distribution of returns over a horizon.
///
/// Outcomes that overlap in time are not independent, whatever symbols they are of: a market moves
/// as one. So they are counted in blocks: a block holds the outcomes that start within one horizon
/// of its first, and the standard error of the mean treats each block as one observation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Outcomes.
    pub outcomes: u64,
    /// Blocks: the effective size of the sample.
    pub blocks: u64,
    /// The mean.
    pub mean: f64,
    /// The standard error of the mean over blocks; `None` with one block.
    pub standard_error: Option<f64>,
    /// The share above 0.
    pub up: f64,
    /// The quantiles 5, 25, 50, 75 and 95 %, between the two nearest outcomes.
    pub quantiles: [f64; 5],
}

/// The probabilities of [`Spread::quantiles`].
const PROBABILITIES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

impl Spread {
    /// The distribution of outcomes, each with its start and its end in milliseconds; `None` of none.
    pub(super) fn of(outcomes: &[(i64, i64, f64)]) -> Option<Self> {
        let n = outcomes.len() as f64;
        let mut by_start: Vec<_> = outcomes.to_vec();
        by_start.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)));
        let mut sorted: Vec<f64> = by_start.iter().map(|o| o.2).collect();
        let mean = sorted.iter().sum::<f64>() / n;
        let mut until = by_start.first()?.1;
        let mut sums = vec![0.0];
        for (start, end, value) in &by_start {
            if *start >= until {
                sums.push(0.0);
                until = *end;
            }
            if let Some(sum) = sums.last_mut() {
                *sum += value - mean;
            }
        }
        let blocks = sums.len() as f64;
        let squares: f64 = sums.iter().map(|s| s * s).sum();
        let error = (squares * blocks / (blocks - 1.0)).sqrt() / n;
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            outcomes: outcomes.len() as u64,
            blocks: sums.len() as u64,
            mean,
            standard_error: (sums.len() > 1).then_some(error),
            up: sorted.iter().filter(|x| **x > 0.0).count() as f64 / n,
            quantiles: PROBABILITIES.map(|p| quantile(&sorted, p)),
        })
    }
}

fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let at = |i: usize| sorted.get(i).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(place.floor() as usize), at(place.ceil() as usize));
    low + (high - low) * place.fract()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::Spread;

    #[test]
    fn outcomes_that_overlap_are_one_block() {
        assert_eq!(Spread::of(&[]), None);
        let one = Spread::of(&[(0, 10, 0.5)]).unwrap();
        assert_eq!((one.outcomes, one.blocks, one.standard_error), (1, 1, None));
        assert_eq!((one.mean, one.up, one.quantiles), (0.5, 1.0, [0.5; 5]));
        // Out of order: 0 and 9 overlap, 10 begins where that block ends, 30 is alone.
        let all = [(30, 40, -1.0), (0, 10, 1.0), (10, 20, 3.0), (9, 19, 1.0)];
        let spread = Spread::of(&all).unwrap();
        assert_eq!((spread.outcomes, spread.blocks), (4, 3));
        assert_eq!(
            (spread.mean, spread.up, spread.quantiles[2]),
            (1.0, 0.75, 1.0)
        );
        // Around the mean of 1: 0, 2 and -2.
        let error = (8.0_f64 * 3.0 / 2.0).sqrt() / 4.0;
        assert!((spread.standard_error.unwrap() - error).abs() < 1e-12);
        assert!((spread.quantiles[0] - -0.7).abs() < 1e-12);
    }
}
