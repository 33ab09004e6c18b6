//! Spaces whose stored weights this program cannot read.

use serde::Serialize;

use super::database::Database;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};

/// A space whose weights are stored whole, but are none to this program: one of another version wrote them, or took
/// what this one refuses. The space answers nothing; the others do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnreadableWeights {
    /// The space.
    pub space: String,
    /// The id of its encoder.
    pub encoder: String,
    /// What is wrong, and what to do.
    pub why: String,
}

impl Database {
    /// The spaces whose stored weights this program cannot read. Headlines that are ingested get no vectors there.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if weights are damaged.
    pub fn unreadable_weights(&self) -> Result<Vec<UnreadableWeights>> {
        self.now().look(unreadable)
    }
}

pub(super) fn unreadable(snapshot: &Snapshot) -> Result<Vec<UnreadableWeights>> {
    let mut found = Vec::new();
    for state in &snapshot.spaces {
        let read = state.weights().and_then(|weights| match weights {
            // A network of texts is not looked at before.
            Some(weights) if weights.config().tower.is_some() => weights.text_encoder().map(drop),
            _ => Ok(()),
        });
        match read {
            Ok(()) => {}
            Err(Error::Invalid(why)) => found.push(UnreadableWeights {
                space: state.space().name.clone(),
                encoder: state.space().encoder.id.clone(),
                why,
            }),
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::db::{Control, OpenOptions};
    use crate::encode::{ChartConfig, TextConfig, Weights, WeightsConfig};
    use crate::model::{Headline, Modality, Space, TimePrecision, Timestamp};

    fn headline(minute: i64, text: &str) -> Headline {
        Headline {
            time: Timestamp::from_millis(minute * 60_000),
            precision: TimePrecision::Second,
            text: text.to_owned(),
            source: "test".to_owned(),
            symbols: Vec::new(),
        }
    }

    /// A database with a space that answers, and one whose weights have the right hash and are none.
    fn database(dir: &std::path::Path) -> Database {
        let db = OpenOptions::new().clip_weights(None).open(dir).unwrap();
        let mut chart = ChartConfig::multiscale(16, 16);
        chart.layers[0].convolutions.truncate(1);
        let text = TextConfig {
            buckets: 64,
            ..TextConfig::new(16)
        };
        let sound = Weights::random(&WeightsConfig::clip(chart, text, 0.1), 1).unwrap();
        db.create_space_of_weights("sound", &sound, 1, Control::new())
            .unwrap();
        let whole = include_bytes!("../../fixtures/onnx/tcn.onnx");
        let unread = whole[..whole.len() - 1].to_vec();
        let mut spec = sound.chart_encoder().unwrap().spec().clone();
        spec.weights_hash = Weights::hash_of(&unread);
        for (name, modality) in [("chart", Modality::Chart), ("words", Modality::Headline)] {
            spec.modality = modality;
            let space = Space::new(name, spec.clone(), 1).unwrap();
            let writer = db.0.writer().unwrap();
            let txn = writer.catalog.write().unwrap();
            txn.put_weights(spec.weights_hash, &unread).unwrap();
            txn.add_space(&space).unwrap();
            db.0.commit(&writer, txn).unwrap();
        }
        db
    }

    #[test]
    fn weights_that_cannot_be_read_stop_no_other_space() {
        let dir = tempfile::tempdir().unwrap();
        let db = database(&dir.path().join("market.rhyme"));
        let report = db.ingest_headlines(&[headline(1, "Prices rise"), headline(2, "Mines close")]);
        assert_eq!(report.unwrap().embedded, 2);
        let view = db.now();
        let found = view.search("Prices rise").run().unwrap();
        assert_eq!(found.headlines[0].headline.text, "Prices rise");
        let found = view.search_vector(vec![0.25; 16]).run().unwrap();
        assert_eq!(found.headlines.len(), 2);
        let refused = view.search("Prices rise").space("words").run();
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("expected a whole ONNX file"), "{refused}");

        let report = db.verify(&Control::new()).unwrap();
        assert_eq!((report.weights, report.headline_rows), (1, 2));
        let named: Vec<&str> = report
            .unreadable_weights
            .iter()
            .map(|u| u.space.as_str())
            .collect();
        assert_eq!(named, ["chart", "words"]);
        assert!(report.unreadable_weights[0].why.contains("copy it again"));
        assert_eq!(report.unreadable_weights, db.unreadable_weights().unwrap());

        db.drop_space("chart").unwrap();
        db.drop_space("words").unwrap();
        let report = db.verify(&Control::new()).unwrap();
        assert_eq!((report.weights, report.unreadable_weights), (1, Vec::new()));
    }
}
