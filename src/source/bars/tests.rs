#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fmt::Write as _;
use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::model::{Bar, Timestamp};
use crate::source::report::DefectKind;

const HEADER: &str = "timestamp_ms_utc,open,high,low,close,volume\n";
const START: i64 = 1_577_836_800_000;
const HOUR: i64 = 3_600_000;

fn read_named(name: &str, bytes: impl AsRef<[u8]>, options: &BarOptions) -> Result<BarFile> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    read_bars(&path, options)
}

/// Reads a text as `crypto/v/X.csv`.
fn read(text: impl AsRef<[u8]>) -> Result<BarFile> {
    read_named("crypto/v/X.csv", text, &BarOptions::default())
}

fn skip(text: impl AsRef<[u8]>) -> Result<BarFile> {
    let options = BarOptions {
        on_error: OnError::Skip,
        ..BarOptions::default()
    };
    read_named("crypto/v/X.csv", text, &options)
}

/// Hourly rows in milliseconds with a header.
fn hourly(hours: impl IntoIterator<Item = i64>) -> String {
    let mut text = HEADER.to_owned();
    for hour in hours {
        writeln!(text, "{},10,12,9,11,{hour}", START + hour * HOUR).unwrap();
    }
    text
}

/// The one series of a file as `key` and its times in hours after 2020.
fn only(file: &BarFile) -> (String, Vec<i64>) {
    assert_eq!(file.series.len(), 1);
    let one = &file.series[0];
    let hours = one.bars.time.iter().map(|t| (t - START) / HOUR);
    (one.key.to_string(), hours.collect())
}

#[test]
fn the_plain_dialect() {
    let file = read(hourly(0..5)).unwrap();
    assert_eq!(
        only(&file),
        ("crypto/v/X:1h".to_owned(), vec![0, 1, 2, 3, 4])
    );
    let bar = file.series[0].bars.get(2).unwrap();
    let expected = Bar {
        time: Timestamp::from_millis(START + 2 * HOUR),
        open: 10.0,
        high: 12.0,
        low: 9.0,
        close: 11.0,
        volume: 2.0,
    };
    assert_eq!(bar, expected);
    assert_eq!(file.series[0].calendar, Calendar::Continuous);
    assert_eq!((file.report.rows, file.report.accepted), (5, 5));
    assert_eq!(
        (file.report.defects.total(), file.report.notices.total()),
        (0, 0)
    );
}

