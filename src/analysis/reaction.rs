//! What happened after headlines like this one.

use std::collections::{BTreeMap, BTreeSet};

use super::benchmark::{Benchmark, Net};
use super::drift::Drift;
use super::evidence::{Followed, NoPValue, p_value};
use super::followed::net_of;
use super::labels::cosine;
use super::outcome::bars_within;
use super::reaction_series::{Listed, NewsGroup, ReactionOutcome, Which, bars_from};
use super::same_news::Story;
use super::search::{check_k, warning};
use super::summary::{BaseRate, Closed, LONGEST, OutcomeSummary};
use crate::db::{
    Aligned, Expressiveness, Filter, HeadlineChoice, HeadlineHit, Past, Place, Query, RowFilter,
    View, choice_methods, setters, space_method,
};
use crate::error::{Error, Result};
use crate::model::{Horizon, Interval, Timestamp};

/// Headlines whose vectors are nearer than this, within [`SAME_NEWS_MS`], are one piece of news.
const SAME_NEWS: f64 = 0.9;
const SAME_NEWS_MS: i64 = 3 * 24 * 3_600_000;
const DEFAULT_HORIZON: Horizon = Horizon::Bars(5);
/// Windows from which the base rate is taken, at least.
const BASE_SAMPLE: usize = 1000;
/// Fewer bars before the news say nothing of a volatility.
const FEWEST_BEFORE: usize = 9;

/// A question for what followed headlines like a sentence, made by [`View::reaction`].
#[derive(Clone, Debug)]
pub struct Reaction {
    view: View,
    text: String,
    k: usize,
    horizon: Horizon,
    space: Option<String>,
    market: Option<String>,
    interval: Option<Interval>,
    choice: HeadlineChoice,
    same_news: f64,
    net_of: Option<Benchmark>,
    seed: u64,
}

/// The answer to [`View::reaction`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReactionAnswer {
    /// The sentence.
    pub text: String,
    /// How much it says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
    /// The space.
    pub space: String,
    /// The horizon.
    pub horizon: Horizon,
    /// The interval of the outcomes' bars; `None` if there is no outcome, or several intervals.
    pub interval: Option<Interval>,
    /// What the outcomes are net of, if of anything.
    pub net_of: Option<Benchmark>,
    /// The news that has outcomes, most similar first.
    pub news: Vec<NewsGroup>,
    /// Of all these outcomes, each counted once; `None` if there is none.
    pub summary: Option<OutcomeSummary>,
    /// Of all windows of the same series, from a sample of them: what a reaction has to differ
    /// from. `None` if no outcome of it had closed.
    pub base: Option<OutcomeSummary>,
    /// The windows that the base rate stands for.
    pub base_windows: u64,
    /// How likely series after whose news nothing is different would move at least so far, as
    /// [`crate::query::HorizonOutcomes::p_value`] says it: each outcome in units of the volatility before it,
    /// less the mean of its own series. So neither a wild series nor news after wild bars looks like a
    /// reaction. Or why it cannot be said.
    pub p_value: Result<f64, NoPValue>,
    /// Until when the weights of the space have seen anything, if that is after the view's time: then the
    /// answer knows what came later. `None` in a view of now.
    pub trained_until: Option<Timestamp>,
}

impl ReactionAnswer {
    /// What a user should know before reading this as an answer, if anything.
    pub fn warning(&self) -> Option<String> {
        warning(self.expressiveness)
    }
}

impl View {
    /// Asks what happened after the past headlines that are most similar to a sentence: what the
    /// charts of the symbols that they named did over the next bars, as a distribution, beside what
    /// these charts do at any time. Headlines that say the same of one symbol within three days are one
    /// piece of news, and only outcomes that had closed at the view's time count.
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # use rhymedb::query::Horizon;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # db.ingest_bars(&market.series())?;
    /// # db.ingest_headlines(&market.headlines())?;
    /// let interval = "1h".parse()?;
    /// let answer = db.now().reaction("Exchange hacked, coin plunges").horizon(Horizon::hours(6)).interval(interval).run()?;
    /// for news in &answer.news {
    ///     for outcome in &news.outcomes {
    ///         println!("{:+.2} % {} {}", 100.0 * outcome.outcome.change, outcome.series, news.headline.text);
    ///     }
    /// }
    /// let summary = answer.summary.ok_or("no outcome")?;
    /// println!("median {:+.2} %", 100.0 * summary.quantiles[2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reaction(&self, text: impl Into<String>) -> Reaction {
        Reaction {
            view: self.clone(),
            text: text.into(),
            k: 20,
            horizon: DEFAULT_HORIZON,
            space: None,
            market: None,
            interval: None,
            choice: HeadlineChoice::default(),
            same_news: SAME_NEWS,
            net_of: None,
            seed: 0,
        }
    }
}

