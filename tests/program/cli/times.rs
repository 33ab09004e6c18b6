//! Times and columns as people have them, and the options that the messages name.

use crate::world::{HOUR, START, World, closes, csv, field};

/// The argument of the option that a message tells to type, without the quotes of a shell.
fn hinted(message: &str) -> String {
    let typed = message.split("--map ").nth(1).unwrap();
    match typed.strip_prefix('\'') {
        Some(quoted) => quoted.split('\'').next().unwrap().to_owned(),
        None => typed.split([' ', ',']).next().unwrap().to_owned(),
    }
}

#[test]
fn headlines_take_the_order_of_dates_and_the_zone() {
    let world = World::new();
    world.file(
        "news.csv",
        "date,headline,stock\n08/01/2024 13:05,Chips rise,ABC\n23/01/2024 13:05,Shops warn,XYZ\n",
    );
    let args = ["ingest", "headlines", "news.csv"];
    world
        .rhyme(&args)
        .fails(1, "say --dates day-first or --dates month-first");
    let args = [
        &args[..],
        &["--dates", "day-first", "--zone", "Europe/Berlin"],
    ]
    .concat();
    let out = world.rhyme(&args).ok();
    assert_eq!(field(&out, "headlines added"), "2");
    world.rhyme(&["export", "headlines", "out.csv"]).ok();
    let text = std::fs::read_to_string(world.path("out.csv")).unwrap();
    // 12:05 UTC is 13:05 in Berlin in winter.
    assert!(
        text.contains("1704715500000") || text.contains("2024-01-08T12:05:00Z"),
        "{text}"
    );
    world
        .rhyme(&["ingest", "headlines", "news.csv", "--zone", "Berlin"])
        .fails(2, "expected a zone like Europe/Berlin");
}

#[test]
fn closes_and_ranges_are_mended_by_the_options_that_are_named() {
    let world = World::new();
    // Stamped with the close, and one open above the high.
    let text = csv(START + HOUR, HOUR, &closes(70, 1));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut fields: Vec<&str> = lines[5].split(',').collect();
    fields[1] = "1000000";
    lines[5] = fields.join(",");
    world.file("crypto/v/X_1h.csv", lines.join("\n"));
    let args = ["ingest", "bars", "crypto"];
    world.rhyme(&args).fails(1, "--widen widens the range");
    let args = [&args[..], &["--widen", "--time-of", "close"]].concat();
    let run = world.rhyme(&args);
    assert!(
        run.err.contains("1 bar whose range is widened"),
        "{}",
        run.err
    );
    run.ok();
    let rows = world.rhyme(&["series", "--format", "json"]).rows("series");
    assert_eq!(rows[0]["bars"], 70);
    assert_eq!(rows[0]["first"], "2021-01-01T00:00:00Z");
}

#[test]
fn what_a_message_says_to_type_is_taken() {
    let world = World::new();
    for (name, column) in [
        ("a", "When, local"),
        ("b", "the time"),
        ("c", "('when', 'x')"),
        ("d", "\"quoted\" time"),
    ] {
        let quoted = format!("\"{}\"", column.replace('"', "\"\""));
        let text = csv(START, HOUR, &closes(70, 1));
        let text = text.replacen("time", &quoted, 1);
        let path = format!("{name}/crypto/v/X_1h.csv");
        world.file(&path, text);
        let refused = world.rhyme(&["ingest", "bars", name]).fails(1, "--map ");
        let map = hinted(&refused.err);
        let mut args = vec!["ingest", "bars", name, "--map", &map];
        if column.contains("local") {
            args.extend(["--zone", "UTC"]);
        }
        let out = world.rhyme(&args).ok();
        assert_eq!(field(&out, "rows read"), "70", "{column}: {map}");
    }
}

#[test]
fn a_file_in_which_there_is_no_row_is_a_failure() {
    let world = World::new();
    world.file("crypto/v/X_1h.csv", "time,open,high,low,close,volume\n");
    world
        .rhyme(&["ingest", "bars", "crypto"])
        .fails(1, "there are no rows");
    world.file("news.csv", "date,headline\n");
    world
        .rhyme(&["ingest", "headlines", "news.csv"])
        .fails(1, "there are no rows");
    // Lines that end as on old Macs are rows.
    let text = csv(START, HOUR, &closes(70, 1)).replace('\n', "\r");
    world.file("crypto/v/X_1h.csv", text);
    let out = world.rhyme(&["ingest", "bars", "crypto"]).ok();
    assert_eq!(field(&out, "rows read"), "70");
}
