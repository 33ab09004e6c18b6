//! Requests to servers on the network: with a deadline, a size limit, a rate limit, no redirects, and a
//! caller who can leave at any time.

mod attempts;
mod base_url;
mod interrupt;
mod limiter;
mod settings;
mod transport;

pub(super) use attempts::{Attempts, GivenUp};
pub(super) use base_url::{Wanted, check_base_url};
pub(super) use settings::{Settings, settings_methods};
pub(super) use transport::{Answer, Call, Fault, Key, Transport};
