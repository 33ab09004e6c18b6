//! Whether Ctrl-C was pressed since the line of the shell that runs began.

use std::sync::atomic::{AtomicBool, Ordering};

static FELT: AtomicBool = AtomicBool::new(false);

/// Whether nobody waits for the answer any more.
pub(crate) fn felt() -> bool {
    FELT.load(Ordering::Relaxed)
}

pub(crate) fn set(felt: bool) {
    FELT.store(felt, Ordering::Relaxed);
}
