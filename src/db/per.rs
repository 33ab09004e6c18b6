//! At most so many hits of one symbol, of one year, of one market.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::{Interval, Timestamp};

/// The most hits of one group that a quota may allow.
const MOST: usize = 10_000;

/// At most so many hits of each symbol, of each calendar year, of each market. Those that are left out
/// give their place to the next ones, so that a list is as long as it was asked for where the data has
/// enough. As JSON: `{"symbol": 2, "year": 3}`.
///
/// The year is that of the window's end or of the headline's publication, in UTC. A symbol of two markets is
/// two symbols. A headline is of every symbol that it names and of their markets; one that names none is
/// of no symbol and of no market, so no quota of these holds it back.
///
/// ```
/// # use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// use rhymedb::Target;
/// use rhymedb::query::Per;
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
/// let target: Target = "NOVAUSDT:1h@2015-03-01".parse()?;
/// let answer = db.now().similar(target).k(3).per(Per::new().symbol(1)).run()?;
/// let symbols: std::collections::BTreeSet<_> =
///     answer.hits.iter().map(|hit| &hit.window.series.symbol).collect();
/// assert_eq!(symbols.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Per {
    /// The most hits of one symbol: 1 to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<usize>,
    /// The most hits of one calendar year: 1 to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<usize>,
    /// The most hits of one market: 1 to 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market: Option<usize>,
}

impl Per {
    /// Any number of hits of each.
    pub fn new() -> Self {
        Self::default()
    }

    /// The most hits of one symbol: 1 to 10,000.
    #[must_use]
    pub fn symbol(self, hits: usize) -> Self {
        let symbol = Some(hits);
        Self { symbol, ..self }
    }

    /// The most hits of one calendar year: 1 to 10,000.
    #[must_use]
    pub fn year(self, hits: usize) -> Self {
        let year = Some(hits);
        Self { year, ..self }
    }

    /// The most hits of one market: 1 to 10,000.
    #[must_use]
    pub fn market(self, hits: usize) -> Self {
        let market = Some(hits);
        Self { market, ..self }
    }

    /// Whether it allows everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn named(&self) -> [(&'static str, Option<usize>); 3] {
        [
            ("symbol", self.symbol),
            ("year", self.year),
            ("market", self.market),
        ]
    }

    pub(super) fn check(&self) -> Result<()> {
        for (name, hits) in self.named() {
            let hits = hits.unwrap_or(1);
            if !(1..=MOST).contains(&hits) {
                return Err(Error::invalid(format!(
                    "expected at most 1 to {MOST} hits per {name}, found {hits}"
                )));
            }
        }
        Ok(())
    }

    /// So many times as many of each.
    pub(super) fn times(&self, times: usize) -> Self {
        let more = |hits: Option<usize>| hits.map(|hits| hits.saturating_mul(times));
        Self {
            symbol: more(self.symbol),
            year: more(self.year),
            market: more(self.market),
        }
    }
}

/// `at most 2 of each symbol, 3 of each year`.
impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = "at most";
        for (name, hits) in self.named() {
            if let Some(hits) = hits {
                write!(f, "{before} {hits} of each {name}")?;
                before = ",";
            }
        }
        Ok(())
    }
}

/// Why there are fewer hits than were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fewer {
    /// At least one group gave as many as it may ([`Per`], [`crate::query::Transfer::quota`]), and the
    /// others have no more distinct episodes.
    Quota,
    /// There are no more distinct episodes.
    Episodes,
}

impl fmt::Display for Fewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quota => "quota",
            Self::Episodes => "no more distinct episodes",
        })
    }
}

/// A group of hits; `S` is its name in memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Group<S> {
    /// A market, which may be empty, and a symbol.
    Symbol(S, S),
    /// The first moment of the year.
    Year(Timestamp),
    Market(S),
}

impl<S> Group<S> {
    /// The year around a time.
    pub(super) fn year_of(time: Timestamp) -> Self {
        Self::Year(YEAR.first_of_months(time))
    }
}

