//! What a space was made with, for those who judge it.

use std::sync::Arc;

use crate::db::encoders::read_weights;
use crate::db::view::View;
use crate::encode::{ChartEncoder, Weights};
use crate::error::Result;
use crate::store::WeightReads;

impl View {
    /// The name of a space, or of the default one, its encoder of charts, and the weights that it
    /// keeps.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if there is no such space, [`crate::Error::Invalid`] if it has no
    /// encoder of charts.
    pub(crate) fn encoders_of(
        &self,
        space: Option<&str>,
    ) -> Result<(String, Arc<dyn ChartEncoder>, Option<Weights>)> {
        self.look(|snapshot| {
            let state = snapshot.space(space)?;
            let encoder = state.shared_encoder()?;
            let hash = encoder.spec().weights_hash;
            let kept = hash != 0 && snapshot.txn.has_weights(hash)?;
            let weights = kept
                .then(|| read_weights(&*snapshot.txn, hash))
                .transpose()?;
            Ok((state.space().name.clone(), encoder, weights))
        })
    }
}
