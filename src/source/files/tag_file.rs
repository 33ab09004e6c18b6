//! Tags in a CSV file: a symbol, a time, a name, perhaps a number and when it was known.

use std::path::Path;

use super::small_csv::{listed, plain_names, read_table, time};
use crate::error::{Error, Result, excerpt};
use crate::model::{Interval, NewTag, Target};

/// The columns by their names in files.
const SYMBOL: &[&str] = &["symbol", "series", "ticker", "instrument"];
const TIME: &[&str] = &[
    "time",
    "date",
    "datetime",
    "timestamp",
    "end",
    "entry_time",
    "close_time",
];
const NAME: &[&str] = &["tag", "name", "label", "setup"];
const VALUE: &[&str] = &["value", "number", "profit", "pnl", "return"];
const KNOWN: &[&str] = &["known", "known_at", "known_from"];

/// Reads the tags of a CSV file with a header: the columns `symbol`, `time` and `tag`, and, if they are there,
/// `value` and `known`. A symbol may be a whole series, like `crypto/bybit/BTCUSDT:1h`; `interval` is for those
/// that name none.
///
/// ```
/// let dir = tempfile::tempdir()?;
/// let file = dir.path().join("trades.csv");
/// std::fs::write(&file, "symbol,time,tag,profit\nBTCUSDT,19 May 2021 14:00,long,-3.5\n")?;
/// let tags = rhymedb::files::read_tags(&file, Some(rhymedb::Interval::hours(1)))?;
/// assert_eq!(tags[0].target, "BTCUSDT:1h@2021-05-19T14:00".parse()?);
/// assert_eq!(tags[0].value, Some(-3.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Input`] with the line of the first row that is no tag.
pub fn read_tags(path: impl AsRef<Path>, interval: Option<Interval>) -> Result<Vec<NewTag>> {
    read_table(path.as_ref(), TagColumns::of, |columns, row| {
        columns.tag(row, interval)
    })
}

/// Where the columns are.
struct TagColumns {
    symbol: usize,
    time: usize,
    name: usize,
    value: Option<usize>,
    known: Option<usize>,
}

impl TagColumns {
    fn of(header: &csv::StringRecord) -> Result<Self, String> {
        let names = plain_names(header);
        let find = |wanted: &[&str]| names.iter().position(|n| wanted.contains(&n.as_str()));
        let need = |names: &[&str]| {
            find(names).ok_or_else(|| {
                format!(
                    "expected the columns symbol, time and tag, and perhaps value and known, found no {} in {}",
                    names.first().copied().unwrap_or_default(),
                    listed(header)
                )
            })
        };
        Ok(Self {
            symbol: need(SYMBOL)?,
            time: need(TIME)?,
            name: need(NAME)?,
            value: find(VALUE),
            known: find(KNOWN),
        })
    }

    fn tag(&self, row: &csv::StringRecord, interval: Option<Interval>) -> Result<NewTag> {
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let said = |at: Option<usize>| at.map(cell).filter(|text| !text.is_empty());
        let mut target: Target = cell(self.symbol).parse()?;
        if target.time.is_some() {
            return Err(Error::invalid(format!(
                "expected a symbol without a time, found {}",
                excerpt(cell(self.symbol))
            )));
        }
        target.interval = target.interval.or(interval);
        target.time = Some(time(cell(self.time))?);
        let number = |text: &str| {
            let parsed = text.parse::<f64>().ok().filter(|x| x.is_finite());
            parsed.ok_or_else(|| {
                Error::invalid(format!("expected a number, found {}", excerpt(text)))
            })
        };
        Ok(NewTag {
            name: cell(self.name).to_owned(),
            target,
            value: said(self.value).map(number).transpose()?,
            known: said(self.known).map(time).transpose()?,
        })
    }
}
