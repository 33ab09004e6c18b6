//! Standard output, which carries messages and nothing else.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Sends one message a line, from any thread.
#[derive(Default)]
pub(super) struct Replies(Mutex<()>);

impl Replies {
    pub(super) fn send(&self, message: &Value) -> io::Result<()> {
        let _one = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout().lock();
        // A value as JSON has no line breaks: those in texts are escaped.
        writeln!(out, "{message}")?;
        out.flush()
    }
}
