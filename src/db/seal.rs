//! From windows that wait, and rows that are fresh, to segments.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::control::{Control, Stage, Stopwatch};
use super::database::{Inner, Writer};
use super::embed::EncodedWindows;
use super::embed_batch::embed_fresh;
use super::ingest::{ChartSpace, IngestReport, remove_windows};
use super::segment::{NewRows, write_segment};
use super::snapshot::{Snapshot, step};
use crate::error::{Error, Result};
use crate::index::RowsBuilder;
use crate::store::{BarReads, Pending, ReadTxn, RowReads, SegmentId, SegmentRecord, SeriesId};

/// Makes all windows that wait searchable.
pub(super) fn embed_pending(
    inner: &Inner,
    writer: &Writer,
    control: &Control,
    stopwatch: &Stopwatch,
    report: &mut IngestReport,
) -> Result<()> {
    for space in ChartSpace::waiting(inner, &writer.catalog.read()?)? {
        let work = EmbedWork {
            inner,
            writer,
            space: &space,
            control,
            stopwatch,
            committing: Mutex::new(()),
            counts: Counts::default(),
        };
        let done = work.run();
        work.counts.add_to(report);
        done?;
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    embedded: AtomicU64,
    flat: AtomicU64,
    removed: AtomicU64,
    segments: AtomicU64,
    /// For progress: windows encoded and rows indexed so far.
    encoded: AtomicU64,
    indexed: AtomicU64,
}

impl Counts {
    fn add_to(&self, report: &mut IngestReport) {
        report.windows_embedded += self.embedded.load(Ordering::Relaxed);
        report.windows_flat += self.flat.load(Ordering::Relaxed);
        report.windows_removed += self.removed.load(Ordering::Relaxed);
        report.segments += self.segments.load(Ordering::Relaxed);
    }
}

struct EmbedWork<'a> {
    inner: &'a Inner,
    writer: &'a Writer,
    space: &'a ChartSpace,
    control: &'a Control,
    stopwatch: &'a Stopwatch,
    committing: Mutex<()>,
    counts: Counts,
}

