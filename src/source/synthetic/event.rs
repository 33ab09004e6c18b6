use std::fmt;

use crate::model::{SeriesKey, Timestamp};

/// A kind of planted event, each with a shape of its own over 8 to 48 bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// Crypto: a quick rise, then a partial fade.
    Pump,
    /// Crypto: a fast fall with high volume, then a weak bounce.
    Crash,
    /// Crypto: a slow fall, then a violent rise.
    ShortSqueeze,
    /// Crypto: a steady climb.
    Rally,
    /// Crypto: a fall in steps.
    Dump,
    /// Equity: a gap up, then a drift upwards.
    EarningsBeat,
    /// Equity, all symbols at once: a gap down, more fall, wide bars.
    RateHike,
    /// Equity, a third of the symbols at once: a steady climb.
    SectorRally,
    /// Equity: a gap down, then a continued slide.
    CeoScandal,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Pump,
        Self::Crash,
        Self::ShortSqueeze,
        Self::Rally,
        Self::Dump,
        Self::EarningsBeat,
        Self::RateHike,
        Self::SectorRally,
        Self::CeoScandal,
    ];

    /// The market in which it happens: `crypto` or `equity`.
    pub fn market(self) -> &'static str {
        match self {
            Self::Pump | Self::Crash | Self::ShortSqueeze | Self::Rally | Self::Dump => "crypto",
            Self::EarningsBeat | Self::RateHike | Self::SectorRally | Self::CeoScandal => "equity",
        }
    }

    /// Whether the price is meant to stand higher after the event than before it.
    pub fn is_upward(self) -> bool {
        match self {
            Self::Pump
            | Self::ShortSqueeze
            | Self::Rally
            | Self::EarningsBeat
            | Self::SectorRally => true,
            Self::Crash | Self::Dump | Self::RateHike | Self::CeoScandal => false,
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pump => "pump",
            Self::Crash => "crash",
            Self::ShortSqueeze => "short-squeeze",
            Self::Rally => "rally",
            Self::Dump => "dump",
            Self::EarningsBeat => "earnings-beat",
            Self::RateHike => "rate-hike",
            Self::SectorRally => "sector-rally",
            Self::CeoScandal => "ceo-scandal",
        })
    }
}

/// The ground truth about one planted event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MarketEvent {
    /// What happened.
    pub kind: EventKind,
    /// The open time of its first bar.
    pub time: Timestamp,
    /// The close time of its last bar.
    pub end: Timestamp,
    /// Its length in bars.
    pub bars: usize,
    /// The series that it hit: one, a sector or a whole market.
    pub series: Vec<SeriesKey>,
}
