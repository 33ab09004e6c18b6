//! Making and dropping spaces.

use std::sync::Arc;

use serde::Serialize;

use super::control::Control;
use super::database::{Database, Inner};
use super::ingest::IngestReport;
use crate::encode::{ChartEncoder, Weights};
use crate::error::{Error, Result};
use crate::model::Space;
use crate::store::{CatalogUse, HeadlineRowReads, RowReads, SegmentRecord, WeightReads};

/// What dropping a space gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DropReport {
    /// Rows that could be found.
    pub rows: u64,
    /// Headlines that had a vector.
    pub headline_rows: u64,
    /// Segment files.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the encoder's weights, if no other space has the same.
    pub weights_bytes: u64,
}

impl Database {
    /// Adds a space for charts and embeds the windows of all stored bars into it. If a space of
    /// that name, encoder and hop is there, its windows that wait are embedded: so an interrupted
    /// call is taken up again.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name is taken by another space.
    pub fn create_space(
        &self,
        name: &str,
        encoder: &Arc<dyn ChartEncoder>,
        hop: u32,
        control: Control,
    ) -> Result<IngestReport> {
        let space = Space::new(name, encoder.spec().clone(), hop)?;
        let snapshot = self.0.snapshot()?;
        let known = self.0.files.encoders.chart(&space.encoder, &*snapshot.txn);
        if known.is_err() {
            return Err(Error::invalid(format!(
                "the encoder {} is not known to this database; give it to OpenOptions::encoder, or make the space of its weights",
                space.encoder.id
            )));
        }
        drop(snapshot);
        let mut ingest = self.ingest(control);
        self.0.change(|| ingest.add_space(&space, None))?;
        ingest.finish()
    }

    /// Adds a space for charts whose encoder has weights, keeps the weights in the database, and
    /// embeds the windows of all stored bars and, if the weights hold an encoder of text, all stored
    /// headlines; later ones are embedded as they come. It goes on where an interrupted call stopped, as
    /// [`Self::create_space`] does. Other weights are another space, beside the old one.
    ///
    /// ```
    /// use rhymedb::{ChartConfig, Control, Database, Weights, WeightsConfig};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// // Trained weights come from a file: Weights::read("weights.safetensors").
    /// let config = WeightsConfig::chart("cnn/1", ChartConfig::cnn());
    /// let weights = Weights::random(&config, 7)?;
    /// db.create_space_of_weights("cnn", &weights, 1, Control::new())?;
    /// assert_eq!(db.now().spaces()?[0].space.encoder.weights_hash, weights.hash());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the weights have no encoder of charts, or if the name is taken by
    /// another space.
    pub fn create_space_of_weights(
        &self,
        name: &str,
        weights: &Weights,
        hop: u32,
        control: Control,
    ) -> Result<IngestReport> {
        let encoder = weights.chart_encoder()?;
        let space = Space::new(name, encoder.spec().clone(), hop)?;
        let mut ingest = self.ingest(control);
        self.0.change(|| ingest.add_space(&space, Some(weights)))?;
        ingest.finish()
    }

    /// Drops a space with its rows, its segment files and, if no other space has the same, its
    /// weights. Views that are open keep it. Bars stay; if it was the last space of charts, the
    /// next ingestion makes the default ones.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such space.
    pub fn drop_space(&self, name: &str) -> Result<DropReport> {
        self.0.change(|| drop_space(&self.0, name))
    }
}

fn drop_space(inner: &Inner, name: &str) -> Result<DropReport> {
    let writer = inner.writer()?;
    let snapshot = inner.snapshot()?;
    let state = snapshot.space(Some(name))?;
    let mut report = DropReport {
        rows: state.live_rows(),
        headline_rows: snapshot.txn.headline_row_count(state.id)?,
        ..DropReport::default()
    };
    let txn = writer.catalog.write()?;
    let mut files = Vec::new();
    for (id, record) in txn.segments(state.id)? {
        report.segments += 1;
        report.bytes += record.len;
        files.push(SegmentRecord::file_name(id));
    }
    txn.remove_space(state.id)?;
    let hash = state.space().encoder.weights_hash;
    let others = txn.all_spaces()?;
    if !others
        .iter()
        .any(|(_, s)| s.space.encoder.weights_hash == hash)
        && let Some(weights) = txn.weights(hash)?
    {
        report.weights_bytes = weights.len() as u64;
        txn.remove_weights(hash)?;
    }
    inner.commit(&writer, txn)?;
    inner.files.remove_segments(&files);
    Ok(report)
}
