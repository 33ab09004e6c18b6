//! Splits of shares: what they are called, and the jump in price that they leave in bars that were
//! not adjusted.

use std::fmt;
use std::str::FromStr;

use super::{Bars, Timestamp};
use crate::error::{Error, Result, excerpt};

/// A split: so many new shares for so many old ones, as `4:1`. A reverse split is `1:10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    new: u32,
    old: u32,
}

impl Split {
    /// The most shares on either side.
    const MOST: u32 = 10_000;

    /// `new` shares for `old` ones.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless both are from 1 to 10,000 and differ.
    pub fn new(new: u32, old: u32) -> Result<Self> {
        let range = 1..=Self::MOST;
        if new != old && range.contains(&new) && range.contains(&old) {
            return Ok(Self { new, old });
        }
        Err(Error::invalid(format!(
            "expected a split of two different numbers from 1 to {}, like 4:1, found {new}:{old}",
            Self::MOST
        )))
    }

    /// By what earlier prices are multiplied: 1/4 for `4:1`.
    pub fn price_factor(self) -> f64 {
        f64::from(self.old) / f64::from(self.new)
    }

    /// By what earlier volumes are multiplied: 4 for `4:1`.
    pub fn volume_factor(self) -> f64 {
        f64::from(self.new) / f64::from(self.old)
    }

    /// Whether a price that went from `before` to `after` shows this split: it is nearer to it than to
    /// none, and within a fifth of it, which is more than prices move overnight.
    pub fn explains(self, before: f64, after: f64) -> bool {
        const MOST_OFF: f64 = 0.2;
        let jump = (after / before).ln();
        let off = (jump - self.price_factor().ln()).abs();
        off < jump.abs() && off < MOST_OFF
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.new, self.old)
    }
}

impl FromStr for Split {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once(':').and_then(|(new, old)| {
            let number = |part: &str| part.trim().parse::<u32>().ok();
            Some((number(new)?, number(old)?))
        });
        let (new, old) = parts.ok_or_else(|| {
            Error::invalid(format!(
                "expected a split like 4:1 (four new shares for an old one) or 1:10, found {}",
                excerpt(text)
            ))
        })?;
        Self::new(new, old)
    }
}

/// A jump in price from one bar to the next as a split makes it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SplitJump {
    /// The split that fits best.
    pub split: Split,
    /// When the first bar after it opened.
    pub on: Timestamp,
    /// The last close before it.
    pub before: f64,
    /// The first open after it.
    pub after: f64,
    /// Which bar is the first after it.
    pub bar: usize,
}

impl fmt::Display for SplitJump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            split,
            on,
            before,
            after,
            ..
        } = self;
        write!(
            f,
            "the price goes from {before} to {after} on {on}, as in a split of {split}"
        )
    }
}

/// Splits of shares that are common.
const FORWARD: [u32; 17] = [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100];
/// How far from the split's ratio the open may be, as a share of it: what prices move overnight.
const TOLERANCE: f64 = 0.04;
/// The same for the small splits, which a bad night comes near to.
const TOLERANCE_OF_SMALL: f64 = 0.025;
/// Bars before and after whose median closes must differ by the split, too: a wrong price that is
/// right again in the next bar is none.
const AROUND: usize = 5;
/// How far from the split's ratio that of the two medians may be, as a difference of logarithms.
const LASTING: f64 = 0.25;

impl SplitJump {
    /// The jumps of a series that look like splits: the open of a bar is near to a common ratio of the
    /// close before it, and the prices stay there. A crash or a take-over may look the same.
    pub fn find(bars: &Bars) -> Vec<Self> {
        let mut found = Vec::new();
        let opens = bars.open.iter().skip(1).zip(&bars.close);
        for (i, (&after, &before)) in opens.enumerate() {
            let ratio = after / before;
            // Most bars; the others cost a look at every split.
            if ratio > 0.72 && ratio < 1.45 {
                continue;
            }
            let bar = i + 1;
            let (Some(split), Some(&time)) = (nearest(ratio), bars.time.get(bar)) else {
                continue;
            };
            if lasts(bars, bar, split) {
                found.push(Self {
                    split,
                    on: Timestamp::from_millis(time),
                    before,
                    after,
                    bar,
                });
            }
        }
        found
    }
}

