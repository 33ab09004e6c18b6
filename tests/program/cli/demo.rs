//! The demo: what it prints can be typed, and it can be run again.

use crate::world::World;

/// The commands that the demo shows, without the program's name.
fn shown(out: &str) -> Vec<Vec<String>> {
    let lines = out
        .lines()
        .filter_map(|l| l.split_once(" --db demo.rhyme "));
    lines
        .map(|(_, words)| {
            // Sentences stand in quotation marks.
            let parts = words.split('"').enumerate();
            parts
                .flat_map(|(i, part)| {
                    if i % 2 == 1 {
                        vec![part.to_owned()]
                    } else {
                        part.split_whitespace().map(str::to_owned).collect()
                    }
                })
                .collect()
        })
        .collect()
}

#[test]
fn the_demo_shows_charts_and_words_and_runs_again() {
    let world = World::new();
    let demo = ["demo", "--small", "--db", "demo.rhyme"];
    let run = world.rhyme(&demo);
    // What is long tells how far it is where no bar can be drawn, too.
    assert!(run.err.contains("index: 0 of "), "{}", run.err);
    let first = run.ok();
    for part in [
        "A synthetic market: made-up symbols",
        "headlines go into demo.rhyme, each window with a vector in two spaces. That takes seconds;",
        "── What looked like this crash?",
        "windows searched",
        "── In words: charts and headlines of panic",
        "expressiveness",
        "── A stock slid: which headlines of the weeks around it fit the chart?",
        "── What kind of event does the chart look like?",
        "── What did stocks do in the ten days after headlines like this one?",
        "in summary",
        "What to type next:",
    ] {
        assert!(first.contains(part), "{part:?} is not in: {first}");
    }
    let commands = shown(&first);
    let asked = ["similar", "search", "news", "classify", "reaction"];
    for name in asked {
        assert!(commands.iter().any(|c| c[0] == name), "{name}: {first}");
    }
    // These go on until somebody ends them, and have tests of their own.
    let ends = |c: &&Vec<String>| !["shell", "serve"].contains(&c[0].as_str());
    for command in commands.iter().filter(ends) {
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        world
            .rhyme(&[&["--db", "demo.rhyme"], &args[..]].concat())
            .ok();
    }

    // The second time the market is there, and the answers are the same.
    let again = world.rhyme(&demo).ok();
    assert!(again.contains("holds it already"), "{again}");
    let answers = |out: &str| -> Vec<String> {
        let (_, answers) = out.split_once("──").unwrap();
        let timed = |l: &&str| !l.contains(" searched ");
        answers.lines().filter(timed).map(str::to_owned).collect()
    };
    assert_eq!(answers(&again), answers(&first));
    let json = world.rhyme(&[&demo[..], &["--format", "json"]].concat());
    assert!(!json.json().as_array().unwrap().is_empty());
}
