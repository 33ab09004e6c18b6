use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// One OHLCV candle. Prices are in the series' quote currency, volume in its base unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// When the bar opened.
    pub time: Timestamp,
    /// First traded price.
    pub open: f64,
    /// Highest traded price.
    pub high: f64,
    /// Lowest traded price.
    pub low: f64,
    /// Last traded price.
    pub close: f64,
    /// Traded amount.
    pub volume: f64,
}

/// Why a bar cannot be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum BarDefect {
    /// A price or the volume is NaN or infinite.
    NotFinite,
    /// A price is zero or negative.
    PriceNotPositive,
    /// `high < low`.
    HighBelowLow,
    /// Open or close lies outside of `low..=high`.
    OutsideRange,
    /// The volume is negative.
    NegativeVolume,
}

impl fmt::Display for BarDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "a price or the volume is not a finite number",
            Self::PriceNotPositive => "a price is not above 0",
            Self::HighBelowLow => "high is below low",
            Self::OutsideRange => "open or close is outside of low..high",
            Self::NegativeVolume => "volume is negative",
        })
    }
}

impl Bar {
    /// Checks that the bar can have happened: finite positive prices, `low <= open, close <= high`,
    /// and a volume that is not negative.
    ///
    /// # Errors
    /// The first defect found.
    pub fn check(&self) -> Result<(), BarDefect> {
        let prices = [self.open, self.high, self.low, self.close];
        if !prices.iter().all(|p| p.is_finite()) || !self.volume.is_finite() {
            return Err(BarDefect::NotFinite);
        }
        if prices.iter().any(|&p| p <= 0.0) {
            return Err(BarDefect::PriceNotPositive);
        }
        if self.high < self.low {
            return Err(BarDefect::HighBelowLow);
        }
        if self.open.max(self.close) > self.high || self.open.min(self.close) < self.low {
            return Err(BarDefect::OutsideRange);
        }
        if self.volume < 0.0 {
            return Err(BarDefect::NegativeVolume);
        }
        Ok(())
    }

    /// Consecutive bars as one longer bar: the first open, the extremes, the last close and the whole
    /// volume. `None` of none.
    pub fn merged(bars: &[Self]) -> Option<Self> {
        let (first, last) = (bars.first()?, bars.last()?);
        let high = bars.iter().map(|bar| bar.high);
        let low = bars.iter().map(|bar| bar.low);
        Some(Self {
            time: first.time,
            open: first.open,
            high: high.fold(f64::NEG_INFINITY, f64::max),
            low: low.fold(f64::INFINITY, f64::min),
            close: last.close,
            volume: bars.iter().map(|bar| bar.volume).sum(),
        })
    }
}

/// Bars of one series in columns, ordered by time. All columns have the same length.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Bars {
    /// Open times in milliseconds UTC.
    pub time: Vec<i64>,
    /// First traded prices.
    pub open: Vec<f64>,
    /// Highest traded prices.
    pub high: Vec<f64>,
    /// Lowest traded prices.
    pub low: Vec<f64>,
    /// Last traded prices.
    pub close: Vec<f64>,
    /// Traded amounts.
    pub volume: Vec<f64>,
}

impl Bars {
    /// No bars, with room for `n`.
    pub fn with_capacity(n: usize) -> Self {
        let column = || Vec::with_capacity(n);
        Self {
            time: Vec::with_capacity(n),
            open: column(),
            high: column(),
            low: column(),
            close: column(),
            volume: column(),
        }
    }

    /// The number of bars.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Adds a bar at the end.
    pub fn push(&mut self, bar: Bar) {
        self.time.push(bar.time.millis());
        self.open.push(bar.open);
        self.high.push(bar.high);
        self.low.push(bar.low);
        self.close.push(bar.close);
        self.volume.push(bar.volume);
    }

    /// The bar at `i`, or `None` past the end.
    pub fn get(&self, i: usize) -> Option<Bar> {
        Some(Bar {
            time: Timestamp::from_millis(*self.time.get(i)?),
            open: *self.open.get(i)?,
            high: *self.high.get(i)?,
            low: *self.low.get(i)?,
            close: *self.close.get(i)?,
            volume: *self.volume.get(i)?,
        })
    }

    /// The bars one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Bar> + '_ {
        self.time
            .iter()
            .zip(&self.open)
            .zip(&self.high)
            .zip(&self.low)
            .zip(self.close.iter().zip(&self.volume))
            .map(|((((time, open), high), low), (close, volume))| Bar {
                time: Timestamp::from_millis(*time),
                open: *open,
                high: *high,
                low: *low,
                close: *close,
                volume: *volume,
            })
    }

    /// The bars of `range`, clamped to what is there.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let part = |column: &[f64]| {
            column
                .get(clamp(&range, column.len()))
                .unwrap_or(&[])
                .to_vec()
        };
        Self {
            time: self
                .time
                .get(clamp(&range, self.time.len()))
                .unwrap_or(&[])
                .to_vec(),
            open: part(&self.open),
            high: part(&self.high),
            low: part(&self.low),
            close: part(&self.close),
            volume: part(&self.volume),
        }
    }

    /// Adds all bars of `other` at the end.
    pub fn extend(&mut self, other: &Self) {
        self.time.extend_from_slice(&other.time);
        self.open.extend_from_slice(&other.open);
        self.high.extend_from_slice(&other.high);
        self.low.extend_from_slice(&other.low);
        self.close.extend_from_slice(&other.close);
        self.volume.extend_from_slice(&other.volume);
    }
}

fn clamp(range: &Range<usize>, len: usize) -> Range<usize> {
    range.start.min(len)..range.end.min(len).max(range.start.min(len))
}

impl From<Vec<Bar>> for Bars {
    fn from(bars: Vec<Bar>) -> Self {
        bars.into_iter().collect()
    }
}

impl FromIterator<Bar> for Bars {
    fn from_iter<I: IntoIterator<Item = Bar>>(iter: I) -> Self {
        let mut bars = Self::default();
        for bar in iter {
            bars.push(bar);
        }
        bars
    }
}