/// The common split that a jump of the price to `ratio` is near to.
fn nearest(ratio: f64) -> Option<Split> {
    let whole = FORWARD.iter().flat_map(|&n| [(n, 1), (1, n)]);
    let all = whole.chain([(3, 2)]).map(|(new, old)| Split { new, old });
    let off = |split: &Split| (ratio / split.price_factor()).ln().abs();
    let best = all.min_by(|a, b| off(a).total_cmp(&off(b)))?;
    let small = best.new <= 3 && best.old <= 3;
    let tolerance = if small { TOLERANCE_OF_SMALL } else { TOLERANCE };
    (off(&best) <= tolerance).then_some(best)
}

fn lasts(bars: &Bars, bar: usize, split: Split) -> bool {
    let median = |range: std::ops::Range<usize>| {
        let mut closes = bars.close.get(range)?.to_vec();
        closes.sort_by(f64::total_cmp);
        closes.get(closes.len() / 2).copied()
    };
    let before = median(bar.saturating_sub(AROUND)..bar);
    let after = median(bar..bars.len().min(bar + AROUND));
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    ((after / before).ln() - split.price_factor().ln()).abs() < LASTING
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::model::Bar;

    /// Daily bars with these closes, each of which opens at 1.01 times the close before it.
    fn bars(closes: &[f64]) -> Bars {
        let opens = closes.first().into_iter().chain(closes.iter());
        let days = closes.iter().zip(opens).enumerate();
        days.map(|(i, (&close, &open))| {
            let open = if i > 0 && (close / open).ln().abs() > 0.3 {
                close * 1.01
            } else {
                open
            };
            Bar {
                time: Timestamp::from_millis(i as i64 * 86_400_000),
                open,
                high: open.max(close),
                low: open.min(close),
                close,
                volume: 1.0,
            }
        })
        .collect()
    }

    #[test]
    fn splits_are_read_and_written() {
        let split: Split = "4:1".parse().unwrap();
        assert_eq!((split.price_factor(), split.volume_factor()), (0.25, 4.0));
        assert_eq!(split.to_string(), "4:1");
        assert_eq!("1:10".parse::<Split>().unwrap().price_factor(), 10.0);
        for bad in [
            "", "4", "4:", ":1", "0:1", "1:0", "3:3", "-4:1", "4:1:1", "99999:1", "x:y",
        ] {
            assert!(bad.parse::<Split>().is_err(), "{bad}");
        }
        assert!(split.explains(400.0, 101.0) && !split.explains(100.0, 101.0));
        assert!(split.explains(100.0, 22.0) && !split.explains(100.0, 50.0));
        let small: Split = "5:4".parse().unwrap();
        assert!(small.explains(100.0, 81.0) && !small.explains(100.0, 95.0));
    }

    #[test]
    fn jumps_that_last_are_found() {
        for (ratio, expected) in [
            (0.5, Some("2:1")),
            (1.0 / 3.0, Some("3:1")),
            (0.25, Some("4:1")),
            (1.0 / 7.0, Some("7:1")),
            (0.1, Some("10:1")),
            (0.05, Some("20:1")),
            (2.0 / 3.0, Some("3:2")),
            (10.0, Some("1:10")),
            (0.45, None),
            (0.58, None),
            (1.0, None),
            (0.8, None),
        ] {
            let mut closes: Vec<f64> = (0..20).map(|i| 100.0 + f64::from(i % 3)).collect();
            closes[10..].iter_mut().for_each(|c| *c *= ratio);
            let found = SplitJump::find(&bars(&closes));
            let names: Vec<String> = found.iter().map(|j| j.split.to_string()).collect();
            assert_eq!(names, Vec::from_iter(expected), "{ratio}");
            assert!(found.iter().all(|j| j.bar == 10), "{found:?}");
        }
    }

    #[test]
    fn a_wrong_price_is_no_split() {
        let mut closes = vec![100.0; 20];
        closes[10] = 25.0;
        assert_eq!(SplitJump::find(&bars(&closes)), []);
        assert_eq!(SplitJump::find(&Bars::default()), []);
        assert_eq!(SplitJump::find(&bars(&[100.0])), []);
    }
}
