//! `--with-open`: asks with a bar that has not closed yet.

use std::path::Path;

use clap::Args;
use rhymedb::ask::{Open, Subject};
use rhymedb::data::Calendar;
use rhymedb::files::{BarOptions, read_bars};
use rhymedb::query::SimilarAnswer;
use rhymedb::{Bar, Error, SeriesKey, Target, View, Window};

use crate::failure::Outcome;
use crate::text::legible;

#[derive(Debug, Args)]
pub(crate) struct WithOpen {
    /// Ask with the bar that has not closed yet: the last one of a candle file, or Bybit's. It is not
    /// stored
    #[arg(long, value_name = "FILE|bybit", conflicts_with = "pattern")]
    with_open: Option<String>,
    /// The server of --with-open bybit
    #[cfg(feature = "http")]
    #[arg(
        long,
        default_value = "https://api.bybit.com",
        value_name = "URL",
        hide = true
    )]
    base_url: String,
}

impl WithOpen {
    /// What is asked about with the open bar of a target, if one is asked for.
    pub(super) fn subject(&self, view: &View, text: &str) -> Outcome<Option<Subject>> {
        let Some(from) = &self.with_open else {
            return Ok(None);
        };
        let target: Target = text.parse()?;
        let key = view.series_of(&target)?;
        let bar = match from.as_str() {
            "bybit" => self.of_bybit(&key)?,
            file => of_file(view, file, &key)?,
        };
        Ok(Some(Subject::Open(Open {
            target: text.to_owned(),
            open_bar: bar.into(),
        })))
    }

    #[cfg(feature = "http")]
    fn of_bybit(&self, key: &SeriesKey) -> Outcome<Bar> {
        use rhymedb::Timestamp;
        use rhymedb::bybit::BybitClient;
        let category = key.venue.strip_prefix("bybit_");
        let category = category.and_then(|name| name.parse().ok());
        let category = category.filter(|_| key.market == "crypto").ok_or_else(|| {
            Error::Invalid(format!(
                "expected a series of `rhyme ingest bybit`, like crypto/bybit_linear/BTCUSDT:1h, found {key}; give the open bar in a file: --with-open FILE"
            ))
        })?;
        let client = BybitClient::builder().base_url(&self.base_url).build()?;
        let open = client.open_kline(category, &key.symbol, key.interval, Timestamp::now())?;
        Ok(open.ok_or_else(|| Error::NotFound {
            what: "open candle of",
            name: key.to_string(),
            hint_text: "Bybit's newest one has closed; bring it in with `rhyme ingest bybit`"
                .to_owned(),
        })?)
    }

    #[cfg(not(feature = "http"))]
    fn of_bybit(&self, _: &SeriesKey) -> Outcome<Bar> {
        let text =
            "this program was built without `http`; give the open bar in a file: --with-open FILE";
        Err(Error::Invalid(text.to_owned()).into())
    }
}

/// The last bar of a file.
fn of_file(view: &View, file: &str, key: &SeriesKey) -> Outcome<Bar> {
    let stored = view.series()?.into_iter().find(|info| info.key == *key);
    let options = BarOptions {
        market: Some(key.market.clone()),
        venue: Some(key.venue.clone()),
        symbol: Some(key.symbol.clone()),
        interval: Some(key.interval),
        calendar: Some(stored.map_or(Calendar::of_market(&key.market), |info| info.calendar)),
        ..BarOptions::default()
    };
    let read = read_bars(Path::new(file), &options)?.series;
    let last = read.iter().filter_map(|series| series.bars.iter().last());
    let last = last.max_by_key(|bar| bar.time);
    Ok(last.ok_or_else(|| {
        Error::Invalid(format!(
            "expected a file with the open bar, found no bar in {file}"
        ))
    })?)
}

/// The window that was asked about and its open bar, if that is what was asked.
pub(crate) fn of(answer: &SimilarAnswer) -> Option<(&Window, Bar)> {
    answer.query.as_ref().zip(answer.open_bar)
}

/// What was asked about, in a sentence.
pub(super) fn told((window, bar): (&Window, Bar)) -> String {
    legible(&format!(
        "{} from {}; the last bar is open: it opened {} at {} and stands at {}, between {} and {}",
        window.series, window.start, bar.time, bar.open, bar.close, bar.low, bar.high
    ))
}
