//! The series that random operations are about.

use rhymedb::data::Calendar;
use rhymedb::{SeriesKey, Timestamp};

use crate::oracle::{DAY, HOUR, Lcg, START};

/// What a series can have: its name and the open times that bars are taken from.
pub struct Listing {
    pub key: SeriesKey,
    pub calendar: Calendar,
    pub opens: Vec<i64>,
}

pub fn listings() -> Vec<Listing> {
    let hours = |step: i64, n: i64| (0..n).map(|i| START + i * step * HOUR).collect::<Vec<_>>();
    let weekdays = |n: usize| (0..).filter(|d| d % 7 < 5).map(|d| START + d * DAY).take(n);
    let sessions = weekdays(36).flat_map(|day| (14..21).map(move |h| day + h * HOUR));
    let months = (0..140).map(|i| {
        let next = format!("{}-{:02}-01", 2000 + (i + 1) / 12, (i + 1) % 12 + 1);
        next.parse::<Timestamp>().unwrap().millis() - DAY
    });
    let (crypto, equity) = (Calendar::Continuous, Calendar::Session);
    [
        ("crypto/one/AAA:1h", crypto, hours(1, 260)),
        ("crypto/two/AAA:1h", crypto, hours(1, 180)),
        ("crypto/one/AAA:4h", crypto, hours(4, 150)),
        ("equity/one/BBB:1d", equity, weekdays(230).collect()),
        ("equity/one/BBB:1h", equity, sessions.collect()),
        ("equity/one/CCC:1M", equity, months.collect()),
        ("crypto/one/DDD:1h", crypto, hours(1, 200)),
    ]
    .into_iter()
    .map(|(name, calendar, opens)| Listing {
        key: name.parse().unwrap(),
        calendar,
        opens,
    })
    .collect()
}

pub struct Dice(pub Lcg);

impl Dice {
    pub fn below(&mut self, n: usize) -> usize {
        (self.0.next() * n as f64) as usize % n
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
