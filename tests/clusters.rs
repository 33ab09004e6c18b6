//! Groups of assets: beside plain definitions, planted groups, chance, other futures and real sectors.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "clusters/definition.rs"]
mod definition;
mod oracle;
#[path = "clusters/planted.rs"]
mod planted;
#[path = "clusters/sectors.rs"]
mod sectors;

use oracle::equity;
use oracle::worlds::{database, days, other_future, refused};
use planted::{groups, planted, wild};
use rhymedb::data::Attribute;
use rhymedb::query::{ClusterBy, ClusterMethod, ClustersAnswer};
use rhymedb::{Filter, SeriesBars};

#[test]
fn planted_groups_are_found_by_every_method() {
    let (_dir, db) = database(&planted("m", 4, 8, 400, 1));
    for method in ClusterMethod::ALL {
        let answer = db.now().clusters().method(method).draws(19).run().unwrap();
        assert_eq!(groups(&answer), 4, "{method}");
        assert_eq!((answer.groups.len(), answer.chosen), (4, true), "{method}");
        for group in &answer.groups {
            assert_eq!(group.size, 8, "{method}");
            assert!(group.stability.unwrap() > 0.9, "{method}: {group:?}");
            assert!(group.inside.unwrap() > 0.2 && group.outside.unwrap() < 0.05);
        }
        assert_eq!(
            answer.p,
            Some(0.05),
            "{method}: nothing by chance reaches it"
        );
        assert_eq!(
            answer.merges.len(),
            if method == ClusterMethod::KMeans {
                0
            } else {
                31
            }
        );
        let told = db
            .now()
            .clusters()
            .method(method)
            .groups(2)
            .draws(0)
            .run()
            .unwrap();
        assert_eq!((told.groups.len(), told.chosen, told.p), (2, false, None));
        assert_eq!(told.groups[0].stability, None);
    }
    // With the market left in, everybody moves with everybody.
    let with = db
        .now()
        .clusters()
        .keep_market(true)
        .groups(4)
        .draws(0)
        .run()
        .unwrap();
    assert!(
        with.groups[0].outside.unwrap() > 0.2,
        "{:?}",
        with.groups[0]
    );
}

#[test]
fn groups_are_compared_with_an_attribute() {
    let (_dir, db) = database(&planted("m", 3, 8, 300, 2));
    let all: Vec<Attribute> = (0..24)
        .map(|i| Attribute::new(format!("A{i:02}"), "sector", format!("sector {}", i % 3)))
        .collect();
    db.set_attributes(&all[..20]).unwrap();
    let answer = db
        .now()
        .clusters()
        .groups(3)
        .compare("Sector")
        .draws(0)
        .run()
        .unwrap();
    let found = answer.agreement.as_ref().unwrap();
    assert_eq!((found.assets, found.values, found.neighbours), (20, 3, 10));
    assert_eq!(found.adjusted_rand, 1.0);
    // Each has six or seven of its own sector among the other nineteen.
    assert!(
        found.precision > 0.55 && found.precision_by_chance < 0.4,
        "{found:?}"
    );
    let values: Vec<_> = answer
        .groups
        .iter()
        .map(|g| g.value.clone().unwrap())
        .collect();
    assert!(values.iter().all(|(_, share)| *share == 1.0), "{values:?}");
    let without = answer.assets.iter().filter(|a| a.value.is_none()).count();
    assert_eq!(without, 4);
    let unknown = db.now().clusters().compare("mood").draws(0).run();
    refused(unknown, "mood");
}

