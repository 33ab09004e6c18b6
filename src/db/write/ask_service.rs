//! Vectors of headlines from a service of embeddings, each text asked for once.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::imported_space::{check_vector, imported_space};
use crate::db::control::{Control, Stage};
use crate::db::database::Database;
use crate::db::stored_headline::StoredHeadline;
use crate::db::text_models::{check_same, is_same, probe};
use crate::error::{Error, Result};
use crate::index::RowsBuilder;
use crate::model::{Headline, Modality, Passage, TextModel, TextService};
use crate::store::{
    CatalogUse, HeadlineReads, HeadlineRowReads, ModelId, SpaceId, TextModelReads, TextModelRecord,
    WriteTxn, text_hash,
};

/// Headlines that are looked at, asked for and committed together; fewer where some are split in passages.
const BATCH: usize = 256;

/// What [`Database::embed_headlines`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeadlineEmbedReport {
    /// Headlines that have a vector in the space since.
    pub embedded: u64,
    /// Texts that the service was asked for; of a long headline each passage is one.
    pub asked: u64,
    /// Headlines whose vectors were kept from before, or whose texts came twice.
    pub kept: u64,
    /// Numbers of a vector.
    pub dim: u32,
}

impl Database {
    /// Embeds the headlines that have no vector in a space by the model of a service, in batches that are
    /// committed one by one: an interrupted call is taken up by the same call. The vector of a text is kept, so
    /// that nobody pays for the same text twice, whatever becomes of the headline or the space; see
    /// [`Self::forget_text_vectors`].
    ///
    /// A space that is not there is made, as one of imported vectors, so that vectors of charts by the same model
    /// can be imported beside those of headlines. To ask it in words, give the service to
    /// [`crate::OpenOptions::text_service`].
    ///
    /// The service is asked for the vector of a known text first. That tells another model that answers under the
    /// name, and a service that is not there, before anything is stored.
    ///
    /// ```
    /// use rhymedb::encode::{TextModel, TextService};
    /// use rhymedb::{Control, Database, Result};
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// /// Counts letters. `rhymedb::embeddings::HttpEmbeddings` asks real ones.
    /// struct Letters;
    /// impl TextService for Letters {
    ///     fn vectors(&self, _: &TextModel, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
    ///         let count = |text: &str, of| text.chars().filter(|c| *c == of).count() as f32 + 0.1;
    ///         Ok(texts.iter().map(|t| vec![count(t, 'a'), count(t, 'e'), count(t, 's')]).collect())
    ///     }
    /// }
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_headlines(&SyntheticMarket::new(SyntheticConfig::small(1))?.headlines()[..20])?;
    /// let report = db.embed_headlines("letters", &Letters, &TextModel::new("letters"), &Control::new())?;
    /// assert_eq!((report.embedded, report.dim), (20, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no headlines, if the space has an encoder or vectors of headlines of another
    /// model or dimension, or if the model is another one than it was; those of the service; [`Error::Interrupted`].
    pub fn embed_headlines(
        &self,
        space: &str,
        service: &dyn TextService,
        model: &TextModel,
        control: &Control,
    ) -> Result<HeadlineEmbedReport> {
        let snapshot = self.0.snapshot()?;
        let total = snapshot.txn.headline_count()?;
        if total == 0 {
            return Err(Error::invalid(
                "expected stored headlines, found none; bring some in with `rhyme ingest headlines FILE`",
            ));
        }
        drop(snapshot);
        self.0.change(|| {
            // A folder that is only read is said before anybody pays.
            drop(self.0.writer()?);
            let mut asking = Asking {
                db: self,
                service,
                record: TextModelRecord {
                    model: model.clone(),
                    probe: probe(service, model)?,
                },
                report: HeadlineEmbedReport::default(),
            };
            asking.report.dim = asking.record.dim() as u32;
            asking.check_space(space)?;
            let (mut last, mut seen) = (0, 0);
            loop {
                control.report(Stage::Embed, seen, total)?;
                let batch = asking.next(space, last)?;
                let Some(&(highest, _)) = batch.looked_at.last() else {
                    return Ok(asking.report);
                };
                seen += batch.looked_at.len() as u64;
                last = highest;
                if !batch.wanted.is_empty() {
                    asking.embed(space, &batch)?;
                }
            }
        })
    }

