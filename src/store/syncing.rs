//! When commits are synced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many commits share a sync, and how many wait for one. Clones count together.
#[derive(Clone)]
pub(super) struct Syncing {
    every: u32,
    waiting: Arc<AtomicU32>,
}

impl Syncing {
    pub(super) fn every(commits: u32) -> Self {
        Self {
            every: commits,
            waiting: Arc::default(),
        }
    }

    /// Whether the next commit is to be synced. Only the writer commits, so nobody counts beside
    /// it.
    pub(super) fn is_due(&self) -> bool {
        self.waiting.load(Ordering::Relaxed).saturating_add(1) >= self.every
    }

    /// Whether there is a commit that is not synced.
    pub(super) fn waits(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    pub(super) fn committed(&self, synced: bool) {
        if synced {
            self.waiting.store(0, Ordering::Relaxed);
        } else {
            self.waiting.fetch_add(1, Ordering::Relaxed);
        }
    }
}
