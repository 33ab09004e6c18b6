//! The groups of windows that have given as many hits as a quota allows: a search goes on without them.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::db::per::{Group, Tally, within_year};
use crate::db::rank::Candidate;
use crate::db::snapshot::Snapshot;
use crate::error::Result;
use crate::model::Timestamp;
use crate::store::{SeriesId, SeriesRecord};

/// Windows that no quota allows any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UsedUp {
    pub(in crate::db) series: BTreeSet<SeriesId>,
    /// When they end, in milliseconds UTC.
    pub(in crate::db) periods: Vec<RangeInclusive<i64>>,
}

impl UsedUp {
    pub(in crate::db) fn of(tally: &Tally<&str>, snapshot: &Snapshot) -> Self {
        let mut used_up = Self::default();
        for group in tally.used_up() {
            let series = |is: &dyn Fn(&SeriesRecord) -> bool| {
                let all = snapshot.series.iter().filter(|(_, record)| is(record));
                all.map(|(&id, _)| id).collect::<Vec<_>>()
            };
            match group {
                Group::Year(start) => used_up.periods.push(within_year(*start)),
                Group::Market(market) => {
                    used_up.series.extend(series(&|r| r.key.market == *market));
                }
                Group::Symbol(market, symbol) => used_up.series.extend(series(&|r| {
                    (r.key.market.as_str(), r.key.symbol.as_str()) == (*market, *symbol)
                })),
            }
        }
        used_up
    }

    /// Whether every group has room.
    pub(crate) fn is_empty(&self) -> bool {
        self.series.is_empty() && self.periods.is_empty()
    }

    /// Whether all of it is used up in the other too. If not, a group has room again: a candidate that came
    /// later took the place of one of its own.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let mut periods = self.periods.iter();
        self.series.is_subset(&other.series) && periods.all(|p| other.periods.contains(p))
    }
}

/// The groups that a window is of.
pub(in crate::db) fn groups_of<'s>(
    snapshot: &'s Snapshot,
    candidate: &Candidate,
) -> Result<Vec<Group<&'s str>>> {
    let key = &snapshot.record(candidate.series)?.key;
    Ok(vec![
        Group::Symbol(&key.market, &key.symbol),
        Group::year_of(Timestamp::from_millis(candidate.end)),
        Group::Market(&key.market),
    ])
}
