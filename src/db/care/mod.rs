//! What keeps a database sound: verification, repair, backups, and what its owner should know.

pub(super) mod backup;
pub(super) mod check_encoded;
pub(super) mod check_vectors;
pub(super) mod health;
pub(super) mod recall;
pub(super) mod repair;
pub(super) mod verify;
pub(super) mod windows;
