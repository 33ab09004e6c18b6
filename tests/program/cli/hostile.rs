//! Files that mean harm: huge lines, bombs, deep nesting, and names that steer a terminal.

use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use serde_json::Value;

use crate::world::{HOUR, Run, START, World, closes, csv};

const HEADER: &str = "time,open,high,low,close,volume\n";
const ROW: &str = "1609459200000,1,1,1,1,1\n";
/// The most memory that any of these files may take, in KiB.
const MOST_KIB: u64 = 512 << 10;

/// Nothing of what came from outside may steer the terminal or look like another line.
#[track_caller]
fn assert_clean(text: &str) {
    let steering = |c: char| c != '\n' && c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(steering), "{text:?}");
}

/// Runs the program and gives the most memory that it took, in KiB, as far as the system tells.
fn measured(world: &World, args: &[&str]) -> (Run, u64) {
    let child = world.command(args).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let peak = std::thread::spawn(move || {
        let mut peak = 0_u64;
        // A process that has ended has no memory any more, and then no status.
        while let Ok(text) = std::fs::read_to_string(&status) {
            let Some(line) = text.lines().find(|l| l.starts_with("VmHWM:")) else {
                break;
            };
            let kib = line.split_whitespace().nth(1).unwrap();
            peak = peak.max(kib.parse::<u64>().unwrap());
            std::thread::sleep(Duration::from_millis(1));
        }
        peak
    });
    let output = child.wait_with_output().unwrap();
    let run = Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    (run, peak.join().unwrap())
}

/// Expects a file to be refused with this message, in bounded memory and leaving nothing behind.
#[track_caller]
fn refused(world: &World, file: &str, message: &str) {
    let (run, peak) = measured(world, &["ingest", "bars", file]);
    let run = run.fails(1, message);
    assert_clean(&run.err);
    assert!(run.err.len() < 3_000, "{} bytes", run.err.len());
    assert!(peak <= MOST_KIB, "{file}: {peak} KiB");
    if cfg!(target_os = "linux") {
        assert!(peak > 0, "the memory was measured");
    }
    assert_eq!(
        world.rhyme(&["series", "--format", "json"]).rows("series"),
        Value::Array(Vec::new())
    );
}

/// A file that begins with this text and goes on with a gibibyte of zeros, which takes no room.
fn gibibyte(world: &World, name: &str, start: &str) {
    world.file(name, start);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(world.path(name));
    file.unwrap().set_len(1 << 30).unwrap();
}

#[test]
fn a_gibibyte_without_a_line_break_is_refused_early() {
    let world = World::new();
    let rows = ROW.repeat(200);
    // The first rows are 4 KiB: what the kind of the file is told by.
    gibibyte(
        &world,
        "crypto/v/LINE_1h.csv",
        &format!("{HEADER}{rows}1609459200000,"),
    );
    refused(
        &world,
        "crypto/v/LINE_1h.csv",
        "the row is longer than 1048576 bytes",
    );
    gibibyte(
        &world,
        "crypto/v/QUOTE_1h.csv",
        &format!("{HEADER}{rows}\"1609459200000"),
    );
    refused(
        &world,
        "crypto/v/QUOTE_1h.csv",
        "the row is longer than 1048576 bytes",
    );
    gibibyte(&world, "crypto/v/HEAD_1h.csv", &"time,open".repeat(600));
    refused(
        &world,
        "crypto/v/HEAD_1h.csv",
        "the row is longer than 1048576 bytes",
    );
    gibibyte(
        &world,
        "crypto/v/DOC_1h.json",
        &format!("[{}", " ".repeat(5_000)),
    );
    refused(
        &world,
        "crypto/v/DOC_1h.json",
        "the row is longer than 1048576 bytes",
    );
    let object = r#"{"time":1609459200000,"open":1,"high":1,"low":1,"close":1,"volume":1}"#;
    let objects = format!("{object}\n").repeat(80);
    gibibyte(
        &world,
        "crypto/v/LINES_1h.jsonl",
        &format!("{objects}{{\"x\":\""),
    );
    refused(
        &world,
        "crypto/v/LINES_1h.jsonl",
        "the row is longer than 1048576 bytes",
    );
}

#[test]
fn deep_and_crowded_json_is_refused_in_bounded_memory() {
    let world = World::new();
    world.file("crypto/v/DEEP_1h.json", "[".repeat(100_000));
    refused(&world, "crypto/v/DEEP_1h.json", "not valid JSON");
    let closed = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
    world.file("crypto/v/CLOSED_1h.json", closed);
    refused(
        &world,
        "crypto/v/CLOSED_1h.json",
        "recursion limit exceeded",
    );
    let deep = format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    world.file("crypto/v/OBJECT_1h.json", deep);
    refused(&world, "crypto/v/OBJECT_1h.json", "JSON");
    // As a tree of values these 30 MiB would be gibibytes.
    world.file(
        "crypto/v/SMALL_1h.json",
        format!("[{}[0]]", "[0],".repeat(7_500_000)),
    );
    refused(
        &world,
        "crypto/v/SMALL_1h.json",
        "there is no header, and 1 columns",
    );
}

