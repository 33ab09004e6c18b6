//! How many questions run at once, and how many wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

pub(super) struct Gate {
    /// One for each question that runs or waits.
    places: Arc<Semaphore>,
    /// One for each that runs.
    threads: Arc<Semaphore>,
    places_in_all: usize,
    threads_in_all: usize,
}

/// The right to run, until it is dropped.
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    _thread: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(threads: usize, queue: usize) -> Self {
        let most = Semaphore::MAX_PERMITS;
        let threads = threads.min(most);
        let places = threads.saturating_add(queue).min(most);
        Self {
            places: Arc::new(Semaphore::new(places)),
            threads: Arc::new(Semaphore::new(threads)),
            places_in_all: places,
            threads_in_all: threads,
        }
    }

    /// Waits for a turn, in the order of coming. `None` if too many wait already, or if the wait is too
    /// long.
    pub(super) async fn enter(&self, patience: Duration) -> Option<Turn> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let thread = Arc::clone(&self.threads).acquire_owned();
        let thread = timeout(patience, thread).await.ok()?.ok()?;
        Some(Turn {
            _place: place,
            _thread: thread,
        })
    }

    /// How many questions run.
    pub(super) fn running(&self) -> usize {
        let free = self.threads.available_permits();
        self.threads_in_all.saturating_sub(free)
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        let free = self.places.available_permits();
        let inside = self.places_in_all.saturating_sub(free);
        inside.saturating_sub(self.running())
    }
}
