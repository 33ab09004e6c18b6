//! Programs, addresses and pipes that get alerts.

use std::os::unix::fs::PermissionsExt;

use crate::runs::{ids, lines, parsed};
use crate::world::{HOUR, Run, START, World, closes, csv, run};

const ALWAYS: &str = r#"{"name": "always", "when": {"kind": "anomaly", "p_below": 1.0}}"#;
const ARGS: [&str; 7] = [
    "watch",
    "always.json",
    "--series",
    "AAAUSDT:1h",
    "--from",
    "in",
    "--once",
];

fn grow(world: &World, hours: usize) {
    world.file(
        "in/crypto/binance/AAAUSDT-1h.csv",
        csv(START, HOUR, &closes(hours, 1)),
    );
}

fn world() -> World {
    let world = World::new();
    world.file("always.json", ALWAYS);
    grow(&world, 300);
    world
        .rhyme(&["ingest", "bars", "in", "--spaces", "shape"])
        .ok();
    world
}

fn watch(world: &World, more: &[&str]) -> Run {
    world.rhyme(&[&ARGS[..], more].concat())
}

fn script(world: &World, name: &str, text: &str) {
    world.file(name, format!("#!/bin/sh\n{text}\n"));
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(world.path(name), mode).unwrap();
}

#[test]
fn a_program_gets_each_alert_and_is_asked_again_if_it_fails() {
    let world = world();
    // It fails as long as there is a file `broken`, and what it prints is no alert.
    script(
        &world,
        "hook",
        "echo working\n[ -e broken ] && exit 7\ncat >> got.jsonl",
    );
    world.file("broken", "");
    let failed = watch(&world, &["--exec", "./hook"]);
    assert_eq!(failed.out, "");
    assert!(
        failed.err.contains("working") && failed.err.contains("exit status: 7"),
        "{}",
        failed.err
    );
    failed.fails(1, "1 alert could not be delivered to program ");
    grow(&world, 303);
    watch(&world, &["--exec", "./hook"]).fails(1, "4 alerts could not be delivered");
    // Another outlet gets what is new, and is told of what waits for the other.
    let other = watch(&world, &["--alerts", "alerts.jsonl"]);
    assert!(
        other
            .err
            .contains("4 alerts of earlier runs wait for program"),
        "{}",
        other.err
    );
    assert_eq!(other.code, Some(0));
    assert!(
        lines(&world, "alerts.jsonl").is_empty(),
        "they were decided before"
    );
    std::fs::remove_file(world.path("broken")).unwrap();
    watch(&world, &["--exec", "./hook"]).ok();
    let got = lines(&world, "got.jsonl");
    let closes: Vec<&str> = got
        .iter()
        .map(|line| line["close"].as_str().unwrap())
        .collect();
    assert_eq!(closes.len(), 4);
    assert!(closes.is_sorted(), "in their order: {closes:?}");
    watch(&world, &["--exec", "./hook"]).ok();
    assert_eq!(lines(&world, "got.jsonl").len(), 4);
    watch(&world, &["--exec", "./none"]).fails(3, "no program ./none");
}

#[test]
fn a_program_that_reads_nothing_and_one_that_hangs() {
    let world = world();
    script(&world, "deaf", "exit 0");
    watch(&world, &["--exec", "./deaf"]).ok();
    grow(&world, 301);
    // Ctrl-C does not wait for a program that hangs.
    script(&world, "hangs", "touch began\nexec sleep 100");
    let child = world
        .command(&[&ARGS[..], &["--exec", "./hangs"]].concat())
        .spawn()
        .unwrap();
    crate::runs::until("the program runs", || world.path("began").exists());
    let stopped = crate::runs::stop(child);
    assert_eq!(stopped.code, Some(130), "{}", stopped.err);
    script(&world, "hangs", "cat > got.jsonl");
    watch(&world, &["--exec", "./hangs"]).ok();
    assert_eq!(
        lines(&world, "got.jsonl").len(),
        1,
        "and it gets the alert then"
    );
}

