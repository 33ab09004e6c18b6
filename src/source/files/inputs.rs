//! Which files are meant by the arguments of a command.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;
use walkdir::WalkDir;

use crate::error::{Error, Result};

/// Endings that are taken from a folder; the content decides how a file is read.
const RECOGNISED: [&str; 11] = [
    ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".feather", ".arrow", ".ipc", ".gz",
    ".zip",
];

/// What the arguments of a command name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inputs {
    /// The files to read, sorted, each once.
    pub files: Vec<PathBuf>,
    /// Files in folders that are of no kind which can be read.
    pub passed_over: Vec<PathBuf>,
}

/// The files that `args` name: files as they are, folders with all files below them whose names
/// end in `.csv`, `.tsv`, `.json`, `.jsonl`, `.ndjson`, `.parquet`, `.feather`, `.arrow`, `.ipc`, `.gz` or
/// `.zip`, and patterns
/// like `data/**/*_1h.csv.gz`. Hidden files in folders are passed over. The result is sorted, and
/// a file that is named twice is there once.
///
/// # Errors
/// [`Error::Invalid`] if there is no argument or one matches nothing, [`Error::Io`] if a folder
/// cannot be read.
pub fn find_inputs(args: &[String]) -> Result<Vec<PathBuf>> {
    find_inputs_and_others(args, &[]).map(|found| found.files)
}

/// As [`find_inputs`], with the files in folders whose names end in one of `also`, and with those that
/// were passed over.
///
/// # Errors
/// As [`find_inputs`].
pub fn find_inputs_and_others(args: &[String], also: &[&str]) -> Result<Inputs> {
    if args.is_empty() {
        return Err(Error::invalid(
            "expected at least one file, folder or pattern to read",
        ));
    }
    let mut found = Search {
        also,
        inputs: Inputs::default(),
    };
    for arg in args {
        let before = found.inputs.files.len();
        found.add_argument(arg)?;
        if found.inputs.files.len() == before {
            return Err(nothing_found(arg));
        }
    }
    let Inputs {
        mut files,
        mut passed_over,
    } = found.inputs;
    let mut seen = HashSet::new();
    for list in [&mut files, &mut passed_over] {
        list.sort();
        list.retain(|file| seen.insert(Identity::of(file)));
    }
    Ok(Inputs { files, passed_over })
}

/// What tells whether two paths are of one file.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Path(PathBuf),
    /// A file with several names in its folders: the device and the number there.
    #[cfg(unix)]
    Linked(u64, u64),
}

impl Identity {
    fn of(path: &Path) -> Self {
        #[cfg(unix)]
        if let Ok(metadata) = path.metadata() {
            use std::os::unix::fs::MetadataExt;
            if metadata.is_file() && metadata.nlink() > 1 {
                return Self::Linked(metadata.dev(), metadata.ino());
            }
        }
        Self::Path(path.canonicalize().unwrap_or_else(|_| path.to_path_buf()))
    }
}

fn nothing_found(arg: &str) -> Error {
    let path = Path::new(arg);
    let reason = if path.is_dir() {
        format!(
            "the folder holds no file that ends in {}",
            RECOGNISED.join(", ")
        )
    } else if has_pattern(arg) {
        "no file matches the pattern".to_owned()
    } else if cfg!(unix) && arg == "-" {
        "there is no such file; to read what a program pipes in, name /dev/stdin".to_owned()
    } else {
        "there is no such file or folder".to_owned()
    };
    Error::invalid(format!("{arg}: {reason}"))
}

/// A search in folders.
struct Search<'a> {
    /// Endings that are taken beside those that always are.
    also: &'a [&'a str],
    inputs: Inputs,
}

impl Search<'_> {
    fn add_argument(&mut self, arg: &str) -> Result<()> {
        let path = Path::new(arg);
        if path.is_dir() {
            self.add_folder(path)
        } else if path.exists() {
            self.inputs.files.push(path.to_path_buf());
            Ok(())
        } else if has_pattern(arg) {
            self.add_matches(arg)
        } else {
            Ok(())
        }
    }

    fn add_folder(&mut self, folder: &Path) -> Result<()> {
        walk(folder, |path, is_file| {
            let name = path.to_string_lossy().to_ascii_lowercase();
            let mut endings = RECOGNISED.iter().chain(self.also);
            if is_file && endings.any(|ending| name.ends_with(ending)) {
                self.inputs.files.push(path.to_path_buf());
            } else if is_file {
                self.inputs.passed_over.push(path.to_path_buf());
            }
            Ok(())
        })
    }

    fn add_matches(&mut self, pattern: &str) -> Result<()> {
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|e| Error::invalid(format!("{pattern} is not a pattern: {}", e.kind())))?
            .compile_matcher();
        let base = fixed_part(Path::new(pattern));
        let start = if base.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &base
        };
        if !start.is_dir() {
            return Ok(());
        }
        walk(start, |path, is_file| {
            // Walking "." gives "./x", while the pattern says "x".
            let named = if base.as_os_str().is_empty() {
                path.strip_prefix(".").unwrap_or(path)
            } else {
                path
            };
            match (glob.is_match(named), is_file) {
                (true, true) => self.inputs.files.push(named.to_path_buf()),
                (true, false) if !named.as_os_str().is_empty() => self.add_folder(named)?,
                _ => {}
            }
            Ok(())
        })
    }
}

