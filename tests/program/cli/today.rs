//! `rhyme today`: the report, its exit codes and its page.

use crate::plot::{browsed, chromium};
use crate::world::{HOUR, START, World, closes, csv};

/// Four series of 900 hours, the last of which jumps at its end, and one that ended long before.
fn world() -> World {
    let world = World::new();
    for (symbol, bars, seed) in [
        ("AAAUSDT", 900, 1),
        ("BBBUSDT", 900, 2),
        ("CCCUSDT", 900, 3),
        ("GONEUSDT", 600, 4),
    ] {
        let path = format!("in/crypto/x/{symbol}-1h.csv");
        world.file(&path, csv(START, HOUR, &closes(bars, seed)));
    }
    let mut jumps = closes(900, 5);
    for close in &mut jumps[896..] {
        *close *= 1.7;
    }
    world.file("in/crypto/x/JUMPUSDT-1h.csv", csv(START, HOUR, &jumps));
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    world
}

#[test]
fn the_exit_code_says_whether_something_is_unusual() {
    let world = world();
    let plain = world.rhyme(&["today"]);
    assert!(plain.err.contains("by chance alone"), "{}", plain.err);
    let table = plain.ok();
    assert!(
        table.contains("4 of crypto 1h to 2021-02-07 12:00"),
        "{table}"
    );
    let first = table.lines().find(|l| l.trim_start().starts_with("1 "));
    assert!(first.unwrap().contains("JUMPUSDT 1h"), "{table}");
    assert!(
        table.contains("larger than 100.0 % of earlier windows"),
        "{table}"
    );
    assert!(table.contains("stale, and not asked about:\n  crypto/x/GONEUSDT:1h: its last bar"));
    let widest = table.lines().map(|l| l.chars().count());
    let in_table = table.lines().take(8).map(|l| l.chars().count());
    assert!(
        in_table.max() <= Some(130) && widest.max().is_some(),
        "{table}"
    );

    let alarm = ["today", "--alarm", "0.999"];
    let run = world
        .rhyme(&alarm)
        .fails(6, "1 of 4 series at rank 0.999 or above: JUMPUSDT 1h");
    assert!(run.out.contains("\nALARM JUMPUSDT 1h"), "{}", run.out);
    world
        .rhyme(&["today", "AAAUSDT", "BBBUSDT", "--alarm", "1"])
        .ok();
    // A stale series raises no alarm, and alone there is nothing to measure.
    world
        .rhyme(&["today", "GONEUSDT", "--alarm", "0.5"])
        .fails(5, "nothing could be measured");
    world.rhyme(&["today", "MOON"]).fails(3, "no series MOON");
    let some = world.rhyme(&["today", "AAAUSDT", "MOON"]).ok();
    assert!(
        some.contains("not stored:\n  MOON: no series MOON"),
        "{some}"
    );
    world
        .rhyme(&["today", "--alarm", "7"])
        .fails(1, "rank above 0 and up to 1");
    world
        .rhyme(&["today", "--html", "a.txt"])
        .fails(1, "ends in .html");
    World::new().rhyme(&["today"]).fails(1, "market.rhyme");
}

#[test]
fn names_come_from_a_file() {
    let world = world();
    world.file(
        "list.txt",
        "# mine\nAAAUSDT, BBBUSDT # two\n\nCCCUSDT:1h\r\n",
    );
    let args = ["today", "--file", "list.txt", "--format", "csv"];
    let csv = world.rhyme(&args).ok();
    assert!(csv.starts_with("rank,name,market,"), "{csv}");
    assert_eq!(csv.lines().count(), 4, "{csv}");
    world.file("none.txt", "# nothing\n");
    world
        .rhyme(&["today", "--file", "none.txt"])
        .fails(1, "found none");
    world
        .rhyme(&["today", "--file", "gone.txt"])
        .fails(1, "gone.txt");
    let json = ["today", "--file", "list.txt", "--format", "json"];
    let rows = world.rhyme(&json).rows("series");
    assert_eq!(rows.as_array().unwrap().len(), 3);
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn the_page_holds_everything_and_loads_nothing() {
    let world = world();
    let run = world.rhyme(&["today", "--html", "today.html", "--alarm", "0.999"]);
    assert!(run.err.contains("drawn into today.html"), "{}", run.err);
    assert_eq!(run.code, Some(6));
    let page = std::fs::read_to_string(world.path("today.html")).unwrap();
    assert_eq!(
        page.matches("<svg").count(),
        4,
        "one chart for each that was measured"
    );
    assert_eq!(page.matches("<tr class=\"flag\">").count(), 1);
    for part in [
        "JUMPUSDT 1h",
        "GONEUSDT 1h",
        "default-src 'none'",
        "1 at rank 0.999 or above",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let addresses = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http:", "https:", "src=", "url(", "@import", "<script"] {
        assert!(!addresses.contains(outside), "{outside}");
    }
    // As a picture it is the charts; as of a time it is the same page again.
    world.rhyme(&["today", "--plot", "today.png"]).ok();
    assert_eq!(
        &std::fs::read(world.path("today.png")).unwrap()[..4],
        b"\x89PNG"
    );
    let Some(chromium) = chromium() else {
        eprintln!("skipped: no chromium on the path, so no browser has seen the page");
        return;
    };
    let (shown, log) = browsed(&chromium, &world.path("today.html"), 1280);
    assert!(!log.contains("CONSOLE"), "{log}");
    assert!(
        shown.contains("<article id=\"row-1\" class=\"flagged\">"),
        "{log}"
    );
}
