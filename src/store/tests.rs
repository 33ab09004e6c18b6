//! The bars of the catalog beside a `BTreeMap`, over random operations.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{Bar, Bars, Timestamp};

fn bar(time: i64, close: f64) -> Bar {
    Bar {
        time: Timestamp::from_millis(time),
        open: 1.0,
        high: 500.0,
        low: 0.5,
        close,
        volume: 2.0,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Merge {
        start: i64,
        len: usize,
        stride: i64,
        close: u8,
    },
    Remove {
        start: i64,
        len: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let start = -3000i64..9000;
    prop_oneof![
        4 => (start.clone(), prop_oneof![1usize..6, 1usize..3000], 1i64..4, 1u8..4).prop_map(
            |(start, len, stride, close)| Step::Merge { start, len, stride, close }
        ),
        1 => (start, 1i64..3000).prop_map(|(start, len)| Step::Remove { start, len }),
    ]
}

fn apply(txn: &WriteTxn, mirror: &mut BTreeMap<i64, f64>, step: &Step) {
    match *step {
        Step::Merge {
            start,
            len,
            stride,
            close,
        } => {
            let times = (0..len as i64).map(|i| start + i * stride);
            let new: Bars = times.clone().map(|t| bar(t, f64::from(close))).collect();
            let change = txn.merge_bars(1, &new, txn.bar_extent(1).unwrap()).unwrap();
            let mut expected = BarChange::default();
            for time in times {
                match mirror.insert(time, f64::from(close)) {
                    None => expected.added += 1,
                    Some(old) if old == f64::from(close) => {
                        expected.unchanged += 1;
                        continue;
                    }
                    Some(_) => expected.replaced += 1,
                }
                let covered = change.ranges.iter().any(|r| r.contains(&time));
                assert!(covered, "{time} changed and lies in no range");
            }
            let counts = |c: &BarChange| (c.added, c.replaced, c.unchanged);
            assert_eq!(counts(&change), counts(&expected));
        }
        Step::Remove { start, len } => {
            let change = txn.remove_bars(1, start..=start + len).unwrap();
            let before = mirror.len();
            mirror.retain(|t, _| !(start..=start + len).contains(t));
            assert_eq!(change.removed as usize, before - mirror.len());
        }
    }
}

fn compare(txn: &impl BarReads, mirror: &BTreeMap<i64, f64>, probe: i64) {
    let pairs = |bars: &Bars| -> Vec<(i64, f64)> {
        bars.iter().map(|b| (b.time.millis(), b.close)).collect()
    };
    let expected: Vec<(i64, f64)> = mirror.iter().map(|(t, c)| (*t, *c)).collect();
    assert_eq!(pairs(&txn.bars(1, i64::MIN..=i64::MAX).unwrap()), expected);
    let part: Vec<_> = mirror
        .range(probe..=probe + 700)
        .map(|(t, c)| (*t, *c))
        .collect();
    assert_eq!(pairs(&txn.bars(1, probe..=probe + 700).unwrap()), part);
    let times: Vec<i64> = part.iter().map(|p| p.0).collect();
    assert_eq!(txn.bar_times(1, probe..=probe + 700).unwrap(), times);
    let mut newest: Vec<_> = mirror
        .range(..=probe)
        .rev()
        .take(70)
        .map(|(t, c)| (*t, *c))
        .collect();
    newest.reverse();
    assert_eq!(pairs(&txn.bars_up_to(1, probe, 70).unwrap()), newest);
    let after: Vec<i64> = mirror
        .range(probe + 1..)
        .take(70)
        .map(|(t, _)| *t)
        .collect();
    assert_eq!(
        txn.nth_bar_after(1, probe, 70).unwrap(),
        after.last().copied()
    );
    let extent = txn
        .bar_extent(1)
        .unwrap()
        .map(|e| (e.count as usize, e.first, e.last));
    let ends = mirror.keys().next().zip(mirror.keys().next_back());
    assert_eq!(
        extent,
        ends.map(|(first, last)| (mirror.len(), *first, *last))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn bars_agree_with_a_map(steps in prop::collection::vec((step(), -3000i64..9000), 1..14)) {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_or_create(&crate::disk::FileSystem, &dir.path().join("c")).unwrap();
        let mut mirror = BTreeMap::new();
        for (step, probe) in &steps {
            let txn = catalog.write().unwrap();
            apply(&txn, &mut mirror, step);
            compare(&txn, &mirror, *probe);
            txn.commit().unwrap();
        }
        compare(&catalog.read().unwrap(), &mirror, 0);
    }
}

#[test]
fn another_series_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open_or_create(&crate::disk::FileSystem, &dir.path().join("c")).unwrap();
    let txn = catalog.write().unwrap();
    let bars: Bars = (0..5000).map(|t| bar(t, 1.0)).collect();
    for series in [1, 2, 3] {
        txn.merge_bars(series, &bars, txn.bar_extent(series).unwrap())
            .unwrap();
    }
    txn.remove_bars(2, 0..=10_000).unwrap();
    assert_eq!(txn.bars(1, 0..=9999).unwrap(), bars);
    assert_eq!(txn.bars(2, 0..=9999).unwrap().len(), 0);
    assert_eq!(txn.bars(3, 0..=9999).unwrap(), bars);
}
