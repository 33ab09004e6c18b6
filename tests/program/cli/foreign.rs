//! Headlines, JSON and vectors as other programs write them.

use serde_json::json;

use crate::world::{World, field};

const NEWS: [&str; 3] = ["ingest", "headlines", "news"];

#[test]
fn one_headline_of_three_stocks_names_all_of_them() {
    let world = World::new();
    world.file(
        "news/a.csv",
        "date,title,Stock_symbol\n\
         2024-01-08 13:05:00,Highs today,AAA\n\
         2024-01-08 13:05:00,Highs today,BBB\n\
         2024-01-08 14:05:00,R&amp;D grows,NAN\n",
    );
    // The same again in another file, for another stock.
    world.file(
        "news/b.csv",
        "date,title,stock\n2024-01-08 13:05:00,Highs today,NASDAQ:CCC\n",
    );
    world.file("news/c.h5", b"\x89HDF\r\n\x1a\n");
    let run = world.rhyme(&NEWS);
    assert!(
        run.err.contains("1 row that repeats a headline"),
        "{}",
        run.err
    );
    assert!(run.err.contains("1 word that is no symbol"), "{}", run.err);
    let out = run.ok();
    assert_eq!(field(&out, "headlines added"), "2");
    assert_eq!(field(&out, "headlines replaced"), "1");
    let line = out.trim_end().lines().last().unwrap();
    assert_eq!(
        line,
        "read 2 files: 3 headlines from 2024-01-08 to 2024-01-08; passed over 1 file that hold no table (1 .h5)"
    );
    for symbol in ["AAA", "BBB", "CCC"] {
        let found = world.rhyme(&["headlines", symbol]).ok();
        assert!(
            found.contains("AAA;BBB;CCC") && found.contains("Highs today"),
            "{found}"
        );
    }
    let found = world.rhyme(&["headlines"]).ok();
    assert!(
        found.contains("R&D grows") && !found.contains("NAN"),
        "{found}"
    );
    // The same again changes nothing.
    let again = world.rhyme(&NEWS).ok();
    assert_eq!(field(&again, "headlines unchanged"), "3");
}

#[test]
fn a_file_without_symbols_and_one_with_a_control_character() {
    let world = World::new();
    world.file(
        "news/plain.csv",
        "date,title\n2024-01-08 13:05:00,\"Bank\u{7f} names\na chief\"\n",
    );
    let run = world.rhyme(&NEWS);
    assert!(
        run.err.contains("no column of symbols among date, title"),
        "{}",
        run.err
    );
    assert!(
        run.err.contains("1 text with a control character"),
        "{}",
        run.err
    );
    run.ok();
    let found = world.rhyme(&["headlines"]).ok();
    assert!(found.contains("Bank names a chief"), "{found}");
}

#[test]
fn answers_of_apis_are_read_as_they_are() {
    let world = World::new();
    let hours = 0..70_i64;
    let start = 1_704_067_200_000_i64;
    let price = |i: i64| 100.0 + (i % 7) as f64;
    let bar = |i: i64| json!({"t": start + i * 3_600_000, "o": price(i), "h": price(i) + 1.0, "l": 90.0, "c": price(i), "v": 5});
    let bars: Vec<_> = hours.clone().map(bar).collect();
    let alpaca = json!({"bars": {"AAA": &bars, "BBB": &bars}, "next_page_token": null});
    world.file("equity/alpaca/bars_1h.json", alpaca.to_string());
    let column = |key: &str| bars.iter().map(|b| b[key].clone()).collect::<Vec<_>>();
    let udf = json!({"s": "ok", "t": column("t"), "o": column("o"), "h": column("h"), "l": column("l"), "c": column("c"), "v": column("v")});
    world.file("equity/udf/CCC_1h.json", udf.to_string());
    let rows = hours.rev().map(|i| {
        let number = |value: f64| value.to_string();
        let time = (start / 1_000 + i * 3_600).to_string();
        json!([
            time,
            number(price(i)),
            number(price(i)),
            number(price(i) + 1.0),
            "90",
            "5",
            "500"
        ])
    });
    let kucoin = json!({"code": "200000", "data": rows.collect::<Vec<_>>()});
    world.file("crypto/kucoin/DDD-USDT_1h.json", kucoin.to_string());
    let run = world.rhyme(&["ingest", "bars", "equity", "crypto", "--spaces", "shape"]);
    assert!(
        run.err
            .contains("by their prices they are time, open, close, high, low, volume"),
        "{}",
        run.err
    );
    let out = run.ok();
    assert_eq!(field(&out, "bars added"), "280");
    let series = world.rhyme(&["series", "--format", "json"]).ok();
    for name in ["AAA", "BBB", "CCC"] {
        assert!(series.contains(name), "{series}");
    }
    let last = world.rhyme(&["bars", "alpaca/AAA:1h", "--last", "1"]).ok();
    assert!(last.contains("106.0  107.0  90.0  106.0"), "{last}");

    world.file(
        "equity/none/EEE_1h.json",
        r#"{"Note": "call frequency exceeded"}"#,
    );
    let run = world.rhyme(&["ingest", "bars", "equity/none"]);
    assert!(
        run.err
            .contains("it says Note: \"call frequency exceeded\""),
        "{}",
        run.err
    );
}

/// An array of Python objects, as NumPy writes it.
fn object_array() -> Vec<u8> {
    let mut header = "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }".to_owned();
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [
        b"\x93NUMPY\x01\x00",
        &length[..],
        header.as_bytes(),
        b"\x80\x04].",
    ]
    .concat()
}

#[test]
fn vectors_of_other_programs() {
    let world = World::new();
    let rows: String = (1..=9)
        .map(|i| format!("2024-01-0{i},AAA,\"[0.{i}, 1, -2.5]\"\n"))
        .collect();
    world.file("v.csv", format!("time,symbol,embedding\n{rows}"));
    let import = ["import", "vectors", "v.csv", "--space", "mine"];
    let out = world.rhyme(&import).ok();
    assert_eq!(field(&out, "vectors stored"), "9");
    let line = out.trim_end().lines().last().unwrap();
    assert_eq!(
        line,
        "read 9 rows: 9 vectors of 3 numbers from 2024-01-02 to 2024-01-10"
    );

    world.file("twice.csv", format!("time,symbol,embedding\n{rows}{rows}"));
    let import = ["import", "vectors", "twice.csv", "--space", "twice"];
    let out = world.rhyme(&import).ok();
    assert_eq!(field(&out, "vectors stored"), "9");
    assert!(
        out.contains("; 9 rows that repeat a window and its vector are stored once"),
        "{out}"
    );

    let other = rows.replace("1, -2.5", "2, -2.5");
    world.file("torn.csv", format!("time,symbol,embedding\n{rows}{other}"));
    let import = ["import", "vectors", "torn.csv", "--space", "torn"];
    let run = world.rhyme(&import);
    assert!(
        run.err.contains("18 of 18 rows cannot be stored"),
        "{}",
        run.err
    );
    assert_ne!(run.code, Some(0));

    world.file("object.npy", object_array());
    let run = world.rhyme(&["import", "vectors", "object.npy", "--space", "object"]);
    assert!(
        run.err
            .contains("numpy.save('NEW.npy', numpy.stack(a).astype('<f4'))"),
        "{}",
        run.err
    );
}
