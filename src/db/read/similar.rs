use std::time::Instant;

use super::aligned::Aligned;
use super::answer::{Hit, LargeMoves, Searched, SimilarAnswer};
use super::entry_search::{Judged, Second};
use super::episodes::{Episodes, Wanted, episodes};
use super::filter::Filter;
use super::large_move::Rest;
use super::moving::Moving;
use super::named_symbols::symbols_named;
use super::query::Query;
use super::refine::{Refine, resampled, standard};
use super::resolve::{ResolvedQuery, resolve, space_of};
use super::row_filter::RowFilter;
use super::search::Search;
use super::setters::{setters, spread_methods};
use super::target::stored_window;
use super::told_move::{MoveDirection, ToldMove, told_move};
use crate::db::place::Place;
use crate::db::rank::Candidate;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::spread::Spread;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::index;
use crate::model::{Timestamp, Window};

/// A search for similar windows, made by [`View::similar`].
#[derive(Clone, Debug)]
pub struct Similar {
    view: View,
    query: Query,
    k: usize,
    space: Option<String>,
    filter: Filter,
    exclusion: Option<u32>,
    ef: Option<usize>,
    exact: bool,
    refine: Option<Refine>,
    spread: Spread,
    entries: bool,
    by_words: bool,
    all_symbols: bool,
    /// The symbols that the sentence has narrowed the filter to.
    narrowed_to: Vec<String>,
}

/// Default breadth of the search in a graph.
pub(crate) const DEFAULT_EF: usize = 128;

impl View {
    /// Asks for the windows that are most similar to `query`: a [`crate::Target`], bars, a vector of
    /// the space, a sentence, a prototype, or a sum of such.
    ///
    /// ```no_run
    /// use rhymedb::{Database, Filter, Target};
    /// let db = Database::open("market.rhyme")?;
    /// let target: Target = "BTCUSDT:1h@2021-05-19T12:00".parse()?;
    /// let answer = db.now().similar(target).k(10).filter(Filter::new().market("equity")).run()?;
    /// for hit in &answer.hits {
    ///     println!("{:.4} {}", hit.score, hit.window);
    /// }
    /// # Ok::<(), rhymedb::Error>(())
    /// ```
    pub fn similar(&self, query: impl Into<Query>) -> Similar {
        Similar::new(self, query.into())
    }
}

/// What a search asks about.
pub(crate) struct Scope<'a> {
    pub(crate) view: &'a View,
    pub(crate) space: Option<&'a str>,
    pub(crate) windows: &'a Filter,
    /// Whether every one of the windows is scored.
    pub(crate) exact: bool,
}

impl Similar {
    pub(in crate::db) fn new(view: &View, query: Query) -> Self {
        Self {
            view: view.clone(),
            query,
            k: 10,
            space: None,
            filter: Filter::default(),
            exclusion: None,
            ef: None,
            exact: false,
            refine: None,
            spread: Spread::default(),
            entries: false,
            by_words: false,
            all_symbols: false,
            narrowed_to: Vec::new(),
        }
    }

    /// The same options about another query.
    pub(in crate::db) fn about(self, query: Query) -> Self {
        Self { query, ..self }
    }

    setters! {
        /// How many episodes to find. Default: 10. At most 10,000.
        fn k(k: usize);
    }

    /// The space to search. Default: `shape`, or the only one; for a sentence one that reads text,
    /// and for a prototype its own.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    spread_methods!(spread);

