//! Questions that a user keeps: a small file in the folder of the database, since asking only reads it.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhymedb::Error;
use serde::{Deserialize, Serialize};

use crate::whole_file;

/// The name of the file in the folder of the database, and of the one that is locked while it changes.
const NAME: &str = "questions.json";
const LOCK: &str = "questions.lock";
/// The version of the file.
const VERSION: u32 = 1;
/// The most questions.
const MOST: usize = 1000;
/// The largest file in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// A question that is kept: the words of a command, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saved {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
}

impl Saved {
    /// The command as it can be typed again.
    pub(crate) fn typed(&self) -> String {
        let quoted = |word: &String| {
            let plain = |c: char| c.is_alphanumeric() || "-_.,:/@=+%".contains(c);
            match (
                word.chars().all(plain) && !word.is_empty(),
                word.contains('\''),
            ) {
                (true, _) => word.clone(),
                (false, false) => format!("'{word}'"),
                (false, true) => format!("\"{word}\""),
            }
        };
        let words: Vec<String> = self.command.iter().map(quoted).collect();
        words.join(" ")
    }
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    version: u32,
    questions: Vec<Saved>,
}

/// The questions of a database.
pub(crate) struct Questions(PathBuf);

impl Questions {
    pub(crate) fn of(database: &Path) -> Self {
        Self(database.to_path_buf())
    }

    fn path(&self) -> PathBuf {
        self.0.join(NAME)
    }

    fn wrong(&self, why: &str) -> Error {
        Error::Invalid(format!(
            "expected saved questions in {}, found {why}; mend the file, or remove it to begin anew",
            self.path().display()
        ))
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> rhymedb::Result<Vec<Saved>> {
        let path = self.path();
        let text = match fs::metadata(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Ok(meta) if meta.len() > MOST_BYTES => {
                return Err(self.wrong(&format!("{} bytes", meta.len())));
            }
            _ => fs::read_to_string(&path).map_err(|e| io("read", &path, e))?,
        };
        // A file of a later version may have other fields: its version is read before them.
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|e| self.wrong(&e.to_string()))?;
        let version = value.get("version").and_then(serde_json::Value::as_u64);
        if version.is_some_and(|v| v > u64::from(VERSION)) {
            return Err(self.wrong("those of a later program: use that one"));
        }
        let held: Held = serde_json::from_value(value).map_err(|e| self.wrong(&e.to_string()))?;
        let mut all = held.questions;
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Keeps a question; one of that name is replaced. Whether there was one.
    pub(crate) fn keep(&self, question: Saved) -> rhymedb::Result<bool> {
        self.change(|all| {
            let before = all.len();
            all.retain(|q| q.name != question.name);
            let replaced = all.len() < before;
            if all.len() >= MOST {
                return Err(Error::Invalid(format!(
                    "expected at most {MOST} saved questions, found one more; `rhyme save --remove NAME` makes room"
                )));
            }
            all.push(question);
            Ok(replaced)
        })
    }

    /// Forgets a question.
    pub(crate) fn remove(&self, name: &str) -> rhymedb::Result<()> {
        self.change(|all| {
            let before = all.len();
            all.retain(|q| q.name != name);
            match all.len() < before {
                true => Ok(()),
                false => Err(Error::NotFound {
                    what: "saved question",
                    name: name.to_owned(),
                    hint_text: "`rhyme save` lists them".to_owned(),
                }),
            }
        })
    }

    /// Puts a copy into the folder of another database, if there are any.
    pub(crate) fn copy_to(&self, other: &Path) -> rhymedb::Result<()> {
        let all = self.all()?;
        match all.is_empty() {
            true => Ok(()),
            false => Self::of(other).change(|questions| {
                *questions = all;
                Ok(())
            }),
        }
    }

    /// What other databases keep, and this one does not.
    ///
    /// # Errors
    /// [`Error::Invalid`] if two of them keep another question under one name, or all too many.
    pub(crate) fn together_with(&self, others: &[PathBuf]) -> rhymedb::Result<Vec<Saved>> {
        let mut known: Vec<(Saved, PathBuf)> = Vec::new();
        known.extend(self.all()?.into_iter().map(|q| (q, self.0.clone())));
        let kept = known.len();
        for folder in others {
            for question in Self::of(folder).all()? {
                match known.iter().find(|(q, _)| q.name == question.name) {
                    Some((same, _)) if *same == question => {}
                    Some((other, place)) => {
                        return Err(Error::Invalid(format!(
                            "expected databases that agree, found two questions of the name {}: `{}` in {}, and `{}` in {}; remove one with `rhyme save --remove {}`",
                            question.name,
                            other.typed(),
                            place.display(),
                            question.typed(),
                            folder.display(),
                            question.name
                        )));
                    }
                    None => known.push((question, folder.clone())),
                }
            }
        }
        if known.len() > MOST {
            return Err(Error::Invalid(format!(
                "expected at most {MOST} saved questions together, found {}; `rhyme save --remove NAME` makes room",
                known.len()
            )));
        }
        Ok(known.into_iter().skip(kept).map(|(q, _)| q).collect())
    }

    /// Keeps questions beside those that there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] if another one was kept under one of the names meanwhile, or all are too many.
    pub(crate) fn add(&self, new: Vec<Saved>) -> rhymedb::Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        self.change(|all| {
            for question in new {
                match all.iter().find(|q| q.name == question.name) {
                    Some(same) if *same == question => {}
                    Some(other) => {
                        return Err(Error::Invalid(format!(
                            "expected no other question of the name {}, found `{}`, which was kept while the databases were merged; `rhyme save --remove {}`, and merge again",
                            question.name,
                            other.typed(),
                            question.name
                        )));
                    }
                    None => all.push(question),
                }
            }
            if all.len() > MOST {
                return Err(Error::Invalid(format!(
                    "expected at most {MOST} saved questions, found {}; `rhyme save --remove NAME` makes room",
                    all.len()
                )));
            }
            Ok(())
        })
    }

    /// Changes them, one process after the other. The new file is whole before it has the name.
    fn change<T>(
        &self,
        with: impl FnOnce(&mut Vec<Saved>) -> rhymedb::Result<T>,
    ) -> rhymedb::Result<T> {
        let lock = self.0.join(LOCK);
        let open = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock);
        let held = open.map_err(|e| io("open", &lock, e))?;
        held.lock().map_err(|e| io("lock", &lock, e))?;
        let mut questions = self.all()?;
        let done = with(&mut questions)?;
        questions.sort_by(|a, b| a.name.cmp(&b.name));
        let text = serde_json::to_string_pretty(&Held {
            version: VERSION,
            questions,
        });
        let text = text.map_err(|e| Error::Internal(format!("saved questions as JSON: {e}")))?;
        let path = self.path();
        whole_file::write(&path, text.as_bytes()).map_err(|e| io("write", &path, e))?;
        Ok(done)
    }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action,
        path: path.to_path_buf(),
        source: Arc::new(source),
    }
}
