//! One part of a file that cannot be stored, and the others that can.

use super::dialects::zip_of;
use super::*;
use crate::source::files::file_parts::FilePart;

const DAY: i64 = 24 * HOUR;

/// Rows of symbols, each at these times: `time,symbol,open,high,low,close,volume`.
fn of_symbols(symbols: &[(&str, &[i64])], step: i64) -> String {
    let mut text = "time,symbol,open,high,low,close,volume\n".to_owned();
    for (symbol, times) in symbols {
        for time in *times {
            writeln!(text, "{},{symbol},10,12,9,11,5", START + time * step).unwrap();
        }
    }
    text
}

fn keys(file: &BarFile) -> Vec<String> {
    let all = file.series.iter();
    all.map(|one| format!("{} {}", one.key, one.bars.len()))
        .collect()
}

fn refused(file: &BarFile) -> &[FilePart] {
    &file.report.refused.first
}

#[test]
fn thin_and_new_symbols_have_the_interval_of_the_file() {
    let text = of_symbols(
        &[
            ("AAA", &[0, 1, 2, 3, 4, 7, 8, 9]),
            ("NEW", &[8, 9]),
            ("ONE", &[9]),
            ("THIN", &[0, 7, 14, 21]),
        ],
        DAY,
    );
    let file = read_named("stocks/v/all.csv", &text, &BarOptions::default()).unwrap();
    let expected = ["AAA:1d 8", "NEW:1d 2", "ONE:1d 1", "THIN:1d 4"];
    assert_eq!(keys(&file), expected.map(|one| format!("equity/v/{one}")));
    // One whose bars are closer together is refused alone, and told by name.
    let text = text + &of_symbols(&[("FAST", &[0, 1, 2, 3])], HOUR).split_off(39);
    let file = read_named("stocks/v/all.csv", &text, &BarOptions::default()).unwrap();
    assert_eq!(file.series.len(), 4);
    let [part] = refused(&file) else {
        panic!("{}", file.report)
    };
    assert_eq!(part.symbol.as_deref(), Some("FAST"));
    assert!(part.message.contains("--interval 1h"), "{}", part.message);
}

#[test]
fn a_bad_row_refuses_its_own_symbol() {
    let text = of_symbols(&[("AAA", &[0, 1, 2, 3]), ("BBB", &[0, 1, 2])], HOUR);
    let text = format!("{text}{},BBB,10,12,9,-11,5\n", START + 3 * HOUR);
    let file = read(&text).unwrap();
    assert_eq!(keys(&file), ["crypto/v/AAA:1h 4"]);
    let [part] = refused(&file) else {
        panic!("{}", file.report)
    };
    assert_eq!((part.symbol.as_deref(), part.line), (Some("BBB"), Some(9)));
    assert!(
        part.message.contains("1 of 4 rows cannot be stored") && part.message.contains("skip"),
        "{}",
        part.message
    );
    assert_eq!((file.report.rows, file.report.refused.rows), (8, 4));
    assert!(
        file.report
            .to_string()
            .contains("refused: 1\n    line 9: BBB: ")
    );
    let file = skip(&text).unwrap();
    assert_eq!(keys(&file), ["crypto/v/AAA:1h 4", "crypto/v/BBB:1h 3"]);
    assert_eq!(file.report.refused.count, 0);
    // A row of which nobody knows the symbol refuses all of them.
    let cut = text.replace(",BBB,10,12,9,-11,5", ",BBB,10,12,9,11,5,6,7");
    assert!(
        read(cut)
            .unwrap_err()
            .to_string()
            .contains("expected 7 fields")
    );
}

