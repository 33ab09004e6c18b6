//! The program: its files, its messages and its exit codes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rhymedb::{
    Control, OpenOptions, PairOptions, SeriesBars, SyntheticConfig, SyntheticMarket, Weights,
};

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

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("rhyme-train-program-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn run(config: &Path, db: Option<&Path>, out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rhyme-train"));
    command.arg("--config").arg(config).arg("--out").arg(out);
    if let Some(db) = db {
        command.arg("--db").arg(db);
    }
    command.output().unwrap()
}

#[test]
fn a_database_gives_weights_that_it_can_use() {
    let folder = Folder::new("database");
    let path = folder.0.join("market.rhyme");
    let market = SyntheticMarket::new(SyntheticConfig {
        crypto_symbols: 8,
        equity_symbols: 0,
        ..SyntheticConfig::small(5)
    });
    let market = market.unwrap();
    let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
    for (key, calendar, bars) in market.series() {
        let series = SeriesBars {
            key,
            calendar,
            bars,
        };
        db.ingest_bars(&[series]).unwrap();
    }
    db.ingest_headlines(&market.headlines()).unwrap();
    drop(db);
    let config = folder.file("config.toml", CONFIG);
    let outs = ["a.safetensors", "b.safetensors"].map(|name| folder.0.join(name));
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
    let folder = Folder::new("mistakes");
    let out = folder.0.join("out.safetensors");
    let good = folder.file("good.toml", CONFIG);
    let bad = folder.file("bad.toml", &CONFIG.replace("siglip", "sigmoid"));
    let missing = folder.0.join("none.toml");
    let nowhere = folder.0.join("none.rhyme");
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
}
