//! How much assets move together now, and whether that is usual for them.

use std::time::{Duration, Instant};

use super::asset_returns::{AssetLeftOut, AssetReturns, ReturnChoice};
use super::correlation_past::{CorrelationBlocks, PastPair};
use super::shrunk::Shrinkage;
use super::similarities::Similarities;
use crate::db::{Filter, View, setters, within};
use crate::error::{Error, Result};
use crate::model::{Interval, SeriesKey, Timestamp};
use crate::numeric::discovery::q_values;

const LEAST_WINDOW: usize = 20;
const MOST_WINDOW: usize = 10_000;
const MOST_PAST: usize = 1_000;
const MOST_ASSETS: usize = 1_000;

/// A question for the correlations of assets, made by [`View::correlation`].
#[derive(Clone, Debug)]
pub struct Correlation {
    view: View,
    filter: Filter,
    window: usize,
    past: usize,
    less_market: bool,
    k: usize,
}

/// Two assets that move together, or do no more.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CorrelationPair {
    /// The one, by its number in [`CorrelationAnswer::assets`].
    pub a: usize,
    /// The other.
    pub b: usize,
    /// The correlation of their returns in the latest window, as it is.
    pub correlation: f64,
    /// The same, drawn towards the mean of all pairs: a better guess of what it really is.
    pub shrunk: f64,
    /// What was usual for the pair: the mean over its earlier windows, by Fisher's z. `None` of fewer than eight.
    pub usual: Option<f64>,
    /// How many earlier windows of the pair there are.
    pub past: usize,
    /// How often the latest window of such a past lies at least so far from what was usual, on either side (Student's t
    /// of Fisher's z). `None` of fewer than eight earlier windows.
    pub p: Option<f64>,
    /// The same for many pairs at once (Benjamini and Hochberg 1995): of all pairs with a q of at most 0.05, one in
    /// twenty is there by chance.
    pub q: Option<f64>,
    /// The correlation in each window of [`CorrelationAnswer::windows`], where both have 80 % of its returns.
    pub history: Vec<Option<f64>>,
}

/// A stretch of returns.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CorrelationWindow {
    /// Its first close.
    pub from: Timestamp,
    /// Its last one.
    pub until: Timestamp,
    /// The mean correlation of all pairs in it.
    pub mean: Option<f64>,
}

/// The answer to [`View::correlation`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CorrelationAnswer {
    /// The length of a bar.
    pub interval: Interval,
    /// Returns of a window.
    pub returns: usize,
    /// The assets, by name.
    pub assets: Vec<SeriesKey>,
    /// The pairs whose correlation changed most, by p; those without p come last.
    pub pairs: Vec<CorrelationPair>,
    /// How many pairs there are.
    pub all_pairs: usize,
    /// How many of them have a q of at most 0.05.
    pub alarms: usize,
    /// The mean correlation of all pairs in the latest window.
    pub mean: f64,
    /// How much single correlations are drawn towards that mean, 0 to 1 (Ledoit and Wolf 2004).
    pub shrinkage: f64,
    /// The windows, the oldest first; they do not overlap, and the last is the one that was asked about.
    pub windows: Vec<CorrelationWindow>,
    /// How often the mean of a latest window lies at least so far from what was usual. `None` of fewer than eight
    /// earlier windows.
    pub mean_p: Option<f64>,
    /// Assets that pass the filter and were not compared.
    pub left_out: Vec<AssetLeftOut>,
    /// Whether markets that never close stand beside markets with sessions, whose closes are hours apart.
    pub mixed_calendars: bool,
    /// How long it took.
    pub took: Duration,
    pub(super) similarities: Similarities,
}

impl CorrelationAnswer {
    /// The correlation of two assets in the latest window as it is, by their numbers in [`Self::assets`].
    pub fn correlation(&self, a: usize, b: usize) -> Option<f64> {
        self.similarities.row(a).get(b).copied()
    }

    /// The same, drawn towards the mean of all pairs.
    pub fn shrunk(&self, a: usize, b: usize) -> Option<f64> {
        let shrinkage = Shrinkage {
            mean: self.mean,
            weight: self.shrinkage,
        };
        let found = self.correlation(a, b)?;
        Some(if a == b {
            found
        } else {
            shrinkage.apply(found)
        })
    }
}

impl View {
    /// Asks how much assets move together, as of the view's time: the correlations of their log returns over the
    /// latest 63 rows of [`View::panel`], drawn towards their mean as much as so few returns demand, and beside each
    /// pair what was usual for it: the same in earlier windows that do not overlap. A pair whose p is small moves
    /// together otherwise than it used to.
    ///
    /// ```
    /// use rhymedb::{Database, Filter};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let coins = Filter::new().market("crypto");
    /// let answer = db.now().correlation().filter(coins).run()?;
    /// for pair in &answer.pairs {
    ///     println!("{} {} {:.2} usually {:?}, p {:?}", answer.assets[pair.a], answer.assets[pair.b],
    ///         pair.shrunk, pair.usual, pair.p);
    /// }
    /// assert_eq!((answer.pairs.len(), answer.returns), (3, 63));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn correlation(&self) -> Correlation {
        Correlation {
            view: self.clone(),
            filter: Filter::default(),
            window: 63,
            past: 40,
            less_market: false,
            k: 20,
        }
    }
}

