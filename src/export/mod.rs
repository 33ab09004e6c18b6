//! Tables for other programs: Parquet, CSV and JSON lines in files, and Arrow in streams.

#[cfg(feature = "parquet")]
mod arrow_batch;
#[cfg(feature = "parquet")]
mod arrow_stream;
mod column;
#[cfg(feature = "parquet")]
mod parquet_file;
#[cfg(test)]
mod tests;
mod text;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

#[cfg(feature = "parquet")]
pub use arrow_stream::ArrowStream;
pub use column::TableColumn;

use crate::error::{Error, Result};

/// How a table is written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated values with a header (`.csv`).
    Csv,
    /// One JSON object a line (`.jsonl` or `.ndjson`).
    JsonLines,
    /// Apache Parquet (`.parquet`), in programs with the feature `parquet`.
    Parquet,
}

impl TableFormat {
    /// The format that the ending of a file's name says.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it says none.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|e| e.to_str());
        match ending.map(str::to_lowercase).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl" | "ndjson") => Ok(Self::JsonLines),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(Error::invalid(format!(
                "expected a file that ends in .parquet, .csv or .jsonl, found {}",
                path.display()
            ))),
        }
    }
}

/// Writes a table to a file, a batch of rows at a time. The file gets its name when
/// [`TableWriter::finish`] has written all of it; until then it has `.partial` at the end of its
/// name, and is removed if it is given up.
///
/// ```
/// use rhymedb::files::{TableColumn, TableWriter};
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("closes.csv");
/// let mut table = TableWriter::create(&path, false)?;
/// let times = TableColumn::Time(vec![Some("2021-05-19".parse()?)]);
/// let closes = TableColumn::Number(vec![Some(36690.0)]);
/// table.write(&[("time", times), ("close", closes)])?;
/// assert_eq!(table.finish()?, 1);
/// assert_eq!(
///     std::fs::read_to_string(path)?,
///     "time,close\n2021-05-19T00:00:00Z,36690.0\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TableWriter {
    path: PathBuf,
    partial: PathBuf,
    format: TableFormat,
    sink: Sink,
    /// Name and kind of each column, as the first batch has them.
    schema: Vec<(String, &'static str)>,
    rows: u64,
}

/// What receives the batches.
enum Sink {
    Text(BufWriter<File>),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet_file::ParquetTable>),
    /// Finished or given up.
    Closed,
}

impl TableWriter {
    /// Begins the file at `path`, in the format that its ending says. One that is there already
    /// stays as it is until the new one is whole, and then gives way to it if `replace` allows it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the ending says no format that this program can write, or if there is
    /// a file that may not be replaced; [`Error::Io`] if the file cannot be made.
    pub fn create(path: &Path, replace: bool) -> Result<Self> {
        let format = TableFormat::of(path)?;
        if !replace && path.exists() {
            return Err(Error::invalid(format!(
                "{} is there already; say --replace, or another name",
                path.display()
            )));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(Error::io("create", &partial))?;
        let sink = match format {
            TableFormat::Csv | TableFormat::JsonLines => Sink::Text(BufWriter::new(file)),
            #[cfg(feature = "parquet")]
            TableFormat::Parquet => Sink::Parquet(Box::new(parquet_file::ParquetTable::new(file))),
            #[cfg(not(feature = "parquet"))]
            TableFormat::Parquet => {
                // The message is what counts; an empty file that stays is said to be partial.
                let _ = fs::remove_file(&partial);
                return Err(Error::invalid(
                    "this program was built without the feature `parquet`; write .csv or .jsonl",
                ));
            }
        };
        Ok(Self {
            path: path.to_path_buf(),
            partial,
            format,
            sink,
            schema: Vec::new(),
            rows: 0,
        })
    }

    /// Writes rows: a name and the values of each column. Every batch has the same columns in the
    /// same order; one without rows says at least which there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the columns are not equally long or differ from those of the first
    /// batch, [`Error::Io`] if the file cannot be written.
    pub fn write(&mut self, columns: &[(&str, TableColumn)]) -> Result<()> {
        let rows = self.check(columns)?;
        let first = self.schema.is_empty();
        if first {
            let schema = columns
                .iter()
                .map(|(name, c)| ((*name).to_owned(), c.kind()));
            self.schema = schema.collect();
        }
        let written = match &mut self.sink {
            Sink::Text(out) if self.format == TableFormat::Csv => {
                text::csv(out, columns, rows, first)
            }
            Sink::Text(out) => text::json_lines(out, columns, rows),
            #[cfg(feature = "parquet")]
            Sink::Parquet(table) => table.write(columns, rows),
            Sink::Closed => Ok(()),
        };
        written.map_err(Error::io("write", &self.partial))?;
        self.rows += rows as u64;
        Ok(())
    }

    fn check(&self, columns: &[(&str, TableColumn)]) -> Result<usize> {
        let rows = columns.first().map_or(0, |(_, c)| c.len());
        if let Some((name, column)) = columns.iter().find(|(_, c)| c.len() != rows) {
            return Err(Error::invalid(format!(
                "expected {rows} values in the column {name}, found {}",
                column.len()
            )));
        }
        let same = self.schema.len() == columns.len()
            && self
                .schema
                .iter()
                .zip(columns)
                .all(|((name, kind), (n, c))| name == n && *kind == c.kind());
        if !self.schema.is_empty() && !same {
            return Err(Error::invalid(
                "expected the same columns in every batch of a table, found others",
            ));
        }
        Ok(rows)
    }

    /// Writes what is left, syncs the file and gives it its name. Returns how many rows it has.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written or renamed.
    pub fn finish(mut self) -> Result<u64> {
        let synced = match std::mem::replace(&mut self.sink, Sink::Closed) {
            Sink::Text(mut out) => out.flush().and_then(|()| out.get_ref().sync_all()),
            #[cfg(feature = "parquet")]
            Sink::Parquet(table) => table.finish(),
            Sink::Closed => Ok(()),
        };
        synced.map_err(Error::io("write", &self.partial))?;
        fs::rename(&self.partial, &self.path).map_err(Error::io("rename", &self.partial))?;
        Ok(self.rows)
    }
}

impl Drop for TableWriter {
    fn drop(&mut self) {
        // After `finish` there is no file of that name; if it cannot be removed, it says what it is.
        let _ = fs::remove_file(&self.partial);
    }
}
