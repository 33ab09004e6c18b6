//! How likely a Sharpe ratio is more than luck, after so many trials (Bailey and López de Prado 2014, "The deflated
//! Sharpe ratio").

use super::performance::ReturnMoments;
use crate::numeric::normal::{below, quantile};

/// The Sharpe ratio of a replay, held against what the best of its trials would show by luck alone. All ratios are
/// those of one bar, not annualised.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeflatedSharpe {
    /// How many different rules were tried on this data, this one counted.
    pub trials: usize,
    /// The Sharpe ratio of a bar that the best of so many rules without skill is expected to show. 0 for one trial.
    pub by_luck: f64,
    /// How likely the true ratio is above that, from 0 to 1: .95 is the usual bar. It takes account of the length of
    /// the period, and of the skewness and the fat tails of the returns; it knows only of the trials that were
    /// counted.
    pub probability: f64,
}

const EULER: f64 = 0.577_215_664_901_532_9;

impl DeflatedSharpe {
    /// From the returns of bars and the Sharpe ratios of bars of all trials, this one among them. `None` if nothing
    /// moved, or there are fewer than two bars.
    pub(super) fn of(moments: &ReturnMoments, trials: &[f64]) -> Option<Self> {
        let sharpe = moments.sharpe()?;
        let n = trials.len().max(1);
        let by_luck = match n {
            1 => 0.0,
            _ => {
                let deviation = ReturnMoments::of(trials).deviation;
                let count = n as f64;
                let best = (1.0 - EULER) * quantile(1.0 - 1.0 / count)
                    + EULER * quantile(1.0 - 1.0 / (count * std::f64::consts::E));
                deviation * best
            }
        };
        let spread =
            1.0 - moments.skewness * sharpe + (moments.kurtosis - 1.0) / 4.0 * sharpe * sharpe;
        let bars = moments.n.saturating_sub(1) as f64;
        (bars > 0.0 && spread > 0.0).then(|| Self {
            trials: n,
            by_luck,
            probability: below((sharpe - by_luck) * (bars / spread).sqrt()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The example of the paper: 1,250 daily returns, an annual ratio of 2.5 (250 days), skewness -3, kurtosis 10, and
    /// 100 trials whose annual ratios have the variance 1/2: the probability is about .90.
    #[test]
    fn the_example_of_the_paper() {
        let moments = ReturnMoments {
            n: 1250,
            mean: 2.5 / 250_f64.sqrt(),
            deviation: 1.0,
            skewness: -3.0,
            kurtosis: 10.0,
        };
        // Two values, half of the trials each, with that variance.
        let side = (0.5_f64 / 250.0 * 99.0 / 100.0).sqrt();
        let trials: Vec<f64> = (0..100)
            .map(|i| if i % 2 == 0 { side } else { -side })
            .collect();
        let found = DeflatedSharpe::of(&moments, &trials).unwrap();
        assert!((found.by_luck - 0.1132).abs() < 1e-3, "{found:?}");
        assert!((found.probability - 0.9004).abs() < 5e-3, "{found:?}");
        let one = DeflatedSharpe::of(&moments, &[moments.mean]).unwrap();
        assert_eq!(one.by_luck, 0.0);
        assert!(one.probability > found.probability);
    }
}
