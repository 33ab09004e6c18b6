//! Encoders and callbacks of the caller's own that fail, panic, are not there or were changed: what
//! is stored stays sound, and everybody is told what happened where.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use oracle::{HOUR, START, crypto};
use rhymedb::admin::SegmentSizes;
use rhymedb::data::SpaceInfo;
use rhymedb::encode::{ChartEncoder, EncoderSpec, Modality, Sharing, chart_encoder_by_name};
use rhymedb::ingest::{IngestReport, SeriesVectors};
use rhymedb::{
    Bars, Control, Database, Error, OpenOptions, Result, SeriesBars, Target, Timestamp, View,
};

const WINDOW: usize = 8;
const SPACE: &str = "mine";

type Encode = dyn Fn(&Bars) -> Result<Option<Vec<f32>>> + Send + Sync;

/// An encoder that does what it is told.
struct Own {
    spec: EncoderSpec,
    encode: Box<Encode>,
}

impl ChartEncoder for Own {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode_window(&self, bars: &Bars) -> Result<Option<Vec<f32>>> {
        (self.encode)(bars)
    }
}

fn own(
    id: &str,
    encode: impl Fn(&Bars) -> Result<Option<Vec<f32>>> + Send + Sync + 'static,
) -> Arc<dyn ChartEncoder> {
    Arc::new(Own {
        spec: EncoderSpec {
            id: id.to_owned(),
            modality: Modality::Chart,
            dim: WINDOW as u32,
            channels: 1,
            window: WINDOW as u32,
            receptive_field: WINDOW as u32,
            warm_up: 0,
            sharing: Sharing::None,
            causal: true,
            normaliser: "mean".to_owned(),
            weights_hash: 0,
        },
        encode: Box::new(encode),
    })
}

/// Closes around their mean, to a power.
fn centred(bars: &Bars, power: i32) -> Result<Option<Vec<f32>>> {
    let closes = &bars.close[bars.len() - WINDOW..];
    let mean = closes.iter().sum::<f64>() / WINDOW as f64;
    let around = closes.iter().map(|c| (c / mean - 1.0).powi(power));
    let norm = around.clone().map(|x| x * x).sum::<f64>().sqrt();
    Ok((norm > 0.0).then(|| around.map(|x| (x / norm) as f32).collect()))
}

fn sound() -> Arc<dyn ChartEncoder> {
    own("own/1", |bars| centred(bars, 1))
}

fn panics() -> Arc<dyn ChartEncoder> {
    own("own/1", |_| panic!("out of cheese"))
}

/// Sound but for the window whose last bar opens so many hours after the start.
fn bad_at(hours: &[i64]) -> Arc<dyn ChartEncoder> {
    let hours = hours.to_vec();
    own("own/1", move |bars| {
        let last = (bars.time.last().unwrap() - START) / HOUR;
        match hours.iter().position(|h| *h == last) {
            None => centred(bars, 1),
            Some(0) => panic!("out of cheese"),
            Some(1) => Err(Error::Invalid("no such window".to_owned())),
            Some(_) => Ok(Some(vec![f32::NAN; WINDOW])),
        }
    })
}

fn few(rows: u64) -> SegmentSizes {
    SegmentSizes {
        fresh_batch: rows,
        fresh_rows: 1 << 15,
        segment_rows: 64,
        ..SegmentSizes::default()
    }
}

fn options() -> OpenOptions {
    OpenOptions::new()
        .clip_weights(None)
        .segment_sizes(few(100))
}

fn open(path: &Path, encoders: &[Arc<dyn ChartEncoder>]) -> Database {
    let mut options = options();
    for encoder in encoders {
        options = options.encoder(Arc::clone(encoder));
    }
    options.open(path).unwrap()
}

fn hours(symbol: &str, from: usize, to: usize) -> SeriesBars {
    let whole = crypto(symbol, to, 1);
    SeriesBars {
        bars: whole.bars.slice(from..to),
        ..whole
    }
}

fn space(db: &Database, name: &str) -> Option<SpaceInfo> {
    let spaces = db.now().spaces().unwrap();
    spaces.into_iter().find(|s| s.space.name == name)
}

fn vectors(view: &View) -> Vec<SeriesVectors> {
    let mut all = Vec::new();
    let each = |series| {
        all.push(series);
        Ok(())
    };
    view.vectors(Some(SPACE), &[], None, None, each).unwrap();
    all
}

