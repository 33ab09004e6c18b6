//! Encoders to compare with: principal components of the price path, and five numbers made by
//! hand.

use super::charts::{Chart, ChartWindow};
use super::linear::Symmetric;
use super::vectors::Vectors;
use crate::encode::ChartEncoder;
use crate::error::{Error, Result};
use crate::model::{Bars, EncoderSpec, Modality, Sharing};

/// Points of a path: a longer window is taken at so many of its bars.
const POINTS: usize = 64;
/// Principal components that are kept.
const COMPONENTS: usize = 32;
/// Where the five numbers are cut off.
const CLIP: f64 = 10.0;

/// Principal components of the log closes of a window, less their mean and at unit length. It is
/// fitted on windows of the past and gives unit vectors.
pub(super) struct Pca {
    spec: EncoderSpec,
    components: Vec<Vec<f64>>,
}

impl Pca {
    /// Fits windows of `window` bars.
    pub(super) fn fit(charts: &[Chart], places: &[ChartWindow], window: usize) -> Self {
        let mut paths = Vectors::new(window.min(POINTS));
        for place in places {
            let Some(chart) = charts.get(place.series) else {
                continue;
            };
            let first = (place.bar + 1).saturating_sub(window);
            let closes = chart.bars.close.get(first..=place.bar).unwrap_or(&[]);
            if let Some(path) = path(closes) {
                paths.push_all(path.iter().map(|&x| x as f32));
            }
        }
        let (_, covariance) = Symmetric::covariance(&paths);
        let mut components = covariance.eigenvectors();
        components.truncate(COMPONENTS.min(paths.dim().saturating_sub(1)).max(1));
        Self {
            spec: spec("pca/1", components.len(), window),
            components,
        }
    }
}

/// The closes as they are compared: at most [`POINTS`] of them as logarithms, their mean 0, their
/// length 1. `None` if they do not move.
fn path(closes: &[f64]) -> Option<Vec<f64>> {
    let points = closes.len().min(POINTS);
    let at = |i: usize| closes.get((i + 1) * closes.len() / points.max(1) - 1);
    let mut path: Vec<f64> = (0..points).filter_map(at).map(|c| c.ln()).collect();
    let mean = path.iter().sum::<f64>() / points.max(1) as f64;
    path.iter_mut().for_each(|x| *x -= mean);
    let norm = path.iter().map(|x| x * x).sum::<f64>().sqrt();
    path.iter_mut().for_each(|x| *x /= norm);
    (norm > 1e-9).then_some(path)
}

impl ChartEncoder for Pca {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        let closes = last(&bars.close, &self.spec)?;
        let Some(path) = path(closes) else {
            return Ok(None);
        };
        let mut vectors = Vectors::new(self.components.len());
        let along = |c: &Vec<f64>| c.iter().zip(&path).map(|(a, b)| a * b).sum::<f64>() as f32;
        vectors.push_all(self.components.iter().map(along));
        let unit = vectors.units();
        let row = unit.row(0);
        Ok(row.iter().any(|&x| x != 0.0).then(|| row.to_vec()))
    }
}

/// Five numbers: the returns of the last bar and of the last five and the range of the last bar, in
/// units of the volatility before; the logarithm of that volatility; the last volume against its
/// mean. They are no unit vectors: linear maps take them.
pub(super) struct Five {
    spec: EncoderSpec,
}

impl Five {
    pub(super) fn new(window: usize) -> Self {
        Self {
            spec: spec("five/1", 5, window),
        }
    }
}

impl ChartEncoder for Five {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        let window = last(&bars.close, &self.spec)?.len();
        let bars = bars.slice(bars.len() - window..bars.len());
        let logs: Vec<f64> = bars.close.iter().map(|c| c.ln()).collect();
        let early = logs.len().saturating_sub(5);
        let returns = logs.get(..early).unwrap_or(&[]).array_windows::<2>();
        let squares: f64 = returns.map(|[a, b]| (b - a).powi(2)).sum();
        let s = (squares / early.saturating_sub(1).max(1) as f64).sqrt();
        let ago = |bars: usize| {
            let then = logs.len().checked_sub(bars + 1).and_then(|i| logs.get(i));
            Some(logs.last()? - then?)
        };
        let (Some(one), Some(five), Some(bar)) = (ago(1), ago(5), bars.get(window - 1)) else {
            return Ok(None);
        };
        if s < 1e-9 {
            return Ok(None);
        }
        let volumes = bars.volume.iter().map(|v| v.ln_1p());
        let usual = volumes.sum::<f64>() / window as f64;
        let numbers = [
            one / s,
            five / (s * 5_f64.sqrt()),
            (bar.high / bar.low).ln() / s,
            (s / 0.01).ln(),
            bar.volume.ln_1p() - usual,
        ];
        let numbers = numbers.map(|x| x.clamp(-CLIP, CLIP) as f32);
        Ok(Some(numbers.to_vec()))
    }
}

