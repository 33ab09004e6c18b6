//! Rows into bars: fields, numbers, and what each row must fulfil on its own.

use csv::ByteRecord;

use super::super::columns::{Columns, Field, Layout, TIME, TimeColumns, numbered};
use super::super::fields::{no_zone, number_defect, read_time_in};
use super::super::input_report::{DefectKind, InputReport, NoticeKind, RowDefect};
use super::super::numbers::{NumberDefect, parse_number, parse_volume};
use super::super::rows::{Rows, Step};
use super::super::times::{SaidOfTimes, TimeForm, WrittenTime};
use super::adjusted::{ADJUSTED, AdjustedColumn, Unused};
use super::names::{BySeries, NameColumns, SYMBOL};
use super::options::BarOptions;
use super::raw::RawSeries;
use super::scale::Scale;
use super::stamps::{header_suggests_close, notice_close_stamps};
use super::volume::{VOLUME, Volumes, find_volume};
use crate::error::Error;
use crate::model::{Bar, BarDefect, TimePrecision, Timestamp};

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
/// What the rows of a text hold.
#[derive(Default)]
pub(super) struct ReadRows {
    pub(super) series: Vec<RawSeries>,
    /// A column with text that nobody asked for, which may name the symbol.
    pub(super) text_column: Option<(usize, String)>,
    /// The columns are those that Yahoo gives.
    pub(super) of_yahoo: bool,
}

