//! A search that goes on until it has found enough distinct episodes.

use super::diverse_choice::DiverseChoice;
use super::occupied::OccupiedMoments;
use super::search::Search;
use super::used_up::{UsedUp, groups_of};
use crate::db::per::{Per, Tally};
use crate::db::place::Place;
use crate::db::rank::{Candidate, Occupied, distance};
use crate::db::snapshot::Snapshot;
use crate::db::spread::Spread;
use crate::error::Result;
use crate::index;
use crate::store::SeriesId;

/// How many episodes are wanted, and how they are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) k: usize,
    /// The least distance in bars between two episodes.
    pub(crate) exclusion: u32,
    /// How they are spread.
    pub(crate) spread: Spread,
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

    /// What the pool of a diverse choice has.
    pub(super) fn pool(&self) -> Self {
        let (k, per) = self.spread.pool(self.k);
        let spread = Spread { per, diverse: None };
        Self { k, spread, ..*self }
    }

    pub(super) fn distinct(&self) -> Distinct {
        Distinct {
            k: self.k,
            exclusion: self.exclusion,
            per: self.spread.per,
        }
    }
}

/// Distinct episodes, best first or in the order in which they were chosen.
pub(crate) struct Episodes {
    pub(crate) found: Vec<Candidate>,
    /// How they were looked for.
    pub(crate) plan: &'static str,
    /// Whether a group has given as many as it may.
    pub(crate) quota_reached: bool,
}

/// Puts candidates into another order.
pub(in crate::db) type Reorder<'a> = &'a dyn Fn(Vec<Candidate>) -> Result<Vec<Candidate>>;

/// Widens the search until `k` episodes are found or there are no more candidates. `reorder`
/// may put the candidates, which come best first, into another order. Nothing within the exclusion
/// zone of one of the windows `own` counts.
pub(in crate::db) fn episodes(
    snapshot: &Snapshot,
    search: &Search<'_>,
    asked: (&index::Query, &[Place]),
    wanted: &Wanted,
    reorder: Option<Reorder<'_>>,
) -> Result<Episodes> {
    let Some(lambda) = wanted.spread.diverse else {
        return nearest(snapshot, search, asked, wanted, reorder);
    };
    let pool = nearest(snapshot, search, asked, &wanted.pool(), reorder)?;
    let choice = DiverseChoice {
        snapshot,
        search,
        lambda,
        per: wanted.spread.per,
    };
    let (found, quota_reached) = choice.of(&pool.found, &[], wanted.k)?;
    Ok(Episodes {
        found,
        plan: pool.plan,
        quota_reached,
    })
}

/// The nearest episodes that the quotas allow. Groups that have given their quota are left out from then
/// on: they have nothing more to give.
fn nearest(
    snapshot: &Snapshot,
    search: &Search<'_>,
    (query, own): (&index::Query, &[Place]),
    wanted: &Wanted,
    reorder: Option<Reorder<'_>>,
) -> Result<Episodes> {
    let mut limit = wanted.first_look(reorder.is_some());
    let mut needed = wanted.needed(reorder.is_some());
    let mut seen = Vec::new();
    let mut used_up = UsedUp::default();
    let mut plan = None;
    loop {
        let narrower = (!used_up.is_empty()).then(|| search.without(&used_up));
        let narrower = narrower.as_ref().unwrap_or(search);
        let found = narrower.nearest(query, (limit, needed), wanted.ef, wanted.exact)?;
        let plan = *plan.get_or_insert(found.plan);
        let mut candidates = found.candidates;
        if !seen.is_empty() {
            candidates.append(&mut seen);
            candidates.sort_unstable_by(Candidate::order);
            candidates.dedup();
        }
        let ordered = match reorder {
            Some(reorder) => reorder(candidates)?,
            None => candidates,
        };
        let taken = distinct(snapshot, &ordered, (own, &[]), wanted.distinct())?;
        let more = found.more || !used_up.is_within(&taken.used_up);
        if taken.episodes.len() >= wanted.k || !more {
            return Ok(Episodes {
                found: taken.episodes,
                plan,
                quota_reached: !taken.used_up.is_empty(),
            });
        }
        used_up = taken.used_up;
        if !used_up.is_empty() {
            // Those of the groups that are left out do not come again.
            seen = ordered;
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
    /// How many of a group, at most.
    pub(crate) per: Per,
}

/// What was taken of some candidates.
pub(crate) struct Taken {
    pub(crate) episodes: Vec<Candidate>,
    /// The groups that have given as many as they may.
    pub(crate) used_up: UsedUp,
}

/// The first candidates that are distinct moments, away from the windows `own` and from those that were
/// taken `before`, which count in the quotas.
pub(in crate::db) fn distinct(
    snapshot: &Snapshot,
    candidates: &[Candidate],
    (own, before): (&[Place], &[Candidate]),
    wanted: Distinct,
) -> Result<Taken> {
    let at = |id: SeriesId, end: i64| -> Result<Occupied<'_>> {
        let series = snapshot.record(id)?;
        Ok(Occupied { id, series, end })
    };
    if wanted.exclusion == 0 && wanted.per.is_empty() {
        // Each of them is a moment of its own.
        return Ok(Taken {
            episodes: candidates.iter().take(wanted.k).copied().collect(),
            used_up: UsedUp::default(),
        });
    }
    let mut occupied = OccupiedMoments::default();
    for place in own {
        occupied.insert(&at(place.series, place.end)?);
    }
    // Without a quota nothing is counted.
    let counted = !wanted.per.is_empty();
    let mut tally = Tally::new(wanted.per);
    for one in before {
        occupied.insert(&at(one.series, one.end)?);
        tally.count(groups_of(snapshot, one)?);
    }
    let mut episodes = Vec::with_capacity(wanted.k.min(candidates.len()));
    for candidate in candidates {
        if episodes.len() == wanted.k {
            break;
        }
        let groups = match counted {
            true => groups_of(snapshot, candidate)?,
            false => Vec::new(),
        };
        let here = at(candidate.series, candidate.end)?;
        let same =
            |a: &Occupied<'_>, b: &Occupied<'_>| distance(&*snapshot.txn, a, b, wanted.exclusion);
        if !tally.has_room(&groups) || (wanted.exclusion > 0 && occupied.holds(&here, same)?) {
            continue;
        }
        tally.count(groups);
        episodes.push(*candidate);
        occupied.insert(&here);
    }
    Ok(Taken {
        episodes,
        used_up: UsedUp::of(&tally, snapshot),
    })
}
