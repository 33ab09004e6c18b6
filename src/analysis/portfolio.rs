//! How to share out money among assets, as of a date.

use std::time::{Duration, Instant};

use super::asset_returns::{AssetReturns, NotCompared, ReturnChoice};
use super::bounds::WeightBounds;
use super::cluster_answer::{ClusterBy, ClustersAnswer};
use super::covariance::Covariance;
use super::efficient::efficient;
use super::grouping::ClusterMethod;
use super::hierarchical::hierarchical;
use super::portfolio_answer::{PortfolioAnswer, PortfolioAsset, PortfolioRule, PortfolioWeights};
use crate::db::{Filter, View, setters, space_method};
use crate::error::Result;
use crate::model::SeriesKey;

const LEAST_ASSETS: usize = 2;
const MOST_ASSETS: usize = 1_000;
/// Groups are made of so many assets or more; of fewer each is a group.
const LEAST_GROUPED: usize = 3;
/// How many returns count where nobody says: a year of days on which stocks trade.
const USUAL_RETURNS: usize = 252;
/// An asset without any of so many latest returns has ended.
const LATEST_RETURNS: usize = 5;
const YEAR_MS: f64 = 365.25 * 86_400_000.0;

/// A question for portfolios, made by [`View::portfolio`].
#[derive(Clone, Debug)]
pub struct Portfolio {
    view: View,
    choice: ReturnChoice,
    rules: Vec<PortfolioRule>,
    min_weight: f64,
    max_weight: f64,
    by: ClusterBy,
    method: ClusterMethod,
    groups: Option<usize>,
    space: Option<String>,
    seed: u64,
}

impl View {
    /// Asks how to share out money among assets, as of the view's time, by each of several rules. Nothing is
    /// borrowed and nothing is sold short: weights lie between 0 and 1 or narrower bounds, and sum to 1.
    ///
    /// All rules see the same: simple returns between two rows of [`View::panel`], each asset's own variance, and
    /// correlations that are drawn towards their mean as much as so few returns demand (Ledoit and Wolf 2004). An
    /// asset with less than 80 % of the returns, or with none of the last five, is left out. Within bounds
    /// [`PortfolioRule::MinVariance`] and [`PortfolioRule::MaxSharpe`] are the best; the other rules keep their
    /// proportions, except that what would lie beyond a bound is at it.
    ///
    /// ```
    /// use rhymedb::{Database, Filter};
    /// use rhymedb::query::PortfolioRule;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let coins = Filter::new().market("crypto");
    /// let answer = db.now().portfolio().filter(coins).max_weight(0.5).run()?;
    /// for portfolio in &answer.portfolios {
    ///     println!("{} {:.0} % a year", portfolio.rule, 100.0 * portfolio.volatility);
    ///     for (asset, weight) in answer.assets.iter().zip(&portfolio.weights) {
    ///         println!("  {} {weight:.3}", asset.series);
    ///     }
    ///     assert!((portfolio.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    /// }
    /// assert_eq!(answer.portfolios.len(), PortfolioRule::ALL.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn portfolio(&self) -> Portfolio {
        Portfolio {
            view: self.clone(),
            choice: ReturnChoice::default(),
            rules: Vec::new(),
            min_weight: 0.0,
            max_weight: 1.0,
            by: ClusterBy::Returns,
            method: ClusterMethod::Average,
            groups: None,
            space: None,
            seed: 0,
        }
    }
}

impl Portfolio {
    space_method!(chart);
    setters! {
        /// Which rules. Default: all.
        fn rules(rules: Vec<PortfolioRule>);

        /// The least share of the money of each asset. Default: 0.
        fn min_weight(share: f64);

        /// The most share of the money of each asset. Default: 1.
        fn max_weight(share: f64);

        /// What makes two assets alike, for [`PortfolioRule::Clusters`]. Default: their returns.
        fn by(by: ClusterBy);

        /// How groups are made, for the same. Default: average linkage.
        fn method(method: ClusterMethod);

        /// How many groups there are. Default: those with the largest silhouette, of 2 to 30.
        fn groups(groups: usize) as Some;

        /// The seed of k-means. Default: 0.
        fn seed(seed: u64);
    }

