use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};

use crate::world::World;

fn weights(seed: u64) -> Weights {
    let mut config = ChartConfig::multiscale(32, 8);
    config.layers[0].convolutions.truncate(1);
    Weights::random(&WeightsConfig::chart("multiscale/1", config), seed).unwrap()
}

#[test]
fn spaces_are_made_of_stored_bars_and_dropped() {
    let world = World::with_market();
    let weights = weights(1);
    world.file("net.safetensors", weights.bytes());
    let embed = [
        "embed",
        "--space",
        "net",
        "--encoder",
        "net.safetensors",
        "--format",
        "json",
    ];
    let report = world.rhyme(&embed).json();
    // 32 bars of a window and 65 of its warm-up; three series of 300, 300 and 200 bars.
    assert_eq!(report["windows_embedded"], 3 * (300 - 96) - 100);
    assert_eq!(report["rows"], report["windows_embedded"]);
    assert_eq!(world.rhyme(&embed).json()["windows_embedded"], 0);
    world.rhyme(&["compact"]).ok();
    let found = world
        .rhyme(&["verify", "--recall", "--sample", "50", "--format", "json"])
        .json();
    assert_eq!(found["weights"], 1);
    assert_eq!(found["recall"]["spaces"][1]["space"], "net");
    assert_eq!(found["recall"]["passed"], true);
    let spaces = world.rhyme(&["spaces", "--format", "json"]).json();
    assert_eq!(spaces[1]["encoder"], "multiscale/1");
    assert_eq!(
        spaces[1]["weights_hash"],
        format!("{:016x}", weights.hash())
    );
    std::fs::remove_file(world.path("net.safetensors")).unwrap();
    let hits = world.rhyme(&[
        "similar", "AAAUSDT", "--space", "net", "-k", "3", "--format", "json",
    ]);
    assert_eq!(hits.json()["hits"].as_array().unwrap().len(), 3);
    let stats = [
        "embed",
        "--space",
        "s",
        "--encoder",
        "stats",
        "--window",
        "32",
        "--hop",
        "4",
    ];
    world.rhyme(&stats).ok();
    world.rhyme(&["drop-space", "net"]).fails(1, "needs --yes");
    world
        .rhyme(&["drop-space", "net", "--yes", "--read-only"])
        .fails(1, "is open read-only, so nothing can be changed");
    let dropped = world
        .rhyme(&["drop-space", "net", "--yes", "--format", "json"])
        .json();
    assert_eq!(dropped["rows"], report["rows"]);
    assert_eq!(dropped["weights_bytes"], weights.bytes().len());
    world.rhyme(&["drop-space", "net"]).fails(3, "no space net");
    let left = world.rhyme(&["spaces", "--format", "json"]).json();
    assert_eq!(left.as_array().unwrap().len(), 2);
}

#[test]
fn weights_that_do_not_serve_are_explained() {
    let world = World::with_market();
    let weights = weights(1);
    world.file("net.safetensors", weights.bytes());
    world.file(
        "cut.safetensors",
        &weights.bytes()[..weights.bytes().len() - 1],
    );
    let text = Weights::random(&WeightsConfig::text(TextConfig::new(8)), 1).unwrap();
    world.file("text.safetensors", text.bytes());
    let fails = |args: &[&str], message: &str| {
        world
            .rhyme(&[&["embed", "--space", "net"], args].concat())
            .fails(1, message);
    };
    fails(
        &["--encoder", "cut.safetensors"],
        "cut.safetensors: expected a whole safetensors file",
    );
    fails(&["--encoder", "text.safetensors"], "an encoder of charts");
    fails(&["--encoder", "none.safetensors"], "none.safetensors");
    fails(&["--encoder", "cnn"], "name a file of weights");
    fails(
        &["--encoder", "net.safetensors", "--window", "64"],
        "--window 32",
    );
    fails(&["--encoder", "net.safetensors", "--dim", "64"], "--dim 8");
    fails(&["--encoder", "net.safetensors", "--hop", "0"], "hop");
    let spaces = world.rhyme(&["spaces", "--format", "json"]).json();
    assert_eq!(spaces.as_array().unwrap().len(), 1, "nothing was made");
}

#[test]
fn the_weights_that_come_with_the_program_read_words() {
    let world = World::with_market();
    let embed = ["embed", "--space", "clip", "--encoder", "clip"];
    let narrow = [&embed[..], &["--window", "32"]].concat();
    world.rhyme(&narrow).fails(1, "expected --window 64");
    world.rhyme(&embed).ok();
    let asked = [
        "search",
        "shares plunge after a profit warning",
        "--format",
        "json",
    ];
    let answer: serde_json::Value = serde_json::from_str(&world.rhyme(&asked).ok()).unwrap();
    assert!(
        answer["expressiveness"]["percentile"].is_number(),
        "{answer}"
    );
    assert!(!answer["charts"].as_array().unwrap().is_empty(), "{answer}");
}
