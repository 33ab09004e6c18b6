use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Error, Result};

/// Something of redb's that has work to do when it is closed: a database writes the list of its
/// free pages, a transaction that was not committed is undone.
///
/// That panics where a page cannot be read. What was committed is safe, the next open finds what
/// was left undone, and a panic while another one unwinds would end the program: so it is caught.
pub(super) struct Closing<T: Send>(Option<T>);

impl<T: Send> Closing<T> {
    pub(super) fn new(open: T) -> Self {
        Self(Some(open))
    }

    pub(super) fn get(&self) -> Result<&T> {
        self.0.as_ref().ok_or_else(closed)
    }

    pub(super) fn get_mut(&mut self) -> Result<&mut T> {
        self.0.as_mut().ok_or_else(closed)
    }

    /// Takes it out, to be closed by whoever asked.
    pub(super) fn take(&mut self) -> Result<T> {
        self.0.take().ok_or_else(closed)
    }
}

impl<T: Send> Drop for Closing<T> {
    fn drop(&mut self) {
        let Some(open) = self.0.take() else {
            return;
        };
        let close = AssertUnwindSafe(|| drop(open));
        if std::thread::panicking() {
            // redb undoes no transaction on a thread that panics, and its pages would be lost.
            std::thread::scope(|scope| {
                if let Ok(closing) = std::thread::Builder::new().spawn_scoped(scope, close) {
                    let _ = closing.join();
                }
            });
        } else {
            let _ = catch_unwind(close);
        }
    }
}

fn closed() -> Error {
    Error::internal("a part of the catalog was used after it was closed")
}
