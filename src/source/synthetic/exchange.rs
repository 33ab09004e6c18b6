//! One market before its prices: when bars open, who is traded, and which events strike whom.

use super::config::SyntheticConfig;
use super::event::{EventKind, MarketEvent};
use super::market_kind::MarketKind;
use super::names::{Instrument, SECTORS};
use super::random::{Purpose, Stream};
use super::shape::{self, Shape};
use super::{grid, names};
use crate::error::Result;
use crate::model::{SeriesKey, Timestamp};

/// Bars between two events of a symbol, at the least.
const CLEARANCE: usize = 6;

/// Events are planned this far past the last bar and then dropped if they do not fit, so that an
/// event near the end yields to the same others however long the history is.
const FORESIGHT: usize = 128;

/// An event with its place on the market's grid.
#[derive(Clone, Debug)]
pub(super) struct PlannedEvent {
    pub(super) kind: EventKind,
    /// The index of its first bar.
    pub(super) start: usize,
    pub(super) shape: Shape,
    /// The indices of the instruments that it hits.
    pub(super) instruments: Vec<usize>,
    /// The stream of its headline.
    pub(super) words: u64,
}

impl PlannedEvent {
    /// The index after its last bar.
    pub(super) fn end(&self) -> usize {
        self.start + self.shape.bars.len()
    }
}

/// A market: its grid, its instruments and its events in time order.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) kind: MarketKind,
    pub(super) seed: u64,
    /// Open times in milliseconds.
    pub(super) opens: Vec<i64>,
    pub(super) instruments: Vec<Instrument>,
    /// The series of each instrument.
    pub(super) series: Vec<SeriesKey>,
    pub(super) events: Vec<PlannedEvent>,
}

impl Exchange {
    /// Plans a market.
    pub(super) fn plan(kind: MarketKind, config: &SyntheticConfig) -> Result<Self> {
        let (opens, instruments) = match kind {
            MarketKind::Crypto => (
                grid::hours(config.start, config.crypto_bars),
                names::crypto(config.crypto_symbols),
            ),
            MarketKind::Equity => (
                grid::sessions(config.start, config.equity_days)?,
                names::equity(config.equity_symbols),
            ),
        };
        let series: Result<Vec<_>> = instruments
            .iter()
            .map(|i| SeriesKey::new(kind.name(), "synthetic", &i.symbol, kind.interval()))
            .collect();
        let events = plan_events(kind, config.seed, opens.len(), &instruments);
        Ok(Self {
            kind,
            seed: config.seed,
            opens,
            instruments,
            series: series?,
            events,
        })
    }

    /// The events as a user sees them, in time order.
    pub(super) fn truth(&self) -> impl Iterator<Item = MarketEvent> {
        let open_of = |bar: usize| self.opens.get(bar).copied().map(Timestamp::from_millis);
        self.events.iter().filter_map(move |event| {
            let hit = event.instruments.iter();
            Some(MarketEvent {
                kind: event.kind,
                time: open_of(event.start)?,
                end: self.kind.interval().close_of(open_of(event.end() - 1)?),
                bars: event.shape.bars.len(),
                series: hit.filter_map(|&i| self.series.get(i).cloned()).collect(),
            })
        })
    }

    /// The events of one instrument in time order. They do not overlap.
    pub(super) fn events_of(&self, instrument: usize) -> impl Iterator<Item = &PlannedEvent> {
        self.events
            .iter()
            .filter(move |event| event.instruments.contains(&instrument))
    }
}

fn plan_events(
    kind: MarketKind,
    seed: u64,
    bars: usize,
    instruments: &[Instrument],
) -> Vec<PlannedEvent> {
    let horizon = bars + FORESIGHT;
    let mut events = Vec::new();
    if kind == MarketKind::Equity {
        let everyone: Vec<usize> = (0..instruments.len()).collect();
        let mut stream = Stream::new(seed, Purpose::MarketEvents, kind, 0);
        events = place(
            &mut stream,
            200.0,
            &[EventKind::RateHike],
            horizon,
            &everyone,
            &[],
        );
        let mut rallies = Vec::new();
        for sector in 0..SECTORS.len() {
            let members: Vec<usize> = everyone
                .iter()
                .copied()
                .filter(|i| i % SECTORS.len() == sector)
                .collect();
            let mut stream = Stream::new(seed, Purpose::SectorEvents, kind, sector as u64);
            let kinds = &[EventKind::SectorRally];
            rallies.extend(place(&mut stream, 260.0, kinds, horizon, &members, &events));
        }
        events.extend(rallies);
    }
    let shared = events.clone();
    for instrument in 0..instruments.len() {
        let mut stream = Stream::new(seed, Purpose::Events, kind, instrument as u64);
        let (mean_gap, kinds) = kind.own_events();
        let hits = [instrument];
        events.extend(place(&mut stream, mean_gap, kinds, horizon, &hits, &shared));
    }
    events.retain(|event| event.end() <= bars && !event.instruments.is_empty());
    // A stable sort: events of one bar stay in the order of their instruments.
    events.sort_by_key(|event| event.start);
    events
}

/// Draws events at random distances, from the first bar on, and drops those that would touch one
/// of `taken` that hits the same instrument. A further horizon adds events and changes none.
fn place(
    stream: &mut Stream,
    mean_gap: f64,
    kinds: &[EventKind],
    horizon: usize,
    instruments: &[usize],
    taken: &[PlannedEvent],
) -> Vec<PlannedEvent> {
    let mut placed = Vec::new();
    let mut free_from = CLEARANCE;
    loop {
        let start = free_from + (stream.exponential() * mean_gap) as usize;
        let Some(&kind) = kinds.get(stream.below(kinds.len())) else {
            return placed;
        };
        let (shortest, longest) = shape::durations(kind);
        let length = stream.whole(shortest, longest);
        let shape = Shape::draw(kind, length, stream);
        let words = stream.index();
        let end = start + length;
        if end > horizon {
            return placed;
        }
        let touches = |other: &PlannedEvent| {
            start < other.end() + CLEARANCE
                && other.start < end + CLEARANCE
                && other.instruments.iter().any(|i| instruments.contains(i))
        };
        free_from = end + CLEARANCE;
        if !taken.iter().any(touches) {
            placed.push(PlannedEvent {
                kind,
                start,
                shape,
                instruments: instruments.to_vec(),
                words,
            });
        }
    }
}
