//! Candles from the Bybit v5 market API.
//!
//! ```text
//! sync_klines ──> KlinePages ──> BybitClient ──> Attempts    retries, one rate limit for all clones
//!  what to ask     one page                 └──> Transport   one GET: deadline, size limit
//!  in what order   after another                 answer      bytes not trusted -> rows
//! ```
//!
//! Two properties of the API decide how pages are asked for. An answer is newest first and holds
//! at most 1000 candles, and nothing documents which ones come when a range with both ends holds
//! more. So a range is sent with both ends only if it fits in one page; else only its end is sent,
//! which is documented to give the newest candles up to it, and what is too old is cut off here.
//! And a short page does not mean that history ends: only an empty page does.
//!
//! Nothing that a server sends is believed: a candle outside of the range, off the interval's
//! grid, out of order or from the future is an error. Each page must lie before the one before it,
//! so no server can keep the loop going with the same page. One candle with an impossible price is
//! left out and counted, because it comes again at every try and would stop the rest for ever; a page
//! with many of them is an error.
//!
//! The server's time, which every answer has, says what is closed and where history ends. The clock
//! of this machine counts only until the first answer.

mod answer;
mod client;
mod grid;
mod instrument;
mod open_bar;
mod pages;
mod sync;

pub use client::{BybitClient, BybitClientBuilder};
pub use grid::parse_bybit_interval;
pub use instrument::{BybitCategory, bybit_series_key};
pub use pages::{KlinePages, LeftOutCandle};
pub use sync::{SyncReport, SyncRequest, sync_klines};

/// The rows of an answer, checked as far as one answer can be.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_answer(
    status: u16,
    body: &[u8],
    instrument: (BybitCategory, &str, crate::model::Interval),
    now: crate::model::Timestamp,
) -> Result<Vec<crate::model::Bar>, String> {
    use crate::source::http::{Answer, Fault};
    let (category, symbol, interval) = instrument;
    let instrument =
        instrument::Instrument::new(category, symbol, interval).map_err(|e| e.to_string())?;
    let answer = Answer {
        status,
        body: body.to_vec(),
        ..Answer::default()
    };
    let page = answer::read_page(&answer, &instrument, now);
    page.map(|page| page.rows).map_err(|fault| match fault {
        Fault::Transient(what) | Fault::Limited(what, _) | Fault::Blocked(what) => what,
        Fault::Final(error) => error.to_string(),
    })
}
