//! Where bars and headlines come from.

mod synthetic;

pub use synthetic::{EventKind, MarketEvent, SyntheticConfig, SyntheticMarket, Wordings};
