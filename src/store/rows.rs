//! What the catalog knows of a space's rows: those not yet sealed into a segment, windows that
//! have no embedding, windows that wait for one, the segments, and which of their rows are dead.

use std::ops::Range;

use super::catalog::{CatalogUse, WriteTxn};
use super::codec;
use super::noted_change::NotedChange;
use super::records::{EndingRows, FreshRow, Pending, SegmentId, SegmentRecord, SeriesId, SpaceId};
use super::tables::{DEAD, FLAT, FRESH, PENDING, SEGMENTS, SPACES};
use crate::error::Result;

/// Rows that are read from a transaction.
pub(crate) trait RowReads: CatalogUse + Sized {
    /// The rows of a space that are in no segment, sorted by series and end.
    fn fresh_rows(&self, space: SpaceId) -> Result<Vec<FreshRow>> {
        let table = self.overlaid(FRESH)?;
        let all = (space, 0, i64::MIN)..=(space, SeriesId::MAX, i64::MAX);
        let mut rows = Vec::new();
        for item in table.range(all)? {
            let (key, value) = item?;
            let (_, series, end) = key;
            rows.push(FreshRow {
                series,
                end,
                vector: value.value().to_vec(),
            });
        }
        Ok(rows)
    }

    /// How many windows of a space have no embedding.
    fn flat_count(&self, space: SpaceId) -> Result<u64> {
        let table = self.overlaid(FLAT)?;
        let all = (space, 0, i64::MIN)..=(space, SeriesId::MAX, i64::MAX);
        Ok(table.range(all)?.count() as u64)
    }

    /// The ends of the windows of a series that have no embedding in a space, ascending.
    fn flat_ends(&self, space: SpaceId, series: SeriesId) -> Result<Vec<i64>> {
        let table = self.overlaid(FLAT)?;
        let all = (space, series, i64::MIN)..=(space, series, i64::MAX);
        let ends = table.range(all)?;
        ends.map(|item| Ok(item?.0.2)).collect()
    }

    /// The windows of a space that wait for their embedding, sorted by series and time.
    fn pending(&self, space: SpaceId) -> Result<Vec<Pending>> {
        let table = self.overlaid(PENDING)?;
        let all = (space, 0, i64::MIN)..=(space, SeriesId::MAX, i64::MAX);
        let mut pending = Vec::new();
        for item in table.range(all)? {
            let (key, last) = item?;
            let (_, series, first) = key;
            pending.push(Pending {
                series,
                first,
                last: last.value(),
            });
        }
        Ok(pending)
    }

    /// The segments of a space.
    fn segments(&self, space: SpaceId) -> Result<Vec<(SegmentId, SegmentRecord)>> {
        let table = self.table(SEGMENTS)?;
        let all = (space, 0)..=(space, SegmentId::MAX);
        let mut segments = Vec::new();
        for item in table.range(all)? {
            let (key, value) = item?;
            let record = codec::decode(self.path(), "segments", value.value())?;
            segments.push((key.value().1, record));
        }
        Ok(segments)
    }

    /// The names of all segment files that are part of the database.
    fn segment_files(&self) -> Result<Vec<String>> {
        let table = self.table(SEGMENTS)?;
        let mut names = Vec::new();
        for item in table.iter()? {
            let (key, _) = item?;
            names.push(SegmentRecord::file_name(key.value().1));
        }
        Ok(names)
    }

    /// The dead rows of a segment: ranges by first row, which may overlap.
    fn dead_rows(&self, segment: SegmentId) -> Result<Vec<Range<u32>>> {
        let table = self.table(DEAD)?;
        let mut dead = Vec::new();
        for item in table.range((segment, 0)..=(segment, u32::MAX))? {
            let (key, end) = item?;
            dead.push(key.value().1..end.value());
        }
        Ok(dead)
    }
}

impl<T: CatalogUse> RowReads for T {}

impl WriteTxn {
    /// Adds or replaces rows that are in no segment.
    pub(crate) fn put_fresh(&self, space: SpaceId, rows: Vec<FreshRow>) -> Result<()> {
        let mut table = self.overlaid_mut(FRESH)?;
        for row in &rows {
            table.insert((space, row.series, row.end), row.vector.as_slice())?;
        }
        self.note_fresh(space, rows);
        Ok(())
    }

    /// Notes windows that have no embedding.
    pub(crate) fn put_flat(&self, space: SpaceId, series: SeriesId, ends: &[i64]) -> Result<()> {
        if ends.is_empty() {
            return Ok(());
        }
        let mut table = self.overlaid_mut(FLAT)?;
        for &end in ends {
            table.insert((space, series, end), ())?;
        }
        Ok(())
    }

