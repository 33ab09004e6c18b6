//! When headlines were known: local times into UTC, and days.

use super::fields::unclear_time;
use super::input_report::{InputReport, NoticeKind, RowDefect};
use super::times::{Clock, ClockZone, TimeForms, WrittenTime, start_of_day};
use crate::model::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// The moments in UTC of the times of a file, and the rows whose moment is not clear.
pub(super) fn settle(
    written: &[WrittenTime],
    zone: Option<&ClockZone>,
    report: &mut InputReport,
) -> (Vec<Timestamp>, Vec<(usize, RowDefect)>) {
    let Some(zone) = zone else {
        return (written.iter().map(|time| time.utc()).collect(), Vec::new());
    };
    let mut forms = TimeForms::default();
    written.iter().for_each(|time| forms.push(time.form));
    let mut times: Vec<i64> = written.iter().map(|time| time.local).collect();
    let clock = Clock {
        zone: Some(zone),
        ..Clock::default()
    };
    let settled = clock.to_utc(&forms, &mut times);
    if settled.zone_unused {
        report.notices.add(NoticeKind::ZoneUnused, None, || {
            "every time has a zone of its own or is a number, which is in UTC; --zone was not used"
                .to_owned()
        });
    }
    let local = |row: usize| times.get(row).copied().unwrap_or_default();
    let unclear = settled.unclear.into_iter();
    let unclear = unclear.map(|row| (row, unclear_time(zone, local(row))));
    let unclear = unclear.collect();
    let utc = times.iter().copied().map(Timestamp::from_millis);
    (utc.collect(), unclear)
}

/// The day in UTC by whose end the local day of a headline has ended, too: what happened at some time of
/// a day in New York may have happened when the day in UTC was over.
pub(super) fn day_by_whose_end_it_was_known(written: WrittenTime, utc: Timestamp) -> Timestamp {
    let offset = written.local - utc.millis();
    let local_day = start_of_day(Timestamp::from_millis(written.local));
    let last_moment = local_day.plus_millis(DAY_MS - 1 - offset);
    start_of_day(last_moment)
}
