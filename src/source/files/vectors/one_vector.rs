//! A vector to ask with.

use std::io::{BufRead, Read};
use std::path::Path;

use super::super::container::{Content, FilePlace, for_each_member};
use super::columns::numbers_of;
use super::npy::{self, Wanted};
use crate::error::{Error, Result};
use crate::model::Space;

/// The most that a text of one vector may be long: 32 bytes a number.
const MAX_TEXT: u64 = 32 * Space::MAX_DIM as u64;

/// Reads one vector to ask with: an array of NumPy (`.npy`) of one axis or of one row, or a text with its
/// numbers, like `[0.1, 0.2]`.
///
/// ```
/// use rhymedb::files::read_one_vector;
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("mine.json");
/// std::fs::write(&path, "[0.5, -1, 2e0]")?;
/// assert_eq!(read_one_vector(&path)?, [0.5, -1.0, 2.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Io`] if the file cannot be read, [`Error::Input`] if it holds anything but one vector of finite
/// numbers that are not all 0.
pub fn read_one_vector(path: &Path) -> Result<Vec<f32>> {
    let mut found = None;
    for_each_member(path, &mut |member| {
        let place = member.place;
        if found.is_some() {
            return Err(place.error(None, "expected one vector, found several members"));
        }
        let vector = match member.content {
            Content::Npy(reader) => {
                let matrix = npy::read(reader, &place, Wanted::One)?;
                if let Some(Some(defect)) = matrix.defects.into_iter().next() {
                    return Err(place.error(None, defect.message));
                }
                matrix.values
            }
            Content::Csv(reader) | Content::Json(reader) => in_text(reader, &place)?,
            Content::Parquet | Content::Feather => {
                let message = "expected one vector as .npy or as a text like [0.1, 0.2], found a table; save it with numpy.save('ONE.npy', a)";
                return Err(place.error(None, message));
            }
        };
        found = Some(vector);
        Ok(())
    })?;
    found.ok_or_else(|| Error::input(path, None, "expected a vector, found nothing"))
}

fn in_text(reader: Box<dyn BufRead + '_>, place: &FilePlace) -> Result<Vec<f32>> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_TEXT + 1).read_to_end(&mut bytes);
    read.map_err(|e| place.read_error(None, e))?;
    let refuse = |found: &str| {
        let message = format!(
            "expected one vector as .npy or as a text of finite numbers that are not all 0, like [0.1, 0.2], found {found}"
        );
        Err(place.error(None, message))
    };
    if bytes.len() as u64 > MAX_TEXT {
        return refuse("a longer text than a vector has");
    }
    let vector = numbers_of(&String::from_utf8_lossy(&bytes));
    if vector.is_empty() {
        return refuse("no number");
    }
    if let Some(at) = vector.iter().position(|x| !x.is_finite()) {
        return refuse(&format!("something else as number {}", at + 1));
    }
    if vector.iter().all(|&x| x == 0.0) {
        return refuse("only zeros");
    }
    Ok(vector)
}
