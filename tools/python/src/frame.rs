//! Tables from Python: by Arrow's C stream interface without a copy, or as columns of bytes.

#![allow(unsafe_code, reason = "Arrow's C interface is pointers")]

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors::{Outcome, invalid};

const STREAM: &CStr = c"arrow_array_stream";

/// A table: its batches, and the names of its columns.
pub(crate) struct Frame {
    pub(crate) names: Vec<String>,
    pub(crate) batches: Vec<RecordBatch>,
}

/// A column that comes without Arrow: its name, what it holds and its values in the machine's order of
/// bytes, or texts.
#[derive(FromPyObject)]
struct Column {
    name: String,
    kind: String,
    values: Values,
}

#[derive(FromPyObject)]
enum Values {
    #[pyo3(transparent)]
    Bytes(Vec<u8>),
    #[pyo3(transparent)]
    Texts(Vec<Option<String>>),
}

impl Frame {
    /// Reads a table: whatever has `__arrow_c_stream__`, or a list of columns.
    pub(crate) fn of(table: &Bound<'_, PyAny>) -> Outcome<Self> {
        if table.hasattr("__arrow_c_stream__")? {
            return Self::of_stream(table);
        }
        let columns: Vec<Column> = table.extract()?;
        Self::of_columns(columns)
    }

    fn of_stream(table: &Bound<'_, PyAny>) -> Outcome<Self> {
        let capsule = table.call_method0("__arrow_c_stream__")?;
        let capsule = capsule.cast::<PyCapsule>().map_err(PyErr::from)?;
        let reader = reader_of(capsule)?;
        let schema = arrow_array::RecordBatchReader::schema(&reader);
        let names = schema.fields().iter().map(|field| field.name().clone());
        let names = names.collect();
        let batches: Result<Vec<RecordBatch>, _> = reader.collect();
        let batches = batches.map_err(|e| invalid(format!("the table cannot be read: {e}")))?;
        Ok(Self { names, batches })
    }

    fn of_columns(columns: Vec<Column>) -> Outcome<Self> {
        let mut fields = Vec::with_capacity(columns.len());
        let mut arrays = Vec::with_capacity(columns.len());
        for column in columns {
            let array = column.array()?;
            fields.push(Field::new(&column.name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let names = fields.iter().map(|field| field.name().clone()).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .map_err(|e| invalid(format!("expected columns of one length: {e}")))?;
        Ok(Self {
            names,
            batches: vec![batch],
        })
    }
}

impl Column {
    fn array(&self) -> Outcome<ArrayRef> {
        Ok(match (self.kind.as_str(), &self.values) {
            ("float", Values::Bytes(bytes)) => {
                Arc::new(Float64Array::from(words(bytes, f64::from_ne_bytes)))
            }
            ("integer", Values::Bytes(bytes)) => {
                Arc::new(Int64Array::from(words(bytes, i64::from_ne_bytes)))
            }
            // NaT of NumPy is the least integer.
            ("time", Values::Bytes(bytes)) => {
                let times = words(bytes, i64::from_ne_bytes).into_iter();
                let times = times.map(|t| (t != i64::MIN).then_some(t));
                Arc::new(times.collect::<TimestampMillisecondArray>())
            }
            ("text", Values::Texts(texts)) => Arc::new(StringArray::from(texts.clone())),
            (kind, _) => {
                let message = format!("a column {} of {kind} has other values", self.name);
                return Err(PyTypeError::new_err(message).into());
            }
        })
    }
}

fn words<T>(bytes: &[u8], of: impl Fn([u8; 8]) -> T) -> Vec<T> {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().map(|word| of(*word)).collect()
}

/// Takes the stream out of its capsule, as the interface asks consumers to.
fn reader_of(capsule: &Bound<'_, PyCapsule>) -> Outcome<RecordBatchStreamReader> {
    let pointer = capsule.pointer_checked(Some(STREAM))?;
    let stream = pointer.as_ptr().cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name points at a stream that lives as long as the capsule, and Python's
    // lock keeps everybody else from it. `from_raw` moves the stream out and leaves a released one.
    let reader = unsafe { RecordBatchStreamReader::from_raw(stream) };
    reader.map_err(|e| invalid(format!("the table cannot be read: {e}")))
}

/// Whether a column holds days and no times of a day.
pub(crate) fn is_of_days(kind: &DataType) -> bool {
    matches!(kind, DataType::Date32 | DataType::Date64)
}
