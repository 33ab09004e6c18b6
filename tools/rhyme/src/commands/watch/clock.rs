//! The time of a server, between its answers.

use std::time::{Instant, SystemTime};

use rhymedb::Timestamp;

/// The last time that a server told, and when that was here.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    server: Timestamp,
    at: Instant,
    /// The steady clock stands still while the machine sleeps.
    wall: SystemTime,
}

impl Clock {
    pub(super) fn new(server: Timestamp) -> Self {
        Self {
            server,
            at: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        let by_wall = self.wall.elapsed().unwrap_or_default();
        let passed = self.at.elapsed().max(by_wall);
        self.server
            .plus_millis(i64::try_from(passed.as_millis()).unwrap_or(i64::MAX))
    }
}
