//! Panics of other libraries, on input that they ought to refuse.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is in a call whose panics are told as errors.
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs a call into a library that asserts some things about its input instead of refusing it. A panic on this thread is
/// the error `instead`, and prints nothing. After an error the caller uses nothing of what the call had in hand, so no
/// half-made state is seen.
pub(crate) fn unpanicked<T>(
    instead: &str,
    call: impl FnOnce() -> Result<T, String>,
) -> Result<T, String> {
    quieten();
    let before = SILENT.replace(true);
    let done = catch_unwind(AssertUnwindSafe(call));
    SILENT.set(before);
    done.unwrap_or_else(|_| Err(instead.to_owned()))
}

/// Has the process print nothing of panics within [`unpanicked`], and all others as before.
fn quieten() {
    // A thread that unwinds already cannot change the hook; the next call will.
    if HOOK.is_completed() || std::thread::panicking() {
        return;
    }
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            // Where a thread ends, its note is gone.
            if !SILENT.try_with(Cell::get).unwrap_or(false) {
                before(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use std::process::Command;

    use super::*;

    #[test]
    fn panics_are_errors() {
        let given: Result<u8, _> = unpanicked("it is broken", || panic!("asserted"));
        assert_eq!(given, Err("it is broken".to_owned()));
        assert_eq!(unpanicked("it is broken", || Ok(1)), Ok(1));
        let own: Result<u8, _> = unpanicked("it is broken", || Err("own".to_owned()));
        assert_eq!(own, Err("own".to_owned()));
        assert!(!SILENT.get());
    }

    /// Runs the test below in a process of its own, whose standard error is read.
    #[test]
    fn nothing_is_printed_of_them() {
        let name = "error::panics::tests::prints_one_panic_of_two";
        let child = Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env("RHYME_TEST_PANICS", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr).into_owned();
        assert!(child.status.success(), "{said}");
        assert!(said.contains("a panic outside"), "{said}");
        assert!(!said.contains("a panic inside"), "{said}");
    }

    #[test]
    fn prints_one_panic_of_two() {
        if std::env::var_os("RHYME_TEST_PANICS").is_none() {
            return;
        }
        let inside: Result<(), _> = unpanicked("it is broken", || panic!("a panic inside"));
        assert!(inside.is_err());
        assert!(catch_unwind(|| panic!("a panic outside")).is_err());
    }
}
