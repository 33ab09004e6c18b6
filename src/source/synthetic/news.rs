//! Headlines: one an event, and fillers between the events.

use super::exchange::{Exchange, PlannedEvent};
use super::market_kind::MarketKind;
use super::names::SECTORS;
use super::phrases;
use super::random::{Purpose, Stream};
use super::wording::{Subject, Wordings, sentence};
use crate::model::{Headline, TimePrecision, Timestamp};

const SOURCE: &str = "synthetic";

/// All headlines of a market, events first, not sorted by time.
pub(super) fn headlines(exchange: &Exchange, wordings: Wordings) -> Vec<Headline> {
    let mut all: Vec<Headline> = exchange
        .events
        .iter()
        .filter_map(|event| of_event(exchange, event, wordings))
        .collect();
    for instrument in 0..exchange.instruments.len() {
        fillers(exchange, instrument, wordings, &mut all);
    }
    all
}

fn of_event(exchange: &Exchange, event: &PlannedEvent, wordings: Wordings) -> Option<Headline> {
    let &first = event.instruments.first()?;
    let templates = phrases::of_event(event.kind);
    let mut headline = headline(
        exchange,
        event.start,
        first,
        event.words,
        templates,
        wordings,
    )?;
    let symbol_of = |&i: &usize| {
        exchange
            .instruments
            .get(i)
            .map(|found| found.symbol.clone())
    };
    headline.symbols = event.instruments.iter().filter_map(symbol_of).collect();
    Some(headline)
}

/// Headlines of one symbol outside of its events, about one in `MEAN_DAYS` days.
fn fillers(
    exchange: &Exchange,
    instrument: usize,
    wordings: Wordings,
    headlines: &mut Vec<Headline>,
) {
    const MEAN_DAYS: f64 = 45.0;
    let day = 86_400_000.0;
    let mean_bars = MEAN_DAYS * day / exchange.kind.interval().nominal_millis() as f64;
    let mut stream = Stream::new(
        exchange.seed,
        Purpose::Filler,
        exchange.kind,
        instrument as u64,
    );
    let mut events = exchange.events_of(instrument).peekable();
    let mut bar = 0;
    loop {
        bar += 1 + (stream.exponential() * mean_bars) as usize;
        let words = stream.index();
        while events.next_if(|event| event.end() <= bar).is_some() {}
        if events.peek().is_some_and(|event| event.start <= bar) {
            continue;
        }
        match headline(exchange, bar, instrument, words, &phrases::FILLER, wordings) {
            Some(filler) => headlines.push(filler),
            None => return,
        }
    }
}

/// A headline about an instrument within the bar at index `bar`; `None` past the last bar.
fn headline(
    exchange: &Exchange,
    bar: usize,
    instrument: usize,
    words: u64,
    templates: &[&str],
    wordings: Wordings,
) -> Option<Headline> {
    let open = Timestamp::from_millis(*exchange.opens.get(bar)?);
    let about = exchange.instruments.get(instrument)?;
    let mut stream = Stream::new(exchange.seed, Purpose::Words, exchange.kind, words);
    let (time, precision) = publication(exchange.kind, open, &mut stream);
    let subject = Subject {
        name: &about.name,
        ticker: &about.ticker,
        sector: SECTORS.get(instrument % SECTORS.len())?,
    };
    Some(Headline {
        time,
        precision,
        text: sentence(templates, wordings, subject, &mut stream),
        source: SOURCE.to_owned(),
        symbols: vec![about.symbol.clone()],
    })
}

fn publication(
    kind: MarketKind,
    open: Timestamp,
    stream: &mut Stream,
) -> (Timestamp, TimePrecision) {
    const SECOND: i64 = 1_000;
    const MINUTE: i64 = 60 * SECOND;
    if kind == MarketKind::Equity {
        return (open, TimePrecision::Day);
    }
    let after = stream.below(3_600) as i64 * SECOND;
    if stream.unit() < 0.5 {
        (open.plus_millis(after), TimePrecision::Second)
    } else {
        (
            open.plus_millis(after - after % MINUTE),
            TimePrecision::Minute,
        )
    }
}
