//! Every command line in the documentation is one that the program understands. Each runs as a
//! process of its own with a file in the place of the database: a line that the parser refuses ends
//! with exit code 2 before anything is opened, every other line ends without having done anything.

use std::fs;
use std::path::Path;

use crate::examples::words;
use crate::world::World;

/// The command lines of a page: of its code blocks and of its code spans.
fn command_lines(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        } else if code {
            found.extend(in_a_block(line));
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            found.extend(spans.filter(|s| s.starts_with("rhyme ")).map(str::to_owned));
        }
    }
    found
}

/// A line of a code block without its prompt, its remark and the file that its answer goes to; lines typed into the shell go to it.
fn in_a_block(line: &str) -> Option<String> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let line = line.split("  #").next()?.trim();
    let typed = line
        .strip_prefix("rhyme> ")
        .or_else(|| Some(line.strip_prefix("rhyme as of ")?.split_once("> ")?.1));
    if let Some(typed) = typed {
        return Some(format!("rhyme shell -c '{typed}'"));
    }
    // What the reader's shell does with the answer; in quotes it is for ours.
    let redirected = line.split_once(" > ").filter(|_| !line.contains('\''));
    let line = redirected.map_or(line, |(command, _)| command);
    line.starts_with("rhyme ").then(|| line.to_owned())
}

/// The pages of the repository, as `tests/docs.rs` of the library has them.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let top = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "examples/README.md",
    ];
    let top = top.map(|name| root.join(name));
    let docs = fs::read_dir(root.join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let pages = top.into_iter().chain(docs);
    let pages = pages.filter(|p| p.extension().is_some_and(|e| e == "md"));
    pages
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn code_of(world: &World, line: &str) -> (Option<i32>, String) {
    let words = words(line);
    let mut args: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    if let Some(at) = args.iter().position(|arg| *arg == "--db") {
        // The database of the page's reader.
        args[at + 1] = "no-database";
    } else if !matches!(args.first(), Some(&"help" | &"shell")) {
        // The shell opens the market before it reads its line.
        // In front, because `combine` and `export answer` take all that follows.
        args.splice(0..0, ["--db", "no-database"]);
    }
    let run = world.rhyme(&args);
    (run.code, run.err)
}

/// Whether a line is the bare name of a command, like `rhyme adjust`, as sentences have it.
fn names_a_command(world: &World, line: &str) -> bool {
    let words = words(line);
    let names: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    let bare = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let options = names.iter().any(|name| name.starts_with('-'));
    let asked = [names.as_slice(), &["--help"]].concat();
    let page = || world.rhyme(&asked).out;
    !options && names.iter().all(bare) && page().contains(&format!("Usage: {line} "))
}

#[test]
fn every_command_line_in_the_documentation_is_understood() {
    let world = World::with_market();
    world.file("no-database", "a file and no folder");
    let (mut count, mut refused) = (0, Vec::new());
    for (page, text) in pages() {
        for line in command_lines(&text) {
            let (code, err) = code_of(&world, &line);
            count += 1;
            if code == Some(2) && !names_a_command(&world, &line) {
                refused.push(format!("{page}: {line}: {err}"));
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(count > 100, "only {count} command lines were found");
    let nonsense = [
        "rhyme sing",
        "rhyme similar X --nope",
        "rhyme shell -c 'sing a song'",
    ];
    for line in nonsense {
        assert_eq!(code_of(&world, line).0, Some(2), "{line}");
    }
    assert!(names_a_command(&world, "rhyme export bars"));
    assert!(!names_a_command(&world, "rhyme export songs"));
    let text = "`rhyme a`, `no rhyme`\n```\n$ rhyme b  # why\nrhyme> c\nrhyme as of 2021-01-01> d\nanswer\n```\n";
    let expected = [
        "rhyme a",
        "rhyme b",
        "rhyme shell -c 'c'",
        "rhyme shell -c 'd'",
    ];
    assert_eq!(command_lines(text), expected);
}
