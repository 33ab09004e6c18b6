//! Whether a file is still the one that was read before.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, Result};
use crate::model::FileStamp;

/// A file that was written so shortly before it was looked at may have been written again since, while
/// the clock of the file system stood still.
const UNSURE_NANOS: i64 = 2_000_000_000;

/// What a file is like now. `before`: what one of the same name was like. The content is read for its hash
/// only where length and time may not tell the next time: it was written just now, or a file of the same
/// length was there before.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::Invalid`] if it is a pipe or the like.
pub fn stamp_file(path: &Path, before: Option<&FileStamp>) -> Result<FileStamp> {
    let stamped = nanos(SystemTime::now());
    let (size, modified) = look_at(path)?;
    let mut stamp = FileStamp {
        size,
        modified,
        stamped,
        hash: None,
    };
    if !is_sure(&stamp) || before.is_some_and(|before| before.size == size) {
        stamp.hash = Some(hash_of(path)?);
    }
    Ok(stamp)
}

/// Whether a file that is written again gets another time.
fn is_sure(stamp: &FileStamp) -> bool {
    stamp.modified < stamp.stamped.saturating_sub(UNSURE_NANOS)
}

fn hash_of(path: &Path) -> Result<u64> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let mut hasher = Xxh3::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer).map_err(Error::io("read", path))?;
        if n == 0 {
            break;
        }
        hasher.update(buffer.get(..n).unwrap_or_default());
    }
    Ok(hasher.digest())
}

/// What a file is like now, if it holds what it held then. Its content is read only where its time does
/// not tell.
///
/// # Errors
/// As [`stamp_file`].
pub fn unchanged_file(path: &Path, then: &FileStamp) -> Result<Option<FileStamp>> {
    let (size, modified) = look_at(path)?;
    if size != then.size {
        return Ok(None);
    }
    if is_sure(then) && modified == then.modified {
        return Ok(Some(*then));
    }
    if then.hash.is_none() {
        return Ok(None);
    }
    let now = stamp_file(path, Some(then))?;
    Ok((now.hash == then.hash && now.size == then.size).then_some(now))
}

fn look_at(path: &Path) -> Result<(u64, i64)> {
    let metadata = path.metadata().map_err(Error::io("look at", path))?;
    if !metadata.is_file() {
        // A pipe can be read only once.
        return Err(Error::invalid(format!(
            "expected a plain file, found {}, which is none",
            path.display()
        )));
    }
    let modified = metadata.modified().map_err(Error::io("look at", path))?;
    Ok((metadata.len(), nanos(modified)))
}

fn nanos(time: SystemTime) -> i64 {
    let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()),
        Err(before) => i64::try_from(before.duration().as_nanos()).map(|n| -n),
    };
    nanos.unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::Duration;

    use super::*;

    #[test]
    fn content_decides_where_the_time_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let write = |text: &str, age: u64| {
            std::fs::write(&path, text).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(time)
                .unwrap();
        };
        write("one", 100);
        // Its content is read only once another one of its length was there.
        let first = stamp_file(&path, None).unwrap();
        assert_eq!(first.hash, None);
        assert_eq!(unchanged_file(&path, &first).unwrap(), Some(first));
        write("one", 90);
        assert_eq!(unchanged_file(&path, &first).unwrap(), None);
        let then = stamp_file(&path, Some(&first)).unwrap();
        assert_eq!(unchanged_file(&path, &then).unwrap(), Some(then));
        // The same content at another time, and another content of the same length.
        write("one", 50);
        let now = unchanged_file(&path, &then).unwrap().unwrap();
        assert!(now.hash == then.hash && now.modified != then.modified);
        write("two", 50);
        assert_eq!(unchanged_file(&path, &then).unwrap(), None);
        write("more", 100);
        assert_eq!(unchanged_file(&path, &then).unwrap(), None);
        // Written in the moment of the look, so the time tells nothing.
        write("one", 0);
        let mut fresh = stamp_file(&path, None).unwrap();
        fresh.hash = fresh.hash.map(|hash| hash ^ 1);
        assert_eq!(unchanged_file(&path, &fresh).unwrap(), None);
        std::fs::remove_file(&path).unwrap();
        assert!(unchanged_file(&path, &then).is_err());
    }
}
