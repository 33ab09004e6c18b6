//! Plain arithmetic that several layers need: inner products, small matrices, summaries, Student's t.
//! Each thing stands here once. The kernels of the search are in `index`, beside their data.

pub(crate) mod direction;
pub(crate) mod discovery;
pub(crate) mod dot;
pub(crate) mod matrix;
pub(crate) mod normal;
pub(crate) mod student;
pub(crate) mod summary;
