//! Similar windows in another market.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

use super::bridge::{Bridge, mean_of_best};
use super::moments::Drawn;
use crate::db::{
    Asked, Candidate, Distinct, Fewer, Filter, Past, Place, RowFilter, Searched, Spread, UsedUp,
    View, WHICH_AND_WHEN, setters, space_method, spread_methods, within,
};
use crate::error::{Error, Result};
use crate::model::{Bars, Target, Timestamp, Window};
use crate::numeric::dot::dot;

/// Vectors from which the mean and covariance of a side are taken, at least.
const MOMENT_SAMPLE: usize = 1000;
/// Candidates that are compared after the shift is removed, at least.
const POOL: usize = 128;

/// A search for similar windows elsewhere, made by [`View::transfer`].
#[derive(Clone, Debug)]
pub struct Transfer {
    view: View,
    target: Target,
    space: Option<String>,
    filter: Filter,
    k: usize,
    quota: usize,
    spread: Spread,
    exclusion: Option<u32>,
    exact: bool,
    seed: u64,
}

/// A similar window elsewhere.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TransferHit {
    /// 1 is the best.
    pub rank: usize,
    /// The corrected score, by which hits are ordered: 2 `similarity`, less the mean similarity of
    /// the target to its 10 nearest windows there, less the mean similarity of this window to
    /// the 10 windows of the target's market that are nearest to it (CSLS, Conneau et al. 2018).
    pub score: f64,
    /// The cosine after the shift between the markets was removed, -1 to 1.
    pub similarity: f64,
    /// The cosine of the stored vectors, as [`crate::query::Similar`] gives it, -1 to 1.
    pub raw: f64,
    /// The window.
    pub window: Window,
}

/// The answer to [`View::transfer`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TransferAnswer {
    /// The space.
    pub space: String,
    /// The window that was asked about.
    pub query: Window,
    /// Its bars, if it has any.
    pub query_bars: Option<Bars>,
    /// The distance between the mean vectors of the two sides.
    pub shift: f64,
    /// The least distance in bars between two hits of one symbol.
    pub exclusion: u32,
    /// How many hits were asked for.
    pub k: usize,
    /// The most hits of one symbol.
    pub quota: usize,
    /// The hits, best first.
    pub hits: Vec<TransferHit>,
    /// Why there are fewer than `k`, if there are.
    pub fewer: Option<Fewer>,
    /// Windows that were compared after the shift was removed: the nearest of the search.
    pub compared: u64,
    /// What was looked at.
    pub searched: Searched,
    /// Until when the weights of the space have seen the question's series, if that is after the view's
    /// time: then the answer knows what came later. `None` in a view of now.
    pub trained_until: Option<Timestamp>,
    /// How long it took.
    pub took: Duration,
}

impl View {
    /// Asks for the windows of other markets or symbols that are most similar to a window, after the
    /// shift between the two sides was removed: vectors of the target's market are
    /// moved and stretched so that their mean and covariance are those of the other side (CORAL, Sun,
    /// Feng and Saenko 2016). Windows that are near to everything are held back ([`TransferHit::score`]).
    /// Means, covariances and the windows that show what is near to everything come from seeded
    /// samples of what was known at the view's time.
    ///
    /// ```
    /// use rhymedb::{Database, Target};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let target: Target = "NOVAUSDT:1h@2015-03-01".parse()?;
    /// let answer = db.now().transfer(target).to("equity").k(3).quota(1).run()?;
    /// for hit in &answer.hits {
    ///     println!("{:+.3} {:.3} {}", hit.score, hit.raw, hit.window);
    /// }
    /// assert_eq!(answer.hits.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer(&self, target: Target) -> Transfer {
        Transfer {
            view: self.clone(),
            target,
            space: None,
            filter: Filter::default(),
            k: 10,
            quota: 3,
            spread: Spread::default(),
            exclusion: None,
            exact: false,
            seed: 0,
        }
    }
}

impl Transfer {
    /// Looks in this market or at this symbol; said more than once, at any of them.
    #[must_use]
    pub fn to(mut self, market_or_symbol: &str) -> Self {
        self.filter.groups.push(market_or_symbol.to_owned());
        self
    }

