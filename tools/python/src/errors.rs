//! Errors of the library as exceptions of the package.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rhymedb::Error;

/// What a call of this module gives: an error is an exception by the time Python sees it.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// What ends a call: an error of the library, or an exception that is one already.
pub(crate) enum Failure {
    /// The library's.
    Library(Error),
    /// Python's own: an interrupt, a wrong type, an exception of a callable.
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Python(error) => error,
            Failure::Library(error) => Python::attach(|py| raised(py, &error)),
        }
    }
}

/// An argument that cannot be.
pub(crate) fn invalid(message: impl Into<String>) -> Failure {
    Failure::Library(Error::Invalid(message.into()))
}

/// The class of an error: one for each variant, by what the caller can do about it.
fn class_of(error: &Error) -> &'static str {
    match error {
        Error::Io { .. } => "StorageError",
        Error::Locked { .. } => "LockedError",
        Error::StillOpen { .. } => "StillOpenError",
        Error::ReadOnly { .. } => "ReadOnlyError",
        Error::NotADatabase { .. } => "NotADatabaseError",
        Error::Corrupt { .. } => "CorruptError",
        Error::Version { .. } => "VersionError",
        Error::Catalog(_) => "CatalogError",
        Error::Encoder { .. } => "EncoderError",
        Error::Internal(_) => "InternalError",
        Error::Invalid(_) => "InvalidError",
        Error::Input { .. } => "InputError",
        Error::NotFound { .. } => "NotFoundError",
        Error::Ambiguous { .. } => "AmbiguousError",
        Error::Remote(_) => "RemoteError",
        Error::ChangesNotKept { .. } => "ChangesNotKeptError",
        Error::Interrupted => "InterruptedError",
        Error::TimedOut { .. } => "TimedOutError",
        // A variant that is newer than this package.
        _ => "RhymeError",
    }
}

/// What a program may want to know of an error without reading its message.
fn facts<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    match error {
        Error::Io { path, .. }
        | Error::StillOpen { path, .. }
        | Error::ReadOnly { path }
        | Error::NotADatabase { path, .. } => facts.set_item("path", path)?,
        Error::Locked { path, holder } => {
            facts.set_item("path", path)?;
            facts.set_item("holder", holder)?;
        }
        Error::Corrupt { file, section, .. } => {
            facts.set_item("path", file)?;
            facts.set_item("section", section)?;
        }
        Error::Version { file, found, .. } => {
            facts.set_item("path", file)?;
            facts.set_item("found", found)?;
        }
        Error::Encoder { encoder, at, .. } => {
            facts.set_item("encoder", encoder)?;
            facts.set_item("at", at)?;
        }
        Error::Input { file, line, .. } => {
            facts.set_item("path", file)?;
            facts.set_item("line", line)?;
        }
        Error::NotFound { what, name, .. } => {
            facts.set_item("what", what)?;
            facts.set_item("name", name)?;
        }
        Error::Ambiguous {
            what,
            name,
            choices,
        } => {
            facts.set_item("what", what)?;
            facts.set_item("name", name)?;
            facts.set_item("choices", choices)?;
        }
        Error::ChangesNotKept {
            commit,
            oldest,
            newest,
            lost,
        } => {
            facts.set_item("lost", lost)?;
            facts.set_item("commit", commit)?;
            facts.set_item("oldest", oldest)?;
            facts.set_item("newest", newest)?;
        }
        Error::TimedOut { limit } => facts.set_item("limit", limit.as_secs_f64())?,
        _ => {}
    }
    Ok(facts)
}

/// The exception that an encoder in Python raised, if that is what an error is about.
fn raised_by_encoder(error: &Error) -> Option<&PyErr> {
    let Error::Encoder { source, .. } = error else {
        return None;
    };
    let inner = source.downcast_ref::<Error>();
    source
        .downcast_ref::<PyErr>()
        .or_else(|| inner.and_then(raised_by_encoder))
}

/// The message; where an exception of Python is the cause, it stands below with its traceback.
fn message_of(error: &Error) -> String {
    match error {
        Error::Encoder { source, .. } if source.downcast_ref::<Error>().is_some() => {
            // The library names the encoder and the window; the inner error names the encoder again.
            let inner = source.downcast_ref::<Error>().map(ToString::to_string);
            let cause = raised_by_encoder(error).map(ToString::to_string);
            match (inner, cause) {
                (Some(inner), Some(cause)) => error.to_string().replace(&inner, &cause),
                _ => error.to_string(),
            }
        }
        _ => error.to_string(),
    }
}

fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let class = py.import("rhymedb.errors")?.getattr(class_of(error))?;
        let exception = class.call1((message_of(error),))?;
        for (name, value) in facts(py, error)? {
            exception.setattr(name.extract::<String>()?.as_str(), value)?;
        }
        let made = PyErr::from_value(exception);
        if let Some(cause) = raised_by_encoder(error) {
            made.set_cause(py, Some(cause.clone_ref(py)));
        }
        Ok(made)
    };
    made().unwrap_or_else(|error| error)
}

/// The exception of a class of `rhymedb.errors` that stands for no error of the library.
pub(crate) fn raise(py: Python<'_>, class: &str, message: &str) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let class = py.import("rhymedb.errors")?.getattr(class)?;
        Ok(PyErr::from_value(class.call1((message,))?))
    };
    made().unwrap_or_else(|error| error)
}
