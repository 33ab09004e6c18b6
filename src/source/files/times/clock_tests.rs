#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::super::{TimeUnit, parse_time};
use super::*;
use crate::model::Timestamp;

fn zone(name: &str) -> ClockZone {
    name.parse().unwrap()
}

fn column(texts: &[&str]) -> (TimeForms, Vec<i64>) {
    let mut forms = TimeForms::default();
    let times = texts.iter().map(|text| {
        let time = parse_time(text.as_bytes()).unwrap();
        forms.push(time.form);
        time.local
    });
    let times = times.collect();
    (forms, times)
}

/// The hours in UTC of local times of bars, `?` where it is not clear.
fn hours(zone_name: &str, texts: &[&str], one_row_a_time: bool) -> String {
    let (forms, mut times) = column(texts);
    let zone = zone(zone_name);
    let clock = Clock {
        zone: Some(&zone),
        trading_dates: false,
        one_row_a_time,
    };
    let settled = clock.to_utc(&forms, &mut times);
    let hour = |(row, time): (usize, &i64)| match settled.unclear.contains(&row) {
        true => "?".to_owned(),
        false => Timestamp::from_millis(*time)
            .to_string()
            .get(11..16)
            .unwrap()
            .to_owned(),
    };
    let hours: Vec<String> = times.iter().enumerate().map(hour).collect();
    hours.join(" ")
}

#[test]
fn local_midnights_may_stay_as_dates() {
    let (forms, mut times) = column(&["2024-03-08 00:00:00-05:00", "2024-03-11 00:00:00-04:00"]);
    let dates = times.clone();
    let mut clock = Clock {
        trading_dates: true,
        ..Clock::default()
    };
    assert!(clock.to_utc(&forms, &mut times).kept_as_dates);
    assert_eq!(times, dates);
    clock.trading_dates = false;
    assert!(!clock.to_utc(&forms, &mut times).kept_as_dates);
    let hour = 3_600_000;
    let shifted: Vec<i64> = dates
        .iter()
        .zip([5, 4])
        .map(|(d, h)| d + h * hour)
        .collect();
    assert_eq!(times, shifted);
}

/// Daily bars are often stamped with the moment at which their day began at the exchange.
#[test]
fn moments_that_are_midnights_in_the_given_zone_become_dates() {
    let (forms, times) = column(&["2024-03-08T05:00:00Z", "1710129600"]);
    let (berlin, new_york) = (zone("Europe/Berlin"), zone("America/New_York"));
    let dates = |zone: &ClockZone| {
        let mut times = times.clone();
        let clock = Clock {
            zone: Some(zone),
            trading_dates: true,
            one_row_a_time: true,
        };
        let settled = clock.to_utc(&forms, &mut times);
        let text = |t: &i64| Timestamp::from_millis(*t).to_string();
        (
            settled,
            times.iter().map(text).collect::<Vec<_>>().join(" "),
        )
    };
    let (settled, text) = dates(&new_york);
    assert!(settled.kept_as_dates && !settled.zone_unused);
    assert_eq!(text, "2024-03-08T00:00:00Z 2024-03-11T00:00:00Z");
    let (settled, text) = dates(&berlin);
    assert!(!settled.kept_as_dates && settled.zone_unused);
    assert_eq!(text, "2024-03-08T05:00:00Z 2024-03-11T04:00:00Z");
}

#[test]
fn an_hour_shown_twice_is_told_apart_by_the_order() {
    let autumn = [
        "2024-10-27 01:00",
        "2024-10-27 02:00",
        "2024-10-27 02:00",
        "2024-10-27 03:00",
    ];
    assert_eq!(
        hours("Europe/Berlin", &autumn, true),
        "23:00 00:00 01:00 02:00"
    );
    let mut newest_first = autumn;
    newest_first.reverse();
    assert_eq!(
        hours("Europe/Berlin", &newest_first, true),
        "02:00 01:00 00:00 23:00"
    );
    let halves = [
        "2024-10-27 01:30",
        "2024-10-27 02:00",
        "2024-10-27 02:30",
        "2024-10-27 02:00",
        "2024-10-27 02:30",
        "2024-10-27 03:00",
    ];
    assert_eq!(
        hours("Europe/Berlin", &halves, true),
        "23:30 00:00 00:30 01:00 01:30 02:00"
    );
    let news = [
        "2024-10-27 02:10",
        "2024-10-27 02:10",
        "2024-10-27 02:05",
        "2024-10-27 03:00",
    ];
    assert_eq!(
        hours("Europe/Berlin", &news, false),
        "00:10 00:10 01:05 02:00"
    );
}

