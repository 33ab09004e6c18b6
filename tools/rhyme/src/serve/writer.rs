//! What writing needs: the token, a place for files, and the turn.

use std::sync::Arc;

use rhymedb::Error;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::token::Token;
use crate::failure::Outcome;
use crate::format::Format;
use crate::global::Global;

/// Files that are received or wait at the same time; more are refused.
pub(super) const MOST: usize = 8;

/// What writing needs.
pub(super) struct Writer {
    pub(super) token: Token,
    /// The options of the commands: they print JSON, and never ask.
    pub(super) global: Global,
    /// Where bodies are kept until they are stored.
    pub(super) folder: TempDir,
    pub(super) places: Arc<Semaphore>,
    /// The one that writes.
    pub(super) turn: Arc<Semaphore>,
}

impl Writer {
    pub(super) fn new(token: Token, global: &Global) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("rhyme-serve-").tempdir();
        let folder = folder.map_err(|e| Error::Io {
            action: "make a folder in",
            path: std::env::temp_dir(),
            source: Arc::new(e),
        })?;
        Ok(Self {
            token,
            global: Global {
                format: Format::Json,
                quiet: false,
                timeout: None,
                ..global.clone()
            },
            folder,
            places: Arc::new(Semaphore::new(MOST)),
            turn: Arc::new(Semaphore::new(1)),
        })
    }
}
