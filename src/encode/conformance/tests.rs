#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use proptest::prelude::*;

use super::*;
use crate::encode::{Shape, Stats};
use crate::model::EncoderSpec;

#[test]
fn shape_conforms() {
    for (window, dim) in [
        (4, 3),
        (5, 2),
        (17, 16),
        (63, 40),
        (64, 48),
        (64, 8),
        (100, 99),
    ] {
        for seed in [1, 2] {
            check_chart_encoder(&Shape::new(window, dim).unwrap(), seed).unwrap();
        }
    }
}

#[test]
fn stats_conforms() {
    for window in [16, 17, 23, 64, 100, 128] {
        for seed in [1, 2] {
            check_chart_encoder(&Stats::new(window).unwrap(), seed).unwrap();
        }
    }
}

#[test]
fn a_watched_check_tells_how_far_it_is_and_stops() {
    use std::sync::Mutex;
    let (shape, stats) = (Shape::new(24, 8).unwrap(), Stats::new(32).unwrap());
    let encoders: [&dyn ChartEncoder; 2] = [&shape, &stats];
    for encoder in encoders {
        let told = Mutex::new(Vec::new());
        check_chart_encoder_watched(encoder, 1, &|done, total| {
            told.lock().unwrap().push((done, total));
            Ok(())
        })
        .unwrap();
        let told = told.into_inner().unwrap();
        let (done, total) = told[told.len() - 2];
        // Within a part of a series.
        assert!(
            done <= total && total - done < total / 20,
            "{done} of {total}"
        );
        assert_eq!(told.last(), Some(&(total, total)));
        assert!(told.is_sorted() && told.len() > 100);

        let looks = Mutex::new(0);
        let stopped = check_chart_encoder_watched(encoder, 1, &|_, _| {
            let mut looks = looks.lock().unwrap();
            *looks += 1;
            if *looks < 40 {
                Ok(())
            } else {
                Err(Error::Interrupted)
            }
        });
        assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
        assert_eq!(looks.into_inner().unwrap(), 40, "nothing is asked after it");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    // Not one dimension: a vector of unit length is 1 or -1 there, whatever its bars.
    fn both_conform_at_any_window(window in 16_usize..90, dim in 2_usize..90, seed: u64) {
        let shape = Shape::new(window, dim.min(window - 1)).unwrap();
        check_chart_encoder(&shape, seed).unwrap();
        check_chart_encoder(&Stats::new(window).unwrap(), seed).unwrap();
    }
}

#[test]
fn synthetic_bars_can_all_have_happened() {
    for seed in 0..20 {
        for stretch in stretches(seed, 600) {
            assert_eq!(stretch.bars.len(), 600);
            let disturbed = disturbed(&stretch.bars, 100..500);
            for bar in stretch.bars.iter().chain(disturbed.iter()) {
                assert_eq!(
                    bar.check(),
                    Ok(()),
                    "seed {seed}, {}: {bar:?}",
                    stretch.name
                );
            }
        }
    }
}

/// An encoder with one thing wrong, made from one that conforms.
struct Broken {
    inner: Shape,
    spec: EncoderSpec,
    flaw: Flaw,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    /// Conforms, to show that the wrapper is not what fails.
    Nothing,
    ReadsOnlyTheLast16,
    SeriesLooksOneBarAhead,
    SeriesScalesByTheWholeStretch,
    NotNormalised,
    SeriesDiffersALittle,
    SeriesPadsTheStart,
    WindowReadsBarsBefore,
    DimensionDiffers,
    FlatBecomesZeros,
    IgnoresBadEnds,
    AcceptsShortWindows,
    DropsARow,
    OrderOfEndsMatters,
    NeverDefined,
    NotANumber,
    ChangesEachTime,
    NotCausal,
}

impl Broken {
    fn new(flaw: Flaw) -> Self {
        let inner = match flaw {
            Flaw::ReadsOnlyTheLast16 => Shape::new(16, 8).unwrap(),
            _ => Shape::new(48, 8).unwrap(),
        };
        let mut spec = inner.spec().clone();
        spec.window = 48;
        spec.dim = if flaw == Flaw::DimensionDiffers { 9 } else { 8 };
        spec.causal = flaw != Flaw::NotCausal;
        Self { inner, spec, flaw }
    }

    fn spoil(&self, vector: &mut [f32]) {
        match self.flaw {
            Flaw::NotNormalised => vector.iter_mut().for_each(|x| *x *= 1.001),
            Flaw::NotANumber => vector[3] = f32::NAN,
            Flaw::ChangesEachTime => {
                use std::sync::atomic::{AtomicU32, Ordering};
                static CALLS: AtomicU32 = AtomicU32::new(0);
                vector[0] += 1e-7 * CALLS.fetch_add(1, Ordering::Relaxed) as f32;
            }
            _ => {}
        }
    }
}

impl ChartEncoder for Broken {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        if bars.len() < 48 && self.flaw == Flaw::ReadsOnlyTheLast16 {
            return Err(Error::invalid("too few"));
        }
        if bars.len() < 48 && self.flaw == Flaw::AcceptsShortWindows {
            return Ok(None);
        }
        let mut vector = self.inner.encode_window(bars)?;
        match (&mut vector, self.flaw) {
            (_, Flaw::NeverDefined) => return Ok(None),
            (None, Flaw::FlatBecomesZeros) => return Ok(Some(vec![0.0; 8])),
            (Some(v), Flaw::WindowReadsBarsBefore) => {
                v[0] += 1e-6 * (bars.close[0].ln() - bars.close[bars.len() - 48].ln()) as f32;
            }
            (Some(v), _) => self.spoil(v),
            (None, _) => {}
        }
        Ok(vector)
    }

    fn encode_series(&self, stretch: &Bars, ends: &[usize]) -> Result<Embeddings> {
        let last = stretch.len() - 1;
        let ahead = |ends: &[usize]| ends.iter().map(|e| (e + 1).min(last)).collect::<Vec<_>>();
        let mut rows = match self.flaw {
            Flaw::IgnoresBadEnds => {
                let near: Vec<usize> = ends.iter().map(|&e| e.clamp(47, last)).collect();
                self.inner.encode_series(stretch, &near)?
            }
            _ if ends.iter().any(|&e| e < 47) => return Err(Error::invalid("no such window")),
            Flaw::SeriesLooksOneBarAhead if ends.iter().all(|&e| e <= last) => {
                self.inner.encode_series(stretch, &ahead(ends))?
            }
            Flaw::OrderOfEndsMatters => {
                let mut sorted = ends.to_vec();
                sorted.sort_unstable();
                self.inner.encode_series(stretch, &sorted)?
            }
            _ => self.inner.encode_series(stretch, ends)?,
        };
        for vector in rows.values.chunks_exact_mut(8) {
            self.spoil(vector);
        }
        match self.flaw {
            Flaw::SeriesDiffersALittle => rows.values.iter_mut().for_each(|x| *x += 2e-6),
            Flaw::SeriesScalesByTheWholeStretch => {
                let mean = stretch.close.iter().sum::<f64>() / stretch.len() as f64;
                let tiny = (mean.ln() * 1e-7).sin() as f32 * 0.3;
                rows.values.iter_mut().for_each(|x| *x += *x * tiny);
            }
            Flaw::SeriesPadsTheStart => {
                for (row, end) in rows.values.chunks_exact_mut(8).zip(ends) {
                    if *end < 50 {
                        row.rotate_left(1);
                    }
                }
            }
            Flaw::DropsARow if rows.len() > 1 => {
                rows.defined.pop();
            }
            Flaw::NeverDefined => rows.defined.fill(false),
            Flaw::FlatBecomesZeros => rows.defined.fill(true),
            _ => {}
        }
        Ok(rows)
    }
}

