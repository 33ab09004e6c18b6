#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::io::Cursor;
use std::path::Path;

use super::*;

/// The rows of a text, each as the JSON of its fields.
fn rows(text: &str) -> Result<Vec<String>> {
    let place = FilePlace::of(Path::new("t.json"));
    let mut rows = JsonRows::open(Box::new(Cursor::new(text.to_owned())), place)?;
    let mut record = ByteRecord::new();
    let mut found = Vec::new();
    loop {
        match rows.next(&mut record)? {
            Step::End => return Ok(found),
            Step::Bad(_, message) => found.push(message),
            Step::Row(_) => {
                let names = match rows.layout() {
                    Layout::Named(names) => names.clone(),
                    Layout::Positional(width) => vec![String::new(); *width],
                };
                let pairs = names.iter().zip(record.iter());
                let pairs = pairs.map(|(name, v)| format!("{name}={}", String::from_utf8_lossy(v)));
                found.push(pairs.collect::<Vec<_>>().join(" "));
            }
        }
    }
}

#[test]
fn names_behind_the_rows_are_asked_for_before_them() {
    for (text, command) in [
        (
            r#"{"data":[[1704153600,1,2,3,4]],"columns":["t","h","o","l","c"]}"#,
            r#"jq '{"columns", "data"}' 't.json' > rows.json"#,
        ),
        (
            r#"{"of":{"rows":{"data":[[1704153600,1,2,3,4]]},"fields":["t","h","o","l","c"]}}"#,
            r#"jq '.of | {"fields", "rows"}' 't.json' > rows.json"#,
        ),
    ] {
        let refused = rows(text).unwrap_err().to_string();
        assert!(
            refused.contains("expected the names of the fields before the rows"),
            "{refused}"
        );
        assert!(refused.contains(command), "{refused}");
    }
    // Each page of several has its own; a list of another length names something else.
    for text in [
        "{\"columns\":[\"t\",\"o\"],\"data\":[[1,2]]}\n{\"columns\":[\"t\",\"o\"],\"data\":[[3,4]]}",
        r#"{"data":[[1,2]],"names":["Alpha"]}"#,
    ] {
        assert!(rows(text).is_ok(), "{text}");
    }
    let text = r#"{"columns":["t","o"],"data":[[1,2],[3,4,5]]}"#;
    let found = rows(text).unwrap();
    assert!(found[1].contains("expected 2 fields, as many as the document names, found 3"));
}

#[test]
fn columns_of_dates_are_joined_by_their_dates() {
    let text =
        r#"{"close":{"2024-01-02":1,"2024-01-03":2},"open":{"2024-01-03":3,"2024-01-04":4}}"#;
    let expected = [
        "time=2024-01-02 close=1 open=",
        "time=2024-01-03 close=2 open=3",
        "time=2024-01-04 close= open=4",
    ];
    assert_eq!(rows(text).unwrap(), expected);
    // The numbers of rows join them, too, where a column has the dates.
    let text = r#"{"date":{"0":"2024-01-02","1":"2024-01-03"},"close":{"0":1,"1":2}}"#;
    let expected = ["date=2024-01-02 close=1", "date=2024-01-03 close=2"];
    assert_eq!(rows(text).unwrap(), expected);
    let text = r#"{"close":{"2024-01-02":1},"open":{"2024-01-02":1},"volume":[7]}"#;
    let refused = rows(text).unwrap_err().to_string();
    assert!(
        refused.contains("object of date -> value for volume"),
        "{refused}"
    );
}

#[test]
fn a_column_of_another_length_is_refused() {
    let text = r#"{"s":"ok","t":[1,2,3],"o":[1,2,3],"c":[1,2]}"#;
    let refused = rows(text).unwrap_err().to_string();
    let expected = r#"expected 3 values in the column c as in t, found 2; fetch the file again, or leave it out with jq 'del(.. | ."c"?)'"#;
    assert!(refused.contains(expected), "{refused}");
    // What describes the whole is no column.
    let text = r#"{"meta":{"unit":"USD","ranges":["1d","5d"]},"t":[1,2,3],"o":[1,2,3]}"#;
    assert_eq!(rows(text).unwrap().len(), 3);
}

#[test]
fn a_row_may_name_another_symbol_than_its_document() {
    let text =
        r#"{"AAA":[{"time":1,"ticker":"BBB","title":"x"},{"time":1,"ticker":"AAA","title":"y"}]}"#;
    let expected = [
        "time=1 ticker=BBB title=x document symbol=AAA",
        "time=1 ticker=AAA title=y document symbol=",
    ];
    assert_eq!(rows(text).unwrap(), expected);
}

/// What is kept for messages, in bytes.
fn kept(text: &str) -> usize {
    let reader = Box::new(Cursor::new(text.to_owned()));
    let scan = Scan::new(Vec::new(), reader, FilePlace::of(Path::new("t.json")));
    let mut document = Document::new(scan);
    while document.next().is_ok_and(|row| row.is_some()) {}
    format!("{:?}", document.seen()).len()
}

#[test]
fn many_lists_and_symbols_are_not_remembered() {
    let key = "k".repeat(2_000);
    let lists = format!("{{\"{key}\":[{}{{}}]}}", "[{\"a\":1}],".repeat(2_000));
    let symbols: Vec<String> = (0..2_000)
        .map(|i| format!("{{\"symbol\":\"{key}{i}\",\"x\":[{{\"t\":1}}]}}"))
        .collect();
    let messages = format!("[{}1]", "{\"note\":\"x\",\"y\":[{\"t\":1}]},".repeat(2_000));
    for text in [lists, format!("[{}]", symbols.join(",")), messages] {
        assert!(kept(&text) < 20_000, "{}", kept(&text));
    }
}

#[test]
fn a_long_name_is_not_repeated_for_each_field_in_its_object() {
    let fields: Vec<String> = (0..2_000).map(|i| format!("\"f{i}\":1")).collect();
    let key = "k".repeat(2_000);
    let text = format!("[{{\"t\":1,\"{key}\":{{{}}}}}]", fields.join(","));
    let place = FilePlace::of(Path::new("t.json"));
    let rows = JsonRows::open(Box::new(Cursor::new(text)), place).unwrap();
    let Layout::Named(names) = rows.layout() else {
        panic!("expected names");
    };
    assert_eq!(names.len(), 2);
}

/// What was held for a row that was given is free again.
#[test]
fn a_document_of_many_dates_has_no_limit() {
    let bar = |i: usize| {
        format!(
            "\"{}\":{{\"o\":1,\"h\":1,\"l\":1,\"c\":1}}",
            1_704_067_200 + i
        )
    };
    let bars: Vec<String> = (0..3_000).map(bar).collect();
    let text = format!("{{{}}}", bars.join(","));
    let reader = Box::new(Cursor::new(text));
    let scan = Scan::new(Vec::new(), reader, FilePlace::of(Path::new("t.json")));
    let mut document = Document::new(scan);
    let mut given = 0;
    while document.next().unwrap().is_some() {
        given += 1;
        assert!(document.seen().held < 1_000);
    }
    assert_eq!((given, document.seen().held), (3_000, 0));
}
