//! One question to all parts of a space.

use std::cell::RefCell;

use super::moving::Moving;
use super::row_filter::RowFilter;
use super::used_up::UsedUp;
use crate::db::place::Place;
use crate::db::rank::Candidate;
use crate::db::snapshot::SpaceState;
use crate::db::view::View;
use crate::error::{Error, Result};
use crate::index::{self, Index, Plan, RowSet, Rows, Scratch, Wanted};
use crate::store::{Directory, SeriesId};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

/// A part of a space, ready to be asked.
#[derive(Clone)]
struct SearchPart<'a> {
    directory: Directory<'a>,
    index: Index<'a>,
    allowed: RowSet,
}

/// The parts of a space, with the rows of each that pass a filter.
#[derive(Clone)]
pub(crate) struct Search<'a> {
    view: &'a View,
    parts: Vec<SearchPart<'a>>,
    /// What its candidates have to pass besides.
    moving: Option<Moving<'a>>,
}

/// The stored vector of a window.
pub(in crate::db) struct StoredRow<'a> {
    rows: &'a Rows<'a>,
    row: u32,
}

impl StoredRow<'_> {
    /// It as a query.
    pub(in crate::db) fn query(&self) -> Result<index::Query> {
        self.rows.query(self.row)
    }

    /// Its cosine with a query, -1 to 1.
    pub(in crate::db) fn cosine(&self, query: &index::Query) -> Result<f32> {
        self.rows.exact(query, self.row)
    }
}

/// The best candidates of a search.
pub(crate) struct Found {
    /// Best first.
    pub(crate) candidates: Vec<Candidate>,
    /// Whether there may be more candidates than these.
    pub(crate) more: bool,
    /// How the parts were searched.
    pub(crate) plan: &'static str,
}

impl<'a> Search<'a> {
    pub(in crate::db) fn new(
        view: &'a View,
        state: &'a SpaceState,
        filter: &RowFilter,
    ) -> Result<Self> {
        let mut parts = Vec::new();
        for (segment, dead) in &state.segments {
            let directory = segment.directory()?;
            let allowed = filter.rows(&directory, segment.record.rows, dead);
            if !allowed.is_empty() {
                parts.push(SearchPart {
                    directory,
                    index: segment.index()?,
                    allowed,
                });
            }
        }
        let directory = state.fresh.directory()?;
        let fresh = state.fresh.len() as u32;
        let allowed = filter.rows(&directory, fresh, &RowSet::default());
        if !allowed.is_empty() {
            parts.push(SearchPart {
                directory,
                index: state.fresh.index(),
                allowed,
            });
        }
        Ok(Self {
            view,
            parts,
            moving: None,
        })
    }

    /// The same of windows that moved far enough.
    pub(in crate::db) fn moving(self, moving: Option<Moving<'a>>) -> Self {
        Self { moving, ..self }
    }

    /// The same without the windows that no quota allows any more.
    pub(in crate::db) fn without(&self, used_up: &UsedUp) -> Self {
        let mut narrower = self.clone();
        for part in &mut narrower.parts {
            let gone = part.directory.iter().flat_map(|rows| {
                let all = used_up.series.contains(&rows.series());
                let whole = all.then(|| rows.rows());
                let periods = used_up.periods.iter();
                let ending = periods.map(move |p| rows.ending_in(*p.start(), *p.end()));
                whole.into_iter().chain(ending)
            });
            part.allowed = part.allowed.subtract(&RowSet::from_ranges(gone));
        }
        narrower.parts.retain(|part| !part.allowed.is_empty());
        narrower
    }

    /// The view that is asked.
    pub(in crate::db) fn view(&self) -> &View {
        self.view
    }

