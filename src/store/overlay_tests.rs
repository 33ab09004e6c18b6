//! Tables with records laid over them beside tables that are written at once, over random operations.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use redb::{Key, Value};

use super::laid_table::OverlaidDefinition;
use super::overlay_key::OverlayKey;
use super::tables::{APPENDS, CHANGES, EXTENTS, FLAT, FRESH, PENDING, TAIL, WRITERS};
use super::*;
use crate::disk::FileSystem;
use crate::error::Error;
use crate::model::{Bar, Bars, ChangePosition, Headline, TimePrecision, Timestamp};

const SERIES: u32 = 3;
const SPACES: u32 = 2;

#[derive(Clone, Debug)]
enum Step {
    /// Bars at the end of series, and a row, a flat window or a range that waits for each.
    Append {
        series: Vec<u32>,
        bars: i64,
    },
    Correct {
        series: u32,
        back: i64,
        close: u8,
    },
    /// The last bars of series again, and a row or a flat window for each, in the place of what was there.
    CorrectLast {
        series: Vec<u32>,
        close: u8,
    },
    Remove {
        series: u32,
        first: i64,
        len: i64,
    },
    Seal {
        space: u32,
    },
    Embed {
        space: u32,
        series: u32,
    },
    Drop {
        space: u32,
    },
    Reopen,
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    let series = 1..=SERIES;
    let space = 1..=SPACES;
    prop_oneof![
        9 => (prop::collection::vec(series.clone(), 1..4), prop_oneof![9 => 1i64..3, 1 => 200i64..900])
            .prop_map(|(series, bars)| Step::Append { series, bars }),
        1 => (series.clone(), 0i64..400, 1u8..4)
            .prop_map(|(series, back, close)| Step::Correct { series, back, close }),
        4 => (prop::collection::vec(series.clone(), 1..4), 1u8..4)
            .prop_map(|(series, close)| Step::CorrectLast { series, close }),
        1 => (series.clone(), 0i64..900, 1i64..400)
            .prop_map(|(series, first, len)| Step::Remove { series, first, len }),
        1 => space.clone().prop_map(|space| Step::Seal { space }),
        1 => (space.clone(), series).prop_map(|(space, series)| Step::Embed { space, series }),
        1 => space.prop_map(|space| Step::Drop { space }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Nothing),
    ]
}

pub(super) fn bar(time: i64, close: f64) -> Bar {
    Bar {
        time: Timestamp::from_millis(time),
        open: close,
        high: close,
        low: close,
        close,
        volume: 1.0,
    }
}

fn append(txn: &WriteTxn, series: u32, count: i64) {
    let extent = txn.bar_extent(series).unwrap();
    let next = extent.map_or(0, |e| e.last + 1);
    let bars: Bars = (next..next + count).map(|t| bar(t, t as f64)).collect();
    txn.merge_bars(series, &bars, extent).unwrap();
    for space in 1..=SPACES {
        let pending = |first| Pending {
            series,
            first,
            last: next + count - 1,
        };
        match (next + i64::from(space)) % 4 {
            0 => txn.put_flat(space, series, &[next]).unwrap(),
            1 => txn.add_pending(space, pending(next)).unwrap(),
            2 => txn.extend_pending(space, pending(next), next - 1).unwrap(),
            _ => {
                let row = |end| FreshRow {
                    series,
                    end,
                    vector: vec![space as u8; 5],
                };
                let rows: Vec<_> = (next..next + count).map(row).collect();
                txn.put_fresh(space, rows).unwrap();
            }
        }
    }
}

fn remove_unsealed(txn: &WriteTxn, space: u32, (series, first, last): (u32, i64, i64)) {
    let gone = EndingRows {
        series,
        first,
        last,
    };
    txn.remove_unsealed(space, &[gone]).unwrap();
}

