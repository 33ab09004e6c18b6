//! Columns of Parquet and Feather files as texts.

use std::fmt;
use std::fs::File;
use std::path::Path;

use arrow_array::{Array, RecordBatch, StringArray};
use arrow_ipc::reader::FileReader;
use arrow_schema::ArrowError;
use csv::ByteRecord;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::columns::Layout;
use super::super::container::FilePlace;
use super::arrow_blocks::check_blocks;
use super::arrow_values::texts_of;
use super::parquet_footer::check_footer;
use super::step::Step;
use crate::error::{Error, Result, shortened};

const BATCH_ROWS: usize = 8_192;
/// The most that the columns of a file may unpack to.
const MAX_UNPACKED: i64 = 16 << 30;

/// Runs a call of the crates `parquet` and `arrow-ipc`, which assert some things about a file's metadata instead
/// of refusing it. After an error the reader is not used again, so no half-made state is seen.
fn unpanicked<T, E: std::fmt::Display>(call: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    crate::error::unpanicked("its metadata contradicts itself", || {
        // Its messages quote names of columns as they are.
        call().map_err(|e| shortened(&e.to_string()))
    })
}

/// The two kinds of files of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnsKind {
    /// Parquet.
    Parquet,
    /// Arrow IPC in a file, which is version 2 of Feather.
    Feather,
}

impl fmt::Display for ColumnsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parquet => "Parquet",
            Self::Feather => "Feather",
        })
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

/// An open file of columns.
pub(crate) struct ColumnFile {
    place: FilePlace,
    kind: ColumnsKind,
    batches: Batches,
    /// What is left of a batch of many rows: Feather files may be one batch.
    rest: Option<RecordBatch>,
    /// The names of its columns.
    pub(crate) names: Vec<String>,
}

impl ColumnFile {
    pub(crate) fn open(place: FilePlace, kind: ColumnsKind) -> Result<Self> {
        let (batches, names) = match kind {
            ColumnsKind::Parquet => Self::open_parquet(&place)?,
            ColumnsKind::Feather => Self::open_feather(&place)?,
        };
        Ok(Self {
            place,
            kind,
            batches,
            rest: None,
            names,
        })
    }

    fn open_feather(place: &FilePlace) -> Result<(Batches, Vec<String>)> {
        let path: &Path = place.path();
        let mut file = File::open(path).map_err(Error::io("open", path))?;
        let damaged = |e: String| place.error(None, format!("cannot read this Feather file: {e}"));
        let checked = check_blocks(&mut file).map_err(Error::io("read", path))?;
        checked.map_err(damaged)?;
        let reader = unpanicked(|| FileReader::try_new_buffered(file, None)).map_err(damaged)?;
        let schema = reader.schema();
        let names = schema.fields().iter().map(|f| f.name().clone());
        Ok((Box::new(reader), names.collect()))
    }

    fn open_parquet(place: &FilePlace) -> Result<(Batches, Vec<String>)> {
        let path: &Path = place.path();
        let mut file = File::open(path).map_err(Error::io("open", path))?;
        let damaged = |e: &dyn std::fmt::Display| {
            place.error(None, format!("cannot read this Parquet file: {e}"))
        };
        let footer = check_footer(&mut file).map_err(Error::io("read", path))?;
        footer.map_err(|e| damaged(&e))?;
        let builder = unpanicked(|| ParquetRecordBatchReaderBuilder::try_new(file))
            .map_err(|e| damaged(&e))?;
        let groups = builder.metadata().row_groups();
        let unpacked = groups
            .iter()
            .fold(0_i64, |sum, g| sum.saturating_add(g.total_byte_size()));
        if !(0..=MAX_UNPACKED).contains(&unpacked) {
            return Err(place.error(
                None,
                format!(
                    "expected columns of at most {} GiB in all, found {unpacked} bytes; split the file",
                    MAX_UNPACKED >> 30
                ),
            ));
        }
        let names = builder.schema().fields().iter().map(|f| f.name().clone());
        let names = names.collect();
        let reader =
            unpanicked(|| builder.with_batch_size(BATCH_ROWS).build()).map_err(|e| damaged(&e))?;
        Ok((Box::new(reader), names))
    }

    /// The next rows of all columns, `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let batch = match self.rest.take() {
            Some(rest) => rest,
            None => {
                let next = unpanicked(|| self.batches.next().transpose());
                let next = next.map_err(|e| {
                    let message = format!("cannot read this {} file: {e}", self.kind);
                    self.place.error(None, message)
                })?;
                match next {
                    Some(batch) => batch,
                    None => return Ok(None),
                }
            }
        };
        let rows = batch.num_rows();
        if rows > BATCH_ROWS {
            self.rest = Some(batch.slice(BATCH_ROWS, rows - BATCH_ROWS));
            return Ok(Some(batch.slice(0, BATCH_ROWS)));
        }
        Ok(Some(batch))
    }
}

/// The rows of a file of columns, every field as text.
pub(crate) struct ColumnRows {
    file: ColumnFile,
    layout: Layout,
    texts: Vec<StringArray>,
    row: usize,
    batch_rows: usize,
    given: u64,
}

impl ColumnRows {
    pub(crate) fn open(place: FilePlace, kind: ColumnsKind) -> Result<Self> {
        let file = ColumnFile::open(place, kind)?;
        Ok(Self {
            layout: Layout::Named(file.names.clone()),
            file,
            texts: Vec::new(),
            row: 0,
            batch_rows: 0,
            given: 0,
        })
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn next(&mut self, record: &mut ByteRecord) -> Result<Step> {
        while self.row == self.batch_rows {
            let Some(batch) = self.file.next_batch()? else {
                return Ok(Step::End);
            };
            self.texts = batch.columns().iter().map(texts_of).collect();
            self.batch_rows = batch.num_rows();
            self.row = 0;
        }
        record.clear();
        for texts in &self.texts {
            record.push_field(if texts.is_valid(self.row) {
                texts.value(self.row).as_bytes()
            } else {
                b""
            });
        }
        self.row += 1;
        self.given += 1;
        Ok(Step::Row(self.given))
    }
}

#[cfg(test)]
#[path = "parquet_tests.rs"]
mod tests;
