//! What is counted of a request that does something.

use std::time::Instant;

use super::server::Server;

/// A question or a change from when it came until it has an answer, or until nobody waits for it any more:
/// then what holds this is dropped.
pub(super) struct Counted<'a> {
    server: &'a Server,
    name: &'static str,
    came: Instant,
    pub(super) outcome: &'static str,
}

impl<'a> Counted<'a> {
    pub(super) fn new(server: &'a Server, name: &'static str) -> Self {
        Self {
            server,
            name,
            came: Instant::now(),
            outcome: "client-gone",
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let took = self.came.elapsed();
        self.server.metrics.answered(self.name, self.outcome, took);
    }
}
