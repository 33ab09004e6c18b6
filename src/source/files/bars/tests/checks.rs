//! What is refused, left out or noticed.

use super::*;

/// A row that cannot follow hour 0, why, and what its message says.
const DEFECTS: [(&str, DefectKind, &str); 18] = [
    (
        "1577840400000,10,12,9,11,5,6",
        DefectKind::BadRow,
        "expected 6 fields, found 7",
    ),
    (
        "1577840400000,10,12,9,,5",
        DefectKind::MissingField,
        "the close is empty",
    ),
    (
        "1577840400000,10,12",
        DefectKind::MissingField,
        "the low is empty",
    ),
    (
        ",10,12,9,11,5",
        DefectKind::MissingField,
        "the time is empty",
    ),
    (
        "1577840400000,ten,12,9,11,5",
        DefectKind::Unparsable,
        "for the open, found \"ten\"",
    ),
    (
        "01-02-2020,10,12,9,11,5",
        DefectKind::Unparsable,
        "order of day and month is not said",
    ),
    (
        "yesterday,10,12,9,11,5",
        DefectKind::Unparsable,
        "found \"yesterday\"",
    ),
    (
        "17,10,12,9,11,5",
        DefectKind::ImplausibleTime,
        "found \"17\"",
    ),
    (
        "45322,10,12,9,11,5",
        DefectKind::ImplausibleTime,
        "if this is a day as Excel counts them say --dates excel",
    ),
    (
        "2020-01-01T01:00,10,12,9,11,5",
        DefectKind::WrongUnit,
        "found text",
    ),
    (
        "1577840400000,NaN,12,9,11,5",
        DefectKind::NotFinite,
        "not a finite number",
    ),
    (
        "1577840400000,10,inf,9,11,5",
        DefectKind::NotFinite,
        "not a finite number",
    ),
    (
        "1577840400000,10,12,0,11,5",
        DefectKind::PriceNotPositive,
        "low 0",
    ),
    (
        "1577840400000,10,8,9,11,5",
        DefectKind::HighBelowLow,
        "high 8, low 9",
    ),
    (
        "1577840400000,10,12,9,12.001,5",
        DefectKind::OutsideRange,
        "close 12.001",
    ),
    (
        "1577840400000,10,12,9,11,-5",
        DefectKind::NegativeVolume,
        "volume -5",
    ),
    (
        "1577840400001,10,12,9,11,5",
        DefectKind::OffGrid,
        "no multiple of 1h",
    ),
    (
        "1577844000000,10,12,9,11,5.5",
        DefectKind::Conflict,
        "2 rows of 2020-01-01T02:00:00Z",
    ),
];

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn every_defect_is_told_with_its_line() {
    for (row, kind, text) in DEFECTS {
        let text_with = |rest: &str| hourly([0]) + row + "\n" + rest;
        let rest = hourly(2..7).split_off(HEADER.len());
        let refused = read(text_with(&rest)).unwrap_err().to_string();
        assert!(refused.contains("line 3: "), "{row}: {refused}");
        assert!(refused.contains(text), "{row}: {refused}");
        assert!(refused.contains(&kind.to_string()), "{row}: {refused}");
        assert!(refused.contains("--on-error skip"), "{refused}");
        let file = skip(text_with(&rest)).unwrap();
        let left_out = if kind == DefectKind::Conflict { 2 } else { 1 };
        assert_eq!(file.report.defects.count(kind), left_out, "{row}");
        assert_eq!(file.report.defects.total(), left_out, "{row}");
        assert_eq!(file.report.defects.first[0].line, Some(3), "{row}");
        assert_eq!(file.report.rows, 7);
        assert_eq!(file.report.accepted, 7 - left_out);
        assert_eq!(only(&file).1.len() as u64, 7 - left_out);
    }
}

