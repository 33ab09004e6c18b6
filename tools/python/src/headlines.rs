//! Headlines of tables.

use std::collections::HashMap;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::{Error, Result, Timestamp};

use crate::columns::{Roles, lists, texts, times};
use crate::frame::{Frame, is_of_days};

const DAY_MS: i64 = 86_400_000;

/// What the columns are called that a table of headlines may have.
const ROLES: [(&str, &[&str]); 4] = [
    (
        "time",
        &["time", "published", "timestamp", "datetime", "date"],
    ),
    ("text", &["text", "headline", "title"]),
    ("source", &["source", "publisher"]),
    ("symbols", &["symbols", "symbol", "tickers", "ticker"]),
];

/// The headlines of a table. A column of days has the precision of a day. Where all times are midnights
/// the caller has to say the precision: taking a day for its first moment would be a look ahead.
pub(crate) fn headlines_of(
    frame: &Frame,
    columns: &HashMap<String, String>,
    precision: Option<TimePrecision>,
    time_unit: Option<&str>,
) -> Result<Vec<Headline>> {
    let roles = Roles::find(&frame.names, columns, &ROLES)?;
    let mut all = Vec::new();
    let mut days = false;
    for batch in &frame.batches {
        let column = roles.needed(batch, "time")?;
        days |= is_of_days(column.data_type());
        let time = times(column, time_unit)?;
        let text = texts(roles.needed(batch, "text")?, "text")?;
        let source = match roles.column(batch, "source") {
            Some(column) => texts(column, "source")?,
            None => vec![None; time.len()],
        };
        let symbols = match roles.column(batch, "symbols") {
            Some(column) => lists(column, "symbols")?,
            None => vec![Vec::new(); time.len()],
        };
        for (((time, text), source), symbols) in time.into_iter().zip(text).zip(source).zip(symbols)
        {
            let row = all.len() + 1;
            let missing =
                |what| Error::Invalid(format!("row {row} is no headline: it has no {what}"));
            all.push(Headline {
                time: Timestamp::from_millis(time.ok_or_else(|| missing("time"))?),
                precision: TimePrecision::Second,
                text: text.ok_or_else(|| missing("text"))?,
                source: source.unwrap_or_default(),
                symbols: symbols.into_iter().map(|s| s.to_uppercase()).collect(),
            });
        }
    }
    let midnights = all.iter().all(|h| h.time.millis().rem_euclid(DAY_MS) == 0);
    let precision = match precision {
        Some(precision) => precision,
        None if days => TimePrecision::Day,
        None if midnights && !all.is_empty() => {
            return Err(Error::Invalid(
                "all times are midnights in UTC, so they may be days; say precision=\"day\", or \"second\" if they are times".to_owned(),
            ));
        }
        None => TimePrecision::Second,
    };
    for headline in &mut all {
        headline.precision = precision;
    }
    Ok(all)
}
