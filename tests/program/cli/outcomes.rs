use serde_json::Value;

use crate::world::{HOUR, START, World, time};

fn json(world: &World, args: &[&str]) -> Value {
    let all = [&["similar", "--format", "json"], args].concat();
    world.rhyme(&all).json()
}

#[test]
fn outcomes_come_as_table_json_and_csv() {
    let world = World::with_market();
    let args = ["AAAUSDT:1h", "-k", "3", "--outcome", "5,20"];
    let answer = json(&world, &args);
    let hits = answer["hits"].as_array().unwrap();
    assert!((1..=5).contains(&hits.len()), "{answer}");
    for hit in hits {
        let outcomes = hit["outcomes"].as_array().unwrap();
        assert_eq!(outcomes.len(), 2);
        assert_eq!(outcomes[0]["horizon"], 5);
        let state = outcomes[0]["outcome"].as_str().unwrap();
        assert!(["closed", "open"].contains(&state));
        assert_eq!(outcomes[0]["change"].is_number(), state == "closed");
    }
    let summary = &answer["outcomes"][1];
    assert_eq!(summary["horizon"], 20);
    assert!(summary["base"]["n"].as_u64().unwrap() > 300);
    // The daily series is another time frame.
    assert_eq!(summary["base_windows"], 2 * 237);
    // Three hits are too few.
    assert_eq!(summary["p_value"], Value::Null);
    let why = summary["no_p_value"].as_str().unwrap();
    assert!(
        why.contains("do not overlap in time, and a p needs 5"),
        "{why}"
    );
    assert_eq!(answer, json_without_time(&world, &args, &answer));

    let csv = world
        .rhyme(&[&["similar", "--format", "csv"], &args[..]].concat())
        .ok();
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some(
            "rank,score,market,venue,symbol,interval,start,end,move_percent,move_sd,left_out,horizon,outcome,closed,change,best,worst,volatility"
        )
    );
    assert_eq!(lines.count(), 2 * hits.len());

    let table = world.rhyme(&[&["similar"], &args[..]].concat()).ok();
    for part in [
        "\nafterwards\n",
        "\nin summary\n",
        "the hits",
        "a sample of all 474 windows of 1h",
        "entries at least 16 bars apart\neach is the first window of its run",
        "no p within 5 bars: ",
        "no p within 20 bars: ",
    ] {
        assert!(table.contains(part), "{part} is not in {table}");
    }
}

/// What looks at what came after takes entries, and the list alone says that it has none.
#[test]
fn what_came_after_is_shown_of_entries_alone() {
    let world = World::with_market();
    let ends = |answer: &Value| -> Vec<String> {
        let hits = answer["hits"].as_array().unwrap().iter();
        hits.map(|hit| hit["end"].as_str().unwrap().to_owned())
            .collect()
    };
    let target = ["AAAUSDT:1h", "-k", "8"];
    let ask = |more: &[&str]| json(&world, &[&target, more].concat());
    let (list, entries) = (ask(&[]), ask(&["--entries"]));
    assert_eq!(list["query"]["entries"], false);
    assert_eq!(entries["query"]["entries"], true);
    assert_ne!(ends(&list), ends(&entries));
    assert_eq!(ends(&ask(&["--outcome", "5"])), ends(&entries));
    assert_eq!(ends(&ask(&["--chart"])), ends(&entries));
    assert_eq!(
        ends(&ask(&["--outcome", "5", "--plot", "a.svg"])),
        ends(&entries)
    );

    let table = |more: &[&str]| {
        world
            .rhyme(&[&["similar"], &target[..], more].concat())
            .ok()
    };
    let list = table(&[]);
    assert!(
        list.contains("known only later; --entries lists the first of each run"),
        "{list}"
    );
    // What came after is behind a line, and only the question has one.
    assert_eq!(list.matches(['┊', '│', '|']).count(), 0, "{list}");
    assert!(table(&["--entries"]).matches(['┊', '│', '|']).count() > 2);
    let help = world.rhyme(&["similar", "--help"]).ok();
    assert!(help.contains("They take\nentries instead"), "{help}");
}

