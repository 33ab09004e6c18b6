//! What files look like.

use std::io::Write as _;

use super::*;

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
        "Datetime,Open,High,Low,Close,Adj Close,Volume\n2020-01-01 00:00:00+00:00,10,12,9,11,11,5\n2020-01-01 01:00:00+00:00,11,13,10,12,12,6\n2020-01-01 02:00:00+00:00,12,14,11,13,13,7\n",
        "Price,Close,High,Low,Open,Volume\nTicker,X,X,X,X,X\nDatetime,,,,,\n2020-01-01 00:00:00,11,12,9,10,5\n2020-01-01 01:00:00,12,13,10,11,6\n2020-01-01 02:00:00,13,14,11,12,7\n",
        // Others.
        "Unix;Date;Symbol;Open;High;Low;Close;Volume BTC\r\n1577836800;x;X;10;12;9;11;5\r\n1577840400;x;X;11;13;10;12;6\r\n1577844000;x;X;12;14;11;13;7\r\n",
        "\u{feff}\"ts\",\"o\",\"h\",\"l\",\"c\",\"v\"\n\"1577836800000.0\",\"10.0\",\"12\",\"9\",\"11\",\"5\"\n1577840400000.0,11,13,10,12,6\n1577844000000.0,12,14,11,13,7\n",
        "time\topen\thigh\tlow\tclose\tvol\n2020/01/01 00:00\t10\t12\t9\t11\t5\n2020/01/01 01:00\t11\t13\t10\t12\t6\n2020/01/01 02:00\t12\t14\t11\t13\t7\n",
        "time,open,high,low,close,volume\n2020-01-01T02:00+02:00,10,12,9,11,5\n2020-01-01T03:00+02:00,11,13,10,12,6\n2020-01-01T04:00+02:00,12,14,11,13,7\n",
        "{\"t\":1577836800,\"o\":10,\"h\":12,\"l\":9,\"c\":11,\"v\":5}\n{\"t\":1577840400,\"o\":11,\"h\":13,\"l\":10,\"c\":12,\"v\":6}\n{\"t\":1577844000,\"o\":12,\"h\":14,\"l\":11,\"c\":13,\"v\":7}\n",
        // MetaTrader 5 and 4, stooq, and the API of Interactive Brokers.
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n2020.01.01\t00:00:00\t10\t12\t9\t11\t7\t5\t2\n2020.01.01\t01:00:00\t11\t13\t10\t12\t7\t6\t2\n2020.01.01\t02:00:00\t12\t14\t11\t13\t7\t7\t2\n",
        "2020.01.01,00:00,10,12,9,11,5\n2020.01.01,01:00,11,13,10,12,6\n2020.01.01,02:00,12,14,11,13,7\n",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nX,60,20200101,000000,10,12,9,11,5,0\nX,60,20200101,010000,11,13,10,12,6,0\nX,60,20200101,020000,12,14,11,13,7,0\n",
        "date,open,high,low,close,volume,average,barCount\n20200101  00:00:00,10,12,9,11,5,10,9\n20200101  01:00:00,11,13,10,12,6,10,9\n20200101  02:00:00,12,14,11,13,7,10,9\n",
        "date,open,high,low,close,volume,wap,count\n20191231 19:00:00 US/Eastern,10,12,9,11,5,10,9\n20191231 20:00:00 US/Eastern,11,13,10,12,6,10,9\n20191231 21:00:00 US/Eastern,12,14,11,13,7,10,9\n",
        // Nasdaq and Barchart, as they would write hours.
        "Date,Close/Last,Volume,Open,High,Low\nJan 1 2020 2:00 AM,$13.00,7,$12.00,$14.00,$11.00\nJan 1 2020 1:00 AM,$12.00,6,$11.00,$13.00,$10.00\nJan 1 2020 12:00 AM,$11.00,5,$10.00,$12.00,$9.00\n",
        "Time,Open,High,Low,Latest,Change,%Change,Volume\n2020-01-01 00:00,10,12,9,11,0,0%,5\n2020-01-01 01:00,11,13,10,12,0,0%,6\n2020-01-01 02:00,12,14,11,13,0,0%,7\n",
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
        let file = read(text).unwrap();
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
    let map = crate::source::files::parse_map("ts=when,o=price,h=price,l=price,c=price,v=amount")
        .unwrap();
    let options = BarOptions {
        map,
        ..BarOptions::default()
    };
    let file = read_named("crypto/v/X.csv", text, &options).unwrap();
    assert_eq!(file.series[0].bars.close, [10.0, 11.0, 12.0]);
    assert!(read_named("crypto/v/X.csv", "1577836800000,1,1,1,1,1\n", &options).is_err());
}

