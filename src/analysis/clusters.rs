//! Groups of assets that move together, as of a date.

use std::time::{Duration, Instant};

use super::agreement::agreement;
use super::asset_returns::{AssetReturns, ReturnChoice};
use super::cluster_answer::{AssetCluster, ClusterAsset, ClusterBy, ClustersAnswer};
use super::cluster_draws::ClusterDraws;
use super::cluster_parts::{
    GroupSums, LatestVectors, commonest, moved, nearest, pick, ranks, together,
};
use super::grouping::{ClusterMethod, Grouping, GroupingChoice};
use super::similarities::Similarities;
use crate::db::{Filter, Place, View, setters, space_method};
use crate::error::{Error, Result};
use crate::model::{Attribute, SeriesKey};

const LEAST_ASSETS: usize = 3;
const MOST_ASSETS: usize = 1_000;
/// With fewer no p is as small as 0.05.
const LEAST_DRAWS: usize = 19;
const MOST_DRAWS: usize = 1_000;
/// The last window of an asset may end so many bars before the period does.
const LATEST_BARS: i64 = 5;

/// A question for groups of assets, made by [`View::clusters`].
#[derive(Clone, Debug)]
pub struct Clusters {
    view: View,
    choice: ReturnChoice,
    by: ClusterBy,
    space: Option<String>,
    method: ClusterMethod,
    groups: Option<usize>,
    keep_market: bool,
    draws: usize,
    seed: u64,
    compare: Option<String>,
}

impl View {
    /// Asks for groups of assets that move together, as of the view's time: by the correlation of their returns
    /// over the same bars, after what the market did was taken off (the mean return of the assets, times each
    /// asset's slope on it). Returns are log returns between two rows of [`View::panel`], and two assets are
    /// compared over those that both have; an asset with less than 80 % of them is left out. All series have
    /// bars of one interval: a filter chooses it.
    ///
    /// The groups are those of a tree (average linkage) that is cut where the silhouette is largest, unless
    /// [`Clusters::groups`] says how many there are. Random walks have groups too: [`ClustersAnswer::p`] says
    /// how often chance does as well, and [`AssetCluster::stability`] which of the groups last.
    ///
    /// ```
    /// use rhymedb::{Database, Filter};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let coins = Filter::new().market("crypto");
    /// let answer = db.now().clusters().filter(coins).draws(19).run()?;
    /// for asset in &answer.assets {
    ///     println!("{} {} {:?}", asset.group, asset.series, asset.to_group);
    /// }
    /// println!("silhouette {:.2}, p {:?}", answer.silhouette, answer.p);
    /// assert_eq!(answer.returns, 504);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clusters(&self) -> Clusters {
        Clusters {
            view: self.clone(),
            choice: ReturnChoice::default(),
            by: ClusterBy::Returns,
            space: None,
            method: ClusterMethod::Average,
            groups: None,
            keep_market: false,
            draws: 50,
            seed: 0,
            compare: None,
        }
    }
}

impl Clusters {
    space_method!(chart);
    setters! {
        /// What makes two assets alike. Default: their returns.
        fn by(by: ClusterBy);

        /// How the groups are made. Default: average linkage.
        fn method(method: ClusterMethod);

        /// How many groups there are. Default: those with the largest silhouette, of 2 to 30.
        fn groups(groups: usize) as Some;

        /// Leaves in the returns what the market did. Default: no.
        fn keep_market(keep: bool);

        /// How many times the days are drawn anew, for the stability of the groups, and how many worlds by chance
        /// there are, for p. Default: 50. From 19 to 1,000; 0 leaves both away.
        fn draws(draws: usize);

        /// The seed of the draws and of k-means. Default: 0.
        fn seed(seed: u64);
    }

