//! Vectors in a table of rows: CSV with a column a number, `vector0`, `vector1`, ..., or with a text like
//! `[0.1, 0.2]`, or JSON with the numbers in an array `vector`.

use csv::ByteRecord;

use super::super::column_map::MappedColumn;
use super::super::columns::{Columns, Layout};
use super::super::container::Member;
use super::super::input_report::{DefectKind, RowDefect};
use super::super::rows::{Rows, Step};
use super::columns::{VectorColumns, numbers_of};
use super::matrix::Matrix;
use super::meta::{FIELDS, MetaColumns, Metas, RowsOf};
use crate::error::Result;

/// Reads a whole table. The first vector decides the dimension.
pub(super) fn read(
    member: Member<'_>,
    (map, of): (&[MappedColumn], RowsOf),
) -> Result<(Matrix, Metas)> {
    let mut rows = Rows::open(member)?;
    let place = rows.place.clone();
    let resolve = |layout: &Layout| {
        let found = resolve(layout, (map, of));
        found.map_err(|message| {
            let message =
                format!("expected vectors as .npy or Parquet, or a table of them; {message}");
            place.error(None, message)
        })
    };
    let (mut at, mut metas_at) = resolve(rows.layout())?;
    let mut width = rows.layout().width();
    let mut matrix: Option<Matrix> = None;
    // Rows before the first that is one.
    let mut early = 0;
    let mut metas = Metas::default();
    let mut record = ByteRecord::new();
    loop {
        let defect = match rows.next(&mut record)? {
            Step::End => break,
            Step::Bad(_, message) => Some(RowDefect::new(DefectKind::BadRow, message)),
            Step::Row(_) => None,
        };
        if rows.layout().width() != width {
            (at, metas_at) = resolve(rows.layout())?;
            width = rows.layout().width();
        }
        let vector = match &defect {
            Some(_) => Vec::new(),
            None => vector_of(&at, &record),
        };
        match &mut matrix {
            Some(matrix) => matrix.push(&vector),
            None if vector.is_empty() => early += 1,
            None => {
                let matrix = matrix.insert(Matrix::new(vector.len(), &place)?);
                (0..early).for_each(|_| matrix.push(&[]));
                matrix.push(&vector);
            }
        }
        match defect {
            Some(defect) => metas.reject(defect),
            None => metas_at.read(|at| record.get(at).unwrap_or_default(), &mut metas),
        }
    }
    metas.check_zone(&rows)?;
    let empty = || place.error(None, "expected vectors, found no rows");
    Ok((matrix.ok_or_else(empty)?, metas))
}

fn resolve(
    layout: &Layout,
    (map, of): (&[MappedColumn], RowsOf),
) -> Result<(VectorColumns, MetaColumns), String> {
    let Layout::Named(names) = layout else {
        return Err("expected a first line with the names of the columns, like market,venue,symbol,interval,end,vector0,vector1".to_owned());
    };
    let columns = Columns::new(names, map, &FIELDS)?;
    let at = VectorColumns::resolve(&columns, names)?;
    Ok((at, MetaColumns::resolve(&columns, of)?))
}

/// The numbers of a row; NaN where there is none.
fn vector_of(columns: &VectorColumns, record: &ByteRecord) -> Vec<f32> {
    let text = |at: usize| std::str::from_utf8(record.get(at).unwrap_or_default().trim_ascii());
    match columns {
        VectorColumns::Each(columns) => {
            let number = |at: &usize| text(*at).ok().and_then(|t| t.parse().ok());
            columns
                .iter()
                .map(|at| number(at).unwrap_or(f32::NAN))
                .collect()
        }
        VectorColumns::One(at) => text(*at).map(numbers_of).unwrap_or_default(),
    }
}
