use std::error::Error as _;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use crate::error::{Error, Result};

/// Starts rayon's threads, which it would do by itself when they are first needed, and panic if
/// the system refuses.
pub(super) fn start_threads() -> Result<()> {
    static REFUSED: OnceLock<Option<(io::ErrorKind, String)>> = OnceLock::new();
    let refused = REFUSED.get_or_init(|| {
        // No source: there are threads already.
        let error = rayon::ThreadPoolBuilder::new().build_global().err()?;
        let source = error.source()?;
        let kind = source.downcast_ref::<io::Error>().map(io::Error::kind);
        Some((kind.unwrap_or(io::ErrorKind::Other), source.to_string()))
    });
    match refused {
        None => Ok(()),
        Some((kind, said)) => {
            let detail = format!("{said}; raise the limit of memory or of threads");
            let source = io::Error::new(*kind, detail);
            Err(Error::io("start the threads of", Path::new("this process"))(source))
        }
    }
}
