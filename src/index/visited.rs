//! The rows that a walk has met.

use super::rows::Rows;

/// Slots for each place of a walk's width: a walk meets some 17 rows for each place.
const SLOTS_A_PLACE: usize = 64;
const LEAST_SLOTS: usize = 1 << 10;
const FREE: u32 = u32::MAX;

/// A set of rows: open addressing, at most half full. It is as large as the walk and not as large as
/// the segment, so it stays in the nearest cache.
#[derive(Debug, Default)]
pub(super) struct Visited {
    /// A power of two of them, or none before the first walk.
    slots: Vec<u32>,
    /// From a product of 32 bits to the number of a slot.
    shift: u32,
    len: usize,
}

impl Visited {
    /// Forgets everything, and makes room for a walk of this width.
    pub(super) fn clear(&mut self, width: usize) {
        let slots = width.saturating_mul(SLOTS_A_PLACE).max(LEAST_SLOTS);
        // A wider walk than most grows while it goes on: its width may be that of all rows and more.
        self.resize(slots.next_power_of_two().min(1 << 16));
    }

    fn resize(&mut self, slots: usize) {
        self.slots.clear();
        self.slots.resize(slots, FREE);
        self.shift = 32 - slots.ilog2().min(32);
        self.len = 0;
    }

    /// Adds those of `found` that were not met yet to `new`, and asks the memory for their codes.
    pub(super) fn insert_all(&mut self, found: &[u32], rows: &Rows<'_>, new: &mut Vec<u32>) {
        if 2 * (self.len + found.len()) > self.slots.len() {
            self.grow(found.len());
        }
        for &row in found {
            if self.insert(row) {
                rows.prefetch_code(row);
                new.push(row);
            }
        }
    }

    /// Whether `row` is new. There must be a free slot.
    fn insert(&mut self, row: u32) -> bool {
        let mask = self.slots.len().wrapping_sub(1);
        // Rows of one moment are neighbours. The high bits of the product part them.
        let product = u64::from(row.wrapping_mul(0x9E37_79B1));
        let mut at = (product >> self.shift) as usize;
        while let Some(slot) = self.slots.get_mut(at & mask) {
            if *slot == row {
                return false;
            }
            if *slot == FREE {
                *slot = row;
                self.len += 1;
                return true;
            }
            at = at.wrapping_add(1);
        }
        false
    }

    fn grow(&mut self, more: usize) {
        let kept = std::mem::take(&mut self.slots);
        let slots = 4 * (self.len + more);
        self.resize(slots.next_power_of_two().max(LEAST_SLOTS));
        for row in kept.into_iter().filter(|&row| row != FREE) {
            self.insert(row);
        }
    }
}
