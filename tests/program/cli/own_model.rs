//! A cross-modal model of somebody else's: vectors of charts and of headlines from files, and questions with
//! vectors.

use rhymedb::Timestamp;
use serde_json::Value;

use crate::world::{HOUR, START, World, field, time};

/// An array of f32 as NumPy writes it; `shape` is the text of it.
fn npy(shape: &str, values: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(format!("{header:<117}\n").bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

fn on_circle(angle: f32) -> [f32; 2] {
    [angle.cos(), angle.sin()]
}

const HEADLINES: i64 = 20;

/// Headline number `i` of [`with_model`] is published in the middle of hour `64 + 4 i`.
fn published(i: i64) -> i64 {
    START + (64 + 4 * i) * HOUR + HOUR / 2
}

/// A market with a headline every fourth hour, and the files of a model: the vector of the chart of AAAUSDT
/// that ends with hour h is at the angle (h - 60) / 100, that of BBBUSDT opposite of it, and that of a headline
/// where the chart of the next hour is.
fn with_model() -> World {
    let world = World::with_market();
    let news: String = (0..HEADLINES)
        .map(|i| {
            let symbol = if i % 4 == 3 { "BBBUSDT" } else { "AAAUSDT" };
            format!("{},wire,number {i},{symbol}\n", time(published(i)))
        })
        .collect();
    world.file("news.csv", format!("published,source,text,symbols\n{news}"));
    let headlines: Vec<f32> = (0..HEADLINES)
        .flat_map(|i| on_circle((4 * i + 5) as f32 / 100.0).map(|x| 7.0 * x))
        .collect();
    world.file("news.npy", npy("(20, 2)", &headlines));
    let mut charts = Vec::new();
    let mut meta = "market,venue,symbol,interval,end\n".to_owned();
    for (symbol, sign) in [("AAAUSDT", 1.0), ("BBBUSDT", -1.0)] {
        for hour in 60..160_i64 {
            charts.extend(on_circle((hour - 60) as f32 / 100.0).map(|x| sign * x));
            let end = time(START + hour * HOUR);
            meta += &format!("crypto,binance,{symbol},1h,{end}\n");
        }
    }
    world.file("charts.npy", npy("(200, 2)", &charts));
    world.file("charts.csv", meta);
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    let import = [
        "import",
        "vectors",
        "charts.npy",
        "--space",
        "mine",
        "--meta",
        "charts.csv",
        "--window",
        "8",
    ];
    let out = world.rhyme(&import).ok();
    assert_eq!(field(&out, "vectors stored"), "200");
    world
}

const IMPORT: [&str; 7] = [
    "import",
    "headline-vectors",
    "news.npy",
    "--space",
    "mine",
    "--meta",
    "news.csv",
];

fn texts(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["text"].as_str().unwrap()).collect()
}

#[test]
fn from_a_chart_to_the_headlines_of_a_model_of_ones_own() {
    let world = with_model();
    let target = format!("AAAUSDT:1h@{}", time(START + 100 * HOUR));
    let news = |more: &[&str]| {
        let ask = ["news", &target, "--space", "mine", "--format", "json"];
        world.rhyme(&[&ask[..], more].concat())
    };
    news(&[]).fails(1, "rhyme import headline-vectors FILE --space mine");
    let out = world.rhyme(&IMPORT).ok();
    assert_eq!(field(&out, "vectors stored"), "20");
    assert_eq!(field(&world.rhyme(&IMPORT).ok(), "vectors replaced"), "20");

    // Hour 100 is at the angle of headline 8.75, which no one has: 9 is next, and not known yet.
    let answer = news(&["--any-symbol", "--any-time", "-k", "3"]).json();
    assert_eq!(
        texts(&answer["headlines"]),
        ["number 9", "number 8", "number 10"]
    );
    assert_eq!(answer["searched"]["headlines"], 20);
    let answer = news(&["-k", "2"]).json();
    assert_eq!(
        texts(&answer["headlines"]),
        ["number 8", "number 6"],
        "of AAAUSDT, known"
    );
    // A view of the past ends before them.
    let early = time(published(3) - 1);
    let answer = news(&["--any-symbol", "--as-of", &early, "-k", "9"]).json();
    assert_eq!(
        texts(&answer["headlines"]),
        ["number 2", "number 1", "number 0"]
    );

    let table = world.rhyme(&["context", &target, "--space", "mine", "--format", "json"]);
    assert!(!table.json()["headlines"].as_array().unwrap().is_empty());
    let spaces = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    assert_eq!(spaces[1]["headline_rows"], 20);
    world.rhyme(&["verify"]).ok();
    world.rhyme(&["compact"]).ok();
    world.rhyme(&["backup", "copy"]).ok();
    world.rhyme(&["repair"]).ok();
    let again = news(&["-k", "2"]).json();
    assert_eq!(texts(&again["headlines"]), ["number 8", "number 6"]);
    let of_copy = news(&["-k", "2", "--db", "copy"]).json();
    assert_eq!(of_copy["headlines"], again["headlines"]);
}

#[test]
fn headlines_without_a_vector_are_told() {
    let world = with_model();
    let lines = std::fs::read_to_string(world.path("news.csv")).unwrap();
    let first: Vec<&str> = lines.lines().take(5).collect();
    world.file("first.csv", first.join("\n") + "\n");
    world.file("first.npy", npy("(4, 2)", &[1.0; 8]));
    let import = |more: &[&str]| {
        let ask = [
            "import",
            "headline-vectors",
            "first.npy",
            "--space",
            "mine",
            "--meta",
        ];
        world.rhyme(&[&ask[..], more].concat())
    };
    let run = import(&["first.csv"]);
    assert!(
        run.err
            .contains("16 stored headlines have no vector in the space mine"),
        "{}",
        run.err
    );
    assert_eq!(field(&run.ok(), "headlines without a vector"), "16");
    let late = Timestamp::from_millis(published(30));
    world.file(
        "late.csv",
        format!("published,source,text\n{late},wire,late news\n"),
    );
    let run = world.rhyme(&["ingest", "headlines", "late.csv"]);
    assert!(
        run.err.contains("17 stored headlines have no vector"),
        "{}",
        run.err
    );
    assert!(
        run.err
            .contains("rhyme import headline-vectors FILE --space mine"),
        "{}",
        run.err
    );
    run.ok();

    let strange = lines.replace("number 2", "nobody said this");
    let strange: Vec<&str> = strange.lines().take(5).collect();
    world.file("strange.csv", strange.join("\n") + "\n");
    let refused = import(&["strange.csv"]).fails(1, "1 of 4 whose headline is not stored");
    assert!(refused.err.contains("vector 3 ("), "{}", refused.err);
    let run = import(&["strange.csv", "--on-error", "skip"]);
    assert!(
        run.err
            .contains("left out 1 vector of headlines that are not stored"),
        "{}",
        run.err
    );
    assert_eq!(field(&run.ok(), "vectors replaced"), "3");
}

#[test]
fn what_is_exported_is_imported_elsewhere_with_the_same_answers() {
    let world = with_model();
    world.rhyme(&IMPORT).ok();
    let target = format!("AAAUSDT:1h@{}", time(START + 130 * HOUR));
    let ask = |more: &[&str]| {
        let ask = [
            "news",
            &target,
            "--space",
            "mine",
            "--any-symbol",
            "--format",
            "json",
        ];
        let mut answer = world.rhyme(&[&ask[..], more].concat()).json();
        answer["headlines"].take()
    };
    let expected = ask(&[]);
    assert_eq!(expected.as_array().unwrap().len(), 10);
    world.rhyme(&["export", "headlines", "all.csv"]).ok();
    world
        .rhyme(&["export", "vectors", "charts.parquet", "--space", "mine"])
        .ok();
    for kind in ["parquet", "csv", "jsonl"] {
        let (vectors, db) = (format!("v.{kind}"), format!("{kind}.rhyme"));
        world
            .rhyme(&["export", "headline-vectors", &vectors, "--space", "mine"])
            .ok();
        let other = |words: &[&str]| world.rhyme(&[words, &["--db", &db]].concat()).ok();
        other(&["ingest", "bars", "in", "--spaces", "shape"]);
        other(&["ingest", "headlines", "all.csv"]);
        let of_space = ["--space", "mine", "--window", "8"];
        other(&[&["import", "headline-vectors", &vectors], &of_space[..]].concat());
        other(&[&["import", "vectors", "charts.parquet"], &of_space[..]].concat());
        assert_eq!(ask(&["--db", &db]), expected, "{kind}");
        other(&["verify"]);
    }
}

/// The ends of charts that were found, in hours since the start, with their symbols.
fn charts(rows: &Value) -> Vec<(String, i64)> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| {
        let end: Timestamp = row["end"].as_str().unwrap().parse().unwrap();
        let symbol = row["symbol"].as_str().unwrap().to_owned();
        (symbol, (end.millis() - START) / HOUR)
    })
    .collect()
}