#[test]
fn the_caller_says_how_dates_and_numbers_are_written() {
    let text = "Date;Open;High;Low;Close;Volume\n07.03.2024;10,5;12;9,25;11;5\n08.03.2024;10;12;9;11,75;5\n11.03.2024 00:00;10;12;9;11;1,5\n";
    let options = |dates, decimal_comma| BarOptions {
        dates,
        decimal_comma,
        ..BarOptions::default()
    };
    let read = |options| read_named("nyse/IBM_1d.csv", text, &options);
    let file = read(options(Some(DateOrder::DayFirst), true)).unwrap();
    let bars = &file.series[0].bars;
    assert_eq!(
        bars.iter().next().unwrap().time.to_string(),
        "2024-03-07T00:00:00Z"
    );
    assert_eq!(
        (bars.open[0], bars.low[0], bars.close[1]),
        (10.5, 9.25, 11.75)
    );
    assert_eq!(bars.volume[2], 1.5);
    let refused =
        |dates, decimal_comma| read(options(dates, decimal_comma)).unwrap_err().to_string();
    let without = refused(None, true);
    assert!(
        without.contains("or say --dates day-first or --dates month-first"),
        "{without}"
    );
    let without = refused(Some(DateOrder::DayFirst), false);
    assert!(
        without.contains("with a decimal comma say --decimal-comma"),
        "{without}"
    );
    let text = "Date,Open,High,Low,Close\n1/31/2024,1,1,1,1\n2/1/2024,1,1,1,1\n2/2/2024,1,1,1,1\n";
    let file = read_named(
        "nyse/IBM_1d.csv",
        text,
        &options(Some(DateOrder::MonthFirst), false),
    );
    let first = file.unwrap().series[0].bars.iter().next().unwrap().time;
    assert_eq!(first.to_string(), "2024-01-31T00:00:00Z");
    // A day that is no month, and both kinds of separators, are refused as ever.
    let wrong = read_named(
        "nyse/IBM_1d.csv",
        text,
        &options(Some(DateOrder::DayFirst), false),
    );
    assert!(wrong.is_err());
    let both = "Date,Open,High,Low,Close\n2024-01-31,1.234,1,1,1\n";
    let both = read_named("nyse/IBM_1d.csv", both, &options(None, true)).unwrap_err();
    assert!(
        both.to_string().contains("expected a number for the open"),
        "{both}"
    );
}

#[test]
fn exports_of_investing_com() {
    let text = "\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n\"Feb 09, 2022\",\"44,397.8\",\"44,042.8\",\"44,806.6\",\"43,149.6\",\"9.20M\",\"0.80%\"\n\"Feb 08, 2022\",\"44,045.5\",\"43,854.2\",\"45,492.1\",\"42,696.3\",\"158.09K\",\"0.42%\"\n\"Feb 07, 2022\",\"43,859.3\",\"42,380.0\",\"44,484.8\",\"41,672.9\",\"-\",\"3.49%\"\n";
    let file = read_named(
        "crypto/inv/BTC_USD Historical Data.csv",
        text,
        &BarOptions::default(),
    );
    let file = file.unwrap();
    assert_eq!(file.series[0].key.to_string(), "crypto/inv/BTC_USD:1d");
    let bars = &file.series[0].bars;
    assert_eq!(bars.close, [43_859.3, 44_045.5, 44_397.8]);
    assert_eq!(bars.high, [44_484.8, 45_492.1, 44_806.6]);
    assert_eq!(bars.volume, [0.0, 158_090.0, 9_200_000.0]);
    let notice = &file.report.notices.first[0];
    assert_eq!(
        (notice.line, &*notice.message),
        (Some(4), "1 of 3 bars have no volume; it is 0 in them")
    );
    // Of currencies they have no volume, and numbers of thousands alone may mean two things.
    let text = "\"Date\",\"Price\",\"Open\",\"High\",\"Low\",\"Vol.\",\"Change %\"\n\"01/03/2024\",\"1.0920\",\"1.0942\",\"1.0966\",\"1.0892\",\"\",\"-0.20%\"\n\"01/02/2024\",\"1.0941\",\"1.1038\",\"1.1046\",\"1.0938\",\"\",\"-0.87%\"\n\"01/04/2024\",\"1,094\",\"1.1038\",\"1.1046\",\"1.0938\",\"\",\"-0.87%\"\n";
    let options = BarOptions {
        dates: Some(DateOrder::MonthFirst),
        interval: Some("1d".parse().unwrap()),
        on_error: OnError::Skip,
        ..BarOptions::default()
    };
    let file = read_named("fx/inv/EUR_USD.csv", text, &options).unwrap();
    assert_eq!(file.series[0].bars.close, [1.0941, 1.0920]);
    assert_eq!(file.report.notices.count(NoticeKind::NoVolume), 1);
    let defect = &file.report.defects.first[0];
    assert_eq!(defect.line, Some(4));
    assert!(
        defect
            .message
            .contains("may be decimal or set thousands apart"),
        "{}",
        defect.message
    );
}

#[test]
fn some_bars_without_a_volume_are_noticed() {
    let text = "time,open,high,low,close,volume\n1577836800000,10,12,9,11,5\n1577840400000,11,13,10,12,\n1577844000000,12,14,11,13,7\n";
    let file = read(text).unwrap();
    assert_eq!(file.series[0].bars.volume, [5.0, 0.0, 7.0]);
    let notice = &file.report.notices.first[0];
    assert_eq!(
        (notice.line, &*notice.message),
        (Some(3), "1 of 3 bars have no volume; it is 0 in them")
    );
    // A row that ends before the volume was cut off.
    let cut = &text[..text.len() - 3];
    assert!(
        read(cut)
            .unwrap_err()
            .to_string()
            .contains("the volume is empty")
    );
    let zero = text.replace(",5\n", ",0\n").replace(",7\n", ",0\n");
    let file = read(zero).unwrap();
    assert!(
        file.report.notices.first[0]
            .message
            .contains("--map volume=COLUMN"),
        "{}",
        file.report
    );
}

pub(super) fn zip_of(members: &[(&str, String)]) -> Vec<u8> {
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
}
