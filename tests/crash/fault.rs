//! What can go wrong with a disk.

use std::io;

/// What goes wrong, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine stops while it does the n-th operation that changes anything.
    Stop(usize),
    /// The n-th operation of any kind fails, and those after it work.
    Once(usize, Refusal),
    /// The n-th operation of any kind fails, and all after it.
    Forever(usize, Refusal),
}

/// Why a disk refuses something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Full,
    Broken,
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        // ERROR_DISK_FULL and ERROR_CRC; ENOSPC and EIO.
        let (full, broken) = if cfg!(windows) { (112, 23) } else { (28, 5) };
        Self::from_raw_os_error(match refusal {
            Refusal::Full => full,
            Refusal::Broken => broken,
        })
    }
}
