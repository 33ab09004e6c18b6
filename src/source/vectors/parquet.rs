//! Vectors in a Parquet file: a column of lists of floats, and columns of metadata.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, Float32Array, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::DataType;

use super::super::columns::Columns;
use super::super::container::Place;
use super::super::rows::{ParquetFile, texts_of};
use super::matrix::Matrix;
use super::meta::{FIELDS, MetaColumns, Metas, VECTOR};
use super::options::VectorOptions;
use crate::error::{Result, shortened};

/// Reads a whole file. The first vector decides the dimension.
pub(super) fn read(place: &Place, options: &VectorOptions) -> Result<(Matrix, Metas)> {
    let mut file = ParquetFile::open(place.clone())?;
    let refuse = |message: String| place.error(None, message);
    let columns = Columns::new(&file.names, &options.map, &FIELDS).map_err(refuse)?;
    let at = columns.need(&VECTOR).map_err(refuse)?;
    let meta_columns = MetaColumns::resolve(&columns).map_err(refuse)?;
    let mut matrix: Option<Matrix> = None;
    let mut metas = Metas::default();
    while let Some(batch) = file.next_batch()? {
        let (values, ranges) = vectors_of(&batch, at).map_err(refuse)?;
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
        .map(|(at, column)| columns.at.contains(&Some(at)).then(|| texts_of(column)))
        .collect();
    for row in 0..batch.num_rows() {
        let field = |at: usize| match texts.get(at) {
            Some(Some(texts)) if texts.is_valid(row) => texts.value(row).as_bytes(),
            _ => b"",
        };
        columns.read(field, metas);
    }
}

/// The values of all vectors of a batch, and where each of them is; one that is null is empty.
fn vectors_of(batch: &RecordBatch, at: usize) -> Result<(Vec<f32>, Vec<Range<usize>>), String> {
    let column = batch.columns().get(at).ok_or("no column of vectors")?;
    let (values, ranges): (&ArrayRef, Vec<Range<usize>>) = match column.data_type() {
        DataType::FixedSizeList(_, width) => {
            let width = usize::try_from(*width).unwrap_or(0);
            let ranges = (0..column.len()).map(|row| row * width..(row + 1) * width);
            (column.as_fixed_size_list().values(), ranges.collect())
        }
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            let ends = lists.value_offsets().iter().map(|o| *o as usize);
            (lists.values(), ranges_between(ends))
        }
        DataType::LargeList(_) => {
            let lists = column.as_list::<i64>();
            let ends = lists.value_offsets().iter().map(|o| *o as usize);
            (lists.values(), ranges_between(ends))
        }
        other => {
            return Err(format!(
                "expected the vectors as lists of floats, found {}; say another column with --map vector=COLUMN",
                shortened(&other.to_string())
            ));
        }
    };
    if !values.data_type().is_floating() {
        return Err(format!(
            "expected the vectors as lists of floats, found lists of {}",
            shortened(&values.data_type().to_string())
        ));
    }
    let values = cast(values, &DataType::Float32).map_err(|e| shortened(&e.to_string()))?;
    let is_null = |row: usize| column.is_null(row);
    let ranges = ranges.into_iter().enumerate();
    let ranges = ranges.map(|(row, range)| if is_null(row) { 0..0 } else { range });
    Ok((plain_values(values.as_primitive()), ranges.collect()))
}

fn ranges_between(offsets: impl Iterator<Item = usize> + Clone) -> Vec<Range<usize>> {
    offsets
        .clone()
        .zip(offsets.skip(1))
        .map(|(start, end)| start..end)
        .collect()
}

/// Values with NaN in the place of null.
fn plain_values(values: &Float32Array) -> Vec<f32> {
    let values: &arrow_array::PrimitiveArray<Float32Type> = values;
    values.iter().map(|v| v.unwrap_or(f32::NAN)).collect()
}