fn correct_last(txn: &WriteTxn, series: u32, close: u8) {
    let extent = txn.bar_extent(series).unwrap();
    let Some(end) = extent.map(|e| e.last) else {
        return;
    };
    let bars = [bar(end, f64::from(close))].into_iter().collect();
    txn.merge_bars(series, &bars, extent).unwrap();
    for space in 1..=SPACES {
        remove_unsealed(txn, space, (series, end, end));
        if close == 1 && space == 1 {
            txn.put_flat(space, series, &[end]).unwrap();
        } else {
            let vector = vec![close; 5];
            let row = FreshRow {
                series,
                end,
                vector,
            };
            txn.put_fresh(space, vec![row]).unwrap();
        }
    }
}

fn apply(txn: &WriteTxn, step: &Step) {
    match step {
        Step::Append { series, bars } => series.iter().for_each(|s| append(txn, *s, *bars)),
        Step::Correct {
            series,
            back,
            close,
        } => {
            let extent = txn.bar_extent(*series).unwrap();
            let time = extent.map_or(0, |e| e.last) - back;
            let bars = [bar(time, f64::from(*close))].into_iter().collect();
            txn.merge_bars(*series, &bars, extent).unwrap();
            remove_unsealed(txn, 1, (*series, time, time + 9));
        }
        Step::CorrectLast { series, close } => {
            series.iter().for_each(|s| correct_last(txn, *s, *close));
        }
        Step::Remove { series, first, len } => {
            txn.remove_bars(*series, *first..=first + len).unwrap();
            remove_unsealed(txn, 2, (*series, *first, first + len));
        }
        Step::Seal { space } => txn.clear_fresh(*space).unwrap(),
        Step::Embed { space, series } => {
            if let Some(first) = txn.pending(*space).unwrap().first() {
                txn.remove_pending(*space, *first).unwrap();
            }
            txn.clear_pending(*space, *series).unwrap();
        }
        Step::Drop { space } => txn.remove_space(*space).unwrap(),
        Step::Reopen | Step::Nothing => {}
    }
}

/// All that is read of the tables.
fn seen(txn: &(impl BarReads + RowReads)) -> String {
    let mut all = format!("{:?}", txn.bar_sizes().unwrap());
    for series in 1..=SERIES {
        let bars = txn.bars(series, i64::MIN..=i64::MAX).unwrap();
        all += &format!("{:?} {bars:?}", txn.bar_extent(series).unwrap());
        for time in [-1, 7, 250, 900] {
            all += &format!(
                "{:?} {:?} {:?}",
                txn.bars_up_to(series, time, 9).unwrap().time,
                txn.nth_bar_after(series, time, 9).unwrap(),
                txn.bar_times(series, time..=time + 9).unwrap(),
            );
        }
    }
    for space in 1..=SPACES {
        all += &format!(
            "{:?} {} {:?}",
            txn.fresh_rows(space).unwrap(),
            txn.flat_count(space).unwrap(),
            txn.pending(space).unwrap()
        );
        for series in 1..=SERIES {
            all += &format!("{:?}", txn.flat_ends(space, series).unwrap());
        }
    }
    all
}

/// What a table holds without what is laid over it.
fn alone<K: OverlayKey, V: Value + 'static>(
    txn: &ReadTxn,
    definition: OverlaidDefinition<K, V>,
) -> Vec<(String, String)> {
    let table = txn.table(definition.table).unwrap();
    entries(
        &table
            .iter()
            .unwrap()
            .map(Result::unwrap)
            .collect::<Vec<_>>(),
    )
}

fn entries<K: Key + 'static, V: Value + 'static>(
    found: &[(redb::AccessGuard<'_, K>, redb::AccessGuard<'_, V>)],
) -> Vec<(String, String)> {
    let entry = |(key, value): &(redb::AccessGuard<'_, K>, redb::AccessGuard<'_, V>)| {
        (format!("{:?}", key.value()), format!("{:?}", value.value()))
    };
    found.iter().map(entry).collect()
}

fn tables(txn: &ReadTxn) -> [Vec<(String, String)>; 5] {
    [
        alone(txn, TAIL),
        alone(txn, EXTENTS),
        alone(txn, FRESH),
        alone(txn, FLAT),
        alone(txn, PENDING),
    ]
}