impl Correlation {
    setters! {
        /// Which assets, and the last close; it replaces the one before. Default: all.
        fn filter(filter: Filter);

        /// The returns of a window. Default: 63, a quarter of days on which stocks trade. From 20 to 10,000.
        fn window(returns: usize);

        /// The most earlier windows that say what is usual. Default: 40. At most 1,000; 0 asks for none.
        fn past(windows: usize);

        /// Takes off what the market did, in each window: the mean return of the assets, times each asset's slope
        /// on it. Default: no.
        fn less_market(less: bool);

        /// The most pairs in the answer. Default: 20.
        fn k(pairs: usize);
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a name is that of nothing stored; [`Error::Invalid`] if an option is out of range, if
    /// series of several intervals pass, or if there are fewer than two (three without the market) or more than
    /// 1,000 assets, or fewer returns than a window has.
    pub fn run(&self) -> Result<CorrelationAnswer> {
        let start = Instant::now();
        if !(LEAST_WINDOW..=MOST_WINDOW).contains(&self.window) {
            return Err(Error::invalid(format!(
                "expected a window of {LEAST_WINDOW} to {MOST_WINDOW} returns, found {}",
                self.window
            )));
        }
        within("a number of pairs", self.k, MOST_ASSETS * MOST_ASSETS)?;
        if self.past > MOST_PAST {
            return Err(Error::invalid(format!(
                "expected 0 to {MOST_PAST} earlier windows, found {}",
                self.past
            )));
        }
        let choice = ReturnChoice {
            filter: self.filter.clone(),
            returns: Some((1 + self.past) * self.window),
            needed: Some(self.window),
        };
        let least = if self.less_market { 3 } else { 2 };
        let mut assets = choice.read(&self.view, (least, MOST_ASSETS))?;
        if assets.returns() < self.window {
            return Err(Error::invalid(format!(
                "expected at least the {} returns of a window, found {}; choose a shorter window or a longer period",
                self.window,
                assets.returns()
            )));
        }
        let blocks = CorrelationBlocks::of(&mut assets, self.window, self.less_market);
        assets.check((least, MOST_ASSETS))?;
        let mut answer = self.answer(&assets, &blocks)?;
        answer.took = start.elapsed();
        Ok(answer)
    }

    fn answer(
        &self,
        assets: &AssetReturns,
        blocks: &CorrelationBlocks,
    ) -> Result<CorrelationAnswer> {
        let points = blocks.latest();
        let similarities = Similarities::of_returns(&points);
        let shrinkage = Shrinkage::of(&points, &similarities);
        let all = blocks.pairs(&|| self.view.go_on())?;
        let tested: Vec<f64> = all.iter().filter_map(|pair| pair.p).collect();
        let mut q = q_values(&tested).into_iter();
        let mut pairs: Vec<(PastPair, Option<f64>)> = all
            .into_iter()
            .map(|pair| {
                let q = pair.p.and_then(|_| q.next());
                (pair, q)
            })
            .collect();
        let alarms = pairs.iter().filter(|(_, q)| q.is_some_and(|q| q <= 0.05));
        let (all_pairs, alarms) = (pairs.len(), alarms.count());
        pairs.sort_by(|(x, _), (y, _)| {
            let p = |pair: &PastPair| pair.p.unwrap_or(2.0);
            p(x).total_cmp(&p(y)).then((x.a, x.b).cmp(&(y.a, y.b)))
        });
        pairs.truncate(self.k);
        let pair = |(pair, q): (PastPair, Option<f64>)| CorrelationPair {
            a: pair.a,
            b: pair.b,
            correlation: pair.now,
            shrunk: shrinkage.apply(pair.now),
            usual: pair.usual,
            past: pair.past,
            p: pair.p,
            q,
            history: blocks.history(pair.a, pair.b),
        };
        let (means, mean_p) = blocks.means();
        let windows = blocks.periods(assets).into_iter().zip(means);
        let windows = windows.map(|((from, until), mean)| CorrelationWindow { from, until, mean });
        Ok(CorrelationAnswer {
            interval: assets.interval,
            returns: self.window,
            assets: assets.series.clone(),
            pairs: pairs.into_iter().map(pair).collect(),
            all_pairs,
            alarms,
            mean: shrinkage.mean,
            shrinkage: shrinkage.weight,
            windows: windows.collect(),
            mean_p,
            left_out: assets.left_out.clone(),
            mixed_calendars: assets.mixed_calendars,
            took: Duration::ZERO,
            similarities,
        })
    }
}
