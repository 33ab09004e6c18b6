//! The headlines that a snapshot keeps in memory are those that were committed.

use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::Weights;
use rhymedb::query::HeadlineHit;
use rhymedb::{Database, OpenOptions, Timestamp, View};

use crate::oracle::HOUR;
use crate::world::{MIDDLE, headlines, of, series, weights, world};

fn all(view: &View) -> Vec<HeadlineHit> {
    let mut all = view.headlines_like("clip", &[0.25; 16], 10_000).unwrap();
    all.iter_mut().for_each(|h| h.rank = 0);
    all.sort_by_cached_key(|h| {
        (
            h.headline.time,
            h.headline.source.clone(),
            h.headline.text.clone(),
        )
    });
    all
}

#[test]
fn memory_grows_from_commit_to_commit() {
    let news = headlines(150);
    let db = of(series(), Vec::new());
    let mut views: Vec<(View, Vec<HeadlineHit>)> = Vec::new();
    for part in [60..90, 0..20, 100..150, 20..60, 90..100] {
        db.db.ingest_headlines(&news[part]).unwrap();
        let view = db.db.now();
        views.push((view.clone(), all(&view)));
    }
    // An older view still sees what it saw; a database that is opened anew sees what is there.
    for (view, seen) in &views {
        assert_eq!(all(view), *seen);
    }
    let whole = of(series(), news.clone());
    assert_eq!(all(&whole.db.now()), all(&db.db.now()));
    let view = db.db.at(Timestamp::from_millis(MIDDLE));
    assert_eq!(
        all(&view),
        all(&whole.db.at(Timestamp::from_millis(MIDDLE)))
    );
    assert!(views.is_sorted_by(|a, b| a.1.len() < b.1.len()));
    // Bars leave it alone.
    db.db
        .ingest_bars(&[crate::oracle::crypto("EEE", 50, 5)])
        .unwrap();
    assert_eq!(all(&db.db.now()), views[4].1);
}

#[test]
fn memory_forgets_what_was_deleted_or_replaced() {
    let world = world();
    let before = all(&world.db.now());
    let second = |h: &&Headline| h.precision == TimePrecision::Second && h.text.contains(' ');
    let mut headline = world.headlines.iter().find(second).unwrap().clone();
    let known = |db: &Database| {
        let hits = all(&db.now());
        let same = |h: &&HeadlineHit| h.headline.source == headline.source;
        hits.iter().find(same).map(|h| h.known.millis())
    };
    assert_eq!(known(&world.db), Some(headline.time.millis()));
    headline.precision = TimePrecision::Day;
    assert_eq!(
        world
            .db
            .ingest_headlines(&[headline.clone()])
            .unwrap()
            .replaced,
        1
    );
    assert_eq!(known(&world.db), Some(headline.time.millis() + 24 * HOUR));
    world
        .db
        .delete_headlines(headline.time..=headline.time)
        .unwrap();
    assert_eq!(known(&world.db), None);
    assert!(all(&world.db.now()).len() < before.len());
    world.db.verify(&rhymedb::Control::new()).unwrap();
}

