//! Random operations on a database and on its mirror, which must agree at every step.
//!
//! `RHYME_MODEL_OPS` says how many operations to try (default 1500); each database lives for 150
//! of them. A failure prints the seed of its database; `RHYME_MODEL_SEED` starts there.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod mirror;
mod oracle;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use mirror::{Asked, ChartSpace, Mirror, MirrorSeries, Question};
use oracle::{DAY, HOUR, Lcg, START};
use rhymedb::{
    Bar, Calendar, Control, Database, Error, SeriesBars, SeriesKey, Target, Timestamp, VectorRow,
    View, chart_encoder_by_name,
};

const OPS_PER_DATABASE: u64 = 150;
const IMPORTED_DIM: usize = 6;

/// What a series can have: its name and the open times that bars are taken from.
struct Listing {
    key: SeriesKey,
    calendar: Calendar,
    opens: Vec<i64>,
}

fn listings() -> Vec<Listing> {
    let hours = |step: i64, n: i64| (0..n).map(|i| START + i * step * HOUR).collect::<Vec<_>>();
    let weekdays = |n: usize| (0..).filter(|d| d % 7 < 5).map(|d| START + d * DAY).take(n);
    let sessions = weekdays(36).flat_map(|day| (14..21).map(move |h| day + h * HOUR));
    let months = (0..140).map(|i| {
        let next = format!("{}-{:02}-01", 2000 + (i + 1) / 12, (i + 1) % 12 + 1);
        next.parse::<Timestamp>().unwrap().millis() - DAY
    });
    let (crypto, equity) = (Calendar::Continuous, Calendar::Session);
    [
        ("crypto/one/AAA:1h", crypto, hours(1, 260)),
        ("crypto/two/AAA:1h", crypto, hours(1, 180)),
        ("crypto/one/AAA:4h", crypto, hours(4, 150)),
        ("equity/one/BBB:1d", equity, weekdays(230).collect()),
        ("equity/one/BBB:1h", equity, sessions.collect()),
        ("equity/one/CCC:1M", equity, months.collect()),
        ("crypto/one/DDD:1h", crypto, hours(1, 200)),
    ]
    .into_iter()
    .map(|(name, calendar, opens)| Listing {
        key: name.parse().unwrap(),
        calendar,
        opens,
    })
    .collect()
}

struct Dice(Lcg);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        (self.0.next() * n as f64) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// A database, its mirror, and perhaps an older view of both.
struct World {
    dir: tempfile::TempDir,
    db: Option<Database>,
    mirror: Mirror,
    old: Option<(View, Mirror)>,
    charts: Vec<ChartSpace>,
    imports: bool,
    listings: Vec<Listing>,
    dice: Dice,
    compared: usize,
}

