//! Whether what followed some moments differs from what their series do anyway: a test without draws.
//!
//! Each bar after a moment is measured in units of the volatility before that moment, less the mean of
//! its own series, so calm and wild series count alike and a wild one does not look like a change.
//! Bars that close at one time are one observation, whatever their series, because markets move as
//! one. The sum of all is compared with what the single times make of it: by all sign patterns where
//! the times are few, else by Student's t with the scores of the times and as many degrees of freedom
//! as the times are worth. It assumes that the returns of neighbouring bars do not hang together.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::model::{Bars, Interval, Timestamp};
use crate::numeric::student::two_sided;

/// Fewer outcomes without overlap say nothing.
const FEWEST_EPISODES: usize = 5;
/// Fewer times of bars, after what overlaps and is uneven, say nothing.
const FEWEST_TIMES: f64 = 6.0;
/// How much of the movement of two bars of one time is common.
const COMMON: f64 = 0.3;
/// The most times for which every pattern of signs is tried.
const SIGNS: usize = 16;

/// Why outcomes have no p-value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum NoPValue {
    /// No outcome had closed whose window moved.
    NoOutcome,
    /// So many outcomes do not overlap in time, over all markets: too few.
    FewEpisodes(usize),
    /// Their bars are worth so many different times: too few.
    FewTimes(f64),
}

impl fmt::Display for NoPValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOutcome => f.write_str("no outcome had closed"),
            Self::FewEpisodes(n) => write!(
                f,
                "{n} of the outcomes do not overlap in time, and a p needs {FEWEST_EPISODES}"
            ),
            Self::FewTimes(n) => write!(
                f,
                "the bars of the outcomes are worth {n:.1} different times, and a p needs {FEWEST_TIMES:.0}"
            ),
        }
    }
}

/// What followed one moment, bar by bar.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    interval: Interval,
    /// From when to when the outcome goes.
    span: Range<i64>,
    /// When each bar opened, and its log return less the mean of its series, in units of the
    /// volatility before the moment.
    bars: Vec<(i64, f64)>,
}

impl Followed {
    /// From the bars before a moment, and the bar that closed at it with `horizon` bars after it. `mean`
    /// is the mean log return a bar of the series. `None` if nothing moved before, or bars are missing.
    pub(super) fn new(
        interval: Interval,
        before: &Bars,
        after: &Bars,
        (horizon, mean): (usize, f64),
    ) -> Option<Self> {
        let returns = |closes: &[f64]| -> Vec<f64> {
            let pairs = closes.array_windows::<2>();
            pairs.map(|[a, b]| (b / a).ln()).collect()
        };
        let past = returns(&before.close);
        let squares: f64 = past.iter().map(|r| r * r).sum();
        let sigma = (squares / past.len().max(1) as f64).sqrt();
        let known = sigma.is_finite() && sigma > 1e-12;
        let closes = after.close.get(..=horizon).filter(|_| known)?;
        let first = *after.time.first()?;
        let times = after.time.get(1..=horizon)?;
        let values = returns(closes).into_iter().map(|r| (r - mean) / sigma);
        let close = |open: i64| interval.close_of(Timestamp::from_millis(open));
        Some(Self {
            interval,
            span: close(first).millis()..close(*times.last()?).millis(),
            bars: times.iter().copied().zip(values).collect(),
        })
    }
}

/// What the bars of one time add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Time {
    sum: f64,
    bars: f64,
}

