//! Rows into bars: fields, numbers, and what each row must fulfil on its own.

use std::collections::HashMap;

use csv::ByteRecord;

use super::super::columns::{Columns, Field, Layout, TIME, TimeColumns};
use super::super::fields::{check_symbol, read_time_in, shown};
use super::super::numbers::{NumberDefect, parse_number, parse_volume};
use super::super::report::{DefectKind, InputReport, NoticeKind, RowDefect};
use super::super::rows::{Rows, Step};
use super::super::times::{DateOrder, TimeForm, TimeForms, WrittenTime};
use super::BarOptions;
use crate::error::Result;
use crate::model::{Bar, Bars, Timestamp};

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
const SYMBOL: Field = Field {
    name: "symbol",
    aliases: &["symbol", "ticker", "instrument", "code"],
    prefix: None,
};

/// The bars of one symbol in the order of the file, not yet compared with each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawSeries {
    /// The symbol that its rows name.
    pub(crate) symbol: Option<String>,
    /// Times are local until the file's form is known.
    pub(crate) bars: Bars,
    /// The line of each bar.
    pub(crate) lines: Vec<u64>,
    /// How each time was written.
    pub(crate) forms: TimeForms,
}

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
    let mut by_symbol = BySymbol::default();
    let mut volumes = Volumes::default();
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
        let row = positions.read(&record).and_then(|(time, bar, no_volume)| {
            let series = by_symbol.of(positions.symbol(&record))?;
            volumes.count(&bar, no_volume, line);
            series.push(time.form, bar, line);
            Ok(())
        });
        if let Err(defect) = row {
            report.reject(line, defect);
        }
    }
    if let Some((line, message)) = volumes.notice(positions.volume.is_some()) {
        report.notices.add(NoticeKind::NoVolume, line, || message);
    }
    Ok(by_symbol.series)
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

impl RawSeries {
    fn push(&mut self, form: TimeForm, bar: Bar, line: u64) {
        self.forms.push(form);
        self.bars.push(bar);
        self.lines.push(line);
    }
}

/// Where the fields of a bar are.
struct Positions {
    time: TimeColumns,
    prices: [(usize, &'static str); 4],
    volume: Option<usize>,
    symbol: Option<usize>,
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
        let fields = [&TIME, &OPEN, &HIGH, &LOW, &CLOSE, &VOLUME, &SYMBOL];
        let columns = Columns::new(names, &options.map, &fields)?;
        let price = |field: &Field| Ok::<_, String>((columns.need(field)?, field.name));
        Ok(Self {
            time: columns.need_time(&TIME)?,
            prices: [price(&OPEN)?, price(&HIGH)?, price(&LOW)?, price(&CLOSE)?],
            volume: columns.find(&VOLUME)?,
            symbol: columns.find(&SYMBOL)?,
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
        Ok(Self {
            time: TimeColumns::One(0),
            prices: [(1, "open"), (2, "high"), (3, "low"), (4, "close")],
            volume: (width > 5).then_some(5),
            symbol: None,
            width,
            dates: options.dates,
            decimal_comma: options.decimal_comma,
        })
    }

    fn symbol<'a>(&self, record: &'a ByteRecord) -> Option<&'a [u8]> {
        Some(record.get(self.symbol?).unwrap_or_default())
    }

    /// The bar of a row, and whether it has no volume, which is then 0.
    fn read(&self, record: &ByteRecord) -> Result<(WrittenTime, Bar, bool), RowDefect> {
        let time = read_time_in(&self.time.of(record), self.dates)?;
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
        })?;
        Ok((time, bar, volume.is_none()))
    }
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

fn number_defect(defect: NumberDefect, name: &'static str, field: &[u8]) -> RowDefect {
    if defect == NumberDefect::Empty {
        return RowDefect::new(DefectKind::MissingField, format!("the {name} is empty"));
    }
    let found = shown(field);
    let message = format!("expected a number for the {name}, found {found:?}{defect}");
    RowDefect::new(DefectKind::Unparsable, message)
}

/// The most symbols of a file: each takes more memory than its rows do.
const MAX_SYMBOLS: usize = 100_000;

/// The series of a file by the symbols that its rows name.
#[derive(Default)]
struct BySymbol {
    series: Vec<RawSeries>,
    index: HashMap<Vec<u8>, usize>,
    last: Option<(Vec<u8>, usize)>,
}

impl BySymbol {
    fn of(&mut self, symbol: Option<&[u8]>) -> Result<&mut RawSeries, RowDefect> {
        let at = match (symbol, &self.last) {
            // Without a column of symbols there is one series.
            (None, _) if !self.series.is_empty() => 0,
            (Some(name), Some((last, at))) if last == name => *at,
            _ => {
                let at = self.find_or_add(symbol)?;
                self.last = symbol.map(|name| (name.to_vec(), at));
                at
            }
        };
        let missing = || RowDefect::new(DefectKind::BadName, "no series for the symbol");
        self.series.get_mut(at).ok_or_else(missing)
    }

    fn find_or_add(&mut self, symbol: Option<&[u8]>) -> Result<usize, RowDefect> {
        let text = symbol.map(|s| String::from_utf8_lossy(s.trim_ascii()).to_uppercase());
        let key = text.clone().unwrap_or_default().into_bytes();
        if let Some(at) = self.index.get(&key) {
            return Ok(*at);
        }
        if let Some(text) = &text {
            check_symbol(text)?;
        }
        let at = self.series.len();
        if at == MAX_SYMBOLS {
            let message =
                format!("expected at most {MAX_SYMBOLS} symbols in a file, found more; split it");
            return Err(RowDefect::new(DefectKind::BadName, message));
        }
        self.index.insert(key, at);
        self.series.push(RawSeries {
            symbol: text,
            ..RawSeries::default()
        });
        Ok(at)
    }
}
