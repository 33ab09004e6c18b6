//! What questions beyond similarity ask of a database: a space as a view sees it.

use std::ops::RangeInclusive;

use super::attributes::Attributes;
use super::diverse_choice::DiverseChoice;
use super::episodes::{Distinct, Episodes, Taken, Wanted, distinct, episodes};
use super::filter::{Filter, WHICH_WINDOWS};
use super::query::Query;
use super::resolve::resolve;
use super::row_filter::RowFilter;
use super::sample::{self, Sample};
use super::search::{Found, Search};
use super::used_up::UsedUp;
use crate::db::default_spaces::DEFAULT_SPACE;
use crate::db::memo::Memo;
use crate::db::place::Place;
use crate::db::rank::Candidate;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::spread::Spread;
use crate::db::threads::start_threads;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::index::{self, RowSet, Rows};
use crate::model::{Bars, Calendar, SeriesKey, Target, Window};
use crate::store::{Directory, SeriesId};

/// The window that a question is about.
pub(crate) struct Asked {
    pub(crate) place: Place,
    pub(crate) window: Window,
    pub(crate) vector: Vec<f32>,
    /// The bars of the window, if it has any.
    pub(crate) bars: Option<Bars>,
}

/// Some windows of one series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowExtent {
    /// When the first of them ends, in milliseconds UTC.
    pub(crate) first: i64,
    /// When the last of them ends.
    pub(crate) last: i64,
    /// How many there are.
    pub(crate) windows: u64,
}

/// The vectors of a part of a space.
pub(in crate::db) struct PastPart<'a> {
    directory: Directory<'a>,
    rows: Rows<'a>,
    dead: Option<&'a RowSet>,
}

/// A space as a view sees it. Nothing that a caller gets from it depends on what was not known
/// at the view's time, unless the caller widens a filter beyond it.
pub(crate) struct Past<'a> {
    pub(in crate::db) view: &'a View,
    pub(in crate::db) snapshot: &'a Snapshot,
    pub(in crate::db) state: &'a SpaceState,
    parts: Vec<PastPart<'a>>,
}

impl View {
    /// How many windows of a space pass a filter, of those that had closed at the view's time. `None` is
    /// the space `shape`, or the only one.
    ///
    /// ```
    /// use rhymedb::{Database, Filter};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let all = db.now().count(None, &Filter::new())?;
    /// let crypto = db.now().count(None, &Filter::new().market("crypto"))?;
    /// assert!(0 < crypto && crypto < all);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] if the space or a name of the filter is that of nothing stored;
    /// [`Error::Invalid`] if the filter asks how far windows moved.
    pub fn count(&self, space: Option<&str>, filter: &Filter) -> Result<u64> {
        filter.check()?;
        filter.only("a count", WHICH_WINDOWS)?;
        self.past(space, |past| Ok(past.count(&past.rows(filter)?)))
    }

    /// Asks a space of this view; `None` is the default space.
    pub(crate) fn past<T>(
        &self,
        space: Option<&str>,
        question: impl FnOnce(&Past<'_>) -> Result<T>,
    ) -> Result<T> {
        self.look(|snapshot| {
            let state = snapshot.space(space)?;
            question(&Past::new(self, snapshot, state)?)
        })
    }
}

impl View {
    /// The space in which drawn paths are compared: the one of that name; or the default one, or
    /// another, if its encoder is `shape`. `None` if there is none.
    pub(crate) fn drawn_space(&self, name: Option<&str>) -> Result<Option<String>> {
        self.look(|snapshot| {
            if name.is_some() {
                return Ok(Some(snapshot.space(name)?.space().name.clone()));
            }
            let drawn = |s: &&SpaceState| s.space().encoder.id.starts_with("shape/");
            let mut fits = snapshot.spaces.iter().filter(drawn);
            let usual = fits.clone().find(|s| s.space().name == DEFAULT_SPACE);
            let found = usual.or_else(|| fits.next());
            Ok(found.map(|s| s.space().name.clone()))
        })
    }
}

impl<'a> Past<'a> {
    pub(in crate::db) fn new(
        view: &'a View,
        snapshot: &'a Snapshot,
        state: &'a SpaceState,
    ) -> Result<Self> {
        let mut parts = Vec::with_capacity(state.segments.len() + 1);
        for (segment, dead) in &state.segments {
            parts.push(PastPart {
                directory: segment.directory()?,
                rows: segment.index()?.rows,
                dead: Some(dead),
            });
        }
        parts.push(PastPart {
            directory: state.fresh.directory()?,
            rows: state.fresh.index().rows,
            dead: None,
        });
        Ok(Self {
            view,
            snapshot,
            state,
            parts,
        })
    }

    pub(crate) fn space(&self) -> &str {
        &self.state.space().name
    }

    pub(crate) fn window_bars(&self) -> u32 {
        self.state.space().encoder.window
    }

    /// Bars from one window to the next.
    pub(crate) fn hop(&self) -> u32 {
        self.state.space().hop
    }

    /// The last moment that the view knows, in milliseconds UTC.
    pub(crate) fn now(&self) -> i64 {
        self.view.clamp(None).millis()
    }

