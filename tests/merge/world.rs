//! Parts of a market, and all that can be asked of them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rhymedb::admin::SegmentSizes;
use rhymedb::data::{Attribute, Headline, TimePrecision};
use rhymedb::encode::{ChartConfig, TextConfig, Weights, WeightsConfig, chart_encoder_by_name};
use rhymedb::ingest::{HeadlineImportOptions, HeadlineVectorRow, NewTag, VectorRow};
use rhymedb::query::HeadlinesBy;
use rhymedb::{Control, Database, Interval, OpenOptions, SeriesBars, Target, View};

use crate::oracle::worlds::hours;
use crate::oracle::{crypto, equity};

pub const W: usize = 16;

/// Many small segments.
pub const TINY: SegmentSizes = SegmentSizes {
    fresh_batch: 70,
    fresh_rows: 100,
    segment_rows: 150,
    fold_commits: 3,
};

pub fn weights() -> Weights {
    let mut chart = ChartConfig::multiscale(W as u32, 16);
    chart.layers[0].convolutions.truncate(1);
    let text = TextConfig {
        buckets: 256,
        ..TextConfig::new(16)
    };
    Weights::random(&WeightsConfig::clip(chart, text, 0.1), 6).unwrap()
}

pub fn open(path: &Path) -> Database {
    let options = OpenOptions::new().clip_weights(None).segment_sizes(TINY);
    options.open(path).unwrap()
}

/// What one process brings in.
#[derive(Clone)]
pub struct Part {
    pub series: Vec<SeriesBars>,
    pub headlines: Vec<Headline>,
}

pub fn headline(i: i64, symbol: &str) -> Headline {
    let words = ["rise", "fall", "plunge", "surge", "profit", "warning"];
    let word = |n: i64| words[(i * 7 + n * 5).rem_euclid(6) as usize];
    let mut text = format!("{symbol} shares {} after {} {i}", word(1), word(2));
    if i % 10 == 3 {
        text = format!("{text}. ").repeat(400);
    }
    Headline {
        time: hours(5 * i),
        precision: [TimePrecision::Second, TimePrecision::Minute][i as usize % 2],
        text,
        source: format!("{symbol}{}", i % 3),
        symbols: vec![symbol.to_owned()],
    }
}

pub fn parts() -> Vec<Part> {
    let news = |symbol: &str| (0..60).map(|i| headline(i, symbol)).collect();
    vec![
        Part {
            series: vec![crypto("AAA", 500, 1), equity("DDD", 300, 3)],
            headlines: news("AAA"),
        },
        Part {
            series: vec![crypto("BBB", 400, 2)],
            headlines: news("BBB"),
        },
        Part {
            series: vec![crypto("CCC", 450, 4), crypto("EEE", 30, 5)],
            headlines: news("CCC"),
        },
    ]
}

/// Brings a part in: bars in two steps with a correction between them, so that rows die, a made series, headlines,
/// vectors of a model of its own, a prototype, a tag and an attribute.
pub fn ingest(db: &Database, part: &Part) {
    let mut first = part.series.clone();
    for series in &mut first {
        series.bars = series.bars.slice(0..series.bars.len() * 2 / 3);
        let last = series.bars.len() - 5;
        series.bars.close[last] = series.bars.low[last];
    }
    db.ingest_bars(&first).unwrap();
    db.create_space_of_weights("clip", &weights(), 1, Control::new())
        .unwrap();
    db.ingest_bars(&part.series).unwrap();
    let stats = chart_encoder_by_name("stats", 16, None).unwrap();
    db.create_space("kinds", &stats, 2, Control::new()).unwrap();
    let key = &part.series[0].key;
    db.resample(key, Interval::hours(4), &Control::new())
        .unwrap();
    db.ingest_headlines(&part.headlines).unwrap();

    let vectors: Vec<[f32; 3]> = (0..50).map(|i| [1.0, 0.1 * i as f32, 0.5]).collect();
    let rows = (60..).zip(&vectors).map(|(i, vector)| VectorRow {
        series: key,
        end: hours(i),
        vector,
    });
    let rows: Vec<_> = rows.collect();
    db.import_vectors("own", 8, &rows, &Control::new()).unwrap();
    let rows = part.headlines.iter().zip(&vectors);
    let rows: Vec<_> = rows
        .map(|(headline, vector)| HeadlineVectorRow { headline, vector })
        .collect();
    db.import_headline_vectors("own", &rows, HeadlineImportOptions::default())
        .unwrap();

    let symbol = &key.symbol;
    let target: Target = format!("{symbol}:1h@{}", hours(200)).parse().unwrap();
    db.save_prototype(
        &format!("like-{symbol}"),
        None,
        std::slice::from_ref(&target),
    )
    .unwrap();
    let tag = NewTag {
        name: "long".to_owned(),
        target,
        value: Some(1.5),
        known: None,
    };
    db.add_tags(&[tag]).unwrap();
    db.set_attributes(&[Attribute::new(symbol, "sector", "Coins")])
        .unwrap();
}

