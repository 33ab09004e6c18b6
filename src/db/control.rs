use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
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
    /// Comparing answers of the past with those of a database that ends there.
    Audit,
    /// Trying an encoder of somebody else's on windows that are made up.
    Try,
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
            Self::Audit => "audit",
            Self::Try => "try",
        })
    }
}

/// How long a stage took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// The time spent in it.
    pub time: Duration,
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

/// How a caller watches long work and stops it: by [`Control::stop`], or by a deadline. Clones
/// control the same work. Work that writes takes one as an argument; questions take it from their
/// view, see [`crate::View::controlled`].
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
    deadline: Option<Deadline>,
    /// How often the work may still look whether it is to stop: for tests.
    looks: Option<Arc<AtomicI64>>,
}

/// When work has to end, and how long it was given.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    at: Instant,
    given: Duration,
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

    /// Lets the work take so long, counted from now. Then it ends with [`Error::TimedOut`]. A
    /// time beyond what the system can count is no deadline.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rhymedb::{Control, Error};
    /// let control = Control::new().time_limit(Duration::ZERO);
    /// assert!(matches!(control.check(), Err(Error::TimedOut { .. })));
    /// ```
    #[must_use]
    pub fn time_limit(mut self, given: Duration) -> Self {
        let at = Instant::now().checked_add(given);
        self.deadline = at.map(|at| Deadline { at, given });
        self
    }

    /// Stops the work when it has looked so often whether it is to stop: for tests, which cannot
    /// hit the same moment twice by time.
    #[doc(hidden)]
    #[must_use]
    pub fn stop_after_looks(mut self, looks: i64) -> Self {
        self.looks = Some(Arc::new(AtomicI64::new(looks)));
        self
    }

    /// How many looks of [`Self::stop_after_looks`] are left.
    #[doc(hidden)]
    pub fn looks_left(&self) -> Option<i64> {
        self.looks.as_ref().map(|l| l.load(Ordering::Relaxed))
    }

    /// Whether the work may go on. Work looks here often: at each window that it reads.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if it was asked to stop, [`Error::TimedOut`] if its time is over.
    pub fn check(&self) -> Result<()> {
        if let Some(looks) = &self.looks
            && looks.fetch_sub(1, Ordering::Relaxed) <= 0
        {
            self.stop();
        }
        if self.is_stopped() {
            return Err(Error::Interrupted);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline.at => Err(Error::TimedOut {
                limit: deadline.given,
            }),
            _ => Ok(()),
        }
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
    /// As [`Self::check`].
    pub fn show(&self, progress: Progress) -> Result<()> {
        if let Some(watcher) = &self.watcher {
            watcher(progress);
        }
        self.check()
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
    pub(crate) fn times(&self) -> Vec<StageTime> {
        Stage::ALL
            .into_iter()
            .zip(&self.nanos)
            .map(|(stage, nanos)| StageTime {
                stage,
                time: Duration::from_nanos(nanos.load(Ordering::Relaxed)),
            })
            .collect()
    }
}