    /// Forgets fresh rows and flat windows. Returns how many fresh rows there were, for each of `gone`.
    pub(crate) fn remove_unsealed(&self, space: SpaceId, gone: &[EndingRows]) -> Result<Vec<u64>> {
        let mut fresh = self.overlaid_mut(FRESH)?;
        let mut flat = self.overlaid_mut(FLAT)?;
        let mut changes = self.changes.borrow_mut();
        let mut removed = Vec::with_capacity(gone.len());
        for rows in gone {
            let range = (space, rows.series, rows.first)..=(space, rows.series, rows.last);
            let ends = fresh.drain(range.clone(), |(_, _, end), _| end)?;
            for &end in &ends {
                changes.take_fresh(space, rows.series, end);
            }
            flat.drain(range, |_, ()| ())?;
            removed.push(ends.len() as u64);
        }
        Ok(removed)
    }

    /// Forgets all fresh rows of a space: they are in a segment now.
    pub(crate) fn clear_fresh(&self, space: SpaceId) -> Result<()> {
        let all = (space, 0, i64::MIN)..=(space, SeriesId::MAX, i64::MAX);
        self.changes.borrow_mut().take_any_fresh();
        self.overlaid_mut(FRESH)?.clear(all)
    }

    /// Forgets all that is noted about a space's rows outside of segments.
    pub(super) fn clear_rows(&self, space: SpaceId) -> Result<()> {
        let all = (space, 0, i64::MIN)..=(space, SeriesId::MAX, i64::MAX);
        self.clear_fresh(space)?;
        self.overlaid_mut(FLAT)?.clear(all.clone())?;
        self.overlaid_mut(PENDING)?.clear(all)
    }

    /// Notes that the windows of `pending` wait for their embedding.
    pub(crate) fn add_pending(&self, space: SpaceId, pending: Pending) -> Result<()> {
        let mut table = self.overlaid_mut(PENDING)?;
        let key = (space, pending.series, pending.first);
        let old = table.read(key, |last| last)?;
        let last = old.map_or(pending.last, |old| old.max(pending.last));
        table.insert(key, last)?;
        Ok(())
    }

    /// The same, joined to the last range of the series if that ends at `last`.
    pub(crate) fn extend_pending(&self, space: SpaceId, pending: Pending, last: i64) -> Result<()> {
        let series = (space, pending.series, i64::MIN)..=(space, pending.series, i64::MAX);
        let first = {
            let table = self.overlaid(PENDING)?;
            let newest = table.range(series)?.next_back().transpose()?;
            match newest.map(|(key, end)| (key.2, end.value())) {
                Some((first, end)) if end == last => first,
                _ => pending.first,
            }
        };
        self.add_pending(space, Pending { first, ..pending })
    }

    /// Forgets that the windows of one range, as it was added, wait.
    pub(crate) fn remove_pending(&self, space: SpaceId, pending: Pending) -> Result<()> {
        self.overlaid_mut(PENDING)?
            .remove((space, pending.series, pending.first))?;
        Ok(())
    }

    /// Forgets that windows of a series wait.
    pub(crate) fn clear_pending(&self, space: SpaceId, series: SeriesId) -> Result<()> {
        let range = (space, series, i64::MIN)..=(space, series, i64::MAX);
        self.overlaid_mut(PENDING)?.clear(range)
    }

    /// Makes a published segment file part of a space.
    pub(crate) fn add_segment(
        &self,
        space: SpaceId,
        id: SegmentId,
        record: &SegmentRecord,
    ) -> Result<()> {
        let value = codec::encode(record)?;
        self.table_mut(SEGMENTS)?
            .insert((space, id), value.as_slice())?;
        Ok(())
    }

    /// Takes a segment out of a space, with what was noted about its rows. Its file goes after the
    /// commit, and a catalog that a power cut takes back must not name it: so that commit is synced.
    pub(crate) fn remove_segment(&self, space: SpaceId, id: SegmentId) -> Result<()> {
        self.sync_with_it();
        self.table_mut(SEGMENTS)?.remove((space, id))?;
        self.table_mut(DEAD)?.clear((id, 0)..=(id, u32::MAX))
    }

    /// Notes that rows of a segment are dead.
    pub(crate) fn add_dead(&self, segment: SegmentId, rows: Range<u32>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut table = self.table_mut(DEAD)?;
        let key = (segment, rows.start);
        let old = table.get(key)?.map(|v| v.value());
        let end = old.map_or(rows.end, |old| old.max(rows.end));
        table.insert(key, end)?;
        Ok(())
    }

    /// Forgets a space with all that is noted about its rows. Its segment files stay.
    pub(crate) fn remove_space(&self, id: SpaceId) -> Result<()> {
        let all = self.all_spaces()?;
        if let Some((space, record)) = all.into_iter().find(|(space, _)| *space == id) {
            let name = record.space.name;
            self.note(NotedChange::SpaceDropped { space, name });
        }
        for (segment, _) in self.segments(id)? {
            self.remove_segment(id, segment)?;
        }
        self.clear_rows(id)?;
        self.clear_headline_rows(id)?;
        self.clear_space_model(id)?;
        self.clear_prototypes(id)?;
        self.table_mut(SPACES)?.remove(id)?;
        Ok(())
    }
}