/// Databases of parts in a folder.
pub fn made(folder: &Path, parts: &[Part]) -> Vec<PathBuf> {
    let made = parts.iter().enumerate().map(|(i, part)| {
        let path = folder.join(format!("part{i}.rhyme"));
        let db = open(&path);
        ingest(&db, part);
        db.close().unwrap();
        path
    });
    made.collect()
}

pub fn merged(folder: &Path, name: &str, parts: &[PathBuf]) -> Database {
    let db = open(&folder.join(name));
    db.merge(parts, &Control::new()).unwrap();
    db.verify(&Control::new()).unwrap();
    db
}

/// What a database says of all that the parts can be asked, without times that questions took.
pub fn answers(view: &View, symbols: &[&str]) -> String {
    let mut out = String::new();
    for name in symbols {
        let target: Target = format!("{name}:1h").parse().unwrap();
        for space in ["shape", "clip", "kinds"] {
            let similar = view.similar(target.clone()).space(space).k(30).exact(true);
            let answer = similar.run().unwrap();
            writeln!(out, "{:?} {}", answer.hits, answer.searched.windows).unwrap();
        }
        let similar = view.similar(target.clone()).k(8).exact(true);
        let outcomes = similar.outcomes(&[4, 24]).run().unwrap();
        writeln!(out, "{:?}", outcomes.horizons).unwrap();
        let news = view.news(target).space("clip").any_symbol(true).k(200);
        writeln!(out, "{:?}", news.run().unwrap().hits).unwrap();
    }
    for way in [HeadlinesBy::Meaning, HeadlinesBy::Words, HeadlinesBy::Both] {
        let search = view.search("shares plunge after warning").exact(true).k(40);
        let answer = search.headlines_by(way).run().unwrap();
        let (charts, headlines) = (answer.charts.hits, answer.headlines);
        writeln!(out, "{charts:?} {headlines:?}").unwrap();
    }
    let own = view.similar(vec![1.0, 2.0, 0.5]).space("own").k(40);
    writeln!(out, "{:?}", own.exact(true).run().unwrap().hits).unwrap();
    let own = view.headlines_like("own", &[1.0, 2.0, 0.5], 100).unwrap();
    writeln!(out, "{own:?}").unwrap();
    for prototype in view.prototypes().unwrap() {
        let query = rhymedb::Query::prototype(&prototype.name);
        let like = view.similar(query).k(20).exact(true).run().unwrap();
        writeln!(out, "{} {:?}", prototype.name, like.hits).unwrap();
    }
    writeln!(out, "{:?}", view.tags(None).unwrap()).unwrap();
    writeln!(out, "{:?}", view.attributes(None).unwrap()).unwrap();
    writeln!(out, "{:?}", view.headlines(None, None, None, 1000).unwrap()).unwrap();
    for info in view.series().unwrap() {
        let bars = view.bars(&info.key, None, None, None).unwrap();
        writeln!(out, "{} {:?} {:?}", info.key, info.made_of, bars.bars).unwrap();
    }
    out
}

#[track_caller]
pub fn assert_same(found: &str, expected: &str) {
    for (i, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        let differ = found
            .bytes()
            .zip(expected.bytes())
            .position(|(a, b)| a != b);
        if found != expected {
            let from = differ.unwrap_or(0).saturating_sub(200);
            let cut = |s: &str| s.chars().skip(from).take(400).collect::<String>();
            panic!("line {i}:\n{}\n\n{}", cut(found), cut(expected));
        }
    }
    assert_eq!(found.len(), expected.len());
}

pub const SYMBOLS: [&str; 3] = ["AAA", "BBB", "CCC"];
