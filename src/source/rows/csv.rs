//! Separated values: comma, semicolon, tab or bar; quoted as RFC 4180 says; with or without a
//! header.
//!
//! Lines are split here rather than by the `csv` crate because a reader must know the exact line
//! of every row, bound its length, and be quick where nothing is quoted. Tests hold the result to
//! that crate's.

use std::io::BufRead;

use csv::ByteRecord;

use super::super::columns::Layout;
use super::super::container::Place;
use super::super::times::parse_time;
use super::headerless;
use super::lines::{Lines, MAX_ROW, trim_line_break};
use super::step::{Facts, Step};
use crate::error::{Result, shortened};

pub(crate) struct CsvRows<'a> {
    lines: Lines<'a>,
    line: Vec<u8>,
    scratch: Vec<u8>,
    delimiter: u8,
    layout: Layout,
    /// Rows that were read to find the header, the next one last.
    pending: Vec<(u64, ByteRecord)>,
}

impl<'a> CsvRows<'a> {
    pub(crate) fn open(reader: Box<dyn BufRead + 'a>, place: Place) -> Result<(Self, Facts)> {
        let mut rows = Self {
            lines: Lines::new(reader, place),
            line: Vec::new(),
            scratch: Vec::new(),
            delimiter: b',',
            layout: Layout::Positional(0),
            pending: Vec::new(),
        };
        if !rows.lines.next(&mut rows.line, MAX_ROW)? {
            return Err(rows.lines.place.error(None, "the file is empty"));
        }
        rows.delimiter = delimiter_of(&rows.line);
        let mut header = ByteRecord::new();
        let at = rows.finish_record(&mut header)?;
        let mut facts = Facts::default();
        if is_row_of_bar(&header) {
            rows.layout = Layout::Positional(header.len());
            rows.pending.push((at, header));
        } else if is_row_of_meta_trader(&header) {
            let names = META_TRADER.iter().take(header.len());
            rows.layout = Layout::Named(names.map(|n| (*n).to_owned()).collect());
            rows.pending.push((at, header));
        } else if let Some(names) = headerless::columns_of(&header) {
            rows.layout = Layout::Named(names);
            rows.pending.push((at, header));
        } else if is_named(&header, "Price") || is_named(&header, "Ticker") {
            facts.symbol = rows.read_stacked_header(&header)?;
        } else {
            rows.layout = Layout::Named(names_of(&header));
        }
        Ok((rows, facts))
    }

    /// The header of yfinance in three rows: `Price`, `Ticker` (or the other way round) and the
    /// name of the time column. Gives the symbol.
    fn read_stacked_header(&mut self, first: &ByteRecord) -> Result<Option<String>> {
        self.layout = Layout::Named(names_of(first));
        let mut second = ByteRecord::new();
        let Some(at) = self.read_record(&mut second)? else {
            return Ok(None);
        };
        let (prices, tickers) = if is_named(first, "Price") && is_named(&second, "Ticker") {
            (first, &second)
        } else if is_named(first, "Ticker") && is_named(&second, "Price") {
            (&second, first)
        } else {
            self.pending.push((at, second));
            return Ok(None);
        };
        let mut names = names_of(prices);
        let mut symbols = names_of(tickers).split_off(1);
        symbols.retain(|s| !s.is_empty());
        symbols.dedup();
        if symbols.len() > 1 {
            let shown = symbols.iter().take(10).map(|s| shortened(s));
            let shown = shown.collect::<Vec<_>>().join(", ");
            return Err(self.lines.place.error(
                Some(at),
                format!("expected a file of one ticker, found {shown}; write a file for each"),
            ));
        }
        if let Some(time) = names.first_mut() {
            "Date".clone_into(time);
        }
        self.layout = Layout::Named(names);
        let mut third = ByteRecord::new();
        if let Some(at) = self.read_record(&mut third)?
            && !(third.iter().skip(1).all(<[u8]>::is_empty))
        {
            self.pending.push((at, third));
        }
        Ok(symbols.pop())
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        let line = match self.pending.pop() {
            Some((line, first)) => {
                *record = first;
                line
            }
            None => match self.read_record(record)? {
                Some(line) => line,
                None => return Ok(Step::End),
            },
        };
        let width = self.layout.width();
        if record.len() > width {
            if record.iter().skip(width).any(|f| !f.is_empty()) {
                let message = format!("expected {width} fields, found {}", record.len());
                return Ok(Step::Bad(line, message));
            }
            record.truncate(width);
        }
        Ok(Step::Row(line))
    }

    fn read_record(&mut self, record: &mut ByteRecord) -> Result<Option<u64>> {
        if !self.lines.next(&mut self.line, MAX_ROW)? {
            return Ok(None);
        }
        self.finish_record(record).map(Some)
    }

