//! Headlines from files.

use std::collections::HashSet;
use std::path::Path;

use csv::ByteRecord;

use super::columns::{Columns, Field, Layout, TimeColumns};
use super::container::{Place, for_each_member};
use super::fields::{check_symbol, read_time_in, unclear_time, wrong_unit};
use super::report::{DefectKind, InputReport, NoticeKind, OnError, RowDefect};
use super::rows::{Rows, Step};
use super::times::{
    Clock, ClockZone, DateOrder, TimeForms, WrittenTime, is_midnight, start_of_day,
};
use crate::error::Result;
use crate::model::{Headline, TimePrecision, Timestamp};

/// The most symbols that a headline may name; a field may be a mebibyte of them.
const MAX_SYMBOLS: usize = 1_000;
/// The longest text of a headline in bytes.
const MAX_TEXT: usize = 8 << 10;
const DAY_MS: i64 = 86_400_000;

const HEADLINE_TIME: Field = Field {
    name: "time",
    aliases: &[
        "timestampmsutc",
        "timestampms",
        "publishedat",
        "published",
        "publishtime",
        "pubdate",
        "timestamputc",
        "timestamp",
        "ts",
        "unix",
        "datetimeutc",
        "datetime",
        "time",
        "date",
        "createdat",
        "indexlevel0",
    ],
    prefix: None,
};
const TEXT: Field = Field {
    name: "text",
    aliases: &["headline", "title", "text"],
    prefix: None,
};
const SYMBOLS: Field = Field {
    name: "symbols",
    aliases: &["symbols", "symbol", "tickers", "ticker", "stocks", "stock"],
    prefix: None,
};
const SOURCE: Field = Field {
    name: "source",
    aliases: &["source", "publisher", "provider", "site"],
    prefix: None,
};
const PRECISION: Field = Field {
    name: "precision",
    aliases: &["tsprecision", "timeprecision", "precision"],
    prefix: None,
};

/// What the caller knows about a file of headlines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadlineOptions {
    /// Pairs of field and column, as [`crate::source::parse_map`] reads them; by default by name.
    pub map: Vec<(String, String)>,
    /// The order of day and month in dates like `31/01/2024`; by default such dates are refused.
    pub dates: Option<DateOrder>,
    /// The clock of times that name no zone; by default UTC.
    pub zone: Option<ClockZone>,
    /// What to do with rows that cannot be stored; by default refuse the file.
    pub on_error: OnError,
}

/// What a file of headlines holds.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadlineFile {
    /// Ascending in time; those of one time in the order of the file.
    pub headlines: Vec<Headline>,
    /// What was read, left out and noticed.
    pub report: InputReport,
}

/// Reads the headlines of a file: CSV, JSON lines, JSON or Parquet, plain, in a gzip or in a zip.
///
/// A column of precisions wins. Otherwise a time without a time of day has the precision of a
/// day, and so have all rows if every one of them is at midnight; `HH:MM` has that of a minute,
/// and everything else that of a second. Symbols are turned to upper case.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be read, [`crate::Error::Input`] if it is damaged, if
/// its columns are not clear, or if it has defects and `options.on_error` refuses them.
pub fn read_headlines(path: &Path, options: &HeadlineOptions) -> Result<HeadlineFile> {
    let mut report = InputReport::new(path);
    let mut headlines = Vec::new();
    for_each_member(path, &mut |member| {
        let mut rows = Rows::open(member)?;
        let mut part = InputReport::new(path);
        let raw = read_rows(&mut rows, options, &mut part)?;
        let found = assemble(raw, options.zone.as_ref(), &mut part);
        part.accepted = found.len() as u64;
        if part.rows == 0 {
            part.notices
                .add(NoticeKind::NoRows, None, || "there are no rows".to_owned());
        }
        headlines.extend(found);
        report.absorb(rows.place.inner(), part);
        Ok(())
    })?;
    headlines.sort_by_key(|h| h.time);
    Ok(HeadlineFile {
        headlines,
        report: report.judge(options.on_error)?,
    })
}

/// A headline before the file's form of times is known.
struct RawHeadline {
    time: WrittenTime,
    said: Option<TimePrecision>,
    headline: Headline,
    line: u64,
}

