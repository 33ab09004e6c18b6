//! Which encoder a space has: one of the caller's, a built-in one, or one of stored weights.

use std::sync::Arc;

use super::own_encoder::OwnEncoder;
use super::shared::Kept;
use super::text_models::{Service, TextModels};
use crate::encode::{ChartEncoder, Weights, chart_encoder};
use crate::error::{Error, Result};
use crate::model::EncoderSpec;
use crate::store::{CatalogUse, WeightReads};

/// The encoders that a database can use.
pub(super) struct Encoders {
    own: Vec<Arc<dyn ChartEncoder>>,
    /// Weights that were read once, by their hash: reading them costs milliseconds, and every
    /// commit asks for them.
    loaded: Kept<Weights>,
    /// Models that a service runs.
    pub(super) text_models: TextModels,
}

impl Encoders {
    pub(super) fn new(own: Vec<Arc<dyn ChartEncoder>>, service: Service) -> Self {
        let own = own.into_iter().map(|e| {
            let own: Arc<dyn ChartEncoder> = Arc::new(OwnEncoder::new(e));
            own
        });
        Self {
            own: own.collect(),
            loaded: Kept::new(),
            text_models: TextModels::new(service),
        }
    }

    /// The encoder of charts of a space.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none that equals `spec`, [`Error::Corrupt`] if its weights
    /// are damaged.
    pub(super) fn chart(
        &self,
        spec: &EncoderSpec,
        txn: &impl CatalogUse,
    ) -> Result<Arc<dyn ChartEncoder>> {
        if let Some(own) = self.own.iter().find(|e| e.spec() == spec) {
            return Ok(Arc::clone(own));
        }
        let encoder = if spec.weights_hash == 0 {
            chart_encoder(spec)
        } else {
            self.weights(spec.weights_hash, txn)?.chart_encoder_of(spec)
        };
        encoder.map_err(|e| e.with_advice("or give it to OpenOptions::encoder"))
    }

    /// The weights of a space, if the catalog keeps them.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if they are damaged.
    pub(super) fn kept(
        &self,
        spec: &EncoderSpec,
        txn: &impl CatalogUse,
    ) -> Result<Option<Weights>> {
        let hash = spec.weights_hash;
        if hash == 0 {
            return Ok(None);
        }
        // Those that are here are not looked for: a file may have 90 MB, and finding it reads it.
        let found = self.loaded.get_or(hash, || match txn.has_weights(hash) {
            Ok(true) => read_weights(txn, hash).map_err(Some),
            Ok(false) => Err(None),
            Err(why) => Err(Some(why)),
        });
        match found {
            Ok(weights) => Ok(Some(weights)),
            Err(None) => Ok(None),
            Err(Some(why)) => Err(why),
        }
    }

    fn weights(&self, hash: u64, txn: &impl CatalogUse) -> Result<Weights> {
        self.loaded.get_or(hash, || read_weights(txn, hash))
    }
}

/// Reads weights from the catalog and checks that they are those of the hash.
pub(super) fn read_weights(txn: &impl CatalogUse, hash: u64) -> Result<Weights> {
    let bytes = txn.weights(hash)?.ok_or_else(|| {
        Error::invalid(format!(
            "expected stored weights with the hash {hash:016x}, found none; give the encoder to OpenOptions::encoder"
        ))
    })?;
    let damaged = |detail: String| Error::corrupt(txn.path(), "weights", detail);
    let found = Weights::hash_of(&bytes);
    if found != hash {
        return Err(damaged(format!(
            "expected the hash {hash:016x}, found {found:016x}"
        )));
    }
    // They are what was stored: a program of another version may not know what to do with them.
    Weights::from_bytes(bytes)
}
