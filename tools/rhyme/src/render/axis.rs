//! The scales of a chart: prices at the right, times below.

use rhymedb::{Bar, Timestamp};

use super::Style;
use crate::zone;

/// The length of `2024-01-03`, and of `2024-01-03 12:00`.
const DATE: usize = 10;
const DATE_AND_MINUTE: usize = 16;

/// The prices between which a chart lies.
pub(super) struct Scale {
    high: f64,
    low: f64,
    rows: usize,
}

impl Scale {
    pub(super) fn of<'a>(bars: impl Iterator<Item = &'a Bar>, rows: usize) -> Self {
        let (mut high, mut low) = (f64::NEG_INFINITY, f64::INFINITY);
        for bar in bars {
            high = high.max(bar.high);
            low = low.min(bar.low);
        }
        Self { high, low, rows }
    }

    /// The level of a price: 0 is the upper half of the first row, `2 * rows - 1` the lower half
    /// of the last. A flat chart lies in the middle.
    pub(super) fn level(&self, price: f64) -> usize {
        let depth = if self.high > self.low {
            (self.high - price) / (self.high - self.low)
        } else {
            0.5
        };
        let deepest = 2 * self.rows - 1;
        ((depth * deepest as f64).round() as usize).min(deepest)
    }

    /// Three digits of the chart's range, or five of the price where the range is nothing.
    fn decimals(&self) -> usize {
        let range = self.high - self.low;
        let (size, digits) = if range > 0.0 {
            (range, 2.0)
        } else {
            (self.high.abs().max(1e-8), 4.0)
        };
        (digits - size.log10().floor()).clamp(0.0, 10.0) as usize
    }

    /// One label a row, most of them empty. The last close keeps clear of high and low, which
    /// name the first and the last row.
    pub(super) fn labels(&self, last: f64, style: Style) -> Vec<String> {
        let decimals = self.decimals();
        let mark = if style.unicode { '◂' } else { '<' };
        let bottom = self.rows - 1;
        let last_row = match self.rows {
            1 => Some(0),
            2 => None,
            _ => Some((self.level(last) / 2).clamp(1, bottom - 1)),
        };
        let label_of = |row| {
            if Some(row) == last_row {
                format!("{mark}{last:.decimals$}")
            } else if row == 0 {
                format!(" {:.decimals$}", self.high)
            } else if row == bottom {
                format!(" {:.decimals$}", self.low)
            } else {
                String::new()
            }
        };
        (0..self.rows).map(label_of).collect()
    }
}

/// The first time at the left and the last at the right of the candles, in the longest form that
/// fits there or at least into the picture.
pub(super) fn dates(first: Timestamp, last: Timestamp, candles: usize, picture: usize) -> String {
    let (first, last) = (zone::shown(first), zone::shown(last));
    let midnight = |time: &str| time.contains("T00:00:00");
    let longest = if midnight(&first) && midnight(&last) {
        DATE
    } else {
        DATE_AND_MINUTE
    };
    for length in [longest, DATE] {
        let form = |time: &str| time.chars().take(length).collect::<String>();
        let (from, to) = (
            form(&first).replace('T', " "),
            form(&last).replace('T', " "),
        );
        if from == to && from.len() <= picture {
            return from;
        }
        let width = candles.max(from.len() + 2 + to.len());
        if width <= picture {
            return format!("{from}{to:>rest$}", rest = width - from.len());
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const PLAIN: Style = Style {
        colour: false,
        unicode: true,
    };

    #[test]
    fn labels_have_the_digits_that_matter() {
        let label = |high, low| {
            let scale = Scale { high, low, rows: 2 };
            scale.labels(low, PLAIN).concat()
        };
        assert_eq!(label(64_000.0, 61_500.0), " 64000 61500");
        assert_eq!(label(107.25, 95.0), " 107.2 95.0");
        assert_eq!(label(0.000_123_4, 0.000_119), " 0.00012340 0.00011900");
    }

    #[test]
    fn daily_bars_have_dates_alone() {
        let start: Timestamp = "2024-01-30".parse().unwrap();
        assert_eq!(
            dates(start, start.plus_millis(4 * 86_400_000), 23, 40),
            "2024-01-30   2024-02-03"
        );
        assert_eq!(dates(start, start, 3, 10), "2024-01-30");
        assert_eq!(dates(start, start, 3, 9), "");
    }
}