#[test]
fn dialects_of_many_sources_say_the_same() {
    let texts = [
        // Binance without a header, in milliseconds and, from 2025 on, microseconds.
        "1577836800000,10,12,9,11,5,1577840399999,50,7,2,20,0\n1577840400000,11,13,10,12,6,1577843999999,50,7,2,20,0\n1577844000000,12,14,11,13,7,1577847599999,50,7,2,20,0\n",
        "1577836800000000,10,12,9,11,5,1577840399999999,50,7,2,20,0\n1577840400000000,11,13,10,12,6,1577843999999999,50,7,2,20,0\n1577844000000000,12,14,11,13,7,1577847599999999,50,7,2,20,0\n",
        // Binance futures with a header.
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n1577836800000,10,12,9,11,5,1577840399999,50,7,2,20,0\n1577840400000,11,13,10,12,6,1577843999999,50,7,2,20,0\n1577844000000,12,14,11,13,7,1577847599999,50,7,2,20,0\n",
        // Bybit, newest first.
        "startTime,openPrice,highPrice,lowPrice,closePrice,volume,turnover\n1577844000000,12,14,11,13,7,1\n1577840400000,11,13,10,12,6,1\n1577836800000,10,12,9,11,5,1\n",
        "1577844000000,12,14,11,13,7,1\n1577840400000,11,13,10,12,6,1\n1577836800000,10,12,9,11,5,1\n",
        // yfinance: both closes, and the one that fits the other prices.
        "Datetime,Open,High,Low,Close,Adj Close,Volume\n2020-01-01 00:00:00+00:00,10,12,9,11,3,5\n2020-01-01 01:00:00+00:00,11,13,10,12,3,6\n2020-01-01 02:00:00+00:00,12,14,11,13,3,7\n",
        "Price,Close,High,Low,Open,Volume\nTicker,X,X,X,X,X\nDatetime,,,,,\n2020-01-01 00:00:00,11,12,9,10,5\n2020-01-01 01:00:00,12,13,10,11,6\n2020-01-01 02:00:00,13,14,11,12,7\n",
        // Others.
        "Unix;Date;Symbol;Open;High;Low;Close;Volume BTC\r\n1577836800;x;X;10;12;9;11;5\r\n1577840400;x;X;11;13;10;12;6\r\n1577844000;x;X;12;14;11;13;7\r\n",
        "\u{feff}\"ts\",\"o\",\"h\",\"l\",\"c\",\"v\"\n\"1577836800000.0\",\"10.0\",\"12\",\"9\",\"11\",\"5\"\n1577840400000.0,11,13,10,12,6\n1577844000000.0,12,14,11,13,7\n",
        "time\topen\thigh\tlow\tclose\tvol\n2020/01/01 00:00\t10\t12\t9\t11\t5\n2020/01/01 01:00\t11\t13\t10\t12\t6\n2020/01/01 02:00\t12\t14\t11\t13\t7\n",
        "time,open,high,low,close,volume\n2020-01-01T02:00+02:00,10,12,9,11,5\n2020-01-01T03:00+02:00,11,13,10,12,6\n2020-01-01T04:00+02:00,12,14,11,13,7\n",
        "{\"t\":1577836800,\"o\":10,\"h\":12,\"l\":9,\"c\":11,\"v\":5}\n{\"t\":1577840400,\"o\":11,\"h\":13,\"l\":10,\"c\":12,\"v\":6}\n{\"t\":1577844000,\"o\":12,\"h\":14,\"l\":11,\"c\":13,\"v\":7}\n",
        "[[1577836800000,\"10\",\"12\",\"9\",\"11\",\"5\"],[1577840400000,\"11\",\"13\",\"10\",\"12\",\"6\"],[1577844000000,\"12\",\"14\",\"11\",\"13\",\"7\"]]",
    ];
    let mut expected = Bars::default();
    for i in 0..3 {
        let x = i as f64;
        expected.push(Bar {
            time: Timestamp::from_millis(START + i * HOUR),
            open: 10.0 + x,
            high: 12.0 + x,
            low: 9.0 + x,
            close: 11.0 + x,
            volume: 5.0 + x,
        });
    }
    for text in texts {
        let file = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(only(&file).0, "crypto/v/X:1h", "{text}");
        assert_eq!(file.series[0].bars, expected, "{text}");
        assert_eq!(file.report.notices.total(), 0, "{text}: {}", file.report);
    }
}

#[test]
fn an_answer_of_bybit_names_its_series() {
    let text = r#"{"retCode":0,"result":{"category":"spot","symbol":"abcusdt","list":[
        ["1577844000000","12","14","11","13","7","9"],["1577840400000","11","13","10","12","6","9"],
        ["1577836800000","10","12","9","11","5","9"]]}}"#;
    let file = read_named("answer.json", text, &BarOptions::default()).unwrap();
    assert_eq!(
        only(&file),
        ("crypto/bybit_spot/ABCUSDT:1h".to_owned(), vec![0, 1, 2])
    );
    let options = BarOptions {
        venue: Some("mine".to_owned()),
        symbol: Some("Own".to_owned()),
        ..BarOptions::default()
    };
    let file = read_named("answer.json", text, &options).unwrap();
    assert_eq!(only(&file).0, "crypto/mine/Own:1h");
}