#[test]
fn skipping_everything_is_an_error_too() {
    let text = format!("{HEADER}x,1,1,1,1,1\ny,1,1,1,1,1\n");
    let refused = skip(text).unwrap_err().to_string();
    assert!(
        refused.contains("2 of 2 rows cannot be stored (2 unreadable field), and none can"),
        "{refused}"
    );
}

#[test]
fn notices_lose_nothing() {
    // Hour 1 twice, hour 4 before hour 3, hours 5 and 6 missing.
    let file = read(hourly([0, 1, 1, 2, 4, 3, 7])).unwrap();
    assert_eq!(only(&file).1, [0, 1, 2, 3, 4, 7]);
    let report = &file.report;
    assert_eq!(report.notices.count(NoticeKind::Duplicate), 1);
    assert_eq!(report.notices.count(NoticeKind::OutOfOrder), 1);
    assert_eq!(report.notices.count(NoticeKind::Gap), 1);
    assert_eq!((report.gaps, report.missing_bars), (1, 2));
    let lines: Vec<Option<u64>> = report.notices.first.iter().map(|f| f.line).collect();
    assert_eq!(lines, [Some(4), Some(7), Some(8)]);
    assert_eq!((report.rows, report.accepted), (7, 6));
}

#[test]
fn newest_first_is_a_dialect_and_no_disorder() {
    let file = read(hourly((0..6).rev())).unwrap();
    assert_eq!(only(&file).1, [0, 1, 2, 3, 4, 5]);
    assert_eq!(file.report.notices.total(), 0);
}

#[test]
fn a_missing_volume_is_noticed() {
    let text = "time,open,high,low,close\n1577836800000,1,1,1,1\n1577840400000,1,1,1,1\n1577844000000,1,1,1,1\n";
    let file = read(text).unwrap();
    assert_eq!(file.series[0].bars.volume, [0.0; 3]);
    assert_eq!(file.report.notices.count(NoticeKind::NoVolume), 1);
}

#[test]
fn the_interval_is_checked_or_found() {
    let options = |interval: &str| BarOptions {
        interval: Some(interval.parse().unwrap()),
        ..BarOptions::default()
    };
    let refused = read_named("crypto/v/X_15m.csv", hourly(0..5), &BarOptions::default());
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("bars of 15m, and most bars are 1h apart"),
        "{refused}"
    );
    let file = read_named("crypto/v/X_15m.csv", hourly(0..5), &options("1h")).unwrap();
    assert_eq!(only(&file).0, "crypto/v/X:1h");
    assert!(
        read(hourly([0, 1]))
            .unwrap_err()
            .to_string()
            .contains("--interval 1h")
    );
    let file = read_named("crypto/v/X.csv", hourly([0, 1]), &options("1h")).unwrap();
    assert_eq!(only(&file).1, [0, 1]);
}

#[test]
fn the_market_must_be_known() {
    let named = |name: &str, options: &BarOptions| read_named(name, hourly(0..3), options);
    let refused = named("somewhere/X.csv", &BarOptions::default())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("--market"), "{refused}");
    let options = BarOptions {
        market: Some("fx".to_owned()),
        ..BarOptions::default()
    };
    let file = named("somewhere/x.csv", &options).unwrap();
    assert_eq!(only(&file).0, "fx/somewhere/X:1h");
    assert_eq!(file.series[0].calendar, Calendar::Session);
    let file = named("etf/x.csv", &BarOptions::default()).unwrap();
    assert_eq!(only(&file).0, "equity/default/X:1h");
    let refused = named("crypto/a b/X.csv", &BarOptions::default())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("expected a venue"), "{refused}");
}

#[test]
fn a_file_without_rows_is_refused() {
    let none = r#"{"retCode":0,"result":{"symbol":"X","category":"spot","list":[]}}"#;
    for text in [HEADER, none] {
        let refused = read(text).unwrap_err().to_string();
        assert!(refused.contains("there are no rows"), "{refused}");
    }
    assert!(read("").is_err());
}
