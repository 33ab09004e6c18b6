#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::Cursor;
use std::path::Path;

use proptest::prelude::*;

use super::super::super::container::{Content, Member};
use super::super::{Facts, Rows};
use super::*;

type Read = (Layout, Facts, Vec<(u64, Vec<String>)>, Vec<(u64, String)>);

fn read(text: &str) -> Result<Read> {
    let member = Member {
        place: FilePlace::of(Path::new("t.csv")),
        content: Content::Csv(Box::new(Cursor::new(text.to_owned()))),
    };
    let mut rows = Rows::open(member)?;
    let facts = rows.facts.clone();
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
fn every_delimiter_line_break_and_bom() {
    for text in [
        "a,b\n1,2\n\n3,4\n",
        "a;b\r\n1;2\r\n\r\n3;4",
        "a\tb\n1\t2\n   \n3\t4\n",
        "\u{feff}a|b\n1|2\n\n3|4\n",
        "\"a\",\"b\"\n\"1\",2\n\n3,\"4\"\n",
        "a,b\n1,2,\n\n3,4,,\n",
    ] {
        let (layout, _, rows, bad) = read(text).unwrap();
        assert_eq!(layout, named(&["a", "b"]), "{text:?}");
        assert_eq!(rows, [row(2, &["1", "2"]), row(4, &["3", "4"])], "{text:?}");
        assert!(bad.is_empty());
    }
}

#[test]
fn quotes_hold_delimiters_quotes_and_line_breaks() {
    let (_, _, rows, _) = read("a,b\n\"1,\"\"x\"\"\r\ny\",2\n5\" disk,\"q\"z\n3,4").unwrap();
    let expected = [
        row(2, &["1,\"x\"\r\ny", "2"]),
        row(4, &["5\" disk", "qz"]),
        row(5, &["3", "4"]),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_delimiter_inside_of_quotes_is_not_counted() {
    let (layout, ..) = read("\"a,x,y,z\";b;c\n").unwrap();
    assert_eq!(layout, named(&["a,x,y,z", "b", "c"]));
}

#[test]
fn rows_with_more_fields_are_bad_and_the_rest_goes_on() {
    let (_, _, rows, bad) = read("a,b\n1,2,3\n4\n5,6\n").unwrap();
    assert_eq!(bad, [(2, "expected 2 fields, found 3".to_owned())]);
    assert_eq!(rows, [row(3, &["4"]), row(4, &["5", "6"])]);
}

#[test]
fn rows_without_a_header_are_known_by_their_numbers() {
    let (layout, _, rows, _) =
        read("1577836800000,1,2,0.5,1,10\n1577836860000,1,2,0.5,1,10\n").unwrap();
    assert_eq!(layout, Layout::Positional(6));
    assert_eq!(rows.len(), 2);
    let (layout, ..) = read("2020-01-01 00:00;1;2;0.5;1\n").unwrap();
    assert_eq!(layout, Layout::Positional(5));
    let (layout, ..) = read("t,1,2,0.5,1\n").unwrap();
    assert_eq!(layout, named(&["t", "1", "2", "0.5", "1"]));
}

#[test]
fn the_stacked_header_of_yfinance_in_both_orders() {
    for text in [
        "Price,Close,Open\nTicker,AAPL,AAPL\nDate,,\n2024-01-02,1,2\n",
        "Ticker,AAPL,AAPL\nPrice,Close,Open\nDate,,\n2024-01-02,1,2\n",
    ] {
        let (layout, facts, rows, _) = read(text).unwrap();
        assert_eq!(layout, named(&["Date", "Close", "Open"]));
        assert_eq!(facts.symbol.as_deref(), Some("AAPL"));
        assert_eq!(rows, [row(4, &["2024-01-02", "1", "2"])]);
    }
    let (layout, _, rows, _) = read("Price,Time\n1,2\n").unwrap();
    assert_eq!(
        (layout, rows),
        (named(&["Price", "Time"]), vec![row(2, &["1", "2"])])
    );
}

#[test]
fn the_columns_of_several_symbols_are_rows_of_each() {
    let header = named(&["Date", "Close", "Volume", "Symbol"]);
    let expected = [
        row(4, &["2024-01-02", "1", "9", "A"]),
        row(4, &["2024-01-02", "2", "8", "B"]),
        row(5, &["2024-01-03", "3", "7", "B"]),
    ];
    for head in [
        "Price,Close,Close,Volume,Volume\nTicker,A,B,A,B\nDate,,,,\n",
        "Attributes,Close,Close,Volume,Volume\nSymbols,A,B,A,B\nDate,,,,\n",
        ",Close,Close,Volume,Volume\n,A,B,A,B\nDate,,,,\n",
        "Ticker,A,B,A,B\nPrice,Close,Close,Volume,Volume\nDatetime,,,,\n",
    ] {
        let text = format!("{head}2024-01-02,1,2,9,8\n2024-01-03,,3,,7\n");
        let (layout, facts, rows, bad) = read(&text).unwrap();
        assert_eq!((&layout, rows), (&header, expected.to_vec()), "{head}");
        assert!(bad.is_empty() && facts.symbol.is_none());
    }
    // The first row is no line of symbols.
    let (layout, ..) = read("Date,Open,Close\n2024-01-02,\"2,836\",\"1,2\"\n").unwrap();
    assert_eq!(layout, named(&["Date", "Open", "Close"]));
    // An index that became a column is the time.
    let text = ",Date,Close,Close\n,,A,B\n0,2024-01-02,1,2\n";
    let (layout, _, rows, _) = read(text).unwrap();
    assert_eq!(layout, named(&["", "Date", "Close", "Symbol"]));
    assert_eq!(rows[0], row(3, &["0", "2024-01-02", "1", "A"]));
    // Without a name of the index there is no third line.
    let (layout, _, rows, _) = read(",Close,Close\n,A,B\n2024-01-02,1,2\n").unwrap();
    assert_eq!(layout, named(&["Date", "Close", "Symbol"]));
    assert_eq!(
        rows,
        [
            row(3, &["2024-01-02", "1", "A"]),
            row(3, &["2024-01-02", "2", "B"])
        ]
    );
    // Names of two parts in one line, as pandas flattens them.
    let (layout, _, rows, _) =
        read("Date,\"('Close', 'A')\",\"('Close', 'B')\"\n2024-01-02,1,2\n").unwrap();
    assert_eq!(
        (layout, rows.len()),
        (named(&["Date", "Close", "Symbol"]), 2)
    );
}

#[test]
fn lines_that_are_no_rows_are_left_out_and_counted() {
    let skipped = |text: &str| {
        let member = Member {
            place: FilePlace::of(Path::new("t.csv")),
            content: Content::Csv(Box::new(Cursor::new(text.to_owned()))),
        };
        let mut rows = Rows::open(member).unwrap();
        let mut record = ByteRecord::new();
        let mut found = Vec::new();
        while let Step::Row(line) = rows.next(&mut record).unwrap() {
            found.push(line);
        }
        (rows.layout().clone(), found, rows.skipped().notice())
    };
    let header = named(&["date", "open", "close"]);
    let (layout, rows, notice) = skipped("# bot\n# v2\ndate,open,close\n2024-01-02,1,2\n# end\n");
    assert_eq!((&layout, rows), (&header, vec![4]));
    assert_eq!(
        notice,
        Some((1, "3 lines that are no rows are left out: # bot".to_owned()))
    );
    let (layout, rows, notice) = skipped("sep=;\ndate;open;close\n2024-01-02;1,5;2\n");
    assert_eq!((&layout, rows), (&header, vec![3]));
    assert_eq!(
        notice,
        Some((1, "1 line that is no row is left out: sep=;".to_owned()))
    );
    let (layout, rows, notice) = skipped("date,open,close\n2024-01-02,1,2\n");
    assert_eq!((&layout, rows, notice), (&header, vec![2], None));
}

#[test]
fn lines_may_end_as_on_old_macs() {
    let text = "date,title\r2024-01-02,\"a\rb\"\r\r2024-01-03,c";
    let (layout, _, rows, _) = read(text).unwrap();
    assert_eq!(layout, named(&["date", "title"]));
    assert_eq!(
        rows,
        [
            row(2, &["2024-01-02", "a\rb"]),
            row(5, &["2024-01-03", "c"])
        ]
    );
    // A break that was turned twice is one of Windows.
    let (_, _, rows, _) = read("date,title\r\r\n2024-01-02,x\r\r\n").unwrap();
    assert_eq!(rows.len(), 1);
}

#[test]
fn a_date_of_any_order_is_no_name() {
    let (layout, _, rows, _) = read("01/02/2024,09:00,1,2,0.5,1,9\r\n").unwrap();
    let names = named(&["date", "time", "open", "high", "low", "close", "volume"]);
    assert_eq!((layout, rows.len()), (names, 1));
    let (layout, ..) = read("01/02/2024,0900,1,2,0.5,1\n").unwrap();
    assert_eq!(layout.width(), 6);
    let (layout, ..) = read("01/02/2024,0900,1,2,0.5,1,9,9\n").unwrap();
    assert_eq!(layout, Layout::Positional(8));
    let (layout, ..) = read("AAA,2024-01-02T10:00:00Z,Something rises\n").unwrap();
    assert_eq!(layout, Layout::Positional(3));
}

#[test]
fn a_header_may_lack_the_name_of_the_first_column() {
    let (layout, _, rows, _) = read("\"Open\",\"Close\"\n\"2024-01-02\",1,2\n").unwrap();
    assert_eq!(layout, named(&["", "Open", "Close"]));
    assert_eq!(rows, [row(2, &["2024-01-02", "1", "2"])]);
}

#[test]
fn long_rows_and_open_quotes_are_errors() {
    let long = format!("a,b\n{}\n", "1".repeat(MAX_ROW + 1));
    let text = read(&long).unwrap_err().to_string();
    assert!(text.contains("line 2: the row is longer"), "{text}");
    let exact = format!("a,b\n{}\n", "1".repeat(MAX_ROW - 1));
    assert!(read(&exact).is_ok());
    let open = read("a,b\n1,2\n\"3,4\n5,6\n").unwrap_err().to_string();
    assert!(
        open.contains("line 3: a quote is opened here and never closed"),
        "{open}"
    );
    let long_quote = format!("a,b\n\"{}", "1\n".repeat(MAX_ROW));
    assert!(
        read(&long_quote)
            .unwrap_err()
            .to_string()
            .contains("is a quote left open")
    );
    assert!(read("").unwrap_err().to_string().contains("empty"));
    assert!(read("\n \n").unwrap_err().to_string().contains("empty"));
}

/// The rows as the `csv` crate reads them.
fn oracle(text: &str) -> Vec<Vec<String>> {
    let reader = ::csv::ReaderBuilder::new()
        .has_headers(true)
        .flexible(true)
        .from_reader(text.as_bytes());
    let records = reader.into_records().map(|r| r.unwrap());
    records
        .map(|r| r.iter().map(str::to_owned).collect())
        .collect()
}

proptest! {
    #[test]
    fn the_csv_crate_agrees(body in "[ab,\"\n]{0,60}") {
        // Six columns are more than a row of this size has in most cases.
        let text = format!("h,i,j,k,l,m\n{body}");
        if let Ok((_, _, rows, bad)) = read(&text) {
            let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, fields)| fields).collect();
            let mut expected = oracle(&text);
            let all = expected.len();
            expected.retain_mut(|fields| {
                let fits = fields.iter().skip(6).all(String::is_empty);
                fields.truncate(6);
                fits
            });
            prop_assert_eq!(bad.len(), all - expected.len());
            prop_assert_eq!(rows, expected);
        } else {
            prop_assert!(body.matches('"').count() % 2 == 1 || body.contains('"'));
        }
    }

    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec(prop::collection::vec("[a-z,;\"\n ]{1,8}x", 3), 1..10),
    ) {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(["one", "two", "three"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let (_, _, found, _) = read(&text).unwrap();
        let found: Vec<Vec<String>> = found.into_iter().map(|(_, fields)| fields).collect();
        prop_assert_eq!(found, rows);
    }

    #[test]
    fn arbitrary_texts_do_not_panic(text in "[\\x00-\\xff]{0,200}") {
        let _ = read(&text);
    }
}
