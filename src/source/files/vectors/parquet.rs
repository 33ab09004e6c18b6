//! Vectors in a Parquet or Feather file: a column of lists of numbers or of texts like `[0.1, 0.2]`, or a column
//! for each number, beside columns of metadata.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::super::column_map::MappedColumn;
use super::super::columns::Columns;
use super::super::container::FilePlace;
use super::super::rows::{ColumnFile, ColumnsKind, floats_of, texts_of};
use super::columns::{VectorColumns, numbers_of};
use super::matrix::Matrix;
use super::meta::{FIELDS, MetaColumns, Metas, RowsOf};
use crate::error::{Result, shortened};

/// Reads a whole file. The first vector decides the dimension.
pub(super) fn read(
    place: &FilePlace,
    kind: ColumnsKind,
    (map, of): (&[MappedColumn], RowsOf),
) -> Result<(Matrix, Metas)> {
    let mut file = ColumnFile::open(place.clone(), kind)?;
    let refuse = |message: String| place.error(None, message);
    let columns = Columns::new(&file.names, map, &FIELDS).map_err(refuse)?;
    let at = VectorColumns::resolve(&columns, &file.names).map_err(refuse)?;
    let meta_columns = MetaColumns::resolve(&columns, of).map_err(refuse)?;
    let mut matrix: Option<Matrix> = None;
    let mut metas = Metas::default();
    while let Some(batch) = file.next_batch()? {
        let (values, ranges) = vectors_of(&batch, &at).map_err(refuse)?;
        let matrix = match &mut matrix {
            Some(matrix) => matrix,
            None => {
                let dim = ranges.iter().map(ExactSizeIterator::len).find(|n| *n > 0);
                matrix.insert(Matrix::new(dim.unwrap_or(0), place)?)
            }
        };
        for range in ranges {
            matrix.push(values.get(range).unwrap_or_default());
        }
        read_metas(&batch, &meta_columns, &mut metas);
    }
    let empty = || place.error(None, "expected vectors, found no rows");
    Ok((matrix.ok_or_else(empty)?, metas))
}

fn read_metas(batch: &RecordBatch, columns: &MetaColumns, metas: &mut Metas) {
    let texts: Vec<Option<StringArray>> = batch
        .columns()
        .iter()
        .enumerate()
        .map(|(at, column)| columns.contain(at).then(|| texts_of(column)))
        .collect();
    for row in 0..batch.num_rows() {
        let field = |at: usize| match texts.get(at) {
            Some(Some(texts)) if texts.is_valid(row) => texts.value(row).as_bytes(),
            _ => b"",
        };
        columns.read(field, metas);
    }
}

/// The values of vectors one after the other, and where each of them is.
type Vectors = (Vec<f32>, Vec<Range<usize>>);

/// The vectors of a batch; one that is null is empty.
fn vectors_of(batch: &RecordBatch, at: &VectorColumns) -> Result<Vectors, String> {
    match at {
        VectorColumns::One(at) => {
            let column = batch.columns().get(*at).ok_or("no column of vectors")?;
            match column.data_type() {
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(in_texts(column)),
                _ => in_lists(column),
            }
        }
        VectorColumns::Each(columns) => in_columns(batch, columns),
    }
}

/// Vectors as texts like `[0.1, 0.2]`.
fn in_texts(column: &ArrayRef) -> Vectors {
    let texts = texts_of(column);
    let (mut values, mut ranges) = (Vec::new(), Vec::new());
    for text in &texts {
        let start = values.len();
        values.extend(numbers_of(text.unwrap_or_default()));
        ranges.push(start..values.len());
    }
    (values, ranges)
}

/// Vectors with a column for each of their numbers.
fn in_columns(batch: &RecordBatch, columns: &[usize]) -> Result<Vectors, String> {
    let mut all = Vec::with_capacity(columns.len());
    for at in columns {
        let column = batch.columns().get(*at).ok_or("no column of vectors")?;
        all.push(floats_of(column).ok_or_else(|| {
            let found = shortened(&column.data_type().to_string());
            format!("expected numbers in the columns of vectors, found {found}")
        })?);
    }
    let rows = batch.num_rows();
    let mut values = Vec::with_capacity(rows * columns.len());
    for row in 0..rows {
        let of_row = all.iter().map(|column| column.get(row).copied());
        values.extend(of_row.map(|value| value.unwrap_or(f32::NAN)));
    }
    let ranges = (0..rows).map(|row| row * columns.len()..(row + 1) * columns.len());
    Ok((values, ranges.collect()))
}

/// Vectors as lists of numbers.
fn in_lists(column: &ArrayRef) -> Result<Vectors, String> {
    let (values, ranges): (ArrayRef, Vec<Range<usize>>) = match column.data_type() {
        DataType::FixedSizeList(_, width) => {
            let width = usize::try_from(*width).unwrap_or(0);
            let ranges = (0..column.len()).map(|row| row * width..(row + 1) * width);
            (
                column.as_fixed_size_list().values().clone(),
                ranges.collect(),
            )
        }
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            let ends = lists.value_offsets().iter().map(|o| *o as usize);
            between(lists.values(), ends)
        }
        DataType::LargeList(_) => {
            let lists = column.as_list::<i64>();
            let ends = lists.value_offsets().iter().map(|o| *o as usize);
            between(lists.values(), ends)
        }
        other => {
            return Err(format!(
                "expected the vectors as lists of numbers or as texts like [0.1, 0.2], found {}; say another column with --map vector=COLUMN",
                shortened(&other.to_string())
            ));
        }
    };
    let numbers = floats_of(&values).ok_or_else(|| {
        let found = shortened(&values.data_type().to_string());
        format!("expected the vectors as lists of numbers, found lists of {found}")
    })?;
    let is_null = |row: usize| column.is_null(row);
    let ranges = ranges.into_iter().enumerate();
    let ranges = ranges.map(|(row, range)| if is_null(row) { 0..0 } else { range });
    Ok((numbers, ranges.collect()))
}

/// The values between the first and the last offset, and where in them each list is. A batch may be a small part of
/// lists whose values all batches share.
fn between(
    values: &ArrayRef,
    offsets: impl Iterator<Item = usize> + Clone,
) -> (ArrayRef, Vec<Range<usize>>) {
    let first = offsets.clone().next().unwrap_or(0);
    let last = offsets.clone().last().unwrap_or(0);
    let offsets = offsets.map(|offset| offset - first);
    let ranges = offsets.clone().zip(offsets.skip(1));
    let ranges = ranges.map(|(start, end)| start..end).collect();
    (values.slice(first, last - first), ranges)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use arrow_array::ListArray;
    use arrow_array::types::Float32Type;

    use super::*;

    #[test]
    fn a_part_of_lists_takes_its_own_values_only() {
        let rows = (0..100_u8).map(|i| Some([f32::from(i), 1.0].map(Some).to_vec()));
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows));
        let (values, ranges) = in_lists(&lists.slice(40, 2)).unwrap();
        assert_eq!(values, [40.0, 1.0, 41.0, 1.0]);
        assert_eq!(ranges, [0..2, 2..4]);
    }
}