#[test]
fn trading_dates_of_a_local_midnight_stay_dates() {
    let text = "Date,Open,High,Low,Close,Volume\n2024-03-07 00:00:00-05:00,10,12,9,11,5\n2024-03-08 00:00:00-05:00,10,12,9,11,5\n2024-03-11 00:00:00-04:00,10,12,9,11,5\n2024-03-12 00:00:00-04:00,10,12,9,11,5\n";
    let file = read_named("nyse/IBM_1d.csv", text, &BarOptions::default()).unwrap();
    assert_eq!(only(&file).0, "equity/nyse/IBM:1d");
    assert_eq!(file.series[0].calendar, Calendar::Session);
    let dates: Vec<String> = file.series[0]
        .bars
        .iter()
        .map(|b| b.time.to_string())
        .collect();
    assert_eq!(dates[2], "2024-03-11T00:00:00Z");
    assert_eq!(file.report.notices.count(NoticeKind::TradingDates), 1);
    assert_eq!((file.report.gaps, file.report.missing_bars), (0, 0));
    // A market that never closes has no trading dates: these are 05:00 UTC, off the grid.
    assert!(read_named("crypto/v/IBM_1d.csv", text, &BarOptions::default()).is_err());
}

#[test]
fn a_column_of_symbols_makes_several_series() {
    let mut text = "time,ticker,open,high,low,close,volume\n".to_owned();
    for hour in 0..4 {
        for symbol in ["bbb", "AAA"] {
            writeln!(text, "{},{symbol},10,12,9,11,5", START + hour * HOUR).unwrap();
        }
    }
    let file = read(&text).unwrap();
    let keys: Vec<String> = file.series.iter().map(|s| s.key.to_string()).collect();
    assert_eq!(keys, ["crypto/v/AAA:1h", "crypto/v/BBB:1h"]);
    assert!(file.series.iter().all(|s| s.bars.len() == 4));
    assert_eq!(file.report.notices.total(), 0);
    let options = BarOptions {
        symbol: Some("X".to_owned()),
        ..BarOptions::default()
    };
    let refused = read_named("crypto/v/X.csv", &text, &options).unwrap_err();
    assert!(refused.to_string().contains("the file has 2"), "{refused}");
}

#[test]
fn maps_say_which_column_is_which() {
    let text = "when,price,amount\n1577836800000,10,1\n1577840400000,11,1\n1577844000000,12,1\n";
    let refused = read(text).unwrap_err().to_string();
    assert!(
        refused.contains("among: when, price, amount") && refused.contains("--map time=when"),
        "{refused}"
    );
    let map = crate::parse_map("ts=when,o=price,h=price,l=price,c=price,v=amount").unwrap();
    let options = BarOptions {
        map,
        ..BarOptions::default()
    };
    let file = read_named("crypto/v/X.csv", text, &options).unwrap();
    assert_eq!(file.series[0].bars.close, [10.0, 11.0, 12.0]);
    assert!(read_named("crypto/v/X.csv", "1577836800000,1,1,1,1,1\n", &options).is_err());
}