/// Why a text gave no rows.
pub(super) enum Unread {
    /// It holds no table of bars.
    NoTable(Error),
    /// Something that would have to be mended.
    Refused(Error),
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Reads all rows; those that cannot be a bar are counted with their series, or in the report if
/// theirs is not known. `named` is the symbol that the path tells.
pub(super) fn read_rows(
    rows: &mut Rows<'_>,
    named: Option<&str>,
    options: &BarOptions,
    report: &mut InputReport,
) -> Result<ReadRows, Unread> {
    if rows.has_none() {
        return Ok(ReadRows::default());
    }
    let mut by_series = BySeries::default();
    let mut volumes = Volumes::default();
    let mut unused = Unused::default();
    let mut record = ByteRecord::new();
    let mut positions = None;
    let mut text_column = None;
    loop {
        let step = rows.next(&mut record)?;
        let width = rows.layout().width();
        if positions
            .as_ref()
            .is_none_or(|p: &Positions| p.width != width)
        {
            let found = Positions::resolve(rows, &record, named, options)?;
            text_column = text_column.or_else(|| found.text_column(rows.layout(), &record));
            positions = Some(found);
        }
        let Some(positions) = &positions else { break };
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
        let row = positions.read(&record);
        let series = match by_series.of(positions.names, &record) {
            Ok(series) => series,
            Err(defect) => {
                report.reject(line, defect);
                continue;
            }
        };
        match row {
            Ok(_) if series.bad_name.is_some() => {
                let message = series.bad_name.clone().unwrap_or_default();
                series.reject(line, RowDefect::new(DefectKind::BadName, message));
            }
            Ok(row) => {
                volumes.count(&row.bar, row.no_volume, line);
                unused.count(row.adjusted_differs, line);
                note_changes(&row, line, report);
                series.push(row.form, row.is_date, row.bar, line);
            }
            Err(defect) => series.reject(line, defect),
        }
    }
    let positions = positions.as_ref();
    let has_volume = positions.is_some_and(|p| p.volume.is_some());
    note_columns(&volumes, &unused, has_volume, report);
    if let Some(positions) = positions {
        positions.check_clock(rows, &by_series.series, options, report)?;
    }
    note_skipped_lines(rows, report);
    Ok(ReadRows {
        series: by_series.series,
        text_column,
        of_yahoo: positions.is_some_and(|p| p.of_yahoo),
    })
}

fn note_skipped_lines(rows: &Rows<'_>, report: &mut InputReport) {
    if let Some((line, message)) = rows.skipped().notice() {
        let kind = NoticeKind::SkippedLines;
        report.notices.add(kind, Some(line), || message);
    }
}

/// Says what is odd about the columns of volumes and of adjusted closes.
fn note_columns(volumes: &Volumes, unused: &Unused, has_volume: bool, report: &mut InputReport) {
    if let Some((line, message)) = volumes.notice(has_volume) {
        report.notices.add(NoticeKind::NoVolume, line, || message);
    }
    if let Some((line, message)) = unused.notice() {
        let kind = NoticeKind::AdjustedUnused;
        report.notices.add(kind, line, || message);
    }
}

/// Says what was done to a bar so that it can be stored.
fn note_changes(row: &Row, line: u64, report: &mut InputReport) {
    if row.rounded {
        report.notices.add(NoticeKind::Rounded, Some(line), || {
            "the high or the low misses another price of its bar by less than a billionth; it was moved there"
                .to_owned()
        });
    }
    if row.widened {
        report.notices.add(NoticeKind::Widened, Some(line), || {
            "open or close lies outside of low..high, which is widened to hold them".to_owned()
        });
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
    said: SaidOfTimes,
    decimal_comma: bool,
    scale: Option<Scale>,
    of_yahoo: bool,
    widen: bool,
    /// The name of the column of times if it says that they are of a local clock.
    local_clock: Option<String>,
    /// Why the times may be those of closes.
    close_stamps: Option<String>,
}

impl Positions {
    fn resolve(
        rows: &Rows<'_>,
        first: &ByteRecord,
        named: Option<&str>,
        options: &BarOptions,
    ) -> Result<Self, Unread> {
        let (found, is_table) = match rows.layout() {
            Layout::Named(names) => {
                let found = Self::of_names(names, first, named, options);
                (found, !options.map.is_empty() || may_be_table(names))
            }
            Layout::Positional(width) if !options.map.is_empty() => {
                let names = numbered(*width);
                (Self::of_names(&names, first, named, options), true)
            }
            Layout::Positional(width) => (Self::of_width(*width, options), true),
        };
        found.map_err(|message| {
            let error = rows.place.error(None, message);
            match is_table {
                true => Unread::Refused(error),
                false => Unread::NoTable(error),
            }
        })
    }

    fn of_names(
        names: &[String],
        first: &ByteRecord,
        named: Option<&str>,
        options: &BarOptions,
    ) -> Result<Self, String> {
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
        let name_columns = NameColumns::resolve(&columns, options.symbol.is_some())?;
        let of_row = name_columns.symbol.and_then(|at| first.get(at));
        let of_row = of_row.and_then(|symbol| std::str::from_utf8(symbol).ok());
        let symbol = options.symbol.as_deref().or(of_row).or(named);
        let of_yahoo = ["adjclose", "dividends", "stocksplits"];
        let time = columns.need_time_as_in(&TIME, first)?;
        Ok(Self {
            close_stamps: header_suggests_close(names, time.last()),
            local_clock: columns.local_clock(&time),
            widen: options.widen,
            time,
            prices: [price(&OPEN)?, price(&HIGH)?, price(&LOW)?, price(&CLOSE)?],
            volume: find_volume(&columns, symbol)?,
            adjusted: adjusted.map(|at| AdjustedColumn { at, used }),
            names: name_columns,
            width: names.len(),
            said: options.said_of_times(),
            decimal_comma: options.decimal_comma,
            scale: options.scale.map(Scale::new),
            of_yahoo: of_yahoo
                .iter()
                .any(|c| !columns.beginning_with(c).is_empty()),
        })
    }

    /// Rows without a header: 5 or 6 columns, 7 as from Bybit, 12 as from Binance.
    fn of_width(width: usize, options: &BarOptions) -> Result<Self, String> {
        if !matches!(width, 5 | 6 | 7 | 12) {
            return Err(format!(
                "there is no header, and {width} columns are not time, open, high, low, close and volume, nor a dump of Bybit (7) or Binance (12); say where they are, for example --map time=#1,open=#2,high=#3,low=#4,close=#5, and time=#1+#2 if the date and the time of day are two"
            ));
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
            said: options.said_of_times(),
            decimal_comma: options.decimal_comma,
            scale: options.scale.map(Scale::new),
            of_yahoo: false,
            widen: options.widen,
            local_clock: None,
            close_stamps: None,
        })
    }

    /// The bar of a row.
    fn read(&self, record: &ByteRecord) -> Result<Row, RowDefect> {
        let time: WrittenTime = read_time_in(&self.time.of(record), self.said)?;
        let [open, high, low, close] = self.prices;
        let field = |at| record.get(at).unwrap_or_default();
        let price = |(at, name)| match parse_number(field(at), self.decimal_comma) {
            Ok(price) => Ok(price),
            Err(defect) => self
                .grouped(defect, at, record)
                .ok_or_else(|| number_defect(defect, name, field(at))),
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
        let checked = check_or_round(&mut bar);
        let widened = checked.is_err() && self.widen && widen(&mut bar);
        let mut rounded = match widened {
            true => check(&bar).map(|()| false)?,
            false => checked?,
        };
        let mut adjusted_differs = false;
        if let Some(column) = self.adjusted {
            adjusted_differs = column.apply(&mut bar, field(column.at), self.decimal_comma)?;
            rounded |= check_or_round(&mut bar)?;
        }
        if let Some(scale) = self.scale {
            scale.apply(&mut bar);
            check(&bar)?;
        }
        Ok(Row {
            form: time.form,
            is_date: time.precision == TimePrecision::Day,
            bar,
            no_volume: volume.is_none(),
            adjusted_differs,
            rounded,
            widened,
        })
    }

    /// A number whose comma may be decimal or set thousands apart, if the prices of its row tell:
    /// `2,836` beside `2,854.33`, or a volume of `34,199` beside a price of `99.5`.
    #[cold]
    fn grouped(&self, defect: NumberDefect, at: usize, record: &ByteRecord) -> Option<f64> {
        if defect != NumberDefect::Ambiguous {
            return None;
        }
        let is_volume = self.volume == Some(at);
        let mut prices = self.prices.iter().filter_map(|(at, _)| record.get(*at));
        let tells = prices.any(|p| p.contains(&b'.') && (is_volume || p.contains(&b',')));
        let digits: Vec<u8> = record
            .get(at)?
            .iter()
            .copied()
            .filter(|b| *b != b',')
            .collect();
        parse_number(&digits, false).ok().filter(|_| tells)
    }

    /// What the name of the column of times says about them, and the caller does not.
    fn check_clock(
        &self,
        rows: &Rows<'_>,
        series: &[RawSeries],
        options: &BarOptions,
        report: &mut InputReport,
    ) -> Result<(), Error> {
        if options.time_of.is_none()
            && let Some(reason) = &self.close_stamps
        {
            notice_close_stamps(report, reason);
        }
        match &self.local_clock {
            Some(name)
                if options.zone.is_none()
                    && series.iter().any(|s| s.forms.any(TimeForm::is_naive)) =>
            {
                Err(rows.place.error(None, no_zone(name)))
            }
            _ => Ok(()),
        }
    }

    /// A column that holds text and that nobody asked for.
    fn text_column(&self, layout: &Layout, record: &ByteRecord) -> Option<(usize, String)> {
        let Layout::Named(names) = layout else {
            return None;
        };
        let is_text = |field: &[u8]| {
            let letters = field.iter().any(u8::is_ascii_alphabetic);
            letters && field.len() <= 20 && parse_number(field, false).is_err()
        };
        let used =
            |at: usize| self.prices.iter().any(|(used, _)| *used == at) || self.time.is_in(at);
        let mut columns = names.iter().enumerate().filter(|(at, _)| !used(*at));
        let found = columns.find(|(at, _)| record.get(*at).is_some_and(is_text));
        found.map(|(at, name)| (at, name.clone()))
    }
}

/// Whether the first line of a text may be the header of a table, rather than a sentence.
fn may_be_table(names: &[String]) -> bool {
    let fields = [&OPEN, &HIGH, &LOW, &CLOSE];
    let columns = Columns::new(names, &[], &[]);
    let has = |field: &&Field| {
        columns
            .as_ref()
            .is_ok_and(|c| !matches!(c.find(field), Ok(None)))
    };
    names.len() >= 5 || fields.iter().any(has)
}

/// What a row holds.
struct Row {
    form: TimeForm,
    is_date: bool,
    bar: Bar,
    /// It has no volume, which is then 0.
    no_volume: bool,
    /// It has an adjusted close that is not used and differs.
    adjusted_differs: bool,
    /// Its high or low was moved by what rounding makes.
    rounded: bool,
    /// Its range was widened.
    widened: bool,
}

/// How far a high may be below another price of its bar, and a low above one, as a share of it: more
/// than arithmetic in floating point makes, and far less than any tick.
const ROUNDING: f64 = 1e-9;

/// Checks a bar, whose high and low may miss its other prices by what rounding makes. Says whether
/// they did; they are moved then.
fn check_or_round(bar: &mut Bar) -> Result<bool, RowDefect> {
    let Err(defect) = check(bar) else {
        return Ok(false);
    };
    let prices = [bar.open, bar.high, bar.low, bar.close];
    let top = prices.into_iter().fold(f64::NEG_INFINITY, f64::max);
    let bottom = prices.into_iter().fold(f64::INFINITY, f64::min);
    let (high, low) = (bar.high, bar.low);
    if top - high <= ROUNDING * top && low - bottom <= ROUNDING * low {
        (bar.high, bar.low) = (top, bottom);
        if check(bar).is_ok() {
            return Ok(true);
        }
        (bar.high, bar.low) = (high, low);
    }
    Err(defect)
}

/// Widens low..high to hold open and close; says whether that changed it.
fn widen(bar: &mut Bar) -> bool {
    let (low, high) = (bar.low, bar.high);
    // A range that is none says nothing of what it should hold, and NaN stays a defect.
    if low.is_nan() || high.is_nan() || low > high {
        return false;
    }
    bar.low = low.min(bar.open).min(bar.close);
    bar.high = high.max(bar.open).max(bar.close);
    bar.low < low || bar.high > high
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
        let hint = match defect {
            BarDefect::OutsideRange => "; --widen widens the range to hold them",
            _ => "",
        };
        RowDefect::new(
            defect.into(),
            format!(
                "{defect} (open {open}, high {high}, low {low}, close {close}, volume {volume}){hint}"
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
            Err(other) => match self.grouped(other, at, record) {
                Some(volume) => Ok(Some(volume)),
                None => Err(defect(other, field)),
            },
        }
    }
}
