//! The vectors of a file of any kind.

use std::path::Path;

use super::super::column_map::MappedColumn;
use super::super::container::{Content, FilePlace, Member, for_each_member};
use super::matrix::Matrix;
use super::meta::{Metas, RowsOf};
#[cfg(feature = "parquet")]
use super::parquet;
use super::{npy, table};
use crate::error::{Error, Result};

/// Reads the vectors, and what they stand for where the file is a table.
pub(super) fn read_matrix(
    path: &Path,
    map: &[MappedColumn],
    of: RowsOf,
) -> Result<(Matrix, Option<Metas>)> {
    let mut found: Option<(Matrix, Option<Metas>)> = None;
    for_each_member(path, &mut |member| {
        let Member { place, content } = member;
        if found.is_some() {
            return Err(place.error(None, "expected one array of vectors, found several"));
        }
        let (matrix, metas) = match content {
            Content::Npy(reader) => (npy::read(reader, &place, npy::Wanted::Many)?, None),
            Content::Parquet | Content::Feather => {
                let (matrix, metas) = read_columns(&place, &content, (map, of))?;
                (matrix, Some(metas))
            }
            Content::Csv(_) | Content::Json(_) => {
                let (matrix, metas) = table::read(Member { place, content }, (map, of))?;
                (matrix, Some(metas))
            }
        };
        found = Some((matrix, metas));
        Ok(())
    })?;
    let nothing = || Error::input(path, None, "expected vectors, found nothing");
    found.ok_or_else(nothing)
}

#[cfg(feature = "parquet")]
fn read_columns(
    place: &FilePlace,
    content: &Content<'_>,
    (map, of): (&[MappedColumn], RowsOf),
) -> Result<(Matrix, Metas)> {
    let kind = match content {
        Content::Feather => super::super::rows::ColumnsKind::Feather,
        _ => super::super::rows::ColumnsKind::Parquet,
    };
    parquet::read(place, kind, (map, of))
}

#[cfg(not(feature = "parquet"))]
fn read_columns(
    place: &FilePlace,
    content: &Content<'_>,
    _: (&[MappedColumn], RowsOf),
) -> Result<(Matrix, Metas)> {
    let kind = match content {
        Content::Feather => "Feather",
        _ => "Parquet",
    };
    Err(super::super::rows::parquet_is_off(kind, place))
}
