//! A database and its views, as Python holds them.

use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use rhymedb::ask::Question;
use rhymedb::embeddings::EmbeddingsOfEnv;
use rhymedb::files::{BarOptions, HeadlineOptions};
use rhymedb::plot::PlotOptions;
use rhymedb::{Control, Database, OpenOptions, Timestamp, View};

use crate::bars::{self, series_of};
use crate::encoder::NativeEncoder;
use crate::errors::{Outcome, invalid, raise};
use crate::frame::Frame;
use crate::headlines::headlines_of;
use crate::json::json;
use crate::stored;
use crate::waiting::{Told, wait};

type Slot<T> = Mutex<Option<T>>;

/// A lock that no panic closes: what is behind it is one value, put in or taken out as a whole.
fn locked<T>(slot: &Slot<T>) -> MutexGuard<'_, Option<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn control_of(timeout: Option<f64>) -> Outcome<Control> {
    let Some(seconds) = timeout else {
        return Ok(Control::new());
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(limit) if !limit.is_zero() => Ok(Control::new().time_limit(limit)),
        _ => Err(invalid(format!(
            "expected a timeout in seconds above 0, found {seconds}"
        ))),
    }
}

fn time_of(text: Option<&str>) -> Outcome<Option<Timestamp>> {
    Ok(text.map(str::parse).transpose()?)
}

/// A database that a process opened. A fork shares its files and its locks but has none of its threads,
/// so it may not use it, and must not close it either.
#[pyclass(module = "rhymedb._native", frozen)]
pub(crate) struct NativeDatabase {
    db: Slot<Database>,
    views: Mutex<Vec<Weak<Slot<View>>>>,
    path: PathBuf,
    opened_by: u32,
}

impl Drop for NativeDatabase {
    fn drop(&mut self) {
        if self.opened_by != process::id() {
            std::mem::forget(locked(&self.db).take());
        }
    }
}

fn not_forked(py: Python<'_>, opened_by: u32) -> PyResult<()> {
    let here = process::id();
    if here == opened_by {
        return Ok(());
    }
    Err(raise(
        py,
        "ForkedError",
        &format!(
            "the database was opened by the process {opened_by} and this one, {here}, is a fork of it; open it again here with read_only=True, or start processes with the method spawn"
        ),
    ))
}

impl NativeDatabase {
    pub(crate) fn open_one(&self, py: Python<'_>) -> PyResult<Database> {
        not_forked(py, self.opened_by)?;
        let db = locked(&self.db).clone();
        db.ok_or_else(|| {
            let message = format!(
                "the database {} is closed; open it again",
                self.path.display()
            );
            raise(py, "ClosedError", &message)
        })
    }

    fn view_at(&self, py: Python<'_>, as_of: Option<&str>) -> Outcome<View> {
        let db = self.open_one(py)?;
        Ok(time_of(as_of)?.map_or_else(|| db.now(), |time| db.at(time)))
    }
}

#[pymethods]
impl NativeDatabase {
    /// Opens a database, and makes it if it is not there and `create` says so.
    #[new]
    #[pyo3(signature = (path, *, read_only=false, create=true, sync_every=None, encoders=Vec::new()))]
    fn new(
        py: Python<'_>,
        path: PathBuf,
        read_only: bool,
        create: bool,
        sync_every: Option<u32>,
        encoders: Vec<Py<NativeEncoder>>,
    ) -> Outcome<Self> {
        let mut options = OpenOptions::new().read_only(read_only);
        options = options.create(create && !read_only);
        // Questions in words may go to the service that RHYME_EMBEDDINGS_URL names.
        options = options.text_service(Arc::new(EmbeddingsOfEnv::new()));
        if let Some(commits) = sync_every {
            options = options.sync_every(commits);
        }
        for encoder in &encoders {
            options = options.encoder(encoder.get().shared());
        }
        let db = wait(py, Control::new(), None, |_| options.open(&path))?;
        Ok(Self {
            path: db.path().to_path_buf(),
            db: Mutex::new(Some(db)),
            views: Mutex::new(Vec::new()),
            opened_by: process::id(),
        })
    }