fn has_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// The leading components of a pattern that hold no wildcard.
fn fixed_part(pattern: &Path) -> PathBuf {
    pattern
        .components()
        .take_while(|c| match c {
            Component::Normal(name) => !has_pattern(&name.to_string_lossy()),
            _ => true,
        })
        .collect()
}

fn walk(folder: &Path, mut visit: impl FnMut(&Path, bool) -> Result<()>) -> Result<()> {
    let hidden = |entry: &walkdir::DirEntry| {
        entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.')
    };
    let entries = WalkDir::new(folder).follow_links(true).into_iter();
    for entry in entries.filter_entry(|entry| !hidden(entry)) {
        match entry {
            Ok(entry) => visit(entry.path(), entry.file_type().is_file())?,
            Err(e) => match e.path() {
                // Reading it will say what is wrong with it, and the other files go on.
                Some(link) if is_broken_link(link) => visit(link, true)?,
                _ => return Err(unreadable(folder, e)),
            },
        }
    }
    Ok(())
}

fn is_broken_link(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

fn unreadable(folder: &Path, error: walkdir::Error) -> Error {
    let at = error.path().unwrap_or(folder).to_path_buf();
    let source = if error.loop_ancestor().is_some() {
        std::io::Error::other("it is a link to a folder above it")
    } else {
        // `into_io_error` gives none only for loops; its text would repeat the path.
        error
            .into_io_error()
            .unwrap_or_else(|| std::io::Error::other("it cannot be listed"))
    };
    Error::io("read the folder", &at)(source)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        dir
    }

    fn found(dir: &tempfile::TempDir, args: &[&str]) -> Vec<String> {
        let args: Vec<String> = args
            .iter()
            .map(|a| format!("{}/{a}", dir.path().display()))
            .collect();
        find_inputs(&args)
            .unwrap()
            .iter()
            .map(|p| {
                let name = p.strip_prefix(dir.path()).unwrap();
                name.to_string_lossy().into_owned()
            })
            .collect()
    }

    #[test]
    fn folders_are_walked_and_sorted() {
        let dir = tree(&[
            "b/2.csv",
            "a/1.CSV.gz",
            "a/deep/0.parquet",
            "a/x.rs",
            "a/.h.csv",
            ".g/1.csv",
        ]);
        assert_eq!(
            found(&dir, &[""]),
            ["a/1.CSV.gz", "a/deep/0.parquet", "b/2.csv"]
        );
    }

    #[test]
    fn what_is_passed_over_is_known() {
        let dir = tree(&["a/1.csv", "a/1.csv.CHECKSUM", "b/notes.txt", "b/.hidden"]);
        let root = [dir.path().display().to_string()];
        let names = |files: &[PathBuf]| {
            let names = files
                .iter()
                .map(|f| f.file_name().unwrap().to_string_lossy().into_owned());
            names.collect::<Vec<_>>()
        };
        let found = find_inputs_and_others(&root, &[]).unwrap();
        assert_eq!(names(&found.passed_over), ["1.csv.CHECKSUM", "notes.txt"]);
        let found = find_inputs_and_others(&root, &[".txt"]).unwrap();
        assert_eq!(names(&found.files), ["1.csv", "notes.txt"]);
        assert_eq!(names(&found.passed_over), ["1.csv.CHECKSUM"]);
    }

    #[test]
    fn patterns_do_not_cross_folders_unless_told() {
        let dir = tree(&["a/X_1h.csv", "a/X_1d.csv", "a/b/Y_1h.csv", "a/b/c/note.txt"]);
        assert_eq!(found(&dir, &["a/*_1h.csv"]), ["a/X_1h.csv"]);
        assert_eq!(
            found(&dir, &["a/**/*_1h.csv"]),
            ["a/X_1h.csv", "a/b/Y_1h.csv"]
        );
        assert_eq!(
            found(&dir, &["a/{X_1d,b/Y*}.csv"]),
            ["a/X_1d.csv", "a/b/Y_1h.csv"]
        );
        assert_eq!(
            found(&dir, &["*"]),
            ["a/X_1d.csv", "a/X_1h.csv", "a/b/Y_1h.csv"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_two_names_is_there_once() {
        let dir = tree(&["a/1.csv", "b/2.csv"]);
        let at = |name: &str| dir.path().join(name);
        std::fs::hard_link(at("a/1.csv"), at("b/1.csv")).unwrap();
        std::os::unix::fs::symlink(at("b/2.csv"), at("b/3.csv")).unwrap();
        assert_eq!(found(&dir, &["a", "b"]), ["a/1.csv", "b/2.csv"]);
    }

    #[test]
    fn a_file_named_twice_is_there_once() {
        let dir = tree(&["a/1.csv", "a/odd.name"]);
        let twice = found(&dir, &["a/1.csv", "a", "a/../a/1.csv", "a/odd.name"]);
        // Of two spellings the first in order stays.
        assert_eq!(twice, ["a/../a/1.csv", "a/odd.name"]);
    }

    #[test]
    fn what_matches_nothing_is_an_error() {
        let dir = tree(&["a/x.rs"]);
        let root = dir.path().display();
        for (arg, reason) in [
            (format!("{root}/a"), "holds no file"),
            (format!("{root}/*.csv"), "matches the pattern"),
            (format!("{root}/none.csv"), "no such file"),
            (format!("{root}/a/["), "not a pattern"),
        ] {
            let text = find_inputs(std::slice::from_ref(&arg))
                .unwrap_err()
                .to_string();
            assert!(text.contains(&arg) && text.contains(reason), "{text}");
        }
        assert!(find_inputs(&[]).is_err());
    }
}