    /// Whether the question may go on. Whatever reads a window asks this itself.
    pub(crate) fn go_on(&self) -> Result<()> {
        self.view.go_on()
    }

    /// What was worked out before.
    pub(crate) fn memo(&self) -> &Memo {
        &self.snapshot.memo
    }

    /// A key of the memo for what follows from this space, the series of `rows` and numbers.
    pub(crate) fn key(&self, rows: &RowFilter, numbers: &[u64]) -> Vec<u64> {
        let mut key = vec![u64::from(self.state.id)];
        key.extend_from_slice(numbers);
        key.extend(rows.series_key());
        key
    }

    /// The rows that pass a filter and were known.
    pub(crate) fn rows(&self, filter: &Filter) -> Result<RowFilter> {
        filter.rows(self.view, self.snapshot)
    }

    /// The attributes of symbols that the view knows.
    pub(crate) fn attributes(&self) -> Result<Attributes> {
        Attributes::of(self.view, self.snapshot)
    }

    /// How many windows there are.
    pub(crate) fn count(&self, rows: &RowFilter) -> u64 {
        let part = |p: &PastPart<'_>| {
            let wanted = p.directory.iter().filter(|s| rows.wants(s.series()));
            let ranges = wanted.flat_map(|s| rows.ranges(&s));
            match p.dead.filter(|dead| !dead.is_empty()) {
                None => ranges.map(|range| range.len() as u64).sum(),
                Some(dead) => {
                    let all = RowSet::from_ranges(ranges);
                    all.subtract(dead).len() as u64
                }
            }
        };
        self.parts.iter().map(part).sum()
    }

    /// When the first and the last window of these series end, whenever that is.
    pub(crate) fn ends(&self, rows: &RowFilter) -> Result<Option<RangeInclusive<i64>>> {
        struct Ends(Option<RangeInclusive<i64>>);
        let make = || {
            let mut ends: Option<RangeInclusive<i64>> = None;
            for part in &self.parts {
                for of_one in part.directory.iter().filter(|s| rows.wants(s.series())) {
                    let mut live = RowSet::from_ranges([of_one.rows()]);
                    if let Some(dead) = part.dead {
                        live = live.subtract(dead);
                    }
                    let (first, last) = (live.ranges().first(), live.ranges().last());
                    let first = first.and_then(|r| of_one.end_of(r.start));
                    let last = last.and_then(|r| of_one.end_of(r.end - 1));
                    if let (Some(first), Some(last)) = (first, last) {
                        let known = ends.unwrap_or(first..=last);
                        ends = Some(first.min(*known.start())..=last.max(*known.end()));
                    }
                }
            }
            Ok((Ends(ends), i64::MAX))
        };
        Ok(self.memo().get(self.key(rows, &[]), make)?.0.clone())
    }

    /// When the first and the last of these windows of one series end, and how many there are.
    pub(crate) fn extent(&self, rows: &RowFilter, series: SeriesId) -> Option<WindowExtent> {
        let mut extent: Option<WindowExtent> = None;
        for part in self.parts.iter().filter(|_| rows.wants(series)) {
            let Some(of_one) = part.directory.of_series(series) else {
                continue;
            };
            let mut live = RowSet::from_ranges(rows.ranges(&of_one));
            if let Some(dead) = part.dead {
                live = live.subtract(dead);
            }
            let ends = live.ranges().first().zip(live.ranges().last());
            let ends = ends.and_then(|(a, b)| of_one.end_of(a.start).zip(of_one.end_of(b.end - 1)));
            if let Some((first, last)) = ends {
                let known = extent.unwrap_or(WindowExtent {
                    first,
                    last,
                    windows: 0,
                });
                extent = Some(WindowExtent {
                    first: first.min(known.first),
                    last: last.max(known.last),
                    windows: known.windows + live.len() as u64,
                });
            }
        }
        extent
    }

    /// At least `wanted` of these windows, spread evenly, or all of them if there are fewer.
    pub(crate) fn sample(&self, rows: &RowFilter, wanted: usize, seed: u64) -> Result<Sample> {
        self.go_on()?;
        let windows = self.count(rows);
        let stride = sample::stride(windows, wanted);
        let (first_end, last_end) = self.table_period(rows)?.into_inner();
        let numbers = [
            u64::from(stride),
            seed,
            first_end.cast_unsigned(),
            last_end.cast_unsigned(),
        ];
        let wider = RowFilter {
            first_end,
            last_end,
            ..rows.clone()
        };
        let make = || {
            let table = sample::table(self.snapshot, self.state, &wider, (stride, seed));
            table.map(|table| (table, last_end))
        };
        let table = self.memo().get(self.key(rows, &numbers), make)?;
        Ok(Sample::new(table, &rows.period(), stride, windows))
    }

