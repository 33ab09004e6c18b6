//! What was read, what was left out and what was odd.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::file_parts::FileParts;
use crate::error::{Error, Result, excerpt, shortened};
use crate::model::BarDefect;

/// What to do with a row that cannot be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Refuse the whole file and name the first such row.
    #[default]
    Refuse,
    /// Leave the row out and count it in the report.
    Skip,
}

impl FromStr for OnError {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "skip" => Ok(Self::Skip),
            _ => Err(Error::invalid(format!(
                "expected refuse or skip for rows that cannot be stored, found {}",
                excerpt(text)
            ))),
        }
    }
}

/// Why a row cannot be stored.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DefectKind {
    /// The row has more fields than the header, or is no row at all.
    BadRow,
    /// A field that is needed is empty or absent.
    MissingField,
    /// A field does not hold a number, a time or UTF-8 text.
    Unparsable,
    /// An integer time lies outside of 1973 to 2100 in every unit, or a date outside of 1900 to 2100.
    ImplausibleTime,
    /// The time is a number where most of the file's rows have text, or the reverse.
    WrongUnit,
    /// A local time that the clocks of its zone showed twice or never.
    UnclearTime,
    /// A number is NaN or infinite.
    NotFinite,
    /// A price is zero or negative.
    PriceNotPositive,
    /// High is below low.
    HighBelowLow,
    /// Open or close lies outside of low..high.
    OutsideRange,
    /// The volume is negative.
    NegativeVolume,
    /// The open time is no multiple of the interval, or less than it after the bar before.
    OffGrid,
    /// Several rows of one time with different values; none of them is trusted.
    Conflict,
    /// A market, venue, symbol or interval that cannot be a name.
    BadName,
    /// A headline without text.
    EmptyText,
    /// A headline of more than 512 KiB.
    TextTooLong,
    /// A vector whose values are all zero: it has no direction.
    ZeroVector,
    /// A vector of another dimension than the first.
    WrongDimension,
}

impl fmt::Display for DefectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadRow => "malformed row",
            Self::MissingField => "missing field",
            Self::Unparsable => "unreadable field",
            Self::ImplausibleTime => "implausible time",
            Self::WrongUnit => "timestamp in the wrong unit",
            Self::UnclearTime => "local time shown twice or never",
            Self::NotFinite => "not a finite number",
            Self::PriceNotPositive => "price not above 0",
            Self::HighBelowLow => "high below low",
            Self::OutsideRange => "open or close outside of low..high",
            Self::NegativeVolume => "negative volume",
            Self::OffGrid => "off the interval's grid",
            Self::Conflict => "same time, different values",
            Self::BadName => "bad name",
            Self::EmptyText => "empty text",
            Self::TextTooLong => "text above 512 KiB",
            Self::ZeroVector => "zero vector",
            Self::WrongDimension => "wrong dimension",
        })
    }
}

impl From<BarDefect> for DefectKind {
    fn from(defect: BarDefect) -> Self {
        match defect {
            BarDefect::NotFinite => Self::NotFinite,
            BarDefect::PriceNotPositive => Self::PriceNotPositive,
            BarDefect::HighBelowLow => Self::HighBelowLow,
            BarDefect::OutsideRange => Self::OutsideRange,
            BarDefect::NegativeVolume => Self::NegativeVolume,
        }
    }
}

