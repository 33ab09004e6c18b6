//! What happened after headlines like this one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::aftermath::{ReactionOutcome, after, outcome};
use super::labels::cosine;
use super::search::{check_k, millis, warning};
use super::spread::Spread;
use crate::db::{Aligned, Expressiveness, HeadlineChoice, HeadlineHit, View};
use crate::error::{Error, Result};
use crate::model::{Headline, Interval, SeriesKey, Timestamp};

/// Headlines whose vectors are nearer than this, within [`SAME_NEWS_MS`], are one piece of news.
const SAME_NEWS: f64 = 0.9;
const SAME_NEWS_MS: i64 = 3 * 24 * 3_600_000;
const DEFAULT_HORIZON: usize = 5;
/// More is no reaction.
const MAX_HORIZON: usize = 10_000;

/// A question for what followed headlines like a sentence, made by [`View::reaction`].
#[derive(Clone, Debug)]
pub struct Reaction<'a> {
    view: &'a View,
    text: String,
    k: usize,
    horizon: usize,
    space: Option<String>,
    market: Option<String>,
    interval: Option<Interval>,
    choice: HeadlineChoice,
    same_news: f64,
}

/// A piece of news: headlines that say the same within a few days.
#[derive(Clone, Debug, PartialEq)]
pub struct NewsGroup {
    /// The cosine of the best of them with the sentence.
    pub score: f32,
    /// The one that was known first.
    pub headline: Headline,
    /// When it was known, latency included.
    pub known: Timestamp,
    /// How many headlines.
    pub headlines: u64,
    /// What the symbols that they named did.
    pub outcomes: Vec<ReactionOutcome>,
}

/// The answer to [`View::reaction`].
#[derive(Clone, Debug, PartialEq)]
pub struct ReactionAnswer {
    /// The sentence.
    pub text: String,
    /// How much it says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
    /// The space.
    pub space: String,
    /// The horizon in bars.
    pub horizon: usize,
    /// The interval of those bars; `None` if there is no outcome.
    pub interval: Option<Interval>,
    /// The news that has outcomes, most similar first.
    pub news: Vec<NewsGroup>,
    /// The distribution of all outcomes.
    pub spread: Option<Spread>,
    /// The distribution of the same series' returns over the horizon at all times, one after
    /// another: what a reaction has to differ from.
    pub base: Option<Spread>,
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
    /// these charts do at any time. Headlines that say the same within three days are one piece of
    /// news, and only outcomes that had closed at the view's time count.
    ///
    /// ```
    /// # use rhymedb::{Database, SeriesBars, SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # for (key, calendar, bars) in market.series() {
    /// #     db.ingest_bars(&[SeriesBars { key, calendar, bars }])?;
    /// # }
    /// # db.ingest_headlines(&market.headlines())?;
    /// let interval = "1h".parse()?;
    /// let answer = db.now().reaction("Exchange hacked, coin plunges").horizon(6).interval(interval).run()?;
    /// for news in &answer.news {
    ///     for outcome in &news.outcomes {
    ///         println!("{:+.2} % {} {}", 100.0 * outcome.change, outcome.series, news.headline.text);
    ///     }
    /// }
    /// let spread = answer.spread.ok_or("no outcome")?;
    /// println!("median {:+.2} %", 100.0 * spread.quantiles[2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reaction(&self, text: impl Into<String>) -> Reaction<'_> {
        Reaction {
            view: self,
            text: text.into(),
            k: 20,
            horizon: DEFAULT_HORIZON,
            space: None,
            market: None,
            interval: None,
            choice: HeadlineChoice::default(),
            same_news: SAME_NEWS,
        }
    }
}

