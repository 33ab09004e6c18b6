#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use proptest::prelude::*;

use super::*;
use crate::source::files::headline_symbols::MAX_SYMBOLS;

fn read_with(text: impl AsRef<[u8]>, options: &HeadlineOptions) -> Result<HeadlineFile> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("news.csv");
    std::fs::write(&path, text).unwrap();
    read_headlines(&path, options)
}

fn read(text: impl AsRef<[u8]>) -> Result<HeadlineFile> {
    read_with(text, &HeadlineOptions::default())
}

fn skip(text: impl AsRef<[u8]>) -> Result<HeadlineFile> {
    let options = HeadlineOptions {
        on_error: OnError::Skip,
        ..HeadlineOptions::default()
    };
    read_with(text, &options)
}

/// Time, precision, text, source and symbols of each headline.
fn shown(file: &HeadlineFile) -> Vec<String> {
    let shown = |h: &Headline| {
        let symbols = h.symbols.join("+");
        format!(
            "{} {} {:?} {:?} {symbols}",
            h.time, h.precision, h.text, h.source
        )
    };
    file.headlines.iter().map(shown).collect()
}

#[test]
fn a_headline_names_a_bounded_number_of_symbols() {
    let row = |count: usize| {
        let symbols: Vec<String> = (0..count).map(|i| format!("S{i}")).collect();
        format!("time,text,symbols\n2024-01-01,a,{}\n", symbols.join(";"))
    };
    assert_eq!(read(row(1_000)).unwrap().headlines[0].symbols.len(), 1_000);
    let refused = read(row(1_001)).unwrap_err().to_string();
    assert!(refused.contains("at most 1000 symbols"), "{refused}");
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let expected = [
        "2020-01-01T00:00:00Z day \"Alpha, rising\" \"Wire\" AAA+BBB",
        "2020-01-01T10:30:00Z minute \"Beta falls\" \"\" ",
    ];
    for text in [
        "timestamp_ms_utc,symbols,headline,source,ts_precision\n1577836800000,aaa;BBB,\"Alpha, rising\",Wire,day\n1577874600000,,Beta falls,,minute\n",
        "Published At;Tickers;Title;Publisher\n2020-01-01;\"AAA, bbb,AAA\";Alpha, rising;Wire\n2020-01-01 10:30;;Beta falls;\n",
        "date|ticker|text|source\n2020-01-01|['aaa', 'BBB']|Alpha, rising|Wire\n2020-01-01T12:30+02:00||Beta falls|\n",
        "{\"time\":\"2020-01-01\",\"symbols\":[\"AAA\",\"BBB\"],\"title\":\"Alpha, rising\",\"source\":\"Wire\"}\n{\"time\":\"2020-01-01T10:30Z\",\"title\":\"Beta falls\",\"source\":null}\n",
        "[{\"time\":\"2020-01-01T10:30\",\"title\":\"Beta falls\"},{\"time\":\"2020-01-01\",\"title\":\"Alpha, rising\",\"source\":\"Wire\",\"symbols\":\"AAA BBB\"}]",
    ] {
        let file = read(text).unwrap();
        assert_eq!(shown(&file), expected, "{text}");
        assert_eq!((file.report.rows, file.report.accepted), (2, 2));
        assert_eq!(file.report.notices.total(), 0, "{}", file.report);
    }
}

#[test]
fn the_form_of_a_time_tells_its_precision() {
    let precisions = |times: &[&str]| -> Vec<String> {
        let rows = times.iter().enumerate().map(|(i, t)| format!("{t},n{i}\n"));
        let file = read(format!("time,text\n{}", rows.collect::<String>())).unwrap();
        file.headlines
            .iter()
            .map(|h| h.precision.to_string())
            .collect()
    };
    assert_eq!(
        precisions(&["1577836800", "1577836801"]),
        ["second", "second"]
    );
    assert_eq!(precisions(&["1577836800", "1577923200"]), ["day", "day"]);
    assert_eq!(
        precisions(&["2020-01-01 00:00:00", "2020-01-02 00:00:00"]),
        ["day", "day"]
    );
    assert_eq!(
        precisions(&["2020-01-01", "2020-01-02 07:00", "2020-01-02 07:00:01"]),
        ["day", "minute", "second"]
    );
}

