//! What is done to a database while its disk fails. A new operation is one entry of [`ALL`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhymedb::admin::SegmentSizes;
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::{
    ChartConfig, Pool, TextConfig, Weights, WeightsConfig, chart_encoder_by_name,
};
use rhymedb::ingest::VectorRow;
use rhymedb::{Control, Database, Error, OpenOptions, Result, SeriesBars, Timestamp};

use crate::disk::{ROOT, SimDisk};
use crate::oracle::{HOUR, START, crypto, equity};

/// Something that a user does, and the database that it is done to.
pub struct Operation {
    pub name: &'static str,
    sizes: SegmentSizes,
    /// How many commits share a sync.
    sync_every: u32,
    /// Makes the state before; `None` if there is no database.
    prepare: Option<fn(&Database) -> Result<()>>,
    /// Does it; a second time, where the first was interrupted or not, it completes it.
    pub run: fn(&Database) -> Result<()>,
    /// How many commits of it can be seen. With 1, the state is that before or that after.
    pub commits: usize,
}

/// The sizes of every database but these tests'.
const USUAL: SegmentSizes = SegmentSizes {
    fresh_batch: 8192,
    fresh_rows: 1 << 15,
    segment_rows: 1 << 20,
    fold_commits: 32,
};

/// Few rows go through segments; a change of one bar, which touches 64 windows, does not.
const TINY: SegmentSizes = SegmentSizes {
    fresh_batch: 70,
    fresh_rows: 100,
    segment_rows: 40,
    fold_commits: 3,
};

