use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::batch_store::{BatchStore, StoredBatch};
use super::check::check_bars;
use super::control::{Control, Stage, Stopwatch};
use super::database::{Inner, Writer};
use super::default_space::make_default_spaces;
use super::embed::Windows;
use super::embed_batch::{Embedded, embed_or_wait};
use super::headlines::embed_headlines;
use super::left_out::{FailedWindow, Failures, Unable, WaitingSpace};
use super::seal;
use super::snapshot::Snapshot;
use crate::encode::{ChartEncoder, Weights};
use crate::error::{Error, Result};
use crate::model::{Modality, SeriesBars, Space, Timestamp};
use crate::store::{
    BarReads, CatalogUse, Pending, RowReads, SeriesId, SeriesRecord, SpaceId, WeightReads, WriteTxn,
};

/// What ingestion of bars did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IngestReport {
    /// Series that were given.
    pub series: u64,
    /// Bars that were new.
    pub bars_added: u64,
    /// Bars that replaced a stored one of the same time.
    pub bars_replaced: u64,
    /// Bars that were stored already.
    pub bars_unchanged: u64,
    /// Bars that were made of others, changed or taken out, to keep made series in step with their
    /// sources.
    pub bars_made: u64,
    /// Windows that were embedded, over all spaces.
    pub windows_embedded: u64,
    /// Windows that have no embedding because they are flat.
    pub windows_flat: u64,
    /// Windows that have no embedding because the encoder of their space failed on them.
    pub windows_failed: u64,
    /// The first of those.
    pub failed_windows: Vec<FailedWindow>,
    /// Windows whose old embedding was taken out.
    pub windows_removed: u64,
    /// Spaces whose windows wait for an encoder. Their bars are stored.
    pub waiting_spaces: Vec<WaitingSpace>,
    /// Segments that were written.
    pub segments: u64,
    /// Headlines that were embedded, over all spaces with an encoder of text.
    pub headlines_embedded: u64,
    /// Time spent in each stage, summed over threads.
    #[serde(serialize_with = "stages_as_millis")]
    pub stages: Vec<(Stage, Duration)>,
}

fn stages_as_millis<S: serde::Serializer>(
    stages: &[(Stage, Duration)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(stages.iter().map(|(s, d)| (s, d.as_millis() as u64)))
}

impl IngestReport {
    pub(super) fn add(&mut self, embedded: Embedded) {
        self.windows_embedded += embedded.rows;
        self.windows_flat += embedded.flat;
        let mut failures = Failures {
            count: self.windows_failed,
            first: std::mem::take(&mut self.failed_windows),
        };
        failures.add(embedded.failures);
        self.windows_failed = failures.count;
        self.failed_windows = failures.first;
    }
}

/// A chart space while it is written to.
pub(super) struct ChartSpace {
    pub(super) id: SpaceId,
    pub(super) space: Space,
    /// Or why this program does not have it.
    pub(super) encoder: Result<Arc<dyn ChartEncoder>>,
}

impl ChartSpace {
    /// How the space takes windows.
    ///
    /// # Errors
    /// Why there is no encoder.
    pub(super) fn windows(&self) -> Result<Windows<'_>> {
        Ok(Windows {
            encoder: self.encoder.as_deref().map_err(Clone::clone)?,
            reach: self.space.reach(),
            hop: self.space.hop,
        })
    }

    pub(super) fn can_encode(&self) -> bool {
        self.encoder.is_ok()
    }

    /// The chart spaces of a catalog.
    pub(super) fn all(inner: &Inner, txn: &impl CatalogUse) -> Result<Vec<Self>> {
        Self::those(inner, txn, |_| Ok(true))
    }

    /// The chart spaces that have windows which wait.
    pub(super) fn waiting(inner: &Inner, txn: &impl CatalogUse) -> Result<Vec<Self>> {
        Self::those(inner, txn, |id| Ok(!txn.pending(id)?.is_empty()))
    }

    fn those(
        inner: &Inner,
        txn: &impl CatalogUse,
        wanted: impl Fn(SpaceId) -> Result<bool>,
    ) -> Result<Vec<Self>> {
        let mut charts = Vec::new();
        for (id, record) in txn.all_spaces()? {
            if record.space.encoder.modality == Modality::Chart && wanted(id)? {
                let encoder = inner.files.encoders.chart(&record.space.encoder, txn);
                // Damage is to be told; without an encoder windows wait.
                if let Err(e) = &encoder
                    && !matches!(e, Error::Invalid(_))
                {
                    return Err(e.clone());
                }
                charts.push(Self {
                    id,
                    encoder,
                    space: record.space,
                });
            }
        }
        Ok(charts)
    }
}

