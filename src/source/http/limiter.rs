use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::interrupt::Interrupt;
use crate::error::Result;

/// Spaces requests evenly, over all threads that share it.
///
/// Each request reserves the next free slot and sleeps until then, so that no second, wherever it
/// starts, holds more than the allowed number.
#[derive(Debug)]
pub(super) struct RateLimiter {
    gap: Duration,
    next_free: Mutex<Option<Instant>>,
}

impl RateLimiter {
    pub(super) fn new(requests_per_second: u32) -> Self {
        Self {
            gap: Duration::from_secs(1) / requests_per_second.max(1),
            next_free: Mutex::new(None),
        }
    }

    /// Waits for a slot.
    pub(super) fn acquire(&self, interrupt: &Interrupt) -> Result<()> {
        interrupt.sleep_until(self.reserve(Instant::now()))
    }

    /// Lets no request start before `until`: the server asked this address to wait.
    pub(super) fn hold(&self, until: Instant) {
        let mut next_free = self
            .next_free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *next_free = Some(next_free.map_or(until, |free| free.max(until)));
    }

    fn reserve(&self, now: Instant) -> Instant {
        let mut next_free = self
            .next_free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let slot = next_free.map_or(now, |free| free.max(now));
        *next_free = Some(slot + self.gap);
        slot
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_second_holds_more_than_the_allowed_requests(
            rate in 1_u32..300,
            pauses in prop::collection::vec(0_u64..30_000, 1..600),
        ) {
            let limiter = RateLimiter::new(rate);
            let mut now = Instant::now();
            let slots: Vec<Instant> = pauses
                .iter()
                .map(|&micros| {
                    now += Duration::from_micros(micros);
                    let slot = limiter.reserve(now);
                    assert!(slot >= now);
                    slot
                })
                .collect();
            // The gap is rounded down to a nanosecond: `rate` slots on, up to `rate` ns are short.
            let second = Duration::from_secs(1) - Duration::from_nanos(u64::from(rate));
            for i in rate as usize..slots.len() {
                prop_assert!(slots[i] - slots[i - rate as usize] >= second);
            }
        }
    }

    #[test]
    fn a_hold_moves_the_next_slot_and_never_back() {
        let limiter = RateLimiter::new(10);
        let now = Instant::now();
        limiter.hold(now + Duration::from_secs(5));
        limiter.hold(now + Duration::from_secs(2));
        assert_eq!(limiter.reserve(now), now + Duration::from_secs(5));
        assert_eq!(limiter.reserve(now), now + Duration::from_millis(5100));
    }
}
