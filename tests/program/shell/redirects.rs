use std::fs;

use crate::typed::typed;
use crate::world::World;

#[test]
fn the_ending_of_a_file_says_the_format() {
    let world = World::with_market();
    let lines = "\
series > s.csv
series > s.json
series > s.jsonl
series > s.txt
series --format csv > t.txt
similar AAAUSDT -k 2 > hits.jsonl
bars last[1] --last 1 --format csv
";
    let out = typed(&world, &[], lines).ok();
    assert_eq!(
        out.lines().count(),
        2,
        "last is the answer in the file: {out}"
    );
    let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
    assert_eq!(
        read("s.csv"),
        world.rhyme(&["series", "--format", "csv"]).ok()
    );
    assert_eq!(read("t.txt"), read("s.csv"));
    assert_eq!(
        read("s.json"),
        world.rhyme(&["series", "--format", "json"]).ok()
    );
    assert_eq!(read("s.txt"), world.rhyme(&["series"]).ok());
    let lines: Vec<serde_json::Value> = read("s.jsonl")
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(
        serde_json::Value::Array(lines),
        world.rhyme(&["series", "--format", "json"]).rows("series")
    );
    let hits = world
        .rhyme(&["similar", "AAAUSDT", "-k", "2", "--format", "json"])
        .json();
    let first = read("hits.jsonl")
        .lines()
        .next()
        .map(str::to_owned)
        .unwrap();
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(first, hits["hits"][0]);
}

#[test]
fn a_failed_command_leaves_the_file_as_it_was() {
    let world = World::with_market();
    world.file("old.csv", "mine");
    for line in ["bars NOPE > old.csv\n", "bars NOPE > old.jsonl\n"] {
        typed(&world, &[], line).fails(3, "no series NOPE");
    }
    assert_eq!(fs::read_to_string(world.path("old.csv")).unwrap(), "mine");
    typed(&world, &[], "series > no/such/folder.csv\n").fails(1, "cannot create");
    typed(&world, &[], "stats > s.jsonl\n").fails(1, "this command has no rows");
    typed(&world, &[], "series >> s.csv\n").fails(1, "there is no >>");
    assert_eq!(world.names(""), ["in", "market.rhyme", "old.csv"]);
}

#[cfg(unix)]
#[test]
fn answers_go_into_other_programs() {
    let world = World::with_market();
    let script = |lines: &str| typed(&world, &[], lines);
    assert_eq!(
        script("series --format csv | tail -n 1 | cut -d, -f3\n").ok(),
        "ACME\n"
    );
    assert_eq!(
        script("bars AAAUSDT --last 0 | head -n 1 | wc -l\n")
            .ok()
            .trim(),
        "1"
    );
    script("series | grep -q NOPE\nstats\n").fails(1, "the command behind | failed");
    script("bars NOPE | cat\n").fails(3, "no series NOPE");
    assert_eq!(script("series > /dev/null\n").ok(), "");
    let out = script("similar AAAUSDT -k 1 | cat\n").ok();
    assert!(!out.contains('\x1b'), "{out}");
}
