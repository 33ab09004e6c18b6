//! Bars of tables.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use pyo3::prelude::*;
use rhymedb::data::Calendar;
use rhymedb::files::{BarOptions, MappedColumn, OnError};
use rhymedb::{Bar, Bars, Error, Interval, Result, SeriesBars, SeriesKey, Timestamp};

use crate::columns::{Roles, numbers, texts, times};
use crate::errors::Outcome;
use crate::frame::Frame;

const DAY_MS: i64 = 86_400_000;

/// What the columns are called that a table of bars may have.
const ROLES: [(&str, &[&str]); 10] = [
    (
        "time",
        &["open_time", "time", "timestamp", "datetime", "date", "ts"],
    ),
    ("open", &["open", "o"]),
    ("high", &["high", "h"]),
    ("low", &["low", "l"]),
    ("close", &["close", "c"]),
    ("volume", &["volume", "vol", "v"]),
    ("symbol", &["symbol", "ticker"]),
    ("market", &["market"]),
    ("venue", &["venue", "exchange"]),
    ("interval", &["interval"]),
];

/// What a caller says about bars.
#[derive(FromPyObject)]
pub(crate) struct Options {
    market: Option<String>,
    venue: Option<String>,
    symbol: Option<String>,
    interval: Option<String>,
    calendar: Option<String>,
    time_unit: Option<String>,
    skip: bool,
    columns: HashMap<String, String>,
}

/// What to do with rows that cannot be stored.
pub(crate) fn on_error(skip: bool) -> OnError {
    if skip { OnError::Skip } else { OnError::Refuse }
}

/// Which column is which, for the library's readers of files.
pub(crate) fn mapped(columns: impl IntoIterator<Item = (String, String)>) -> Vec<MappedColumn> {
    let columns = columns.into_iter();
    let mapped = columns.map(|(field, column)| MappedColumn { field, column });
    mapped.collect()
}

impl Options {
    /// The same for the library's readers of files.
    pub(crate) fn of_files(self) -> Outcome<BarOptions> {
        Ok(BarOptions {
            interval: self.interval.as_deref().map(str::parse).transpose()?,
            calendar: self.calendar.as_deref().map(str::parse).transpose()?,
            on_error: on_error(self.skip),
            map: mapped(self.columns),
            market: self.market,
            venue: self.venue,
            symbol: self.symbol,
            ..BarOptions::default()
        })
    }
}

/// What a table of bars holds.
pub(crate) struct Read {
    pub(crate) series: Vec<SeriesBars>,
    /// Rows that cannot be bars, where the caller wants them left out.
    pub(crate) left_out: u64,
}

/// Market, venue, symbol, and the interval where a column or the caller says it.
type Name = (String, String, String, Option<String>);

/// The bars of a table, by series.
pub(crate) fn series_of(frame: &Frame, options: &Options) -> Result<Read> {
    let roles = Roles::find(&frame.names, &options.columns, &ROLES)?;
    let mut sorted = BySeries::default();
    let mut left_out = 0;
    let mut row = 0;
    for batch in &frame.batches {
        let names = Names::of(&roles, batch, options)?;
        for (i, bar) in bars_of(&roles, batch, options)?.into_iter().enumerate() {
            row += 1;
            match bar {
                Ok(bar) => sorted.push(names.row(i), row, bar)?,
                Err(_) if options.skip => left_out += 1,
                Err(why) => {
                    return Err(Error::Invalid(format!(
                        "row {row} is no bar: {why}; correct it, or leave such rows out with on_error=\"skip\""
                    )));
                }
            }
        }
    }
    let calendar: Option<Calendar> = options.calendar.as_deref().map(str::parse).transpose()?;
    let series = sorted.bars.into_iter().map(|(name, bars)| {
        let key = key_of(&name, &bars)?;
        let calendar = calendar.unwrap_or_else(|| Calendar::of_market(&key.market));
        let bars = in_order(bars, &key)?;
        Ok(SeriesBars {
            key,
            calendar,
            bars,
        })
    });
    Ok(Read {
        series: series.collect::<Result<_>>()?,
        left_out,
    })
}

/// Market, venue, symbol and interval of a row, as far as somebody says them.
type Said<'a> = [Option<&'a str>; 4];

/// Bars sorted by their series. Rows of one series mostly follow one another, so the last one is kept at hand.
#[derive(Default)]
struct BySeries {
    bars: Vec<(Name, Vec<Bar>)>,
    places: HashMap<Name, usize>,
    last: usize,
}

impl BySeries {
    fn push(&mut self, said: Said<'_>, row: u64, bar: Bar) -> Result<()> {
        if let Some((name, bars)) = self.bars.get_mut(self.last)
            && is_named(name, said)
        {
            bars.push(bar);
            return Ok(());
        }
        let name = name_of(said, row)?;
        let next = self.bars.len();
        self.last = *self.places.entry(name.clone()).or_insert(next);
        if self.last == next {
            self.bars.push((name, Vec::new()));
        }
        if let Some((_, bars)) = self.bars.get_mut(self.last) {
            bars.push(bar);
        }
        Ok(())
    }
}

fn is_named((market, venue, symbol, interval): &Name, said: Said<'_>) -> bool {
    said == [
        Some(market.as_str()),
        Some(venue.as_str()),
        Some(symbol.as_str()),
        interval.as_deref(),
    ]
}

