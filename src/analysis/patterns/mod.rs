//! Chart patterns: sets of drawn templates, compared with the end of a price path at several
//! lengths.

mod drawn;
mod fit;
mod names;

pub(super) use fit::{COUNT, Fit, LONGEST, SHORTEST, fits, odds, paths};
pub(super) use names::{name, named, told_in};
