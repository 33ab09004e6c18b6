use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};
use serde_json::json;

use crate::world::World;

fn clip(training: serde_json::Value) -> Weights {
    let mut chart = ChartConfig::multiscale(16, 8);
    chart.layers[0].convolutions.truncate(1);
    let text = TextConfig {
        buckets: 64,
        width: 8,
        ..TextConfig::new(8)
    };
    let mut config = WeightsConfig::clip(chart, text, 0.1);
    config.training = training;
    Weights::random(&config, 1).unwrap()
}

#[test]
fn an_encoder_is_measured_beside_the_exact_search() {
    let world = World::with_market();
    let eval = ["eval", "--only", "shape", "--seed", "3"];
    let table = world.rhyme(&eval).ok();
    assert!(table.starts_with("shape, windows from 2021"), "{table}");
    for part in [
        "\nshape\n",
        "exact search",
        "true correlation",
        "stats",
        "±",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    let report = world
        .rhyme(&[&eval[..], &["--format", "json"]].concat())
        .json();
    let value = |model: &str| {
        let all = report["measures"].as_array().unwrap().iter();
        let mut of = all.filter(|m| m["model"] == model && m["measure"] == "true correlation");
        of.next().unwrap()["value"].as_f64().unwrap()
    };
    assert!(value("shape") > 0.98 * value("exact search"), "{report}");
    assert!(value("shape") <= value("exact search") + 0.01, "{report}");
    assert!(value("stats") < value("shape"), "{report}");
    let csv = world
        .rhyme(&[&eval[..], &["--format", "csv"]].concat())
        .ok();
    assert!(
        csv.starts_with("section,part,model,setting,measure,value,low,high,count\nshape,"),
        "{csv}"
    );
}

#[test]
fn what_cannot_be_measured_says_why() {
    let world = World::with_market();
    let out = world.rhyme(&["eval", "--only", "retrieval,analogs"]).ok();
    assert!(
        out.contains("note: retrieval is left out: there is no encoder of headlines"),
        "{out}"
    );
    world.file("plain.safetensors", clip(json!(null)).bytes());
    world
        .rhyme(&["eval", "--weights", "plain.safetensors"])
        .fails(1, "say from when on windows are judged (--from)");
    let record = json!({"config": {"split": {"test_from": "2021-01-06"}}});
    world.file("clip.safetensors", clip(record).bytes());
    let eval = [
        "eval",
        "--weights",
        "clip.safetensors",
        "--only",
        "retrieval",
    ];
    let out = world.rhyme(&eval).ok();
    assert!(out.contains("clip/1, windows from 2021-01-06"), "{out}");
    assert!(out.contains("note: there are no pairs"), "{out}");
    let declared = json!({"seen": [{"market": "crypto", "until": "2021-01-07"}]});
    world.file("seen.safetensors", clip(declared).bytes());
    let seen = [
        "eval",
        "--weights",
        "seen.safetensors",
        "--only",
        "retrieval",
    ];
    let out = world.rhyme(&seen).ok();
    assert!(out.contains("clip/1, windows from 2021-01-07"), "{out}");
    let earlier = [&eval[..], &["--from", "2021-01-03"]].concat();
    let out = world.rhyme(&earlier).ok();
    assert!(out.contains("some of them were trained on"), "{out}");
    world
        .rhyme(&["eval", "--only", "luck"])
        .fails(2, "expected a section of an evaluation");
    world
        .rhyme(&["eval", "--space", "shape", "--weights", "x"])
        .fails(2, "cannot be used with");
    world.rhyme(&["eval", "--space", "none"]).fails(3, "none");
    world.rhyme(&["eval", "--market", "fx"]).fails(3, "fx");
}