impl Reaction {
    setters! {
        /// How many pieces of news with an outcome to find. Default: 20. At most 10,000.
        fn k(k: usize);
    }

    /// The horizon: a time, or bars of one interval, at most 10,000. Default: 5 bars. With a time the
    /// series of a symbol with the shortest bars is measured, unless [`Reaction::interval`] says another.
    #[must_use]
    pub fn horizon(mut self, horizon: impl Into<Horizon>) -> Self {
        self.horizon = horizon.into();
        self
    }

    setters! {
        /// The seed of the base rate's sample. Default: 0.
        fn seed(seed: u64);
    }

    space_method!(text);
    choice_methods!(choice: symbol, from, until, latency);

    /// Only series of this market.
    #[must_use]
    pub fn market(mut self, market: &str) -> Self {
        self.market = Some(market.to_owned());
        self
    }

    setters! {
        /// Only series of this interval. Needed where the symbols have series of several.
        fn interval(interval: Interval) as Some;

        /// The cosine from which headlines within three days say the same. Default: 0.9.
        fn same_news(cosine: f64);

        /// Measures what came after net of a benchmark: see [`Benchmark`]. The base rate and p are net of it too.
        /// Where the benchmark is not known, an outcome is missing. Default: none.
        fn net_of(benchmark: Benchmark) as Some;
    }

    /// Asks.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no space reads text; [`Error::Ambiguous`] if the series of the symbols
    /// have several intervals; [`Error::Invalid`] if the sentence has no word or an option is out of
    /// range.
    pub fn run(self) -> Result<ReactionAnswer> {
        self.choice.check()?;
        check_k(self.k)?;
        self.horizon.check(LONGEST)?;
        if !(0.0..=1.0).contains(&self.same_news) {
            return Err(Error::invalid(format!(
                "expected a cosine from 0 to 1 from which headlines say the same, found {}",
                self.same_news
            )));
        }
        let query = Query::Text(self.text.clone());
        let name = self.space.as_deref();
        self.view.placed(name, &query, |space, placed| {
            let net = self.net_of.as_ref().map(|of| Net::new(space.past, of));
            let net = net.as_ref();
            let news = self.news((space, net), &placed.vector)?;
            let outcomes = news.iter().flat_map(|n| &n.outcomes);
            let outcomes = outcomes.filter(|o| !o.repeated);
            let ids = outcomes.clone().map(|o| space.past.id_of(&o.series));
            let series: BTreeSet<u32> = ids.flatten().collect();
            let closed: Vec<Closed> = outcomes
                .clone()
                .map(|o| Closed::new(&o.series, o.start.millis(), &o.outcome))
                .collect();
            let rows = space.past.rows(&Filter::default())?.of(series);
            let base = BaseRate::of(
                (space.past, net),
                &rows,
                |_| self.horizon,
                (BASE_SAMPLE, self.seed),
            )?;
            Ok(ReactionAnswer {
                text: self.text.clone(),
                expressiveness: space.expressiveness(&placed.vector),
                space: space.name(),
                horizon: self.horizon,
                interval: one_interval(outcomes.clone()),
                net_of: self.net_of.clone(),
                summary: OutcomeSummary::of(&closed),
                base: OutcomeSummary::of(&base.closed),
                base_windows: base.windows,
                p_value: p_value(&self.followed((space.past, net), &rows, outcomes)?),
                trained_until: space.past.learned_about(&query, None)?,
                news,
            })
        })
    }

