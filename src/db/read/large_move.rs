//! Windows that moved far in a direction, beside the past of their own series.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::diverse_choice::DiverseChoice;
use super::episodes::{Wanted, distinct};
use super::moving::MOST_FOR_LARGE;
use super::search::Search;
use super::told_move::MoveDirection;
use crate::db::place::Place;
use crate::db::rank::Candidate;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::Result;
use crate::index;

/// The windows with which a search for a large move goes on where too few moved so far.
pub(in crate::db) struct Rest<'a> {
    pub(in crate::db) view: &'a View,
    pub(in crate::db) snapshot: &'a Snapshot,
    /// Without the condition of a large move.
    pub(in crate::db) search: &'a Search<'a>,
    pub(in crate::db) window_bars: u32,
    pub(in crate::db) direction: MoveDirection,
}

impl Rest<'_> {
    /// Adds those of the nearest windows that moved furthest in the direction, distinct from the windows
    /// `own` and from those that were found, until there are as many as wanted. Tells whether a group has
    /// given as many as a quota allows.
    pub(in crate::db) fn add_to(
        &self,
        found: &mut Vec<Candidate>,
        (query, own): (&index::Query, &[Place]),
        wanted: &Wanted,
    ) -> Result<bool> {
        let nearest = wanted.ef.max(wanted.k.saturating_mul(50));
        let nearest = nearest.min(MOST_FOR_LARGE.max(wanted.k));
        let near = self
            .search
            .nearest(query, (nearest, nearest), wanted.ef, wanted.exact)?;
        let taken: BTreeSet<Place> = found.iter().map(Place::from).collect();
        let mut sized = Vec::with_capacity(near.candidates.len());
        for candidate in near.candidates {
            self.view.go_on()?;
            let place = Place::from(&candidate);
            if !taken.contains(&place) {
                let towards =
                    self.snapshot
                        .moved_towards(place, self.window_bars, self.direction)?;
                sized.push((towards, candidate));
            }
        }
        // Those of equal size, and those of none, stay in the order of their cosines.
        sized.sort_by(|(a, _), (b, _)| b.partial_cmp(a).unwrap_or(Ordering::Equal));
        let sized: Vec<Candidate> = sized.into_iter().map(|(_, c)| c).collect();
        let missing = Wanted {
            k: wanted.k.saturating_sub(found.len()),
            ..*wanted
        };
        let list =
            |wanted: &Wanted| distinct(self.snapshot, &sized, (own, found), wanted.distinct());
        let Some(lambda) = wanted.spread.diverse else {
            let more = list(&missing)?;
            found.extend(more.episodes);
            return Ok(!more.used_up.is_empty());
        };
        let pool = list(&missing.pool())?;
        let choice = DiverseChoice {
            snapshot: self.snapshot,
            search: self.search,
            lambda,
            per: wanted.spread.per,
        };
        let (more, quota_reached) = choice.of(&pool.episodes, found, missing.k)?;
        found.extend(more);
        Ok(quota_reached)
    }
}