    setters! {
        /// Only windows that pass a filter; it replaces the one before. Default: any.
        fn filter(filter: crate::db::Filter);

        /// The least distance in bars between two answers of one market and symbol, and from every
        /// stored window that the query is made of: the terms of a sum, the members of a prototype. Default: a quarter of the window, rounded up. 0 switches it off.
        fn exclusion(bars: u32) as Some;

        /// The breadth of the search in a graph: larger finds more of the true neighbours and takes
        /// longer in proportion. Default: 128. At most 100,000.
        fn ef(ef: usize) as Some;

        /// Scores every window instead of searching the graph.
        fn exact(exact: bool);

        /// Compares the candidates again on the stored bars of their windows, and answers in that
        /// order: at least `ef` and 20 `k` candidates, the best of the search by vectors. Each hit then
        /// has [`Hit::refined`]. The query has to be one chart: a sum has no bars and is refused.
        fn refine(refine: Refine) as Some;

        /// Answers with entries: of each run of windows that are at least as similar as the worst hit, the
        /// first, so that whether a window is in the answer follows from nothing after it. There are about
        /// `k`. Default: false, which answers with the best window of each run. That one is no entry: it
        /// is the best because the bars after it made the chart less like the question, so what came after
        /// it leans against the direction of the question. [`Similar::outcomes`] looks at entries always.
        fn entries(entries: bool);

        /// Ranks what a sentence about a large move finds by the words alone. Default: false: such a sentence
        /// ("bitcoin crashes") first finds the windows that moved far in its direction, in the order of their
        /// cosines, and says so in [`SimilarAnswer::large_moves`]; words know directions and not sizes.
        fn by_words(alone: bool);

        /// Searches all symbols whatever the sentence names. Default: false: stored symbols that a sentence
        /// names, like bitcoin, Apple, FB or $BTC, narrow the search to them, unless [`Similar::filter`]
        /// chooses others; [`SimilarAnswer::narrowed_to`] has them.
        fn all_symbols(all: bool);
    }

    /// The same search, narrowed to the stored symbols that its sentence names.
    pub(crate) fn narrow(mut self) -> Result<Self> {
        let Query::Text(sentence) = &self.query else {
            return Ok(self);
        };
        if self.all_symbols || !self.filter.symbols.is_empty() {
            return Ok(self);
        }
        let view = &self.view;
        let named = |snapshot: &Snapshot| symbols_named(sentence, &self.filter, (view, snapshot));
        self.narrowed_to = view.look(named)?;
        self.filter.symbols.clone_from(&self.narrowed_to);
        Ok(self)
    }

    /// The symbols that pass its filter, if attributes choose them.
    pub(crate) fn symbols_by_attributes(&self) -> Result<Option<Vec<String>>> {
        self.filter.symbols_by_attributes(&self.view)
    }

    /// What [`Self::narrow`] narrowed it to.
    pub(crate) fn narrowed_to(&self) -> &[String] {
        &self.narrowed_to
    }

    /// The large move that its sentence tells of, if it is ranked by it.
    fn told(&self) -> Result<Option<ToldMove>> {
        match &self.query {
            Query::Text(sentence) if !self.by_words => told_move(sentence),
            _ => Ok(None),
        }
    }

    /// The same with its hits spread so.
    pub(crate) fn spread(self, spread: Spread) -> Self {
        Self { spread, ..self }
    }

    /// What it compares with.
    pub(crate) fn query(&self) -> &Query {
        &self.query
    }

