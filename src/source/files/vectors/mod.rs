//! Vectors that were made elsewhere: `.npy` matrices, Parquet files and tables of text.

mod columns;
mod matrix;
mod meta;
mod npy;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod repeats;
mod table;

use std::path::Path;

use super::container::{Content, FilePlace, Member, for_each_member};
use super::input_report::InputReport;
use crate::error::{Error, Result};
use matrix::Matrix;
pub use meta::VectorMeta;
use meta::{Metas, read_sidecar};
pub use options::VectorOptions;
use repeats::find_repeats;

/// What a file of vectors holds. They are as they were written: not yet of unit length.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VectorFile {
    /// The dimension D of every vector.
    pub dim: usize,
    /// `D` values a vector, one vector after the other.
    pub rows: Vec<f32>,
    /// What each vector stands for.
    pub meta: Vec<VectorMeta>,
    /// What was read and left out.
    pub report: InputReport,
}

/// Reads vectors from a matrix of NumPy (`.npy`: two axes, C order, floats or integers), or from a table:
/// Parquet, Feather, CSV or JSON. A table has a column `vector` or `embedding` of lists of numbers or of texts
/// like `[0.1, 0.2]`, or numbered columns like `vector0`, `vector1`, ...
///
/// Rows of one window with one vector are stored once. Rows of one window with different vectors are defects.
///
/// # Errors
/// [`Error::Io`] if a file cannot be read, [`Error::Input`] if one is damaged or of another form,
/// if the rows of the metadata are not as many as the vectors, or if there are defects and
/// `options.on_error` refuses them; [`Error::Invalid`] for Parquet in a program without it.
pub fn read_vectors(path: &Path, options: &VectorOptions) -> Result<VectorFile> {
    let mut found: Option<(Matrix, Option<Metas>)> = None;
    for_each_member(path, &mut |member| {
        let Member { place, content } = member;
        if found.is_some() {
            return Err(place.error(None, "expected one array of vectors, found several"));
        }
        let (matrix, metas) = match content {
            Content::Npy(reader) => (npy::read(reader, &place)?, None),
            Content::Parquet | Content::Feather => {
                let (matrix, metas) = read_columns(&place, &content, options)?;
                (matrix, Some(metas))
            }
            Content::Csv(_) | Content::Json(_) => {
                let (matrix, metas) = table::read(Member { place, content }, options)?;
                (matrix, Some(metas))
            }
        };
        found = Some((matrix, metas));
        Ok(())
    })?;
    let nothing = || Error::input(path, None, "expected vectors, found nothing");
    let (matrix, own_metas) = found.ok_or_else(nothing)?;
    let metas = match &options.meta {
        Some(sidecar) => Some(read_sidecar(sidecar, options)?),
        None => own_metas,
    };
    join(matrix, metas, path, options)
}

#[cfg(feature = "parquet")]
fn read_columns(
    place: &FilePlace,
    content: &Content<'_>,
    options: &VectorOptions,
) -> Result<(Matrix, Metas)> {
    let kind = match content {
        Content::Feather => super::rows::ColumnsKind::Feather,
        _ => super::rows::ColumnsKind::Parquet,
    };
    parquet::read(place, kind, options)
}

#[cfg(not(feature = "parquet"))]
fn read_columns(
    place: &FilePlace,
    content: &Content<'_>,
    _: &VectorOptions,
) -> Result<(Matrix, Metas)> {
    let kind = match content {
        Content::Feather => "Feather",
        _ => "Parquet",
    };
    Err(super::rows::parquet_is_off(kind, place))
}

/// Joins vectors and metadata row by row and leaves out the rows of which either is unusable.
fn join(
    matrix: Matrix,
    metas: Option<Metas>,
    path: &Path,
    options: &VectorOptions,
) -> Result<VectorFile> {
    let rows = matrix.defects.len();
    let metas = metas.unwrap_or_else(|| Metas::assumed(rows));
    if metas.len() != rows {
        let place = options.meta.as_deref().unwrap_or(path);
        return Err(Error::input(
            place,
            None,
            format!(
                "expected a row of metadata for each of the {rows} vectors, found {}",
                metas.len()
            ),
        ));
    }
    let mut report = InputReport::new(path);
    let mut meta = Vec::with_capacity(rows);
    let mut kept = Vec::with_capacity(rows);
    for (line, (defect, of_row)) in (1..).zip(matrix.defects.into_iter().zip(metas.settle())) {
        report.rows += 1;
        kept.push(defect.is_none() && of_row.is_ok());
        match (defect, of_row) {
            (None, Ok(of_row)) => meta.push(of_row),
            (Some(defect), _) | (None, Err(defect)) => report.reject(line, defect),
        }
    }
    let mut values = matrix.values;
    if meta.len() < rows {
        values = kept_of(&values, matrix.dim, &kept);
    }
    let lines = kept.iter().zip(1_u64..).filter(|(kept, _)| **kept);
    let lines: Vec<u64> = lines.map(|(_, line)| line).collect();
    let is_single = find_repeats(&meta, &values, &lines, &mut report);
    if is_single.contains(&false) {
        values = kept_of(&values, matrix.dim, &is_single);
        let singles = meta.into_iter().zip(is_single);
        meta = singles
            .filter_map(|(meta, keep)| keep.then_some(meta))
            .collect();
    }
    report.accepted = meta.len() as u64;
    Ok(VectorFile {
        dim: matrix.dim,
        rows: values,
        meta,
        report: report.judge(options.on_error)?,
    })
}

fn kept_of(values: &[f32], dim: usize, kept: &[bool]) -> Vec<f32> {
    let vectors = values.chunks_exact(dim).zip(kept);
    let vectors = vectors.filter_map(|(vector, keep)| keep.then_some(vector));
    vectors.flatten().copied().collect()
}

#[cfg(test)]
mod tests;
