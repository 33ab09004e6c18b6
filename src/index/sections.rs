//! Reading the sections of a segment in place.

use std::path::Path;

use crate::error::{Error, Result};

/// The 4-byte numbers of a section, in place.
pub(super) fn numbers<'a, T: bytemuck::AnyBitPattern>(
    file: &Path,
    section: &str,
    bytes: &'a [u8],
) -> Result<&'a [T]> {
    if bytes.is_empty() {
        return Ok(&[]);
    }
    bytemuck::try_cast_slice(bytes).map_err(|e| {
        let detail = format!("expected aligned 4-byte numbers: {e}");
        Error::corrupt(file, section, detail)
    })
}
