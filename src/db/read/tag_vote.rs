//! Which tag a window is nearest to, by a vote of the tagged windows nearest to it.

use std::collections::BTreeMap;

use super::query::Query;
use super::resolve::{resolve, space_of, target_of, unit};
use super::setters::space_method;
use super::similar::within;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::model::{Tag, Window};

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
/// and all that overlap it in time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TagAccuracy {
    /// Tagged windows that were asked about: those with neighbours.
    pub asked: u64,
    /// How many of them got their own tag.
    pub right: u64,
    /// How many have the most frequent tag: what always naming that would get right.
    pub majority: u64,
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

/// A tagged window with its vector at unit length.
struct Tagged {
    tag: Tag,
    window: Window,
    vector: Vec<f32>,
}

impl Tagged {
    fn cosine(&self, vector: &[f32]) -> f32 {
        self.vector.iter().zip(vector).map(|(a, b)| a * b).sum()
    }
}

fn overlap(a: &Window, b: &Window) -> bool {
    a.start < b.end && b.start < a.end
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
    /// [`crate::Similar::run`].
    pub fn run(&self) -> Result<TagVoteAnswer> {
        within("neighbours", self.neighbours, 1000)?;
        self.view.look(|snapshot| self.answer(snapshot))
    }

    fn answer(&self, snapshot: &Snapshot) -> Result<TagVoteAnswer> {
        let state = space_of(snapshot, self.space.as_deref(), &self.query)?;
        let query = resolve(&self.view, snapshot, state, &self.query)?;
        let vector = unit(&query.vector)?;
        let window = query.window.map(|(_, window)| window);
        let tagged = self.tagged((snapshot, state))?;
        let apart = |other: &&Tagged| window.as_ref().is_none_or(|w| !overlap(w, &other.window));
        let candidates: Vec<&Tagged> = tagged.iter().filter(apart).collect();
        if candidates.is_empty() {
            return Err(Error::NotFound {
                what: "tagged window",
                name: "that has a vector, was known and does not overlap the question".to_owned(),
                hint_text: "tag more windows: rhyme tag add BTCUSDT:1h@2021-05-19T12:00 NAME"
                    .to_owned(),
            });
        }
        let nearest = self.nearest(&vector, candidates.iter().copied());
        Ok(TagVoteAnswer {
            space: state.space().name.clone(),
            query: window,
            votes: votes(&nearest),
            neighbours: nearest
                .iter()
                .map(|(score, one)| TagNeighbour {
                    tag: one.tag.clone(),
                    score: *score,
                })
                .collect(),
            candidates: candidates.len(),
            accuracy: self.accuracy(&tagged)?,
        })
    }

    /// The tagged windows that have a vector: those that are flat, or begin before their series, have none.
    fn tagged(&self, (snapshot, state): (&Snapshot, &SpaceState)) -> Result<Vec<Tagged>> {
        let mut all = Vec::new();
        for tag in self.view.tags(None)? {
            self.view.go_on()?;
            let target = Query::Target(target_of(&tag));
            let found = match resolve(&self.view, snapshot, state, &target) {
                Err(Error::NotFound { .. } | Error::Invalid(_)) => continue,
                found => found?,
            };
            // A gap since: the last window of the series before it is another one.
            if let Some((_, window)) = found.window.filter(|(_, w)| w.end == tag.end) {
                all.push(Tagged {
                    vector: unit(&found.vector)?,
                    tag,
                    window,
                });
            }
        }
        Ok(all)
    }

    /// The nearest of some, nearest first; of equals the earlier.
    fn nearest<'t>(
        &self,
        vector: &[f32],
        among: impl Iterator<Item = &'t Tagged>,
    ) -> Vec<(f32, &'t Tagged)> {
        let mut all: Vec<_> = among.map(|one| (one.cosine(vector), one)).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        all.truncate(self.neighbours);
        all
    }

    fn accuracy(&self, tagged: &[Tagged]) -> Result<TagAccuracy> {
        let mut accuracy = TagAccuracy::default();
        let mut names: BTreeMap<&str, u64> = BTreeMap::new();
        for one in tagged {
            self.view.go_on()?;
            let others = tagged
                .iter()
                .filter(|other| !overlap(&one.window, &other.window));
            let nearest = self.nearest(&one.vector, others);
            let votes = votes(&nearest);
            let Some(first) = votes.first() else {
                continue;
            };
            accuracy.asked += 1;
            accuracy.right += u64::from(first.name == one.tag.name);
            *names.entry(&one.tag.name).or_default() += 1;
        }
        accuracy.majority = names.into_values().max().unwrap_or_default();
        Ok(accuracy)
    }
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
