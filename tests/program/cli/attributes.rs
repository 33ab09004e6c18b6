//! Attributes of symbols: stored from a file, listed, filtered by, exported, kept in a backup, forgotten.

use super::world::{HOUR, START, World, csv, field};

fn market() -> World {
    let world = World::new();
    for (i, symbol) in ["AAA", "BBB", "CCC"].into_iter().enumerate() {
        let price = |n: usize| 100.0 + ((n * (7 + i)) % 23) as f64 + ((n * n) % (11 + i)) as f64;
        let prices: Vec<f64> = (0..300).map(price).collect();
        world.file(
            &format!("in/crypto/bybit/{symbol}_1h.csv"),
            csv(START, HOUR, &prices),
        );
    }
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    world.file(
        "companies.csv",
        "Ticker,Name,GICS Sector,P/E\nAAA,\"Alpha, Inc.\",Energy,12\nBBB,Beta,Energy,\nCCC,Gamma,Banks,9\nDDD,Delta,Banks,\n",
    );
    world
}

#[test]
fn attributes_of_a_file_filter_and_come_back() {
    let world = market();
    let report = world.rhyme(&["attribute", "import", "companies.csv"]);
    assert!(
        report
            .err
            .contains("of 1 of these symbols no bars are stored"),
        "{}",
        report.err
    );
    let report = report.ok();
    assert_eq!(field(&report, "attributes added"), "10");
    let found = |options: &[&str]| {
        let args = [
            &["similar", "AAA:1h", "-k", "20", "--format", "json"][..],
            options,
        ]
        .concat();
        let answer = world.rhyme(&args).json();
        let hits = answer["hits"].as_array().unwrap().iter();
        let mut symbols: Vec<String> = hits
            .map(|h| h["symbol"].as_str().unwrap().to_owned())
            .collect();
        symbols.sort();
        symbols.dedup();
        symbols
    };
    assert_eq!(found(&["--where", "gics_sector=energy"]), ["AAA", "BBB"]);
    assert_eq!(found(&["--where", "GICS Sector=Banks"]), ["CCC"]);
    assert_eq!(
        found(&["--where", "gics_sector=Banks,Energy", "--where", "p_e=12"]),
        ["AAA"]
    );
    world
        .rhyme(&["similar", "AAA:1h", "--where", "sector=Energy"])
        .fails(
            3,
            "no attribute \"sector\"; there are: \"gics_sector\", \"name\", \"p_e\"",
        );
    world
        .rhyme(&["similar", "AAA:1h", "--where", "Energy"])
        .fails(
            2,
            "expected an attribute and its value, like sector=Energy, found Energy",
        );
    // What is exported comes in again, and a backup has it.
    world.rhyme(&["export", "attributes", "out.csv"]).ok();
    let again = world.rhyme(&["attribute", "import", "out.csv"]).ok();
    assert_eq!(field(&again, "attributes unchanged"), "10");
    world.rhyme(&["backup", "copy"]).ok();
    world.rhyme(&["attribute", "remove", "p_e", "--yes"]).ok();
    let left = world
        .rhyme(&["attributes", "AAA", "--format", "json"])
        .rows("attributes");
    assert_eq!(left.as_array().unwrap().len(), 2);
    world.rhyme(&["restore", "copy", "again.rhyme"]).ok();
    let all = world
        .rhyme(&["attributes", "--db", "again.rhyme", "--format", "json"])
        .rows("attributes");
    assert_eq!(all.as_array().unwrap().len(), 10);
    assert_eq!(all[1]["value"], "Alpha, Inc.");
    world.rhyme(&["verify"]).ok();
}

#[test]
fn a_map_is_coloured_by_an_attribute() {
    let world = market();
    world.rhyme(&["attribute", "import", "companies.csv"]).ok();
    let drawn = ["--plot", "map.svg", "--format", "json"];
    let map = |what: &str| world.rhyme(&[&["map", "--color", what][..], &drawn].concat());
    let points = map("GICS Sector").json();
    for point in points["points"].as_array().unwrap() {
        let sector = if point["symbol"] == "CCC" {
            "Banks"
        } else {
            "Energy"
        };
        assert_eq!(point["group"], sector);
    }
    let picture = std::fs::read_to_string(world.path("map.svg")).unwrap();
    assert!(picture.contains("Energy") && picture.contains("Banks"));
    // BBB and CCC have no such figure, and are not left out.
    assert!(map("p_e").json()["points"][0].get("x").is_some());
    let picture = std::fs::read_to_string(world.path("map.svg")).unwrap();
    assert!(picture.contains("no p_e"), "{picture}");
    map("colour").fails(
        3,
        "no attribute \"colour\"; there are: \"gics_sector\", \"name\", \"p_e\"",
    );
    assert!(map("market").json()["points"][0].get("group").is_none());
}

#[test]
fn wrong_files_of_attributes_store_nothing() {
    let world = market();
    for (text, why) in [
        ("name,sector\nA,B\n", "expected a column symbol or ticker"),
        ("symbol\nA\n", "expected a column for each attribute"),
        ("symbol,a b,A_B\nX,1,2\n", "found a_b in two"),
        (
            "symbol,sector\nAAA,Energy\n,Banks\n",
            "line 3: expected a symbol in every row",
        ),
        (
            "symbol,sector,known\nAAA,Energy,05/06/21\n",
            "may be 2021-05-06 or 2021-06-05",
        ),
        (
            "symbol,sector\nAAA,Energy\nAAA,Banks\n",
            "expected one value of sector of AAA",
        ),
    ] {
        world.file("bad.csv", text);
        world
            .rhyme(&["attribute", "import", "bad.csv"])
            .fails(1, why);
    }
    assert!(
        world
            .rhyme(&["attributes"])
            .ok()
            .contains("no such attribute is stored")
    );
    world
        .rhyme(&["attribute", "remove", "sector", "--yes"])
        .fails(3, "`rhyme attributes` lists those that are stored");
}
