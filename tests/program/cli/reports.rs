//! Long texts, like reports, by the program as a process.

use crate::world::World;

/// A report of 30 KB in which one sentence tells of a fire.
fn report() -> String {
    let plain = "Revenue of the quarter was in line with that of the year before. ";
    let fire = "A fire destroyed the warehouse in Rotterdam, and deliveries stop. ";
    [&plain.repeat(300), fire, &plain.repeat(160)].concat()
}

const ASK: [&str; 4] = ["search", "warehouse fire in Rotterdam", "-k", "3"];

#[test]
fn a_report_is_found_by_its_best_passage() {
    let world = World::with_market();
    let news = format!(
        "time,text,symbols\n2021-01-05T10:00:00Z,{},AAAUSDT\n2021-01-05T11:00:00Z,Shares surge,AAAUSDT\n",
        report().replace(',', ";")
    );
    world.file("news.csv", &news);
    let embed = ["embed", "--space", "clip", "--encoder", "clip"];
    world.rhyme(&embed).ok();
    let ingest = ["ingest", "headlines", "news.csv", "--format", "json"];
    let out = world.rhyme(&ingest).json();
    assert_eq!(
        (&out["headlines_added"], &out["headlines_embedded"]),
        (&2.into(), &2.into())
    );

    let found = world
        .rhyme(&[&ASK[..], &["--format", "json"]].concat())
        .json();
    let rows = found["headlines"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "each headline once");
    let passage = rows[0]["passage"].as_str().unwrap();
    assert!(
        passage.contains("A fire destroyed the warehouse"),
        "{passage}"
    );
    assert!(passage.len() <= 2048);
    assert!(rows[0]["text"].as_str().unwrap().len() > 29_000);
    assert_eq!(rows[1].get("passage"), None);

    // A table shows what people read of it, and a listing the beginning.
    let table = world.rhyme(&ASK).ok();
    assert!(table.lines().all(|line| line.len() < 1_000), "{table}");
    let listed = world.rhyme(&["headlines"]).ok();
    assert!(listed.lines().all(|line| line.len() < 1_000), "{listed}");
    world.rhyme(&["verify"]).ok();

    // Other processes read what one wrote, out and in again.
    world.rhyme(&["export", "headlines", "again.csv"]).ok();
    let again = world
        .rhyme(&["ingest", "headlines", "again.csv", "--format", "json"])
        .json();
    assert_eq!(again["headlines_unchanged"], 2);
}

#[test]
fn a_text_that_is_too_long_is_told() {
    let world = World::with_market();
    let long = "a b ".repeat(140_000);
    world.file(
        "news.csv",
        format!("time,text\n2021-01-05T10:00:00Z,{long}\n2021-01-06,short\n"),
    );
    let ingest = ["ingest", "headlines", "news.csv"];
    world
        .rhyme(&ingest)
        .fails(1, "expected a text of at most 524288 bytes, found 559999");
    let skip = [&ingest[..], &["--on-error", "skip", "--format", "json"]].concat();
    let out = world.rhyme(&skip).json();
    assert_eq!(
        (&out["headlines_added"], &out["rows_skipped"]),
        (&1.into(), &1.into())
    );
}