impl Reaction<'_> {
    /// How many pieces of news with an outcome to find. Default: 20. At most 10,000.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// The horizon in bars. Default: 5.
    #[must_use]
    pub fn horizon(mut self, bars: usize) -> Self {
        self.horizon = bars;
        self
    }

    /// The space. Default: the only one that reads text, or `clip`.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    /// Only series of this market.
    #[must_use]
    pub fn market(mut self, market: &str) -> Self {
        self.market = Some(market.to_owned());
        self
    }

    /// Only series of this interval. Needed where the symbols have series of several.
    #[must_use]
    pub fn interval(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Only headlines that name this symbol; said more than once, any of them.
    #[must_use]
    pub fn symbol(mut self, symbol: &str) -> Self {
        self.choice.symbols.push(symbol.to_owned());
        self
    }

    /// Only headlines that were published at or after this time.
    #[must_use]
    pub fn from(mut self, from: Timestamp) -> Self {
        self.choice.from = Some(from);
        self
    }

    /// Only headlines that were published at or before this time.
    #[must_use]
    pub fn to(mut self, to: Timestamp) -> Self {
        self.choice.to = Some(to);
        self
    }

    /// The time from the publication of a headline until somebody can act on it. Default: none.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.choice.latency = millis(latency);
        self
    }

    /// The cosine from which headlines within three days say the same. Default: 0.9.
    #[must_use]
    pub fn same_news(mut self, cosine: f64) -> Self {
        self.same_news = cosine;
        self
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
        if !(1..=MAX_HORIZON).contains(&self.horizon) {
            return Err(Error::invalid(format!(
                "expected a horizon of 1 to {MAX_HORIZON} bars, found {}",
                self.horizon
            )));
        }
        if !(0.0..=1.0).contains(&self.same_news) {
            return Err(Error::invalid(format!(
                "expected a cosine from 0 to 1 from which headlines say the same, found {}",
                self.same_news
            )));
        }
        self.view.aligned(self.space.as_deref(), &[], |space| {
            let vector = space.text(&self.text)?;
            let news = self.news(space, &vector)?;
            let outcomes: Vec<&ReactionOutcome> = news.iter().flat_map(|n| &n.outcomes).collect();
            let timed = |o: &&ReactionOutcome| (o.start.millis(), o.end.millis(), o.change);
            let spread = Spread::of(&outcomes.iter().map(timed).collect::<Vec<_>>());
            let series: BTreeMap<String, &SeriesKey> = outcomes
                .iter()
                .map(|o| (o.series.to_string(), &o.series))
                .collect();
            Ok(ReactionAnswer {
                text: self.text.clone(),
                expressiveness: space.expressiveness(&vector),
                space: space.name(),
                horizon: self.horizon,
                interval: series.values().next().map(|s| s.interval),
                base: self.base(series.into_values())?,
                spread,
                news,
            })
        })
    }

    /// The pieces of news that have outcomes, most similar first.
    fn news(&self, space: &Aligned<'_>, vector: &[f32]) -> Result<Vec<NewsGroup>> {
        let series = Listed::new(self, space)?;
        let mut limit = self.k.saturating_mul(4).max(64);
        loop {
            let (hits, known) = space.headlines_near(vector, limit, &self.choice)?;
            let groups = self.grouped(space, hits)?;
            let mut news = Vec::with_capacity(self.k);
            for group in groups {
                if news.len() == self.k {
                    break;
                }
                let outcomes = series.outcomes(self, &group)?;
                if !outcomes.is_empty() {
                    news.push(group.told(outcomes));
                }
            }
            // Headlines beyond the limit are less similar than these, and would only join groups.
            if limit as u64 >= known || news.len() == self.k {
                series.check_interval(&news)?;
                return Ok(news);
            }
            limit = limit.saturating_mul(4);
        }
    }

    /// Headlines that say the same within a few days as one. Those that name no symbol tell nothing.
    fn grouped(&self, space: &Aligned<'_>, hits: Vec<HeadlineHit>) -> Result<Vec<Group>> {
        let mut groups: Vec<Group> = Vec::new();
        let mut by_time: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for hit in hits.into_iter().filter(|h| !h.headline.symbols.is_empty()) {
            let vector = space.text(&hit.headline.text)?;
            let known = hit.known.millis();
            let days = known.saturating_sub(SAME_NEWS_MS)..=known.saturating_add(SAME_NEWS_MS);
            let near = by_time.range(days).flat_map(|(_, near)| near);
            let says_the_same = |i: &usize| {
                let group = groups.get(*i);
                group.is_some_and(|g| cosine(&g.vector, &vector) >= self.same_news)
            };
            let same = near.copied().filter(says_the_same).min();
            match same.and_then(|i| groups.get_mut(i)) {
                Some(group) => group.add(hit),
                None => {
                    by_time.entry(known).or_default().push(groups.len());
                    groups.push(Group::new(hit, vector));
                }
            }
        }
        Ok(groups)
    }

    /// The returns of series over the horizon at all times, one after another.
    fn base<'s>(&self, series: impl Iterator<Item = &'s SeriesKey>) -> Result<Option<Spread>> {
        let mut all = Vec::new();
        for key in series {
            let bars = self.view.bars(key, None, None, None)?.bars;
            let mut first = 0;
            while let Some(outcome) = outcome(key, &bars, first, self.horizon) {
                all.push((outcome.start.millis(), outcome.end.millis(), outcome.change));
                first += self.horizon;
            }
        }
        Ok(Spread::of(&all))
    }
}

