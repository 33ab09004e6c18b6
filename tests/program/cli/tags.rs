//! Tags of windows: stored, listed, exported, asked with, and voted by.

use super::world::{HOUR, START, World, csv, time};

/// Hourly bars in which every 100 hours 70 rise or fall steadily, in turn, between noise.
fn market() -> World {
    let mut prices = Vec::new();
    let mut price: f64 = 100.0;
    let mut state = 5_u64;
    for i in 0..1200_usize {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let noise = (state >> 40) as f64 / (1_u64 << 24) as f64 - 0.5;
        let drift = match (i % 100, (i / 100) % 2) {
            (0..30, _) => 0.0,
            (_, 0) => 0.01,
            _ => -0.01,
        };
        price *= 1.0 + drift + 0.004 * noise;
        prices.push((price * 1e4).round() / 1e4);
    }
    let world = World::new();
    world.file("in/crypto/bybit/BTCUSDT_1h.csv", csv(START, HOUR, &prices));
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    world
}

/// The end of the 64 steady bars of a stretch.
fn steady(stretch: i64) -> String {
    time(START + (stretch * 100 + 98) * HOUR)
}

/// Tags of all stretches but the last two, by a file.
fn tagged() -> World {
    let world = market();
    let mut rows = "Symbol,Entry time,Tag,Profit,Known at\n".to_owned();
    for stretch in 0..10 {
        let name = ["rise", "fall"][stretch as usize % 2];
        let known = if stretch == 9 {
            time(START + 1100 * HOUR)
        } else {
            String::new()
        };
        rows += &format!("btcusdt,{},{name},{}.5,{known}\n", steady(stretch), stretch);
    }
    world.file("trades.csv", rows);
    let import = ["tag", "import", "trades.csv", "--interval", "1h"];
    let report = world.rhyme(&import).ok();
    assert_eq!(super::world::field(&report, "tags added"), "10");
    let again = world.rhyme(&import).ok();
    assert_eq!(super::world::field(&again, "tags unchanged"), "10");
    world
}

#[test]
fn tags_are_stored_listed_exported_and_removed() {
    let world = tagged();
    let tags = world
        .rhyme(&["tags", "rise", "--format", "json"])
        .rows("tags");
    let tags = tags.as_array().unwrap();
    assert_eq!(tags.len(), 5);
    assert_eq!(tags[1]["end"], steady(2));
    assert_eq!(tags[1]["value"], 2.5);
    // Known from its own time on, and not before.
    let count = |as_of: &str| {
        let tags = world
            .rhyme(&["tags", "--as-of", as_of, "--format", "json"])
            .rows("tags");
        tags.as_array().unwrap().len()
    };
    assert_eq!(count(&steady(4)), 5);
    assert_eq!(count(&time(START + 1099 * HOUR)), 9);
    assert_eq!(count(&time(START + 1100 * HOUR)), 10);
    // What is exported comes in again.
    world.rhyme(&["export", "tags", "tags.csv"]).ok();
    world.rhyme(&["backup", "copy"]).ok();
    let again = world.rhyme(&["tag", "import", "tags.csv"]).ok();
    assert_eq!(super::world::field(&again, "tags unchanged"), "10");
    world.rhyme(&["tag", "remove", "fall", "--yes"]).ok();
    assert_eq!(count("2022-01-01"), 5);
    let one = format!("BTCUSDT:1h@{}", steady(2));
    world.rhyme(&["tag", "remove", "rise", &one, "--yes"]).ok();
    assert_eq!(count("2022-01-01"), 4);
    // The copy has all of them.
    world.rhyme(&["restore", "copy", "again.rhyme"]).ok();
    let restored = world
        .rhyme(&["tags", "--db", "again.rhyme", "--format", "json"])
        .rows("tags");
    assert_eq!(restored.as_array().unwrap().len(), 10);
    world.rhyme(&["verify"]).ok();
}

#[test]
fn wrong_tags_are_refused_with_what_is_wrong() {
    let world = market();
    let add = |window: &str, name: &str, more: &[&str], why: &str| {
        let args = [&["tag", "add", window, name][..], more].concat();
        world.rhyme(&args).fails(1, why);
    };
    let window = format!("BTCUSDT:1h@{}", steady(1));
    add("BTCUSDT:1h", "x", &[], "expected a window with its time");
    add(
        "BTCUSDT:1h@2022-01-01",
        "x",
        &[],
        "the last before it closed at",
    );
    add("BTCUSDT:1h@2019-01-01", "x", &[], "found none before it");
    add(&window, "two words", &[], "expected a tag's name");
    add(
        &window,
        "x",
        &["--known", "2021-01-02"],
        "known after its window has closed",
    );
    world.file(
        "bad.csv",
        "symbol,time,tag,value\nBTCUSDT,2021-01-03,x,1\nBTCUSDT,05/06/21,x,2\n",
    );
    world.rhyme(&["tag", "import", "bad.csv"]).fails(
        1,
        "bad.csv, line 3: \"05/06/21\" may be 2021-05-06 or 2021-06-05",
    );
    world.file("bad.csv", "symbol,when,tag\nBTCUSDT,2021-01-03,x\n");
    world
        .rhyme(&["tag", "import", "bad.csv"])
        .fails(1, "found no time in \"symbol\", \"when\", \"tag\"");
    world
        .rhyme(&["tag", "remove", "x", "--yes"])
        .fails(3, "no tag x");
    assert!(world.rhyme(&["tags"]).ok().contains("no tag is stored yet"));
    let named = world.rhyme(&["tags", "nosuch"]).ok();
    assert!(named.contains("no tag nosuch is stored"), "{named}");
}

