#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::io::Cursor;
use std::path::Path;

use proptest::prelude::*;

use super::*;

type Read = (Layout, Facts, Vec<(u64, Vec<String>)>, Vec<(u64, String)>);

fn read(text: &str) -> Result<Read> {
    let place = FilePlace::of(Path::new("t.json"));
    let mut rows = JsonRows::open(Box::new(Cursor::new(text.to_owned())), place)?;
    let mut record = ByteRecord::new();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    loop {
        match rows.next(&mut record)? {
            Step::End => return Ok((rows.layout().clone(), rows.facts(), good, bad)),
            Step::Bad(line, message) => bad.push((line, message)),
            Step::Row(line) => {
                let fields = record
                    .iter()
                    .map(|f| String::from_utf8_lossy(f).into_owned());
                good.push((line, fields.collect()));
            }
        }
    }
}

fn named(names: &[&str]) -> Layout {
    Layout::Named(names.iter().map(|n| (*n).to_owned()).collect())
}

fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
    (line, fields.iter().map(|f| (*f).to_owned()).collect())
}

#[test]
fn an_answer_of_bybit() {
    let text = r#"{"retCode":0,"retMsg":"OK","result":{"category":"linear","symbol":"XUSDT",
        "list":[["1670608800000","2","3","1","2","5","10"],["1670605200000","2","3","1","2","5","10"]]},
        "time":1672025956592}"#;
    let (layout, facts, rows, _) = read(text).unwrap();
    assert_eq!(layout, Layout::Positional(7));
    assert_eq!(facts.symbol.as_deref(), Some("XUSDT"));
    assert_eq!(facts.bybit_category.as_deref(), Some("linear"));
    assert_eq!(
        rows[1],
        row(2, &["1670605200000", "2", "3", "1", "2", "5", "10"])
    );
    // The same on one line.
    let (layout, ..) = read(&text.replace('\n', " ")).unwrap();
    assert_eq!(layout, Layout::Positional(7));
}

