//! Similar windows in another market.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::bridge::{Bridge, dot, mean_of_best};
use super::moments::Drawn;
use crate::db::{
    Asked, Candidate, Filter, Past, Place, RowFilter, Searched, View, filter_methods, space_method,
    within,
};
use crate::error::{Error, Result};
use crate::model::{Bars, Target, Window};

/// Vectors from which the mean and covariance of a side are taken, at least.
const MOMENT_SAMPLE: usize = 1000;
/// Candidates that are compared after the shift is removed, at least.
const POOL: usize = 128;

/// A search for similar windows elsewhere, made by [`View::transfer`].
#[derive(Clone, Debug)]
pub struct Transfer<'a> {
    view: &'a View,
    target: Target,
    space: Option<String>,
    to: Filter,
    k: usize,
    quota: usize,
    exclusion: Option<u32>,
    exact: bool,
    seed: u64,
}

/// A similar window elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferHit {
    /// 1 is the best.
    pub rank: usize,
    /// The corrected score, by which hits are ordered: 2 `similarity`, less the mean similarity of
    /// the target to its 10 nearest windows there, less the mean similarity of this window to
    /// the 10 windows of the target's market that are nearest to it (CSLS, Conneau et al. 2018).
    pub score: f64,
    /// The cosine after the shift between the markets was removed, -1 to 1.
    pub similarity: f64,
    /// The cosine of the stored vectors, as [`crate::Similar`] gives it, -1 to 1.
    pub raw: f64,
    /// The window.
    pub window: Window,
}

/// The answer to [`View::transfer`].
#[derive(Clone, Debug, PartialEq)]
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
    /// The most hits of one symbol.
    pub quota: usize,
    /// The hits, best first.
    pub hits: Vec<TransferHit>,
    /// What was looked at.
    pub searched: Searched,
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
    /// use rhymedb::{Database, SeriesBars, SyntheticConfig, SyntheticMarket, Target};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// for (key, calendar, bars) in SyntheticMarket::new(SyntheticConfig::small(1))?.series() {
    ///     db.ingest_bars(&[SeriesBars { key, calendar, bars }])?;
    /// }
    /// let target: Target = "NOVAUSDT:1h@2015-03-01".parse()?;
    /// let answer = db.now().transfer(target).to("equity").k(3).quota(1).run()?;
    /// for hit in &answer.hits {
    ///     println!("{:+.3} {:.3} {}", hit.score, hit.raw, hit.window);
    /// }
    /// assert_eq!(answer.hits.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer(&self, target: Target) -> Transfer<'_> {
        Transfer {
            view: self,
            target,
            space: None,
            to: Filter::default(),
            k: 10,
            quota: 3,
            exclusion: None,
            exact: false,
            seed: 0,
        }
    }
}

/// A candidate with what it was given.
struct Corrected {
    similarity: f64,
    score: f64,
}

