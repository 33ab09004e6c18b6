//! Large pages for the maps of large files, where the system has them.
//!
//! A walk over a graph reads far more places than a processor keeps the addresses of, if pages have
//! 4 KiB. With pages of 2 MiB it keeps them all. A page is also read as a whole, so a database that the memory
//! cannot hold would be read over and over: maps ask for large pages only as long as all of them
//! together take at most half of the memory.

use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::Mmap;

/// Bytes of all maps of this process that asked for large pages.
static ASKED: AtomicU64 = AtomicU64::new(0);

/// The share of a map in [`ASKED`], given back with it.
#[derive(Debug)]
pub(super) struct LargePages(u64);

impl LargePages {
    /// Asks for large pages for a map that nobody has read yet. `None` if that would be too much, or
    /// the file has no whole one.
    pub(super) fn ask(map: &Mmap) -> Option<Self> {
        let share = Self::reserve(map.len() as u64, memory() / 2)?;
        advise(map);
        Some(share)
    }

    fn reserve(len: u64, most: u64) -> Option<Self> {
        const PAGE: u64 = 2 << 20;
        let more = |asked: u64| asked.checked_add(len).filter(|&sum| sum <= most);
        let fits = len >= PAGE
            && ASKED
                .try_update(Ordering::Relaxed, Ordering::Relaxed, more)
                .is_ok();
        fits.then(|| Self(len))
    }
}

impl Drop for LargePages {
    fn drop(&mut self) {
        ASKED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// A system that has no large pages refuses, and the map stays as it is.
#[cfg(target_os = "linux")]
fn advise(map: &Mmap) {
    let _ = map.advise(memmap2::Advice::HugePage);
}

#[cfg(not(target_os = "linux"))]
fn advise(_: &Mmap) {}

/// Bytes of memory that this process may have; 0 if the system does not say.
#[cfg(target_os = "linux")]
fn memory() -> u64 {
    static MEMORY: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *MEMORY.get_or_init(|| {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let limit = read("/sys/fs/cgroup/memory.max").trim().parse();
        total(&read("/proc/meminfo")).min(limit.unwrap_or(u64::MAX))
    })
}

#[cfg(not(target_os = "linux"))]
fn memory() -> u64 {
    0
}

/// The memory that `/proc/meminfo` tells of, in bytes.
#[cfg(target_os = "linux")]
fn total(meminfo: &str) -> u64 {
    let line = meminfo.lines().find_map(|l| l.strip_prefix("MemTotal:"));
    let kib = line.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn maps_share_half_of_the_memory() {
        const MIB: u64 = 1 << 20;
        // Other tests of this process map files of their own, but none as large as this.
        const MOST: u64 = 1 << 50;
        assert!(LargePages::reserve(MIB, MOST).is_none());
        let first = LargePages::reserve(MOST - (1 << 40), MOST).unwrap();
        assert!(LargePages::reserve(1 << 41, MOST).is_none());
        drop(first);
        assert!(LargePages::reserve(1 << 41, MOST).is_some());
        assert!(LargePages::reserve(2 * MIB, 0).is_none());
        assert!(LargePages::reserve(u64::MAX, u64::MAX - 1).is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_tells_its_memory() {
        assert_eq!(
            total("MemTotal:       24564 kB\nMemFree: 1 kB\n"),
            24564 * 1024
        );
        for odd in ["", "MemTotal: x kB", "MemTotal: 5", "MemFree: 7 kB"] {
            assert_eq!(total(odd), 0, "{odd}");
        }
        assert!(memory() > 0);
    }
}