#[test]
fn every_defect_is_told_with_its_line() {
    for (row, kind, text) in [
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
            "order of day and month",
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
            "1577840400,10,12,9,11,5",
            DefectKind::WrongUnit,
            "in milliseconds like most rows, found seconds",
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
    ] {
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
fn a_header_without_rows_is_noticed_and_an_empty_file_refused() {
    let file = read(HEADER).unwrap();
    assert!(file.series.is_empty());
    assert_eq!(file.report.notices.count(NoticeKind::NoRows), 1);
    assert!(read("").is_err());
}

fn zip_of(members: &[(&str, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn members_of_a_zip_are_files_of_their_own() {
    let bytes = zip_of(&[
        ("X-1h-2020-02.csv", hourly(10..14)),
        ("X-1h-2020-01.csv", hourly(0..8)),
        ("../../Y_1h.csv", hourly([0, 1, 2, 2])),
    ]);
    let file = read_named("binance/dump.zip", &bytes, &BarOptions::default()).unwrap();
    let keys: Vec<String> = file.series.iter().map(|s| s.key.to_string()).collect();
    assert_eq!(keys, ["crypto/binance/X:1h", "crypto/binance/Y:1h"]);
    let hours: Vec<i64> = file.series[0]
        .bars
        .time
        .iter()
        .map(|t| (t - START) / HOUR)
        .collect();
    assert_eq!(hours, (0..8).chain(10..14).collect::<Vec<i64>>());
    assert_eq!((file.report.gaps, file.report.missing_bars), (1, 2));
    let notice = &file.report.notices.first.last().unwrap();
    assert_eq!(notice.member.as_deref(), Some("../../Y_1h.csv"));
    let overlap = zip_of(&[("a/X_1h.csv", hourly(0..5)), ("b/X_1h.csv", hourly(4..9))]);
    let options = BarOptions {
        venue: Some("v".to_owned()),
        ..BarOptions::default()
    };
    let refused = read_named("crypto/dump.zip", &overlap, &options)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("several members hold crypto/v/X:1h"),
        "{refused}"
    );
}

fn any_bars() -> impl Strategy<Value = Bars> {
    let row = (
        1e-6..1e6_f64,
        0.0..1.0_f64,
        0.0..1.0_f64,
        0.0..1.0_f64,
        0.0..1e9_f64,
    );
    prop::collection::vec((row, 1_i64..4), 4..60).prop_map(|rows| {
        let mut time = START;
        let mut bars = Bars::default();
        // Two neighbours at least, so that most are an hour apart in any case.
        for (i, ((low, up, open, close, volume), step)) in rows.into_iter().enumerate() {
            time += if i % 4 == 3 { step * HOUR } else { HOUR };
            let high = low * (1.0 + up);
            bars.push(Bar {
                time: Timestamp::from_millis(time),
                open: low + (high - low) * open * 0.999,
                high,
                low,
                close: low + (high - low) * close * 0.999,
                volume,
            });
        }
        bars
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_written_table_reads_back_exactly(
        bars in any_bars(),
        delimiter in prop::sample::select(vec![',', ';', '\t']),
        newest_first in any::<bool>(),
        unit in prop::sample::select(vec![1_i64, 1_000, 1_000_000]),
    ) {
        let mut lines: Vec<String> = bars.iter().map(|b| {
            let cells = [b.open, b.high, b.low, b.close, b.volume].map(|v| v.to_string());
            format!("{}{delimiter}{}", b.time.millis() * unit, cells.join(&delimiter.to_string()))
        }).collect();
        if newest_first {
            lines.reverse();
        }
        let header = ["Time", "Open", "High", "Low", "Close", "Volume"].join(&delimiter.to_string());
        let file = read(format!("{header}\n{}\n", lines.join("\n"))).unwrap();
        prop_assert_eq!(&file.series[0].bars, &bars);
        let gaps = bars.time.windows(2).filter(|w| w[1] - w[0] > HOUR).count() as u64;
        prop_assert_eq!(file.report.gaps, gaps);
    }

    #[test]
    fn shuffled_rows_read_back_sorted(order in Just((0..40_i64).collect::<Vec<_>>()).prop_shuffle()) {
        let file = read(hourly(order)).unwrap();
        prop_assert_eq!(only(&file).1, (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_rows_do_not_panic_and_every_row_is_accounted_for(
        body in "([0-9]{1,19}|[a-z\"]{0,3}),[0-9.,\"e-]{0,30}\n?([ -~]{0,40}\n){0,6}",
    ) {
        let options = BarOptions {
            on_error: OnError::Skip,
            interval: Some(Interval::hours(1)),
            ..BarOptions::default()
        };
        let text = hourly([0, 2]) + &body;
        if let Ok(file) = read_named("crypto/v/X.csv", text, &options) {
            let report = &file.report;
            let repeats = report.notices.count(NoticeKind::Duplicate);
            prop_assert_eq!(report.rows, report.accepted + report.defects.total() + repeats);
            let bars: usize = file.series.iter().map(|s| s.bars.len()).sum();
            prop_assert_eq!(report.accepted, bars as u64);
            for one in &file.series {
                prop_assert!(one.bars.time.is_sorted_by(|a, b| a < b));
                prop_assert!(one.bars.iter().all(|bar| bar.check().is_ok()));
            }
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = read([HEADER.as_bytes(), &bytes].concat());
    }
}
