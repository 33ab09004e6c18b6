//! Where answers go: standard output, or the file or the program that a line of the shell names.
//! And what was answered last, as values.

use std::cell::{Cell, RefCell};
use std::io::{self, IsTerminal, LineWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::answer::Answer;
use crate::failure::{Failure, Outcome};
use crate::interrupt;

thread_local! {
    /// Standard output if there is none.
    static TO: RefCell<Option<Box<dyn Write>>> = const { RefCell::new(None) };
    /// The first listing since [`forget`].
    static KEPT: RefCell<Option<Answer>> = const { RefCell::new(None) };
    /// What is said beside answers on this thread, if somebody collects it.
    static SAID: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
    /// Where the answers of a thread of [`stoppable`] go in the end.
    static DESTINATION: Cell<Option<Destination>> = const { Cell::new(None) };
    /// Whether nobody waits for that thread any more.
    static DROPPED: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

#[derive(Clone, Copy)]
struct Destination {
    terminal: bool,
    width: Option<usize>,
}

/// How often somebody who waits looks whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(20);

/// Writes an answer to where answers go at the moment.
pub(crate) struct Out;

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if interrupt::felt() {
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
    if let Some(destination) = DESTINATION.get() {
        return destination.terminal;
    }
    TO.with_borrow(Option::is_none) && io::stdout().is_terminal()
}

/// The columns of the terminal that answers go to; `None` if they go elsewhere, or if it does not
/// tell.
pub(crate) fn width() -> Option<usize> {
    if let Some(destination) = DESTINATION.get() {
        return destination.width;
    }
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

/// Does work whose answers are wanted as text, and gives that and what was said beside them.
pub(crate) fn heard<T>(work: impl FnOnce() -> T) -> (T, Vec<u8>, Vec<String>) {
    SAID.set(Some(Vec::new()));
    let text = Arc::default();
    let (done, _) = redirected(Box::new(Kept(Arc::clone(&text))), work);
    let said = SAID.take().unwrap_or_default();
    let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
    (done, std::mem::take(&mut *text), said)
}

/// Keeps a text that would go to standard error, if somebody collects them. Whether that is so.
pub(crate) fn hear(text: &str) -> bool {
    SAID.with_borrow_mut(|said| {
        let collected = said.as_mut().map(|said| said.push(text.to_owned()));
        collected.is_some()
    })
}

/// Whether somebody collects what is said.
pub(crate) fn is_heard() -> bool {
    SAID.with_borrow(Option::is_some)
}

struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a thread of [`stoppable`] tells the one that waits for it.
enum Told {
    Bytes(Vec<u8>),
    Done(Outcome, Option<Answer>),
}

struct Teller(SyncSender<Told>);

impl Write for Teller {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let told = self.0.send(Told::Bytes(bytes.to_vec()));
        told.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Does work that changes nothing on a thread of its own, so that Ctrl-C need not wait for it: the work is
/// then dropped, and what it still answers is read by nobody.
pub(crate) fn stoppable(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    let destination = Destination {
        terminal: is_terminal(),
        width: width(),
    };
    let dropped = Arc::new(AtomicBool::new(false));
    let mark = dropped.clone();
    let (to, from) = sync_channel(64);
    let worker = thread::spawn(move || {
        DESTINATION.set(Some(destination));
        DROPPED.set(Some(mark));
        let out = LineWriter::new(Teller(to.clone()));
        let (done, flushed) = redirected(Box::new(out), work);
        // Where nobody waits, nobody is told.
        let _ = to.send(Told::Done(done.and(flushed.map_err(Failure::from)), take()));
    });
    let done = loop {
        match from.recv_timeout(LOOK) {
            Ok(Told::Bytes(bytes)) => {
                if let Err(error) = Out.write_all(&bytes) {
                    break Err(error.into());
                }
            }
            Ok(Told::Done(done, answer)) => {
                keep(|| answer);
                break done;
            }
            Err(RecvTimeoutError::Timeout) if interrupt::felt() => {
                break Err(Failure::Cancelled);
            }
            Err(RecvTimeoutError::Timeout) => {}
            // It ends without a word when it panics.
            Err(RecvTimeoutError::Disconnected) => match worker.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => break Err(io::Error::other("the command gave no answer").into()),
            },
        }
    };
    dropped.store(true, Ordering::Relaxed);
    done
}

/// Whether this is a thread of [`stoppable`] for which nobody waits any more.
pub(crate) fn is_dropped() -> bool {
    DROPPED.with_borrow(|mark| mark.as_ref().is_some_and(|m| m.load(Ordering::Relaxed)))
}

/// Does work whose answers nobody reads, and gives what it answered.
pub(crate) fn kept<T>(work: impl FnOnce() -> T) -> (T, Option<Answer>) {
    forget();
    let (done, _) = redirected(Box::new(io::sink()), work);
    (done, take())
}

/// Does work whose answer is a part of another one, which is kept.
pub(crate) fn apart<T>(work: impl FnOnce() -> T) -> T {
    let before = KEPT.take();
    let done = work();
    KEPT.set(before);
    done
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