    /// What questions that go on from here ask about.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope {
            view: &self.view,
            space: self.space.as_deref(),
            windows: &self.filter,
            exact: self.exact,
        }
    }

    /// Runs the search.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target, the space or a filter names
    /// nothing or several things that are stored; [`Error::Invalid`] if an option is out of range
    /// or the query has no embedding.
    pub fn run(&self) -> Result<SimilarAnswer> {
        self.check_options()?;
        let narrow = self.clone().narrow()?;
        let told = narrow.told()?;
        self.view.look(|snapshot| narrow.answer(snapshot, told))
    }

    /// Runs the search in a space that a question has gone to, by a vector that it has found there.
    pub(crate) fn run_in(self, space: &Aligned<'_>, vector: Vec<f32>) -> Result<SimilarAnswer> {
        self.check_options()?;
        let told = self.told()?;
        let placed = Self {
            query: Query::Vector(vector),
            space: Some(space.name()),
            ..self
        };
        placed.answer(space.past.snapshot, told)
    }

    fn answer(&self, snapshot: &Snapshot, told: Option<ToldMove>) -> Result<SimilarAnswer> {
        let start = Instant::now();
        let state = space_of(snapshot, self.space.as_deref(), &self.query)?;
        let window_bars = state.space().encoder.window;
        let query = resolve(&self.view, snapshot, state, &self.query)?;
        let vector = index::Query::new(&query.vector)?;
        let rows = self.filter.rows(&self.view, snapshot)?;
        let searched = |large| self.searched((snapshot, state), &rows, large);
        let search = searched(told.as_ref().map(|told| told.direction))?;
        let wanted = self.wanted(window_bars);
        let second = self.second_look(snapshot, state, &query)?;
        let look = second.as_ref().map(|s| |candidates| s.reorder(candidates));
        let reorder = look.as_ref().map(|f| f as &dyn Fn(_) -> _);
        let asked = (&vector, query.own.as_slice());
        let Episodes {
            mut found,
            plan,
            mut quota_reached,
        } = episodes(snapshot, &search, asked, &wanted, reorder)?;
        if self.entries {
            let judged = Judged {
                snapshot,
                search: &search,
                query: &vector,
                second: None,
                exclusion: wanted.exclusion,
            };
            let own = query.own.iter().copied();
            found = self.entries_of(judged, second.as_ref(), (&found, own))?;
        }
        let large_moves = told.map(|told| LargeMoves {
            word: told.word,
            direction: told.direction,
            large: found.len(),
        });
        // An entry is at least as good as the worst hit, which says nothing of smaller moves.
        if let Some(LargeMoves { direction, .. }) = large_moves
            && found.len() < self.k
            && !self.entries
        {
            let rest = Rest {
                view: &self.view,
                snapshot,
                search: &searched(None)?,
                window_bars,
                direction,
            };
            quota_reached = rest.add_to(&mut found, asked, &wanted)?;
        }
        let window = query.window.as_ref().map(|(_, window)| window);
        Ok(SimilarAnswer {
            space: state.space().name.clone(),
            trained_until: state.learned_about(self.view.as_of(), (&self.query, window))?,
            weekdays_before_open: query.weekdays_before_open(self.query.open_bar()),
            query: query.window.map(|(_, window)| window),
            query_bars: query.bars,
            open_bar: self.query.open_bar(),
            tags_left_out: query.tags_left_out,
            window_bars,
            exclusion: wanted.exclusion,
            entries: self.entries,
            large_moves,
            quota_reached: quota_reached && found.len() < self.k,
            narrowed_to: self.narrowed_to.clone(),
            hits: hits(&found, (snapshot, window_bars), second.as_ref())?,
            searched: Searched {
                windows: search.windows(),
                plan,
            },
            took: start.elapsed(),
        })
    }

    /// The entries for the best episodes `hits`, away from the windows `own`.
    fn entries_of(
        &self,
        judged: Judged<'_>,
        second: Option<&SecondLook<'_>>,
        (hits, own): (&[Candidate], impl Iterator<Item = Place>),
    ) -> Result<Vec<Candidate>> {
        let value = second.map(|s| |candidate: &Candidate| s.value(candidate));
        let value = value.as_ref().map(|f| f as &dyn Fn(&_) -> _);
        let value = self.refine.zip(value);
        let second = value.map(|(by, value)| Second { by, value });
        Judged { second, ..judged }.entries(hits, own)
    }

    fn second_look<'s>(
        &'s self,
        snapshot: &'s Snapshot,
        state: &SpaceState,
        query: &ResolvedQuery,
    ) -> Result<Option<SecondLook<'s>>> {
        let view = (&self.view, snapshot);
        let look = |by| SecondLook::new(view, state, by, query);
        self.refine.map(look).transpose()
    }

    fn check_options(&self) -> Result<()> {
        within("k", self.k, 10_000)?;
        within("ef", self.ef.unwrap_or(DEFAULT_EF), 100_000)?;
        self.filter.check()?;
        self.check_spread()?;
        match (self.refine, &self.query) {
            (Some(by), Query::Sum(_)) => Err(Error::invalid(format!(
                "expected one chart to refine by {by}, found a sum, which has no bars of its own; ask without refining"
            ))),
            _ => Ok(()),
        }
    }

    /// Which of the entries of a group are the nearest, or differ most, is known only after bars that came
    /// after the others, and these bars are their outcome.
    fn check_spread(&self) -> Result<()> {
        self.spread.check(self.k)?;
        if self.entries {
            let reason = "which of the entries are the nearest of their group, or differ most, is known only later, so what came after them would have a part in the choice; a filter by symbol or time is sound";
            self.spread
                .none_with("entries, which outcomes are of,", reason)?;
        }
        match self.refine {
            Some(by) if self.spread.diverse.is_some() => Err(Error::invalid(format!(
                "expected diverse, which chooses by vectors, or to refine by {by}, which orders by bars, found both; leave one of them out"
            ))),
            _ => Ok(()),
        }
    }

    fn wanted(&self, window_bars: u32) -> Wanted {
        let ef = self.ef.unwrap_or(DEFAULT_EF);
        Wanted {
            k: self.k,
            exclusion: self.exclusion.unwrap_or(window_bars.div_ceil(4)),
            spread: self.spread,
            ef: match self.refine {
                Some(_) => ef.max(self.k.saturating_mul(20)),
                None => ef,
            },
            exact: self.exact,
        }
    }

    /// The windows that may be answers: besides the filter, perhaps only large moves in a direction.
    fn searched<'s>(
        &'s self,
        (snapshot, state): (&'s Snapshot, &'s SpaceState),
        rows: &RowFilter,
        large: Option<MoveDirection>,
    ) -> Result<Search<'s>> {
        let moving = Moving {
            view: &self.view,
            snapshot,
            window_bars: state.space().encoder.window,
            least: self.filter.min_move,
            large,
        };
        let asks = moving.least.is_some() || large.is_some();
        let search = Search::new(&self.view, state, rows)?;
        Ok(search.moving(asks.then_some(moving)))
    }
}