    /// Which assets, and which closes; it replaces the one before. Default: all.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.choice.filter = filter;
        self
    }

    /// How many of the latest returns count, 30 at least. Default: 252, or all where the filter says from when.
    #[must_use]
    pub fn returns(mut self, returns: usize) -> Self {
        self.choice.returns = Some(returns);
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if a name is that of nothing stored; [`crate::Error::Invalid`] if an option is out
    /// of range, if the assets cannot hold all of the money within the bounds, if series of several intervals pass,
    /// or if there are fewer than two or more than 1,000 assets, or fewer than 30 returns.
    pub fn run(&self) -> Result<PortfolioAnswer> {
        let start = Instant::now();
        let bounds = WeightBounds {
            least: self.min_weight,
            most: self.max_weight,
        };
        bounds.check()?;
        let mut choice = self.choice.clone();
        if choice.returns.is_none() && choice.filter.from.is_none() {
            choice.returns = Some(USUAL_RETURNS);
        }
        let size = (LEAST_ASSETS, MOST_ASSETS);
        let mut assets = choice.read(&self.view, size)?;
        leave_out_ended(&mut assets);
        let rules = self.wanted();
        let grouped = match rules.contains(&PortfolioRule::Clusters) {
            true => self.grouped(&choice, &mut assets)?,
            false => None,
        };
        let covariance = Covariance::of(&mut assets);
        assets.check(size)?;
        bounds.check_for(assets.series.len())?;
        let groups = grouped
            .as_ref()
            .map(|found| groups_of(found, &assets.series));
        let groups = groups.unwrap_or_else(|| (1..=assets.series.len()).collect());
        let mut answer = self.answer(&assets, &covariance, &groups);
        for rule in rules {
            self.view.go_on()?;
            let weights = weights(rule, &covariance, &groups, bounds)?;
            let held = held(rule, weights, &covariance, answer.bars_a_year);
            answer.portfolios.push(held);
        }
        if let Some(found) = grouped {
            (answer.space, answer.trained_until) = (found.space, found.trained_until);
        }
        answer.took = start.elapsed();
        Ok(answer)
    }

    /// The same question to another view, about other closes; with equal weights, to compare with.
    pub(crate) fn of_view(&self, view: View, filter: Filter) -> Self {
        let mut other = self.clone();
        (other.view, other.choice.filter) = (view, filter);
        other.choice.returns = Some(self.usual_returns());
        if !other.rules.is_empty() {
            other.rules.push(PortfolioRule::Equal);
        }
        other
    }

    pub(crate) fn asset_filter(&self) -> &Filter {
        &self.choice.filter
    }

    /// How many returns count where nobody says from when.
    pub(crate) fn usual_returns(&self) -> usize {
        self.choice.returns.unwrap_or(USUAL_RETURNS)
    }

    /// The rules in the order of all, each once.
    fn wanted(&self) -> Vec<PortfolioRule> {
        let asked = |rule: &PortfolioRule| self.rules.is_empty() || self.rules.contains(rule);
        PortfolioRule::ALL.into_iter().filter(asked).collect()
    }

    /// The groups of the assets; those that are in none are left out. `None` of too few for groups.
    fn grouped(
        &self,
        choice: &ReturnChoice,
        assets: &mut AssetReturns,
    ) -> Result<Option<ClustersAnswer>> {
        if assets.series.len() < LEAST_GROUPED {
            return Ok(None);
        }
        let mut question = self.view.clusters().filter(choice.filter.clone());
        question = question.by(self.by).method(self.method).seed(self.seed);
        if let Some(returns) = choice.returns {
            question = question.returns(returns);
        }
        if let Some(groups) = self.groups {
            question = question.groups(groups);
        }
        if let Some(space) = &self.space {
            question = question.space(space);
        }
        let found = question.draws(0).run()?;
        for left in &found.left_out {
            if let Some(at) = assets.series.iter().position(|s| *s == left.series) {
                assets.leave_out(&[at], left.why);
            }
        }
        Ok(Some(found))
    }

    fn answer(
        &self,
        assets: &AssetReturns,
        covariance: &Covariance,
        groups: &[usize],
    ) -> PortfolioAnswer {
        let span = assets.until.millis().saturating_sub(assets.from.millis());
        let bars_a_year = assets.returns() as f64 * YEAR_MS / span.max(1) as f64;
        let clusters = self.wanted().contains(&PortfolioRule::Clusters);
        let figures = covariance.deviations().iter().zip(covariance.means());
        let all = assets.series.iter().zip(figures).zip(groups);
        let all = all.map(|((series, (deviation, mean)), group)| PortfolioAsset {
            series: series.clone(),
            volatility: deviation * bars_a_year.sqrt(),
            mean: mean * bars_a_year,
            group: clusters.then_some(*group),
        });
        PortfolioAnswer {
            interval: assets.interval,
            from: assets.from,
            until: assets.until,
            returns: assets.returns(),
            bars_a_year,
            correlation: covariance.shrinkage.mean,
            shrinkage: covariance.shrinkage.weight,
            assets: all.collect(),
            portfolios: Vec::new(),
            left_out: assets.left_out.clone(),
            space: None,
            trained_until: None,
            mixed_calendars: assets.mixed_calendars,
            took: Duration::ZERO,
        }
    }
}

