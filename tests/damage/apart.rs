//! Flips in processes of their own, because some end the process.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Tally;

/// Flips that one process makes.
const EACH: usize = 8_192;

const PART: &str = "RHYME_DAMAGE_PART";
const NOTES: &str = "RHYME_DAMAGE_NOTES";

/// The flips that this process makes.
pub struct Part {
    pub range: Range<usize>,
    /// Where it notes what it is about to do, and what came of all.
    notes: Option<PathBuf>,
}

impl Part {
    /// All of them, in the process of the test.
    pub fn all(flips: usize) -> Self {
        Self {
            range: 0..flips,
            notes: None,
        }
    }

    /// Notes which flip comes next.
    pub fn note(&self, index: usize) {
        if let Some(notes) = &self.notes {
            std::fs::write(notes.join("next"), index.to_string()).unwrap();
        }
    }

    /// Tells the process of the test what came of it.
    pub fn report(&self, tally: &Tally) {
        let Tally {
            damages,
            refused,
            noticed,
            harmless,
            misled,
            ended: _,
        } = tally;
        let line = format!("{damages} {refused} {noticed} {harmless} {misled}");
        std::fs::write(self.notes.as_ref().unwrap().join("tally"), line).unwrap();
    }
}

/// What the process of the test asked this one to do.
pub fn part() -> Option<Part> {
    let asked = std::env::var(PART).ok()?;
    let (start, end) = asked.split_once("..").unwrap();
    Some(Part {
        range: start.parse().unwrap()..end.parse().unwrap(),
        notes: Some(PathBuf::from(std::env::var(NOTES).unwrap())),
    })
}

/// Makes all flips in other processes of the test `name`.
pub fn in_parts(name: &str, flips: &[(usize, u8)]) -> Tally {
    let notes = tempfile::tempdir().unwrap();
    let mut all = Tally::default();
    for first in (0..flips.len()).step_by(EACH) {
        let end = flips.len().min(first + EACH);
        let mut start = first;
        while start < end {
            let Some(at) = one_process(name, start..end, notes.path(), &mut all) else {
                break;
            };
            println!(
                "byte {} bit {}: the program was ended",
                flips[at].0, flips[at].1
            );
            all.ended += 1;
            // What it found before it ended is counted by another process.
            one_process(name, start..at, notes.path(), &mut all);
            start = at + 1;
        }
    }
    all.damages += all.ended;
    all
}

/// Adds to `all` what one process finds, or returns at which flip it was ended.
fn one_process(name: &str, range: Range<usize>, notes: &Path, all: &mut Tally) -> Option<usize> {
    let _ = std::fs::remove_file(notes.join("tally"));
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(PART, format!("{}..{}", range.start, range.end))
        .env(NOTES, notes)
        .output()
        .unwrap();
    if output.status.code().is_none() {
        let next = std::fs::read_to_string(notes.join("next")).unwrap();
        return Some(next.parse().unwrap());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{range:?}: {said}");
    let tally = std::fs::read_to_string(notes.join("tally")).unwrap();
    let numbers: Vec<usize> = tally.split(' ').map(|n| n.parse().unwrap()).collect();
    let sums = [
        &mut all.damages,
        &mut all.refused,
        &mut all.noticed,
        &mut all.harmless,
        &mut all.misled,
    ];
    for (sum, number) in sums.into_iter().zip(numbers) {
        *sum += number;
    }
    None
}
