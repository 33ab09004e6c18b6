//! Headlines from files.

use std::path::Path;

use csv::ByteRecord;

use super::column_map::MappedColumn;
use super::columns::{Columns, Layout, TimeColumns, listed, numbered};
use super::container::for_each_member;
use super::fields::{no_zone, read_time_in, wrong_unit};
use super::headline_columns::{HEADLINE_TIME, PRECISION, SOURCE, SYMBOLS, TEXT, symbol_columns};
use super::headline_repeats::{join_repeats, sort};
use super::headline_symbols::{KnownFields, Symbols};
use super::headline_text::clean_text;
use super::headline_times::{day_by_whose_end_it_was_known, settle};
use super::input_report::{DefectKind, InputReport, NoticeKind, OnError, RowDefect};
use super::raw_headline::{Oddities, RawHeadline};
use super::rows::{Facts, Rows, Step};
use super::times::{ClockZone, DateOrder, SaidOfTimes, TimeForms, WrittenTime, is_midnight};
use crate::error::{Error, Result, excerpt};
use crate::model::{Headline, TimePrecision, Timestamp};

/// What the caller knows about a file of headlines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadlineOptions {
    /// Which column is which, as [`crate::source::files::parse_map`] reads them; by default by name.
    pub map: Vec<MappedColumn>,
    /// The order of day and month in dates like `31/01/2024`; by default such dates are refused.
    pub dates: Option<DateOrder>,
    /// The clock of times that name no zone; by default UTC.
    pub zone: Option<ClockZone>,
    /// What to do with rows that cannot be stored; by default refuse the file.
    pub on_error: OnError,
}

/// What a file of headlines holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
/// and everything else that of a second. Symbols are turned to upper case. A text becomes one line:
/// line breaks and control characters become blanks, and HTML entities are decoded. Rows of one time,
/// source and text are one headline with the symbols of all of them.
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
        let (mut raw, no_symbols) = read_timed(&mut rows, options, &mut part)?;
        if let Some(message) = no_symbols {
            part.notices.add(NoticeKind::NoSymbols, None, || message);
        }
        sort(&mut raw, &mut part);
        let found = join_repeats(raw, &mut part);
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
    let report = report.judge(options.on_error)?;
    match report.rows {
        0 => Err(Error::input(path, None, "there are no rows")),
        _ => Ok(HeadlineFile { headlines, report }),
    }
}

/// The headlines of a text in the order of its rows, with their times in UTC, and what to say if none names a
/// symbol.
pub(super) fn read_timed(
    rows: &mut Rows<'_>,
    options: &HeadlineOptions,
    report: &mut InputReport,
) -> Result<(Vec<RawHeadline>, Option<String>)> {
    let (mut raw, no_symbols) = read_rows(rows, options, report)?;
    let facts = rows.facts();
    add_symbol_of_all(&facts, &mut raw, report);
    let zone = zone_of(&facts, &raw, options);
    let zone = zone.map_err(|message| rows.place.error(None, message))?;
    settle_times(&mut raw, zone.as_ref(), report);
    Ok((raw, no_symbols))
}

/// The clock of times that name no zone: as the caller says, else as the text says. Dates need none.
fn zone_of(
    facts: &Facts,
    raw: &[RawHeadline],
    options: &HeadlineOptions,
) -> Result<Option<ClockZone>, String> {
    let of_day = |time: WrittenTime| time.precision != TimePrecision::Day;
    let is_local = |row: &RawHeadline| row.time.form.is_naive() && of_day(row.time);
    match &options.zone {
        None if raw.iter().any(is_local) => facts.zones.clock(),
        said => Ok(said.clone()),
    }
}

/// Adds the symbol that a document names for all of its rows, perhaps behind them.
fn add_symbol_of_all(facts: &Facts, raw: &mut Vec<RawHeadline>, report: &mut InputReport) {
    let Some(symbol) = &facts.symbol else {
        return;
    };
    raw.retain_mut(|row| {
        let mut symbols = Symbols {
            names: std::mem::take(&mut row.headline.symbols),
            passed_over: None,
        };
        let added = symbols.add_field(symbol);
        row.headline.symbols = symbols.names;
        let defect = added.map_err(|defect| report.reject(row.line, defect));
        defect.is_ok()
    });
}