    /// Where the vector of a window that was found is stored.
    pub(in crate::db) fn row_of(&self, place: Place) -> Result<StoredRow<'_>> {
        for part in &self.parts {
            let Some(rows) = part.directory.of_series(place.series) else {
                continue;
            };
            let mut at = rows.ending_in(place.end, place.end);
            if let Some(row) = at.find(|&row| part.allowed.contains(row)) {
                let rows = &part.index.rows;
                return Ok(StoredRow { rows, row });
            }
        }
        Err(Error::internal("a window that was found has no vector"))
    }

    /// How many windows pass the filter.
    pub(in crate::db) fn windows(&self) -> u64 {
        self.parts.iter().map(|p| p.allowed.len() as u64).sum()
    }

    /// The best candidates over all parts: at most `limit`, at least `needed` or a few less. A scan gives
    /// none that another window might precede.
    pub(in crate::db) fn nearest(
        &self,
        query: &index::Query,
        (limit, needed): (usize, usize),
        ef: usize,
        exact: bool,
    ) -> Result<Found> {
        // Nobody knows how many of the found windows moved far enough.
        let needed = if self.moving.is_some() { limit } else { needed };
        let mut candidates = Vec::with_capacity(limit);
        let (mut more, mut by_graph, mut by_scan) = (false, false, false);
        let mut cut = f32::NEG_INFINITY;
        for part in &self.parts {
            self.view.go_on()?;
            let wanted = Wanted {
                limit,
                needed,
                ef,
                allowed: &part.allowed,
                exact,
            };
            let nearest =
                SCRATCH.with_borrow_mut(|scratch| part.index.nearest(query, &wanted, scratch))?;
            by_graph |= nearest.plan == Plan::Graph;
            by_scan |= nearest.plan == Plan::Scan;
            if nearest.hits.len() < part.allowed.len() {
                more = true;
                if let (Plan::Scan, Some(last)) = (nearest.plan, nearest.hits.last()) {
                    cut = cut.max(last.score);
                }
            }
            for hit in nearest.hits {
                let (series, end) = part.directory.window_of(hit.row).ok_or_else(|| {
                    Error::Catalog(format!("row {} of a segment names no window", hit.row))
                })?;
                candidates.push(Candidate {
                    series,
                    end,
                    score: hit.score,
                });
            }
        }
        if let Some(moving) = &self.moving {
            let passing = moving.of(candidates, limit, exact)?;
            candidates = passing.candidates;
            more &= passing.worth_more;
        }
        candidates.sort_unstable_by(Candidate::order);
        more |= candidates.len() > limit;
        candidates.truncate(limit);
        // Where a scan was cut off, windows of that very score are missing, and some of them may
        // come before those that are here.
        candidates.retain(|c| c.score > cut);
        Ok(Found {
            candidates,
            more,
            plan: match (by_graph, by_scan) {
                (true, true) => "graph+scan",
                (true, false) => "graph",
                (false, _) => "scan",
            },
        })
    }

    /// Adds the windows of a series that pass the filter and score at least `least`: those of the
    /// `windows` windows before and after a time, and perhaps some more.
    pub(in crate::db) fn around(
        &self,
        query: &index::Query,
        Place { end, series }: Place,
        (windows, least): (u32, f32),
        found: &mut Vec<Candidate>,
    ) -> Result<()> {
        for part in &self.parts {
            self.view.go_on()?;
            let Some(rows) = part.directory.of_series(series) else {
                continue;
            };
            let all = rows.rows();
            let at = rows.ending_in(i64::MIN, end).end;
            let first = at.saturating_sub(windows).max(all.start);
            let last = at.saturating_add(windows).min(all.end);
            let near = first..last;
            let near = RowSet::from_ranges([near]).intersect(&part.allowed);
            for row in near.ranges().iter().cloned().flatten() {
                let score = part.index.rows.exact(query, row)?;
                let Some(end) = rows.end_of(row).filter(|_| score >= least) else {
                    continue;
                };
                let far = match &self.moving {
                    Some(moving) => moving.passes(Place { end, series })?,
                    None => true,
                };
                if far {
                    found.push(Candidate { series, end, score });
                }
            }
        }
        Ok(())
    }

    /// The stored vectors of a series that pass the filter, each with the end of its window.
    pub(in crate::db) fn vectors_of(&self, series: SeriesId) -> Result<Vec<(i64, Vec<f32>)>> {
        let mut all = Vec::new();
        for part in &self.parts {
            let Some(rows) = part.directory.of_series(series) else {
                continue;
            };
            let live = RowSet::from_ranges([rows.rows()]).intersect(&part.allowed);
            for row in live.ranges().iter().cloned().flatten() {
                self.view.go_on()?;
                if let Some(end) = rows.end_of(row) {
                    all.push((end, part.index.rows.vector(row)?));
                }
            }
        }
        Ok(all)
    }

    /// The stored vector of the last window of a series that ends at or before `time`.
    pub(in crate::db) fn stored(
        &self,
        series: SeriesId,
        time: i64,
    ) -> Result<Option<(i64, Vec<f32>)>> {
        let mut best: Option<(i64, Vec<f32>)> = None;
        for part in &self.parts {
            let Some(rows) = part.directory.of_series(series) else {
                continue;
            };
            let range = rows.ending_in(i64::MIN, time);
            let live = RowSet::from_ranges([range]).intersect(&part.allowed);
            let Some(row) = live.ranges().last().map(|r| r.end - 1) else {
                continue;
            };
            if let Some(end) = rows.end_of(row)
                && best.as_ref().is_none_or(|b| b.0 < end)
            {
                best = Some((end, part.index.rows.vector(row)?));
            }
        }
        Ok(best)
    }
}
