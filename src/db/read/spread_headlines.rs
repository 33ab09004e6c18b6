//! The headlines nearest to a vector, spread over symbols, years and markets, and apart from one another.

use super::aligned::{Aligned, HeadlineChoice};
use super::headline_groups::HeadlineGroups;
use crate::db::diverse::{Marginal, no_such};
use crate::db::headline_hit::HeadlineHit;
use crate::db::headline_part::{HeadlinePart, HeadlineScope};
use crate::db::per::{Group, Per, Tally, within_year};
use crate::db::spread::Spread;
use crate::error::Result;
use crate::index::{self, RowSet, Scored};
use crate::store::HeadlineReads;

/// Headlines that were found.
pub(crate) struct FoundHeadlines {
    /// Best first, or in the order in which they were chosen.
    pub(crate) hits: Vec<HeadlineHit>,
    /// How many were looked at: each of them was scored.
    pub(crate) searched: u64,
    /// Whether there are fewer than asked for, and a group has given as many as it may.
    pub(crate) quota_reached: bool,
}

impl Aligned<'_> {
    /// The `k` headlines of a choice that are nearest to a vector, as far as they are spread.
    pub(crate) fn headlines_spread(
        &self,
        vector: &[f32],
        (k, spread): (usize, Spread),
        choice: &HeadlineChoice,
    ) -> Result<FoundHeadlines> {
        let part = self.past.snapshot.headline_part(self.past.state)?;
        let scope = self.scope_of(choice)?;
        let allowed = part.allowed(&scope);
        let searched = part.headlines(&allowed);
        let mut list = List {
            space: self,
            part: &part,
            scope: &scope,
            groups: HeadlineGroups::new(self, spread.per)?,
        };
        let query = index::Query::new(vector)?;
        let (found, full) = list.chosen(&query, allowed, (k, spread))?;
        let quota_reached = full && found.len() < k;
        let mut hits = Vec::with_capacity(found.len());
        for scored in found {
            let kept = (choice.latency, self.bank());
            hits.push(part.hit(&self.past.snapshot.txn, hits.len() + 1, scored, kept)?);
        }
        Ok(FoundHeadlines {
            hits,
            searched,
            quota_reached,
        })
    }
}

/// Headlines in the order of their nearness, and the groups that they are of.
struct List<'a> {
    space: &'a Aligned<'a>,
    part: &'a HeadlinePart,
    scope: &'a HeadlineScope,
    groups: HeadlineGroups<'a>,
}

impl List<'_> {
    /// Up to `k` of these rows; and whether a group has given as many as it may.
    fn chosen(
        &mut self,
        query: &index::Query,
        allowed: RowSet,
        (k, spread): (usize, Spread),
    ) -> Result<(Vec<Scored>, bool)> {
        let (pool, tally) = self.nearest(query, allowed, spread.pool(k))?;
        let Some(lambda) = spread.diverse else {
            return Ok((pool, tally.used_up().next().is_some()));
        };
        let mut tally = Tally::new(spread.per);
        let marginal = Marginal::new(pool.iter().map(|s| s.score), lambda);
        let (rows, past) = (self.part.rows(), self.space.past);
        let at = |at: usize| pool.get(at).ok_or_else(|| no_such(at));
        let chosen = marginal.choose(
            &mut tally,
            k,
            |one| self.groups_of(at(one)?.row, spread.per),
            |marginal, one| {
                past.go_on()?;
                let query = rows.query(at(one)?.row)?;
                marginal.chosen(|other| rows.exact(&query, at(other)?.row))
            },
        )?;
        let chosen = chosen.into_iter().map(|one| at(one).copied());
        Ok((
            chosen.collect::<Result<_>>()?,
            tally.used_up().next().is_some(),
        ))
    }

    /// The nearest `k` of these rows that the quotas allow. Groups that have given their quota are left
    /// out from then on.
    fn nearest(
        &mut self,
        query: &index::Query,
        mut left: RowSet,
        (k, per): (usize, Per),
    ) -> Result<(Vec<Scored>, Tally<String>)> {
        let mut limit = k;
        let mut seen: Vec<Scored> = Vec::new();
        loop {
            self.space.past.go_on()?;
            let mut found = self.part.nearest_of(query, limit, &left)?;
            let more = (found.len() as u64) < self.part.headlines(&left);
            found.append(&mut seen);
            // Of equal scores the one known first, which has the lower row.
            found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
            found.dedup();
            let mut tally = Tally::new(per);
            let mut taken = Vec::with_capacity(k.min(found.len()));
            for one in &found {
                if taken.len() == k {
                    break;
                }
                let groups = self.groups_of(one.row, per)?;
                if tally.has_room(&groups) {
                    tally.count(groups);
                    taken.push(*one);
                }
            }
            if taken.len() == k || !more {
                return Ok((taken, tally));
            }
            for group in tally.used_up() {
                left = left.subtract(&self.rows_of(group, &left)?);
            }
            seen = found;
            limit = limit.saturating_mul(4);
        }
    }

    /// The groups that a headline is of, as far as they have quotas.
    fn groups_of(&mut self, row: u32, per: Per) -> Result<Vec<Group<String>>> {
        let entry = self.part.entry(row)?;
        self.groups.of((entry.id, entry.published), per)
    }

    /// Those of some rows that are of a group.
    fn rows_of(&self, group: &Group<String>, among: &RowSet) -> Result<RowSet> {
        let one = |row: u32| row..row.saturating_add(1);
        let names: Vec<&String> = match group {
            Group::Year(start) => {
                let year = within_year(*start);
                let within = |row: &u32| {
                    let entry = self.part.entry(*row);
                    entry.is_ok_and(|entry| year.contains(&entry.published))
                };
                let rows = among.ranges().iter().cloned().flatten().filter(within);
                return Ok(RowSet::from_ranges(rows.map(one)));
            }
            Group::Symbol(_, symbol) => vec![symbol],
            Group::Market(market) => self.groups.symbols_of(market).collect(),
        };
        let mut rows = Vec::new();
        for name in names {
            let txn = &self.space.past.snapshot.txn;
            let ids = txn.headline_ids_of(name, self.scope.published.clone())?;
            rows.extend(ids.into_iter().map(|id| self.part.rows_of(id)));
        }
        Ok(RowSet::from_ranges(rows))
    }
}