fn read_rows(
    rows: &mut Rows<'_>,
    options: &HeadlineOptions,
    report: &mut InputReport,
) -> Result<(Vec<RawHeadline>, Option<String>)> {
    if rows.has_none() {
        return Ok((Vec::new(), None));
    }
    let mut positions: Option<Positions> = None;
    let mut record = ByteRecord::new();
    let (mut raw, mut known) = (Vec::new(), KnownFields::default());
    loop {
        let line = match rows.next(&mut record)? {
            Step::End => break,
            Step::Row(line) => line,
            Step::Bad(line, message) => {
                report.rows += 1;
                report.reject(line, RowDefect::new(DefectKind::BadRow, message));
                continue;
            }
        };
        report.rows += 1;
        let width = rows.layout().width();
        let positions = match &mut positions {
            Some(known) if known.width == width => known,
            // The first row tells what columns of times hold.
            stale => stale.insert(Positions::resolve(rows, options, &record)?),
        };
        match positions.read(&record, (line, report.rows), &mut known) {
            Ok(headline) => {
                headline.oddities.tell(line, report);
                raw.push(headline);
            }
            Err(defect) => report.reject(line, defect),
        }
    }
    let positions = match positions {
        Some(positions) => positions,
        // Names that say nothing are refused without a row as well.
        None => Positions::resolve(rows, options, &record)?,
    };
    let no_symbols = positions.notice_on_symbols(&raw, rows.layout());
    if let Some((line, message)) = rows.skipped().notice() {
        let kind = NoticeKind::SkippedLines;
        report.notices.add(kind, Some(line), || message);
    }
    if options.zone.is_none()
        && let Some(name) = &positions.local_clock
        && raw.iter().any(|row| row.time.form.is_naive())
    {
        return Err(rows.place.error(None, no_zone(name)));
    }
    Ok((raw, no_symbols))
}

/// Where the fields of a headline are.
struct Positions {
    time: TimeColumns,
    text: usize,
    symbols: Vec<usize>,
    source: Option<usize>,
    precision: Option<usize>,
    /// The name of the column of times if it says that they are of a local clock.
    local_clock: Option<String>,
    width: usize,
    said: SaidOfTimes,
}

impl Positions {
    fn resolve(rows: &Rows<'_>, options: &HeadlineOptions, row: &ByteRecord) -> Result<Self> {
        let found = match rows.layout() {
            Layout::Named(names) => Self::of_names(names, options, row),
            Layout::Positional(width) if !options.map.is_empty() => {
                Self::of_names(&numbered(*width), options, row)
            }
            Layout::Positional(_) => {
                Err("expected a first line with the names of the columns; without one say where they are, for example --map time=#1,text=#2,symbols=#3".to_owned())
            }
        };
        found.map_err(|message| rows.place.error(None, message))
    }

    fn of_names(
        names: &[String],
        options: &HeadlineOptions,
        row: &ByteRecord,
    ) -> Result<Self, String> {
        let fields = [&HEADLINE_TIME, &TEXT, &SYMBOLS, &SOURCE, &PRECISION];
        let columns = Columns::new(names, &options.map, &fields)?;
        let time = columns.need_time_as_in(&HEADLINE_TIME, row)?;
        Ok(Self {
            local_clock: columns.local_clock(&time),
            time,
            text: columns.need(&TEXT)?,
            symbols: symbol_columns(&columns)?,
            source: columns.find(&SOURCE)?,
            precision: columns.find(&PRECISION)?,
            width: names.len(),
            said: SaidOfTimes {
                order: options.dates,
                has_zone: options.zone.is_some(),
            },
        })
    }

