//! Questions about a [`View`](crate::View) beyond similarity: what happened after a window, how unusual it is,
//! what a sentence says about it. Each question is a builder on the view; none sees past its time.

mod eval;
mod pairs;

pub use eval::{Eval, EvalReport, EvalSection, Measure, is_held_out};
pub use pairs::{Pair, PairOptions, Pairs};
