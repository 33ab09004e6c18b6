//! Times as people have them: units, zones, closes, and columns of times without a plain name.

use super::*;

/// Rows of hours 0, 1, 2, ... whose time is written by `time`.
fn rows(header: &str, hours: i64, time: impl Fn(i64) -> String) -> String {
    let mut text = header.to_owned();
    for hour in 0..hours {
        writeln!(text, "{},10,12,9,11,{hour}", time(hour)).unwrap();
    }
    text
}

fn refused(text: &str, options: &BarOptions) -> String {
    read_named("crypto/v/X.csv", text, options)
        .unwrap_err()
        .to_string()
}

fn zone(name: &str) -> BarOptions {
    BarOptions {
        zone: Some(name.parse().unwrap()),
        ..BarOptions::default()
    }
}

#[test]
fn each_number_tells_its_unit() {
    let scales = [1, 1_000, 1_000_000];
    let text = rows(HEADER, 6, |hour| {
        let scale = scales[usize::try_from(hour % 3).unwrap()];
        ((START + hour * HOUR) * scale).to_string()
    });
    let file = read(&text).unwrap();
    assert_eq!(only(&file), ("crypto/v/X:1h".to_owned(), (0..6).collect()));
}

#[test]
fn a_unix_time_beside_a_date_is_the_time() {
    let text = rows("time,date,open,high,low,close,volume\n", 4, |hour| {
        let time = Timestamp::from_millis(START + hour * HOUR);
        format!("{},{time}", START / 1_000 + hour * 3_600)
    });
    assert_eq!(only(&read(&text).unwrap()).1, [0, 1, 2, 3]);
}

#[test]
fn a_clock_that_is_put_back_is_followed() {
    let clock = [
        "2024-10-27 01:00",
        "2024-10-27 02:00",
        "2024-10-27 02:00",
        "2024-10-27 03:00",
        "2024-10-27 04:00",
    ];
    let header = "time,open,high,low,close,volume\n";
    let text = |clock: &[&str]| {
        let mut text = header.to_owned();
        for (row, time) in clock.iter().enumerate() {
            writeln!(text, "{time},10,12,9,11,{row}").unwrap();
        }
        text
    };
    let without = refused(&text(&clock), &BarOptions::default());
    assert!(without.contains("say --zone with its zone"), "{without}");
    let file = read_named("crypto/v/X.csv", text(&clock), &zone("Europe/Berlin")).unwrap();
    let first = file.series[0].bars.time[0];
    assert_eq!(
        Timestamp::from_millis(first).to_string(),
        "2024-10-26T23:00:00Z"
    );
    assert!(
        file.series[0]
            .bars
            .time
            .windows(2)
            .all(|w| w[1] - w[0] == HOUR)
    );
    // One of the two hours is missing, and nobody knows which.
    let single = [clock[0], clock[1], clock[3], clock[4]];
    let unclear = refused(&text(&single), &zone("Europe/Berlin"));
    assert!(
        unclear.contains("line 3: ")
            && unclear.contains("showed 2024-10-27T02:00:00 twice or never"),
        "{unclear}"
    );
    let mut options = zone("Europe/Berlin");
    options.on_error = OnError::Skip;
    let file = read_named("crypto/v/X.csv", text(&single), &options).unwrap();
    assert_eq!(file.report.defects.count(DefectKind::UnclearTime), 1);
    assert_eq!(file.series[0].bars.len(), 3);
}

#[test]
fn a_local_clock_needs_a_zone() {
    let text = rows("Local time,Open,High,Low,Close,Volume\n", 4, |hour| {
        format!("02.01.2020 {hour:02}:00:00.000")
    });
    let mut options = BarOptions {
        dates: Some(DateOrder::DayFirst),
        ..BarOptions::default()
    };
    let message = refused(&text, &options);
    assert!(
        message.contains("Local time") && message.contains("--zone UTC"),
        "{message}"
    );
    options.zone = Some("UTC".parse().unwrap());
    let file = read_named("crypto/v/X.csv", &text, &options).unwrap();
    assert_eq!(only(&file).1, [24, 25, 26, 27]);
    let offsets = text.replace(".000,", ".000 GMT+0100,");
    options.zone = None;
    let file = read_named("crypto/v/X.csv", offsets, &options).unwrap();
    assert_eq!(only(&file).1, [23, 24, 25, 26]);
}

