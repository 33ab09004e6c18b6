//! Rows of a table as Arrow has them.

use std::io;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int64Array,
    RecordBatch, RecordBatchOptions, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema};

use super::TableColumn;

pub(super) fn of(columns: &[(&str, TableColumn)]) -> io::Result<RecordBatch> {
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (name, column) in columns {
        let array = array(column).map_err(io::Error::other)?;
        fields.push(Field::new(*name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    // Without columns nothing else says how many rows there are.
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, arrays, &options).map_err(io::Error::other)
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
