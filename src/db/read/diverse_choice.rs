//! A choice of windows that differ from one another.

use super::search::Search;
use super::used_up::groups_of;
use crate::db::diverse::{Marginal, no_such};
use crate::db::per::{Per, Tally};
use crate::db::rank::Candidate;
use crate::db::snapshot::Snapshot;
use crate::error::Result;

/// How windows are chosen so that they differ.
pub(in crate::db) struct DiverseChoice<'a> {
    pub(in crate::db) snapshot: &'a Snapshot,
    pub(in crate::db) search: &'a Search<'a>,
    pub(in crate::db) lambda: f64,
    pub(in crate::db) per: Per,
}

impl DiverseChoice<'_> {
    /// Up to `k` of the episodes of a pool, in the order of the choice, beside those that were chosen
    /// `before`; and whether a group has given as many as it may.
    pub(in crate::db) fn of(
        &self,
        pool: &[Candidate],
        before: &[Candidate],
        k: usize,
    ) -> Result<(Vec<Candidate>, bool)> {
        let mut tally = Tally::new(self.per);
        let mut marginal = Marginal::new(pool.iter().map(|c| c.score), self.lambda);
        let rows = pool.iter().map(|c| self.search.row_of(c.into()));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let note = |marginal: &mut Marginal, one: &Candidate| {
            self.search.view().go_on()?;
            let query = self.search.row_of(one.into())?.query()?;
            marginal.chosen(|at| match rows.get(at) {
                Some(row) => row.cosine(&query),
                None => Err(no_such(at)),
            })
        };
        for one in before {
            tally.count(groups_of(self.snapshot, one)?);
            note(&mut marginal, one)?;
        }
        let at = |at: usize| pool.get(at).ok_or_else(|| no_such(at));
        let chosen = marginal.choose(
            &mut tally,
            k,
            |one| groups_of(self.snapshot, at(one)?),
            |marginal, one| note(marginal, at(one)?),
        )?;
        let chosen = chosen.into_iter().map(|one| at(one).copied());
        Ok((
            chosen.collect::<Result<_>>()?,
            tally.used_up().next().is_some(),
        ))
    }
}
