//! Which tag a window is nearest to, by a vote of the tagged windows nearest to it.

use std::collections::BTreeMap;

use super::query::Query;
use super::resolve::{ResolvedQuery, resolve, space_of, unit};
use super::setters::space_method;
use super::similar::within;
use super::tagged::{Tagged, TaggedWindows, span, tagged};
use super::tags::TagsLeftOut;
use super::target::stored_window;
use crate::db::rank::Candidate;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Tag, Window};
use crate::numeric::summary::wilson;

/// A question to [`View::classify_by_tags`].
#[derive(Clone, Debug)]
pub struct ClassifyByTags {
    view: View,
    query: Query,
    space: Option<String>,
    neighbours: usize,
}

/// A tagged window that had a vote.
#[derive(Clone, Debug, PartialEq)]
pub struct TagNeighbour {
    /// The tag.
    pub tag: Tag,
    /// Cosine of the two windows.
    pub score: f32,
}

/// The votes for one name.
#[derive(Clone, Debug, PartialEq)]
pub struct TagVotes {
    /// The name.
    pub name: String,
    /// Its share of the votes, 0 to 1.
    pub share: f64,
    /// The sum of the cosines of those who voted for it, which decides between equal shares.
    pub strength: f64,
}

/// How often the vote names the right tag of a tagged window that it is asked about, without that window
/// and all whose bars overlap it in time, on whatever series. Bars that the encoder reads before a window
/// belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TagAccuracy {
    /// Tagged windows that were asked about: those with neighbours.
    pub asked: u64,
    /// How many of them got their own tag.
    pub right: u64,
    /// How many have the most frequent tag: what always naming that would get right.
    pub majority: u64,
    /// Groups of asked windows of which none overlaps another in time, directly or through others: so
    /// many pieces of evidence there are, at most.
    pub groups: u64,
    /// 95 % interval of the share that is right, after Wilson, with (sum of sizes)^2 / (sum of squared
    /// sizes) of the groups as the number of trials: windows of one group count as one. `None` if none
    /// was asked about.
    pub interval: Option<(f64, f64)>,
}

/// The answer to [`View::classify_by_tags`].
#[derive(Clone, Debug, PartialEq)]
pub struct TagVoteAnswer {
    /// The space.
    pub space: String,
    /// The stored window that was asked about, if it was one.
    pub query: Option<Window>,
    /// The names by their votes, most first; names without a vote are not there.
    pub votes: Vec<TagVotes>,
    /// Those who voted, nearest first.
    pub neighbours: Vec<TagNeighbour>,
    /// Tagged windows that could have voted.
    pub candidates: usize,
    /// Tagged windows without a vote, because they overlap the question in time, or are it.
    pub overlapping: usize,
    /// Tags without a vote, because they have no vector.
    pub left_out: TagsLeftOut,
    /// How far the vote can be trusted.
    pub accuracy: TagAccuracy,
}

impl View {
    /// Asks which tag a window is nearest to: the nearest tagged windows that were known in this view vote, those
    /// that overlap the question in time left out. The answer says how often such a vote is right for the tagged
    /// windows themselves, beside always naming the most frequent tag.
    pub fn classify_by_tags(&self, query: impl Into<Query>) -> ClassifyByTags {
        ClassifyByTags {
            view: self.clone(),
            query: query.into(),
            space: None,
            neighbours: 5,
        }
    }
}

/// A stretch of time, in milliseconds.
type Span = (i64, i64);