fn hits(
    found: &[Candidate],
    (snapshot, window_bars): (&Snapshot, u32),
    second: Option<&SecondLook<'_>>,
) -> Result<Vec<Hit>> {
    let hit = |(i, episode): (usize, &Candidate)| {
        let series = snapshot.record(episode.series)?;
        Ok(Hit {
            rank: i + 1,
            score: episode.score,
            refined: second.map(|s| s.value(episode)).transpose()?,
            window: stored_window(snapshot, episode, series, window_bars)?,
        })
    };
    found.iter().enumerate().map(hit).collect()
}

/// Checks that an option is from 1 to `most`.
pub(crate) fn within(name: &str, value: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&value) {
        Ok(())
    } else {
        Err(Error::invalid(format!(
            "expected {name} from 1 to {most}, found {value}"
        )))
    }
}

/// Compares candidates with the query on the stored bars.
struct SecondLook<'a> {
    view: &'a View,
    snapshot: &'a Snapshot,
    by: Refine,
    window_bars: u32,
    /// The query's path in standard units, one point a bar of a window.
    path: Vec<f64>,
}

impl<'a> SecondLook<'a> {
    fn new(
        (view, snapshot): (&'a View, &'a Snapshot),
        state: &SpaceState,
        by: Refine,
        query: &ResolvedQuery,
    ) -> Result<Self> {
        let window_bars = state.space().encoder.window;
        let path = match (&query.bars, &query.path) {
            (Some(bars), _) => standard(&bars.close),
            (None, Some(path)) => standard(&resampled(path, window_bars as usize)),
            (None, None) => {
                return Err(Error::invalid(
                    "expected a query with bars to refine by, found a vector; ask with a stored window, bars or a drawn path",
                ));
            }
        };
        Ok(Self {
            view,
            snapshot,
            by,
            window_bars,
            path,
        })
    }

    /// What the bars of a candidate say.
    fn value(&self, candidate: &Candidate) -> Result<f64> {
        self.view.go_on()?;
        let series = self.snapshot.record(candidate.series)?;
        let window: Window = stored_window(self.snapshot, candidate, series, self.window_bars)?;
        let wanted = self.window_bars as usize;
        let bars = self
            .snapshot
            .bars_from(candidate.series, window.start, wanted)?;
        let whole = bars.time.last().is_some_and(|&last| {
            let close = series.key.interval.close_of(Timestamp::from_millis(last));
            bars.len() == wanted && close == window.end
        });
        if !whole {
            return Err(Error::invalid(format!(
                "expected stored bars of {window} to refine by, found none; ask without refining"
            )));
        }
        Ok(self.by.compare(&self.path, &standard(&bars.close)))
    }

    /// The candidates, best refined value first; equal ones in the order of the search.
    fn reorder(&self, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let mut valued = candidates
            .into_iter()
            .map(|c| Ok((self.value(&c)?, c)))
            .collect::<Result<Vec<_>>>()?;
        valued.sort_by(|a, b| self.by.order(a.0, b.0));
        Ok(valued.into_iter().map(|(_, c)| c).collect())
    }
}
