//! Pictures as files.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// How a picture is written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// Lines and text that can be enlarged (`.svg`).
    Svg,
    /// An image (`.png`).
    Png,
    /// A page that answers the pointer (`.html`).
    Html,
}

impl PictureFormat {
    /// The format that the ending of a file's name says.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it says none.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|e| e.to_str());
        match ending.map(str::to_lowercase).as_deref() {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            Some("html" | "htm") => Ok(Self::Html),
            _ => Err(Error::invalid(format!(
                "expected a picture's file that ends in .svg, .png or .html, found {}",
                path.display()
            ))),
        }
    }
}

/// Writes a file beside its place and moves it there when it is whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = || {
        let mut file = File::create(&partial).map_err(Error::io("create", &partial))?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(Error::io("write", &partial))?;
        fs::rename(&partial, path).map_err(Error::io("rename", &partial))
    };
    let done = written();
    if done.is_err() {
        // What matters is why it failed; a part that stays has a name that says so.
        let _ = fs::remove_file(&partial);
    }
    done
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.svg");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let folder = dir.path().join("folder.svg");
        fs::create_dir(&folder).unwrap();
        assert!(replace(&folder, b"three").is_err());
        assert!(replace(&dir.path().join("none/a.svg"), b"four").is_err());
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            2,
            "no part stays"
        );
    }

    #[test]
    fn endings_say_the_format() {
        let of = |name: &str| PictureFormat::of(Path::new(name));
        assert_eq!(of("a.SVG").unwrap(), PictureFormat::Svg);
        assert_eq!(of("a.b.png").unwrap(), PictureFormat::Png);
        assert_eq!(of("a.html").unwrap(), PictureFormat::Html);
        for wrong in ["a", "a.jpg", ".svg", "svg"] {
            let message = of(wrong).unwrap_err().to_string();
            assert!(message.contains(".svg, .png or .html"), "{message}");
        }
    }
}
