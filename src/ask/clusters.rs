//! Which assets move together.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, trained, undated};
use super::asset_left_out::AssetLeftOutRow;
use super::rounded::figure;
use super::window_row::SeriesRow;
use crate::analysis::{
    AssetCluster, ClusterAgreement, ClusterBy, ClusterMerge, ClusterMethod, ClustersAnswer,
};
use crate::db::{Filter, View};
use crate::error::Result;
use crate::model::{Interval, Timestamp};

/// Asks for groups of assets that move together: see [`View::clusters`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClustersRequest {
    /// Which assets, of one interval, and which closes.
    #[serde(default)]
    pub filter: Filter,
    /// How many of the latest returns count, 30 at least. Default: 504, or all where the filter says from when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<usize>,
    /// What makes two assets alike. Default: returns.
    #[serde(default)]
    pub by: ClusterBy,
    /// The space of the vectors. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// How the groups are made. Default: average.
    #[serde(default)]
    pub method: ClusterMethod,
    /// How many groups there are. Default: those with the largest silhouette, of 2 to 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<usize>,
    /// Leave in the returns what the market did.
    #[serde(default)]
    pub keep_market: bool,
    /// How many times the days are drawn anew, and how many worlds by chance there are. Default: 50; 0 leaves
    /// stability and p away.
    #[serde(default = "fifty")]
    pub draws: usize,
    /// The seed of the draws and of k-means.
    #[serde(default)]
    pub seed: u64,
    /// An attribute of symbols, like `sector`, with which the groups are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<String>,
    /// Give the tree too.
    #[serde(default)]
    pub tree: bool,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

const fn fifty() -> usize {
    50
}

impl Default for ClustersRequest {
    fn default() -> Self {
        Self {
            filter: Filter::new(),
            returns: None,
            by: ClusterBy::default(),
            space: None,
            method: ClusterMethod::default(),
            groups: None,
            keep_market: false,
            draws: fifty(),
            seed: 0,
            compare: None,
            tree: false,
            as_of: None,
        }
    }
}

