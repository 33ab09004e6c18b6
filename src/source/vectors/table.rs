//! Vectors in a table of rows: CSV with a column a number, `vector0`, `vector1`, ..., or JSON with the numbers in
//! an array `vector`, as `rhyme export vectors` writes them.

use csv::ByteRecord;

use super::super::columns::{Columns, Layout};
use super::super::container::Member;
use super::super::report::{DefectKind, RowDefect};
use super::super::rows::{Rows, Step};
use super::matrix::Matrix;
use super::meta::{FIELDS, MetaColumns, Metas, VECTOR};
use super::options::VectorOptions;
use crate::error::Result;

/// Where the numbers of a vector are.
enum VectorColumns {
    /// All in one, with anything but the characters of numbers between them.
    One(usize),
    /// One each, in the order of the numbers.
    Each(Vec<usize>),
}

/// Reads a whole table. The first vector decides the dimension.
pub(super) fn read(member: Member<'_>, options: &VectorOptions) -> Result<(Matrix, Metas)> {
    let mut rows = Rows::open(member)?;
    let place = rows.place.clone();
    let resolve = |layout: &Layout| {
        let found = resolve(layout, options);
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
            None => at.read(&record),
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
    let empty = || place.error(None, "expected vectors, found no rows");
    Ok((matrix.ok_or_else(empty)?, metas))
}

fn resolve(
    layout: &Layout,
    options: &VectorOptions,
) -> Result<(VectorColumns, MetaColumns), String> {
    let Layout::Named(names) = layout else {
        return Err("expected a first line with the names of the columns, like market,venue,symbol,interval,end,vector0,vector1".to_owned());
    };
    let columns = Columns::new(names, &options.map, &FIELDS)?;
    let each: Vec<usize> = (0..names.len())
        .map_while(|i| {
            let wanted = format!("vector{i}");
            names.iter().position(|name| *name == wanted)
        })
        .collect();
    let at = if each.is_empty() {
        VectorColumns::One(columns.need(&VECTOR)?)
    } else {
        VectorColumns::Each(each)
    };
    Ok((at, MetaColumns::resolve(&columns)?))
}

impl VectorColumns {
    /// The numbers of a row; NaN where there is none.
    fn read(&self, record: &ByteRecord) -> Vec<f32> {
        let number = |field: &[u8]| {
            let text = std::str::from_utf8(field.trim_ascii()).ok();
            text.and_then(|t| t.parse().ok()).unwrap_or(f32::NAN)
        };
        match self {
            Self::Each(columns) => {
                let fields = columns.iter().map(|&at| record.get(at).unwrap_or_default());
                fields.map(number).collect()
            }
            Self::One(at) => {
                let field = record.get(*at).unwrap_or_default();
                let between = |b: &u8| matches!(b, b';' | b',' | b' ' | b'[' | b']');
                let parts = field.split(between).filter(|part| !part.is_empty());
                parts.map(number).collect()
            }
        }
    }
}
