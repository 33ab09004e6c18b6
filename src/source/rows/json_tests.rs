#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::Cursor;
use std::path::Path;

use proptest::prelude::*;

use super::*;

type Read = (Layout, Facts, Vec<(u64, Vec<String>)>, Vec<(u64, String)>);

fn read(text: &str) -> Result<Read> {
    let place = Place::of(Path::new("t.json"));
    let (mut rows, facts) = JsonRows::open(Box::new(Cursor::new(text.to_owned())), place)?;
    let mut record = ByteRecord::new();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    loop {
        match rows.next(&mut record)? {
            Step::End => return Ok((rows.layout().clone(), facts, good, bad)),
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
    let none = read(r#"{"retCode":0,"result":{}}"#)
        .unwrap_err()
        .to_string();
    assert!(none.contains("result.list"), "{none}");
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
        ("{\n\"a\": 1}", "expected a JSON array of rows"),
    ] {
        let found = read(text).unwrap_err().to_string();
        assert!(found.contains(reason), "{found}");
    }
}

proptest! {
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
