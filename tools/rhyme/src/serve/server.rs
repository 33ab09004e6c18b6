//! What all connections share.

use std::time::Duration;

use rhymedb::Database;

use super::callers::Callers;
use super::gate::Gate;
use super::metrics::Metrics;
use super::writer::Writer;

pub(super) struct Server {
    /// Open for reading, beside others who read and one who writes.
    pub(super) db: Database,
    pub(super) limits: Limits,
    pub(super) gate: Gate,
    pub(super) metrics: Metrics,
    pub(super) callers: Callers,
    /// If clients may write.
    pub(super) writer: Option<Writer>,
}

#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// How long a question may take, the time in which it waits included.
    pub(super) deadline: Duration,
    /// How long a connection may stand still.
    pub(super) idle: Duration,
}
