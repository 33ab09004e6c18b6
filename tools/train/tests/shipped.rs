//! What the shipped weights are good for, as far as it can be told without real data.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use rhyme_train::config::Config;
use rhyme_train::events::event_scores;
use rhymedb::encode::Weights;

/// Somewhat below what the weights reached when they were made (`configs/TRIALS.md`); chance is 0.1 for the
/// first two.
const FLOORS: [f64; 4] = [0.85, 0.58, 0.85, 0.82];

#[test]
fn shipped_clip_finds_events_of_unseen_seeds_by_unseen_wordings() {
    let scores = event_scores(&Weights::shipped_clip().unwrap()).unwrap();
    assert_eq!(scores.len(), 2);
    for (market, found) in scores {
        assert!(found.events > 500, "{market}: {found:?}");
        let shares = [
            found.among_charts,
            found.among_events,
            found.accuracy,
            found.balanced_accuracy(),
        ];
        let above = shares
            .iter()
            .zip(FLOORS)
            .all(|(share, floor)| *share >= floor);
        assert!(above, "{market}: {found:?}");
    }
}

#[test]
fn shipped_weights_say_which_config_made_them() {
    for (weights, text) in [
        (
            Weights::shipped_clip(),
            include_str!("../configs/clip.toml"),
        ),
        (Weights::shipped_tcn(), include_str!("../configs/tcn.toml")),
    ] {
        let record = weights.unwrap().config().training.clone();
        let made: Config = serde_json::from_value(record["config"].clone()).unwrap();
        assert_eq!(made, Config::parse(text).unwrap());
        assert_eq!(record["seed"], 1);
    }
}
