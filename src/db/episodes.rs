//! A search that goes on until it has found enough distinct episodes.

use super::rank::{Candidate, Occupied, same_moment};
use super::search::Search;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::index;
use crate::store::{SeriesId, SeriesRecord};

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
}

/// Widens the search until `k` episodes are found or there are no more candidates. `reorder`
/// may put the candidates, which come best first, into another order. Nothing within the exclusion
/// zone of the window `own` counts.
pub(super) fn episodes(
    snapshot: &Snapshot,
    search: &Search<'_>,
    (query, own): (&index::Query, Option<(SeriesId, i64)>),
    wanted: &Wanted,
    reorder: Option<&dyn Fn(Vec<Candidate>) -> Result<Vec<Candidate>>>,
) -> Result<(Vec<Candidate>, &'static str)> {
    let mut limit = wanted.first_look(reorder.is_some());
    loop {
        let found = search.nearest(query, limit, wanted.ef, wanted.exact)?;
        let candidates = match reorder {
            Some(reorder) => reorder(found.candidates)?,
            None => found.candidates,
        };
        let episodes = distinct(snapshot, &candidates, own, wanted.k, wanted.exclusion)?;
        if episodes.len() >= wanted.k || !found.more {
            return Ok((episodes, found.plan));
        }
        limit = limit.saturating_mul(4);
    }
}

/// The first `k` candidates that are distinct moments, away from the window `own`.
pub(super) fn distinct(
    snapshot: &Snapshot,
    candidates: &[Candidate],
    own: Option<(SeriesId, i64)>,
    k: usize,
    exclusion: u32,
) -> Result<Vec<Candidate>> {
    let place = |id: SeriesId, end: i64| -> Result<Occupied<'_>> {
        let series = record(snapshot, id)?;
        Ok(Occupied { id, series, end })
    };
    let mut occupied: Vec<Occupied<'_>> = Vec::with_capacity(k.min(candidates.len()) + 1);
    if let Some((id, end)) = own {
        occupied.push(place(id, end)?);
    }
    let mut episodes = Vec::with_capacity(k.min(candidates.len()));
    for candidate in candidates {
        if episodes.len() == k {
            break;
        }
        let here = place(candidate.series, candidate.end)?;
        let mut free = true;
        for other in &occupied {
            if same_moment(&*snapshot.txn, other, &here, exclusion)? {
                free = false;
                break;
            }
        }
        if free {
            episodes.push(*candidate);
            occupied.push(here);
        }
    }
    Ok(episodes)
}

pub(super) fn record(snapshot: &Snapshot, id: SeriesId) -> Result<&SeriesRecord> {
    snapshot.series.get(&id).ok_or_else(|| {
        Error::internal(format!(
            "a window belongs to series {id}, which is not stored"
        ))
    })
}
