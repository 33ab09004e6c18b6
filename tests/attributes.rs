//! Attributes of symbols: filters, groups, names in sentences, and when they are known.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod oracle;

use oracle::worlds::{database, days, hours, target};
use oracle::{crypto, equity};
use rhymedb::data::Attribute;
use rhymedb::{Database, Error, Filter};

/// Two coins and two stocks; AAA is a symbol of both markets.
fn world() -> (tempfile::TempDir, Database) {
    let all = [
        crypto("AAA", 400, 1),
        crypto("BBB", 400, 2),
        equity("AAA", 300, 3),
        equity("DDD", 300, 4),
    ];
    let (dir, db) = database(&all);
    let attributes = [
        Attribute::new("AAA", "Sector", "Energy"),
        Attribute::new("AAA", "Sector", "Coins").in_market("crypto"),
        Attribute::new("BBB", "sector", "Coins; Payments"),
        Attribute::new("DDD", "sector", "Energy").known(days(200)),
        Attribute::new("ZZZ", "sector", "Shipping"),
    ];
    let report = db.set_attributes(&attributes).unwrap();
    assert_eq!((report.added, report.symbols_without_bars), (5, 1));
    assert_eq!(db.set_attributes(&attributes).unwrap().unchanged, 5);
    (dir, db)
}

fn by(name: &str, values: &[&str]) -> Filter {
    let filter = Filter::new();
    let add = |filter: Filter, value: &&str| filter.attribute(name, *value);
    values.iter().fold(filter, add)
}

/// The windows that pass a filter are those of the series that pass it, by a count of each.
#[test]
fn filters_choose_the_series_that_have_a_value() {
    let (_dir, db) = world();
    let view = db.now();
    let of = |filter: &Filter| view.count(None, filter).unwrap();
    let series = |market: &str, symbol: &str| of(&Filter::new().market(market).symbol(symbol));
    let (coin, other) = (series("crypto", "AAA"), series("crypto", "BBB"));
    let (stock, late) = (series("equity", "AAA"), series("equity", "DDD"));
    assert_eq!(of(&by("sector", &["energy"])), stock + late);
    assert_eq!(of(&by("sector", &["Coins"])), coin + other);
    assert_eq!(of(&by("SECTOR", &["payments"])), other);
    assert_eq!(
        of(&by("sector", &["Payments", "Energy"])),
        stock + late + other
    );
    assert_eq!(of(&by("sector", &["Energy"]).market("crypto")), 0);
    // An answer has no others.
    let filter = by("sector", &["Payments"]);
    let answer = view
        .similar(target("DDD", days(250)))
        .filter(filter)
        .k(5)
        .run()
        .unwrap();
    assert_eq!(answer.hits.len(), 5);
    assert!(
        answer
            .hits
            .iter()
            .all(|hit| hit.window.series.symbol == "BBB")
    );
}

#[test]
fn an_attribute_with_a_date_is_not_known_before() {
    let (_dir, db) = world();
    let energy = by("sector", &["Energy"]);
    let symbols = |view: rhymedb::View| {
        let hits = view
            .similar(target("BBB", hours(80)))
            .filter(energy.clone())
            .exact(true);
        let mut found: Vec<_> = hits.k(50).run().unwrap().hits;
        found.sort_by(|a, b| a.window.series.symbol.cmp(&b.window.series.symbol));
        found.dedup_by(|a, b| a.window.series.symbol == b.window.series.symbol);
        found
            .into_iter()
            .map(|h| h.window.series.symbol)
            .collect::<Vec<_>>()
    };
    assert_eq!(symbols(db.at(days(199))), ["AAA"]);
    assert_eq!(symbols(db.at(days(201))), ["AAA", "DDD"]);
    assert_eq!(db.at(days(199)).attributes(Some("DDD")).unwrap(), []);
    // What the future says changes nothing.
    let before = db.at(days(199)).count(None, &energy).unwrap();
    let later = Attribute::new("BBB", "sector", "Energy").known(days(250));
    db.set_attributes(&[later]).unwrap();
    assert_eq!(db.at(days(199)).count(None, &energy).unwrap(), before);
}

#[test]
fn groups_are_values() {
    let (_dir, db) = world();
    let view = db.now();
    let matrix = view
        .transfer_matrix()
        .by_attribute("Sector")
        .sample(40)
        .run()
        .unwrap();
    let names: Vec<&str> = matrix.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["Coins", "Energy", "Payments"]);
    let energy = view.count(None, &by("sector", &["Energy"])).unwrap();
    assert_eq!(matrix.groups[1].windows, energy);
    let elsewhere = view
        .transfer(target("BBB", hours(300)))
        .to("sector=Energy")
        .k(4)
        .run()
        .unwrap();
    assert!(
        elsewhere
            .hits
            .iter()
            .all(|hit| hit.window.series.market == "equity")
    );
    assert!(!elsewhere.hits.is_empty());
}

#[test]
fn what_nothing_has_is_said_with_what_there_is() {
    let (_dir, db) = world();
    let view = db.now();
    let refused = |filter: Filter| view.count(None, &filter).unwrap_err().to_string();
    assert_eq!(
        refused(by("industry", &["Energy"])),
        "no attribute \"industry\"; there are: \"sector\""
    );
    // Shipping is said of a symbol that is not stored.
    assert_eq!(
        refused(by("sector", &["Shipping"])),
        "no attribute \"sector=Shipping\"; sector is one of: \"Coins\", \"Energy\", \"Payments\""
    );
    let twice = [
        Attribute::new("AAA", "x", "1"),
        Attribute::new("AAA", "x", "2"),
    ];
    let error = db.set_attributes(&twice).unwrap_err().to_string();
    assert!(error.contains("expected one value of x of AAA"), "{error}");
    assert_eq!(
        db.now().attributes(None).unwrap().len(),
        5,
        "nothing of it is stored"
    );
    assert!(matches!(
        db.remove_attributes(Some("x"), None),
        Err(Error::NotFound { .. })
    ));
    assert_eq!(
        db.remove_attributes(Some("Sector"), Some("AAA")).unwrap(),
        2
    );
}