fn name_of([market, venue, symbol, interval]: Said<'_>, row: u64) -> Result<Name> {
    let needed = |role: &str, name: Option<&str>| {
        name.map(str::to_owned).ok_or_else(|| {
            Error::Invalid(format!(
                "expected a {role} for the bar in row {row}, found none; give the series, like \"crypto/binance/BTCUSDT:1h\", or {role}=..., or a column of it"
            ))
        })
    };
    Ok((
        needed("market", market)?,
        needed("venue", venue)?,
        needed("symbol", symbol)?,
        interval.map(str::to_owned),
    ))
}

/// The names in a batch: what the caller says, or else columns of them.
struct Names<'a> {
    options: &'a Options,
    market: Option<Vec<Option<String>>>,
    venue: Option<Vec<Option<String>>>,
    symbol: Option<Vec<Option<String>>>,
    interval: Option<Vec<Option<String>>>,
}

impl<'a> Names<'a> {
    fn of(roles: &Roles, batch: &RecordBatch, options: &'a Options) -> Result<Self> {
        let column = |said: &Option<String>, role| match (said, roles.column(batch, role)) {
            (None, Some(column)) => texts(column, role).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            market: column(&options.market, "market")?,
            venue: column(&options.venue, "venue")?,
            symbol: column(&options.symbol, "symbol")?,
            interval: column(&options.interval, "interval")?,
            options,
        })
    }

    fn row(&self, i: usize) -> Said<'_> {
        [
            said_at(self.options.market.as_deref(), self.market.as_deref(), i),
            said_at(self.options.venue.as_deref(), self.venue.as_deref(), i),
            said_at(self.options.symbol.as_deref(), self.symbol.as_deref(), i),
            said_at(
                self.options.interval.as_deref(),
                self.interval.as_deref(),
                i,
            ),
        ]
    }
}

fn said_at<'a>(
    said: Option<&'a str>,
    column: Option<&'a [Option<String>]>,
    i: usize,
) -> Option<&'a str> {
    said.or_else(|| column?.get(i)?.as_deref())
}

/// The rows of a batch as bars, or why they are none.
fn bars_of(
    roles: &Roles,
    batch: &RecordBatch,
    options: &Options,
) -> Result<Vec<Result<Bar, String>>> {
    let time = times(roles.needed(batch, "time")?, options.time_unit.as_deref())?;
    let prices = |role| numbers(roles.needed(batch, role)?, role);
    let (open, high) = (prices("open")?, prices("high")?);
    let (low, close) = (prices("low")?, prices("close")?);
    let volume = match roles.column(batch, "volume") {
        Some(column) => numbers(column, "volume")?,
        None => vec![0.0; time.len()],
    };
    let prices = open.into_iter().zip(high).zip(low).zip(close);
    let rows = time.into_iter().zip(prices).zip(volume);
    let bar = |((time, (((open, high), low), close)), volume)| {
        bar_of(time, [open, high, low, close, volume])
    };
    Ok(rows.map(bar).collect())
}

fn bar_of(time: Option<i64>, values: [f64; 5]) -> Result<Bar, String> {
    let [open, high, low, close, volume] = values;
    let bar = Bar {
        time: Timestamp::from_millis(time.ok_or("it has no time")?),
        open,
        high,
        low,
        close,
        volume,
    };
    bar.check().map_err(|defect| defect.to_string())?;
    Ok(bar)
}

fn key_of(name: &Name, bars: &[Bar]) -> Result<SeriesKey> {
    let (market, venue, symbol, interval) = name;
    let interval = match interval {
        Some(text) => text.parse()?,
        None => spacing(bars).ok_or_else(|| {
            Error::Invalid(format!(
                "the length of a bar of {symbol} is not known: expected 3 or more bars of which most are as far apart, found {}; say it, like interval=\"1h\"",
                bars.len()
            ))
        })?,
    };
    SeriesKey::new(market, venue, symbol, interval)
}

/// The interval of bars most of which are as far apart.
fn spacing(bars: &[Bar]) -> Option<Interval> {
    let mut times: Vec<i64> = bars.iter().map(|bar| bar.time.millis()).collect();
    times.sort_unstable();
    times.dedup();
    if times.len() < 3 {
        return None;
    }
    let months = 28 * DAY_MS..=31 * DAY_MS;
    let mut counts: HashMap<Interval, usize> = HashMap::new();
    for (a, b) in times.iter().zip(times.iter().skip(1)) {
        let interval = match b - a {
            apart if months.contains(&apart) => Interval::Months(1),
            apart => Interval::Fixed(apart),
        };
        *counts.entry(interval).or_default() += 1;
    }
    let shortest_first = |interval: &Interval| std::cmp::Reverse(interval.nominal_millis());
    let most = counts
        .into_iter()
        .max_by_key(|(interval, n)| (*n, shortest_first(interval)));
    let (interval, n) = most?;
    (n * 2 >= times.len() - 1).then_some(interval)
}

/// Bars in the order of their times. The same bar twice is one; two bars of one time are none.
fn in_order(mut bars: Vec<Bar>, key: &SeriesKey) -> Result<Bars> {
    bars.sort_by_key(|bar| bar.time);
    bars.dedup();
    let twice = bars.iter().zip(bars.iter().skip(1));
    if let Some((bar, _)) = twice.clone().find(|(a, b)| a.time == b.time) {
        return Err(Error::Invalid(format!(
            "{key} has two bars of {} with other values; keep one of them",
            bar.time
        )));
    }
    let mut columns = Bars::with_capacity(bars.len());
    bars.into_iter().for_each(|bar| columns.push(bar));
    Ok(columns)
}
