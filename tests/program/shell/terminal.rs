//! The program on a terminal: a pseudo-terminal of a known width, and keys typed into it.

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use crate::world::World;

/// How long a machine with much to do may take for an answer, in milliseconds.
const PATIENCE: Option<u64> = Some(120_000);
const UP: &str = "\x1b[A";

/// Runs the program on a terminal of so many columns, with these variables set.
fn on_terminal(world: &World, columns: usize, set: &[(&str, &str)], args: &[&str]) -> PtySession {
    let mut command = Command::new("sh");
    let script = format!("stty cols {columns} rows 40 && exec \"$0\" \"$@\"");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_rhyme")])
        .args(args)
        .current_dir(world.path(""))
        .env_remove("RHYME_DB")
        .env_remove("NO_COLOR")
        .env_remove("LC_ALL")
        .env("LANG", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .env("RHYME_HISTORY", world.path("history"))
        .envs(set.iter().copied());
    spawn_command(command, PATIENCE).unwrap()
}

/// What a command that ends by itself prints there.
fn printed(world: &World, columns: usize, set: &[(&str, &str)], args: &[&str]) -> String {
    let mut session = on_terminal(world, columns, set, args);
    let read = session.exp_eof().unwrap();
    let ended = ended_well(&session);
    // Every byte is given as a character of its own.
    let bytes: Vec<u8> = read.chars().map(|c| c as u8).collect();
    let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    assert!(ended, "{args:?}: {text}");
    text
}

/// Whether the program has ended with the exit code 0. The type of a status has no public name.
fn ended_well(session: &PtySession) -> bool {
    let status = format!("{:?}", session.process().wait().unwrap());
    status.starts_with("Exited") && status.ends_with(", 0)")
}

/// What the editor sends when a line is finished.
const PASTE_OFF: &str = "\x1b[?2004l";

fn shell(world: &World) -> PtySession {
    let mut session = on_terminal(world, 100, &[], &["shell"]);
    session.exp_string("Ctrl-D ends.").unwrap();
    session.exp_string("rhyme> ").unwrap();
    session
}

/// Waits for a text that was not typed, and then for the prompt: from there on keys mean something
/// to the editor.
fn answers(session: &mut PtySession, text: &str) {
    session.exp_string(text).unwrap();
    session.exp_string("> ").unwrap();
}

fn ends_by_ctrl_d(mut session: PtySession) {
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    assert!(ended_well(&session));
}

#[test]
fn lines_are_edited_and_completed() {
    let world = World::with_market();
    let mut session = shell(&world);
    // Tab completes the command and the series; nothing typed holds what is answered.
    session
        .send_line("bar\t AAA\t --last 1 --for\t csv")
        .unwrap();
    answers(&mut session, "2021-01-13T11:00:00Z,88.8508");
    // Ctrl-A goes to the start, Ctrl-E to the end, backspace takes a letter.
    session.send("eries ACM --format cs").unwrap();
    session.send_control('a').unwrap();
    session.send("s").unwrap();
    session.send_control('e').unwrap();
    session.send_line("vv\x7f").unwrap();
    answers(&mut session, "equity,nyse,ACME,1d,session,200");
    // Up is the line before.
    session.send_line(UP).unwrap();
    answers(&mut session, "equity,nyse,ACME,1d,session,200");
    session
        .send_line("similar AAAUSDT -k 2 --format csv")
        .unwrap();
    answers(&mut session, "2021-01-07T20:00:00Z");
    session
        .send_line("bars last[\t1] --last 1 --format csv")
        .unwrap();
    answers(&mut session, "2021-01-07T19:00:00Z,44.4254");
    // A command that is complete stands apart from what follows.
    session.send_line("seri\tACM --form\tcsv").unwrap();
    answers(&mut session, "equity,nyse,ACME,1d,session,200");
    ends_by_ctrl_d(session);
}

#[test]
fn ctrl_c_drops_the_line_or_stops_the_command_and_not_the_shell() {
    let world = World::with_market();
    let mut session = shell(&world);
    session.send("what is this").unwrap();
    session.send_control('c').unwrap();
    // The line ends when the terminal no longer marks what is pasted; keys before the next prompt
    // would be lost.
    session.exp_string(PASTE_OFF).unwrap();
    session.exp_string("rhyme> ").unwrap();
    session.send_line("as of").unwrap();
    answers(&mut session, "as of now");
    // The other program says when the command runs, in words that were not typed.
    session
        .send_line("series | (echo under$((40 + 2))way; sleep 600)")
        .unwrap();
    session.exp_string("under42way").unwrap();
    session.send_control('c').unwrap();
    answers(&mut session, "rhyme: interrupted");
    session.send_line("series ACM --format csv").unwrap();
    answers(&mut session, "equity,nyse,ACME,1d,session,200");
    ends_by_ctrl_d(session);
}

#[test]
fn a_question_that_takes_long_is_left() {
    let world = World::with_market();
    let made = std::process::Command::new("mkfifo")
        .arg(world.path("sets"))
        .status();
    assert!(made.unwrap().success());
    let mut session = shell(&world);
    session.send_line("anomaly AAAUSDT --sets sets").unwrap();
    // Opening waits until the question reads, which then waits for text that never comes.
    let path = world.path("sets");
    let (sender, opened) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(std::fs::OpenOptions::new().write(true).open(path)));
    let pipe = opened.recv_timeout(std::time::Duration::from_secs(60));
    let pipe = pipe.unwrap().unwrap();
    session.send_control('c').unwrap();
    answers(&mut session, "rhyme: interrupted");
    session.send_line("series ACM --format csv").unwrap();
    answers(&mut session, "equity,nyse,ACME,1d,session,200");
    drop(pipe);
    session.send_line("as of").unwrap();
    answers(&mut session, "as of now");
    ends_by_ctrl_d(session);
}

