use crate::world::{HOUR, START, World, csv, field};

#[test]
fn series_are_listed_and_searched() {
    let world = World::with_market();
    assert_eq!(
        world.rhyme(&["series"]).ok(),
        " market  venue    symbol   interval  calendar    bars  first open            last close
 crypto  binance  AAAUSDT  1h        continuous   300  2021-01-01T00:00:00Z  2021-01-13T12:00:00Z
 crypto  binance  BBBUSDT  1h        continuous   300  2021-01-01T00:00:00Z  2021-01-13T12:00:00Z
 equity  nyse     ACME     1d        session      200  2021-01-01T00:00:00Z  2021-07-20T00:00:00Z
"
    );
    assert_eq!(
        world.rhyme(&["series", "acme", "--format", "csv"]).ok(),
        "market,venue,symbol,interval,calendar,bars,first,last,made_of
equity,nyse,ACME,1d,session,200,2021-01-01T00:00:00Z,2021-07-20T00:00:00Z,
"
    );
    let none = world.rhyme(&["series", "zzz"]).ok();
    assert_eq!(none, "no stored series has a name with that text\n");
    let none = world
        .rhyme(&["series", "zzz", "--format", "json"])
        .rows("series");
    assert_eq!(none, serde_json::json!([]));
    let early = ["series", "--as-of", "2021-01-01T12:30", "--format", "csv"];
    assert_eq!(
        world.rhyme(&early).ok(),
        "market,venue,symbol,interval,calendar,bars,first,last,made_of
crypto,binance,AAAUSDT,1h,continuous,12,2021-01-01T00:00:00Z,2021-01-01T12:00:00Z,
crypto,binance,BBBUSDT,1h,continuous,12,2021-01-01T00:00:00Z,2021-01-01T12:00:00Z,
"
    );
    assert_eq!(
        world.rhyme(&["series", "--as-of", "2020-01-01"]).ok(),
        "no series was known at 2020-01-01T00:00:00Z\n"
    );
}

#[test]
fn bars_come_back_as_they_were_written() {
    let world = World::new();
    let text = csv(START, HOUR, &[10.5, 11.25, 9.75]);
    world.file("in/crypto/x/TINY-1h.csv", &text);
    world.rhyme(&["ingest", "bars", "in"]).ok();
    let bars = |args: &[&str]| {
        world
            .rhyme(&[&["bars", "TINY:1h", "--format", "csv"], args].concat())
            .ok()
    };
    let text = text.replacen("time,", "open_time,", 1);
    assert_eq!(bars(&[]), text);
    assert_eq!(bars(&["--last", "0"]), text);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(bars(&["--last", "1"]), [lines[0], lines[3], ""].join("\n"));
    let middle = bars(&["--from", "2021-01-01T02:00", "--to", "2021-01-01T02:00"]);
    assert_eq!(middle, [lines[0], lines[2], ""].join("\n"));
    assert_eq!(
        world.rhyme(&["bars", "TINY"]).ok(),
        " open time              open   high   low  close  volume
 2021-01-01T00:00:00Z   10.5   10.5  10.5   10.5     1.0
 2021-01-01T01:00:00Z   10.5  11.25  10.5  11.25     2.0
 2021-01-01T02:00:00Z  11.25  11.25  9.75   9.75     3.0
"
    );
    let none = world.rhyme(&["bars", "TINY", "--from", "2030-01-01"]).ok();
    assert_eq!(none, "no bars in that period\n");
    let reversed = ["bars", "TINY", "--from", "2022-01-01", "--to", "2021-01-01"];
    world
        .rhyme(&reversed)
        .fails(1, "expected a start before the end");
    world.rhyme(&["bars", "NOPE"]).fails(3, "no series NOPE");
}