fn is_sound(db: &Database) {
    db.verify(&Control::new()).unwrap();
    let target: Target = "AAA".parse().unwrap();
    assert!(!db.now().similar(target).run().unwrap().hits.is_empty());
}

fn text(error: &Error) -> String {
    let text = error.to_string();
    assert!(
        !text.contains("damaged") && !text.contains("backup"),
        "{text}"
    );
    text
}

#[test]
fn a_panic_of_an_encoder_is_its_error_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), &[panics()]);
    db.ingest_bars(&[hours("AAA", 0, 400)]).unwrap();
    let error = db
        .create_space(SPACE, &panics(), 1, Control::new())
        .unwrap_err();
    assert!(matches!(error, Error::Encoder { .. }), "{error:?}");
    let said = text(&error);
    for part in ["own/1", "space mine", "AAA", "out of cheese"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(space(&db, SPACE), None);
    is_sound(&db);
    db.ingest_bars(&[hours("AAA", 400, 420)]).unwrap();
    drop(db);

    // A space that is there: questions name the window, and nothing else is lost.
    let db = open(dir.path(), &[sound()]);
    db.create_space(SPACE, &sound(), 1, Control::new()).unwrap();
    drop(db);
    let db = open(dir.path(), &[panics()]);
    let target: Target = "AAA".parse().unwrap();
    let error = db.now().similar(target).space(SPACE).run().unwrap_err();
    assert!(matches!(error, Error::Encoder { .. }), "{error:?}");
    let said = text(&error);
    assert!(
        said.contains("AAA:1h@") && said.contains("space mine"),
        "{said}"
    );
    is_sound(&db);
}

/// A progress callback that panics from its `n`-th call on.
fn panicking(n: usize) -> Control {
    let calls = AtomicUsize::new(0);
    Control::new().on_progress(move |_| {
        assert!(calls.fetch_add(1, Ordering::SeqCst) < n, "the callback");
    })
}

fn panic_of(work: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(work)).unwrap_err();
    panic.downcast_ref::<&str>().map_or_else(
        || panic.downcast_ref::<String>().unwrap().clone(),
        |said| (*said).to_owned(),
    )
}

#[test]
fn a_panic_of_a_callback_reaches_the_caller_and_the_database_goes_on() {
    for n in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        let db = open(dir.path(), &[]);
        let stats = chart_encoder_by_name("stats", 32, None).unwrap();
        let told = |work: &dyn Fn(Control)| {
            let said = panic_of(|| work(panicking(n)));
            assert!(said.contains("the callback"), "{said}");
            let other = db.clone();
            let seen = std::thread::spawn(move || other.now().series().unwrap().len());
            assert_eq!(seen.join().unwrap(), 1, "others can read");
            assert_eq!(db.health().unwrap().leftover_files, [], "after {n} calls");
        };
        told(&|control| {
            let mut ingest = db.ingest(control);
            ingest.bars(&[hours("AAA", 0, 400)]).unwrap();
            drop(ingest.finish());
        });
        db.ingest(Control::new()).finish().unwrap();
        is_sound(&db);
        told(&|control| drop(db.create_space("stats", &stats, 1, control)));
        assert_eq!(space(&db, "stats"), None, "after {n} calls");
        db.create_space("stats", &stats, 1, Control::new()).unwrap();
        db.ingest_bars(&[hours("AAA", 400, 420)]).unwrap();
        told(&|control| drop(db.verify(&control)));
        told(&|control| drop(db.compact(&control)));
        is_sound(&db);
        db.compact(&Control::new()).unwrap();
        let copy = dir.path().join("copy");
        told(&|control| drop(db.backup(&copy, &control)));
        is_sound(&db);
        assert_eq!(db.stats().unwrap().windows, 2 * 420 - 63 - 31);
    }
}

