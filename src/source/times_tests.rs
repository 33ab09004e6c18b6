#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn utc(text: &str) -> String {
    match parse_time(text.as_bytes()) {
        Ok(time) => format!("{} {}", time.utc(), time.precision),
        Err(defect) => format!("{defect:?}"),
    }
}

#[test]
fn integers_tell_their_unit() {
    for (text, unit) in [
        ("1577836800", TimeUnit::Seconds),
        ("1577836800000", TimeUnit::Millis),
        ("1577836800000000", TimeUnit::Micros),
        ("1577836800000000000", TimeUnit::Nanos),
        ("1577836800000.0", TimeUnit::Millis),
    ] {
        let time = parse_time(text.as_bytes()).unwrap();
        assert_eq!(time.form, TimeForm::Integer(unit));
        assert_eq!(utc(text), "2020-01-01T00:00:00Z second");
    }
}

#[test]
fn the_units_do_not_overlap_and_end_where_the_rule_says() {
    for scale in [1, 1_000, 1_000_000, 1_000_000_000] {
        let first = FIRST_SECOND * scale;
        let end = END_SECOND * scale;
        assert_eq!(utc(&first.to_string()), "1973-03-03T09:46:40Z second");
        assert!(parse_time((end - 1).to_string().as_bytes()).is_ok());
        assert_eq!(utc(&end.to_string()), "Implausible");
        let below = parse_time((first - 1).to_string().as_bytes());
        assert_eq!(below, Err(TimeDefect::Implausible));
    }
    for text in ["0", "17", "-1577836800", "99999999999999999999999"] {
        assert_eq!(utc(text), "Implausible");
    }
}

#[test]
fn text_in_its_many_forms() {
    for (text, expected) in [
        ("2020-01-31", "2020-01-31T00:00:00Z day"),
        ("20200131", "2020-01-31T00:00:00Z day"),
        ("2020/1/5", "2020-01-05T00:00:00Z day"),
        (" 2020-01-31 13:45 ", "2020-01-31T13:45:00Z minute"),
        ("2020/01/31 13:45:10", "2020-01-31T13:45:10Z second"),
        (
            "2020-01-31T13:45:10.123456Z",
            "2020-01-31T13:45:10.123Z second",
        ),
        ("2020-01-31 13:45:10 UTC", "2020-01-31T13:45:10Z second"),
        ("2020-01-31 13:45:10+02:00", "2020-01-31T11:45:10Z second"),
        ("2020-01-31T13:45-0530", "2020-01-31T19:15:00Z minute"),
        ("2020-01-31T00:00:00-05", "2020-01-31T05:00:00Z second"),
        ("1962-01-02", "1962-01-02T00:00:00Z day"),
        ("31-01-2020", "DayMonthOrder"),
        ("1/31/20 10:00", "DayMonthOrder"),
        ("31.01.2020", "DayMonthOrder"),
        ("2020-02-30", "Implausible"),
        ("1899-12-31", "Implausible"),
        ("2100-01-01", "Implausible"),
        ("20201331", "Implausible"),
        ("2020-01/31", "Unreadable"),
        ("2020-01-31T24:00", "Unreadable"),
        ("2020-01-31T23:59:60Z", "Unreadable"),
        (
            "2020-01-31T10:00 Europe/Berlin",
            "2020-01-31T09:00:00Z minute",
        ),
        ("2020.01.31 10:00", "2020-01-31T10:00:00Z minute"),
        ("20200131  09:30:00", "2020-01-31T09:30:00Z second"),
        ("20200131-09:30:00", "2020-01-31T09:30:00Z second"),
        ("20200131 093015", "2020-01-31T09:30:15Z second"),
        (
            "20200131 09:30:00 US/Eastern",
            "2020-01-31T14:30:00Z second",
        ),
        (
            "20200731 09:30:00 America/New_York",
            "2020-07-31T13:30:00Z second",
        ),
        ("Jan 31, 2020", "2020-01-31T00:00:00Z day"),
        ("January 5 2020 9:30 PM", "2020-01-05T21:30:00Z minute"),
        ("31-jan-2020", "2020-01-31T00:00:00Z day"),
        ("5 May 2020 12:05 AM", "2020-05-05T00:05:00Z minute"),
        ("20201101 01:30:00 US/Eastern", "TwiceOrNever"),
        ("20200308 02:30:00 US/Eastern", "TwiceOrNever"),
        ("20200131 09:30:00 US/Nowhere", "UnknownZone"),
        ("1960-01-01 00:00 Africa/Monrovia", "UnknownZone"),
        ("2020-01-31T10:00Berlin", "Unreadable"),
        ("2020-01-31-05:00", "Unreadable"),
        ("20200131 246000", "Unreadable"),
        ("2020-01-31 13:00 PM", "Unreadable"),
        ("Mayo 31, 2020", "Unreadable"),
        ("Feb 30, 2020", "Implausible"),
        ("31-Jan-20", "Unreadable"),
        ("2020-01-31T10:00+02:", "Unreadable"),
        ("1577836800.5", "Unreadable"),
        ("", "Empty"),
        ("  ", "Empty"),
    ] {
        assert_eq!(utc(text), expected, "{text:?}");
    }
}

