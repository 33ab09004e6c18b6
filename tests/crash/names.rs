//! The names on a simulated disk, and how they change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::survival::Node;

pub type Names = BTreeMap<PathBuf, Node>;

/// One change of names, which happens as a whole or not at all.
#[derive(Clone)]
pub enum NameChange {
    Set(PathBuf, Option<Node>),
    /// Of a file, or of a folder with all that is in it.
    Rename(PathBuf, PathBuf),
}

impl NameChange {
    pub fn apply(&self, names: &mut Names) {
        match self {
            Self::Set(path, Some(node)) => {
                names.insert(path.clone(), *node);
            }
            Self::Set(path, None) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                let moved: Vec<_> = names
                    .iter()
                    .filter_map(|(path, node)| Some((path.clone(), moved(path, from, to)?, *node)))
                    .collect();
                for (old, new, node) in moved {
                    names.remove(&old);
                    names.insert(new, node);
                }
            }
        }
    }

    /// Whether a sync of that folder makes it durable. A file that goes from one folder to another
    /// is never in both or in none, as file systems with a journal have it.
    pub fn is_in(&self, dir: &Path) -> bool {
        match self {
            Self::Set(path, _) => path.parent() == Some(dir),
            Self::Rename(from, to) => [from, to].iter().any(|p| p.parent() == Some(dir)),
        }
    }

    /// The same change, after a folder that it is in got another name.
    pub fn follow(&mut self, from: &Path, to: &Path) {
        let paths = match self {
            Self::Set(path, _) => vec![path],
            Self::Rename(a, b) => vec![a, b],
        };
        for path in paths {
            if let Some(new) = moved(path, from, to) {
                *path = new;
            }
        }
    }
}

/// What `path` is called after `from` is called `to`, if that concerns it.
fn moved(path: &Path, from: &Path, to: &Path) -> Option<PathBuf> {
    let rest = path.strip_prefix(from).ok()?;
    // Joining nothing would add a slash.
    let same = rest.as_os_str().is_empty();
    Some(if same {
        to.to_path_buf()
    } else {
        to.join(rest)
    })
}
