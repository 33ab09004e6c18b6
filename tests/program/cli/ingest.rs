use std::io::Write as _;

use serde_json::json;

use crate::world::{HOUR, START, World, closes, csv, field, time};

fn series_names(world: &World) -> Vec<String> {
    let rows = world.rhyme(&["series", "--format", "json"]).rows("series");
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    rows.as_array()
        .unwrap()
        .iter()
        .map(|r| {
            let [m, v, s, i] = ["market", "venue", "symbol", "interval"].map(|k| text(&r[k]));
            format!("{m}/{v}/{s}:{i} {}", r["bars"])
        })
        .collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text.as_bytes()).unwrap();
    out.finish().unwrap()
}

fn zipped(members: &[(&str, &str)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        let options = zip::write::SimpleFileOptions::default();
        out.start_file(*name, options).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn files_folders_patterns_gzip_and_zip_are_named_by_their_paths() {
    let world = World::new();
    let candles = |seed| csv(START, HOUR, &closes(80, seed));
    world.file("a/crypto/bybit/ONE_1h.csv", candles(1));
    world.file("a/crypto/bybit/TWO_1h.csv.gz", gzip(&candles(2)));
    world.file("b/fx/oanda/EURUSD-1h.csv", candles(3));
    world.file("b/fx/oanda/notes.txt", "not candles");
    let (first, second) = (
        csv(START, HOUR, &closes(40, 4)),
        csv(START + 40 * HOUR, HOUR, &closes(40, 5)),
    );
    let months = [
        ("ZED-1h-2021-01.csv", &*first),
        ("ZED-1h-2021-02.csv", &*second),
    ];
    world.file("c/equity/lse/ZED-1h.zip", zipped(&months));
    let args = [
        "ingest",
        "bars",
        "a/crypto/bybit/ONE_1h.csv",
        "a/**/*.gz",
        "b",
        "c",
        "--format",
        "json",
    ];
    let report = world.rhyme(&args).json();
    assert_eq!(report["files"], 4);
    assert_eq!(report["bars_added"], 320);
    assert_eq!(report["windows_embedded"], 4 * 17);
    assert_eq!(
        series_names(&world),
        [
            "crypto/bybit/ONE:1h 80",
            "crypto/bybit/TWO:1h 80",
            "equity/lse/ZED:1h 80",
            "fx/oanda/EURUSD:1h 80",
        ]
    );
}

#[test]
fn options_win_over_the_path_and_columns_can_be_named() {
    let world = World::new();
    let text =
        csv(START, HOUR, &closes(70, 1)).replace("time,open,high,low,close", "When,o1,h1,l1,Last");
    world.file("in/crypto/kraken/x-1h.csv", &text);
    let by_path = ["ingest", "bars", "in"];
    world
        .rhyme(&by_path)
        .fails(1, "in/crypto/kraken/x-1h.csv: ");
    let args = [
        "ingest",
        "bars",
        "in",
        "--map",
        "time=When,open=o1,high=h1,low=l1,close=Last",
        "--market",
        "fx",
        "--venue",
        "me",
        "--symbol",
        "Mixed",
        "--calendar",
        "session",
    ];
    world.rhyme(&args).ok();
    assert_eq!(series_names(&world), ["fx/me/Mixed:1h 70"]);
    let row = &world.rhyme(&["series", "--format", "json"]).rows("series")[0];
    assert_eq!(row["calendar"], "session");
    world.rhyme(&["similar", "Mixed", "-k", "1"]).ok();
    world
        .rhyme(&["similar", "MIXD"])
        .fails(3, "near it are: fx/me/Mixed:1h");
}

#[test]
fn the_same_again_changes_nothing() {
    let world = World::new();
    world.write_market();
    let first = world.rhyme(&["ingest", "bars", "in"]).ok();
    assert_eq!(field(&first, "bars added"), "800");
    assert_eq!(field(&first, "bars unchanged"), "0");
    let again = world.rhyme(&["ingest", "bars", "in", "--reread"]).ok();
    assert_eq!(field(&again, "bars added"), "0");
    assert_eq!(field(&again, "bars replaced"), "0");
    assert_eq!(field(&again, "bars unchanged"), "800");
    assert_eq!(field(&again, "windows embedded"), "0");
    assert!(!again.contains("windows/s"), "{again}");
}

#[test]
fn a_bad_file_is_refused_by_line_and_the_good_ones_are_stored() {
    let world = World::new();
    world.write_market();
    let bad = csv(START, HOUR, &closes(80, 9));
    let bad: Vec<String> = bad
        .lines()
        .enumerate()
        .map(|(i, line)| {
            if i == 41 {
                line.replacen(",", ",-", 1)
            } else {
                line.to_owned()
            }
        })
        .collect();
    world.file("in/crypto/binance/BAD-1h.csv", bad.join("\n"));
    let args = ["ingest", "bars", "in", "--quiet"];
    let run = world.rhyme(&args);
    let line = "refused: in/crypto/binance/BAD-1h.csv, line 42: ";
    assert!(run.err.contains(line), "{}", run.err);
    let out = run.ok();
    assert_eq!(field(&out, "files refused"), "1");
    assert_eq!(field(&out, "bars added"), "800");
    let last = out.lines().last().unwrap();
    assert!(
        last.starts_with("read 4 files: 3 series, 800 bars from 2021-01-01 to ")
            && last.ends_with("; refused 1 of 4 files, see above for what to type"),
        "{last}"
    );
    world
        .rhyme(&["ingest", "bars", "in", "--strict"])
        .fails(1, line)
        .fails(
            1,
            "rhyme: 1 of 4 files refused, see above; the others are stored",
        );
    assert_eq!(series_names(&world).len(), 3);
    world.rhyme(&["verify"]).ok();

    let skipping = world.rhyme(&["ingest", "bars", "in", "--on-error", "skip"]);
    assert!(
        skipping.err.contains("BAD-1h.csv: 80 rows, 79 accepted"),
        "{}",
        skipping.err
    );
    assert!(skipping.err.contains("line 42: "), "{}", skipping.err);
    let out = skipping.ok();
    assert_eq!(field(&out, "rows left out"), "1");
    assert_eq!(field(&out, "bars added"), "79");
    assert_eq!(series_names(&world)[1], "crypto/binance/BAD:1h 79");
}

#[test]
fn a_file_that_does_not_fit_what_is_stored_is_the_only_one_refused() {
    let world = World::new();
    world.file("in/crypto/x/ONE-1h.csv", csv(START, HOUR, &closes(70, 1)));
    world
        .rhyme(&["ingest", "bars", "in", "--calendar", "session"])
        .ok();
    world.file("in/crypto/x/TWO-1h.csv", csv(START, HOUR, &closes(70, 2)));
    world.rhyme(&["ingest", "bars", "in", "--strict"]).fails(
        1,
        "refused: in/crypto/x/ONE-1h.csv: crypto/x/ONE:1h is stored with the session calendar",
    );
    assert_eq!(
        series_names(&world),
        ["crypto/x/ONE:1h 70", "crypto/x/TWO:1h 70"]
    );
}

#[test]
fn odd_but_harmless_files_take_one_line_each_and_at_most_twenty() {
    let world = World::new();
    let text = csv(START, HOUR, &closes(20, 1));
    let with_gap: Vec<&str> = text
        .lines()
        .enumerate()
        .filter(|(i, _)| !(11..13).contains(i))
        .map(|(_, line)| line)
        .collect();
    let doubled = [&with_gap[..], &with_gap[18..]].concat().join("\n");
    for i in 0..22 {
        world.file(&format!("in/crypto/x/S{i:02}-1h.csv"), &doubled);
    }
    let run = world.rhyme(&["ingest", "bars", "in"]);
    let lines: Vec<&str> = run.err.lines().collect();
    assert_eq!(lines.len(), 21, "{}", run.err);
    assert_eq!(
        lines[0],
        "in/crypto/x/S00-1h.csv: 19 rows, 1 identical row, 1 gap (2 bars missing), first at line 12"
    );
    assert_eq!(lines[20], "... and 2 more files");
    assert_eq!(field(&run.ok(), "gaps"), "22");
    let quiet = world.rhyme(&["--quiet", "ingest", "bars", "in"]);
    assert_eq!(quiet.err, "");
    quiet.ok();
}

#[test]
fn odd_inputs_are_named_and_explained() {
    let world = World::new();
    world.file("empty-1h.csv", "");
    world.file("plain.csv", csv(START, HOUR, &closes(70, 1)));
    world.file("words-1h.csv", "hello\nworld\n");
    std::fs::create_dir(world.path("nothing")).unwrap();
    let ingest = |args: &[&str]| world.rhyme(&[&["ingest", "bars"], args].concat());
    ingest(&["empty-1h.csv"]).fails(1, "refused: empty-1h.csv: the file is empty");
    ingest(&["plain.csv"]).fails(1, "say it with --market");
    let refused = ingest(&["words-1h.csv"]).fails(1, "no column for the time");
    assert_eq!(refused.out, "", "no table of zeros");
    let refused = ingest(&["words-1h.csv", "--format", "json"]).fails(1, "nothing was stored");
    assert!(
        refused.out.contains("\"files_refused\": 1"),
        "{}",
        refused.out
    );
    ingest(&["nothing"]).fails(1, "the folder holds no file that ends in .csv");
    ingest(&["absent.csv"]).fails(1, "absent.csv: there is no such file or folder");
    #[cfg(unix)]
    ingest(&["-"]).fails(1, "name /dev/stdin");
    ingest(&["no/*.csv"]).fails(1, "no file matches the pattern");
    ingest(&["plain.csv", "--db", "plain.csv"])
        .fails(1, "it is a file, and a database is a folder");
    ingest(&["plain.csv", "--db", "."]).fails(1, "the folder has other content");
    ingest(&["plain.csv", "--market", "crypto", "--interval", "4h"]).fails(1, "say --interval 1h");
    ingest(&["plain.csv", "--map", "nonsense"]).fails(2, "expected a map like");
    ingest(&["plain.csv", "--calendar", "lunar"]).fails(2, "continuous or session");
    ingest(&["plain.csv", "--on-error", "cry"]).fails(2, "refuse or skip");
    ingest(&[]).fails(2, "<PATH>");
}

#[test]
fn the_report_is_the_same_in_all_formats() {
    let world = World::new();
    world.write_market();
    world.rhyme(&["ingest", "bars", "in"]).ok();
    let args = |format| ["ingest", "bars", "in", "--reread", "--format", format];
    let json = world.rhyme(&args("json")).json();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        keys[..4],
        ["files", "files_refused", "rows", "rows_skipped"]
    );
    let csv = world.rhyme(&args("csv")).ok();
    let [header, values] = csv.lines().collect::<Vec<_>>()[..] else {
        panic!("{csv}")
    };
    for (key, value) in header.split(',').zip(values.split(',')) {
        if key != "seconds" {
            assert_eq!(json[key], json!(value.parse::<u64>().unwrap()), "{key}");
        }
    }
}

#[test]
fn names_beyond_ascii_and_times_with_zones_are_read() {
    let world = World::new();
    let text = csv(START, HOUR, &closes(70, 1)).replace('Z', "+02:00");
    world.file("in/crypto/bïnance/日本円-1h.csv", text);
    world.rhyme(&["ingest", "bars", "in"]).ok();
    let row = &world
        .rhyme(&["series", "日本", "--format", "json"])
        .rows("series")[0];
    assert_eq!(row["venue"], "bïnance");
    assert_eq!(row["first"], time(START - 2 * HOUR));
    let out = world
        .rhyme(&["bars", "日本円:1h", "--last", "1", "--format", "csv"])
        .ok();
    assert!(out.contains(&time(START + 67 * HOUR)), "{out}");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_spoils_only_itself() {
    let world = World::new();
    world.write_market();
    std::os::unix::fs::symlink("nowhere", world.path("in/crypto/binance/LOST-1h.csv")).unwrap();
    let run = world.rhyme(&["ingest", "bars", "in"]);
    let line = "refused: cannot open in/crypto/binance/LOST-1h.csv: No such file";
    assert!(run.err.contains(line), "{}", run.err);
    assert_eq!(field(&run.ok(), "bars added"), "800");
}
