//! Whole sessions with what they print: in `sessions/*.txt` a line that begins with `> ` is typed,
//! and what follows is the answer. `RHYME_GOLDEN=write cargo test --test shell golden` writes them
//! anew; read the difference before you commit it.

use std::fs;
use std::path::PathBuf;

use crate::typed::typed;
use crate::world::World;

const TYPED: &str = "> ";

/// How long a search took is another time each time.
fn timeless(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        match (line.find(" in "), line.find(" ms, ")) {
            (Some(from), Some(to)) if from < to => {
                out.push_str(&line[..from]);
                out.push_str(" in #");
                out.push_str(&line[to..]);
            }
            _ => out.push_str(line),
        }
    }
    out
}

fn ran(lines: &[&str]) -> String {
    let world = World::with_market();
    let script: String = lines.iter().map(|l| format!("{l}\n")).collect();
    timeless(&typed(&world, &[], &script).ok())
}

fn check(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/program/shell/sessions")
        .join(name);
    let session = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let lines: Vec<&str> = session
        .lines()
        .filter_map(|l| l.strip_prefix(TYPED))
        .collect();
    assert!(!lines.is_empty());
    if std::env::var_os("RHYME_GOLDEN").is_some_and(|v| v == "write") {
        let mut written = String::new();
        let mut before = String::new();
        for n in 1..=lines.len() {
            let all = ran(&lines[..n]);
            written += &format!("{TYPED}{}\n{}", lines[n - 1], &all[before.len()..]);
            before = all;
        }
        fs::write(path, written).unwrap();
        return;
    }
    let expected: String = session
        .split_inclusive('\n')
        .filter(|l| !l.starts_with(TYPED))
        .collect();
    assert_eq!(ran(&lines), expected, "{name}");
}

#[test]
fn names_and_last_answers() {
    check("names.txt");
}

#[test]
fn views_of_the_past() {
    check("as_of.txt");
}

#[test]
fn help_and_listings() {
    check("help.txt");
}
