//! The answer to a question for groups of assets.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::agreement::ClusterAgreement;
use super::asset_returns::AssetLeftOut;
use super::linkage::ClusterMerge;
use super::similarities::Similarities;
use crate::error::{Error, Result, excerpt};
use crate::model::{Interval, SeriesKey, Timestamp, schema_as_text, serde_as_text};

/// What makes two assets alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterBy {
    /// The correlation of their returns over the same bars, less what the market did.
    #[default]
    Returns,
    /// The cosine of the vectors of their latest windows in a space: the shape of two charts.
    Vectors,
    /// The mean of both.
    Both,
}

impl ClusterBy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Returns, Self::Vectors, Self::Both];
}

serde_as_text!(ClusterBy);
schema_as_text!(ClusterBy, "returns, vectors or both");

impl fmt::Display for ClusterBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Returns => "returns",
            Self::Vectors => "vectors",
            Self::Both => "both",
        })
    }
}

impl FromStr for ClusterBy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|by| by.to_string() == text);
        found.ok_or_else(|| {
            Error::invalid(format!(
                "expected assets alike by returns, vectors or both, found {}",
                excerpt(text)
            ))
        })
    }
}

/// An asset in a group.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClusterAsset {
    /// Its series.
    pub series: SeriesKey,
    /// The number of its group, from 1.
    pub group: usize,
    /// Its mean similarity to the others of its group; `None` if it is alone.
    pub to_group: Option<f64>,
    /// The asset that is most similar to it, by its number in [`ClustersAnswer::assets`].
    pub nearest: usize,
    /// Its value of the attribute of [`crate::query::Clusters::compare`].
    pub value: Option<String>,
}

/// A group of assets.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AssetCluster {
    /// From 1, the largest first.
    pub number: usize,
    /// Its assets.
    pub size: usize,
    /// The asset with the largest mean similarity to the others of the group, by its number in
    /// [`ClustersAnswer::assets`].
    pub typical: usize,
    /// The mean similarity of two of its assets; `None` of one alone.
    pub inside: Option<f64>,
    /// The mean similarity of one of its assets and one of another group; `None` if there is no other.
    pub outside: Option<f64>,
    /// How well it is found again where the days are drawn anew, 0 to 1: the mean of the largest share of assets
    /// that it has in common with a group found there, of those in either (Jaccard; Hennig 2007). Above 0.75 it is
    /// found again; below 0.5 it is dissolved. `None` without draws, and by vectors alone.
    pub stability: Option<f64>,
    /// The value of the attribute that most of its assets have, and what share of those with a value.
    pub value: Option<(String, f64)>,
}

/// The answer to [`crate::View::clusters`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClustersAnswer {
    /// What makes two assets alike.
    pub by: ClusterBy,
    /// The space of the vectors, if they count.
    pub space: Option<String>,
    /// Until when the weights of that space were trained, if that is after the view's time.
    pub trained_until: Option<Timestamp>,
    /// The length of a bar.
    pub interval: Interval,
    /// The first and the last close that count.
    pub from: Timestamp,
    /// The last one.
    pub until: Timestamp,
    /// Returns between them.
    pub returns: usize,
    /// The assets; those of a group stand beside one another, in the order of the tree where there is one.
    pub assets: Vec<ClusterAsset>,
    /// The groups, the largest first.
    pub groups: Vec<AssetCluster>,
    /// The tree, nearest first; none of k-means. Assets have their numbers in [`Self::assets`].
    pub merges: Vec<ClusterMerge>,
    /// The mean silhouette (Rousseeuw 1987), -1 to 1: how much nearer assets are to their group than to the next
    /// one. Near 0 there are no groups to speak of.
    pub silhouette: f64,
    /// The share of worlds with a silhouette at least as large in which each asset's returns are moved against
    /// those of the others by a time of its own. `None` without draws, and where vectors count.
    pub p: Option<f64>,
    /// Whether the number of groups was chosen by the silhouette.
    pub chosen: bool,
    /// How well the groups agree with the attribute of [`crate::query::Clusters::compare`].
    pub agreement: Option<ClusterAgreement>,
    /// Assets that pass the filter and were not compared.
    pub left_out: Vec<AssetLeftOut>,
    /// Whether markets that never close stand beside markets with sessions, whose closes are hours apart.
    pub mixed_calendars: bool,
    /// How long it took.
    pub took: Duration,
    pub(super) similarities: Similarities,
}

impl ClustersAnswer {
    /// How similar two assets are, -1 to 1, by their numbers in [`Self::assets`]: the correlation of what is left
    /// of their returns, the cosine of their vectors, or the mean of both.
    pub fn similarity(&self, a: usize, b: usize) -> Option<f64> {
        self.similarities.row(a).get(b).copied()
    }
}
