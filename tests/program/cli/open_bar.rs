//! Questions with a bar that has not closed yet.

use super::world::{HOUR, START, World, time};

/// The hour after the last of AAAUSDT, which is not over.
fn open_file(world: &World, at: i64) {
    let row = format!("{},90.0,99.5,88.0,91.25,7\n", time(START + at * HOUR));
    let text = format!("time,open,high,low,close,volume\n{row}");
    world.file("open.csv", text);
}

#[test]
fn an_open_bar_asks_and_is_not_stored() {
    let world = World::with_market();
    open_file(&world, 300);
    let ask = |more: &[&str]| {
        let args = ["similar", "AAAUSDT:1h", "--with-open", "open.csv"];
        world.rhyme(&[&args[..], more].concat())
    };
    let table = ask(&["-k", "3"]).ok();
    assert!(
        table.starts_with(&format!(
            "crypto/binance/AAAUSDT:1h from {}; the last bar is open: it opened {} at 90 and stands at 91.25",
            time(START + 237 * HOUR),
            time(START + 300 * HOUR)
        )),
        "{table}"
    );
    let json = ask(&["-k", "300", "--exclusion", "16", "--format", "json"]).json();
    assert_eq!(json["query"]["open_bar"]["close"], 91.25);
    assert_eq!(json["query"]["end"], time(START + 301 * HOUR));
    // Nothing near the window itself is an answer, and no window ends with the open bar.
    for hit in json["hits"].as_array().unwrap() {
        let end = hit["end"].as_str().unwrap();
        let near = hit["symbol"] == "AAAUSDT" && end > time(START + 285 * HOUR).as_str();
        assert!(!near, "{hit}");
    }
    // The open bar has a say: without it the answer is another.
    let without = world
        .rhyme(&["similar", "AAAUSDT:1h", "--format", "json"])
        .json();
    assert_ne!(without["hits"][0]["score"], json["hits"][0]["score"]);
    assert!(without["query"]["open_bar"].is_null());
    let bars = world.rhyme(&["bars", "AAAUSDT:1h", "--last", "1"]).ok();
    assert!(bars.contains(&time(START + 299 * HOUR)), "{bars}");
    ask(&["--outcome", "3", "-k", "5"]).ok();
    assert!(ask(&["--chart", "-k", "1"]).ok().contains("last bar open"));
    ask(&["--plot", "open.svg", "-k", "2"]).ok();
    let svg = std::fs::read_to_string(world.path("open.svg")).unwrap();
    assert!(svg.contains("last bar open"), "the picture says so");
}

#[test]
fn an_open_bar_must_be_the_next_one() {
    let world = World::with_market();
    let refused = |at: i64, why: &str| {
        open_file(&world, at);
        let args = ["similar", "AAAUSDT:1h", "--with-open", "open.csv"];
        world.rhyme(&args).fails(1, why);
    };
    refused(299, "that one is stored already");
    refused(301, "the bars between are not stored; bring them in first");
    open_file(&world, 300);
    let args = [
        "similar",
        "AAAUSDT:1h",
        "--with-open",
        "open.csv",
        "--as-of",
    ];
    let as_of = time(START + 290 * HOUR);
    world
        .rhyme(&[&args[..], &[as_of.as_str()]].concat())
        .fails(1, "which is later");
    world
        .rhyme(&["similar", "AAAUSDT:1h", "--with-open", "bybit"])
        .fails(1, "give the open bar in a file: --with-open FILE");
}

#[test]
fn an_open_day_of_a_session_follows_and_a_later_one_does_not() {
    let world = World::with_market();
    // The last day of ACME that is stored is a Monday.
    let ask = |days: i64| {
        let row = format!(
            "{},90.0,99.5,88.0,91.25,7\n",
            time(START + days * 24 * HOUR)
        );
        world.file(
            "open.csv",
            format!("time,open,high,low,close,volume\n{row}"),
        );
        let args = [
            "similar",
            "ACME:1d",
            "--with-open",
            "open.csv",
            "--format",
            "json",
        ];
        world.rhyme(&args)
    };
    assert_eq!(ask(200).json()["query"]["weekdays_before_open"], 0);
    let holiday = ask(202);
    let note = "2 weekdays before the open bar have no bar";
    assert!(holiday.err.contains(note), "{}", holiday.err);
    assert_eq!(holiday.json()["query"]["weekdays_before_open"], 2);
    ask(203).fails(1, "the bars between are not stored; bring them in first");
    ask(230).fails(1, "or when the next session begins");
}