#[test]
fn a_member_of_a_zip_does_not_take_the_others_with_it() {
    let zip = zip_of(&[
        ("AAA_1h.csv", hourly(0..5)),
        ("BAD_1h.csv", hourly(0..5).replace(",10,12,", ",10,8,")),
        ("EMPTY_1h.csv", String::new()),
        (
            "report.txt",
            "Report of the provider\nNo gaps.\n".to_owned(),
        ),
    ]);
    let file = read_named("crypto/v/all.zip", &zip, &BarOptions::default()).unwrap();
    assert_eq!(keys(&file), ["crypto/v/AAA:1h 5"]);
    let members = refused(&file).iter().map(|part| part.member.as_deref());
    let members: Vec<&str> = members.map(Option::unwrap).collect();
    assert_eq!(members, ["BAD_1h.csv", "EMPTY_1h.csv"]);
    let over = &file.report.passed_over;
    assert_eq!(
        (over.count, over.first[0].member.as_deref()),
        (1, Some("report.txt"))
    );
    // Nothing of it at all is an error that names the first.
    let zip = zip_of(&[("EMPTY_1h.csv", String::new()), ("NONE.csv", String::new())]);
    let error = read_named("crypto/v/all.zip", &zip, &BarOptions::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("in EMPTY_1h.csv: the file is empty, and 1 other parts"),
        "{error}"
    );
}

#[test]
fn members_that_overlap_agree_or_are_refused() {
    let options = |on_conflict| BarOptions {
        venue: Some("v".to_owned()),
        on_conflict,
        ..BarOptions::default()
    };
    let read = |first: String, second: String, on_conflict| {
        let other = ("Y_1h.csv", hourly(0..3));
        let zip = zip_of(&[("a/X_1h.csv", first), ("b/X_1h.csv", second), other]);
        read_named("crypto/dump.zip", &zip, &options(on_conflict)).unwrap()
    };
    let file = read(hourly(0..5), hourly(3..9), OnConflict::Refuse);
    assert_eq!(keys(&file), ["crypto/v/X:1h 9", "crypto/v/Y:1h 3"]);
    assert_eq!(file.report.notices.count(NoticeKind::Duplicate), 2);
    // The last bar of the first was open when it was saved.
    let open = hourly(0..5).replace(",11,4\n", ",10,3\n");
    let file = read(open, hourly(3..9), OnConflict::Refuse);
    assert_eq!(file.report.notices.count(NoticeKind::OpenBar), 1);
    assert_eq!(file.series[0].bars.close[4], 11.0);
    let other = hourly(3..9).replace(",11,", ",10.5,");
    let file = read(hourly(0..6), other.clone(), OnConflict::Refuse);
    assert_eq!(keys(&file), ["crypto/v/Y:1h 3"]);
    let message = &refused(&file)[0].message;
    assert!(
        message.contains("a/X_1h.csv and b/X_1h.csv both hold crypto/v/X:1h")
            && message.contains("2020-01-01T03:00:00Z, close 11 and 10.5")
            && message.contains("--on-conflict first or last"),
        "{message}"
    );
    let file = read(hourly(0..6), other.clone(), OnConflict::First);
    assert_eq!(file.series[0].bars.close[3..7], [11.0, 11.0, 10.5, 10.5]);
    let file = read(hourly(0..6), other, OnConflict::Last);
    assert_eq!(file.series[0].bars.close[2..5], [11.0, 10.5, 10.5]);
}

#[test]
fn a_member_without_a_name_of_its_own_is_called_like_the_zip() {
    let zip = zip_of(&[("data.csv", hourly(0..4))]);
    let file = read_named("crypto/v/SOLUSDT-1h.zip", zip, &BarOptions::default()).unwrap();
    assert_eq!(keys(&file), ["crypto/v/SOLUSDT:1h 4"]);
    let text = hourly(0..4);
    let error = read_named("crypto/v/data.csv", text, &BarOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("say it with --symbol"),
        "{error}"
    );
}

#[test]
fn rounding_is_no_defect() {
    let close = 12.0 * (1.0 + 1e-12);
    let text = hourly(0..4).replace(",11,2\n", &format!(",{close:?},2\n"));
    let file = read(&text).unwrap();
    assert_eq!(file.report.notices.count(NoticeKind::Rounded), 1);
    assert_eq!(file.series[0].bars.high[2], close);
    let more = text.replace(&format!("{close:?}"), "12.0000001");
    assert!(read(more).is_err());
}