#[test]
fn a_day_is_stored_as_its_first_moment() {
    let file = read("time,text,precision\n2020-01-01 15:00,a,Day\n2020-01-01 16:00,b,\n").unwrap();
    let expected = [
        "2020-01-01T00:00:00Z day \"a\" \"\" ",
        "2020-01-01T16:00:00Z minute \"b\" \"\" ",
    ];
    assert_eq!(shown(&file), expected);
}

#[test]
fn every_defect_is_told_with_its_line() {
    let long = format!("2020-01-01,{},x,", "y".repeat(Headline::MAX_TEXT + 1));
    for (row, kind) in [
        ("2020-01-01,,x,", DefectKind::EmptyText),
        ("2020-01-01,  ,x,", DefectKind::EmptyText),
        ("2020-01-01,\u{7f},x,", DefectKind::EmptyText),
        (&long, DefectKind::TextTooLong),
        ("2020-01-01,a,x,AAA;B/C", DefectKind::BadName),
        ("2020-01-01,a,x,AAA;B:C", DefectKind::BadName),
        ("2020-01-01,a,x,AAA,BBB", DefectKind::BadRow),
        (",a,x,", DefectKind::MissingField),
        ("soon,a,x,", DefectKind::Unparsable),
        ("3/4/20,a,x,", DefectKind::Unparsable),
        ("12,a,x,", DefectKind::ImplausibleTime),
        ("1577836800,a,x,", DefectKind::WrongUnit),
    ] {
        let text = format!("time,text,source,symbols\n2020-01-01,one,,\n{row}\n2020-01-02,two,,\n");
        let refused = read(&text).unwrap_err().to_string();
        assert!(refused.contains("line 3: "), "{refused}");
        let file = skip(&text).unwrap();
        assert_eq!(file.report.defects.count(kind), 1, "{row}: {}", file.report);
        assert_eq!(file.headlines.len(), 2, "{row}");
        assert_eq!(file.headlines[1].text, "two");
    }
    let text = b"time,text\n2020-01-01,\xff\xfe\n2020-01-02,b\n";
    assert_eq!(
        skip(text)
            .unwrap()
            .report
            .defects
            .count(DefectKind::Unparsable),
        1
    );
    let text = "time,text,precision\n2020-01-01,a,hour\n2020-01-01,b,day\n";
    assert_eq!(
        skip(text)
            .unwrap()
            .report
            .defects
            .count(DefectKind::Unparsable),
        1
    );
}

#[test]
fn a_text_of_8_kib_fits() {
    let text = format!("time,text\n2020-01-01,{}\n", "y".repeat(Headline::MAX_TEXT));
    assert_eq!(read(text).unwrap().headlines.len(), 1);
}

#[test]
fn equal_rows_are_kept_once_and_order_is_restored() {
    let file =
        read("time,text\n2020-01-03,c\n2020-01-01,a\n2020-01-03,c\n2020-01-01,A\n2020-01-02,b\n")
            .unwrap();
    let texts: Vec<&str> = file.headlines.iter().map(|h| h.text.as_str()).collect();
    assert_eq!(texts, ["a", "A", "b", "c"]);
    assert_eq!(file.report.notices.count(NoticeKind::Duplicate), 1);
    assert_eq!(file.report.notices.count(NoticeKind::OutOfOrder), 3);
    let text = "time,text,symbol\n2020-01-03,c,X\n2020-01-02,b,X\n2020-01-01,a,X\n";
    let newest_first = read(text).unwrap();
    assert_eq!(newest_first.report.notices.total(), 0);
    assert_eq!(newest_first.headlines[0].text, "a");
}

