//! What the vectors of a file stand for, row by row.

use std::path::Path;

use csv::ByteRecord;

use super::super::columns::{Columns, Field, Layout, TimeColumns};
use super::super::container::{FilePlace, for_each_member};
use super::super::fields::{read_time, wrong_unit};
use super::super::headline_columns::TEXT;
use super::super::input_report::{DefectKind, RowDefect};
use super::super::rows::{Rows, Step};
use super::super::times::{TimeForm, TimeForms, WrittenTime};
use super::options::VectorOptions;
use crate::error::{Error, Result};
use crate::model::{Interval, SeriesKey, TimePrecision, Timestamp};

const DAY_MS: i64 = 86_400_000;

/// The column of the vectors themselves, which only Parquet files have.
pub(super) const VECTOR: Field = Field {
    name: "vector",
    aliases: &["vector", "embedding", "vectors", "embeddings"],
    prefix: None,
};
const MARKET: Field = Field {
    name: "market",
    aliases: &["market"],
    prefix: None,
};
const VENUE: Field = Field {
    name: "venue",
    aliases: &["venue", "exchange"],
    prefix: None,
};
const SYMBOL: Field = Field {
    name: "symbol",
    aliases: &["symbol", "ticker"],
    prefix: None,
};
const INTERVAL: Field = Field {
    name: "interval",
    aliases: &["interval", "timeframe"],
    prefix: None,
};
const END: Field = Field {
    name: "time",
    aliases: &[
        "end",
        "endtime",
        "closetime",
        "time",
        "timestamp",
        "ts",
        "timestampmsutc",
        "datetime",
        "date",
    ],
    prefix: None,
};

/// The fields that a header may have, for checking `--map`.
pub(super) const FIELDS: [&Field; 6] = [&VECTOR, &MARKET, &VENUE, &SYMBOL, &INTERVAL, &END];

/// The metadata of all rows, before the form of their times is known.
#[derive(Default)]
pub(super) struct Metas {
    rows: Vec<Result<VectorMeta, RowDefect>>,
    /// The rows that say a time, and how.
    forms: Vec<(usize, TimeForm)>,
    /// Whether a time of day names no zone.
    has_local_times: bool,
}

impl Metas {
    /// What is assumed where nothing is said.
    pub(super) fn assumed(rows: usize) -> Self {
        let rows = 0..rows as u64;
        Self {
            rows: rows.map(|row| Ok(VectorMeta::of_row(row))).collect(),
            ..Self::default()
        }
    }

    /// Refuses times of a clock that the document calls another one than UTC.
    pub(super) fn check_zone(&self, rows: &Rows<'_>) -> Result<()> {
        if !self.has_local_times || !rows.facts().zones.are_local() {
            return Ok(());
        }
        Err(rows.place.error(
            None,
            "this document names a time zone, and its times name none; write the times of vectors in UTC or with an offset, like 2024-01-02T09:30-05:00",
        ))
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The metadata of each row; times of another unit than most are defects.
    pub(super) fn settle(mut self) -> impl Iterator<Item = Result<VectorMeta, RowDefect>> {
        let mut forms = TimeForms::default();
        for (_, form) in &self.forms {
            forms.push(*form);
        }
        if let Some(expected) = TimeForms::of_most(std::iter::once(&forms)) {
            for (row, form) in &self.forms {
                if !form.same_kind(expected)
                    && let Some(row) = self.rows.get_mut(*row)
                {
                    *row = Err(wrong_unit(expected, *form));
                }
            }
        }
        self.rows.into_iter()
    }

    pub(super) fn reject(&mut self, defect: RowDefect) {
        self.rows.push(Err(defect));
    }
}

/// What the rows of a table of vectors stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowsOf {
    Windows,
    /// What names them is read apart.
    Headlines,
}

/// Where the fields of the metadata are.
#[derive(Default)]
pub(super) struct MetaColumns {
    /// Market, venue, symbol and interval.
    names: [Option<usize>; 4],
    end: Option<TimeColumns>,
}

impl MetaColumns {
    pub(super) fn resolve(columns: &Columns<'_>, of: RowsOf) -> Result<Self, String> {
        if of == RowsOf::Headlines {
            return Ok(Self::default());
        }
        let find = |field| columns.find(field);
        let is_mapped = columns.is_mapped(&END);
        let end = match is_mapped || find(&END)?.is_some() {
            true => Some(columns.need_time(&END)?),
            false => None,
        };
        if let Some(TimeColumns::Halves(date, time)) = end
            && !is_mapped
        {
            let (date, time) = (date + 1, time + 1);
            return Err(format!(
                "the columns date and time may be two halves of one time; say --map time=#{date}+#{time} if they are, or name the one to use with --map time=#{date} or --map time=#{time}"
            ));
        }
        if end.is_none() && find(&TEXT)?.is_some() {
            return Err("expected vectors of charts, with the end of each window, found those of headlines; `rhyme import headline-vectors` takes them".to_owned());
        }
        Ok(Self {
            names: [
                find(&MARKET)?,
                find(&VENUE)?,
                find(&SYMBOL)?,
                find(&INTERVAL)?,
            ],
            end,
        })
    }

