//! Published results, done again with the networks and losses of this crate.

pub mod etth1;
pub mod ridge;
pub mod ts2vec;