    /// Forgets the vectors of texts that services were asked for, and returns how many there were. The spaces keep
    /// theirs; a text that is asked for again is paid for again.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn forget_text_vectors(&self) -> Result<u64> {
        self.0.change(|| {
            let writer = self.0.writer()?;
            let txn = writer.catalog.write()?;
            let count = txn.clear_text_vectors()?;
            self.0.commit(&writer, txn)?;
            Ok(count)
        })
    }
}

/// Some headlines, by number.
#[derive(Default)]
struct Batch {
    looked_at: Vec<(u64, Headline)>,
    /// Which of them have no vector yet.
    wanted: Vec<usize>,
}

impl Batch {
    fn headlines(&self) -> impl Iterator<Item = (u64, &Headline)> {
        let of = |&i: &usize| self.looked_at.get(i).map(|(id, headline)| (*id, headline));
        self.wanted.iter().filter_map(of)
    }
}

/// The texts of a batch, by their hashes.
#[derive(Default)]
struct Texts<'b> {
    /// Their vectors, of those that were asked for before.
    kept: BTreeMap<u128, Vec<u8>>,
    missing: BTreeMap<u128, &'b str>,
}

/// What of a headline is asked for: the text, or each of its passages.
fn parts(headline: &Headline) -> impl Iterator<Item = (Option<Passage>, &str)> {
    let passages = headline.split().into_iter();
    passages.filter_map(|passage| Some((passage, headline.part(passage)?)))
}

struct Asking<'a> {
    db: &'a Database,
    service: &'a dyn TextService,
    record: TextModelRecord,
    report: HeadlineEmbedReport,
}

