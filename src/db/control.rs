use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::{Error, Result};

/// A part of long work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Reading and parsing input.
    Read,
    /// Compressing and writing bars, headlines or vectors to the catalog.
    Store,
    /// Encoding windows.
    Embed,
    /// Building search graphs.
    Index,
    /// Writing segment files.
    Publish,
    /// Reading stored files and checking them.
    Check,
    /// Copying stored files.
    Copy,
    /// Asking the database about its own windows.
    Ask,
}

impl Stage {
    /// The stages of bringing data in, in the order in which it passes them.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Store,
        Self::Embed,
        Self::Index,
        Self::Publish,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Store => "store",
            Self::Embed => "embed",
            Self::Index => "index",
            Self::Publish => "publish",
            Self::Check => "check",
            Self::Copy => "copy",
            Self::Ask => "ask",
        })
    }
}

/// How far a stage has come: in bytes if stored files are checked or copied, else in bars,
/// headlines or windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// What is done.
    pub done: u64,
    /// What there is to do.
    pub total: u64,
}

type Watcher = dyn Fn(Progress) + Send + Sync;

/// How a caller watches long work and stops it. Clones control the same work.
///
/// ```
/// use rhymedb::Control;
/// let control = Control::new().on_progress(|p| eprintln!("{} {}/{}", p.stage, p.done, p.total));
/// control.stop(); // from another thread or a signal handler
/// assert!(control.is_stopped());
/// ```
#[derive(Clone, Default)]
pub struct Control {
    stopped: Arc<AtomicBool>,
    watcher: Option<Arc<Watcher>>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}

impl Control {
    /// Runs to the end, silently.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `watcher` as work goes on, from any thread, several times a second.
    #[must_use]
    pub fn on_progress(mut self, watcher: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.watcher = Some(Arc::new(watcher));
        self
    }

    /// Asks the work to stop soon, with [`Error::Interrupted`]. What is committed stays.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether [`Self::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The flag behind [`Self::stop`], for code that polls one.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopped)
    }

    /// Shows the progress of work to the watcher, for callers that do a stage themselves.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if the work was asked to stop.
    pub fn show(&self, progress: Progress) -> Result<()> {
        if let Some(watcher) = &self.watcher {
            watcher(progress);
        }
        if self.is_stopped() {
            return Err(Error::Interrupted);
        }
        Ok(())
    }

    pub(crate) fn report(&self, stage: Stage, done: u64, total: u64) -> Result<()> {
        self.show(Progress { stage, done, total })
    }
}

/// Time spent in each stage, summed over threads.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    nanos: [AtomicU64; Stage::ALL.len()],
}

impl Stopwatch {
    pub(crate) fn time<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let value = work();
        self.add(stage, start.elapsed());
        value
    }

    pub(crate) fn add(&self, stage: Stage, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        if let Some(sum) = self.nanos.get(stage as usize) {
            sum.fetch_add(nanos, Ordering::Relaxed);
        }
    }

    /// Each stage of [`Stage::ALL`] with its time.
    pub(crate) fn times(&self) -> Vec<(Stage, Duration)> {
        Stage::ALL
            .into_iter()
            .zip(&self.nanos)
            .map(|(stage, nanos)| (stage, Duration::from_nanos(nanos.load(Ordering::Relaxed))))
            .collect()
    }
}
