//! The headlines that fit a sentence by its meaning, by its words, or by both.
//!
//! Vectors know what a sentence is about, and not who: the name of a company or the number of a form says nothing
//! to them. Words know names and numbers and no synonyms. Both rankings become one by reciprocal rank fusion
//! (Cormack, Clarke and Büttcher 2009): a headline is worth the sum of `1 / (60 + rank)` over the rankings that
//! it is in.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::aligned::{Aligned, HeadlineChoice};
use super::headline_groups::HeadlineGroups;
use crate::db::diverse::{Marginal, no_such};
use crate::db::headline_hit::FoundHeadline;
use crate::db::headline_part::{HeadlinePart, told_passage};
use crate::db::per::{Per, Tally};
use crate::db::spread::Spread;
use crate::db::word_part::WordPart;
use crate::error::{Error, Result};
use crate::index::{self, RowSet, Scored};
use crate::model::{Passage, Timestamp};
use crate::store::HeadlineReads;
use crate::words::Ranked;

/// What is added to each rank: the usual value.
const SMOOTHING: f32 = 60.0;
/// The nearest headlines that have a rank at first; the others have none.
const RANKED: usize = 1000;

/// By what a search by a sentence ranks headlines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HeadlinesBy {
    /// By meaning and by words: headlines that are near the top of one ranking or of both come first.
    #[default]
    Both,
    /// By the cosine of vectors alone.
    Meaning,
    /// By the words that they hold alone (BM25).
    Words,
}

/// What headlines are searched for.
pub(crate) struct AskedOfHeadlines<'a> {
    pub(crate) vector: &'a [f32],
    /// `None` if it is a vector: then only meaning counts.
    pub(crate) text: Option<&'a str>,
    pub(crate) by: HeadlinesBy,
}

/// Headlines that a search found.
pub(crate) struct HeadlinesFound {
    /// Best first, or in the order in which they were chosen.
    pub(crate) hits: Vec<FoundHeadline>,
    /// How many were looked at.
    pub(crate) searched: u64,
    /// Whether there are fewer than asked for, and a group has given as many as it may.
    pub(crate) quota_reached: bool,
    /// The words that no headline of the choice's time holds, if words counted.
    pub(crate) unknown: Vec<String>,
}

/// A headline that may become a hit.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// Its first place among the words.
    place: u32,
    id: u64,
    published: i64,
    known: i64,
    /// Its nearest vector, if it has one.
    row: Option<u32>,
    /// The passage of its text that fits best; `None` is the whole.
    passage: Option<Passage>,
    cosine: Option<f32>,
    words: Option<f32>,
    /// What it is ranked by, at most 1.
    worth: f32,
}

impl Aligned<'_> {
    /// The `k` headlines of a choice that fit best, as far as they are spread.
    pub(crate) fn headlines_found(
        &self,
        asked: &AskedOfHeadlines<'_>,
        (k, spread): (usize, Spread),
        choice: &HeadlineChoice,
    ) -> Result<HeadlinesFound> {
        let (text, by) = match (asked.text, asked.by) {
            (Some(text), by @ (HeadlinesBy::Both | HeadlinesBy::Words)) => (text, by),
            _ => {
                let found = self.headlines_spread(asked.vector, (k, spread), choice)?;
                return Ok(HeadlinesFound {
                    hits: found.hits.into_iter().map(FoundHeadline::from).collect(),
                    searched: found.searched,
                    quota_reached: found.quota_reached,
                    unknown: Vec::new(),
                });
            }
        };
        let scope = self.scope_of(choice)?;
        let part = self.past.snapshot.headline_part(self.past.state)?;
        let words = self.past.snapshot.word_part()?;
        let searched = words.in_scope(&scope);
        let ranked = words.best(text, &scope);
        let unknown = words.unknown(text, &scope);
        let list = Fused {
            space: self,
            allowed: part.allowed(&scope),
            query: index::Query::new(asked.vector)?,
            ranks: ranks_of(&ranked, |r| r.score)
                .zip(0..)
                .zip(&ranked)
                .filter_map(|(rank_and_at, r)| Some((words.first_of(r.text)?, rank_and_at)))
                .collect(),
            ranked,
            by,
            part,
            words,
        };
        let (found, full) = list.chosen((k, spread))?;
        let quota_reached = full && found.len() < k;
        let hits = (1..).zip(found);
        let hits = hits.map(|(rank, one)| list.hit(rank, &one, choice.latency));
        Ok(HeadlinesFound {
            hits: hits.collect::<Result<_>>()?,
            searched,
            quota_reached,
            unknown,
        })
    }
}

