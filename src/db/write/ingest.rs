use std::time::Duration;

use super::batch_store::{BatchStore, StoredBatch};
use super::chart_space::{ChartSpace, await_all};
use super::check::check_bars;
use super::compact::seal_when_due;
use super::embed_batch::embed_or_wait;
use super::headlines::embed_headlines;
use super::ingest_report::IngestReport;
use super::make_default_spaces::make_default_spaces;
use super::seal;
use crate::db::control::{Control, Stage, Stopwatch};
use crate::db::database::Database;
use crate::db::inner::{Inner, Writer};
use crate::db::left_out::Unable;
use crate::encode::Weights;
use crate::error::{Error, Result};
use crate::model::{Modality, SeriesBars, Space};
use crate::store::{CatalogUse, WeightReads, WriteTxn};

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
    /// Whether the bars correct what files said, which stay as read as they are.
    pub(super) corrects: bool,
}

impl Database {
    /// Stores bars and makes their windows searchable. The same bars again change nothing; bars
    /// of a stored time replace it; earlier and later ones are added. Either all of it is stored
    /// or nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] if bars are not ascending in time, cannot have happened
    /// ([`crate::Bar::check`]), or, in a market that never closes, are closer than the interval.
    pub fn ingest_bars(&self, series: &[SeriesBars]) -> Result<IngestReport> {
        let mut ingest = self.ingest(Control::new());
        ingest.bars(series)?;
        ingest.finish()
    }

    /// Starts bulk ingestion: many batches of bars, then one pass that makes all their windows
    /// searchable. It uses rayon's threads while it holds the right to write, so do not write from
    /// inside rayon tasks of your own: one could wait for itself.
    pub fn ingest(&self, control: Control) -> Ingest<'_> {
        Ingest::new(&self.0, control)
    }
}

impl<'a> Ingest<'a> {
    pub(in crate::db) fn new(inner: &'a Inner, control: Control) -> Self {
        Self {
            inner,
            control,
            stopwatch: Stopwatch::default(),
            report: IngestReport::default(),
            unable: Vec::new(),
            corrects: false,
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
        store.forgets_files = !self.corrects;
        for series in batch {
            store.merge(series)?;
        }
        store.follow()?;
        self.stopwatch.add(Stage::Store, start.elapsed());
        self.report.series += batch.len() as u64;
        let stored = store.done()?;
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

    /// Adds a space with the weights of its encoder; if it is one of charts, the windows of all stored bars wait for
    /// it. A space that is there already, the same to the last field, stays as it is; only weights
    /// that are missing or damaged are put back.
    ///
    /// Returns whether it was added now.
    pub(in crate::db) fn add_space(
        &mut self,
        space: &Space,
        weights: Option<&Weights>,
    ) -> Result<bool> {
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
        if space.encoder.modality == Modality::Chart {
            await_all(&txn, id)?;
        }
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
    pub(in crate::db) fn finish_of(mut self, space: Option<&str>) -> Result<IngestReport> {
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
        seal_when_due(
            self.inner,
            &writer,
            &self.control,
            &self.stopwatch,
            &mut self.report,
        )?;
        let headlines = self.stopwatch.time(Stage::Embed, || {
            embed_headlines(self.inner, &writer, &self.control)
        })?;
        self.report.headlines_embedded = headlines.embedded;
        // One that waits for both is named once.
        for unable in headlines.unable {
            if self.unable.iter().all(|u| u.space != unable.space) {
                self.unable.push(unable);
            }
        }
        Ok(())
    }
}

/// The chart spaces of a database, which gets the default ones if it has none.
pub(super) fn chart_spaces(inner: &Inner, txn: &WriteTxn) -> Result<Vec<ChartSpace>> {
    make_default_spaces(&inner.files, txn)?;
    ChartSpace::all(inner, txn)
}
