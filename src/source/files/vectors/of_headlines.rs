//! Vectors of headlines.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::column_map::MappedColumn;
use super::super::container::for_each_member;
use super::super::headlines::{HeadlineOptions, read_timed};
use super::super::input_report::InputReport;
use super::super::raw_headline::RawHeadline;
use super::super::rows::Rows;
use super::matrix::{Matrix, kept_of};
use super::meta::{RowsOf, VECTOR};
use super::read_matrix::read_matrix;
use super::repeats::{find_repeats, keep_single};
use crate::error::{Error, Result, excerpt};
use crate::model::{Headline, Timestamp};

/// What a file of vectors of headlines holds. They are as they were written: not yet of unit length.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HeadlineVectorFile {
    /// The dimension D of every vector.
    pub dim: usize,
    /// `D` values a vector, one vector after the other.
    pub rows: Vec<f32>,
    /// The headline of each vector, in the order of the file.
    pub headlines: Vec<Headline>,
    /// What was read and left out.
    pub report: InputReport,
}

/// Reads vectors of headlines: from a table with the columns of headlines, as
/// [`crate::source::read_headlines`] reads them, and those of vectors, as [`crate::source::read_vectors`] does;
/// or from a matrix and `meta`, a table with a headline for each of its rows.
///
/// Rows of one headline with one vector are stored once. Rows of one headline with different vectors are
/// defects.
///
/// # Errors
/// [`Error::Io`] if a file cannot be read, [`Error::Input`] if one is damaged or of another form, if there are
/// not as many headlines as vectors, or if there are defects and `options.on_error` refuses them;
/// [`Error::Invalid`] for Parquet in a program without it.
pub fn read_headline_vectors(
    path: &Path,
    meta: Option<&Path>,
    options: &HeadlineOptions,
) -> Result<HeadlineVectorFile> {
    let of_vector = |column: &MappedColumn| column.field == VECTOR.name;
    let (of_vectors, of_headlines) = options.map.iter().cloned().partition(of_vector);
    let of_vectors: Vec<MappedColumn> = of_vectors;
    let (matrix, own) = read_matrix(path, &of_vectors, RowsOf::Headlines)?;
    if own.is_none() && meta.is_none() {
        return Err(Error::input(
            path,
            None,
            "expected vectors with their headlines, found a matrix alone; name a table with a headline for each row, with the columns published, source and text: --meta FILE",
        ));
    }
    let table = meta.unwrap_or(path);
    let options = HeadlineOptions {
        map: of_headlines,
        ..options.clone()
    };
    let mut report = InputReport::new(path);
    let mut headlines = BTreeMap::new();
    for_each_member(table, &mut |member| {
        let mut rows = Rows::open(member)?;
        let mut part = InputReport::new(table);
        let before = report.rows;
        let (found, _) = read_timed(&mut rows, &options, &mut part)?;
        headlines.extend(found.into_iter().map(|raw| (before + raw.row, raw)));
        report.absorb(rows.place.inner(), part);
        Ok(())
    })?;
    if matrix.defects.len() as u64 != report.rows {
        return Err(Error::input(
            table,
            None,
            format!(
                "expected a headline for each of the {} vectors, found {}",
                matrix.defects.len(),
                report.rows
            ),
        ));
    }
    join(matrix, headlines, report, &options)
}

/// Joins vectors and headlines row by row and leaves out the rows of which either is unusable.
fn join(
    matrix: Matrix,
    mut headlines: BTreeMap<u64, RawHeadline>,
    mut report: InputReport,
    options: &HeadlineOptions,
) -> Result<HeadlineVectorFile> {
    let (mut found, mut lines) = (Vec::new(), Vec::new());
    let mut kept = Vec::with_capacity(matrix.defects.len());
    for (row, defect) in (1..).zip(matrix.defects) {
        // A row without a headline is a defect already.
        let raw = headlines.remove(&row);
        kept.push(raw.is_some() && defect.is_none());
        match (raw, defect) {
            (Some(raw), None) => {
                lines.push(raw.line);
                found.push(raw.headline);
            }
            (Some(raw), Some(defect)) => report.reject(raw.line, defect),
            (None, _) => {}
        }
    }
    let values = kept_of(&matrix.values, matrix.dim, &kept);
    let same: Vec<(Timestamp, &str, &str)> = found
        .iter()
        .map(|h| (h.time, h.source.as_str(), h.text.as_str()))
        .collect();
    let told = |(time, _, text): &(Timestamp, &str, &str)| {
        format!("the headline of {time} {}", excerpt(text))
    };
    let is_single = find_repeats(&same, told, (&values, &lines), &mut report);
    let (found, values) = keep_single(found, (values, matrix.dim), &is_single);
    report.accepted = found.len() as u64;
    Ok(HeadlineVectorFile {
        dim: matrix.dim,
        rows: values,
        headlines: found,
        report: report.judge(options.on_error)?,
    })
}

#[cfg(test)]
#[path = "of_headlines_tests.rs"]
mod tests;
