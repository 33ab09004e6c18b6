//! What no input may break: a function for each parser of bytes from outside. `tools/fuzz` lets
//! libFuzzer look for inputs that break one, and a test runs each over `fixtures/fuzz` and over
//! mutations of it. Every input that broke one is kept there.
//!
//! The functions do not only wait for a panic. What was read must be what a database takes, must
//! be the same when it is read again, and must come back when it is written and read; what was
//! refused must be refused in a few printable words.
//!
//! The first bytes of an input are options (see [`Input`]), the rest is what the parser gets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "whatever does not hold here must end the run"
)]

mod bars;
#[cfg(feature = "http")]
mod bybit;
mod catalog;
mod container;
#[cfg(test)]
mod corpus;
mod grammar;
mod headlines;
#[cfg(feature = "parquet")]
mod parquet_file;
mod scratch;
mod segment;
mod vectors;
mod weights;

pub use bars::bars;
#[cfg(feature = "http")]
pub use bybit::bybit_answer;
pub use catalog::catalog_value;
pub use container::container;
pub use grammar::grammar;
pub use headlines::headlines;
#[cfg(feature = "parquet")]
pub use parquet_file::parquet;
pub use segment::segment;
pub use vectors::vectors;
pub use weights::weights;

use crate::error::{Error, Result};

/// A parser with everything that must hold for each input.
pub type Check = fn(&[u8]);

/// Every check, with the name of its folder in `fixtures/fuzz`.
pub const CHECKS: &[(&str, Check)] = &[
    ("bars_csv", bars),
    ("bars_json", bars),
    #[cfg(feature = "http")]
    ("bybit_answer", bybit_answer),
    ("catalog_value", catalog_value),
    ("container", container),
    ("grammar", grammar),
    ("headlines", headlines),
    #[cfg(feature = "parquet")]
    ("parquet", parquet),
    ("segment", segment),
    ("vectors", vectors),
    ("weights", weights),
];

/// An input: options, then what is read. The character `0` stands for option 0, so that texts
/// can be written by hand.
#[derive(Clone, Copy)]
struct Input<'a> {
    options: [u8; 2],
    content: &'a [u8],
}

impl<'a> Input<'a> {
    fn of(data: &'a [u8]) -> Option<Self> {
        let (options, content) = data.split_at_checked(2)?;
        let &[first, second] = options else {
            return None;
        };
        Some(Self {
            options: [first.wrapping_sub(b'0'), second.wrapping_sub(b'0')],
            content,
        })
    }

    /// One of some choices, by the first option.
    fn choose<T: Copy>(&self, choices: &[T]) -> T {
        choices[usize::from(self.options[0]) % choices.len()]
    }

    /// Whether a bit of the second option is set.
    fn flag(&self, bit: u8) -> bool {
        self.options[1] >> bit & 1 == 1
    }
}

/// What holds for every refusal: it is short and leaves terminals alone.
fn check_refusal(error: &Error) {
    let text = error.to_string();
    assert!(text.len() < 5_000, "{} bytes: {text:.300}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// Reads twice, checks that both came to the same end, and gives what was read.
fn twice<T: PartialEq + std::fmt::Debug>(read: impl Fn() -> Result<T>) -> Option<T> {
    match (read(), read()) {
        (Ok(first), Ok(second)) => {
            assert!(first == second, "{first:?} and then {second:?}");
            Some(first)
        }
        (Err(first), Err(second)) => {
            assert_eq!(first.to_string(), second.to_string());
            check_refusal(&first);
            None
        }
        (first, second) => panic!("{first:?} and then {second:?}"),
    }
}
