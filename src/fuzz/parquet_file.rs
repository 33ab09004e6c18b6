use super::bars::{self, check_bars};
use super::headlines::{self, check_headlines};
use super::input::{Input, check_refusal};
use super::scratch::Scratch;
use super::vectors::{self, check_vectors_at};
use crate::source::{read_bars, read_headlines};

/// Parquet files as bars, headlines and vectors.
pub fn parquet(data: &[u8]) {
    let Some(input) = Input::of(data) else {
        return;
    };
    let scratch = Scratch::new();
    let path = scratch.file("crypto/v/X_1h.parquet", input.content);
    let options = bars::options(&input);
    match read_bars(&path, &options) {
        Ok(file) => check_bars(&file, options.on_error),
        Err(error) => check_refusal(&error),
    }
    let options = headlines::options(&input);
    match read_headlines(&path, &options) {
        Ok(file) => check_headlines(&file, options.on_error),
        Err(error) => check_refusal(&error),
    }
    check_vectors_at(&path, &vectors::options(&input, None));
}
