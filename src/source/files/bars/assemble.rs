//! Bars of one series in the order of the file into bars in the order of time, with everything
//! checked that concerns several rows.

use super::super::column_map::hint as map_hint;
use super::super::fields::{unclear_time, wrong_unit};
use super::super::input_report::{DefectKind, InputReport, NoticeKind};
use super::super::times::{Clock, ClockZone, TimeForm};
use super::raw::RawSeries;
use super::spacing::{count_gaps, off_grid};
use super::stamps::{
    TimeOf, closes_to_opens, dates_to_closes, ends_a_bar, hours_of_days, notice_close_stamps,
    times_suggest_close,
};
use crate::error::shortened;
use crate::model::{Calendar, Interval, SeriesKey, SplitJump, Timestamp};

/// What holds for the rows of a text.
pub(crate) struct Rules<'a> {
    /// How most of its times are written.
    pub(crate) form: TimeForm,
    /// The clock of times that name no zone.
    pub(crate) zone: Option<&'a ClockZone>,
    /// Which missing bars are a gap.
    pub(crate) calendar: Calendar,
    /// A column that may name the symbol, where none is known to.
    pub(crate) text_column: Option<(usize, &'a str)>,
}

/// Sorts the rows of a series, and leaves out those that contradict each other.
pub(crate) fn settle_rows(raw: &mut RawSeries, rules: &Rules<'_>, report: &mut InputReport) {
    settle_times(raw, rules, report);
    sort(raw, report);
    settle_repeats(raw, rules, report);
}

/// What the caller says about the times of bars.
#[derive(Clone, Copy)]
pub(crate) struct Stamps {
    /// Which moment of a bar its time is, if it is said.
    pub(crate) time_of: Option<TimeOf>,
    /// Whether their zone is said.
    pub(crate) has_zone: bool,
}

/// Turns times of closes into those of opens, leaves out bars that do not fit the interval, and counts
/// those that are missing.
pub(crate) fn settle_grid(
    raw: &mut RawSeries,
    interval: Interval,
    calendar: Calendar,
    stamps: Stamps,
    report: &mut InputReport,
) {
    if stamps.time_of == Some(TimeOf::Close) && !raw.has_clock {
        dates_to_closes(&mut raw.bars.time, interval);
    }
    settle_stamps(&mut raw.bars.time, interval, calendar, stamps, report);
    leave_out_off_grid(raw, interval, calendar, report);
    if calendar == Calendar::Continuous {
        count_gaps(&raw.bars.time, |row| raw.line(row), interval, report);
    }
}

/// Notices prices that look as if the source had multiplied them.
pub(crate) fn notice_scaled(raw: &RawSeries, market: &str, report: &mut InputReport) {
    // Prices of coins in won and in rupiah are as high.
    let least = if market == "equity" { 1e5 } else { 1e9 };
    let bars = &raw.bars;
    let whole = |price: &f64| *price >= least && price.fract() == 0.0;
    let columns = [&bars.close, &bars.low, &bars.high, &bars.open];
    if bars.is_empty() || !columns.iter().all(|column| column.iter().all(whole)) {
        return;
    }
    report.notices.add(NoticeKind::Scaled, None, || {
        let last = bars.close.last().copied().unwrap_or_default();
        format!(
            "every price is a whole number, the last one {last}; if the source multiplies its prices, delete these bars and say --scale 0.0001 (Lean) or --scale 0.000000001 (fixed point)"
        )
    });
}

/// Notes jumps in price that look like splits.
pub(crate) fn notice_splits(raw: &RawSeries, key: &SeriesKey, report: &mut InputReport) {
    for jump in SplitJump::find(&raw.bars) {
        let line = raw.line(jump.bar);
        report.notices.add(NoticeKind::Split, line, || {
            let SplitJump { split, on, .. } = jump;
            format!(
                "{jump}; if it is one, take adjusted prices, or `rhyme adjust {key} --split {split} --on {on}` once it is stored"
            )
        });
    }
}

impl RawSeries {
    fn keep(&mut self, rows: &[usize]) {
        fn pick<T: Copy>(column: &mut Vec<T>, rows: &[usize]) {
            *column = rows
                .iter()
                .filter_map(|&i| column.get(i))
                .copied()
                .collect();
        }
        pick(&mut self.bars.time, rows);
        pick(&mut self.bars.open, rows);
        pick(&mut self.bars.high, rows);
        pick(&mut self.bars.low, rows);
        pick(&mut self.bars.close, rows);
        pick(&mut self.bars.volume, rows);
        pick(&mut self.lines, rows);
    }

