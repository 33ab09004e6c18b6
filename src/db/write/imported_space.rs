//! The spaces of vectors that came from outside, and what such a vector has to be.

use crate::db::database::Database;
use crate::error::{Error, Result};
use crate::model::{EncoderSpec, Modality, Sharing, Space};
use crate::store::{CatalogUse, SpaceId, WriteTxn};

/// Refuses a vector that cannot be stored among those of `dim` numbers; `name` says which it is.
pub(super) fn check_vector(vector: &[f32], dim: usize, name: impl Fn() -> String) -> Result<()> {
    let expected = |what: String| {
        Error::invalid(format!(
            "{}: expected {dim} finite numbers that are not all 0, found {what}",
            name()
        ))
    };
    if vector.len() != dim {
        return Err(expected(format!("{} numbers", vector.len())));
    }
    if let Some(bad) = vector.iter().find(|x| !x.is_finite()) {
        return Err(expected(bad.to_string()));
    }
    if vector.iter().all(|&x| x == 0.0) {
        return Err(expected("only zeros".to_owned()));
    }
    Ok(())
}

/// The space of that name, which holds imported vectors of these dimensions, or a new one. Without a window it
/// has the one that it has, and a new one has one bar.
pub(super) fn imported_space(
    txn: &WriteTxn,
    name: &str,
    dim: u32,
    window: Option<u32>,
) -> Result<SpaceId> {
    let known = txn
        .all_spaces()?
        .into_iter()
        .find(|(_, s)| s.space.name == name);
    let stored = known.as_ref().map(|(_, s)| s.space.encoder.window);
    let window = window.or(stored).unwrap_or(1).max(1);
    let space = Space::new(name, spec(dim, window), 1)?;
    // An older database may have imported vectors in a space of the second name.
    let reserved =
        name == Database::DEFAULT_SPACE || (name == Database::TEXT_SPACE && known.is_none());
    if reserved {
        return Err(Error::invalid(format!(
            "the space {name} is the one of charts; choose another name for imported vectors"
        )));
    }
    match known {
        None => txn.add_space(&space),
        Some((id, record)) if record.space == space => Ok(id),
        Some((_, record)) => Err(Error::invalid(format!(
            "the space {name} holds {} vectors of dimension {} with W = {}, and these are imported ones of dimension {dim} with W = {}; choose another name",
            record.space.encoder.modality,
            record.space.encoder.dim,
            record.space.encoder.window,
            space.encoder.window
        ))),
    }
}

fn spec(dim: u32, window: u32) -> EncoderSpec {
    EncoderSpec {
        id: "imported/1".to_owned(),
        modality: Modality::Imported,
        dim,
        channels: 0,
        window,
        receptive_field: window,
        warm_up: 0,
        sharing: Sharing::None,
        causal: true,
        normaliser: "none".to_owned(),
        weights_hash: 0,
    }
}
