//! Locks of ranges of simulated files, as the system keeps them: they belong to one opening of a
//! file.

use std::ops::Bound;

use rhymedb::disk::LockedRange;

/// A file, and one of its openings.
pub type Opening = (usize, u64);

#[derive(Clone, Default)]
pub struct Locks {
    openings: u64,
    held: Vec<Held>,
}

#[derive(Clone)]
struct Held {
    by: Opening,
    range: LockedRange,
    shared: bool,
}

/// The first byte, and the one behind the last.
fn bytes((start, end): LockedRange) -> (u128, u128) {
    let start = match start {
        Bound::Unbounded => 0,
        Bound::Included(first) => u128::from(first),
        Bound::Excluded(before) => u128::from(before) + 1,
    };
    let end = match end {
        Bound::Unbounded => u128::MAX,
        Bound::Included(last) => u128::from(last) + 1,
        Bound::Excluded(end) => u128::from(end),
    };
    (start, end)
}

fn overlap(a: LockedRange, b: LockedRange) -> bool {
    let (a, b) = (bytes(a), bytes(b));
    a.0 < b.1 && b.0 < a.1
}

impl Locks {
    /// A number for a new opening of a file.
    pub fn opening(&mut self) -> u64 {
        self.openings += 1;
        self.openings
    }

    /// Whether no other opening of the file is in the way.
    pub fn is_free(&self, by: Opening, range: LockedRange, shared: bool) -> bool {
        let in_the_way = |held: &&Held| {
            let other = held.by.0 == by.0 && held.by.1 != by.1;
            other && overlap(held.range, range) && !(shared && held.shared)
        };
        !self.held.iter().any(|held| in_the_way(&held))
    }

    pub fn take(&mut self, by: Opening, range: LockedRange, shared: bool) -> bool {
        let free = self.is_free(by, range, shared);
        if free {
            self.held.push(Held { by, range, shared });
        }
        free
    }

    pub fn give_back(&mut self, by: Opening, range: LockedRange) {
        let this = |held: &Held| held.by == by && bytes(held.range) == bytes(range);
        let at = self.held.iter().position(this);
        self.held.swap_remove(at.expect("a lock that was taken"));
    }

    pub fn give_back_all(&mut self, by: Opening) {
        self.held.retain(|held| held.by != by);
    }
}
