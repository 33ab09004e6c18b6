//! What the threads of one database share: the right to write, what was committed last, and what
//! was read once.
//!
//! `tests/interleavings.rs` compiles this file a second time over the locks of loom, and tries the
//! orders in which threads can come to them. So it knows nothing of databases.

use std::collections::HashMap;

use super::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Why there is no snapshot. It is kept, and told to everybody who asks for one.
pub(super) trait Loss: Clone {
    /// Reading the snapshot panicked.
    fn by_panic() -> Self;

    /// The same, for those who come later: what was committed is on disk, and can be read when the
    /// database is opened again.
    #[must_use]
    fn kept(self) -> Self;
}

/// The one writer `W`, and what readers see, which is a snapshot `S` after another, or the reason
/// `E` why there is none.
pub(super) struct Shared<W, S, E: Loss> {
    current: RwLock<Current<S, E>>,
    writer: Mutex<W>,
}

/// What readers that come now get to see.
enum Current<S, E> {
    Ready(Arc<S>),
    /// While nobody may hold a snapshot.
    Detached,
    /// It cannot be read any more, and why.
    Lost(E),
}

impl<W, S, E: Loss> Shared<W, S, E> {
    pub(super) fn new(writer: W, first: S) -> Self {
        Self {
            current: RwLock::new(Current::Ready(Arc::new(first))),
            writer: Mutex::new(writer),
        }
    }

    /// What was shown last, or why there is nothing to show.
    pub(super) fn latest(&self) -> Result<Arc<S>, E> {
        loop {
            match &*self.current.read().unwrap_or_else(PoisonError::into_inner) {
                Current::Ready(snapshot) => return Ok(Arc::clone(snapshot)),
                Current::Lost(why) => return Err(why.clone()),
                Current::Detached => {}
            }
            // Whoever detached holds the writer meanwhile, and asks for no snapshot.
            drop(self.still());
        }
    }

    /// Waits until nobody writes, and lets nobody write.
    pub(super) fn still(&self) -> MutexGuard<'_, W> {
        // A writer that panicked left an open transaction behind at worst, and that is undone.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what `load` reads to readers that come from now on. If it cannot be read, nobody may
    /// go on with what was there before: a writer would miss what was committed since. Only who
    /// holds the writer can ask for it.
    pub(super) fn show(&self, _writer: &W, load: impl FnOnce() -> Result<S, E>) -> Result<(), E> {
        let next = Next::of(self);
        next.is(load())
    }

    /// What was shown last, if it is the newest that others wrote; else what `load` makes of it, which
    /// is then shown. One thread loads, and those that come meanwhile wait for it. What cannot be
    /// loaded changes nothing, and is tried again by who comes next.
    pub(super) fn renewed(
        &self,
        is_newest: impl Fn(&S) -> bool,
        load: impl FnOnce(&S) -> Result<S, E>,
    ) -> Result<Arc<S>, E> {
        let shown = self.latest()?;
        if is_newest(&shown) {
            return Ok(shown);
        }
        drop(shown);
        let _one = self.still();
        let shown = self.latest()?;
        if is_newest(&shown) {
            return Ok(shown);
        }
        let next = Arc::new(load(&shown)?);
        self.set(Current::Ready(Arc::clone(&next)));
        Ok(next)
    }

    /// The writer, where nobody else is left.
    pub(super) fn into_writer(self) -> W {
        drop(self.current);
        let writer = self.writer.into_inner();
        writer.unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` while this holds no snapshot and gives none, and then shows what `load` reads.
    /// Readers that come meanwhile wait.
    pub(super) fn detached<T>(
        &self,
        writer: &mut W,
        work: impl FnOnce(&mut W) -> T,
        load: impl FnOnce(&W) -> Result<S, E>,
    ) -> Result<T, E> {
        let next = Next::of(self);
        self.set(Current::Detached);
        let done = work(writer);
        next.is(load(writer))?;
        Ok(done)
    }

    fn set(&self, current: Current<S, E>) {
        let mut place = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, current);
        // Closing a snapshot takes time, and readers wait for this lock.
        drop(place);
        drop(old);
    }
}

/// A snapshot to come. Dropped by a panic, it says so to readers, who would wait for it forever.
struct Next<'a, W, S, E: Loss> {
    shared: &'a Shared<W, S, E>,
    known: bool,
}

impl<'a, W, S, E: Loss> Next<'a, W, S, E> {
    fn of(shared: &'a Shared<W, S, E>) -> Self {
        Self {
            shared,
            known: false,
        }
    }

    fn is(mut self, loaded: Result<S, E>) -> Result<(), E> {
        self.known = true;
        match loaded {
            Ok(next) => {
                self.shared.set(Current::Ready(Arc::new(next)));
                Ok(())
            }
            Err(e) => {
                self.shared.set(Current::Lost(e.clone().kept()));
                Err(e)
            }
        }
    }
}

impl<W, S, E: Loss> Drop for Next<'_, W, S, E> {
    fn drop(&mut self) {
        if !self.known {
            self.shared.set(Current::Lost(E::by_panic().kept()));
        }
    }
}

/// Values that are read when they are first needed, by their hash.
pub(super) struct Kept<V>(Mutex<HashMap<u64, V>>);

impl<V: Clone> Kept<V> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// The value of that hash, from `read` if it is not here yet. Others do not wait while it is
    /// read; two who read it at once go on with the same one.
    pub(super) fn get_or<E>(&self, hash: u64, read: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let known = self.values().get(&hash).cloned();
        match known {
            Some(value) => Ok(value),
            None => {
                let value = read()?;
                Ok(self.values().entry(hash).or_insert(value).clone())
            }
        }
    }

    fn values(&self) -> MutexGuard<'_, HashMap<u64, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
