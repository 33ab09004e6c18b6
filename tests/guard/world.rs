//! A database with two spaces of charts, one of imported vectors, and headlines; and ways to
//! damage its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::Shape;
use rhymedb::ingest::VectorRow;
use rhymedb::{Control, Database, Hit, OpenOptions, SeriesBars, Target, Timestamp};

use crate::oracle::{HOUR, START, crypto, equity};

pub struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let db = OpenOptions::new()
            .clip_weights(None)
            .open(world.db())
            .unwrap();
        fill(&db);
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn db(&self) -> PathBuf {
        self.path("market.rhyme")
    }

    pub fn catalog(&self) -> PathBuf {
        self.db().join("catalog.redb")
    }

    /// The segment files, in the order in which they were written.
    pub fn segments(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.db().join("segments")).unwrap();
        let mut files: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    }
}

pub const SPACES: [&str; 3] = ["shape", "wide", "mine"];

pub fn series() -> [SeriesBars; 3] {
    [
        crypto("AAA", 700, 1),
        crypto("BBB", 650, 2),
        equity("CCC", 300, 3),
    ]
}

fn fill(db: &Database) {
    db.ingest_bars(&series()).unwrap();
    let wide = std::sync::Arc::new(Shape::new(96, 24).unwrap());
    let wide: std::sync::Arc<dyn rhymedb::encode::ChartEncoder> = wide;
    db.create_space("wide", &wide, 1, Control::new()).unwrap();
    import(db);
    db.compact(&Control::new()).unwrap();
    let headlines: Vec<_> = (0..40)
        .map(|i| Headline {
            time: Timestamp::from_millis(START + i * HOUR),
            precision: TimePrecision::Minute,
            text: format!("An invented sentence, number {i}"),
            source: "test".to_owned(),
            symbols: vec!["AAA".to_owned(), "BBB".to_owned()],
        })
        .collect();
    db.ingest_headlines(&headlines).unwrap();
    let segments: Vec<u64> = db
        .now()
        .spaces()
        .unwrap()
        .iter()
        .map(|s| s.segments)
        .collect();
    assert_eq!(segments, [1, 1, 1], "a segment for each space");
}

/// 400 vectors on a spiral, one an hour of AAA.
pub fn import(db: &Database) {
    let key = crypto("AAA", 1, 1).key;
    let vectors: Vec<[f32; 4]> = (0..400)
        .map(|i| {
            let angle = i as f32 / 40.0;
            [angle.cos(), angle.sin(), i as f32 / 100.0, 1.0]
        })
        .collect();
    let rows: Vec<_> = (1..)
        .zip(&vectors)
        .map(|(i, vector)| VectorRow {
            series: &key,
            end: Timestamp::from_millis(START + i * HOUR),
            vector,
        })
        .collect();
    db.import_vectors("mine", 8, &rows, &Control::new())
        .unwrap();
}

/// Answers of every space to a few questions, every window scored.
pub fn answers(db: &Database) -> Vec<Vec<Hit>> {
    let mut all = Vec::new();
    for space in SPACES {
        for target in ["AAA", "AAA@2020-01-20", "BBB@2020-01-25", "CCC"] {
            let target: Target = target.parse().unwrap();
            let view = db.now();
            let question = view.similar(target).space(space).exact(true).k(5);
            match question.run() {
                Ok(answer) => all.push(answer.hits),
                Err(e) => assert_eq!(space, "mine", "{e}"),
            }
        }
    }
    assert!(all.len() >= 10);
    all
}

/// The same moments in the same order with the same scores, up to what encoding a piece of a
/// series and encoding all of it may differ by.
#[track_caller]
pub fn assert_same(before: &[Vec<Hit>], after: &[Vec<Hit>]) {
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(after) {
        assert_eq!(before.len(), after.len());
        for (x, y) in before.iter().zip(after) {
            assert_eq!(x.window, y.window);
            assert!((x.score - y.score).abs() < 2e-5, "{x:?} and {y:?}");
        }
    }
}

/// Name, content and time of change of every file in a folder.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let changed = path.metadata().unwrap().modified().unwrap();
            all.insert(path.clone(), (std::fs::read(&path).unwrap(), changed));
        }
    }
    all
}

pub fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[at] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

/// Where a section of a segment file is, by the format in `src/disk/sections.rs`.
pub fn section(file: &Path, name: &str) -> std::ops::Range<usize> {
    let bytes = std::fs::read(file).unwrap();
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let tail = bytes.len() - 40;
    let mut table = (number(tail)..tail).step_by(32);
    let entry = table.find(|&at| bytes[at..at + 8].starts_with(name.as_bytes()));
    let entry = entry.unwrap();
    number(entry + 8)..number(entry + 8) + number(entry + 16)
}

/// Flips a bit in every copy of the block of bars of that many bars in a catalog.
pub fn damage_block(catalog: &Path, bars: u32) {
    let mut bytes = std::fs::read(catalog).unwrap();
    let mut head = vec![1];
    head.extend(bars.to_le_bytes());
    let found: Vec<usize> = bytes
        .windows(head.len())
        .enumerate()
        .filter(|(_, window)| *window == head)
        .map(|(at, _)| at)
        .collect();
    assert!(!found.is_empty());
    for at in found {
        bytes[at + 100] ^= 1;
    }
    std::fs::write(catalog, bytes).unwrap();
}
