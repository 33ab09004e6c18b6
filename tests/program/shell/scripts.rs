use crate::typed::typed;
use crate::world::{HOUR, START, World, closes, csv};

#[test]
fn lines_come_from_the_command_line_too() {
    let world = World::with_market();
    let one = |lines: &[&str]| {
        let options: Vec<&str> = lines.iter().flat_map(|l| ["-c", l]).collect();
        world.rhyme(&[&["shell"], options.as_slice()].concat())
    };
    let direct = world.rhyme(&["series", "--format", "csv"]).ok();
    assert_eq!(one(&["series --format csv"]).ok(), direct);
    let two = one(&[
        "let x = AAAUSDT",
        "bars x --last 1 --format csv\nbars x --last 1 --format csv",
    ])
    .ok();
    assert_eq!(two.lines().count(), 4);
    let json = world
        .rhyme(&["shell", "--format", "json", "-c", "series"])
        .rows("series");
    assert_eq!(json.as_array().unwrap().len(), 3);
}

#[test]
fn a_script_stops_at_the_first_error_with_its_code() {
    let world = World::with_market();
    let script = |lines: &str| typed(&world, &[], lines);
    let run = script("series AAA\n\n# remark\nbars NOPE\nstats\n");
    let run = run.fails(3, "rhyme: line 4: no series NOPE");
    assert!(
        run.out.contains("AAAUSDT") && !run.out.contains("windows"),
        "{}",
        run.out
    );
    script("sing\nstats\n").fails(2, "rhyme: line 1: expected a command, or a target alone");
    script("bars AAAUSDT --from soon\n").fails(2, "expected a time like");
    script("similar last[1]\n").fails(1, "there is no last answer yet");
    script("series\nsimilar last[9]\n").fails(1, "expected last[1] to last[3], found last[9]");
    script("similar 'AAAUSDT\n").fails(1, "expected a closing '");
    script("let similar = AAAUSDT\n").fails(1, "similar is a command");
    script("let x = AAA@soon\n").fails(1, "expected a time like");
    script("as if\n").fails(1, "expected as of TIME");
    script("as of soon\n").fails(1, "expected a time like");
    script("shell\n").fails(1, "this is the shell already");
    script("delete AAAUSDT:1h\n").fails(1, "deleting needs --yes");
    assert_eq!(script("exit\nbars NOPE\n").ok(), "");
    assert_eq!(script("").ok(), "");
}

#[test]
fn slips_are_told_what_was_meant() {
    let world = World::with_market();
    let fails = |lines: &str, code, message: &str| {
        let run = typed(&world, &[], lines).fails(code, message);
        assert!(!run.err.contains("subcommand"), "{}", run.err);
    };
    fails("simlar AAAUSDT\n", 2, "did you mean similar?");
    fails("AAAUSDT:1h -k 3\n", 2, "like similar AAAUSDT:1h -k 3");
    fails("x = AAAUSDT\n", 2, "like let x = AAAUSDT");
    fails("stats;\n", 2, "type stats without ;");
    fails(
        "last\n",
        1,
        "there is no last answer yet; ask something first",
    );
    fails(
        "last[1]\n",
        1,
        "there is no last answer yet; ask something first",
    );
    fails(
        "series\nlast[9]\n",
        1,
        "line 2: expected last[1] to last[3], found last[9]",
    );
    fails("series\nlast 2\n", 1, "expected last[2] for row 2");
    fails(
        "series\nsimilar last\n",
        1,
        "expected a row of the last answer, like last[1]",
    );
    fails("series\nlast[two]\n", 1, "like last[3], found last[two]");
    fails("let\nlet x\n", 1, "line 2: expected let NAME = TARGET");
    fails("let x =\n", 1, "expected let NAME = TARGET");
    fails("as of tomorrow\n", 1, "expected a date");
    fails(
        "as 2021-01-01\n",
        1,
        "expected as of TIME, like as of 2021-01-01",
    );
    fails(
        "search \"don't\n",
        1,
        "put a text that contains \" between ' and '",
    );
    fails("NOPE:1h\n", 3, "no series NOPE");
    fails("AAAUSDT@1999-01-01\n", 1, "`series` says from when to when");
    fails("AAAUSDT > a.csv\n", 1, "type bars AAAUSDT for its numbers");
    fails("export answer x.csv sing\n", 2, "found sing");
    // As the README has it.
    let csv = "series --format csv\n";
    assert_eq!(
        typed(&world, &[], &format!("rhyme {csv}")).ok(),
        typed(&world, &[], csv).ok()
    );
}

