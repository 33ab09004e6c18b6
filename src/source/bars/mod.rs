//! Candles from files.

mod adjusted;
mod assemble;
mod names;
mod naming;
mod parse;
mod raw;
mod spacing;

use std::collections::BTreeMap;
use std::path::Path;

use super::container::{Member, Place, for_each_member};
use super::report::{InputReport, NoticeKind, OnError};
use super::rows::{Facts, Rows};
use super::times::{DateOrder, TimeForms};
use crate::error::Result;
use crate::model::{Bars, Calendar, Interval, SeriesBars, SeriesKey};
use assemble::{Rules, assemble, notice_splits};
use naming::guess;
use parse::read_rows;
use raw::{RawSeries, RowNames};
use spacing::{count_gaps, off_grid};

/// What the caller knows about a file of bars. What is said here wins over the file's content,
/// and that over its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BarOptions {
    /// The kind of market; by default from the folders or a well-known venue.
    pub market: Option<String>,
    /// The exchange or data source; by default from the folders, else `default`.
    pub venue: Option<String>,
    /// The symbol; by default from a column, else from the file's name in upper case.
    pub symbol: Option<String>,
    /// The length of a bar; by default from the file's name, else the most frequent spacing.
    pub interval: Option<Interval>,
    /// Whether the market ever closes; by default as usual for the market.
    pub calendar: Option<Calendar>,
    /// Pairs of field and column, as [`crate::source::parse_map`] reads them; by default by name.
    pub map: Vec<(String, String)>,
    /// The order of day and month in dates like `31/01/2024`; by default such dates are refused.
    pub dates: Option<DateOrder>,
    /// Whether prices are scaled by a column of adjusted closes: open, high, low and close by adjusted
    /// close / close. By default the column is not used, and the report says so where it differs.
    pub adjusted: bool,
    /// Whether prices are written like `1,5`; by default a comma is refused.
    pub decimal_comma: bool,
    /// What to do with rows that cannot be stored; by default refuse the file.
    pub on_error: OnError,
}

/// What a file of bars holds.
#[derive(Clone, Debug, PartialEq)]
pub struct BarFile {
    /// Its series in the order of their names.
    pub series: Vec<SeriesBars>,
    /// What was read, left out and noticed.
    pub report: InputReport,
}

/// Reads the bars of a file: CSV, JSON or Parquet, plain, in a gzip or in a zip of several files,
/// of one series or with a column of symbols.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be read, [`crate::Error::Input`] if it is damaged, if its columns or
/// its market are not clear, if its spacing is not the interval, or if it has defects and
/// `options.on_error` refuses them.
pub fn read_bars(path: &Path, options: &BarOptions) -> Result<BarFile> {
    let mut report = InputReport::new(path);
    let mut series: BTreeMap<String, SeriesBars> = BTreeMap::new();
    for_each_member(path, &mut |member| {
        let part = read_member(member, options)?;
        for one in part.series {
            add_series(&mut series, one, &part.place, &mut report)?;
        }
        report.absorb(part.place.inner(), part.report);
        Ok(())
    })?;
    Ok(BarFile {
        series: series.into_values().collect(),
        report: report.judge(options.on_error)?,
    })
}

/// What came out of one member of a file.
struct Part {
    place: Place,
    series: Vec<SeriesBars>,
    report: InputReport,
}

fn read_member(member: Member<'_>, options: &BarOptions) -> Result<Part> {
    let mut rows = Rows::open(member)?;
    let place = rows.place.clone();
    let mut report = InputReport::new(place.path());
    let raw = read_rows(&mut rows, options, &mut report)?;
    // JSON may name its symbol after its rows.
    let facts = rows.facts();
    if let Some(order) = &facts.field_order {
        report.notices.add(NoticeKind::FieldOrder, None, || {
            format!("the fields have no names; by their prices they are {order}")
        });
    }
    if report.rows == 0 {
        report
            .notices
            .add(NoticeKind::NoRows, None, || "there are no rows".to_owned());
    }
    let assembled = assemble_all(raw, &facts, &place, options, &mut report);
    let series = match assembled {
        Ok(series) => series,
        // A defect is the likelier cause, and the better message.
        Err(error) => {
            let mut whole = InputReport::new(place.path());
            whole.absorb(place.inner(), report);
            whole.judge(options.on_error)?;
            return Err(error);
        }
    };
    Ok(Part {
        place,
        series,
        report,
    })
}

