//! Entries: of each run of windows that are similar enough, the first rather than the best.
//!
//! The best window of a run beats the windows after it only if the bars after it made the chart less
//! like the question. Those bars are its outcome, so a list of best windows leans against the
//! direction of the question, on pure random walks too. An entry is chosen by what was known when it
//! closed: a window that is similar enough and far enough from the entry before it.
//!
//! ```text
//! score at least c   . x x x . . x x . x      windows of one series in time
//! best of each run       *         *
//! entry                *         *            (the exclusion zone is 3 bars)
//! ```

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::error::Result;

/// What of `candidates`, all of them similar enough, are entries: by `time`, each that is `near` no
/// entry taken before it. `place` gives the symbol and the series of a candidate; only candidates of
/// one symbol can be near one another. Of candidates of one time the first in the list goes first.
/// The entries come in the order of their times.
///
/// Whether a candidate is an entry depends on nothing that comes after it. `near` must grow with
/// nearness: if it is false of an entry, it is false of all earlier ones of the same series.
pub(crate) fn entries<T, Symbol: Ord, Series: Ord>(
    candidates: Vec<T>,
    time: impl Fn(&T, &T) -> Ordering,
    place: impl Fn(&T) -> (Symbol, Series),
    mut near: impl FnMut(&T, &T) -> Result<bool>,
) -> Result<Vec<T>> {
    let mut candidates = candidates;
    candidates.sort_by(time);
    let mut taken: Vec<T> = Vec::new();
    // The last entry of each series of each symbol, by its place in `taken`.
    let mut last: BTreeMap<Symbol, BTreeMap<Series, usize>> = BTreeMap::new();
    for candidate in candidates {
        let (symbol, series) = place(&candidate);
        let of_symbol = last.entry(symbol).or_default();
        let mut free = true;
        for before in of_symbol.values().filter_map(|&i| taken.get(i)) {
            if near(before, &candidate)? {
                free = false;
                break;
            }
        }
        if free {
            of_symbol.insert(series, taken.len());
            taken.push(candidate);
        }
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// A window of a series of a symbol. Series 2 counts the zone in bars that are four times as long.
    #[derive(Clone, Debug, PartialEq)]
    struct Window {
        symbol: u8,
        series: u8,
        end: i64,
        score: f32,
    }

    fn chosen(all: &[Window], zone: i64) -> Vec<Window> {
        let mut all = all.to_vec();
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.series.cmp(&b.series)));
        let long = |w: &Window| if w.series == 2 { 4 } else { 1 };
        let near = |a: &Window, b: &Window| Ok(b.end - a.end < zone * long(a).max(long(b)));
        entries(
            all,
            |a, b| a.end.cmp(&b.end),
            |w| (w.symbol, w.series),
            near,
        )
        .unwrap()
    }

    fn until(all: &[Window], time: i64) -> Vec<Window> {
        all.iter().filter(|w| w.end <= time).cloned().collect()
    }

    fn windows() -> impl Strategy<Value = Vec<Window>> {
        let one = (0u8..2, 0u8..3, 0i64..120, 0.5f32..1.0);
        prop::collection::vec(one, 0..80).prop_map(|all| {
            let window = |(symbol, series, end, score)| Window {
                symbol,
                series,
                end,
                score,
            };
            let mut all: Vec<Window> = all.into_iter().map(window).collect();
            all.sort_by_key(|w| (w.symbol, w.series, w.end));
            all.dedup_by_key(|w| (w.symbol, w.series, w.end));
            all
        })
    }

    proptest! {
        /// What comes later changes no entry.
        #[test]
        fn entries_depend_on_the_past_alone(all in windows(), time in 0i64..120, zone in 0i64..20) {
            prop_assert_eq!(
                until(&chosen(&all, zone), time),
                chosen(&until(&all, time), zone)
            );
        }

        /// Entries keep their distance, and what is none is near one before it.
        #[test]
        fn what_is_left_out_is_near_an_earlier_entry(all in windows(), zone in 1i64..20) {
            let found = chosen(&all, zone);
            let near = |a: &Window, b: &Window| {
                let long = if a.series == 2 || b.series == 2 { 4 } else { 1 };
                a.symbol == b.symbol && a.end <= b.end && b.end - a.end < zone * long
            };
            for (i, b) in found.iter().enumerate() {
                prop_assert!(found.iter().take(i).all(|a| !near(a, b)));
            }
            for w in all.iter().filter(|w| !found.contains(w)) {
                prop_assert!(found.iter().any(|a| near(a, w)), "{w:?}");
            }
        }
    }

    /// The example that the choice of the best fails: cut after 10 it has the window at 10, whole it
    /// has the one at 11.
    #[test]
    fn the_first_of_a_run_is_taken_and_not_the_best() {
        let window = |end, score| Window {
            symbol: 0,
            series: 0,
            end,
            score,
        };
        let all = [
            window(10, 0.90),
            window(11, 0.91),
            window(26, 0.8),
            window(27, 0.99),
        ];
        let ends = |all: &[Window]| chosen(all, 16).iter().map(|w| w.end).collect::<Vec<_>>();
        assert_eq!(ends(&all), [10, 26]);
        assert_eq!(ends(&all[..1]), [10]);
        // Without a zone each is an entry.
        assert_eq!(chosen(&all, 0).len(), 4);
    }

    /// Of windows that close at one time the best is taken: both were known.
    #[test]
    fn of_one_time_the_best_is_taken() {
        let window = |series, score| Window {
            symbol: 1,
            series,
            end: 5,
            score,
        };
        let found = chosen(&[window(0, 0.7), window(1, 0.9)], 3);
        assert_eq!(found, [window(1, 0.9)]);
    }
}
