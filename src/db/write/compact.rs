//! Rewriting segments: dead rows leave, fresh rows and small segments are joined.

use serde::Serialize;

use super::headlines::embed_headlines;
use super::ingest_report::IngestReport;
use super::new_segments::{SortedRows, write_sorted};
use super::seal;
use crate::db::control::{Control, Stopwatch};
use crate::db::database::Database;
use crate::db::inner::{Inner, Writer};
use crate::db::segment::NewSegment;
use crate::db::segment_sizes::SegmentSizes;
use crate::db::snapshot::SpaceState;
use crate::error::{Error, Result};
use crate::index::{Index, RowSet, RowsBuilder};
use crate::store::{Directory, SegmentId, SegmentRecord, SeriesId, SpaceId};

/// What compaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CompactReport {
    /// Segments that were taken out.
    pub segments_removed: u64,
    /// Segments that were written.
    pub segments_written: u64,
    /// Dead rows that left.
    pub dead_rows_removed: u64,
    /// Bytes of the database's folder before.
    pub bytes_before: u64,
    /// Bytes of the database's folder after.
    pub bytes_after: u64,
    /// Whether the catalog could be compacted: not while a view is open.
    pub catalog_compacted: bool,
}

pub(in crate::db) struct Rewritten {
    pub(in crate::db) removed: u64,
    pub(in crate::db) written: u64,
    pub(in crate::db) dead: u64,
}

/// Small segments that are so many that searching each costs more than joining them: those of
/// the first size class (powers of four) that has eight.
pub(in crate::db) fn crowded_tier(state: &SpaceState, sizes: &SegmentSizes) -> Vec<SegmentId> {
    const CROWD: usize = 8;
    let class = |rows: u32| rows.max(1).ilog2() / 2;
    for tier in 0..class(sizes.most_rows(state.dim()) as u32) {
        let members: Vec<SegmentId> = state
            .segments
            .iter()
            .filter(|(s, _)| class(s.record.rows) <= tier)
            .map(|(s, _)| s.id)
            .collect();
        if members.len() >= CROWD {
            return members;
        }
    }
    Vec::new()
}

/// The segments that compaction rewrites: those with dead rows, and small ones.
fn wasteful(state: &SpaceState, sizes: &SegmentSizes) -> Vec<SegmentId> {
    let small = |rows: u32| (rows as usize) < sizes.most_rows(state.dim()) / 2;
    let smalls = state.segments.iter().filter(|(s, _)| small(s.record.rows));
    let join = smalls.count() + usize::from(state.fresh.len() > 0) > 1;
    state
        .segments
        .iter()
        .filter(|(s, dead)| !dead.is_empty() || (join && small(s.record.rows)))
        .map(|(s, _)| s.id)
        .collect()
}

/// Where a row is now.
struct LiveRow {
    key: (SeriesId, i64),
    part: u32,
    row: u32,
}

/// The live rows of some segments and all fresh rows of a space, sorted.
struct LiveRows<'a> {
    rows: Vec<LiveRow>,
    parts: Vec<Index<'a>>,
    /// Dead rows that are left behind.
    dead: u64,
}

impl<'a> LiveRows<'a> {
    fn gather(state: &'a SpaceState, segments: &[SegmentId]) -> Result<Self> {
        let mut live = Self {
            rows: Vec::new(),
            parts: Vec::new(),
            dead: 0,
        };
        for (segment, dead) in &state.segments {
            if segments.contains(&segment.id) {
                live.add(&segment.directory()?, segment.record.rows, dead);
                live.parts.push(segment.index()?);
                live.dead += dead.len() as u64;
            }
        }
        let fresh = state.fresh.len() as u32;
        live.add(&state.fresh.directory()?, fresh, &RowSet::default());
        live.parts.push(state.fresh.index());
        live.rows.sort_unstable_by_key(|p| p.key);
        Ok(live)
    }

    fn add(&mut self, directory: &Directory<'_>, rows: u32, dead: &RowSet) {
        let part = self.parts.len() as u32;
        for range in RowSet::all(rows).subtract(dead).ranges() {
            for row in range.clone() {
                if let Some(key) = directory.window_of(row) {
                    self.rows.push(LiveRow { key, part, row });
                }
            }
        }
    }