#[test]
fn rows_of_one_headline_for_several_stocks_are_one_headline() {
    let file = read(
        "date,title,stock,source\n\
         2024-01-08 13:05:00,Round-up,AAA,Wire\n\
         2024-01-08 13:05:00,Round-up,BBB,Wire\n\
         2024-01-08 13:05:00,Round-up,AAA,Wire\n\
         2024-01-08 13:05:00,Round-up,AAA,Paper\n\
         2024-01-08 13:05:00,Round-up,$ccc;BBB,Wire\n\
         2024-01-08 14:05:00,Round-up,DDD,Wire\n",
    )
    .unwrap();
    let expected = [
        "2024-01-08T13:05:00Z second \"Round-up\" \"Wire\" AAA+BBB+CCC",
        "2024-01-08T13:05:00Z second \"Round-up\" \"Paper\" AAA",
        "2024-01-08T14:05:00Z second \"Round-up\" \"Wire\" DDD",
    ];
    assert_eq!(shown(&file), expected);
    assert_eq!((file.report.rows, file.report.accepted), (6, 3));
    assert_eq!(file.report.notices.count(NoticeKind::SymbolsJoined), 2);
    assert_eq!(file.report.notices.count(NoticeKind::Duplicate), 1);
    // Of two precisions the one that makes it known later.
    let text = "time,title,stock,precision\n2024-01-08,a,X,minute\n2024-01-08,a,Y,day\n";
    let file = read(text).unwrap();
    assert_eq!(shown(&file), ["2024-01-08T00:00:00Z day \"a\" \"\" X+Y"]);
}

#[test]
fn one_headline_joins_a_bounded_number_of_symbols() {
    let rows: String = (0..=MAX_SYMBOLS)
        .map(|i| format!("2024-01-08 13:05:00,a,S{i}\n"))
        .collect();
    let text = format!("time,title,stock\n{rows}");
    let refused = read(&text).unwrap_err().to_string();
    assert!(
        refused.contains("line 1002: expected at most 1000 symbols"),
        "{refused}"
    );
    assert_eq!(skip(&text).unwrap().headlines[0].symbols.len(), MAX_SYMBOLS);
}

#[test]
fn names_of_columns_of_symbols() {
    for name in [
        "Stock_symbol",
        "related",
        "tickers",
        "stocks",
        "Ticker Symbol",
        "Related Tickers",
        "ticker_sentiment",
    ] {
        let file = read(format!("time,title,{name}\n2024-01-08 13:05:00,a,{{AAA\n")).unwrap();
        assert_eq!(file.headlines[0].symbols, ["AAA"], "{name}");
        assert_eq!(file.report.notices.total(), 0, "{name}: {}", file.report);
    }
}

#[test]
fn a_file_without_symbols_says_so() {
    let file = read("time,title,Url\n2024-01-08 13:05:00,a,x\n").unwrap();
    assert_eq!(file.report.notices.count(NoticeKind::NoSymbols), 1);
    let said = file.report.to_string();
    let expected = "no column of symbols among time, title, Url; --map symbols=COLUMN";
    assert!(said.contains(expected), "{said}");
    let file = read("time,title,stock\n2024-01-08 13:05:00,a,NAN\n").unwrap();
    assert!(file.headlines[0].symbols.is_empty());
    assert_eq!(file.report.notices.count(NoticeKind::NoSymbols), 1);
    assert_eq!(file.report.notices.count(NoticeKind::NotASymbol), 1);
    let said = file.report.to_string();
    assert!(said.contains("\"NAN\" is no symbol"), "{said}");
}

#[test]
fn a_text_is_one_line_without_entities() {
    let text = "time,title,stock,source\n\
        2024-01-08 13:05:00,\"Maker lifts\n its outlook\",AAA,Wire\n\
        2024-01-08 13:06:00,Bank\tnames a\u{7f}chief,BBB,Wi\u{7}re\n\
        2024-01-08 13:07:00,S&amp;P slips,CCC,\n";
    let file = read(text).unwrap();
    let expected = [
        "2024-01-08T13:05:00Z second \"Maker lifts its outlook\" \"Wire\" AAA",
        "2024-01-08T13:06:00Z second \"Bank names a chief\" \"Wi re\" BBB",
        "2024-01-08T13:07:00Z second \"S&P slips\" \"\" CCC",
    ];
    assert_eq!(shown(&file), expected);
    assert_eq!(file.report.notices.count(NoticeKind::ControlCharacter), 2);
    assert_eq!(file.report.notices.count(NoticeKind::HtmlEntity), 1);
}