#[test]
fn two_outlets_get_the_same() {
    let world = world();
    script(&world, "hook", "cat >> got.jsonl");
    let both = ["--alerts", "alerts.jsonl", "--exec", "./hook"];
    assert_eq!(watch(&world, &both).ok(), "");
    assert_eq!(lines(&world, "alerts.jsonl"), lines(&world, "got.jsonl"));
    // What was written and not noted is not written twice; a torn line is written whole.
    let path = world.path("alerts.jsonl");
    let first = std::fs::read_to_string(&path).unwrap();
    let journal = std::fs::read(world.path("market.rhyme/watch.journal")).unwrap();
    grow(&world, 303);
    watch(&world, &both).ok();
    let whole = std::fs::read_to_string(&path).unwrap();
    let rest = &whole[first.len()..];
    assert_eq!(parsed(rest).len(), 3);
    for written in [0, 1, rest.len() / 2, rest.len() - 1, rest.len()] {
        // As if the process had been killed before it noted anything of it.
        std::fs::write(world.path("market.rhyme/watch.journal"), &journal).unwrap();
        std::fs::write(&path, &whole[..first.len() + written]).unwrap();
        watch(&world, &both).ok();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), whole, "{written}");
    }
    // A program is told again then, with the same ids.
    let got = lines(&world, "got.jsonl");
    assert_eq!(got.len(), 1 + 3 + 5 * 3);
    assert_eq!(ids(&got)[1..4], ids(&got)[4..7]);
}

/// Answers one request after the other with these statuses, and gives the requests as they came.
#[cfg(feature = "http")]
fn answers(
    listener: std::net::TcpListener,
    statuses: [u16; 4],
) -> std::thread::JoinHandle<Vec<String>> {
    use std::io::{Read, Write};
    let whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.split("content-length: ").nth(1)?.lines().next()?;
        Some(body.len() >= length.parse::<usize>().ok()?)
    };
    let answer = move |status| {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        while whole(&request) != Some(true) {
            let n = stream.read(&mut chunk).unwrap();
            assert!(n > 0);
            request.extend_from_slice(&chunk[..n]);
        }
        let answer =
            format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    };
    std::thread::spawn(move || statuses.map(answer).to_vec())
}

#[cfg(feature = "http")]
#[test]
fn an_address_gets_each_alert_with_its_token_and_nobody_sees_it() {
    let world = world();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "http://{}/hooks/very-secret?key=more-secret",
        listener.local_addr().unwrap()
    );
    // Fails twice, then takes it; then refuses for good.
    let server = answers(listener, [500, 503, 204, 404]);
    let post = || {
        let args = [&ARGS[..], &["--post-env", "HOOK", "--token-env", "TOKEN"]].concat();
        run(world
            .command(&args)
            .env("HOOK", &url)
            .env("TOKEN", "t0ken-secret"))
    };
    let first = post();
    assert_eq!(
        (first.code, first.out.as_str()),
        (Some(0), ""),
        "{}",
        first.err
    );
    grow(&world, 301);
    let second = post();
    assert_eq!(second.code, Some(1));
    assert!(second.err.contains("found HTTP 404"), "{}", second.err);
    let bodies = server.join().unwrap();
    assert!(
        bodies[2].starts_with("POST /hooks/very-secret?key=more-secret "),
        "{}",
        bodies[2]
    );
    assert!(bodies[2].contains("Bearer t0ken-secret"), "{}", bodies[2]);
    let alert = parsed(bodies[2].split_once("\r\n\r\n").unwrap().1);
    assert_eq!(alert[0]["kind"], "signal");
    let journal = std::fs::read_to_string(world.path("market.rhyme/watch.journal")).unwrap();
    for text in [&journal, &first.err, &second.err] {
        assert!(!text.contains("secret"), "{text}");
    }
    let args = [&ARGS[..], &["--post-env", "HOOK"]].concat();
    run(&mut world.command(&args)).fails(
        1,
        "expected the address of a webhook in the environment variable HOOK",
    );
    watch(&world, &["--post", "http://example.com/very-secret"])
        .fails(1, "http is accepted for this machine only");
    watch(&world, &["--token-env", "TOKEN"]).fails(2, "--post");
}

#[test]
fn nobody_who_reads_is_no_loss() {
    let world = world();
    let mut child = world.command(&ARGS).spawn().unwrap();
    drop(child.stdout.take());
    child.wait().unwrap();
    assert_eq!(
        parsed(&watch(&world, &[]).ok()).len(),
        1,
        "the next run prints it"
    );
}
