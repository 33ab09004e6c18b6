//! What the fuzz targets share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// What the last panic said.
static LAST: Mutex<String> = Mutex::new(String::new());

/// libFuzzer ends at every panic. The library turns those of the `parquet` crate into errors, so
/// only a panic that leaves a check may end the run.
pub fn allow_caught_panics() {
    std::panic::set_hook(Box::new(|panic| {
        *LAST.lock().unwrap() = panic.to_string();
    }));
}

/// Runs a check, and ends the process if it does not hold.
pub fn check(check: rhymedb::fuzz::Check, data: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| check(data))).is_err() {
        eprintln!("{}", LAST.lock().unwrap());
        std::process::abort();
    }
}
