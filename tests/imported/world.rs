//! What a model of somebody else's makes of a made-up market.

use std::path::Path;

use crate::oracle::{DAY, HOUR, Lcg, START, crypto, gauss};
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::ingest::{HeadlineImportOptions, HeadlineVectorRow, VectorRow};
use rhymedb::query::HeadlineHit;
use rhymedb::{Control, Database, Error, OpenOptions, Result, SeriesBars, Timestamp, View};

pub const D: usize = 12;
pub const BARS: i64 = 120;
pub const HEADLINES: i64 = 90;
pub const SYMBOLS: [&str; 3] = ["AAA", "BBB", "CCC"];
pub const SPACE: &str = "mine";

/// What a model of somebody else's makes of a made-up market.
pub struct World {
    pub series: Vec<SeriesBars>,
    pub headlines: Vec<Headline>,
    /// For each headline and for each chart: not of unit length.
    pub of_headlines: Vec<Vec<f32>>,
    /// The number of the series, the end, and the vector.
    pub of_charts: Vec<(usize, i64, Vec<f32>)>,
    pub dir: tempfile::TempDir,
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn vector(random: &mut Lcg) -> Vec<f32> {
    let length = 0.1 + 10.0 * random.next();
    (0..D).map(|_| (length * gauss(random)) as f32).collect()
}

pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Lcg(seed);
        let series: Vec<SeriesBars> = SYMBOLS
            .iter()
            .zip(1..)
            .map(|(symbol, seed)| crypto(symbol, BARS as usize, seed))
            .collect();
        let headlines = (0..HEADLINES).map(|i| Headline {
            // Every fifth is dated by its day, and known a day later.
            time: match i % 5 {
                0 => at(START + i / 24 * DAY),
                _ => at(START + i * HOUR),
            },
            precision: match i % 5 {
                0 => TimePrecision::Day,
                _ => TimePrecision::Second,
            },
            text: format!("news number {i}"),
            source: "wire".to_owned(),
            symbols: vec![SYMBOLS[i as usize % 3].to_owned()],
        });
        let charts = (0..3).flat_map(|s| (4..BARS).map(move |bar| (s, START + (bar + 1) * HOUR)));
        Self {
            series,
            headlines: headlines.collect(),
            of_headlines: (0..HEADLINES).map(|_| vector(&mut random)).collect(),
            of_charts: charts
                .map(|(s, end)| (s, end, vector(&mut random)))
                .collect(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// The database with all bars and headlines and no vector yet.
    pub fn ingested(&self) -> Database {
        let db = open(&self.path("market.rhyme"));
        db.ingest_bars(&self.series).unwrap();
        db.ingest_headlines(&self.headlines).unwrap();
        db
    }

    pub fn import_charts(&self, db: &Database) {
        let rows: Vec<VectorRow<'_>> = self
            .of_charts
            .iter()
            .map(|(s, end, vector)| VectorRow {
                series: &self.series[*s].key,
                end: at(*end),
                vector,
            })
            .collect();
        db.import_vectors(SPACE, 4, &rows, &Control::new()).unwrap();
    }

    pub fn rows(&self) -> Vec<HeadlineVectorRow<'_>> {
        let rows = self.headlines.iter().zip(&self.of_headlines);
        rows.map(|(headline, vector)| HeadlineVectorRow { headline, vector })
            .collect()
    }

    pub fn whole(&self) -> Database {
        let db = self.ingested();
        self.import_charts(&db);
        let report = db
            .import_headline_vectors(SPACE, &self.rows(), HeadlineImportOptions::default())
            .unwrap();
        assert_eq!((report.vectors, report.without_vector), (90, 0));
        db
    }

    /// The headlines known at a time, by their cosine with a vector.
    pub fn nearest_headlines(&self, vector: &[f32], known_at: Option<i64>) -> Vec<(f64, &str)> {
        let known = |h: &Headline| known_at.is_none_or(|t| h.known_from().millis() <= t);
        let all = self.headlines.iter().zip(&self.of_headlines);
        let mut all: Vec<(f64, &str)> = all
            .filter(|(h, _)| known(h))
            .map(|(h, v)| (cosine(v, vector), h.text.as_str()))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        all
    }

    pub fn check_headlines(&self, hits: &[HeadlineHit], vector: &[f32], known_at: Option<i64>) {
        let expected = self.nearest_headlines(vector, known_at);
        assert_eq!(hits.len(), expected.len().min(10));
        for (hit, (score, text)) in hits.iter().zip(&expected) {
            assert!(
                (f64::from(hit.score) - score).abs() < 1e-3,
                "{hit:?} {score}"
            );
            assert_eq!(hit.headline.text, *text);
        }
    }

    pub fn check_charts(&self, view: &View, vector: &[f32], known_at: Option<i64>) {
        let mut expected: Vec<(f64, &str, i64)> = self
            .of_charts
            .iter()
            .filter(|(_, end, _)| known_at.is_none_or(|t| *end <= t))
            .map(|(s, end, v)| (cosine(v, vector), SYMBOLS[*s], *end))
            .collect();
        expected.sort_by(|a, b| b.0.total_cmp(&a.0));
        let similar = view.similar(vector).space(SPACE).exclusion(0).k(12);
        let answer = similar.exact(true).run().unwrap();
        assert_eq!(answer.query, None, "a vector has no window");
        assert_eq!(answer.searched.windows, expected.len() as u64);
        assert_eq!(answer.hits.len(), 12);
        for (hit, (score, symbol, end)) in answer.hits.iter().zip(expected) {
            assert!(
                (f64::from(hit.score) - score).abs() < 1e-3,
                "{hit:?} {score}"
            );
            let found = (hit.window.series.symbol.as_str(), hit.window.end.millis());
            assert_eq!(found, (symbol, end));
        }
    }
}

pub fn open(path: &Path) -> Database {
    OpenOptions::new().clip_weights(None).open(path).unwrap()
}

pub fn refused<T: std::fmt::Debug>(found: Result<T>) -> String {
    match found {
        Err(e @ Error::Invalid(_)) => e.to_string(),
        other => panic!("expected a refusal, found {other:?}"),
    }
}
