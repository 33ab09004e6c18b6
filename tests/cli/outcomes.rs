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
    assert_eq!(hits.len(), 3);
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
    assert_eq!(summary["base_windows"], 2 * 237 + 137);
    assert!(summary["p_value"].as_f64().unwrap() > 0.0);
    assert_eq!(answer, json_without_time(&world, &args, &answer));

    let csv = world
        .rhyme(&[&["similar", "--format", "csv"], &args[..]].concat())
        .ok();
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some(
            "rank,score,market,venue,symbol,interval,start,end,move_percent,move_sd,horizon,outcome,closed,change,best,worst,volatility"
        )
    );
    assert_eq!(lines.count(), 6);

    let table = world.rhyme(&[&["similar"], &args[..]].concat()).ok();
    for part in [
        "\nafterwards\n",
        "\nin summary\n",
        "the hits",
        "a sample of all 611 windows",
    ] {
        assert!(table.contains(part), "{part} is not in {table}");
    }
}

/// The same question again, with the first answer's time.
fn json_without_time(world: &World, args: &[&str], first: &Value) -> Value {
    let mut again = json(world, args);
    again["took_us"] = first["took_us"].clone();
    again
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
    similar(&["AAAUSDT", "--outcome", "0"]).fails(1, "expected a horizon in bars from 1 to 10000");
    similar(&["AAAUSDT", "--seed", "4"]).fails(2, "--outcome");
}