/// Enough hits have a p, which no seed moves.
#[test]
fn a_p_is_told_with_its_unit() {
    let world = World::with_market();
    let args = [
        "AAAUSDT:1h",
        "-k",
        "60",
        "--exclusion",
        "4",
        "--outcome",
        "1",
    ];
    let p = |seed: &str| {
        let answer = json(&world, &[&args[..], &["--seed", seed]].concat());
        answer["outcomes"][0]["p_value"].as_f64().unwrap()
    };
    assert!((0.0..=1.0).contains(&p("0")) && p("0") == p("7"));
    let table = world.rhyme(&[&["similar"], &args[..]].concat()).ok();
    assert!(
        table.contains("p compares with the mean of each series"),
        "{table}"
    );
}

/// The same question again, with the first answer's time.
fn json_without_time(world: &World, args: &[&str], first: &Value) -> Value {
    let mut again = json(world, args);
    again["took_us"] = first["took_us"].clone();
    again
}

/// Times as well as bars; what is left out of the summary is marked and said.
#[test]
fn times_and_what_is_left_out() {
    let world = World::with_market();
    let args = ["AAAUSDT:1h", "-k", "30", "--outcome", "1d,5"];
    let answer = json(&world, &args);
    let horizons: Vec<&Value> = answer["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| &o["horizon"])
        .collect();
    assert_eq!(horizons, [&Value::from("1d"), &Value::from(5)]);
    assert_eq!(answer["summary_interval"], "1h");
    let hits = answer["hits"].as_array().unwrap();
    let marked = |why: &str| hits.iter().filter(|h| h["left_out"] == why).count();
    let counted = hits.iter().filter(|h| h["left_out"].is_null()).count();
    assert_eq!(
        marked("same moment") + marked("other interval") + counted,
        hits.len()
    );
    assert!(marked("same moment") > 0, "{answer}");
    let table = world.rhyme(&[&["similar"], &args[..]].concat()).ok();
    for part in [
        "same moment",
        "which overlap the target in time; --same-moment counts them",
        "within",
        "5 bars",
        "mean best excursion",
        "median",
    ] {
        assert!(table.contains(part), "{part} is not in {table}");
    }
    let all = [
        &["similar"],
        &args[..],
        &["--same-moment", "--other-intervals"],
    ]
    .concat();
    let all = world.rhyme(&all).ok();
    assert!(!all.contains("left out"), "{all}");
    let wrong = |value: &str| world.rhyme(&["similar", "AAAUSDT:1h", "--outcome", value]);
    wrong("1M").fails(2, "a time like 90m, 24h or 5d");
    wrong("soon").fails(2, "a time like 90m, 24h or 5d");
}

#[test]
fn as_of_hides_what_had_not_closed() {
    let world = World::with_market();
    let as_of = time(START + 200 * HOUR);
    let args = [
        "AAAUSDT:1h",
        "--outcome",
        "10",
        "--as-of",
        &as_of,
        "--exact",
    ];
    let answer = json(&world, &args);
    for hit in answer["hits"].as_array().unwrap() {
        let outcome = &hit["outcomes"][0];
        assert!(hit["end"].as_str().unwrap() <= as_of.as_str());
        match outcome["outcome"].as_str().unwrap() {
            "closed" => assert!(outcome["closed"].as_str().unwrap() <= as_of.as_str()),
            state => assert_eq!((state, &outcome["change"]), ("open", &Value::Null)),
        }
    }
}

#[test]
fn drawn_paths_and_refined_searches() {
    let world = World::with_market();
    let by_text = json(&world, &["--pattern", "1,3,2,5,4", "-k", "2"]);
    assert_eq!(by_text["query"]["target"], "1,3,2,5,4");
    world.file("path.txt", "1\n3, 2\n\n5;4\n");
    let by_file = json(&world, &["--pattern", "path.txt", "-k", "2"]);
    assert_eq!(by_text["hits"], by_file["hits"]);
    let refined = json(&world, &["AAAUSDT:1h", "-k", "2", "--refine", "corr"]);
    assert!(refined["hits"][0]["refined"].as_f64().unwrap() > 0.999);
    let table = world
        .rhyme(&["similar", "AAAUSDT:1h", "--refine", "dtw"])
        .ok();
    assert!(table.contains("refined"), "{table}");

    let similar = |args: &[&str]| world.rhyme(&[&["similar"], args].concat());
    similar(&["--pattern", "1,x,2"]).fails(
        1,
        "found \"x\", which is neither a number nor the name of a file",
    );
    similar(&["--pattern", "1,2"]).fails(1, "expected a path of at least 4 prices, found 2");
    world.file("bad.txt", "1\n2\nthree\n");
    similar(&["--pattern", "bad.txt"]).fails(1, "bad.txt, line 3: expected prices like");
    similar(&["AAAUSDT", "--pattern", "1,2,3,4"]).fails(2, "cannot be used with");
    similar(&[]).fails(2, "required");
    similar(&["AAAUSDT", "--refine", "soft"]).fails(2, "expected to refine by corr or dtw");
    similar(&["AAAUSDT", "--outcome", "0"]).fails(1, "expected a horizon of 1 to 10000 bars");
    similar(&["AAAUSDT", "--seed", "4"]).fails(2, "--outcome");
}

#[test]
fn dates_of_a_file_count_from_the_first_close_after_them() {
    let world = World::with_market();
    world.file(
        "events.csv",
        "symbol,date\nAAAUSDT,2021-01-04T10:20\nAAAUSDT,2021-01-04 10:40\nAAAUSDT,2021-01-05\nAAAUSDT,2031-01-05\n",
    );
    let args = [
        "outcomes",
        "events.csv",
        "--interval",
        "1h",
        "--horizon",
        "4h",
    ];
    let answer = world
        .rhyme(&[&args[..], &["--format", "json"]].concat())
        .json();
    let starts: Vec<&Value> = answer["moments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["start"])
        .collect();
    // A day alone counts from its end.
    assert_eq!(starts, ["2021-01-04T11:00:00Z", "2021-01-06T00:00:00Z"]);
    let left = answer["left_out"].as_array().unwrap();
    assert_eq!(left[0]["moment"], "2021-01-04T10:40:00Z");
    assert_eq!(
        left[0]["why"],
        "it starts at the same close as one before it"
    );
    assert_eq!(left[1]["why"], "no bar had closed after it");
    assert_eq!(answer["horizons"][0]["hits"]["n"], 2, "{answer}");
    let output = world.command(&args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("1 of 4 moments left out, as it starts at the same close")
            && said.contains("AAAUSDT:1h@2031-01-06T00:00:00Z"),
        "{said}"
    );
}

#[test]
fn outcomes_can_be_net_of_another_symbol() {
    let world = World::with_market();
    let stored = world.rhyme(&["series", "--format", "json"]).rows("series");
    let hourly = stored
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["interval"] == "1h");
    let symbols: Vec<&str> = hourly.map(|s| s["symbol"].as_str().unwrap()).collect();
    assert_eq!(symbols.len(), 2, "{symbols:?}");
    let ask = |more: &[&str]| {
        json(
            &world,
            &[&["AAAUSDT:1h", "-k", "6", "--outcome", "5"], more].concat(),
        )
    };
    let (plain, net) = (ask(&[]), ask(&["--net-of", symbols[1]]));
    assert_eq!(net["net_of"], symbols[1]);
    assert_eq!(plain["net_of"], Value::Null);
    let mut seen = [false; 2];
    for (before, after) in plain["hits"]
        .as_array()
        .unwrap()
        .iter()
        .zip(net["hits"].as_array().unwrap())
    {
        let (before, after) = (&before["outcomes"][0], &after["outcomes"][0]);
        if before["outcome"] != "closed" {
            continue;
        }
        // The benchmark itself has nothing net of it.
        let known = after["outcome"] == "closed";
        assert!(!known || before["change"] != after["change"]);
        seen[usize::from(known)] = true;
    }
    assert!(seen[1], "{net}");
    let table = world
        .rhyme(&[
            "similar",
            "AAAUSDT:1h",
            "-k",
            "6",
            "--outcome",
            "5",
            "--net-of",
            symbols[1],
        ])
        .ok();
    assert!(
        table.contains(&format!("net of {}: the return of every bar", symbols[1])),
        "{table}"
    );
    // Two series are no market, which is said by what is missing.
    assert_eq!(
        ask(&["--net-of", "market"])["outcomes"][0]["hits"],
        Value::Null
    );
    world
        .rhyme(&["similar", "AAAUSDT:1h", "--outcome", "5", "--net-of", "SPY"])
        .fails(3, "no benchmark SPY in bars of 1h");
}
