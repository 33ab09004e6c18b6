//! Vectors that were made elsewhere: `.npy` matrices, Parquet files and tables of text.

mod columns;
mod matrix;
mod meta;
mod npy;
mod of_headlines;
mod one_vector;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod read_matrix;
mod repeats;
mod table;

use std::path::Path;

use super::input_report::InputReport;
use crate::error::{Error, Result};
use matrix::{Matrix, kept_of};
pub use meta::VectorMeta;
use meta::{Metas, RowsOf, read_sidecar};
pub use of_headlines::{HeadlineVectorFile, read_headline_vectors};
pub use one_vector::read_one_vector;
pub use options::VectorOptions;
use read_matrix::read_matrix;
use repeats::{find_repeats, keep_single};

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
    let (matrix, own_metas) = read_matrix(path, &options.map, RowsOf::Windows)?;
    let metas = match &options.meta {
        Some(sidecar) => Some(read_sidecar(sidecar, options)?),
        None => own_metas,
    };
    join(matrix, metas, path, options)
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
    let told = |meta: &VectorMeta| {
        let VectorMeta {
            market,
            venue,
            symbol,
            interval,
            end,
        } = meta;
        format!("{market}/{venue}/{symbol}:{interval} ending {end}")
    };
    let is_single = find_repeats(&meta, told, (&values, &lines), &mut report);
    let (meta, values) = keep_single(meta, (values, matrix.dim), &is_single);
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