#[test]
fn an_unused_zone_is_said() {
    let file = read_named("crypto/v/X.csv", hourly(0..3), &zone("Asia/Tokyo")).unwrap();
    assert_eq!(only(&file).1, [0, 1, 2]);
    assert_eq!(file.report.notices.count(NoticeKind::ZoneUnused), 1);
}

#[test]
fn days_that_open_at_midnight_elsewhere_become_dates() {
    // 05:00 UTC in winter, in nanoseconds.
    let days = rows(
        "ticker,window_start,open,high,low,close,volume\n",
        4,
        |day| format!("AAA,{}", (START + (24 * day + 5) * HOUR) * 1_000_000),
    );
    let read = |options: &BarOptions| read_named("equity/v/day.csv", &days, options).unwrap();
    let file = read(&BarOptions::default());
    assert_eq!(only(&file).1, [5, 29, 53, 77]);
    assert_eq!(file.report.notices.count(NoticeKind::HourOfDays), 1);
    let file = read(&zone("America/New_York"));
    assert_eq!(
        only(&file),
        ("equity/v/AAA:1d".to_owned(), vec![0, 24, 48, 72])
    );
    assert_eq!(file.report.notices.count(NoticeKind::TradingDates), 1);
}

#[test]
fn a_file_of_one_day_asks_for_the_interval() {
    let text = "ticker,window_start,open,high,low,close,volume\n\
        AAA,1577854800000000000,10,12,9,11,1\nBBB,1577854800000000000,10,12,9,11,1\n";
    let message = read_named("equity/v/2020-01-01.csv", text, &BarOptions::default());
    let message = message.unwrap_err().to_string();
    assert!(
        message.contains("found 1 at most of each of 2 symbols")
            && message.contains("--interval 1d"),
        "{message}"
    );
}

#[test]
fn bars_stamped_at_their_close_open_before() {
    let header = "timestamp,symbol,open,high,low,close,homeNotional,foreignNotional,volume\n";
    let mut text = header.to_owned();
    for hour in 1..30 {
        let time = Timestamp::from_millis(START + hour * HOUR);
        writeln!(text, "{time},X,10,12,9,11,1,1,{hour}").unwrap();
    }
    let file = read(&text).unwrap();
    assert_eq!(only(&file).1[0], 1);
    assert_eq!(file.report.notices.count(NoticeKind::CloseStamps), 1);
    let mut options = BarOptions {
        time_of: Some(TimeOf::Close),
        ..BarOptions::default()
    };
    let file = read_named("crypto/v/X.csv", &text, &options).unwrap();
    assert_eq!(only(&file).1, (0..29).collect::<Vec<_>>());
    assert_eq!(file.report.notices.count(NoticeKind::CloseStamps), 0);
    options.time_of = Some(TimeOf::Open);
    let file = read_named("crypto/v/X.csv", &text, &options).unwrap();
    assert_eq!(
        (
            only(&file).1[0],
            file.report.notices.count(NoticeKind::CloseStamps)
        ),
        (1, 0)
    );
    // The last second of a bar is off the grid of opens.
    let last_second = text.replace(":00:00Z", ":59:59Z");
    let message = refused(&last_second, &BarOptions::default());
    assert!(message.contains("say --time-of close"), "{message}");
    options.time_of = Some(TimeOf::Close);
    let file = read_named("crypto/v/X.csv", &last_second, &options).unwrap();
    assert_eq!(only(&file).1[0], 1);
}

