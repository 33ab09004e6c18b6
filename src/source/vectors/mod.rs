//! Vectors that were made elsewhere: `.npy` matrices, Parquet files and tables of text.

mod matrix;
mod meta;
mod npy;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod table;

use std::path::Path;

use super::container::{Content, Member, Place, for_each_member};
use super::report::InputReport;
use crate::error::{Error, Result};
use matrix::Matrix;
pub use meta::VectorMeta;
use meta::{Metas, read_sidecar};
pub use options::VectorOptions;

/// What a file of vectors holds. They are as they were written: not yet of unit length.
#[derive(Clone, Debug, PartialEq)]
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

/// Reads vectors from a matrix of NumPy (`.npy`: two axes, C order, 16, 32 or 64 bit floats), a
/// Parquet file with a column `vector` or `embedding` of lists of floats, JSON with arrays of that name, or CSV
/// with the columns `vector0`, `vector1`, ...
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
            Content::Parquet => {
                let (matrix, metas) = read_parquet(&place, options)?;
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
fn read_parquet(place: &Place, options: &VectorOptions) -> Result<(Matrix, Metas)> {
    parquet::read(place, options)
}

#[cfg(not(feature = "parquet"))]
fn read_parquet(place: &Place, _: &VectorOptions) -> Result<(Matrix, Metas)> {
    Err(super::rows::parquet_is_off(place))
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
        let vectors = values.chunks_exact(matrix.dim).zip(kept);
        let vectors = vectors.filter_map(|(vector, keep)| keep.then_some(vector));
        values = vectors.flatten().copied().collect();
    }
    report.accepted = meta.len() as u64;
    Ok(VectorFile {
        dim: matrix.dim,
        rows: values,
        meta,
        report: report.judge(options.on_error)?,
    })
}

#[cfg(test)]
mod tests;
