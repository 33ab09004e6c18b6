//! A database and its mirror, and operations that are done to both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rhymedb::admin::SegmentSizes;
use rhymedb::encode::{
    Channel, ChartConfig, Input, Memory, Pool, TextConfig, TextEncoder, Weights, WeightsConfig,
    chart_encoder_by_name,
};
use rhymedb::ingest::VectorRow;
use rhymedb::{Bar, Control, Database, Error, OpenOptions, SeriesBars, Timestamp, View};

use super::follower::Follower;
use super::listings::{Dice, Listing, listings};
use super::{Asked, ChartSpace, Mirror, MirrorSeries};
use crate::oracle::Lcg;

const IMPORTED_DIM: usize = 6;

/// The space of vectors from outside, and that of a network over charts and headlines.
pub const OWN: &str = "own";
pub const NET: &str = "net";

/// A network that reads bars before its window, and an encoder of headlines.
fn net() -> Weights {
    let memory = |bars| Memory {
        bars,
        half_life: 3.0,
        lag: 1,
    };
    let mut chart = ChartConfig::tcn_path(12, 6);
    chart.input = Input::Channels {
        channels: vec![Channel::Return, Channel::Range, Channel::Volume],
        volatility: memory(8),
        level: memory(5),
    };
    chart.layers.truncate(1);
    chart.layers[0].convolutions[0].width = 6;
    chart.pools = vec![Pool::Last, Pool::Mean];
    chart.head.hidden.clear();
    let text = TextConfig {
        buckets: 256,
        ..TextConfig::new(6)
    };
    Weights::random(&WeightsConfig::clip(chart, text, 0.1), 3).unwrap()
}

/// A database, its mirror, and perhaps an older view of both.
pub struct World {
    pub dir: tempfile::TempDir,
    pub db: Option<Database>,
    pub mirror: Mirror,
    pub old: Option<(View, Mirror)>,
    /// Who is told what each commit changed.
    pub follower: Follower,
    /// The spaces of charts that there ever are, and the names of all that are there now.
    pub charts: Vec<ChartSpace>,
    pub spaces: BTreeSet<&'static str>,
    net: Weights,
    pub text: Arc<dyn TextEncoder>,
    pub listings: Vec<Listing>,
    pub dice: Dice,
    /// Windows, windows near prototypes, and headlines that were compared.
    pub compared: usize,
    pub compared_to_prototypes: usize,
    pub near: usize,
}

/// Opens a database whose records are folded into tables after some commits.
fn open(path: &Path, dice: &mut Dice) -> Database {
    let sizes = SegmentSizes {
        fold_commits: [1, 2, 5, 32][dice.below(4)],
        ..SegmentSizes::default()
    };
    let options = OpenOptions::new().clip_weights(None).segment_sizes(sizes);
    options.open(path).unwrap()
}