    space_method!(chart);
    /// Only windows that pass a filter; it replaces the one before. Default: any.
    #[must_use]
    pub fn filter(mut self, filter: crate::db::Filter) -> Self {
        self.filter = filter.with_groups_of(self.filter);
        self
    }

    setters! {
        /// How many distinct episodes to find. Default: 10. At most 1,000.
        fn k(k: usize);

        /// The most hits of one symbol. Default: 3. [`Transfer::per`] may say it too, and then counts.
        fn quota(hits: usize);

        /// The least distance in bars between two hits of one market and symbol. Default: a quarter of
        /// the window, rounded up.
        fn exclusion(bars: u32) as Some;

        /// Scores every window to find the candidates, at least 128 and 8 `k`, instead of searching the
        /// graph.
        fn exact(exact: bool);

        /// The seed of the samples. Default: 0.
        fn seed(seed: u64);
    }

    spread_methods!(spread);

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if a name is that of nothing or of several
    /// things; [`Error::Invalid`] if an option is out of range, or if one of the sides has fewer
    /// than 30 windows.
    pub fn run(&self) -> Result<TransferAnswer> {
        within("k", self.k, 1000)?;
        within("a quota", self.quota, 1000)?;
        self.spread.check(self.k)?;
        self.filter.check()?;
        self.filter.only("a transfer", WHICH_AND_WHEN)?;
        if self.filter.groups.is_empty() {
            return Err(Error::invalid(
                "expected a market or a symbol to look in, found none",
            ));
        }
        self.view
            .past(self.space.as_deref(), |past| self.answer(past))
    }

    fn answer(&self, past: &Past<'_>) -> Result<TransferAnswer> {
        let start = Instant::now();
        let Asked {
            window,
            vector,
            bars,
            ..
        } = past.asked(&self.target)?;
        let (here, there) = self.sides(past, &window)?;
        let draw = |rows: &RowFilter| Drawn::new(past, rows, (MOMENT_SAMPLE, self.seed));
        let (from, to) = (draw(&here)?, draw(&there)?);
        let bridge = Bridge::between(past, &from, &to)?.ok_or_else(|| {
            Error::invalid(format!(
                "expected at least 30 windows in the market of {window} and 30 where to look, found {} and {}; name more symbols, or ask as of a later time",
                past.count(&here),
                past.count(&there)
            ))
        })?;
        let exclusion = self.exclusion.unwrap_or(past.window_bars().div_ceil(4));
        let chosen = self.hits(past, &there, &bridge, (&vector, exclusion))?;
        let fewer = match (chosen.hits.len() < self.k, chosen.quota_reached) {
            (false, _) => None,
            (true, true) => Some(Fewer::Quota),
            (true, false) => Some(Fewer::Episodes),
        };
        Ok(TransferAnswer {
            space: past.space().to_owned(),
            trained_until: past.learned_of(&window.series)?,
            query: window,
            query_bars: bars,
            shift: bridge.shift(),
            exclusion,
            k: self.k,
            quota: self.spread().per.symbol.unwrap_or(self.quota),
            hits: chosen.hits,
            fewer,
            compared: chosen.compared,
            searched: Searched {
                windows: past.count(&there),
                plan: chosen.plan,
            },
            took: start.elapsed(),
        })
    }

    /// The windows of the target's market, and those where to look: nothing of its own symbol.
    fn sides(&self, past: &Past<'_>, window: &Window) -> Result<(RowFilter, RowFilter)> {
        let own = &window.series;
        let all = past.rows(&Filter::default())?;
        let market = past
            .all_series()
            .filter(|(_, key)| key.market == own.market);
        let here = all.of(market.map(|(id, _)| id));
        let elsewhere = past
            .all_series()
            .filter(|(_, key)| (&key.market, &key.symbol) != (&own.market, &own.symbol));
        let there = past.rows(&self.filter)?.of(elsewhere.map(|(id, _)| id));
        Ok((here, there))
    }

