//! Damaged files are noticed, or at least never a panic.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use oracle::{DAY, HOUR, Lcg, START, crypto, equity};
use rhymedb::{Control, Database, Headline, Result, SeriesBars, Target, TimePrecision, Timestamp};

/// Blocks of bars and a tail, a segment with dead rows, fresh rows, headlines.
fn build(dir: &Path) -> PathBuf {
    let db = Database::open(dir).unwrap();
    let mut series = crypto("AAA", 700, 1);
    let tail = series.bars.slice(650..700);
    series.bars = series.bars.slice(0..650);
    db.ingest_bars(&[series.clone(), equity("BBB", 90, 2)])
        .unwrap();
    db.compact(&Control::new()).unwrap();
    let tail = SeriesBars {
        bars: tail,
        ..series
    };
    db.ingest_bars(&[tail]).unwrap();
    let range = Timestamp::from_millis(START + 5 * DAY)..=Timestamp::from_millis(START + 5 * DAY);
    db.delete_bars(&crypto("AAA", 1, 1).key, Some(range))
        .unwrap();
    let headlines: Vec<_> = (0..40)
        .map(|i| Headline {
            time: Timestamp::from_millis(START + i * HOUR),
            precision: TimePrecision::Minute,
            text: format!("An invented sentence, number {i}"),
            source: "test".to_owned(),
            symbols: vec!["AAA".to_owned()],
        })
        .collect();
    db.ingest_headlines(&headlines).unwrap();
    let stats = db.stats().unwrap();
    assert!(stats.dead_rows > 0 && stats.segment_bytes > 0);
    let segments = std::fs::read_dir(dir.join("segments")).unwrap();
    segments.last().unwrap().unwrap().path()
}

/// Opens, verifies and asks: `Err` if anything was noticed.
fn read_all(dir: &Path) -> Result<()> {
    let db = Database::open(dir)?;
    let read = verify_and_ask(&db);
    // redb writes its map of free pages when it is closed, and panics where that is damaged.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(db)));
    read
}

fn verify_and_ask(db: &Database) -> Result<()> {
    db.verify(&Control::new())?;
    let now = db.now();
    let target = || "AAA".parse::<Target>().unwrap();
    let answers = [
        now.similar(target()).exact(true).k(200).run().map(drop),
        now.similar(target()).ef(1).run().map(drop),
        db.at(Timestamp::from_millis(START + 20 * DAY))
            .similar(target())
            .market("crypto")
            .run()
            .map(drop),
        now.headlines(Some("AAA"), None, None, 10).map(drop),
        now.bars(&crypto("AAA", 1, 1).key, None, None, None)
            .map(drop),
        now.spaces().map(drop),
    ];
    answers.into_iter().collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("segments")).unwrap();
    for folder in ["", "segments"] {
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
}

/// Reads copies of a database, in each of which one file is damaged another way. Returns how many
/// were read without an error.
fn damage(file: &str, seed: u64, rounds: u64, spoil: impl Fn(&mut Vec<u8>, &mut Lcg)) -> u64 {
    let whole = tempfile::tempdir().unwrap();
    let segment = build(whole.path());
    let name = match file {
        "segment" => segment.strip_prefix(whole.path()).unwrap().to_owned(),
        other => PathBuf::from(other),
    };
    let bytes = std::fs::read(whole.path().join(&name)).unwrap();
    let (mut unnoticed, mut panics) = (0, Vec::new());
    for round in seed..seed + rounds {
        let mut random = Lcg(round * 7919 + 17);
        random.next();
        let mut damaged = bytes.clone();
        spoil(&mut damaged, &mut random);
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        std::fs::write(dir.path().join(&name), damaged).unwrap();
        match catch_unwind(AssertUnwindSafe(|| read_all(dir.path()))) {
            Ok(Ok(())) => unnoticed += 1,
            Ok(Err(_)) => {}
            Err(_) => panics.push(round),
        }
    }
    assert!(
        panics.is_empty(),
        "{} panics, rounds {panics:?}",
        panics.len()
    );
    unnoticed
}

fn flip(bytes: &mut [u8], random: &mut Lcg) {
    let i = (random.next() * bytes.len() as f64) as usize;
    bytes[i] ^= 1 << ((random.next() * 8.0) as u32);
}

fn cut(bytes: &mut Vec<u8>, random: &mut Lcg) {
    bytes.truncate((random.next() * bytes.len() as f64) as usize);
}

#[test]
fn a_cut_segment_is_noticed() {
    assert_eq!(damage("segment", 1, 40, cut), 0);
}

#[test]
fn a_flipped_bit_of_a_segment_is_noticed() {
    // Padding is the one thing that is not read.
    let unnoticed = damage("segment", 1, 150, |bytes, random| flip(bytes, random));
    assert!(unnoticed <= 3, "{unnoticed} of 150");
}

#[test]
fn damaged_words_of_a_segment_lead_nowhere() {
    // Many at once, near the end, where the directory of sections and the graph are.
    damage("segment", 500, 60, |bytes, random| {
        for _ in 0..30 {
            flip(bytes, random);
        }
    });
}

#[test]
fn a_cut_catalog_is_noticed() {
    damage("catalog.redb", 1, 60, cut);
}

#[test]
fn a_flipped_bit_of_the_catalog_is_no_panic() {
    // Most of the file is free pages; `verify` reads the checksums of the others.
    damage("catalog.redb", 1, 300, |bytes, random| flip(bytes, random));
}
