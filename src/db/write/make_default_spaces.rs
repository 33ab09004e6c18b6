use super::chart_space::await_all;
use crate::db::default_spaces::{DEFAULT_SPACE, DefaultClip, TEXT_SPACE};
use crate::db::files::Files;
use crate::encode::chart_encoder_by_name;
use crate::error::Result;
use crate::model::{Modality, Space};
use crate::store::{BarReads, CatalogUse, WriteTxn};

/// As [`make_default_spaces`] where headlines come first, so that they have a space to stand in. Where
/// there are bars already, their owner dropped the spaces, or wants none that reads headlines.
pub(in crate::db) fn make_default_spaces_of_headlines(files: &Files, txn: &WriteTxn) -> Result<()> {
    if matches!(files.clip, DefaultClip::Absent) {
        return Ok(());
    }
    for (series, _) in txn.all_series()? {
        if txn.bar_extent(series)?.is_some() {
            return Ok(());
        }
    }
    make_default_spaces(files, txn)
}

/// Makes the default spaces in a catalog that has no space of charts: `shape`, W = 64, D = 48, hop 1,
/// and, unless the caller wants none, `clip`, which reads headlines too. The windows of stored bars
/// wait for them. A catalog that has such a space stays as it is: its owner chose.
pub(in crate::db) fn make_default_spaces(files: &Files, txn: &WriteTxn) -> Result<()> {
    let stored = txn.all_spaces()?;
    let charts = |space: &Space| space.encoder.modality == Modality::Chart;
    if stored.iter().any(|(_, s)| charts(&s.space)) {
        return Ok(());
    }
    let free = |name: &str| stored.iter().all(|(_, s)| s.space.name != name);
    let shape = chart_encoder_by_name("shape", 64, Some(48))?;
    let mut spaces = vec![Space::new(DEFAULT_SPACE, shape.spec().clone(), 1)?];
    // Imported vectors may have taken the name.
    if free(TEXT_SPACE)
        && let Some(weights) = files.clip.weights()?
    {
        weights.text_encoder()?;
        let clip = weights.chart_encoder()?;
        spaces.push(Space::new(TEXT_SPACE, clip.spec().clone(), 1)?);
        txn.put_weights(weights.hash(), weights.bytes())?;
    }
    for space in &spaces {
        let id = txn.add_space(space)?;
        await_all(txn, id)?;
    }
    Ok(())
}