    /// Widens the search until `k` hits are found or there are no more candidates. Groups that have
    /// given their quota are left out from then on: they have nothing more to give.
    fn hits(
        &self,
        past: &Past<'_>,
        there: &RowFilter,
        bridge: &Bridge,
        (vector, exclusion): (&[f32], u32),
    ) -> Result<Chosen> {
        let (stored, asked) = bridge.asked(vector);
        let mut pool = Pool::default();
        let spread = self.spread();
        let (k, per) = spread.pool(self.k);
        let wanted = Distinct { k, exclusion, per };
        let mut limit = POOL.max(k * 8);
        let mut used_up = UsedUp::default();
        let mut plan = None;
        loop {
            let found = past.nearest((there, &used_up), &stored, limit, self.exact)?;
            // What the first look did says how the question was answered.
            let plan = *plan.get_or_insert(found.plan);
            pool.add(past, bridge, &asked, found.candidates)?;
            let taken = past.distinct(&pool.order(), wanted)?;
            let more = found.more || !used_up.is_within(&taken.used_up);
            if taken.episodes.len() < k && more {
                used_up = taken.used_up;
                limit = limit.saturating_mul(4);
                continue;
            }
            let (chosen, quota_reached) = past.diverse(there, taken, (spread, self.k))?;
            return Ok(Chosen {
                hits: pool.hits(past, vector, &chosen)?,
                quota_reached,
                compared: pool.seen.len() as u64,
                plan,
            });
        }
    }

    /// How hits are spread: the quota is that of a symbol, unless `per` has one.
    fn spread(&self) -> Spread {
        let mut spread = self.spread;
        spread.per.symbol.get_or_insert(self.quota);
        spread
    }
}

/// What a search came to.
struct Chosen {
    hits: Vec<TransferHit>,
    /// Whether a symbol has given as many hits as it may.
    quota_reached: bool,
    compared: u64,
    plan: &'static str,
}

/// How near a candidate is to the target, and to everything.
struct Compared {
    candidate: Candidate,
    similarity: f32,
    crowding: f64,
}

/// The candidates that were compared after the shift was removed.
#[derive(Default)]
struct Pool {
    seen: BTreeMap<Place, Compared>,
}

impl Pool {
    /// Compares those of the candidates that are new.
    fn add(
        &mut self,
        past: &Past<'_>,
        bridge: &Bridge,
        asked: &[f32],
        found: Vec<Candidate>,
    ) -> Result<()> {
        for candidate in found {
            let Entry::Vacant(place) = self.seen.entry(Place::from(&candidate)) else {
                continue;
            };
            let vector = past
                .vector(*place.key())?
                .ok_or_else(|| Error::internal("a window has no vector"))?;
            let arrived = bridge.arrived(&vector);
            place.insert(Compared {
                candidate,
                similarity: dot(asked, &arrived),
                crowding: bridge.crowding(&arrived),
            });
        }
        Ok(())
    }

    /// The corrected score of a candidate, but for what is the same for all of them.
    fn score(of: &Compared) -> f64 {
        2.0 * f64::from(of.similarity).clamp(-1.0, 1.0) - of.crowding
    }

    /// The candidates with their corrected scores, best first.
    fn order(&self) -> Vec<Candidate> {
        let mut order: Vec<_> = self.seen.iter().collect();
        order.sort_by(|a, b| {
            Self::score(b.1)
                .total_cmp(&Self::score(a.1))
                .then(a.0.cmp(b.0))
        });
        let scored = |of: &Compared| Candidate {
            score: Self::score(of) as f32,
            ..of.candidate
        };
        order.into_iter().map(|(_, of)| scored(of)).collect()
    }

    fn hits(
        &self,
        past: &Past<'_>,
        vector: &[f32],
        chosen: &[Candidate],
    ) -> Result<Vec<TransferHit>> {
        let around = mean_of_best(self.seen.values().map(|of| of.similarity));
        let mut hits = Vec::with_capacity(chosen.len());
        for candidate in chosen {
            let place = Place::from(candidate);
            let (Some(of), Some(stored)) = (self.seen.get(&place), past.vector(place)?) else {
                return Err(Error::internal("a window that was found has no vector"));
            };
            hits.push(TransferHit {
                rank: hits.len() + 1,
                score: Self::score(of) - around,
                similarity: f64::from(of.similarity).clamp(-1.0, 1.0),
                raw: f64::from(dot(vector, &stored)).clamp(-1.0, 1.0),
                window: past.window(place)?,
            });
        }
        Ok(hits)
    }
}
