//! The vectors of a space's headlines in memory, in the order in which they became known.
//!
//! The catalog keeps them by number, each a value of its own, and reading 100,000 of them takes a
//! hundred times as long as scoring them. So the first question about headlines reads them, and
//! later snapshots add what came since. Sorted by when they were known, all that a view of any time
//! may see is one range of rows.

use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex, PoisonError};

use super::expressiveness::Expressiveness;
use super::headline_hit::HeadlineHit;
use super::stored_headline::StoredHeadline;
use crate::encode::Bank;
use crate::error::{Error, Result};
use crate::index::{self, RowSet, Rows, RowsBuilder, Scored, Scratch, scan};
use crate::model::{Headline, Passage, Timestamp};
use crate::numeric::direction::mean_direction;
use crate::store::{CatalogUse, HeadlineReads, HeadlineRowReads, ReadTxn, SpaceId};

const DAY_MS: i64 = 24 * 3_600_000;

/// Which headlines may be answers.
#[derive(Clone, Debug)]
pub(super) struct HeadlineScope {
    /// The last moment at which they may have become known, in milliseconds UTC.
    pub(super) known_to: i64,
    /// When they may have been published.
    pub(super) published: RangeInclusive<i64>,
    /// Their numbers; `None` is all.
    pub(super) among: Option<Vec<u64>>,
}

/// What is kept of a headline, or of a passage of one, beside its vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// Whose vector it is; `None` is the text as a whole.
    pub(super) passage: Option<Passage>,
    /// When it was known, without any latency.
    pub(super) known: i64,
    pub(super) published: i64,
    /// NaN without a bank.
    expressiveness: f32,
}

impl Entry {
    /// The passages of a headline stand together.
    fn order(&self) -> (i64, u64, Option<Passage>) {
        (self.known, self.id, self.passage)
    }

    /// The passage of the headline whose vector it is, as a text; `None` is the headline as a whole.
    pub(super) fn told(&self, txn: &ReadTxn, headline: &Headline) -> Result<Option<String>> {
        told_passage(txn, (self.id, self.passage), headline)
    }

    /// How much it says about charts, if there is a bank.
    pub(super) fn judged(&self, bank: Option<&Bank>) -> Option<Expressiveness> {
        let known = !self.expressiveness.is_nan();
        let bank = bank.filter(|_| known)?;
        Some(Expressiveness::from_deviation(bank, self.expressiveness))
    }
}

/// A passage of a headline as answers have it; `None` is the headline as a whole.
///
/// # Errors
/// [`Error::Corrupt`] if its text has no such passage.
pub(super) fn told_passage(
    txn: &ReadTxn,
    (id, passage): (u64, Option<Passage>),
    headline: &Headline,
) -> Result<Option<String>> {
    let Some(passage) = passage else {
        return Ok(None);
    };
    let text = passage.of(&headline.text).ok_or_else(|| {
        let detail = format!("the headline {id} has no such passage");
        Error::corrupt(txn.path(), "headline_rows", detail)
    })?;
    Ok(Some(text.trim().to_owned()))
}

/// Where the vectors of a space's headlines are read.
pub(super) struct HeadlineSource<'a> {
    pub(super) txn: &'a ReadTxn,
    pub(super) space: SpaceId,
    pub(super) dim: usize,
    /// Whether expressiveness is stored beside each vector.
    pub(super) with_bank: bool,
}

/// The vectors of a space's headlines, as of one snapshot.
#[derive(Debug)]
pub(super) struct HeadlinePart {
    /// The last headline that the space had looked at.
    mark: u64,
    /// Sorted by [`Entry::order`], one a row.
    entries: Vec<Entry>,
    rows: RowsBuilder,
    /// Number and first row of each headline, by number.
    by_id: Vec<(u64, u32)>,
}

impl HeadlinePart {
    fn empty(dim: usize) -> Result<Self> {
        Ok(Self {
            mark: 0,
            entries: Vec::new(),
            rows: RowsBuilder::new(dim)?,
            by_id: Vec::new(),
        })
    }

    /// These headlines, and those of a snapshot that have higher numbers.
    fn grown(&self, source: &HeadlineSource<'_>, mark: u64) -> Result<Self> {
        let txn = source.txn;
        let mut added = Vec::new();
        let mut vectors = RowsBuilder::new(source.dim)?;
        txn.each_headline_row_after(source.space, self.mark, |id, bytes| {
            let damaged = |e| Error::corrupt(txn.path(), "headline_rows", e);
            let all = StoredHeadline::all(bytes, source.dim, source.with_bank).map_err(damaged)?;
            for stored in all {
                let pushed = vectors.push_bytes(stored.vector);
                pushed.map_err(|e| damaged(e.to_string()))?;
                let expressiveness = stored.expressiveness.unwrap_or(f32::NAN);
                added.push((id, stored.passage, expressiveness));
            }
            Ok(())
        })?;
        let mut entries: Vec<(Entry, u32)> = Vec::with_capacity(added.len());
        for (row, (id, passage, expressiveness)) in added.into_iter().enumerate() {
            let (known, published) = match entries.last().filter(|(last, _)| last.id == id) {
                Some((last, _)) => (last.known, last.published),
                None => {
                    let headline = txn.headline(id)?;
                    (headline.known_from().millis(), headline.time.millis())
                }
            };
            let entry = Entry {
                id,
                passage,
                known,
                published,
                expressiveness,
            };
            entries.push((entry, row as u32));
        }
        entries.sort_unstable_by_key(|(entry, _)| entry.order());
        self.merged(&entries, &vectors.view(), mark)
    }