/// What was odd, but lost nothing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoticeKind {
    /// A row equal to another one; one of them is kept.
    Duplicate,
    /// A row earlier than one before it; rows are sorted.
    OutOfOrder,
    /// Bars are missing in a market that never closes.
    Gap,
    /// Bars without a volume, which is then 0: all of them, or some.
    NoVolume,
    /// Midnights of a local time zone were kept as trading dates at 00:00 UTC.
    TradingDates,
    /// The times look like those of closes and were taken for those of opens.
    CloseStamps,
    /// Daily bars of a market with sessions open at another hour than midnight in UTC.
    HourOfDays,
    /// Open or close lay outside of low..high, which was widened.
    Widened,
    /// A zone was given for times without one, and all times have their own.
    ZoneUnused,
    /// Lines before the header or remarks between rows, which are left out.
    SkippedLines,
    /// A member without rows.
    NoRows,
    /// Adjusted closes that differ from the closes and are not used.
    AdjustedUnused,
    /// A jump in price as a split makes it: see [`crate::data::SplitJump`].
    Split,
    /// A high below, or a low above, another price of its bar by no more than rounding makes; it was
    /// moved to that price.
    Rounded,
    /// A symbol that cannot be part of a name as it is written, and what it is called.
    Renamed,
    /// A market that neither the caller nor the path names, and what tells it.
    MarketTold,
    /// Prices that may be scaled.
    Scaled,
    /// The last bar of one part of a file that another part, which goes on, has with other values.
    OpenBar,
    /// Rows of one headline with different symbols; one headline is kept, with all of them.
    SymbolsJoined,
    /// No headline of the file names a symbol.
    NoSymbols,
    /// A word in a field of symbols that is none, like `NaN`; it is left out.
    NotASymbol,
    /// A line break or another control character in a text; it is a blank now.
    ControlCharacter,
    /// HTML entities in a text; they are decoded.
    HtmlEntity,
    /// Candles without names of their fields, in an order that their prices tell.
    FieldOrder,
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duplicate => "identical row",
            Self::OutOfOrder => "row out of order",
            Self::Gap => "gap",
            Self::NoVolume => "no volume",
            Self::TradingDates => "local midnights kept as trading dates",
            Self::CloseStamps => "times perhaps of the close",
            Self::HourOfDays => "days that do not open at midnight",
            Self::Widened => "range widened",
            Self::ZoneUnused => "zone not used",
            Self::SkippedLines => "lines that are no rows",
            Self::NoRows => "no rows",
            Self::AdjustedUnused => "adjusted close not used",
            Self::Split => "jump as in a split",
            Self::Rounded => "rounded high or low",
            Self::Renamed => "symbol spelled anew",
            Self::MarketTold => "market told by the bars",
            Self::Scaled => "prices that may be scaled",
            Self::OpenBar => "bar that was still open",
            Self::SymbolsJoined => "same headline with other symbols",
            Self::NoSymbols => "no symbols",
            Self::NotASymbol => "word that is no symbol",
            Self::ControlCharacter => "control character made a blank",
            Self::HtmlEntity => "HTML entities decoded",
            Self::FieldOrder => "order of fields told by prices",
        })
    }
}

/// One defect or notice at its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding<K> {
    /// The name inside the zip file, if the file is one.
    pub member: Option<String>,
    /// The line, or in JSON documents, Parquet and npy the row; counted from 1. `None`: the file.
    pub line: Option<u64>,
    /// What it is.
    pub kind: K,
    /// What was expected and what came.
    pub message: String,
}

impl<K> fmt::Display for Finding<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(member) = &self.member {
            write!(f, "{}, ", shortened(member))?;
        }
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A row that cannot be stored, and why.
pub(crate) struct RowDefect {
    pub(crate) kind: DefectKind,
    pub(crate) message: String,
}

impl RowDefect {
    pub(crate) fn new(kind: DefectKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// Findings counted by kind; the first [`Self::LISTED`] are kept with their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Findings<K: Ord> {
    /// How many there are of each kind.
    pub counts: BTreeMap<K, u64>,
    /// The first ones in the order of the file.
    pub first: Vec<Finding<K>>,
}

impl<K: Ord> Default for Findings<K> {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            first: Vec::new(),
        }
    }
}

impl<K: Ord + Copy> Findings<K> {
    /// How many findings are kept with their place.
    pub const LISTED: usize = 20;

    /// The number of findings of all kinds.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many there are of one kind.
    pub fn count(&self, kind: K) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// Counts a finding; `message` is only asked for if it is among the first.
    pub(crate) fn add(&mut self, kind: K, line: Option<u64>, message: impl FnOnce() -> String) {
        *self.counts.entry(kind).or_default() += 1;
        if self.first.len() == Self::LISTED && self.first.last().is_some_and(|f| f.line <= line) {
            return;
        }
        let at = self.first.partition_point(|f| f.line <= line);
        self.first.insert(
            at,
            Finding {
                member: None,
                line,
                kind,
                message: message(),
            },
        );
        self.first.truncate(Self::LISTED);
    }

    /// Adds those of another series of the same text.
    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        self.first.extend(other.first);
        self.first.sort_by_key(|finding| finding.line);
        self.first.truncate(Self::LISTED);
    }

    /// Adds the findings of a later member of the same file.
    fn absorb(&mut self, member: Option<&str>, other: Self) {
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        let room = Self::LISTED.saturating_sub(self.first.len());
        let labelled = other.first.into_iter().take(room).map(|finding| Finding {
            member: member.map(str::to_owned),
            ..finding
        });
        self.first.extend(labelled);
    }
}

impl<K: Ord + Copy + fmt::Display> Findings<K> {
    fn by_kind(&self) -> String {
        let parts: Vec<String> = self
            .counts
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        parts.join(", ")
    }
}

