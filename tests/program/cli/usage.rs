use std::fs::File;

use crate::world::{World, run};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["demo"],
    &["ingest"],
    &["ingest", "bars"],
    &["ingest", "headlines"],
    &["import"],
    &["import", "vectors"],
    &["merge"],
    &["embed"],
    &["drop-space"],
    &["similar"],
    &["search"],
    &["news"],
    &["context"],
    &["reaction"],
    &["classify"],
    &["divergence"],
    &["axis"],
    &["combine"],
    &["prototype"],
    &["prototype", "add"],
    &["anomaly"],
    &["today"],
    &["watch"],
    &["save"],
    &["transfer"],
    &["transfer-matrix"],
    &["map"],
    &["market"],
    &["market", "clusters"],
    &["market", "correlation"],
    &["market", "lead-lag"],
    &["market", "portfolio"],
    &["eval"],
    &["resample"],
    &["attribute"],
    &["attribute", "set"],
    &["attribute", "import"],
    &["attribute", "remove"],
    &["attributes"],
    &["export", "attributes"],
    &["tag"],
    &["tag", "add"],
    &["tag", "import"],
    &["tag", "remove"],
    &["tags"],
    &["export", "tags"],
    &["series"],
    &["spaces"],
    &["bars"],
    &["headlines"],
    &["stats"],
    &["verify"],
    &["repair"],
    &["backup"],
    &["restore"],
    &["compact"],
    &["adjust"],
    &["delete"],
    &["completions"],
    &["shell"],
    &["doctor"],
    &["export"],
    &["export", "bars"],
    &["export", "headlines"],
    &["export", "vectors"],
    &["export", "answer"],
    &["mcp"],
    #[cfg(feature = "serve")]
    &["serve"],
];

#[test]
fn every_command_explains_itself() {
    let world = World::new();
    for command in COMMANDS {
        let out = world.rhyme(&[*command, &["--help"]].concat()).ok();
        assert!(out.contains("Usage: rhyme"), "{command:?}: {out}");
        assert!(out.contains("--db "), "{command:?}: {out}");
        let widest = out.lines().map(|l| l.chars().count()).max();
        assert!(widest <= Some(100), "{command:?}: {out}");
    }
    let top = world.rhyme(&["--help"]).ok();
    for command in COMMANDS.iter().filter_map(|c| c.first()) {
        // Behind the name of its group.
        let begins = |line: &str| {
            line.get(12..)
                .is_some_and(|l| l.starts_with(&format!("{command} ")))
        };
        assert!(top.lines().any(begins), "{command}: {top}");
    }
    assert!(world.names("").is_empty(), "help makes no files");
    world.rhyme(&["--version"]).ok();
}

#[test]
fn wrong_usage_exits_with_2() {
    let world = World::new();
    world.rhyme(&[]).fails(2, "Usage: rhyme");
    world
        .rhyme(&["sing"])
        .fails(2, "unrecognized subcommand 'sing'");
    world.rhyme(&["similar"]).fails(2, "<TARGET>");
    world
        .rhyme(&["series", "--nope"])
        .fails(2, "unexpected argument '--nope'");
    world
        .rhyme(&["bars", "X", "--from", "soon"])
        .fails(2, "expected a time like 2021-05-19");
}

#[test]
fn k_is_how_many_wherever_rows_are_listed() {
    let world = World::with_market();
    let rows = |args: &[&str]| {
        let out = world.rhyme(&[args, &["--format", "csv"]].concat()).ok();
        out.lines().count() - 1
    };
    assert_eq!(rows(&["bars", "AAAUSDT", "-k", "3"]), 3);
    assert_eq!(rows(&["bars", "AAAUSDT", "--last", "3"]), 3);
    assert_eq!(rows(&["similar", "AAAUSDT", "-k", "2"]), 2);
    for command in ["headlines", "divergence", "anomaly", "news", "reaction"] {
        let help = world.rhyme(&[command, "--help"]).ok();
        assert!(help.contains("\n  -k"), "{command}: {help}");
    }
}

#[test]
fn completions_name_the_commands() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = world.rhyme(&["completions", shell]).ok();
        for word in ["rhyme", "similar", "ingest", "headlines", "as-of"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    world
        .rhyme(&["completions", "tcsh"])
        .fails(2, "possible values");
    assert!(world.names("").is_empty());
}

#[test]
fn the_database_is_found_by_option_then_variable_then_place() {
    let world = World::with_market();
    let missing = "there is no such folder; name one that is there";
    world.rhyme(&["series", "--db", "other"]).fails(1, missing);
    let by_variable = |args: &[&str]| run(world.command(args).env("RHYME_DB", "other"));
    by_variable(&["series"]).fails(1, missing);
    by_variable(&["series", "--db", "market.rhyme"]).ok();
    by_variable(&["ingest", "bars", "in", "-q"]).ok();
    by_variable(&["verify"]).ok();
    assert_eq!(world.names("").len(), 3, "in, market.rhyme and other");
    world
        .rhyme(&["series", "--db", "in"])
        .fails(1, "it has no catalog.redb");
    for command in [
        &["stats"][..],
        &["verify"],
        &["repair"],
        &["backup", "copy"],
        &["compact"],
        &["spaces"],
        &["similar", "X"],
    ] {
        world
            .rhyme(&[command, &["--db", "absent"]].concat())
            .fails(1, missing);
    }
    assert!(!world.path("absent").exists(), "asking makes no database");
}

#[test]
fn files_and_pipes_get_no_colour() {
    let world = World::with_market();
    for args in [
        &["similar", "AAAUSDT"][..],
        &["series"],
        &["stats"],
        &["similar", "--help"],
    ] {
        let path = world.path("out.txt");
        let file = File::create(&path).unwrap();
        assert_eq!(run(world.command(args).stdout(file)).code, Some(0));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            !text.is_empty() && !text.contains('\x1b'),
            "{args:?}: {text}"
        );
        let plain = run(world.command(args).env("NO_COLOR", "1")).ok();
        assert!(!plain.contains('\x1b'), "{args:?}");
    }
    let wrong = world.rhyme(&["sing"]);
    assert!(!wrong.err.contains('\x1b'), "{}", wrong.err);
}

#[test]
fn a_locale_without_unicode_gets_ascii_charts() {
    let world = World::with_market();
    let ascii = run(world.command(&["similar", "AAAUSDT"]).env("LANG", "C")).ok();
    assert!(ascii.is_ascii(), "{ascii}");
    let unicode = world.rhyme(&["similar", "AAAUSDT"]).ok();
    assert!(unicode.contains('█'), "{unicode}");
}

#[test]
fn a_question_ends_at_its_time_limit() {
    let world = World::with_market();
    let scan = ["anomaly", "--scan", "crypto", "--timeout"];
    let limited = |limit: &str| world.rhyme(&[&scan[..], &[limit]].concat());
    limited("1ms").fails(1, "not finished within 1ms");
    limited("soon").fails(2, "expected a time like 500ms, 30s or 5m, found \"soon\"");
    limited("10m").ok();
}
