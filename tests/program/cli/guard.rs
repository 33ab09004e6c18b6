use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::world::{HOUR, START, World, closes, csv, field};

fn only_segment(world: &World) -> String {
    let names = world.names("market.rhyme/segments");
    assert_eq!(names.len(), 1);
    format!("market.rhyme/segments/{}", names[0])
}

fn compacted() -> World {
    let world = World::with_market();
    world.rhyme(&["compact"]).ok();
    world
}

fn ask(world: &World, db: &str) -> String {
    let args = [
        "similar", "AAAUSDT", "--exact", "--format", "csv", "--db", db,
    ];
    world.rhyme(&args).ok()
}

#[test]
fn a_backup_is_written_restored_and_asked() {
    let world = compacted();
    let report = world.rhyme(&["backup", "safe"]).ok();
    assert_eq!(field(&report, "segments checked"), "1");
    assert_eq!(field(&report, "bars decoded"), "800");
    let json = world.rhyme(&["restore", "safe", "new/home", "--format", "json"]);
    let json = json.json();
    assert_eq!(json["windows"], 611);
    let bytes = json["segment_bytes"].as_u64().unwrap() + json["catalog_bytes"].as_u64().unwrap();
    assert_eq!(json["bytes"].as_u64(), Some(bytes));
    let expected = ask(&world, "market.rhyme");
    assert_eq!(ask(&world, "safe"), expected);
    assert_eq!(ask(&world, "new/home"), expected);

    let there = "is there already, and nothing is written over it";
    world.rhyme(&["backup", "safe"]).fails(1, there);
    world.rhyme(&["restore", "safe", "in"]).fails(1, there);
    world
        .rhyme(&["restore", "nothing", "x"])
        .fails(1, "nothing is not a RhymeDB database");
    world.rhyme(&["backup"]).fails(2, "<DIR>");
    let names = world.names("");
    assert_eq!(names, ["in", "market.rhyme", "new", "safe"]);
}

#[test]
fn a_damaged_segment_is_repaired_as_the_message_says() {
    let world = compacted();
    let expected = ask(&world, "market.rhyme");
    let segment = only_segment(&world);
    std::fs::remove_file(world.path(&segment)).unwrap();
    world
        .rhyme(&["series"])
        .fails(1, "the file is missing; `rhyme repair` rebuilds");
    let run = world.rhyme(&["repair"]);
    assert!(run.err.contains("611 rows, rebuilt: head: "), "{}", run.err);
    let report = run.ok();
    assert_eq!(field(&report, "segments damaged"), "1");
    assert_eq!(field(&report, "windows rebuilt"), "611");
    assert_eq!(ask(&world, "market.rhyme"), expected);
    world.rhyme(&["verify"]).ok();
    let again = world.rhyme(&["repair", "--format", "json"]).json();
    assert_eq!(again["segments_damaged"], 0);
    assert_eq!(again["windows_rebuilt"], 0);
    assert_eq!(again["whole"], true);
}

#[test]
fn what_cannot_be_repaired_is_said_with_its_own_exit_code() {
    let world = compacted();
    let long = csv(START, HOUR, &closes(600, 5));
    world.file("more/crypto/x/LONG-1h.csv", long);
    world.rhyme(&["ingest", "bars", "more"]).ok();
    // 600 bars: 344, and the newest 256.
    flip_block(&world.path("market.rhyme/catalog.redb"), 344);
    world
        .rhyme(&["verify"])
        .fails(1, "restore the database from a backup with `rhyme restore`");
    let run = world.rhyme(&["repair"]);
    let run = run.fails(5, "not everything could be repaired");
    let named = "bars of crypto/x/LONG:1h that open from 2021-01-01T00:00:00Z to 2021-01-15T07:59:59.999Z cannot be read";
    assert!(run.err.contains(named), "{}", run.err);
    assert!(run.out.contains("segments checked"), "{}", run.out);
    let run = world.rhyme(&["repair", "--format", "json"]);
    assert_eq!(run.code, Some(5));
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["whole"], false);
    assert_eq!(report["lost_bars"].as_array().unwrap().len(), 1);
}

/// Flips a bit in every block of so many bars.
fn flip_block(catalog: &Path, bars: u32) {
    let mut bytes = std::fs::read(catalog).unwrap();
    let head = [&[1][..], &bars.to_le_bytes()].concat();
    let mut found = 0;
    for at in 0..bytes.len() - 100 {
        if bytes[at..].starts_with(&head) {
            bytes[at + 60] ^= 1;
            found += 1;
        }
    }
    assert!(found > 0);
    std::fs::write(catalog, bytes).unwrap();
}

