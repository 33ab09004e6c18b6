//! Spaces whose encoder has weights: made, asked, appended to, taken up again, dropped.

#![allow(
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use std::path::Path;
use std::sync::{Arc, Mutex};

use oracle::{HOUR, crypto, equity};
use rhymedb::data::{Headline, TimePrecision};
use rhymedb::encode::{
    Channel, ChartConfig, Input, TextConfig, Weights, WeightsConfig, chart_encoder_by_name,
};
use rhymedb::ingest::Stage;
use rhymedb::{Bars, Control, Database, Error, OpenOptions, SeriesBars, Target, Timestamp, View};

fn weights(seed: u64) -> Weights {
    let mut config = ChartConfig::tcn(32, 16);
    config.layers.truncate(2);
    for layer in &mut config.layers {
        layer.convolutions[0].width = 8;
        layer.residual = false;
    }
    let Input::Channels { channels, .. } = &mut config.input else {
        panic!("tcn has channels");
    };
    channels.retain(|c| *c != Channel::Gap);
    Weights::random(&WeightsConfig::chart("tcn/1", config), seed).unwrap()
}

fn reach(weights: &Weights) -> usize {
    let encoder = weights.chart_encoder().unwrap();
    (encoder.spec().window + encoder.spec().warm_up) as usize
}

/// Asks with a window's own vector, and expects that window with a cosine of 1, and every other
/// answer's score to be the cosine of the two windows' vectors, each encoded alone.
fn assert_found(view: &View, weights: &Weights, series: &SeriesBars, space: &str) {
    let encoder = weights.chart_encoder().unwrap();
    let alone = |bars: &Bars| encoder.encode_window(bars).unwrap().unwrap();
    for last in [
        reach(weights) - 1,
        series.bars.len() / 2,
        series.bars.len() - 1,
    ] {
        let vector = alone(&series.bars.slice(0..last + 1));
        let answer = view
            .similar(vector.clone())
            .space(space)
            .k(4)
            .exact(true)
            .run()
            .unwrap();
        let open = series.bars.time[last];
        assert_eq!(
            answer.hits[0].window.end.millis(),
            open + HOUR,
            "{:?}",
            answer.hits
        );
        assert!((answer.hits[0].score - 1.0).abs() < 1e-4);
        for hit in answer.hits.iter().filter(|h| h.window.series == series.key) {
            let closes = hit.window.end.millis() - HOUR;
            let at = series.bars.time.binary_search(&closes).unwrap();
            let other = alone(&series.bars.slice(0..at + 1));
            let cosine: f32 = vector.iter().zip(&other).map(|(x, y)| x * y).sum();
            assert!((cosine - hit.score).abs() < 1e-4, "{cosine} {hit:?}");
        }
    }
}

#[test]
fn a_space_of_weights_lives_in_the_database_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("market.rhyme");
    let weights = weights(1);
    let series = crypto("AAA", 500, 1);
    let part = |range| SeriesBars {
        bars: series.bars.slice(range),
        ..series.clone()
    };
    let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
    db.ingest_bars(&[part(0..400), equity("BBB", 150, 2)])
        .unwrap();
    let report = db
        .create_space_of_weights("net", &weights, 1, Control::new())
        .unwrap();
    let windows = |bars: usize| (bars + 1).saturating_sub(reach(&weights)) as u64;
    assert_eq!(
        report.windows_embedded + report.windows_flat,
        windows(400) + windows(150)
    );
    // The same call again has nothing to do, and other weights are another space.
    let again = db
        .create_space_of_weights("net", &weights, 1, Control::new())
        .unwrap();
    assert_eq!(again.windows_embedded, 0);
    let other = db.create_space_of_weights("net", &self::weights(2), 1, Control::new());
    let message = other.unwrap_err().to_string();
    assert!(
        message.contains("there is a space net already"),
        "{message}"
    );
    assert_found(&db.now(), &weights, &part(0..400), "net");
    db.compact(&Control::new()).unwrap();
    drop(db);

    // Nothing but the folder is needed to append and to ask.
    let db = Database::open(&path).unwrap();
    db.ingest_bars(&[part(400..500)]).unwrap();
    let space = |db: &Database| {
        db.now()
            .spaces()
            .unwrap()
            .into_iter()
            .find(|s| s.space.name == "net")
    };
    assert_eq!(
        space(&db).unwrap().rows + space(&db).unwrap().flat_windows,
        windows(500) + windows(150)
    );
    assert_eq!(
        space(&db).unwrap().space.encoder.weights_hash,
        weights.hash()
    );
    assert_found(&db.now(), &weights, &series, "net");
    let target: Target = "AAA:1h".parse().unwrap();
    assert_eq!(
        db.now()
            .similar(target)
            .space("net")
            .k(3)
            .run()
            .unwrap()
            .hits
            .len(),
        3
    );
    db.verify(&Control::new()).unwrap();
}

