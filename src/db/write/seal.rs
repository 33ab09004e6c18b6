//! From windows that wait, and rows that are fresh, to segments.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::chart_space::ChartSpace;
use super::embed_batch::{Embedded, embed_fresh};
use super::ingest_report::IngestReport;
use super::new_segments::even_size;
use super::removal::remove_windows;
use super::two_at_once::two_at_once;
use crate::db::control::{Control, Stage, Stopwatch};
use crate::db::embed::EncodedWindows;
use crate::db::inner::{Inner, Writer};
use crate::db::left_out::{Failures, Unable};
use crate::db::segment::{NewRows, NewSegment, write_segment};
use crate::db::segment_sizes::two_fit;
use crate::db::snapshot::{Snapshot, step};
use crate::error::{Error, Result};
use crate::store::{
    BarReads, NotedChanges, Pending, ReadTxn, RowReads, SegmentId, SeriesId, SeriesRecord,
};

/// Makes all windows that wait searchable. Those of spaces whose encoder is not known or fails go on
/// waiting; returns these spaces.
pub(in crate::db) fn embed_pending(
    inner: &Inner,
    writer: &Writer,
    control: &Control,
    stopwatch: &Stopwatch,
    report: &mut IngestReport,
) -> Result<Vec<Unable>> {
    let mut unable = Vec::new();
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
        let done = match &space.encoder {
            Ok(_) => work.run(),
            Err(why) => Err(why.clone()),
        };
        work.counts.add_to(report);
        match done {
            Ok(()) => {}
            Err(why) if !space.can_encode() || matches!(why, Error::Encoder { .. }) => {
                unable.push(Unable {
                    why: why.at(|| format!("the space {}", space.space.name)),
                    space: space.space.name,
                    encoder: space.space.encoder.id,
                });
            }
            Err(other) => return Err(other),
        }
    }
    Ok(unable)
}

#[derive(Default)]
struct Counts {
    embedded: Mutex<Embedded>,
    removed: AtomicU64,
    segments: AtomicU64,
    /// For progress: windows encoded and rows indexed so far.
    encoded: AtomicU64,
    indexed: AtomicU64,
}

impl Counts {
    fn embedded(&self, more: Embedded) {
        let embedded = self.embedded.lock();
        embedded.unwrap_or_else(PoisonError::into_inner).add(more);
    }

    fn add_to(&self, report: &mut IngestReport) {
        let embedded = self.embedded.lock();
        let mut embedded = embedded.unwrap_or_else(PoisonError::into_inner);
        report.add(std::mem::take(&mut *embedded));
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
        let dim = self.space.space.encoder.dim as usize;
        let size = even_size(total, sizes.most_rows(dim));
        let chunks = split(&counted, size);
        drop((counted, txn));
        let ids = self.note_chunks(&chunks)?;
        let chunks: Vec<_> = chunks.into_iter().zip(ids).collect();
        two_at_once(&chunks, two_fit(size, dim), |(pieces, id)| {
            self.embed_chunk(pieces, *id, total as u64)
        })
        .map(drop)
    }

    /// Few windows become fresh rows.
    fn embed_few(&self, old: &ReadTxn, pieces: &[Pending]) -> Result<()> {
        let txn = self.writer.catalog.write()?;
        let snapshot = self.inner.snapshot()?;
        let (mut done, mut all_removed) = (Embedded::default(), 0);
        for &piece in pieces {
            if let Some(series) = snapshot.series.get(&piece.series) {
                let removed = remove_windows(&txn, &snapshot, self.space.id, series, piece)?;
                done.add(embed_fresh(&txn, self.space, series, piece)?);
                all_removed += removed;
            }
        }
        for pending in old.pending(self.space.id)? {
            txn.clear_pending(self.space.id, pending.series)?;
        }
        self.inner.commit(self.writer, txn)?;
        self.counts
            .removed
            .fetch_add(all_removed, Ordering::Relaxed);
        self.counts.embedded(done);
        Ok(())
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
        let ids = chunks.iter().map(|_| txn.next_segment_id());
        let ids = ids.collect::<Result<_>>()?;
        txn.commit()?; // Nothing of this is in a snapshot.
        Ok(ids)
    }

