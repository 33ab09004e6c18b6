//! How files of vectors are read.

use std::path::PathBuf;

use super::super::input_report::OnError;

/// What the caller knows about a file of vectors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VectorOptions {
    /// A table with a row for each vector and the columns `market`, `venue`, `symbol`, `interval`
    /// and `end`, all optional; by default the columns of the file itself, and nothing for `.npy`.
    pub meta: Option<PathBuf>,
    /// Pairs of field and column, as [`crate::source::files::parse_map`] reads them; by default by name.
    pub map: Vec<(String, String)>,
    /// What to do with vectors that cannot be stored; by default refuse the file.
    pub on_error: OnError,
}