#[test]
fn scaled_prices_are_divided_and_noticed() {
    let mut text = String::new();
    for day in 0..5 {
        let date = Timestamp::from_millis(START + day * DAY).to_string();
        let date = date.replace('-', "");
        writeln!(
            text,
            "{} 00:00,1000000,1020306,999668,1012965,7",
            &date[..8]
        )
        .unwrap();
    }
    let read = |scale| {
        let options = BarOptions {
            scale,
            ..BarOptions::default()
        };
        read_named("equity/usa/daily/abc.csv", &text, &options)
    };
    let file = read(None).unwrap();
    assert_eq!(keys(&file), ["equity/usa/ABC:1d 5"]);
    let notice = &file.report.notices.first[0];
    assert_eq!(notice.kind, NoticeKind::Scaled);
    assert!(notice.message.contains("--scale 0.0001 (Lean)"));
    let file = read(Some(0.0001)).unwrap();
    assert_eq!(file.series[0].bars.close[0], 101.2965);
    assert_eq!(file.report.notices.count(NoticeKind::Scaled), 0);
    assert!(read(Some(-1.0)).is_err());
}

#[test]
fn columns_name_symbols_as_sources_spell_them() {
    // A perpetual and its coin, in one file.
    let text = of_symbols(
        &[("btc/usdt", &[0, 1, 2]), ("BTC/USDT:USDT", &[0, 1, 2])],
        HOUR,
    );
    let file = read(&text).unwrap();
    assert_eq!(
        keys(&file),
        ["crypto/v/BTCUSDT.P:1h 3", "crypto/v/BTCUSDT:1h 3"]
    );
    assert_eq!(file.report.notices.count(NoticeKind::Renamed), 2);
    // The symbol that the caller says wins over any in the file, if it is one.
    let text = of_symbols(&[("a very bad @ name", &[0, 1, 2])], HOUR);
    let options = BarOptions {
        symbol: Some("ABC".to_owned()),
        ..BarOptions::default()
    };
    let file = read_named("crypto/v/x.csv", &text, &options).unwrap();
    assert_eq!(keys(&file), ["crypto/v/ABC:1h 3"]);
    // `Name` is the symbol where it keeps rows apart, and no name of a company over that of the file.
    let text = of_symbols(&[("AAL", &[0, 1, 2]), ("AAPL", &[0, 1, 2])], HOUR);
    let named = text.replace("time,symbol", "time,Name");
    assert_eq!(
        keys(&read(named).unwrap()),
        ["crypto/v/AAL:1h 3", "crypto/v/AAPL:1h 3"]
    );
    let company = of_symbols(&[("Apple Inc.", &[0, 1, 2])], HOUR);
    let company = company.replace("time,symbol", "time,Name");
    assert_eq!(keys(&read(company).unwrap()), ["crypto/v/X:1h 3"]);
    // Any other column is told.
    let other = text.replace("time,symbol", "time,Which");
    let error = read(other.replace(",AAPL,10", ",AAPL,10.5")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("perhaps the column Which is the symbol: --map symbol=Which"),
        "{error}"
    );
}

#[test]
fn a_volume_is_in_the_coin() {
    let text = |columns: &str, symbol: &str| {
        let mut text = format!("unix,symbol,open,high,low,close,{columns}\n");
        for hour in 0..3 {
            let time = START + hour * HOUR;
            writeln!(text, "{time},{symbol},10,12,9,11,5,55").unwrap();
        }
        text
    };
    for (columns, symbol, expected) in [
        ("Volume BTC,Volume USDT", "BTC/USDT", 5.0),
        ("Volume USDT,Volume BTC", "BTCUSDT", 55.0),
        ("Volume BTC,Volume ETH", "ETHBTC", 55.0),
        ("Volume_(BTC),Volume_(Currency)", "BITSTAMPUSD", 5.0),
        ("volumefrom,volumeto", "XYZ", 5.0),
    ] {
        let file = read(text(columns, symbol)).unwrap();
        assert_eq!(file.series[0].bars.volume[0], expected, "{columns}");
    }
    let error = read(text("Volume A,Volume B", "XYZ")).unwrap_err();
    assert!(
        error.to_string().contains("--map 'volume=Volume A'"),
        "{error}"
    );
}