    fn push(&self, rows: &mut RowsBuilder, i: usize) -> Result<()> {
        let live = self.rows.get(i);
        match live.and_then(|live| Some((live, self.parts.get(live.part as usize)?))) {
            Some((live, part)) => rows.push_row(&part.rows, live.row),
            None => Err(Error::internal("a row to rewrite is not there")),
        }
    }
}

/// Writes the live rows of some segments and all fresh rows of a space into new segments.
pub(in crate::db) fn rewrite(
    inner: &Inner,
    writer: &Writer,
    space: SpaceId,
    segments: &[SegmentId],
    control: &Control,
    stopwatch: &Stopwatch,
) -> Result<Rewritten> {
    let snapshot = inner.snapshot()?;
    let mut result = Rewritten {
        removed: segments.len() as u64,
        written: 0,
        dead: 0,
    };
    let Some(state) = snapshot.space_by_id(space) else {
        return Ok(result);
    };
    if segments.is_empty() && state.fresh.len() == 0 {
        return Ok(result);
    }
    let live = LiveRows::gather(state, segments)?;
    let keys: Vec<_> = live.rows.iter().map(|p| p.key).collect();
    let sorted = SortedRows {
        dim: state.dim(),
        keys: &keys,
        step_of: &|id| snapshot.step_of(state, id),
        push: &|rows, i| live.push(rows, i),
    };
    let written = write_sorted(inner, writer, &sorted, control, stopwatch)?;
    let txn = writer.catalog.write()?;
    for &id in segments {
        txn.remove_segment(space, id)?;
    }
    for new in &written {
        txn.add_segment(space, new.id, &new.record)?;
    }
    txn.clear_fresh(space)?;
    result.written = written.len() as u64;
    written.into_iter().for_each(NewSegment::keep);
    inner.commit(writer, txn)?;
    result.dead = live.dead;
    let names: Vec<_> = segments
        .iter()
        .map(|&id| SegmentRecord::file_name(id))
        .collect();
    inner.files.remove_segments(&names);
    Ok(result)
}

impl Database {
    /// Makes windows that wait searchable, seals fresh rows, rewrites segments that have dead
    /// rows or are small, and gives the space back to the file system. Readers go on meanwhile.
    ///
    /// # Errors
    /// [`crate::Error::Interrupted`] if `control` was stopped; what was rewritten stays.
    pub fn compact(&self, control: &Control) -> Result<CompactReport> {
        self.0.change(|| self.compact_all(control))
    }

    fn compact_all(&self, control: &Control) -> Result<CompactReport> {
        let inner = &self.0;
        let mut report = CompactReport {
            bytes_before: inner.files.bytes()?,
            ..CompactReport::default()
        };
        let mut writer = inner.writer()?;
        let stopwatch = Stopwatch::default();
        let mut embedded = IngestReport::default();
        seal::embed_pending(inner, &writer, control, &stopwatch, &mut embedded)?;
        report.segments_written += embedded.segments;
        embed_headlines(inner, &writer, control)?;
        let wasteful: Vec<_> = inner
            .snapshot()?
            .spaces
            .iter()
            .map(|state| (state.id, wasteful(state, &inner.files.sizes)))
            .collect();
        for (space, segments) in wasteful {
            let rewritten = rewrite(inner, &writer, space, &segments, control, &stopwatch)?;
            report.segments_removed += rewritten.removed;
            report.segments_written += rewritten.written;
            report.dead_rows_removed += rewritten.dead;
        }
        report.catalog_compacted = inner.compact_catalog(&mut writer)?;
        report.bytes_after = inner.files.bytes()?;
        Ok(report)
    }
}

/// Seals fresh rows when there are many, and joins small segments when there are many.
pub(in crate::db) fn seal_when_due(
    inner: &Inner,
    writer: &Writer,
    control: &Control,
    stopwatch: &Stopwatch,
    report: &mut IngestReport,
) -> Result<()> {
    let sizes = &inner.files.sizes;
    for state in &inner.snapshot()?.spaces {
        let small = crowded_tier(state, sizes);
        if state.fresh.len() >= sizes.fresh_rows || !small.is_empty() {
            let rewritten = rewrite(inner, writer, state.id, &small, control, stopwatch)?;
            report.segments += rewritten.written;
        }
    }
    Ok(())
}