#[test]
fn a_range_is_widened_on_wish_only() {
    let text = hourly(0..4) + "1577851200000,8,12,9,13,5\n";
    let message = refused(&text, &BarOptions::default());
    assert!(
        message.contains("line 6: ") && message.contains("--widen"),
        "{message}"
    );
    let options = BarOptions {
        widen: true,
        ..BarOptions::default()
    };
    let file = read_named("crypto/v/X.csv", &text, &options).unwrap();
    let bars = &file.series[0].bars;
    assert_eq!(
        (bars.low[4], bars.high[4], bars.open[4], bars.close[4]),
        (8.0, 13.0, 8.0, 13.0)
    );
    assert_eq!(file.report.notices.count(NoticeKind::Widened), 1);
    assert_eq!(file.report.notices.first[0].line, Some(6));
    // A range that is none is no range to widen.
    let text = hourly(0..4) + "1577851200000,10,9,12,11,5\n";
    let message = read_named("crypto/v/X.csv", &text, &options).unwrap_err();
    assert!(message.to_string().contains("high 9, low 12"), "{message}");
}

#[test]
fn days_of_excel_are_read_if_the_caller_says_so() {
    let text = rows("Date,Open,High,Low,Close,Volume\n", 4, |day| {
        (43_831 + day).to_string()
    });
    let mut options = BarOptions::default();
    let message = refused(&text, &options);
    assert!(message.contains("--dates excel"), "{message}");
    options.dates = Some(DateOrder::Excel);
    let file = read_named("crypto/v/X.csv", &text, &options).unwrap();
    assert_eq!(
        only(&file),
        ("crypto/v/X:1d".to_owned(), vec![0, 24, 48, 72])
    );
}

