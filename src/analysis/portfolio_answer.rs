//! The answer to a question for portfolios.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::asset_returns::AssetLeftOut;
use crate::error::{Error, Result, excerpt};
use crate::model::{Interval, SeriesKey, Timestamp, schema_as_text, serde_as_text};

/// How money is shared out among assets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PortfolioRule {
    /// The same for each.
    Equal,
    /// By the inverse of each asset's variance.
    InverseVariance,
    /// Hierarchical risk parity (López de Prado 2016): assets in the order of a tree of what moves together, and the
    /// money shared out half by half, each half by the inverse of its variance.
    Hierarchical,
    /// The same for each group of [`crate::View::clusters`], and within a group the same for each asset.
    Clusters,
    /// The weights with the least variance (Markowitz 1952).
    MinVariance,
    /// The weights with the most mean return by deviation. It believes the mean returns of the period, which are
    /// mostly chance.
    MaxSharpe,
}

impl PortfolioRule {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Equal,
        Self::InverseVariance,
        Self::Hierarchical,
        Self::Clusters,
        Self::MinVariance,
        Self::MaxSharpe,
    ];
}

serde_as_text!(PortfolioRule);
schema_as_text!(
    PortfolioRule,
    "equal, inverse-variance, hrp (hierarchical risk parity), clusters (equal for each group), min-variance or max-sharpe"
);

impl fmt::Display for PortfolioRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "equal",
            Self::InverseVariance => "inverse-variance",
            Self::Hierarchical => "hrp",
            Self::Clusters => "clusters",
            Self::MinVariance => "min-variance",
            Self::MaxSharpe => "max-sharpe",
        })
    }
}

impl FromStr for PortfolioRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|r| r.to_string() == text);
        found.ok_or_else(|| {
            Error::invalid(format!(
                "expected the rule equal, inverse-variance, hrp, clusters, min-variance or max-sharpe, found {}",
                excerpt(text)
            ))
        })
    }
}

/// An asset that portfolios may hold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PortfolioAsset {
    /// Its series.
    pub series: SeriesKey,
    /// The standard deviation of its returns, times the root of the bars of a year.
    pub volatility: f64,
    /// The mean of its returns, times the bars of a year. Of a year of returns it is mostly chance: its error is the
    /// volatility by the root of the years.
    pub mean: f64,
    /// Its group, from 1, if the rule [`PortfolioRule::Clusters`] was asked for.
    pub group: Option<usize>,
}

/// What one rule holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PortfolioWeights {
    /// The rule.
    pub rule: PortfolioRule,
    /// The share of the money of each asset of [`PortfolioAnswer::assets`]. They sum to 1; all are 0 if `in_cash`.
    pub weights: Vec<f64>,
    /// The share of the portfolio's variance that comes from each asset: its weight times its covariance with the
    /// portfolio, by the variance of the portfolio. They sum to 1; one that is below 0 is a hedge.
    pub risks: Vec<f64>,
    /// The expected standard deviation of the portfolio's returns, times the root of the bars of a year.
    pub volatility: f64,
    /// The mean return that these weights would have had, times the bars of a year. It is no forecast.
    pub mean: f64,
    /// How many equal weights would be as concentrated: 1 by the sum of the squared weights.
    pub effective: f64,
    /// Whether the rule holds no asset: [`PortfolioRule::MaxSharpe`] does so where no weights within the bounds had a
    /// mean return above 0.
    pub in_cash: bool,
}

/// The answer to [`crate::View::portfolio`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PortfolioAnswer {
    /// The length of a bar.
    pub interval: Interval,
    /// The first close that counts.
    pub from: Timestamp,
    /// The last one.
    pub until: Timestamp,
    /// Returns between them.
    pub returns: usize,
    /// How many bars a year has, as they came in this period.
    pub bars_a_year: f64,
    /// The mean correlation of two assets.
    pub correlation: f64,
    /// How much the correlations are drawn towards that mean, 0 to 1 (Ledoit and Wolf 2004).
    pub shrinkage: f64,
    /// The assets, by name.
    pub assets: Vec<PortfolioAsset>,
    /// What each rule holds, in the order of [`PortfolioRule::ALL`].
    pub portfolios: Vec<PortfolioWeights>,
    /// Assets that pass the filter and are not held.
    pub left_out: Vec<AssetLeftOut>,
    /// The space of the vectors, if groups are made by them.
    pub space: Option<String>,
    /// Until when the weights of that space were trained.
    pub trained_until: Option<Timestamp>,
    /// Whether markets that never close stand beside markets with sessions, whose closes are hours apart.
    pub mixed_calendars: bool,
    /// How long it took.
    pub took: Duration,
}