    fn merged(&self, added: &[(Entry, u32)], vectors: &Rows<'_>, mark: u64) -> Result<Self> {
        // Where nothing older comes in, the old rows are copied as a whole.
        let first = added
            .first()
            .map_or((i64::MAX, u64::MAX, None), |(e, _)| e.order());
        let kept = self.entries.partition_point(|e| e.order() < first);
        let mut part = if kept == self.entries.len() {
            Self {
                mark,
                entries: self.entries.clone(),
                rows: self.rows.clone(),
                by_id: Vec::new(),
            }
        } else {
            Self {
                mark,
                ..Self::empty(self.rows.view().dim())?
            }
        };
        let old_rows = self.rows.view();
        let skipped = part.entries.len();
        let mut olds = self.entries.iter().zip(0_u32..).skip(skipped).peekable();
        for (new, row) in added {
            while let Some((old, row)) = olds.next_if(|(old, _)| old.order() < new.order()) {
                part.entries.push(*old);
                part.rows.push_row(&old_rows, row)?;
            }
            part.entries.push(*new);
            part.rows.push_row(vectors, *row)?;
        }
        for (old, row) in olds {
            part.entries.push(*old);
            part.rows.push_row(&old_rows, row)?;
        }
        part.by_id = part.entries.iter().map(|e| e.id).zip(0..).collect();
        part.by_id.sort_unstable();
        part.by_id.dedup_by_key(|(id, _)| *id);
        Ok(part)
    }

    /// The rows of the headlines in scope, ascending by when they were known.
    pub(super) fn allowed(&self, scope: &HeadlineScope) -> RowSet {
        let at = |i: usize| i as u32;
        let (first, last) = (*scope.published.start(), *scope.published.end());
        // Published at t is known from t up to a day later.
        let known_to = scope.known_to.min(last.saturating_add(DAY_MS));
        let start = self.entries.partition_point(|e| e.known < first);
        let end = self.entries.partition_point(|e| e.known <= known_to);
        let fits = |row: u32| {
            let entry = self.entries.get(row as usize);
            entry.is_some_and(|e| scope.published.contains(&e.published))
        };
        match &scope.among {
            Some(ids) => {
                let found = ids.iter().map(|&id| self.rows_of(id));
                let range = at(start)..at(end);
                let found = found.filter(|r| range.contains(&r.start) && fits(r.start));
                RowSet::from_ranges(found)
            }
            None => {
                let all = at(start)..at(end);
                let runs = if first == i64::MIN && last == i64::MAX {
                    vec![all]
                } else {
                    runs_of(all.filter(|&row| fits(row)))
                };
                RowSet::from_ranges(runs)
            }
        }
    }

    /// The `limit` headlines in scope that are nearest to a query, best first, and how many are in
    /// scope. Of equal scores the one known first comes first. Each headline comes once, with the row of its
    /// nearest passage.
    pub(super) fn nearest(
        &self,
        query: &index::Query,
        limit: usize,
        scope: &HeadlineScope,
    ) -> Result<(Vec<Scored>, u64)> {
        let allowed = self.allowed(scope);
        let found = self.nearest_of(query, limit, &allowed)?;
        Ok((found, self.headlines(&allowed)))
    }

    /// How many headlines some rows are of, which are all rows of each.
    pub(super) fn headlines(&self, rows: &RowSet) -> u64 {
        if !self.has_passages() {
            return rows.len() as u64;
        }
        let all = rows.ranges().iter().cloned().flatten();
        all.filter(|row| self.is_first(*row)).count() as u64
    }

    /// Whether a headline has several rows.
    fn has_passages(&self) -> bool {
        self.by_id.len() < self.entries.len()
    }

    /// Whether a row is the first one of its headline.
    pub(super) fn is_first(&self, row: u32) -> bool {
        let id = |row: u32| self.entries.get(row as usize).map(|e| e.id);
        row.checked_sub(1)
            .is_none_or(|before| id(before) != id(row))
    }

    /// Rows, best first, without those of headlines that a better row is of.
    fn one_a_headline(&self, rows: Vec<Scored>) -> Result<Vec<Scored>> {
        let mut seen = HashSet::new();
        let mut kept = Vec::with_capacity(rows.len());
        for scored in rows {
            if seen.insert(self.entry(scored.row)?.id) {
                kept.push(scored);
            }
        }
        Ok(kept)
    }

