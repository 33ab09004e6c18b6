//! Separated values: comma, semicolon, tab or bar; quoted as RFC 4180 says; with or without a
//! header, and with lines before it and remarks between the rows that are left out and counted.
//!
//! Lines are split here rather than by the `csv` crate because a reader must know the exact line
//! of every row, bound its length, and be quick where nothing is quoted. Tests hold the result to
//! that crate's.

use std::io::BufRead;

use csv::ByteRecord;

use super::super::columns::Layout;
use super::super::container::FilePlace;
use super::header::{
    META_TRADER, delimiter_of, holds_a_time, is_row_of_bar, is_row_of_meta_trader, lacks_a_name,
    names_of, preamble,
};
use super::headerless;
use super::lines::{Lines, MAX_ROW, trim_line_break};
use super::skipped::Skipped;
use super::step::Step;
use super::wide::{self, Level};
use crate::error::Result;

pub(crate) struct CsvRows<'a> {
    lines: Lines<'a>,
    line: Vec<u8>,
    scratch: Vec<u8>,
    delimiter: u8,
    layout: Layout,
    /// The two parts of the columns' names, if the header has two lines.
    pub(super) levels: Option<Vec<Level>>,
    /// Rows that were read to find the header, the next one last.
    pending: Vec<(u64, ByteRecord)>,
    /// Lines that are no rows: before the header, and remarks between the rows.
    pub(super) skipped: Skipped,
}

impl<'a> CsvRows<'a> {
    pub(crate) fn open(reader: Box<dyn BufRead + 'a>, place: FilePlace) -> Result<Self> {
        let mut rows = Self {
            lines: Lines::new(reader, place),
            line: Vec::new(),
            scratch: Vec::new(),
            delimiter: b',',
            layout: Layout::Positional(0),
            levels: None,
            pending: Vec::new(),
            skipped: Skipped::default(),
        };
        let delimiter = rows.skip_preamble()?;
        if !rows.lines.next(&mut rows.line, MAX_ROW)? {
            return Err(rows.lines.place.error(None, "the file is empty"));
        }
        rows.delimiter = delimiter.unwrap_or_else(|| delimiter_of(&rows.line));
        let mut header = ByteRecord::new();
        let at = rows.finish_record(&mut header)?;
        if is_row_of_meta_trader(&header) {
            let names = META_TRADER.iter().take(header.len());
            rows.layout = Layout::Named(names.map(|n| (*n).to_owned()).collect());
            rows.pending.push((at, header));
        } else if let Some(names) = headerless::columns_of(&header) {
            rows.layout = Layout::Named(names);
            rows.pending.push((at, header));
        } else if is_row_of_bar(&header) || holds_a_time(&header) {
            rows.layout = Layout::Positional(header.len());
            rows.pending.push((at, header));
        } else {
            rows.read_names(&header)?;
        }
        Ok(rows)
    }

    /// Passes over what stands before the header, and gives the delimiter that it says.
    fn skip_preamble(&mut self) -> Result<Option<u8>> {
        let line_end = self.lines.line_end()?;
        let found = preamble(self.lines.peek()?, line_end);
        for _ in 0..found.lines {
            if self.lines.next(&mut self.line, MAX_ROW)? {
                self.skipped.count(self.lines.number, &self.line);
            }
        }
        Ok(found.delimiter)
    }

    /// The names of the columns, in one line or in two. The line below tells which.
    fn read_names(&mut self, header: &ByteRecord) -> Result<()> {
        let mut names = names_of(header);
        let mut second = ByteRecord::new();
        let Some(at) = self.read_record(&mut second)? else {
            self.layout = Layout::Named(names);
            return Ok(());
        };
        if lacks_a_name(&names, &second) {
            names.insert(0, String::new());
        }
        self.levels = wide::of_two_lines(&names, &names_of(&second));
        self.layout = Layout::Named(names);
        if self.levels.is_none() {
            self.pending.push((at, second));
            return Ok(());
        }
        // The third line names the index, and nothing else.
        let mut third = ByteRecord::new();
        if let Some(at) = self.read_record(&mut third)? {
            let is_name = third.iter().skip(1).all(<[u8]>::is_empty) && !holds_a_time(&third);
            if !is_name {
                self.pending.push((at, third));
            }
        }
        Ok(())
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        loop {
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
            if record.len() != width && record.get(0).is_some_and(|f| f.starts_with(b"#")) {
                self.skipped.count(line, record.get(0).unwrap_or_default());
                continue;
            }
            if record.len() > width {
                if record.iter().skip(width).any(|f| !f.is_empty()) {
                    let message = format!("expected {width} fields, found {}", record.len());
                    return Ok(Step::Bad(line, message));
                }
                record.truncate(width);
            }
            return Ok(Step::Row(line));
        }
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
            let line_end = self.lines.line_end()?;
            trim_line_break(&mut self.line, line_end);
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

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
