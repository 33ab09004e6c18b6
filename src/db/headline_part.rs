//! The vectors of a space's headlines in memory, in the order in which they became known.
//!
//! The catalog keeps them by number, each a value of its own, and reading 100,000 of them takes a
//! hundred times as long as scoring them. So the first question about headlines reads them, and
//! later snapshots add what came since. Sorted by when they were known, all that a view of any time
//! may see is one range of rows.

use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex, PoisonError};

use super::expressiveness::Expressiveness;
use super::headline_hit::HeadlineHit;
use crate::encode::Bank;
use crate::error::{Error, Result};
use crate::index::{self, RowSet, Rows, RowsBuilder, Scored, Scratch, scan};
use crate::model::Timestamp;
use crate::store::{CatalogUse, HeadlineReads, HeadlineRowReads, ReadTxn, SpaceId};

const DAY_MS: i64 = 24 * 3_600_000;

/// A stored row of a headline: the vector, and with a [`Bank`] its expressiveness, an f32.
pub(super) struct StoredHeadline<'a> {
    pub(super) vector: &'a [u8],
    pub(super) expressiveness: Option<f32>,
}

impl<'a> StoredHeadline<'a> {
    /// Takes the bytes of a row apart.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn parse(bytes: &'a [u8], dim: usize, with_bank: bool) -> Result<Self, String> {
        let expected = 2 * dim + if with_bank { 4 } else { 0 };
        let wrong = || {
            format!(
                "expected a stored row of {expected} bytes, found {}",
                bytes.len()
            )
        };
        if bytes.len() != expected {
            return Err(wrong());
        }
        let (vector, rest) = bytes.split_at_checked(2 * dim).ok_or_else(wrong)?;
        let expressiveness = rest.first_chunk().map(|b| f32::from_le_bytes(*b));
        match expressiveness {
            Some(e) if !(0.0..=1.0).contains(&e) => {
                Err(format!("expected an expressiveness of 0 to 1, found {e}"))
            }
            _ => Ok(Self {
                vector,
                expressiveness,
            }),
        }
    }

    /// The bytes of a row of `rows`.
    pub(super) fn encode(rows: &Rows<'_>, row: u32, bank: Option<&Bank>) -> Result<Vec<u8>> {
        let mut bytes = rows.row_bytes(row)?;
        if let Some(bank) = bank {
            // Of the stored vector, so that anybody can check it.
            let spread = bank.expressiveness(&rows.vector(row)?);
            bytes.extend_from_slice(&spread.to_le_bytes());
        }
        Ok(bytes)
    }
}

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

/// What is kept of a headline beside its vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) id: u64,
    /// When it was known, without any latency.
    pub(super) known: i64,
    pub(super) published: i64,
    /// NaN without a bank.
    expressiveness: f32,
}

impl Entry {
    fn order(&self) -> (i64, u64) {
        (self.known, self.id)
    }

    /// How much it says about charts, if there is a bank.
    pub(super) fn judged(&self, bank: Option<&Bank>) -> Option<Expressiveness> {
        let known = !self.expressiveness.is_nan();
        let bank = bank.filter(|_| known)?;
        Some(Expressiveness::from_deviation(bank, self.expressiveness))
    }
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
    /// Number and row, by number.
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
            let stored =
                StoredHeadline::parse(bytes, source.dim, source.with_bank).map_err(damaged)?;
            let pushed = vectors.push_bytes(stored.vector);
            pushed.map_err(|e| damaged(e.to_string()))?;
            added.push((id, stored.expressiveness.unwrap_or(f32::NAN)));
            Ok(())
        })?;
        let mut entries = Vec::with_capacity(added.len());
        for (row, (id, expressiveness)) in added.into_iter().enumerate() {
            let headline = txn.headline(id)?;
            let entry = Entry {
                id,
                known: headline.known_from().millis(),
                published: headline.time.millis(),
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
            .map_or((i64::MAX, u64::MAX), |(e, _)| e.order());
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
                let found = ids.iter().filter_map(|&id| self.row_of(id));
                let range = at(start)..at(end);
                let found = found.filter(|row| range.contains(row) && fits(*row));
                RowSet::from_ranges(found.map(|row| row..row + 1))
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
    /// scope. Of equal scores the one known first comes first.
    pub(super) fn nearest(
        &self,
        query: &index::Query,
        limit: usize,
        scope: &HeadlineScope,
    ) -> Result<(Vec<Scored>, u64)> {
        let allowed = self.allowed(scope);
        let found = self.nearest_of(query, limit, &allowed)?;
        Ok((found, allowed.len() as u64))
    }

    /// The `limit` of these rows that are nearest to a query, as [`Self::nearest`] orders them.
    pub(super) fn nearest_of(
        &self,
        query: &index::Query,
        limit: usize,
        allowed: &RowSet,
    ) -> Result<Vec<Scored>> {
        let limit = limit.min(allowed.len());
        scan(
            &self.rows.view(),
            query,
            limit,
            allowed,
            &mut Scratch::new(),
        )
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
        Ok(HeadlineHit {
            rank,
            score: scored.score,
            headline: txn.headline(entry.id)?,
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

    /// The row of a headline, if it has one.
    pub(super) fn row_of(&self, id: u64) -> Option<u32> {
        let at = self.by_id.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.by_id.get(at).map(|(_, row)| *row)
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