#[test]
fn columns_without_names_have_numbers() {
    let index = rows(",Open,High,Low,Close,Volume\n", 4, |hour| {
        format!("2020-01-01 {hour:02}:00")
    });
    assert_eq!(only(&read(&index).unwrap()).1, [0, 1, 2, 3]);
    // Eight columns that nobody knows: the message says how to name them, and that works.
    let bare = rows("", 4, |hour| format!("2020-01-01,{hour:02}00,7"));
    let message = refused(&bare, &BarOptions::default());
    let typed = message.split("--map ").nth(1).unwrap();
    let typed = typed.split(',').take(5).collect::<Vec<_>>().join(",");
    assert_eq!(typed, "time=#1,open=#2,high=#3,low=#4,close=#5");
    let options = BarOptions {
        map: crate::source::files::parse_map(
            "time=#1+#2,open=#4,high=#5,low=#6,close=#7,volume=#8",
        )
        .unwrap(),
        ..BarOptions::default()
    };
    let file = read_named("crypto/v/X.csv", &bare, &options).unwrap();
    assert_eq!(only(&file).1, [0, 1, 2, 3]);
    assert_eq!(file.series[0].bars.volume, [0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn lines_before_the_header_are_left_out_with_a_note() {
    let text = format!("https://www.example.com\n# daily\n{}", hourly(0..3));
    let file = read(&text).unwrap();
    assert_eq!(only(&file).1, [0, 1, 2]);
    let note = &file.report.notices.first[0];
    assert_eq!((note.kind, note.line), (NoticeKind::SkippedLines, Some(1)));
    assert!(note.message.contains("2 lines"), "{}", note.message);
    let semicolons = hourly(0..3).replace(',', ";");
    let file = read(format!("sep=;\n{semicolons}")).unwrap();
    assert_eq!(only(&file).1, [0, 1, 2]);
}

#[test]
fn lines_of_old_macs_are_rows() {
    let file = read(hourly(0..3).replace('\n', "\r")).unwrap();
    assert_eq!(only(&file).1, [0, 1, 2]);
}

#[test]
fn stacked_names_are_several_series() {
    let text = "Price,Close,Close,High,High,Low,Low,Open,Open,Volume,Volume\n\
        Ticker,AAA,BBB,AAA,BBB,AAA,BBB,AAA,BBB,AAA,BBB\n\
        Date,,,,,,,,,,\n\
        2020-01-01,11,21,12,22,9,19,10,20,5,6\n\
        2020-01-02,11,21,12,22,9,19,10,20,5,6\n\
        2020-01-03,11,,12,,9,,10,,5,\n\
        2020-01-04,11,21,12,22,9,19,10,20,5,6\n";
    let file = read(text).unwrap();
    let shown = |one: &crate::model::SeriesBars| format!("{} {}", one.key, one.bars.len());
    let all: Vec<String> = file.series.iter().map(shown).collect();
    assert_eq!(all, ["crypto/v/AAA:1d 4", "crypto/v/BBB:1d 3"]);
    assert_eq!(file.series[1].bars.close, [21.0; 3]);
}

#[test]
fn a_document_names_the_zone_of_its_bars_in_any_place() {
    let rows = "[[\"01/02/2024 09:30 AM\",10,12,9,11,1],[\"01/02/2024 10:30 AM\",10,12,9,11,1],[\"01/02/2024 11:30 AM\",10,12,9,11,1]]";
    let options = BarOptions {
        dates: Some(DateOrder::MonthFirst),
        ..BarOptions::default()
    };
    let read = |text: &str| read_named("equity/v/X.json", text, &options);
    for text in [
        format!("{{\"data\":{rows},\"timezone\":\"America/New_York\"}}"),
        format!("{{\"timezone\":\"America/New_York\",\"data\":{rows}}}"),
    ] {
        let file = read(&text).unwrap();
        let first = Timestamp::from_millis(file.series[0].bars.time[0]);
        assert_eq!(first.to_string(), "2024-01-02T14:30:00Z", "{text}");
    }
    let text = format!("{{\"data\":{rows},\"timezone\":\"EST\"}}");
    let refused = read(&text).unwrap_err().to_string();
    assert!(
        refused.contains("like --zone America/New_York, or --zone EST"),
        "{refused}"
    );
    // Dates and moments need none.
    let days = "{\"timezone\":\"EST\",\"data\":[[\"2024-01-02\",10,12,9,11,1],[\"2024-01-03\",10,12,9,11,1],[\"2024-01-04\",10,12,9,11,1]]}";
    let file = read_named("equity/v/X.json", days, &BarOptions::default()).unwrap();
    assert_eq!(file.series[0].bars.time[0], 1_704_153_600_000);
}

#[test]
fn hours_in_ten_digits_are_asked_for() {
    let text = rows("time,open,high,low,close,volume\n", 4, |hour| {
        format!("20240102{hour:02}")
    });
    let options = BarOptions::default();
    assert!(refused(&text, &options).contains("if they are a date say --dates year-first"));
    let options = BarOptions {
        dates: Some(DateOrder::YearFirst),
        ..options
    };
    let file = read_named("crypto/v/X.csv", &text, &options).unwrap();
    assert_eq!(file.series[0].bars.time[1], 1_704_157_200_000);
}

#[test]
fn a_price_behind_a_date_is_no_time() {
    let text = "20240102,1200,1210,1190,1205,500\n20240103,1205,1225,1200,1220,400\n20240104,1220,1230,1210,1215,300\n";
    let file = read_named("equity/v/X.csv", text, &BarOptions::default()).unwrap();
    let bars = &file.series[0].bars;
    assert_eq!(file.series[0].key.to_string(), "equity/v/X:1d");
    assert_eq!((bars.open[0], bars.volume[0]), (1200.0, 500.0));
    let text = "X,20240102,0916,1200,1210,1190,1205,500\nX,20240102,0917,1205,1225,1200,1220,400\nX,20240102,0918,1220,1230,1210,1215,300\n";
    let file = read_named("equity/v/X.csv", text, &BarOptions::default()).unwrap();
    assert_eq!(file.series[0].key.to_string(), "equity/v/X:1m");
    assert_eq!(file.series[0].bars.open[0], 1200.0);
}