#[test]
fn a_target_alone_is_drawn() {
    let world = World::with_market();
    let drawn = |lines: &str| typed(&world, &[], lines).ok();
    let latest = drawn("AAAUSDT\n");
    let title = "crypto/binance/AAAUSDT:1h  closed 2021-01-13 12:00";
    assert_eq!(latest.lines().next(), Some(title));
    assert_eq!(latest.lines().count(), 12, "{latest}");
    assert!(
        !latest.contains('┊') && !latest.contains('\x1b'),
        "{latest}"
    );
    let past = drawn("let x = AAAUSDT:1h@2021-01-07T12:00\nx\n");
    assert!(past.contains('┊'), "what came afterwards: {past}");
    let row = drawn("series --format csv > s.csv\nlast[1]\n");
    assert_eq!(row, latest);
    // What came later is in no picture of the past.
    let as_of = "as of 2021-01-08\nAAAUSDT\nAAAUSDT:1h@2021-01-07T12:00\n";
    let before = drawn(as_of);
    let delete = ["delete", "AAAUSDT:1h", "--from", "2021-01-08", "--yes"];
    world.rhyme(&delete).ok();
    assert_eq!(drawn(as_of), before);
}

#[test]
fn one_database_stays_open_for_reading_and_writing() {
    let world = World::new();
    world.file("new/crypto/x/NEW-1h.csv", csv(START, HOUR, &closes(100, 5)));
    let lines = "\
ingest bars new
series --format csv
embed --space volatility --encoder stats
compact
verify
repair
backup copy
drop-space volatility --yes
stats --format json | cat > stats.json
delete NEW:1h --yes
series --format csv
doctor
";
    let run = typed(&world, &["--quiet"], lines);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert!(
        run.out.contains("crypto,x,NEW,1h,continuous,100,"),
        "{}",
        run.out
    );
    let stats = std::fs::read_to_string(world.path("stats.json")).unwrap();
    let stats: serde_json::Value = serde_json::from_str(&stats).unwrap();
    assert_eq!(
        (&stats["series"], &stats["windows"]),
        (&1.into(), &37.into())
    );
    world.rhyme(&["verify", "--db", "copy"]).ok();
    world.rhyme(&["series"]).ok();
}

#[test]
fn other_databases_and_read_only_ones() {
    let world = World::with_market();
    typed(
        &world,
        &[],
        "backup copy\nseries --db copy AAA --format csv > a.csv\n",
    )
    .ok();
    assert_eq!(
        std::fs::read_to_string(world.path("a.csv"))
            .unwrap()
            .lines()
            .count(),
        2
    );
    let read_only = |lines: &str| typed(&world, &["--read-only"], lines);
    read_only("similar AAAUSDT -k 1\n").ok();
    read_only("compact\n").fails(1, "is open read-only");
    typed(&world, &[], "series --read-only\n").ok();
    typed(&world, &[], "compact --read-only\n").fails(1, "is open read-only");
    typed(&world, &["--db", "absent"], "series\n").fails(1, "there is no such folder");
    assert!(!world.path("absent").exists());
}

/// Between its lines a shell is in nobody's way; `tests/cli/processes.rs` has it beside an ingestion.
#[cfg(unix)]
#[test]
fn a_shell_that_waits_holds_nothing() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;

    let world = World::with_market();
    let mut child = world
        .command(&["shell"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"series\nas of\n").unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line != "as of now\n" {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it has ended");
    }
    let compact = world.rhyme(&["compact"]);
    assert!(!compact.err.contains("in use"), "not even as a reader");
    compact.ok();
    drop(input);
    assert!(child.wait().unwrap().success());
}

/// A named pipe as input holds a command where the test wants it.
#[cfg(unix)]
#[test]
fn an_interrupt_stops_the_line() {
    use std::fs::OpenOptions;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    let world = World::with_market();
    let pipe = world.path("slow-1h.csv");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let mut child = world
        .command(&["shell"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(b"ingest bars slow-1h.csv --market crypto\nstats\n")
        .unwrap();
    let mut slow = OpenOptions::new().write(true).open(&pipe).unwrap();
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("stopping after the current step"),
        "{line}"
    );
    slow.write_all(csv(START, HOUR, &closes(70, 1)).as_bytes())
        .unwrap();
    drop((slow, input));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty(), "the script went on");
}
