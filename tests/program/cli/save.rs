//! Saved questions: kept as they were typed, asked again by the report of today.

use crate::world::World;

#[test]
fn a_question_is_kept_listed_asked_and_forgotten() {
    let world = World::with_market();
    let dips = "similar AAAUSDT -k 2 --outcome 6h";
    let kept = world.rhyme(&["save", "dips", dips]);
    assert!(
        kept.err.contains("kept dips: similar AAAUSDT -k 2"),
        "{}",
        kept.err
    );
    kept.ok();
    world
        .rhyme(&["save", "by name", "rhyme", "series", "aaa usdt"])
        .ok();
    let table = world.rhyme(&["save"]).ok();
    assert!(
        table.contains("series 'aaa usdt'") && table.contains(dips),
        "{table}"
    );
    // The same name again replaces it; two words of a name and JSON are fine.
    world
        .rhyme(&["save", "by name", "ask", r#"{"question": "series"}"#])
        .ok();
    let json = world.rhyme(&["save", "--format", "json"]).json();
    assert_eq!(json.as_array().unwrap().len(), 2);
    let file = std::fs::read_to_string(world.path("market.rhyme/questions.json")).unwrap();
    assert!(file.contains("\"version\": 1"), "{file}");

    let report = world.rhyme(&["today", "AAAUSDT", "--saved"]).ok();
    assert!(report.contains(&format!("\ndips: {dips}\n")), "{report}");
    assert!(report.contains("a sample of all"), "{report}");
    let args = ["today", "AAAUSDT", "--saved", "--format", "json"];
    let reply = world.rhyme(&args).json();
    let saved = reply["saved"].as_array().unwrap();
    let plain = [
        "similar",
        "AAAUSDT",
        "-k",
        "2",
        "--outcome",
        "6h",
        "--format",
        "json",
    ];
    let alone = world.rhyme(&plain).json();
    assert_eq!(saved[1]["name"], "dips");
    assert_eq!(saved[1]["answer"]["hits"], alone["hits"]);
    assert!(saved.iter().all(|one| one["error"].is_null()), "{reply}");
    // As of the report's time.
    let early = ["--as-of", "2021-01-11"];
    let then = world.rhyme(&[&args[..], &early].concat()).json();
    let own = world.rhyme(&[&plain[..], &early].concat()).json();
    assert_eq!(then["saved"][1]["answer"]["hits"], own["hits"]);
    assert_ne!(own["hits"], alone["hits"]);

    world
        .rhyme(&["today", "AAAUSDT", "--saved", "--html", "a.html"])
        .ok();
    let page = std::fs::read_to_string(world.path("a.html")).unwrap();
    assert!(
        page.contains("<h2>dips: similar AAAUSDT") && page.contains("<pre>"),
        "{page}"
    );
    world.rhyme(&["save", "--remove", "dips"]).ok();
    world
        .rhyme(&["save", "--remove", "dips"])
        .fails(3, "no saved question dips");
}

#[test]
fn a_question_that_is_none_is_refused_and_one_that_fails_is_named() {
    let world = World::with_market();
    for (question, code, told) in [
        (
            &["delete", "AAAUSDT:1h", "--yes"][..],
            1,
            "expected a command that asks",
        ),
        (&["today"], 1, "expected a command that asks"),
        (&["save", "x", "series"], 1, "expected a command that asks"),
        (&["similar AAAUSDT | less"], 1, "found > or | behind it"),
        (&["similar AAAUSDT --db other.rhyme"], 1, "one with --db"),
        (&["similar AAAUSDT --nope"], 2, "--nope"),
    ] {
        let args = [&["save", "bad"][..], question].concat();
        world.rhyme(&args).fails(code, told);
    }
    world
        .rhyme(&["save", "a/b", "series"])
        .fails(1, "expected a name");
    world
        .rhyme(&["--read-only", "save", "a", "series"])
        .fails(1, "read-only");
    assert!(
        !world
            .names("market.rhyme")
            .iter()
            .any(|n| n.starts_with("questions"))
    );

    world.rhyme(&["save", "gone", "similar", "AAAUSDT"]).ok();
    world.rhyme(&["save", "fine", "series"]).ok();
    // An option that a later program does not have.
    let path = world.path("market.rhyme/questions.json");
    let file = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        file.replace("\"AAAUSDT\"", "\"AAAUSDT\", \"--older\""),
    )
    .unwrap();
    let run = world.rhyme(&["today", "AAAUSDT", "--saved"]);
    assert!(run.out.contains("\nfine: series\n"), "{}", run.out);
    run.fails(1, "1 of 2 saved questions failed: gone: ");
    let list = world.rhyme(&["save"]).ok();
    assert!(
        list.contains("not understood any more") && list.contains("--older"),
        "{list}"
    );
    // The alarm decides how it ends.
    let args = ["today", "AAAUSDT", "--saved", "--alarm", "0.000001"];
    world
        .rhyme(&args)
        .fails(6, "1 of 2 saved questions failed: gone: ");
    world
        .rhyme(&["today", "--saved", "--format", "csv"])
        .fails(1, "found csv");

    // A backup has them; a file that is none is told.
    world.rhyme(&["backup", "copy"]).ok();
    world.rhyme(&["restore", "copy", "again.rhyme"]).ok();
    let again = world.rhyme(&["--db", "again.rhyme", "save"]).ok();
    assert!(again.contains("fine"), "{again}");
    std::fs::write(&path, "{\"version\": 9}").unwrap();
    world.rhyme(&["save"]).fails(1, "those of a later program");
    std::fs::write(&path, "[]").unwrap();
    world
        .rhyme(&["today", "--saved"])
        .fails(1, "questions.json");
}
