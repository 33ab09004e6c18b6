//! Folders as people have them: many files, some of which are of the same series, and some of none.

use crate::world::{HOUR, Run, START, World, closes, csv, field};

fn series_of(world: &World) -> Vec<String> {
    let rows = world.rhyme(&["series", "--format", "json"]).rows("series");
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|r| {
        let [venue, symbol] = ["venue", "symbol"].map(|k| text(&r[k]));
        format!("{venue}/{symbol} {}", r["bars"])
    })
    .collect()
}

/// Hourly candles of hours `from..to` of one walk.
fn hours(seed: u64, from: usize, to: usize) -> String {
    let text = csv(START, HOUR, &closes(to, seed));
    let lines: Vec<&str> = text.lines().collect();
    [&lines[..1], &lines[from + 1..]].concat().join("\n")
}

fn ingest(world: &World, more: &[&str]) -> Run {
    let args = [&["ingest", "bars", "in", "--spaces", "shape"], more].concat();
    world.rhyme(&args)
}

fn last_line(out: &str) -> &str {
    out.lines().last().unwrap()
}

#[test]
fn pairs_in_folders_of_their_own_are_series_of_their_own() {
    let world = World::new();
    for (seed, pair) in [(1, "BTCUSDT"), (2, "ETHUSDT")] {
        world.file(&format!("in/binance/{pair}/1h.csv"), hours(seed, 0, 70));
        let futures = format!("in/data/futures/um/monthly/klines/{pair}/1h/{pair}-1h-2021-01.csv");
        world.file(&futures, hours(seed + 2, 0, 70));
        world.file(&format!("{futures}.CHECKSUM"), "1234  name");
    }
    let out = ingest(&world, &[]).ok();
    assert_eq!(
        series_of(&world),
        [
            "binance/BTCUSDT 70",
            "binance/ETHUSDT 70",
            "binance_um/BTCUSDT 70",
            "binance_um/ETHUSDT 70"
        ]
    );
    assert_eq!(
        last_line(&out),
        "read 4 files: 4 series, 280 bars from 2021-01-01 to 2021-01-03; passed over 2 files that hold no table (2 .CHECKSUM)"
    );
}

#[test]
fn files_that_contradict_each_other_are_refused_with_both_names() {
    let world = World::new();
    world.file("in/crypto/x/first/thing_1h.csv", hours(1, 0, 70));
    world.file("in/crypto/x/second/thing_1h.csv", hours(2, 0, 70));
    world.file("in/crypto/x/other_1h.csv", hours(3, 0, 70));
    let run = ingest(&world, &[]);
    let line = "refused: in/crypto/x/first/thing_1h.csv: in/crypto/x/first/thing_1h.csv and in/crypto/x/second/thing_1h.csv contradict each other about 70 of 70 bars, first about that of 2021-01-01T00:00:00Z, close ";
    assert!(run.err.contains(line), "{}", run.err);
    assert!(
        run.err.contains("refused: in/crypto/x/second/"),
        "{}",
        run.err
    );
    let out = run.ok();
    assert_eq!(series_of(&world), ["x/OTHER 70"]);
    assert!(last_line(&out).contains("refused 2 of 3 files"), "{out}");
    ingest(&world, &["--strict"]).fails(1, "2 of 3 files refused");

    // What the message says to type works.
    let closes = |world: &World| {
        let args = ["bars", "x/THING:1h", "--last", "1", "--format", "csv"];
        world.rhyme(&args).ok()
    };
    let out = ingest(&world, &["--on-conflict", "first"]).ok();
    assert!(
        last_line(&out).contains("; 70 bars with other values in another file settled"),
        "{out}"
    );
    let first = closes(&world);
    ingest(&world, &["--on-conflict", "last"]).ok();
    assert_ne!(closes(&world), first);
    for (folder, symbol) in [("first", "ONE"), ("second", "TWO")] {
        let path = format!("in/crypto/x/{folder}");
        let args = [
            "ingest", "bars", &path, "--symbol", symbol, "--spaces", "shape",
        ];
        world.rhyme(&args).ok();
    }
    assert_eq!(series_of(&world)[..2], ["x/ONE 70", "x/OTHER 70"]);
}

