//! Damaged files: whatever bits are flipped and wherever a file ends, nothing panics or hangs, and
//! `verify` says what is wrong, or all that can be asked is answered as before.
//!
//! A sample by default. `RHYME_DAMAGE=all` flips a bit of every byte of the segment and of the
//! catalog's pages that are in use, and cuts both files at many more places: half an hour.
//!
//! One kind of damage ends the program: redb 4.6 goes through its list of pages at every commit by an
//! iterator that goes on working when it is dropped, and so panics while it unwinds. Nothing that was
//! committed is lost by that. The long form flips bits in processes of their own, and counts these.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "damage/apart.rs"]
mod apart;
mod oracle;
#[path = "damage/patient.rs"]
mod patient;

use std::path::Path;

use oracle::Lcg;
use patient::{Outcome, Patient, Seen};
use rhymedb::Error;
use rhymedb::admin::GraphBuilder;

fn dense() -> bool {
    std::env::var("RHYME_DAMAGE").is_ok_and(|v| v == "all")
}

/// Places in a file, with a bit in each: all of them, or a seeded sample.
fn bits(places: &[usize], sample: usize, seed: u64) -> Vec<(usize, u8)> {
    let mut random = Lcg(seed);
    let n = if dense() { places.len() } else { sample };
    (0..n)
        .map(|i| {
            let any = (random.next() * places.len() as f64) as usize;
            let at = if dense() { i } else { any };
            (places[at], (random.next() * 8.0) as u8)
        })
        .collect()
}

/// What came of many damages.
#[derive(Debug, Default)]
struct Tally {
    damages: usize,
    refused: usize,
    noticed: usize,
    harmless: usize,
    /// Opened without an error, and questions answered otherwise than before; `verify` says so.
    misled: usize,
    /// The program was ended: redb panicked in a destructor while another panic unwound.
    ended: usize,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome, whole: &str) {
        self.damages += 1;
        match outcome {
            Outcome::Refused(_) => self.refused += 1,
            Outcome::Opened { verified, seen } => {
                let same = matches!(seen, Seen::Answers(now) if now == whole);
                match verified {
                    Err(_) => self.noticed += 1,
                    Ok(()) if same => self.harmless += 1,
                    Ok(()) => panic!("verify found nothing, and there is another answer: {seen:?}"),
                }
                self.misled += usize::from(!same && matches!(seen, Seen::Answers(_)));
            }
        }
    }
}

/// An error that says where: the file, and the part of it. What the catalog says of a segment may
/// be what is wrong, and then the two disagree.
fn names_the_place(error: &Error, file: &str) -> bool {
    let here = |named: &Path| {
        let of_segment = named.parent().is_some_and(|p| p.ends_with("segments"));
        named.ends_with(file) || (file == Patient::CATALOG && of_segment)
    };
    match error {
        Error::Corrupt { file, section, .. } => here(file) && !section.is_empty(),
        Error::Version { file, .. } => here(file),
        Error::Io { path, .. } => here(path),
        Error::NotADatabase { reason, .. } => reason.contains("catalog"),
        Error::Catalog(_) => file == Patient::CATALOG,
        _ => false,
    }
}

#[test]
fn every_flipped_bit_of_a_segment_is_found_by_verify() {
    let mut tally = Tally::default();
    for builder in [GraphBuilder::Partition, GraphBuilder::Hnsw] {
        let mut patient = Patient::new(builder);
        let name = patient.segment();
        let file = name.rsplit('/').next().unwrap().to_owned();
        let len = patient.bytes(&name).len();
        for (at, bit) in bits(&(0..len).collect::<Vec<_>>(), 150, 5) {
            let outcome = patient.flip(&name, at, bit);
            let error = match &outcome {
                Outcome::Refused(e)
                | Outcome::Opened {
                    verified: Err(e), ..
                } => e,
                Outcome::Opened { .. } => panic!("bit {bit} of byte {at} of {len} is not noticed"),
            };
            assert!(names_the_place(error, &file), "byte {at}: {error}");
            tally.count(&outcome, &patient.whole);
        }
    }
    println!("flipped bits of segments: {tally:?}");
    assert_eq!(tally.harmless, 0);
}

#[test]
fn a_segment_cut_at_any_boundary_is_refused_when_it_is_opened() {
    let mut patient = Patient::new(GraphBuilder::Partition);
    let name = patient.segment();
    let file = name.rsplit('/').next().unwrap().to_owned();
    let boundaries = patient.section_boundaries(&name);
    assert!(boundaries.len() > 10, "{boundaries:?}");
    let cuts = patient.cuts(&name, &boundaries, if dense() { usize::MAX } else { 4096 });
    for len in cuts {
        let Outcome::Refused(error) = patient.cut(&name, len) else {
            panic!("cut to {len} bytes and opened");
        };
        assert!(names_the_place(&error, &file), "cut to {len}: {error}");
    }
    let Outcome::Refused(error) = patient.lengthen(&name) else {
        panic!("a longer file was opened");
    };
    assert!(names_the_place(&error, &file), "{error}");
}

