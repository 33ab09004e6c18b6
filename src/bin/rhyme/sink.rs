//! Where answers go: standard output, or the file or the program that a line of the shell names.
//! And what was answered last, as values.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};

use crate::answer::Answer;
use crate::progress;

thread_local! {
    /// Standard output if there is none.
    static TO: RefCell<Option<Box<dyn Write>>> = const { RefCell::new(None) };
    /// The first listing since [`forget`].
    static KEPT: RefCell<Option<Answer>> = const { RefCell::new(None) };
}

/// Writes an answer to where answers go at the moment.
pub(crate) struct Out;

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if progress::cancelled() {
            return Err(io::Error::other("interrupted"));
        }
        TO.with_borrow_mut(|to| match to {
            Some(to) => to.write(bytes),
            None => io::stdout().write(bytes),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        TO.with_borrow_mut(|to| match to {
            Some(to) => to.flush(),
            None => io::stdout().flush(),
        })
    }
}

/// Whether answers go to a terminal.
pub(crate) fn is_terminal() -> bool {
    TO.with_borrow(Option::is_none) && io::stdout().is_terminal()
}

/// The columns of the terminal that answers go to; `None` if they go elsewhere, or if it does not
/// tell.
pub(crate) fn width() -> Option<usize> {
    let size = is_terminal().then(terminal_size::terminal_size).flatten();
    size.map(|(width, _)| usize::from(width.0))
        .filter(|w| *w > 0)
}

/// Does work whose answers go to `to`, and closes that.
pub(crate) fn redirected<T>(to: Box<dyn Write>, work: impl FnOnce() -> T) -> (T, io::Result<()>) {
    let before = TO.replace(Some(to));
    let done = work();
    let flushed = match TO.replace(before) {
        Some(mut to) => to.flush(),
        None => Ok(()),
    };
    (done, flushed)
}

/// Does work whose answers nobody reads, and gives what it answered.
pub(crate) fn kept<T>(work: impl FnOnce() -> T) -> (T, Option<Answer>) {
    forget();
    let (done, _) = redirected(Box::new(io::sink()), work);
    (done, take())
}

/// Forgets what was answered.
pub(crate) fn forget() {
    KEPT.set(None);
}

/// What was answered since [`forget`].
pub(crate) fn take() -> Option<Answer> {
    KEPT.take()
}

/// Keeps an answer, unless the command has given one already: the first listing is the answer,
/// and a command whose table shows other values than it found gives those first.
pub(crate) fn keep(answer: impl FnOnce() -> Option<Answer>) {
    if KEPT.with_borrow(Option::is_none) {
        KEPT.set(answer());
    }
}
