use std::ops::RangeInclusive;

use super::client::BybitClient;
use super::grid::{Grid, after};
use super::instrument::{BybitCategory, Instrument};
use super::pages::{KlinePages, LeftOutCandle, Traffic};
use crate::error::{Error, Result};
use crate::model::{Bars, Interval, Timestamp};

/// The candles of one window of the forward part: what fits in one page.
const WINDOW: u32 = 998;

/// What to bring up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRequest {
    /// The kind of instrument.
    pub category: BybitCategory,
    /// Bybit's name of it, in upper case: `BTCUSDT`.
    pub symbol: String,
    /// The length of a candle.
    pub interval: Interval,
    /// The earliest open time wanted; `None` is all history.
    pub start: Option<Timestamp>,
    /// The latest open time wanted; `None` is now.
    pub end: Option<Timestamp>,
    /// The open times of the first and the last stored bar; `None` if nothing is stored.
    pub stored: Option<RangeInclusive<Timestamp>>,
}

/// What a synchronisation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncReport {
    /// Answers of the server, empty ones too.
    pub pages: u64,
    /// Bars handed to the sink. The last stored bar counts: it is fetched again.
    pub bars: u64,
    /// Requests that had to be repeated.
    pub retries: u64,
    /// The open time of the earliest bar handed to the sink.
    pub first: Option<Timestamp>,
    /// The open time of the latest bar handed to the sink.
    pub last: Option<Timestamp>,
    /// Candles that were left out because they cannot be: a price of zero, a low above the high.
    pub left_out: u64,
    /// The first candle that was left out.
    pub first_left_out: Option<LeftOutCandle>,
    /// The server's time in the last answer.
    pub server_time: Option<Timestamp>,
}

/// Brings a stored series up to date, so that what is stored is one block at every moment.
///
/// Each call of `sink` gets ascending bars that continue what is stored, on either side; a store
/// that commits each at once can be interrupted anywhere, and the next run goes on from its first
/// and last bar. With something stored, first the bars after it come, in ascending order and from
/// the last stored bar on, which may have been corrected; then those before it, in pages from new
/// to old. With nothing stored, all come from new to old. What lies between the stored bars and
/// `start..=end` comes too, for without it there would be a hole.
///
/// The server's time is the default end, and tells which candle is still open. `now` stands for it until the
/// first answer, and if the server does not tell its time; a clock that is wrong by hours loses nothing.
///
/// # Errors
/// [`Error::Invalid`] before any request if the request makes no sense; [`Error::NotFound`] if
/// nothing is stored and Bybit has no candle of the symbol in the range, which is also its answer
/// to some unknown symbols; else as [`BybitClient::klines_before`], or what `sink` returns.
pub fn sync_klines(
    client: &BybitClient,
    request: &SyncRequest,
    now: Timestamp,
    sink: &mut dyn FnMut(Bars) -> Result<()>,
) -> Result<SyncReport> {
    let mut sync = Sync {
        client,
        instrument: Instrument::new(request.category, &request.symbol, request.interval)?,
        now,
        wanted_end: request.end,
        sink,
        rows: 0,
        report: SyncReport::default(),
    };
    let end = sync.end();
    check_order("a start before the end", request.start, Some(end))?;
    match &request.stored {
        Some(stored) => {
            let (first, last) = (*stored.start(), *stored.end());
            check_order(
                "a first stored bar before the last",
                Some(first),
                Some(last),
            )?;
            check_stored(request.interval, first, last)?;
            sync.forward(last)?;
            if request.start.is_none_or(|start| start < first) {
                sync.backward(request.start, first.plus_millis(-1), Some(first))?;
            }
        }
        None => sync.begin(request.start, end)?,
    }
    Ok(sync.report)
}

fn check_order(what: &str, early: Option<Timestamp>, late: Option<Timestamp>) -> Result<()> {
    match (early, late) {
        (Some(early), Some(late)) if early > late => Err(Error::invalid(format!(
            "expected {what}, found {early} and {late}"
        ))),
        _ => Ok(()),
    }
}

fn check_stored(interval: Interval, first: Timestamp, last: Timestamp) -> Result<()> {
    let mut grid = Grid::new(interval, None);
    if grid.admits(first) && grid.admits(last) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "expected stored bars of {interval} that open when those of Bybit do, found {first} and \
         {last}; keep bars of another origin in a series of their own"
    )))
}