    /// Splits the line at hand, with the lines after it as far as a quoted field spans them.
    fn finish_record(&mut self, record: &mut ByteRecord) -> Result<u64> {
        let at = self.lines.number;
        record.clear();
        if !self.line.contains(&b'"') {
            for field in self.line.split(|b| *b == self.delimiter) {
                record.push_field(field);
            }
            return Ok(at);
        }
        let mut quotes = Quotes::FieldStart;
        let mut scanned = 0;
        loop {
            let new = self.line.get(scanned..).unwrap_or_default();
            quotes = new.iter().fold(quotes, |q, b| q.after(*b, self.delimiter));
            if quotes != Quotes::Inside {
                break;
            }
            if scanned == 0 {
                // The line break that was cut off belongs to the field.
                self.line.extend_from_slice(self.lines.line_break);
            }
            scanned = self.line.len();
            if !self.lines.append(&mut self.line, MAX_ROW)? {
                return Err(self
                    .lines
                    .place
                    .error(Some(at), "a quote is opened here and never closed"));
            }
        }
        if scanned > 0 {
            trim_line_break(&mut self.line);
        }
        split_quoted(&self.line, self.delimiter, &mut self.scratch, record);
        Ok(at)
    }
}

/// Where in a field the bytes read so far end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    FieldStart,
    Outside,
    Inside,
    /// After a quote inside of quotes: the end of them, or the first half of a doubled quote.
    MaybeClosed,
}

impl Quotes {
    fn after(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::Inside, b'"') => Self::MaybeClosed,
            (Self::FieldStart | Self::MaybeClosed, b'"') | (Self::Inside, _) => Self::Inside,
            (_, byte) if byte == delimiter => Self::FieldStart,
            _ => Self::Outside,
        }
    }
}

fn split_quoted(line: &[u8], delimiter: u8, field: &mut Vec<u8>, record: &mut ByteRecord) {
    let mut quotes = Quotes::FieldStart;
    field.clear();
    for &byte in line {
        let next = quotes.after(byte, delimiter);
        match (quotes, next) {
            (Quotes::Inside, Quotes::MaybeClosed) | (Quotes::FieldStart, Quotes::Inside) => {}
            (_, Quotes::FieldStart) => {
                record.push_field(field);
                field.clear();
            }
            _ => field.push(byte),
        }
        quotes = next;
    }
    record.push_field(field);
}

/// The candidate that occurs most often outside of quotes in the first line.
fn delimiter_of(line: &[u8]) -> u8 {
    let mut quoted = false;
    let mut best = (0, b',');
    for candidate in [b',', b';', b'\t', b'|'] {
        let count = line
            .iter()
            .filter(|b| {
                quoted ^= **b == b'"';
                !quoted && **b == candidate
            })
            .count();
        quoted = false;
        if count > best.0 {
            best = (count, candidate);
        }
    }
    best.1
}

fn names_of(record: &ByteRecord) -> Vec<String> {
    let name = |field: &[u8]| String::from_utf8_lossy(field.trim_ascii()).into_owned();
    record.iter().map(name).collect()
}

fn is_named(record: &ByteRecord, name: &str) -> bool {
    let first = record.get(0).unwrap_or_default();
    first.trim_ascii().eq_ignore_ascii_case(name.as_bytes())
}

/// The columns of files that MetaTrader 4 writes without a header.
const META_TRADER: [&str; 7] = ["date", "time", "open", "high", "low", "close", "volume"];

/// Whether the first row of a file is a date, a time of day, four numbers and perhaps a volume.
fn is_row_of_meta_trader(record: &ByteRecord) -> bool {
    let field = |i| record.get(i).unwrap_or_default();
    let time = [field(0), b" ", field(1)].concat();
    let halves = parse_time(field(0)).is_ok() && field(1).contains(&b':');
    (6..=7).contains(&record.len())
        && halves
        && parse_time(&time).is_ok()
        && record.iter().skip(2).all(number)
}

fn number(field: &[u8]) -> bool {
    let text = std::str::from_utf8(field.trim_ascii());
    text.is_ok_and(|t| t.parse::<f64>().is_ok())
}

/// Whether the first row of a file is a time and four numbers, so that there is no header.
fn is_row_of_bar(record: &ByteRecord) -> bool {
    let mut fields = record.iter();
    let begins_with_time = fields.next().is_some_and(|f| {
        // An implausible number is no header either; its row is reported as what it is.
        parse_time(f).is_ok() || number(f)
    });
    record.len() >= 5 && begins_with_time && fields.take(4).all(number)
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