/// A catalog and its folder.
pub(super) struct TestCatalog {
    pub(super) dir: tempfile::TempDir,
    pub(super) catalog: Option<Catalog>,
    fold_every: u64,
}

impl TestCatalog {
    pub(super) fn new(fold_every: u64) -> Self {
        let mut place = Self {
            dir: tempfile::tempdir().unwrap(),
            catalog: None,
            fold_every,
        };
        place.reopen();
        place
    }

    fn reopen(&mut self) {
        self.catalog = None;
        let path = self.dir.path().join("catalog.redb");
        // Durable or not makes no difference here.
        let catalog = Catalog::open_syncing(&FileSystem, &path, 9999).unwrap();
        self.catalog = Some(catalog.folding_every(self.fold_every));
    }

    pub(super) fn catalog(&self) -> &Catalog {
        self.catalog.as_ref().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn folded_tables_are_those_that_are_written_at_once(
        steps in prop::collection::vec(step(), 1..40),
        fold_every in prop_oneof![Just(2u64), Just(7), Just(1000)],
    ) {
        let (mut laid, at_once) = (TestCatalog::new(fold_every), TestCatalog::new(1));
        for step in &steps {
            let txn = at_once.catalog().write().unwrap();
            // Everything goes into the tables, as before there were records.
            txn.over.each().iter().for_each(|over| over.borrow_mut().folded = true);
            apply(&txn, step);
            let expected = seen(&txn);
            txn.commit().unwrap();
            if matches!(step, Step::Reopen) {
                laid.catalog().sync().unwrap();
                laid.reopen();
            }
            let view = laid.catalog().read().unwrap();
            let before = seen(&view);
            let txn = laid.catalog().write().unwrap();
            apply(&txn, step);
            prop_assert_eq!(&seen(&txn), &expected);
            txn.commit().unwrap();
            prop_assert_eq!(seen(&laid.catalog().read().unwrap()), expected);
            prop_assert_eq!(seen(&view), before);
        }
        // One more commit that folds.
        let last = laid.catalog().clone().folding_every(1);
        for catalog in [&last, at_once.catalog()] {
            let txn = catalog.write().unwrap();
            append(&txn, 1, 1);
            txn.commit().unwrap();
        }
        let read = last.read().unwrap();
        prop_assert_eq!(read.table(APPENDS).unwrap().len().unwrap(), 0);
        prop_assert_eq!(tables(&read), tables(&at_once.catalog().read().unwrap()));
    }
}

/// Rows that others replace are laid over those of before, and what only goes is folded.
#[test]
fn corrections_of_last_bars_are_records() {
    let place = TestCatalog::new(32);
    let records = |change: &dyn Fn(&WriteTxn)| {
        let txn = place.catalog().write().unwrap();
        change(&txn);
        let removed = txn.commit().unwrap().fresh_removed();
        let read = place.catalog().read().unwrap();
        (read.table(APPENDS).unwrap().len().unwrap(), removed)
    };
    // Both spaces have a fresh row of the last bar when this is done.
    let row = |txn: &WriteTxn| {
        append(txn, 1, 1);
        correct_last(txn, 1, 2);
    };
    assert_eq!(records(&row), (1, false));
    assert_eq!(records(&|txn| correct_last(txn, 1, 3)), (2, false));
    let rows = |space| place.catalog().read().unwrap().fresh_rows(space).unwrap();
    assert_eq!((&rows(1)[0].vector, rows(1).len()), (&vec![3; 5], 1));
    // The window becomes flat, so its row only goes.
    assert_eq!(records(&|txn| correct_last(txn, 1, 1)), (0, true));
    assert_eq!((rows(1).len(), rows(2).len()), (0, 1));
    assert_eq!(records(&|txn| append(txn, 1, 1)), (1, false));
}

/// The changes of the last commits are kept, and an earlier one is told to begin anew.
#[test]
fn changes_are_kept_for_a_number_of_commits() {
    let place = TestCatalog::new(32);
    for _ in 0..1030 {
        let txn = place.catalog().write().unwrap();
        append(&txn, 1, 1);
        txn.commit().unwrap();
    }
    let read = place.catalog().read().unwrap();
    assert_eq!(read.last_commit().unwrap().commit(), 1030);
    assert_eq!(read.table(CHANGES).unwrap().len().unwrap(), 1024);
    let changes_after = |commit| read.changes_after(read.position(commit).unwrap());
    let numbers: Vec<u64> = changes_after(6).unwrap().iter().map(|r| r.0).collect();
    assert_eq!(numbers, (7..=1030).collect::<Vec<_>>());
    assert_eq!(changes_after(1030).unwrap(), []);
    for commit in [0, 5, 1031] {
        let told = changes_after(commit).unwrap_err();
        assert!(
            matches!(
                told,
                Error::ChangesNotKept {
                    oldest: 6,
                    newest: 1030,
                    ..
                }
            ),
            "{told:?}"
        );
    }
    // Many headlines at once are one record, and far too many are a commit that cannot tell: it makes all
    // before it useless.
    for (text, kept) in [(100, true), (200, false)] {
        let last = place.catalog().read().unwrap().last_commit().unwrap();
        let txn = place.catalog().write().unwrap();
        let headline = |i: i64| Headline {
            time: Timestamp::from_millis(i),
            precision: TimePrecision::Second,
            text: "x".repeat(text),
            source: String::new(),
            symbols: Vec::new(),
        };
        (0..60_000).for_each(|i| txn.note(NotedChange::HeadlineAdded(headline(i))));
        txn.commit().unwrap();
        let read = place.catalog().read().unwrap();
        let told = read.changes_after(last);
        assert_eq!(told.is_ok_and(|told| told[0].1.len() == 60_000), kept);
        let last = read.last_commit().unwrap();
        assert_eq!(read.changes_after(last).unwrap(), []);
    }

    let txn = place.catalog().write().unwrap();
    append(&txn, 1, 1);
    txn.note_unknown();
    txn.commit().unwrap();
    let read = place.catalog().read().unwrap();
    let last = read.last_commit().unwrap();
    let before = read.position(last.commit() - 1).unwrap();
    assert!(read.changes_after(before).is_err());
    assert_eq!(read.changes_after(last).unwrap(), []);
}

#[test]
fn commits_that_others_wrote_are_told_from_those_that_were_lost() {
    let place = TestCatalog::new(32);
    let append_as = |writer: u64, rows: i64| {
        let mut catalog = place.catalog().clone();
        catalog.writer = writer;
        for _ in 0..rows {
            let txn = catalog.write().unwrap();
            append(&txn, 1, 1);
            txn.commit().unwrap();
        }
    };
    append_as(10, 2);
    append_as(11, 3);
    append_as(10, 1);
    let read = place.catalog().read().unwrap();
    let of = ChangePosition::new;
    for (commit, writer) in [(1, 10), (2, 10), (3, 11), (5, 11), (6, 10)] {
        assert_eq!(read.position(commit).unwrap(), of(commit, writer));
        let told = read.changes_after(of(commit, writer)).unwrap();
        assert_eq!(told.len() as u64, 6 - commit);
    }
    for lost in [of(2, 11), of(3, 10), of(6, 12)] {
        let told = read.changes_after(lost).unwrap_err();
        assert!(
            told.to_string()
                .contains("was lost, and another one is number"),
            "{told}"
        );
    }
    let told = read.changes_after(of(7, 10)).unwrap_err().to_string();
    assert!(told.contains("only those since commits 1 to 6"), "{told}");

    // Of writers whose commits are all forgotten, none is kept.
    for writer in 0..1100 {
        append_as(100 + writer, 1);
    }
    let read = place.catalog().read().unwrap();
    assert_eq!(read.table(WRITERS).unwrap().len().unwrap(), 1025);
    let oldest = read.position(1106 - 1024).unwrap();
    assert_eq!(read.changes_after(oldest).unwrap().len(), 1024);
    assert_eq!(oldest, of(82, 100 + 82 - 7));
}
