//! The programs in `examples` run, and print what `examples/README.md` says.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

/// An example as a module. Its `main`, which prints what `run` writes, is for the command line alone.
macro_rules! example {
    ($name:ident, $path:literal) => {
        #[path = $path]
        #[allow(dead_code, reason = "main")]
        mod $name;

        #[test]
        fn $name() {
            let folder = tempfile::tempdir().unwrap();
            let mut printed = Vec::new();
            $name::run(folder.path(), &mut printed).unwrap();
            let printed = String::from_utf8(printed).unwrap();
            assert_eq!(timeless(&printed), timeless(&told(stringify!($name))));
        }
    };
}

example!(as_of, "../examples/as_of.rs");
example!(bot, "../examples/bot.rs");
example!(bulk_import, "../examples/bulk_import.rs");
example!(own_encoder, "../examples/own_encoder.rs");
example!(text_tower, "../examples/text_tower.rs");

fn readme() -> String {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join("examples/README.md")).unwrap()
}

/// What the README says that an example prints: the lines below its command.
fn told(name: &str) -> String {
    let command = format!("$ cargo run --release --example {name}\n");
    let readme = readme();
    let (_, after) = readme
        .split_once(&command)
        .unwrap_or_else(|| panic!("no {command}"));
    after.split_once("```").unwrap().0.to_owned()
}

/// A text whose numbers of milliseconds are dots: they are another machine's.
fn timeless(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_time = |i: usize| words.get(i + 1).is_some_and(|next| next.trim() == "ms");
    let shown = words
        .iter()
        .enumerate()
        .map(|(i, word)| if is_time(i) { "..." } else { word });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_readme_lists_every_example() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(root.join("examples")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let examples: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .collect();
    assert_eq!(
        examples.len(),
        5,
        "each is run by a test above: {examples:?}"
    );
    for name in examples {
        assert!(!told(&name).is_empty(), "{name}");
    }
}
