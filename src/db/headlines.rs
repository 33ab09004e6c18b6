//! Headlines: storing them, embedding them, and finding those that are near a vector.

use rayon::prelude::*;
use serde::Serialize;

use super::aligned::Expressiveness;
use super::control::{Control, Stage};
use super::database::{Database, Inner, Writer};
use super::default_space::make_default_spaces_of_headlines;
use super::headline_part::{HeadlineScope, StoredHeadline};
use super::view::View;
use crate::encode::Weights;
use crate::error::{Error, Result};
use crate::index::{Query, RowsBuilder};
use crate::model::{Headline, Timestamp};
use crate::store::{CatalogUse, HeadlineReads, HeadlineRowReads, SpaceId};

/// Headlines that are embedded in one transaction.
const BATCH: usize = 8192;
/// Headlines that one thread encodes at a time.
const CHUNK: usize = 256;

/// What ingestion of headlines did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HeadlineReport {
    /// Headlines that were new.
    pub added: u64,
    /// Headlines that were stored with fewer symbols or another precision.
    pub replaced: u64,
    /// Headlines that were stored already.
    pub unchanged: u64,
    /// Headlines that were embedded, over all spaces with an encoder of text.
    pub embedded: u64,
}

/// A headline that is near a vector.
#[derive(Clone, Debug)]
pub struct HeadlineHit {
    /// 1 is the best.
    pub rank: usize,
    /// Cosine of the query and the stored vector, -1 to 1.
    pub score: f32,
    /// The headline.
    pub headline: Headline,
    /// When it was known: its publication, its precision and the latency of the question.
    pub known: Timestamp,
    /// How much it says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
    /// Where its vector is among those of the space.
    pub(super) row: u32,
}

/// Two hits are equal if they say the same, wherever their vectors are stored.
impl PartialEq for HeadlineHit {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
            && self.score == other.score
            && self.headline == other.headline
            && self.known == other.known
            && self.expressiveness == other.expressiveness
    }
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
            Ok(HeadlineReport {
                added: change.added,
                replaced: change.replaced,
                unchanged: change.unchanged,
                embedded: embed_headlines(&self.0, &writer, &Control::new())?,
            })
        })
    }
}

/// Embeds the headlines that wait, in every space with an encoder of text. Returns how many.
pub(super) fn embed_headlines(inner: &Inner, writer: &Writer, control: &Control) -> Result<u64> {
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

impl View {
    /// The `k` headlines known in this view whose vectors are nearest to `vector`, best first, in a
    /// space with an encoder of text. Every headline of the space is scored. Of equal scores the
    /// one known first comes first.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such space, [`Error::Invalid`] if the vector is not one of
    /// its dimension.
    pub fn headlines_like(
        &self,
        space: &str,
        vector: &[f32],
        k: usize,
    ) -> Result<Vec<HeadlineHit>> {
        self.look(|snapshot| {
            let state = snapshot.space(Some(space))?;
            if vector.len() != state.dim() {
                return Err(Error::invalid(format!(
                    "expected a vector of {} numbers for the space {space}, found {}",
                    state.dim(),
                    vector.len()
                )));
            }
            let part = state.headlines.part(snapshot, state)?;
            let scope = HeadlineScope {
                known_to: self.clamp(None).millis(),
                published: i64::MIN..=i64::MAX,
                among: None,
            };
            let (found, _) = part.nearest(&Query::new(vector)?, k, &scope)?;
            let bank = state.weights()?.and_then(Weights::bank);
            let mut hits = Vec::with_capacity(found.len());
            for scored in found {
                hits.push(part.hit(snapshot, hits.len() + 1, scored, (0, bank))?);
            }
            Ok(hits)
        })
    }
}
