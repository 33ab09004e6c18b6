//! A database on its way into another.

use std::path::PathBuf;

use serde::Serialize;

use crate::db::view::View;

/// What became of one database that was merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MergedPart {
    /// Its folder.
    pub folder: PathBuf,
    /// Series that were new here, and came with their vectors as they are.
    pub series_added: u64,
    /// Series that were here already, and whose bars were joined; their new windows are embedded here.
    pub series_joined: u64,
    /// Bars that were added.
    pub bars_added: u64,
    /// Windows that came with their vectors.
    pub windows_taken: u64,
    /// Windows that were embedded here, or in the spaces that the part does not have.
    pub windows_embedded: u64,
    /// Segment files that were copied, and their bytes.
    pub segments: u64,
    /// Bytes of these files.
    pub segment_bytes: u64,
    /// Spaces that were new here.
    pub spaces_added: u64,
    /// Headlines that were new here.
    pub headlines_added: u64,
    /// Headlines that were embedded here, because their vectors did not come with them.
    pub headlines_embedded: u64,
    /// Tags, attributes and prototypes that were new here.
    pub notes_added: u64,
}

/// A database that is merged into another, and what it is called in messages.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) view: View,
}