    /// The folder.
    #[getter]
    fn path(&self) -> PathBuf {
        self.path.clone()
    }

    #[getter]
    fn closed(&self) -> bool {
        locked(&self.db).is_none()
    }

    /// Closes the database and its views. Closing twice is no error.
    fn close(&self, py: Python<'_>) -> Outcome<()> {
        not_forked(py, self.opened_by)?;
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        for view in views.drain(..).filter_map(|view| view.upgrade()) {
            locked(&view).take();
        }
        drop(views);
        let db = locked(&self.db).take();
        wait(py, Control::new(), None, |_| {
            db.map_or(Ok(()), Database::close)
        })
    }

    /// What is committed now; with a time only what was known then.
    #[pyo3(signature = (as_of=None))]
    fn view(&self, py: Python<'_>, as_of: Option<&str>) -> Outcome<NativeView> {
        let view = Arc::new(Mutex::new(Some(self.view_at(py, as_of)?)));
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.retain(|view| view.strong_count() > 0);
        views.push(Arc::downgrade(&view));
        Ok(NativeView {
            view,
            opened_by: self.opened_by,
        })
    }

    /// Stores the bars of a table and makes their windows searchable. The report is JSON.
    #[pyo3(signature = (table, options, progress=None, timeout=None))]
    fn ingest_bars(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        options: bars::Options,
        progress: Told,
        timeout: Option<f64>,
    ) -> Outcome<String> {
        let db = self.open_one(py)?;
        let start = Instant::now();
        let frame = Frame::of(table)?;
        wait(py, control_of(timeout)?, progress, move |control| {
            let read = series_of(&frame, &options)?;
            let mut ingest = db.ingest(control);
            ingest.add_read_time(start.elapsed());
            ingest.bars(&read.series)?;
            json(&stored::with_left_out(&ingest.finish()?, read.left_out)?)
        })
    }

    /// Stores the headlines of a table. The report is JSON.
    #[pyo3(signature = (table, columns, precision=None, time_unit=None))]
    fn ingest_headlines(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        columns: std::collections::HashMap<String, String>,
        precision: Option<String>,
        time_unit: Option<String>,
    ) -> Outcome<String> {
        let db = self.open_one(py)?;
        let frame = Frame::of(table)?;
        wait(py, Control::new(), None, move |_| {
            let precision = precision.as_deref().map(str::parse).transpose()?;
            let headlines = headlines_of(&frame, &columns, precision, time_unit.as_deref())?;
            json(&db.ingest_headlines(&headlines)?)
        })
    }

    /// Stores the bars of files that the library's readers understand. The report is JSON.
    #[pyo3(signature = (paths, options, progress=None, timeout=None))]
    fn ingest_bar_files(
        &self,
        py: Python<'_>,
        paths: Vec<String>,
        options: bars::Options,
        progress: Told,
        timeout: Option<f64>,
    ) -> Outcome<String> {
        let db = self.open_one(py)?;
        let options: BarOptions = options.of_files()?;
        wait(py, control_of(timeout)?, progress, move |control| {
            json(&stored::bar_files(&db, &paths, &options, control)?)
        })
    }

    /// Stores the headlines of files. The report is JSON.
    #[pyo3(signature = (paths, columns, skip=false))]
    fn ingest_headline_files(
        &self,
        py: Python<'_>,
        paths: Vec<String>,
        columns: Vec<(String, String)>,
        skip: bool,
    ) -> Outcome<String> {
        let db = self.open_one(py)?;
        let options = HeadlineOptions {
            map: bars::mapped(columns),
            on_error: bars::on_error(skip),
            ..HeadlineOptions::default()
        };
        wait(py, Control::new(), None, move |control| {
            json(&stored::headline_files(&db, &paths, &options, &control)?)
        })
    }

