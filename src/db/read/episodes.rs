//! A search that goes on until it has found enough distinct episodes.

use std::collections::HashMap;

use super::occupied::OccupiedMoments;
use super::search::Search;
use crate::db::place::Place;
use crate::db::rank::{Candidate, Occupied, distance};
use crate::db::snapshot::Snapshot;
use crate::error::Result;
use crate::index;
use crate::store::SeriesId;

/// How many episodes are wanted, and how they are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) k: usize,
    /// The least distance in bars between two episodes.
    pub(crate) exclusion: u32,
    /// The breadth of a search in a graph, and the fewest candidates that are looked at.
    pub(crate) ef: usize,
    pub(crate) exact: bool,
}

impl Wanted {
    /// How many candidates a first look takes.
    fn first_look(&self, reordered: bool) -> usize {
        if self.exclusion == 0 && !reordered {
            // Each of them is an episode, but for equal scores where a scan was cut off.
            return self.k.saturating_add(1);
        }
        // What the search finds on its way anyway: 14 to 30 windows of `shape` hold 10 episodes.
        self.ef.max(self.k.saturating_mul(2))
    }

    /// How many of them it needs. If they hold too few episodes, a wider look follows.
    fn needed(&self, reordered: bool) -> usize {
        if reordered {
            self.first_look(reordered)
        } else if self.exclusion == 0 {
            self.k.saturating_add(1)
        } else {
            self.k.saturating_add(self.k / 2)
        }
    }
}

/// Distinct episodes, best first.
pub(crate) struct Episodes {
    pub(crate) found: Vec<Candidate>,
    /// How they were looked for.
    pub(crate) plan: &'static str,
}

/// Widens the search until `k` episodes are found or there are no more candidates. `reorder`
/// may put the candidates, which come best first, into another order. Nothing within the exclusion
/// zone of one of the windows `own` counts.
pub(in crate::db) fn episodes(
    snapshot: &Snapshot,
    search: &Search<'_>,
    (query, own): (&index::Query, &[Place]),
    wanted: &Wanted,
    reorder: Option<&dyn Fn(Vec<Candidate>) -> Result<Vec<Candidate>>>,
) -> Result<Episodes> {
    let choice = Distinct {
        k: wanted.k,
        exclusion: wanted.exclusion,
        quota: usize::MAX,
    };
    let mut limit = wanted.first_look(reorder.is_some());
    let mut needed = wanted.needed(reorder.is_some());
    loop {
        let found = search.nearest(query, (limit, needed), wanted.ef, wanted.exact)?;
        let candidates = match reorder {
            Some(reorder) => reorder(found.candidates)?,
            None => found.candidates,
        };
        let episodes = distinct(snapshot, &candidates, own, choice)?;
        if episodes.len() >= wanted.k || !found.more {
            return Ok(Episodes {
                found: episodes,
                plan: found.plan,
            });
        }
        limit = limit.saturating_mul(4);
        needed = limit;
    }
}

/// Which of some candidates are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Distinct {
    /// How many, at most.
    pub(crate) k: usize,
    /// The least distance in bars between two of one market and symbol.
    pub(crate) exclusion: u32,
    /// How many of one market and symbol, at most.
    pub(crate) quota: usize,
}

/// The first candidates that are distinct moments, away from the windows `own`.
pub(in crate::db) fn distinct(
    snapshot: &Snapshot,
    candidates: &[Candidate],
    own: &[Place],
    wanted: Distinct,
) -> Result<Vec<Candidate>> {
    let at = |id: SeriesId, end: i64| -> Result<Occupied<'_>> {
        let series = snapshot.record(id)?;
        Ok(Occupied { id, series, end })
    };
    let mut occupied = OccupiedMoments::default();
    for place in own {
        occupied.insert(&at(place.series, place.end)?);
    }
    // Without a quota nothing is counted.
    let counted = wanted.quota < usize::MAX;
    let mut taken: HashMap<(&str, &str), usize> = HashMap::new();
    let mut episodes = Vec::with_capacity(wanted.k.min(candidates.len()));
    for candidate in candidates {
        if episodes.len() == wanted.k {
            break;
        }
        let here = at(candidate.series, candidate.end)?;
        let symbol = (
            here.series.key.market.as_str(),
            here.series.key.symbol.as_str(),
        );
        let full = counted && taken.get(&symbol).is_some_and(|n| *n >= wanted.quota);
        let same =
            |a: &Occupied<'_>, b: &Occupied<'_>| distance(&*snapshot.txn, a, b, wanted.exclusion);
        if full || (wanted.exclusion > 0 && occupied.holds(&here, same)?) {
            continue;
        }
        if counted {
            *taken.entry(symbol).or_default() += 1;
        }
        episodes.push(*candidate);
        occupied.insert(&here);
    }
    Ok(episodes)
}
