//! How a server is asked: how fast, how often, how long.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use backon::ExponentialBuilder;

use super::attempts::Attempts;
use super::interrupt::Interrupt;
use super::limiter::RateLimiter;
use crate::error::{Error, Result};

/// No timeout and no delay may be longer.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The settings that all clients have.
#[derive(Clone, Debug)]
pub(in crate::source) struct Settings {
    /// The longest time for one attempt, from the connection to the last byte.
    pub(in crate::source) timeout: Duration,
    pub(in crate::source) connect_timeout: Duration,
    /// How many requests may start in a second.
    pub(in crate::source) requests_per_second: u32,
    /// How often a request is sent in all.
    pub(in crate::source) attempts: u32,
    /// The delay before the second attempt, which doubles.
    pub(in crate::source) first_delay: Duration,
    /// Where it stops to grow.
    pub(in crate::source) longest_delay: Duration,
    /// Makes the random part of the delays the same in every run.
    pub(in crate::source) jitter_seed: Option<u64>,
    pub(in crate::source) interrupt: Interrupt,
}

impl Settings {
    /// Settings of so many requests a second, and what suits most servers.
    pub(in crate::source) fn new(requests_per_second: u32) -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            requests_per_second,
            attempts: 6,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(30),
            jitter_seed: None,
            interrupt: Interrupt::default(),
        }
    }

    /// Ends every wait once the flag is set.
    pub(in crate::source) fn interrupt(&mut self, flag: Arc<AtomicBool>) {
        self.interrupt = Interrupt::new(flag);
    }

    /// Who asks in this way.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a setting is out of its range.
    pub(in crate::source) fn attempts(&self) -> Result<Attempts> {
        if !(1..=10_000).contains(&self.requests_per_second) {
            return Err(Error::invalid(format!(
                "expected 1 to 10000 requests a second, found {}",
                self.requests_per_second
            )));
        }
        let timeouts = [self.timeout, self.connect_timeout];
        if self.attempts == 0
            || timeouts.iter().any(|t| t.is_zero() || *t > LONGEST_WAIT)
            || self.longest_delay > LONGEST_WAIT
        {
            return Err(Error::invalid(format!(
                "expected at least 1 attempt, timeouts above 0 and no wait above {LONGEST_WAIT:?}, \
                 found {} attempts, the timeouts {timeouts:?} and a longest delay of {:?}",
                self.attempts, self.longest_delay
            )));
        }
        let mut backoff = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(self.first_delay.min(self.longest_delay))
            .with_max_delay(self.longest_delay)
            .without_max_times();
        if let Some(seed) = self.jitter_seed {
            backoff = backoff.with_jitter_seed(seed);
        }
        Ok(Attempts {
            limiter: RateLimiter::new(self.requests_per_second),
            most: self.attempts,
            backoff,
            interrupt: self.interrupt.clone(),
        })
    }
}

/// The setters that all builders of clients have; `$timeout` is the default in words.
macro_rules! settings_methods {
    ($timeout:literal) => {
        #[doc = concat!("The longest time for one attempt, from the connection to the last byte. Default ", $timeout, ".")]
        pub const fn timeout(mut self, timeout: Duration) -> Self {
            self.settings.timeout = timeout;
            self
        }

        /// The longest time to connect. Default 10 s.
        pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
            self.settings.connect_timeout = timeout;
            self
        }

        /// How often a request is sent in all before its failure is an error; at least 1. Default 6.
        pub const fn attempts(mut self, attempts: u32) -> Self {
            self.settings.attempts = attempts;
            self
        }

        /// The delay before the second attempt, which doubles with each further one, and where it stops to grow.
        /// Up to as much again is added at random. Default 500 ms and 30 s.
        pub const fn backoff(mut self, first: Duration, longest: Duration) -> Self {
            self.settings.first_delay = first;
            self.settings.longest_delay = longest;
            self
        }

        /// Makes the random part of the delays the same in every run. By default it differs.
        pub const fn jitter_seed(mut self, seed: u64) -> Self {
            self.settings.jitter_seed = Some(seed);
            self
        }

        /// A flag that ends every wait of the client with [`Error::Interrupted`] within 100 ms once it is set. By
        /// default nothing ends them.
        pub fn interrupt(mut self, flag: Arc<AtomicBool>) -> Self {
            self.settings.interrupt(flag);
            self
        }
    };
}
pub(in crate::source) use settings_methods;
