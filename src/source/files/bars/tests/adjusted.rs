//! Adjusted closes, splits, and files that name their series in every row.

use super::*;

/// Daily rows of a share that is split four to one on the sixth day, with adjusted closes.
fn split(adjusted: bool) -> String {
    let mut text = "Date,Open,High,Low,Close,Adj Close,Volume\n".to_owned();
    if !adjusted {
        text = text.replace(",Adj Close", "");
    }
    for day in 0..12 {
        let close = if day < 5 { 400.0 } else { 100.0 } + f64::from(day);
        let [open, high, low] = [close - 1.0, close + 2.0, close - 3.0];
        write!(text, "2020-08-{:02},{open},{high},{low},{close},", day + 20).unwrap();
        if adjusted {
            let factor = if day < 5 { 0.24 } else { 0.96 };
            write!(text, "{},", close * factor).unwrap();
        }
        text += "1000\n";
    }
    text
}

fn stock(text: &str, adjusted: bool) -> Result<BarFile> {
    let options = BarOptions {
        adjusted,
        ..BarOptions::default()
    };
    read_named("equity/nyse/ACME-1d.csv", text, &options)
}

fn messages(file: &BarFile, kind: NoticeKind) -> Vec<(Option<u64>, String)> {
    let of_kind = file.report.notices.first.iter().filter(|f| f.kind == kind);
    of_kind.map(|f| (f.line, f.message.clone())).collect()
}

#[test]
fn a_split_and_an_unused_adjusted_close_are_noticed() {
    let file = stock(&split(true), false).unwrap();
    assert_eq!(file.series[0].bars.close[0], 400.0, "nothing is adjusted");
    assert_eq!(
        messages(&file, NoticeKind::AdjustedUnused),
        [(
            Some(2),
            "the adjusted close differs from the close in 12 of 12 bars and is not used; --adjusted uses it".to_owned()
        )]
    );
    let splits = messages(&file, NoticeKind::Split);
    assert_eq!(splits.len(), 1, "{splits:?}");
    let (line, message) = &splits[0];
    assert_eq!(*line, Some(7));
    assert!(
        message.starts_with(
            "the price goes from 404 to 104 on 2020-08-25T00:00:00Z, as in a split of 4:1;"
        ),
        "{message}"
    );
    assert!(
        message
            .contains("`rhyme adjust equity/nyse/ACME:1d --split 4:1 --on 2020-08-25T00:00:00Z`"),
        "{message}"
    );
    // Closes that differ by rounding alone are no adjusted ones.
    let same = "date,open,high,low,close,adj_close\n2020-01-01,1,1,1,1,1.00001\n2020-01-02,1,1,1,1,1\n2020-01-03,1,1,1,1,\n";
    let file = stock(same, false).unwrap();
    assert_eq!(messages(&file, NoticeKind::AdjustedUnused), []);
}

#[test]
fn adjusted_closes_scale_all_prices() {
    let file = stock(&split(true), true).unwrap();
    let bars = &file.series[0].bars;
    for day in 0..12 {
        let close = if day < 5 { 400.0 } else { 100.0 } + day as f64;
        let factor = if day < 5 { 0.24 } else { 0.96 };
        assert_eq!(
            bars.close[day],
            close * factor,
            "exactly what the file says"
        );
        for (found, raw) in [
            (bars.open[day], close - 1.0),
            (bars.high[day], close + 2.0),
            (bars.low[day], close - 3.0),
        ] {
            assert!((found - raw * factor).abs() < 1e-9, "{found} {raw}");
        }
        assert_eq!(bars.volume[day], 1000.0);
        assert_eq!(bars.get(day).unwrap().check(), Ok(()));
    }
    assert_eq!(file.report.notices.total(), 0, "{}", file.report);
}

#[test]
fn adjusted_closes_that_are_not_there_are_refused() {
    let refused = |text: &str| stock(text, true).unwrap_err().to_string();
    let none = refused(&split(false));
    assert!(
        none.contains("no column for the adjusted among: Date, Open"),
        "{none}"
    );
    assert!(none.contains("--map adjusted="), "{none}");
    let row = |adjusted: &str| {
        format!("date,open,high,low,close,adj close\n2020-01-01,1,1,1,1,{adjusted}\n")
    };
    assert!(refused(&row("")).contains("the adjusted close is empty"));
    assert!(refused(&row("0")).contains("expected an adjusted close above 0, found 0"));
    assert!(refused(&row("-3")).contains("above 0, found -3"));
    let headless =
        "1577836800000,10,12,9,11,5\n1577923200000,10,12,9,11,5\n1578009600000,10,12,9,11,5\n";
    assert!(refused(headless).contains("there is no header"));
}

/// As `rhyme export bars` writes them.
#[test]
fn rows_may_name_their_series_in_full() {
    let mut text = "market,venue,symbol,interval,open_time,open,high,low,close,volume\n".to_owned();
    for hour in 0..4 {
        let time = Timestamp::from_millis(START + hour * HOUR);
        writeln!(text, "crypto,binance,X,1h,{time},10,12,9,11,1").unwrap();
    }
    for day in 0..4 {
        let time = Timestamp::from_millis(START + day * 24 * HOUR);
        writeln!(text, "equity,nyse,X,1d,{time},10,12,9,11,1").unwrap();
        writeln!(text, "crypto,binance,X,1d,{time},10,12,9,11,1").unwrap();
    }
    let file = read_named("all.csv", &text, &BarOptions::default()).unwrap();
    let found: Vec<_> = file
        .series
        .iter()
        .map(|s| (s.key.to_string(), s.calendar, s.bars.len()))
        .collect();
    assert_eq!(
        found,
        [
            ("crypto/binance/X:1d".to_owned(), Calendar::Continuous, 4),
            ("crypto/binance/X:1h".to_owned(), Calendar::Continuous, 4),
            ("equity/nyse/X:1d".to_owned(), Calendar::Session, 4),
        ]
    );
    // What the caller says wins.
    let options = BarOptions {
        venue: Some("mine".to_owned()),
        ..BarOptions::default()
    };
    let file = read_named("all.csv", &text, &options).unwrap();
    assert!(file.series.iter().all(|s| s.key.venue == "mine"));
    // A market alone is often a pair of currencies, and then says nothing of the series.
    let pairs = "market,open_time,open,high,low,close\nBTC-USD,1577836800000,1,1,1,1\nBTC-USD,1577840400000,1,1,1,1\nBTC-USD,1577844000000,1,1,1,1\n";
    let file = read(pairs).unwrap();
    assert_eq!(file.series[0].key.market, "crypto");
    let wrong = text.replace(",1d,", ",soon,");
    let file = read_named("all.csv", &wrong, &BarOptions::default()).unwrap();
    assert_eq!((file.series.len(), file.report.refused.count), (1, 2));
    assert!(file.report.refused.first[0].message.contains("soon"));
}
