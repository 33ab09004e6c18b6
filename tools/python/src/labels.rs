//! What is said of windows and symbols: tags, attributes, prototypes.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use rhymedb::Control;
use rhymedb::data::Attribute;
use rhymedb::files::{read_attributes, read_tags};
use rhymedb::ingest::NewTag;

use crate::database::NativeDatabase;
use crate::errors::Outcome;
use crate::json::json;
use crate::waiting::wait;

/// A tag: its name, its window, its number, and from when on it is known.
type Tagged = (String, String, Option<f64>, Option<String>);
/// An attribute: the symbol, the market, the name, the value, and from when on it is known.
type Said = (String, Option<String>, String, String, Option<String>);

/// Stores tags: all of them or none.
#[pyfunction]
pub(crate) fn add_tags(py: Python<'_>, db: &NativeDatabase, tags: Vec<Tagged>) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        let tags = tags.into_iter().map(|(name, target, value, known)| {
            Ok(NewTag {
                name,
                target: target.parse()?,
                value,
                known: known.as_deref().map(str::parse).transpose()?,
            })
        });
        let tags: Vec<NewTag> = tags.collect::<rhymedb::Result<_>>()?;
        json(&db.add_tags(&tags)?)
    })
}

/// Stores the tags of a file: all of them or none.
#[pyfunction]
#[pyo3(signature = (db, path, interval=None))]
pub(crate) fn import_tag_file(
    py: Python<'_>,
    db: &NativeDatabase,
    path: PathBuf,
    interval: Option<String>,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        let interval = interval.as_deref().map(str::parse).transpose()?;
        let tags = some(read_tags(&path, interval)?, "tags", &path)?;
        json(&db.add_tags(&tags)?)
    })
}

/// Refuses a file that holds nothing.
fn some<T>(found: Vec<T>, what: &str, path: &Path) -> rhymedb::Result<Vec<T>> {
    if found.is_empty() {
        let path = path.display();
        let text = format!("expected a file of {what}, found none in {path}");
        return Err(rhymedb::Error::Invalid(text));
    }
    Ok(found)
}

/// Forgets the tags of a name: all, or that of a window.
#[pyfunction]
#[pyo3(signature = (db, name, target=None))]
pub(crate) fn remove_tags(
    py: Python<'_>,
    db: &NativeDatabase,
    name: String,
    target: Option<String>,
) -> Outcome<u64> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        let target = target.as_deref().map(str::parse).transpose()?;
        db.remove_tags(&name, target.as_ref())
    })
}

/// Stores attributes of symbols: all of them or none.
#[pyfunction]
pub(crate) fn set_attributes(
    py: Python<'_>,
    db: &NativeDatabase,
    attributes: Vec<Said>,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        let attributes = attributes
            .into_iter()
            .map(|(symbol, market, name, value, known)| {
                let mut attribute = Attribute::new(symbol, &name, value);
                attribute.market = market;
                attribute.known = known.as_deref().map(str::parse).transpose()?;
                Ok(attribute)
            });
        let attributes: Vec<Attribute> = attributes.collect::<rhymedb::Result<_>>()?;
        json(&db.set_attributes(&attributes)?)
    })
}

/// Stores the attributes of a file: all of them or none.
#[pyfunction]
pub(crate) fn import_attribute_file(
    py: Python<'_>,
    db: &NativeDatabase,
    path: PathBuf,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        let attributes = some(read_attributes(&path)?, "attributes", &path)?;
        json(&db.set_attributes(&attributes)?)
    })
}

/// Forgets attributes: those of a name, of a symbol, or of both.
#[pyfunction]
#[pyo3(signature = (db, name=None, symbol=None))]
pub(crate) fn remove_attributes(
    py: Python<'_>,
    db: &NativeDatabase,
    name: Option<String>,
    symbol: Option<String>,
) -> Outcome<u64> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        db.remove_attributes(name.as_deref(), symbol.as_deref())
    })
}

/// Stores the average of windows under a name.
#[pyfunction]
#[pyo3(signature = (db, name, windows, space=None))]
pub(crate) fn save_prototype(
    py: Python<'_>,
    db: &NativeDatabase,
    name: String,
    windows: Vec<String>,
    space: Option<String>,
) -> Outcome<String> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| {
        let windows = windows.iter().map(|window| window.parse());
        let windows: Vec<rhymedb::Target> = windows.collect::<rhymedb::Result<_>>()?;
        json(&db.save_prototype(&name, space.as_deref(), &windows)?)
    })
}

/// Forgets a prototype.
#[pyfunction]
pub(crate) fn drop_prototype(py: Python<'_>, db: &NativeDatabase, name: String) -> Outcome<()> {
    let db = db.open_one(py)?;
    wait(py, Control::new(), None, move |_| db.drop_prototype(&name))
}
