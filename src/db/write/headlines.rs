//! Headlines: storing them, embedding them, and finding those that are near a vector.

use rayon::prelude::*;
use serde::Serialize;

use super::embed_texts::{self, KnownTexts, is_of_encoder};
use super::make_default_spaces::make_default_spaces_of_headlines;
use crate::db::control::{Control, Stage};
use crate::db::database::Database;
use crate::db::inner::{Inner, Writer};
use crate::db::left_out::{Unable, WaitingSpace};
use crate::db::stored_headline::StoredHeadline;
use crate::encode::{TextEncoder, Weights};
use crate::error::{Error, Result, excerpt};
use crate::index::RowsBuilder;
use crate::model::{Headline, Modality};
use crate::store::{CatalogUse, HeadlineReads, HeadlineRowReads, SpaceId};

/// Headlines that are embedded in one transaction.
const BATCH: usize = 8192;
/// Headlines that one thread encodes at a time.
const CHUNK: usize = 256;

/// What ingestion of headlines did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
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
    /// Spaces whose encoder of text cannot be used or fails. Their headlines wait.
    pub waiting_spaces: Vec<WaitingSpace>,
}

impl Database {
    /// Stores headlines in one transaction, then embeds them into the spaces that have an encoder of
    /// text; a database without bars and without any space of charts gets the default spaces first. If
    /// that is interrupted, the next ingestion or compaction goes on. A headline that is stored with the
    /// same time, source and text gets the new precision, and the new symbols beside those that it has;
    /// delete it to take symbols away.
    ///
    /// A text of more than 8 KiB, like a report, stays one headline. It is split in passages of at most 2 KiB at
    /// the ends of sentences, and each has a vector and words of its own. Questions find the headline by its best
    /// passage, and once.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a text is empty, or has more than [`Headline::MAX_TEXT`] bytes.
    pub fn ingest_headlines(&self, headlines: &[Headline]) -> Result<HeadlineReport> {
        self.ingest_headlines_with(headlines, &Control::new())
    }

