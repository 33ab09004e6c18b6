//! What the machine has.

use std::path::Path;

use sysinfo::{Disks, MemoryRefreshKind, RefreshKind, System};

/// Bytes of memory: what this process may have, and what is free.
pub(super) struct Memory {
    pub(super) total: u64,
    pub(super) free: u64,
}

/// `None` if the system does not say.
pub(super) fn memory() -> Option<Memory> {
    let wanted = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(wanted);
    let whole = Memory {
        total: system.total_memory(),
        free: system.available_memory(),
    };
    // In a container less than the machine has.
    let memory = match system.cgroup_limits() {
        Some(limits) if limits.total_memory > 0 && limits.total_memory < whole.total => Memory {
            total: limits.total_memory,
            free: limits.free_memory.min(whole.free),
        },
        _ => whole,
    };
    (memory.total > 0).then_some(memory)
}

/// Free bytes on the disk that holds `path`, or will hold it; `None` if the system does not say.
pub(super) fn free_disk(path: &Path) -> Option<u64> {
    let there = path.ancestors().find_map(|p| {
        let p = if p.as_os_str().is_empty() {
            Path::new(".")
        } else {
            p
        };
        p.canonicalize().ok()
    });
    let there = there?;
    let disks = Disks::new_with_refreshed_list();
    let holding = disks.iter().filter(|d| there.starts_with(d.mount_point()));
    let nearest = holding.max_by_key(|d| d.mount_point().components().count())?;
    same_disk(&there, nearest.mount_point()).then(|| nearest.available_space())
}

/// Whether two paths are on one disk. The list of disks leaves out some, those in memory among them,
/// and then the nearest mount point is that of another one.
#[cfg(unix)]
fn same_disk(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let device = |path: &Path| path.metadata().map(|m| m.dev()).ok();
    device(one).is_some() && device(one) == device(other)
}

#[cfg(not(unix))]
fn same_disk(_: &Path, _: &Path) -> bool {
    true
}
