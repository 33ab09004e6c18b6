//! Encoding a stretch of bars of which an encoder may not like every window.

use crate::encode::{ChartEncoder, Embeddings};
use crate::error::{Error, Result};
use crate::model::Bars;

/// So many windows of one stretch may fail before the encoder counts as failing as a whole, unless
/// it encodes more than fail.
const FEW: usize = 32;

/// The windows of a stretch, encoded.
pub(super) struct EncodedStretch {
    /// One row for each window, not defined where the encoder failed.
    pub(super) rows: Embeddings,
    /// The last bars of the windows on which it failed, and what it said.
    pub(super) failed: Vec<(usize, Error)>,
}

/// Encodes the windows whose last bars are at `ends`. Where the encoder fails, it is asked for
/// halves of them, down to single windows: so one bad window costs a few calls, and only that
/// window.
///
/// # Errors
/// [`Error::Encoder`] if it fails on more windows than it encodes, and all others of the encoder at
/// once.
pub(super) fn encode_stretch(
    encoder: &dyn ChartEncoder,
    stretch: &Bars,
    ends: &[usize],
) -> Result<EncodedStretch> {
    let dim = encoder.spec().dim as usize;
    let mut encoded = EncodedStretch {
        rows: Embeddings::with_capacity(dim, ends.len()),
        failed: Vec::new(),
    };
    encoded.add(encoder, stretch, ends)?;
    Ok(encoded)
}

impl EncodedStretch {
    fn add(&mut self, encoder: &dyn ChartEncoder, stretch: &Bars, ends: &[usize]) -> Result<()> {
        match (encoder.encode_series(stretch, ends), ends) {
            (Ok(rows), _) => {
                self.rows.values.extend_from_slice(&rows.values);
                self.rows.defined.extend_from_slice(&rows.defined);
                Ok(())
            }
            (Err(e @ Error::Encoder { .. }), [end]) => {
                self.rows.push(None)?;
                self.failed.push((*end, e.clone()));
                let sound = self.rows.len() - self.failed.len();
                if self.failed.len() > FEW.max(sound) {
                    return Err(e.at(|| format!("{} windows and more", self.failed.len())));
                }
                Ok(())
            }
            (Err(Error::Encoder { .. }), _) => {
                let (left, right) = ends.split_at(ends.len() / 2);
                self.add(encoder, stretch, left)?;
                self.add(encoder, stretch, right)
            }
            (Err(other), _) => Err(other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::model::{Bar, EncoderSpec, Modality, Sharing, Timestamp};

    /// Encodes windows of one bar as they are, and fails where the close is one of some values.
    struct Fussy {
        spec: EncoderSpec,
        bad: Vec<f64>,
        calls: AtomicUsize,
    }

    impl ChartEncoder for Fussy {
        fn spec(&self) -> &EncoderSpec {
            &self.spec
        }

        fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
            let close = *bars.close.last().unwrap();
            if self.bad.contains(&close) {
                return Err(Error::Encoder {
                    encoder: self.spec.id.clone(),
                    at: Vec::new(),
                    source: Arc::new(Error::invalid("bad")),
                });
            }
            Ok(Some(vec![close as f32]))
        }

        fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let mut rows = Embeddings::with_capacity(1, ends.len());
            for &end in ends {
                let row = self.encode_window(&stretch.slice(end..end + 1))?;
                rows.push(row.as_deref())?;
            }
            Ok(rows)
        }
    }

    fn fussy(bad: impl IntoIterator<Item = usize>) -> Fussy {
        Fussy {
            spec: EncoderSpec {
                id: "fussy/1".to_owned(),
                modality: Modality::Chart,
                dim: 1,
                channels: 1,
                window: 1,
                receptive_field: 1,
                warm_up: 0,
                sharing: Sharing::None,
                causal: true,
                normaliser: "none".to_owned(),
                weights_hash: 0,
            },
            bad: bad.into_iter().map(|i| i as f64 + 1.0).collect(),
            calls: AtomicUsize::new(0),
        }
    }

    fn bars(n: usize) -> Bars {
        let bar = |i: usize| {
            let price = i as f64 + 1.0;
            Bar {
                time: Timestamp::from_millis(i as i64),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: 1.0,
            }
        };
        (0..n).map(bar).collect()
    }

    #[test]
    fn only_the_bad_windows_are_left_out() {
        let (stretch, ends) = (bars(1000), (0..1000).collect::<Vec<_>>());
        for bad in [
            vec![],
            vec![0],
            vec![999],
            vec![3, 4, 500],
            (0..32).collect(),
        ] {
            let encoder = fussy(bad.clone());
            let found = encode_stretch(&encoder, &stretch, &ends).unwrap();
            let failed: Vec<_> = found.failed.iter().map(|(end, _)| *end).collect();
            assert_eq!(failed, bad);
            for (i, defined) in found.rows.defined.iter().enumerate() {
                assert_eq!(*defined, !bad.contains(&i), "{i}");
                let value = if *defined { i as f32 + 1.0 } else { 0.0 };
                assert_eq!(found.rows.values.get(i), Some(&value));
            }
            let calls = encoder.calls.into_inner();
            assert!(calls <= 1 + 24 * bad.len(), "{calls} calls");
        }
    }

    #[test]
    fn an_encoder_that_fails_on_most_windows_fails_as_a_whole() {
        let (stretch, ends) = (bars(1000), (0..1000).collect::<Vec<_>>());
        let encoder = fussy(0..1000);
        let error = encode_stretch(&encoder, &stretch, &ends).err().unwrap();
        assert!(error.to_string().contains("33 windows and more"), "{error}");
        assert!(encoder.calls.into_inner() < 100, "it gives up early");
    }
}
