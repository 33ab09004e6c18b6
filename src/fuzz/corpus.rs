//! Every check over its inputs in `fixtures/fuzz`, and over mutations of them. A run is the same
//! each time; `RHYME_FUZZ_SEED` makes another one, and `RHYME_FUZZ_ITERATIONS` a longer one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use super::{CHECKS, Check};

/// Mutations of each corpus in an ordinary run.
const ITERATIONS: u64 = 150;
/// No mutation makes an input longer than this.
const LONGEST: usize = 20_000;

/// What parsers look for.
const TOKENS: [&[u8]; 24] = [
    b",",
    b";",
    b"\t",
    b"\"",
    b"\n",
    b"\r\n",
    b"\0",
    b"\x1b[2J",
    b"\xff",
    b"\xef\xbb\xbf",
    b"[",
    b"{",
    b"}]",
    b"\":",
    b"null",
    b"NaN",
    b"-1",
    b"1e999",
    b"9223372036854775807",
    b"99999999999999999999",
    b"2024-02-29",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x9a\x80",
    b"../",
];

fn env(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name}={text}"))
    })
}

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz");
    let files = std::fs::read_dir(folder.join(name)).unwrap();
    let mut all: Vec<(String, Vec<u8>)> = files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    all.sort();
    all
}

/// Runs a check; `Err` names the input, so that it can be kept.
fn holds(check: Check, input: &[u8]) -> Result<(), String> {
    let end = catch_unwind(AssertUnwindSafe(|| check(input)));
    end.map_err(|_| format!("broken by {:?}", String::from_utf8_lossy(input)))
}

#[test]
fn inputs_that_broke_something_once_do_not_any_more() {
    for (name, check) in CHECKS {
        let inputs = corpus(name);
        assert!(inputs.len() >= 5, "{name} has a corpus");
        for (file, input) in inputs {
            holds(*check, &input).unwrap_or_else(|e| panic!("{name}/{file} {e}"));
        }
    }
}

#[test]
fn mutations_of_the_corpus_break_nothing() {
    let (seed, iterations) = (
        env("RHYME_FUZZ_SEED", 1),
        env("RHYME_FUZZ_ITERATIONS", ITERATIONS),
    );
    for (name, check) in CHECKS {
        let inputs = corpus(name);
        let mut random = Random(seed);
        for i in 0..iterations {
            let input = random.mutation(&inputs);
            holds(*check, &input)
                .unwrap_or_else(|e| panic!("{name}, RHYME_FUZZ_SEED={seed}, mutation {i}: {e}"));
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// One of the inputs after one to four changes.
    fn mutation(&mut self, inputs: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut input = self.of(inputs).1.clone();
        for _ in 0..=self.below(4) {
            self.change(&mut input, inputs);
            input.truncate(LONGEST);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, inputs: &[(String, Vec<u8>)]) {
        let at = self.below(input.len() + 1);
        let end = (at + self.below(40)).min(input.len());
        match self.below(7) {
            0 | 1 => {
                let bit = self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            2 => {
                input.splice(at..at, self.of(&TOKENS).iter().copied());
            }
            3 => drop(input.drain(at..end)),
            4 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            5 => {
                let other = &self.of(inputs).1;
                let from = self.below(other.len() + 1);
                input.splice(at.., other[from..].iter().copied());
            }
            _ => input.truncate(at),
        }
    }
}
