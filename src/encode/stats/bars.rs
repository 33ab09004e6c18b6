//! What each bar contributes to the sums of `stats`, computed once a bar.

use std::ops::Range;

use crate::encode::stretch::checked_bars;
use crate::error::Result;
use crate::model::{Bar, Bars};

/// Which of the sums a feature reads: an index into [`BarTerms::columns`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Term {
    /// The return `r`.
    Return,
    /// `r^2`.
    Square,
    /// `|r|`.
    Absolute,
    /// `r^3`.
    Cube,
    /// -1, 0 or 1.
    Sign,
    /// The product of `r` and the return before it.
    Lagged,
    /// `volume * |r|`.
    VolumeAbsolute,
    /// `volume * r`.
    VolumeReturn,
    /// The volume.
    Volume,
    /// `ln(high / low)`.
    Range,
    /// `|ln(close / open)|`.
    Body,
    /// The lower wick less the upper wick, in logs.
    Wick,
}

/// The terms of consecutive bars. Returns are log returns from the bar before; the first bar of a
/// stretch has none, and its terms of returns are 0 and never used.
#[derive(Clone, Debug, Default)]
pub(super) struct BarTerms {
    columns: [Vec<f64>; Self::COLUMNS],
    /// Log highs.
    pub(super) high: Vec<f64>,
    /// Log lows.
    pub(super) low: Vec<f64>,
    /// Log closes.
    pub(super) close: Vec<f64>,
}

impl BarTerms {
    /// The number of summed columns.
    pub(super) const COLUMNS: usize = 12;
    /// How many bars before its own a term of each column needs.
    pub(super) const LEADS: [usize; Self::COLUMNS] = [1, 1, 1, 1, 1, 2, 1, 1, 0, 0, 0, 0];

    /// The terms of the bars of `range`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a bar cannot have happened.
    pub(super) fn new(bars: &Bars, range: &Range<usize>) -> Result<Self> {
        let mut terms = Self::default();
        let mut before: Option<(f64, f64)> = None;
        for bar in checked_bars(bars, range)? {
            let bar = bar?;
            before = Some(terms.push(&bar, before));
        }
        Ok(terms)
    }

    /// Adds a bar; `before` is the log close of the bar before and the return to it. Returns the
    /// same of this bar.
    fn push(&mut self, bar: &Bar, before: Option<(f64, f64)>) -> (f64, f64) {
        let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(f64::ln);
        let (last_close, last_return) = before.unwrap_or((close, 0.0));
        let r = close - last_close;
        let sign = f64::from(i8::from(r > 0.0) - i8::from(r < 0.0));
        let upper = high - open.max(close);
        let lower = open.min(close) - low;
        let row = [
            r,
            r * r,
            r.abs(),
            r * r * r,
            sign,
            r * last_return,
            bar.volume * r.abs(),
            bar.volume * r,
            bar.volume,
            high - low,
            (close - open).abs(),
            lower - upper,
        ];
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
        self.high.push(high);
        self.low.push(low);
        self.close.push(close);
        (close, r)
    }

    /// The columns, each with its lead.
    pub(super) fn columns(&self) -> [(&[f64], usize); Self::COLUMNS] {
        let mut out = [(&[][..], 0); Self::COLUMNS];
        for (slot, (column, lead)) in out.iter_mut().zip(self.columns.iter().zip(Self::LEADS)) {
            *slot = (column, lead);
        }
        out
    }
}
