use std::fs::File;
use std::io;

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{TableColumn, arrow_batch};

/// Rows of a row group, which are held in memory until it is full.
const GROUP_ROWS: usize = 1 << 17;

/// A Parquet file whose schema the first batch decides.
pub(super) struct ParquetTable {
    file: Option<File>,
    writer: Option<ArrowWriter<File>>,
}

impl ParquetTable {
    pub(super) fn new(file: File) -> Self {
        Self {
            file: Some(file),
            writer: None,
        }
    }

    pub(super) fn write(&mut self, columns: &[(&str, TableColumn)], rows: usize) -> io::Result<()> {
        let batch = arrow_batch::of(columns)?;
        if let Some(file) = self.file.take() {
            let level = ZstdLevel::try_new(3).map_err(io::Error::other)?;
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(level))
                .set_max_row_group_row_count(Some(GROUP_ROWS))
                .set_created_by(concat!("rhymedb ", env!("CARGO_PKG_VERSION")).to_owned())
                .build();
            let writer = ArrowWriter::try_new(file, batch.schema(), Some(properties));
            self.writer = Some(writer.map_err(io::Error::other)?);
        }
        if let Some(writer) = &mut self.writer
            && rows > 0
        {
            writer.write(&batch).map_err(io::Error::other)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        // A table to which no batch was ever written has no columns, and is no table.
        self.write(&[], 0)?;
        match self.writer {
            Some(writer) => writer.into_inner().map_err(io::Error::other)?.sync_all(),
            None => Ok(()),
        }
    }
}
