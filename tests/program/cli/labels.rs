//! Labels that are judged by numbers, and words that are not to be believed.

use serde_json::Value;

use crate::words::market;

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().unwrap()
}

#[test]
fn patterns_and_regimes_are_judged_by_numbers() {
    let world = market();
    let json = |args: &[&str]| world.rhyme(&[args, &["--format", "json"]].concat()).json();
    let pattern = json(&["classify", "AAAUSDT", "--set", "patterns", "--abstain", "0"]);
    assert_eq!(pattern["query"]["judged_by"], "drawings");
    assert_eq!(pattern["query"]["space"], Value::Null);
    assert_eq!(pattern["warning"], Value::Null);
    assert_eq!(pattern["chosen"], pattern["labels"][0]["label"]);
    let total: f64 = list(&pattern, "labels")
        .iter()
        .map(|l| l["probability"].as_f64().unwrap())
        .sum();
    assert!((total + pattern["none"].as_f64().unwrap() - 1.0).abs() < 1e-4);
    let table = world.rhyme(&["classify", "AAAUSDT", "--set", "patterns", "--abstain", "1"]);
    let table = table.ok();
    assert!(
        table.contains("no pattern: a random path looks as much like one"),
        "{table}"
    );
    let regime = json(&["classify", "AAAUSDT"]);
    assert_eq!(regime["query"]["judged_by"], "rules");
    let total: f64 = list(&regime, "labels")
        .iter()
        .map(|l| l["probability"].as_f64().unwrap())
        .sum();
    assert!((total - 1.0).abs() < 1e-5);
    world
        .rhyme(&["classify", "AAAUSDT", "--space", "clip"])
        .fails(1, "expected a space only for labels in words");

    // A name, in any spelling; numbers and files are paths as before.
    let found = json(&["similar", "--pattern", "Double-Top", "-k", "2"]);
    assert_eq!(found["pattern"], "double top");
    assert_eq!(found["query"]["target"], "pattern double top");
    assert_eq!(list(&found, "bars").len(), list(&found, "hits").len());
    world
        .rhyme(&["similar", "--pattern", "wedge"])
        .fails(3, "there are: double bottom");
    world
        .rhyme(&["similar", "--pattern", "flag", "--outcome", "4"])
        .fails(1, "expected --outcome with a target or a drawn path");
    world.file("flag", "1\n3\n2\n5\n4\n");
    let file = json(&["similar", "--pattern", "flag", "-k", "2"]);
    assert_eq!(file["query"]["target"], "flag");
    assert_eq!(file["pattern"], Value::Null);

    let told = json(&["search", "a double top of a coin", "-k", "2"]);
    assert_eq!(told["pattern"], "double top");
    assert_eq!(told["charts"], found["hits"]);
    let table = world.rhyme(&["search", "a double top of a coin"]).ok();
    assert!(
        table.contains("charts that end with the pattern double top"),
        "{table}"
    );
    assert_eq!(json(&["search", "prices plunge"])["pattern"], Value::Null);
}

#[test]
fn words_that_tell_nothing_are_told() {
    let world = market();
    let same = ["banks rise", "banks rise."];
    let asked: [&[&str]; 2] = [
        &["classify", "AAAUSDT", "--labels", same[0], same[1]],
        &["axis", "the violin", "quiet music", "AAAUSDT"],
    ];
    let told = |args: &[&str]| {
        let run = world.rhyme(&[args, &["--format", "json"]].concat());
        let note = run.err.contains("note: the words do not tell charts apart");
        let json = run.json();
        assert_eq!(json["warning"].is_string(), note, "{args:?}");
        note
    };
    assert!(told(asked[0]));
    // One value is a list with commas.
    let labelled = |labels: &[&str]| {
        let args = [
            &["classify", "AAAUSDT", "--format", "json", "--labels"],
            labels,
        ]
        .concat();
        world.rhyme(&args).json()["labels"].clone()
    };
    let listed = labelled(&["prices plunge, prices surge"]);
    assert!(listed.is_array());
    assert_eq!(listed, labelled(&["prices plunge", "prices surge"]));
    told(asked[1]);
    told(&["combine", "AAAUSDT", "+", "prices plunge"]);
}