/// A table of one row and this many MiB of nothing.
fn blank_lines(mib: usize) -> Vec<u8> {
    let mut text = format!("{HEADER}{ROW}").into_bytes();
    text.resize(mib << 20, b'\n');
    text
}

/// A zip file of one member.
fn zip_of(name: &str, content: &[u8]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    out.start_file(name, zip::write::SimpleFileOptions::default())
        .unwrap();
    out.write_all(content).unwrap();
    out.finish().unwrap().into_inner()
}

/// Where the directory of a zip file of one member begins, and where it ends.
fn directory(zip: &[u8]) -> (usize, usize) {
    let at = |magic: &[u8]| zip.windows(4).rposition(|w| w == magic).unwrap();
    (at(b"PK\x01\x02"), at(b"PK\x05\x06"))
}

#[test]
fn a_zip_that_names_its_bytes_many_times_is_a_bomb() {
    let world = World::new();
    // Each member alone is within the bounds of a small file.
    let one = zip_of("crypto/v/X_1h.csv", &blank_lines(40));
    let (start, end) = directory(&one);
    let mut bomb = one[..start].to_vec();
    for number in 0..9 {
        let mut entry = one[start..end].to_vec();
        let digit = entry.windows(2).position(|w| w == b"X_").unwrap();
        entry[digit] = b'0' + number;
        bomb.extend(entry);
    }
    let mut tail = one[end..].to_vec();
    tail[8..12].copy_from_slice(&[9, 0, 9, 0]);
    tail[12..16].copy_from_slice(&(9 * (end - start) as u32).to_le_bytes());
    bomb.extend(tail);
    world.file("bomb.zip", bomb);
    refused(&world, "bomb.zip", "grows beyond 64 MiB");
}

#[test]
fn a_zip_that_lies_about_its_size_is_a_bomb_all_the_same() {
    let world = World::new();
    let mut bomb = zip_of("crypto/v/X_1h.csv", &blank_lines(80));
    let (start, _) = directory(&bomb);
    bomb[start + 20..start + 24].copy_from_slice(&0x7000_0000_u32.to_le_bytes());
    world.file("bomb.zip", bomb);
    refused(&world, "bomb.zip", "grows beyond 64 MiB");
}

#[test]
fn members_an_age_apart_are_read_in_bounded_time() {
    let world = World::new();
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (folder, day) in [("a", "1970-01-01"), ("b", "1990-01-01")] {
        let name = format!("{folder}/X_100000M.csv");
        out.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writeln!(out, "{HEADER}{day},1,1,1,1,1").unwrap();
    }
    world.file("crypto/v/x.zip", out.finish().unwrap().into_inner());
    let run = world.rhyme(&[
        "ingest",
        "bars",
        "crypto/v/x.zip",
        "--market",
        "crypto",
        "--venue",
        "v",
    ]);
    assert!(matches!(run.code, Some(0 | 1)), "{}", run.err);
}

#[test]
fn names_in_archives_lead_nowhere() {
    let world = World::new();
    let candles = csv(START, HOUR, &closes(80, 1));
    for (i, name) in [
        "../../../crypto/up/UP_1h.csv",
        "/crypto/abs/ABS_1h.csv",
        "..\\..\\crypto\\win\\WIN_1h.csv",
        "crypto/\u{1f680}/\"Q'_1h.csv",
    ]
    .into_iter()
    .enumerate()
    {
        let file = format!("in/{i}.zip");
        world.file(&file, zip_of(name, candles.as_bytes()));
        let run = world.rhyme(&["ingest", "bars", &file]);
        assert_clean(&run.err);
        run.ok();
    }
    assert_eq!(
        world.names(""),
        ["in", "market.rhyme"],
        "nothing was unpacked"
    );
    let hostile = zip_of("crypto/v/a\n\u{1b}[2J\u{202e}b_1h.csv", candles.as_bytes());
    world.file("in/hostile.zip", hostile);
    let run = world.rhyme(&["ingest", "bars", "in/hostile.zip"]);
    let run = run.fails(1, r"a\n\u{1b}[2J\u{202e}b");
    assert_clean(&run.err);
    assert_eq!(run.err.lines().count(), 2, "{}", run.err);
}

/// Symbols that can be stored, however they look.
const ODD: [&str; 6] = [
    "\"Q'",
    "\u{1f680}",
    "\u{202e}XYZ",
    "A;B",
    "=1+1",
    "\u{c9}\\N",
];