#[test]
fn an_error_of_bybit_is_an_error_with_its_message() {
    let text = read(r#"{"retCode":10001,"retMsg":"params error: symbol invalid","result":{}}"#);
    let text = text.unwrap_err().to_string();
    assert!(
        text.contains("retCode 10001: params error: symbol invalid"),
        "{text}"
    );
    assert!(read(r#"{"retCode":"x","result":{"list":[]}}"#).is_err());
    let none = read(r#"{"retCode":0,"result":{"list":null}}"#);
    let none = none.unwrap_err().to_string();
    assert!(none.contains("found no rows"), "{none}");
}

#[test]
fn rows_as_objects_in_a_document_or_a_line_each() {
    let expected = [
        row(1, &["1", "x"]),
        row(2, &["2.5", ""]),
        row(3, &["", "A;B"]),
    ];
    let document = r#"[{"a":1,"b":"x"},{"a":2.5},{"b":["A","B"]}]"#;
    let (layout, _, rows, _) = read(document).unwrap();
    assert_eq!((layout, &rows[..]), (named(&["a", "b"]), &expected[..]));
    let lines = "{\"a\":1,\"b\":\"x\"}\n{\"a\":2.5}\n{\"b\":[\"A\",\"B\"],\"c\":null}\n";
    let (layout, _, rows, _) = read(lines).unwrap();
    assert_eq!(layout, named(&["a", "b", "c"]));
    assert_eq!(rows[..2], expected[..2]);
    assert_eq!(rows[2], row(3, &["", "A;B", ""]));
}

#[test]
fn a_bad_line_is_bad_alone() {
    let (_, _, rows, bad) = read("{\"a\":1}\n{\"a\":\n\n[2]\n{\"a\":3}\n").unwrap();
    assert_eq!(rows, [row(1, &["1"]), row(5, &["3"])]);
    let lines: Vec<u64> = bad.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn a_row_must_be_like_the_first() {
    let (_, _, rows, bad) = read("[[1,2],[3],[4,5,6],{\"a\":1}]").unwrap();
    assert_eq!(rows, [row(1, &["1", "2"]), row(2, &["3"])]);
    assert_eq!(bad.len(), 2);
}

#[test]
fn other_documents_are_refused_with_their_line() {
    for (text, reason) in [
        ("{\n\"a\":\n 1", "line 3: not valid JSON"),
        ("[1,2", "not valid JSON"),
        (
            "[1,2]",
            "line 1: expected a JSON object or array, found \"1\"",
        ),
        ("{\n\"a\": 1}", "with the keys a; expected an array of rows"),
        (
            r#"{"Error Message": "Invalid API call"}"#,
            "it says Error Message: \"Invalid API call\"",
        ),
        (
            r#"{"s": "no_data"}"#,
            "with the keys s; it says s: \"no_data\"",
        ),
        (
            r#"{"code":"51001","msg":"no such instrument","data":[]}"#,
            "it says msg: \"no such instrument\"",
        ),
        (
            r#"{"prices":[[1,2,3,4,5]],"total_volumes":[[1,2,3,4,5]]}"#,
            "several lists of rows, .prices and .total_volumes; take out the one that is meant, for example with jq '.prices' 't.json' > rows.json",
        ),
        (
            "{\n\"found\":\n{\"things\": [{\"a\": 1}]}}",
            "its list .found.things has no times; if these are the rows, take them out with jq '.found.things' 't.json' > rows.json",
        ),
        (
            r#"{"pages":[{"data":[{"t":1}],"symbol":"A"},{"data":[{"t":1}],"symbol":"B"}]}"#,
            "names several symbols, \"A\" and \"B\"",
        ),
    ] {
        let found = read(text).unwrap_err().to_string();
        assert!(found.contains(reason), "{found}");
    }
}

/// The zone that the document says for the times of its rows.
#[test]
fn a_time_zone_is_said_of_all_rows() {
    for text in [
        r#"{"Meta Data":{"6. Time Zone":"US/Eastern"},"data":[["2024-01-02 09:30:00",1]]}"#,
        r#"{"data":[["01/02/2024 09:30 AM",1]],"meta":{"exchange_timezone":"US/Eastern"}}"#,
        r#"{"timezone":"EST","exchangeTimezoneName":"US/Eastern","data":[{"t":"2024-01-02 09:30"}]}"#,
    ] {
        let (_, facts, ..) = read(text).unwrap();
        let zone = facts.zones.clock().unwrap().unwrap();
        assert_eq!(zone.to_string(), "US/Eastern", "{text}");
    }
}

/// The rows as `name=value` pairs, each row on a line.
fn shown(text: &str) -> String {
    let (layout, facts, rows, bad) = read(text).unwrap();
    let Layout::Named(names) = layout else {
        panic!("expected names, found {layout:?}");
    };
    let of_row = |(_, fields): &(u64, Vec<String>)| {
        let pairs = names
            .iter()
            .zip(fields)
            .filter(|(_, value)| !value.is_empty());
        pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut lines: Vec<String> = rows.iter().map(of_row).collect();
    lines.extend(facts.symbol.map(|symbol| format!("all: {symbol}")));
    lines.extend(
        bad.into_iter()
            .map(|(line, why)| format!("bad {line}: {why}")),
    );
    lines.join("\n")
}

/// Answers of APIs, and the rows that they hold.
const ANSWERS: &[(&str, &str)] = &[
    // Alpaca
    (
        r#"{"bars":{"AAA":[{"t":"2024-01-02T05:00:00Z","o":1,"c":2}],"BBB":[{"t":"2024-01-02T05:00:00Z","o":3,"c":4}]},"next_page_token":null}"#,
        "t=2024-01-02T05:00:00Z o=1 c=2 symbol=AAA\nt=2024-01-02T05:00:00Z o=3 c=4 symbol=BBB",
    ),
    (
        r#"{"bars":[{"t":"2024-01-02T05:00:00Z","o":1}],"symbol":"AAA"}"#,
        "t=2024-01-02T05:00:00Z o=1\nall: AAA",
    ),
    // Polygon, of one stock and of all
    (
        r#"{"ticker":"AAA","status":"OK","results":[{"t":1704153600000,"o":1,"c":2}],"next_url":"x"}"#,
        "t=1704153600000 o=1 c=2\nall: AAA",
    ),
    (
        r#"{"status":"OK","results":[{"T":"AAA","t":1704153600000,"o":1},{"T":"BBB","t":1704153600000,"o":2}]}"#,
        "symbol=AAA t=1704153600000 o=1\nsymbol=BBB t=1704153600000 o=2",
    ),
    // Alpha Vantage
    (
        r#"{"Meta Data":{"2. Symbol":"AAA","6. Time Zone":"US/Eastern"},
                "Time Series (5min)":{"2024-01-02 19:55:00":{"1. open":"1","4. close":"2"}}}"#,
        "open=1 close=2 time=2024-01-02 19:55:00\nall: AAA",
    ),
    (
        r#"{"Meta Data":{"2. Symbol":"AAA","5. Time Zone":"US/Eastern"},
                "Time Series (Daily)":{"2024-01-02":{"1. open":"1"},"2024-01-01":{"1. open":"2"}}}"#,
        "open=1 time=2024-01-02\nopen=2 time=2024-01-01\nall: AAA",
    ),
    // Kraken
    (
        r#"{"error":[],"result":{"XAAAZUSD":[[1704153600,"10","14","9","12","11","500",7]],"last":1704153600}}"#,
        "time=1704153600 open=10 high=14 low=9 close=12 field6=11 volume=500 field8=7 symbol=XAAAZUSD",
    ),
    // KuCoin
    (
        r#"{"code":"200000","data":[["1704153600","10","12","14","9","500","1"]]}"#,
        "time=1704153600 open=10 close=12 high=14 low=9 volume=500 field7=1",
    ),
    // UDF, Finnhub, TradingView
    (
        r#"{"s":"ok","t":[1704153600,1704157200],"o":[1,2],"c":["3",null]}"#,
        "t=1704153600 o=1 c=3\nt=1704157200 o=2",
    ),
    (
        r#"{"jsonrpc":"2.0","result":{"status":"ok","ticks":[1704153600000],"open":[1],"cost":[]}}"#,
        "ticks=1704153600000 open=1",
    ),
    // Yahoo
    (
        r#"{"chart":{"result":[{"meta":{"symbol":"AAA","exchangeTimezoneName":"America/New_York"},
                "timestamp":[1704153600,1704240000],
                "indicators":{"quote":[{"open":[1,2],"close":[3,4]}],"adjclose":[{"adjclose":[5,6]}]}}],"error":null}}"#,
        "timestamp=1704153600 open=1 close=3 adjclose=5\ntimestamp=1704240000 open=2 close=4 adjclose=6\nall: AAA",
    ),
    // Twelve Data
    (
        r#"{"meta":{"symbol":"AAA","exchange_timezone":"America/New_York"},
                "values":[{"datetime":"2024-01-02 15:59:00","open":"1"}],"status":"ok"}"#,
        "datetime=2024-01-02 15:59:00 open=1\nall: AAA",
    ),
    // CryptoCompare
    (
        r#"{"Response":"Success","Data":{"TimeFrom":1,"TimeTo":2,"Data":[{"time":1704153600,"open":1}]}}"#,
        "time=1704153600 open=1",
    ),
    // Lists of lists, as from FMP
    (
        r#"{"historicalStockList":[{"symbol":"AAA","historical":[{"date":"2024-01-02","open":1}]},
                {"symbol":"BBB","historical":[{"date":"2024-01-02","open":2}]}]}"#,
        "date=2024-01-02 open=1 symbol=AAA\ndate=2024-01-02 open=2 symbol=BBB",
    ),
    // pandas: orient "columns", "index" and "split"
    (
        r#"{"open":{"1704153600000":1,"1704240000000":2},"close":{"1704153600000":3,"1704240000000":4}}"#,
        "time=1704153600000 open=1 close=3\ntime=1704240000000 open=2 close=4",
    ),
    (
        r#"{"1704153600000":{"open":1,"close":3},"1704240000000":{"open":2,"close":4}}"#,
        "open=1 close=3 time=1704153600000\nopen=2 close=4 time=1704240000000",
    ),
    (
        r#"{"columns":["date","open"],"index":[0,1],"data":[["2024-01-02",1],["2024-01-03",2]]}"#,
        "date=2024-01-02 open=1\ndate=2024-01-03 open=2",
    ),
    // NewsAPI
    (
        r#"{"status":"ok","totalResults":1,"articles":[{"source":{"id":null,"name":"Wire"},"title":"x","publishedAt":"2024-01-08T13:05:00Z"}]}"#,
        "source.name=Wire title=x publishedAt=2024-01-08T13:05:00Z",
    ),
    // Pages one after the other, and one over many lines
    (
        "{\"data\":[{\"t\":1}]}\n{\"data\":[\n{\"t\":2}\n]}\n",
        "t=1\nt=2",
    ),
    (
        "{\n \"time\": 1,\n \"open\": 2,\n \"close\": 3\n}\n",
        "time=1 open=2 close=3",
    ),
];

