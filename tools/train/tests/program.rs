//! The program: its files, its messages and its exit codes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rhymedb::encode::Weights;
use rhymedb::query::PairOptions;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use rhymedb::{Control, OpenOptions};
use tempfile::TempDir;

const CONFIG: &str = r#"
    mode = "market"
    [backbone]
    kind = "tcn_path"
    window = 24
    dim = 16
    [text]
    buckets = 1024
    width = 16
    [objective]
    kind = "siglip"
    [[augment]]
    kind = "jitter"
    [[data]]
    kind = "database"
    market = "crypto"
    interval = "1h"
    reaction = 6
    [split]
    validation_from = "2015-03-01"
    [training]
    batch = 16
    epochs = 2
"#;

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn command(config: &Path, db: Option<&Path>, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rhyme-train"));
    command.arg("--config").arg(config).arg("--out").arg(out);
    if let Some(db) = db {
        command.arg("--db").arg(db);
    }
    command
}

fn run(config: &Path, db: Option<&Path>, out: &Path) -> Output {
    command(config, db, out).output().unwrap()
}

#[test]
fn a_database_gives_weights_that_it_can_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("market.rhyme");
    let market = SyntheticMarket::new(SyntheticConfig {
        crypto_symbols: 8,
        equity_symbols: 0,
        ..SyntheticConfig::small(5)
    });
    let market = market.unwrap();
    drop(common::database(&path, &market, &market.headlines()));
    let config = file(&folder, "config.toml", CONFIG);
    let outs = ["a.safetensors", "b.safetensors"].map(|name| folder.path().join(name));
    for out in &outs {
        let output = run(&config, Some(&path), out);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("epoch 1") && said.contains("wrote"), "{said}");
    }
    let bytes = outs.each_ref().map(|out| std::fs::read(out).unwrap());
    assert_eq!(bytes[0], bytes[1]);
    let weights = Weights::read(&outs[0]).unwrap();
    assert_eq!(weights.config().training["seed"], 1);
    let spec = weights.chart_encoder().unwrap().spec().clone();
    let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
    db.create_space_of_weights("clip", &weights, 1, Control::new())
        .unwrap();
    let pairs = db.now().pairs(&PairOptions::of(&spec).reaction(6)).unwrap();
    assert!(pairs.list.len() > 16);
}

#[test]
fn mistakes_have_a_message_and_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.safetensors");
    let good = file(&folder, "good.toml", CONFIG);
    let bad = file(&folder, "bad.toml", &CONFIG.replace("siglip", "sigmoid"));
    let missing = folder.path().join("none.toml");
    let nowhere = folder.path().join("none.rhyme");
    for (config, db, expected) in [
        (&bad, None, "unknown variant `sigmoid`"),
        (&missing, None, "cannot read"),
        (&good, None, "name it with --db"),
        (&good, Some(&nowhere), "none.rhyme"),
    ] {
        let output = run(config, db.map(PathBuf::as_path), &out);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(!out.exists());
    }
    let onnx = folder.path().join("out.onnx");
    let output = command(&good, None, &out).arg("--onnx").arg(&onnx).output();
    let said = String::from_utf8_lossy(&output.as_ref().unwrap().stderr);
    assert!(said.contains("tcn or multiscale with --onnx"), "{said}");
    assert!(!out.exists() && !onnx.exists());
}
