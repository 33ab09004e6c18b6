//! The layers of ARCHITECTURE.md, held by a test: who imports whom, where each external crate and
//! `unsafe` may stand, and how long a file may be.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/tokens.rs"]
mod tokens;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use imports::Crate;

/// Each layer, and the layers that it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("numeric", &[]),
    ("words", &[]),
    ("model", &["error"]),
    ("disk", &["error"]),
    ("encode", &["error", "model", "numeric"]),
    ("index", &["numeric", "error"]),
    ("source", &["error", "model"]),
    ("export", &["error", "model"]),
    ("plot", &["error", "model"]),
    ("store", &["error", "model", "disk"]),
    (
        "db",
        &[
            "error", "model", "numeric", "words", "disk", "encode", "index", "store",
        ],
    ),
    ("analysis", &["error", "model", "numeric", "encode", "db"]),
    ("decide", &["error", "model", "numeric", "db", "analysis"]),
    (
        "eval",
        &["error", "model", "numeric", "encode", "db", "analysis"],
    ),
    (
        "ask",
        &["error", "model", "numeric", "db", "analysis", "decide"],
    ),
    (
        "fuzz",
        &[
            "error", "model", "disk", "encode", "index", "source", "store", "db",
        ],
    ),
];

/// External crates that stay in one place.
const CONFINED: &[(&str, &[&str])] = &[
    ("redb", &["src/store/"]),
    ("bincode", &["src/store/codec.rs"]),
    ("pco", &["src/store/bar_block.rs"]),
    (
        "memmap2",
        &["src/disk/large_pages.rs", "src/disk/mapped.rs"],
    ),
    ("hnsw_rs", &["src/index/build_hnsw.rs"]),
    ("safetensors", &["src/encode/weights/"]),
    ("ndarray", &["src/encode/net/"]),
    ("kodama", &["src/analysis/linkage.rs"]),
    ("clarabel", &["src/analysis/efficient.rs"]),
    ("tokenizers", &["src/encode/onnx/text/tokens.rs"]),
    ("tract_onnx", &["src/encode/onnx/"]),
    ("prost", &["src/encode/onnx/"]),
    (
        "reqwest",
        &[
            "src/source/http/",
            "src/source/bybit/",
            "src/source/embeddings/",
            "src/source/webhook.rs",
        ],
    ),
    ("rustls", &["src/source/http/"]),
    ("backon", &["src/source/http/"]),
    ("parquet", &["src/source/", "src/export/"]),
    ("arrow_array", &["src/source/", "src/export/"]),
    ("zip", &["src/source/", "src/fuzz/container.rs"]),
    (
        "csv",
        &[
            "src/source/",
            "src/export/",
            "tools/rhyme/src/commands/outcomes_of.rs",
            "tools/rhyme/src/output.rs",
        ],
    ),
    ("tiny_skia", &["src/plot/png.rs"]),
    ("ttf_parser", &["src/plot/"]),
    ("unicode_normalization", &["src/words/split.rs"]),
    ("jiff", &["src/model/", "src/source/"]),
    ("clap", &["tools/rhyme/src/"]),
    ("indicatif", &["tools/rhyme/src/progress.rs"]),
    ("comfy_table", &["tools/rhyme/src/output.rs"]),
    ("rustyline", &["tools/rhyme/src/shell/editor.rs"]),
    ("sysinfo", &["tools/rhyme/src/commands/doctor/machine.rs"]),
    ("axum", &["tools/rhyme/src/serve/"]),
    ("hyper", &["tools/rhyme/src/serve/"]),
    ("hyper_util", &["tools/rhyme/src/serve/"]),
    ("tokio", &["tools/rhyme/src/serve/"]),
    ("subtle", &["tools/rhyme/src/serve/token.rs"]),
];

