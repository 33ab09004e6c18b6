//! The entries of a search: all windows that are at least as good as its worst hit, and of each run
//! of them the first.

use super::entries::entries;
use super::occupied::OccupiedMoments;
use super::refine::Refine;
use super::search::Search;
use crate::db::place::Place;
use crate::db::rank::{Candidate, Distance, Occupied, distance};
use crate::db::snapshot::Snapshot;
use crate::error::Result;
use crate::index;

/// How the windows of a search are compared.
pub(in crate::db) struct Judged<'a> {
    pub(in crate::db) snapshot: &'a Snapshot,
    pub(in crate::db) search: &'a Search<'a>,
    pub(in crate::db) query: &'a index::Query,
    /// The second look, if the hits were chosen by one.
    pub(in crate::db) second: Option<Second<'a>>,
    pub(in crate::db) exclusion: u32,
}

/// A second look at candidates: by what, and what their bars say.
#[derive(Clone, Copy)]
pub(in crate::db) struct Second<'a> {
    pub(in crate::db) by: Refine,
    pub(in crate::db) value: &'a dyn Fn(&Candidate) -> Result<f64>,
}

/// A window with what it was chosen by.
#[derive(Clone, Copy)]
struct Valued {
    candidate: Candidate,
    refined: f64,
}

impl Judged<'_> {
    /// The entries, best first, for the best episodes `hits` of the same search.
    ///
    /// A window that is at least as good as the worst hit and is no hit lies within the zone of a better
    /// hit, or it would have been taken. So those windows are all found by looking at the zones of the
    /// hits, each window of them with its exact score: the list is exact around every hit. What a
    /// search in a graph missed with its whole zone is missed here too.
    pub(in crate::db) fn entries(
        &self,
        hits: &[Candidate],
        own: impl IntoIterator<Item = Place>,
    ) -> Result<Vec<Candidate>> {
        if self.exclusion == 0 {
            return Ok(hits.to_vec());
        }
        let good = self.at_least_as_good(hits)?;
        let mut taken = OccupiedMoments::default();
        for own in own {
            taken.insert(&self.occupied(own)?);
        }
        let mut far = Vec::with_capacity(good.len());
        for one in good {
            let here = self.occupied((&one.candidate).into())?;
            if !taken.holds(&here, |a, b| self.distance(a, b))? {
                far.push(one);
            }
        }
        let mut good = far;
        // The best of one time is the first of it.
        good.sort_by(|a, b| self.better(a, b));
        let symbol = |one: &Valued| {
            let series = self.snapshot.series.get(&one.candidate.series);
            let symbol = series.map(|s| (&s.key.market, &s.key.symbol));
            (symbol, one.candidate.series)
        };
        let near = |a: &Valued, b: &Valued| {
            let a = self.occupied((&a.candidate).into())?;
            let b = self.occupied((&b.candidate).into())?;
            Ok(matches!(self.distance(&a, &b)?, Distance::SameMoment))
        };
        let time = |a: &Valued, b: &Valued| a.candidate.end.cmp(&b.candidate.end);
        let mut entries = entries(good, time, symbol, near)?;
        entries.sort_by(|a, b| self.better(a, b));
        Ok(entries.into_iter().map(|one| one.candidate).collect())
    }

    fn occupied(&self, place: Place) -> Result<Occupied<'_>> {
        Ok(Occupied {
            id: place.series,
            series: self.snapshot.record(place.series)?,
            end: place.end,
        })
    }

    fn distance(&self, a: &Occupied<'_>, b: &Occupied<'_>) -> Result<Distance> {
        distance(&*self.snapshot.txn, a, b, self.exclusion)
    }

    /// The order in which hits are told: by the second look, if there is one, then by score.
    fn better(&self, a: &Valued, b: &Valued) -> std::cmp::Ordering {
        let refined = match self.second {
            Some(second) => second.by.order(a.refined, b.refined),
            None => std::cmp::Ordering::Equal,
        };
        refined.then_with(|| a.candidate.order(&b.candidate))
    }

    fn valued(&self, candidate: Candidate) -> Result<Valued> {
        let refined = self.second.map(|second| (second.value)(&candidate));
        Ok(Valued {
            candidate,
            refined: refined.transpose()?.unwrap_or_default(),
        })
    }

    /// The windows within the zones of the hits that have at least the lowest score of a hit, and at
    /// least as good a second look as the worst hit.
    fn at_least_as_good(&self, hits: &[Candidate]) -> Result<Vec<Valued>> {
        let least = hits.iter().map(|h| h.score).fold(f32::INFINITY, f32::min);
        let mut found: Vec<Candidate> = Vec::new();
        for hit in hits {
            let key = &self.snapshot.record(hit.series)?.key;
            for (&id, series) in self.snapshot.series.iter() {
                if series.key.symbol != key.symbol || series.key.market != key.market {
                    continue;
                }
                // The zone is counted in the longer interval, so a shorter one has more windows in it.
                let mine = series.key.interval.nominal_millis().max(1);
                let longer = key.interval.nominal_millis().max(mine);
                let bars = longer.div_euclid(mine).saturating_add(1).unsigned_abs();
                let windows = bars.saturating_mul(u64::from(self.exclusion));
                let windows = u32::try_from(windows).unwrap_or(u32::MAX);
                let centre = Place {
                    end: hit.end,
                    series: id,
                };
                self.search
                    .around(self.query, centre, (windows, least), &mut found)?;
            }
        }
        found.sort_unstable_by(Candidate::order);
        found.dedup();
        let mut valued = Vec::with_capacity(found.len());
        for candidate in found {
            valued.push(self.valued(candidate)?);
        }
        if let Some(second) = self.second {
            let mut worst: Option<f64> = None;
            for hit in hits {
                let value = (second.value)(hit)?;
                if worst.is_none_or(|w| second.by.order(value, w).is_gt()) {
                    worst = Some(value);
                }
            }
            valued.retain(|v| worst.is_some_and(|w| second.by.order(v.refined, w).is_le()));
        }
        Ok(valued)
    }
}