fn last<'a>(closes: &'a [f64], spec: &EncoderSpec) -> Result<&'a [f64]> {
    let first = closes.len().checked_sub(spec.window as usize);
    first.and_then(|f| closes.get(f..)).ok_or_else(|| {
        Error::invalid(format!(
            "expected at least {} bars for {}, found {}",
            spec.window,
            spec.id,
            closes.len()
        ))
    })
}

fn spec(id: &str, dim: usize, window: usize) -> EncoderSpec {
    EncoderSpec {
        id: id.to_owned(),
        modality: Modality::Chart,
        dim: dim as u32,
        channels: 1,
        window: window as u32,
        receptive_field: window as u32,
        warm_up: 0,
        sharing: Sharing::None,
        causal: true,
        normaliser: "window".to_owned(),
        weights_hash: 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::encode::check_chart_encoder;
    use crate::model::{Bar, Calendar, Interval, SeriesKey, Timestamp};

    fn charts() -> Vec<Chart> {
        let bar = |i: i64| {
            let close = 100.0 + 3.0 * (i as f64 / 5.0).sin() + (i * i % 17) as f64 * 0.1;
            Bar {
                time: Timestamp::from_millis(i * 3_600_000),
                open: close,
                high: close + 0.5,
                low: close - 0.5,
                close,
                volume: (i % 9) as f64,
            }
        };
        let key = SeriesKey::new("crypto", "x", "A", Interval::hours(1)).unwrap();
        vec![Chart::new(
            key,
            Calendar::Continuous,
            (0..600).map(bar).collect(),
        )]
    }

    #[test]
    fn baselines_are_encoders() {
        let charts = charts();
        let places: Vec<ChartWindow> = (31..600)
            .map(|bar| ChartWindow { series: 0, bar })
            .collect();
        let pca = Pca::fit(&charts, &places, 32);
        assert_eq!(pca.spec().dim, 31);
        check_chart_encoder(&pca, 3).unwrap();
        // All components but the mean: cosines are correlations.
        let row = |bar: usize| {
            let bars = charts[0].bars.slice(bar - 31..bar + 1);
            (
                bars.close.clone(),
                pca.encode_window(&bars).unwrap().unwrap(),
            )
        };
        let ((a, x), (b, y)) = (row(100), row(311));
        let (a, b): (Vec<f64>, Vec<f64>) = a.iter().zip(b).map(|(a, b)| (a.ln(), b.ln())).unzip();
        let expected = crate::numeric::summary::correlation(&a, &b, &[1.0; 32]);
        let found: f32 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        assert!(
            (f64::from(found) - expected).abs() < 1e-4,
            "{found} {expected}"
        );
    }

    #[test]
    fn the_five_numbers_by_hand() {
        let mut bars = charts()[0].bars.slice(0..0);
        for (i, close) in [100.0, 101.0, 100.0, 101.0, 100.0, 101.0, 100.0, 102.0]
            .iter()
            .enumerate()
        {
            bars.push(Bar {
                time: Timestamp::from_millis(i as i64),
                open: *close,
                high: 103.0,
                low: 99.0,
                close: *close,
                volume: 1.0,
            });
        }
        let found = Five::new(8).encode_window(&bars).unwrap().unwrap();
        let s = 1.01_f64.ln();
        let expected = [
            1.02_f64.ln() / s,
            1.02_f64.ln() / (s * 5_f64.sqrt()),
            (103.0_f64 / 99.0).ln() / s,
            (s / 0.01).ln(),
            0.0,
        ];
        for (f, e) in found.iter().zip(expected) {
            assert!((f64::from(*f) - e).abs() < 1e-5, "{found:?} {expected:?}");
        }
    }
}
