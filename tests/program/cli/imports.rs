use crate::world::{HOUR, START, World, field, time};

/// A matrix of f32 as numpy writes it.
fn npy(rows: &[[f32; 4]]) -> Vec<u8> {
    let shape = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, 4), }}",
        rows.len()
    );
    let padded = (10 + shape.len() + 1).next_multiple_of(64) - 10;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((padded as u16).to_le_bytes());
    out.extend(format!("{shape:<width$}\n", width = padded - 1).bytes());
    out.extend(rows.iter().flatten().flat_map(|x| x.to_le_bytes()));
    out
}

/// Vectors on a quarter of a circle, one an hour: the nearest of each is its neighbour in time.
fn write_vectors(world: &World) {
    let rows: Vec<[f32; 4]> = (0..40_u8)
        .map(|i| {
            let angle = f32::from(i) / 40.0;
            [angle.cos(), angle.sin(), 0.0, 0.0]
        })
        .collect();
    world.file("mine.npy", npy(&rows));
    let meta: String = (0..40)
        .map(|i| format!("crypto,lab,VEC,1h,{}\n", time(START + i * HOUR)))
        .collect();
    world.file(
        "meta.csv",
        format!("market,venue,symbol,interval,time\n{meta}"),
    );
}

const IMPORT: [&str; 7] = [
    "import", "vectors", "mine.npy", "--space", "mine", "--meta", "meta.csv",
];

#[test]
fn vectors_come_in_and_are_found_in_their_space() {
    let world = World::with_market();
    write_vectors(&world);
    let out = world.rhyme(&IMPORT).ok();
    assert_eq!(field(&out, "vectors stored"), "40");
    let again = world.rhyme(&IMPORT).ok();
    assert_eq!(field(&again, "vectors replaced"), "40");

    let target = format!("VEC:1h@{}", time(START + 20 * HOUR));
    let similar = [
        "similar", &target, "--space", "mine", "-k", "2", "--format", "json",
    ];
    let answer = world.rhyme(&similar).json();
    assert_eq!(answer["query"]["space"], "mine");
    assert_eq!(answer["searched"]["windows"], 40);
    let ends: Vec<&str> = answer["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["end"].as_str().unwrap())
        .collect();
    let next = [time(START + 19 * HOUR), time(START + 21 * HOUR)];
    assert!(
        ends.iter().all(|e| next.contains(&(*e).to_owned())),
        "{ends:?}"
    );
    assert_ne!(ends[0], ends[1]);

    let spaces = world.rhyme(&["spaces", "--format", "json"]).rows("spaces");
    let names: Vec<&str> = spaces
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["shape", "mine"]);
    assert_eq!(spaces[1]["dim"], 4);
    assert_eq!(spaces[1]["rows"], 40);
    world.rhyme(&["verify"]).ok();
}

#[test]
fn vectors_that_do_not_fit_are_explained() {
    let world = World::new();
    write_vectors(&world);
    world.file("words.npy", "words");
    let import = |file: &str, more: &[&str]| {
        world.rhyme(&[&["import", "vectors", file, "--space", "mine"], more].concat())
    };
    import("words.npy", &[]).fails(1, "expected vectors as .npy or Parquet");
    import("absent.npy", &[]).fails(1, "cannot open absent.npy");
    import("mine.npy", &["--meta", "absent.csv"]).fails(1, "cannot open absent.csv");
    world
        .rhyme(&["import", "vectors", "mine.npy"])
        .fails(2, "--space");
    import("mine.npy", &[]).ok();
    import("mine.npy", &["--window", "9"]).fails(1, "choose another name");
    world.file("zero.npy", npy(&[[0.0; 4], [1.0, 0.0, 0.0, 0.0]]));
    import("zero.npy", &[]).fails(1, "zero.npy");
    let skipping = import("zero.npy", &["--on-error", "skip"]);
    assert!(
        skipping.err.contains("2 rows, 1 accepted"),
        "{}",
        skipping.err
    );
    assert_eq!(field(&skipping.ok(), "vectors stored"), "1");
}

const NEWS: &str = "\
time,headline,symbols,source
2021-01-02T10:00:00Z,Alpha rises,AAAUSDT,wire
2021-01-03T10:00:00Z,Beta falls,BBBUSDT,wire
2021-01-04T10:00:00Z,\"Alpha, and Beta\",AAAUSDT;BBBUSDT,wire
";

#[test]
fn headlines_come_in_and_are_listed_by_symbol_and_time() {
    let world = World::new();
    world.file("news/a.csv", NEWS);
    let out = world.rhyme(&["ingest", "headlines", "news"]).ok();
    assert_eq!(field(&out, "headlines added"), "3");
    let again = world.rhyme(&["ingest", "headlines", "news/*.csv"]).ok();
    assert_eq!(field(&again, "headlines added"), "0");
    assert_eq!(field(&again, "headlines unchanged"), "3");

    let texts = |args: &[&str]| -> Vec<String> {
        let args = [&["headlines", "--format", "json"], args].concat();
        let rows = world.rhyme(&args).rows("headlines");
        let rows = rows.as_array().unwrap();
        rows.iter()
            .map(|r| r["text"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(texts(&[]), ["Alpha rises", "Beta falls", "Alpha, and Beta"]);
    assert_eq!(texts(&["BBBUSDT"]), ["Beta falls", "Alpha, and Beta"]);
    assert_eq!(texts(&["--last", "1"]), ["Alpha, and Beta"]);
    assert_eq!(
        texts(&["--as-of", "2021-01-03T10:00"]),
        ["Alpha rises", "Beta falls"]
    );
    assert_eq!(
        texts(&["--from", "2021-01-03", "--to", "2021-01-04"]),
        ["Beta falls"]
    );
    let csv = world
        .rhyme(&["headlines", "--last", "1", "--format", "csv"])
        .ok();
    let line = csv.lines().nth(1).unwrap();
    assert!(line.starts_with("2021-01-04T10:00:00Z,"), "{line}");
    assert!(
        line.ends_with(",AAAUSDT;BBBUSDT,wire,\"Alpha, and Beta\""),
        "{line}"
    );
    let none = world.rhyme(&["headlines", "ZZZ"]).ok();
    assert_eq!(none, "no such headlines are stored\n");
}

#[test]
fn a_bad_file_of_headlines_is_refused_and_the_good_one_is_stored() {
    let world = World::new();
    world.file("news/a.csv", NEWS);
    world.file(
        "news/b.csv",
        "time,headline\n2021-01-05,fine\nsoon,not yet\n",
    );
    let run = world
        .rhyme(&["ingest", "headlines", "news", "--quiet", "--strict"])
        .fails(1, "refused: news/b.csv, line 3: ");
    assert_eq!(field(&run.out, "headlines added"), "3");
    let skip = [
        "ingest",
        "headlines",
        "news",
        "--on-error",
        "skip",
        "--format",
        "json",
    ];
    let report = world.rhyme(&skip).json();
    assert_eq!(report["headlines_added"], 1);
    assert_eq!(report["rows_skipped"], 1);
}
