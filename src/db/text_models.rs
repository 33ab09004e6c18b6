//! Models of texts that a service runs, and how they are told from one another.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::model::{Space, TextModel, TextService};
use crate::numeric::dot::dot_wide;
use crate::store::{ModelId, TextModelRecord};

/// The text whose vector tells one model from another.
const PROBE: &str =
    "RhymeDB asks which model answers: shares of the maker of chips fall 4.2 % after earnings.";
/// The least cosine of two vectors of the probe by one model. Services do not repeat theirs to the last digit, and
/// the same name with other weights is far from it.
const SAME: f64 = 0.999;

/// The service that this program asks, if it has any.
#[derive(Clone, Default)]
pub(super) struct Service(Option<Arc<dyn TextService>>);

impl Service {
    pub(super) fn new(service: Arc<dyn TextService>) -> Self {
        Self(Some(service))
    }
}

/// Asks models of the catalog, and makes sure of each once.
#[derive(Default)]
pub(super) struct TextModels {
    service: Service,
    /// The models that were made sure of.
    sure: Mutex<BTreeSet<ModelId>>,
}

impl TextModels {
    pub(super) fn new(service: Service) -> Self {
        Self {
            service,
            sure: Mutex::default(),
        }
    }

    /// The vector of one text by the model of a space.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no service to ask, or if another model answers under the name; those of the
    /// service.
    pub(super) fn vector(
        &self,
        space: &str,
        (id, record): (ModelId, &TextModelRecord),
        text: &str,
    ) -> Result<Vec<f32>> {
        let Some(service) = &self.service.0 else {
            return Err(Error::invalid(format!(
                "the space {space} holds headlines as the model {} of a service read them, and there is no service to ask for the words; give it to OpenOptions::text_service",
                record.model.name
            )));
        };
        let sure = self.sure().contains(&id);
        let texts: &[&str] = if sure { &[text] } else { &[text, PROBE] };
        let mut vectors = service.vectors(&record.model, texts)?;
        if !sure {
            let probe = vectors.pop().unwrap_or_default();
            check_same(space, record, &probe)?;
            self.sure().insert(id);
        }
        let vector = vectors.pop().unwrap_or_default();
        match vector.len() == record.dim() && vectors.is_empty() {
            true => Ok(vector),
            false => Err(Error::Remote(format!(
                "expected one vector of {} numbers from the model {}, found one of {}",
                record.dim(),
                record.model.name,
                vector.len()
            ))),
        }
    }

    fn sure(&self) -> MutexGuard<'_, BTreeSet<ModelId>> {
        self.sure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What tells the model that answers now from others.
///
/// # Errors
/// Those of the service; [`Error::Invalid`] if its vectors are too long to be stored.
pub(super) fn probe(service: &dyn TextService, model: &TextModel) -> Result<Vec<f32>> {
    let mut vectors = service.vectors(model, &[PROBE])?;
    let vector = vectors.pop().unwrap_or_default();
    let most = Space::MAX_DIM as usize;
    let length = cosine(&vector, &vector);
    if vector.is_empty() || vector.len() > most || length.is_none() {
        return Err(Error::invalid(format!(
            "expected vectors of 1 to {most} finite numbers that are not all 0, found one of {} from the model {}; ask for fewer with `--dim {most}`",
            vector.len(),
            model.name
        )));
    }
    Ok(vector)
}

/// Whether a model answers as that of the record did.
pub(super) fn is_same(record: &TextModelRecord, probe: &[f32]) -> bool {
    cosine(&record.probe, probe).is_some_and(|c| c >= SAME)
}

/// Refuses another model under the name of one that is known.
pub(super) fn check_same(space: &str, record: &TextModelRecord, probe: &[f32]) -> Result<()> {
    if is_same(record, probe) {
        return Ok(());
    }
    let found = cosine(&record.probe, probe);
    Err(Error::invalid(format!(
        "another model answers under the name {} than the one that made the vectors of the space {space}: its vector of a known text is {} theirs, and vectors of two models are never compared; make a space of another name with this model",
        record.model.name,
        match found {
            Some(cosine) => format!("at the cosine {cosine:.3} to"),
            None => format!("of {} numbers, not {}, unlike", probe.len(), record.dim()),
        }
    )))
}

/// The cosine of two vectors; `None` if they differ in length, or one has no direction.
fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
    let cosine = dot_wide(a, b) / (dot_wide(a, a) * dot_wide(b, b)).sqrt();
    (a.len() == b.len() && cosine.is_finite()).then_some(cosine)
}
