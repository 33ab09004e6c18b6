//! Files that were read before: which of them are read again, so that what is stored is what they say.

use std::fmt::Write as _;

use crate::world::{DAY, HOUR, Run, START, World, closes, csv, time};

/// Hourly candles of hours `from..to` of one walk.
fn hours(seed: u64, from: usize, to: usize) -> String {
    let text = csv(START, HOUR, &closes(to, seed));
    let lines: Vec<&str> = text.lines().collect();
    [&lines[..1], &lines[from + 1..]].concat().join("\n")
}

fn ingest(world: &World, more: &[&str]) -> Run {
    let args = [&["ingest", "bars"], more, &["--spaces", "shape"]].concat();
    world.rhyme(&args)
}

/// What a run counted.
fn counts(world: &World, more: &[&str], keys: [&str; 2]) -> [u64; 2] {
    let row = ingest(world, &[more, &["--format", "json"]].concat()).json();
    keys.map(|key| row[key].as_u64().unwrap())
}

const UNCHANGED: [&str; 2] = ["files_unchanged", "bars_replaced"];

fn stored_closes(world: &World, name: &str) -> Vec<f64> {
    let args = ["bars", name, "--last", "0", "--format", "json"];
    let bars = world.rhyme(&args).rows("bars");
    let bars = bars.as_array().unwrap().iter();
    bars.map(|bar| bar["close"].as_f64().unwrap()).collect()
}

#[test]
fn a_file_whose_bars_were_replaced_since_is_read_again() {
    let world = World::new();
    world.file("one/crypto/x/A_1h.csv", hours(1, 0, 70));
    world.file("two/crypto/x/A_1h.csv", hours(2, 0, 70));
    world.file("one/crypto/x/B_1h.csv", hours(3, 0, 70));
    ingest(&world, &["one"]).ok();
    let first = stored_closes(&world, "A");
    assert_eq!(counts(&world, &["two"], UNCHANGED), [0, 70]);
    assert_ne!(stored_closes(&world, "A"), first);
    // Only the file of these bars.
    assert_eq!(counts(&world, &["one"], UNCHANGED), [1, 70]);
    assert_eq!(stored_closes(&world, "A"), first);
    assert_eq!(counts(&world, &["one"], UNCHANGED), [2, 0]);
    assert_eq!(counts(&world, &["two"], UNCHANGED), [0, 70]);
    world.rhyme(&["verify"]).ok();
}

/// Later bars do not touch what a file gave.
#[test]
fn a_file_that_other_bars_follow_is_not_read_again() {
    let world = World::new();
    world.file("in/crypto/x/A_1h.csv", hours(1, 0, 70));
    world.file("more/crypto/x/A_1h.csv", hours(1, 70, 90));
    ingest(&world, &["in"]).ok();
    ingest(&world, &["more"]).ok();
    assert_eq!(counts(&world, &["in", "more"], UNCHANGED), [2, 0]);
}

/// The last bar of the old file was open, and that of the new file replaces it; both were compared.
#[test]
fn files_of_one_command_stay_remembered_when_one_yields_to_another() {
    let world = World::new();
    let open = hours(1, 0, 60);
    let (kept, last) = open.rsplit_once('\n').unwrap();
    let mut fields: Vec<&str> = last.split(',').collect();
    let opened = fields[1].to_owned();
    (fields[2], fields[3], fields[4], fields[5]) = (&opened, &opened, &opened, "0.5");
    let open = format!("{kept}\n{}\n", fields.join(","));
    world.file("in/crypto/x/a/A_1h.csv", open);
    ingest(&world, &["in"]).ok();
    world.file("in/crypto/x/b/A_1h.csv", hours(1, 50, 90));
    assert_eq!(counts(&world, &["in"], UNCHANGED), [1, 1]);
    let whole = stored_closes(&world, "A");
    assert_eq!(counts(&world, &["in"], UNCHANGED), [2, 0]);
    assert_eq!(counts(&world, &["in/crypto/x/a"], UNCHANGED), [1, 0]);
    assert_eq!(stored_closes(&world, "A"), whole);
}

/// Deleting bars of one series has the files of that series read again, and undoes no adjustment of
/// another one.
#[test]
fn deleting_one_series_leaves_an_adjusted_one_alone() {
    let world = World::new();
    let mut share = "Date,Open,High,Low,Close,Volume\n".to_owned();
    for (day, close) in closes(80, 21).into_iter().enumerate() {
        let by = if day < 40 { 4.0 } else { 1.0 };
        let [open, high, low, last] =
            [close * 1.001, close * 1.002, close * 0.99, close].map(|p| p * by);
        let at = time(START + day as i64 * DAY);
        writeln!(share, "{at},{open:?},{high:?},{low:?},{last:?},1000").unwrap();
    }
    world.file("in/equity/nyse/ACME-1d.csv", share);
    world.file("in/crypto/x/A_1h.csv", hours(1, 0, 70));
    ingest(&world, &["in"]).ok();
    let on = time(START + 40 * DAY);
    world
        .rhyme(&["adjust", "ACME", "--split", "4:1", "--on", &on])
        .ok();
    let adjusted = stored_closes(&world, "ACME");
    world.rhyme(&["delete", "A", "--yes"]).ok();
    let keys = ["files_unchanged", "bars_added"];
    assert_eq!(counts(&world, &["in"], keys), [1, 70]);
    assert_eq!(stored_closes(&world, "ACME"), adjusted);
    // Who reads it again gets what it says.
    assert_eq!(counts(&world, &["in", "--reread"], UNCHANGED), [0, 40]);
    // A part that no file gave is no reason to read one.
    let until = time(START - HOUR);
    world
        .rhyme(&["delete", "A", "--until", &until, "--yes"])
        .ok();
    assert_eq!(counts(&world, &["in"], keys), [2, 0]);
    world.rhyme(&["verify"]).ok();
}

/// What was left out may be stored once the rows are corrected, and is told each time.
#[test]
fn a_file_with_rows_left_out_is_read_again() {
    let world = World::new();
    let text = hours(1, 0, 70).replacen(",1.0", ",x", 1);
    world.file("in/crypto/x/A_1h.csv", text);
    let skip = ["in", "--on-error", "skip"];
    let keys = ["files_unchanged", "rows_skipped"];
    assert_eq!(counts(&world, &skip, keys), [0, 1]);
    assert_eq!(counts(&world, &skip, keys), [0, 1]);
}

/// Bars that another command stored between those of a file are not held against a second file.
#[test]
fn bars_of_other_commands_are_no_contradiction_of_a_file() {
    let world = World::new();
    let holed = [hours(1, 0, 30), hours(1, 40, 70)];
    let later = holed[1].split_once('\n').unwrap().1;
    world.file("in/crypto/x/a/A_1h.csv", format!("{}\n{later}", holed[0]));
    world.file("other/crypto/x/A_1h.csv", hours(2, 30, 40));
    ingest(&world, &["in"]).ok();
    ingest(&world, &["other"]).ok();
    world.file("in/crypto/x/b/A_1h.csv", hours(1, 20, 50));
    assert_eq!(counts(&world, &["in", "--strict"], UNCHANGED), [0, 10]);
    let whole = World::new();
    whole.file("in/crypto/x/A_1h.csv", hours(1, 0, 70));
    ingest(&whole, &["in"]).ok();
    assert_eq!(stored_closes(&world, "A"), stored_closes(&whole, "A"));
}
