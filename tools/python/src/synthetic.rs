//! A made-up market with planted events, for examples and tests.

use pyo3::prelude::*;
use rhymedb::Control;
use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
use serde_json::{Value, json as object};

use crate::database::NativeDatabase;
use crate::errors::Outcome;
use crate::json::{json, value, with};
use crate::waiting::{Told, wait};

/// Stores the market of a seed. The report has its events, which are the ground truth.
#[pyfunction]
#[pyo3(signature = (db, seed, small, progress=None))]
pub(crate) fn ingest_synthetic(
    py: Python<'_>,
    db: &NativeDatabase,
    seed: u64,
    small: bool,
    progress: Told,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), progress, move |control| {
        let config = match small {
            true => SyntheticConfig::small(seed),
            false => SyntheticConfig {
                seed,
                ..SyntheticConfig::default()
            },
        };
        let market = SyntheticMarket::new(config)?;
        let mut ingest = db.ingest(control);
        ingest.bars(&market.series())?;
        let headlines = value(&db.ingest_headlines(&market.headlines())?)?;
        let report = with(value(&ingest.finish()?)?, "headlines", headlines);
        json(&with(report, "events", events(&market)))
    })
}

fn events(market: &SyntheticMarket) -> Value {
    let events = market.events().into_iter().map(|event| {
        let series: Vec<String> = event.series.iter().map(ToString::to_string).collect();
        object!({
            "kind": event.kind.to_string(),
            "time": event.time.to_string(),
            "end": event.end.to_string(),
            "bars": event.bars,
            "series": series,
        })
    });
    events.collect()
}
