//! Kinds of markets.

use super::event::EventKind;
use crate::model::{Calendar, Interval};

/// Which of the two markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarketKind {
    Crypto = 0,
    Equity = 1,
}

impl MarketKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crypto => "crypto",
            Self::Equity => "equity",
        }
    }

    pub(super) fn interval(self) -> Interval {
        match self {
            Self::Crypto => Interval::hours(1),
            Self::Equity => Interval::days(1),
        }
    }

    pub(super) fn calendar(self) -> Calendar {
        match self {
            Self::Crypto => Calendar::Continuous,
            Self::Equity => Calendar::Session,
        }
    }

    /// Mean bars from the end of a symbol's own event to the next, and the kinds to draw from; a
    /// kind that stands twice is twice as common.
    pub(super) fn own_events(self) -> (f64, &'static [EventKind]) {
        use EventKind::{CeoScandal, Crash, Dump, EarningsBeat, Pump, Rally, ShortSqueeze};
        match self {
            Self::Crypto => (900.0, &[Pump, Crash, ShortSqueeze, Rally, Dump]),
            Self::Equity => (90.0, &[EarningsBeat, EarningsBeat, CeoScandal]),
        }
    }
}