#[test]
fn without_their_encoder_bars_are_stored_and_windows_wait() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), &[sound()]);
    db.ingest_bars(&[hours("AAA", 0, 300)]).unwrap();
    db.create_space(SPACE, &sound(), 1, Control::new()).unwrap();
    drop(db);

    let db = open(dir.path(), &[]);
    // Many at once, then one by one.
    let report = db.ingest_bars(&[hours("AAA", 300, 500)]).unwrap();
    assert_eq!((report.bars_added, report.windows_embedded), (200, 200));
    waits(&report);
    for i in 500..520 {
        let report = db.ingest_bars(&[hours("AAA", i, i + 1)]).unwrap();
        assert_eq!((report.bars_added, report.windows_embedded), (1, 1));
        waits(&report);
    }
    assert_eq!(
        space(&db, SPACE).unwrap().pending_ranges,
        1,
        "they are joined"
    );
    let mut changed = hours("AAA", 100, 101);
    changed.bars.volume[0] += 1.0;
    let report = db.ingest_bars(&[changed]).unwrap();
    assert_eq!((report.bars_replaced, report.windows_removed), (1, 64 + 8));
    waits(&report);
    let at = Timestamp::from_millis(START + 519 * HOUR);
    db.delete_bars(&crypto("AAA", 1, 1).key, Some(at..=at))
        .unwrap();
    db.compact(&Control::new()).unwrap();
    is_sound(&db);
    let hour = Timestamp::from_millis(START + 200 * HOUR);
    assert!(
        vectors(&db.now())[0].ends.contains(&hour),
        "the old vectors answer"
    );
    drop(db);

    let db = open(dir.path(), &[sound()]);
    let report = db.ingest(Control::new()).finish().unwrap();
    assert_eq!(report.waiting_spaces, []);
    assert_eq!(report.windows_embedded, 8 + 219);
    let mine = space(&db, SPACE).unwrap();
    assert_eq!((mine.rows, mine.pending_ranges), (519 - 7, 0));
    is_sound(&db);
}

#[track_caller]
fn waits(report: &IngestReport) {
    let [waiting] = report.waiting_spaces.as_slice() else {
        panic!("{:?}", report.waiting_spaces);
    };
    assert_eq!(
        (waiting.space.as_str(), waiting.encoder.as_str()),
        (SPACE, "own/1")
    );
    assert!(
        waiting.reason.contains("OpenOptions::encoder"),
        "{}",
        waiting.reason
    );
}

#[test]
fn an_encoder_that_fails_as_a_whole_blocks_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), &[sound()]);
    db.ingest_bars(&[hours("AAA", 0, 300)]).unwrap();
    db.create_space(SPACE, &sound(), 1, Control::new()).unwrap();
    drop(db);
    let db = open(dir.path(), &[panics()]);
    for (from, to) in [(300, 350), (350, 500)] {
        let report = db.ingest_bars(&[hours("AAA", from, to)]).unwrap();
        let new = (to - from) as u64;
        assert_eq!((report.bars_added, report.windows_embedded), (new, new));
        assert_eq!(report.waiting_spaces.len(), 1);
        let reason = &report.waiting_spaces[0].reason;
        assert!(
            reason.contains("AAA") && reason.contains("cheese"),
            "{reason}"
        );
    }
    is_sound(&db);
    drop(db);
    let db = open(dir.path(), &[sound()]);
    db.compact(&Control::new()).unwrap();
    assert_eq!(space(&db, SPACE).unwrap().rows, 500 - 7);
    is_sound(&db);
}

#[test]
fn bad_windows_are_left_out_and_named() {
    let bad = bad_at(&[50, 51, 90]);
    // As fresh rows, and in segments.
    for sizes in [few(10_000), few(10)] {
        let dir = tempfile::tempdir().unwrap();
        let db = options()
            .segment_sizes(sizes)
            .encoder(Arc::clone(&bad))
            .open(dir.path())
            .unwrap();
        db.ingest_bars(&[hours("AAA", 0, 80)]).unwrap();
        let report = db.create_space(SPACE, &bad, 1, Control::new()).unwrap();
        assert_eq!(
            (report.windows_embedded, report.windows_flat),
            (80 - 7 - 2, 0)
        );
        assert_eq!(report.windows_failed, 2);
        let named: Vec<_> = report.failed_windows.iter().map(|w| w.end).collect();
        let close = |hour: i64| Timestamp::from_millis(START + (hour + 1) * HOUR);
        assert_eq!(named, [close(50), close(51)]);
        for (window, said) in report
            .failed_windows
            .iter()
            .zip(["cheese", "no such window"])
        {
            assert_eq!(
                (window.space.as_str(), window.series.symbol.as_str()),
                (SPACE, "AAA")
            );
            assert!(window.reason.contains(said), "{}", window.reason);
        }
        let report = db.ingest_bars(&[hours("AAA", 80, 120)]).unwrap();
        assert_eq!(
            (report.windows_failed, report.failed_windows[0].end),
            (1, close(90))
        );
        assert!(report.failed_windows[0].reason.contains("NaN"));
        assert_eq!(space(&db, SPACE).unwrap().rows, 120 - 7 - 3);
        is_sound(&db);
    }
}