#[test]
fn files_that_overlap_and_agree_are_one_series() {
    let world = World::new();
    world.file("in/crypto/x/A_1h_2021-01.csv", hours(1, 0, 50));
    world.file("in/crypto/x/A_1h_2021-02.csv", hours(1, 30, 90));
    // This one ends in a bar that was still open.
    let open = hours(1, 20, 45);
    let (rest, last) = open.rsplit_once('\n').unwrap();
    let mut fields: Vec<String> = last.split(',').map(str::to_owned).collect();
    let volume = fields.len() - 1;
    fields[volume] = "0.25".to_owned();
    world.file(
        "in/crypto/x/A_1h_2021-03.csv",
        format!("{rest}\n{}", fields.join(",")),
    );
    let out = ingest(&world, &["--strict"]).ok();
    assert_eq!(series_of(&world), ["x/A 90"]);
    assert!(
        last_line(&out).contains("; 1 bar that was still open"),
        "{out}"
    );
    let again = ingest(&world, &["--strict", "--reread"]).ok();
    assert_eq!(field(&again, "bars replaced"), "0");
}

/// More files than are read side by side, so that some are compared with what is stored already.
#[test]
fn a_contradiction_is_found_however_many_files_lie_between() {
    let world = World::new();
    for part in 0..40 {
        let text = hours(1, part, part + 40);
        world.file(&format!("in/crypto/x/A_1h_2021-01-01_{part:02}.csv"), text);
    }
    let out = ingest(&world, &["--strict"]).ok();
    assert_eq!(series_of(&world), ["x/A 79"]);
    assert!(!out.contains("still open"), "{out}");
    world.file("in/crypto/x/A_1h_2021-01-01_zz.csv", hours(2, 10, 30));
    let run = ingest(&world, &["--strict"]).fails(1, "1 of 41 files refused");
    assert!(
        run.err
            .contains("A_1h_2021-01-01_zz.csv contradict each other about 20 of 20 bars")
            && run.err.contains("are stored. If they hold two instruments"),
        "{}",
        run.err
    );
}

#[test]
fn a_flat_folder_of_mixed_markets_goes_in() {
    let world = World::new();
    let daily = |seed: u64, weekends: bool, header: &str| {
        let text = csv(START, 24 * HOUR, &closes(60, seed));
        let mut lines = text.lines();
        lines.next();
        // The second day of 2021 was a Saturday.
        let kept = lines
            .enumerate()
            .filter(|(day, _)| weekends || !matches!(day % 7, 1 | 2));
        let rows: Vec<String> = kept.map(|(_, line)| format!("{line}\n")).collect();
        format!("{header}\n{}", rows.concat())
    };
    let plain = csv(START, HOUR, &closes(1, 1))
        .lines()
        .next()
        .unwrap()
        .to_owned();
    world.file("in/SOLUSDT.csv", daily(1, true, &plain));
    world.file("in/EURUSD.csv", daily(2, false, &plain));
    world.file("in/ACME.csv", daily(3, false, &plain));
    world.file(
        "in/NOBODY.csv",
        daily(4, false, &plain)
            .lines()
            .take(4)
            .collect::<Vec<_>>()
            .join("\n"),
    );
    world.file("in/readme.txt", "Read me.\nThis is text.\n");
    let run = ingest(&world, &[]);
    assert!(run.err.contains("refused: in/NOBODY.csv: "), "{}", run.err);
    assert!(run.err.contains("taken to be equity"), "{}", run.err);
    assert!(
        run.err.contains("passed over: in/readme.txt: "),
        "{}",
        run.err
    );
    run.ok();
    let rows = world.rhyme(&["series", "--format", "json"]).rows("series");
    let rows = rows.as_array().unwrap().iter();
    let markets: Vec<_> = rows
        .map(|r| {
            [&r["market"], &r["symbol"]]
                .map(|v| v.as_str().unwrap().to_owned())
                .join(" ")
        })
        .collect();
    assert_eq!(markets, ["crypto SOLUSDT", "equity ACME", "fx EURUSD"]);
}

#[test]
fn absurd_levels_beside_stored_ones_are_told() {
    let world = World::new();
    world.file("in/equity/nyse/ACME_1h.csv", hours(1, 0, 70));
    ingest(&world, &[]).ok();
    let text = hours(1, 60, 90);
    let mut lines = text.lines();
    let mut scaled = vec![lines.next().unwrap().to_owned()];
    for line in lines {
        let fields = line.split(',').enumerate().map(|(at, field)| match at {
            1..=4 => format!("{:.0}", field.parse::<f64>().unwrap() * 10_000.0),
            _ => field.to_owned(),
        });
        scaled.push(fields.collect::<Vec<_>>().join(","));
    }
    world.file("in/equity/nyse/ACME_1h.csv", scaled.join("\n"));
    let run = ingest(&world, &["--scale", "1"]);
    let note = "about 10000 times those that are stored of equity/nyse/ACME:1h; if the source multiplies prices, ingest it again with --scale 0.0001";
    assert!(run.err.contains(note), "{}", run.err);
    run.ok();
    let run = ingest(&world, &["--scale", "0.0001", "--reread"]);
    assert_eq!(
        run.err.matches("times those").count(),
        1,
        "back to the old ones: {}",
        run.err
    );
    let run = ingest(&world, &["--scale", "0.0001", "--reread"]);
    assert!(!run.err.contains("times those"), "{}", run.err);
}

