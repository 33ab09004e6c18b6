//! Rows into bars: fields, numbers, and what each row must fulfil on its own.

use csv::ByteRecord;

use super::super::columns::{Columns, Field, Layout, TIME, TimeColumns};
use super::super::fields::{number_defect, read_time_in};
use super::super::numbers::{NumberDefect, parse_number, parse_volume};
use super::super::report::{DefectKind, InputReport, NoticeKind, RowDefect};
use super::super::rows::{Rows, Step};
use super::super::times::{DateOrder, TimeForm, WrittenTime};
use super::adjusted::{ADJUSTED, AdjustedColumn, Unused};
use super::names::{BySeries, NameColumns, SYMBOL};
use super::options::BarOptions;
use super::raw::RawSeries;
use crate::error::Result;
use crate::model::{Bar, Timestamp};

macro_rules! price {
    ($name:literal, $($alias:literal),+) => {
        Field { name: $name, aliases: &[$name, $($alias),+], prefix: None }
    };
}

const OPEN: Field = price!("open", "o", "openprice");
const HIGH: Field = price!("high", "h", "highprice");
const LOW: Field = price!("low", "l", "lowprice");
const CLOSE: Field = price!(
    "close",
    "c",
    "closeprice",
    "closelast",
    "last",
    "latest",
    "price"
);
const VOLUME: Field = Field {
    name: "volume",
    aliases: &["volume", "vol", "v", "basevolume"],
    prefix: Some("volume"),
};

/// Reads all rows; those that cannot be a bar go to the report.
pub(crate) fn read_rows(
    rows: &mut Rows<'_>,
    options: &BarOptions,
    report: &mut InputReport,
) -> Result<Vec<RawSeries>> {
    if rows.has_none() {
        return Ok(Vec::new());
    }
    let mut positions = Positions::resolve(rows, options)?;
    let mut by_series = BySeries::default();
    let mut volumes = Volumes::default();
    let mut unused = Unused::default();
    let mut record = ByteRecord::new();
    loop {
        let step = rows.next(&mut record)?;
        let line = match step {
            Step::End => break,
            Step::Row(line) => line,
            Step::Bad(line, message) => {
                report.rows += 1;
                report.reject(line, RowDefect::new(DefectKind::BadRow, message));
                continue;
            }
        };
        report.rows += 1;
        if rows.layout().width() != positions.width {
            positions = Positions::resolve(rows, options)?;
        }
        let row = positions.read(&record).and_then(|row| {
            let series = by_series.of(positions.names, &record)?;
            volumes.count(&row.bar, row.no_volume, line);
            unused.count(row.adjusted_differs, line);
            series.push(row.form, row.bar, line);
            Ok(())
        });
        if let Err(defect) = row {
            report.reject(line, defect);
        }
    }
    if let Some((line, message)) = volumes.notice(positions.volume.is_some()) {
        report.notices.add(NoticeKind::NoVolume, line, || message);
    }
    if let Some((line, message)) = unused.notice() {
        let kind = NoticeKind::AdjustedUnused;
        report.notices.add(kind, line, || message);
    }
    Ok(by_series.series)
}

/// How many bars have a volume.
#[derive(Default)]
struct Volumes {
    bars: u64,
    above_zero: u64,
    missing: u64,
    first_missing: Option<u64>,
}

impl Volumes {
    fn count(&mut self, bar: &Bar, missing: bool, line: u64) {
        self.bars += 1;
        self.above_zero += u64::from(bar.volume > 0.0);
        if missing {
            self.missing += 1;
            self.first_missing.get_or_insert(line);
        }
    }

    /// What is odd about them, and from which line on.
    fn notice(&self, has_column: bool) -> Option<(Option<u64>, String)> {
        let Self { bars, missing, .. } = self;
        if !has_column {
            let message = "no column for the volume; it is 0 in every bar".to_owned();
            Some((None, message))
        } else if *bars > 0 && self.above_zero == 0 {
            let message = "the volume is 0 in every bar; --map volume=COLUMN names another column";
            Some((None, message.to_owned()))
        } else if *missing > 0 {
            let message = format!("{missing} of {bars} bars have no volume; it is 0 in them");
            Some((self.first_missing, message))
        } else {
            None
        }
    }
}

