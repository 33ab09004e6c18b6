//! A space of charts with its encoder, as the writer sees it.

use std::sync::Arc;

use crate::db::embed::Windows;
use crate::db::inner::Inner;
use crate::encode::ChartEncoder;
use crate::error::{Error, Result};
use crate::model::{Modality, Space};
use crate::store::{BarReads, CatalogUse, Pending, RowReads, SpaceId, WriteTxn};

/// A chart space while it is written to.
pub(in crate::db) struct ChartSpace {
    pub(in crate::db) id: SpaceId,
    pub(in crate::db) space: Space,
    /// Or why this program does not have it.
    pub(in crate::db) encoder: Result<Arc<dyn ChartEncoder>>,
}

impl ChartSpace {
    /// How the space takes windows.
    ///
    /// # Errors
    /// Why there is no encoder.
    pub(in crate::db) fn windows(&self) -> Result<Windows<'_>> {
        Ok(Windows {
            encoder: self.encoder.as_deref().map_err(Clone::clone)?,
            reach: self.space.reach(),
            hop: self.space.hop,
        })
    }

    pub(in crate::db) fn can_encode(&self) -> bool {
        self.encoder.is_ok()
    }

    /// The chart spaces of a catalog.
    pub(in crate::db) fn all(inner: &Inner, txn: &impl CatalogUse) -> Result<Vec<Self>> {
        Self::those(inner, txn, |_| Ok(true))
    }

    /// The chart spaces that have windows which wait.
    pub(in crate::db) fn waiting(inner: &Inner, txn: &impl CatalogUse) -> Result<Vec<Self>> {
        Self::those(inner, txn, |id| Ok(!txn.pending(id)?.is_empty()))
    }

    fn those(
        inner: &Inner,
        txn: &impl CatalogUse,
        wanted: impl Fn(SpaceId) -> Result<bool>,
    ) -> Result<Vec<Self>> {
        let mut charts = Vec::new();
        for (id, record) in txn.all_spaces()? {
            if record.space.encoder.modality == Modality::Chart && wanted(id)? {
                let encoder = inner.files.encoders.chart(&record.space.encoder, txn);
                // Damage is to be told; without an encoder windows wait.
                if let Err(e) = &encoder
                    && !matches!(e, Error::Invalid(_))
                {
                    return Err(e.clone());
                }
                charts.push(Self {
                    id,
                    encoder,
                    space: record.space,
                });
            }
        }
        Ok(charts)
    }
}

/// All windows of all stored bars wait for the space.
pub(in crate::db) fn await_all(txn: &WriteTxn, space: SpaceId) -> Result<()> {
    for (series, _) in txn.all_series()? {
        if let Some(extent) = txn.bar_extent(series)? {
            let pending = Pending {
                series,
                first: extent.first,
                last: extent.last,
            };
            txn.add_pending(space, pending)?;
        }
    }
    Ok(())
}