fn assemble_all(
    raw: Vec<RawSeries>,
    facts: &Facts,
    place: &Place,
    options: &BarOptions,
    report: &mut InputReport,
) -> Result<Vec<SeriesBars>> {
    let Some(form) = TimeForms::of_most(raw.iter().map(|r| &r.forms)) else {
        return Ok(Vec::new());
    };
    let guess = guess(&place.naming_path());
    if options.symbol.is_some() && raw.len() > 1 {
        return Err(place.error(
            None,
            format!(
                "--symbol names one symbol, and the file has {}; leave it out",
                raw.len()
            ),
        ));
    }
    let mut all = Vec::with_capacity(raw.len());
    for one in raw {
        let [market, venue, symbol] = names(&one.names, facts, &guess, options)
            .map_err(|message| place.error(None, message))?;
        let calendar = options.calendar;
        let calendar = calendar.unwrap_or_else(|| Calendar::of_market(&market));
        let rules = Rules {
            place,
            form,
            calendar,
            interval: options.interval.or(one.names.interval).or(guess.interval),
        };
        let Some((one, interval)) = assemble(one, &rules, report)? else {
            continue;
        };
        let key = SeriesKey::new(&market, &venue, &symbol, interval)
            .map_err(|e| place.error(None, e.to_string()))?;
        notice_splits(&one, &key, report);
        report.accepted += one.bars.len() as u64;
        all.push(SeriesBars {
            key,
            calendar,
            bars: one.bars,
        });
    }
    Ok(all)
}

/// Market, venue and symbol of a series: as the caller says, else the rows, else the file, else its path.
fn names(
    of_rows: &RowNames,
    facts: &Facts,
    guess: &naming::Guess,
    options: &BarOptions,
) -> Result<[String; 3], String> {
    let bybit = facts.bybit_category.as_ref();
    let market = options.market.clone().or_else(|| of_rows.market.clone());
    let market = market.or_else(|| bybit.map(|_| "crypto".to_owned()));
    let market = market.or_else(|| guess.market.clone()).ok_or(
        "the path does not tell the market; say it with --market crypto, equity or fx, or keep the file in a folder of that name",
    )?;
    let venue = options.venue.clone().or_else(|| of_rows.venue.clone());
    let venue = venue.or_else(|| bybit.map(|category| format!("bybit_{category}")));
    let venue = venue.or_else(|| guess.venue.clone());
    let symbol = options.symbol.clone().or_else(|| of_rows.symbol.clone());
    let symbol = symbol.or_else(|| facts.symbol.as_deref().map(str::to_uppercase));
    let symbol = symbol.or_else(|| guess.symbol.clone());
    Ok([
        market,
        venue.unwrap_or_else(|| "default".to_owned()),
        symbol.unwrap_or_default(),
    ])
}

/// Adds a series of one member to those of the members before it.
fn add_series(
    series: &mut BTreeMap<String, SeriesBars>,
    new: SeriesBars,
    place: &Place,
    report: &mut InputReport,
) -> Result<()> {
    let Some(old) = series.get_mut(&new.key.to_string()) else {
        series.insert(new.key.to_string(), new);
        return Ok(());
    };
    let span = |bars: &Bars| Some((*bars.time.first()?, *bars.time.last()?));
    let (Some(before), Some(after)) = (span(&old.bars), span(&new.bars)) else {
        return Ok(());
    };
    let (first, second) = if before.1 < after.0 {
        (std::mem::take(&mut old.bars), new.bars)
    } else if after.1 < before.0 {
        (new.bars, std::mem::take(&mut old.bars))
    } else {
        return Err(place.error(
            None,
            format!(
                "several members hold {} at the same times; keep one of them",
                new.key
            ),
        ));
    };
    let seam = [first.time.last(), second.time.first()];
    let seam: Vec<i64> = seam.into_iter().flatten().copied().collect();
    if let Some((_, reason)) = off_grid(&seam, new.key.interval, old.calendar).pop() {
        let message = format!("several members hold {}: the bar {reason}", new.key);
        return Err(place.error(None, message));
    }
    if old.calendar == Calendar::Continuous {
        count_gaps(&seam, |_| None, new.key.interval, report);
    }
    old.bars = first;
    old.bars.extend(&second);
    Ok(())
}

#[cfg(test)]
mod tests;