#[test]
fn a_database_can_have_both_spaces_from_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("market.rhyme");
    let names = |db: &Database| {
        let spaces = db.now().spaces().unwrap();
        spaces
            .into_iter()
            .map(|s| (s.space.name, s.headline_rows))
            .collect::<Vec<_>>()
    };
    let db = OpenOptions::new()
        .clip_weights(weights())
        .open(&path)
        .unwrap();
    assert!(
        db.now().search("shares fall").run().is_err(),
        "no bars, no spaces"
    );
    db.ingest_bars(&series()).unwrap();
    db.ingest_headlines(&headlines(20)).unwrap();
    assert_eq!(
        names(&db),
        [("shape".to_owned(), 0), ("clip".to_owned(), 20)]
    );
    let target: rhymedb::Target = "AAA:1h".parse().unwrap();
    assert_eq!(
        db.now().similar(target.clone()).run().unwrap().space,
        "shape"
    );
    assert_eq!(db.now().news(target).run().unwrap().space, "clip");
    assert_eq!(
        db.now()
            .search("shares fall")
            .run()
            .unwrap()
            .charts
            .hits
            .len(),
        10
    );
    drop(db);
    // The weights are in the database, so it opens without them.
    let db = Database::open(&path).unwrap();
    assert_eq!(
        db.now()
            .search("shares fall")
            .run()
            .unwrap()
            .headlines
            .len(),
        10
    );
    db.verify(&rhymedb::Control::new()).unwrap();

    let other = dir.path().join("other.rhyme");
    let db = OpenOptions::new().clip_weights(None).open(&other).unwrap();
    db.ingest_bars(&series()).unwrap();
    assert_eq!(names(&db), [("shape".to_owned(), 0)]);
    let chart = rhymedb::encode::WeightsConfig::chart("cnn/1", rhymedb::encode::ChartConfig::cnn());
    let wrong = Weights::random(&chart, 1).unwrap();
    let third = OpenOptions::new()
        .clip_weights(wrong)
        .open(dir.path().join("third.rhyme"));
    let error = third
        .unwrap()
        .ingest_bars(&series())
        .unwrap_err()
        .to_string();
    assert!(error.contains("encoder of headlines"), "{error}");
}

#[test]
fn a_database_has_both_default_spaces_whatever_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let shipped = Weights::shipped_clip().unwrap();
    let spaces = |db: &Database| -> Vec<(String, u64, u64, u64)> {
        let spaces = db.now().spaces().unwrap().into_iter();
        spaces
            .map(|s| {
                let hash = s.space.encoder.weights_hash;
                (s.space.name, s.rows, s.headline_rows, hash)
            })
            .collect()
    };
    let texts = [
        "Shares plunge after a profit warning",
        "Prices surge to a record high",
        "Exchange halts withdrawals",
    ];
    let news = headlines(40).into_iter().zip(texts);
    let news: Vec<_> = news
        .map(|(headline, text)| Headline {
            text: text.to_owned(),
            ..headline
        })
        .collect();
    let bars = [series().remove(0)];
    let of = |name: &str| Database::open(dir.path().join(name)).unwrap();

    // Headlines alone make the spaces, and stand in the one that reads them.
    let db = of("news-first.rhyme");
    assert!(spaces(&db).is_empty());
    assert_eq!(db.ingest_headlines(&news).unwrap().embedded, 3);
    assert_eq!(
        spaces(&db),
        [
            ("shape".to_owned(), 0, 0, 0),
            ("clip".to_owned(), 0, 3, shipped.hash())
        ]
    );
    db.ingest_bars(&bars).unwrap();
    let news_first = spaces(&db);
    let reach = 64 + u64::from(shipped.chart_encoder().unwrap().spec().warm_up);
    let windows = bars[0].bars.len() as u64 + 1;
    assert_eq!(
        news_first,
        [
            ("shape".to_owned(), windows - 64, 0, 0),
            ("clip".to_owned(), windows - reach, 3, shipped.hash())
        ]
    );
    let answer = db.now().search("shares plunge").run().unwrap();
    assert_eq!(answer.headlines[0].headline.text, texts[0]);
    assert!(answer.expressiveness.is_some());
    db.verify(&rhymedb::Control::new()).unwrap();
    drop(db);

    // Bars first gives the same answers to the bit.
    let db = of("bars-first.rhyme");
    db.ingest_bars(&bars).unwrap();
    db.ingest_headlines(&news).unwrap();
    assert_eq!(spaces(&db), news_first);
    let again = db.now().search("shares plunge").run().unwrap();
    assert_eq!(again.charts.hits, answer.charts.hits);
    assert_eq!(again.headlines, answer.headlines);

    // A database that had its spaces before keeps those, and no more.
    let old = OpenOptions::new().clip_weights(None);
    let old = old.open(dir.path().join("old.rhyme")).unwrap();
    old.ingest_bars(&bars).unwrap();
    drop(old);
    let db = of("old.rhyme");
    assert_eq!(db.ingest_headlines(&news).unwrap().embedded, 0);
    assert_eq!(spaces(&db), [("shape".to_owned(), windows - 64, 0, 0)]);
}
