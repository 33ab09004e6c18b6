//! Questions about a [`View`](crate::View) beyond similarity: what happened after a window, how unusual it is,
//! what a sentence says about it. Each question is a builder on the view; none sees past its time.

mod pairs;

pub use pairs::{Pair, PairOptions, Pairs};
