//! Prices: a factor a market, volatility that clusters and changes its regime, fat tails, and the
//! planned events on top.

use super::exchange::{Exchange, PlannedEvent};
use super::market_kind::MarketKind;
use super::random::{Purpose, Stream, exp, ln};
use super::shape::EventBar;
use crate::model::{Bar, Bars, Interval, Timestamp};

/// An event moves the price by at least this many standard deviations of what else happens
/// meanwhile, so that it shows.
const CLARITY: f64 = 2.4;

/// Traded volume by hour of the day (UTC), mean 1.
const VOLUME_BY_HOUR: [f64; 24] = [
    0.96, 0.88, 0.82, 0.76, 0.72, 0.70, 0.72, 0.82, 0.95, 1.00, 1.00, 1.02, 1.10, 1.34, 1.56, 1.54,
    1.42, 1.26, 1.14, 1.08, 1.04, 1.06, 1.08, 1.03,
];

/// The numbers in which the two markets differ, a bar.
struct Character {
    /// Volatility of the market's factor.
    factor: f64,
    /// Volatility of one symbol's own part.
    own: f64,
    /// How strongly the global factor's day moves one bar.
    global: f64,
    /// How fast log prices return to where they started.
    reversion: f64,
    /// Mean bars in one volatility regime.
    regime: f64,
    /// Standard deviation of the open around the last close, in standard deviations of a bar.
    overnight: f64,
    /// The lowest and the highest first price.
    prices: (f64, f64),
    /// Traded value of one bar.
    turnover: f64,
}

fn character(kind: MarketKind) -> Character {
    match kind {
        MarketKind::Crypto => Character {
            factor: 0.0045,
            own: 0.0050,
            global: 2.0 / 24.0,
            reversion: 1.6e-4,
            regime: 400.0,
            overnight: 0.01,
            prices: (0.05, 4_000.0),
            turnover: 4e6,
        },
        MarketKind::Equity => Character {
            factor: 0.0075,
            own: 0.0115,
            global: 1.0,
            reversion: 2.8e-3,
            regime: 80.0,
            overnight: 0.35,
            prices: (12.0, 400.0),
            turnover: 3e7,
        },
    }
}

/// A return series whose volatility clusters (GARCH) and jumps between calm, normal and wild.
struct Volatility {
    base: f64,
    regime_length: f64,
    regime: f64,
    /// Variance in units of `regime * base`, mean 1.
    heat: f64,
}

impl Volatility {
    const CALM: f64 = 0.6;
    const NORMAL: f64 = 1.0;
    const WILD: f64 = 1.8;

    fn new(base: f64, regime_length: f64) -> Self {
        Self {
            base,
            regime_length,
            regime: Self::NORMAL,
            heat: 1.0,
        }
    }

    /// The next return and the standard deviation that it was drawn with.
    fn next(&mut self, stream: &mut Stream) -> (f64, f64) {
        let switch = stream.unit() * self.regime_length;
        if switch < 1.0 {
            // Calm and wild lead back to normal; normal leads to either.
            self.regime = match (self.regime == Self::NORMAL, switch < 0.5) {
                (true, true) => Self::CALM,
                (true, false) => Self::WILD,
                (false, _) => Self::NORMAL,
            };
        }
        let sigma = self.base * self.regime * self.heat.sqrt();
        let z = stream.fat_tailed().clamp(-6.0, 6.0);
        self.heat = (0.03 + 0.07 * self.heat * z * z + 0.90 * self.heat).min(9.0);
        (sigma * z, sigma)
    }
}

/// What moves every symbol of one market: a return and its standard deviation for each bar.
pub(super) struct Factor {
    returns: Vec<f64>,
    sigmas: Vec<f64>,
    /// The part of the global factor, added with a weight of 1.
    global: Vec<f64>,
}

impl Factor {
    /// Draws the factor of a market.
    pub(super) fn draw(exchange: &Exchange) -> Self {
        let character = character(exchange.kind);
        let mut stream = Stream::new(exchange.seed, Purpose::MarketFactor, exchange.kind, 0);
        let mut volatility = Volatility::new(character.factor, character.regime);
        let (returns, sigmas) = exchange
            .opens
            .iter()
            .map(|_| volatility.next(&mut stream))
            .unzip();
        Self {
            returns,
            sigmas,
            global: global_part(exchange, character.global),
        }
    }
}

/// The global factor has one return a calendar day, the same for both markets.
fn global_part(exchange: &Exchange, weight: f64) -> Vec<f64> {
    const DAILY: f64 = 0.003;
    let mut stream = Stream::new(exchange.seed, Purpose::GlobalFactor, MarketKind::Crypto, 0);
    let first = exchange.opens.first().copied().unwrap_or(0);
    let day_of = |open: i64| (open - first) / Interval::days(1).nominal_millis();
    let mut day = 0;
    let mut today = DAILY * stream.normal();
    let parts = exchange.opens.iter().map(|&open| {
        while day < day_of(open) {
            today = DAILY * stream.normal();
            day += 1;
        }
        weight * today
    });
    parts.collect()
}

/// What happens in one bar, in log prices.
struct Move {
    /// From the last close to this open.
    overnight: f64,
    /// From this open to this close.
    intraday: f64,
    /// Standard deviation of the path from open to close.
    wander: f64,
    /// Traded amount in ordinary bars' worth.
    activity: f64,
}

/// One symbol while its bars are drawn.
struct Walker {
    kind: MarketKind,
    character: Character,
    stream: Stream,
    volatility: Volatility,
    beta: f64,
    first_log: f64,
    log: f64,
    tick: f64,
    /// Mean traded amount of a bar.
    amount: f64,
    /// Slow part of the log volume.
    interest: f64,
    /// The log return of the present event, fixed at its first bar.
    event_size: f64,
}

