//! The newest commit of a catalog that another process may write.

use super::files::Files;
use super::snapshot::Snapshot;
use crate::error::Result;
use crate::store::Catalog;

/// How often the newest commit is read again, because a writer took a segment of it out meanwhile.
const TRIES: usize = 100;

/// The newest commit. What has not changed since an older one is taken from there.
pub(super) fn newest(files: &Files, catalog: &Catalog, old: Option<&Snapshot>) -> Result<Snapshot> {
    let mut tries = 0;
    loop {
        tries += 1;
        let stamp = catalog.stamp();
        let loaded = catalog
            .read()
            .and_then(|txn| Snapshot::load_anew(files, txn, old));
        match loaded {
            Ok(mut snapshot) => {
                snapshot.stamp = stamp;
                return Ok(snapshot);
            }
            Err(e) if tries == TRIES || catalog.stamp() == stamp => return Err(e),
            Err(_) => {}
        }
    }
}
