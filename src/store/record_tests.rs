//! Records of commits that cannot be.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::overlay_tests::{TestCatalog, bar};
use super::tables::{APPENDS, CHANGES, META};
use super::*;
use crate::disk::FileSystem;

/// A catalog with three commits that are not folded. Returns what is found after `change`.
fn checked(change: impl Fn(&WriteTxn)) -> Result<u64, String> {
    let place = TestCatalog::new(32);
    let txn = place.catalog().write().unwrap();
    let key = "crypto/test/AAA:1h".parse().unwrap();
    let calendar = crate::model::Calendar::Continuous;
    assert_eq!(txn.ensure_series(&key, calendar).unwrap(), 1);
    txn.commit().unwrap();
    for time in 0..3 {
        let txn = place.catalog().write().unwrap();
        let bars = [bar(time, 1.0)].into_iter().collect();
        let extent = txn.bar_extent(1).unwrap();
        txn.merge_bars(1, &bars, extent).unwrap();
        txn.commit().unwrap();
    }
    let txn = place.catalog().write().unwrap();
    change(&txn);
    txn.sync_with_it();
    txn.commit().unwrap();
    // As a program that has read none of it.
    let path = place.dir.path().join("catalog.redb");
    drop(place.catalog);
    let catalog = Catalog::open_or_create(&FileSystem, &path).unwrap();
    let read = catalog.read().map_err(|e| e.to_string())?;
    read.check_tables().map_err(|e| e.to_string())
}

#[test]
fn records_of_commits_that_cannot_be_are_found() {
    assert_eq!(checked(|_| ()), Ok(0));
    let meta = |name: &'static str, value: u64| {
        move |txn: &WriteTxn| txn.table_mut(META).unwrap().insert(name, value).unwrap()
    };
    let noted = |changes: Vec<NotedChange>| {
        move |txn: &WriteTxn| {
            let value = codec::encode(&changes).unwrap();
            txn.table_mut(CHANGES)
                .unwrap()
                .insert(3, value.as_slice())
                .unwrap();
        }
    };
    for (found, message) in [
        (
            checked(meta("last_commit", 4)),
            "the record of the commit 4 is missing",
        ),
        (
            checked(meta("last_commit", 2)),
            "expected records 1 to 2, found 3",
        ),
        (
            checked(meta("folded_commit", 1)),
            "expected records 2 to 3, found 1",
        ),
        (
            checked(meta("folded_commit", 4)),
            "expected folded_commit up to 3, found 4",
        ),
        (
            checked(meta("change_bytes", 4)),
            "expected change_bytes to be",
        ),
        (
            checked(|txn| {
                assert!(txn.table_mut(APPENDS).unwrap().remove(2).unwrap());
            }),
            "the record of the commit 2 is missing",
        ),
        (
            checked(|txn| {
                assert!(txn.table_mut(CHANGES).unwrap().remove(2).unwrap());
            }),
            "expected the record after Some(1), found 3",
        ),
        (
            checked(|txn| {
                txn.table_mut(APPENDS)
                    .unwrap()
                    .insert(2, &[1, 7][..])
                    .unwrap();
            }),
            "appends: a value cannot be decoded",
        ),
        (
            checked(noted(vec![NotedChange::Removed {
                space: 0,
                series: 2,
                first: 0,
                last: 0,
            }])),
            "expected next_series above 2",
        ),
    ] {
        let found = found.unwrap_err();
        assert!(found.contains(message), "{message}: {found}");
    }
}
