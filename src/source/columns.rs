//! Which column of a file holds which field.

use std::borrow::Cow;

use csv::ByteRecord;

use crate::error::{Error, Result, excerpt, shortened};

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
        "starttime",
        "start",
        "timestamputc",
        "timestamp",
        "ts",
        "unixtimestamp",
        "unix",
        "datetimeutc",
        "datetime",
        "time",
        "date",
        "t",
        "ticks",
        "indexlevel0",
    ],
    prefix: None,
};

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
        let field = |at: usize| record.get(at).unwrap_or_default();
        match *self {
            Self::One(at) => field(at).into(),
            Self::Halves(date, time) => [field(date), b" ", field(time)].concat().into(),
        }
    }

    /// Whether it is in this column.
    pub(crate) fn is_in(&self, at: usize) -> bool {
        match *self {
            Self::One(one) => one == at,
            Self::Halves(date, time) => date == at || time == at,
        }
    }

    /// Whether it is in two columns.
    pub(crate) fn are_halves(&self) -> bool {
        matches!(self, Self::Halves(..))
    }
}

/// Reads `field=column,field=column` as given to `--map`. A time may be in two columns: `time=Day+Hour`.
///
/// Fields of bars are `time` (when a bar opened), `open`, `high`, `low`, `close`, `volume`, `symbol` and
/// `adjusted`; of headlines `time` (when it was published), `text`, `symbols`, `source` and `precision`; of
/// vectors `vector`, `market`, `venue`, `symbol`, `interval` and `time` (when the window closed). Short
/// forms: `ts`, `o`, `h`, `l`, `c`, `v`; `open_time`, `published` and `end` are `time`, too.
///
/// # Errors
/// [`Error::Invalid`] if a part has no `=` or an empty side.
pub fn parse_map(text: &str) -> Result<Vec<(String, String)>> {
    text.split(',')
        .map(|part| match part.split_once('=') {
            Some((field, column)) if !field.trim().is_empty() && !column.is_empty() => {
                Ok((field.trim().to_owned(), column.to_owned()))
            }
            _ => Err(Error::invalid(format!(
                "expected a map like time=Date,open=o, found {} in {}",
                excerpt(part),
                excerpt(text)
            ))),
        })
        .collect()
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

    /// The columns of the time, which must be there. A `date` beside a `time` is the other half of it.
    pub(crate) fn need_time(&self, field: &Field) -> Result<TimeColumns, String> {
        let mapped = self.map.iter().find(|(f, _)| canonical(f) == field.name);
        if let Some((_, column)) = mapped {
            return match column.split_once('+') {
                Some((date, time)) if self.position(column).is_none() => {
                    Ok(TimeColumns::Halves(self.named(date)?, self.named(time)?))
                }
                _ => self.named(column).map(TimeColumns::One),
            };
        }
        let at = self.need(field)?;
        let is_time = self.plain.get(at).is_some_and(|p| p == "time");
        let dates = ["date", "dtyyyymmdd"];
        let date = self.plain.iter().position(|p| dates.contains(&p.as_str()));
        Ok(match date {
            Some(date) if is_time => TimeColumns::Halves(date, at),
            _ => TimeColumns::One(at),
        })
    }

    fn position(&self, column: &str) -> Option<usize> {
        let exact = self.names.iter().position(|n| n == column);
        exact.or_else(|| self.plain.iter().position(|p| *p == plain(column)))
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
        let mut all = self.names.iter().enumerate().filter(free);
        let example = all.clone().find(alike).or_else(|| all.next());
        let example = example.map_or_else(|| "COLUMN".to_owned(), |(_, n)| shortened(n));
        format!(
            "say which one it is, for example --map {}={example}, and name others behind commas",
            field.name
        )
    }

    fn list(&self) -> String {
        listed(self.names)
    }
}

/// Names of columns for a message, not too many.
pub(crate) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 30;
    let shown = names.iter().take(SHOWN).map(|n| shortened(n));
    let mut text = shown.collect::<Vec<_>>();
    if names.len() > SHOWN {
        text.push(format!("and {} more", names.len() - SHOWN));
    }
    text.join(", ")
}

