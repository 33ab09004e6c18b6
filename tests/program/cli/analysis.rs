use serde_json::Value;

use crate::world::{HOUR, START, World, closes, csv, time};

/// Enough history to say what is unusual.
fn world() -> World {
    let world = World::new();
    world.file(
        "in/crypto/x/AAAUSDT-1h.csv",
        csv(START, HOUR, &closes(900, 1)),
    );
    world.file(
        "in/crypto/x/BBBUSDT-1h.csv",
        csv(START, HOUR, &closes(900, 2)),
    );
    world.file("in/equity/x/ACME-1h.csv", csv(START, HOUR, &closes(700, 3)));
    world.rhyme(&["ingest", "bars", "in"]).ok();
    world
}

fn json(world: &World, args: &[&str]) -> Value {
    world.rhyme(&[args, &["--format", "json"]].concat()).json()
}

fn header(world: &World, args: &[&str]) -> (String, usize) {
    let text = world.rhyme(&[args, &["--format", "csv"]].concat()).ok();
    let (first, rest) = text.split_once('\n').unwrap();
    (first.to_owned(), rest.lines().count())
}

#[test]
fn an_anomaly_comes_as_table_json_and_csv() {
    let world = world();
    let end = time(START + 800 * HOUR);
    let target = format!("AAAUSDT@{end}");
    let args = ["anomaly", target.as_str(), "-k", "3"];
    let answer = json(&world, &args);
    assert_eq!(answer["window"]["end"], end);
    let measures = answer["measures"].as_array().unwrap();
    let names: Vec<&str> = measures
        .iter()
        .map(|m| m["measure"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["size", "distance", "mahalanobis", "largest-z"]);
    for m in measures {
        let p = m["p_value"].as_f64().unwrap();
        assert!(p > 0.0 && p <= 1.0 && m["value"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(answer["nearest"].as_array().unwrap().len(), 3);
    assert_eq!(
        header(&world, &args),
        ("measure,value,percentile,p_value".to_owned(), 4)
    );
    let table = world.rhyme(&args).ok();
    for part in [
        end.as_str(),
        "mahalanobis",
        "the largest z-score is",
        "nearest",
        "in deviations of the year before: return ",
        " earlier windows of AAAUSDT 1h and ",
        " of crypto 1h, half each; the others among ",
    ] {
        assert!(table.contains(part), "{part} is not in {table}");
    }
    let size = &answer["size"];
    for number in ["move_percent", "window", "last_bar", "volatility", "gap"] {
        assert!(size[number].is_number(), "{number} in {size}");
    }
    assert!(size["own_windows"].as_u64().unwrap() > 400);
    assert!(answer["nearest"][0]["move_percent"].is_number());
    let as_of = ["anomaly", "AAAUSDT", "-k", "3", "--as-of", &end, "--exact"];
    assert_eq!(json(&world, &as_of)["window"]["end"], end);
    assert_eq!(json(&world, &as_of)["as_of"], end);
    let among = json(
        &world,
        &["anomaly", "AAAUSDT", "-k", "3", "--among", "equity"],
    );
    assert!(
        among["nearest"]
            .as_array()
            .unwrap()
            .iter()
            .all(|n| n["market"] == "equity")
    );
}

#[test]
fn a_scan_comes_as_table_json_and_csv() {
    let world = world();
    let from = time(START + 600 * HOUR);
    let args = [
        "anomaly",
        "--scan",
        "AAAUSDT",
        "--from",
        &from,
        "--neighbours",
        "3",
        "--level",
        "0.2",
    ];
    let answer = json(&world, &args);
    assert_eq!(answer["scanned"], 301);
    let episodes = answer["episodes"].as_array().unwrap();
    assert!(!episodes.is_empty());
    for episode in episodes {
        assert_eq!(episode["symbol"], "AAAUSDT");
        assert!(episode["size_p"].as_f64().unwrap() <= 0.2);
        assert!(episode["move_percent"].is_number() && episode["move_sd"].is_number());
    }
    let (first, rows) = header(&world, &args);
    assert_eq!(
        first,
        "rank,market,venue,symbol,interval,start,end,move_percent,move_sd,windows,size,size_p,distance,distance_p,mahalanobis,mahalanobis_p,largest_z,largest_z_p"
    );
    assert_eq!(rows, episodes.len());
    let table = world.rhyme(&args).ok();
    assert!(table.starts_with("301 windows scanned in "), "{table}");
    assert!(table.contains("where chance alone gives 60;"), "{table}");
    assert_eq!(answer["by_chance"], 60.2);
    let by_distance = json(&world, &[&args[..], &["--by", "distance"]].concat());
    for episode in by_distance["episodes"].as_array().unwrap() {
        assert!(episode["distance_p"].as_f64().unwrap() <= 0.2);
    }
    let market = [
        "anomaly",
        "--scan",
        "equity",
        "--by",
        "largest-z",
        "--level",
        "0.5",
    ];
    let listed = |count: &[&str]| {
        let answer = json(&world, &[&market[..], count].concat());
        answer["episodes"].as_array().unwrap().len()
    };
    assert!(listed(&[]) > 1);
    assert_eq!(listed(&["-k", "1"]), 1);
    // Its name in earlier versions.
    assert_eq!(listed(&["--limit", "1"]), 1);
}

#[test]
fn a_transfer_comes_as_table_json_and_csv() {
    let world = world();
    let both = json(
        &world,
        &[
            "transfer",
            "AAAUSDT",
            "--to",
            "equity,BBBUSDT",
            "--quota",
            "2",
        ],
    );
    assert_eq!(both["hits"].as_array().unwrap().len(), 4);
    let args = [
        "transfer", "AAAUSDT", "--to", "equity", "-k", "4", "--quota", "2",
    ];
    let answer = json(&world, &args);
    let hits = answer["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 2);
    assert!(
        hits.iter()
            .all(|h| h["symbol"] == "ACME" && h["raw"].is_number())
    );
    let (first, rows) = header(&world, &args);
    assert_eq!(
        first,
        "rank,score,similarity,raw,market,venue,symbol,interval,start,end,move_percent,move_sd"
    );
    assert_eq!(rows, 2);
    let table = world.rhyme(&args).ok();
    assert!(table.contains("windows elsewhere searched by"), "{table}");
    // Two of four, since ACME is alone there: said in words and in JSON.
    assert!(table.contains("2 of 4: quota"), "{table}");
    assert_eq!(answer["fewer"], "2 of 4: quota");
    assert_eq!(
        (&answer["query"]["k"], &both["fewer"]),
        (&4.into(), &"4 of 10: quota".into())
    );
    let all = json(
        &world,
        &["transfer", "AAAUSDT", "--to", "equity", "-k", "2"],
    );
    assert_eq!(all["fewer"], serde_json::Value::Null);
    assert!(all["searched"]["compared"].as_u64() <= all["searched"]["windows"].as_u64());
    // Which score is which.
    assert!(
        table.contains("corrected score") && table.contains("raw score"),
        "{table}"
    );
    let as_of = time(START + 500 * HOUR);
    let then = [
        "transfer", "AAAUSDT", "--to", "equity", "--as-of", &as_of, "--exact",
    ];
    let then = json(&world, &then);
    assert_eq!(then["query"]["window"]["end"], as_of);
    for hit in then["hits"].as_array().unwrap() {
        assert!(hit["end"].as_str().unwrap() <= as_of.as_str());
    }
}

#[test]
fn a_matrix_comes_as_table_json_and_csv() {
    let world = world();
    let answer = json(
        &world,
        &["transfer-matrix", "--by", "symbol", "--sample", "60"],
    );
    assert_eq!(answer["pairs"].as_array().unwrap().len(), 3);
    assert_eq!(answer["groups"][0]["name"], "crypto/AAAUSDT");
    assert_eq!(answer["groups"][0]["n"], 60);
    let (first, rows) = header(&world, &["transfer-matrix"]);
    assert_eq!(
        (first.as_str(), rows),
        ("a,b,mutual,mutual_null,similarity,similarity_null,n", 1)
    );
    let table = world
        .rhyme(&["transfer-matrix", "--as-of", &time(START + 400 * HOUR)])
        .ok();
    assert!(
        table.starts_with("crypto and equity: ") && table.contains("of each were compared."),
        "a matrix of two is a sentence: {table}"
    );
    let three = world
        .rhyme(&["transfer-matrix", "--by", "symbol", "--exact"])
        .ok();
    assert!(three.contains("of one kind"), "{three}");
    assert!(three.lines().count() > 3, "a table: {three}");
    let one = world
        .rhyme(&["transfer-matrix", "--market", "crypto", "--exact"])
        .ok();
    assert_eq!(one, "fewer than two to compare\n");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let world = world();
    let fails = |args: &[&str], code, message: &str| {
        world.rhyme(args).fails(code, message);
    };
    fails(&["anomaly"], 2, "required");
    fails(
        &["anomaly", "AAAUSDT", "--scan", "crypto"],
        2,
        "cannot be used with",
    );
    fails(
        &["anomaly", "AAAUSDT", "--level", "0.1"],
        1,
        "expected --level together with --scan",
    );
    fails(&["anomaly", "ZZZ"], 3, "no series ZZZ");
    fails(
        &["anomaly", "--scan", "moon"],
        3,
        "no market or symbol moon",
    );
    fails(
        &["anomaly", "AAAUSDT", "--among", "moon"],
        3,
        "no market or symbol moon",
    );
    fails(
        &["anomaly", "--scan", "crypto", "--by", "eye"],
        2,
        "expected the measure size, distance",
    );
    fails(
        &["anomaly", "--scan", "crypto", "--level", "0"],
        1,
        "expected a level from",
    );
    fails(
        &["anomaly", "AAAUSDT", "-k", "0"],
        1,
        "expected k from 1 to 1000",
    );
    let early = time(START + 70 * HOUR);
    fails(
        &["anomaly", "AAAUSDT", "--as-of", &early],
        1,
        "of history before",
    );
}

#[test]
fn what_cannot_be_transferred_is_refused() {
    let world = world();
    let fails = |args: &[&str], code, message: &str| {
        world.rhyme(args).fails(code, message);
    };
    fails(&["transfer", "AAAUSDT"], 2, "--to");
    fails(
        &["transfer", "AAAUSDT", "--to", "moon"],
        3,
        "no market or symbol moon",
    );
    fails(
        &["transfer", "AAAUSDT", "--to", "equity", "--quota", "0"],
        1,
        "expected a quota from 1",
    );
    fails(
        &["transfer-matrix", "--by", "moon"],
        3,
        "no attribute \"moon\"; no attributes of symbols are stored",
    );
    fails(
        &["transfer-matrix", "--sample", "0"],
        1,
        "expected a sample from 1",
    );
    for command in ["anomaly", "transfer", "transfer-matrix"] {
        let help = world.rhyme(&[command, "--help"]).ok();
        assert!(help.contains("Example"), "{help}");
    }
}