#[test]
fn an_interrupted_space_is_taken_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    db.ingest_bars(&[crypto("AAA", 9000, 1)]).unwrap();
    let control = Control::new();
    let stopping = control.clone();
    let control = control.on_progress(move |p| {
        if p.stage == Stage::Embed {
            stopping.stop();
        }
    });
    let weights = weights(3);
    let stopped = db.create_space_of_weights("net", &weights, 1, control);
    assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    let waiting = |db: &Database| {
        let spaces = db.now().spaces().unwrap();
        let space = spaces.into_iter().find(|s| s.space.name == "net").unwrap();
        (space.pending_ranges, space.rows + space.flat_windows)
    };
    assert!(waiting(&db).0 > 0);
    db.create_space_of_weights("net", &weights, 1, Control::new())
        .unwrap();
    assert_eq!(waiting(&db), (0, (9000 + 1 - reach(&weights)) as u64));
}

fn segments(path: &Path) -> usize {
    std::fs::read_dir(path.join("segments")).unwrap().count()
}

#[test]
fn dropped_spaces_free_their_files_and_their_weights() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("market.rhyme");
    let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
    db.ingest_bars(&[crypto("AAA", 400, 1)]).unwrap();
    let weights = weights(4);
    for (name, hop) in [("one", 1), ("two", 2)] {
        db.create_space_of_weights(name, &weights, hop, Control::new())
            .unwrap();
    }
    db.compact(&Control::new()).unwrap();
    assert_eq!(segments(&path), 3);
    let before = db.now();
    let report = db.drop_space("one").unwrap();
    assert!(
        report.rows > 200 && report.segments == 1 && report.bytes > 0,
        "{report:?}"
    );
    assert_eq!(report.weights_bytes, 0, "the other space needs them");
    assert_eq!(segments(&path), 2);
    // An older view goes on, a newer one does not know the space.
    let vector = vec![1.0; 16];
    let hits = |view: &View| view.similar(vector.clone()).space("one").k(1).run();
    assert_eq!(hits(&before).unwrap().hits.len(), 1);
    drop(before);
    assert!(matches!(hits(&db.now()), Err(Error::NotFound { .. })));
    assert!(matches!(db.drop_space("one"), Err(Error::NotFound { .. })));
    db.ingest_bars(&[crypto("AAA", 420, 1)]).unwrap();
    let report = db.drop_space("two").unwrap();
    assert_eq!(report.weights_bytes, weights.bytes().len() as u64);
    db.verify(&Control::new()).unwrap();
    drop(db);
    let db = Database::open(&path).unwrap();
    assert_eq!(db.now().spaces().unwrap().len(), 1);
    assert_eq!(segments(&path), 1);
    // The name is free, also for another encoder.
    let stats = chart_encoder_by_name("stats", 32, None).unwrap();
    let made = db.create_space("one", &stats, 1, Control::new()).unwrap();
    assert!(made.windows_embedded > 200);
}

#[test]
fn an_encoder_of_weights_needs_its_weights() {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    let encoder = weights(5).chart_encoder().unwrap();
    let error = db
        .create_space("net", &encoder, 1, Control::new())
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is not known to this database: expected stored weights with the hash"),
        "the reason is told: {error}"
    );
}

/// A network of another program is tried on windows that are made up before anything is stored.
#[test]
fn trying_a_network_of_onnx_shows_progress_and_can_be_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let db = OpenOptions::new()
        .clip_weights(None)
        .open(dir.path().join("market.rhyme"))
        .unwrap();
    let declaration = serde_json::from_value(serde_json::json!({
        "window": 48,
        "dim": 16,
        "causal": true,
        "channels": ["return", "range", "volume"],
        "normaliser": {
            "volatility": { "bars": 32, "half_life": 8, "lag": 1 },
            "level": { "bars": 32, "half_life": 8, "lag": 1 },
        },
        "trained": [],
    }));
    let file = include_bytes!("../fixtures/onnx/tcn.onnx");
    let weights = Weights::from_onnx(file, &declaration.unwrap()).unwrap();
    let make = |control| db.create_space_of_weights("net", &weights, 1, control);
    let error = make(Control::new().stop_after_looks(50)).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
    assert!(db.now().spaces().unwrap().is_empty());

    let told = Arc::new(Mutex::new(Vec::new()));
    let shown = Arc::clone(&told);
    make(Control::new().on_progress(move |p| {
        if p.stage == Stage::Try {
            shown.lock().unwrap().push((p.done, p.total));
        }
    }))
    .unwrap();
    let told = told.lock().unwrap();
    assert!(told.len() > 100 && told.is_sorted());
    assert!(told.last().is_some_and(|(done, total)| done == total));
    assert_eq!(db.now().spaces().unwrap().len(), 1);
}