fn read_rows(
    rows: &mut Rows<'_>,
    options: &HeadlineOptions,
    report: &mut InputReport,
) -> Result<Vec<RawHeadline>> {
    if rows.has_none() {
        return Ok(Vec::new());
    }
    let mut positions: Option<Positions> = None;
    let mut record = ByteRecord::new();
    let mut raw = Vec::new();
    loop {
        let line = match rows.next(&mut record)? {
            Step::End => return Ok(raw),
            Step::Row(line) => line,
            Step::Bad(line, message) => {
                report.rows += 1;
                report.reject(line, RowDefect::new(DefectKind::BadRow, message));
                continue;
            }
        };
        report.rows += 1;
        if rows.layout().width() != positions.width {
            positions = Positions::resolve(rows.layout(), &rows.place, options)?;
        }
        match positions.read(&record, line) {
            Ok(headline) => raw.push(headline),
            Err(defect) => report.reject(line, defect),
        }
    }
}

/// Where the fields of a headline are.
struct Positions {
    time: TimeColumns,
    text: usize,
    symbols: Option<usize>,
    source: Option<usize>,
    precision: Option<usize>,
    width: usize,
    dates: Option<DateOrder>,
}

impl Positions {
    fn resolve(layout: &Layout, place: &Place, options: &HeadlineOptions) -> Result<Self> {
        let found = match layout {
            Layout::Named(names) => Self::of_names(names, options),
            Layout::Positional(_) => {
                Err("expected a first line with the names of the columns, like time,symbols,headline,source".to_owned())
            }
        };
        found.map_err(|message| place.error(None, message))
    }

    fn of_names(names: &[String], options: &HeadlineOptions) -> Result<Self, String> {
        let fields = [&HEADLINE_TIME, &TEXT, &SYMBOLS, &SOURCE, &PRECISION];
        let columns = Columns::new(names, &options.map, &fields)?;
        Ok(Self {
            time: columns.need_time(&HEADLINE_TIME)?,
            text: columns.need(&TEXT)?,
            symbols: columns.find(&SYMBOLS)?,
            source: columns.find(&SOURCE)?,
            precision: columns.find(&PRECISION)?,
            width: names.len(),
            dates: options.dates,
        })
    }

    fn read(&self, record: &ByteRecord, line: u64) -> Result<RawHeadline, RowDefect> {
        let field = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let time = read_time_in(&self.time.of(record), self.dates)?;
        let said = utf8(field(self.precision), "precision")?;
        let said = match said {
            "" => None,
            text => Some(
                text.to_lowercase()
                    .parse()
                    .map_err(|e: crate::error::Error| {
                        RowDefect::new(DefectKind::Unparsable, e.to_string())
                    })?,
            ),
        };
        let text = utf8(field(Some(self.text)), "text")?;
        check_text(text)?;
        let source = utf8(field(self.source), "source")?;
        if source.chars().any(char::is_control) {
            return Err(control_character("source"));
        }
        let headline = Headline {
            time: time.utc(),
            precision: said.unwrap_or(time.precision),
            text: text.to_owned(),
            source: source.to_owned(),
            symbols: symbols_of(utf8(field(self.symbols), "symbols")?)?,
        };
        Ok(RawHeadline {
            time,
            said,
            headline,
            line,
        })
    }
}

fn utf8<'a>(field: &'a [u8], name: &str) -> Result<&'a str, RowDefect> {
    std::str::from_utf8(field.trim_ascii()).map_err(|_| {
        let message = format!("the {name} is not UTF-8; save the file as UTF-8");
        RowDefect::new(DefectKind::Unparsable, message)
    })
}

fn control_character(name: &str) -> RowDefect {
    let message = format!("the {name} holds a line break or another control character");
    RowDefect::new(DefectKind::ControlCharacter, message)
}

fn check_text(text: &str) -> Result<(), RowDefect> {
    if text.is_empty() {
        return Err(RowDefect::new(DefectKind::EmptyText, "the text is empty"));
    }
    if text.len() > MAX_TEXT {
        let message = format!(
            "expected a text of at most {MAX_TEXT} bytes, found {}",
            text.len()
        );
        return Err(RowDefect::new(DefectKind::TextTooLong, message));
    }
    if text.chars().any(char::is_control) {
        return Err(control_character("text"));
    }
    Ok(())
}

/// Symbols in upper case, each once; a list in brackets and quotes is one too.
fn symbols_of(text: &str) -> Result<Vec<String>, RowDefect> {
    let separators = [';', ',', '|', ' ', '[', ']', '"', '\''];
    let mut symbols: Vec<String> = Vec::new();
    for name in text.split(separators).filter(|name| !name.is_empty()) {
        let symbol = name.to_uppercase();
        check_symbol(&symbol)?;
        if symbols.contains(&symbol) {
            continue;
        }
        if symbols.len() == MAX_SYMBOLS {
            let message = format!("expected at most {MAX_SYMBOLS} symbols, found more");
            return Err(RowDefect::new(DefectKind::BadRow, message));
        }
        symbols.push(symbol);
    }
    Ok(symbols)
}

