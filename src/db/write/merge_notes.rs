//! What a part says beside bars and their windows: headlines with their vectors, tags, attributes, prototypes, which
//! files were read, and vectors of texts that were paid for.

use std::collections::{BTreeMap, BTreeSet};

use crate::db::control::Control;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::db::stored_headline::StoredHeadline;
use crate::db::text_models::is_same;
use crate::encode::Weights;
use crate::error::{Error, Result};
use crate::model::{Attribute, Headline, Modality, Tag};
use crate::store::{
    AttributeReads, FileReads, HeadlineReads, HeadlineRowReads, ModelId, PrototypeReads,
    PrototypeRecord, SeriesId, SpaceId, TagReads, TextModelReads, TextModelRecord, WriteTxn,
};

/// Headlines that are read at a time, and vectors that are stored at a time.
const BATCH: usize = 8192;

/// What was new.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noted {
    pub(super) headlines: u64,
    /// Headlines that say something else since.
    replaced: u64,
    pub(super) notes: u64,
    /// Vectors of headlines and of texts, and files.
    others: u64,
}

impl Noted {
    /// Whether there is anything to commit.
    pub(super) fn is_changed(&self) -> bool {
        self.headlines + self.replaced + self.notes + self.others > 0
    }
}

/// Takes in what is new of all this.
pub(super) fn take_notes(
    txn: &WriteTxn,
    (source, before): (&Snapshot, &Snapshot),
    (spaces, new): (&BTreeMap<SpaceId, SpaceId>, &BTreeMap<SeriesId, SeriesId>),
    control: &Control,
) -> Result<Noted> {
    let mut notes = Notes {
        txn,
        source,
        before,
        spaces,
        control,
        noted: Noted::default(),
    };
    let ids = notes.headlines()?;
    for state in &source.spaces {
        match state.space().encoder.modality {
            Modality::Imported => notes.imported_headlines(state, &ids)?,
            Modality::Chart | Modality::Headline => notes.headline_rows(state, &ids)?,
        }
    }
    notes.text_vectors()?;
    notes.small_ones()?;
    notes.files(new)?;
    Ok(notes.noted)
}

struct Notes<'a> {
    txn: &'a WriteTxn,
    source: &'a Snapshot,
    before: &'a Snapshot,
    spaces: &'a BTreeMap<SpaceId, SpaceId>,
    control: &'a Control,
    noted: Noted,
}

/// Numbers of headlines in a part, and what numbers they have here.
type Numbers = BTreeMap<u64, u64>;