pub const ALL: &[Operation] = &[
    Operation {
        name: "first ingestion",
        sizes: USUAL,
        sync_every: 1,
        prepare: None,
        run: |db| db.ingest_bars(&market()).map(drop),
        commits: 1,
    },
    Operation {
        name: "first ingestion through segments",
        sizes: TINY,
        sync_every: 1,
        prepare: None,
        run: |db| db.ingest_bars(&market()).map(drop),
        // The bars, which windows go together, and six segments of them.
        commits: 8,
    },
    Operation {
        name: "correction",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: correct,
        commits: 1,
    },
    Operation {
        name: "append",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: append,
        commits: 1,
    },
    Operation {
        name: "append that fills a segment",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(|db| fill(db).and_then(|()| correct(db))),
        run: |db| {
            let mut more = crypto("AAA", 190, 1);
            more.bars = more.bars.slice(130..190);
            db.ingest_bars(&[more]).map(drop)
        },
        // The bars; their windows, which sealed rows join.
        commits: 3,
    },
    Operation {
        name: "headlines",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: |db| db.ingest_headlines(&headlines(5..40)).map(drop),
        commits: 1,
    },
    Operation {
        name: "deletion of headlines",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(|db| db.ingest_headlines(&headlines(0..40)).map(drop)),
        run: |db| {
            let range = hour(5)..=hour(9);
            db.delete_headlines(range).map(drop)
        },
        commits: 1,
    },
    Operation {
        name: "deletion of bars",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: |db| {
            let range = hour(30)..=hour(34);
            db.delete_bars(&market()[0].key, Some(range)).map(drop)
        },
        commits: 1,
    },
    Operation {
        name: "deletion of a series",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: |db| match db.delete_bars(&market()[1].key, None) {
            Err(Error::NotFound { .. }) => Ok(()),
            done => done.map(drop),
        },
        commits: 1,
    },
    Operation {
        name: "compaction",
        sizes: SegmentSizes {
            segment_rows: 1000,
            ..TINY
        },
        sync_every: 1,
        prepare: Some(|db| {
            fill(db)?;
            correct(db)?;
            append(db)
        }),
        run: |db| db.compact(&Control::new()).map(drop),
        commits: 1,
    },
    Operation {
        name: "creation of a space",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: create_space,
        // The space, which windows go together, and six segments of them.
        commits: 8,
    },
    Operation {
        name: "import of vectors",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: import,
        // The space, which is empty, and the vectors.
        commits: 2,
    },
    Operation {
        name: "creation of a space of weights",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: create_space_of_weights,
        // The space with its weights, which windows go together, six segments of them, and the
        // vectors of headlines.
        commits: 9,
    },
    Operation {
        name: "headlines that are embedded",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill_with_weights),
        run: |db| db.ingest_headlines(&headlines(5..40)).map(drop),
        // The headlines and their vectors.
        commits: 2,
    },
    Operation {
        name: "long texts that are embedded",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill_with_weights),
        run: |db| {
            let mut news = headlines(5..9);
            for headline in &mut news {
                let sentence = format!("{}. ", headline.text);
                headline.text = sentence.repeat(300);
            }
            db.ingest_headlines(&news).map(drop)
        },
        // The headlines, and the vectors of their passages.
        commits: 2,
    },
    Operation {
        name: "dropping a space of weights",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill_with_weights),
        run: |db| match db.drop_space("clip") {
            Err(Error::NotFound { .. }) => Ok(()),
            done => done.map(drop),
        },
        commits: 1,
    },
    Operation {
        name: "saving a prototype",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        run: |db| save_prototype(db, 90),
        commits: 1,
    },
    Operation {
        name: "replacing a prototype",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(|db| fill(db).and_then(|()| save_prototype(db, 90))),
        run: |db| {
            if prototype_ends_at(db, 100)? {
                return Ok(());
            }
            drop_prototype(db)?;
            save_prototype(db, 100)
        },
        // Without the old one, and with the new one.
        commits: 2,
    },
    Operation {
        name: "dropping a space with a prototype",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(|db| fill(db).and_then(|()| save_prototype(db, 90))),
        run: |db| match db.drop_space(Database::DEFAULT_SPACE) {
            Err(Error::NotFound { .. }) => Ok(()),
            done => done.map(drop),
        },
        commits: 1,
    },
    Operation {
        name: "appends that share syncs",
        sizes: TINY,
        sync_every: 3,
        prepare: Some(fill),
        run: |db| {
            (130..138).try_for_each(|i| append_one(db, i))?;
            db.sync()
        },
        // After three, six and eight of them.
        commits: 3,
    },
    Operation {
        name: "compaction that shares syncs",
        sizes: SegmentSizes {
            segment_rows: 1000,
            ..TINY
        },
        sync_every: 100,
        prepare: Some(|db| fill(db).and_then(|()| db.sync())),
        run: |db| {
            correct(db)?;
            append_one(db, 130)?;
            db.compact(&Control::new())?;
            append_one(db, 131)?;
            db.sync()
        },
        // Segments that are joined, with all before; the bar after them.
        commits: 2,
    },
    Operation {
        name: "appends that are folded",
        sizes: TINY,
        sync_every: 1,
        prepare: Some(fill),
        // Every third one folds.
        run: |db| (130..135).try_for_each(|i| append_one(db, i)),
        commits: 5,
    },
];

impl Operation {
    /// Whether commits wait for a sync: an open database then shows states that are on no disk.
    pub fn shares_syncs(&self) -> bool {
        self.sync_every > 1
    }

    /// The same, with a sync for each commit: it passes each state that an open database shows.
    pub fn synced(&self) -> Self {
        Self {
            sync_every: 1,
            ..*self
        }
    }

    /// Opens the database on a disk, or makes it there.
    pub fn open(&self, disk: &SimDisk) -> Result<Database> {
        self.options(disk).open(home())
    }

    /// How databases on a disk are opened.
    pub fn options(&self, disk: &SimDisk) -> OpenOptions {
        OpenOptions::new()
            .clip_weights(None)
            .storage(Arc::new(disk.clone()))
            .segment_sizes(self.sizes)
            .sync_every(self.sync_every)
    }

    /// A disk with the state before.
    pub fn prepared(&self) -> SimDisk {
        let disk = SimDisk::new();
        if let Some(prepare) = self.prepare {
            let db = self.open(&disk).unwrap();
            prepare(&db).unwrap();
        }
        disk
    }
}

/// Where the database is.
pub fn home() -> PathBuf {
    Path::new(ROOT).join("data").join("market.rhyme")
}

fn market() -> Vec<SeriesBars> {
    vec![crypto("AAA", 130, 1), equity("BBB", 100, 2)]
}