    /// [`Self::ingest_headlines`] with progress, which can be stopped: an encoder of text in an ONNX file takes
    /// milliseconds for each headline.
    ///
    /// # Errors
    /// As [`Self::ingest_headlines`]; [`Error::Interrupted`] if `control` was stopped. Then the headlines are stored, and
    /// the next ingestion or compaction goes on with their vectors.
    pub fn ingest_headlines_with(
        &self,
        headlines: &[Headline],
        control: &Control,
    ) -> Result<HeadlineReport> {
        if let Some(empty) = headlines.iter().find(|h| h.text.trim().is_empty()) {
            return Err(Error::invalid(format!(
                "expected headlines with a text, found an empty one at {}",
                empty.time
            )));
        }
        if let Some(long) = headlines.iter().find(|h| h.text.len() > Headline::MAX_TEXT) {
            return Err(Error::invalid(format!(
                "expected headlines with texts of at most {} bytes, found one of {} at {} that begins with {}; cut it in parts",
                Headline::MAX_TEXT,
                long.text.len(),
                long.time,
                excerpt(&long.text)
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
            let done = embed_headlines(&self.0, &writer, control)?;
            Ok(HeadlineReport {
                without_vector: change.added * spaces,
                added: change.added,
                replaced: change.replaced,
                unchanged: change.unchanged,
                embedded: done.embedded,
                waiting_spaces: done.unable.iter().map(Unable::report).collect(),
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

/// What became of headlines that waited.
#[derive(Default)]
pub(in crate::db) struct EmbeddedHeadlines {
    pub(in crate::db) embedded: u64,
    /// Spaces whose encoder cannot be used or fails: there the headlines go on waiting.
    pub(in crate::db) unable: Vec<Unable>,
}

/// Embeds the headlines that wait, in every space with an encoder of text.
pub(in crate::db) fn embed_headlines(
    inner: &Inner,
    writer: &Writer,
    control: &Control,
) -> Result<EmbeddedHeadlines> {
    let txn = writer.catalog.read()?;
    let mut done = EmbeddedHeadlines::default();
    let last = txn.last_headline_id()?.unwrap_or(0);
    for (id, record) in txn.all_spaces()? {
        // Where nothing waits, nobody reads the weights, which may be large.
        if txn.headline_mark(id)? >= last {
            continue;
        }
        let spec = &record.space.encoder;
        let kept = inner.files.encoders.kept(spec, &txn);
        let embedded = kept.and_then(|weights| match weights {
            Some(weights) if weights.config().reads_text() => {
                embed_into(inner, writer, control, id, &weights)
            }
            _ => Ok(0),
        });
        match embedded {
            Ok(embedded) => done.embedded += embedded,
            Err(why) if is_of_encoder(&why) => done.unable.push(Unable {
                space: record.space.name.clone(),
                encoder: spec.id.clone(),
                why,
            }),
            Err(other) => return Err(other),
        }
    }
    Ok(done)
}

fn embed_into(
    inner: &Inner,
    writer: &Writer,
    control: &Control,
    space: SpaceId,
    weights: &Weights,
) -> Result<u64> {
    let slow = weights.config().tower.is_some();
    let mut known = KnownTexts::default();
    let mut encoder = None;
    let mut embedded = 0;
    loop {
        let txn = writer.catalog.read()?;
        let mark = txn.headline_mark(space)?;
        let batch = txn.headlines_after(mark, if slow { embed_texts::BATCH } else { BATCH })?;
        let Some(&(last, _)) = batch.last() else {
            return Ok(embedded);
        };
        let encoder = match &encoder {
            Some(encoder) => encoder,
            // Only now: making one may take a second.
            None => encoder.insert(weights.text_encoder()?),
        };
        // Numbers count what was ever stored, so this is the most that there can be.
        control.report(Stage::Embed, mark, txn.last_headline_id()?.unwrap_or(last))?;
        let rows = match slow {
            true => known.rows(&batch, encoder.as_ref(), (&txn, space), control)?,
            false => {
                let of_chunks: Vec<Vec<_>> = batch
                    .par_chunks(CHUNK)
                    .map(|chunk| rows_of(chunk, encoder.as_ref(), weights))
                    .collect::<Result<_>>()?;
                of_chunks.into_iter().flatten().collect()
            }
        };
        drop(txn);
        let (dim, with_bank) = (encoder.spec().dim as usize, weights.bank().is_some());
        let split = rows
            .iter()
            .any(|(_, value)| StoredHeadline::is_split(value, dim, with_bank));
        let txn = writer.catalog.write()?;
        if split {
            txn.require_passages()?;
        }
        txn.put_headline_rows(space, &rows, last)?;
        let known_from = batch.iter().map(|(_, h)| h.known_from().millis()).min();
        txn.note_changed_after(known_from.map_or(i64::MAX, |t| t.saturating_sub(1)));
        inner.commit(writer, txn)?;
        embedded += rows.len() as u64;
    }
}

/// The values of headlines with a vector, each beside its number.
fn rows_of(
    headlines: &[(u64, Headline)],
    encoder: &dyn TextEncoder,
    weights: &Weights,
) -> Result<Vec<(u64, Vec<u8>)>> {
    let mut texts: Vec<&str> = Vec::with_capacity(headlines.len());
    let mut passages = Vec::with_capacity(headlines.len());
    for (_, headline) in headlines {
        let of_this = headline.split();
        for passage in &of_this {
            texts.push(headline.part(*passage).unwrap_or_default());
        }
        passages.push(of_this);
    }
    let vectors = encoder.encode_texts(&texts)?;
    let mut builder = RowsBuilder::new(encoder.spec().dim as usize)?;
    let mut row_of_text = Vec::with_capacity(texts.len());
    for i in 0..texts.len() {
        let vector = vectors.row(i);
        row_of_text.push(vector.map(|_| builder.len() as u32));
        if let Some(vector) = vector {
            builder.push(vector)?;
        }
    }
    let (view, mut row_of_text) = (builder.view(), row_of_text.into_iter());
    let mut values = Vec::with_capacity(headlines.len());
    for ((id, _), passages) in headlines.iter().zip(passages) {
        let mut rows = Vec::with_capacity(passages.len());
        for (passage, row) in passages.into_iter().zip(&mut row_of_text) {
            if let Some(row) = row {
                let bytes = StoredHeadline::encode(&view, row, weights.bank())?;
                rows.push((passage, bytes));
            }
        }
        values.extend(StoredHeadline::value(rows.into_iter()).map(|value| (*id, value)));
    }
    Ok(values)
}