#[test]
fn the_history_goes_from_one_session_to_the_next() {
    let world = World::with_market();
    let mut first = shell(&world);
    first.send_line("as of 2021-01-09").unwrap();
    first.exp_string("rhyme as of 2021-01-09> ").unwrap();
    // A line that begins with a space is not kept.
    first.send_line(" as of 2021-01-08").unwrap();
    first.exp_string("rhyme as of 2021-01-08> ").unwrap();
    ends_by_ctrl_d(first);

    let mut second = shell(&world);
    second.send_line(UP).unwrap();
    second.exp_string("rhyme as of 2021-01-09> ").unwrap();
    ends_by_ctrl_d(second);
    let history = world.path("history");
    let text = std::fs::read_to_string(&history).unwrap();
    assert!(text.contains("as of 2021-01-09") && !text.contains("2021-01-08"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&history.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "a history is its owner's alone");
}

/// The columns that a line takes, without what steers the terminal.
fn width(line: &str) -> usize {
    let mut width = 0;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c == '\x1b' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            width += 1;
        }
    }
    width
}

#[test]
fn what_is_drawn_keeps_to_the_terminal() {
    let world = World::with_market();
    world.file(
        "news.csv",
        format!(
            "time,text,symbols\n2021-01-09T10:00:00Z,{},AAAUSDT\n",
            "Prices fall in a market that nobody watched ".repeat(4)
        ),
    );
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    let commands: [&[&str]; 11] = [
        &["similar", "AAAUSDT", "-k", "3"],
        &["similar", "AAAUSDT", "-k", "3", "--chart"],
        &["similar", "AAAUSDT", "-k", "3", "--outcome", "5"],
        &["anomaly", "AAAUSDT", "-k", "2", "--calibration", "20"],
        &["anomaly", "--scan", "crypto", "--level", "0.5"],
        &["transfer", "AAAUSDT", "--to", "equity"],
        &["transfer-matrix", "--by", "symbol"],
        &["series"],
        &["spaces"],
        &["bars", "AAAUSDT"],
        &["headlines"],
    ];
    for columns in [40, 60, 80, 120, 200] {
        for args in commands {
            let text = printed(&world, columns, &[], args);
            for line in text.lines() {
                assert!(
                    width(line) <= columns,
                    "{columns} columns, {args:?}, {line:?} of {text}"
                );
            }
            assert!(text.lines().count() > 1, "{args:?}: {text}");
        }
    }
    let narrow = printed(&world, 60, &[], commands[0]);
    assert!(
        narrow.contains("no room for: rank, market, venue"),
        "{narrow}"
    );
    let wide = printed(&world, 200, &[], commands[0]);
    assert!(!wide.contains("no room for"), "{wide}");
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let world = World::with_market();
    let target = "AAAUSDT:1h@2021-01-07T12:00";
    for args in [
        &["similar", target, "-k", "2"][..],
        &["similar", target, "-k", "2", "--chart"],
    ] {
        let coloured = printed(&world, 120, &[], args);
        // What came afterwards is dimmed, behind a line.
        assert!(
            coloured.contains("\x1b[2m│") || coloured.contains("\x1b[0;2m┊"),
            "{coloured}"
        );
        for set in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            let plain = printed(&world, 120, &[set], args);
            assert!(!plain.contains('\x1b'), "{plain}");
            assert!(plain.contains('│') || plain.contains('┊'), "{plain}");
        }
        let ascii = printed(&world, 120, &[("LC_ALL", "C"), ("NO_COLOR", "1")], args);
        assert!(ascii.is_ascii(), "{ascii}");
        let piped = world.rhyme(args).ok();
        assert!(!piped.contains('\x1b'), "{piped}");
    }
    let candles = printed(&world, 120, &[], &["similar", target, "--chart"]);
    for colour in ["\x1b[32m", "\x1b[31m", "\x1b[2;32m", "\x1b[2;31m"] {
        assert!(candles.contains(colour), "{colour:?}: {candles}");
    }
}
