use serde_json::Value;

use crate::world::{DAY, HOUR, Run, START, World, closes, csv, planted, time};

fn rows(run: Run) -> Vec<Vec<String>> {
    let text = run.ok();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("rank,score,market,venue,symbol,interval,start,end,move_percent,move_sd")
    );
    lines
        .map(|l| l.split(',').map(str::to_owned).collect())
        .collect()
}

fn hits(world: &World, args: &[&str]) -> Vec<Vec<String>> {
    rows(world.rhyme(&[&["similar", "--format", "csv"], args].concat()))
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn json_has_its_keys_in_their_order() {
    let world = World::with_market();
    let answer = world
        .rhyme(&["similar", "AAAUSDT:1h", "-k", "2", "--format", "json"])
        .json();
    let expected = [
        "query",
        "trained_until",
        "hits",
        "searched",
        "took_us",
        "ranked_by",
        "large_moves",
        "narrowed_to",
        "notes",
    ];
    assert_eq!(keys(&answer), expected);
    assert_eq!(keys(&answer["searched"]), ["windows", "plan"]);
    assert_eq!(answer["searched"]["windows"], 2 * 237 + 137);
    let hits = answer["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 2);
    for hit in hits {
        let expected = [
            "rank",
            "score",
            "market",
            "venue",
            "symbol",
            "interval",
            "start",
            "end",
            "move_percent",
            "move_sd",
        ];
        assert_eq!(keys(hit), expected);
    }
    assert_eq!(hits[0]["rank"], 1);
    assert_eq!(hits[0]["symbol"], "BBBUSDT");
    assert_eq!(hits[0]["end"], planted());
    assert!(hits[0]["score"].as_f64().unwrap() > 0.999);
    let query = &answer["query"];
    assert_eq!(query["target"], "AAAUSDT:1h");
    assert_eq!(query["space"], "shape");
    assert_eq!(query["symbol"], "AAAUSDT");
    assert_eq!(query["end"], time(START + 300 * HOUR));
}

#[test]
fn tables_name_the_query_and_the_count() {
    let world = World::with_market();
    let out = world.rhyme(&["similar", "AAAUSDT:1h", "-k", "1"]).ok();
    let query = format!(
        "crypto/binance/AAAUSDT:1h from {} to {}",
        time(START + 236 * HOUR),
        time(START + 300 * HOUR)
    );
    assert!(out.starts_with(&query), "{out}");
    assert!(
        out.contains(", 1 distinct episode at least 16 bars apart\n"),
        "{out}"
    );
    assert!(out.contains("\n rank  score   market  venue"), "{out}");
    assert!(out.contains(&planted()), "{out}");
    let nothing = world
        .rhyme(&["similar", "AAAUSDT:1h", "--from", "2030-01-01"])
        .ok();
    assert!(nothing.ends_with("\nnothing found\n"), "{nothing}");
}

#[test]
fn every_filter_holds() {
    let world = World::with_market();
    let all = hits(&world, &["AAAUSDT", "-k", "100"]);
    assert!(all.len() > 20);
    for (option, value, column) in [
        ("--market", "equity", 2),
        ("--venue", "nyse", 3),
        ("--symbol", "BBBUSDT", 4),
        ("--interval", "1d", 5),
    ] {
        let some = hits(&world, &["AAAUSDT", "-k", "100", option, value]);
        assert!(!some.is_empty() && some.len() < all.len(), "{option}");
        assert!(
            some.iter().all(|row| row[column] == value),
            "{option}: {some:?}"
        );
    }
    let both = hits(
        &world,
        &["AAAUSDT", "-k", "100", "--symbol", "BBBUSDT,ACME"],
    );
    let symbols: Vec<&str> = both.iter().map(|row| row[4].as_str()).collect();
    assert!(
        symbols.contains(&"ACME") && symbols.contains(&"BBBUSDT") && !symbols.contains(&"AAAUSDT")
    );
    let (from, to) = (time(START + 100 * HOUR), time(START + 200 * HOUR));
    let within = hits(
        &world,
        &["AAAUSDT", "-k", "100", "--from", &from, "--to", &to],
    );
    assert!(!within.is_empty());
    assert!(
        within.iter().all(|row| (&from..=&to).contains(&&row[7])),
        "{within:?}"
    );
}

#[test]
fn exact_search_agrees_and_exclusion_thins_out() {
    let world = World::with_market();
    let found = hits(&world, &["AAAUSDT", "-k", "5", "--ef", "400"]);
    assert_eq!(found, hits(&world, &["AAAUSDT", "-k", "5", "--exact"]));
    assert_eq!(found.len(), 5);
    let apart = hits(&world, &["AAAUSDT", "-k", "100", "--exclusion", "4000"]);
    let symbols: Vec<&str> = apart.iter().map(|row| row[4].as_str()).collect();
    assert_eq!(
        symbols,
        ["BBBUSDT", "ACME"],
        "one of each symbol, none near the query"
    );
    let itself = [
        "AAAUSDT",
        "-k",
        "1",
        "--symbol",
        "AAAUSDT",
        "--exclusion",
        "0",
    ];
    assert_eq!(hits(&world, &itself)[0][7], time(START + 300 * HOUR));
}

#[test]
fn targets_in_all_their_forms() {
    let world = World::with_market();
    let end = |target: &str| {
        let args = ["similar", target, "-k", "1", "--format", "json"];
        world.rhyme(&args).json()["query"]["end"]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    };
    let latest = time(START + 300 * HOUR);
    for target in [
        "AAAUSDT",
        "AAAUSDT:1h",
        "binance/AAAUSDT",
        "crypto/AAAUSDT:60m",
        "crypto/binance/AAAUSDT:1h",
    ] {
        assert_eq!(end(target), latest, "{target}");
    }
    assert_eq!(end("AAAUSDT:1h@2021-01-10T12:30"), "2021-01-10T12:00:00Z");
    assert_eq!(end("AAAUSDT:1h@2021-01-10"), "2021-01-10T00:00:00Z");
    assert_eq!(
        end("AAAUSDT:1h@2021-01-10T12:00+02:00"),
        "2021-01-10T10:00:00Z"
    );
    assert_eq!(end("ACME@2021-05-01"), "2021-05-01T00:00:00Z");
    assert_eq!(end("in/crypto/binance/AAAUSDT-1h.csv"), "none");
    // A file excludes nothing, so the window that it was read from is found again.
    let by_file = hits(&world, &["in/crypto/binance/AAAUSDT-1h.csv", "-k", "2"]);
    let mut ends: Vec<&String> = by_file.iter().map(|row| &row[7]).collect();
    ends.sort();
    assert_eq!(ends, [&planted(), &latest]);
}

#[test]
fn targets_that_name_nothing_or_too_much() {
    let world = World::with_market();
    let other = csv(START, HOUR, &closes(90, 7));
    world.file("more/crypto/kraken/AAAUSDT-1h.csv", other);
    world.rhyme(&["ingest", "bars", "more"]).ok();
    let similar = |target: &str| world.rhyme(&["similar", target]);
    similar("AAAUSDT:1h").fails(
        3,
        "use one of: crypto/binance/AAAUSDT:1h, crypto/kraken/AAAUSDT:1h",
    );
    similar("kraken/AAAUSDT").ok();
    similar("aausdt").fails(3, "near it are: crypto/binance/AAAUSDT:1h");
    similar("AAAUSDT:4h").fails(3, "near it are: ");
    similar("ZZZ").fails(3, "`rhyme series` lists those that are stored");
    similar("ACME@2020-01-01").fails(3, "no window of 64 bars");
    similar("ACME@yesterday").fails(1, "expected a date, found \"yesterday\"");
    similar("").fails(1, "expected a target like");
    similar("a/b/c/d/e").fails(1, "at most market/venue/symbol");
    similar("absent.csv").fails(3, "no candle file absent.csv");
    similar("./some/deep/path/chart").fails(3, "no candle file");
    world.file("short-1h.csv", csv(START, HOUR, &closes(20, 1)));
    similar("short-1h.csv").fails(1, "expected at least 64 bars for the space shape, found 20");
}

#[test]
fn options_out_of_range_say_the_range() {
    let world = World::with_market();
    let similar = |args: &[&str]| world.rhyme(&[&["similar", "AAAUSDT"], args].concat());
    similar(&["-k", "0"]).fails(1, "expected k from 1 to ");
    similar(&["-k", "many"]).fails(2, "invalid value 'many' for '-k");
    similar(&["--ef", "0"]).fails(1, "expected ef from 1 to ");
    similar(&["--from", "2022-01-01", "--to", "2021-01-01"])
        .fails(1, "expected a start before the end");
    similar(&["--space", "nope"]).fails(3, "no space nope; there are: shape");
    similar(&["--market", "moon"]).fails(3, "no market moon");
    similar(&["--interval", "7x"]).fails(2, "expected an interval like");
    similar(&["--format", "xml"]).fails(2, "possible values: table, json, csv");
}

#[test]
fn a_target_later_than_the_view_is_noticed() {
    let world = World::with_market();
    let ask = |as_of| {
        let args = ["similar", "AAAUSDT@2021-01-09", "-k", "1", "--as-of", as_of];
        let run = world.rhyme(&args);
        let noticed = run.err.contains("later than the view");
        (noticed, run.ok().contains("to 2021-01-08T00:00:00Z"))
    };
    assert_eq!(ask("2021-01-08"), (true, true));
    assert_eq!(ask("2021-01-09"), (false, false));
}

/// What came after `--as-of` can be anything: the answer is the same to the last digit.
#[test]
fn the_future_changes_nothing() {
    let (now, known) = (World::new(), 200);
    let other = World::new();
    for (seed, name) in [(1, "ONE"), (2, "TWO"), (3, "SIX")] {
        let path = format!("in/crypto/x/{name}-1h.csv");
        let mut prices = closes(300, seed);
        now.file(&path, csv(START, HOUR, &prices));
        for (i, price) in prices.iter_mut().enumerate().skip(known) {
            *price *= 1.0 + 0.3 * ((i * 7 % 11) as f64 / 11.0);
        }
        other.file(&path, csv(START, HOUR, &prices));
    }
    let as_of = time(START + known as i64 * HOUR);
    let ask = |world: &World| {
        world.rhyme(&["ingest", "bars", "in"]).ok();
        let then = hits(world, &["ONE", "--as-of", &as_of]);
        (then, hits(world, &["ONE"]))
    };
    let ((then, later), (other_then, other_later)) = (ask(&now), ask(&other));
    assert_eq!(then, other_then);
    assert_ne!(later, other_later);
    assert!(!then.is_empty() && then.iter().all(|row| row[7] <= as_of));
    let json = now
        .rhyme(&["similar", "ONE", "--as-of", &as_of, "--format", "json"])
        .json();
    assert_eq!(json["query"]["as_of"], as_of);
    assert_eq!(json["query"]["end"], as_of);
    let before = time(START - DAY);
    now.rhyme(&["similar", "ONE", "--as-of", &before])
        .fails(3, "no window of 64 bars");
}

#[test]
fn a_least_move_filters_every_answer_that_lists_windows() {
    let world = World::with_market();
    let moved = |args: &[&str]| -> Vec<(f64, Option<f64>)> {
        let answer = world.rhyme(&[args, &["--format", "json"]].concat()).json();
        let rows = ["hits", "points"]
            .iter()
            .find_map(|key| answer[key].as_array());
        let number = |row: &serde_json::Value, key: &str| row[key].as_f64();
        let row = |row| (number(row, "move_percent").unwrap(), number(row, "move_sd"));
        rows.unwrap().iter().map(row).collect()
    };
    let questions: [&[&str]; 3] = [
        &["similar", "AAAUSDT:1h", "-k", "5", "--exact"],
        &["similar", "AAAUSDT:1h", "-k", "5", "--refine", "corr"],
        &["map", "--sample", "2000"],
    ];
    for question in questions {
        let all = moved(question);
        let mut sizes: Vec<f64> = all.iter().map(|m| m.0.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        // Halfway between the least and the next: one answer at least has to go.
        let least = f64::midpoint(sizes[0], sizes[1]);
        let far = moved(&[question, &["--min-move", &format!("{least}%")]].concat());
        assert!(!far.is_empty(), "{question:?}");
        // JSON has four decimals.
        assert!(
            far.iter().all(|m| m.0.abs() >= least - 1e-4),
            "{least} {far:?}"
        );
        let far = moved(&[question, &["--min-move", "0.5sd"]].concat());
        assert!(far.iter().all(|m| m.1.unwrap().abs() >= 0.4999), "{far:?}");
    }
    let few = world.rhyme(&["similar", "AAAUSDT:1h", "--min-move", "900%"]);
    let note = "note: 0 of 10: of the nearest 30,000 windows no more moved by 900%";
    assert!(few.err.contains(note), "{}", few.err);
    assert_eq!(few.ok().lines().last(), Some("nothing found"));
    for bad in ["2", "-1sd", "0%", "big", "2 sigma"] {
        let option = format!("--min-move={bad}");
        let failed = world.rhyme(&["similar", "AAAUSDT:1h", &option]);
        failed.fails(2, "like 2sd or 5%, found");
    }
}
