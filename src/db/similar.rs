use std::collections::BTreeSet;
use std::time::Instant;

use super::answer::{Hit, Searched, SimilarAnswer};

use super::query::{self, Query, ResolvedQuery};
use super::rank::{Candidate, Occupied, same_moment};
use super::search::{RowFilter, Search};
use super::snapshot::Snapshot;
use super::target::stored_window;
use super::view::View;
use crate::error::{Error, Result};
use crate::index;
use crate::model::{Interval, SeriesKey, Timestamp};
use crate::store::{SeriesId, SeriesRecord};

/// A search for similar windows, made by [`View::similar`].
#[derive(Clone, Debug)]
pub struct Similar<'a> {
    view: &'a View,
    query: Query,
    k: usize,
    space: Option<String>,
    markets: Vec<String>,
    venues: Vec<String>,
    symbols: Vec<String>,
    intervals: Vec<Interval>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    exclusion: Option<u32>,
    ef: Option<usize>,
    exact: bool,
}

/// Default breadth of the search in a graph.
const DEFAULT_EF: usize = 128;

impl<'a> Similar<'a> {
    pub(super) fn new(view: &'a View, query: Query) -> Self {
        Self {
            view,
            query,
            k: 10,
            space: None,
            markets: Vec::new(),
            venues: Vec::new(),
            symbols: Vec::new(),
            intervals: Vec::new(),
            from: None,
            to: None,
            exclusion: None,
            ef: None,
            exact: false,
        }
    }

    /// How many episodes to find. Default: 10. At most 10,000.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// The space to search. Default: `shape`, or the only one; for a sentence one that reads text,
    /// and for a prototype its own.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    /// Only this market; said more than once, any of them.
    #[must_use]
    pub fn market(mut self, market: &str) -> Self {
        self.markets.push(market.to_owned());
        self
    }

    /// Only this venue; said more than once, any of them.
    #[must_use]
    pub fn venue(mut self, venue: &str) -> Self {
        self.venues.push(venue.to_owned());
        self
    }

    /// Only this symbol; said more than once, any of them.
    #[must_use]
    pub fn symbol(mut self, symbol: &str) -> Self {
        self.symbols.push(symbol.to_owned());
        self
    }

    /// Only this interval; said more than once, any of them.
    #[must_use]
    pub fn interval(mut self, interval: Interval) -> Self {
        self.intervals.push(interval);
        self
    }

    /// Only windows that closed at or after this time.
    #[must_use]
    pub fn from(mut self, from: Timestamp) -> Self {
        self.from = Some(from);
        self
    }

    /// Only windows that closed at or before this time.
    #[must_use]
    pub fn to(mut self, to: Timestamp) -> Self {
        self.to = Some(to);
        self
    }

    /// The least distance in bars between two answers of one market and symbol, and from the
    /// query. Default: a quarter of the window, rounded up. 0 switches it off.
    #[must_use]
    pub fn exclusion(mut self, bars: u32) -> Self {
        self.exclusion = Some(bars);
        self
    }

    /// The breadth of the search in a graph: larger finds more of the true neighbours and takes
    /// longer in proportion. Default: 128. At most 100,000.
    #[must_use]
    pub fn ef(mut self, ef: usize) -> Self {
        self.ef = Some(ef);
        self
    }

    /// Scores every window instead of searching the graph.
    #[must_use]
    pub fn exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// Runs the search.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target, the space or a filter names
    /// nothing or several things that are stored; [`Error::Invalid`] if an option is out of range
    /// or the query has no embedding.
    pub fn run(self) -> Result<SimilarAnswer> {
        self.check_options()?;
        self.view.look(|snapshot| self.answer(snapshot))
    }

    fn answer(&self, snapshot: &Snapshot) -> Result<SimilarAnswer> {
        let start = Instant::now();
        let state = query::space_of(snapshot, self.space.as_deref(), &self.query)?;
        let window_bars = state.space().encoder.window;
        let exclusion = self.exclusion.unwrap_or(window_bars.div_ceil(4));
        let query = query::resolve(self.view, snapshot, state, &self.query)?;
        let search = Search::new(state, &self.filter(snapshot)?)?;
        let ef = self.ef.unwrap_or(DEFAULT_EF);
        let (episodes, plan) = self.episodes(snapshot, &search, &query, exclusion, ef)?;
        let mut hits = Vec::with_capacity(episodes.len());
        for (i, episode) in episodes.iter().enumerate() {
            let series = record(snapshot, episode.series)?;
            hits.push(Hit {
                rank: i + 1,
                score: episode.score,
                window: stored_window(snapshot, episode, series, window_bars)?,
            });
        }
        Ok(SimilarAnswer {
            space: state.space().name.clone(),
            query: query.window.map(|(_, window)| window),
            query_bars: query.bars,
            window_bars,
            exclusion,
            hits,
            searched: Searched {
                windows: search.windows(),
                plan,
            },
            took: start.elapsed(),
        })
    }

