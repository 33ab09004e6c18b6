//! The series of one text: a file, or a member of a zip file.

use super::super::container::{FilePlace, Member};
use super::super::file_parts::FilePart;
use super::super::input_report::{InputReport, NoticeKind};
use super::super::rows::{Facts, Rows};
use super::super::times::{ClockZone, TimeForm, TimeForms};
use super::assemble::{Rules, Stamps, notice_scaled, notice_splits, settle_grid, settle_rows};
use super::market::told_market;
use super::naming::{Guess, guess, guess_of_member};
use super::options::BarOptions;
use super::parse::{ReadRows, Unread, read_rows};
use super::raw::{RawSeries, RowNames};
use super::spacing::{fits_interval, settle_interval};
use super::symbols::exchange_of;
use crate::error::{Error, shortened};
use crate::model::{Calendar, Interval, SeriesBars, SeriesKey};

/// What came out of one member of a file.
pub(super) struct MemberBars {
    pub(super) place: FilePlace,
    pub(super) series: Vec<SeriesBars>,
    pub(super) report: InputReport,
}

/// Reads a text. A series that cannot be stored is refused alone, and counted in the report.
///
/// # Errors
/// [`Unread`] if nothing of it can be stored.
pub(super) fn read_member(member: Member<'_>, options: &BarOptions) -> Result<MemberBars, Unread> {
    let mut rows = Rows::open(member)?;
    let place = rows.place.clone();
    let mut guess = guess_of(&place, options);
    let mut report = InputReport::new(place.path());
    let read = read_rows(&mut rows, guess.symbol.as_deref(), options, &mut report)?;
    // JSON may name its symbol after its rows.
    let facts = rows.facts();
    if let Some(order) = &facts.field_order {
        report.notices.add(NoticeKind::FieldOrder, None, || {
            format!("the fields have no names; by their prices they are {order}")
        });
    }
    if report.rows == 0 {
        report
            .notices
            .add(NoticeKind::NoRows, None, || "there are no rows".to_owned());
    }
    if let Some((line, message)) = report.refusal(options.on_error).filter(|_| {
        // Rows of which nobody knows the series refuse all of them.
        options.on_error == super::OnError::Refuse || read.series.is_empty()
    }) {
        return Err(place.error(line, message).into());
    }
    let zone = zone_of(&facts, &read, options).map_err(|message| place.error(None, message))?;
    let text = Text {
        place: &place,
        facts: &facts,
        options,
        zone: zone.as_ref(),
    };
    let (series, refused) = text.assemble(read, &mut guess, &mut report)?;
    let nothing = series.is_empty();
    if let Some((_, first)) = refused.first().filter(|_| nothing) {
        let more = match refused.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} other symbols are refused as well"),
        };
        let symbol = first
            .symbol
            .as_deref()
            .map(|s| format!("{}: ", shortened(s)));
        let symbol = symbol.filter(|_| refused.len() > 1).unwrap_or_default();
        let message = format!("{symbol}{}{more}", first.message);
        return Err(place.error(first.line, message).into());
    }
    for (rows, part) in refused {
        report.refused.add(rows, part);
    }
    Ok(MemberBars {
        place,
        series,
        report,
    })
}

/// The clock of times that name no zone: as the caller says, else as the text says. Dates need none.
fn zone_of(
    facts: &Facts,
    read: &ReadRows,
    options: &BarOptions,
) -> Result<Option<ClockZone>, String> {
    match &options.zone {
        None if read.series.iter().any(RawSeries::has_local_times) => facts.zones.clock(),
        said => Ok(said.clone()),
    }
}

/// What the path of a text says.
fn guess_of(place: &FilePlace, options: &BarOptions) -> Guess {
    let path = place.naming_path();
    match (place.inner(), options.nameless) {
        (None, false) => guess(&path),
        (None, true) => Guess::default(),
        (Some(_), false) => guess_of_member(&path, place.path()),
        (Some(_), true) => {
            let folder = place.path().parent();
            let inner = folder.and_then(|folder| path.strip_prefix(folder).ok());
            guess(inner.unwrap_or(&path))
        }
    }
}

/// A text and what is said about it.
struct Text<'a> {
    place: &'a FilePlace,
    facts: &'a Facts,
    options: &'a BarOptions,
    /// The clock of times that name no zone, if it is known.
    zone: Option<&'a ClockZone>,
}

/// A series whose rows are settled, with its own report.
struct Settled {
    raw: RawSeries,
    names: [String; 3],
    calendar: Calendar,
    report: InputReport,
}

/// Rows of a series that is refused, and why.
type Refused = (u64, FilePart);

