//! The records of commits that are laid over the tables, read once for each commit.

use std::sync::PoisonError;

use super::append_record::AppendRecord;
use super::catalog::{Catalog, CatalogUse};
use super::overlay::Overlay;
use super::tables::{APPENDS, META};
use crate::error::{Error, Result};

/// In `meta`: the number of the last commit that has one. Numbers start at 1.
pub(super) const LAST_COMMIT: &str = "last_commit";
/// In `meta`: the last of them whose entries are in the tables.
pub(super) const FOLDED_COMMIT: &str = "folded_commit";

impl Catalog {
    /// What is laid over the tables that a transaction sees. What is known of an earlier commit is not
    /// read again.
    pub(super) fn overlay_of(&self, txn: &impl CatalogUse) -> Result<Overlay> {
        let (folded, last) = commit_numbers(txn)?;
        let known = || self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let mut overlay = known().clone();
        if (overlay.folded, overlay.last) == (folded, last) {
            return Ok(overlay);
        }
        if overlay.folded != folded || overlay.last > last {
            overlay = Overlay {
                folded,
                last: folded,
                ..Overlay::default()
            };
        }
        read_on(txn, &mut overlay, last)?;
        let mut newest = known();
        if newest.last < last {
            *newest = overlay.clone();
        }
        Ok(overlay)
    }

    /// Notes what is laid over the tables after a commit.
    pub(super) fn keep_overlay(&self, overlay: Overlay) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = overlay;
    }
}

/// The numbers of the last fold and of the last commit.
fn commit_numbers(txn: &impl CatalogUse) -> Result<(u64, u64)> {
    let meta = txn.table(META)?;
    let number = |name| Ok::<_, Error>(meta.get(name)?.map_or(0, |v| v.value()));
    let (folded, last) = (number(FOLDED_COMMIT)?, number(LAST_COMMIT)?);
    if folded > last {
        let detail = format!("expected {FOLDED_COMMIT} up to {last}, found {folded}");
        return Err(Error::corrupt(txn.path(), "meta", detail));
    }
    Ok((folded, last))
}

/// Lays the records over that come after the last one, up to the commit `last`.
fn read_on(txn: &impl CatalogUse, overlay: &mut Overlay, last: u64) -> Result<()> {
    let Some(table) = txn.table_if_there(APPENDS)? else {
        return if overlay.last == last {
            Ok(())
        } else {
            Err(missing(txn, overlay.last + 1))
        };
    };
    while overlay.last < last {
        let number = overlay.last + 1;
        let value = table.get(number)?.ok_or_else(|| missing(txn, number))?;
        let laid = AppendRecord::decode(txn.path(), value.value())?;
        overlay.rows.lay(laid);
        overlay.bytes += value.value().len();
        overlay.last = number;
    }
    Ok(())
}

fn missing(txn: &impl CatalogUse, number: u64) -> Error {
    let detail = format!("the record of the commit {number} is missing");
    Error::corrupt(txn.path(), "appends", detail)
}