    fn embed_chunk(&self, pieces: &[Pending], id: SegmentId, total: u64) -> Result<()> {
        let txn = self.writer.catalog.read()?;
        let snapshot = self.inner.snapshot()?;
        let mut new = NewRows::new(self.space.space.encoder.dim as usize)?;
        let mut done = ChunkDone::default();
        for some in pieces.chunks(PIECES_AT_ONCE) {
            let encode = |piece: &Pending| self.encode(&txn, &snapshot, *piece, total);
            let encoded: Vec<_> = some.par_iter().map(encode).collect::<Result<_>>()?;
            for (piece, found) in some.iter().zip(encoded) {
                let Some((encoded, series)) = found else {
                    continue;
                };
                let step = step(series.key.interval, self.space.space.hop);
                for (end, vector) in encoded.defined() {
                    new.rows.push(vector)?;
                    done.rows.row(self.space.id, piece.series, end);
                    new.directory.push(piece.series, end, step);
                }
                done.note(&self.space.space.name, piece.series, series, encoded);
            }
        }
        drop(txn);
        if !new.rows.is_empty() {
            let last = AtomicU64::new(0);
            let progress = |rows: u64| {
                let more = rows.saturating_sub(last.swap(rows, Ordering::Relaxed));
                let done = self.counts.indexed.fetch_add(more, Ordering::Relaxed) + more;
                self.control.report(Stage::Index, done, total)
            };
            let files = &self.inner.files;
            let written = write_segment(files, id, &new, self.control, self.stopwatch, &progress)?;
            done.segment = Some(written);
        }
        self.commit_chunk(pieces, done)
    }

    /// Encodes a piece; `None` if its series is gone.
    fn encode<'s>(
        &self,
        txn: &ReadTxn,
        snapshot: &'s Snapshot,
        piece: Pending,
        total: u64,
    ) -> Result<Option<(EncodedWindows, &'s SeriesRecord)>> {
        let Some(series) = snapshot.series.get(&piece.series) else {
            return Ok(None);
        };
        let windows = self.space.windows()?;
        let encoded = self
            .stopwatch
            .time(Stage::Embed, || windows.encode(txn, series, piece))?;
        let n = encoded.ends.len() as u64;
        let done = self.counts.encoded.fetch_add(n, Ordering::Relaxed) + n;
        self.control.report(Stage::Embed, done, total)?;
        Ok(Some((encoded, series)))
    }

    fn commit_chunk(&self, pieces: &[Pending], mut done: ChunkDone<'_>) -> Result<()> {
        let _one_at_a_time = self
            .committing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
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
        for (series, ends) in &done.without_vector {
            txn.put_flat(space, *series, ends)?;
        }
        let segments = u64::from(done.segment.is_some());
        if let Some(new) = done.segment {
            done.embedded.rows += u64::from(new.record.rows);
            txn.add_segment(space, new.id, &new.record)?;
            txn.note_added(done.rows);
            new.keep();
        }
        self.inner.commit(self.writer, txn)?;
        self.counts.segments.fetch_add(segments, Ordering::Relaxed);
        self.counts.removed.fetch_add(removed, Ordering::Relaxed);
        self.counts.embedded(done.embedded);
        self.stopwatch.add(Stage::Publish, start.elapsed());
        Ok(())
    }
}

/// What became of the windows of a chunk.
#[derive(Default)]
struct ChunkDone<'a> {
    segment: Option<NewSegment<'a>>,
    /// The rows of the segment.
    rows: NotedChanges,
    without_vector: Vec<(SeriesId, Vec<i64>)>,
    /// Without the rows of the segment.
    embedded: Embedded,
}

impl ChunkDone<'_> {
    fn note(&mut self, space: &str, id: SeriesId, series: &SeriesRecord, encoded: EncodedWindows) {
        let without = encoded.without_vector();
        self.embedded.add(Embedded {
            rows: 0,
            flat: (without.len() - encoded.failed.len()) as u64,
            failures: Failures::of(space, &series.key, encoded.failed),
        });
        self.without_vector.push((id, without));
    }
}

/// The same windows as `pending`, sorted, with no window in two ranges.
pub(in crate::db) fn union(mut pending: Vec<Pending>) -> Vec<Pending> {
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
