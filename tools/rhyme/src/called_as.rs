//! How the program was called, for commands that can be typed as they are printed.

use std::ffi::OsStr;
use std::sync::OnceLock;

static NAME: OnceLock<String> = OnceLock::new();

/// Keeps the first name that is given.
pub(crate) fn keep(name: &OsStr) {
    NAME.get_or_init(|| name.to_string_lossy().into_owned());
}

pub(crate) fn name() -> &'static str {
    NAME.get().map_or("rhyme", String::as_str)
}
