//! Moves that are large beside a series' own past.

use std::sync::Arc;

use super::sizes::FRESHNESS;
use super::told_move::MoveDirection;
use crate::db::memo::ByWindow;
use crate::db::place::Place;
use crate::db::snapshot::Snapshot;
use crate::error::Result;
use crate::model::{Bars, Calendar, Interval, Timestamp};
use crate::store::SeriesId;

/// A move is large if so small a share of the moves before it went further.
const RARE: f64 = 0.02;

/// And if it is so many deviations: what is rare may be small, as a fall is where prices rose all the
/// time. (A normal move exceeds 2.05 in 2 of 100.) It also spares most windows the look at their past.
const LEAST_DEVIATIONS: f64 = 1.5;

/// So many bars are the past of a series.
const PAST_BARS: usize = 20_000;

/// Fewer moves do not say what is rare.
const LEAST_MOVES: usize = 64;

/// The log returns below and above which only [`RARE`] of the moves lie.
#[derive(Clone, Copy, Debug, PartialEq)]
struct RareMoves(Option<(f64, f64)>);

impl Snapshot {
    /// Whether the window of so many bars that ends at a place moved far in a direction. Known at its
    /// close: its deviation and its quantiles are those of the bars before it.
    pub(in crate::db) fn moved_far(
        &self,
        place: Place,
        window_bars: u32,
        direction: MoveDirection,
    ) -> Result<bool> {
        let Some(bars) = self.window_bars(place, window_bars)? else {
            return Ok(false);
        };
        let size = self.size_of(place.series, &bars)?;
        if size.is_none_or(|size| size.window * direction.sign() < LEAST_DEVIATIONS) {
            return Ok(false);
        }
        let ends = bars.time.first().zip(moved(&bars));
        let Some((&start, moved)) = ends else {
            return Ok(false);
        };
        let RareMoves(rare) = self.rare_moves(place.series, start, window_bars)?;
        Ok(rare.is_some_and(|(low, high)| match direction {
            MoveDirection::Down => moved < low,
            MoveDirection::Up => moved > high,
        }))
    }

    /// What moves over so many bars were rare in a series when a window began: worked out for every 16th
    /// bar, as deviations are.
    fn rare_moves(&self, series: SeriesId, start: i64, window_bars: u32) -> Result<RareMoves> {
        let record = self.record(series)?;
        let interval = record.key.interval;
        let grid = interval.nominal_millis().saturating_mul(FRESHNESS);
        let until = start.saturating_sub(start.rem_euclid(grid));
        let known: Arc<ByWindow<RareMoves>> = self.memo.by_window(vec![u64::from(window_bars)])?;
        let place = Place { end: until, series };
        known.get(place, || {
            let last = Timestamp::from_millis(until.saturating_sub(1));
            let past = self.bars_back(series, last, PAST_BARS)?;
            let step = match (interval, record.calendar) {
                (Interval::Fixed(ms), Calendar::Continuous) => Some(ms),
                _ => None,
            };
            let moves = moves_over(&past, window_bars as usize, step);
            let looked = interval.close_of(Timestamp::from_millis(until)).millis();
            Ok((RareMoves(rare(moves)), looked))
        })
    }

    /// How far a window moved in a direction, in deviations; negative if it moved the other way, `None`
    /// if that cannot be said.
    pub(in crate::db) fn moved_towards(
        &self,
        place: Place,
        window_bars: u32,
        direction: MoveDirection,
    ) -> Result<Option<f64>> {
        let size = self.size(place, window_bars)?;
        Ok(size.map(|size| size.window * direction.sign()))
    }
}

/// The log return from the open of the first bar to the close of the last.
fn moved(bars: &Bars) -> Option<f64> {
    Some((bars.close.last()? / bars.open.first()?).ln())
}

/// The log returns over each `n` bars that follow on each other: where a market never closes, those
/// that open `step` apart.
fn moves_over(bars: &Bars, n: usize, step: Option<i64>) -> Vec<f64> {
    let lasts = bars.time.iter().zip(&bars.close).skip(n.saturating_sub(1));
    let firsts = bars.time.iter().zip(&bars.open);
    let length = step.map(|step| step.saturating_mul(n as i64 - 1));
    firsts
        .zip(lasts)
        .filter(|((first, _), (last, _))| length.is_none_or(|length| **last - **first == length))
        .map(|((_, open), (_, close))| (close / open).ln())
        .collect()
}

/// The quantiles of moves, so that at most [`RARE`] of them lie below the one and above the other.
fn rare(mut moves: Vec<f64>) -> Option<(f64, f64)> {
    if moves.len() < LEAST_MOVES {
        return None;
    }
    moves.sort_unstable_by(f64::total_cmp);
    let few = (RARE * moves.len() as f64) as usize;
    let low = moves.get(few)?;
    let high = moves.get(moves.len().checked_sub(few + 1)?)?;
    Some((*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Bar;

    #[test]
    fn rare_moves_are_beyond_all_but_a_fiftieth() {
        let moves: Vec<f64> = (0..1000).rev().map(f64::from).collect();
        assert_eq!(rare(moves), Some((20.0, 979.0)));
        assert_eq!(rare(vec![0.0; 63]), None);
        assert_eq!(rare(vec![1.0; 64]), Some((1.0, 1.0)));
    }

    #[test]
    fn moves_do_not_span_gaps_of_a_market_that_never_closes() {
        let bar = |i: i64| Bar {
            time: Timestamp::from_millis(if i < 5 { i } else { i + 7 }),
            open: 2f64.powi(i as i32),
            high: 2f64.powi(i as i32 + 1),
            low: 2f64.powi(i as i32),
            close: 2f64.powi(i as i32 + 1),
            volume: 1.0,
        };
        let bars: Bars = (0..10).map(bar).collect();
        let tripled = 3.0 * std::f64::consts::LN_2;
        let all = moves_over(&bars, 3, None);
        assert_eq!(all.len(), 8);
        assert!(all.iter().all(|x| (x - tripled).abs() < 1e-12), "{all:?}");
        assert_eq!(moves_over(&bars, 3, Some(1)).len(), 6);
        assert_eq!(
            moved(&bars.slice(0..3)).map(|x| (x - tripled).abs() < 1e-12),
            Some(true)
        );
        assert_eq!(moves_over(&bars, 11, None), Vec::<f64>::new());
    }
}
