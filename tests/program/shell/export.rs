use std::fs;

use serde_json::Value;

use crate::examples::clip;
use crate::typed::typed;
use crate::world::{World, field};

fn json_lines(world: &World, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(world.path(name)).unwrap();
    text.lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect()
}

#[test]
fn bars_come_back_as_they_went() {
    let world = World::with_market();
    let out = world.rhyme(&["export", "bars", "all.parquet"]).ok();
    assert_eq!(field(&out, "rows written"), "800");
    let one = |file: &str, args: &[&str]| {
        world
            .rhyme(&[&["export", "bars", file, "AAAUSDT:1h"], args].concat())
            .ok()
    };
    one("a.csv", &[]);
    one("a.parquet", &[]);
    one(
        "a.jsonl",
        &["--from", "2021-01-02", "--to", "2021-01-02T02:00"],
    );
    let bars = world
        .rhyme(&["bars", "AAAUSDT", "--last", "0", "--format", "csv"])
        .ok();
    let csv = fs::read_to_string(world.path("a.csv")).unwrap();
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("market,venue,symbol,interval,open_time,open,high,low,close,volume")
    );
    for (exported, printed) in lines.zip(bars.lines().skip(1)) {
        assert_eq!(exported, format!("crypto,binance,AAAUSDT,1h,{printed}"));
    }
    assert_eq!(json_lines(&world, "a.jsonl").len(), 3);
    // What was written can be ingested, and is the same.
    for file in ["a.csv", "a.parquet"] {
        let db = format!("{file}.rhyme");
        let ingest = [
            "ingest",
            "bars",
            file,
            "--db",
            &db,
            "--market",
            "crypto",
            "--venue",
            "binance",
            "--symbol",
            "AAAUSDT",
            "--interval",
            "1h",
        ];
        world.rhyme(&ingest).ok();
        let again = [
            "bars", "AAAUSDT", "--last", "0", "--format", "csv", "--db", &db,
        ];
        assert_eq!(world.rhyme(&again).ok(), bars, "{file}");
    }
}

/// Headlines, the last of which became known late, in a space of charts and headlines.
fn with_news() -> World {
    let world = World::with_market();
    world.file(
        "news.csv",
        "time,text,symbols,source\n2021-01-03T10:00:00Z,\"Prices, as a whole, fall\",AAAUSDT;ACME,wire\n\
         2021-01-04,A quiet day,ACME,\n2021-01-09T10:00:00Z,Prices rise,AAAUSDT,wire\n",
    );
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    world.file("words.safetensors", clip().bytes());
    let embed = ["embed", "--space", "clip", "--encoder", "words.safetensors"];
    world.rhyme(&embed).ok();
    world
}

#[test]
fn headline_vectors_go_into_files_of_three_kinds() {
    let world = with_news();
    let export = |file: &str, more: &[&str]| {
        let out = world
            .rhyme(&[&["export", "headline-vectors", file], more].concat())
            .ok();
        field(&out, "rows written")
    };
    assert_eq!(export("v.jsonl", &[]), "3");
    let rows = json_lines(&world, "v.jsonl");
    let texts: Vec<&str> = rows.iter().map(|r| r["text"].as_str().unwrap()).collect();
    let expected = ["Prices, as a whole, fall", "A quiet day", "Prices rise"];
    assert_eq!(texts, expected, "by when they were known");
    for row in &rows {
        let vector: Vec<f64> = serde_json::from_value(row["vector"].clone()).unwrap();
        assert_eq!(vector.len(), 8);
        let length: f64 = vector.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-4, "{length}");
    }
    assert_eq!(rows[0]["symbols"].as_array().unwrap().len(), 2);

    assert_eq!(export("v.csv", &["AAAUSDT", "--space", "clip"]), "2");
    let csv = fs::read_to_string(world.path("v.csv")).unwrap();
    assert!(csv.starts_with("published,precision,source,symbols,text,vector0,vector1,"));
    assert_eq!(csv.lines().count(), 3);
    // Parquet is read back as headlines, which are then known already.
    assert_eq!(export("v.parquet", &[]), "3");
    let again = world.rhyme(&["ingest", "headlines", "v.parquet"]).ok();
    assert_eq!(field(&again, "headlines unchanged"), "3");

    assert_eq!(export("none.csv", &["--to", "2000-01-01"]), "0");
    let empty = fs::read_to_string(world.path("none.csv")).unwrap();
    assert_eq!(empty.lines().count(), 1);
    let vectors =
        |file, more: &[&str]| world.rhyme(&[&["export", "headline-vectors", file], more].concat());
    vectors("x.csv", &["--space", "shape"]).fails(1, "whose encoder shape/1 reads no text");
    vectors("x.csv", &["--space", "nope"]).fails(3, "no space nope");
    let plain = World::with_market();
    let none = plain.rhyme(&["export", "headline-vectors", "x.csv"]);
    none.fails(3, "rhyme embed --space clip --encoder clip");
    assert!(!plain.path("x.csv").exists());
}

