//! A file that alerts are appended to, each once.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use rhymedb::Error;

/// So many bytes of the file are looked at, besides as many as the lines have.
const TAIL: u64 = 64 << 10;

fn fault(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io {
        action,
        path: path.clone(),
        source: Arc::new(source),
    }
}

fn open(path: &Path) -> Result<File, Error> {
    let file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path);
    file.map_err(fault("open", path))
}

/// Makes the file if it is not there.
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let file = open(path)?;
    if !file.metadata().map_err(fault("read", path))?.is_file() {
        return Err(Error::Invalid(format!(
            "expected a file to append alerts to, found {}; without --alerts they go to standard output",
            path.display()
        )));
    }
    Ok(())
}

/// Appends those of the lines that are not there yet, and syncs. A piece of one of them that a crash left at the end is
/// removed; what somebody else left there without an end of line gets one.
pub(super) fn append(path: &Path, lines: &[&str]) -> Result<(), Error> {
    let mut file = open(path)?;
    let length = file.metadata().map_err(fault("read", path))?.len();
    let own: u64 = lines.iter().map(|line| line.len() as u64 + 1).sum();
    let from = length.saturating_sub(own + TAIL);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))
        .map_err(fault("read", path))?;
    file.read_to_end(&mut tail).map_err(fault("read", path))?;
    let (whole, piece) = match tail.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => tail.split_at(end + 1),
        None => (&[][..], tail.as_slice()),
    };
    let there: HashSet<&[u8]> = whole.split(|byte| *byte == b'\n').collect();
    let mut text = String::new();
    if !piece.is_empty() {
        match lines.iter().any(|line| line.as_bytes().starts_with(piece)) {
            true => {
                let kept = length - piece.len() as u64;
                file.set_len(kept).map_err(fault("write", path))?;
            }
            false => text.push('\n'),
        }
    }
    for line in lines {
        if !there.contains(line.as_bytes()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    file.write_all(text.as_bytes())
        .map_err(fault("write", path))?;
    file.sync_data().map_err(fault("sync", path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    /// The file after these lines were appended to it.
    fn after(content: &str, lines: &[&str]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alerts.jsonl");
        std::fs::write(&path, content).unwrap();
        append(&path, lines).unwrap();
        std::fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn a_crash_at_any_byte_leaves_each_line_once() {
        let lines = ["{\"id\":1}", "{\"id\":2}", "{\"id\":3}"];
        for before in ["", "{\"id\":0}\n"] {
            let whole = format!("{before}{}\n", lines.join("\n"));
            for cut in before.len()..=whole.len() {
                assert_eq!(after(&whole[..cut], &lines), whole, "{cut}");
            }
        }
    }

    #[test]
    fn what_others_wrote_stays() {
        assert_eq!(after("mine", &["{}"]), "mine\n{}\n");
        assert_eq!(
            after("{\"id\":2}", &["{\"id\":1}"]),
            "{\"id\":2}\n{\"id\":1}\n"
        );
    }
}