/// What has ended cannot be bought.
fn leave_out_ended(assets: &mut AssetReturns) {
    let ended = |column: &Vec<f64>| column.iter().rev().take(LATEST_RETURNS).all(|x| x.is_nan());
    let columns = assets.columns.iter().enumerate();
    let gone: Vec<usize> = columns.filter(|(_, c)| ended(c)).map(|(i, _)| i).collect();
    assets.leave_out(&gone, NotCompared::Ended);
}

/// The group of each of some assets; an asset that has none is a group of its own.
fn groups_of(found: &ClustersAnswer, series: &[SeriesKey]) -> Vec<usize> {
    let alone = found.groups.len() + 1;
    let of = |(at, series): (usize, &SeriesKey)| {
        let asset = found.assets.iter().find(|a| a.series == *series);
        asset.map_or(alone + at, |a| a.group)
    };
    series.iter().enumerate().map(of).collect()
}

/// The weights by a rule; `None` if it holds nothing.
fn weights(
    rule: PortfolioRule,
    covariance: &Covariance,
    groups: &[usize],
    bounds: WeightBounds,
) -> Result<Option<Vec<f64>>> {
    let proportions = match rule {
        PortfolioRule::Equal => vec![1.0; covariance.len()],
        PortfolioRule::InverseVariance => {
            let all = covariance.deviations().iter();
            all.map(|d| 1.0 / (d * d)).collect()
        }
        PortfolioRule::Hierarchical => hierarchical(covariance),
        PortfolioRule::Clusters => {
            let size = |group: &usize| groups.iter().filter(|g| *g == group).count();
            groups
                .iter()
                .map(|group| 1.0 / size(group) as f64)
                .collect()
        }
        PortfolioRule::MinVariance => return efficient(covariance, None, bounds),
        PortfolioRule::MaxSharpe => return efficient(covariance, Some(covariance.means()), bounds),
    };
    Ok(Some(bounds.shared(&proportions)))
}

/// What is to be said of a rule's weights.
fn held(
    rule: PortfolioRule,
    weights: Option<Vec<f64>>,
    covariance: &Covariance,
    bars_a_year: f64,
) -> PortfolioWeights {
    let Some(weights) = weights else {
        return PortfolioWeights {
            rule,
            weights: vec![0.0; covariance.len()],
            risks: vec![0.0; covariance.len()],
            volatility: 0.0,
            mean: 0.0,
            effective: 0.0,
            in_cash: true,
        };
    };
    let with = covariance.with(&weights);
    let parts: Vec<f64> = with.iter().zip(&weights).map(|(c, w)| c * w).collect();
    let variance: f64 = parts.iter().sum();
    let mean: f64 = weights
        .iter()
        .zip(covariance.means())
        .map(|(w, m)| w * m)
        .sum();
    PortfolioWeights {
        rule,
        // Of assets that cancel one another nothing is left to share out.
        risks: match variance > 0.0 {
            true => parts.iter().map(|part| part / variance).collect(),
            false => vec![0.0; parts.len()],
        },
        volatility: (variance.max(0.0) * bars_a_year).sqrt(),
        mean: mean * bars_a_year,
        effective: 1.0 / weights.iter().map(|w| w * w).sum::<f64>(),
        in_cash: false,
        weights,
    }
}