#[test]
fn a_new_version_takes_the_place_of_the_old_one_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let second = own("own/2", |bars| centred(bars, 3));
    let third = own("own/3", |_| panic!("out of cheese"));
    let db = open(
        dir.path(),
        &[sound(), Arc::clone(&second), Arc::clone(&third)],
    );
    db.ingest_bars(&[hours("AAA", 0, 300)]).unwrap();
    db.create_space(SPACE, &sound(), 1, Control::new()).unwrap();
    let first_vectors = vectors(&db.now());

    let error = db
        .replace_space(SPACE, &third, 1, Control::new())
        .unwrap_err();
    assert!(matches!(error, Error::Encoder { .. }), "{error:?}");
    assert_eq!(space(&db, SPACE).unwrap().space.encoder.id, "own/1");
    assert_eq!(db.now().spaces().unwrap().len(), 2, "nothing is left of it");
    let none = db
        .replace_space("none", &second, 1, Control::new())
        .unwrap_err();
    assert!(matches!(none, Error::NotFound { .. }), "{none:?}");

    let before = db.now();
    let answered = Arc::new(AtomicBool::new(false));
    let control = {
        let (db, answered) = (db.clone(), Arc::clone(&answered));
        Control::new().on_progress(move |_| {
            assert_eq!(space(&db, SPACE).unwrap().space.encoder.id, "own/1");
            let target: Target = "AAA".parse().unwrap();
            assert!(
                !db.now()
                    .similar(target)
                    .space(SPACE)
                    .run()
                    .unwrap()
                    .hits
                    .is_empty()
            );
            answered.store(true, Ordering::SeqCst);
        })
    };
    let report = db.replace_space(SPACE, &second, 2, control).unwrap();
    assert!(
        answered.load(Ordering::SeqCst),
        "the old one answered meanwhile"
    );
    let info = space(&db, SPACE).unwrap();
    assert_eq!(
        (info.space.encoder.id.as_str(), info.space.hop),
        ("own/2", 2)
    );
    assert_eq!(info.rows, report.windows_embedded);
    assert_eq!(db.now().spaces().unwrap().len(), 2);
    assert_eq!(vectors(&before), first_vectors);
    is_sound(&db);
    drop((before, db));
    let db = open(dir.path(), &[second]);
    assert_eq!(db.health().unwrap().leftover_files, []);
    db.ingest_bars(&[hours("AAA", 300, 320)]).unwrap();
    is_sound(&db);
}

#[test]
fn an_encoder_that_was_changed_without_a_new_name_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), &[sound()]);
    db.ingest_bars(&[hours("AAA", 0, 300)]).unwrap();
    db.create_space(SPACE, &sound(), 1, Control::new()).unwrap();
    // Fresh rows too.
    db.ingest_bars(&[hours("AAA", 300, 340)]).unwrap();
    let report = db.verify(&Control::new()).unwrap();
    assert_eq!(report.changed_spaces, []);
    assert!(report.encoded_again >= 2 * 50, "{report:?}");
    drop(db);

    let changed = own("own/1", |bars| centred(bars, 3));
    let db = open(dir.path(), &[Arc::clone(&changed)]);
    let report = db.verify(&Control::new()).unwrap();
    let [found] = report.changed_spaces.as_slice() else {
        panic!("{report:?}");
    };
    assert_eq!(
        (found.space.as_str(), found.encoder.as_str()),
        (SPACE, "own/1")
    );
    assert!(
        found.differ == found.sample && found.sample >= 50,
        "{found:?}"
    );
    assert_eq!(found.first.series.symbol, "AAA");
    assert_eq!(
        db.changed_encoders(&Control::new()).unwrap(),
        report.changed_spaces
    );
    // The same spec, so it takes the place of itself.
    db.replace_space(SPACE, &changed, 1, Control::new())
        .unwrap();
    assert_eq!(db.changed_encoders(&Control::new()).unwrap(), []);
    drop(db);

    let db = open(dir.path(), &[]);
    let report = db.verify(&Control::new()).unwrap();
    assert_eq!(report.changed_spaces, [], "nobody knows");
}
