//! Which column of a file holds which field.

use std::borrow::Cow;

use csv::ByteRecord;

use super::column_map::{hint, position_of_number};
use super::times::{TimeDefect, TimeForm, is_time_of_day, parse_time};
use crate::error::{excerpt, shortened};
use crate::model::TimePrecision;

/// What names the fields of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// A header, or the keys of JSON objects.
    Named(Vec<String>),
    /// No names, this many fields.
    Positional(usize),
}

impl Layout {
    /// The number of columns.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Named(names) => names.len(),
            Self::Positional(width) => *width,
        }
    }
}

/// A field that a reader looks for.
pub(crate) struct Field {
    /// The name for `--map`.
    pub(crate) name: &'static str,
    /// Names of its column in lower case without spaces and punctuation, the best one first.
    pub(crate) aliases: &'static [&'static str],
    /// Also takes the only column whose name begins so, like `volume_btc`.
    pub(crate) prefix: Option<&'static str>,
}

/// Times, as every kind of file names them.
pub(crate) const TIME: Field = Field {
    name: "time",
    aliases: &[
        "timestampmsutc",
        "timestampms",
        "opentime",
        "timeopen",
        "opentimestamp",
        "starttime",
        "start",
        "windowstart",
        "periodstart",
        "beginsat",
        "timestamputc",
        "timestamp",
        "ts",
        "unixtimestamp",
        "unixtime",
        "unix",
        "epoch",
        "datetimeutc",
        "datetimegmt",
        "datetime",
        "gmttime",
        "utctime",
        "localtime",
        "time",
        "date",
        "tradedate",
        "tradingdate",
        "dt",
        "t",
        "ticks",
        "indexlevel0",
    ],
    prefix: None,
};

/// The names of columns without a header: their numbers, as `--map` takes them.
pub(crate) fn numbered(width: usize) -> Vec<String> {
    (1..=width).map(|number| format!("#{number}")).collect()
}

/// Where the time of a row is.
pub(crate) enum TimeColumns {
    /// In one column.
    One(usize),
    /// The date in one column, the time of day in another.
    Halves(usize, usize),
}

impl TimeColumns {
    /// The time of a row; halves stand behind each other.
    pub(crate) fn of<'r>(&self, record: &'r ByteRecord) -> Cow<'r, [u8]> {
        self.of_fields(|at| record.get(at).unwrap_or_default())
    }

    /// As [`Self::of`], where `field` gives the text of a column.
    pub(crate) fn of_fields<'r>(&self, field: impl Fn(usize) -> &'r [u8]) -> Cow<'r, [u8]> {
        match *self {
            Self::One(at) => field(at).into(),
            Self::Halves(date, time) => [field(date), b" ", field(time)].concat().into(),
        }
    }

    /// The column of the time of day, or the only one.
    pub(crate) fn last(&self) -> usize {
        let (Self::One(at) | Self::Halves(_, at)) = *self;
        at
    }

    /// Whether it is in this column.
    pub(crate) fn is_in(&self, at: usize) -> bool {
        match *self {
            Self::One(one) => one == at,
            Self::Halves(date, time) => date == at || time == at,
        }
    }
}

/// A header with what the caller says about it.
pub(crate) struct Columns<'a> {
    names: &'a [String],
    plain: Vec<String>,
    map: &'a [(String, String)],
    fields: Vec<&'a Field>,
}

