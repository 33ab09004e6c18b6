use std::fs::File;
use std::io;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int64Array,
    RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::TableColumn;

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
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (name, column) in columns {
            let array = array(column).map_err(io::Error::other)?;
            fields.push(Field::new(*name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let schema = Arc::new(Schema::new(fields));
        if let Some(file) = self.file.take() {
            let level = ZstdLevel::try_new(3).map_err(io::Error::other)?;
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(level))
                .set_max_row_group_row_count(Some(GROUP_ROWS))
                .set_created_by(concat!("rhymedb ", env!("CARGO_PKG_VERSION")).to_owned())
                .build();
            let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
            self.writer = Some(writer.map_err(io::Error::other)?);
        }
        if let Some(writer) = &mut self.writer
            && rows > 0
        {
            let batch = RecordBatch::try_new(schema, arrays).map_err(io::Error::other)?;
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

fn array(column: &TableColumn) -> Result<ArrayRef, arrow_schema::ArrowError> {
    Ok(match column {
        TableColumn::Text(v) => Arc::new(StringArray::from_iter(v.iter().map(Option::as_deref))),
        TableColumn::Time(v) => {
            let millis = v.iter().map(|t| t.map(|t| t.millis()));
            Arc::new(TimestampMillisecondArray::from_iter(millis).with_timezone("UTC"))
        }
        TableColumn::Number(v) => Arc::new(Float64Array::from_iter(v.iter().copied())),
        TableColumn::Whole(v) => Arc::new(Int64Array::from_iter(v.iter().copied())),
        TableColumn::Flag(v) => Arc::new(BooleanArray::from_iter(v.iter().copied())),
        TableColumn::Texts(v) => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for texts in v {
                for text in texts {
                    lists.values().append_value(text);
                }
                lists.append(true);
            }
            Arc::new(lists.finish())
        }
        TableColumn::Vectors { dim, values } => {
            let item = Arc::new(Field::new("item", DataType::Float32, true));
            let width = i32::try_from(*dim).unwrap_or(i32::MAX);
            let values = Arc::new(Float32Array::from(values.clone()));
            Arc::new(FixedSizeListArray::try_new(item, width, values, None)?)
        }
    })
}
