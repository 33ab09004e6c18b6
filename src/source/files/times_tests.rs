#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn utc(text: &str) -> String {
    match parse_time(text.as_bytes()) {
        Ok(time) => format!("{} {}", time.utc(), time.precision),
        Err(defect) => format!("{defect:?}"),
    }
}

fn in_order(order: DateOrder) -> SaidOfTimes {
    SaidOfTimes {
        order: Some(order),
        has_zone: false,
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
        ("2020-01-31T24:00", "2020-02-01T00:00:00Z minute"),
        ("2020-01-31T24:01", "Unreadable"),
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
        ("31-Jan-20", "2020-01-31T00:00:00Z day"),
        ("2020-01-31T10:00+02:", "Unreadable"),
        ("1577836800.5", "Unreadable"),
        ("", "Empty"),
        ("  ", "Empty"),
    ] {
        assert_eq!(utc(text), expected, "{text:?}");
    }
}

#[test]
fn months_have_names_in_many_orders() {
    for (text, expected) in [
        (
            "Mon, 08 Jan 2024 13:05:00 GMT",
            "2024-01-08T13:05:00Z second",
        ),
        (
            "Tue, 9 Jan 2024 08:00:00 +0200",
            "2024-01-09T06:00:00Z second",
        ),
        ("Tue, 09 Jul 2024 08:00 EDT", "2024-07-09T12:00:00Z minute"),
        ("9 Jan 24 08:00:00 PST", "2024-01-09T16:00:00Z second"),
        (
            "Wed Aug 27 13:08:45 +0000 2008",
            "2008-08-27T13:08:45Z second",
        ),
        ("Wed Aug 27 13:08:45 2008", "2008-08-27T13:08:45Z second"),
        (
            "Mon Jan  8 13:05:00 EST 2024",
            "2024-01-08T18:05:00Z second",
        ),
        (
            "Mon Jan 08 2024 13:05:00 GMT+0100 (Central European Standard Time)",
            "2024-01-08T12:05:00Z second",
        ),
        (
            " 7:51  PM ET Fri, 17 July 2020",
            "2020-07-17T23:51:00Z minute",
        ),
        ("7:33 AM ET Thu, 16 Jan 2020", "2020-01-16T12:33:00Z minute"),
        ("Jul 18 2020", "2020-07-18T00:00:00Z day"),
        (
            "July 18, 2020 at 9:05 p.m. ET",
            "2020-07-19T01:05:00Z minute",
        ),
        ("Published 7 PM ET Fri, 17 July 2020", "Unreadable"),
        ("Fri, 17 July 2020 7 PM", "2020-07-17T19:00:00Z minute"),
        ("Sept. 5th, 2020", "2020-09-05T00:00:00Z day"),
        ("18-Jul-20", "2020-07-18T00:00:00Z day"),
        ("Jul-18-20 09:30AM", "2020-07-18T09:30:00Z minute"),
        ("2020-Jul-18 09:30", "2020-07-18T09:30:00Z minute"),
        ("08-Jan-2024T09:30:00Z", "2024-01-08T09:30:00Z second"),
        ("08-Jan-2024 0930", "2024-01-08T09:30:00Z minute"),
        ("5 May 1970", "1970-05-05T00:00:00Z day"),
        ("5-May-70", "1970-05-05T00:00:00Z day"),
        ("5-May-69", "2069-05-05T00:00:00Z day"),
        (
            "7:51\u{202f}PM ET Fri, 17 July 2020",
            "2020-07-17T23:51:00Z minute",
        ),
        ("Jan 31", "Unreadable"),
        ("Jan 2020", "Unreadable"),
        ("5 Jan Feb 2020", "Unreadable"),
        ("Today 09:30AM", "Unreadable"),
        ("5 Jan 2020 09:30 Nowhere/City", "UnknownZone"),
        ("1 Nov 2020 01:30 ET", "TwiceOrNever"),
        ("Row without a date", "Unreadable"),
    ] {
        assert_eq!(utc(text), expected, "{text:?}");
    }
}

#[test]
fn times_of_day_and_zones_in_more_spellings() {
    for (text, expected) in [
        ("2024-01-02 0900", "2024-01-02T09:00:00Z minute"),
        ("20240102 930", "2024-01-02T09:30:00Z minute"),
        ("20240102 93000", "2024-01-02T09:30:00Z second"),
        ("20240102093000", "2024-01-02T09:30:00Z second"),
        ("20240102 2400", "2024-01-03T00:00:00Z minute"),
        ("20240102 9", "Unreadable"),
        ("20240102 99", "Unreadable"),
        ("20240102 0960", "Unreadable"),
        ("2019-10-17 09-AM", "2019-10-17T09:00:00Z minute"),
        ("2019-10-17 12 a.m.", "2019-10-17T00:00:00Z minute"),
        (
            "2017-01-01D10:00:00.000000000",
            "2017-01-01T10:00:00Z second",
        ),
        ("2024-07-02 10:00:00 EDT", "2024-07-02T14:00:00Z second"),
        (
            "2024-07-02 10:00:00 GMT+0100",
            "2024-07-02T09:00:00Z second",
        ),
        (
            "2024-07-02 10:00:00 -0500 EST",
            "2024-07-02T15:00:00Z second",
        ),
        (
            "2024-07-02T10:00+02:00[Europe/Berlin]",
            "2024-07-02T08:00:00Z minute",
        ),
        ("202401310930", "CompactOrMillis"),
        ("2024013109", "CompactOrSeconds"),
        ("2024013124", "CompactOrSeconds"),
        ("2024013125", "2034-02-20T01:52:05Z second"),
        ("1999999999", "2033-05-18T03:33:19Z second"),
        ("2024-01-31 09:30 CST", "AmbiguousZone"),
        ("Wed, 31 Jan 2024 09:30:00 CST", "AmbiguousZone"),
        (
            "Wed, 31 Jan 2024 09:30:00 CET",
            "2024-01-31T08:30:00Z second",
        ),
        ("2024-07-31 09:30 CET", "2024-07-31T08:30:00Z minute"),
        ("200016000000", "1976-05-04T00:00:00Z second"),
        ("45292", "MaybeExcel"),
        ("45292.5", "MaybeExcel"),
        ("4529", "Implausible"),
    ] {
        assert_eq!(utc(text), expected, "{text:?}");
    }
}