/// What came out of one input file.
///
/// Its `Display` is a line with the totals and, indented below it, what was left out or odd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InputReport {
    /// The file.
    pub file: PathBuf,
    /// Rows of data that were read.
    pub rows: u64,
    /// Rows that can be stored.
    pub accepted: u64,
    /// Rows that cannot be stored.
    pub defects: Findings<DefectKind>,
    /// Rows that are odd and lose nothing.
    pub notices: Findings<NoticeKind>,
    /// Places where a market that never closes lacks bars.
    pub gaps: u64,
    /// Bars that lack there.
    pub missing_bars: u64,
    /// Parts that cannot be stored, while the others are: a symbol, a member of a zip file.
    pub refused: FileParts,
    /// Members of a zip file that hold no table, or the file itself if it holds none.
    pub passed_over: FileParts,
    /// Names of series with the exchange that the file writes before the symbol, as in `NYSE:ABC`: what
    /// two exchanges call alike is not one series.
    pub exchanges: BTreeSet<(String, String)>,
}

impl InputReport {
    pub(crate) fn new(file: &Path) -> Self {
        Self {
            file: file.to_path_buf(),
            ..Self::default()
        }
    }

    /// Counts a row that cannot be stored.
    pub(crate) fn reject(&mut self, line: u64, defect: RowDefect) {
        self.defects.add(defect.kind, Some(line), || defect.message);
    }

    /// Adds the report of one member of the file.
    pub(crate) fn absorb(&mut self, member: Option<&str>, other: Self) {
        self.rows += other.rows;
        self.accepted += other.accepted;
        self.gaps += other.gaps;
        self.missing_bars += other.missing_bars;
        self.defects.absorb(member, other.defects);
        self.notices.absorb(member, other.notices);
        self.refused.absorb(member, other.refused);
        self.passed_over.absorb(member, other.passed_over);
        self.exchanges.extend(other.exchanges);
    }

    /// Adds the report of one series of the same text.
    pub(crate) fn merge(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.gaps += other.gaps;
        self.missing_bars += other.missing_bars;
        self.defects.merge(other.defects);
        self.notices.merge(other.notices);
        self.exchanges.extend(other.exchanges);
    }

    /// Why the defects refuse what this is the report of, and at which line, if they do.
    pub(crate) fn refusal(&self, on_error: OnError) -> Option<(Option<u64>, String)> {
        let first = self.defects.first.first()?;
        if on_error == OnError::Skip && self.accepted > 0 {
            return None;
        }
        let advice = match on_error {
            OnError::Refuse => {
                "; correct them, or use --on-error skip to leave these rows out".to_owned()
            }
            OnError::Skip => ", and none can".to_owned(),
        };
        let member = first.member.as_ref();
        let member = member.map(|m| format!("in {}: ", shortened(m)));
        let message = format!(
            "{}{}. {} of {} rows cannot be stored ({}){advice}",
            member.unwrap_or_default(),
            first.message,
            self.defects.total(),
            self.rows,
            self.defects.by_kind(),
        );
        Some((first.line, message))
    }

    /// The report, unless its defects refuse the file.
    ///
    /// # Errors
    /// [`Error::Input`] for a defect if `on_error` refuses, or if no row at all was accepted.
    pub(crate) fn judge(self, on_error: OnError) -> Result<Self> {
        match self.refusal(on_error) {
            Some((line, message)) => Err(Error::input(&self.file, line, message)),
            None => Ok(self),
        }
    }
}

impl fmt::Display for InputReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, accepted, .. } = self;
        // A line break in a name must not look like a line of the report.
        let file = self.file.display().to_string();
        write!(f, "{}: ", file.replace(char::is_control, "\u{fffd}"))?;
        write!(f, "{rows} rows, {accepted} accepted")?;
        write_findings(f, "left out", &self.defects)?;
        write_findings(f, "noticed", &self.notices)?;
        if self.gaps > 0 {
            let (gaps, missing) = (self.gaps, self.missing_bars);
            write!(f, "\n  gaps: {gaps}, with {missing} missing bars")?;
        }
        for (title, parts) in [
            ("refused", &self.refused),
            ("passed over", &self.passed_over),
        ] {
            if parts.count > 0 {
                write!(f, "\n  {title}: {}{parts}", parts.count)?;
            }
        }
        Ok(())
    }
}

fn write_findings<K: Ord + Copy + fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    findings: &Findings<K>,
) -> fmt::Result {
    let total = findings.total();
    if total == 0 {
        return Ok(());
    }
    write!(f, "\n  {title}: {}", findings.by_kind())?;
    for finding in &findings.first {
        write!(f, "\n    {finding}")?;
    }
    let more = total.saturating_sub(findings.first.len() as u64);
    if more > 0 {
        write!(f, "\n    and {more} more")?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "input_report_tests.rs"]
mod tests;