#[test]
fn odd_names_stay_in_their_row_and_come_back() {
    let world = World::new();
    let mut text = format!("symbol,{HEADER}");
    for symbol in ODD {
        let rows = csv(START, HOUR, &closes(80, 1));
        for row in rows.lines().skip(1) {
            let quoted = symbol.replace('"', "\"\"");
            text.push_str(&format!("\"{quoted}\",{row}\n"));
        }
    }
    world.file("crypto/v/many_1h.csv", text);
    world.rhyme(&["ingest", "bars", "crypto"]).ok();
    let table = world.rhyme(&["series"]).ok();
    assert_eq!(table.lines().count(), 1 + ODD.len(), "{table}");
    assert_clean(&table);
    let json = world.rhyme(&["series", "--format", "json"]).rows("series");
    let csv_text = world.rhyme(&["series", "--format", "csv"]).ok();
    let mut reader = ::csv::Reader::from_reader(csv_text.as_bytes());
    let of_csv: Vec<String> = reader
        .records()
        .map(|r| r.unwrap().get(2).unwrap().to_owned())
        .collect();
    for symbol in ODD {
        let rows = json.as_array().unwrap();
        assert!(rows.iter().any(|r| r["symbol"] == *symbol), "{symbol:?}");
        assert!(of_csv.iter().any(|s| s == symbol), "{symbol:?}");
        let found = world.rhyme(&["similar", symbol, "-k", "2"]);
        assert_clean(&found.err);
        let out = found.ok();
        assert_clean(&out);
        assert_eq!(out.lines().count(), 7, "{out}");
    }
}

#[test]
fn names_that_cannot_be_stored_are_told_in_short() {
    let world = World::new();
    let long = "L".repeat(10_000);
    for symbol in [
        &*long,
        "a\u{1b}[2Jb",
        "\"a\nb\"",
        "x\u{9b}31m",
        "x\u{7f}",
        "a\tb",
    ] {
        world.file(
            "crypto/v/x_1h.csv",
            format!("symbol,{HEADER}{symbol},{ROW}"),
        );
        let run = world.rhyme(&["ingest", "bars", "crypto/v/x_1h.csv"]);
        let run = run.fails(1, "expected a symbol of 1 to 64 bytes");
        assert_clean(&run.err);
        assert!(run.err.len() < 1_000, "{}", run.err.len());
        let run = world.rhyme(&["similar", symbol.trim_matches('"')]);
        assert_clean(&run.err);
        assert_ne!(run.code, Some(0));
    }
    let columns = format!("\u{1b}]0;x\u{7}{long},b\n1,2\n");
    world.file("crypto/v/columns_1h.csv", columns);
    let run = world.rhyme(&["ingest", "bars", "crypto/v/columns_1h.csv"]);
    let run = run.fails(1, "no column for the time");
    assert_clean(&run.err);
    assert!(run.err.len() < 1_000, "{}", run.err.len());
}

#[cfg(unix)]
#[test]
fn file_names_do_not_steer_the_terminal() {
    let world = World::new();
    let gaps = [
        csv(START, HOUR, &closes(40, 1)),
        csv(START + 99 * HOUR, HOUR, &closes(40, 1)),
    ];
    let rows: String = gaps[1].lines().skip(1).map(|l| format!("{l}\n")).collect();
    let folder = "crypto/v\n\u{1b}[2J/in";
    world.file(&format!("{folder}/X_1h.csv"), format!("{}{rows}", gaps[0]));
    world.file(
        &format!("{folder}/Y_1h.csv"),
        format!("{HEADER}x,1,1,1,1,1\n{ROW}"),
    );
    world.file(&format!("{folder}/Z_1h.csv"), "nonsense");
    let run = world.rhyme(&[
        "ingest",
        "bars",
        folder,
        "--venue",
        "v",
        "--interval",
        "1h",
        "--on-error",
        "skip",
    ]);
    assert_clean(&run.err);
    assert_clean(&run.out);
    assert!(run.err.contains("refused: "), "{}", run.err);
    let broken = run
        .err
        .lines()
        .find(|l| l.contains("[2J") && !l.contains("crypto/v"));
    assert_eq!(broken, None, "a name is on one line");
}

#[test]
fn headlines_of_all_writings_come_back() {
    let world = World::new();
    let texts = [
        "\u{1f680} \"up\", 'said' x; y",
        "\u{202e}dlrow\u{202c} olleh",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{200f}abc",
    ];
    let mut file = "time,symbols,text,source\n".to_owned();
    for (i, text) in texts.iter().enumerate() {
        let quoted = text.replace('"', "\"\"");
        file.push_str(&format!("2021-01-0{}T10:00:00Z,X,\"{quoted}\",s\n", i + 1));
    }
    world.file("news.csv", file);
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    let table = world.rhyme(&["headlines"]).ok();
    assert_eq!(table.lines().count(), 1 + texts.len(), "{table}");
    assert_clean(&table);
    let json = world
        .rhyme(&["headlines", "--format", "json"])
        .rows("headlines");
    let rows = json.as_array().unwrap();
    for text in texts {
        assert!(rows.iter().any(|r| r["text"] == *text), "{text:?}");
    }
}

#[test]
fn a_file_with_a_hole_in_it_is_no_table() {
    let world = World::new();
    world.file("crypto/v/X_1h.csv", HEADER);
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(world.path("crypto/v/X_1h.csv"));
    let mut file = file.unwrap();
    file.seek(SeekFrom::Start(1 << 32)).unwrap();
    file.write_all(b"\n").unwrap();
    refused(&world, "crypto/v/X_1h.csv", "binary data");
}