    /// The period of the table of which a sample of `rows` is a part: up to a quarter longer at
    /// either end, so that views of many times share few tables.
    fn table_period(&self, rows: &RowFilter) -> Result<RangeInclusive<i64>> {
        let (first, last) = rows.period().into_inner();
        let Some(ends) = self.ends(rows)? else {
            return Ok(i64::MIN..=i64::MAX);
        };
        let (a, b) = ends.into_inner();
        let length = last.min(b).saturating_sub(first.max(a)).max(1);
        let step = (1u64 << length.cast_unsigned().ilog2().saturating_sub(2)).cast_signed();
        let steps = |time: i64| time.saturating_sub(a).div_euclid(step);
        let at = |steps: i64| a.saturating_add(steps.saturating_mul(step));
        let start = if first <= a {
            i64::MIN
        } else {
            at(steps(first))
        };
        let end = if last >= b {
            i64::MAX
        } else {
            at(steps(last).saturating_add(1))
        };
        Ok(start..=end)
    }

    /// Every one of these windows, ascending by end and series.
    pub(crate) fn places(&self, rows: &RowFilter) -> Result<Vec<Place>> {
        self.go_on()?;
        sample::table(self.snapshot, self.state, rows, (1, 0))
    }

    /// Starts the threads that work on many windows at once.
    pub(crate) fn start_threads(&self) -> Result<()> {
        start_threads()
    }

    /// The stored vector of a window, unit length; `None` if it has none.
    pub(crate) fn vector(&self, place: Place) -> Result<Option<Vec<f32>>> {
        self.go_on()?;
        for part in &self.parts {
            let Some(rows) = part.directory.of_series(place.series) else {
                continue;
            };
            for row in rows.ending_in(place.end, place.end) {
                if !part.dead.is_some_and(|dead| dead.contains(row)) {
                    return part.rows.vector(row).map(Some);
                }
            }
        }
        Ok(None)
    }

    /// The window that a target means. Where it is stored, its vector is the stored one.
    pub(crate) fn asked(&self, target: &Target) -> Result<Asked> {
        let query = Query::Target(target.clone());
        let found = resolve(self.view, self.snapshot, self.state, &query)?;
        let Some((series, window)) = found.window else {
            return Err(Error::invalid("expected a stored window"));
        };
        let end = window.end.millis();
        let place = Place { end, series };
        let vector = match self.vector(place)? {
            Some(vector) => vector,
            None => index::Query::new(&found.vector)?.vector(),
        };
        Ok(Asked {
            place,
            window,
            vector,
            bars: found.bars,
        })
    }

    /// The best episodes of a search, away from the window `own`.
    pub(crate) fn episodes(
        &self,
        rows: &RowFilter,
        (vector, own): (&[f32], Option<Place>),
        wanted: &Wanted,
    ) -> Result<Episodes> {
        let search = Search::new(self.view, self.state, rows)?;
        let query = index::Query::new(vector)?;
        episodes(
            self.snapshot,
            &search,
            (&query, own.as_slice()),
            wanted,
            None,
        )
    }

    /// The best `limit` windows or a few less, without those that no quota allows any more.
    pub(crate) fn nearest(
        &self,
        (rows, used_up): (&RowFilter, &UsedUp),
        vector: &[f32],
        limit: usize,
        exact: bool,
    ) -> Result<Found> {
        let mut search = Search::new(self.view, self.state, rows)?;
        if !used_up.is_empty() {
            search = search.without(used_up);
        }
        search.nearest(&index::Query::new(vector)?, (limit, limit), limit, exact)
    }

    /// Those of the candidates, in their order, that are distinct moments.
    pub(crate) fn distinct(&self, candidates: &[Candidate], wanted: Distinct) -> Result<Taken> {
        distinct(self.snapshot, candidates, (&[], &[]), wanted)
    }

    /// Up to `k` of these episodes that differ from one another, and whether a group has given as many as
    /// it may. Without a diverse choice it is all of them as they are.
    pub(crate) fn diverse(
        &self,
        rows: &RowFilter,
        taken: Taken,
        (spread, k): (Spread, usize),
    ) -> Result<(Vec<Candidate>, bool)> {
        let Some(lambda) = spread.diverse else {
            return Ok((taken.episodes, !taken.used_up.is_empty()));
        };
        let choice = DiverseChoice {
            snapshot: self.snapshot,
            search: &Search::new(self.view, self.state, rows)?,
            lambda,
            per: spread.per,
        };
        choice.of(&taken.episodes, &[], k)
    }

    /// The name of a series, and which of its missing bars are a gap.
    pub(crate) fn series(&self, id: SeriesId) -> Result<(&'a SeriesKey, Calendar)> {
        let found = self.snapshot.record(id)?;
        Ok((&found.key, found.calendar))
    }

    /// The number of a series.
    pub(crate) fn id_of(&self, key: &SeriesKey) -> Option<SeriesId> {
        self.snapshot.id_of(key).map(|(id, _)| id)
    }

    /// All stored series.
    pub(crate) fn all_series(&self) -> impl Iterator<Item = (SeriesId, &'a SeriesKey)> {
        self.snapshot.series.iter().map(|(&id, s)| (id, &s.key))
    }

    /// The unit vector of a drawn path: see [`Query::Path`].
    pub(crate) fn path(&self, prices: Vec<f64>) -> Result<Vec<f32>> {
        let query = Query::Path(prices);
        Ok(resolve(self.view, self.snapshot, self.state, &query)?.vector)
    }
}
