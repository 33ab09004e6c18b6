//! Networks of texts in ONNX files: made into spaces of headlines, asked in words, and refused with what to type.

use serde_json::Value;

use crate::world::World;

const TOWER: &[u8] = include_bytes!("../../../fixtures/onnx/text/tower.onnx");
const DEAF: &[u8] = include_bytes!("../../../fixtures/onnx/text/deaf.onnx");
const TOKENIZER: &str = include_str!("../../../fixtures/onnx/text/tokenizer.json");
const DECLARATION: &str = include_str!("../../../fixtures/onnx/text/tower.toml");
const EMBED: [&str; 9] = [
    "embed",
    "--space",
    "words",
    "--encoder",
    "model.onnx",
    "--tokenizer",
    "tokenizer.json",
    "--format",
    "json",
];
const NEWS: &str = "time,headline,source\n\
    2014-01-01T10:00:00Z,Oil prices rise after deal,wire\n\
    2014-01-02T10:00:00Z,The harvest of wheat failed again,wire\n\
    2014-01-03T10:00:00Z,Exchange halts withdrawals after hack,wire\n\
    2014-01-04T10:00:00Z,The harvest of wheat failed again,other\n";

/// Whether the program runs ONNX files. In a build of the whole workspace it does; one that does not says so.
fn runs_onnx(world: &World) -> bool {
    world.file("model.onnx", TOWER);
    world.file("model.toml", DECLARATION.replace("dim = 16", "dim = 8"));
    world.file("tokenizer.json", TOKENIZER);
    let refused = world.rhyme(&EMBED).fails(1, "model.onnx: expected");
    world.file("model.toml", DECLARATION);
    !refused.err.contains("built without the feature onnx")
}

fn world() -> World {
    let world = World::new();
    world.file("news.csv", NEWS);
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    world
}

fn first_found(world: &World, words: &str, more: &[&str]) -> Value {
    let search = ["search", words, "--space", "words", "--format", "json"];
    world.rhyme(&[&search, more].concat()).json()
}

#[test]
fn a_network_of_texts_is_a_space_that_is_asked_in_words() {
    let world = world();
    if !runs_onnx(&world) {
        return;
    }
    let report = world.rhyme(&EMBED).json();
    assert_eq!(report["encoder"], "onnx-text/1");
    assert_eq!(
        (&report["dim"], &report["headlines_embedded"]),
        (&16.into(), &4.into())
    );
    assert_eq!(world.rhyme(&EMBED).json()["headlines_embedded"], 0);

    // The files are not needed any more.
    for file in ["model.onnx", "model.toml", "tokenizer.json"] {
        std::fs::remove_file(world.path(file)).unwrap();
    }
    let found = first_found(&world, "wheat harvest failed", &[]);
    assert_eq!(
        found["headlines"][0]["text"],
        "The harvest of wheat failed again"
    );
    let then = first_found(&world, "oil prices", &["--as-of", "2014-01-02"]);
    assert_eq!(then["trained_until"], "2015-01-01T00:00:00Z");
    assert_eq!(then["headlines"].as_array().unwrap().len(), 1);
    world.file(
        "more.csv",
        "time,headline,source\n2014-02-01T10:00:00Z,Bitcoin jumps,wire\n",
    );
    let report = world
        .rhyme(&["ingest", "headlines", "more.csv", "--format", "json"])
        .json();
    assert_eq!(report["headlines_embedded"], 2, "into clip too");
    let found = world.rhyme(&["verify", "--format", "json"]).json();
    assert_eq!(
        (&found["weights"], &found["headline_rows"]),
        (&2.into(), &10.into())
    );
    assert_eq!(found["unreadable_weights"], serde_json::json!([]));
    let spaces = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    let spaces = spaces.as_array().unwrap().iter();
    let space = spaces.clone().find(|s| s["name"] == "words").unwrap();
    assert_eq!(space["modality"], "headline");
    assert_eq!(space["headline_rows"], 5);
    world.rhyme(&["compact"]).ok();
    let dropped = world
        .rhyme(&["drop-space", "words", "--yes", "--format", "json"])
        .json();
    assert_eq!(dropped["headline_rows"], 5);
    assert!(dropped["weights_bytes"].as_u64().unwrap() > TOWER.len() as u64);
}

#[test]
fn files_that_do_not_serve_are_explained() {
    let world = world();
    if !runs_onnx(&world) {
        return;
    }
    let fails = |message: &str| drop(world.rhyme(&EMBED).fails(1, message));
    world.file("model.toml", DECLARATION.replace("dim = 16", "dim = 32"));
    fails("of its outputs, of the shapes [1, 64, 16] for one text");
    world.file("model.toml", DECLARATION.replace("max_tokens = 64", ""));
    fails("model.toml: expected a declaration of an ONNX file of texts");
    fails("missing field `max_tokens`");
    std::fs::remove_file(world.path("model.toml")).unwrap();
    fails("declares what it gives in a TOML file of the same name beside it, found none");
    world.file("model.toml", DECLARATION);
    world.file("tokenizer.json", "{}");
    fails("tokenizer.json: expected a tokenizer.json that this program can use");
    let larger = TOKENIZER.replacen("\"[PAD]\":0", "\"[PAD]\":0,\"zebra\":5000", 1);
    world.file("tokenizer.json", larger);
    fails("the largest of its tokenizer");
    world.file("tokenizer.json", TOKENIZER);
    world.file("model.onnx", DEAF);
    fails("it does not heed attention_mask");
    world.file("model.onnx", &TOWER[..1000]);
    fails("model.onnx: expected a whole ONNX file");
    world.file("model.onnx", TOWER);
    let without = ["embed", "--space", "words", "--encoder", "model.onnx"];
    world
        .rhyme(&without)
        .fails(1, "name it with `--tokenizer tokenizer.json`");
    let of_clip = [
        "embed",
        "--space",
        "x",
        "--encoder",
        "clip",
        "--tokenizer",
        "tokenizer.json",
    ];
    world
        .rhyme(&of_clip)
        .fails(1, "expected an ONNX file as the encoder beside --tokenizer");
    let wide = [&EMBED[..], &["--dim", "8"]].concat();
    world.rhyme(&wide).fails(1, "expected --dim 16");
    let windows = [&EMBED[..], &["--window", "8"]].concat();
    world.rhyme(&windows).fails(2, "cannot be used with");
    let reserved = EMBED.map(|arg| if arg == "words" { "shape" } else { arg });
    world
        .rhyme(&reserved)
        .fails(1, "choose another name for a space of headlines");
    let spaces = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    let spaces = spaces.as_array().unwrap();
    assert!(
        spaces.iter().all(|s| s["name"] != "words"),
        "nothing was made: {spaces:?}"
    );
}
