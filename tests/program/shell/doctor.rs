use serde_json::Value;

use crate::world::World;

fn state<'a>(findings: &'a Value, check: &str) -> (&'a str, &'a str, &'a str) {
    let found = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["check"] == check);
    let found = found.unwrap_or_else(|| panic!("no {check} in {findings}"));
    let text = |key: &str| found[key].as_str().unwrap();
    (text("state"), text("found"), text("advice"))
}

fn doctor(world: &World, code: i32) -> Value {
    let run = world.rhyme(&["doctor", "--format", "json"]);
    assert_eq!(run.code, Some(code), "{}{}", run.out, run.err);
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn a_sound_database_has_no_problems() {
    let world = World::with_market();
    let findings = doctor(&world, 0);
    for check in [
        "database",
        "format",
        "left-over files",
        "damaged files",
        "waiting windows",
        "encoders",
    ] {
        let (state, _, advice) = state(&findings, check);
        assert_eq!((state, advice), ("ok", ""), "{check}");
    }
    for check in ["instructions", "threads", "memory", "dead rows", "disk"] {
        assert_ne!(state(&findings, check).0, "problem", "{check}");
    }
    let table = world.rhyme(&["doctor"]).ok();
    assert!(table.contains("what to do"), "{table}");
}

#[test]
fn a_missing_database_is_a_problem_if_it_was_named() {
    let world = World::new();
    assert_eq!(state(&doctor(&world, 0), "database").0, "note");
    let named = world
        .rhyme(&["doctor", "--db", "nope"])
        .fails(5, "problems with: database");
    assert!(named.out.contains("nope is not there"), "{}", named.out);
    assert!(world.names("").is_empty());
    world.file("plain/readme.txt", "x");
    world
        .rhyme(&["doctor", "--db", "plain"])
        .fails(5, "problems with: database");
}

#[test]
fn left_overs_and_damage_are_told_and_nothing_is_removed() {
    let world = World::with_market();
    world.file("market.rhyme/segments/99.tmp", "half a segment");
    world.file("market.rhyme/damaged/7.seg", "a damaged one");
    for _ in 0..2 {
        let findings = doctor(&world, 0);
        let (is, found, advice) = state(&findings, "left-over files");
        assert_eq!((is, found), ("note", "99.tmp, 14 bytes"));
        assert!(advice.contains("rhyme compact"));
        assert_eq!(state(&findings, "damaged files").1, "7.seg, 13 bytes");
    }
    world.rhyme(&["compact"]).ok();
    assert_eq!(state(&doctor(&world, 0), "left-over files").0, "ok");
    let mut catalog = std::fs::read(world.path("market.rhyme/catalog.redb")).unwrap();
    world.file("market.rhyme/catalog.redb", &catalog[..catalog.len() / 2]);
    let cut = world.rhyme(&["doctor"]).fails(5, "problems with: ");
    assert!(cut.out.contains("rhyme restore"), "{}", cut.out);
    catalog[..512].fill(0);
    world.file("market.rhyme/catalog.redb", catalog);
    world.rhyme(&["doctor"]).fails(5, "problems with: ");
}