impl EmbedWork<'_> {
    fn run(&self) -> Result<()> {
        let txn = self.writer.catalog.read()?;
        let waiting = union(txn.pending(self.space.id)?);
        let mut counted = Vec::with_capacity(waiting.len());
        let mut total = 0;
        for pending in waiting {
            let times = txn.bar_times(pending.series, pending.first..=pending.last)?;
            total += times.len();
            counted.push((pending, times));
        }
        if counted.is_empty() {
            return Ok(());
        }
        let sizes = &self.inner.files.sizes;
        if total as u64 <= sizes.fresh_batch {
            let pieces: Vec<_> = counted.iter().map(|(p, _)| *p).collect();
            return self.embed_few(&txn, &pieces);
        }
        let chunks = split(&counted, even_size(total, sizes.segment_rows));
        drop((counted, txn));
        let ids = self.note_chunks(&chunks)?;
        chunks
            .par_iter()
            .zip(ids)
            .with_max_len(1)
            .try_for_each(|(pieces, id)| self.embed_chunk(pieces, id, total as u64))
    }

    /// Few windows become fresh rows.
    fn embed_few(&self, old: &ReadTxn, pieces: &[Pending]) -> Result<()> {
        let txn = self.writer.catalog.write()?;
        let snapshot = self.inner.snapshot()?;
        for &piece in pieces {
            if let Some(series) = snapshot.series.get(&piece.series) {
                let removed = remove_windows(&txn, &snapshot, self.space.id, series, piece)?;
                let (rows, flat) = embed_fresh(&txn, self.space, series, piece)?;
                self.counts.removed.fetch_add(removed, Ordering::Relaxed);
                self.counts.embedded.fetch_add(rows, Ordering::Relaxed);
                self.counts.flat.fetch_add(flat, Ordering::Relaxed);
            }
        }
        for pending in old.pending(self.space.id)? {
            txn.clear_pending(self.space.id, pending.series)?;
        }
        self.inner.commit(self.writer, txn)
    }

    /// Writes the pieces of all chunks to the catalog, so that each chunk can strike out its own,
    /// and gives each chunk a segment number.
    fn note_chunks(&self, chunks: &[Vec<Pending>]) -> Result<Vec<SegmentId>> {
        let txn = self.writer.catalog.write()?;
        // Also ranges whose bars were deleted meanwhile, and which are in no chunk.
        for pending in txn.pending(self.space.id)? {
            txn.clear_pending(self.space.id, pending.series)?;
        }
        for piece in chunks.iter().flatten() {
            txn.add_pending(self.space.id, *piece)?;
        }
        let ids = chunks.iter().map(|_| txn.next_segment_id()).collect();
        txn.commit()?; // Nothing of this is in a snapshot.
        ids
    }

    fn embed_chunk(&self, pieces: &[Pending], id: SegmentId, total: u64) -> Result<()> {
        let txn = self.writer.catalog.read()?;
        let snapshot = self.inner.snapshot()?;
        let mut new = NewRows::new(self.space.space.encoder.dim as usize)?;
        let mut flats = Vec::new();
        for some in pieces.chunks(PIECES_AT_ONCE) {
            let encode = |piece: &Pending| self.encode(&txn, &snapshot, *piece, total);
            let encoded: Vec<_> = some.par_iter().map(encode).collect::<Result<_>>()?;
            for (piece, found) in some.iter().zip(&encoded) {
                let Some((encoded, step)) = found else {
                    continue;
                };
                for (end, vector) in encoded.defined() {
                    new.rows.push(vector)?;
                    new.directory.push(piece.series, end, *step);
                }
                flats.push((piece.series, encoded.flat()));
            }
        }
        drop(txn);
        let record = if new.rows.is_empty() {
            None
        } else {
            let last = AtomicU64::new(0);
            let progress = |rows: u64| {
                let more = rows.saturating_sub(last.swap(rows, Ordering::Relaxed));
                let done = self.counts.indexed.fetch_add(more, Ordering::Relaxed) + more;
                self.control.report(Stage::Index, done, total)
            };
            Some(write_segment(
                &self.inner.files,
                id,
                &new,
                self.control,
                self.stopwatch,
                &progress,
            )?)
        };
        self.commit_chunk(pieces, id, record.as_ref(), &flats)
    }

    /// Encodes a piece, whose windows lie so many milliseconds apart; `None` if its series is gone.
    fn encode(
        &self,
        txn: &ReadTxn,
        snapshot: &Snapshot,
        piece: Pending,
        total: u64,
    ) -> Result<Option<(EncodedWindows, i64)>> {
        let Some(series) = snapshot.series.get(&piece.series) else {
            return Ok(None);
        };
        let windows = self.space.windows();
        let encoded = self
            .stopwatch
            .time(Stage::Embed, || windows.encode(txn, series, piece))?;
        let n = encoded.ends.len() as u64;
        let done = self.counts.encoded.fetch_add(n, Ordering::Relaxed) + n;
        self.control.report(Stage::Embed, done, total)?;
        Ok(Some((
            encoded,
            step(series.key.interval, self.space.space.hop),
        )))
    }

    fn commit_chunk(
        &self,
        pieces: &[Pending],
        id: SegmentId,
        record: Option<&SegmentRecord>,
        flats: &[(SeriesId, Vec<i64>)],
    ) -> Result<()> {
        let _one_at_a_time = self
            .committing
            .lock()
            .map_err(|_| Error::Catalog("another thread failed while committing".into()))?;
        let start = std::time::Instant::now();
        let snapshot = self.inner.snapshot()?;
        let txn = self.writer.catalog.write()?;
        let space = self.space.id;
        let mut removed = 0;
        for &piece in pieces {
            if let Some(series) = snapshot.series.get(&piece.series) {
                removed += remove_windows(&txn, &snapshot, space, series, piece)?;
            }
            txn.remove_pending(space, piece)?;
        }
        let mut flat = 0;
        for (series, ends) in flats {
            txn.put_flat(space, *series, ends)?;
            flat += ends.len() as u64;
        }
        if let Some(record) = record {
            txn.add_segment(space, id, record)?;
            self.counts.segments.fetch_add(1, Ordering::Relaxed);
            self.counts
                .embedded
                .fetch_add(u64::from(record.rows), Ordering::Relaxed);
        }
        self.inner.commit(self.writer, txn)?;
        self.counts.flat.fetch_add(flat, Ordering::Relaxed);
        self.counts.removed.fetch_add(removed, Ordering::Relaxed);
        self.stopwatch.add(Stage::Publish, start.elapsed());
        Ok(())
    }
}

/// How many rows each of the fewest segments of at most `most` rows gets.
fn even_size(rows: usize, most: usize) -> usize {
    rows.div_ceil(rows.div_ceil(most).max(1)).max(1)
}