fn clip() -> Weights {
    let mut chart = ChartConfig::multiscale(16, 16);
    chart.layers[0].convolutions.truncate(1);
    let text = TextConfig {
        buckets: 1024,
        ..TextConfig::new(16)
    };
    Weights::random(&WeightsConfig::clip(chart, text, 0.1), 6).unwrap()
}

fn headline(text: &str, hour: i64, precision: TimePrecision) -> Headline {
    Headline {
        time: Timestamp::from_millis(oracle::START + hour * HOUR),
        precision,
        text: text.to_owned(),
        source: "test".to_owned(),
        symbols: Vec::new(),
    }
}

#[test]
fn headlines_stand_in_the_space_of_their_weights() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("market.rhyme");
    let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
    db.ingest_bars(&[crypto("AAA", 300, 1)]).unwrap();
    let early = [
        headline("Miners sell as prices fall", 10, TimePrecision::Second),
        headline("...", 11, TimePrecision::Second),
        headline("Quiet trading", 24, TimePrecision::Day),
    ];
    assert_eq!(db.ingest_headlines(&early).unwrap().embedded, 0);
    let weights = clip();
    let report = db
        .create_space_of_weights("clip", &weights, 1, Control::new())
        .unwrap();
    // The one without a word says nothing.
    assert_eq!(report.headlines_embedded, 2);
    assert!(report.windows_embedded > 100);
    let late = headline("Prices surge to a record", 50, TimePrecision::Second);
    let all = [&early[..], std::slice::from_ref(&late)].concat();
    let report = db.ingest_headlines(&all).unwrap();
    assert_eq!((report.added, report.unchanged, report.embedded), (1, 3, 1));
    let rows = |db: &Database| {
        let spaces = db.now().spaces().unwrap();
        spaces.iter().map(|s| s.headline_rows).collect::<Vec<_>>()
    };
    assert_eq!(rows(&db), [0, 3]);

    let encoder = weights.text_encoder().unwrap();
    let vector = encoder.encode_text(&late.text).unwrap().unwrap();
    let found = |view: &View| {
        let hits = view.headlines_like("clip", &vector, 10).unwrap();
        for hit in &hits {
            let other = encoder.encode_text(&hit.headline.text).unwrap().unwrap();
            let cosine: f32 = vector.iter().zip(other).map(|(x, y)| x * y).sum();
            assert!((cosine - hit.score).abs() < 1e-4, "{hit:?} {cosine}");
        }
        assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        hits.into_iter().map(|h| h.headline).collect::<Vec<_>>()
    };
    assert_eq!(found(&db.now()).len(), 3);
    assert_eq!(found(&db.now())[0], late);
    // Nothing that was not known: a headline known to the day counts from the day's end.
    let at = |hour: i64| db.at(Timestamp::from_millis(oracle::START + hour * HOUR));
    assert_eq!(found(&at(50)).len(), 3);
    assert_eq!(found(&at(49)).len(), 2);
    assert_eq!(found(&at(47)), [early[0].clone()]);
    assert_eq!(found(&at(9)), []);
    // A chart finds sentences.
    let chart = weights.chart_encoder().unwrap();
    let bars = crypto("AAA", 300, 1).bars;
    let vector = chart.encode_window(&bars).unwrap().unwrap();
    assert_eq!(
        db.now().headlines_like("clip", &vector, 2).unwrap().len(),
        2
    );
    let wrong = db.now().headlines_like("clip", &[1.0], 2).unwrap_err();
    assert!(wrong.to_string().contains("16 numbers"), "{wrong}");

    db.verify(&Control::new()).unwrap();
    db.delete_headlines(late.time..=late.time).unwrap();
    assert_eq!(rows(&db), [0, 2]);
    drop(db);
    let db = OpenOptions::new().clip_weights(None).open(&path).unwrap();
    db.verify(&Control::new()).unwrap();
    assert_eq!(rows(&db), [0, 2]);
    db.drop_space("clip").unwrap();
    assert_eq!(rows(&db), [0]);
    assert_eq!(db.ingest_headlines(&all).unwrap().embedded, 0);
}