fn fill(db: &Database) -> Result<()> {
    db.ingest_bars(&market())?;
    db.ingest_headlines(&headlines(0..10)).map(drop)
}

fn correct(db: &Database) -> Result<()> {
    let mut series = crypto("AAA", 130, 1);
    series.bars = series.bars.slice(80..81);
    series.bars.close[0] *= 1.001;
    series.bars.high[0] *= 1.01;
    db.ingest_bars(&[series]).map(drop)
}

fn append(db: &Database) -> Result<()> {
    let mut more = vec![crypto("AAA", 131, 1), equity("BBB", 101, 2)];
    more[0].bars = more[0].bars.slice(130..131);
    more[1].bars = more[1].bars.slice(100..101);
    db.ingest_bars(&more).map(drop)
}

pub fn append_one(db: &Database, i: usize) -> Result<()> {
    let mut one = crypto("AAA", i + 1, 1);
    one.bars = one.bars.slice(i..i + 1);
    db.ingest_bars(&[one]).map(drop)
}

/// The average of a window that closed at an hour and of the latest of another series, unless it is
/// there.
fn save_prototype(db: &Database, end: i64) -> Result<()> {
    if !db.now().prototypes()?.is_empty() {
        return Ok(());
    }
    let [crypto, equity] = [0, 1].map(|i| market()[i].key.to_string());
    let windows = [format!("{crypto}@{}", hour(end)).parse()?, equity.parse()?];
    db.save_prototype("mine", None, &windows).map(drop)
}

fn drop_prototype(db: &Database) -> Result<()> {
    match db.drop_prototype("mine") {
        Err(Error::NotFound { .. }) => Ok(()),
        done => done,
    }
}

fn prototype_ends_at(db: &Database, end: i64) -> Result<bool> {
    let stored = db.now().prototypes()?;
    let mut windows = stored.iter().flat_map(|p| &p.windows);
    Ok(windows.any(|w| w.end == hour(end)))
}

/// Encoders of charts and of headlines, as small as they can be.
fn clip() -> Weights {
    let mut chart = ChartConfig::tcn_path(16, 4);
    chart.layers.truncate(1);
    chart.layers[0].convolutions[0].width = 4;
    chart.pools = vec![Pool::Mean];
    chart.head.hidden.clear();
    let text = TextConfig {
        buckets: 32,
        ..TextConfig::new(4)
    };
    Weights::random(&WeightsConfig::clip(chart, text, 0.1), 6).unwrap()
}

fn create_space_of_weights(db: &Database) -> Result<()> {
    db.create_space_of_weights("clip", &clip(), 1, Control::new())
        .map(drop)
}

fn fill_with_weights(db: &Database) -> Result<()> {
    fill(db)?;
    create_space_of_weights(db)
}

fn create_space(db: &Database) -> Result<()> {
    let there = db.now().spaces()?.iter().any(|s| s.space.name == "other");
    if there {
        // It was made, and its windows wait.
        return db.ingest(Control::new()).finish().map(drop);
    }
    let encoder = chart_encoder_by_name("stats", 16, None)?;
    db.create_space("other", &encoder, 1, Control::new())
        .map(drop)
}

fn import(db: &Database) -> Result<()> {
    let key = &market()[0].key;
    let vectors: Vec<[f32; 3]> = (0..90)
        .map(|i| [1.0, i as f32 * 0.1, -0.01 * (i * i) as f32])
        .collect();
    let rows: Vec<_> = (0..)
        .zip(&vectors)
        .map(|(i, vector)| VectorRow {
            series: key,
            end: hour(20 + i),
            vector,
        })
        .collect();
    db.import_vectors("own", 8, &rows, &Control::new())
        .map(drop)
}

fn headlines(numbers: std::ops::Range<i64>) -> Vec<Headline> {
    numbers
        .map(|i| Headline {
            time: hour(i),
            precision: TimePrecision::Minute,
            text: format!("An invented sentence, number {i}"),
            source: "test".to_owned(),
            symbols: vec!["AAA".to_owned()],
        })
        .collect()
}

fn hour(n: i64) -> Timestamp {
    Timestamp::from_millis(START + n * HOUR)
}
