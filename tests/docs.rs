//! The documentation, held by tests: every link and heading that it points at is there, every path
//! that it names exists, and the pages that a newcomer reads first stay short.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Pages beside those in `docs`.
const TOP: [&str; 4] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "examples/README.md",
];
/// Folders whose files the pages name in code spans.
const FOLDERS: [&str; 9] = [
    "src/",
    "tests/",
    "examples/",
    "tools/",
    "benches/",
    "fixtures/",
    "docs/",
    ".ci/",
    ".github/",
];
const README_WORDS: usize = 1_000;
const ARCHITECTURE_WORDS: usize = 3_000;
const ARCHITECTURE_WIDTH: usize = 110;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All pages with their text, by their path from the root.
fn pages() -> BTreeMap<PathBuf, String> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| Path::new("docs").join(entry.unwrap().file_name()));
    let names = TOP.iter().map(PathBuf::from);
    names
        .chain(docs.filter(|p| p.extension().is_some_and(|e| e == "md")))
        .map(|path| {
            let text = fs::read_to_string(root().join(&path)).unwrap();
            (path, text)
        })
        .collect()
}

/// The lines of a page that are not inside a block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// The anchors that GitHub gives the headings of a page.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in prose(text).filter(|l| l.starts_with('#')) {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let mut numbered = anchor.clone();
        let mut next = 1;
        while !found.insert(numbered.clone()) {
            numbered = format!("{anchor}-{next}");
            next += 1;
        }
    }
    found
}

/// A line without its code spans, and the spans.
fn without_code(line: &str) -> (String, Vec<String>) {
    let parts = line.split('`');
    let (mut plain, mut spans) = (String::new(), Vec::new());
    for (i, part) in parts.enumerate() {
        if i % 2 == 0 {
            plain.push_str(part);
        } else {
            // So that a link whose text is code stays a link.
            plain.push_str("code");
            spans.push(part.to_owned());
        }
    }
    (plain, spans)
}

/// What the links of a line point at.
fn targets(line: &str) -> Vec<String> {
    let (plain, _) = without_code(line);
    let ends = plain.match_indices("](").map(|(at, _)| at + 2);
    ends.map(|start| {
        let rest = &plain[start..];
        let end = rest
            .find(')')
            .unwrap_or_else(|| panic!("open link: {line}"));
        rest[..end].to_owned()
    })
    .collect()
}

/// A path without `.` and `..`.
fn resolved(page: &Path, target: &str) -> PathBuf {
    let mut path = page.parent().unwrap().to_path_buf();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => assert!(path.pop(), "{}: {target}", page.display()),
            part => path.push(part),
        }
    }
    path
}

#[test]
fn every_link_and_anchor_resolves() {
    let pages = pages();
    let mut links = 0;
    for (page, text) in &pages {
        for target in prose(text).flat_map(targets) {
            if target.starts_with("https://") || target.starts_with("http://") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = if file.is_empty() {
                page.clone()
            } else {
                resolved(page, file)
            };
            let shown = page.display();
            assert!(
                root().join(&path).exists(),
                "{shown}: {target} is not there"
            );
            if !anchor.is_empty() {
                let of = pages.get(&path);
                let text = of.unwrap_or_else(|| panic!("{shown}: {target} is no page"));
                assert!(
                    anchors(text).contains(anchor),
                    "{shown}: no heading {target}"
                );
            }
        }
    }
    assert!(links > 60, "only {links} links were found");
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let pages = pages();
    let mut reached = BTreeSet::from([PathBuf::from("README.md")]);
    let mut open = vec![PathBuf::from("README.md")];
    while let Some(page) = open.pop() {
        for target in prose(&pages[&page]).flat_map(targets) {
            let file = target.split('#').next().unwrap();
            let path = resolved(&page, file);
            if pages.contains_key(&path) && reached.insert(path.clone()) {
                open.push(path);
            }
        }
    }
    let missing: Vec<_> = pages.keys().filter(|p| !reached.contains(*p)).collect();
    assert!(missing.is_empty(), "nothing leads to {missing:?}");
}

#[test]
fn every_path_that_is_named_exists() {
    let mut named = 0;
    for (page, text) in pages() {
        for span in prose(&text).flat_map(|line| without_code(line).1) {
            // A command line, a pattern of several names, or a path with a line of Rust behind it.
            let one = !span.contains([' ', '*', '{', '<', ':']);
            if one && FOLDERS.iter().any(|folder| span.starts_with(folder)) {
                named += 1;
                let shown = page.display();
                assert!(root().join(&span).exists(), "{shown}: {span} is not there");
            }
        }
    }
    assert!(named > 40, "only {named} paths were found");
}

#[test]
fn the_pages_that_are_read_first_are_short() {
    let pages = pages();
    let words = |page: &str| pages[Path::new(page)].split_whitespace().count();
    let readme = words("README.md");
    assert!(readme <= README_WORDS, "README.md has {readme} words");
    let architecture = words("ARCHITECTURE.md");
    assert!(
        architecture <= ARCHITECTURE_WORDS,
        "ARCHITECTURE.md has {architecture} words"
    );
    let long = |line: &&str| line.chars().count() > ARCHITECTURE_WIDTH;
    let wide: Vec<&str> = pages[Path::new("ARCHITECTURE.md")]
        .lines()
        .filter(long)
        .collect();
    assert!(wide.is_empty(), "lines that are too long: {wide:#?}");
}

#[test]
fn anchors_are_those_of_github() {
    let text = "# `clip`: charts, and words\n## A\n## A\n```\n# no heading\n```\n### What p means — really?\n";
    let found: Vec<String> = anchors(text).into_iter().collect();
    let expected = ["a", "a-1", "clip-charts-and-words", "what-p-means--really"];
    assert_eq!(found, expected);
    assert_eq!(
        targets("a [`b c`](d.md#e) and ![f](g.svg)"),
        ["d.md#e", "g.svg"]
    );
}
