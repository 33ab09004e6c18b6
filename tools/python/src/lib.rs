//! The native module of the Python package `rhymedb`: a database handle, tables in, questions and
//! answers as JSON. What Python shows its callers is written in Python, in `python/rhymedb`.

mod bars;
mod columns;
mod database;
mod encoder;
mod errors;
mod frame;
mod headlines;
mod picture;
mod stored;
mod waiting;

use pyo3::prelude::*;

/// The native part of `rhymedb`.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::database::{NativeDatabase, NativeView};
    #[pymodule_export]
    use super::encoder::NativeEncoder;

    /// The names of all questions.
    #[pyfunction]
    fn questions() -> Vec<&'static str> {
        let schemas = rhymedb::ask::schemas();
        schemas.into_iter().map(|schema| schema.question).collect()
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
