//! A request that is sent again where that may help.

use std::time::Instant;

use backon::{BackoffBuilder, ExponentialBuilder};

use super::interrupt::Interrupt;
use super::limiter::RateLimiter;
use super::transport::Fault;
use crate::error::Error;

/// How often and how fast a server is asked. What shares it shares one rate limit.
#[derive(Debug)]
pub(in crate::source) struct Attempts {
    pub(super) limiter: RateLimiter,
    pub(super) most: u32,
    pub(super) backoff: ExponentialBuilder,
    pub(super) interrupt: Interrupt,
}

/// Why a request was given up.
#[derive(Debug)]
pub(in crate::source) enum GivenUp {
    /// Another attempt would fail in the same way.
    Final(Error),
    /// The server refuses this address.
    Blocked(String),
    /// So many attempts failed, the last one for this reason.
    Failed(u32, String),
}

impl Attempts {
    /// Sends a request until it is answered or given up, and counts each attempt after the first in `retries`.
    pub(in crate::source) fn run<T>(
        &self,
        retries: &mut u64,
        mut once: impl FnMut(&Interrupt) -> Result<T, Fault>,
    ) -> Result<T, GivenUp> {
        let mut delays = self.backoff.build();
        let mut blocked_before = false;
        let mut attempt = 1;
        loop {
            let ready = self.limiter.acquire(&self.interrupt);
            ready.map_err(GivenUp::Final)?;
            let fault = match once(&self.interrupt) {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let last = attempt >= self.most;
            let delay = delays.next().unwrap_or_default();
            match fault {
                Fault::Final(error) => return Err(GivenUp::Final(error)),
                Fault::Blocked(what) if blocked_before || last => {
                    return Err(GivenUp::Blocked(what));
                }
                Fault::Transient(what) | Fault::Limited(what, _) if last => {
                    return Err(GivenUp::Failed(attempt, what));
                }
                Fault::Blocked(_) => {
                    blocked_before = true;
                    self.limiter.hold(Instant::now() + delay);
                }
                Fault::Limited(_, reset) => {
                    self.limiter.hold(Instant::now() + reset.unwrap_or(delay));
                }
                Fault::Transient(_) => {
                    let slept = self.interrupt.sleep_until(Instant::now() + delay);
                    slept.map_err(GivenUp::Final)?;
                }
            }
            attempt += 1;
            *retries += 1;
        }
    }
}
