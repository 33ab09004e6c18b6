//! Weights that were trained until the 9th of January: what the program says of earlier answers.

use serde_json::{Value, json};

use crate::words::trained_market;
use crate::world::World;

const NOTE: &str = "note: the weights of the space clip were trained until 2021-01-09";
const UNTIL: &str = "2021-01-09T00:00:00Z";

fn world() -> World {
    trained_market(json!({
        "seen": [{"market": "crypto", "interval": "1h", "until": "2021-01-09"}]
    }))
}

/// The answer as JSON, and what is said on standard error.
fn asked(world: &World, args: &[&str]) -> (Value, String) {
    let run = world.rhyme(&[args, &["--format", "json"]].concat());
    let said = run.err.clone();
    (run.json(), said)
}

#[test]
fn earlier_answers_of_trained_weights_carry_a_note() {
    let world = world();
    let of_series: [&[&str]; 4] = [
        &["similar", "AAAUSDT", "--space", "clip"],
        &["news", "AAAUSDT"],
        &["classify", "AAAUSDT", "--labels", "up", "down"],
        &["transfer", "AAAUSDT", "--to", "BBBUSDT", "--space", "clip"],
    ];
    let of_words: [&[&str]; 4] = [
        &["similar", "text:prices plunge", "--space", "clip"],
        &["combine", "AAAUSDT", "+", "text:prices plunge"],
        &["search", "prices plunge"],
        &["reaction", "prices plunge"],
    ];
    let told =
        format!("{NOTE} on crypto 1h: an answer as of an earlier time knows what came later");
    let in_words = format!("{NOTE}: an answer as of an earlier time knows what came later");
    for (questions, told) in [(of_series, told), (of_words, in_words)] {
        for question in questions {
            let then = [question, &["--as-of", "2021-01-08"]].concat();
            let (answer, said) = asked(&world, &then);
            assert_eq!(answer["trained_until"], UNTIL, "{question:?}");
            assert!(said.contains(&told), "{question:?}: {said}");
            let later = [question, &["--as-of", "2021-01-10"]].concat();
            for question in [question, &later] {
                let (answer, said) = asked(&world, question);
                assert!(answer["trained_until"].is_null(), "{question:?}");
                assert!(answer.as_object().unwrap().contains_key("trained_until"));
                assert!(!said.contains("trained until"), "{question:?}: {said}");
            }
        }
    }
    let shape = ["similar", "AAAUSDT", "--as-of", "2021-01-08"];
    let (answer, said) = asked(&world, &shape);
    assert!(answer["trained_until"].is_null() && !said.contains("trained"));
    let quiet = [of_series[1], &["--as-of", "2021-01-08", "--quiet"]].concat();
    assert_eq!(world.rhyme(&quiet).err, "");
}

#[test]
fn what_is_ranked_against_the_past_says_what_it_leaves_out() {
    let world = world();
    let divergence = ["divergence", "AAAUSDT", "--moments", "--history", "1"];
    let (moments, said) = asked(&world, &divergence);
    let told = "moments whose window began before have no percentile";
    assert!(said.contains(NOTE) && said.contains(told), "{said}");
    let mut ends = Vec::new();
    for moment in moments["moments"].as_array().unwrap() {
        let end = moment["end"].as_str().unwrap();
        let until = (end < "2021-01-10T08").then_some(UNTIL);
        assert_eq!(moment["trained_until"].as_str(), until, "{moment}");
        assert!(
            moment["percentile"].is_null() && moment["earlier"] == 0,
            "{moment}"
        );
        ends.push(end.to_owned());
    }
    // The newest is the first after the training, so it is compared with none either.
    assert_eq!(ends.len(), 4, "{ends:?}");
    assert!(ends[0].starts_with("2021-01-12"), "{ends:?}");
    let table = world.rhyme(&["divergence", "AAAUSDT"]).ok();
    let told = "none of 4 moments with news is flagged (3 of them without a percentile";
    assert!(table.contains(told), "{table}");
    let later = [&divergence[..], &["--from", "2021-01-11"]].concat();
    assert!(!asked(&world, &later).1.contains("trained until"));

    let anomaly = |target: &str| asked(&world, &["anomaly", target, "--space", "clip"]);
    let (answer, said) = anomaly("AAAUSDT@2021-01-09T12:00");
    assert_eq!(answer["trained_until"], UNTIL);
    let told = "the alignment of a window that began before is not ranked";
    assert!(said.contains(NOTE) && said.contains(told), "{said}");
    let (answer, said) = anomaly("AAAUSDT@2021-01-12");
    assert!(
        answer["trained_until"].is_null() && !said.contains("trained"),
        "{said}"
    );
    let scan = ["anomaly", "--scan", "AAAUSDT", "--space", "clip", "--from"];
    let (answer, said) = asked(&world, &[&scan[..], &["2021-01-08"]].concat());
    assert_eq!(answer["trained_until"], UNTIL);
    assert!(said.contains(&format!("{NOTE}:")), "{said}");
    let (answer, _) = asked(&world, &[&scan[..], &["2021-01-11"]].concat());
    assert!(answer["trained_until"].is_null());
}