fn overlap(a: Span, b: Span) -> bool {
    a.0 < b.1 && b.0 < a.1
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl ClassifyByTags {
    space_method!(chart);

    /// How many tagged windows vote. Default: 5; at most 1,000.
    #[must_use]
    pub fn neighbours(mut self, neighbours: usize) -> Self {
        self.neighbours = neighbours;
        self
    }

    /// Runs the vote.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no tagged window was known that does not overlap the question; else as
    /// [`crate::query::Similar::run`].
    pub fn run(&self) -> Result<TagVoteAnswer> {
        within("neighbours", self.neighbours, 1000)?;
        self.view.look(|snapshot| self.answer(snapshot))
    }

    fn answer(&self, snapshot: &Snapshot) -> Result<TagVoteAnswer> {
        let state = space_of(snapshot, self.space.as_deref(), &self.query)?;
        let query = resolve(&self.view, snapshot, state, &self.query)?;
        let vector = unit(&query.vector)?;
        let asked = asked_spans(snapshot, state, &query)?;
        let tagged = tagged((&self.view, snapshot), state, None)?;
        let apart = |other: &&Tagged| !asked.iter().any(|&span| overlap(span, other.span));
        let candidates: Vec<&Tagged> = tagged.windows.iter().filter(apart).collect();
        if candidates.is_empty() {
            return Err(no_candidates(&tagged));
        }
        let nearest = self.nearest(&vector, candidates.iter().copied());
        Ok(TagVoteAnswer {
            space: state.space().name.clone(),
            query: query.window.map(|(_, window)| window),
            votes: votes(&nearest),
            neighbours: nearest
                .iter()
                .map(|(score, one)| TagNeighbour {
                    tag: one.tag.clone(),
                    score: *score,
                })
                .collect(),
            candidates: candidates.len(),
            overlapping: tagged.windows.len() - candidates.len(),
            left_out: tagged.left_out,
            accuracy: self.accuracy(&tagged.windows)?,
        })
    }

    /// The nearest of some, nearest first; of equals the earlier.
    fn nearest<'t>(
        &self,
        vector: &[f32],
        among: impl Iterator<Item = &'t Tagged>,
    ) -> Vec<(f32, &'t Tagged)> {
        let mut all: Vec<_> = among
            .map(|one| (cosine(&one.vector, vector), one))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        all.truncate(self.neighbours);
        all
    }

    fn accuracy(&self, tagged: &[Tagged]) -> Result<TagAccuracy> {
        let mut accuracy = TagAccuracy::default();
        let mut names: BTreeMap<&str, u64> = BTreeMap::new();
        let mut asked = Vec::new();
        for one in tagged {
            self.view.go_on()?;
            let others = tagged.iter().filter(|other| !overlap(one.span, other.span));
            let nearest = self.nearest(&one.vector, others);
            let votes = votes(&nearest);
            let Some(first) = votes.first() else {
                continue;
            };
            accuracy.asked += 1;
            accuracy.right += u64::from(first.name == one.tag.name);
            *names.entry(&one.tag.name).or_default() += 1;
            asked.push(one.span);
        }
        accuracy.majority = names.into_values().max().unwrap_or_default();
        let groups = groups(asked);
        accuracy.groups = groups.len() as u64;
        if accuracy.asked > 0 {
            let n = accuracy.asked as f64;
            let squares: f64 = groups.iter().map(|&m| (m as f64).powi(2)).sum();
            accuracy.interval = Some(wilson(accuracy.right as f64 / n, n * n / squares));
        }
        Ok(accuracy)
    }
}

fn no_candidates(tagged: &TaggedWindows) -> Error {
    let add = "tag more windows: rhyme tag add BTCUSDT:1h@2021-05-19T12:00 NAME";
    Error::NotFound {
        what: "tagged window",
        name: "that has a vector, was known and does not overlap the question".to_owned(),
        hint_text: match tagged.left_out.total() {
            0 => add.to_owned(),
            n => format!("{n} tags have none: {}; {add}", tagged.left_out),
        },
    }
}

/// From when to when the bars go that a question is made of: its own, or those of its windows.
fn asked_spans(
    snapshot: &Snapshot,
    state: &SpaceState,
    query: &ResolvedQuery,
) -> Result<Vec<Span>> {
    let mut all = Vec::new();
    if let Some((_, window)) = &query.window {
        all.push(span(window, query.read_from));
    } else if let Some(bars) = &query.bars {
        // Bars of a file have no interval; the last of them is counted by its opening.
        if let (Some(&first), Some(&last)) = (bars.time.first(), bars.time.last()) {
            let first = query.read_from.map_or(first, |t| t.min(first));
            all.push((first, last.saturating_add(1)));
        }
    }
    let reach = u32::try_from(state.space().reach()).unwrap_or(u32::MAX);
    for &(series, end) in &query.own {
        let candidate = Candidate {
            series,
            end,
            score: 0.0,
        };
        let window = stored_window(snapshot, &candidate, snapshot.record(series)?, reach)?;
        all.push(span(&window, None));
    }
    Ok(all)
}

/// How many stretches each group has of those that overlap one another, directly or through others.
fn groups(mut spans: Vec<Span>) -> Vec<u64> {
    spans.sort_unstable();
    let mut groups: Vec<u64> = Vec::new();
    let mut until = i64::MIN;
    for (from, to) in spans {
        match groups.last_mut() {
            Some(group) if from < until => *group += 1,
            _ => groups.push(1),
        }
        until = until.max(to);
    }
    groups
}

fn votes(nearest: &[(f32, &Tagged)]) -> Vec<TagVotes> {
    let mut names: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for (score, one) in nearest {
        let entry = names.entry(&one.tag.name).or_default();
        entry.0 += 1;
        entry.1 += f64::from(*score);
    }
    let mut all: Vec<TagVotes> = names
        .into_iter()
        .map(|(name, (count, strength))| TagVotes {
            name: name.to_owned(),
            share: count as f64 / nearest.len().max(1) as f64,
            strength,
        })
        .collect();
    all.sort_by(|a, b| {
        let by_share = b.share.total_cmp(&a.share);
        by_share.then_with(|| b.strength.total_cmp(&a.strength))
    });
    all
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn stretches_that_overlap_through_others_are_one_group() {
        let spans = vec![(0, 10), (9, 12), (12, 15), (20, 30), (21, 22), (29, 31)];
        assert_eq!(groups(spans), [2, 1, 3]);
        assert!(groups(Vec::new()).is_empty());
    }
}