#[test]
fn answers_of_many_apis() {
    for (text, expected) in ANSWERS {
        assert_eq!(shown(text), *expected, "{text}");
    }
}

#[test]
fn an_answer_without_rows_is_no_error() {
    for text in [
        "[]",
        r#"{"bars":{},"next_page_token":null}"#,
        r#"{"code":"0","msg":"","data":[]}"#,
        r#"{"retCode":0,"retMsg":"OK","result":{"category":"spot","symbol":"X","list":[]}}"#,
    ] {
        let (.., rows, bad) = read(text).unwrap();
        assert!(rows.is_empty() && bad.is_empty(), "{text}");
    }
}

#[test]
fn an_array_of_any_length_is_a_stream() {
    // 40 MB in one line, made while it is read.
    struct Endless {
        rows: u64,
        text: Vec<u8>,
    }
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            while self.text.len() < buffer.len() && self.rows > 0 {
                self.rows -= 1;
                let (row, end) = (self.rows, if self.rows == 0 { "]" } else { "," });
                let text = format!("[{row},1,1,1,1,\"{}\"]{end}", "1".repeat(2_000));
                self.text.extend_from_slice(text.as_bytes());
            }
            let given = buffer.len().min(self.text.len());
            for (to, from) in buffer.iter_mut().zip(self.text.drain(..given)) {
                *to = from;
            }
            Ok(given)
        }
    }
    let text = Endless {
        rows: 20_000,
        text: b"[".to_vec(),
    };
    let reader = Box::new(std::io::BufReader::new(text));
    let mut rows = JsonRows::open(reader, FilePlace::of(Path::new("t.json"))).unwrap();
    assert!(rows.ahead.len() <= ROWS_AHEAD);
    let mut record = ByteRecord::new();
    let mut given = 0;
    while let Step::Row(at) = rows.next(&mut record).unwrap() {
        given += 1;
        assert_eq!(at, given);
    }
    assert_eq!(given, 20_000);
}

proptest! {
    #[test]
    fn arbitrary_json_does_not_panic(text in "[\\[{\\]}\",:a-ct0-2 ]{0,60}") {
        let _ = read(&text);
    }

    #[test]
    fn arbitrary_texts_do_not_panic(text in "[\\[{]?[\\x00-\\x7f]{0,100}") {
        let _ = read(&text);
    }

    #[test]
    fn numbers_keep_their_value(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
        let (_, _, rows, _) = read(&serde_json::json!([[value]]).to_string()).unwrap();
        prop_assert_eq!(rows[0].1[0].parse::<f64>().unwrap(), value);
    }
}
