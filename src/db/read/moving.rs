//! Which windows moved far enough to be answers.

use super::least_move::LeastMove;
use super::size::change;
use super::told_move::MoveDirection;
use crate::db::place::Place;
use crate::db::rank::Candidate;
use crate::db::snapshot::Snapshot;
use crate::db::view::View;
use crate::error::Result;

/// The nearest windows that are looked at before a search by a least move gives up.
const MOST_LOOKED_AT: usize = 30_000;

/// The same before a search for a large move goes on with smaller ones.
pub(in crate::db) const MOST_FOR_LARGE: usize = 8192;

/// Which candidates of a search moved far enough.
#[derive(Clone, Copy)]
pub(in crate::db) struct Moving<'a> {
    pub(in crate::db) view: &'a View,
    pub(in crate::db) snapshot: &'a Snapshot,
    pub(in crate::db) window_bars: u32,
    pub(in crate::db) least: Option<LeastMove>,
    /// Besides, only moves in this direction that are large beside the series' own past.
    pub(in crate::db) large: Option<MoveDirection>,
}

/// Candidates that moved far enough.
pub(in crate::db) struct Passing {
    pub(in crate::db) candidates: Vec<Candidate>,
    /// Whether it is worth to look at more than were looked at.
    pub(in crate::db) worth_more: bool,
}

impl Moving<'_> {
    pub(in crate::db) fn passes(&self, place: Place) -> Result<bool> {
        self.view.go_on()?;
        Ok(self.moved(place)?
            && match self.large {
                Some(direction) => self
                    .snapshot
                    .moved_far(place, self.window_bars, direction)?,
                None => true,
            })
    }

    fn moved(&self, place: Place) -> Result<bool> {
        let Some(least) = self.least else {
            return Ok(true);
        };
        let moved = match least {
            LeastMove::Deviations(least) => {
                let size = self.snapshot.size(place, self.window_bars)?;
                size.map(|size| (size.window.abs(), least))
            }
            LeastMove::Percent(least) => {
                let bars = self.snapshot.window_bars(place, self.window_bars)?;
                let change = bars.as_ref().and_then(change);
                change.map(|change| (100.0 * change.abs(), least))
            }
        };
        Ok(moved.is_some_and(|(moved, least)| moved >= least))
    }

    /// Those of the candidates, at most `limit`, that moved far enough.
    pub(in crate::db) fn of(
        &self,
        candidates: Vec<Candidate>,
        limit: usize,
        exact: bool,
    ) -> Result<Passing> {
        let mut passed = Vec::new();
        for candidate in candidates {
            if self.passes((&candidate).into())? {
                passed.push(candidate);
            }
        }
        let most = match self.large {
            Some(_) => MOST_FOR_LARGE,
            None => MOST_LOOKED_AT,
        };
        Ok(Passing {
            candidates: passed,
            worth_more: exact || limit < most,
        })
    }
}