const UNSAFE: &[&str] = &[
    "src/disk/mapped.rs",
    "src/index/block_avx2.rs",
    "src/index/block_x86.rs",
    "src/index/kernel_avx2.rs",
    "src/index/kernel_x86.rs",
    "src/index/kernel_neon.rs",
    "src/index/kernel.rs",
];

const LONGEST_FILE: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// Every source file: its path from the root with `/`, and its lines without comments.
fn sources() -> Vec<(String, Vec<String>)> {
    let mut paths = Vec::new();
    rust_files(&root().join("src"), &mut paths);
    rust_files(&root().join("tools/rhyme/src"), &mut paths);
    assert!(paths.len() > 50, "the sources were found");
    let mut files: Vec<_> = paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap();
            let name = name.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(path).unwrap();
            let code = text.lines().map(|line| match line.split_once("//") {
                Some((code, _)) if !code.contains('"') => code.to_owned(),
                _ => line.to_owned(),
            });
            (name, code.collect())
        })
        .collect();
    files.sort();
    files
}

/// The identifiers that follow `prefix` in a line.
fn after<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(prefix)
        .filter(move |(at, _)| !line[..*at].ends_with(part) && !line[..*at].ends_with(':'))
        .map(move |(at, _)| {
            let rest = &line[at + prefix.len()..];
            &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())]
        })
}