#[test]
fn a_segment_that_is_deleted_is_named() {
    let patient = Patient::new(GraphBuilder::Partition);
    let name = patient.segment();
    let Outcome::Refused(error) = patient.lose(&name) else {
        panic!("opened without its segment");
    };
    let file = name.rsplit('/').next().unwrap();
    assert!(names_the_place(&error, file), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(file) && text.contains("the file is missing"),
        "{text}"
    );
}

#[test]
fn damaged_words_of_a_segment_lead_nowhere() {
    let mut patient = Patient::new(GraphBuilder::Partition);
    let name = patient.segment();
    let len = patient.bytes(&name).len();
    for seed in 0..if dense() { 2000 } else { 40 } {
        let mut random = Lcg(seed);
        let outcome = patient.damage(&name, |bytes| {
            for _ in 0..30 {
                let at = (random.next() * len as f64) as usize;
                bytes[at] ^= 1 << ((random.next() * 8.0) as u8);
            }
        });
        let unnoticed = matches!(
            outcome,
            Outcome::Opened {
                verified: Ok(()),
                ..
            }
        );
        assert!(!unnoticed, "seed {seed}");
    }
}

#[test]
fn a_flipped_bit_of_the_catalog_is_found_by_verify_or_changes_nothing() {
    let patient = Patient::new(GraphBuilder::Partition);
    let bytes = patient.bytes(Patient::CATALOG);
    // Pages that hold nothing but zeros are not in use.
    let used = |at: &usize| bytes[at / 4096 * 4096..].iter().take(4096).any(|b| *b != 0);
    let places: Vec<usize> = (0..bytes.len()).filter(used).collect();
    println!(
        "{} of {} bytes are in pages in use",
        places.len(),
        bytes.len()
    );
    let head = (0..if dense() { 0 } else { 320 }).map(|at| (at, (at % 8) as u8));
    let flips: Vec<(usize, u8)> = head.chain(bits(&places, 400, 11)).collect();
    let tally = match (apart::part(), dense()) {
        (Some(part), _) => return part.report(&flips_of_the_catalog(patient, &flips, &part)),
        (None, false) => flips_of_the_catalog(patient, &flips, &apart::Part::all(flips.len())),
        (None, true) => apart::in_parts(
            "a_flipped_bit_of_the_catalog_is_found_by_verify_or_changes_nothing",
            &flips,
        ),
    };
    println!("flipped bits of the catalog: {tally:?}");
    assert!(tally.noticed > 0 && tally.harmless > 0, "{tally:?}");
    assert!(tally.ended <= flips.len() / 5_000, "{tally:?}");
}

fn flips_of_the_catalog(mut patient: Patient, flips: &[(usize, u8)], part: &apart::Part) -> Tally {
    let mut tally = Tally::default();
    for index in part.range.clone() {
        let (at, bit) = flips[index];
        part.note(index);
        let outcome = patient.flip(Patient::CATALOG, at, bit);
        if let Outcome::Refused(e)
        | Outcome::Opened {
            verified: Err(e), ..
        } = &outcome
        {
            assert!(names_the_place(e, Patient::CATALOG), "byte {at}: {e:?}");
        }
        assert!(
            patient.has_segment(),
            "bit {bit} of byte {at}, and the segment was removed"
        );
        tally.count(&outcome, &patient.whole);
    }
    tally
}

#[test]
fn a_catalog_cut_at_any_page_is_noticed() {
    let mut patient = Patient::new(GraphBuilder::Partition);
    let head = [0, 1, 9, 12, 64, 192, 320];
    let cuts = patient.cuts(Patient::CATALOG, &head, if dense() { 512 } else { 4096 });
    let mut tally = Tally::default();
    for len in cuts {
        let outcome = patient.cut(Patient::CATALOG, len);
        if let Outcome::Opened {
            verified: Ok(()),
            seen,
        } = &outcome
        {
            assert!(
                matches!(seen, Seen::Answers(now) if *now == patient.whole),
                "cut to {len} bytes: {seen:?}"
            );
        }
        assert!(
            patient.has_segment(),
            "cut to {len} bytes, and the segment was removed"
        );
        tally.count(&outcome, &patient.whole);
    }
    println!("cuts of the catalog: {tally:?}");
    assert!(tally.refused > 0, "{tally:?}");
}
