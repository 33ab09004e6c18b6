//! Work of the library on a thread of its own, while the caller's thread lets others run and listens
//! for signals.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use rhymedb::ingest::Progress;
use rhymedb::{Control, Result};

use crate::errors::{Failure, Outcome};

/// How often the waiting thread looks for signals: Ctrl-C is answered without a delay that is felt.
const LOOK: Duration = Duration::from_millis(20);

/// Who is told how far long work is: a callable of the stage, what is done and what there is to do.
pub(crate) type Told = Option<Py<PyAny>>;

/// Runs work without the interpreter's lock. Ctrl-C, or any exception of a signal handler or of the
/// progress callback, stops the work through its control and is raised once the work has ended.
pub(crate) fn wait<T: Send>(
    py: Python<'_>,
    control: Control,
    told: Told,
    work: impl FnOnce(Control) -> Result<T> + Send,
) -> Outcome<T> {
    let (progress, heard) = channel::<Progress>();
    let watched = match &told {
        None => control.clone(),
        Some(_) => {
            let progress = std::sync::Mutex::new(progress);
            control.clone().on_progress(move |p| {
                if let Ok(progress) = progress.lock() {
                    // Nobody listens any more once the caller was interrupted.
                    let _ = progress.send(p);
                }
            })
        }
    };
    py.detach(move || {
        thread::scope(|scope| {
            let (done, ended) = channel();
            let worker = scope.spawn(move || {
                let result = work(watched);
                // The receiver lives until the worker has ended.
                let _ = done.send(());
                result
            });
            let mut raised = None;
            loop {
                match ended.recv_timeout(LOOK) {
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) if raised.is_some() => {}
                    Err(RecvTimeoutError::Timeout) => {
                        let latest = heard.try_iter().last();
                        let looked = Python::attach(|py| {
                            py.check_signals()?;
                            tell(py, told.as_ref(), latest)
                        });
                        if let Err(error) = looked {
                            control.stop();
                            raised = Some(error);
                        }
                    }
                }
            }
            let result = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
            match raised {
                Some(error) => Err(Failure::Python(error)),
                None => {
                    let last = heard.try_iter().last();
                    Python::attach(|py| tell(py, told.as_ref(), last))?;
                    Ok(result?)
                }
            }
        })
    })
}

fn tell(py: Python<'_>, told: Option<&Py<PyAny>>, progress: Option<Progress>) -> PyResult<()> {
    if let (Some(told), Some(p)) = (told, progress) {
        told.call1(py, (p.stage.to_string(), p.done, p.total))?;
    }
    Ok(())
}