impl World {
    fn new(seed: u64) -> Self {
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

    fn db(&self) -> &Database {
        self.db.as_ref().unwrap()
    }

    fn bar(&mut self, series: usize, i: usize) -> Bar {
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

    fn piece(&mut self) -> (usize, SeriesBars) {
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

    fn entry(&mut self, series: usize) -> &mut MirrorSeries {
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

    fn ingest(&mut self) {
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

    fn delete(&mut self) {
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

    fn import(&mut self) {
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

    fn asked(&mut self) -> (&'static str, Asked) {
        if self.imports && self.dice.one_in(4) {
            return ("own", Asked::Imported);
        }
        let chart = self.charts[self.dice.below(self.charts.len())].clone();
        (chart.name, Asked::Chart(chart))
    }

    fn moment(&mut self, series: usize, often: usize) -> Option<i64> {
        let opens = &self.listings[series].opens;
        let i = self.dice.below(opens.len());
        let shift = self.dice.below(3) as i64 * HOUR;
        (self.dice.below(often) != 0).then_some(opens[i] + shift)
    }

    /// Asks `view` and `mirror` the same question; with `db`, perhaps as of another time.
    fn compare(&mut self, view: &View, mirror: &Mirror, db: Option<&Database>) {
        let (space, asked) = self.asked();
        if !view.spaces().unwrap().iter().any(|s| s.space.name == space) {
            return;
        }
        let series = self.dice.below(self.listings.len());
        let as_of = self.moment(series, 3);
        let dated = db
            .zip(as_of)
            .map(|(db, t)| db.at(Timestamp::from_millis(t)));
        let question = Question {
            series,
            time: self.moment(series, 3),
            as_of: dated.as_ref().and(as_of),
            among: None,
            from: self.moment(series, 2).filter(|_| self.dice.one_in(3)),
            to: self.moment(series, 2).filter(|_| self.dice.one_in(3)),
            k: [1, 3, 10, 80, 2000][self.dice.below(5)],
            exclusion: [0, 1, 3, 16, 50][self.dice.below(5)],
        };
        self.ask(
            dated.as_ref().unwrap_or(view),
            mirror,
            space,
            &asked,
            question,
        );
    }

    fn ask(
        &mut self,
        view: &View,
        mirror: &Mirror,
        space: &str,
        asked: &Asked,
        mut question: Question,
    ) {
        let time = question
            .time
            .map_or(String::new(), |t| format!("@{}", Timestamp::from_millis(t)));
        let target: Target = format!("{}{time}", self.listings[question.series].key)
            .parse()
            .unwrap();
        let mut search = view
            .similar(target)
            .space(space)
            .exact(true)
            .k(question.k)
            .exclusion(question.exclusion);
        if question
            .from
            .zip(question.to)
            .is_some_and(|(from, to)| from > to)
        {
            question.from = None;
        }
        if let Some(from) = question.from {
            search = search.from(Timestamp::from_millis(from));
        }
        if let Some(to) = question.to {
            search = search.to(Timestamp::from_millis(to));
        }
        let part = self.listings[self.dice.below(self.listings.len())]
            .key
            .clone();
        let stored = |passes: &dyn Fn(&SeriesKey) -> bool| -> Vec<usize> {
            let all = mirror.series.iter();
            all.filter(|(_, s)| passes(&s.key))
                .map(|(n, _)| *n)
                .collect()
        };
        let (among, narrowed) = match self.dice.below(8) {
            0 => (
                stored(&|k| k.market == part.market),
                search.clone().market(&part.market),
            ),
            1 => (
                stored(&|k| k.venue == part.venue),
                search.clone().venue(&part.venue),
            ),
            2 => (
                stored(&|k| k.symbol == part.symbol),
                search.clone().symbol(&part.symbol),
            ),
            3 => (
                stored(&|k| k.interval == part.interval),
                search.clone().interval(part.interval),
            ),
            _ => (Vec::new(), search.clone()),
        };
        if !among.is_empty() {
            question.among = Some(among);
            search = narrowed;
        }
        match mirror.check(asked, &question, search.run()) {
            Ok(hits) => self.compared += hits,
            Err(difference) => panic!("{space}: {question:?}: {difference}"),
        }
    }

    fn compare_now(&mut self, db: &Database) {
        let mirror = self.mirror.clone();
        self.compare(&db.now(), &mirror, Some(db));
    }

    fn compare_old(&mut self) {
        let (view, mirror) = match self.old.take() {
            Some(old) => old,
            None => (self.db().now(), self.mirror.clone()),
        };
        self.compare(&view, &mirror, None);
        self.old = Some((view, mirror)).filter(|_| !self.dice.one_in(4));
    }

    fn check_counts(&self, db: &Database) {
        let verified = db.verify(&Control::new()).unwrap();
        let charts = self
            .charts
            .iter()
            .map(|c| self.mirror.count(&Asked::Chart(c.clone())));
        let windows = charts.sum::<u64>() + self.mirror.count(&Asked::Imported);
        assert_eq!(
            (verified.bars, verified.windows),
            (self.mirror.bars(), windows)
        );
        let stats = db.stats().unwrap();
        assert_eq!((stats.bars, stats.windows), (verified.bars, windows));
        let stored = db.now().series().unwrap().len();
        assert_eq!(stored, self.mirror.series.len());
    }

    /// As if the power had gone now, right after a segment was published and not committed.
    fn crash(&mut self) {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.dir.path().join("db"), copy.path());
        let segments = copy.path().join("segments");
        let some = std::fs::read_dir(&segments).unwrap().next();
        let content = some.map_or(b"half".to_vec(), |e| {
            std::fs::read(e.unwrap().path()).unwrap()
        });
        for name in ["000000999999.seg", "000000999998.tmp"] {
            std::fs::write(segments.join(name), &content).unwrap();
        }
        let db = Database::open(copy.path()).unwrap();
        assert!(!segments.join("000000999999.seg").exists());
        assert!(!segments.join("000000999998.tmp").exists());
        self.check_counts(&db);
        self.compare_now(&db);
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..38 => self.ingest(),
            38..44 => self.delete(),
            44..50 => self.import(),
            50..54 => {
                let report = self.db().compact(&Control::new()).unwrap();
                assert_eq!(report.catalog_compacted, self.old.is_none());
            }
            54..57 => {
                self.old = None;
                self.db = None;
                self.db = Some(Database::open(self.dir.path().join("db")).unwrap());
            }
            57..59 => self.crash(),
            59..62 => self.check_counts(&self.db().clone()),
            62..72 => self.compare_old(),
            _ => self.compare_now(&self.db().clone()),
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("segments")).unwrap();
    for folder in ["", "segments"] {
        for entry in std::fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), to.join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn random_operations_agree_with_the_mirror() {
    let first = number("RHYME_MODEL_SEED", 1);
    let databases = number("RHYME_MODEL_OPS", 1500).div_ceil(OPS_PER_DATABASE);
    let mut compared = 0;
    for seed in first..first + databases {
        let mut world = World::new(seed);
        for step in 0..OPS_PER_DATABASE {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.step()));
            assert!(
                done.is_ok(),
                "RHYME_MODEL_SEED={seed}, step {step}: see above"
            );
        }
        compared += world.compared;
    }
    assert!(
        compared as u64 > 400 * databases,
        "only {compared} hits were compared"
    );
}

/// The stages of a bulk ingestion show progress; it is stopped at one of those moments.
fn stopped_at(moment: usize) -> Control {
    let control = Control::new();
    let (handle, seen) = (control.clone(), AtomicUsize::new(0));
    control.on_progress(move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) == moment {
            handle.stop();
        }
    })
}

impl World {
    /// Corrects bars, and leaves before their windows are made searchable.
    fn ingest_and_leave(&mut self, series: usize, bars: Range<usize>, control: Control) -> bool {
        let Listing { key, calendar, .. } = &self.listings[series];
        let (key, calendar) = (key.clone(), *calendar);
        let piece = SeriesBars {
            key,
            calendar,
            bars: bars.map(|i| self.bar(series, i)).collect(),
        };
        self.entry(series);
        let db = self.db().clone();
        let mut ingest = db.ingest(control.clone());
        ingest.bars(std::slice::from_ref(&piece)).unwrap();
        let entry = self.entry(series);
        entry
            .bars
            .extend(piece.bars.iter().map(|b| (b.time.millis(), b)));
        if control.is_stopped() {
            return true;
        }
        match ingest.finish() {
            Ok(_) => false,
            Err(Error::Interrupted) => true,
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn an_interrupted_bulk_ingestion_is_continued_by_whatever_comes_next() {
    const BULK: usize = 8400;
    let mut interrupted = 0;
    for seed in 1..=number("RHYME_MODEL_OPS", 1500).div_ceil(500) {
        println!("seed {seed}");
        let mut world = World::new(seed);
        (0..5).for_each(|_| world.ingest());
        let bulk = world.listings.len();
        world.listings.push(Listing {
            key: "crypto/one/BULK:1m".parse().unwrap(),
            calendar: Calendar::Continuous,
            opens: (0..BULK as i64).map(|i| START + i * 60_000).collect(),
        });
        let moment = world.dice.below(9);
        interrupted += u32::from(world.ingest_and_leave(bulk, 0..BULK, stopped_at(moment)));
        // Corrections of bars whose windows wait, beside others that do not.
        let left = Control::new();
        left.stop();
        let start = world.dice.below(BULK - 100);
        world.ingest_and_leave(bulk, start..start + 30, left.clone());
        let start = world.dice.below(100);
        world.ingest_and_leave(6, start..start + 90, left);
        match seed % 3 {
            0 => world.crash_and_compact(),
            1 => {
                world.db = None;
                world.db = Some(Database::open(world.dir.path().join("db")).unwrap());
            }
            _ => world.delete_bulk(bulk),
        }
        world.db().compact(&Control::new()).unwrap();
        world.check_counts(&world.db().clone());
        (0..4).for_each(|_| world.compare_now(&world.db().clone()));
    }
    assert!(interrupted > 0, "no ingestion was interrupted");
}

impl World {
    fn delete_bulk(&mut self, bulk: usize) {
        let opens = &self.listings[bulk].opens;
        let (first, last) = (opens[3000], opens[3010]);
        let range = Timestamp::from_millis(first)..=Timestamp::from_millis(last);
        let key = self.listings[bulk].key.clone();
        assert_eq!(self.db().delete_bars(&key, Some(range)).unwrap().bars, 11);
        let bars = &mut self.entry(bulk).bars;
        bars.retain(|t, _| !(first..=last).contains(t));
    }

    fn crash_and_compact(&mut self) {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.dir.path().join("db"), copy.path());
        let db = Database::open(copy.path()).unwrap();
        db.compact(&Control::new()).unwrap();
        self.check_counts(&db);
    }
}