fn nothing_found(instrument: &Instrument, start: Option<Timestamp>, end: Timestamp) -> Error {
    let from = start.map_or_else(String::new, |start| format!("from {start} "));
    Error::NotFound {
        what: "candles at Bybit of",
        name: format!("{instrument} {from}up to {end}"),
        hint_text: "check the spelling of the symbol, its category and the dates".to_owned(),
    }
}

struct Sync<'a> {
    client: &'a BybitClient,
    instrument: Instrument,
    now: Timestamp,
    wanted_end: Option<Timestamp>,
    sink: &'a mut dyn FnMut(Bars) -> Result<()>,
    rows: u64,
    report: SyncReport,
}

impl<'a> Sync<'a> {
    /// The latest open time that can be there: nothing opens after the server's time.
    fn end(&self) -> Timestamp {
        let now = match (self.report.server_time, self.wanted_end) {
            (Some(time), _) => time,
            // The day allows for a clock that is behind.
            (None, Some(_)) => self.now.plus_millis(86_400_000),
            (None, None) => self.now,
        };
        self.wanted_end.map_or(now, |wanted| wanted.min(now))
    }

    /// All that there is, where nothing is stored: back from `end`, and then on to where the server's time says
    /// that the end is.
    fn begin(&mut self, start: Option<Timestamp>, end: Timestamp) -> Result<()> {
        self.backward(start, end, None)?;
        if self.rows == 0 && end < self.end() {
            self.backward(start, self.end(), None)?;
        }
        if self.rows == 0 {
            return Err(nothing_found(&self.instrument, start, self.end()));
        }
        let interval = self.instrument.interval;
        let Some(last) = self.report.last else {
            return Ok(());
        };
        let missed = after(interval, last, 1);
        if end < missed && interval.close_of(missed) <= self.end() {
            self.forward(last)?;
        }
        Ok(())
    }

    /// From the last stored bar on, window by window. A window is handed over whole, even if the
    /// server gives it in several pages, so that nothing of it is stored before what precedes it.
    fn forward(&mut self, last: Timestamp) -> Result<()> {
        let mut from = last;
        loop {
            let next = after(self.instrument.interval, from, WINDOW);
            // Until the server has said its time, the clock of this machine must not end the window.
            let end = match self.report.server_time {
                Some(_) => self.end(),
                None => self.wanted_end.unwrap_or(next),
            };
            if from > end {
                return Ok(());
            }
            let until = next.plus_millis(-1).min(end);
            let mut pages = self.pages(Some(from), until).anchored_at(last);
            let window = pages.by_ref().collect::<Result<Vec<Bars>>>();
            self.count(pages.traffic);
            let mut bars = Bars::default();
            for page in window?.iter().rev() {
                bars.extend(page);
            }
            self.hand_over(bars)?;
            from = next;
        }
    }

    /// Down to `start`, or as far as there is anything, page by page.
    fn backward(
        &mut self,
        start: Option<Timestamp>,
        end: Timestamp,
        anchor: Option<Timestamp>,
    ) -> Result<()> {
        let mut pages = self.pages(start, end);
        if let Some(anchor) = anchor {
            pages = pages.anchored_at(anchor);
        }
        for page in pages.by_ref() {
            self.hand_over(page?)?;
        }
        self.count(pages.traffic);
        Ok(())
    }

    fn pages(&self, start: Option<Timestamp>, end: Timestamp) -> KlinePages<'a> {
        KlinePages::new(self.client, self.instrument.clone(), start, end, self.now)
    }

    fn count(&mut self, traffic: Traffic) {
        self.report.pages += traffic.pages;
        self.report.retries += traffic.retries;
        self.rows += traffic.rows;
        let report = &mut self.report;
        report.left_out += traffic.left_out;
        report.first_left_out = report.first_left_out.or(traffic.first_left_out);
        report.server_time = traffic.server_time.or(report.server_time);
    }

    fn hand_over(&mut self, bars: Bars) -> Result<()> {
        let (Some(&first), Some(&last)) = (bars.time.first(), bars.time.last()) else {
            return Ok(());
        };
        let (first, last) = (Timestamp::from_millis(first), Timestamp::from_millis(last));
        let count = bars.len() as u64;
        (self.sink)(bars)?;
        let report = &mut self.report;
        report.bars += count;
        report.first = Some(report.first.map_or(first, |known| known.min(first)));
        report.last = Some(report.last.map_or(last, |known| known.max(last)));
        Ok(())
    }
}