impl Notes<'_> {
    fn headlines(&mut self) -> Result<Numbers> {
        let mut ids = Numbers::new();
        let mut last = 0;
        loop {
            self.control.check()?;
            let batch = self.source.txn.headlines_after(last, BATCH)?;
            let Some(&(highest, _)) = batch.last() else {
                return Ok(ids);
            };
            last = highest;
            let (numbers, headlines): (Vec<u64>, Vec<Headline>) = batch.into_iter().unzip();
            let change = self.txn.merge_headlines(&headlines)?;
            self.noted.headlines += change.added;
            self.noted.replaced += change.replaced;
            for (number, headline) in numbers.into_iter().zip(&headlines) {
                let here = self.txn.headline_id_of(headline)?;
                let here = here.ok_or_else(|| Error::internal("a headline was not stored"))?;
                ids.insert(number, here);
            }
            let known = headlines.iter().map(|h| h.known_from().millis()).min();
            self.txn
                .note_changed_after(known.map_or(i64::MAX, |t| t.saturating_sub(1)));
        }
    }

    fn here(&self, state: &SpaceState) -> Result<SpaceId> {
        let here = self.spaces.get(&state.id).copied();
        here.ok_or_else(|| Error::internal("a space of a part is not here"))
    }

    /// The rows of new headlines in a space with an encoder of text. They come where the space here has looked at all
    /// that was stored before; else the encoder makes them.
    fn headline_rows(&mut self, state: &SpaceState, ids: &Numbers) -> Result<()> {
        if !state.reads_text() {
            return Ok(());
        }
        let space = self.here(state)?;
        let stored = self.before.txn.last_headline_id()?.unwrap_or(0);
        let looked_to = self.source.txn.headline_mark(state.id)?;
        let looked_at = ids.range(..=looked_to).map(|(_, here)| *here);
        let mark = looked_at.max().unwrap_or(0);
        // Numbers that were given and taken back count as looked at.
        if self.txn.headline_mark(space)? < stored || mark <= stored {
            return Ok(());
        }
        let rows = self.rows(state, ids, |here| here > stored)?;
        self.require_passages(state, &rows)?;
        for some in rows.chunks(BATCH) {
            self.control.check()?;
            self.txn.put_headline_rows(space, some, mark)?;
        }
        if rows.is_empty() {
            self.txn.put_headline_rows(space, &[], mark)?;
        }
        self.noted.others += rows.len() as u64;
        Ok(())
    }

    /// The rows of a space that are wanted by the numbers that headlines have here, in the order of these.
    fn rows(
        &self,
        state: &SpaceState,
        ids: &Numbers,
        wanted: impl Fn(u64) -> bool,
    ) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut rows = Vec::new();
        self.source.txn.each_headline_row(state.id, |id, row| {
            if let Some(&here) = ids.get(&id).filter(|here| wanted(**here)) {
                rows.push((here, row.to_vec()));
            }
            Ok(())
        })?;
        rows.sort_unstable_by_key(|(here, _)| *here);
        Ok(rows)
    }

    fn require_passages(&self, state: &SpaceState, rows: &[(u64, Vec<u8>)]) -> Result<()> {
        let with_bank = state.weights()?.and_then(Weights::bank).is_some();
        let is_split = |value: &[u8]| StoredHeadline::is_split(value, state.dim(), with_bank);
        match rows.iter().any(|(_, value)| is_split(value)) {
            true => self.txn.require_passages(),
            false => Ok(()),
        }
    }

    /// The rows of headlines in a space of imported vectors, and whose they are.
    fn imported_headlines(&mut self, state: &SpaceState, ids: &Numbers) -> Result<()> {
        let space = self.here(state)?;
        if let Some((_, model)) = state.text_model()?
            && self.txn.space_model(space)?.is_none()
        {
            let model = self.model(&model)?;
            self.txn.put_space_model(space, model)?;
            self.noted.others += 1;
        }
        let all = self.rows(state, ids, |_| true)?;
        let mut rows = BTreeMap::new();
        for (here, row) in all {
            if !self.txn.has_headline_row(space, here)? {
                rows.insert(here, row);
            }
        }
        if !rows.is_empty() {
            let listed: Vec<_> = rows.iter().map(|(id, row)| (*id, row.clone())).collect();
            self.require_passages(state, &listed)?;
            self.noted.others += rows.len() as u64;
            self.txn.import_headline_rows(space, &rows)?;
        }
        Ok(())
    }

    /// The number of a model here; it gets one if it has none.
    fn model(&self, record: &TextModelRecord) -> Result<ModelId> {
        let known = self.txn.text_models()?.into_iter();
        let mut same = known.filter(|(_, known)| {
            known.model == record.model
                && known.dim() == record.dim()
                && is_same(known, &record.probe)
        });
        match same.next() {
            Some((id, _)) => Ok(id),
            None => self.txn.add_text_model(record),
        }
    }

    /// Vectors of texts that services were asked for.
    fn text_vectors(&mut self) -> Result<()> {
        if self.source.txn.text_vector_count()? == 0 {
            return Ok(());
        }
        let mut models = BTreeMap::new();
        for (id, record) in self.source.txn.text_models()? {
            models.insert(id, self.model(&record)?);
        }
        let mut new: Vec<(ModelId, u128, Vec<u8>)> = Vec::new();
        self.source.txn.each_text_vector(|model, text, vector| {
            if let Some(&model) = models.get(&model) {
                new.push((model, text, vector.to_vec()));
            }
            Ok(())
        })?;
        for (model, text, vector) in new {
            if self.txn.text_vector(model, text)?.is_none() {
                let one = [(text, vector.as_slice())];
                self.txn.put_text_vectors(model, one)?;
                self.noted.others += 1;
            }
        }
        Ok(())
    }

    /// Tags, attributes and prototypes that are not here.
    fn small_ones(&mut self) -> Result<()> {
        // What both say of one thing is the same, or it was refused.
        let key = |tag: &Tag| (tag.name.clone(), tag.end, tag.series.to_string());
        let known: BTreeSet<_> = self.txn.tags(None)?.iter().map(key).collect();
        for tag in self.source.txn.tags(None)? {
            if !known.contains(&key(&tag)) {
                self.txn.put_tag(&tag)?;
                self.txn
                    .note_changed_after(tag.known.millis().saturating_sub(1));
                self.noted.notes += 1;
            }
        }
        let key = |a: &Attribute| (a.symbol.clone(), a.market.clone(), a.name.clone());
        let known: BTreeSet<_> = self.txn.attributes()?.iter().map(key).collect();
        for attribute in self.source.txn.attributes()? {
            if !known.contains(&key(&attribute)) {
                self.txn.put_attribute(&attribute)?;
                self.txn.note_changed_after(i64::MIN);
                self.noted.notes += 1;
            }
        }
        for (name, record) in self.source.txn.prototypes()? {
            if self.txn.prototype(&name)?.is_none() {
                let space = self.spaces.get(&record.space).copied();
                let space =
                    space.ok_or_else(|| Error::internal("a prototype's space is not here"))?;
                let record = PrototypeRecord { space, ..record };
                self.txn.put_prototype(&name, &record)?;
                self.noted.notes += 1;
            }
        }
        Ok(())
    }

    /// Files whose bars came whole: they need not be read again.
    fn files(&mut self, new: &BTreeMap<SeriesId, SeriesId>) -> Result<()> {
        let came = new.keys().filter_map(|id| self.source.series.get(id));
        let came: BTreeSet<String> = came.map(|record| record.key.to_string()).collect();
        let known = self.txn.files_read()?.into_iter();
        let known: BTreeSet<String> = known.map(|file| file.path).collect();
        let mut files = self.source.txn.files_read()?;
        files.retain(|file| {
            let mut spans = file.series.iter();
            !known.contains(&file.path) && spans.all(|span| came.contains(&span.series))
        });
        for file in &files {
            self.txn.put_file_read(file)?;
        }
        self.noted.others += files.len() as u64;
        Ok(())
    }
}