/// Draws the bars of one instrument.
pub(super) fn bars(exchange: &Exchange, factor: &Factor, instrument: usize) -> Bars {
    let mut walker = Walker::new(exchange, instrument);
    let mut bars = Bars::with_capacity(exchange.opens.len());
    let mut events = exchange.events_of(instrument).peekable();
    let common = factor.returns.iter().zip(&factor.sigmas);
    let common = common.zip(&factor.global);
    for (i, (&open, ((&shared, &shared_sigma), &global))) in
        exchange.opens.iter().zip(common).enumerate()
    {
        while events.next_if(|event| event.end() <= i).is_some() {}
        let event = events.peek().filter(|event| event.start <= i).copied();
        let shared = (shared * walker.beta + global, shared_sigma * walker.beta);
        let step = walker.step(shared, event.map(|event| (event, i - event.start)));
        bars.push(walker.bar(open, &step));
    }
    bars
}

impl Walker {
    fn new(exchange: &Exchange, instrument: usize) -> Self {
        let kind = exchange.kind;
        let character = character(kind);
        let mut stream = Stream::new(exchange.seed, Purpose::Prices, kind, instrument as u64);
        let (low, high) = character.prices;
        let first_log = stream.between(ln(low), ln(high));
        let price = exp(first_log);
        let own = character.own * stream.between(0.7, 1.35);
        Self {
            kind,
            volatility: Volatility::new(own, character.regime),
            beta: stream.between(0.6, 1.5),
            first_log,
            log: first_log,
            tick: tick_of(kind, price),
            amount: character.turnover * exp(stream.normal()) / price,
            interest: 0.0,
            event_size: 0.0,
            character,
            stream,
        }
    }

    /// Draws one move; `shared` is the common return and its standard deviation.
    fn step(&mut self, shared: (f64, f64), event: Option<(&PlannedEvent, usize)>) -> Move {
        let (own, own_sigma) = self.volatility.next(&mut self.stream);
        let sigma = (own_sigma * own_sigma + shared.1 * shared.1).sqrt();
        let pull = self.character.reversion * (self.first_log - self.log);
        let mut total = shared.0 + own + pull;
        // Drawn in every bar, so that an event changes no later draw.
        let surprise = self.stream.normal();
        let reaction = self.stream.between(0.8, 1.25);
        let mut overnight = self.character.overnight * (sigma * surprise + 0.5 * total);
        let (mut range, mut boost) = (1.0, 1.0);
        if let Some((event, offset)) = event
            && let Some(bar) = event.shape.bars.get(offset)
        {
            if offset == 0 {
                let least = CLARITY * bar.noise * sigma * (event.shape.bars.len() as f64).sqrt();
                self.event_size = (event.shape.amplitude * reaction).max(least);
            }
            (total, overnight) = self.with_event(*bar, total, overnight);
            (range, boost) = (bar.range, bar.volume);
        }
        self.interest = 0.95 * self.interest + 0.12 * self.stream.normal();
        let unusual = (total.abs() / sigma).min(12.0);
        Move {
            overnight,
            intraday: total - overnight,
            wander: 0.8 * sigma * range,
            activity: boost * (0.55 + 0.55 * unusual) * exp(self.interest),
        }
    }

    fn with_event(&self, bar: EventBar, total: f64, overnight: f64) -> (f64, f64) {
        (
            total * bar.noise + self.event_size * bar.step,
            overnight * bar.noise + self.event_size * bar.gap,
        )
    }

    /// The bar of a move. High and low are those of a Brownian bridge from open to close, whose
    /// distribution is known: no path has to be drawn.
    fn bar(&mut self, open_time: i64, step: &Move) -> Bar {
        let open_log = self.log + step.overnight;
        self.log = open_log + step.intraday;
        let mut reach = |x: f64| {
            let spread = 2.0 * step.wander * step.wander * self.stream.exponential();
            0.5 * (x + (x * x + spread).sqrt())
        };
        let up = reach(step.intraday);
        let down = reach(-step.intraday);
        let noise = self.stream.between(0.85, 1.15);
        let open = self.price(open_log);
        let close = self.price(self.log);
        let by_hour = match self.kind {
            MarketKind::Crypto => hour_share(open_time),
            MarketKind::Equity => 1.0,
        };
        Bar {
            time: Timestamp::from_millis(open_time),
            open,
            high: self.price(open_log + up).max(open).max(close),
            low: self.price(open_log - down).min(open).min(close),
            close,
            volume: round_volume(self.amount * by_hour * step.activity * noise),
        }
    }

    fn price(&self, log: f64) -> f64 {
        on_tick(exp(log), self.tick)
    }
}

fn hour_share(open_time: i64) -> f64 {
    let hour = open_time
        .div_euclid(Interval::hours(1).nominal_millis())
        .rem_euclid(24);
    usize::try_from(hour)
        .ok()
        .and_then(|hour| VOLUME_BY_HOUR.get(hour))
        .copied()
        .unwrap_or(1.0)
}

/// Ticks a unit of price: cents for equities, five significant digits for crypto. A count, and
/// not the tick itself, because 0.01 has no exact binary form and 100 has.
fn tick_of(kind: MarketKind, price: f64) -> f64 {
    if kind == MarketKind::Equity {
        return 100.0;
    }
    let mut ticks = 1.0;
    while price * ticks < 10_000.0 {
        ticks *= 10.0;
    }
    ticks
}

fn on_tick(price: f64, ticks: f64) -> f64 {
    (price * ticks).round().max(1.0) / ticks
}

/// Four to six significant digits, as exchanges print them.
fn round_volume(volume: f64) -> f64 {
    let steps = if volume < 1_000.0 { 1_000.0 } else { 1.0 };
    (volume * steps).round() / steps
}
