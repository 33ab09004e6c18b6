//! The intervals that Bybit has, and the open times that their candles can have.

use crate::error::{Error, Result};
use crate::model::{Interval, Timestamp};

const DAY_MS: i64 = 86_400_000;

const CODES: [(Interval, &str); 13] = [
    (Interval::minutes(1), "1"),
    (Interval::minutes(3), "3"),
    (Interval::minutes(5), "5"),
    (Interval::minutes(15), "15"),
    (Interval::minutes(30), "30"),
    (Interval::hours(1), "60"),
    (Interval::hours(2), "120"),
    (Interval::hours(4), "240"),
    (Interval::hours(6), "360"),
    (Interval::hours(12), "720"),
    (Interval::days(1), "D"),
    (Interval::days(7), "W"),
    (Interval::Months(1), "M"),
];

/// Bybit's word for an interval.
pub(super) fn code(interval: Interval) -> Result<&'static str> {
    CODES
        .iter()
        .find(|(known, _)| *known == interval)
        .map(|(_, code)| *code)
        .ok_or_else(|| {
            let known: Vec<String> = CODES.iter().map(|(i, _)| i.to_string()).collect();
            Error::invalid(format!(
                "Bybit has no candles of {interval}; choose one of {}",
                known.join(", ")
            ))
        })
}

/// Reads an interval in Bybit's words (`60`, `D`) or in those of [`Interval`] (`1h`, `1d`).
///
/// # Errors
/// [`Error::Invalid`] if it is neither, or if Bybit has no candles of it.
pub fn parse_bybit_interval(text: &str) -> Result<Interval> {
    if let Some((interval, _)) = CODES.iter().find(|(_, code)| *code == text) {
        return Ok(*interval);
    }
    let codes: Vec<&str> = CODES.iter().map(|(_, code)| *code).collect();
    let interval: Interval = text.parse().map_err(|e: Error| {
        Error::invalid(format!("{e}; Bybit's own words are {}", codes.join(", ")))
    })?;
    code(interval).map(|_| interval)
}

/// The open time `n` candles after the one that opens at `open`.
pub(super) fn after(interval: Interval, open: Timestamp, n: u32) -> Timestamp {
    match interval {
        Interval::Fixed(ms) => open.plus_millis(ms.saturating_mul(i64::from(n))),
        Interval::Months(months) => Interval::Months(months.saturating_mul(n)).close_of(open),
    }
}

/// Checks that candles open where the interval says.
///
/// Up to a day, candles open at multiples of the interval since 1970. Weeks open at midnight of a
/// weekday that the API does not document, so the first candle seen fixes it for the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    interval: Interval,
    anchor: Option<Timestamp>,
}

impl Grid {
    /// A grid, and a candle that is known to be on it.
    pub(super) fn new(interval: Interval, anchor: Option<Timestamp>) -> Self {
        Self { interval, anchor }
    }

    /// Whether a candle may open at `open`.
    pub(super) fn admits(&mut self, open: Timestamp) -> bool {
        match self.interval {
            Interval::Fixed(ms) => {
                let anchor = *self.anchor.get_or_insert(open);
                open.millis() % ms.min(DAY_MS) == 0 && (open.millis() - anchor.millis()) % ms == 0
            }
            Interval::Months(_) => open.to_string().ends_with("-01T00:00:00Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_interval_that_bybit_lacks_is_told_with_those_it_has() {
        assert_eq!(code("60m".parse().unwrap()).unwrap(), "60");
        assert_eq!(code("1w".parse().unwrap()).unwrap(), "W");
        assert_eq!(code("1M".parse().unwrap()).unwrap(), "M");
        assert_eq!(
            code("8h".parse().unwrap()).unwrap_err().to_string(),
            "Bybit has no candles of 8h; choose one of \
             1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 12h, 1d, 1w, 1M"
        );
    }

    #[test]
    fn intervals_are_read_in_both_ways() {
        for (own, usual) in [
            ("1", "1m"),
            ("60", "1h"),
            ("240", "4h"),
            ("720", "12h"),
            ("D", "1d"),
            ("W", "1w"),
            ("M", "1M"),
        ] {
            let expected = usual.parse().unwrap();
            assert_eq!(parse_bybit_interval(own).unwrap(), expected, "{own}");
            assert_eq!(parse_bybit_interval(usual).unwrap(), expected, "{usual}");
        }
        let refused = parse_bybit_interval("45").unwrap_err().to_string();
        assert!(
            refused.contains("words are 1, 3, 5, 15, 30, 60"),
            "{refused}"
        );
        let refused = parse_bybit_interval("8h").unwrap_err().to_string();
        assert!(refused.contains("no candles of 8h"), "{refused}");
    }

    #[test]
    fn candles_open_on_multiples_of_their_interval() {
        let mut hours = Grid::new(Interval::hours(1), None);
        assert!(hours.admits(at("2024-01-01T05:00")));
        assert!(!hours.admits(at("2024-01-01T05:30")));
        let mut months = Grid::new(Interval::Months(1), None);
        assert!(months.admits(at("2024-02-01")));
        assert!(!months.admits(at("2024-02-02")));
        assert!(!months.admits(at("2024-02-01T01:00")));
    }

    #[test]
    fn the_first_week_fixes_the_weekday() {
        let mut weeks = Grid::new(Interval::days(7), None);
        assert!(!Grid::new(Interval::days(7), None).admits(at("2024-01-01T12:00")));
        assert!(weeks.admits(at("2024-01-08")));
        assert!(weeks.admits(at("2024-01-01")));
        assert!(!weeks.admits(at("2023-12-27")));
        let mut anchored = Grid::new(Interval::days(7), Some(at("2024-01-04")));
        assert!(!anchored.admits(at("2024-01-08")));
    }

    #[test]
    fn after_counts_candles() {
        let start = at("2024-01-01");
        assert_eq!(
            after(Interval::minutes(15), start, 999),
            at("2024-01-11T09:45")
        );
        assert_eq!(after(Interval::Months(1), start, 14), at("2025-03-01"));
    }
}
