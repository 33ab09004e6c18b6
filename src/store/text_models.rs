//! Models of texts that a service runs: what tells each of them from others, which space has which, and the vectors
//! that were paid for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::catalog::{CatalogUse, ReadTxn, WriteTxn};
use super::codec;
use super::records::SpaceId;
use super::tables::{SPACE_MODELS, TEXT_MODELS, TEXT_VECTORS};
use crate::error::Result;
use crate::model::TextModel;

/// The number of a model in the catalog.
pub(crate) type ModelId = u32;

/// A model as the catalog knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TextModelRecord {
    pub(crate) model: TextModel,
    /// The vector of a known text, at unit length: another one is of another model, whatever its name.
    pub(crate) probe: Vec<f32>,
}

impl TextModelRecord {
    /// Numbers of a vector.
    pub(crate) fn dim(&self) -> usize {
        self.probe.len()
    }
}

/// Models that are read from a transaction.
pub(crate) trait TextModelReads: CatalogUse + Sized {
    /// All models, by number.
    fn text_models(&self) -> Result<Vec<(ModelId, TextModelRecord)>> {
        let Some(table) = self.table_if_there(TEXT_MODELS)? else {
            return Ok(Vec::new());
        };
        let mut all = Vec::new();
        for item in table.iter()? {
            let (id, value) = item?;
            let record = codec::decode(self.path(), "text_models", value.value())?;
            all.push((id.value(), record));
        }
        Ok(all)
    }

    /// The model whose vectors of headlines a space holds.
    fn space_model(&self, space: SpaceId) -> Result<Option<(ModelId, TextModelRecord)>> {
        let Some(table) = self.table_if_there(SPACE_MODELS)? else {
            return Ok(None);
        };
        let Some(id) = table.get(space)?.map(|id| id.value()) else {
            return Ok(None);
        };
        Ok(self
            .text_models()?
            .into_iter()
            .find(|(known, _)| *known == id))
    }

    /// The stored vector of a text by a model, by the hash of the text.
    fn text_vector(&self, model: ModelId, text: u128) -> Result<Option<Vec<u8>>> {
        let Some(table) = self.table_if_there(TEXT_VECTORS)? else {
            return Ok(None);
        };
        let found = table.get((model, text))?;
        Ok(found.map(|bytes| bytes.value().to_vec()))
    }

    /// Calls `found` with each kept vector of a text: its model, the hash of the text, and the vector.
    fn each_text_vector(
        &self,
        mut found: impl FnMut(ModelId, u128, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let Some(table) = self.table_if_there(TEXT_VECTORS)? else {
            return Ok(());
        };
        for item in table.iter()? {
            let (key, vector) = item?;
            let (model, text) = key.value();
            found(model, text, vector.value())?;
        }
        Ok(())
    }

    /// How many vectors of texts are kept, of all models.
    fn text_vector_count(&self) -> Result<u64> {
        match self.table_if_there(TEXT_VECTORS)? {
            Some(table) => table.len(),
            None => Ok(0),
        }
    }
}

impl<T: CatalogUse> TextModelReads for T {}

impl WriteTxn {
    /// Adds a model. Returns its number.
    pub(crate) fn add_text_model(&self, record: &TextModelRecord) -> Result<ModelId> {
        let last = self.text_models()?.last().map_or(0, |(id, _)| *id);
        let id = last + 1;
        let value = codec::encode(record)?;
        self.table_mut(TEXT_MODELS)?.insert(id, value.as_slice())?;
        Ok(id)
    }

    /// Says whose vectors of headlines a space holds.
    pub(crate) fn put_space_model(&self, space: SpaceId, model: ModelId) -> Result<()> {
        self.table_mut(SPACE_MODELS)?.insert(space, model)?;
        Ok(())
    }

    pub(super) fn clear_space_model(&self, space: SpaceId) -> Result<()> {
        self.table_mut(SPACE_MODELS)?.remove(space)?;
        Ok(())
    }

    /// Keeps vectors of texts by a model, by the hash of the text.
    pub(crate) fn put_text_vectors<'a>(
        &self,
        model: ModelId,
        vectors: impl IntoIterator<Item = (u128, &'a [u8])>,
    ) -> Result<()> {
        let mut table = self.table_mut(TEXT_VECTORS)?;
        for (text, vector) in vectors {
            table.insert((model, text), vector)?;
        }
        Ok(())
    }

    /// Forgets all kept vectors of texts, and the models that no space has. Returns how many vectors.
    pub(crate) fn clear_text_vectors(&self) -> Result<u64> {
        let count = self.text_vector_count()?;
        self.table_mut(TEXT_VECTORS)?
            .clear((0, 0)..=(ModelId::MAX, u128::MAX))?;
        let mut used = BTreeSet::new();
        for item in self.table_mut(SPACE_MODELS)?.iter()? {
            used.insert(item?.1.value());
        }
        for (id, _) in self.text_models()? {
            if !used.contains(&id) {
                self.table_mut(TEXT_MODELS)?.remove(id)?;
            }
        }
        Ok(count)
    }
}

impl ReadTxn {
    /// Checks that vectors and spaces name models that are stored, and that vectors have their length.
    pub(super) fn check_text_models(&self, spaces: &BTreeSet<SpaceId>) -> Result<()> {
        let models = self.text_models()?;
        let model = |id| models.iter().find(|(known, _)| *known == id);
        if let Some(table) = self.table_if_there(SPACE_MODELS)? {
            for item in table.iter()? {
                let (space, id) = item?;
                let (space, id) = (space.value(), id.value());
                self.known(
                    "space_models",
                    "space",
                    space.into(),
                    spaces.contains(&space),
                )?;
                self.known("space_models", "model", id.into(), model(id).is_some())?;
            }
        }
        if let Some(table) = self.table_if_there(TEXT_VECTORS)? {
            for item in table.iter()? {
                let (key, value) = item?;
                let id = key.value().0;
                let expected = model(id).map(|(_, record)| 2 * record.dim());
                self.known("text_vectors", "model", id.into(), expected.is_some())?;
                if expected != Some(value.value().len()) {
                    return Err(self.wrong(
                        "text_vectors",
                        format!(
                            "a vector of the model {id} has {} bytes",
                            value.value().len()
                        ),
                    ));
                }
            }
        }
        Ok(())
    }
}