#[test]
fn some_dates_tell_their_order() {
    for (text, order) in [
        ("10/27/2023", Some(DateOrder::MonthFirst)),
        (" 27.10.2023 10:00", Some(DateOrder::DayFirst)),
        ("10/11/2023", None),
        ("2023-10-27", None),
        ("x", None),
    ] {
        assert_eq!(only_order(text.as_bytes()), order, "{text}");
    }
}

#[test]
fn most_rows_decide_the_unit_of_a_file() {
    let seconds = TimeForm::Integer(TimeUnit::Seconds);
    let millis = TimeForm::Integer(TimeUnit::Millis);
    let mut forms = TimeForms::default();
    for form in [seconds, millis, millis, seconds, millis] {
        forms.push(form);
    }
    assert_eq!(TimeForms::of_most([&forms].into_iter()), Some(millis));
    let ranges: Vec<_> = forms.ranges().map(|(range, _)| range).collect();
    assert_eq!(ranges, [0..1, 1..3, 3..4, 4..5]);
    let mut equal = TimeForms::default();
    equal.push(millis);
    equal.push(seconds);
    assert_eq!(TimeForms::of_most([&equal].into_iter()), Some(millis));
    assert_eq!(TimeForms::of_most(std::iter::empty()), None);
}

#[test]
fn local_midnights_may_stay_as_dates() {
    let mut forms = TimeForms::default();
    let mut local = Vec::new();
    for text in ["2024-03-08 00:00:00-05:00", "2024-03-11 00:00:00-04:00"] {
        let time = parse_time(text.as_bytes()).unwrap();
        forms.push(time.form);
        local.push(time.local);
    }
    let dates = local.clone();
    assert!(forms.to_utc(&mut local, true));
    assert_eq!(local, dates);
    assert!(!forms.to_utc(&mut local, false));
    let hour = 3_600_000;
    let shifted: Vec<i64> = dates
        .iter()
        .zip([5, 4])
        .map(|(d, h)| d + h * hour)
        .collect();
    assert_eq!(local, shifted);
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = parse_time(&bytes);
    }

    #[test]
    fn near_misses_do_not_panic(text in "[0-9]{0,5}[-/.]?[0-9]{0,3}[-/]?[0-9]{0,3}[T ]?[0-9:.,+Z-]{0,20}") {
        let _ = parse_time(text.as_bytes());
    }

    #[test]
    fn near_misses_of_names_do_not_panic(text in "[0-9]{0,8}[- ]?[A-Za-z]{0,5}[- ][0-9]{0,2},? ?[0-9]{0,6}[ -]{0,2}[0-9:]{0,8} ?[APM]{0,2} ?[A-Za-z/_]{0,16}") {
        let _ = parse_time(text.as_bytes());
    }

    #[test]
    fn jiff_agrees_on_every_moment(ms in -2_208_988_800_000_i64..4_102_444_800_000) {
        let text = Timestamp::from_millis(ms).to_string();
        let time = parse_time(text.as_bytes()).map_err(|d| TestCaseError::fail(d.to_string()))?;
        prop_assert_eq!(time.utc().millis(), ms);
    }

    #[test]
    fn jiff_agrees_on_offsets(s in 0_i64..4_000_000_000, offset in -1_439_i64..1_439) {
        let sign = if offset < 0 { '-' } else { '+' };
        let clock = Timestamp::from_millis((s + offset * 60) * 1_000).to_string();
        let clock = clock.trim_end_matches('Z');
        let text = format!("{clock}{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60);
        let time = parse_time(text.as_bytes()).map_err(|d| TestCaseError::fail(format!("{text}: {d}")))?;
        prop_assert_eq!(time.utc(), text.parse::<Timestamp>().unwrap());
        prop_assert_eq!(time.utc().millis(), s * 1_000);
    }

    #[test]
    fn every_date_exists_exactly_once(year in 1900_i64..2100, month in 0_i64..14, day in 0_i64..33) {
        let text = format!("{year}-{month:02}-{day:02}");
        let oracle = format!("{text}T00:00:00Z").parse::<Timestamp>();
        prop_assert_eq!(parse_time(text.as_bytes()).is_ok(), oracle.is_ok());
    }
}