/// How likely outcomes that do not differ from the rest of their series would lie at least so far
/// from it, in units of the volatility before; or why that cannot be said.
pub(super) fn p_value(followed: &[Followed]) -> Result<f64, NoPValue> {
    let intervals = followed.iter().map(|f| f.interval);
    let unit = intervals.max_by_key(|i| i.nominal_millis());
    let unit = unit.ok_or(NoPValue::NoOutcome)?;
    let episodes = apart(followed);
    if episodes < FEWEST_EPISODES {
        return Err(NoPValue::FewEpisodes(episodes));
    }
    let mut times: BTreeMap<i64, Time> = BTreeMap::new();
    for &(open, value) in followed.iter().flat_map(|f| &f.bars) {
        let open = Timestamp::from_millis(open);
        let time = times.entry(unit.ordinal_of(open)).or_default();
        time.sum += value;
        time.bars += 1.0;
    }
    let times: Vec<Time> = times.into_values().collect();
    let weights = times
        .iter()
        .map(|t| t.bars * (1.0 + COMMON * (t.bars - 1.0)));
    let (sum, squares) = weights.fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
    let worth = sum * sum / squares;
    if worth < FEWEST_TIMES {
        return Err(NoPValue::FewTimes(worth));
    }
    Ok(if times.len() <= SIGNS {
        by_signs(&times)
    } else {
        by_scores(&times, worth - 1.0)
    })
}

/// The most outcomes of which no two overlap.
fn apart(followed: &[Followed]) -> usize {
    let mut spans: Vec<&Range<i64>> = followed.iter().map(|f| &f.span).collect();
    spans.sort_unstable_by_key(|span| (span.end, span.start));
    let mut last = i64::MIN;
    let mut count = 0;
    for span in spans {
        if span.start >= last {
            count += 1;
            last = span.end;
        }
    }
    count
}

/// The share of all patterns of signs whose sum lies at least as far from 0. The first sign stays:
/// a pattern and its opposite say the same.
fn by_signs(times: &[Time]) -> f64 {
    let mut signed: Vec<f64> = times.iter().map(|t| t.sum).collect();
    let mut sum: f64 = signed.iter().sum();
    let least = sum.abs() * (1.0 - 1e-9);
    let patterns = 1u32 << times.len().saturating_sub(1);
    let mut as_far = 1u32;
    for pattern in 1..patterns {
        // One sign changes from each pattern to the next (a Gray code).
        if let Some(value) = signed.get_mut(pattern.trailing_zeros() as usize + 1) {
            sum -= 2.0 * *value;
            *value = -*value;
        }
        as_far += u32::from(sum.abs() >= least);
    }
    f64::from(as_far) / f64::from(patterns)
}

