//! CSV and JSON lines.

use std::io::{self, Write};

use super::TableColumn;

pub(super) fn csv(
    out: &mut impl Write,
    columns: &[(&str, TableColumn)],
    rows: usize,
    header: bool,
) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(out);
    if header {
        for (name, column) in columns {
            match column {
                TableColumn::Vectors { dim, .. } => {
                    for i in 0..*dim {
                        out.write_field(format!("{name}{i}"))?;
                    }
                }
                _ => out.write_field(name)?,
            }
        }
        out.write_record(None::<&[u8]>)?;
    }
    for row in 0..rows {
        for (_, column) in columns {
            match column {
                TableColumn::Vectors { .. } => {
                    for value in column.vector(row) {
                        out.write_field(format!("{value:?}"))?;
                    }
                }
                _ => out.write_field(cell(column, row))?,
            }
        }
        out.write_record(None::<&[u8]>)?;
    }
    out.flush()
}

/// A value as CSV has it; nothing for what is not known.
fn cell(column: &TableColumn, row: usize) -> String {
    fn at<T>(values: &[Option<T>], row: usize, show: impl Fn(&T) -> String) -> String {
        let value = values.get(row).and_then(Option::as_ref);
        value.map(show).unwrap_or_default()
    }
    match column {
        TableColumn::Text(v) => at(v, row, String::clone),
        TableColumn::Time(v) => at(v, row, ToString::to_string),
        // `{:?}` is the shortest text that reads as the same number, with a point or an exponent.
        TableColumn::Number(v) => at(v, row, |x| format!("{x:?}")),
        TableColumn::Whole(v) => at(v, row, ToString::to_string),
        TableColumn::Flag(v) => at(v, row, ToString::to_string),
        TableColumn::Texts(v) => v.get(row).map(|t| t.join(";")).unwrap_or_default(),
        TableColumn::Vectors { .. } => String::new(),
    }
}

pub(super) fn json_lines(
    out: &mut impl Write,
    columns: &[(&str, TableColumn)],
    rows: usize,
) -> io::Result<()> {
    for row in 0..rows {
        for (i, (name, column)) in columns.iter().enumerate() {
            out.write_all(if i == 0 { b"{" } else { b"," })?;
            serde_json::to_writer(&mut *out, name)?;
            out.write_all(b":")?;
            json(out, column, row)?;
        }
        out.write_all(b"}\n")?;
    }
    Ok(())
}

fn json(out: &mut impl Write, column: &TableColumn, row: usize) -> io::Result<()> {
    match column {
        TableColumn::Text(v) => serde_json::to_writer(out, &v.get(row))?,
        TableColumn::Time(v) => {
            let time = v.get(row).copied().flatten().map(|t| t.to_string());
            serde_json::to_writer(out, &time)?;
        }
        TableColumn::Number(v) => serde_json::to_writer(out, &v.get(row))?,
        TableColumn::Whole(v) => serde_json::to_writer(out, &v.get(row))?,
        TableColumn::Flag(v) => serde_json::to_writer(out, &v.get(row))?,
        TableColumn::Texts(v) => serde_json::to_writer(out, &v.get(row))?,
        TableColumn::Vectors { .. } => serde_json::to_writer(out, column.vector(row))?,
    }
    Ok(())
}