    fn read(
        &self,
        record: &ByteRecord,
        (line, row): (u64, u64),
        known: &mut KnownFields,
    ) -> Result<RawHeadline, RowDefect> {
        let field = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        let time = read_time_in(&self.time.of(record), self.said)?;
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
        let text = clean_text(utf8(field(Some(self.text)), "text")?);
        check_text(&text.text)?;
        let source = clean_text(utf8(field(self.source), "source")?);
        let Symbols { names, passed_over } = match self.symbols.as_slice() {
            [only] => known.read(utf8(field(Some(*only)), "symbols")?)?,
            several => {
                let mut symbols = Symbols::default();
                for at in several {
                    symbols.add_field(utf8(field(Some(*at)), "symbols")?)?;
                }
                symbols
            }
        };
        let headline = Headline {
            time: time.utc(),
            precision: said.unwrap_or(time.precision),
            text: text.text,
            source: source.text,
            symbols: names,
        };
        Ok(RawHeadline {
            time,
            said,
            headline,
            line,
            row,
            oddities: Oddities {
                controls: text.had_controls || source.had_controls,
                entities: text.had_entities || source.had_entities,
                no_symbol: passed_over,
            },
        })
    }

    /// What to say if no headline names a symbol.
    fn notice_on_symbols(&self, raw: &[RawHeadline], layout: &Layout) -> Option<String> {
        if raw.is_empty() || raw.iter().any(|row| !row.headline.symbols.is_empty()) {
            return None;
        }
        let Layout::Named(names) = layout else {
            return None;
        };
        Some(match self.symbols.first().and_then(|at| names.get(*at)) {
            Some(name) => format!(
                "no headline names a symbol: the column {} holds none",
                excerpt(name)
            ),
            None => format!(
                "no headline names a symbol: there is no column of symbols among {}; --map symbols=COLUMN names one",
                listed(names)
            ),
        })
    }
}

fn utf8<'a>(field: &'a [u8], name: &str) -> Result<&'a str, RowDefect> {
    std::str::from_utf8(field.trim_ascii()).map_err(|_| {
        let message = format!("the {name} is not UTF-8; save the file as UTF-8");
        RowDefect::new(DefectKind::Unparsable, message)
    })
}

fn check_text(text: &str) -> Result<(), RowDefect> {
    if text.is_empty() {
        return Err(RowDefect::new(DefectKind::EmptyText, "the text is empty"));
    }
    if text.len() > Headline::MAX_TEXT {
        let message = format!(
            "expected a text of at most {} bytes, found {}; cut it in parts, or leave it out with --on-error skip",
            Headline::MAX_TEXT,
            text.len()
        );
        return Err(RowDefect::new(DefectKind::TextTooLong, message));
    }
    Ok(())
}

/// Checks what concerns the times of several rows: one form of them, the clock, midnights.
fn settle_times(raw: &mut Vec<RawHeadline>, zone: Option<&ClockZone>, report: &mut InputReport) {
    leave_out_wrong_units(raw, report);
    let is_midnight = |r: &RawHeadline| is_midnight(Timestamp::from_millis(r.time.local));
    let dates_only = raw.iter().all(is_midnight);
    let times: Vec<WrittenTime> = raw.iter().map(|row| row.time).collect();
    let (times, unclear) = settle(&times, zone, report);
    let mut unclear = unclear.into_iter().peekable();
    for (row, time) in raw.iter_mut().zip(times) {
        row.headline.time = time;
    }
    let mut at = 0..;
    raw.retain(
        |row| match unclear.next_if(|(row, _)| at.next() == Some(*row)) {
            Some((_, defect)) => {
                report.reject(row.line, defect);
                false
            }
            None => true,
        },
    );
    for row in raw {
        if row.said.is_none() && dates_only {
            row.headline.precision = TimePrecision::Day;
        }
        if row.headline.precision == TimePrecision::Day {
            row.headline.time = day_by_whose_end_it_was_known(row.time, row.headline.time);
        }
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

#[cfg(test)]
#[path = "headlines_tests.rs"]
mod tests;
