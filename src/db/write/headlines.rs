//! Headlines: storing them, embedding them, and finding those that are near a vector.

use rayon::prelude::*;
use serde::Serialize;

use super::make_default_spaces::make_default_spaces_of_headlines;
use crate::db::control::{Control, Stage};
use crate::db::database::Database;
use crate::db::headline_part::StoredHeadline;
use crate::db::inner::{Inner, Writer};
use crate::encode::Weights;
use crate::error::{Error, Result};
use crate::index::RowsBuilder;
use crate::model::{Headline, Modality};
use crate::store::{CatalogUse, HeadlineReads, HeadlineRowReads, SpaceId};

/// Headlines that are embedded in one transaction.
const BATCH: usize = 8192;
/// Headlines that one thread encodes at a time.
const CHUNK: usize = 256;

/// What ingestion of headlines did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeadlineReport {
    /// Headlines that were new.
    pub added: u64,
    /// Headlines that were stored with fewer symbols or another precision.
    pub replaced: u64,
    /// Headlines that were stored already.
    pub unchanged: u64,
    /// Headlines that were embedded, over all spaces with an encoder of text.
    pub embedded: u64,
    /// New headlines that wait for a vector from outside, over all spaces into which vectors of headlines were
    /// imported: nobody finds them there before [`Database::import_headline_vectors`] brings one.
    pub without_vector: u64,
}

impl Database {
    /// Stores headlines in one transaction, then embeds them into the spaces that have an encoder of
    /// text; a database without bars and without any space of charts gets the default spaces first. If
    /// that is interrupted, the next ingestion or compaction goes on. A headline that is stored with the
    /// same time, source and text gets the new precision, and the new symbols beside those that it has;
    /// delete it to take symbols away.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a text is empty.
    pub fn ingest_headlines(&self, headlines: &[Headline]) -> Result<HeadlineReport> {
        if let Some(empty) = headlines.iter().find(|h| h.text.trim().is_empty()) {
            return Err(Error::invalid(format!(
                "expected headlines with a text, found an empty one at {}",
                empty.time
            )));
        }
        self.0.change(|| {
            let writer = self.0.writer()?;
            let txn = writer.catalog.write()?;
            let change = txn.merge_headlines(headlines)?;
            if change.added + change.replaced > 0 {
                make_default_spaces_of_headlines(&self.0.files, &txn)?;
                self.0.commit(&writer, txn)?;
            } else {
                drop(txn);
            }
            let spaces = spaces_of_imported_headlines(&writer)?;
            Ok(HeadlineReport {
                without_vector: change.added * spaces,
                added: change.added,
                replaced: change.replaced,
                unchanged: change.unchanged,
                embedded: embed_headlines(&self.0, &writer, &Control::new())?,
            })
        })
    }
}

/// How many spaces have vectors of headlines that were imported.
fn spaces_of_imported_headlines(writer: &Writer) -> Result<u64> {
    let txn = writer.catalog.read()?;
    let mut count = 0;
    for (id, record) in txn.all_spaces()? {
        let imported = record.space.encoder.modality == Modality::Imported;
        count += u64::from(imported && txn.headline_mark(id)? > 0);
    }
    Ok(count)
}

/// Embeds the headlines that wait, in every space with an encoder of text. Returns how many.
pub(in crate::db) fn embed_headlines(
    inner: &Inner,
    writer: &Writer,
    control: &Control,
) -> Result<u64> {
    let txn = writer.catalog.read()?;
    let mut embedded = 0;
    for (id, record) in txn.all_spaces()? {
        let kept = inner.files.encoders.kept(&record.space.encoder, &txn)?;
        if let Some(weights) = kept.filter(|w| w.config().text.is_some()) {
            embedded += embed_into(inner, writer, control, id, &weights)?;
        }
    }
    Ok(embedded)
}

fn embed_into(
    inner: &Inner,
    writer: &Writer,
    control: &Control,
    space: SpaceId,
    weights: &Weights,
) -> Result<u64> {
    let encoder = weights.text_encoder()?;
    let mut embedded = 0;
    loop {
        let txn = writer.catalog.read()?;
        let mark = txn.headline_mark(space)?;
        let batch = txn.headlines_after(mark, BATCH)?;
        let Some(&(last, _)) = batch.last() else {
            return Ok(embedded);
        };
        // Numbers count what was ever stored, so this is the most that there can be.
        control.report(Stage::Embed, mark, txn.last_headline_id()?.unwrap_or(last))?;
        drop(txn);
        let encoded: Vec<_> = batch
            .par_chunks(CHUNK)
            .map(|chunk| {
                let texts: Vec<&str> = chunk.iter().map(|(_, h)| h.text.as_str()).collect();
                encoder.encode_texts(&texts)
            })
            .collect::<Result<_>>()?;
        let mut builder = RowsBuilder::new(encoder.spec().dim as usize)?;
        let mut ids = Vec::new();
        for (chunk, rows) in batch.chunks(CHUNK).zip(&encoded) {
            for (i, &(id, _)) in chunk.iter().enumerate() {
                if let Some(vector) = rows.row(i) {
                    builder.push(vector)?;
                    ids.push(id);
                }
            }
        }
        let view = builder.view();
        let stored = ids.iter().enumerate();
        let rows: Vec<_> = stored
            .map(|(row, &id)| {
                let bytes = StoredHeadline::encode(&view, row as u32, weights.bank())?;
                Ok((id, bytes))
            })
            .collect::<Result<_>>()?;
        let txn = writer.catalog.write()?;
        txn.put_headline_rows(space, &rows, last)?;
        let known = batch.iter().map(|(_, h)| h.known_from().millis()).min();
        txn.note_changed_after(known.map_or(i64::MAX, |t| t.saturating_sub(1)));
        inner.commit(writer, txn)?;
        embedded += rows.len() as u64;
    }
}
