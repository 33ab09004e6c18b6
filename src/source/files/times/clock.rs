//! A column of local times into UTC.
//!
//! The zone is looked up once for each day, not for each row. In the hour that a clock shows twice the order of
//! the rows tells which is which, if it is certain: times rise (or fall) before and after that hour, and step back
//! exactly once within it. A step back ends the hour of summer time, a missing one leaves two readings, and the
//! caller refuses such rows.

use std::ops::Range;

use super::days::{Days, Showing};
use super::forms::{TimeForm, TimeForms};
use super::written::DAY_MS;
use super::zones::ClockZone;

/// What is known of the clock behind a column of times.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock<'a> {
    /// The zone of times that name none; by default UTC.
    pub(crate) zone: Option<&'a ClockZone>,
    /// Whether times that are all midnights of their zone are dates.
    pub(crate) trading_dates: bool,
    /// Whether a time stands in one row only, so that an equal one is the second showing of it.
    pub(crate) one_row_a_time: bool,
}

/// What came out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Local midnights were kept as dates.
    pub(crate) kept_as_dates: bool,
    /// A zone was given, and no time needed it.
    pub(crate) zone_unused: bool,
    /// Rows whose time a clock showed twice or never, in ascending order; they are as they were written.
    pub(crate) unclear: Vec<usize>,
}

impl Clock<'_> {
    /// Turns local times into UTC.
    pub(crate) fn to_utc(self, forms: &TimeForms, local: &mut [i64]) -> Settled {
        let needs_zone = forms.any(TimeForm::is_naive);
        let mut settled = Settled::default();
        if self.zone.is_none() && !forms.any(|form| form.offset_ms() != 0) {
            return settled;
        }
        if self.trading_dates && self.keep_dates(forms, local) {
            settled.kept_as_dates = true;
            return settled;
        }
        settled.zone_unused = self.zone.is_some() && !needs_zone;
        // One copy and one look-up for all runs: there may be as many of them as rows.
        let written = match self.zone {
            Some(_) if needs_zone => local.to_vec(),
            _ => Vec::new(),
        };
        let mut days = self.zone.map(|zone| Days::new(zone.zone()));
        for (rows, form) in forms.ranges() {
            match &mut days {
                Some(days) if form.is_naive() => {
                    let unclear = self.naive_to_utc(days, &written, local, rows);
                    settled.unclear.extend(unclear);
                }
                _ => {
                    for time in local.get_mut(rows).unwrap_or_default() {
                        *time -= form.offset_ms();
                    }
                }
            }
        }
        settled
    }

    /// Keeps the dates of times that are midnights in their zone, if all are. The zone that was given
    /// counts for times in UTC, too: daily bars are often stamped with the moment of their midnight.
    fn keep_dates(self, forms: &TimeForms, local: &mut [i64]) -> bool {
        let mut dates = local.to_vec();
        let mut days = self.zone.map(|zone| Days::new(zone.zone()));
        for (rows, form) in forms.ranges() {
            let in_utc = form.offset_ms() == 0 && !form.is_naive();
            let times = dates.get_mut(rows).unwrap_or_default();
            if let (true, Some(days)) = (in_utc, &mut days) {
                // What is a date already stays one.
                if !times.iter().all(is_date) {
                    times.iter_mut().for_each(|t| *t += days.offset_of_utc(*t));
                }
            }
            if !times.iter().all(is_date) {
                return false;
            }
        }
        local.copy_from_slice(&dates);
        true
    }

    /// Turns the times of some rows, all of which are `written` without a zone, into UTC. Gives the rows
    /// that are unclear.
    fn naive_to_utc(
        self,
        days: &mut Days<'_>,
        written: &[i64],
        local: &mut [i64],
        rows: Range<usize>,
    ) -> Vec<usize> {
        let mut unclear = Vec::new();
        let mut row = rows.start;
        while row < rows.end {
            let Some(&time) = written.get(row) else { break };
            match days.offset_of_local(time) {
                Showing::Once(offset) => set(local, row, time - offset),
                Showing::Never => unclear.push(row),
                Showing::Twice { first, second } => {
                    let mut is_twice =
                        |t: &i64| days.offset_of_local(*t) == Showing::Twice { first, second };
                    let group = written.get(row..rows.end).unwrap_or_default();
                    let len = group.iter().take_while(|t| is_twice(t)).count().max(1);
                    match self.first_showing(written, row..row + len) {
                        Some(is_first) => {
                            for (at, is_first) in (row..row + len).zip(is_first) {
                                let offset = if is_first { first } else { second };
                                let time = written.get(at).copied().unwrap_or_default();
                                set(local, at, time - offset);
                            }
                        }
                        None => unclear.extend(row..row + len),
                    }
                    row += len;
                    continue;
                }
            }
            row += 1;
        }
        unclear
    }

    /// Whether each of the `rows`, whose times a clock shows twice, is the first showing; `None` if
    /// the order of the rows does not tell.
    fn first_showing(self, times: &[i64], rows: Range<usize>) -> Option<Vec<bool>> {
        let group = times.get(rows.clone())?;
        let (least, most) = (group.iter().min()?, group.iter().max()?);
        let before = rows.start.checked_sub(1).and_then(|row| times.get(row));
        let after = times.get(rows.end);
        if before.is_none() && after.is_none() {
            return None;
        }
        // Where the row before stands twice as well, rows repeat, and an equal time says nothing.
        let repeats = rows.start > 1 && before.is_some() && times.get(rows.start - 2) == before;
        if self.one_row_a_time && repeats {
            return None;
        }
        let rises = before.is_none_or(|t| t < least) && after.is_none_or(|t| t > most);
        let falls = before.is_none_or(|t| t > most) && after.is_none_or(|t| t < least);
        let steps_back = |(a, b): (&i64, &i64)| {
            let equal = a == b && self.one_row_a_time;
            equal || if rises { b < a } else { b > a }
        };
        let pairs = group.iter().zip(group.iter().skip(1)).map(steps_back);
        let steps: Vec<usize> = pairs
            .enumerate()
            .filter(|(_, s)| *s)
            .map(|(i, _)| i + 1)
            .collect();
        match steps.as_slice() {
            // What rises shows the hour of summer time first, what falls shows it last.
            [step] if rises || falls => {
                Some((0..group.len()).map(|i| (i < *step) == rises).collect())
            }
            _ => None,
        }
    }
}

fn is_date(time: &i64) -> bool {
    time.rem_euclid(DAY_MS) == 0
}

fn set(times: &mut [i64], row: usize, value: i64) {
    if let Some(time) = times.get_mut(row) {
        *time = value;
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