#[test]
fn a_vector_is_asked_from_a_file_and_as_json() {
    let world = with_model();
    world.rhyme(&IMPORT).ok();
    // Near hour 85 of AAAUSDT, and headline 5.
    let asked = on_circle(0.252).map(|x| 3.0 * x);
    world.file("one.npy", npy("(2,)", &asked));
    world.file("row.NPY", npy("(1, 2)", &asked));
    world.file("one.json", format!("[{}, {}]", asked[0], asked[1]));
    let json = ["--space", "mine", "-k", "3", "--exact", "--format", "json"];
    let rhyme = |words: &[&str]| world.rhyme(&[words, &json].concat()).json();

    let similar = rhyme(&["similar", "one.npy"]);
    let aaa = |hours: [i64; 3]| hours.map(|hour| ("AAAUSDT".to_owned(), hour)).to_vec();
    assert_eq!(charts(&similar["hits"])[0], ("AAAUSDT".to_owned(), 85));
    assert!(similar["hits"][0]["score"].as_f64().unwrap() > 0.9999);
    assert_eq!(similar["query"]["target"], "one.npy");
    assert!(
        similar["query"].get("start").is_none(),
        "a vector has no window: {similar}"
    );
    // Hits keep a quarter of the 8 bars of a window apart from each other, and from nothing else.
    assert_eq!(charts(&similar["hits"]), aaa([85, 87, 83]));
    assert_eq!(rhyme(&["similar", "row.NPY"])["hits"], similar["hits"]);
    let every_hour = rhyme(&["similar", "one.npy", "--exclusion", "0"]);
    assert_eq!(charts(&every_hour["hits"]), aaa([85, 86, 84]));

    let search = |file: &str| rhyme(&["search", "--vector", file]);
    let found = search("one.json");
    assert_eq!(found["charts"], similar["hits"]);
    assert_eq!(
        texts(&found["headlines"]),
        ["number 5", "number 6", "number 4"]
    );
    assert_eq!(found["query"]["text"], Value::Null);
    for key in ["charts", "headlines"] {
        assert_eq!(search("one.npy")[key], found[key]);
    }
    let mut early = vec!["search", "--vector", "one.npy", "--as-of"];
    let as_of = time(published(2) + HOUR);
    early.push(&as_of);
    let early = rhyme(&early);
    assert_eq!(
        texts(&early["headlines"]),
        ["number 2", "number 1", "number 0"]
    );
    assert_eq!(charts(&early["charts"]), aaa([73, 71, 69]));
    let table = world
        .rhyme(&["search", "--vector", "one.npy", "--space", "mine"])
        .ok();
    assert!(
        table.starts_with("by a vector in the space mine\n"),
        "{table}"
    );

    let typed = |question: &str| {
        let question = question.replace("V", &format!("[{}, {}]", asked[0], asked[1]));
        let mut answer = world.rhyme(&["ask", &question]).json();
        answer.as_object_mut().unwrap().remove("took_us");
        answer
    };
    let answer =
        typed(r#"{"question": "search", "vector": V, "space": "mine", "k": 3, "exact": true}"#);
    assert_eq!(
        (&answer["charts"], &answer["headlines"]),
        (&found["charts"], &found["headlines"])
    );
    let subject = r#"{"question": "similar", "target": {"vector": V}, "space": "mine", "k": 3, "exact": true}"#;
    assert_eq!(typed(subject)["hits"], similar["hits"]);
    let news = typed(r#"{"question": "news", "target": {"vector": V}, "space": "mine", "k": 3}"#);
    let rows = without_words(found["headlines"].clone());
    assert_eq!(news["headlines"], rows);
    assert_eq!(rhyme_news(&world, "one.npy"), rows);
}

/// Headlines that a search found by a vector, which has no words.
fn without_words(mut rows: Value) -> Value {
    for row in rows.as_array_mut().unwrap() {
        assert_eq!(
            row.as_object_mut().unwrap().remove("words"),
            Some(Value::Null)
        );
    }
    rows
}

fn rhyme_news(world: &World, target: &str) -> Value {
    let ask = [
        "news", target, "--space", "mine", "-k", "3", "--format", "json",
    ];
    world.rhyme(&ask).json()["headlines"].take()
}

#[test]
fn wrong_vectors_and_wrong_spaces_are_explained() {
    let world = with_model();
    world.file("one.npy", npy("(2,)", &[1.0, 2.0]));
    world.file("three.npy", npy("(3,)", &[1.0, 2.0, 3.0]));
    world.file("two.npy", npy("(2, 2)", &[1.0; 4]));
    world.file("zero.npy", npy("(2,)", &[0.0; 2]));
    world.file("nan.json", "[1, NaN]");
    let search = |file: &str| world.rhyme(&["search", "--vector", file, "--space", "mine"]);
    search("one.npy").fails(1, "rhyme import headline-vectors FILE --space mine");
    world.rhyme(&IMPORT).ok();
    search("one.npy").ok();
    search("three.npy").fails(
        1,
        "expected a vector of 2 numbers for the space mine, found 3",
    );
    search("two.npy").fails(1, "expected one vector, found 2");
    search("zero.npy").fails(1, "no direction");
    search("nan.json").fails(1, "found something else as number 2");
    search("absent.npy").fails(1, "cannot open absent.npy");
    let similar = |file: &str, more: &[&str]| world.rhyme(&[&["similar", file], more].concat());
    similar("absent.npy", &[]).fails(3, "no file of a vector absent.npy");
    similar("one.npy", &[]).fails(1, "the space mine has such vectors");
    similar("two.npy", &["--space", "mine"]).fails(1, "expected one vector, found 2");
    similar("one.npy", &["--space", "mine", "--outcome", "6h"]).ok();
    world
        .rhyme(&["search", "shares plunge", "--space", "mine"])
        .fails(1, "rhyme search --vector FILE --space mine");
    search("[0.1, 0.2]").fails(1, "expected a file after --vector, found numbers");
    world
        .rhyme(&["search", "shares plunge", "--vector", "one.npy"])
        .fails(2, "cannot be used with");
    world.rhyme(&["search"]).fails(2, "required");
    for (question, message) in [
        (r#"{"question": "search", "k": 3}"#, "found neither"),
        (
            r#"{"question": "search", "text": "x", "vector": [1]}"#,
            "found both",
        ),
    ] {
        world.rhyme(&["ask", question]).fails(1, message);
    }
}