    /// Which assets, and which closes; it replaces the one before. Default: all.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.choice.filter = filter;
        self
    }

    /// How many of the latest returns count, 30 at least. Default: 504, or all where the filter says from when.
    #[must_use]
    pub fn returns(mut self, returns: usize) -> Self {
        self.choice.returns = Some(returns);
        self
    }

    /// Says how well the groups agree with an attribute of the symbols, like `sector`: see
    /// [`crate::Database::set_attributes`]. Default: none.
    #[must_use]
    pub fn compare(mut self, attribute: &str) -> Self {
        self.compare = Some(Attribute::plain(attribute));
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a name is that of nothing stored, or no asset has the attribute; [`Error::Invalid`]
    /// if an option is out of range, if series of several intervals pass, or if there are fewer than three or more
    /// than 1,000 assets, or fewer than 30 returns.
    pub fn run(&self) -> Result<ClustersAnswer> {
        let start = Instant::now();
        if self.draws != 0 && !(LEAST_DRAWS..=MOST_DRAWS).contains(&self.draws) {
            return Err(Error::invalid(format!(
                "expected {LEAST_DRAWS} to {MOST_DRAWS} draws, or 0 for none, found {}",
                self.draws
            )));
        }
        let mut assets = self.choice.read(&self.view, (LEAST_ASSETS, MOST_ASSETS))?;
        let points = match self.by {
            ClusterBy::Vectors => Vec::new(),
            ClusterBy::Returns | ClusterBy::Both => assets.points(self.keep_market),
        };
        let vectors = match self.by {
            ClusterBy::Returns => None,
            ClusterBy::Vectors | ClusterBy::Both => Some(self.vectors(&assets)?),
        };
        let (points, vectors) = together(&mut assets, points, vectors);
        assets.check((LEAST_ASSETS, MOST_ASSETS))?;
        self.check_groups(assets.series.len())?;
        let by_vectors = vectors.as_ref().map(|v| Similarities::of(&v.vectors));
        let by_returns = (!points.is_empty()).then(|| Similarities::of_returns(&points));
        let similarities = match (by_returns, &by_vectors) {
            (Some(returns), Some(vectors)) => returns.mean(vectors),
            (Some(returns), None) => returns,
            (None, Some(vectors)) => vectors.clone(),
            (None, None) => return Err(Error::internal("assets have neither returns nor vectors")),
        };
        let choice = GroupingChoice {
            method: self.method,
            groups: self.groups,
            seed: self.seed,
        };
        let found = choice.grouped(&similarities);
        let draws = ClusterDraws {
            points: &points,
            vectors: by_vectors.as_ref(),
            choice,
            keep_market: self.keep_market,
            draws: self.draws,
        };
        let (stability, p) = self.drawn(&draws, &found)?;
        let mut answer = self.answer(&assets, (&similarities, &found), &stability)?;
        answer.p = p;
        if let Some(vectors) = vectors {
            (answer.space, answer.trained_until) = (Some(vectors.space), vectors.trained_until);
        }
        answer.took = start.elapsed();
        Ok(answer)
    }

    fn check_groups(&self, assets: usize) -> Result<()> {
        match self.groups {
            Some(k) if !(2..=assets).contains(&k) => Err(Error::invalid(format!(
                "expected 2 to {assets} groups of {assets} assets, found {k}"
            ))),
            _ => Ok(()),
        }
    }

    /// The stability of each group, and p.
    fn drawn(&self, draws: &ClusterDraws<'_>, found: &Grouping) -> Result<(Vec<f64>, Option<f64>)> {
        if self.draws == 0 || self.by == ClusterBy::Vectors {
            return Ok((Vec::new(), None));
        }
        let go_on = || self.view.go_on();
        let stability = draws.stability(found, &go_on)?;
        let p = match self.by {
            ClusterBy::Returns => Some(draws.chance(found, &go_on)?),
            ClusterBy::Vectors | ClusterBy::Both => None,
        };
        Ok((stability, p))
    }

    /// The vector of each asset's latest window, where one ends with the period.
    fn vectors(&self, assets: &AssetReturns) -> Result<LatestVectors> {
        self.view.past(self.space.as_deref(), |past| {
            let rows = past.rows(&Filter::new())?.until(assets.until.millis());
            let hop = i64::from(past.hop());
            let bar = assets.interval.nominal_millis();
            let oldest = bar.saturating_mul(hop).saturating_mul(LATEST_BARS);
            let oldest = assets.until.millis().saturating_sub(oldest);
            let mut found = LatestVectors {
                space: past.space().to_owned(),
                trained_until: None,
                missing: Vec::new(),
                vectors: Vec::new(),
            };
            for (at, series) in assets.series.iter().enumerate() {
                let id = past.id_of(series);
                let extent = id.and_then(|id| past.extent(&rows, id));
                let last = extent.map(|e| e.last).filter(|last| *last >= oldest);
                let place = id.zip(last).map(|(series, end)| Place { end, series });
                let vector = place.map(|place| past.vector(place)).transpose()?;
                match vector.flatten() {
                    Some(vector) => {
                        let vector = vector.into_iter().map(f64::from);
                        found.vectors.push(vector.collect());
                        let learned = past.learned_of(series)?;
                        found.trained_until = found.trained_until.max(learned);
                    }
                    None => found.missing.push(at),
                }
            }
            Ok(found)
        })
    }

    fn answer(
        &self,
        assets: &AssetReturns,
        (similarities, found): (&Similarities, &Grouping),
        stability: &[f64],
    ) -> Result<ClustersAnswer> {
        let similarities = similarities.ordered(&found.order);
        let labels: Vec<usize> = pick(&found.labels, &found.order);
        let series: Vec<SeriesKey> = pick(&assets.series, &found.order);
        let values = self.values(&series)?;
        let ranks = ranks(&labels, found.k);
        let sums = GroupSums::of(&similarities, &labels, found.k);
        let each = series.into_iter().zip(&labels).zip(&values).enumerate();
        let each = each.map(|(i, ((series, &label), value))| ClusterAsset {
            series,
            group: ranks.get(label).copied().unwrap_or(0),
            to_group: sums.to_own(i, label),
            nearest: nearest(&similarities, i),
            value: value.clone(),
        });
        let assets_in_order: Vec<ClusterAsset> = each.collect();
        let mut groups: Vec<AssetCluster> = (0..found.k)
            .map(|label| AssetCluster {
                number: ranks.get(label).copied().unwrap_or(0),
                stability: stability.get(label).copied(),
                value: commonest(&labels, &values, label),
                ..sums.group(&labels, label)
            })
            .collect();
        groups.sort_by_key(|g| g.number);
        let agreement = self
            .compare
            .as_deref()
            .and_then(|name| agreement(name, (&similarities, &labels), &values));
        Ok(ClustersAnswer {
            by: self.by,
            space: None,
            trained_until: None,
            interval: assets.interval,
            from: assets.from,
            until: assets.until,
            returns: assets.returns(),
            assets: assets_in_order,
            groups,
            merges: moved(&found.merges, &found.order),
            silhouette: found.silhouette,
            p: None,
            chosen: self.groups.is_none(),
            agreement,
            left_out: assets.left_out.clone(),
            mixed_calendars: assets.mixed_calendars,
            took: Duration::ZERO,
            similarities,
        })
    }

    /// What the attribute to compare with is of each asset: the first of several values.
    fn values(&self, series: &[SeriesKey]) -> Result<Vec<Option<String>>> {
        let Some(name) = &self.compare else {
            return Ok(vec![None; series.len()]);
        };
        let attributes = self.view.known_attributes()?;
        let value = |key: &SeriesKey| attributes.values(key, name).next().map(str::to_owned);
        let values: Vec<Option<String>> = series.iter().map(value).collect();
        if values.iter().all(Option::is_none) {
            return Err(attributes.unknown(name));
        }
        Ok(values)
    }
}