/// Checks what concerns several rows: one form of times, the clock, order, equal rows, midnights.
fn assemble(
    mut raw: Vec<RawHeadline>,
    zone: Option<&ClockZone>,
    report: &mut InputReport,
) -> Vec<Headline> {
    leave_out_wrong_units(&mut raw, report);
    let is_midnight = |r: &RawHeadline| is_midnight(Timestamp::from_millis(r.time.local));
    let dates_only = raw.iter().all(is_midnight);
    settle_times(&mut raw, zone, report);
    for row in &mut raw {
        if row.said.is_none() && dates_only {
            row.headline.precision = TimePrecision::Day;
        }
        if row.headline.precision == TimePrecision::Day {
            row.headline.time = day_by_whose_end_it_was_known(row.time, row.headline.time);
        }
    }
    sort(&mut raw, report);
    leave_out_repeats(raw, report)
}

/// The day in UTC by whose end the local day of a headline has ended, too: what happened at some time of
/// a day in New York may have happened when the day in UTC was over.
fn day_by_whose_end_it_was_known(written: WrittenTime, utc: Timestamp) -> Timestamp {
    let offset = written.local - utc.millis();
    let local_day = start_of_day(Timestamp::from_millis(written.local));
    let last_moment = local_day.plus_millis(DAY_MS - 1 - offset);
    start_of_day(last_moment)
}

/// Turns local times into UTC.
fn settle_times(raw: &mut Vec<RawHeadline>, zone: Option<&ClockZone>, report: &mut InputReport) {
    let Some(zone) = zone else { return };
    let mut forms = TimeForms::default();
    raw.iter().for_each(|row| forms.push(row.time.form));
    let mut times: Vec<i64> = raw.iter().map(|row| row.time.local).collect();
    let clock = Clock {
        zone: Some(zone),
        ..Clock::default()
    };
    let settled = clock.to_utc(&forms, &mut times);
    if settled.zone_unused {
        report.notices.add(NoticeKind::ZoneUnused, None, || {
            "every time has a zone of its own or is a number, which is in UTC; --zone was not used"
                .to_owned()
        });
    }
    let mut unclear = settled.unclear.into_iter().peekable();
    let rows = std::mem::take(raw).into_iter().zip(times).enumerate();
    for (at, (mut row, time)) in rows {
        if unclear.next_if_eq(&at).is_some() {
            report.reject(row.line, unclear_time(zone, row.time.local));
            continue;
        }
        row.headline.time = Timestamp::from_millis(time);
        raw.push(row);
    }
}

fn leave_out_wrong_units(raw: &mut Vec<RawHeadline>, report: &mut InputReport) {
    let mut forms = TimeForms::default();
    for row in raw.iter() {
        forms.push(row.time.form);
    }
    let Some(expected) = TimeForms::of_most(std::iter::once(&forms)) else {
        return;
    };
    raw.retain(|row| {
        let fits = row.time.form.same_kind(expected);
        if !fits {
            report.reject(row.line, wrong_unit(expected, row.time.form));
        }
        fits
    });
}

fn sort(raw: &mut [RawHeadline], report: &mut InputReport) {
    let newest_first = raw.is_sorted_by(|a, b| a.headline.time >= b.headline.time);
    if !newest_first {
        let mut latest = None;
        for row in raw.iter() {
            if latest.is_some_and(|t| t > row.headline.time) {
                report
                    .notices
                    .add(NoticeKind::OutOfOrder, Some(row.line), || {
                        let time = row.headline.time;
                        format!("{time} comes after a later time; the rows are sorted")
                    });
            }
            latest = latest.max(Some(row.headline.time));
        }
    }
    raw.sort_by_key(|row| row.headline.time);
}

fn leave_out_repeats(raw: Vec<RawHeadline>, report: &mut InputReport) -> Vec<Headline> {
    let mut seen = HashSet::with_capacity(raw.len());
    let is_new: Vec<bool> = raw.iter().map(|row| seen.insert(&row.headline)).collect();
    let rows = raw.into_iter().zip(is_new);
    rows.filter_map(|(row, is_new)| {
        if !is_new {
            report
                .notices
                .add(NoticeKind::Duplicate, Some(row.line), || {
                    "the same headline is there before; one is kept".to_owned()
                });
        }
        is_new.then_some(row.headline)
    })
    .collect()
}

#[cfg(test)]
#[path = "headlines_tests.rs"]
mod tests;
