//! Stored rows as columns of a table, for files and for Arrow.

use rhymedb::files::TableColumn;
use rhymedb::{Bars, Error, SeriesKey, Target, Timestamp, View};

/// The series that the targets name; all if there are none.
pub(crate) fn series(view: &View, targets: &[String]) -> rhymedb::Result<Vec<SeriesKey>> {
    if targets.is_empty() {
        return Ok(view.series()?.into_iter().map(|s| s.key).collect());
    }
    let named = targets.iter().map(|text| {
        let target: Target = text.parse()?;
        if target.time.is_some() {
            return Err(Error::Invalid(format!(
                "expected a series like BTCUSDT:1h, found {text} with a time; use `from` and `until`"
            )));
        }
        view.series_of(&target)
    });
    named.collect()
}

/// What names a series.
const NAMES: [&str; 4] = ["market", "venue", "symbol", "interval"];

/// The names of a series, once a row.
fn names(key: &SeriesKey, rows: usize) -> [(&'static str, TableColumn); 4] {
    let texts = [
        &key.market,
        &key.venue,
        &key.symbol,
        &key.interval.to_string(),
    ];
    let same = |text: &String| TableColumn::Text(vec![Some(text.clone()); rows]);
    let [market, venue, symbol, interval] = texts.map(same);
    let [a, b, c, d] = NAMES;
    [(a, market), (b, venue), (c, symbol), (d, interval)]
}

pub(crate) fn times(times: impl Iterator<Item = Timestamp>) -> TableColumn {
    TableColumn::Time(times.map(Some).collect())
}

pub(crate) fn bar_columns(key: &SeriesKey, bars: &Bars) -> Vec<(&'static str, TableColumn)> {
    let number = |values: &[f64]| TableColumn::Number(values.iter().copied().map(Some).collect());
    let open = bars.time.iter().map(|&t| Timestamp::from_millis(t));
    let mut columns = names(key, bars.len()).to_vec();
    columns.extend([
        ("open_time", times(open)),
        ("open", number(&bars.open)),
        ("high", number(&bars.high)),
        ("low", number(&bars.low)),
        ("close", number(&bars.close)),
        ("volume", number(&bars.volume)),
    ]);
    columns
}

/// Windows of one series with their vectors, of D values each; without a series there are none.
pub(crate) fn vector_columns(
    key: Option<&SeriesKey>,
    ends: &[Timestamp],
    dim: usize,
    values: Vec<f32>,
) -> Vec<(&'static str, TableColumn)> {
    let mut columns = match key {
        Some(key) => names(key, ends.len()).to_vec(),
        None => NAMES
            .map(|name| (name, TableColumn::Text(Vec::new())))
            .to_vec(),
    };
    columns.push(("end", times(ends.iter().copied())));
    columns.push(("vector", TableColumn::Vectors { dim, values }));
    columns
}