impl Text<'_> {
    fn assemble(
        &self,
        mut read: ReadRows,
        guess: &mut Guess,
        report: &mut InputReport,
    ) -> Result<(Vec<SeriesBars>, Vec<Refused>), Error> {
        let raw = &mut read.series;
        if self.options.symbol.is_some() && raw.len() > 1 {
            let message = format!(
                "--symbol names one symbol, and the file has {}; leave it out",
                raw.len()
            );
            return Err(self.place.error(None, message));
        }
        if let [only] = raw.as_mut_slice()
            && only.doubtful
            && guess.symbol.is_some()
        {
            only.names.symbol = None;
            only.spelled = None;
            only.bad_name = None;
        }
        let form = TimeForms::of_most(raw.iter().map(|r| &r.forms));
        let told = self.market_told(&read, guess, report);
        let mut refused = Vec::new();
        let mut settled = Vec::with_capacity(read.series.len());
        for mut one in read.series {
            let rows = one.rows();
            let mut own = InputReport::new(self.place.path());
            own.rows = rows;
            own.defects = std::mem::take(&mut one.defects);
            let text_column = read.text_column.as_ref();
            let text_column = text_column.map(|(at, name)| (*at, name.as_str()));
            let names = self.names(&one.names, guess, told.as_deref());
            match self.settle(one, form, names, text_column, own) {
                Ok(Some(one)) => settled.push(one),
                Ok(None) => {}
                Err(part) => refused.push((rows, part)),
            }
        }
        let times: Vec<&[i64]> = settled.iter().map(|one| &*one.raw.bars.time).collect();
        let interval = self.interval_of_file(&times, &settled, guess);
        if let Some(perhaps) = guess.perhaps.take() {
            let fits = interval.as_ref().is_ok_and(|i| *i == perhaps.interval);
            guess.symbol = perhaps.symbol.filter(|_| fits).or(guess.symbol.take());
        }
        let mut series = Vec::with_capacity(settled.len());
        for one in settled {
            let rows = one.report.rows;
            let symbol = one.raw.names.symbol.clone();
            match self.finish(one, &interval, guess, report) {
                Ok(done) => series.extend(done),
                Err((line, message)) => {
                    let part = FilePart {
                        member: None,
                        symbol,
                        line,
                        message,
                    };
                    refused.push((rows, part));
                }
            }
        }
        Ok((series, refused))
    }

    /// Sorts the rows of a series. `None` if it has none.
    fn settle(
        &self,
        mut raw: RawSeries,
        form: Option<TimeForm>,
        names: Result<[String; 3], String>,
        text_column: Option<(usize, &str)>,
        mut report: InputReport,
    ) -> Result<Option<Settled>, FilePart> {
        let symbol = raw.names.symbol.clone();
        let refuse = |line, message| FilePart {
            member: None,
            symbol: symbol.clone(),
            line,
            message,
        };
        let Some(form) = form.filter(|_| !raw.bars.is_empty()) else {
            let refusal = report.refusal(self.options.on_error);
            return refusal.map_or(Ok(None), |(line, message)| Err(refuse(line, message)));
        };
        let names = names.map_err(|message| refuse(None, message))?;
        let [market, ..] = &names;
        let calendar = self.options.calendar;
        let calendar = calendar.unwrap_or_else(|| Calendar::of_market(market));
        let rules = Rules {
            form,
            zone: self.zone,
            calendar,
            text_column: text_column.filter(|_| raw.names.symbol.is_none()),
        };
        settle_rows(&mut raw, &rules, &mut report);
        Ok(Some(Settled {
            raw,
            names,
            calendar,
            report,
        }))
    }

    /// The interval of the file's series that do not say their own.
    fn interval_of_file(
        &self,
        times: &[&[i64]],
        settled: &[Settled],
        guess: &Guess,
    ) -> Result<Interval, String> {
        let known = self.options.interval.or(guess.interval);
        let silent = times.iter().zip(settled);
        let silent: Vec<&[i64]> = silent
            .filter(|(_, one)| self.own_interval(&one.raw.names).is_none())
            .map(|(times, _)| *times)
            .collect();
        let found = settle_interval(&silent, known);
        let few = || times.iter().all(|times| times.len() < 3);
        match &guess.perhaps {
            Some(perhaps) if found.is_err() && few() => Ok(perhaps.interval),
            _ => found,
        }
    }

    fn own_interval(&self, names: &RowNames) -> Option<Interval> {
        names.interval.filter(|_| self.options.interval.is_none())
    }

    /// Checks a series against the interval, and adds its report to that of the text.
    ///
    /// # Errors
    /// The line and the reason if it is refused.
    fn finish(
        &self,
        one: Settled,
        of_file: &Result<Interval, String>,
        guess: &Guess,
        report: &mut InputReport,
    ) -> Result<Option<SeriesBars>, (Option<u64>, String)> {
        let Settled {
            mut raw,
            names: [market, venue, symbol],
            calendar,
            report: mut own,
        } = one;
        let times = &raw.bars.time;
        let interval = match self.own_interval(&raw.names) {
            _ if times.is_empty() => Ok(Interval::days(1)),
            Some(own) => settle_interval(&[times], Some(own)),
            None => of_file.clone().and_then(|interval| {
                let said = self.options.interval.is_some();
                fits_interval(times, interval, said).map(|()| interval)
            }),
        };
        if let Ok(interval) = interval {
            let stamps = Stamps {
                time_of: self.options.time_of,
                has_zone: self.zone.is_some(),
            };
            settle_grid(&mut raw, interval, calendar, stamps, &mut own);
        }
        own.accepted = raw.bars.len() as u64;
        // A defect is the likelier cause, and the better message.
        if let Some(refusal) = own.refusal(self.options.on_error) {
            return Err(refusal);
        }
        let interval = interval.map_err(|message| (None, message))?;
        if raw.bars.is_empty() {
            report.merge(own);
            return Ok(None);
        }
        let symbol = match symbol.is_empty() {
            true => guess.symbol.clone().ok_or((None, NO_SYMBOL.to_owned()))?,
            false => symbol,
        };
        let key = SeriesKey::new(&market, &venue, &symbol, interval);
        let key = key.map_err(|e| (None, e.to_string()))?;
        notice_splits(&raw, &key, &mut own);
        if self.options.scale.is_none() {
            notice_scaled(&raw, &market, &mut own);
        }
        if let Some(spelled) = &raw.spelled {
            own.notices.add(NoticeKind::Renamed, None, || {
                format!("{} is called {symbol}", shortened(spelled))
            });
        }
        let of_file = self.facts.symbol.as_deref().and_then(exchange_of);
        if let Some(exchange) = raw.exchange.or(of_file)
            && self.options.symbol.is_none()
        {
            own.exchanges.insert((key.to_string(), exchange));
        }
        report.merge(own);
        Ok(Some(SeriesBars {
            key,
            calendar,
            bars: raw.bars,
        }))
    }

    /// The market that the symbol, the columns or the days of the bars tell, where nobody says it.
    fn market_told(
        &self,
        read: &ReadRows,
        guess: &Guess,
        report: &mut InputReport,
    ) -> Option<String> {
        let said = self.options.market.is_some() || guess.market.is_some();
        let of_rows = read.series.iter().any(|one| one.names.market.is_some());
        if said || of_rows || self.facts.bybit_category.is_some() {
            return None;
        }
        let longest = read.series.iter().max_by_key(|one| one.bars.len())?;
        let of_row = longest.names.symbol.as_deref();
        let symbol = self.options.symbol.as_deref().or(of_row);
        let symbol = symbol.or(self.facts.symbol.as_deref());
        let symbol = symbol.or(guess.symbol.as_deref());
        let usual = guess.usual_market.clone();
        let Some((market, why)) = told_market(symbol, read.of_yahoo, &longest.bars.time) else {
            return usual;
        };
        if usual.as_deref() != Some(market) {
            report.notices.add(NoticeKind::MarketTold, None, || {
                format!(
                    "the market is taken to be {market}, because {why}; --market says another one"
                )
            });
        }
        Some(market.to_owned())
    }

    /// Market, venue and symbol of a series: as the caller says, else the rows, else the file, else its
    /// path. The symbol is empty if only the path may tell it.
    fn names(
        &self,
        of_rows: &RowNames,
        guess: &Guess,
        told: Option<&str>,
    ) -> Result<[String; 3], String> {
        let (options, facts) = (self.options, self.facts);
        let bybit = facts.bybit_category.as_ref();
        let market = options.market.clone().or_else(|| of_rows.market.clone());
        let market = market.or_else(|| bybit.map(|_| "crypto".to_owned()));
        let market = market.or_else(|| guess.market.clone());
        let market = market.or_else(|| told.map(str::to_owned)).ok_or(
            "neither the path nor the bars tell the market; say it with --market crypto, equity or fx, or keep the file in a folder of that name",
        )?;
        let venue = options.venue.clone().or_else(|| of_rows.venue.clone());
        let venue = venue.or_else(|| bybit.map(|category| format!("bybit_{category}")));
        let venue = venue.or_else(|| guess.venue.clone());
        let symbol = options.symbol.clone().or_else(|| of_rows.symbol.clone());
        let symbol = symbol.or_else(|| {
            let of_file = facts.symbol.as_deref()?;
            Some(super::symbols::plain_symbol(of_file).to_uppercase())
        });
        Ok([
            market,
            venue.unwrap_or_else(|| "default".to_owned()),
            symbol.unwrap_or_default(),
        ])
    }
}

const NO_SYMBOL: &str = "neither the file nor its path tells the symbol; say it with --symbol, or call the file or its folder so";