    /// The `limit` headlines of these rows that are nearest to a query, as [`Self::nearest`] orders them. The rows
    /// are all of each headline.
    pub(super) fn nearest_of(
        &self,
        query: &index::Query,
        limit: usize,
        allowed: &RowSet,
    ) -> Result<Vec<Scored>> {
        let mut rows = limit;
        loop {
            rows = rows.min(allowed.len());
            let scratch = &mut Scratch::new();
            let found = scan(&self.rows.view(), query, rows, allowed, scratch)?;
            if !self.has_passages() {
                return Ok(found);
            }
            let mut found = self.one_a_headline(found)?;
            if found.len() >= limit || rows == allowed.len() {
                found.truncate(limit);
                return Ok(found);
            }
            rows = rows.saturating_mul(4);
        }
    }

    /// The vectors.
    pub(super) fn rows(&self) -> Rows<'_> {
        self.rows.view()
    }

    /// A scored row as an answer; `latency` in milliseconds is added to when it was known.
    pub(super) fn hit(
        &self,
        txn: &ReadTxn,
        rank: usize,
        scored: Scored,
        (latency, bank): (i64, Option<&Bank>),
    ) -> Result<HeadlineHit> {
        let entry = self.entry(scored.row)?;
        let headline = txn.headline(entry.id)?;
        Ok(HeadlineHit {
            rank,
            score: scored.score,
            passage: entry.told(txn, &headline)?,
            headline,
            known: Timestamp::from_millis(entry.known.saturating_add(latency)),
            expressiveness: entry.judged(bank),
            row: scored.row,
        })
    }

    /// What is kept of a row.
    pub(super) fn entry(&self, row: u32) -> Result<&Entry> {
        let entry = self.entries.get(row as usize);
        entry.ok_or_else(|| Error::internal(format!("row {row} names no headline")))
    }

    /// The rows of a headline: of its passages, of the whole, or none.
    pub(super) fn rows_of(&self, id: u64) -> Range<u32> {
        let at = self.by_id.binary_search_by_key(&id, |(id, _)| *id);
        let first = at.ok().and_then(|at| self.by_id.get(at));
        let Some(&(_, first)) = first else {
            return 0..0;
        };
        let rest = self.entries.get(first as usize..).unwrap_or_default();
        first..first + rest.iter().take_while(|e| e.id == id).count() as u32
    }

    /// The vector of a headline as a whole: that of its row, or the mean direction of its passages.
    pub(super) fn whole_vector(&self, rows: Range<u32>) -> Result<Option<Vec<f32>>> {
        if rows.len() == 1 {
            return self.vector(rows.start).map(Some);
        }
        let all: Vec<_> = rows.map(|row| self.vector(row)).collect::<Result<_>>()?;
        Ok(mean_direction(&all))
    }

    /// The row of these that is nearest to a query; of equal ones the first.
    pub(super) fn nearest_row(
        &self,
        query: &index::Query,
        rows: Range<u32>,
    ) -> Result<Option<Scored>> {
        let mut best: Option<Scored> = None;
        for row in rows {
            let score = self.rows.view().exact(query, row)?;
            if best.is_none_or(|best| score > best.score) {
                best = Some(Scored { row, score });
            }
        }
        Ok(best)
    }

    /// The vector of a row.
    pub(super) fn vector(&self, row: u32) -> Result<Vec<f32>> {
        self.rows.view().vector(row)
    }
}

/// Ascending rows as ranges.
fn runs_of(rows: impl Iterator<Item = u32>) -> Vec<Range<u32>> {
    let mut runs: Vec<Range<u32>> = Vec::new();
    for row in rows {
        match runs.last_mut().filter(|run| run.end == row) {
            Some(run) => run.end += 1,
            None => runs.push(row..row + 1),
        }
    }
    runs
}

/// The headlines of a space in a snapshot: read when somebody asks.
#[derive(Debug, Default)]
pub(super) struct HeadlineMemory(Mutex<Option<Arc<HeadlinePart>>>);

impl HeadlineMemory {
    /// A memory that starts with what an older one has read; nothing of that may have changed.
    pub(super) fn grown_from(old: &Self) -> Self {
        Self(Mutex::new(old.lock().clone()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<HeadlinePart>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The headlines of the snapshot that this memory belongs to.
    pub(super) fn part(&self, source: &HeadlineSource<'_>) -> Result<Arc<HeadlinePart>> {
        let mark = source.txn.headline_mark(source.space)?;
        let mut known = self.lock();
        let part = match known.as_ref() {
            Some(part) if part.mark == mark => return Ok(Arc::clone(part)),
            Some(part) => part.grown(source, mark)?,
            None => HeadlinePart::empty(source.dim)?.grown(source, mark)?,
        };
        let part = Arc::new(part);
        *known = Some(Arc::clone(&part));
        Ok(part)
    }
}