#[test]
fn an_hour_shown_twice_stays_unclear_where_the_order_does_not_tell() {
    // One of the two is missing.
    let single = ["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 03:00"];
    assert_eq!(hours("Europe/Berlin", &single, true), "23:00 ? 02:00");
    // Every row stands twice, so equal times say nothing.
    let doubled = [
        "2024-10-27 01:00",
        "2024-10-27 01:00",
        "2024-10-27 02:00",
        "2024-10-27 02:00",
        "2024-10-27 03:00",
    ];
    assert_eq!(
        hours("Europe/Berlin", &doubled, true),
        "23:00 23:00 ? ? 02:00"
    );
    let shuffled = [
        "2024-10-27 03:00",
        "2024-10-27 02:00",
        "2024-10-27 02:00",
        "2024-10-27 04:00",
    ];
    assert_eq!(hours("Europe/Berlin", &shuffled, true), "02:00 ? ? 03:00");
    let alone = ["2024-10-27 02:00", "2024-10-27 02:00"];
    assert_eq!(hours("Europe/Berlin", &alone, true), "? ?");
    // The clocks of spring never show this one.
    let spring = ["2024-03-31 01:30", "2024-03-31 02:30", "2024-03-31 03:30"];
    assert_eq!(hours("Europe/Berlin", &spring, true), "00:30 ? 01:30");
}

#[test]
fn times_with_a_zone_of_their_own_keep_it() {
    let mixed = [
        "2024-07-01T10:00:00Z",
        "2024-07-01 10:00:00+09:00",
        "2024-07-01 10:00",
    ];
    assert_eq!(hours("America/New_York", &mixed, true), "10:00 01:00 14:00");
}

proptest! {
    /// Every moment, shown on the clocks of a zone in ascending order, is found again, the hour that is
    /// shown twice as well.
    #[test]
    fn ascending_clocks_tell_every_moment(
        name in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"]),
        start in 1_000_000_000_i64..1_900_000_000,
        minutes in prop::sample::select(vec![10_i64, 15, 30]),
    ) {
        let zone = zone(name);
        let step = minutes * 60_000;
        let start = start * 1_000 / step * step;
        let moments: Vec<i64> = (0..24 * 400 * 60 / minutes).map(|i| start + i * step).collect();
        let mut days = Days::new(zone.zone());
        let mut times: Vec<i64> = moments.iter().map(|t| t + days.offset_of_utc(*t)).collect();
        let mut forms = TimeForms::default();
        times.iter().for_each(|_| forms.push(TimeForm::Naive));
        let clock = Clock { zone: Some(&zone), trading_dates: false, one_row_a_time: true };
        let settled = clock.to_utc(&forms, &mut times);
        let wrong = times.iter().zip(&moments).enumerate();
        for (row, (found, moment)) in wrong {
            let edge = row < 8 || row + 8 > moments.len();
            let clear = !settled.unclear.contains(&row);
            prop_assert!(found == moment || (edge && !clear), "row {row} of {name}: {found} for {moment}");
            prop_assert!(clear || edge);
        }
    }
}

#[test]
fn numbers_are_in_utc_whatever_the_zone() {
    let (forms, mut times) = column(&["1704067200000"]);
    assert!(forms.any(|form| form == TimeForm::Integer(TimeUnit::Millis)));
    let zone = zone("Asia/Tokyo");
    let clock = Clock {
        zone: Some(&zone),
        trading_dates: true,
        one_row_a_time: true,
    };
    let settled = clock.to_utc(&forms, &mut times);
    // 00:00 UTC is a date already.
    assert_eq!(
        (settled.kept_as_dates, times.first()),
        (true, Some(&1_704_067_200_000))
    );
}