    fn check_options(&self) -> Result<()> {
        let within = |name: &str, value: usize, most: usize| {
            if (1..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error::invalid(format!(
                    "expected {name} from 1 to {most}, found {value}"
                )))
            }
        };
        within("k", self.k, 10_000)?;
        within("ef", self.ef.unwrap_or(DEFAULT_EF), 100_000)?;
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(Error::invalid(format!(
                "expected a time from before the time to, found from {from} to {to}"
            )));
        }
        Ok(())
    }

    /// Widens the search until `k` episodes are found or there are no more candidates.
    fn episodes(
        &self,
        snapshot: &Snapshot,
        search: &Search<'_>,
        query: &ResolvedQuery,
        exclusion: u32,
        ef: usize,
    ) -> Result<(Vec<Candidate>, &'static str)> {
        let vector = index::Query::new(&query.vector)?;
        // What the search finds on its way anyway: 14 to 30 windows of `shape` hold 10 episodes.
        let mut limit = ef.max(self.k * 2);
        loop {
            let found = search.nearest(&vector, limit, ef, self.exact)?;
            let episodes = self.distinct(snapshot, &found.candidates, query, exclusion)?;
            if episodes.len() >= self.k || !found.more {
                return Ok((episodes, found.plan));
            }
            limit = limit.saturating_mul(4);
        }
    }

    fn distinct(
        &self,
        snapshot: &Snapshot,
        candidates: &[Candidate],
        query: &ResolvedQuery,
        exclusion: u32,
    ) -> Result<Vec<Candidate>> {
        let mut occupied: Vec<Occupied<'_>> = Vec::with_capacity(self.k + 1);
        if let Some((id, window)) = &query.window {
            occupied.push(Occupied {
                id: *id,
                series: record(snapshot, *id)?,
                end: window.end.millis(),
            });
        }
        let mut episodes = Vec::with_capacity(self.k);
        for candidate in candidates {
            if episodes.len() == self.k {
                break;
            }
            let place = Occupied {
                id: candidate.series,
                series: record(snapshot, candidate.series)?,
                end: candidate.end,
            };
            let mut free = true;
            for other in &occupied {
                if same_moment(&snapshot.txn, other, &place, exclusion)? {
                    free = false;
                    break;
                }
            }
            if free {
                episodes.push(*candidate);
                occupied.push(place);
            }
        }
        Ok(episodes)
    }

    fn filter(&self, snapshot: &Snapshot) -> Result<RowFilter> {
        fn check<'k, T: PartialEq + std::fmt::Display>(
            what: &'static str,
            wanted: &[T],
            snapshot: &'k Snapshot,
            part: impl Fn(&'k SeriesKey) -> T,
        ) -> Result<()> {
            for name in wanted {
                let stored = snapshot.series.values().any(|s| part(&s.key) == *name);
                if !stored {
                    return Err(Error::NotFound {
                        what,
                        name: name.to_string(),
                        hint_text: "`rhyme series` lists what is stored".to_owned(),
                    });
                }
            }
            Ok(())
        }
        check("market", &self.markets, snapshot, |k| k.market.clone())?;
        check("venue", &self.venues, snapshot, |k| k.venue.clone())?;
        check("symbol", &self.symbols, snapshot, |k| k.symbol.clone())?;
        check("interval", &self.intervals, snapshot, |k| k.interval)?;
        let any = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        let passes = |key: &SeriesKey| {
            any(&self.markets, &key.market)
                && any(&self.venues, &key.venue)
                && any(&self.symbols, &key.symbol)
                && (self.intervals.is_empty() || self.intervals.contains(&key.interval))
        };
        let unfiltered = self.markets.is_empty()
            && self.venues.is_empty()
            && self.symbols.is_empty()
            && self.intervals.is_empty();
        let series = (!unfiltered).then(|| {
            let passing = snapshot.series.iter().filter(|(_, s)| passes(&s.key));
            passing.map(|(&id, _)| id).collect::<BTreeSet<_>>()
        });
        Ok(RowFilter {
            series,
            first_end: self.from.map_or(i64::MIN, Timestamp::millis),
            last_end: self.view.clamp(self.to).millis(),
        })
    }
}

fn record(snapshot: &Snapshot, id: SeriesId) -> Result<&SeriesRecord> {
    snapshot.series.get(&id).ok_or_else(|| {
        Error::Catalog(format!(
            "a window belongs to series {id}, which is not stored"
        ))
    })
}
