//! Bars of one series from two places: which of them agree, which were still open, and which
//! contradict each other.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, excerpt};
use crate::model::{Bar, Bars};

/// What to do if two files, or two members of a zip file, contradict each other about a bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// Refuse the series of both.
    #[default]
    Refuse,
    /// Keep the bar of the one that comes first in the order of their paths.
    First,
    /// Keep the bar of the one that comes last.
    Last,
}

impl FromStr for OnConflict {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "first" => Ok(Self::First),
            "last" => Ok(Self::Last),
            _ => Err(Error::invalid(format!(
                "expected refuse, first or last for bars that contradict each other, found {}",
                excerpt(text)
            ))),
        }
    }
}

/// A bar that two places have with different values.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contradiction {
    /// The bar of the one that comes first.
    pub first: Bar,
    /// The bar of the other.
    pub second: Bar,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b) = (&self.first, &self.second);
        let pairs = [
            ("close", a.close, b.close),
            ("open", a.open, b.open),
            ("high", a.high, b.high),
            ("low", a.low, b.low),
            ("volume", a.volume, b.volume),
        ];
        let other = pairs.into_iter().find(|(_, a, b)| !is_same(*a, *b));
        let (name, a, b) = other.unwrap_or(("close", a.close, b.close));
        write!(f, "{}, {name} {a} and {b}", self.first.time)
    }
}

/// How two places with bars of the same times fit together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlap {
    /// Bars that both have alike.
    pub same: u64,
    /// Bars that were the last of one place, which saved them while they were open. They were taken
    /// out there.
    pub open: u64,
    /// Bars that contradict each other.
    pub contradictions: u64,
    /// The first of those.
    pub first: Option<Contradiction>,
}

/// A difference that arithmetic in floating point makes.
const ROUNDING: f64 = 1e-9;

fn is_same(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= ROUNDING * a.abs().max(b.abs())
}

fn agree(a: &Bar, b: &Bar) -> bool {
    is_same(a.open, b.open)
        && is_same(a.high, b.high)
        && is_same(a.low, b.low)
        && is_same(a.close, b.close)
        && is_same(a.volume, b.volume)
}

/// Whether a bar can be what another one was before it closed: it opened alike, and nothing that it has seen
/// was taken back.
fn was_open(bar: &Bar, later: &Bar) -> bool {
    let at_most = |a: f64, b: f64| a <= b || is_same(a, b);
    is_same(bar.open, later.open)
        && at_most(bar.high, later.high)
        && at_most(later.low, bar.low)
        && at_most(bar.volume, later.volume)
}

impl Overlap {
    /// Compares the bars of two places, both ascending by time. `last`: the open times of their last bars
    /// as they were read, before any was taken out. A bar that is the last of one place and not of the
    /// other, and that can have become the other's, is taken out where it is the last; with
    /// [`OnConflict::First`] and [`OnConflict::Last`] bars that contradict each other are taken out of
    /// the place that yields.
    pub fn settle(
        first: &mut Bars,
        second: &mut Bars,
        last: [i64; 2],
        on_conflict: OnConflict,
    ) -> Self {
        let mut found = Self::default();
        let mut out_of_first = Vec::new();
        let mut out_of_second = Vec::new();
        for (at, other) in common(&first.time, &second.time) {
            let (Some(one), Some(two)) = (first.get(at), second.get(other)) else {
                continue;
            };
            if agree(&one, &two) {
                found.same += 1;
                continue;
            }
            match last.map(|last| one.time.millis() == last) {
                [true, false] if was_open(&one, &two) => {
                    found.open += 1;
                    out_of_first.push(at);
                    continue;
                }
                [false, true] if was_open(&two, &one) => {
                    found.open += 1;
                    out_of_second.push(other);
                    continue;
                }
                _ => {}
            }
            found.contradictions += 1;
            found.first.get_or_insert(Contradiction {
                first: one,
                second: two,
            });
            match on_conflict {
                OnConflict::Refuse => {}
                OnConflict::First => out_of_second.push(other),
                OnConflict::Last => out_of_first.push(at),
            }
        }
        take_out(first, &out_of_first);
        take_out(second, &out_of_second);
        found
    }
}

/// The positions of the times that both have.
fn common<'a>(a: &'a [i64], b: &'a [i64]) -> impl Iterator<Item = (usize, usize)> + 'a {
    let (mut i, mut j) = match (a.first(), b.first()) {
        (Some(first), Some(second)) => (
            a.partition_point(|t| t < second),
            b.partition_point(|t| t < first),
        ),
        _ => (a.len(), b.len()),
    };
    std::iter::from_fn(move || {
        loop {
            match a.get(i)?.cmp(b.get(j)?) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    i += 1;
                    j += 1;
                    return Some((i - 1, j - 1));
                }
            }
        }
    })
}

/// Takes out the bars at ascending positions.
fn take_out(bars: &mut Bars, positions: &[usize]) {
    if positions.is_empty() {
        return;
    }
    let mut out = positions.iter().peekable();
    let mut kept = Bars::with_capacity(bars.len());
    for (at, bar) in bars.iter().enumerate() {
        if out.next_if_eq(&&at).is_none() {
            kept.push(bar);
        }
    }
    *bars = kept;
}

