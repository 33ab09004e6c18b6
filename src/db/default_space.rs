use super::database::Database;
use crate::encode::chart_encoder_by_name;
use crate::error::Result;
use crate::model::{Modality, Space};
use crate::store::{CatalogUse, WriteTxn};

/// The default space for charts: `shape`, W = 64, D = 48, hop 1.
pub(super) fn default_space() -> Result<Space> {
    let encoder = chart_encoder_by_name("shape", 64, Some(48))?;
    Space::new(Database::DEFAULT_SPACE, encoder.spec().clone(), 1)
}

/// Whether a catalog has a space that takes windows of bars.
pub(super) fn has_chart_space(txn: &WriteTxn) -> Result<bool> {
    let spaces = txn.all_spaces()?;
    Ok(spaces
        .iter()
        .any(|(_, s)| s.space.encoder.modality == Modality::Chart))
}
