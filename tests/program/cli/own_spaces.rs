//! Spaces whose encoder the program does not have.

use std::sync::Arc;

use rhymedb::encode::{ChartEncoder, EncoderSpec, Modality, Sharing};
use rhymedb::{Bars, Control, OpenOptions, Result};
use serde_json::Value;

use crate::world::{HOUR, START, World, closes, csv};

struct Closes(EncoderSpec);

impl ChartEncoder for Closes {
    fn spec(&self) -> &EncoderSpec {
        &self.0
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        let last = bars.close.iter().rev().take(4);
        Ok(Some(last.map(|&c| c as f32).collect()))
    }
}

fn encoder() -> Arc<dyn ChartEncoder> {
    Arc::new(Closes(EncoderSpec {
        id: "closes/1".to_owned(),
        modality: Modality::Chart,
        dim: 4,
        channels: 1,
        window: 4,
        receptive_field: 4,
        warm_up: 0,
        sharing: Sharing::None,
        causal: true,
        normaliser: "none".to_owned(),
        weights_hash: 0,
    }))
}

#[test]
fn bars_are_stored_and_the_space_that_waits_is_named() {
    let world = World::with_market();
    let db = OpenOptions::new().encoder(encoder());
    let db = db.open(world.path("market.rhyme")).unwrap();
    db.create_space("mine", &encoder(), 1, Control::new())
        .unwrap();
    drop(db);

    world.file("in/crypto/x/NEW-1h.csv", csv(START, HOUR, &closes(100, 3)));
    let run = world.rhyme(&["ingest", "bars", "in", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let row: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(row["bars_added"], 100, "{row}");
    assert_eq!(row["waiting_spaces"][0]["space"], "mine", "{row}");
    for part in ["the space mine wait", "closes/1", "rhyme drop-space mine"] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    let similar = ["similar", "NEW:1h", "--space", "shape", "--format", "json"];
    world.rhyme(&similar).ok();
    world.rhyme(&["verify"]).ok();
    world.rhyme(&["doctor"]).fails(5, "problems with: encoders");
    // As the note says.
    world.rhyme(&["drop-space", "mine", "--yes"]).ok();
    let again = world.rhyme(&["ingest", "bars", "in"]);
    assert!(
        again.code == Some(0) && !again.err.contains("mine"),
        "{}",
        again.err
    );
    world.rhyme(&["doctor"]).ok();
}