#[test]
fn what_came_later_is_in_no_export() {
    let world = with_news();
    let at = ["--as-of", "2021-01-08"];
    let export = |kind: &str, file: &str| {
        world
            .rhyme(&[&["export", kind, file][..], &at].concat())
            .ok();
        fs::read(world.path(file)).unwrap()
    };
    let kinds = ["bars", "headlines", "vectors", "headline-vectors"];
    let before: Vec<_> = kinds.map(|k| export(k, &format!("{k}.jsonl"))).into();
    for bytes in &before {
        assert!(!bytes.is_empty());
    }
    for after in ["AAAUSDT:1h", "BBBUSDT:1h", "ACME:1d"] {
        world
            .rhyme(&["delete", after, "--from", "2021-01-08", "--yes"])
            .ok();
    }
    world
        .rhyme(&["delete", "--headlines", "--from", "2021-01-08", "--yes"])
        .ok();
    let after: Vec<_> = kinds.map(|k| export(k, &format!("{k}-2.jsonl"))).into();
    assert_eq!(before, after);
}

#[test]
fn vectors_can_be_imported_and_answer_alike() {
    let world = World::with_market();
    let out = world.rhyme(&["export", "vectors", "v.parquet"]).ok();
    assert_eq!(field(&out, "rows written"), "611");
    let import = [
        "import",
        "vectors",
        "v.parquet",
        "--space",
        "twin",
        "--window",
        "64",
    ];
    assert_eq!(field(&world.rhyme(&import).ok(), "vectors stored"), "611");
    let hits = |space: &str| {
        let ask = [
            "similar", "AAAUSDT", "-k", "5", "--exact", "--format", "json", "--space", space,
        ];
        let answer = world.rhyme(&ask).json();
        let hits = answer["hits"].as_array().unwrap().clone();
        let part = |h: &Value| {
            (
                h["symbol"].clone(),
                h["end"].clone(),
                h["score"].as_f64().unwrap(),
            )
        };
        hits.iter().map(part).collect::<Vec<_>>()
    };
    for (a, b) in hits("shape").iter().zip(hits("twin")) {
        assert_eq!((&a.0, &a.1), (&b.0, &b.1));
        assert!((a.2 - b.2).abs() < 1e-4, "{a:?} {b:?}");
    }
    world
        .rhyme(&["export", "vectors", "v.jsonl", "ACME", "--to", "2021-03-10"])
        .ok();
    let rows = json_lines(&world, "v.jsonl");
    assert_eq!(
        rows.len(),
        5,
        "windows of 64 daily bars that closed by then"
    );
    for row in rows {
        let vector: Vec<f64> = serde_json::from_value(row["vector"].clone()).unwrap();
        assert_eq!(vector.len(), 48);
        let length: f64 = vector.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-4);
    }
    world
        .rhyme(&[
            "export",
            "vectors",
            "none.csv",
            "ACME",
            "--to",
            "2000-01-01",
        ])
        .ok();
    let empty = fs::read_to_string(world.path("none.csv")).unwrap();
    assert!(
        empty.starts_with("market,venue,symbol,interval,end,vector0,vector1,"),
        "{empty}"
    );
    assert_eq!(empty.lines().count(), 1);
    let wrong = ["export", "vectors", "x.csv", "--space", "nope"];
    world.rhyme(&wrong).fails(3, "no space nope");
}

#[test]
fn answers_keep_their_types() {
    let world = World::with_market();
    let export = [
        "export",
        "answer",
        "hits.csv",
        "similar",
        "AAAUSDT:1h",
        "-k",
        "3",
    ];
    assert_eq!(field(&world.rhyme(&export).ok(), "rows written"), "3");
    let direct = ["similar", "AAAUSDT:1h", "-k", "3", "--format", "csv"];
    let csv = fs::read_to_string(world.path("hits.csv")).unwrap();
    assert_eq!(csv, world.rhyme(&direct).ok());
    let lines =
        "similar AAAUSDT:1h -k 3\nexport answer last.jsonl\nlast > last.csv\nlast > last.parquet\n";
    typed(&world, &[], lines).ok();
    assert_eq!(json_lines(&world, "last.jsonl").len(), 3);
    assert_eq!(fs::read_to_string(world.path("last.csv")).unwrap(), csv);
    let meta = world.path("last.parquet").metadata().unwrap();
    assert!(meta.len() > 100);
}

#[test]
fn what_cannot_be_written_is_said() {
    let world = World::with_market();
    let fails = |args: &[&str], code, message: &str| {
        world
            .rhyme(&[&["export"], args].concat())
            .fails(code, message);
    };
    fails(
        &["bars", "x.xlsx"],
        1,
        "expected a file that ends in .parquet, .csv or .jsonl",
    );
    fails(&["bars", "x.csv", "NOPE"], 3, "no series NOPE");
    fails(
        &["bars", "x.csv", "AAAUSDT@2021-01-01"],
        1,
        "with a time; use `from` and `until`",
    );
    fails(&["answer", "x.csv"], 1, "there is no answer with rows");
    fails(
        &["answer", "x.csv", "stats"],
        1,
        "there is no answer with rows",
    );
    fails(&["answer", "x.csv", "similar", "NOPE"], 3, "no series NOPE");
    fails(&["answer", "x.csv", "sing"], 2, "expected a command");
    world.rhyme(&["export", "bars", "x.csv", "ACME"]).ok();
    fails(
        &["bars", "x.csv", "ACME"],
        1,
        "is there already; say --replace",
    );
    world
        .rhyme(&["export", "bars", "x.csv", "ACME", "--replace"])
        .ok();
    assert_eq!(world.names(""), ["in", "market.rhyme", "x.csv"]);
}