/// Headlines in the order of what they are worth.
struct Fused<'a> {
    space: &'a Aligned<'a>,
    part: Arc<HeadlinePart>,
    words: Arc<WordPart>,
    query: index::Query,
    /// Rows in scope.
    allowed: RowSet,
    /// Headlines in scope that hold a word, best first.
    ranked: Vec<Ranked>,
    /// By their first places among the words: their ranks, from 0, and where they are in that list.
    ranks: HashMap<u32, (usize, usize)>,
    by: HeadlinesBy,
}

impl Fused<'_> {
    /// Up to `k` headlines; and whether a group has given as many as it may.
    fn chosen(&self, (k, spread): (usize, Spread)) -> Result<(Vec<Candidate>, bool)> {
        let mut groups = HeadlineGroups::new(self.space, spread.per)?;
        let (wanted, per) = spread.pool(k);
        let all = self.allowed.len().max(self.ranked.len());
        let mut limit = wanted.saturating_mul(4).max(RANKED);
        let (pool, tally) = loop {
            self.space.past.go_on()?;
            let candidates = self.candidates(limit)?;
            let (pool, tally) = taken(&candidates, (wanted, per), &mut groups)?;
            if pool.len() == wanted || limit >= all {
                break (pool, tally);
            }
            limit = limit.saturating_mul(4);
        };
        let Some(lambda) = spread.diverse else {
            return Ok((pool, tally.used_up().next().is_some()));
        };
        let mut tally = Tally::new(spread.per);
        let marginal = Marginal::new(pool.iter().map(|one| one.worth), lambda);
        let at = |at: usize| pool.get(at).ok_or_else(|| no_such(at));
        let chosen = marginal.choose(
            &mut tally,
            k,
            |one| groups.of((at(one)?.id, at(one)?.published), spread.per),
            |marginal, one| {
                self.space.past.go_on()?;
                let chosen = at(one)?.row;
                let query = chosen.map(|row| self.part.rows().query(row)).transpose()?;
                marginal.chosen(|other| match (&query, at(other)?.row) {
                    (Some(query), Some(row)) => self.part.rows().exact(query, row),
                    // Without a vector it is like nothing.
                    _ => Ok(0.0),
                })
            },
        )?;
        let chosen = chosen.into_iter().map(|one| at(one).copied());
        let chosen = chosen.collect::<Result<_>>()?;
        Ok((chosen, tally.used_up().next().is_some()))
    }

    /// The headlines that are among the best `limit` of a ranking, best first.
    fn candidates(&self, limit: usize) -> Result<Vec<Candidate>> {
        let mut found: HashMap<u32, Candidate> = HashMap::new();
        if self.by == HeadlinesBy::Both {
            let nearest = self.part.nearest_of(&self.query, limit, &self.allowed)?;
            for (rank, scored) in ranks_of(&nearest, |s| s.score).zip(&nearest) {
                let id = self.part.entry(scored.row)?.id;
                let Some(place) = self.words.place_of(id) else {
                    return Err(Error::internal(format!("headline {id} has no words")));
                };
                found.insert(place, self.candidate(place, Some((rank, *scored)))?);
            }
        }
        for ranked in self.ranked.iter().take(limit) {
            let place = self.words.first_of(ranked.text);
            let place = place.ok_or_else(|| no_place(ranked.text))?;
            if let Entry::Vacant(new) = found.entry(place) {
                new.insert(self.candidate(place, None)?);
            }
        }
        let mut found: Vec<Candidate> = found.into_values().collect();
        let cosine = |one: &Candidate| one.cosine.unwrap_or(f32::NEG_INFINITY);
        found.sort_unstable_by(|a, b| {
            let by_worth = b.worth.total_cmp(&a.worth);
            let by_cosine = || cosine(b).total_cmp(&cosine(a));
            by_worth.then_with(by_cosine).then(a.place.cmp(&b.place))
        });
        Ok(found)
    }

    /// A headline with its rank by meaning, from 0, and its nearest row, if it has a rank.
    fn candidate(&self, place: u32, nearest: Option<(usize, Scored)>) -> Result<Candidate> {
        let entry = self.words.entry(place).ok_or_else(|| no_place(place))?;
        let row = match nearest {
            Some((_, scored)) => Some(scored),
            None => self
                .part
                .nearest_row(&self.query, self.part.rows_of(entry.id))?,
        };
        let by_words = self.ranks.get(&place).copied();
        let words = by_words.and_then(|(_, at)| self.ranked.get(at));
        let of_words = words.and_then(|ranked| self.words.entry(ranked.text));
        let words = words.map(|ranked| ranked.score);
        let share = |rank: Option<usize>| {
            rank.map_or(0.0, |rank| {
                (SMOOTHING + 1.0) / (SMOOTHING + 1.0 + rank as f32)
            })
        };
        let (by_meaning, by_words) = (
            share(nearest.map(|(rank, _)| rank)),
            share(by_words.map(|(rank, _)| rank)),
        );
        let of_words = of_words.filter(|_| by_words > by_meaning);
        let passage = match (of_words, row) {
            (Some(best), _) => best.passage,
            (None, Some(scored)) => self.part.entry(scored.row)?.passage,
            (None, None) => None,
        };
        let most = self.ranked.first().map_or(1.0, |best| best.score);
        Ok(Candidate {
            place,
            id: entry.id,
            published: entry.published,
            known: entry.known,
            row: row.map(|scored| scored.row),
            passage,
            cosine: row.map(|scored| scored.score),
            words,
            worth: match self.by {
                HeadlinesBy::Words => words.unwrap_or(0.0) / most,
                _ => (by_meaning + by_words) / 2.0,
            },
        })
    }

    fn hit(&self, rank: usize, one: &Candidate, latency: i64) -> Result<FoundHeadline> {
        let bank = self.space.bank();
        let entry = one.row.map(|row| self.part.entry(row)).transpose()?;
        let txn = &self.space.past.snapshot.txn;
        let headline = txn.headline(one.id)?;
        Ok(FoundHeadline {
            rank,
            score: one.cosine,
            words: one.words,
            passage: told_passage(txn, (one.id, one.passage), &headline)?,
            headline,
            known: Timestamp::from_millis(one.known.saturating_add(latency)),
            expressiveness: entry.and_then(|entry| entry.judged(bank)),
        })
    }
}

fn no_place(place: u32) -> Error {
    Error::internal(format!("no headline is at {place}"))
}

/// The ranks of a list, from 0, best first: equal ones have the same.
fn ranks_of<'a, T>(
    list: &'a [T],
    score: impl Fn(&T) -> f32 + 'a,
) -> impl Iterator<Item = usize> + 'a {
    let mut before: Option<(f32, usize)> = None;
    list.iter().enumerate().map(move |(at, one)| {
        let score = score(one);
        let rank = match before {
            Some((equal, rank)) if equal == score => rank,
            _ => at,
        };
        before = Some((score, rank));
        rank
    })
}

/// The first `wanted` candidates that the quotas allow.
fn taken(
    candidates: &[Candidate],
    (wanted, per): (usize, Per),
    groups: &mut HeadlineGroups<'_>,
) -> Result<(Vec<Candidate>, Tally<String>)> {
    let mut tally = Tally::new(per);
    let mut taken = Vec::with_capacity(wanted.min(candidates.len()));
    for one in candidates {
        if taken.len() == wanted {
            break;
        }
        let of = groups.of((one.id, one.published), per)?;
        if tally.has_room(&of) {
            tally.count(of);
            taken.push(*one);
        }
    }
    Ok((taken, tally))
}
