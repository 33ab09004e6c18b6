//! Making, replacing and dropping spaces.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use serde::Serialize;

use super::ingest_report::IngestReport;
use crate::db::control::{Control, Stage};
use crate::db::database::Database;
use crate::db::inner::Inner;
use crate::db::snapshot::SpaceState;
use crate::encode::{ChartEncoder, Weights, check_chart_encoder_watched};
use crate::error::{Error, Result};
use crate::model::{EncoderSpec, Modality, Space};
use crate::store::{CatalogUse, HeadlineRowReads, RowReads, SegmentRecord, WeightReads, WriteTxn};

/// Any will do; the same one says the same of a file every time.
const CONFORMANCE_SEED: u64 = 1;

/// What dropping a space gave back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
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
    /// call is taken up again. Windows on which the encoder fails are left out and reported
    /// ([`IngestReport::failed_windows`]).
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name is taken by another space, [`Error::Encoder`] if the encoder
    /// fails on more windows than it encodes. After any error but [`Error::Interrupted`] the space
    /// that this call made is gone again.
    pub fn create_space(
        &self,
        name: &str,
        encoder: &Arc<dyn ChartEncoder>,
        hop: u32,
        control: Control,
    ) -> Result<IngestReport> {
        let space = Space::new(name, encoder.spec().clone(), hop)?;
        self.check_known(&space)?;
        self.make_space(&space, None, control)
    }

    /// Puts a new version of an encoder in the place of a space: embeds the windows of all stored bars
    /// with `encoder`, taken at every `hop`-th bar, and then, in one commit, gives the new vectors the
    /// name. Until then the old ones answer, and views that are open keep them. The specs may be equal:
    /// an encoder that was corrected without a new name needs this as well. The prototypes of the old
    /// space go with it, and so do its vectors of headlines and its weights.
    ///
    /// Until the commit the new vectors are in a space of the name `NAME.next`. An interrupted call is
    /// taken up again by the same call; [`Self::drop_space`] gives it up.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no space of charts of that name, and as
    /// [`Self::create_space`]: then the old space stays as it was.
    pub fn replace_space(
        &self,
        name: &str,
        encoder: &Arc<dyn ChartEncoder>,
        hop: u32,
        control: Control,
    ) -> Result<IngestReport> {
        let next = Space::new(&format!("{name}.next"), encoder.spec().clone(), hop)?;
        self.check_known(&next)?;
        let charts = |modality| modality == Modality::Chart;
        if !charts(
            self.0
                .snapshot()?
                .space(Some(name))?
                .space()
                .encoder
                .modality,
        ) {
            return Err(Error::invalid(format!(
                "expected a space of charts, found {name}, which holds vectors that no encoder made; import others instead"
            )));
        }
        let report = self.make_space(&next, None, control)?;
        self.0.change(|| switch(&self.0, name, &next))?;
        Ok(report)
    }

    /// Checks that the database has the encoder of a space.
    fn check_known(&self, space: &Space) -> Result<()> {
        let snapshot = self.0.snapshot()?;
        match self.0.files.encoders.chart(&space.encoder, &*snapshot.txn) {
            Ok(_) => Ok(()),
            Err(Error::Invalid(why)) => Err(Error::invalid(format!(
                "the encoder {} is not known to this database: {why}; or make the space of its weights",
                space.encoder.id
            ))),
            Err(other) => Err(other),
        }
    }

    /// Makes a space or goes on with it. If that fails or panics, nothing is left of a space that was
    /// not there before.
    fn make_space(
        &self,
        space: &Space,
        weights: Option<&Weights>,
        control: Control,
    ) -> Result<IngestReport> {
        let mut ingest = self.ingest(control);
        let made = self.0.change(|| ingest.add_space(space, weights))?;
        let embed = AssertUnwindSafe(|| ingest.finish_of(Some(&space.name)));
        let done = catch_unwind(embed);
        let stays = matches!(done, Ok(Ok(_) | Err(Error::Interrupted)));
        if made && !stays {
            // What went wrong first is told. A disk that refuses this too keeps the space, and the
            // same call goes on with it.
            let _ = self.drop_space(&space.name);
        }
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Adds a space for charts whose encoder has weights, keeps the weights in the database, and
    /// embeds the windows of all stored bars and, if the weights hold an encoder of text, all stored
    /// headlines; later ones are embedded as they come. It goes on where an interrupted call stopped, as
    /// [`Self::create_space`] does. Other weights are another space, beside the old one.
    ///
    /// ```
    /// use rhymedb::{Control, Database};
    /// use rhymedb::encode::{ChartConfig, Weights, WeightsConfig};
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
    /// Weights of an encoder of text alone ([`Weights::read_onnx_text`]) make a space of headlines, where `hop` says
    /// nothing. It answers questions in words, and about headlines.
    ///
    /// Networks of ONNX files, which may be anything, are held to [`check_chart_encoder`] first; that is
    /// [`Stage::Try`], and stops where `control` says so.
    ///
    /// [`check_chart_encoder`]: crate::encode::check_chart_encoder
    ///
    /// # Errors
    /// [`Error::Invalid`] if the weights have no encoder of charts, if the name is taken by
    /// another space, or if a network of an ONNX file breaks a rule of [`check_chart_encoder`].
    pub fn create_space_of_weights(
        &self,
        name: &str,
        weights: &Weights,
        hop: u32,
        control: Control,
    ) -> Result<IngestReport> {
        if let Some(spec) = weights.tower_spec() {
            return self.create_space_of_texts(name, weights, spec, control);
        }
        let encoder = weights.chart_encoder()?;
        let space = Space::new(name, encoder.spec().clone(), hop)?;
        let kept = self.0.snapshot()?.txn.has_weights(weights.hash())?;
        if weights.config().onnx.is_some() && !kept {
            let look = |done, total| control.report(Stage::Try, done, total);
            check_chart_encoder_watched(encoder.as_ref(), CONFORMANCE_SEED, &look)?;
        }
        self.make_space(&space, Some(weights), control)
    }

    /// Makes a space of headlines alone, of weights that have nothing but an encoder of text.
    fn create_space_of_texts(
        &self,
        name: &str,
        weights: &Weights,
        spec: &EncoderSpec,
        control: Control,
    ) -> Result<IngestReport> {
        if [Self::DEFAULT_SPACE, Self::TEXT_SPACE].contains(&name) {
            return Err(Error::invalid(format!(
                "the space {name} is one of charts; choose another name for a space of headlines"
            )));
        }
        let space = Space::new(name, spec.clone(), 1)?;
        weights.try_text()?;
        self.make_space(&space, Some(weights), control)
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
    let files = remove(&txn, state, &mut report)?;
    inner.commit(&writer, txn)?;
    inner.files.remove_segments(&files);
    Ok(report)
}

/// Takes a space out, with its weights if no other space has the same. Returns the names of its
/// segment files.
fn remove(txn: &WriteTxn, state: &SpaceState, report: &mut DropReport) -> Result<Vec<String>> {
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
    Ok(files)
}

/// Gives the space `next` the name of another one, which goes. One commit.
fn switch(inner: &Inner, name: &str, next: &Space) -> Result<()> {
    let writer = inner.writer()?;
    let snapshot = inner.snapshot()?;
    let old = snapshot.space(Some(name))?;
    let new = snapshot.space(Some(&next.name))?;
    let txn = writer.catalog.write()?;
    let files = remove(&txn, old, &mut DropReport::default())?;
    txn.rename_space(new.id, name)?;
    inner.commit(&writer, txn)?;
    inner.files.remove_segments(&files);
    Ok(())
}
