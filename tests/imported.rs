//! Spaces of imported vectors with charts and headlines, by a model of somebody else's: their answers beside
//! those of a search by hand, as of a time, and after whatever may happen to a database.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use std::path::Path;

use oracle::{DAY, HOUR, Lcg, START, crypto, gauss};
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::ingest::{HeadlineImportOptions, HeadlineVectorRow, VectorRow};
use rhymedb::query::HeadlineHit;
use rhymedb::{
    Control, Database, Error, OpenOptions, Query, Result, SeriesBars, Target, Timestamp, View,
};

const D: usize = 12;
const BARS: i64 = 120;
const HEADLINES: i64 = 90;
const SYMBOLS: [&str; 3] = ["AAA", "BBB", "CCC"];
const SPACE: &str = "mine";

/// What a model of somebody else's makes of a made-up market.
struct World {
    series: Vec<SeriesBars>,
    headlines: Vec<Headline>,
    /// For each headline and for each chart: not of unit length.
    of_headlines: Vec<Vec<f32>>,
    /// The number of the series, the end, and the vector.
    of_charts: Vec<(usize, i64, Vec<f32>)>,
    dir: tempfile::TempDir,
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn vector(random: &mut Lcg) -> Vec<f32> {
    let length = 0.1 + 10.0 * random.next();
    (0..D).map(|_| (length * gauss(random)) as f32).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

impl World {
    fn new(seed: u64) -> Self {
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

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// The database with all bars and headlines and no vector yet.
    fn ingested(&self) -> Database {
        let db = open(&self.path("market.rhyme"));
        db.ingest_bars(&self.series).unwrap();
        db.ingest_headlines(&self.headlines).unwrap();
        db
    }

    fn import_charts(&self, db: &Database) {
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

    fn rows(&self) -> Vec<HeadlineVectorRow<'_>> {
        let rows = self.headlines.iter().zip(&self.of_headlines);
        rows.map(|(headline, vector)| HeadlineVectorRow { headline, vector })
            .collect()
    }

    fn whole(&self) -> Database {
        let db = self.ingested();
        self.import_charts(&db);
        let report = db
            .import_headline_vectors(SPACE, &self.rows(), HeadlineImportOptions::default())
            .unwrap();
        assert_eq!((report.vectors, report.without_vector), (90, 0));
        db
    }

    /// The headlines known at a time, by their cosine with a vector.
    fn nearest_headlines(&self, vector: &[f32], known_at: Option<i64>) -> Vec<(f64, &str)> {
        let known = |h: &Headline| known_at.is_none_or(|t| h.known_from().millis() <= t);
        let all = self.headlines.iter().zip(&self.of_headlines);
        let mut all: Vec<(f64, &str)> = all
            .filter(|(h, _)| known(h))
            .map(|(h, v)| (cosine(v, vector), h.text.as_str()))
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        all
    }

    fn check_headlines(&self, hits: &[HeadlineHit], vector: &[f32], known_at: Option<i64>) {
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

    fn check_charts(&self, view: &View, vector: &[f32], known_at: Option<i64>) {
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

fn open(path: &Path) -> Database {
    OpenOptions::new().clip_weights(None).open(path).unwrap()
}

fn refused<T: std::fmt::Debug>(found: Result<T>) -> String {
    match found {
        Err(e @ Error::Invalid(_)) => e.to_string(),
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[test]
fn charts_and_headlines_are_found_from_each_other_as_by_hand() {
    for seed in 1..4 {
        let world = World::new(seed);
        let db = world.whole();
        let mut random = Lcg(seed + 100);
        let times = [None, Some(START + 30 * HOUR), Some(START + 49 * HOUR + 1)];
        for known_at in times {
            let view = known_at.map_or_else(|| db.now(), |t| db.at(at(t)));
            let asked = vector(&mut random);
            world.check_charts(&view, &asked, known_at);
            let news = view.news(asked.as_slice()).space(SPACE).run().unwrap();
            assert_eq!(news.query, None);
            world.check_headlines(&news.hits, &asked, known_at);
            let liked = view.headlines_like(SPACE, &asked, 10).unwrap();
            assert_eq!(liked, news.hits);

            // From a chart to headlines of any symbol; the chart is known by its end.
            let (s, end, of_chart) = &world.of_charts[20];
            let target = Target {
                time: Some(at(*end)),
                ..Target::from(world.series[*s].key.clone())
            };
            let news = view.news(target).space(SPACE).any_symbol(true);
            let news = news.any_time(true).run().unwrap();
            assert_eq!(news.query.unwrap().end, at(*end));
            world.check_headlines(&news.hits, of_chart, known_at);
        }
    }
}

#[test]
fn a_vector_finds_charts_and_headlines_at_once() {
    let world = World::new(4);
    let db = world.whole();
    for (seed, known_at) in [(1, None), (2, Some(START + 40 * HOUR))] {
        let view = known_at.map_or_else(|| db.now(), |t| db.at(at(t)));
        let asked = vector(&mut Lcg(seed));
        let search = view.search_vector(asked.as_slice()).space(SPACE);
        let answer = search.exact(true).run().unwrap();
        world.check_headlines(&answer.headlines, &asked, known_at);
        let similar = view.similar(asked.as_slice()).space(SPACE).exact(true);
        assert_eq!(answer.charts.hits, similar.run().unwrap().hits);
        assert_eq!(
            (answer.text, answer.expressiveness, answer.pattern),
            (None, None, None)
        );
        assert_eq!(answer.charts.narrowed_to, Vec::<String>::new());
        let known = world.nearest_headlines(&asked, known_at).len() as u64;
        assert_eq!(answer.headlines_searched, known);
    }
    let short = db.now().search_vector([1.0, 2.0].as_slice()).space(SPACE);
    assert!(refused(short.run()).contains("expected a vector of 12 numbers"));
    let none = db.now().search_vector(vec![0.0; D]).space(SPACE);
    assert!(refused(none.run()).contains("not all zero"));
}

/// A space with an encoder holds vectors like any other.
#[test]
fn a_vector_is_asked_in_a_space_with_an_encoder_too() {
    let world = World::new(15);
    let db = world.ingested();
    let view = db.now();
    let key = &world.series[0].key;
    let mut stored = Vec::new();
    view.vectors(
        Some("shape"),
        std::slice::from_ref(key),
        None,
        None,
        |one| {
            stored = one.values[one.values.len() - 48..].to_vec();
            Ok(())
        },
    )
    .unwrap();
    let doubled: Vec<f32> = stored.iter().map(|x| 2.0 * x).collect();
    let answer = view.similar(doubled).exact(true).k(5).run().unwrap();
    let best = &answer.hits[0];
    assert!(best.score > 0.999, "{best:?}");
    assert_eq!(
        (&best.window.series, best.window.end),
        (key, at(START + BARS * HOUR))
    );
    // What came after is beside the base rate, as it is for a sentence: neither has a window.
    let outcomes = view
        .similar(stored.as_slice())
        .outcomes(&[rhymedb::query::Horizon::hours(6)]);
    let answer = outcomes.run().unwrap();
    assert_eq!(answer.similar.query, None);
    assert!(answer.horizons[0].base_windows > 0);
}

#[test]
fn of_a_chart_only_headlines_of_its_symbol_that_were_known_at_its_end() {
    let world = World::new(5);
    let db = world.whole();
    let target = |hours: i64| -> Target {
        format!("BBB:1h@{}", at(START + hours * HOUR))
            .parse()
            .unwrap()
    };
    let news = db.now().news(target(40)).space(SPACE).k(90).run().unwrap();
    assert!(!news.hits.is_empty());
    for hit in &news.hits {
        assert_eq!(hit.headline.symbols, ["BBB"]);
        assert!(hit.known <= at(START + 40 * HOUR), "{hit:?}");
    }
    let context = db.now().context(target(40)).space(SPACE).run().unwrap();
    assert!(!context.headlines.is_empty());
    for line in &context.headlines {
        let i: usize = line.headline.text["news number ".len()..].parse().unwrap();
        let of_chart = world.of_charts.iter();
        let mut of_chart = of_chart.filter(|(s, end, _)| (*s, *end) == (1, START + 40 * HOUR));
        let score = cosine(&world.of_headlines[i], &of_chart.next().unwrap().2);
        assert!((line.score.unwrap() - score).abs() < 1e-3);
    }
}

#[test]
fn vectors_come_in_any_order_and_in_parts() {
    let world = World::new(6);
    let db = world.ingested();
    let rows = world.rows();
    let import = |rows: &[HeadlineVectorRow<'_>]| {
        db.import_headline_vectors(SPACE, rows, HeadlineImportOptions::default())
            .unwrap()
    };
    let mut random = Lcg(9);
    let asked = vector(&mut random);
    let found = || db.now().headlines_like(SPACE, &asked, 10).unwrap();
    // The last ones first: those with lower numbers come in below the mark.
    let report = import(&rows[60..]);
    assert_eq!((report.vectors, report.without_vector), (30, 60));
    assert_eq!(found().len(), 10);
    import(&rows[..30]);
    let report = import(&rows[20..70]);
    assert_eq!(
        (report.vectors, report.replaced, report.without_vector),
        (50, 20, 0)
    );
    world.check_headlines(&found(), &asked, None);
    // Another vector of one headline, in a later import and twice in one: the last one counts.
    let other: Vec<f32> = asked.iter().map(|x| 3.0 * x).collect();
    let new = |vector| HeadlineVectorRow {
        headline: &world.headlines[7],
        vector,
    };
    let report = import(&[new(&world.of_headlines[7]), new(&other)]);
    assert_eq!((report.vectors, report.replaced), (1, 1));
    let best = &found()[0];
    assert_eq!(best.headline, world.headlines[7]);
    assert!(best.score > 0.999, "{best:?}");
    // Headlines that come later have no vector, and nobody takes one for them.
    let late = Headline {
        text: "late news".to_owned(),
        ..world.headlines[1].clone()
    };
    let report = db.ingest_headlines(std::slice::from_ref(&late)).unwrap();
    assert_eq!((report.added, report.without_vector), (1, 1));
    assert_eq!(db.now().spaces().unwrap()[1].headline_rows, 90);
    let all = db.now().headlines_like(SPACE, &asked, 200).unwrap();
    assert_eq!(all.len(), 90);
    assert!(all.iter().all(|hit| hit.headline != late));
    db.verify(&Control::new()).unwrap();
}

#[test]
fn what_cannot_be_imported_is_explained_and_changes_nothing() {
    let world = World::new(7);
    let db = world.ingested();
    let import = |space: &str, rows: &[HeadlineVectorRow<'_>], skip: bool| {
        let mut options = HeadlineImportOptions::default();
        options.skip_unknown = skip;
        db.import_headline_vectors(space, rows, options)
    };
    let rows = world.rows();
    let strange = Headline {
        source: "another wire".to_owned(),
        ..world.headlines[3].clone()
    };
    let unknown = HeadlineVectorRow {
        headline: &strange,
        vector: &world.of_headlines[3],
    };
    let mixed = [rows[0], unknown, rows[2]];
    let why = refused(import(SPACE, &mixed, false));
    for part in [
        "1 of 3",
        "vector 2 (",
        "news number 3",
        "rhyme ingest headlines",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let zero = [0.0; D];
    let infinite = [f32::INFINITY; D];
    for (vector, part) in [
        (&zero[..], "only zeros"),
        (&infinite[..], "inf"),
        (&[1.0, 2.0][..], "found 2 numbers"),
    ] {
        let bad = HeadlineVectorRow {
            headline: &world.headlines[1],
            vector,
        };
        let why = refused(import(SPACE, &[rows[0], bad], true));
        assert!(why.contains(part), "{part}: {why}");
    }
    assert!(refused(import(SPACE, &[], true)).contains("at least one vector"));
    assert!(refused(import("shape", &rows, true)).contains("choose another name"));
    assert_eq!(db.now().spaces().unwrap().len(), 1, "no space was made");
    assert_eq!(import(SPACE, &[unknown], true).unwrap().unknown, 1);
    assert_eq!(
        db.now().spaces().unwrap().len(),
        1,
        "not for nothing either"
    );

    let report = import(SPACE, &mixed, true).unwrap();
    assert_eq!((report.vectors, report.unknown), (2, 1));
    let short = [1.0, 2.0];
    let row = HeadlineVectorRow {
        headline: &world.headlines[1],
        vector: &short,
    };
    assert!(refused(import(SPACE, &[row], false)).contains("dimension 12"));
}

#[test]
fn questions_that_the_space_cannot_answer_say_what_to_do() {
    let world = World::new(8);
    let db = world.ingested();
    world.import_charts(&db);
    let view = db.now();
    let asked = world.of_charts[0].2.as_slice();
    let why = refused(view.news(asked).space(SPACE).run());
    assert!(
        why.contains("rhyme import headline-vectors FILE --space mine"),
        "{why}"
    );
    assert_eq!(refused(view.headlines_like(SPACE, asked, 3)), why);
    let rows = world.rows();
    db.import_headline_vectors(SPACE, &rows, HeadlineImportOptions::default())
        .unwrap();
    let view = db.now();
    let why = refused(
        view.similar(Query::text("shares plunge"))
            .space(SPACE)
            .run(),
    );
    assert!(
        why.contains("rhyme search --vector FILE --space mine"),
        "{why}"
    );
    assert_eq!(
        refused(view.search("shares plunge").space(SPACE).run()),
        why
    );
    let why = refused(view.news(&asked[1..]).space(SPACE).run());
    assert!(why.contains("expected a vector of 12 numbers"), "{why}");
    let why = refused(view.similar(asked).run());
    assert!(why.contains("the space mine has such vectors"), "{why}");
    for bad in [vec![0.0; D], vec![f32::NAN; D]] {
        let why = refused(view.news(bad.clone()).space(SPACE).run());
        assert!(
            why.contains("finite numbers that are not all zero"),
            "{why}"
        );
        assert!(view.similar(bad).space(SPACE).run().is_err());
    }
    // Without words, the only space of headlines is the one that is asked.
    assert_eq!(view.news(asked).run().unwrap().space, SPACE);
}

#[test]
fn spaces_keep_their_vectors_apart() {
    let world = World::new(16);
    let db = world.whole();
    let rows = world.rows();
    let part = &rows[10..40];
    let report = db.import_headline_vectors("other", part, HeadlineImportOptions::default());
    let report = report.unwrap();
    assert_eq!((report.vectors, report.without_vector), (30, 60));
    let asked = vector(&mut Lcg(17));
    let found = |space: &str| db.now().headlines_like(space, &asked, 100).unwrap();
    assert_eq!((found(SPACE).len(), found("other").len()), (90, 30));
    world.check_headlines(&found(SPACE)[..10], &asked, None);
    let late = Headline {
        text: "late news".to_owned(),
        ..world.headlines[1].clone()
    };
    let report = db.ingest_headlines(&[late]).unwrap();
    assert_eq!(report.without_vector, 2, "one in each");
    let why = db.now().news(asked.as_slice()).run().unwrap_err();
    assert!(matches!(why, Error::Ambiguous { .. }), "{why}");
    db.verify(&Control::new()).unwrap();
}

#[test]
fn vectors_go_with_their_headlines_and_with_their_space() {
    let world = World::new(10);
    let db = world.whole();
    let count = || {
        db.now()
            .headlines_like(SPACE, &[1.0; D], 200)
            .unwrap()
            .len()
    };
    assert_eq!(count(), 90);
    let gone = db
        .delete_headlines(at(START)..=at(START + 10 * HOUR))
        .unwrap();
    assert_eq!(count() as u64, 90 - gone.headlines);
    db.verify(&Control::new()).unwrap();
    let dropped = db.drop_space(SPACE).unwrap();
    assert_eq!(dropped.headline_rows, 90 - gone.headlines);
    assert!(db.now().headlines_like(SPACE, &[1.0; D], 3).is_err());
    db.verify(&Control::new()).unwrap();
}

#[test]
fn answers_survive_compaction_backup_and_repair() {
    let world = World::new(11);
    let db = world.whole();
    let asked = vector(&mut Lcg(12));
    let check = |db: &Database| {
        let view = db.now();
        world.check_charts(&view, &asked, None);
        let news = view.news(asked.as_slice()).space(SPACE).run().unwrap();
        world.check_headlines(&news.hits, &asked, None);
        assert_eq!(db.verify(&Control::new()).unwrap().headline_rows, 90);
    };
    check(&db);
    db.compact(&Control::new()).unwrap();
    check(&db);
    db.backup(world.path("copy"), &Control::new()).unwrap();
    drop(db);
    check(&open(&world.path("copy")));
    let report = Database::repair(world.path("market.rhyme"), &Control::new()).unwrap();
    assert!(report.is_whole(), "{report:?}");
    check(&open(&world.path("market.rhyme")));
}

#[test]
fn what_was_exported_gives_the_same_answers_elsewhere() {
    let world = World::new(13);
    let db = world.whole();
    let other = open(&world.path("other.rhyme"));
    other.ingest_bars(&world.series).unwrap();
    other.ingest_headlines(&world.headlines).unwrap();
    world.import_charts(&other);
    db.now()
        .headline_vectors(Some(SPACE), None, None, None, |batch| {
            let rows = batch.headlines.iter().zip(batch.values.chunks(D));
            let rows: Vec<HeadlineVectorRow<'_>> = rows
                .map(|(headline, vector)| HeadlineVectorRow { headline, vector })
                .collect();
            other
                .import_headline_vectors(SPACE, &rows, HeadlineImportOptions::default())
                .map(|report| assert_eq!(report.vectors, 90))
        })
        .unwrap();
    let asked = vector(&mut Lcg(14));
    let found = |db: &Database| {
        let hits = db.now().headlines_like(SPACE, &asked, 90).unwrap();
        let hits = hits.into_iter().map(|h| (h.headline, h.score));
        hits.collect::<Vec<_>>()
    };
    assert_eq!(found(&db), found(&other));
}