impl World {
    pub fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut dice = Dice(Lcg(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1));
        let db = open(&dir.path().join("db"), &mut dice);
        let shape = chart_encoder_by_name("shape", 64, Some(48)).unwrap();
        let stats = chart_encoder_by_name("stats", 16, None).unwrap();
        let net = net();
        Self {
            dir,
            db: Some(db),
            mirror: Mirror::default(),
            old: None,
            follower: Follower::default(),
            charts: vec![
                ChartSpace::new("shape", shape, 1),
                ChartSpace::new("often", stats, 3),
                ChartSpace::new(NET, net.chart_encoder().unwrap(), 2),
            ],
            spaces: BTreeSet::new(),
            text: net.text_encoder().unwrap(),
            net,
            listings: listings(),
            dice,
            compared: 0,
            compared_to_prototypes: 0,
            near: 0,
        }
    }

    pub fn db(&self) -> &Database {
        self.db.as_ref().unwrap()
    }

    /// Closes the database and opens it again.
    pub fn reopen(&mut self) {
        self.old = None;
        self.db = None;
        self.db = Some(open(&self.dir.path().join("db"), &mut self.dice));
    }

    /// The next bars of some series, as a program that follows a market brings them.
    pub fn append(&mut self) {
        let mut pieces = Vec::new();
        for series in self.mirror.series.keys().copied().collect::<Vec<_>>() {
            let opens = &self.listings[series].opens;
            let last = self.mirror.series[&series].bars.keys().next_back();
            let next = last.map_or(0, |last| opens.partition_point(|open| open <= last));
            let end = (next + 1 + self.dice.below(2)).min(opens.len());
            if next < end && !self.dice.one_in(4) {
                let bars = (next..end).map(|i| self.bar(series, i)).collect();
                let Listing { key, calendar, .. } = &self.listings[series];
                let piece = SeriesBars {
                    key: key.clone(),
                    calendar: *calendar,
                    bars,
                };
                pieces.push((series, piece));
            }
        }
        let batch: Vec<_> = pieces.iter().map(|p| p.1.clone()).collect();
        let report = self.db().ingest_bars(&batch).unwrap();
        let bars: usize = batch.iter().map(|s| s.bars.len()).sum();
        assert_eq!(report.bars_added as usize, bars);
        if !pieces.is_empty() {
            self.spaces.insert("shape");
        }
        for (series, piece) in pieces {
            let bars = piece.bars.iter().map(|bar| (bar.time.millis(), bar));
            self.entry(series).bars.extend(bars);
        }
    }

    /// The follower's copy is what is stored.
    pub fn follow(&mut self) {
        let db = self.db().clone();
        self.follower.follow(&db);
    }

    pub fn has(&self, space: &str) -> bool {
        self.spaces.contains(space)
    }

    /// Makes a space that is not there, or drops one that is.
    pub fn make_or_drop(&mut self) {
        if !self.has("shape") {
            return; // The first bars make that one.
        }
        let name = ["often", NET, NET, OWN][self.dice.below(4)];
        if self.has(name) {
            if self.dice.one_in(2) {
                self.drop_space(name);
            }
            return;
        }
        let made = match name {
            "often" => {
                let stats = self.charts[1].encoder.clone();
                self.db().create_space(name, &stats, 3, Control::new())
            }
            NET => {
                let report = self
                    .db()
                    .create_space_of_weights(NET, &self.net, 2, Control::new());
                self.spaces.insert(name);
                let rows = report.as_ref().unwrap().headlines_embedded;
                assert_eq!(rows, self.headline_rows());
                report
            }
            _ => return self.import(),
        };
        made.unwrap();
        self.spaces.insert(name);
    }

    fn drop_space(&mut self, name: &'static str) {
        let asked = match self.charts.iter().find(|c| c.name == name) {
            Some(chart) => Asked::Chart(chart.clone()),
            None => Asked::Imported,
        };
        let expected = (
            self.mirror.count(&asked),
            match name {
                NET => self.headline_rows(),
                _ => 0,
            },
        );
        let dropped = self.db().drop_space(name).unwrap();
        assert_eq!((dropped.rows, dropped.headline_rows), expected, "{name}");
        let again = self.db().drop_space(name);
        assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
        self.spaces.remove(name);
        self.mirror.prototypes.retain(|_, kept| kept.space != name);
        if name == OWN {
            for series in self.mirror.series.values_mut() {
                series.imported.clear();
            }
        }
    }

    pub fn bar(&mut self, series: usize, i: usize) -> Bar {
        // The usual price of that moment, now and then another one; DDD repeats itself and rests.
        let wave = match series {
            6 => (i % 40) as f64 * 0.3,
            0 if (100..140).contains(&i) => 1.0,
            _ => (i as f64 * 0.11 + series as f64).sin() * 9.0 + (i * i % 17) as f64 * 0.4,
        };
        let correction = if self.dice.one_in(40) {
            self.dice.0.next() * 5.0
        } else {
            0.0
        };
        let close = 50.0 + wave + correction;
        Bar {
            time: Timestamp::from_millis(self.listings[series].opens[i]),
            open: close * 0.999,
            high: close * 1.01,
            low: close * 0.98,
            close,
            volume: (i % 13) as f64,
        }
    }

    pub fn piece(&mut self) -> (usize, SeriesBars) {
        let series = self.dice.below(self.listings.len());
        let n = self.listings[series].opens.len();
        let longest = [3, 40, n][self.dice.below(3)];
        let start = self.dice.below(n);
        let end = (start + 1 + self.dice.below(longest)).min(n);
        let holes = self.dice.one_in(4);
        let bars = (start..end)
            .filter(|_| !(holes && self.dice.one_in(30)))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|i| self.bar(series, i))
            .collect();
        let Listing { key, calendar, .. } = &self.listings[series];
        let piece = SeriesBars {
            key: key.clone(),
            calendar: *calendar,
            bars,
        };
        (series, piece)
    }

    pub fn entry(&mut self, series: usize) -> &mut MirrorSeries {
        let Listing { key, calendar, .. } = &self.listings[series];
        self.mirror
            .series
            .entry(series)
            .or_insert_with(|| MirrorSeries {
                key: key.clone(),
                calendar: *calendar,
                bars: BTreeMap::new(),
                imported: BTreeMap::new(),
            })
    }

    pub fn ingest(&mut self) {
        let pieces: Vec<_> = (0..=self.dice.below(3)).map(|_| self.piece()).collect();
        let batch: Vec<_> = pieces.iter().map(|p| p.1.clone()).collect();
        let report = self.db().ingest_bars(&batch).unwrap();
        let (mut added, mut replaced, mut unchanged) = (0, 0, 0);
        for (series, piece) in &pieces {
            for bar in piece.bars.iter() {
                match self.entry(*series).bars.insert(bar.time.millis(), bar) {
                    None => added += 1,
                    Some(old) if old == bar => unchanged += 1,
                    Some(_) => replaced += 1,
                }
            }
        }
        let counted = (
            report.bars_added,
            report.bars_replaced,
            report.bars_unchanged,
        );
        assert_eq!(counted, (added, replaced, unchanged));
        self.spaces.insert("shape");
    }

    pub fn delete(&mut self) {
        let series = self.dice.below(self.listings.len());
        let key = self.listings[series].key.clone();
        let opens = &self.listings[series].opens;
        let (a, b) = (self.dice.below(opens.len()), self.dice.below(opens.len()));
        let (first, last) = (opens[a.min(b)], opens[a.max(b).min(a.min(b) + 30)]);
        let whole = self.dice.one_in(3);
        let range = Timestamp::from_millis(first)..=Timestamp::from_millis(last);
        let result = self.db().delete_bars(&key, (!whole).then_some(range));
        let Some(mirror) = self.mirror.series.get_mut(&series) else {
            assert!(matches!(result, Err(Error::NotFound { .. })), "{result:?}");
            return;
        };
        let before = mirror.bars.len();
        let close = |open: i64| key.interval.close_of(Timestamp::from_millis(open)).millis();
        if whole {
            self.mirror.series.remove(&series);
            assert_eq!(result.unwrap().bars as usize, before);
        } else {
            mirror.bars.retain(|t, _| !(first..=last).contains(t));
            mirror
                .imported
                .retain(|end, _| !(close(first)..=close(last)).contains(end));
            assert_eq!(result.unwrap().bars as usize, before - mirror.bars.len());
        }
    }

    pub fn import(&mut self) {
        let n = 1 + self.dice.below(30);
        let mut rows = Vec::new();
        for _ in 0..n {
            let series = self.dice.below(self.listings.len());
            let Listing { key, opens, .. } = &self.listings[series];
            let open = opens[self.dice.below(opens.len())];
            let end = key.interval.close_of(Timestamp::from_millis(open));
            let vector: Vec<f32> = (0..IMPORTED_DIM)
                .map(|_| (self.dice.0.next() * 2.0 - 1.0) as f32)
                .collect();
            rows.push((series, key.clone(), end, vector));
        }
        let given: Vec<VectorRow<'_>> = rows
            .iter()
            .map(|(_, series, end, vector)| VectorRow {
                series,
                end: *end,
                vector,
            })
            .collect();
        self.db()
            .import_vectors(OWN, 8, &given, &Control::new())
            .unwrap();
        self.spaces.insert(OWN);
        for (series, _, end, vector) in rows {
            self.entry(series).imported.insert(end.millis(), vector);
        }
    }
}
