use super::input::{Input, check_refusal};
use crate::encode::{Weights, WeightsConfig};
use crate::error::Result;
use crate::model::{Bar, Bars, Timestamp};

/// Bigger networks are only read: filling one, or running it, would take the time of many inputs.
const MOST_NUMBERS: u128 = 1 << 16;
const MOST_BARS: usize = 2_000;
const TEXTS: [&str; 4] = [
    "",
    "Shares fall 7% after a recall",
    "\u{1f680}\u{202e} \0 ...",
    "a",
];

/// Weights: a file, or a config (JSON) that is filled at random; and the encoders that they make.
pub fn weights(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    let read = if input.flag(0) {
        from_config(input.content)
    } else {
        Weights::from_bytes(input.content).map(Some)
    };
    match read.and_then(|weights| weights.map_or(Ok(()), |w| uses(&w))) {
        Ok(()) => {}
        Err(error) => check_refusal(&error),
    }
}

/// A config that is sound makes an encoder.
fn from_config(json: &[u8]) -> Result<Option<Weights>> {
    let Ok(config) = serde_json::from_slice::<WeightsConfig>(json) else {
        return Ok(None);
    };
    config.check()?;
    if config.numbers() > MOST_NUMBERS {
        return Ok(None);
    }
    let weights = Weights::random(&config, 1).expect("a sound config can be filled");
    assert_eq!(weights.config(), &config);
    Ok(Some(weights))
}

fn uses(weights: &Weights) -> Result<()> {
    let again = Weights::from_bytes(weights.bytes().to_vec()).expect("they were read once");
    assert_eq!(again.hash(), weights.hash());
    assert_eq!(again.config(), weights.config());
    if weights.config().numbers() > MOST_NUMBERS {
        return Ok(());
    }
    if let Ok(encoder) = weights.chart_encoder() {
        let spec = encoder.spec();
        let needed = spec.window as usize + spec.warm_up as usize;
        if needed <= MOST_BARS {
            let bars = bars(needed + 3);
            let ends: Vec<usize> = (needed - 1..bars.len()).collect();
            let rows = encoder.encode_series(&bars, &ends)?;
            assert_eq!(rows.len(), ends.len());
            for row in (0..rows.len()).filter_map(|i| rows.row(i)) {
                check_vector(row, spec.dim);
            }
        }
    }
    if let Ok(encoder) = weights.text_encoder() {
        for text in TEXTS {
            let Some(vector) = encoder.encode_text(text)? else {
                continue;
            };
            check_vector(&vector, encoder.spec().dim);
            if let Some(bank) = weights.bank() {
                let spread = bank.expressiveness(&vector);
                assert!((0.0..=1.0).contains(&spread), "{spread}");
                let percentile = bank.percentile(spread);
                assert!((0.0..=100.0).contains(&percentile), "{percentile}");
            }
        }
    }
    Ok(())
}

pub(super) fn check_vector(vector: &[f32], dim: u32) {
    assert_eq!(vector.len(), dim as usize);
    assert!(vector.iter().all(|x| x.is_finite()), "{vector:?}");
}

/// Bars an hour apart, with a flat stretch.
pub(super) fn bars(n: usize) -> Bars {
    let bar = |i: usize| {
        let close = 50.0
            + if i % 40 < 5 {
                0.0
            } else {
                (i as f64).sin() * 9.0
            };
        Bar {
            time: Timestamp::from_millis(i as i64 * 3_600_000),
            open: close,
            high: close * 1.01,
            low: close * 0.98,
            close,
            volume: (i % 7) as f64,
        }
    };
    (0..n).map(bar).collect()
}