/// Bulk ingestion: batches of bars, then [`Ingest::finish`]. Each batch is one transaction. It is on
/// disk when [`Ingest::bars`] returns, unless [`crate::OpenOptions::sync_every`] lets several commits
/// share a sync: then it is on disk after the last of them, [`crate::Database::sync`], or closing the
/// database.
///
/// If it is dropped before `finish`, the bars of all batches are stored, and their windows wait:
/// the next ingestion, or [`crate::Database::compact`], makes them searchable.
pub struct Ingest<'a> {
    pub(super) inner: &'a Inner,
    control: Control,
    stopwatch: Stopwatch,
    report: IngestReport,
    /// Spaces whose windows wait for an encoder.
    unable: Vec<Unable>,
}

impl<'a> Ingest<'a> {
    pub(super) fn new(inner: &'a Inner, control: Control) -> Self {
        Self {
            inner,
            control,
            stopwatch: Stopwatch::default(),
            report: IngestReport::default(),
            unable: Vec::new(),
        }
    }

    /// Adds time that the caller spent on reading input to the report's stages.
    pub fn add_read_time(&self, time: Duration) {
        self.stopwatch.add(Stage::Read, time);
    }

    /// Stores a batch of bars in one transaction: all of it or nothing.
    ///
    /// # Errors
    /// As [`crate::Database::ingest_bars`].
    pub fn bars(&mut self, batch: &[SeriesBars]) -> Result<()> {
        for series in batch {
            check_bars(series)?;
        }
        let inner = self.inner;
        inner.change(|| self.store(batch))
    }

    fn store(&mut self, batch: &[SeriesBars]) -> Result<()> {
        let writer = self.inner.writer()?;
        let start = std::time::Instant::now();
        let txn = writer.catalog.write()?;
        let spaces = chart_spaces(self.inner, &txn)?;
        let mut store = BatchStore::new(self.inner, &txn, &spaces)?;
        for series in batch {
            store.merge(series)?;
        }
        store.follow()?;
        self.stopwatch.add(Stage::Store, start.elapsed());
        self.report.series += batch.len() as u64;
        let stored = store.done();
        self.commit(&writer, txn, stored)
    }

    /// Embeds what a batch made, or lets it wait, and commits all of it; nothing if nothing changed.
    pub(super) fn commit(
        &mut self,
        writer: &Writer,
        txn: WriteTxn,
        stored: StoredBatch<'_>,
    ) -> Result<()> {
        let report = stored.report;
        self.report.bars_unchanged += report.bars_unchanged;
        if report.bars_added + report.bars_replaced + stored.bars_made == 0 {
            return Ok(());
        }
        let states = &stored.snapshot.spaces;
        let fresh = states.iter().map(|s| s.fresh.len() as u64).max();
        let embedded = self.stopwatch.time(Stage::Embed, || {
            let rows = (stored.new_windows, fresh.unwrap_or(0));
            embed_or_wait(self.inner, (&txn, &stored.snapshot), &stored.touched, rows)
        })?;
        self.stopwatch
            .time(Stage::Store, || self.inner.commit(writer, txn))?;
        self.report.bars_added += report.bars_added;
        self.report.bars_replaced += report.bars_replaced;
        self.report.bars_made += stored.bars_made;
        self.report.windows_removed += report.windows_removed;
        self.report.add(embedded);
        Ok(())
    }

    /// Adds a chart space with the weights of its encoder; the windows of all stored bars wait for
    /// it. A space that is there already, the same to the last field, stays as it is; only weights
    /// that are missing or damaged are put back.
    ///
    /// Returns whether it was added now.
    pub(super) fn add_space(&mut self, space: &Space, weights: Option<&Weights>) -> Result<bool> {
        let writer = self.inner.writer()?;
        let txn = writer.catalog.write()?;
        let taken = txn.all_spaces()?;
        match taken.iter().find(|(_, s)| s.space.name == space.name) {
            None => {}
            Some((_, record)) if record.space == *space => {
                // Weights that were damaged are whole again with their file.
                if let Some(weights) = weights
                    && txn.weights(weights.hash())?.as_deref() != Some(weights.bytes())
                {
                    txn.put_weights(weights.hash(), weights.bytes())?;
                    self.inner.commit(&writer, txn)?;
                }
                return Ok(false);
            }
            Some((_, record)) => {
                return Err(Error::invalid(format!(
                    "there is a space {} already, of the encoder {} with W = {}, D = {}, hop = {} and the weights {:016x}; choose another name, or drop that space first",
                    space.name,
                    record.space.encoder.id,
                    record.space.encoder.window,
                    record.space.encoder.dim,
                    record.space.hop,
                    record.space.encoder.weights_hash
                )));
            }
        }
        if let Some(weights) = weights {
            txn.put_weights(weights.hash(), weights.bytes())?;
        }
        let id = txn.add_space(space)?;
        await_all(&txn, id)?;
        self.inner.commit(&writer, txn)?;
        Ok(true)
    }

