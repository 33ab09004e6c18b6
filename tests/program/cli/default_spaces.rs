//! Which spaces a new database gets.

use crate::world::World;

fn spaces(world: &World) -> Vec<(String, u64)> {
    let listed = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|s| {
            let name = s["name"].as_str().unwrap().to_owned();
            (name, s["rows"].as_u64().unwrap())
        })
        .collect()
}

fn names(world: &World) -> Vec<String> {
    spaces(world).into_iter().map(|s| s.0).collect()
}

#[test]
fn bars_and_headlines_can_be_asked_in_words_at_once() {
    let world = World::new();
    world.write_market();
    world.file(
        "news.csv",
        "time,headline,symbols\n2021-01-05T10:00:00Z,Prices plunge as miners sell,AAAUSDT\n",
    );
    world.rhyme(&["ingest", "bars", "in"]).ok();
    let out = world
        .rhyme(&["ingest", "headlines", "news.csv", "--format", "json"])
        .json();
    assert_eq!(out["headlines_embedded"], 1);
    assert_eq!(names(&world), ["shape", "clip"]);
    assert!(spaces(&world).iter().all(|(_, rows)| *rows > 0));

    let found = world
        .rhyme(&["search", "prices plunge", "-k", "2", "--format", "json"])
        .json();
    assert_eq!(found["query"]["space"], "clip");
    assert_eq!(found["charts"].as_array().unwrap().len(), 2);
    assert_eq!(
        found["headlines"][0]["text"],
        "Prices plunge as miners sell"
    );
    assert!(found["expressiveness"]["percentile"].is_number());
    // Charts are still asked in `shape`.
    let similar = world
        .rhyme(&["similar", "AAAUSDT:1h", "-k", "1", "--format", "json"])
        .json();
    assert_eq!(similar["query"]["space"], "shape");
}

#[test]
fn spaces_are_chosen_where_a_database_begins() {
    let world = World::new();
    world.write_market();
    let shape = ["ingest", "bars", "in", "--spaces", "shape"];
    world.rhyme(&shape).ok();
    assert_eq!(names(&world), ["shape"]);
    // The same command goes on, and without a choice nothing is added.
    world.rhyme(&shape).ok();
    world.rhyme(&["ingest", "bars", "in"]).ok();
    assert_eq!(names(&world), ["shape"]);
    world
        .rhyme(&["search", "prices plunge"])
        .fails(3, "rhyme embed --space clip --encoder clip");

    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape,clip"])
        .ok();
    assert_eq!(names(&world), ["shape", "clip"]);
    assert!(spaces(&world).iter().all(|(_, rows)| *rows > 0));
    world.rhyme(&shape).fails(
        1,
        "expected a database without the space clip, since --spaces leaves it out",
    );
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "stats"])
        .fails(2, "possible values: shape, clip");
}
