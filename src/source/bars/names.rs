//! Which series each row of a file belongs to.

use std::collections::HashMap;

use csv::ByteRecord;

use super::super::columns::{Columns, Field};
use super::super::report::{DefectKind, RowDefect};
use super::raw::{RawSeries, RowNames};
use crate::error::Error;
use crate::model::{Interval, SeriesKey};

pub(super) const SYMBOL: Field = Field {
    name: "symbol",
    aliases: &["symbol", "ticker", "instrument", "code"],
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
    symbol: Option<usize>,
    /// Market, venue and interval, as `rhyme export bars` writes them. They count together
    /// and beside a symbol only: a `market` alone is often a pair of currencies.
    scope: Option<[usize; 3]>,
}

impl NameColumns {
    pub(super) fn resolve(columns: &Columns<'_>) -> Result<Self, String> {
        let symbol = columns.find(&SYMBOL)?;
        let scope = [&MARKET, &VENUE, &INTERVAL].map(|field| columns.find(field).ok().flatten());
        let scope = match scope {
            [Some(market), Some(venue), Some(interval)] if symbol.is_some() => {
                Some([market, venue, interval])
            }
            _ => None,
        };
        Ok(Self { symbol, scope })
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

    fn names(&self, record: &ByteRecord) -> Result<RowNames, RowDefect> {
        let text = |at: usize| {
            let field = record.get(at).unwrap_or_default().trim_ascii();
            String::from_utf8_lossy(field).into_owned()
        };
        let mut names = RowNames {
            symbol: self.symbol.map(|at| text(at).to_uppercase()),
            ..RowNames::default()
        };
        let bad_name = |e: Error| RowDefect::new(DefectKind::BadName, e.to_string());
        if let Some([market, venue, interval]) = self.scope {
            let said = |at: usize| Some(text(at)).filter(|text| !text.is_empty());
            names.market = said(market);
            names.venue = said(venue);
            let interval = said(interval).map(|text| text.parse::<Interval>());
            names.interval = interval.transpose().map_err(bad_name)?;
        }
        SeriesKey::new(
            names.market.as_deref().unwrap_or("market"),
            names.venue.as_deref().unwrap_or("venue"),
            names.symbol.as_deref().unwrap_or("SYMBOL"),
            names.interval.unwrap_or(Interval::days(1)),
        )
        .map_err(bad_name)?;
        Ok(names)
    }
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
                let at = self.find_or_add(columns.names(record)?)?;
                self.last = Some((self.key.clone(), at));
                at
            }
        };
        let missing = || RowDefect::new(DefectKind::BadName, "no series for the symbol");
        self.series.get_mut(at).ok_or_else(missing)
    }

    fn find_or_add(&mut self, names: RowNames) -> Result<usize, RowDefect> {
        if let Some(at) = self.index.get(&names) {
            return Ok(*at);
        }
        let at = self.series.len();
        if at == MAX_SERIES {
            let message =
                format!("expected at most {MAX_SERIES} symbols in a file, found more; split it");
            return Err(RowDefect::new(DefectKind::BadName, message));
        }
        self.index.insert(names.clone(), at);
        self.series.push(RawSeries {
            names,
            ..RawSeries::default()
        });
        Ok(at)
    }
}