/// A column's name in lower case without spaces and punctuation.
fn plain(name: &str) -> String {
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const VOLUME: Field = Field {
        name: "volume",
        aliases: &["volume", "vol", "v"],
        prefix: Some("volume"),
    };

    fn find(names: &[&str], map: &str, field: &Field) -> Result<Option<usize>, String> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let map = if map.is_empty() {
            Vec::new()
        } else {
            parse_map(map).unwrap()
        };
        Columns::new(&names, &map, &[&TIME, &VOLUME])?.find(field)
    }

    #[test]
    fn names_fit_whatever_their_case_and_punctuation() {
        for name in [
            "Open time",
            "open_time",
            "OPENTIME",
            "<open-time>",
            "timestamp_ms_utc",
        ] {
            assert_eq!(find(&["x", name], "", &TIME), Ok(Some(1)), "{name}");
        }
        assert_eq!(find(&["x", "closing"], "", &TIME), Ok(None));
    }

    #[test]
    fn the_best_alias_wins_whatever_the_order() {
        assert_eq!(find(&["date", "unix"], "", &TIME), Ok(Some(1)));
        assert_eq!(find(&["Volume USD", "Volume"], "", &VOLUME), Ok(Some(1)));
    }

    #[test]
    fn a_prefix_must_be_the_only_one() {
        assert_eq!(find(&["volume_btc"], "", &VOLUME), Ok(Some(0)));
        let text = find(&["Volume BTC", "Volume USD"], "", &VOLUME).unwrap_err();
        assert!(text.contains("--map volume=Volume BTC"), "{text}");
    }

    #[test]
    fn what_is_unclear_is_refused() {
        assert!(find(&["ts", "TS"], "", &TIME).is_err());
        assert_eq!(find(&["ts", "TS"], "ts=TS", &TIME), Ok(Some(1)));
    }

    #[test]
    fn a_time_may_be_in_two_columns() {
        let time = |names: &[&str], map: &str| {
            let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
            let map = parse_map(map).unwrap_or_default();
            let columns = Columns::new(&names, &map, &[&TIME])?;
            let row = ByteRecord::from(vec!["2020-01-31", "09:30", "x"]);
            let time = columns.need_time(&TIME)?.of(&row).into_owned();
            Ok::<_, String>(String::from_utf8(time).unwrap())
        };
        let joined = Ok("2020-01-31 09:30".to_owned());
        assert_eq!(time(&["<DATE>", "<TIME>", "x"], ""), joined);
        assert_eq!(time(&["Day", "Hour", "x"], "time=Day+Hour"), joined);
        assert_eq!(
            time(&["a+b", "b", "x"], "time=a+b"),
            Ok("2020-01-31".to_owned())
        );
        assert_eq!(
            time(&["Date", "Time", "x"], "time=Date"),
            Ok("2020-01-31".to_owned())
        );
        assert_eq!(time(&["Date", "Time", "unix"], ""), Ok("x".to_owned()));
        assert!(
            time(&["a", "b", "x"], "time=a+c")
                .unwrap_err()
                .contains("--map names the column")
        );
    }

    #[test]
    fn advice_names_a_column_that_is_free() {
        let text = find(&["Volume", "when"], "time=nope", &TIME).unwrap_err();
        assert!(text.contains("the columns are: Volume, when"), "{text}");
        let names = ["Volume", "when"].map(str::to_owned);
        let columns = Columns::new(&names, &[], &[&TIME, &VOLUME]).unwrap();
        let text = columns.need(&TIME).unwrap_err();
        assert!(text.contains("for example --map time=when, and"), "{text}");
        let names = ["Er\u{fffd}ffnung"].map(str::to_owned);
        let columns = Columns::new(&names, &[], &[&TIME]).unwrap();
        let text = columns.need(&TIME).unwrap_err();
        assert!(text.contains("save the file as UTF-8"), "{text}");
    }

    #[test]
    fn maps_are_checked() {
        assert_eq!(
            parse_map("ts=Date,open=o").unwrap(),
            [
                ("ts".to_owned(), "Date".to_owned()),
                ("open".to_owned(), "o".to_owned())
            ]
        );
        for bad in ["", "ts", "=x", "ts=", "ts=a,,o=b"] {
            assert!(parse_map(bad).is_err(), "{bad:?}");
        }
        assert!(
            find(&["a"], "price=a", &TIME)
                .unwrap_err()
                .contains("expected one of time, volume")
        );
        assert!(
            find(&["a"], "time=b", &TIME)
                .unwrap_err()
                .contains("the columns are: a")
        );
    }
}
