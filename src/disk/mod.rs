//! Bytes: section files with checksums, atomic publication, memory maps.
//!
//! This layer knows nothing of bars or vectors. It writes immutable files once, publishes them
//! atomically and hands out checked bytes. All files of a database are reached through
//! `Storage`. It owns the crate's only `unsafe` outside of the distance kernels: mapping a file.

mod large_pages;
mod lock;
mod mapped;
mod publish;
mod sections;
mod storage;

pub(crate) use lock::{DirLock, Holder};
pub use mapped::Mapped;
pub(crate) use publish::{NewDir, create_dir_durably, publish, set_aside, sync_dir, write_new};
pub(crate) use sections::{FileStamp, SectionFile, SectionWriter};
pub use storage::{FileInfo, FileSystem, LockedRange, NewFile, PageFile, PagesOf, Storage};
pub(crate) use storage::{list, look_up};
