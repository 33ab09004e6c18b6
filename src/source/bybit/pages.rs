use super::answer::{PAGE_LIMIT, Page};
use super::client::{BybitClient, PageRequest};
use super::grid::{Grid, after};
use super::instrument::{BybitCategory, Instrument};
use crate::error::{Error, Result};
use crate::model::{Bar, BarDefect, Bars, Interval, Timestamp};

/// How far a server's clock may be behind the open time of a candle that it sends.
const CLOCK_SLACK_MS: i64 = 60_000;

/// No candle is older.
const EPOCH: Timestamp = Timestamp::from_millis(0);

/// What a download cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    /// Answers with or without candles.
    pub(super) pages: u64,
    /// Attempts after the first of each request.
    pub(super) retries: u64,
    /// Candles that came, those that were left out too.
    pub(super) rows: u64,
    /// The server's time in the last answer.
    pub(super) server_time: Option<Timestamp>,
    /// Candles that cannot be, and the first of them.
    pub(super) left_out: u64,
    pub(super) first_left_out: Option<LeftOutCandle>,
}

/// A candle that was left out because it cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOutCandle {
    /// Its open time.
    pub time: Timestamp,
    /// What is wrong with it.
    pub defect: BarDefect,
}

/// Candles of one page that cannot be and are left out; more of them are no slip of the exchange.
const FEW_BAD: usize = 10;

/// Pages of candles from new to old, ascending and never empty within; see
/// [`BybitClient::klines_before`]. It ends after an error.
#[derive(Debug)]
pub struct KlinePages<'a> {
    client: &'a BybitClient,
    instrument: Instrument,
    start: Option<Timestamp>,
    /// The latest open time that is still wanted.
    end: Timestamp,
    /// The open time of the oldest candle that came.
    border: Option<Timestamp>,
    grid: Grid,
    now: Timestamp,
    done: bool,
    pub(super) traffic: Traffic,
}

impl BybitClient {
    /// The closed candles whose open times lie in `start..=end`, page by page from new to old;
    /// without `start`, back to the first that there is. A symbol without candles in the range
    /// gives no page. `now` tells which candle is still open if the server does not say its time.
    ///
    /// # Errors
    /// [`Error::Invalid`] before any request if Bybit has no candles of that interval, if the
    /// symbol is no name in upper case, or if `start` is after `end`. A page is an
    /// [`Error::Remote`] if the server fails or sends what cannot be, and an
    /// [`Error::Interrupted`] once the client's flag is set. A few candles of a page with an
    /// impossible price are left out.
    pub fn klines_before(
        &self,
        category: BybitCategory,
        symbol: &str,
        interval: Interval,
        start: Option<Timestamp>,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<KlinePages<'_>> {
        if let Some(start) = start
            && start > end
        {
            return Err(Error::invalid(format!(
                "expected a start before the end, found {start} and {end}"
            )));
        }
        let instrument = Instrument::new(category, symbol, interval)?;
        Ok(KlinePages::new(self, instrument, start, end, now))
    }
}