    /// The pieces of news that have outcomes, most similar first.
    fn news(
        &self,
        (space, net): (&Aligned<'_>, Option<&Net<'_, '_>>),
        vector: &[f32],
    ) -> Result<Vec<NewsGroup>> {
        let which = Which {
            market: self.market.as_ref(),
            interval: self.interval,
        };
        let series = Listed::new(&which, space.past)?;
        let mut limit = self.k.saturating_mul(4).max(64);
        loop {
            let (hits, known) = space.headlines_near(vector, limit, &self.choice)?;
            let groups = self.grouped(space, hits)?;
            let mut news = Vec::with_capacity(self.k);
            for story in groups {
                if news.len() == self.k {
                    break;
                }
                let outcomes = series.outcomes(self.horizon, (space.past, net), &story)?;
                if !outcomes.is_empty() {
                    news.push(NewsGroup {
                        score: story.score,
                        headline: story.first.1,
                        known: story.first.0,
                        headlines: story.headlines,
                        outcomes,
                    });
                }
            }
            // Headlines beyond the limit are less similar than these, and would only join groups.
            if limit as u64 >= known || news.len() == self.k {
                if let Horizon::Bars(_) = self.horizon {
                    Listed::check_interval(&news)?;
                }
                mark_repeated(&mut news);
                return Ok(news);
            }
            limit = limit.saturating_mul(4);
        }
    }

    /// Headlines that say the same of one symbol within a few days as one. Names are masked in texts, so
    /// like words about another company are other news. Those that name no symbol tell nothing.
    fn grouped(&self, space: &Aligned<'_>, hits: Vec<HeadlineHit>) -> Result<Vec<Story>> {
        let mut groups: Vec<Story> = Vec::new();
        let mut by_time: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for hit in hits.into_iter().filter(|h| !h.headline.symbols.is_empty()) {
            let vector = space.stored_vector(&hit)?;
            let known = hit.known.millis();
            let days = known.saturating_sub(SAME_NEWS_MS)..=known.saturating_add(SAME_NEWS_MS);
            let near = by_time.range(days).flat_map(|(_, near)| near);
            let mut new = Story::new(hit, vector);
            let says_the_same = |i: &usize| {
                let group = groups.get(*i).filter(|g| g.shares_a_symbol(&new));
                group.is_some_and(|g| cosine(&g.vector, &new.vector) >= self.same_news)
            };
            let mut same: Vec<usize> = near.copied().filter(says_the_same).collect();
            same.sort_unstable();
            let Some((&best, others)) = same.split_first() else {
                by_time.entry(known).or_default().push(groups.len());
                groups.push(new);
                continue;
            };
            // A headline that names symbols of several pieces of news makes one of them.
            for &other in others {
                if let Some(group) = groups.get_mut(other) {
                    new.take(group);
                }
            }
            if let Some(group) = groups.get_mut(best) {
                group.take(&mut new);
            }
        }
        Ok(groups)
    }

    /// The outcomes in units of the volatility before each.
    fn followed<'o>(
        &self,
        (past, net): (&Past<'_>, Option<&Net<'_, '_>>),
        rows: &RowFilter,
        outcomes: impl Iterator<Item = &'o ReactionOutcome>,
    ) -> Result<Vec<Followed>> {
        let mut drift = Drift::new(past, rows, net);
        let mut followed = Vec::new();
        for outcome in outcomes {
            let Some(series) = past.id_of(&outcome.series) else {
                continue;
            };
            let end = outcome.start.millis();
            let before = past.bars_until(Place { end, series }, past.window_bars() as usize)?;
            if before.len() < FEWEST_BEFORE {
                continue;
            }
            let Some(before) = net_of(net, series, before)? else {
                continue;
            };
            let interval = outcome.series.interval;
            let most = self.horizon.most_bars(interval);
            let (_, calendar) = past.series(series)?;
            let after = bars_from((past, net), series, outcome.start, most)?;
            let Some(after) = after else { continue };
            let bars = bars_within(self.horizon, &after, (interval, calendar));
            let known = (bars, drift.of(series)?);
            followed.extend(Followed::new(interval, &before, &after, known));
        }
        Ok(followed)
    }
}

/// The interval of all outcomes, if they have one.
fn one_interval<'o>(mut outcomes: impl Iterator<Item = &'o ReactionOutcome>) -> Option<Interval> {
    let first = outcomes.next()?.series.interval;
    outcomes
        .all(|o| o.series.interval == first)
        .then_some(first)
}

/// Marks the outcomes that news before has told: two stories that move one series at one time are one
/// observation.
fn mark_repeated(news: &mut [NewsGroup]) {
    let mut told: BTreeSet<(String, Timestamp)> = BTreeSet::new();
    for outcome in news.iter_mut().flat_map(|n| &mut n.outcomes) {
        let new = told.insert((outcome.series.to_string(), outcome.start));
        outcome.repeated = !new;
    }
}