impl Asking<'_> {
    /// Refuses a space that cannot take the vectors, before they are paid for.
    fn check_space(&self, space: &str) -> Result<()> {
        let writer = self.db.0.writer()?;
        let txn = writer.catalog.write()?;
        // Nothing of it is committed.
        self.space_and_model(&txn, space).map(drop)
    }

    /// The space and the number of the model; both are made where they are not there.
    fn space_and_model(&self, txn: &WriteTxn, space: &str) -> Result<(SpaceId, ModelId)> {
        let known = txn.all_spaces()?;
        let known = known.iter().find(|(_, s)| s.space.name == space);
        if let Some((id, record)) = known {
            let had = txn.space_model(*id)?;
            if let Some((model, had)) = had {
                if had.model != self.record.model {
                    return Err(Error::invalid(format!(
                        "the space {space} holds headlines as the model {} with {} numbers read them, and these are of {}; choose another name",
                        had.model.name,
                        had.dim(),
                        self.record.model.name
                    )));
                }
                check_same(space, &had, &self.record.probe)?;
                return Ok((*id, model));
            }
            let imported = record.space.encoder.modality == Modality::Imported;
            if !imported || txn.headline_mark(*id)? > 0 {
                return Err(Error::invalid(format!(
                    "the space {space} has vectors of headlines that the model {} did not make, or an encoder; choose another name",
                    self.record.model.name
                )));
            }
        }
        let id = imported_space(txn, space, self.report.dim, None)?;
        let model = match self.known_model(txn)? {
            Some(model) => model,
            None => txn.add_text_model(&self.record)?,
        };
        txn.put_space_model(id, model)?;
        Ok((id, model))
    }

    /// The number of the model, if the catalog knows it.
    fn known_model(&self, txn: &impl TextModelReads) -> Result<Option<ModelId>> {
        let models = txn.text_models()?.into_iter();
        let mut same = models.filter(|(_, known)| {
            known.model == self.record.model && is_same(known, &self.record.probe)
        });
        Ok(same.next().map(|(id, _)| id))
    }

    /// The headlines whose numbers follow `last`.
    fn next(&self, space: &str, last: u64) -> Result<Batch> {
        let snapshot = self.db.0.snapshot()?;
        let mut looked_at = snapshot.txn.headlines_after(last, BATCH)?;
        let mut texts = 0;
        let fit = looked_at.iter().take_while(|(_, headline)| {
            let before = texts;
            texts += headline.split().len();
            before == 0 || texts <= BATCH
        });
        let fit = fit.count();
        looked_at.truncate(fit);
        let state = snapshot.spaces.iter().find(|s| s.space().name == space);
        let mut batch = Batch {
            looked_at,
            wanted: Vec::new(),
        };
        for (i, (id, _)) in batch.looked_at.iter().enumerate() {
            let has = match state {
                Some(state) => snapshot.txn.has_headline_row(state.id, *id)?,
                None => false,
            };
            if !has {
                batch.wanted.push(i);
            }
        }
        Ok(batch)
    }

    /// Embeds the headlines of a batch: by the vectors that are kept, and by the service.
    fn embed(&mut self, space: &str, batch: &Batch) -> Result<()> {
        let Texts { kept, missing } = self.kept(batch)?;
        let texts: Vec<&str> = missing.values().copied().collect();
        let vectors = match texts.as_slice() {
            [] => Vec::new(),
            texts => self.service.vectors(&self.record.model, texts)?,
        };
        if vectors.len() != texts.len() {
            return Err(Error::Remote(format!(
                "expected {} vectors of {} texts from the model {}, found {}",
                texts.len(),
                texts.len(),
                self.record.model.name,
                vectors.len()
            )));
        }
        let mut rows = RowsBuilder::new(self.record.dim())?;
        for (vector, text) in vectors.iter().zip(&texts) {
            check_vector(vector, self.record.dim(), || {
                format!("the vector of {text:?}")
            })?;
            rows.push(vector)?;
        }
        let view = rows.view();
        let mut of_text = kept;
        for (&hash, row) in missing.keys().zip(0..) {
            of_text.insert(hash, StoredHeadline::encode(&view, row, None)?);
        }
        self.store(space, batch, &of_text, &missing)?;
        self.report.asked += texts.len() as u64;
        Ok(())
    }

    /// The vectors of a batch that are kept, and the texts that are to be asked for, by their hashes.
    fn kept<'b>(&self, batch: &'b Batch) -> Result<Texts<'b>> {
        let txn = &self.db.0.snapshot()?.txn;
        let model = self.known_model(&**txn)?;
        let mut texts = Texts::default();
        for (_, text) in batch.headlines().flat_map(|(_, h)| parts(h)) {
            let hash = text_hash(text);
            let vector = match model {
                Some(model) => txn.text_vector(model, hash)?,
                None => None,
            };
            match vector {
                Some(vector) => drop(texts.kept.insert(hash, vector)),
                None => drop(texts.missing.insert(hash, text)),
            }
        }
        Ok(texts)
    }

    fn store(
        &mut self,
        space: &str,
        batch: &Batch,
        of_text: &BTreeMap<u128, Vec<u8>>,
        paid: &BTreeMap<u128, &str>,
    ) -> Result<()> {
        let writer = self.db.0.writer()?;
        let txn = writer.catalog.write()?;
        let (id, model) = self.space_and_model(&txn, space)?;
        let mut rows = BTreeMap::new();
        let mut first_known = i64::MAX;
        let (mut kept, mut unused, mut split) = (0, BTreeSet::from_iter(paid.keys()), false);
        for (number, headline) in batch.headlines() {
            // Somebody may have deleted it meanwhile.
            if txn.headline_id_of(headline)? != Some(number) {
                continue;
            }
            let mut of_headline = Vec::new();
            let mut is_new = false;
            for (passage, text) in parts(headline) {
                let hash = text_hash(text);
                is_new |= unused.remove(&hash);
                of_headline.extend(of_text.get(&hash).map(|row| (passage, row.clone())));
            }
            split |= of_headline.iter().any(|(passage, _)| passage.is_some());
            if let Some(value) = StoredHeadline::value(of_headline.into_iter()) {
                rows.insert(number, value);
                kept += u64::from(!is_new);
                first_known = first_known.min(headline.known_from().millis());
            }
        }
        let vectors = paid
            .keys()
            .filter_map(|hash| Some((*hash, of_text.get(hash)?)));
        txn.put_text_vectors(model, vectors.map(|(hash, v)| (hash, v.as_slice())))?;
        if split {
            txn.require_passages()?;
        }
        if !rows.is_empty() {
            txn.import_headline_rows(id, &rows)?;
            txn.note_changed_after(first_known.saturating_sub(1));
        }
        self.db.0.commit(&writer, txn)?;
        self.report.embedded += rows.len() as u64;
        self.report.kept += kept;
        Ok(())
    }
}
