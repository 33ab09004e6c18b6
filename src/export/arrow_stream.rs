use std::io::Write;

use arrow_ipc::writer::StreamWriter;
use arrow_schema::SchemaRef;

use super::{TableColumn, arrow_batch};
use crate::error::{Error, Result};

/// Writes a table as an Arrow IPC stream (`application/vnd.apache.arrow.stream`), a batch of rows at a time.
/// Feature `parquet`.
///
/// ```
/// use rhymedb::files::{ArrowStream, TableColumn};
/// let mut stream = ArrowStream::new(Vec::new());
/// stream.write(&[("close", TableColumn::Number(vec![Some(36690.0)]))])?;
/// let bytes = stream.finish()?;
/// assert!(!bytes.is_empty());
/// # Ok::<(), rhymedb::Error>(())
/// ```
pub struct ArrowStream<W: Write>(State<W>);

enum State<W: Write> {
    /// The first batch decides the schema.
    Before(W),
    Begun(Box<StreamWriter<W>>, SchemaRef),
    /// An earlier batch could not be written.
    Failed,
}

impl<W: Write> ArrowStream<W> {
    /// A stream into `to`.
    pub fn new(to: W) -> Self {
        Self(State::Before(to))
    }

    /// Writes rows: a name and the values of each column. Every batch has the same columns in the same
    /// order; one without rows says at least which there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the columns are not equally long, differ from those of the first batch, or
    /// cannot be written.
    pub fn write(&mut self, columns: &[(&str, TableColumn)]) -> Result<()> {
        let batch = arrow_batch::of(columns).map_err(|e| failed(&e))?;
        let state = std::mem::replace(&mut self.0, State::Failed);
        let (mut writer, schema) = match state {
            State::Before(to) => {
                let writer = StreamWriter::try_new(to, &batch.schema());
                (Box::new(writer.map_err(|e| failed(&e))?), batch.schema())
            }
            State::Begun(writer, schema) => (writer, schema),
            State::Failed => return Err(failed(&"an earlier batch could not be written")),
        };
        if batch.schema() != schema {
            return Err(failed(
                &"expected the same columns in every batch, found others",
            ));
        }
        if batch.num_rows() > 0 {
            writer.write(&batch).map_err(|e| failed(&e))?;
        }
        self.0 = State::Begun(writer, schema);
        Ok(())
    }

    /// Writes the end, and gives back what was written to.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it cannot be written, or if no batch was.
    pub fn finish(self) -> Result<W> {
        match self.0 {
            State::Begun(writer, _) => writer.into_inner().map_err(|e| failed(&e)),
            State::Before(_) => Err(failed(&"a table has columns, and none were given")),
            State::Failed => Err(failed(&"an earlier batch could not be written")),
        }
    }
}

fn failed(why: &dyn std::fmt::Display) -> Error {
    Error::invalid(format!("cannot write the table as Arrow: {why}"))
}