#[test]
fn each_flaw_is_found_and_named() {
    check_chart_encoder(&Broken::new(Flaw::Nothing), 5).unwrap();
    let cases = [
        (Flaw::ReadsOnlyTheLast16, "every bar of the window"),
        (
            Flaw::SeriesLooksOneBarAhead,
            "equals encoding each window alone",
        ),
        (
            Flaw::SeriesScalesByTheWholeStretch,
            "after a window's end change nothing",
        ),
        (Flaw::NotNormalised, "unit length"),
        (
            Flaw::SeriesDiffersALittle,
            "equals encoding each window alone",
        ),
        (
            Flaw::SeriesPadsTheStart,
            "equals encoding each window alone",
        ),
        (
            Flaw::WindowReadsBarsBefore,
            "before a window and its warm-up change nothing",
        ),
        (Flaw::DimensionDiffers, "the spec's dimension"),
        (Flaw::FlatBecomesZeros, "unit length"),
        (Flaw::IgnoresBadEnds, "encode_series accepts the end"),
        (Flaw::AcceptsShortWindows, "encode_window accepts 47 bars"),
        (
            Flaw::DropsARow,
            "one row of the spec's dimension for each end",
        ),
        (
            Flaw::OrderOfEndsMatters,
            "equals encoding each window alone",
        ),
        (Flaw::NeverDefined, "a random walk has an embedding"),
        (Flaw::NotANumber, "unit length"),
        (Flaw::ChangesEachTime, "the same input gives the same bytes"),
        (Flaw::NotCausal, "causal to be true"),
    ];
    for (flaw, rule) in cases {
        match check_chart_encoder(&Broken::new(flaw), 5) {
            Ok(()) => panic!("{flaw:?} was not found"),
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains(rule), "{flaw:?} gave: {message}");
            }
        }
    }
}