#[test]
fn commas_of_thousands_are_told_by_the_row() {
    let row = |prices: &str, volume: &str| {
        let mut text = "date;open;high;low;close;volume\n".to_owned();
        for hour in 0..3 {
            let time = Timestamp::from_millis(START + hour * HOUR);
            writeln!(text, "{time};{prices};{volume}").unwrap();
        }
        read(text)
    };
    let file = row("2,836;2,854.33;2,816.5;2,836.25", "3,41,99,000").unwrap();
    let bars = &file.series[0].bars;
    assert_eq!((bars.open[0], bars.volume[0]), (2836.0, 34_199_000.0));
    let file = row("99.5;99.5;99.5;99.5", "34,199").unwrap();
    assert_eq!(file.series[0].bars.volume[0], 34_199.0);
    let error = row("99;99;99;99", "34,199").unwrap_err();
    assert!(
        error.to_string().contains("comma may be decimal"),
        "{error}"
    );
}

#[test]
fn rows_may_begin_with_a_symbol_and_no_header() {
    let mut text = String::new();
    for symbol in ["ACC-I", "TCS-I"] {
        for day in 2..6 {
            writeln!(text, "{symbol},2024010{day},10,12,9,11,500,1200").unwrap();
        }
    }
    let file = read_named("equity/nse/2024.txt", &text, &BarOptions::default()).unwrap();
    assert_eq!(
        keys(&file),
        ["equity/nse/ACC-I:1d 4", "equity/nse/TCS-I:1d 4"]
    );
    assert_eq!(file.series[0].bars.volume[0], 500.0);
}

#[test]
fn bars_tell_the_market_and_numbers_in_names_the_interval() {
    let file = read_named("mine/THING.csv", hourly(0..24 * 14), &BarOptions::default()).unwrap();
    assert_eq!(keys(&file), ["crypto/mine/THING:1h 336"]);
    let notice = &file.report.notices.first[0];
    assert_eq!(notice.kind, NoticeKind::MarketTold);
    let read = |name: &str| {
        let file = read_named(name, hourly(0..5), &BarOptions::default()).unwrap();
        keys(&file).remove(0)
    };
    assert_eq!(read("crypto/v/XBTUSD_60.csv"), "crypto/v/XBTUSD:1h 5");
    assert_eq!(read("crypto/v/ES_H4.csv"), "crypto/v/ES_H4:1h 5");
    assert_eq!(read("crypto/v/AAPL_1.csv"), "crypto/v/AAPL_1:1h 5");
    // A folder called `daily` may be updated daily.
    assert_eq!(read("crypto/v/daily/ABC.csv"), "crypto/v/ABC:1h 5");
}

/// What repeats is not counted twice when the series is refused after all.
#[test]
fn members_that_repeat_and_do_not_fit_are_refused_whole() {
    let half = hourly(0..4).replace("00000,", "00001,");
    let half: String = half.lines().map(|line| format!("{line}\n")).collect();
    let zip = zip_of(&[
        ("a/X_1h.csv", hourly(0..4)),
        ("b/X_1h.csv", hourly(0..4)),
        ("c/X_1h.csv", half),
        ("Y_1h.csv", hourly(0..3)),
    ]);
    let options = BarOptions {
        calendar: Some(Calendar::Session),
        venue: Some("v".to_owned()),
        ..BarOptions::default()
    };
    let file = read_named("crypto/dump.zip", &zip, &options).unwrap();
    assert_eq!(keys(&file), ["crypto/v/Y:1h 3"]);
    assert_eq!((file.report.accepted, file.report.refused.count), (3, 1));
    assert_eq!(file.report.notices.count(NoticeKind::Duplicate), 0);
}
