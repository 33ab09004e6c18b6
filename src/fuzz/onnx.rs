use serde_json::json;

use super::input::{Input, check_refusal};
use super::weights::{bars, check_vector};
use crate::encode::{OnnxConfig, Weights};
use crate::error::{Error, Result};

/// Longer windows are only read.
const MOST_BARS: usize = 200;

/// ONNX files that declare themselves, or are declared here; and what their networks give.
pub fn onnx(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    let read = if input.flag(0) {
        Weights::from_onnx(input.content, &config())
    } else {
        Weights::from_bytes(input.content)
    };
    match read.and_then(|weights| uses(&weights)) {
        Ok(()) | Err(Error::Encoder { .. }) => {}
        Err(error) => check_refusal(&error),
    }
}

/// What the networks of the corpus read.
fn config() -> OnnxConfig {
    let memory = json!({ "bars": 4, "half_life": 2, "lag": 1 });
    serde_json::from_value(json!({
        "window": 4,
        "dim": 2,
        "causal": true,
        "channels": ["return"],
        "normaliser": { "volatility": memory, "level": memory },
        "trained": [],
    }))
    .expect("a sound declaration")
}

fn uses(weights: &Weights) -> Result<()> {
    let again = Weights::from_bytes(weights.bytes().to_vec()).expect("they were read once");
    assert_eq!(again.hash(), weights.hash());
    assert_eq!(again.config(), weights.config());
    if weights.config().onnx.is_none() {
        return Ok(());
    }
    let encoder = weights.chart_encoder()?;
    let spec = encoder.spec();
    let needed = spec.window as usize + spec.warm_up as usize;
    if needed > MOST_BARS {
        return Ok(());
    }
    let bars = bars(needed + 3);
    let ends: Vec<usize> = (needed - 1..bars.len()).collect();
    let rows = encoder.encode_series(&bars, &ends)?;
    assert_eq!(rows.len(), ends.len());
    for row in (0..rows.len()).filter_map(|i| rows.row(i)) {
        check_vector(row, spec.dim);
    }
    let same = encoder.encode_series(&bars, &ends)?;
    assert_eq!(rows, same, "the same input gives the same");
    Ok(())
}
