//! What a power cut leaves of bytes that were written and not synced.

use std::ops::Range;

use crate::oracle::Lcg;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    Folder,
    /// The index of a file.
    File(usize),
}

/// Disks write a sector whole or not at all.
const SECTOR: usize = 512;

/// A file: what readers see, what is durable, and the changes between the two.
#[derive(Clone, Default)]
pub struct FileState {
    pub live: Vec<u8>,
    durable: Vec<u8>,
    changes: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    SetLen(usize),
}

impl FileState {
    pub fn write(&mut self, at: u64, bytes: &[u8]) {
        let at = at as usize;
        let bytes = bytes.to_vec();
        put(&mut self.live, at, &bytes);
        self.changes.push(Change::Write { at, bytes });
    }

    pub fn set_len(&mut self, len: u64) {
        self.live.resize(len as usize, 0);
        self.changes.push(Change::SetLen(len as usize));
    }

    pub fn sync(&mut self) {
        // As long as nothing is cut, the same bytes change; a copy would cost more.
        for change in self.changes.drain(..) {
            match change {
                Change::Write { at, bytes } => put(&mut self.durable, at, &bytes),
                Change::SetLen(len) => self.durable.resize(len, 0),
            }
        }
    }

    /// Keeps, loses, tears and reorders what was not synced; the result is all there is.
    pub fn cut_power(&mut self, choice: &mut Choice) {
        let mut changes = std::mem::take(&mut self.changes);
        match choice.mood {
            Mood::LoseAll => self.live.clone_from(&self.durable),
            Mood::KeepAll => self.durable.clone_from(&self.live),
            Mood::Mixed { .. } => {
                let lens = self.possible_lens(&changes);
                choice.shuffle(&mut changes);
                let mut image = self.durable.clone();
                for change in &changes {
                    if let Change::Write { at, bytes } = change {
                        for part in choice.parts(*at, bytes.len()) {
                            put(&mut image, at + part.start, &bytes[part]);
                        }
                    }
                }
                image.resize(lens[choice.below(lens.len())], 0);
                self.live.clone_from(&image);
                self.durable = image;
            }
        }
    }

    /// The length that is durable, and those that came after it.
    fn possible_lens(&self, changes: &[Change]) -> Vec<usize> {
        let mut lens = vec![self.durable.len()];
        let mut len = self.durable.len();
        for change in changes {
            len = match change {
                Change::SetLen(new) => *new,
                Change::Write { at, bytes } => len.max(at + bytes.len()),
            };
            if lens.last() != Some(&len) {
                lens.push(len);
            }
        }
        lens
    }
}

fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

#[derive(Clone, Copy, Debug)]
enum Mood {
    LoseAll,
    KeepAll,
    /// Each change on its own, kept with this chance.
    Mixed {
        chance: f64,
    },
}

/// The chance of one power cut.
pub struct Choice {
    random: Lcg,
    mood: Mood,
}

impl Choice {
    pub fn new(seed: u64) -> Self {
        let mut random = Lcg(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995);
        for _ in 0..4 {
            random.next();
        }
        let mood = match seed % 6 {
            0 => Mood::LoseAll,
            1 => Mood::KeepAll,
            2 => Mood::Mixed { chance: 0.1 },
            3 => Mood::Mixed { chance: 0.9 },
            _ => Mood::Mixed { chance: 0.5 },
        };
        Self { random, mood }
    }

    /// Whether a change that is whole or not at all is kept.
    pub fn keeps(&mut self) -> bool {
        match self.mood {
            Mood::LoseAll => false,
            Mood::KeepAll => true,
            Mood::Mixed { chance } => self.random.next() < chance,
        }
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.random.next() * n as f64) as usize % n
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }

    /// Which bytes of a write at `at` of `len` bytes reach the disk: all, none, or some of its
    /// sectors.
    fn parts(&mut self, at: usize, len: usize) -> Vec<Range<usize>> {
        if self.below(3) > 0 {
            let all = 0..len;
            return if self.keeps() { vec![all] } else { Vec::new() };
        }
        let mut parts = Vec::new();
        let mut start = 0;
        while start < len {
            let end = ((at + start + 1).next_multiple_of(SECTOR) - at).min(len);
            if self.keeps() {
                parts.push(start..end);
            }
            start = end;
        }
        parts
    }
}

#[test]
fn sectors_are_whole_and_cover_the_write() {
    let mut choice = Choice::new(5);
    for (at, len) in [(0, 1), (500, 30), (512, 512), (100, 5000)] {
        for _ in 0..50 {
            for part in choice.parts(at, len) {
                assert!(part.start == 0 || (at + part.start) % SECTOR == 0);
                assert!(part.end == len || (at + part.end) % SECTOR == 0);
            }
        }
    }
}

#[test]
fn what_was_synced_survives_and_only_that_for_sure() {
    let (mut lost, mut kept, mut torn) = (0, 0, 0);
    for seed in 0..300 {
        let mut file = FileState::default();
        file.write(0, &[1; 2000]);
        file.sync();
        file.write(600, &[2; 3000]);
        file.cut_power(&mut Choice::new(seed));
        assert_eq!(file.live[..600], [1; 600], "seed {seed}");
        match file.live[600..].iter().filter(|&&b| b == 2).count() {
            0 => lost += 1,
            3000 => kept += 1,
            _ => torn += 1,
        }
    }
    assert!(lost > 50 && kept > 50 && torn > 50, "{lost} {kept} {torn}");
}