    /// Makes a space of one of the encoders that the database was opened with. The report is JSON.
    #[pyo3(signature = (name, encoder, hop=1, replace=false, progress=None))]
    fn create_space(
        &self,
        py: Python<'_>,
        name: String,
        encoder: &Bound<'_, NativeEncoder>,
        hop: u32,
        replace: bool,
        progress: Told,
    ) -> Outcome<String> {
        let db = self.open_one(py)?;
        let encoder = encoder.get().shared();
        wait(py, Control::new(), progress, move |control| {
            let made = match replace {
                true => db.replace_space(&name, &encoder, hop, control),
                false => db.create_space(&name, &encoder, hop, control),
            };
            json(&made?)
        })
    }

    /// Removes a space. The report is JSON.
    fn drop_space(&self, py: Python<'_>, name: String) -> Outcome<String> {
        let db = self.open_one(py)?;
        wait(py, Control::new(), None, move |_| {
            json(&db.drop_space(&name)?)
        })
    }

    /// Asks what is committed now.
    #[pyo3(signature = (question, timeout=None))]
    fn ask(&self, py: Python<'_>, question: &str, timeout: Option<f64>) -> Outcome<String> {
        ask(py, self.view_at(py, None)?, question, timeout)
    }
}

/// A view: what was committed when it was made, and of that only what was known at its time.
#[pyclass(module = "rhymedb._native", frozen)]
pub(crate) struct NativeView {
    view: Arc<Slot<View>>,
    opened_by: u32,
}

impl Drop for NativeView {
    fn drop(&mut self) {
        if self.opened_by != process::id() {
            std::mem::forget(locked(&self.view).take());
        }
    }
}

impl NativeView {
    pub(crate) fn open_one(&self, py: Python<'_>) -> PyResult<View> {
        not_forked(py, self.opened_by)?;
        let view = locked(&self.view).clone();
        let message = "the database of this view is closed; open it again and make a new view";
        view.ok_or_else(|| raise(py, "ClosedError", message))
    }
}

#[pymethods]
impl NativeView {
    /// The view's time as RFC 3339; none sees everything.
    #[getter]
    fn as_of(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let time = self.open_one(py)?.as_of();
        Ok(time.map(|time| time.to_string()))
    }

    /// The last commit that it sees.
    fn position(&self, py: Python<'_>) -> Outcome<String> {
        let view = self.open_one(py)?;
        wait(py, Control::new(), None, move |_| {
            Ok(view.position()?.to_string())
        })
    }

    /// The same view as of an earlier time.
    fn at(&self, py: Python<'_>, as_of: &str) -> Outcome<Self> {
        let view = self.open_one(py)?;
        let time: Timestamp = as_of.parse()?;
        Ok(Self {
            view: Arc::new(Mutex::new(Some(view.at(time)))),
            opened_by: self.opened_by,
        })
    }

    /// Asks a question as JSON; the answer is JSON.
    #[pyo3(signature = (question, timeout=None))]
    fn ask(&self, py: Python<'_>, question: &str, timeout: Option<f64>) -> Outcome<String> {
        ask(py, self.open_one(py)?, question, timeout)
    }

    /// The answer to a question as an SVG document; none if there is no picture of such answers.
    #[pyo3(signature = (question, width=1000, theme=None))]
    fn svg(
        &self,
        py: Python<'_>,
        question: &str,
        width: u32,
        theme: Option<String>,
    ) -> Outcome<Option<String>> {
        let view = self.open_one(py)?;
        let question = parsed(question)?;
        wait(py, Control::new(), None, move |control| {
            let mut options = PlotOptions {
                width,
                ..PlotOptions::default()
            };
            if let Some(theme) = theme {
                options.theme = theme.parse()?;
            }
            let picture = rhyme::picture_of(&view.controlled(&control), &question)?;
            picture.map(|picture| picture.svg(&options)).transpose()
        })
    }
}

fn parsed(question: &str) -> Outcome<Question> {
    serde_json::from_str(question).map_err(|e| invalid(format!("expected a question: {e}")))
}

fn ask(py: Python<'_>, view: View, question: &str, timeout: Option<f64>) -> Outcome<String> {
    let question = parsed(question)?;
    wait(py, control_of(timeout)?, None, move |control| {
        json(&question.ask(&view.controlled(&control))?)
    })
}