    /// Makes all windows that wait searchable, and returns what was done since the start. Windows of
    /// spaces whose encoder is not known or fails go on waiting: see
    /// [`IngestReport::waiting_spaces`].
    ///
    /// # Errors
    /// [`Error::Interrupted`] if the work was asked to stop; what was done stays.
    pub fn finish(self) -> Result<IngestReport> {
        self.finish_of(None)
    }

    /// [`Self::finish`], for whom it is an error if the space of that name cannot be embedded.
    pub(super) fn finish_of(mut self, space: Option<&str>) -> Result<IngestReport> {
        let inner = self.inner;
        inner.change(|| self.make_searchable())?;
        if let Some(unable) = self.unable.iter().find(|u| Some(u.space.as_str()) == space) {
            return Err(unable.why.clone());
        }
        self.report.waiting_spaces = self.unable.iter().map(Unable::report).collect();
        self.report.stages = self.stopwatch.times();
        Ok(self.report)
    }

    fn make_searchable(&mut self) -> Result<()> {
        let writer = self.inner.writer()?;
        self.unable = seal::embed_pending(
            self.inner,
            &writer,
            &self.control,
            &self.stopwatch,
            &mut self.report,
        )?;
        seal::seal_when_due(
            self.inner,
            &writer,
            &self.control,
            &self.stopwatch,
            &mut self.report,
        )?;
        self.report.headlines_embedded = self.stopwatch.time(Stage::Embed, || {
            embed_headlines(self.inner, &writer, &self.control)
        })?;
        Ok(())
    }
}

/// All windows of all stored bars wait for the space.
pub(super) fn await_all(txn: &WriteTxn, space: SpaceId) -> Result<()> {
    for (series, _) in txn.all_series()? {
        if let Some(extent) = txn.bar_extent(series)? {
            let pending = Pending {
                series,
                first: extent.first,
                last: extent.last,
            };
            txn.add_pending(space, pending)?;
        }
    }
    Ok(())
}

/// The chart spaces of a database, which gets the default ones if it has none.
pub(super) fn chart_spaces(inner: &Inner, txn: &WriteTxn) -> Result<Vec<ChartSpace>> {
    make_default_spaces(&inner.files, txn)?;
    ChartSpace::all(inner, txn)
}

/// The windows that depend on bars which opened in `range` and changed, or were removed.
pub(super) fn touched_windows(
    txn: &WriteTxn,
    space: &ChartSpace,
    series: SeriesId,
    (first, last): (i64, i64),
) -> Result<Pending> {
    let reached = txn.nth_bar_after(series, last, space.space.reach() - 1)?;
    Ok(Pending {
        series,
        first,
        last: reached.unwrap_or(last),
    })
}

/// Takes out the rows of windows whose last bars open in the range of `windows`. Returns how many
/// were alive.
pub(super) fn remove_windows(
    txn: &WriteTxn,
    snapshot: &Snapshot,
    space: SpaceId,
    series: &SeriesRecord,
    windows: Pending,
) -> Result<u64> {
    let close = |open: i64| {
        let open = Timestamp::from_millis(open);
        series.key.interval.close_of(open).millis()
    };
    let (first, last) = (close(windows.first), close(windows.last));
    remove_rows(txn, snapshot, space, windows.series, first, last)
}

/// Takes out the rows of a series that end in `first..=last`. Returns how many were alive.
pub(super) fn remove_rows(
    txn: &WriteTxn,
    snapshot: &Snapshot,
    space: SpaceId,
    series: SeriesId,
    first: i64,
    last: i64,
) -> Result<u64> {
    let mut removed = txn.remove_unsealed(space, series, first, last)?;
    let Some(state) = snapshot.space_by_id(space) else {
        return Ok(removed);
    };
    for (segment, dead) in &state.segments {
        let directory = segment.directory()?;
        let Some(rows) = directory
            .of_series(series)
            .map(|r| r.ending_in(first, last))
        else {
            continue;
        };
        if !rows.is_empty() {
            txn.add_dead(segment.id, rows.clone())?;
            removed += crate::index::RowSet::from_ranges([rows])
                .subtract(dead)
                .len() as u64;
        }
    }
    Ok(removed)
}