#[test]
fn the_caller_may_say_what_dates_are() {
    use DateOrder::{DayFirst, Excel, MonthFirst, YearFirst};
    for (text, order, expected) in [
        ("31/01/2024", DayFirst, "2024-01-31T00:00:00Z"),
        ("1/31/24, 9:30:00 AM", MonthFirst, "2024-01-31T09:30:00Z"),
        ("01.02.70", DayFirst, "1970-02-01T00:00:00Z"),
        ("24/01/31 0930", YearFirst, "2024-01-31T09:30:00Z"),
        ("202401310930", YearFirst, "2024-01-31T09:30:00Z"),
        ("2024013109", YearFirst, "2024-01-31T09:00:00Z"),
        ("45292", Excel, "2024-01-01T00:00:00Z"),
        ("45292.3958333333", Excel, "2024-01-01T09:30:00Z"),
        ("45292.39583", Excel, "2024-01-01T09:30:00Z"),
        ("61", Excel, "1900-03-01T00:00:00Z"),
        ("1704067200", Excel, "2024-01-01T00:00:00Z"),
    ] {
        let time = parse_time_in(text.as_bytes(), in_order(order)).map(|t| t.utc().to_string());
        assert_eq!(time.as_deref(), Ok(expected), "{text}");
    }
    for (text, order) in [
        ("01/31/2024", DayFirst),
        ("31/01/2024", YearFirst),
        ("31/01/202", DayFirst),
        ("17", Excel),
    ] {
        assert!(
            parse_time_in(text.as_bytes(), in_order(order)).is_err(),
            "{text}"
        );
    }
}

#[test]
fn cst_is_the_clock_that_the_caller_says() {
    let said = SaidOfTimes {
        order: None,
        has_zone: true,
    };
    for text in [
        "2024-01-31 09:30 CST",
        "Wed, 31 Jan 2024 09:30 CST",
        "20240131 0930CST",
    ] {
        let time = parse_time_in(text.as_bytes(), said).unwrap();
        assert!(time.form.is_naive(), "{text}");
        assert_eq!(time.utc().to_string(), "2024-01-31T09:30:00Z", "{text}");
    }
}

#[test]
fn a_time_of_day_alone_is_told() {
    for text in ["09:30", "9:30 PM", "0930", "93000", "09:30:00.5", "9 PM"] {
        assert!(is_time_of_day(text.as_bytes()), "{text}");
    }
    for text in ["", "9", "0960", "1210.5", "2024-01-02", "99:00", "12:00 x"] {
        assert!(!is_time_of_day(text.as_bytes()), "{text}");
    }
}

#[test]
fn some_dates_tell_their_order() {
    use DateOrder::{DayFirst, MonthFirst, YearFirst};
    for (text, orders) in [
        ("10/27/2023", vec![MonthFirst]),
        (" 27.10.2023 10:00", vec![DayFirst]),
        ("10/11/2023", vec![DayFirst, MonthFirst]),
        ("10/27/23", vec![MonthFirst]),
        ("23-10-27", vec![DayFirst, YearFirst]),
        ("23-10-32", vec![DayFirst]),
        ("2023-10-27", vec![]),
        ("x", vec![]),
    ] {
        assert_eq!(possible_orders(text.as_bytes()), orders, "{text}");
    }
}

#[test]
fn most_rows_decide_whether_a_file_has_numbers_or_text() {
    let millis = TimeForm::Integer(TimeUnit::Millis);
    let micros = TimeForm::Integer(TimeUnit::Micros);
    let offset = TimeForm::Text { offset_minutes: 60 };
    let mut forms = TimeForms::default();
    for form in [TimeForm::Naive, millis, millis, offset, micros] {
        forms.push(form);
    }
    let most = TimeForms::of_most([&forms].into_iter());
    assert_eq!(most, Some(millis));
    assert!(millis.same_kind(micros) && !millis.same_kind(offset));
    let ranges: Vec<_> = forms.ranges().map(|(range, _)| range).collect();
    assert_eq!(ranges, [0..1, 1..3, 3..4, 4..5]);
    assert_eq!(TimeForms::of_most(std::iter::empty()), None);
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