/// When the year that begins at a moment begins and ends, in milliseconds UTC.
pub(super) fn within_year(start: Timestamp) -> RangeInclusive<i64> {
    start.millis()..=YEAR.close_of(start).millis().saturating_sub(1)
}

const YEAR: Interval = Interval::Months(12);

/// How many hits of each group are taken. Where no quota was asked for, nothing is counted.
#[derive(Clone, Debug)]
pub(super) struct Tally<S> {
    per: Per,
    taken: HashMap<Group<S>, usize>,
}

impl<S: Clone + Eq + Hash> Tally<S> {
    pub(super) fn new(per: Per) -> Self {
        Self {
            per,
            taken: HashMap::new(),
        }
    }

    fn quota(&self, group: &Group<S>) -> Option<usize> {
        match group {
            Group::Symbol(..) => self.per.symbol,
            Group::Year(_) => self.per.year,
            Group::Market(_) => self.per.market,
        }
    }

    /// Whether a hit of these groups may be taken.
    pub(super) fn has_room(&self, groups: &[Group<S>]) -> bool {
        groups.iter().all(|group| {
            let taken = self.taken.get(group).copied().unwrap_or(0);
            self.quota(group).is_none_or(|quota| taken < quota)
        })
    }

    /// Counts a hit that is taken.
    pub(super) fn count(&mut self, groups: Vec<Group<S>>) {
        for group in groups {
            if self.quota(&group).is_some() {
                *self.taken.entry(group).or_default() += 1;
            }
        }
    }

    /// The groups that have given as many hits as they may.
    pub(super) fn used_up(&self) -> impl Iterator<Item = &Group<S>> {
        let full = |(group, taken): &(&Group<S>, &usize)| {
            self.quota(group).is_some_and(|quota| **taken >= quota)
        };
        self.taken.iter().filter(full).map(|(group, _)| group)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_year_begins_and_ends_in_utc() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let year = |text: &str| Group::<()>::year_of(time(text));
        assert_eq!(year("2020-01-01"), year("2020-12-31T23:59:59.999Z"));
        assert_ne!(year("2020-12-31T23:59:59.999Z"), year("2021-01-01"));
        assert_eq!(year("2021-01-01T00:30+01:00"), year("2020-07-01"));
        assert_eq!(year("1969-12-31"), Group::Year(time("1969-01-01")));
        let within = within_year(time("2020-01-01"));
        assert_eq!(*within.start(), time("2020-01-01").millis());
        assert_eq!(*within.end(), time("2021-01-01").millis() - 1);
    }

    #[test]
    fn a_tally_counts_what_has_a_quota() {
        let mut tally = Tally::new(Per::new().symbol(2).market(3));
        let groups = |symbol| {
            let year = Group::year_of(Timestamp::from_millis(0));
            vec![Group::Symbol("m", symbol), year, Group::Market("m")]
        };
        for symbol in ["a", "b", "a"] {
            assert!(tally.has_room(&groups(symbol)), "{symbol}");
            tally.count(groups(symbol));
        }
        assert!(!tally.has_room(&groups("b")), "the market is full");
        let mut full: Vec<_> = tally.used_up().cloned().collect();
        full.sort_by_key(|group| format!("{group:?}"));
        assert_eq!(full, [Group::Market("m"), Group::Symbol("m", "a")]);
        assert!(tally.has_room(&[]), "what is in no group");
    }

    #[test]
    fn quotas_are_told_and_checked() {
        let per = Per::new().symbol(2).year(3);
        assert_eq!(per.to_string(), "at most 2 of each symbol, 3 of each year");
        assert!(per.check().is_ok() && Per::new().check().is_ok());
        let error = Per::new().market(0).check().unwrap_err().to_string();
        assert!(
            error.contains("1 to 10000 hits per market, found 0"),
            "{error}"
        );
        assert_eq!(per.times(5), Per::new().symbol(10).year(15));
    }
}
