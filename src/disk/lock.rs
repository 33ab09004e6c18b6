use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Storage;
use crate::error::{Error, Result};

/// Holds a database folder for the one process that writes; readers need none. The lock is the
/// operating system's, so it ends with the process, however that ends; the file's text only tells
/// others who holds it.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: Option<File>,
}

/// What is said of a holder behind its process and program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Others can read meanwhile.
    Writer,
    /// Others cannot.
    Alone,
    /// Who came to read, and puts right what a killed writer left.
    ForAMoment,
}

impl Holder {
    fn remark(self) -> &'static str {
        match self {
            Self::Writer => "",
            Self::Alone => ", whose commits share syncs, so nobody can read until it closes",
            Self::ForAMoment => ", which puts right what a killed process left",
        }
    }
}

/// How long somebody who has the lock for a moment, or looks who has it, is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the same holder has to be told. Between taking the lock and saying so, the name of the
/// one before stands there, or none.
const SETTLED: Duration = Duration::from_millis(250);
const STEP: Duration = Duration::from_millis(5);

impl DirLock {
    const NAME: &'static str = "lock";

    /// Takes the lock of `dir`.
    ///
    /// # Errors
    /// [`Error::Locked`] with the holder's process number if somebody else has it.
    pub(crate) fn acquire(storage: &dyn Storage, dir: &Path, as_a: Holder) -> Result<Self> {
        let path = dir.join(Self::NAME);
        let opened = storage.lock_file(&path);
        let file = opened.map_err(Error::io(Error::OPEN_TO_WRITE, &path))?;
        let Some(mut file) = file else {
            return Ok(Self { _file: None });
        };
        let until = Instant::now() + PATIENCE;
        let mut told: Option<(String, Instant)> = None;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(Error::io("lock", &path)(e)),
            }
            // Who only looks whether there is a writer is gone at once.
            let looked_at = file.try_lock_shared().is_ok() && file.unlock().is_ok();
            let holder = match looked_at {
                true => "one or more readers of an earlier version of this program".to_owned(),
                false => holder(&mut file),
            };
            let soon = looked_at || holder.ends_with(Holder::ForAMoment.remark());
            let now = Instant::now();
            let since = match &told {
                Some((before, since)) if *before == holder => *since,
                _ => now,
            };
            if now > until || (!soon && now - since > SETTLED) {
                return Err(Error::Locked {
                    path: dir.to_path_buf(),
                    holder,
                });
            }
            told = Some((holder, since));
            std::thread::sleep(STEP);
        }
        record_holder(&mut file, as_a).map_err(Error::io("write", &path))?;
        Ok(Self { _file: Some(file) })
    }

    /// Whether somebody has the lock of `dir`.
    pub(crate) fn is_held(storage: &dyn Storage, dir: &Path) -> bool {
        let file = storage.lock_file_to_read(&dir.join(Self::NAME));
        let Ok(Some(file)) = file else {
            return false;
        };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Who has or had the lock of `dir` last, for messages to those who find the catalog in use.
    pub(crate) fn last_holder(storage: &dyn Storage, dir: &Path) -> String {
        let file = storage.lock_file_to_read(&dir.join(Self::NAME));
        match file {
            Ok(Some(mut file)) => holder(&mut file),
            _ => "another process".to_owned(),
        }
    }
}

fn record_holder(file: &mut File, as_a: Holder) -> std::io::Result<()> {
    let program = std::env::args_os()
        .next()
        .map(|a| a.to_string_lossy().into_owned())
        .unwrap_or_default();
    let process = std::process::id();
    let text = format!("process {process} ({program}){}\n", as_a.remark());
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    if read.is_ok() && text.starts_with("process ") {
        text.trim().to_owned()
    } else {
        "another process".to_owned()
    }
}
