//! The market of a file that names none: from its symbol, its columns, and the days of its bars.

use super::path_words::market_of_pair;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The market, and what tells it. `None` if nothing does.
pub(super) fn told_market(
    symbol: Option<&str>,
    of_yahoo: bool,
    times: &[i64],
) -> Option<(&'static str, &'static str)> {
    if let Some(market) = symbol.and_then(market_of_pair) {
        return Some((market, "its symbol is such a pair"));
    }
    let days = Days::of(times);
    if days.are_all() {
        return Some(("crypto", "it has bars on Saturdays and Sundays"));
    }
    if of_yahoo {
        return Some(("equity", "its columns are those of Yahoo"));
    }
    if days.are_of_work() && days.hours <= 17 {
        return Some((
            "equity",
            "it has bars on working days, for hours of a session",
        ));
    }
    None
}

/// On which days and at how many hours of the day bars open.
struct Days {
    bars: usize,
    /// From Sunday on.
    of_week: [usize; 7],
    hours: usize,
}

impl Days {
    fn of(times: &[i64]) -> Self {
        let mut of_week = [0; 7];
        let mut hours = [false; 24];
        for time in times {
            // The first day of 1970 was a Thursday.
            let day = (time.div_euclid(DAY_MS) + 4).rem_euclid(7);
            let hour = time.rem_euclid(DAY_MS) / HOUR_MS;
            let count = usize::try_from(day)
                .ok()
                .and_then(|day| of_week.get_mut(day));
            count.into_iter().for_each(|count| *count += 1);
            let seen = usize::try_from(hour)
                .ok()
                .and_then(|hour| hours.get_mut(hour));
            seen.into_iter().for_each(|seen| *seen = true);
        }
        Self {
            bars: times.len(),
            of_week,
            hours: hours.iter().filter(|seen| **seen).count(),
        }
    }

    fn at_weekends(&self) -> usize {
        let [sunday, .., saturday] = self.of_week;
        sunday + saturday
    }

    /// Bars on all days of the week, at weekends about as many as on others.
    fn are_all(&self) -> bool {
        self.of_week.iter().all(|count| *count > 0) && self.at_weekends() * 5 >= self.bars
    }

    /// Bars on all days of a working week, and on no other.
    fn are_of_work(&self) -> bool {
        let [_, work @ .., _] = self.of_week;
        self.bars >= 10 && work.iter().all(|count| *count > 0) && self.at_weekends() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(symbol: &str, of_yahoo: bool, times: impl Iterator<Item = i64>) -> &'static str {
        let times: Vec<i64> = times.collect();
        told_market(Some(symbol), of_yahoo, &times).map_or("-", |(market, _)| market)
    }

    /// Days from Monday, 2024-01-01 on.
    fn days(count: i64) -> impl Iterator<Item = i64> {
        (0..count).map(|day| (19_723 + day) * DAY_MS)
    }

    fn working_days(count: i64) -> impl Iterator<Item = i64> {
        days(count).filter(|t| !matches!((t / DAY_MS + 4) % 7, 0 | 6))
    }

    #[test]
    fn symbols_and_days_tell_the_market() {
        assert_eq!(market("SOLUSDT", false, days(0)), "crypto");
        assert_eq!(market("BTC-USD", true, days(0)), "crypto");
        assert_eq!(market("EURUSD=X", true, days(0)), "fx");
        assert_eq!(market("XAUUSD", false, days(0)), "fx");
        assert_eq!(market("THING", false, days(30)), "crypto");
        assert_eq!(market("AAPL", true, days(2)), "equity");
        assert_eq!(market("AAPL", false, working_days(30)), "equity");
        // Too few, once a week, and around the clock on working days: futures do, and currencies.
        assert_eq!(market("AAPL", false, working_days(5)), "-");
        assert_eq!(market("AAPL", false, days(210).step_by(7)), "-");
        let around = working_days(30).flat_map(|day| (0..24).map(move |h| day + h * HOUR_MS));
        assert_eq!(market("NQ", false, around), "-");
    }
}
