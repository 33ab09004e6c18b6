//! Candles from files.

mod adjusted;
mod assemble;
mod gather;
mod market;
mod member;
mod names;
mod naming;
mod options;
mod overlap;
mod parse;
mod path_words;
mod raw;
mod said;
mod scale;
mod spacing;
mod stamps;
mod stem;
mod symbols;
mod volume;

use std::path::Path;

use super::container::{FilePlace, for_each_readable_member};
use super::file_parts::FilePart;
use super::input_report::{InputReport, OnError};
use crate::error::{Error, Result};
use crate::model::SeriesBars;
use gather::Gathered;
use member::read_member;
use parse::Unread;

pub use naming::named_by_path;
pub use options::BarOptions;
pub use overlap::{Contradiction, OnConflict, Overlap};
pub use stamps::TimeOf;

/// What a file of bars holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BarFile {
    /// Its series in the order of their names.
    pub series: Vec<SeriesBars>,
    /// What was read, left out and noticed.
    pub report: InputReport,
}

/// Reads the bars of a file: CSV, JSON or Parquet, plain, in a gzip or in a zip of several files,
/// of one series or with a column of symbols.
///
/// A symbol or a member of a zip file that cannot be stored does not take the others with it: see
/// [`InputReport::refused`]. A member that holds no table is passed over: see
/// [`InputReport::passed_over`]; so is a `.txt` file that holds none.
///
/// # Errors
/// [`crate::Error::Io`] if the file cannot be read, [`crate::Error::Input`] if nothing of it can be stored: it is
/// damaged, its columns or its market are not clear, its spacing is not the interval, or it has
/// defects and `options.on_error` refuses them.
pub fn read_bars(path: &Path, options: &BarOptions) -> Result<BarFile> {
    if let Some(scale) = options.scale
        && !(scale.is_finite() && scale > 0.0)
    {
        return Err(Error::invalid(format!(
            "expected a scale above 0, like 0.0001, found {scale}"
        )));
    }
    let mut report = InputReport::new(path);
    let mut gathered = Gathered::new(options.on_conflict);
    // Whoever reads a member tells whether it is refused; who cannot open it comes here, too.
    let refused = std::cell::RefCell::new(Vec::new());
    let keep = |place: &FilePlace, unread: Unread| match (place.inner(), unread) {
        (Some(inner), Unread::Refused(error @ Error::Input { .. })) => {
            refused.borrow_mut().push((false, part_of(inner, &error)));
            Ok(())
        }
        (Some(inner), Unread::NoTable(error)) => {
            let mut part = part_of(inner, &error);
            part.message = NO_TABLE.to_owned();
            refused.borrow_mut().push((true, part));
            Ok(())
        }
        // What people call text may be a table, and what they call CSV should be one.
        (None, Unread::NoTable(_)) if is_called_text(path) => {
            let part = FilePart {
                message: NO_TABLE.to_owned(),
                ..FilePart::default()
            };
            refused.borrow_mut().push((true, part));
            Ok(())
        }
        (_, Unread::Refused(error) | Unread::NoTable(error)) => Err(error),
    };
    for_each_readable_member(
        path,
        &mut |member| {
            let place = member.place.clone();
            let part = match read_member(member, options) {
                Ok(part) => part,
                Err(unread) => return keep(&place, unread),
            };
            report.absorb(part.place.inner(), part.report);
            for one in part.series {
                gathered.add(one, &part.place, &mut report);
            }
            Ok(())
        },
        &mut |place, error| keep(place, Unread::Refused(error)),
    )?;
    let series = gathered.finish(&mut report);
    for (passed_over, part) in refused.into_inner() {
        match passed_over {
            true => report.passed_over.add(0, part),
            false => report.refused.add(0, part),
        }
    }
    match report.refused.first.first() {
        Some(first) if series.is_empty() => {
            let more = match report.refused.count - 1 {
                0 => String::new(),
                more => format!(", and {more} other parts are refused as well"),
            };
            Err(Error::input(path, first.line, format!("{first}{more}")))
        }
        // Nothing was left out, and still there is nothing to store.
        None if report.rows == 0 && report.passed_over.count == 0 => {
            Err(Error::input(path, None, "there are no rows"))
        }
        _ => Ok(BarFile { series, report }),
    }
}

fn is_called_text(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("txt"))
}

/// Why a text that nobody called a table is passed over.
const NO_TABLE: &str =
    "it holds no table of bars: its first line names none of open, high, low and close";

/// A member that is left out, and why.
fn part_of(inner: &str, error: &Error) -> FilePart {
    let line = match error {
        Error::Input { line, .. } => *line,
        _ => None,
    };
    FilePart {
        member: Some(inner.to_owned()),
        symbol: None,
        line,
        message: message_of(error),
    }
}

/// The message of an error without the names of the file and its member.
fn message_of(error: &Error) -> String {
    match error {
        Error::Input { message, .. } => match message.strip_prefix("in ") {
            Some(rest) => rest
                .split_once(": ")
                .map_or(rest, |(_, rest)| rest)
                .to_owned(),
            None => message.clone(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
