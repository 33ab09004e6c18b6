//! Small files that are whole whenever somebody reads them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Puts a file in the place of the one of that name. It has another name until it is whole and on disk, so a crash
/// leaves the old file or the new one.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = Path::new(&partial);
    let written = File::create(partial).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(partial, path)
    });
    if written.is_err() {
        // The fault that is told is that of the writing.
        let _ = fs::remove_file(partial);
    }
    written?;
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
