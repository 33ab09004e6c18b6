//! Which series each row of a file belongs to.

use std::collections::HashMap;

use csv::ByteRecord;

use super::super::columns::{Columns, Field};
use super::super::input_report::{DefectKind, RowDefect};
use super::raw::{RawSeries, RowNames};
use super::symbols::{exchange_of, plain_symbol};
use crate::error::Error;
use crate::model::{Interval, SeriesKey};

pub(super) const SYMBOL: Field = Field {
    name: "symbol",
    aliases: &[
        "symbol",
        "ticker",
        "instrument",
        "code",
        "tic",
        "sym",
        "pair",
        "tradingpair",
        "stocksymbol",
        "actsymbol",
        "tradingsymbol",
    ],
    prefix: None,
};
/// Columns that often hold the symbol, and sometimes the name of a company.
const NAME: Field = Field {
    name: "symbol",
    aliases: &["name", "asset", "coin", "stock"],
    prefix: None,
};
const MARKET: Field = Field {
    name: "market",
    aliases: &["market"],
    prefix: None,
};
const VENUE: Field = Field {
    name: "venue",
    aliases: &["venue"],
    prefix: None,
};
const INTERVAL: Field = Field {
    name: "interval",
    aliases: &["interval"],
    prefix: None,
};

/// Where the names of a row's series are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NameColumns {
    pub(super) symbol: Option<usize>,
    /// The column may hold something else than symbols.
    doubtful: bool,
    /// The caller says the symbol, so those in the file only keep series apart.
    said: bool,
    /// Market, venue and interval, as `rhyme export bars` writes them. They count together
    /// and beside a symbol only: a `market` alone is often a pair of currencies.
    scope: Option<[usize; 3]>,
}

impl NameColumns {
    pub(super) fn resolve(columns: &Columns<'_>, said: bool) -> Result<Self, String> {
        let certain = columns.find(&SYMBOL)?;
        let perhaps = || columns.find(&NAME).ok().flatten();
        let symbol = certain.or_else(perhaps);
        let scope = [&MARKET, &VENUE, &INTERVAL].map(|field| columns.find(field).ok().flatten());
        let scope = match scope {
            [Some(market), Some(venue), Some(interval)] if symbol.is_some() => {
                Some([market, venue, interval])
            }
            _ => None,
        };
        Ok(Self {
            symbol,
            doubtful: certain.is_none(),
            said,
            scope,
        })
    }

    /// The fields that name the series of a row, one after another.
    fn key(&self, record: &ByteRecord, key: &mut Vec<u8>) {
        key.clear();
        let scope = self.scope.iter().flatten();
        for &at in self.symbol.iter().chain(scope) {
            key.extend_from_slice(record.get(at).unwrap_or_default());
            key.push(0);
        }
    }

    /// A series without bars for the row.
    fn series(&self, record: &ByteRecord) -> RawSeries {
        let text = |at: usize| {
            let field = record.get(at).unwrap_or_default().trim_ascii();
            String::from_utf8_lossy(field).into_owned()
        };
        let symbol = self.symbol.map(text);
        let plain = symbol.as_deref().map(plain_symbol);
        let other = symbol.as_deref() != plain.as_deref();
        let capitals = symbol
            .as_ref()
            .is_none_or(|s| !s.contains(char::is_lowercase));
        let mut series = RawSeries {
            names: RowNames {
                symbol: plain.map(|symbol| symbol.to_uppercase()),
                ..RowNames::default()
            },
            doubtful: self.doubtful && (other || !capitals),
            exchange: symbol.as_deref().and_then(exchange_of),
            ..RawSeries::default()
        };
        if let Some([market, venue, interval]) = self.scope {
            let said = |at: usize| Some(text(at)).filter(|text| !text.is_empty());
            series.names.market = said(market);
            series.names.venue = said(venue);
            match said(interval).map(|text| text.parse::<Interval>()) {
                Some(Err(e)) => series.bad_name = Some(e.to_string()),
                of_rows => series.names.interval = of_rows.and_then(Result::ok),
            }
        }
        if !self.said {
            series.spelled = symbol.filter(|_| other);
            let bad_name = check(&series.names).err().map(|e| e.to_string());
            series.bad_name = series.bad_name.or(bad_name);
        }
        series
    }
}

fn check(names: &RowNames) -> Result<SeriesKey, Error> {
    SeriesKey::new(
        names.market.as_deref().unwrap_or("market"),
        names.venue.as_deref().unwrap_or("venue"),
        names.symbol.as_deref().unwrap_or("SYMBOL"),
        names.interval.unwrap_or(Interval::days(1)),
    )
}

/// The most series of a file: each takes more memory than its rows do.
const MAX_SERIES: usize = 100_000;

/// The series of a file by what its rows say about them.
#[derive(Default)]
pub(super) struct BySeries {
    pub(super) series: Vec<RawSeries>,
    index: HashMap<RowNames, usize>,
    /// The fields that named the series of the last row, and which it was.
    last: Option<(Vec<u8>, usize)>,
    key: Vec<u8>,
}

impl BySeries {
    pub(super) fn of(
        &mut self,
        columns: NameColumns,
        record: &ByteRecord,
    ) -> Result<&mut RawSeries, RowDefect> {
        columns.key(record, &mut self.key);
        let at = match &self.last {
            Some((last, at)) if *last == self.key => *at,
            _ => {
                let at = self.find_or_add(columns.series(record))?;
                self.last = Some((self.key.clone(), at));
                at
            }
        };
        let missing = || RowDefect::new(DefectKind::BadName, "no series for the symbol");
        self.series.get_mut(at).ok_or_else(missing)
    }

    fn find_or_add(&mut self, series: RawSeries) -> Result<usize, RowDefect> {
        if let Some(&at) = self.index.get(&series.names) {
            if let Some(known) = self.series.get_mut(at) {
                known.refuse_two_exchanges(&series);
            }
            return Ok(at);
        }
        let at = self.series.len();
        if at == MAX_SERIES {
            let message =
                format!("expected at most {MAX_SERIES} symbols in a file, found more; split it");
            return Err(RowDefect::new(DefectKind::BadName, message));
        }
        self.index.insert(series.names.clone(), at);
        self.series.push(series);
        Ok(at)
    }
}