    fn line(&self, row: usize) -> Option<u64> {
        self.lines.get(row).copied()
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// Leaves out rows of another unit and turns local times into UTC.
fn settle_times(raw: &mut RawSeries, rules: &Rules<'_>, report: &mut InputReport) {
    let clock = Clock {
        zone: rules.zone,
        trading_dates: rules.calendar == Calendar::Session,
        one_row_a_time: true,
    };
    let settled = clock.to_utc(&raw.forms, &mut raw.bars.time);
    if settled.kept_as_dates {
        report.notices.add(NoticeKind::TradingDates, None, || {
            "every time is a midnight in its own zone; they are kept as dates at 00:00 UTC"
                .to_owned()
        });
    }
    if settled.zone_unused {
        report.notices.add(NoticeKind::ZoneUnused, None, || {
            "every time has a zone of its own or is a number, which is in UTC; --zone was not used"
                .to_owned()
        });
    }
    let deviates = |form: TimeForm| !form.same_kind(rules.form);
    if settled.unclear.is_empty() && !raw.forms.any(deviates) {
        return;
    }
    let mut unclear = settled.unclear.into_iter().peekable();
    let mut kept = Vec::new();
    for (rows, form) in raw.forms.ranges() {
        for row in rows {
            let is_unclear = unclear.next_if_eq(&row).is_some();
            let defect = match rules.zone {
                _ if deviates(form) => wrong_unit(rules.form, form),
                Some(zone) if is_unclear => {
                    let local = raw.bars.time.get(row).copied().unwrap_or_default();
                    unclear_time(zone, local)
                }
                _ => {
                    kept.push(row);
                    continue;
                }
            };
            if let Some(line) = raw.line(row) {
                report.reject(line, defect);
            }
        }
    }
    raw.keep(&kept);
}

/// Turns times of closes into those of opens, or says that they look like such.
fn settle_stamps(
    times: &mut [i64],
    interval: Interval,
    calendar: Calendar,
    stamps: Stamps,
    report: &mut InputReport,
) {
    if stamps.time_of == Some(TimeOf::Close) {
        closes_to_opens(times, interval, calendar);
    } else if stamps.time_of.is_none() && times_suggest_close(times, interval, calendar) {
        notice_close_stamps(report, "days begin one bar late and end at a full hour");
    }
    if stamps.has_zone {
        return;
    }
    if let Some(hours) = hours_of_days(times, interval, calendar) {
        report.notices.add(NoticeKind::HourOfDays, None, || {
            format!(
                "bars of days open at {hours} UTC; if that is midnight at the exchange, --zone with its zone (like --zone America/New_York) keeps them as dates at 00:00 UTC, as files with dates are"
            )
        });
    }
}

fn sort(raw: &mut RawSeries, report: &mut InputReport) {
    let times = &raw.bars.time;
    if times.is_sorted() {
        return;
    }
    if !times.is_sorted_by(|a, b| a >= b) {
        let mut latest = i64::MIN;
        for (row, &time) in times.iter().enumerate() {
            if time < latest {
                report
                    .notices
                    .add(NoticeKind::OutOfOrder, raw.line(row), || {
                        format!(
                            "{} comes after {}; the rows are sorted",
                            at(time),
                            at(latest)
                        )
                    });
            }
            latest = latest.max(time);
        }
    }
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|&row| times.get(row));
    raw.keep(&order);
}

/// Whether clocks are put back in this month: October or November, and April in the south.
fn is_in_a_month_of_changes(time: i64) -> bool {
    let date = at(time).to_string();
    let month = date.get(5..7);
    month.is_some_and(|month| ["04", "10", "11"].contains(&month))
}

/// Keeps one of equal rows, and none of rows that contradict each other.
fn settle_repeats(raw: &mut RawSeries, rules: &Rules<'_>, report: &mut InputReport) {
    let local = rules.zone.is_none() && raw.forms.any(TimeForm::is_naive);
    let hint = |time: i64| {
        match rules.text_column {
        Some((at, column)) => {
            let typed = map_hint("symbol", at, column);
            format!("; perhaps the column {} is the symbol: {typed}", shortened(column))
        }
        None if local && is_in_a_month_of_changes(time) => "; if the times are of a clock that was put back then, say --zone with its zone, like --zone Europe/Berlin".to_owned(),
        None => String::new(),
    }
    };
    let times = &raw.bars.time;
    if times.is_sorted_by(|a, b| a < b) {
        return;
    }
    let mut kept = Vec::with_capacity(times.len());
    let mut start = 0;
    for group in times.chunk_by(|a, b| a == b) {
        let rows = start..start + group.len();
        start = rows.end;
        let first = raw.bars.get(rows.start);
        if rows.clone().all(|row| raw.bars.get(row) == first) {
            kept.push(rows.start);
            for row in rows.skip(1) {
                report
                    .notices
                    .add(NoticeKind::Duplicate, raw.line(row), || {
                        let time = first.map_or_else(String::new, |bar| bar.time.to_string());
                        format!("the bar of {time} is there before; one is kept")
                    });
            }
        } else {
            let time = first.map_or_else(String::new, |bar| bar.time.to_string());
            let count = rows.len();
            for row in rows {
                report.defects.add(DefectKind::Conflict, raw.line(row), || {
                    let hint = first.map_or_else(String::new, |bar| hint(bar.time.millis()));
                    format!("{count} rows of {time} have different values{hint}")
                });
            }
        }
    }
    raw.keep(&kept);
}

fn leave_out_off_grid(
    raw: &mut RawSeries,
    interval: Interval,
    calendar: Calendar,
    report: &mut InputReport,
) {
    let off = off_grid(&raw.bars.time, interval, calendar);
    if off.is_empty() {
        return;
    }
    let mut next_off = off.iter().peekable();
    let kept: Vec<usize> = (0..raw.bars.len())
        .filter(|row| next_off.next_if(|(off, _)| off == row).is_none())
        .collect();
    for (row, reason) in off {
        let time = raw.bars.time.get(row).copied();
        report.defects.add(DefectKind::OffGrid, raw.line(row), || {
            let hint = match time.is_some_and(|t| ends_a_bar(t, interval)) {
                true => "; if it is the end of a bar say --time-of close",
                false => "",
            };
            let time = time.map_or_else(String::new, |t| at(t).to_string());
            format!("{time} {reason}{hint}")
        });
    }
    raw.keep(&kept);
}