#[test]
fn stats_and_spaces_count_what_is_stored() {
    let world = World::with_market();
    let stats = world.rhyme(&["stats", "--format", "json"]).json();
    assert_eq!(stats["series"], 3);
    assert_eq!(stats["bars"], 800);
    assert_eq!(stats["windows"], 2 * 237 + 137);
    assert_eq!(stats["pending_ranges"], 0);
    let table = world.rhyme(&["stats"]).ok();
    assert_eq!(field(&table, "windows"), "611");
    let spaces = world.rhyme(&["spaces", "--format", "csv"]).ok();
    let row = spaces.lines().nth(1).unwrap();
    assert!(
        row.starts_with("shape,shape/1,48,64,1,611,0,611,0,0,"),
        "{row}"
    );
}

#[test]
fn compacting_keeps_the_answers_and_verify_reads_the_segment() {
    let world = World::with_market();
    let ask = || {
        world
            .rhyme(&["similar", "AAAUSDT", "--format", "csv", "--exact"])
            .ok()
    };
    let before = ask();
    let report = world.rhyme(&["compact"]).ok();
    assert_eq!(field(&report, "segments written"), "1");
    assert_eq!(ask(), before);
    let verified = world.rhyme(&["verify"]).ok();
    assert_eq!(field(&verified, "segments checked"), "1");
    assert_eq!(field(&verified, "windows"), "611");
    assert_eq!(field(&verified, "bars decoded"), "800");
    let again = world.rhyme(&["compact"]).ok();
    assert_eq!(field(&again, "segments written"), "0");
}

#[test]
fn verify_finds_a_flipped_bit() {
    let world = World::with_market();
    world.rhyme(&["compact"]).ok();
    let segments = world.names("market.rhyme/segments");
    assert_eq!(segments.len(), 1);
    let file = format!("market.rhyme/segments/{}", segments[0]);
    let mut bytes = std::fs::read(world.path(&file)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    world.file(&file, bytes);
    let run = world.rhyme(&["verify"]);
    assert_eq!(run.code, Some(1), "{}", run.out);
    assert!(run.err.contains("is damaged in its section"), "{}", run.err);
    assert!(run.err.contains(&segments[0]), "{}", run.err);
}

#[test]
fn deleting_needs_a_yes_and_takes_only_what_was_said() {
    let world = World::with_market();
    let bars = || world.rhyme(&["stats", "--format", "json"]).json()["bars"].clone();
    let delete = |args: &[&str]| world.rhyme(&[&["delete"], args].concat());
    delete(&["ACME"]).fails(
        1,
        "needs --yes when there is no terminal to ask; nothing was deleted",
    );
    delete(&["NOPE", "--yes"]).fails(3, "no series NOPE");
    delete(&["ACME@2021-02-01", "--yes"]).fails(1, "use --from and --to");
    delete(&[
        "ACME",
        "--yes",
        "--from",
        "2022-01-01",
        "--to",
        "2021-01-01",
    ])
    .fails(1, "expected a start before the end");
    delete(&[]).fails(2, "<SERIES>");
    delete(&["ACME", "--headlines"]).fails(2, "cannot be used with");
    assert_eq!(bars(), 800);

    let part = [
        "AAAUSDT",
        "--yes",
        "--from",
        "2021-01-13T00:00",
        "--to",
        "2021-01-13T03:00",
    ];
    let report = delete(&part).ok();
    assert_eq!(field(&report, "bars deleted"), "4");
    assert_eq!(bars(), 796);
    let report = delete(&["ACME", "--yes"]).ok();
    assert_eq!(field(&report, "bars deleted"), "200");
    assert_eq!(field(&report, "windows deleted"), "137");
    world.rhyme(&["similar", "ACME"]).fails(3, "no series ACME");
    world.rhyme(&["verify"]).ok();

    world.file(
        "news.csv",
        "time,headline\n2021-01-05,one\n2021-01-06,two\n",
    );
    world.rhyme(&["ingest", "headlines", "news.csv"]).ok();
    delete(&["--headlines", "--from", "2021-01-06"]).fails(1, "nothing was deleted");
    let report = delete(&["--headlines", "--from", "2021-01-06", "--yes"]).ok();
    assert_eq!(field(&report, "headlines deleted"), "1");
}