/// The bars of both in the order of time; of a time that both have, those of the first.
pub(super) fn merged(first: &Bars, second: &Bars) -> Bars {
    let mut all = Bars::with_capacity(first.len() + second.len());
    let mut others = second.iter().peekable();
    for bar in first.iter() {
        while let Some(other) = others.next_if(|other| other.time < bar.time) {
            all.push(other);
        }
        others.next_if(|other| other.time == bar.time);
        all.push(bar);
    }
    others.for_each(|other| all.push(other));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn bars(closes: &[(i64, f64)]) -> Bars {
        let mut bars = Bars::default();
        for (time, close) in closes {
            bars.push(Bar {
                time: Timestamp::from_millis(*time),
                open: *close,
                high: *close,
                low: *close,
                close: *close,
                volume: 1.0,
            });
        }
        bars
    }

    fn settle(a: &mut Bars, b: &mut Bars, on_conflict: OnConflict) -> Overlap {
        let last = [&*a, &*b].map(|bars| bars.time.last().copied().unwrap_or(i64::MIN));
        Overlap::settle(a, b, last, on_conflict)
    }

    /// The same bars, each with room for another close.
    fn wide(closes: &[(i64, f64)]) -> Bars {
        let mut bars = bars(closes);
        bars.open.fill(1.0);
        bars.high.fill(10.0);
        bars.low.fill(0.5);
        bars
    }

    #[test]
    fn bars_that_agree_are_counted_and_stay() {
        let (mut a, mut b) = (
            bars(&[(1, 1.0), (2, 2.0)]),
            bars(&[(2, 2.0 + 1e-12), (3, 3.0)]),
        );
        let found = settle(&mut a, &mut b, OnConflict::Refuse);
        assert_eq!((found.same, found.open, found.contradictions), (1, 0, 0));
        assert_eq!((a.len(), b.len()), (2, 2));
        assert_eq!(merged(&a, &b), bars(&[(1, 1.0), (2, 2.0), (3, 3.0)]));
    }

    #[test]
    fn a_last_bar_was_open_and_yields() {
        let whole = wide(&[(1, 1.0), (2, 2.0), (3, 3.0)]);
        let (mut a, mut b) = (wide(&[(1, 1.0), (2, 9.0)]), whole.clone());
        let found = settle(&mut a, &mut b, OnConflict::Refuse);
        assert_eq!((found.open, found.contradictions), (1, 0));
        assert_eq!((a, &b), (wide(&[(1, 1.0)]), &whole));
        let mut c = wide(&[(0, 5.0), (1, 7.0)]);
        let found = settle(&mut b, &mut c, OnConflict::Refuse);
        assert_eq!((found.open, c.len()), (1, 1));
    }

    /// A bar that closed only reaches farther and trades more than it had before.
    #[test]
    fn a_last_bar_that_cannot_have_been_open_contradicts() {
        let later = wide(&[(1, 1.0), (2, 2.0), (3, 3.0)]);
        let earlier = || wide(&[(1, 1.0), (2, 4.0)]);
        let count = |mut bar: Bars| {
            let found = settle(&mut bar, &mut later.clone(), OnConflict::Refuse);
            (found.open, found.contradictions)
        };
        assert_eq!(count(earlier()), (1, 0));
        let mut bar = earlier();
        bar.high.fill(9.0);
        bar.low.fill(0.6);
        bar.volume.fill(0.5);
        assert_eq!(count(bar).0, 1);
        for change in [
            |bars: &mut Bars| bars.open.iter_mut().for_each(|open| *open += 0.1),
            |bars: &mut Bars| bars.high.iter_mut().for_each(|high| *high += 1.0),
            |bars: &mut Bars| bars.low.iter_mut().for_each(|low| *low -= 0.1),
            |bars: &mut Bars| bars.volume.iter_mut().for_each(|volume| *volume *= 2.0),
        ] {
            let mut bar = earlier();
            change(&mut bar);
            assert_eq!(count(bar).0, 0);
        }
    }

    /// The bar before one that yielded was never the last.
    #[test]
    fn the_last_bar_is_that_which_was_read() {
        let mut a = wide(&[(1, 1.0), (2, 2.0), (3, 9.0)]);
        let mut b = wide(&[(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]);
        let mut c = wide(&[(2, 8.0), (3, 3.0), (4, 4.0)]);
        let found = Overlap::settle(&mut a, &mut b, [3, 4], OnConflict::Refuse);
        assert_eq!((found.open, a.len()), (1, 2));
        let found = Overlap::settle(&mut a, &mut c, [3, 4], OnConflict::Refuse);
        assert_eq!((found.open, found.contradictions), (0, 1));
    }

    #[test]
    fn contradictions_are_told_and_settled_as_said() {
        let (a, b) = (
            bars(&[(1, 1.0), (2, 2.0), (3, 3.0)]),
            bars(&[(1, 1.5), (2, 2.5), (3, 3.5)]),
        );
        for (on_conflict, kept) in [
            (OnConflict::Refuse, (3, 3)),
            (OnConflict::First, (3, 0)),
            (OnConflict::Last, (0, 3)),
        ] {
            let (mut a, mut b) = (a.clone(), b.clone());
            let found = settle(&mut a, &mut b, on_conflict);
            // The last bar of both is no open bar of one.
            assert_eq!((found.open, found.contradictions), (0, 3));
            assert_eq!((a.len(), b.len()), kept);
            let text = found
                .first
                .map_or_else(String::new, |first| first.to_string());
            assert_eq!(text, "1970-01-01T00:00:00.001Z, close 1 and 1.5");
        }
    }
}