#[test]
fn a_tag_asks_with_its_windows_and_tags_vote() {
    let world = tagged();
    let asked = |as_of: &str| {
        let args = [
            "similar", "tag:rise", "-k", "3", "--as-of", as_of, "--format", "json",
        ];
        world.rhyme(&args)
    };
    // No answer lies on a window that the question is made of; the best is a rise that has no tag.
    let best = asked("2022-01-01").json();
    let end = best["hits"][0]["end"].as_str().unwrap().to_owned();
    let rise: i64 = end.parse::<rhymedb::Timestamp>().unwrap().millis() - START;
    // Its middle lies in the eleventh stretch.
    assert_eq!((rise / HOUR - 32) / 100, 10, "{end}");
    asked(&time(START + 97 * HOUR)).fails(3, "no tag rise");
    world
        .rhyme(&["similar", "tag:nothing"])
        .fails(3, "no tag nothing");

    // As a filter it lets through its windows alone, once they are known.
    let filtered = |as_of: &str| {
        let target = format!("BTCUSDT:1h@{}", steady(11));
        let args = [
            "similar", &target, "--tag", "fall", "-k", "9", "--as-of", as_of,
        ];
        let answer = world
            .rhyme(&[&args[..], &["--format", "json"]].concat())
            .json();
        answer["hits"].as_array().unwrap().len()
    };
    assert_eq!(filtered("2022-01-01"), 5);
    assert_eq!(filtered(&time(START + 1099 * HOUR)), 4);

    let vote = |target: &str, more: &[&str]| {
        let args = ["classify", target, "--by-tags", "--neighbours", "3"];
        world.rhyme(&[&args[..], more].concat())
    };
    for (stretch, name) in [(10, "rise"), (11, "fall")] {
        let target = format!("BTCUSDT:1h@{}", steady(stretch));
        let answer = vote(&target, &["--format", "json"]).json();
        assert_eq!(answer["chosen"], name);
        assert_eq!(answer["votes"][0]["share"], 1.0);
        assert_eq!(answer["neighbours"].as_array().unwrap().len(), 3);
        // Steady stretches tell themselves apart; half of them rise.
        let accuracy = &answer["accuracy"];
        assert_eq!(
            (
                &accuracy["asked"],
                &accuracy["right"],
                &accuracy["majority"]
            ),
            (&10.into(), &10.into(), &5.into())
        );
        // Ten groups that do not overlap: Wilson's interval of 10 of 10.
        let low = accuracy["interval"][0].as_f64().unwrap();
        assert!(
            (low - 0.722).abs() < 0.001 && accuracy["groups"] == 10,
            "{accuracy}"
        );
    }
    // A tagged window has no vote about itself.
    let own = format!("BTCUSDT:1h@{}", steady(4));
    let answer = vote(&own, &["--format", "json"]).json();
    assert_eq!(answer["candidates"], 9);
    let table = vote(&own, &[]).ok();
    assert!(
        table.contains("rise, by 3 of the 3 nearest among 9 tagged windows")
            && table.contains("of 10 tagged windows, each asked without those that overlap it")
            && table.contains("is right for 100 % (95 % interval 72 to 100 %")
            && table.contains("the most frequent tag is right for 50 %")
            && table.contains("1 tagged windows overlap the question"),
        "{table}"
    );
    // The windows that a question is made of have no vote about it.
    let made_of = vote("tag:rise", &["--format", "json"]).json();
    assert_eq!(
        (&made_of["candidates"], &made_of["overlapping"]),
        (&5.into(), &5.into())
    );
    vote(&own, &["--as-of", &time(START + 97 * HOUR)]).fails(3, "tag more windows");
}

#[test]
fn what_a_tag_says_of_itself_and_of_its_series_is_told() {
    let world = market();
    let window = format!("btcusdt:1h@{}", steady(1));
    let add = ["tag", "add", &window, "trade", "--value", "3.5"];
    let added = world.rhyme(&[&add[..], &["--format", "json"]].concat());
    assert!(
        added
            .err
            .contains("btcusdt:1h is taken for crypto/bybit/BTCUSDT:1h")
            && added
                .err
                .contains("1 tags have a number and no time from which it is known"),
        "{}",
        added.err
    );
    assert_eq!(added.json()["values_known_at_end"], 1);
    let listed = world.rhyme(&["tags", "--format", "json"]).rows("tags");
    assert_eq!(listed[0]["value_known_at_end"], true);
    let later = time(START + 250 * HOUR);
    let known = world.rhyme(&[&add[..], &["--known", &later]].concat());
    assert!(!known.err.contains("have a number"), "{}", known.err);
    let listed = world.rhyme(&["tags", "--format", "json"]).rows("tags");
    assert_eq!(listed[0]["value_known_at_end"], false);
    let removed = world.rhyme(&["tag", "remove", "trade", &window, "--yes"]);
    assert!(removed.err.contains("is taken for"), "{}", removed.err);
    removed.ok();
}
