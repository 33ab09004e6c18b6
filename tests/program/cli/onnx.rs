//! Encoders in ONNX files: made into spaces, kept by the database, and refused with what to write.

use serde_json::Value;

use crate::world::{HOUR, START, World, closes, csv};

const TCN: &[u8] = include_bytes!("../../../fixtures/onnx/tcn.onnx");
const SHORT_SIGHTED: &[u8] = include_bytes!("../../../fixtures/onnx/short_sighted.onnx");
const DECLARATION: &str = r#"
window = 48
dim = 16
causal = true
channels = ["return", "range", "volume"]
normaliser = { volatility = { bars = 32, half_life = 8, lag = 1 }, level = { bars = 32, half_life = 8, lag = 1 } }
trained = [{ market = "crypto", interval = "1h", until = "2021-01-09" }]
"#;
const EMBED: [&str; 7] = [
    "embed",
    "--space",
    "net",
    "--encoder",
    "model.onnx",
    "--format",
    "json",
];

/// Whether the program runs ONNX files. In a build of the whole workspace it does; one that does not says so.
fn runs_onnx(world: &World) -> bool {
    world.file("model.onnx", TCN);
    world.file("model.toml", DECLARATION.replace("dim = 16", "dim = 8"));
    let refused = world.rhyme(&EMBED).fails(1, "model.onnx: expected");
    !refused.err.contains("built without the feature onnx")
}

fn hits(world: &World, more: &[&str]) -> Value {
    let similar = [
        "similar", "AAAUSDT", "--space", "net", "-k", "3", "--format", "json",
    ];
    world.rhyme(&[&similar, more].concat()).json()
}

#[test]
fn a_network_of_another_program_is_a_space_that_the_database_keeps() {
    let world = World::with_market();
    if !runs_onnx(&world) {
        return;
    }
    world.file("model.toml", DECLARATION);
    let report = world.rhyme(&EMBED).json();
    assert_eq!(report["encoder"], "onnx/1");
    assert_eq!(
        (report["window"].clone(), report["dim"].clone()),
        (48.into(), 16.into())
    );
    // 48 bars of a window and 33 of its warm-up; series of 300, 300 and 200 bars.
    assert_eq!(report["windows_embedded"], 2 * (300 - 80) + (200 - 80));
    assert_eq!(world.rhyme(&EMBED).json()["windows_embedded"], 0);

    // The files are not needed any more.
    std::fs::remove_file(world.path("model.onnx")).unwrap();
    std::fs::remove_file(world.path("model.toml")).unwrap();
    assert_eq!(hits(&world, &[])["hits"].as_array().unwrap().len(), 3);
    let then = hits(&world, &["--as-of", "2021-01-08"]);
    assert_eq!(then["trained_until"], "2021-01-09T00:00:00Z");

    // Bars that come later are embedded as they come.
    let later = csv(START + 300 * HOUR, HOUR, &closes(12, 9));
    world.file("more/crypto/binance/AAAUSDT-1h.csv", later);
    let report = world
        .rhyme(&["ingest", "bars", "more", "--format", "json"])
        .json();
    assert_eq!(report["windows_embedded"], 2 * 12, "{report}");
    let before = hits(&world, &[]);
    world.rhyme(&["compact"]).ok();
    assert_eq!(hits(&world, &[])["hits"], before["hits"]);
    let found = world
        .rhyme(&["verify", "--recall", "--sample", "50", "--format", "json"])
        .json();
    assert_eq!(found["weights"], 1);
    assert_eq!(found["recall"]["passed"], true);
    let spaces = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    assert_eq!(spaces[1]["encoder"], "onnx/1");
    let dropped = world
        .rhyme(&["drop-space", "net", "--yes", "--format", "json"])
        .json();
    assert!(dropped["weights_bytes"].as_u64().unwrap() > TCN.len() as u64);
}

#[test]
fn a_file_that_does_not_serve_is_explained() {
    let world = World::with_market();
    if !runs_onnx(&world) {
        return;
    }
    std::fs::remove_file(world.path("model.toml")).unwrap();
    let fails = |message: &str| {
        world.rhyme(&EMBED).fails(1, message);
    };
    world.file("model.onnx", TCN);
    fails("model.onnx: expected an ONNX file that declares what it reads");
    fails("`causal = true`");
    world.file("model.toml", DECLARATION.replace("dim = 16", ""));
    fails("model.toml: expected a declaration of an ONNX file");
    fails("missing field `dim`");
    world.file("model.toml", DECLARATION.replace("dim = 16", "dim = 32"));
    fails(
        "model.onnx: expected an ONNX file that this program can run, found that its output has the shape",
    );
    world.file("model.toml", DECLARATION.replace("\"range\", ", ""));
    fails(
        "its input has the shape (any, 3, 48), where floats of the shape (batch, 2, 48) are declared",
    );
    world.file("model.toml", DECLARATION);
    world.file("model.onnx", &TCN[..TCN.len() - 1]);
    fails("found that its fields do not end where the file ends");
    world.file("model.onnx", SHORT_SIGHTED);
    fails("breaks the rule that every bar of the window and its warm-up is read");
    world.file("model.onnx", "no network");
    fails("model.onnx: expected a whole safetensors file, or an ONNX file");
    world.file("model.onnx", TCN);
    let wide = [&EMBED[..], &["--window", "64"]].concat();
    world.rhyme(&wide).fails(1, "expected --window 48");
    let spaces = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    assert_eq!(spaces.as_array().unwrap().len(), 1, "nothing was made");
}
