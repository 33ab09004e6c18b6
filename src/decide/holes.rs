//! What the bars of a replay lack: times without bars that a trade met, and an end before that of the market.

use std::time::Duration;

use super::trade::Trade;
use crate::db::{SeriesInfo, View};
use crate::error::Result;
use crate::model::{Bars, Calendar, SeriesKey, Timestamp};

/// A market with sessions never closed for longer, and who ends so long before others has ended.
const WEEK_MS: i64 = 7 * 86_400_000;

/// Trades that met a time without bars: one that is longer than a market of this kind closes. They were filled at the
/// first price after it, or held through it, which may not have been possible.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HoledTrades {
    /// How many of the trades there are.
    pub trades: usize,
    /// The longest time without bars that one of them met.
    pub longest: Duration,
}

impl HoledTrades {
    /// `None` if no trade met a time without bars.
    pub(super) fn of(
        bars: &Bars,
        trades: &[Trade],
        (series, calendar): (&SeriesKey, Calendar),
    ) -> Option<Self> {
        let pause = match calendar {
            Calendar::Continuous => 0,
            Calendar::Session => WEEK_MS,
        };
        let close = |open: i64| series.interval.close_of(Timestamp::from_millis(open));
        // The first bar after each time without bars, and how long that took.
        let pairs = bars.time.iter().zip(bars.time.iter().skip(1));
        let holes = pairs.map(|(&before, &after)| (after, after - close(before).millis()));
        let holes: Vec<(i64, i64)> = holes.filter(|(_, length)| *length > pause).collect();
        let mut met = Self {
            trades: 0,
            longest: Duration::ZERO,
        };
        for trade in trades {
            // An order is given at the close before the bar that fills it.
            let from = holes.partition_point(|(after, _)| *after < trade.entered.millis());
            let to = holes.partition_point(|(after, _)| *after <= trade.exited.millis());
            let longest = holes
                .get(from..to)
                .and_then(|h| h.iter().map(|h| h.1).max());
            if let Some(length) = longest {
                met.trades += 1;
                let length = Duration::from_millis(length.unsigned_abs());
                met.longest = met.longest.max(length);
            }
        }
        (met.trades > 0).then_some(met)
    }
}

/// The trades that met a time without bars, and how far the market of a series goes on by `until` if the series ended
/// more than a week before.
pub(super) fn lacking(
    view: &View,
    (series, until): (&SeriesKey, Option<Timestamp>),
    (bars, trades): (&Bars, &[Trade]),
) -> Result<(Option<HoledTrades>, Option<Timestamp>)> {
    let all = view.series()?;
    let Some(own) = all.iter().find(|s| s.key == *series) else {
        return Ok((None, None));
    };
    let holed = HoledTrades::of(bars, trades, (series, own.calendar));
    let alike =
        |s: &&SeriesInfo| s.key.market == series.market && s.key.interval == series.interval;
    let newest = all.iter().filter(alike).filter_map(|s| s.last).max();
    let newest = newest.map(|t| until.map_or(t, |until| t.min(until)));
    let goes_on = |t: &Timestamp| {
        own.last
            .is_some_and(|last| t.millis() - last.millis() > WEEK_MS)
    };
    Ok((holed, newest.filter(goes_on)))
}