/// The same windows as `pending`, sorted, with no window in two ranges.
pub(super) fn union(mut pending: Vec<Pending>) -> Vec<Pending> {
    pending.sort_unstable_by_key(|p| (p.series, p.first));
    let mut joined: Vec<Pending> = Vec::with_capacity(pending.len());
    for next in pending {
        match joined.last_mut() {
            Some(last) if last.series == next.series && next.first <= last.last => {
                last.last = last.last.max(next.last);
            }
            _ => joined.push(next),
        }
    }
    joined
}

/// Bars of a piece at most: a series is encoded in several, on several threads.
const PIECE: usize = 16_384;
/// Pieces that are encoded side by side, and whose vectors wait for one another in memory.
const PIECES_AT_ONCE: usize = 16;

/// Splits waiting windows, given with the open times of their bars, into chunks of `size` bars.
fn split(waiting: &[(Pending, Vec<i64>)], size: usize) -> Vec<Vec<Pending>> {
    let mut chunks = vec![Vec::new()];
    let mut room = size;
    for (pending, times) in waiting {
        let mut rest = times.as_slice();
        while let Some((&first, _)) = rest.split_first() {
            let (now, later) = rest.split_at(rest.len().min(room).min(PIECE));
            if let (Some(chunk), Some(&last)) = (chunks.last_mut(), now.last()) {
                chunk.push(Pending {
                    series: pending.series,
                    first,
                    last,
                });
            }
            room -= now.len();
            rest = later;
            if room == 0 {
                chunks.push(Vec::new());
                room = size;
            }
        }
    }
    chunks.retain(|chunk| !chunk.is_empty());
    chunks
}

/// Rows to be written into segments: sorted by series and end, and where their vectors are.
pub(super) struct SortedRows<'a> {
    pub(super) dim: usize,
    pub(super) keys: &'a [(SeriesId, i64)],
    pub(super) step_of: &'a (dyn Fn(SeriesId) -> i64 + Sync),
    /// Appends the vector of the row with that index in `keys`.
    pub(super) push: &'a (dyn Fn(&mut RowsBuilder, usize) -> Result<()> + Sync),
}

/// Writes rows into new segment files, which are not yet part of the database.
pub(super) fn write_sorted(
    inner: &Inner,
    writer: &Writer,
    sorted: &SortedRows<'_>,
    control: &Control,
    stopwatch: &Stopwatch,
) -> Result<Vec<(SegmentId, SegmentRecord)>> {
    let total = sorted.keys.len();
    let size = even_size(total, inner.files.sizes.segment_rows);
    let starts: Vec<usize> = (0..total).step_by(size).collect();
    let txn = writer.catalog.write()?;
    let ids: Vec<SegmentId> = starts
        .iter()
        .map(|_| txn.next_segment_id())
        .collect::<Result<_>>()?;
    txn.commit()?;
    let indexed = AtomicU64::new(0);
    let written: Result<_> = starts
        .into_par_iter()
        .zip(&ids)
        .with_max_len(1)
        .map(|(start, &id)| {
            let mut new = NewRows::new(sorted.dim)?;
            let keys = sorted.keys.iter().enumerate().skip(start).take(size);
            for (i, &(series, end)) in keys {
                (sorted.push)(&mut new.rows, i)?;
                new.directory.push(series, end, (sorted.step_of)(series));
            }
            let last = AtomicU64::new(0);
            let progress = |rows: u64| {
                let more = rows.saturating_sub(last.swap(rows, Ordering::Relaxed));
                let done = indexed.fetch_add(more, Ordering::Relaxed) + more;
                control.report(Stage::Index, done, total as u64)
            };
            let record = write_segment(&inner.files, id, &new, control, stopwatch, &progress)?;
            Ok((id, record))
        })
        .collect();
    if written.is_err() {
        // No transaction names those that were finished, and a full disk needs their room.
        let names: Vec<_> = ids.iter().map(|&id| SegmentRecord::file_name(id)).collect();
        inner.files.remove_segments(&names);
    }
    written
}

/// Seals fresh rows when there are many, and joins small segments when there are many.
pub(super) fn seal_when_due(
    inner: &Inner,
    writer: &Writer,
    control: &Control,
    stopwatch: &Stopwatch,
    report: &mut IngestReport,
) -> Result<()> {
    let sizes = &inner.files.sizes;
    for state in &inner.snapshot()?.spaces {
        let small = super::compact::crowded_tier(state, sizes);
        if state.fresh.len() >= sizes.fresh_rows || !small.is_empty() {
            let rewritten =
                super::compact::rewrite(inner, writer, state.id, &small, control, stopwatch)?;
            report.segments += rewritten.written;
        }
    }
    Ok(())
}
