//! Which tag a chart is nearest to.

use serde::{Deserialize, Serialize};

use super::anomaly::five;
use super::asked::Asked;
use super::rounded::figure;
use super::subject::Subject;
use super::window_row::{MovedWindow, SeriesRow};
use crate::db::{TagAccuracy, TagNeighbour, TagVoteAnswer, TagVotes, TagsLeftOut, View};
use crate::error::Result;
use crate::model::{Tag, Timestamp};

/// Asks which tag the nearest tagged windows vote for: see [`View::classify_by_tags`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClassifyByTagsRequest {
    /// The chart.
    pub target: Subject,
    /// How many tagged windows vote: 1 to 1,000. Default: 5.
    #[serde(default = "five")]
    pub neighbours: usize,
    /// The space. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl ClassifyByTagsRequest {
    /// The request with the defaults.
    pub fn new(target: impl Into<Subject>) -> Self {
        Self {
            target: target.into(),
            neighbours: five(),
            space: None,
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::ClassifyByTags::run`].
    pub fn ask(&self, view: &View) -> Result<ClassifyByTagsReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(ClassifyByTagsReply, TagVoteAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut question = asked.view.classify_by_tags(self.target.query()?);
        question = question.neighbours(self.neighbours);
        pass_on!(question, self, names: space);
        let answer = question.run()?;
        let reply = ClassifyByTagsReply {
            query: TagVoteQuery {
                target: self.target.name(),
                window: MovedWindow::of_some(&asked.view, answer.query.as_ref())?,
                space: answer.space.clone(),
                as_of: asked.view.as_of(),
            },
            chosen: answer.votes.first().map(|votes| votes.name.clone()),
            votes: answer.votes.iter().map(TagVoteRow::from).collect(),
            neighbours: answer.neighbours.iter().map(NeighbourRow::from).collect(),
            candidates: answer.candidates,
            overlapping: answer.overlapping,
            left_out: answer.left_out,
            accuracy: (&answer.accuracy).into(),
            notes: asked.notes([])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`ClassifyByTagsRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClassifyByTagsReply {
    /// What was asked.
    pub query: TagVoteQuery,
    /// The tag with the most votes.
    pub chosen: Option<String>,
    /// The tags by their votes, most first.
    pub votes: Vec<TagVoteRow>,
    /// Those who voted, nearest first.
    pub neighbours: Vec<NeighbourRow>,
    /// Tagged windows that could have voted.
    pub candidates: usize,
    /// Tagged windows without a vote, because they overlap the question in time, or are it.
    pub overlapping: usize,
    /// Tags without a vote, because they have no vector.
    pub left_out: TagsLeftOut,
    /// How far the vote can be trusted.
    pub accuracy: AccuracyRow,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TagVoteQuery {
    /// What it was asked with.
    pub target: String,
    /// The stored window, if it is one.
    pub window: Option<MovedWindow>,
    /// The space.
    pub space: String,
    /// As of when.
    pub as_of: Option<Timestamp>,
}

/// The votes for one tag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TagVoteRow {
    /// The tag.
    pub tag: String,
    /// Its share of the votes.
    pub share: f64,
    /// The sum of the cosines of those who voted for it.
    pub strength: f64,
}

impl From<&TagVotes> for TagVoteRow {
    fn from(votes: &TagVotes) -> Self {
        Self {
            tag: votes.name.clone(),
            share: figure(votes.share),
            strength: figure(votes.strength),
        }
    }
}

/// A tag of a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TagRow {
    /// The tag.
    pub tag: String,
    /// The series of its window.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// When the window closed.
    pub end: Timestamp,
    /// From when on the tag is known.
    pub known: Timestamp,
    /// The number that was stored with it.
    pub value: Option<f64>,
    /// Whether that number counts as known at the close: then it says perhaps what came later.
    pub value_known_at_end: Option<bool>,
}

impl From<&Tag> for TagRow {
    fn from(tag: &Tag) -> Self {
        Self {
            tag: tag.name.clone(),
            series: (&tag.series).into(),
            end: tag.end,
            known: tag.known,
            value: tag.value,
            value_known_at_end: tag.value.map(|_| tag.known <= tag.end),
        }
    }
}

/// A tagged window that had a vote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NeighbourRow {
    /// The tag.
    #[serde(flatten)]
    pub tag: TagRow,
    /// The cosine of the two windows.
    pub score: f64,
}

impl From<&TagNeighbour> for NeighbourRow {
    fn from(one: &TagNeighbour) -> Self {
        Self {
            tag: (&one.tag).into(),
            score: figure(one.score),
        }
    }
}

/// How often such a vote is right: see [`TagAccuracy`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AccuracyRow {
    /// Tagged windows that were asked about.
    pub asked: u64,
    /// How many of them got their own tag.
    pub right: u64,
    /// How many have the most frequent tag.
    pub majority: u64,
    /// Groups of them that do not overlap in time.
    pub groups: u64,
    /// The share that is right.
    pub share: Option<f64>,
    /// The 95 % interval of that share.
    pub interval: Option<[f64; 2]>,
    /// How the interval was made.
    pub method: String,
}

impl From<&TagAccuracy> for AccuracyRow {
    fn from(accuracy: &TagAccuracy) -> Self {
        let share = accuracy.right as f64 / accuracy.asked.max(1) as f64;
        Self {
            asked: accuracy.asked,
            right: accuracy.right,
            majority: accuracy.majority,
            groups: accuracy.groups,
            share: accuracy.interval.map(|_| share),
            interval: accuracy.interval.map(|(low, high)| [low, high]),
            method: "95 %, Wilson, groups of windows that overlap one another as one trial"
                .to_owned(),
        }
    }
}