#[test]
fn vectors_of_the_latest_windows_group_charts() {
    let (_dir, db) = database(&planted("m", 4, 8, 400, 3));
    let ask = |by: ClusterBy| {
        db.now()
            .clusters()
            .by(by)
            .groups(4)
            .draws(19)
            .run()
            .unwrap()
    };
    let (vectors, both, returns) = (
        ask(ClusterBy::Vectors),
        ask(ClusterBy::Both),
        ask(ClusterBy::Returns),
    );
    assert_eq!((vectors.space.as_deref(), vectors.p), (Some("shape"), None));
    assert_eq!((returns.space, both.p), (None, None));
    assert!(vectors.groups[0].stability.is_none() && both.groups[0].stability.is_some());
    // The similarity by both is the mean of the two, asset by asset.
    let of = |answer: &ClustersAnswer, a: &str, b: &str| {
        let at = |s: &str| {
            answer
                .assets
                .iter()
                .position(|x| x.series.symbol == s)
                .unwrap()
        };
        answer.similarity(at(a), at(b)).unwrap()
    };
    for (a, b) in [("A00", "A04"), ("A01", "A30"), ("A17", "A22")] {
        let mean = f64::midpoint(of(&vectors, a, b), of(&returns_again(&db), a, b));
        assert!((of(&both, a, b) - mean).abs() < 1e-12, "{a} {b}");
    }
    // The vectors are those that a view gives.
    let vector = |symbol: &str| {
        let key = format!("crypto/m/{symbol}:1d").parse().unwrap();
        let mut last = Vec::new();
        let each = |one: rhymedb::ingest::SeriesVectors| {
            last = one.values[one.values.len() - oracle::D..].to_vec();
            Ok(())
        };
        db.now()
            .vectors(Some("shape"), &[key], None, None, each)
            .unwrap();
        last
    };
    let (a, b) = (vector("A00"), vector("A04"));
    let cosine: f64 = a
        .iter()
        .zip(&b)
        .map(|(x, y)| f64::from(*x) * f64::from(*y))
        .sum();
    assert!((of(&vectors, "A00", "A04") - cosine).abs() < 1e-3);
    refused(
        db.now()
            .clusters()
            .by(ClusterBy::Vectors)
            .space("none")
            .run(),
        "none",
    );
}

fn returns_again(db: &rhymedb::Database) -> ClustersAnswer {
    db.now().clusters().groups(4).draws(0).run().unwrap()
}

/// An asset that stands still, one that was listed last week and one that is gone are left out, with a reason.
#[test]
fn assets_that_cannot_be_compared_are_named() {
    let mut all = planted("m", 3, 4, 300, 4);
    let like = |all: &[SeriesBars], symbol: &str| {
        let mut one = all[0].clone();
        one.key.symbol = symbol.to_owned();
        one
    };
    let mut still = like(&all, "STILL");
    for column in [
        &mut still.bars.open,
        &mut still.bars.high,
        &mut still.bars.low,
        &mut still.bars.close,
    ] {
        column.fill(5.0);
    }
    let (mut young, mut gone) = (like(&all, "YOUNG"), like(&all, "GONE"));
    young.bars = young.bars.slice(290..300);
    gone.bars = gone.bars.slice(0..20);
    all.extend([still, young, gone]);
    let (_dir, db) = database(&all);
    let answer = db.now().clusters().returns(252).draws(0).run().unwrap();
    assert_eq!(answer.assets.len(), 12);
    let mut said: Vec<String> = answer
        .left_out
        .iter()
        .map(|left| format!("{}: {}", left.series.symbol, left.why))
        .collect();
    said.sort();
    assert_eq!(
        said,
        [
            "GONE: it has no bar in the period",
            "STILL: it does not move by itself",
            "YOUNG: it has 9 of 252 returns of the period",
        ]
    );
}

fn same(a: &ClustersAnswer, b: &ClustersAnswer) {
    assert_eq!(a.assets, b.assets);
    assert_eq!(a.groups, b.groups);
    assert_eq!(a.merges, b.merges);
    assert_eq!((a.from, a.until, a.p), (b.from, b.until, b.p));
    assert_eq!(a.silhouette.to_bits(), b.silhouette.to_bits());
    assert_eq!((&a.agreement, &a.left_out), (&b.agreement, &b.left_out));
    for i in 0..a.assets.len() {
        for j in 0..a.assets.len() {
            let bits = |x: &ClustersAnswer| x.similarity(i, j).map(f64::to_bits);
            assert_eq!(bits(a), bits(b));
        }
    }
}