#[test]
fn layers_import_only_layers_below() {
    let mut wrong = Vec::new();
    for (file, lines) in sources() {
        let layer = LAYERS.iter().find(|(name, _)| {
            file.starts_with(&format!("src/{name}/")) || file == format!("src/{name}.rs")
        });
        let Some((layer, below)) = layer else {
            let known = file == "src/lib.rs" || file.starts_with("tools/rhyme/src/");
            assert!(known, "{file} belongs to no layer");
            continue;
        };
        for (i, line) in lines.iter().enumerate() {
            for name in after(line, "crate::") {
                if name != *layer && !below.contains(&name) {
                    wrong.push(format!("{file}:{}: {layer} imports crate::{name}", i + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_binary_uses_the_public_interface() {
    for (file, lines) in sources() {
        if file.starts_with("tools/rhyme/") {
            let hidden = lines
                .iter()
                .any(|l| after(l, "rhymedb::").any(|n| ["disk", "index"].contains(&n)));
            assert!(!hidden, "{file} uses a hidden module");
        }
    }
}

#[test]
fn external_crates_stay_in_their_place() {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (file, lines) in sources() {
        for (i, line) in lines.iter().enumerate() {
            for (name, places) in CONFINED {
                if after(line, &format!("{name}::")).next().is_none() {
                    continue;
                }
                seen.insert(*name);
                if !places.iter().any(|p| file.starts_with(p)) {
                    wrong.push(format!("{file}:{}: {name}", i + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all: BTreeSet<_> = CONFINED.iter().map(|c| c.0).collect();
    let unused: Vec<_> = all.difference(&seen).collect();
    assert!(
        unused.is_empty(),
        "the table names crates that nobody uses: {unused:?}"
    );
}

/// Or simulated disks would not see it, and no test would know what a power cut does to it.
#[test]
fn databases_reach_their_files_through_the_disk_layer() {
    let mut wrong = Vec::new();
    for (file, lines) in sources() {
        let inside = ["src/db/", "src/store/", "src/index/"];
        if !inside.iter().any(|layer| file.starts_with(layer)) {
            continue;
        }
        for (i, line) in lines.iter().enumerate() {
            if after(line, "std::").any(|name| name == "fs") {
                wrong.push(format!("{file}:{}: use crate::disk::Storage", i + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_where_it_is_announced() {
    for (file, lines) in sources() {
        let found = lines
            .iter()
            .any(|l| l.contains("unsafe {") || l.contains("unsafe fn"));
        assert!(
            !found || UNSAFE.contains(&file.as_str()),
            "{file} has unsafe code"
        );
    }
}

#[test]
fn files_fit_one_subject() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|(_, lines)| lines.len() > LONGEST_FILE)
        .map(|(file, lines)| format!("{file}: {} lines", lines.len()))
        .collect();
    assert!(long.is_empty(), "split them: {}", long.join(", "));
}

/// The rooms of `src/db`, and which of them each may import besides what they share, `src/db/*.rs`.
const ROOMS_OF_DB: &[(&str, &[&str])] = &[
    ("src/db/read/", &[]),
    ("src/db/write/", &["src/db/read/"]),
    ("src/db/care/", &["src/db/read/", "src/db/write/"]),
];

fn read(file: &str) -> Option<String> {
    fs::read_to_string(root().join(file)).ok()
}

static LIBRARY: LazyLock<Crate> = LazyLock::new(|| Crate::read("src/lib.rs", &read));

#[test]
fn files_import_each_other_in_no_loop() {
    let library = &*LIBRARY;
    assert!(library.files() > 200, "the modules were found");
    assert!(library.arrows().len() > 500, "the imports were found");
    let circles = library.circles();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn files_of_the_program_import_each_other_in_no_loop() {
    let program = Crate::read("tools/rhyme/src/lib.rs", &read);
    assert!(program.files() > 60, "the modules were found");
    assert!(program.arrows().len() > 250, "the imports were found");
    let circles = program.circles();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

/// The names that users of the library can write, sorted: a change of them is a change of the interface,
/// and has a line in CHANGELOG.md. `RHYME_GOLDEN=write` writes the list anew.
#[test]
fn the_public_names_are_those_of_the_list() {
    let mut names = BTreeSet::new();
    for (file, module) in [
        ("src/lib.rs", ""),
        ("src/ask/mod.rs", "ask::"),
        ("src/encode/mod.rs", "encode::"),
        ("src/eval/mod.rs", "eval::"),
        ("src/plot/mod.rs", "plot::"),
    ] {
        names.extend(public_names(&read(file).unwrap(), module));
    }
    let path = root().join("tests/architecture/public_names.txt");
    let mut found: String = names.iter().map(|name| format!("{name}\n")).collect();
    if std::env::var_os("RHYME_GOLDEN").is_some_and(|v| v == "write") {
        fs::write(&path, &found).unwrap();
    }
    let listed = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(names.len() > 150, "the names were found");
    found.retain(|c| c != '\r');
    let (new, gone): (Vec<_>, Vec<_>) = (
        found
            .lines()
            .filter(|n| !listed.lines().any(|l| l == *n))
            .collect(),
        listed
            .lines()
            .filter(|n| !found.lines().any(|l| l == *n))
            .collect(),
    );
    assert!(
        new.is_empty() && gone.is_empty(),
        "new public names {new:?}, gone {gone:?}; RHYME_GOLDEN=write cargo test --test architecture writes the list"
    );
}

/// The names at the root stay few enough to read at a glance.
#[test]
fn the_root_has_what_everybody_needs() {
    let names = public_names(&read("src/lib.rs").unwrap(), "");
    let at_root: Vec<_> = names.iter().filter(|n| !n.contains("::")).collect();
    assert!((10..=20).contains(&at_root.len()), "{at_root:?}");
}

/// The names that the file of a module re-exports or defines, those of its inline modules too.
fn public_names(text: &str, module: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = String::from(module);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let code = line.trim_start();
        if let Some(name) = line
            .strip_prefix("pub mod ")
            .and_then(|l| l.strip_suffix(" {"))
        {
            inside = format!("{module}{name}::");
        } else if line == "}" {
            inside = String::from(module);
        } else if let Some(first) = code.strip_prefix("pub use ") {
            let mut list = String::from(first);
            while !list.ends_with(';') {
                list.push_str(lines.next().unwrap());
            }
            // After the path: `crate::db::{..}`, `db::View`.
            let list = match list.split_once('{') {
                Some((_, list)) => list,
                None => list.rsplit("::").next().unwrap(),
            };
            for name in list.split([',', '}', ';']) {
                let name = name.rsplit(" as ").next().unwrap().trim();
                names.extend((!name.is_empty()).then(|| format!("{inside}{name}")));
            }
        } else {
            let item = [
                "pub struct ",
                "pub enum ",
                "pub trait ",
                "pub fn ",
                "pub type ",
            ];
            let name = item.iter().find_map(|kind| line.strip_prefix(kind));
            let end = |c: char| !c.is_alphanumeric() && c != '_';
            names.extend(name.map(|n| format!("{inside}{}", n.split(end).next().unwrap())));
        }
    }
    names
}

#[test]
fn what_the_rooms_of_a_database_share_imports_none_of_them() {
    let room = |file: &str| ROOMS_OF_DB.iter().find(|(room, _)| file.starts_with(room));
    let library = &*LIBRARY;
    let mut wrong = Vec::new();
    let mut kept = 0;
    for ((from, to), names) in library.arrows() {
        let (from, to) = (library.file(from), library.file(to));
        let Some((above, _)) = room(to).filter(|_| from.starts_with("src/db/")) else {
            continue;
        };
        let below: &[&str] = room(from).map_or(&[], |(_, below)| below);
        if from.starts_with(above) || below.contains(above) {
            kept += 1;
        } else {
            wrong.push(format!("{from} -> {to}: {names:?}"));
        }
    }
    assert!(kept > 50, "the rooms were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_checks_can_fail() {
    assert_eq!(
        after("use crate::db::View;", "crate::").collect::<Vec<_>>(),
        ["db"]
    );
    assert_eq!(
        after("let x = crate::Database;", "crate::").next(),
        Some("Database")
    );
    assert_eq!(after("x::redb::y mycrate::z", "crate::").next(), None);
}

/// The circles of a crate of these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let read = |name: &str| {
        let found = files.iter().find(|(file, _)| *file == name);
        found.map(|(_, text)| (*text).to_owned())
    };
    Crate::read("src/lib.rs", &read).circles()
}

#[test]
fn circles_are_found_through_reexports_and_paths() {
    let lib = ("src/lib.rs", "mod a;\nmod b;\npub use a::Made;");
    let a = "use crate::b::{self, Kept};\npub struct Made(Kept);\nfn f() { b::g() }";
    for b in [
        "pub fn g() -> super::a::Made {}",
        "use crate::Made;\npub fn g() -> Made {}",
        "use crate::{a as other};\npub fn g() -> other::Made {}",
    ] {
        let b = format!("pub struct Kept;\n{b}");
        let circles = circles_of(&[lib, ("src/a.rs", a), ("src/b/mod.rs", &b)]);
        assert_eq!(
            circles,
            [
                "2 files import each other in a loop:\n  src/a.rs -> src/b/mod.rs: Kept, g\n  \
                 src/b/mod.rs -> src/a.rs: Made"
            ],
            "{b}"
        );
    }
    let parent = (
        "src/lib.rs",
        "mod a;\npub struct Shared;\nfn f() { a::g() }",
    );
    let child = ("src/a.rs", "pub fn g() -> super::Shared {}");
    assert_eq!(circles_of(&[parent, child]).len(), 1);
}

#[test]
fn what_only_passes_names_on_makes_no_circle() {
    let lib = ("src/lib.rs", "mod a;\nmod b;\npub use a::Made;");
    let a = ("src/a.rs", "use crate::b::Kept;\npub struct Made(Kept);");
    for b in [
        "pub struct Kept; // crate::a::Made",
        "pub struct Kept;\n#[cfg(test)]\nmod tests { use crate::a::Made; }",
        "pub struct Kept;\nconst A: &str = \"crate::a::Made\";",
        "pub struct Kept;\npub use crate::a::Made as Other;",
    ] {
        let circles = circles_of(&[lib, a, ("src/b.rs", b)]);
        assert!(circles.is_empty(), "{b}: {circles:?}");
    }
}