impl<'a> KlinePages<'a> {
    pub(super) fn new(
        client: &'a BybitClient,
        instrument: Instrument,
        start: Option<Timestamp>,
        end: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            client,
            grid: Grid::new(instrument.interval, None),
            instrument,
            start: start.map(|start| start.max(EPOCH)),
            end,
            border: None,
            now,
            done: false,
            traffic: Traffic::default(),
        }
    }

    /// Names a candle that the others must be on a grid with.
    pub(super) fn anchored_at(mut self, open: Timestamp) -> Self {
        self.grid = Grid::new(self.instrument.interval, Some(open));
        self
    }

    fn next_page(&mut self) -> Result<Option<Bars>> {
        while !self.done && self.start.unwrap_or(EPOCH) <= self.end {
            let asked_start = self.start.filter(|&start| self.fits_in_a_page(start));
            let request = PageRequest {
                instrument: &self.instrument,
                start: asked_start,
                end: self.end,
                now: self.now,
            };
            let page = self.client.fetch_page(request, &mut self.traffic.retries)?;
            self.traffic.pages += 1;
            self.traffic.rows += page.rows.len() as u64;
            self.traffic.server_time = Some(page.server_time);
            let bars = self.admit(page, asked_start)?;
            if !bars.is_empty() {
                return Ok(Some(bars));
            }
        }
        Ok(None)
    }

    /// Whether at most [`PAGE_LIMIT`] candles lie between `start` and the end. An unaligned start
    /// brings the candle around it too, hence the 2.
    fn fits_in_a_page(&self, start: Timestamp) -> bool {
        self.end <= after(self.instrument.interval, start, PAGE_LIMIT as u32 - 2)
    }

    /// Checks the rows of a page, moves on to what lies before it, and gives what is wanted of it.
    fn admit(&mut self, page: Page, asked_start: Option<Timestamp>) -> Result<Bars> {
        let mut rows = page.rows;
        // A server that takes the end of the next range as part of this one repeats the border.
        if rows
            .first()
            .is_some_and(|row| Some(row.time) == self.border)
        {
            rows.remove(0);
        }
        let (Some(newest), Some(oldest)) = (rows.first(), rows.last()) else {
            self.done = true;
            return Ok(Bars::default());
        };
        let oldest = oldest.time;
        if newest.time > self.end {
            return Err(self.outside(newest.time, asked_start));
        }
        // Bybit matches a start with the candle that is open at that time.
        let earliest = asked_start.unwrap_or(EPOCH);
        let interval = self.instrument.interval;
        if oldest < earliest && interval.close_of(oldest) <= earliest {
            return Err(self.outside(oldest, asked_start));
        }
        let mut bars = Bars::with_capacity(rows.len());
        let mut bad = Vec::new();
        for row in rows.iter().rev() {
            if !self.is_wanted(row, page.server_time)? {
                continue;
            }
            match row.check() {
                Ok(()) => bars.push(*row),
                Err(defect) => bad.push((row.time, defect)),
            }
        }
        self.leave_out(&bad)?;
        self.border = Some(oldest);
        self.end = oldest.plus_millis(-1);
        Ok(bars)
    }

    fn is_wanted(&mut self, row: &Bar, server_time: Timestamp) -> Result<bool> {
        let strange = |what: &str| {
            Error::Remote(format!(
                "expected candles of {} from Bybit, found one that opens at {}: {what}",
                self.instrument, row.time
            ))
        };
        if row.time > server_time.plus_millis(CLOCK_SLACK_MS) {
            return Err(strange(&format!(
                "it lies in the future, the server's time is {server_time}"
            )));
        }
        if !self.grid.admits(row.time) {
            return Err(strange("no candle of this interval opens at that time"));
        }
        let closed = self.instrument.interval.close_of(row.time) <= server_time;
        Ok(closed && self.start.is_none_or(|start| row.time >= start))
    }

    /// Counts the candles of a page that cannot be.
    fn leave_out(&mut self, bad: &[(Timestamp, BarDefect)]) -> Result<()> {
        let Some((time, defect)) = bad.first() else {
            return Ok(());
        };
        if bad.len() > FEW_BAD {
            return Err(Error::Remote(format!(
                "expected candles of {} from Bybit, found {} in one answer that cannot be, the first opens at {time}: {defect}",
                self.instrument,
                bad.len()
            )));
        }
        self.traffic.left_out += bad.len() as u64;
        let (time, defect) = (*time, *defect);
        self.traffic
            .first_left_out
            .get_or_insert(LeftOutCandle { time, defect });
        Ok(())
    }

    fn outside(&self, time: Timestamp, asked_start: Option<Timestamp>) -> Error {
        let from = asked_start.map_or_else(String::new, |start| format!("from {start} "));
        Error::Remote(format!(
            "expected candles of {} {from}up to {} from Bybit, found one that opens at {time}; \
             the server does not follow the API",
            self.instrument, self.end
        ))
    }
}

impl Iterator for KlinePages<'_> {
    type Item = Result<Bars>;

    fn next(&mut self) -> Option<Self::Item> {
        let outcome = self.next_page();
        if !matches!(outcome, Ok(Some(_))) {
            self.done = true;
        }
        outcome.transpose()
    }
}