#[test]
fn nothing_later_moves_a_group() {
    let all = planted("m", 3, 5, 420, 5);
    let (_a, one) = database(&all);
    let mut late = planted("m", 1, 1, 60, 9).remove(0);
    late.key.symbol = "NEW".to_owned();
    let (_b, other) = database(&other_future(&all, days(330), late, 2));
    let attributes = [
        Attribute::new("A00", "sector", "x"),
        Attribute::new("A01", "sector", "y"),
        Attribute::new("A02", "sector", "x"),
    ];
    let later = Attribute::new("A03", "sector", "x").known(days(350));
    one.set_attributes(&attributes).unwrap();
    other.set_attributes(&attributes).unwrap();
    other.set_attributes(&[later]).unwrap();
    for (by, method) in [
        (ClusterBy::Returns, ClusterMethod::Average),
        (ClusterBy::Returns, ClusterMethod::KMeans),
        (ClusterBy::Both, ClusterMethod::Ward),
        (ClusterBy::Vectors, ClusterMethod::Complete),
    ] {
        let ask = |db: &rhymedb::Database| {
            let question = db.at(days(330)).clusters().by(by).method(method);
            question.draws(19).seed(3).compare("sector").run().unwrap()
        };
        let (a, b) = (ask(&one), ask(&other));
        same(&a, &b);
        same(&a, &ask(&one));
        assert!(a.until <= days(330));
    }
    let now = other.now().clusters().draws(0).run().unwrap();
    assert!(now.until > days(400));
}

/// Walks that have the market in common and nothing else, but for wild times of all at once in the second case: p is
/// small as seldom as it should be.
#[test]
fn groups_by_chance_are_called_so() {
    by_chance(&|venue, seed| planted(venue, 0, 15, 110, seed));
    by_chance(&|venue, seed| wild(venue, 15, 110, seed));
}

fn by_chance(walks: &dyn Fn(&str, u64) -> Vec<SeriesBars>) {
    const WORLDS: usize = 60;
    let all: Vec<SeriesBars> = (0..WORLDS)
        .flat_map(|world| walks(&format!("w{world:02}"), 5_000 + world as u64))
        .collect();
    let (_dir, db) = database(&all);
    let mut small = 0;
    for world in 0..WORLDS {
        let question = db
            .now()
            .clusters()
            .filter(Filter::new().venue(format!("w{world:02}")));
        let answer = question
            .returns(100)
            .draws(19)
            .seed(world as u64)
            .run()
            .unwrap();
        small += usize::from(answer.p.unwrap() <= 0.05);
    }
    // Of 60 at 5 %, nine or more come once in 500.
    assert!(small <= 8, "{small} of {WORLDS}");
}

#[test]
fn what_cannot_be_grouped_is_refused() {
    let mut all = planted("m", 2, 3, 200, 6);
    all.push(equity("CCC", 140, 3));
    let (_dir, db) = database(&all);
    let view = db.now();
    let ask = || view.clusters().draws(0);
    let coins = || Filter::new().market("crypto");
    refused(
        ask().filter(coins()).groups(1).run(),
        "expected 2 to 6 groups of 6 assets, found 1",
    );
    refused(
        ask().filter(coins()).groups(7).run(),
        "expected 2 to 6 groups of 6 assets, found 7",
    );
    refused(
        ask().filter(coins()).returns(29).run(),
        "expected at least 30 returns to compare assets by, found 29",
    );
    refused(
        ask().filter(coins().from(days(190))).run(),
        "expected at least 30 returns",
    );
    refused(
        ask().filter(coins().symbol("A01")).run(),
        "expected at least 3 assets with enough returns, found 1",
    );
    refused(ask().filter(coins().tag("x")).run(), "leave it out");
    refused(
        view.clusters().draws(1_001).run(),
        "expected 19 to 1000 draws, or 0 for none, found 1001",
    );
    refused(
        view.clusters().draws(18).run(),
        "expected 19 to 1000 draws, or 0 for none, found 18",
    );
    refused(ask().filter(Filter::new().market("moon")).run(), "moon");
    let two = ask().filter(coins().symbol("A01").symbol("A02")).run();
    refused(two, "found 2");
    let mixed = ask().returns(60).run().unwrap();
    assert!(mixed.mixed_calendars);
}