impl<'a> Columns<'a> {
    /// Checks that `map` names fields of `fields`; the columns are checked when they are asked for.
    pub(crate) fn new(
        names: &'a [String],
        map: &'a [(String, String)],
        fields: &[&'a Field],
    ) -> Result<Self, String> {
        for (name, _) in map {
            if !fields.iter().any(|f| f.name == canonical(name)) {
                let known: Vec<&str> = fields.iter().map(|f| f.name).collect();
                return Err(format!(
                    "--map names the field {}; expected one of {}",
                    excerpt(name),
                    known.join(", ")
                ));
            }
        }
        Ok(Self {
            names,
            plain: names.iter().map(|n| plain(n)).collect(),
            map,
            fields: fields.to_vec(),
        })
    }

    /// The column of a field that may be absent.
    pub(crate) fn find(&self, field: &Field) -> Result<Option<usize>, String> {
        if let Some((_, column)) = self.map.iter().find(|(f, _)| canonical(f) == field.name) {
            return self.named(column).map(Some);
        }
        for alias in field.aliases {
            let mut fits = self.plain.iter().enumerate().filter(|(_, p)| p == alias);
            match (fits.next(), fits.next()) {
                (Some((at, _)), None) => return Ok(Some(at)),
                (Some(_), Some(_)) => return Err(self.unclear(field, alias)),
                _ => {}
            }
        }
        let Some(prefix) = field.prefix else {
            return Ok(None);
        };
        let starts = |(_, p): &(usize, &String)| p.starts_with(prefix);
        let mut fits = self.plain.iter().enumerate().filter(starts);
        match (fits.next(), fits.next()) {
            (Some((at, _)), None) => Ok(Some(at)),
            (Some(_), Some(_)) => Err(self.unclear(field, prefix)),
            _ => Ok(None),
        }
    }

    /// All columns with these plain names.
    pub(crate) fn all(&self, plain_names: &[&str]) -> Vec<usize> {
        let plain = self.plain.iter().enumerate();
        let fits = plain.filter(|(_, name)| plain_names.contains(&name.as_str()));
        fits.map(|(at, _)| at).collect()
    }

    /// Whether the caller says which column the field is in.
    pub(crate) fn is_mapped(&self, field: &Field) -> bool {
        self.map.iter().any(|(f, _)| canonical(f) == field.name)
    }

    /// The columns whose plain names begin so, with what follows there.
    pub(crate) fn beginning_with(&self, prefix: &str) -> Vec<(usize, &str)> {
        let plain = self.plain.iter().enumerate();
        plain
            .filter_map(|(at, name)| Some((at, name.strip_prefix(prefix)?)))
            .collect()
    }

    /// The column of a field that must be there.
    pub(crate) fn need(&self, field: &Field) -> Result<usize, String> {
        self.find(field)?.ok_or_else(|| {
            format!(
                "no column for the {} among: {}; {}",
                field.name,
                self.list(),
                self.advice(field)
            )
        })
    }

    /// As [`Self::need_time_as_in`], where no row is known.
    pub(crate) fn need_time(&self, field: &Field) -> Result<TimeColumns, String> {
        self.need_time_as_in(field, &ByteRecord::new())
    }

    /// The columns of the time, which must be there. A `date` beside a time of day is the other half of
    /// it; what the columns hold is told by the first row.
    pub(crate) fn need_time_as_in(
        &self,
        field: &Field,
        row: &ByteRecord,
    ) -> Result<TimeColumns, String> {
        let mapped = self.map.iter().find(|(f, _)| canonical(f) == field.name);
        if let Some((_, column)) = mapped {
            return match column.split_once('+') {
                Some((date, time)) if self.position(column).is_none() => {
                    Ok(TimeColumns::Halves(self.named(date)?, self.named(time)?))
                }
                _ => self.named(column).map(TimeColumns::One),
            };
        }
        let at = match self.find(field)? {
            Some(at) => at,
            None => match self.unnamed_time(row) {
                Some(at) => return Ok(TimeColumns::One(at)),
                None => self.need(field)?,
            },
        };
        let value = |at: usize| row.get(at).unwrap_or_default().trim_ascii();
        let is_time = self.plain.get(at).is_some_and(|p| p == "time");
        let dates = ["date", "dtyyyymmdd"];
        let date = self.plain.iter().position(|p| dates.contains(&p.as_str()));
        Ok(match date {
            Some(date) if date != at && (is_time || is_time_of_day(value(at))) => {
                if is_moment(value(at)) {
                    TimeColumns::One(at)
                } else if is_moment(value(date)) {
                    TimeColumns::One(date)
                } else {
                    TimeColumns::Halves(date, at)
                }
            }
            _ => TimeColumns::One(at),
        })
    }

    /// A column without a name, as pandas writes an index, that holds times.
    fn unnamed_time(&self, row: &ByteRecord) -> Option<usize> {
        const UNNAMED: [&str; 4] = ["", "unnamed0", "index", "level0"];
        let holds_time = |at: &usize| match parse_time(row.get(*at).unwrap_or_default()) {
            Ok(_) => true,
            Err(defect) => defect == TimeDefect::DayMonthOrder,
        };
        let plain = self.plain.iter().enumerate();
        let mut unnamed = plain.filter(|(_, name)| UNNAMED.contains(&name.as_str()));
        unnamed.find_map(|(at, _)| Some(at).filter(holds_time))
    }

    /// The name of the column of times if it says that they are of a local clock.
    pub(crate) fn local_clock(&self, time: &TimeColumns) -> Option<String> {
        let at = time.last();
        let is_local = self.plain.get(at)?.contains("local");
        self.names.get(at).filter(|_| is_local).cloned()
    }

    fn position(&self, column: &str) -> Option<usize> {
        let exact = self.names.iter().position(|n| n == column);
        let number = || position_of_number(column).filter(|at| *at < self.names.len());
        let similar = || self.plain.iter().position(|p| *p == plain(column));
        exact.or_else(number).or_else(similar)
    }

    fn named(&self, column: &str) -> Result<usize, String> {
        self.position(column).ok_or_else(|| {
            format!(
                "--map names the column {}, and the columns are: {}",
                excerpt(column),
                self.list()
            )
        })
    }

    fn unclear(&self, field: &Field, wanted: &str) -> String {
        format!(
            "several columns may be the {} ({wanted}): {}; {}",
            field.name,
            self.list(),
            self.advice(field)
        )
    }

    fn advice(&self, field: &Field) -> String {
        if self.names.iter().any(|n| n.contains('\u{fffd}')) {
            return "save the file as UTF-8, which its header is not".to_owned();
        }
        // A column that is no other field's.
        let of_name = |name: &String| self.plain.iter().position(|p| *p == plain(name));
        let of_alias = |alias: &&str| self.plain.iter().position(|p| p == alias);
        let others = self.fields.iter().filter(|f| f.name != field.name);
        let found = others.filter_map(|f| f.aliases.iter().find_map(of_alias));
        let mapped = self.map.iter().filter_map(|(_, column)| of_name(column));
        let taken: Vec<usize> = found.chain(mapped).collect();
        let free = |(i, name): &(usize, &String)| !name.is_empty() && !taken.contains(i);
        let plain = |i: usize| self.plain.get(i).map_or("", String::as_str);
        let alike = |(i, _): &(usize, &String)| plain(*i).contains(field.name);
        // A name is the better example; a column without one is left for the last.
        let mut named = self.names.iter().enumerate().filter(free);
        let named = named.clone().find(alike).or_else(|| named.next());
        let unnamed = || {
            let mut columns = self.names.iter().enumerate();
            columns.find(|(at, _)| !taken.contains(at))
        };
        let example = named.or_else(unnamed).map_or_else(
            || hint(field.name, 0, ""),
            |(at, name)| hint(field.name, at, name),
        );
        format!(
            "say which one it is, for example {example} (a name or a number from #1), and name others behind commas"
        )
    }

    fn list(&self) -> String {
        listed(self.names)
    }
}

/// Whether a field is a moment on its own: a number since 1970, or a date with a time of day.
fn is_moment(field: &[u8]) -> bool {
    match parse_time(field) {
        Ok(time) => {
            let number = matches!(time.form, TimeForm::Integer(_));
            number || time.precision != TimePrecision::Day
        }
        Err(TimeDefect::DayMonthOrder) => field.contains(&b':'),
        Err(_) => false,
    }
}

/// Names of columns for a message, not too many.
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 30;
    let shown = |name: &String| match name.is_empty() {
        true => "(no name)".to_owned(),
        false => shortened(name),
    };
    let shown = names.iter().take(SHOWN).map(shown);
    let mut text = shown.collect::<Vec<_>>();
    if names.len() > SHOWN {
        text.push(format!("and {} more", names.len() - SHOWN));
    }
    text.join(", ")
}

/// A column's name in lower case without spaces and punctuation.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The name of a field from its short forms.
fn canonical(name: &str) -> &str {
    match name {
        "ts" | "timestamp" | "date" | "open_time" | "end" | "published" => "time",
        "o" => "open",
        "h" => "high",
        "l" => "low",
        "c" => "close",
        "v" | "vol" => "volume",
        "headline" | "title" => "text",
        "publisher" => "source",
        "embedding" => "vector",
        "tickers" => "symbols",
        "ticker" => "symbol",
        other => other,
    }
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
