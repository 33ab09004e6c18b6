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
mod input;
#[cfg(feature = "onnx")]
mod onnx;
#[cfg(feature = "parquet")]
mod parquet_file;
mod scratch;
mod segment;
#[cfg(feature = "onnx")]
mod tower;
mod vectors;
mod weights;

pub use bars::bars;
#[cfg(feature = "http")]
pub use bybit::bybit_answer;
pub use catalog::catalog_value;
pub use container::container;
pub use grammar::grammar;
pub use headlines::headlines;
#[cfg(feature = "onnx")]
pub use onnx::onnx;
#[cfg(feature = "parquet")]
pub use parquet_file::parquet;
pub use segment::segment;
#[cfg(feature = "onnx")]
pub use tower::tower;
pub use vectors::vectors;
pub use weights::weights;

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
    #[cfg(feature = "onnx")]
    ("onnx", onnx),
    #[cfg(feature = "parquet")]
    ("parquet", parquet),
    ("segment", segment),
    #[cfg(feature = "onnx")]
    ("tower", tower),
    ("vectors", vectors),
    ("weights", weights),
];
