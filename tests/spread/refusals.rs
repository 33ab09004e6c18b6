//! What a list cannot be spread by, and what cannot be spread.

use rhymedb::query::{Horizon, Per, Refine};
use rhymedb::{Error, Target};

use crate::world::world;

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: rhymedb::Result<T>, parts: &[&str]) {
    match answer {
        Err(Error::Invalid(why)) => {
            for part in parts {
                assert!(why.contains(part), "{part:?} is not in: {why}");
            }
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_out_of_range_are_refused() {
    let (_dir, db) = world(1);
    let view = db.now();
    let target: Target = "east/AAA:1d@2015-03-01".parse().unwrap();
    let similar = || view.similar(target.clone());
    for (per, name) in [
        (Per::new().symbol(0), "per symbol"),
        (Per::new().year(0), "per year"),
        (Per::new().market(10_001), "per market"),
    ] {
        refused(similar().per(per).run(), &["1 to 10000 hits", name]);
        refused(view.pattern("double top").per(per).run(), &[name]);
        refused(
            view.transfer(target.clone()).to("west").per(per).run(),
            &[name],
        );
    }
    for lambda in [-0.5, 1.5, f64::NAN] {
        refused(
            similar().diverse(lambda).run(),
            &["expected diverse from 0"],
        );
        refused(
            view.pattern("double top").diverse(lambda).run(),
            &["diverse"],
        );
    }
    refused(similar().k(1001).diverse(0.5).run(), &["1 to 1000", "1001"]);
    let by_bars = similar().diverse(0.5).refine(Refine::Dtw).run();
    refused(by_bars, &["diverse", "refine by dtw"]);
}

/// Which entry of a group is the nearest is known only after bars that are the outcome of the others, so
/// nothing that measures outcomes takes a part of the entries.
#[test]
fn outcomes_are_of_all_entries() {
    let (_dir, db) = world(2);
    let view = db.now();
    let target: Target = "east/AAA:1d@2015-03-01".parse().unwrap();
    let similar = || view.similar(target.clone()).k(5);
    let horizon = [Horizon::Bars(5)];
    let whole = similar().outcomes(&horizon).run().unwrap();
    assert!(!whole.similar.hits.is_empty());
    for (spread, name) in [
        (similar().per(Per::new().symbol(1)), "without per"),
        (similar().per(Per::new().year(1)), "without per"),
        (similar().diverse(0.5), "without diverse"),
    ] {
        let why = ["known only later", "filter by symbol or time", name];
        refused(spread.clone().outcomes(&horizon).run(), &why);
        refused(spread.entries(true).run(), &why);
    }
    let none = similar().per(Per::new()).outcomes(&horizon).run().unwrap();
    assert_eq!(none.horizons, whole.horizons);
}
