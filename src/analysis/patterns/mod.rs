//! Chart patterns: sets of drawn templates, compared with the end of a price path at several
//! lengths.

mod drawn;
mod fit;

pub(super) use fit::{COUNT, LONGEST, SHORTEST, fits, odds};