#[test]
fn recall_is_printed_with_a_verdict() {
    let world = World::with_market();
    let none = world.rhyme(&["verify", "--recall"]).ok();
    assert!(none.contains("no window is in a graph yet"), "{none}");
    world.rhyme(&["compact"]).ok();
    let args = ["verify", "--recall", "--sample", "100", "--all"];
    let table = world.rhyme(&args).ok();
    assert_eq!(field(&table, "windows"), "611");
    assert!(table.contains("recall@10"), "{table}");
    assert!(table.contains("passed"), "{table}");
    let json = world
        .rhyme(&[&args[..], &["--format", "json"]].concat())
        .json();
    let space = &json["recall"]["spaces"][0];
    assert_eq!(space["space"], "shape");
    assert_eq!(space["sample"], 100);
    assert_eq!(space["selves"], 611);
    assert_eq!(space["selves_found"], 611);
    assert!(space["recall"].as_f64() >= Some(0.95), "{space}");

    let refused = ["verify", "--recall", "--threshold", "1.5"];
    world.rhyme(&refused).fails(1, "a threshold from 0 to 1");
    world.rhyme(&["verify", "--all"]).fails(2, "--recall");
}

/// A graph whose file was exchanged for one that leads nowhere, with fitting hashes, is what a
/// builder's defect would look like; `tests/guard` has it. Here a threshold that needs all of 600
/// windows to be perfect at the least breadth.
#[test]
fn recall_below_the_threshold_has_its_own_exit_code() {
    let world = World::new();
    let files: Vec<Vec<f64>> = (0..4).map(|seed| closes(1500, seed)).collect();
    for (i, closes) in files.iter().enumerate() {
        world.file(
            &format!("in/crypto/x/S{i}-1h.csv"),
            csv(START, HOUR, closes),
        );
    }
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    world.rhyme(&["compact"]).ok();
    let args = ["verify", "--recall", "--ef", "11", "--threshold", "1"];
    let run = world
        .rhyme(&args)
        .fails(5, "searches find less than the threshold of 1");
    assert!(run.out.contains("too low"), "{}", run.out);
    let same = world.rhyme(&args);
    let last = |text: &str| text.lines().last().map(str::to_owned);
    assert_eq!(
        last(&same.out),
        last(&run.out),
        "a seed gives the same sample"
    );
    world.rhyme(&["verify", "--recall"]).ok();
}

#[test]
fn reading_only_refuses_to_write() {
    let world = World::with_market();
    let read_only = |args: &[&str]| world.rhyme(&[&["--read-only"], args].concat());
    read_only(&["series"]).ok();
    read_only(&["stats"]).ok();
    read_only(&["verify"]).ok();
    let refused = "is open read-only, so nothing can be changed";
    read_only(&["ingest", "bars", "in"]).fails(1, refused);
    read_only(&["compact"]).fails(1, refused);
    read_only(&["delete", "ACME", "--yes"]).fails(1, refused);
    read_only(&["series", "--db", "new"]).fails(1, "there is no such folder");
    assert!(!world.path("new").exists());
}

/// Readers that hold the database, since they print more than a pipe holds and nobody reads it yet. A
/// writer goes on beside them, and they show what was there when they began.
#[test]
fn many_processes_read_at_once_and_one_writes() {
    let world = World::with_market();
    let long = csv(START, HOUR, &closes(2500, 5));
    world.file("more/crypto/x/LONG-1h.csv", long);
    world.rhyme(&["ingest", "bars", "more"]).ok();
    let args = [
        "--read-only",
        "bars",
        "LONG",
        "--last",
        "0",
        "--format",
        "csv",
    ];
    let mut readers = Vec::new();
    for _ in 0..3 {
        let mut child = world.command(&args).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "open_time,open,high,low,close,volume\n");
        readers.push((child, out));
    }
    world.rhyme(&["--read-only", "similar", "LONG"]).ok();
    world
        .rhyme(&["delete", "LONG", "--from", "2021-02-01", "--yes"])
        .ok();
    world.rhyme(&["repair"]).ok();
    let compact = world.rhyme(&["compact"]);
    assert!(
        compact.err.contains("the catalog is in use"),
        "{}",
        compact.err
    );
    compact.ok();
    world.rhyme(&["backup", "beside"]).ok();
    for (mut child, mut out) in readers {
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest.lines().count(), 2500);
        assert!(child.wait().unwrap().success());
    }
    assert!(!world.rhyme(&["compact"]).err.contains("in use"));
    world.rhyme(&["verify", "--db", "beside"]).ok();
}

