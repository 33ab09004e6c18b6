//! Bytes: section files with checksums, atomic publication, memory maps.
//!
//! This layer knows nothing of bars or vectors. It writes immutable files once, publishes them
//! atomically and hands out checked bytes. It owns the crate's only `unsafe` outside of the
//! distance kernels: mapping a file.

mod lock;
mod mapped;
mod publish;
mod sections;

pub(crate) use lock::DirLock;
pub(crate) use mapped::Mapped;
pub(crate) use publish::{
    NewDir, create_dir_durably, file_len, publish, set_aside, sync_dir, write_new,
};
pub(crate) use sections::{SectionFile, SectionWriter};
