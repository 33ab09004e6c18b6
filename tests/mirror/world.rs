//! A database and its mirror, and operations that are done to both.

use std::collections::BTreeMap;

use rhymedb::{
    Bar, Control, Database, Error, SeriesBars, Timestamp, VectorRow, View, chart_encoder_by_name,
};

use super::listings::{Dice, Listing, listings};
use super::{ChartSpace, Mirror, MirrorSeries};
use crate::oracle::Lcg;

const IMPORTED_DIM: usize = 6;

/// A database, its mirror, and perhaps an older view of both.
pub struct World {
    pub dir: tempfile::TempDir,
    pub db: Option<Database>,
    pub mirror: Mirror,
    pub old: Option<(View, Mirror)>,
    pub charts: Vec<ChartSpace>,
    pub imports: bool,
    pub listings: Vec<Listing>,
    pub dice: Dice,
    pub compared: usize,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Database::open(dir.path().join("db")).unwrap();
        let shape = chart_encoder_by_name("shape", 64, Some(48)).unwrap();
        let dice = Dice(Lcg(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1));
        Self {
            dir,
            db: Some(db),
            mirror: Mirror::default(),
            old: None,
            charts: vec![ChartSpace::new("shape", shape, 1)],
            imports: false,
            listings: listings(),
            dice,
            compared: 0,
        }
    }

    pub fn db(&self) -> &Database {
        self.db.as_ref().unwrap()
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
        if self.charts.len() == 1 && self.dice.one_in(5) {
            let stats = chart_encoder_by_name("stats", 16, None).unwrap();
            self.db()
                .create_space("often", &stats, 3, Control::new())
                .unwrap();
            self.charts.push(ChartSpace::new("often", stats, 3));
        }
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
            .import_vectors("own", 8, &given, &Control::new())
            .unwrap();
        self.imports = true;
        for (series, _, end, vector) in rows {
            self.entry(series).imported.insert(end.millis(), vector);
        }
    }
}