/// A copy of the program, made by another process: a test beside this one that starts a program while this
/// process had the copy open for writing would hand that on, and the copy could not be run ("Text file busy").
#[cfg(unix)]
fn copy_program(to: &std::path::Path) {
    let mut copy = std::process::Command::new("cp");
    let copied = copy.arg(env!("CARGO_BIN_EXE_rhyme")).arg(to).status();
    assert!(copied.unwrap().success());
}

/// As somebody who may read everything and write nothing: where the tests run with all rights,
/// by another user's number.
#[cfg(unix)]
#[test]
fn a_folder_without_the_right_to_write_is_read() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let world = compacted();
    std::fs::remove_file(world.path("market.rhyme/lock")).unwrap();
    let set = |name: &str, mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(world.path(name), mode).unwrap();
    };
    let program = world.path("program");
    copy_program(&program);
    set("program", 0o755);
    set("market.rhyme/catalog.redb", 0o444);
    set(&only_segment(&world), 0o444);
    set("market.rhyme/segments", 0o555);
    set("market.rhyme", 0o555);
    set("", 0o755);
    let mine = std::fs::metadata(world.path("")).unwrap().uid();
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(&program);
        command.args(args).current_dir(world.path(""));
        command.env_remove("RHYME_DB");
        if mine == 0 {
            command.uid(65_534).gid(65_534);
        }
        crate::world::run(&mut command)
    };
    let answer = [
        "--read-only",
        "similar",
        "AAAUSDT",
        "--exact",
        "--format",
        "csv",
    ];
    let answer = run(&answer).ok();
    run(&["--read-only", "verify"]).ok();
    run(&["series"]).ok();
    run(&["compact"]).fails(1, "Permission denied");
    assert_eq!(
        world.names("market.rhyme"),
        ["catalog.redb", "segments"],
        "nothing was made"
    );
    set("market.rhyme", 0o755);
    set("market.rhyme/segments", 0o755);
    set("market.rhyme/catalog.redb", 0o644);
    assert_eq!(ask(&world, "market.rhyme"), answer);
}

/// A killed writer keeps nobody out: who comes first puts right what it left, also who only reads.
#[cfg(unix)]
#[test]
fn readers_put_right_what_a_killed_writer_left() {
    let world = World::with_market();
    let made = std::process::Command::new("mkfifo")
        .arg(world.path("slow-1h.csv"))
        .status();
    assert!(made.unwrap().success());
    let args = ["ingest", "bars", "in", "slow-1h.csv", "--market", "crypto"];
    let mut writer = world.command(&args).spawn().unwrap();
    // Opening waits until the writer reads it, and by then it has the database open.
    let path = world.path("slow-1h.csv");
    let (sender, opened) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(std::fs::OpenOptions::new().write(true).open(path)));
    let pipe = opened.recv_timeout(std::time::Duration::from_secs(60));
    let pipe = pipe.unwrap().unwrap();
    world.rhyme(&["--read-only", "series"]).ok();
    writer.kill().unwrap();
    writer.wait().unwrap();
    drop(pipe);
    let untouched = world.path("untouched");
    copy_folder(&world.path("market.rhyme"), &untouched);
    world.rhyme(&["--read-only", "verify"]).ok();
    world.rhyme(&["backup", "after"]).ok();
    world.rhyme(&["verify", "--db", "after"]).ok();
    cannot_be_put_right(&world, &untouched);
}

#[cfg(unix)]
fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(from)
        .arg(to)
        .status();
    assert!(copied.unwrap().success());
}

/// Who may not write is told what to do.
#[cfg(unix)]
fn cannot_be_put_right(world: &World, db: &std::path::Path) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let readable = std::fs::Permissions::from_mode(0o555);
    std::fs::set_permissions(db, readable).unwrap();
    let program = world.path("program");
    copy_program(&program);
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path(""), open.clone()).unwrap();
    let mut command = std::process::Command::new(&program);
    command.args(["series", "--db"]).arg(db);
    if std::fs::metadata(world.path("")).unwrap().uid() == 0 {
        command.uid(65_534).gid(65_534);
    } else {
        let lock = db.join("lock");
        std::fs::set_permissions(lock, std::fs::Permissions::from_mode(0o444)).unwrap();
    }
    let told = "let a user who may write to it open it once";
    crate::world::run(&mut command).fails(1, told);
    std::fs::set_permissions(db, open).unwrap();
}
