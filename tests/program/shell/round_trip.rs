//! What `rhyme export` writes, `rhyme ingest` and `rhyme import` read without being told anything, and a
//! database made of it answers alike.

use crate::world::World;

const KINDS: [&str; 3] = ["csv", "parquet", "jsonl"];

fn news() -> &'static str {
    "time,text,symbols,source,precision\n\
     2021-01-03T10:00:00Z,\"Prices, as a whole, fall\",AAAUSDT;ACME,wire,second\n\
     2021-01-04,A quiet day,ACME,,day\n\
     2021-01-09T10:30:00Z,\"Prices \"\"rise\"\"\",AAAUSDT,wire,minute\n"
}

fn csv(world: &World, args: &[&str]) -> String {
    world.rhyme(&[args, &["--format", "csv"]].concat()).ok()
}

#[test]
fn bars_of_all_series_come_back() {
    let world = World::with_market();
    let series = ["AAAUSDT:1h", "BBBUSDT:1h", "ACME:1d"];
    let bars = |db: &str, name: &str| csv(&world, &["bars", name, "--last", "0", "--db", db]);
    for kind in KINDS {
        let (file, db) = (format!("all.{kind}"), format!("{kind}.rhyme"));
        world.rhyme(&["export", "bars", &file]).ok();
        world
            .rhyme(&["ingest", "bars", &file, "--db", &db, "--spaces", "shape"])
            .ok();
        let listed = |db: &str| csv(&world, &["series", "--db", db]);
        assert_eq!(listed(&db), listed("market.rhyme"), "{kind}");
        for name in series {
            assert_eq!(bars(&db, name), bars("market.rhyme", name), "{kind}");
        }
        let ask = ["similar", "AAAUSDT", "-k", "5", "--exact", "--db"];
        assert_eq!(
            csv(&world, &[&ask[..], &[&db]].concat()),
            csv(&world, &[&ask[..], &["market.rhyme"]].concat())
        );
    }
    let names = csv(&world, &["bars", "ACME", "--last", "1"]);
    assert!(
        names.starts_with("open_time,open,high,low,close,volume\n"),
        "{names}"
    );
    let json = world
        .rhyme(&["bars", "ACME", "--last", "1", "--format", "json"])
        .rows("bars");
    assert!(
        json[0]["open_time"].is_string() && json[0]["time"].is_null(),
        "{json}"
    );
}

#[test]
fn headlines_come_back() {
    let world = World::with_market();
    world.file("news.csv", news());
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    let stored = |db: &str| csv(&world, &["headlines", "--db", db]);
    let names = stored("market.rhyme");
    assert!(
        names.starts_with("published,precision,symbols,source,text\n"),
        "{names}"
    );
    for kind in KINDS {
        let (file, db) = (format!("news.{kind}"), format!("{kind}.rhyme"));
        world
            .rhyme(&["export", "headlines", &file, "--replace"])
            .ok();
        world
            .rhyme(&["ingest", "headlines", &file, "--db", &db])
            .ok();
        assert_eq!(stored(&db), names, "{kind}");
    }
    let old = names.replacen("published", "time", 1);
    world.file("old.csv", old);
    world
        .rhyme(&["ingest", "headlines", "old.csv", "--db", "old.rhyme"])
        .ok();
    assert_eq!(stored("old.rhyme"), names, "the name of before");
}

#[test]
fn vectors_come_back() {
    let world = World::with_market();
    let hits = |space: &str| {
        let args = [
            "similar", "AAAUSDT", "-k", "5", "--exact", "--format", "json", "--space", space,
        ];
        let answer = world.rhyme(&args).json();
        let hits = answer["hits"].as_array().unwrap().clone();
        let part = |h: &serde_json::Value| {
            (
                h["symbol"].to_string(),
                h["end"].to_string(),
                h["score"].as_f64().unwrap(),
            )
        };
        hits.iter().map(part).collect::<Vec<_>>()
    };
    let shape = hits("shape");
    let files: Vec<String> = KINDS.map(|kind| format!("v.{kind}")).into();
    for file in &files {
        world
            .rhyme(&["export", "vectors", file, "--space", "shape"])
            .ok();
    }
    let text = std::fs::read_to_string(world.path("v.csv")).unwrap();
    world.file("old.csv", text.replacen(",end,", ",time,", 1));
    for file in files.iter().map(String::as_str).chain(["old.csv"]) {
        let space = file.replace('.', "-");
        let import = [
            "import", "vectors", file, "--space", &space, "--window", "64",
        ];
        let out = world.rhyme(&import).ok();
        assert_eq!(crate::world::field(&out, "vectors stored"), "611", "{file}");
        for (a, b) in shape.iter().zip(hits(&space)) {
            assert_eq!((&a.0, &a.1), (&b.0, &b.1), "{file}");
            assert!((a.2 - b.2).abs() < 1e-4, "{file}: {a:?} {b:?}");
        }
    }
    world.rhyme(&["verify"]).ok();
    world.file("bad.csv", "end,vector0,vector1\n2021-01-01,1,x\n");
    let bad = ["import", "vectors", "bad.csv", "--space", "bad"];
    world
        .rhyme(&bad)
        .fails(1, "line 1: a value is not a finite number");
    world.file("none.csv", "end,value\n2021-01-01,1\n");
    let none = ["import", "vectors", "none.csv", "--space", "bad"];
    world.rhyme(&none).fails(
        1,
        "expected vectors as .npy or Parquet, or a table of them; no column for the vector",
    );
}