#[test]
fn columns_may_be_mapped_and_must_be_there() {
    let options = HeadlineOptions {
        map: crate::source::files::parse_map("ts=when,headline=what").unwrap(),
        ..HeadlineOptions::default()
    };
    let text = "when,what\n2020-01-01,a\n";
    assert_eq!(read_with(text, &options).unwrap().headlines[0].text, "a");
    let refused = read(text).unwrap_err().to_string();
    assert!(
        refused.contains("among: when, what") && refused.contains("--map time=when"),
        "{refused}"
    );
    assert!(
        read("1577836800,1,2,3,4\n")
            .unwrap_err()
            .to_string()
            .contains("first line with the names")
    );
}

#[test]
fn dates_and_clocks_are_as_the_caller_says() {
    let text = "date,headline\n08/01/2024 13:05,Chips rise\n23/01/2024 13:05,Shops warn\n";
    let message = read(text).unwrap_err().to_string();
    assert!(
        message.contains("say --dates day-first or --dates month-first"),
        "{message}"
    );
    let mut options = HeadlineOptions {
        dates: Some(DateOrder::DayFirst),
        ..HeadlineOptions::default()
    };
    let times = |options: &HeadlineOptions| {
        let file = read_with(text, options).unwrap();
        file.headlines
            .iter()
            .map(|h| h.time.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(times(&options), "2024-01-08T13:05:00Z 2024-01-23T13:05:00Z");
    options.zone = Some("America/New_York".parse().unwrap());
    assert_eq!(times(&options), "2024-01-08T18:05:00Z 2024-01-23T18:05:00Z");
}

#[test]
fn times_of_feeds_tweets_and_newspapers_are_read() {
    let text = "pubDate,title\n\
        \"Mon, 08 Jan 2024 13:05:00 GMT\",A\n\
        Tue Jan 09 13:05:00 +0000 2024,B\n\
        \" 7:51  PM ET Wed, 10 January 2024\",C\n";
    let file = read(text).unwrap();
    let times: Vec<String> = file.headlines.iter().map(|h| h.time.to_string()).collect();
    let expected = [
        "2024-01-08T13:05:00Z",
        "2024-01-09T13:05:00Z",
        "2024-01-11T00:51:00Z",
    ];
    assert_eq!(times, expected);
}

/// News of a day in New York may have come when the day in UTC was over.
#[test]
fn a_local_day_is_over_when_its_last_hour_is() {
    let text = "date,title\n2024-01-08,A\n2024-01-09,B\n";
    let known = |zone: &str| {
        let options = HeadlineOptions {
            zone: Some(zone.parse().unwrap()),
            ..HeadlineOptions::default()
        };
        let file = read_with(text, &options).unwrap();
        let first = &file.headlines[0];
        assert_eq!(first.precision, TimePrecision::Day);
        first.time.to_string()
    };
    assert_eq!(known("UTC"), "2024-01-08T00:00:00Z");
    assert_eq!(known("Europe/Berlin"), "2024-01-08T00:00:00Z");
    assert_eq!(known("America/New_York"), "2024-01-09T00:00:00Z");
    let offsets = read("date,title\n2024-01-08 00:00:00-05:00,A\n2024-01-09 00:00:00-05:00,B\n");
    let first = &offsets.unwrap().headlines[0];
    assert_eq!(
        (first.precision, first.time.to_string()),
        (TimePrecision::Day, "2024-01-09T00:00:00Z".to_owned())
    );
}

#[test]
fn rows_without_a_header_are_named_by_number() {
    let text = "AAA,2024-01-08T13:05:00Z,Chips rise\nBBB,2024-01-09T13:05:00Z,Shops warn\n";
    let message = read(text).unwrap_err().to_string();
    let typed = message.split("--map ").nth(1).unwrap();
    assert_eq!(typed, "time=#1,text=#2,symbols=#3");
    let options = HeadlineOptions {
        map: crate::source::files::parse_map("time=#2,text=#3,symbols=#1").unwrap(),
        ..HeadlineOptions::default()
    };
    let file = read_with(text, &options).unwrap();
    assert_eq!(file.headlines.len(), 2);
    assert_eq!(
        (&*file.headlines[0].text, &*file.headlines[0].symbols[0]),
        ("Chips rise", "AAA")
    );
}

/// Which symbols the headlines of a document have.
fn symbols(text: &str) -> String {
    let file = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let of = |h: &Headline| h.symbols.join("+");
    file.headlines.iter().map(of).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_headline_has_the_symbols_of_all_that_name_one() {
    let article = "\"time\":\"2024-01-08T13:05:00Z\",\"title\":\"x\"";
    for (text, expected) in [
        (
            format!("{{\"AAA\":[{{{article},\"tickers\":[\"BBB\"]}}]}}"),
            "BBB+AAA",
        ),
        (
            format!("{{\"AAA\":[{{{article},\"ticker\":\"BBB\"}}]}}"),
            "BBB+AAA",
        ),
        (
            format!("{{\"ticker\":\"AAA\",\"news\":[{{{article}}}]}}"),
            "AAA",
        ),
        (
            format!("{{\"news\":[{{{article},\"tickers\":[\"BBB\"]}}],\"symbol\":\"aaa\"}}"),
            "BBB+AAA",
        ),
        (
            format!("[{{{article},\"of\":[{{\"ticker\":\"AAA\"}},{{\"symbol\":\"BBB\"}}]}}]")
                .replace("\"of\"", "\"tickers\""),
            "AAA+BBB",
        ),
        (
            "time,title,ticker,related\n2024-01-08 13:05:00,x,AAA,BBB;AAA\n".to_owned(),
            "AAA+BBB",
        ),
    ] {
        assert_eq!(symbols(&text), expected, "{text}");
    }
}

#[test]
fn names_of_companies_are_told_and_left_out() {
    let file =
        read("time,title,stock\n2024-01-08 13:05:00,a,Alpha\n2024-01-08 13:06:00,b,alpha inc\n")
            .unwrap();
    assert!(file.headlines.iter().all(|h| h.symbols.is_empty()));
    assert_eq!(file.report.notices.count(NoticeKind::NotASymbol), 2);
    assert_eq!(file.report.notices.count(NoticeKind::NoSymbols), 1);
}

#[test]
fn a_document_may_name_the_zone_of_its_times() {
    let text = |zone: &str| {
        format!(
            "{{\"articles\":[{{\"published\":\"2024-01-08 13:05:00\",\"title\":\"x\"}}],\"timezone\":\"{zone}\"}}"
        )
    };
    let file = read(text("America/New_York")).unwrap();
    assert_eq!(file.headlines[0].time.to_string(), "2024-01-08T18:05:00Z");
    let refused = read(text("EST")).unwrap_err().to_string();
    assert!(refused.contains("calls its time zone \"EST\""), "{refused}");
    let options = HeadlineOptions {
        zone: Some("EST".parse().unwrap()),
        ..HeadlineOptions::default()
    };
    assert!(read_with(text("EST"), &options).is_ok());
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let _ = skip([b"time,text,symbols,source\n", &bytes[..]].concat());
    }

    #[test]
    fn written_headlines_read_back(
        rows in prop::collection::vec((0_i64..1_000_000, "[a-zA-Z ,\"';ü]{0,30}z", "X[A-Z]{1,4}(;X[A-Z]{1,4}){0,3}"), 1..20),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["time", "text", "symbols", "source"]).unwrap();
        for (second, text, symbols) in &rows {
            let time = (1_577_836_801 + second * 60).to_string();
            writer.write_record([&time, text.trim(), symbols, "s"]).unwrap();
        }
        let file = read(writer.into_inner().unwrap()).unwrap();
        let mut expected: Vec<Headline> = Vec::new();
        for (second, text, symbols) in &rows {
            let mut names: Vec<String> = Vec::new();
            for name in symbols.split(';') {
                if !names.iter().any(|n| n == name) {
                    names.push(name.to_owned());
                }
            }
            let headline = Headline {
                time: crate::model::Timestamp::from_millis((1_577_836_801 + second * 60) * 1_000),
                precision: TimePrecision::Second,
                text: text.trim().to_owned(),
                source: "s".to_owned(),
                symbols: names,
            };
            let content = |h: &Headline| (h.time, h.text.clone());
            match expected.iter_mut().find(|h| content(h) == content(&headline)) {
                Some(before) => {
                    let known = before.symbols.clone();
                    let new = headline.symbols.into_iter();
                    before.symbols.extend(new.filter(|s| !known.contains(s)));
                }
                None => expected.push(headline),
            }
        }
        expected.sort_by_key(|h| h.time);
        prop_assert_eq!(file.headlines, expected);
    }
}