/// Time and length tell whether a file changed, and its content where they do not.
#[test]
fn a_folder_that_grows_is_read_where_it_changed() {
    let world = World::new();
    let path = |name: &str| format!("in/crypto/x/{name}_1h.csv");
    for (seed, name) in [(1, "A"), (2, "B"), (3, "C")] {
        world.file(&path(name), hours(seed, 0, 70));
    }
    let report = |more: &[&str]| {
        let args = [
            "ingest", "bars", "in", "--spaces", "shape", "--format", "json",
        ];
        let row = world.rhyme(&[&args, more].concat()).json();
        ["files_unchanged", "rows", "bars_added"].map(|key| row[key].as_u64().unwrap())
    };
    assert_eq!(report(&[]), [0, 210, 210]);
    assert_eq!(report(&[]), [3, 0, 0]);
    // One grows, and one comes.
    world.file(&path("B"), hours(2, 0, 80));
    world.file(&path("D"), hours(4, 0, 70));
    assert_eq!(report(&[]), [2, 150, 80]);
    // Of the same length, and with the same content at another time.
    world.file(&path("A"), hours(1, 0, 70).replacen(",1.0", ",2.0", 1));
    world.file(&path("C"), hours(3, 0, 70));
    assert_eq!(report(&[]), [3, 70, 0]);
    let said = last_line(&ingest(&world, &[]).ok()).to_owned();
    assert!(
        said.starts_with("read 0 files: 0 series, 0 bars; 4 files not read again"),
        "{said}"
    );
    // Read otherwise, or because it is asked for, or because the bars were deleted.
    assert_eq!(report(&["--reread"])[..2], [0, 290]);
    assert_eq!(report(&["--on-error", "skip"])[..2], [0, 290]);
    assert_eq!(report(&["--on-error", "skip"])[..2], [4, 0]);
    world.rhyme(&["delete", "A", "--yes"]).ok();
    assert_eq!(report(&["--on-error", "skip"]), [3, 70, 70]);
    world.rhyme(&["verify"]).ok();
}

/// A new file that contradicts one that is not read again is refused all the same.
#[test]
fn what_is_not_read_again_still_contradicts() {
    let world = World::new();
    world.file("in/crypto/x/one/A_1h.csv", hours(1, 0, 70));
    ingest(&world, &["--strict"]).ok();
    world.file("in/crypto/x/two/A_1h.csv", hours(2, 0, 70));
    let run = ingest(&world, &["--strict"]).fails(1, "1 of 2 files refused");
    let text = "one/A_1h.csv and in/crypto/x/two/A_1h.csv contradict";
    assert!(run.err.contains(text), "{}", run.err);
    // It is not forgotten that it was refused.
    ingest(&world, &["--strict"]).fails(1, "1 of 2 files refused");
}

/// `NYSE:ABC` and `TSX:ABC` are two companies, in one file and in two.
#[test]
fn two_exchanges_are_not_merged_under_one_symbol() {
    let world = World::new();
    let of_exchange = |exchange: &str, seed: u64, from: usize| {
        let rows = hours(seed, from, from + 40);
        let rows = rows.lines().skip(1);
        rows.map(|row| format!("{exchange}:ABC,{row}\n"))
            .collect::<String>()
    };
    let header = "symbol,time,open,high,low,close,volume\n";
    let (nyse, tsx) = (of_exchange("NYSE", 1, 0), of_exchange("TSX", 2, 50));
    let other = of_exchange("NYSE", 3, 0).replace(":ABC", ":XYZ");
    world.file("in/stocks/v/all.csv", format!("{header}{nyse}{tsx}{other}"));
    let run = ingest(&world, &[]);
    for text in ["NYSE:ABC and TSX:ABC would be one series", "--venue nyse"] {
        assert!(run.err.contains(text), "{}", run.err);
    }
    assert_eq!(series_of(&world), ["v/XYZ 40"]);
    let world = World::new();
    world.file("in/stocks/v/a.csv", format!("{header}{nyse}"));
    world.file("in/stocks/v/b.csv", format!("{header}{tsx}"));
    let run = ingest(&world, &["--strict"]).fails(1, "1 of 2 files refused");
    for text in [
        "its equity/v/ABC:1h is of TSX, and that of in/stocks/v/a.csv of NYSE",
        "--venue tsx",
    ] {
        assert!(run.err.contains(text), "{}", run.err);
    }
    assert_eq!(series_of(&world), ["v/ABC 40"]);
}
