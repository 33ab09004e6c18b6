//! The native module of the Python package `rhymedb`: a database handle, tables in, questions and
//! answers as JSON. What Python shows its callers is written in Python, in `python/rhymedb`.

mod bars;
mod bybit;
mod care;
mod columns;
mod database;
mod encoder;
mod errors;
mod frame;
mod headlines;
mod json;
mod labels;
mod stored;
mod synthetic;
mod vectors;
mod waiting;

use pyo3::prelude::*;

/// The native part of `rhymedb`.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::bybit::ingest_bybit;
    #[pymodule_export]
    use super::care::{
        adjust, backup, changes_since, compact, delete_bars, delete_headlines, health, repair,
        resample, restore, verify,
    };
    #[pymodule_export]
    use super::database::{NativeDatabase, NativeView};
    #[pymodule_export]
    use super::encoder::NativeEncoder;
    #[pymodule_export]
    use super::labels::{
        add_tags, drop_prototype, import_attribute_file, import_tag_file, remove_attributes,
        remove_tags, save_prototype, set_attributes,
    };
    #[pymodule_export]
    use super::synthetic::ingest_synthetic;
    #[pymodule_export]
    use super::vectors::{
        create_space_of_weights, import_headline_vector_file, import_headline_vectors,
        import_vector_file, import_vectors, vectors,
    };

    /// The names of all questions.
    #[pyfunction]
    fn questions() -> Vec<&'static str> {
        let schemas = rhymedb::ask::schemas();
        schemas.into_iter().map(|schema| schema.question).collect()
    }

    /// Runs the program `rhyme` and gives its exit code; the first argument is the name of the program.
    #[pyfunction]
    fn run_program(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
        py.detach(|| rhyme::run_program(arguments))
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
