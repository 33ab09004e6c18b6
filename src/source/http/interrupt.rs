use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How often a wait looks at the flag.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// A flag that someone else sets to end all waits.
#[derive(Clone, Debug, Default)]
pub(in crate::source) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub(in crate::source) fn new(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }

    /// [`Error::Interrupted`] once the flag is set.
    pub(in crate::source) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Sleeps until `deadline` or until the flag is set.
    pub(in crate::source) fn sleep_until(&self, deadline: Instant) -> Result<()> {
        loop {
            self.check()?;
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(POLL));
        }
    }
}