impl Transfer<'_> {
    /// Looks in this market or at this symbol; said more than once, at any of them.
    #[must_use]
    pub fn to(mut self, market_or_symbol: &str) -> Self {
        self.to.groups.push(market_or_symbol.to_owned());
        self
    }

    space_method!(chart);
    filter_methods!(to: interval, from, until);

    /// How many distinct episodes to find. Default: 10. At most 1,000.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// The most hits of one symbol. Default: 3.
    #[must_use]
    pub fn quota(mut self, hits: usize) -> Self {
        self.quota = hits;
        self
    }

    /// The least distance in bars between two hits of one market and symbol. Default: a quarter of
    /// the window, rounded up.
    #[must_use]
    pub fn exclusion(mut self, bars: u32) -> Self {
        self.exclusion = Some(bars);
        self
    }

    /// Scores every window to find the candidates, at least 128 and 8 `k`, instead of searching the
    /// graph.
    #[must_use]
    pub fn exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// The seed of the samples. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if a name is that of nothing or of several
    /// things; [`Error::Invalid`] if an option is out of range, or if one of the sides has fewer
    /// than 30 windows.
    pub fn run(&self) -> Result<TransferAnswer> {
        within("k", self.k, 1000)?;
        within("a quota", self.quota, 1000)?;
        self.to.check()?;
        if self.to.groups.is_empty() {
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
        let (hits, plan) = self.hits(past, &there, &bridge, (&vector, exclusion))?;
        Ok(TransferAnswer {
            space: past.space().to_owned(),
            query: window,
            query_bars: bars,
            shift: bridge.shift(),
            exclusion,
            quota: self.quota,
            hits,
            searched: Searched {
                windows: past.count(&there),
                plan,
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
        let there = past.rows(&self.to)?.of(elsewhere.map(|(id, _)| id));
        Ok((here, there))
    }

    /// Widens the search until `k` hits are found or there are no more candidates.
    fn hits(
        &self,
        past: &Past<'_>,
        there: &RowFilter,
        bridge: &Bridge,
        (vector, exclusion): (&[f32], u32),
    ) -> Result<(Vec<TransferHit>, &'static str)> {
        let (stored, asked) = bridge.asked(vector);
        let mut limit = POOL.max(self.k * 8);
        loop {
            let (found, more, plan) = past.nearest(there, &stored, (limit, self.exact))?;
            let (order, values) = correct(past, bridge, &asked, found)?;
            let distinct = past.distinct(&order, exclusion)?;
            let chosen = self.within_quota(past, &distinct)?;
            if chosen.len() < self.k && more {
                limit = limit.saturating_mul(4);
                continue;
            }
            let mut hits = Vec::with_capacity(chosen.len());
            for candidate in &chosen {
                let place = Place::from(candidate);
                let stored = past.vector(place)?;
                let stored = stored
                    .ok_or_else(|| Error::internal("a window that was found has no vector"))?;
                let Some(value) = values.get(&place) else {
                    continue;
                };
                hits.push(TransferHit {
                    rank: hits.len() + 1,
                    score: value.score,
                    similarity: value.similarity,
                    raw: f64::from(dot(vector, &stored)).clamp(-1.0, 1.0),
                    window: past.window(place)?,
                });
            }
            return Ok((hits, plan));
        }
    }

    /// The first `k` episodes with at most `quota` of each symbol.
    fn within_quota(&self, past: &Past<'_>, episodes: &[Candidate]) -> Result<Vec<Candidate>> {
        let mut taken: HashMap<(&str, &str), usize> = HashMap::new();
        let mut chosen = Vec::with_capacity(self.k);
        for episode in episodes {
            if chosen.len() == self.k {
                break;
            }
            let (key, _) = past.series(episode.series)?;
            let of_symbol = taken.entry((&key.market, &key.symbol)).or_default();
            if *of_symbol < self.quota {
                *of_symbol += 1;
                chosen.push(*episode);
            }
        }
        Ok(chosen)
    }
}

/// The candidates by their corrected score, best first, and what each was given.
fn correct(
    past: &Past<'_>,
    bridge: &Bridge,
    asked: &[f32],
    found: Vec<Candidate>,
) -> Result<(Vec<Candidate>, HashMap<Place, Corrected>)> {
    let mut seen = Vec::with_capacity(found.len());
    for candidate in found {
        let vector = past
            .vector((&candidate).into())?
            .ok_or_else(|| Error::internal("a window has no vector"))?;
        let arrived = bridge.arrived(&vector);
        seen.push((candidate, dot(asked, &arrived), bridge.crowding(&arrived)));
    }
    let around = mean_of_best(seen.iter().map(|s| s.1));
    let mut values = HashMap::with_capacity(seen.len());
    let mut order = Vec::with_capacity(seen.len());
    for (candidate, similarity, crowding) in seen {
        let similarity = f64::from(similarity).clamp(-1.0, 1.0);
        let score = 2.0 * similarity - around - crowding;
        values.insert(Place::from(&candidate), Corrected { similarity, score });
        order.push((score, candidate));
    }
    order.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then(Place::from(&a.1).cmp(&Place::from(&b.1)))
    });
    Ok((order.into_iter().map(|(_, c)| c).collect(), values))
}
