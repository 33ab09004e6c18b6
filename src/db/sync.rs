//! The locks that [`super::shared`] is made of. `tests/interleavings.rs` puts loom's in their place.

pub(super) use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