impl ClustersRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Clusters::run`].
    pub fn ask(&self, view: &View) -> Result<ClustersReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(ClustersReply, ClustersAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut question = asked.view.clusters().filter(self.filter.clone());
        question = question.by(self.by).method(self.method);
        question = question.keep_market(self.keep_market).draws(self.draws);
        question = question.seed(self.seed);
        pass_on!(question, self, names: space compare);
        pass_on!(question, self, some: returns groups);
        let answer = question.run()?;
        let notes = asked.notes(self.notes(&asked.view, &answer)?)?;
        let reply = ClustersReply {
            as_of: asked.view.as_of(),
            by: answer.by,
            method: self.method,
            space: answer.space.clone(),
            interval: answer.interval,
            from: answer.from,
            until: answer.until,
            returns: answer.returns,
            silhouette: figure(answer.silhouette),
            p_value: answer.p.map(figure),
            chosen: answer.chosen,
            groups: answer.groups.iter().map(|g| row(&answer, g)).collect(),
            assets: assets(&answer),
            tree: self
                .tree
                .then(|| answer.merges.iter().map(ClusterMergeRow::from).collect()),
            agreement: answer.agreement.as_ref().map(AgreementRow::from),
            left_out: answer.left_out.iter().map(AssetLeftOutRow::from).collect(),
            took_us: answer.took.as_micros() as u64,
            notes,
        };
        Ok((reply, answer))
    }

    fn notes(&self, view: &View, answer: &ClustersAnswer) -> Result<[Option<String>; 5]> {
        let named = match &self.compare {
            Some(name) => self.filter.clone().attribute(name, ""),
            None => self.filter.clone(),
        };
        let space = answer.space.as_deref().unwrap_or_default();
        let chance = answer.p.filter(|p| *p > 0.05).map(|p| {
            format!(
                "chance makes groups that are as much apart, with p = {p:.2}: these may mean nothing"
            )
        });
        Ok([
            undated(&named, view)?,
            trained(space, answer.trained_until, None, ""),
            mixed(answer.mixed_calendars),
            few(answer.assets.len()).filter(|_| self.by != ClusterBy::Vectors && !self.keep_market),
            chance,
        ])
    }
}

/// That what the market did is mostly what the assets themselves did.
pub(super) fn few(assets: usize) -> Option<String> {
    (assets < 10).then(|| {
        format!(
            "the market is the mean of these {assets} assets alone: less that, their correlations are negative even if nothing connects them; ask about ten or more"
        )
    })
}

/// That closes of different markets stand in one row.
pub(super) fn mixed(calendars: bool) -> Option<String> {
    calendars.then(|| {
        "markets that never close stand beside markets with sessions: closes of one row may be hours apart, so they seem to move together less than they do".to_owned()
    })
}

fn row(answer: &ClustersAnswer, group: &AssetCluster) -> ClusterRow {
    let symbol = |at: usize| answer.assets.get(at).map(|a| a.series.symbol.clone());
    let members = answer.assets.iter().filter(|a| a.group == group.number);
    ClusterRow {
        group: group.number,
        n: group.size,
        typical: symbol(group.typical).unwrap_or_default(),
        inside: group.inside.map(figure),
        outside: group.outside.map(figure),
        stability: group.stability.map(figure),
        value: group.value.as_ref().map(|(name, _)| name.clone()),
        value_share: group.value.as_ref().map(|(_, share)| figure(*share)),
        members: members.map(|a| a.series.symbol.clone()).collect(),
    }
}

fn assets(answer: &ClustersAnswer) -> Vec<ClusterAssetRow> {
    let nearest = |at: usize| answer.assets.get(at).map(|a| a.series.symbol.clone());
    let assets = answer.assets.iter().enumerate();
    assets
        .map(|(i, asset)| ClusterAssetRow {
            group: asset.group,
            series: (&asset.series).into(),
            to_group: asset.to_group.map(figure),
            nearest: nearest(asset.nearest).unwrap_or_default(),
            to_nearest: figure(answer.similarity(i, asset.nearest).unwrap_or_default()),
            value: asset.value.clone(),
        })
        .collect()
}

/// The reply to a [`ClustersRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClustersReply {
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// What makes two assets alike.
    pub by: ClusterBy,
    /// How the groups were made.
    pub method: ClusterMethod,
    /// The space of the vectors, if they count.
    pub space: Option<String>,
    /// The length of a bar.
    pub interval: Interval,
    /// The first close that counts.
    pub from: Timestamp,
    /// The last one.
    pub until: Timestamp,
    /// Returns between them.
    pub returns: usize,
    /// The mean silhouette, -1 to 1: near 0 there are no groups to speak of.
    pub silhouette: f64,
    /// How often chance alone gives a silhouette at least as large.
    pub p_value: Option<f64>,
    /// Whether the number of groups was chosen by the silhouette.
    pub chosen: bool,
    /// The groups, the largest first.
    pub groups: Vec<ClusterRow>,
    /// The assets; those of a group stand beside one another.
    pub assets: Vec<ClusterAssetRow>,
    /// The tree, nearest first, if it was asked for. Assets are numbered from 0 as they are listed, and the group
    /// of each merge from the number of assets on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Vec<ClusterMergeRow>>,
    /// How well the groups agree with the attribute `compare`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementRow>,
    /// Assets that pass the filter and were not compared.
    pub left_out: Vec<AssetLeftOutRow>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A group of assets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClusterRow {
    /// Its number, from 1.
    pub group: usize,
    /// Its assets.
    pub n: usize,
    /// The symbol that is most similar to the others of the group.
    pub typical: String,
    /// The mean similarity of two of its assets.
    pub inside: Option<f64>,
    /// The mean similarity of one of its assets and one of another group.
    pub outside: Option<f64>,
    /// How well it is found again where the days are drawn anew, 0 to 1: above 0.75 it is, below 0.5 it is
    /// dissolved.
    pub stability: Option<f64>,
    /// The value of the attribute `compare` that most of its assets have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The share of its assets with a value that have this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_share: Option<f64>,
    /// The symbols of its assets.
    pub members: Vec<String>,
}

/// An asset in a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClusterAssetRow {
    /// The number of its group.
    pub group: usize,
    /// Its series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// Its mean similarity to the others of its group.
    pub to_group: Option<f64>,
    /// The symbol that is most similar to it.
    pub nearest: String,
    /// How similar that is.
    pub to_nearest: f64,
    /// Its value of the attribute `compare`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Two groups that become one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ClusterMergeRow {
    /// The one.
    pub a: usize,
    /// The other.
    pub b: usize,
    /// How far apart they are.
    pub distance: f64,
    /// Assets in the new group.
    pub n: usize,
}

impl From<&ClusterMerge> for ClusterMergeRow {
    fn from(merge: &ClusterMerge) -> Self {
        Self {
            a: merge.a,
            b: merge.b,
            distance: figure(merge.distance),
            n: merge.size,
        }
    }
}

/// How well groups agree with an attribute of their assets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AgreementRow {
    /// The attribute.
    pub attribute: String,
    /// Assets that have it.
    pub n: usize,
    /// Its different values among them.
    pub values: usize,
    /// The adjusted Rand index: 1 if groups and values are the same, near 0 if they have nothing to do with one
    /// another.
    pub adjusted_rand: f64,
    /// How many of the assets most similar to one are looked at.
    pub neighbours: usize,
    /// The share of them that have the value of the asset.
    pub precision: f64,
    /// What that share would be by chance.
    pub precision_by_chance: f64,
}

impl From<&ClusterAgreement> for AgreementRow {
    fn from(found: &ClusterAgreement) -> Self {
        Self {
            attribute: found.attribute.clone(),
            n: found.assets,
            values: found.values,
            adjusted_rand: figure(found.adjusted_rand),
            neighbours: found.neighbours,
            precision: figure(found.precision),
            precision_by_chance: figure(found.precision_by_chance),
        }
    }
}