/// A piece of news on its way to an answer.
struct Group {
    /// The vector and the moment of the most similar one, with which others are compared.
    vector: Vec<f32>,
    best: HeadlineHit,
    first: (Timestamp, Headline),
    symbols: BTreeSet<String>,
    headlines: u64,
}

impl Group {
    fn new(hit: HeadlineHit, vector: Vec<f32>) -> Self {
        Self {
            vector,
            first: (hit.known, hit.headline.clone()),
            symbols: hit.headline.symbols.iter().cloned().collect(),
            headlines: 1,
            best: hit,
        }
    }

    fn add(&mut self, hit: HeadlineHit) {
        self.headlines += 1;
        self.symbols.extend(hit.headline.symbols.iter().cloned());
        if hit.known < self.first.0 {
            self.first = (hit.known, hit.headline);
        }
    }

    fn told(self, outcomes: Vec<ReactionOutcome>) -> NewsGroup {
        NewsGroup {
            score: self.best.score,
            headline: self.first.1,
            known: self.first.0,
            headlines: self.headlines,
            outcomes,
        }
    }
}

/// The series that outcomes may be of, by symbol.
struct Listed(BTreeMap<String, Vec<SeriesKey>>);

impl Listed {
    fn new(reaction: &Reaction<'_>, space: &Aligned<'_>) -> Result<Self> {
        let mut listed: BTreeMap<String, Vec<SeriesKey>> = BTreeMap::new();
        for key in space.all_series().into_values() {
            let fits = reaction.market.as_ref().is_none_or(|m| *m == key.market)
                && reaction.interval.is_none_or(|i| i == key.interval);
            if fits {
                listed.entry(key.symbol.clone()).or_default().push(key);
            }
        }
        if listed.is_empty() {
            return Err(Error::NotFound {
                what: "series",
                name: "of that market and interval".to_owned(),
                hint_text: "`rhyme series` lists what is stored".to_owned(),
            });
        }
        Ok(Self(listed))
    }

    /// What the symbols of a piece of news did: of a symbol with several series, each of another
    /// interval, all of them; of several venues the first by name.
    fn outcomes(&self, reaction: &Reaction<'_>, group: &Group) -> Result<Vec<ReactionOutcome>> {
        let mut outcomes: Vec<ReactionOutcome> = Vec::new();
        for symbol in &group.symbols {
            for key in self.0.get(symbol).into_iter().flatten() {
                let told = outcomes
                    .iter()
                    .any(|o| o.series.symbol == *symbol && o.series.interval == key.interval);
                if !told
                    && let Some(found) = after(reaction.view, key, group.first.0, reaction.horizon)?
                {
                    outcomes.push(found);
                }
            }
        }
        Ok(outcomes)
    }

    /// A horizon of bars means one length of time.
    fn check_interval(&self, news: &[NewsGroup]) -> Result<()> {
        let outcomes = news.iter().flat_map(|n| &n.outcomes);
        let intervals: BTreeSet<String> = outcomes.map(|o| o.series.interval.to_string()).collect();
        if intervals.len() < 2 {
            return Ok(());
        }
        Err(Error::Ambiguous {
            what: "the interval of",
            name: "the bars after these headlines".to_owned(),
            choices: intervals.into_iter().collect(),
        })
    }
}
