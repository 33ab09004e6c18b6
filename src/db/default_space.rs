use super::database::Database;
use super::files::Files;
use crate::encode::{Weights, chart_encoder_by_name};
use crate::error::Result;
use crate::model::{Modality, Space};
use crate::store::{CatalogUse, WriteTxn};

/// A space that the first ingestion makes, with its weights if its encoder has any.
pub(super) struct DefaultSpace {
    pub(super) space: Space,
    pub(super) weights: Option<Weights>,
}

/// The default spaces for charts: `shape`, W = 64, D = 48, hop 1; and, if the caller gave weights
/// for it, `clip`, which reads headlines too.
pub(super) fn default_spaces(files: &Files) -> Result<Vec<DefaultSpace>> {
    let encoder = chart_encoder_by_name("shape", 64, Some(48))?;
    let mut spaces = vec![DefaultSpace {
        space: Space::new(Database::DEFAULT_SPACE, encoder.spec().clone(), 1)?,
        weights: None,
    }];
    if let Some(weights) = files.clip.clone() {
        weights.text_encoder()?;
        let encoder = weights.chart_encoder()?;
        spaces.push(DefaultSpace {
            space: Space::new(Database::TEXT_SPACE, encoder.spec().clone(), 1)?,
            weights: Some(weights),
        });
    }
    Ok(spaces)
}

/// Whether a catalog has a space that takes windows of bars.
pub(super) fn has_chart_space(txn: &WriteTxn) -> Result<bool> {
    let spaces = txn.all_spaces()?;
    Ok(spaces
        .iter()
        .any(|(_, s)| s.space.encoder.modality == Modality::Chart))
}