/// Student's t of the sum, where each time's score is what it differs from the mean of the others.
fn by_scores(times: &[Time], freedom: f64) -> f64 {
    let sum: f64 = times.iter().map(|t| t.sum).sum();
    let bars: f64 = times.iter().map(|t| t.bars).sum();
    let score = |t: &Time| (t.sum - t.bars * sum / bars) / (1.0 - t.bars / bars);
    let squares: f64 = times.iter().map(|t| score(t).powi(2)).sum();
    if sum == 0.0 {
        return 1.0;
    }
    two_sided(sum / squares.sqrt(), freedom)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::model::Bar;

    const HOUR: i64 = 3_600_000;

    fn followed(first: i64, values: &[f64]) -> Followed {
        let times = (first..).map(|hour| hour * HOUR);
        Followed {
            interval: Interval::hours(1),
            span: first * HOUR..(first + values.len() as i64) * HOUR,
            bars: times.zip(values.iter().copied()).collect(),
        }
    }

    fn normal(random: &mut ChaCha8Rng) -> f64 {
        (0..12).map(|_| random.random_range(-0.5..0.5)).sum()
    }

    #[test]
    fn bars_are_measured_by_the_volatility_before_and_the_mean_of_their_series() {
        let bars = |closes: &[f64]| -> Bars {
            let bar = |(i, &close): (usize, &f64)| Bar {
                time: Timestamp::from_millis(i as i64 * HOUR),
                open: close,
                high: close,
                low: close,
                close,
                volume: 1.0,
            };
            closes.iter().enumerate().map(bar).collect()
        };
        let before = bars(&[1.0, 1.03f64.exp(), 1.0, 0.97f64.exp()].map(|x: f64| x.ln().exp()));
        let past = [1.03, -1.03, 0.97];
        let sigma = (past.iter().map(|r: &f64| r * r).sum::<f64>() / 3.0).sqrt();
        let after = bars(&[1.0, 0.2f64.exp(), 0.5f64.exp(), 9.0]);
        let found = Followed::new(Interval::hours(1), &before, &after, (2, 0.1)).unwrap();
        assert_eq!(found.span, HOUR..3 * HOUR);
        let expected = [(HOUR, 0.1 / sigma), (2 * HOUR, 0.2 / sigma)];
        for (a, b) in found.bars.iter().zip(expected) {
            assert!(a.0 == b.0 && (a.1 - b.1).abs() < 1e-12, "{a:?} {b:?}");
        }
        let flat = bars(&[2.0; 5]);
        assert!(Followed::new(Interval::hours(1), &flat, &after, (2, 0.0)).is_none());
        assert!(Followed::new(Interval::hours(1), &before, &after, (4, 0.0)).is_none());
    }

    #[test]
    fn few_moments_have_no_p_and_it_is_said_why() {
        assert_eq!(p_value(&[]), Err(NoPValue::NoOutcome));
        // One crash, ten times.
        let crash: Vec<Followed> = (0..10).map(|i| followed(i, &[-2.0; 24])).collect();
        let none = p_value(&crash).unwrap_err();
        assert_eq!(none, NoPValue::FewEpisodes(1));
        assert_eq!(
            none.to_string(),
            "1 of the outcomes do not overlap in time, and a p needs 5"
        );
        // Five times of one bar.
        let five: Vec<Followed> = (0..5).map(|i| followed(10 * i, &[1.0])).collect();
        assert_eq!(p_value(&five), Err(NoPValue::FewTimes(5.0)));
        // Many outcomes that overlap in a chain are not one.
        let chain: Vec<Followed> = (0..60).map(|i| followed(10 * i, &[0.1; 24])).collect();
        assert!(p_value(&chain).is_ok());
    }

    /// Six moments of one sign: the least p of 2^5 patterns.
    #[test]
    fn few_times_are_judged_by_all_signs() {
        let six: Vec<Followed> = (0..6)
            .map(|i| followed(10 * i, &[1.0 + i as f64]))
            .collect();
        assert_eq!(p_value(&six), Ok(1.0 / 32.0));
        let mut mixed = six;
        mixed.push(followed(100, &[-3.0]));
        // Sums of ±1 ±2 ±3 ±4 ±5 ±6 ±3 at least as far from 0 as 18: at most 3 of the 24 are turned.
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 3.0];
        let as_far = (0..128u32).filter(|pattern| {
            let sign = |i: usize| if pattern >> i & 1 == 1 { -1.0 } else { 1.0 };
            let sum: f64 = values.iter().enumerate().map(|(i, v)| sign(i) * v).sum();
            sum.abs() >= 18.0
        });
        assert_eq!(p_value(&mixed), Ok(as_far.count() as f64 / 128.0));
    }

    /// Bars of one time are one observation, of one day where the coarsest bars are days.
    #[test]
    fn bars_of_one_time_count_once() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let values: Vec<f64> = (0..40).map(|_| 0.4 + normal(&mut random)).collect();
        let apart = |copies: usize| -> Vec<Followed> {
            let each = values.iter().enumerate();
            let one = |(i, v): (usize, &f64)| vec![followed(3 * i as i64, &[*v]); copies];
            each.flat_map(one).collect()
        };
        let (once, twice) = (p_value(&apart(1)).unwrap(), p_value(&apart(2)).unwrap());
        assert!((once - twice).abs() < 1e-9, "{once} {twice}");
        let mut days = apart(1);
        let mut day = followed(0, &[0.3]);
        day.interval = Interval::days(1);
        days.push(day);
        // 40 hours from 0 on are five days: too few times.
        assert!(matches!(p_value(&days), Err(NoPValue::FewTimes(_))));
    }

    /// Under the hypothesis a p of at most 0.05 comes up one time in twenty, whatever the shape.
    /// Tables show a small p as `<0.001`, so the tail must hold where outcomes are few and steps are wild.
    #[test]
    fn small_p_values_are_as_rare_as_they_say() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        // Student's t of four degrees of freedom, as returns of an hour are.
        let mut step = || {
            let squares: f64 = (0..4).map(|_| normal(&mut random).powi(2)).sum();
            normal(&mut random) / (squares / 4.0).sqrt()
        };
        for (hits, bars) in [(5, 24), (8, 10), (6, 3)] {
            let (mut hundredth, mut thousandth) = (0, 0);
            for _ in 0..4_000 {
                let some = (0..hits).map(|i| {
                    let values: Vec<f64> = (0..bars).map(|_| step()).collect();
                    followed(i * 100, &values)
                });
                let p = p_value(&some.collect::<Vec<_>>()).unwrap();
                hundredth += usize::from(p <= 0.01);
                thousandth += usize::from(p <= 0.001);
            }
            let rare = (12..=56).contains(&hundredth) && thousandth <= 10;
            assert!(rare, "{hits} of {bars}: {hundredth}, {thousandth} of 4,000");
        }
    }

    #[test]
    fn p_values_are_uniform_where_nothing_differs() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        for (hits, bars, step) in [(12, 1, 7), (50, 5, 3), (30, 24, 40)] {
            let mut low = 0;
            for _ in 0..1000 {
                let mut all: BTreeMap<i64, f64> = BTreeMap::new();
                let many: Vec<Followed> = (0..hits)
                    .map(|i| {
                        let mut value = |t| *all.entry(t).or_insert_with(|| normal(&mut random));
                        let values: Vec<f64> = (0..bars).map(|j| value(i * step + j)).collect();
                        followed(i * step, &values)
                    })
                    .collect();
                low += usize::from(p_value(&many).unwrap() <= 0.05);
            }
            assert!(
                (28..=72).contains(&low),
                "{low} of 1000: {hits} {bars} {step}"
            );
        }
    }

    /// A drift of 0.3 deviations of the horizon after hits at random times of twelve series that move
    /// together is found about as often as a block bootstrap finds it, or oftener: that finds it in
    /// .478, .408 and .333 of the questions of 50 hits, and in .139, .121 and .115 of those of 10.
    #[test]
    fn a_planted_drift_is_found() {
        let mut random = ChaCha8Rng::seed_from_u64(11);
        for (hits, bars, least) in [
            (50, 1, 0.44),
            (50, 5, 0.40),
            (50, 24, 0.33),
            (10, 1, 0.10),
            (10, 5, 0.10),
            (10, 24, 0.09),
        ] {
            let (mut told, mut questions) = (0, 0);
            for _ in 0..600 {
                let mut market: BTreeMap<i64, f64> = BTreeMap::new();
                let drift = 0.3 * (bars as f64).sqrt() / bars as f64;
                let many: Vec<Followed> = (0..hits)
                    .map(|_| {
                        let first = random.random_range(0..2272);
                        let mut value = |t| {
                            let common = *market.entry(t).or_insert_with(|| normal(&mut random));
                            drift + 0.3f64.sqrt() * common + 0.7f64.sqrt() * normal(&mut random)
                        };
                        let values: Vec<f64> = (0..bars).map(|j| value(first + j)).collect();
                        followed(first, &values)
                    })
                    .collect();
                if let Ok(p) = p_value(&many) {
                    questions += 1;
                    told += usize::from(p < 0.05);
                }
            }
            let power = told as f64 / f64::from(questions);
            assert!(
                questions > 500 && power >= least,
                "{hits} {bars}: {power} of {questions}"
            );
        }
    }

    #[test]
    fn a_difference_is_told() {
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let mut one = |i: i64| {
            let values: Vec<f64> = (0..5).map(|_| 0.5 + normal(&mut random)).collect();
            followed(20 * i, &values)
        };
        let many: Vec<Followed> = (0..30).map(&mut one).collect();
        assert!(p_value(&many).unwrap() < 1e-4);
    }
}