    /// Whether they say anything.
    fn are_none(&self) -> bool {
        self.names.iter().all(Option::is_none) && self.end.is_none()
    }

    /// Whether one of them is at this place.
    #[cfg(feature = "parquet")]
    pub(super) fn contain(&self, at: usize) -> bool {
        self.names.contains(&Some(at)) || self.end.as_ref().is_some_and(|end| end.is_in(at))
    }

    /// Adds a row from the texts of its columns; `field` gives that of a column.
    pub(super) fn read<'a>(&self, field: impl Fn(usize) -> &'a [u8], metas: &mut Metas) {
        let names = self.names.map(|at| at.map(&field).unwrap_or_default());
        let end = self.end.as_ref().map(|end| end.of_fields(&field));
        let row = metas.rows.len();
        let read = read_row(names, &end.unwrap_or_default(), row as u64);
        metas.rows.push(read.map(|(meta, time)| {
            metas.forms.extend(time.map(|time| (row, time.form)));
            let of_day = |time: WrittenTime| time.precision != TimePrecision::Day;
            metas.has_local_times |= time.is_some_and(|t| t.form.is_naive() && of_day(t));
            meta
        }));
    }
}

fn read_row(
    [market, venue, symbol, interval]: [&[u8]; 4],
    end: &[u8],
    row: u64,
) -> Result<(VectorMeta, Option<WrittenTime>), RowDefect> {
    let mut meta = VectorMeta::of_row(row);
    for (field, value) in [
        (market, &mut meta.market),
        (venue, &mut meta.venue),
        (symbol, &mut meta.symbol),
    ] {
        let text = text_of(field);
        if !text.is_empty() {
            *value = text;
        }
    }
    let bad_name = |e: Error| RowDefect::new(DefectKind::BadName, e.to_string());
    let interval = text_of(interval);
    if !interval.is_empty() {
        meta.interval = interval.parse().map_err(bad_name)?;
    }
    SeriesKey::new(&meta.market, &meta.venue, &meta.symbol, meta.interval).map_err(bad_name)?;
    if end.trim_ascii().is_empty() {
        return Ok((meta, None));
    }
    let time = read_time(end)?;
    meta.end = match time.precision {
        // What holds for a day is known when it is over.
        TimePrecision::Day => time.utc().plus_millis(DAY_MS),
        _ => time.utc(),
    };
    Ok((meta, Some(time)))
}

fn text_of(field: &[u8]) -> String {
    String::from_utf8_lossy(field.trim_ascii()).into_owned()
}

/// Reads a table of metadata beside the vectors.
pub(super) fn read_sidecar(path: &Path, options: &VectorOptions) -> Result<Metas> {
    let mut metas = Metas::default();
    for_each_member(path, &mut |member| {
        let mut rows = Rows::open(member)?;
        read_rows(&mut rows, options, &mut metas)
    })?;
    Ok(metas)
}

fn read_rows(rows: &mut Rows<'_>, options: &VectorOptions, metas: &mut Metas) -> Result<()> {
    let mut columns = resolve(rows.layout(), &rows.place, options)?;
    let mut width = rows.layout().width();
    let mut record = ByteRecord::new();
    loop {
        match rows.next(&mut record)? {
            Step::End => return metas.check_zone(rows),
            Step::Bad(_, message) => metas.reject(RowDefect::new(DefectKind::BadRow, message)),
            Step::Row(_) => {
                if rows.layout().width() != width {
                    columns = resolve(rows.layout(), &rows.place, options)?;
                    width = rows.layout().width();
                }
                columns.read(|at| record.get(at).unwrap_or_default(), metas);
            }
        }
    }
}

fn resolve(layout: &Layout, place: &FilePlace, options: &VectorOptions) -> Result<MetaColumns> {
    let found = match layout {
        Layout::Named(names) => Columns::new(names, &options.map, &FIELDS)
            .and_then(|columns| MetaColumns::resolve(&columns, RowsOf::Windows)),
        Layout::Positional(_) => Err("expected a first line with the names of the columns, like market,venue,symbol,interval,end".to_owned()),
    };
    let columns = found.map_err(|message| place.error(None, message))?;
    if columns.are_none() {
        return Err(place.error(
            None,
            "expected at least one of the columns market, venue, symbol, interval and end",
        ));
    }
    Ok(columns)
}

/// What a vector stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct VectorMeta {
    /// The market; `imported` where the file says nothing.
    pub market: String,
    /// The venue; `default` where the file says nothing.
    pub venue: String,
    /// The symbol; `v` where the file says nothing.
    pub symbol: String,
    /// The length of a bar; `1m` where the file says nothing.
    pub interval: Interval,
    /// The close time of the window's last bar, of a date its end; where the file says nothing, as many minutes
    /// after 1970 as there are rows before this one.
    pub end: Timestamp,
}

impl VectorMeta {
    /// What is assumed of the row at `index`, counted from 0.
    fn of_row(index: u64) -> Self {
        let minutes = i64::try_from(index).unwrap_or(i64::MAX);
        Self {
            market: "imported".to_owned(),
            venue: "default".to_owned(),
            symbol: "v".to_owned(),
            interval: Interval::minutes(1),
            end: Timestamp::from_millis(minutes.saturating_mul(60_000)),
        }
    }
}