/// Where the fields of a bar are.
struct Positions {
    time: TimeColumns,
    prices: [(usize, &'static str); 4],
    volume: Option<usize>,
    adjusted: Option<AdjustedColumn>,
    names: NameColumns,
    width: usize,
    dates: Option<DateOrder>,
    decimal_comma: bool,
}

impl Positions {
    fn resolve(rows: &Rows<'_>, options: &BarOptions) -> Result<Self> {
        let found = match rows.layout() {
            Layout::Named(names) => Self::of_names(names, options),
            Layout::Positional(width) => Self::of_width(*width, options),
        };
        found.map_err(|message| rows.place.error(None, message))
    }

    fn of_names(names: &[String], options: &BarOptions) -> Result<Self, String> {
        let fields = [
            &TIME, &OPEN, &HIGH, &LOW, &CLOSE, &VOLUME, &SYMBOL, &ADJUSTED,
        ];
        let columns = Columns::new(names, &options.map, &fields)?;
        let price = |field: &Field| Ok::<_, String>((columns.need(field)?, field.name));
        let adjusted = match options.adjusted {
            true => Some(columns.need(&ADJUSTED)?),
            false => columns.find(&ADJUSTED).ok().flatten(),
        };
        let used = options.adjusted;
        Ok(Self {
            time: columns.need_time(&TIME)?,
            prices: [price(&OPEN)?, price(&HIGH)?, price(&LOW)?, price(&CLOSE)?],
            volume: columns.find(&VOLUME)?,
            adjusted: adjusted.map(|at| AdjustedColumn { at, used }),
            names: NameColumns::resolve(&columns)?,
            width: names.len(),
            dates: options.dates,
            decimal_comma: options.decimal_comma,
        })
    }

    /// Rows without a header: 5 or 6 columns, 7 as from Bybit, 12 as from Binance.
    fn of_width(width: usize, options: &BarOptions) -> Result<Self, String> {
        if !matches!(width, 5 | 6 | 7 | 12) {
            return Err(format!(
                "there is no header, and {width} columns are not time, open, high, low, close and volume, nor a dump of Bybit (7) or Binance (12); add a line with the names of the columns"
            ));
        }
        if !options.map.is_empty() {
            return Err(
                "--map needs a header, and there is none; add a line with the names of the columns"
                    .to_owned(),
            );
        }
        if options.adjusted {
            return Err("there is no header, so no column is known to hold adjusted closes; add a line with the names of the columns, or leave out --adjusted".to_owned());
        }
        Ok(Self {
            time: TimeColumns::One(0),
            prices: [(1, "open"), (2, "high"), (3, "low"), (4, "close")],
            volume: (width > 5).then_some(5),
            adjusted: None,
            names: NameColumns::default(),
            width,
            dates: options.dates,
            decimal_comma: options.decimal_comma,
        })
    }

    /// The bar of a row.
    fn read(&self, record: &ByteRecord) -> Result<Row, RowDefect> {
        let time: WrittenTime = read_time_in(&self.time.of(record), self.dates)?;
        let [open, high, low, close] = self.prices;
        let field = |at| record.get(at).unwrap_or_default();
        let price = |(at, name)| {
            parse_number(field(at), self.decimal_comma)
                .map_err(|defect| number_defect(defect, name, field(at)))
        };
        let mut bar = Bar {
            time: Timestamp::from_millis(time.local),
            open: price(open)?,
            high: price(high)?,
            low: price(low)?,
            close: price(close)?,
            volume: 0.0,
        };
        let volume = match self.volume {
            Some(at) => self.volume(at, record)?,
            None => None,
        };
        bar.volume = volume.unwrap_or(0.0);
        check(&bar)?;
        let mut adjusted_differs = false;
        if let Some(column) = self.adjusted {
            adjusted_differs = column.apply(&mut bar, field(column.at), self.decimal_comma)?;
            check(&bar)?;
        }
        Ok(Row {
            form: time.form,
            bar,
            no_volume: volume.is_none(),
            adjusted_differs,
        })
    }
}

/// What a row holds.
struct Row {
    form: TimeForm,
    bar: Bar,
    /// It has no volume, which is then 0.
    no_volume: bool,
    /// It has an adjusted close that is not used and differs.
    adjusted_differs: bool,
}

fn check(bar: &Bar) -> Result<(), RowDefect> {
    bar.check().map_err(|defect| {
        let Bar {
            open,
            high,
            low,
            close,
            volume,
            ..
        } = bar;
        RowDefect::new(
            defect.into(),
            format!(
                "{defect} (open {open}, high {high}, low {low}, close {close}, volume {volume})"
            ),
        )
    })
}

impl Positions {
    /// The volume of a row; an empty field has none, and a row that ends before it is cut off.
    fn volume(&self, at: usize, record: &ByteRecord) -> Result<Option<f64>, RowDefect> {
        let defect = |defect, field| number_defect(defect, "volume", field);
        let Some(field) = record.get(at) else {
            return Err(defect(NumberDefect::Empty, &[]));
        };
        match parse_volume(field, self.decimal_comma) {
            Ok(volume) => Ok(Some(volume)),
            Err(NumberDefect::Empty) => Ok(None),
            Err(other) => Err(defect(other, field)),
        }
    }
}
