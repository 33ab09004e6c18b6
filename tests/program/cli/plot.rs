//! `--plot`: pictures of answers in files, and the page in a browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::words::market;
use crate::world::{HOUR, START, World, closes, csv, time};

/// Every question that can be drawn, in a world of few bars and headlines.
const QUESTIONS: [(&str, &[&str]); 11] = [
    ("similar", &["similar", "AAAUSDT", "-k", "4"]),
    (
        "outcome",
        &["similar", "AAAUSDT@2021-01-08", "--outcome", "6,24"],
    ),
    ("pattern", &["similar", "--pattern", "1,3,2,5,4"]),
    ("search", &["search", "miners sell as prices plunge"]),
    ("combine", &["combine", "AAAUSDT", "+", "quiet trading"]),
    ("reaction", &["reaction", "miners sell", "--interval", "1h"]),
    ("classify", &["classify", "--history", "AAAUSDT"]),
    (
        "divergence",
        &["divergence", "AAAUSDT", "--history", "1", "--below", "60"],
    ),
    (
        "transfer-matrix",
        &["transfer-matrix", "--by", "symbol", "--sample", "60"],
    ),
    ("map", &["map", "--space", "shape", "--color", "symbol"]),
    (
        "years",
        &[
            "map", "--space", "clip", "--color", "year", "--sample", "50",
        ],
    ),
];

/// Draws into a file and gives its bytes; on standard output stands what stands there without.
fn drawn(world: &World, args: &[&str], file: &str) -> Vec<u8> {
    let run = world.rhyme(&[args, &["--plot", file, "--format", "csv"]].concat());
    assert!(
        run.err.contains(&format!("drawn into {file}")),
        "{}",
        run.err
    );
    let plain = world.rhyme(&[args, &["--format", "csv"]].concat()).ok();
    assert_eq!(run.ok(), plain, "{args:?}");
    std::fs::read(world.path(file)).unwrap()
}

#[test]
fn every_question_is_drawn_in_every_format() {
    let world = market();
    for (name, args) in QUESTIONS {
        let svg = drawn(&world, args, &format!("{name}.svg"));
        let svg = String::from_utf8(svg).unwrap();
        assert!(
            svg.starts_with("<svg") && svg.ends_with("</svg>\n"),
            "{name}"
        );
        // Regimes go by rules, in no space.
        let by = if name == "classify" {
            "by rules"
        } else {
            "space "
        };
        assert!(svg.contains(by), "{name}");
        assert!(!svg.contains("NaN") && !svg.contains("inf "), "{name}");
        let png = drawn(&world, args, &format!("{name}.png"));
        assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n", "{name}");
        let width = u32::from_be_bytes(png[16..20].try_into().unwrap());
        assert_eq!(width, 2_400, "{name}");
        let html = drawn(&world, args, &format!("{name}.html"));
        assert!(html.starts_with(b"<!doctype html>"), "{name}");
        let again = drawn(&world, args, &format!("{name}.svg"));
        assert_eq!(again, svg.into_bytes(), "{name}: the same picture again");
    }
    let partial = |name: &String| name.ends_with(".partial");
    assert!(!world.names("").iter().any(partial));
}

/// Enough history to say what is unusual.
fn long() -> World {
    let world = World::new();
    for (path, n, seed) in [
        ("crypto/x/AAAUSDT-1h.csv", 900, 1),
        ("crypto/x/BBBUSDT-1h.csv", 900, 2),
        ("equity/x/ACME-1h.csv", 700, 3),
    ] {
        world.file(&format!("in/{path}"), csv(START, HOUR, &closes(n, seed)));
    }
    world.rhyme(&["ingest", "bars", "in"]).ok();
    world
}

#[test]
fn scans_and_transfers_are_drawn() {
    let world = long();
    let scan = ["anomaly", "--scan", "crypto", "--level", "0.05"];
    let svg = String::from_utf8(drawn(&world, &scan, "scan.svg")).unwrap();
    for part in [
        "Unusual episodes of crypto",
        "AAAUSDT 1h",
        "BBBUSDT 1h",
        "size: -log10 of p, where the line is p = 0.05",
    ] {
        assert!(svg.contains(part), "{part}");
    }
    let transfer = ["transfer", "AAAUSDT", "--to", "equity", "-k", "3"];
    let svg = String::from_utf8(drawn(&world, &transfer, "transfer.svg")).unwrap();
    assert!(
        svg.contains("in equity") && svg.contains("ACME 1h"),
        "{svg}"
    );
}

/// What closes after the view's time is not in its picture.
#[test]
fn no_picture_looks_ahead() {
    let world = long();
    let now = time(START + 600 * HOUR);
    let questions: [(&str, &[&str]); 5] = [
        ("a", &["similar", "AAAUSDT", "--exact", "-k", "3"]),
        ("b", &["similar", "AAAUSDT", "--exact", "--outcome", "24"]),
        (
            "c",
            &["anomaly", "--scan", "crypto", "--exact", "--level", "0.05"],
        ),
        ("d", &["map", "--sample", "100"]),
        ("e", &["transfer-matrix", "--exact"]),
    ];
    let ask = |args: &[&str], file: &str| {
        drawn(
            &world,
            &[args, &["--as-of", &now]].concat(),
            &format!("{file}.html"),
        )
    };
    let before: Vec<Vec<u8>> = questions
        .iter()
        .map(|(file, args)| ask(args, file))
        .collect();
    // Of two series everything after that time goes, and of the third it becomes something else.
    for symbol in ["AAAUSDT:1h", "BBBUSDT:1h"] {
        let after = ["delete", symbol, "--from", now.as_str(), "--yes"];
        world.rhyme(&after).ok();
    }
    let mut other = closes(700, 3);
    other[600..].iter_mut().for_each(|c| *c *= 3.0);
    world.file("later/equity/x/ACME-1h.csv", csv(START, HOUR, &other));
    world.rhyme(&["ingest", "bars", "later"]).ok();
    for ((file, args), before) in questions.iter().zip(before) {
        assert!(ask(args, file) == before, "{args:?} saw what came later");
    }
    let text = String::from_utf8(std::fs::read(world.path("a.html")).unwrap()).unwrap();
    assert!(text.contains("as of 2021-01-26") && !text.contains("2021-01-27"));
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let world = World::with_market();
    let similar = |more: &[&str]| world.rhyme(&[&["similar", "AAAUSDT"], more].concat());
    for wrong in ["a.jpg", "a", "svg"] {
        similar(&["--plot", wrong]).fails(2, "ends in .svg, .png or .html");
    }
    similar(&["--plot", "none/a.svg"]).fails(1, "cannot create");
    similar(&["--plot", "a.svg", "--plot-theme", "sepia"]).fails(2, "auto, light or dark");
    similar(&["--plot", "a.svg", "--plot-width", "10"]).fails(2, "320..=4000");
    similar(&["--plot-theme", "dark"]).fails(2, "--plot <FILE>");
    let single = ["anomaly", "AAAUSDT", "--plot", "a.svg"];
    world
        .rhyme(&single)
        .fails(1, "expected --plot together with --scan");
    let single = ["classify", "AAAUSDT", "--plot", "a.svg"];
    world
        .rhyme(&single)
        .fails(1, "expected --plot together with --history");
    world
        .rhyme(&["map", "--color", "mood"])
        .fails(3, "no attribute \"mood\"");
    assert_eq!(
        world.names(""),
        ["in", "market.rhyme"],
        "nothing was written"
    );
    similar(&[
        "--plot",
        "a.svg",
        "--plot-theme",
        "dark",
        "--plot-width",
        "400",
        "-q",
    ])
    .ok();
    let svg = std::fs::read_to_string(world.path("a.svg")).unwrap();
    assert!(svg.contains("width=\"400\"") && !svg.contains("prefers-color-scheme"));
}

#[test]
fn a_map_comes_as_table_json_and_csv() {
    let world = World::with_market();
    let json = world.rhyme(&["map", "--format", "json"]).json();
    let points = json["points"].as_array().unwrap();
    assert_eq!(json["windows"], 2 * (300 - 63) + 200 - 63);
    assert_eq!(points.len() as u64, json["windows"].as_u64().unwrap());
    assert!(json["explained"][0].as_f64() >= json["explained"][1].as_f64());
    let csv = world
        .rhyme(&["map", "--symbol", "ACME", "--format", "csv"])
        .ok();
    assert!(
        csv.starts_with("x,y,market,venue,symbol,interval,start,end,move_percent,move_sd\n"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 1 + 200 - 63);
    let table = world.rhyme(&["map"]).ok();
    assert!(
        table.contains("of the variance") && table.contains("--plot FILE"),
        "{table}"
    );
    world
        .rhyme(&["map", "--symbol", "MOON"])
        .fails(3, "no symbol MOON");
}

/// A browser that can run without a screen.
pub(crate) fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let mut places = std::env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name)));
    places.find(|place| place.is_file())
}

/// Notes errors from the first moment on.
const BEFORE: &str = "<script>window.wrong = [];
addEventListener('error', (e) => wrong.push(e.message));
addEventListener('securitypolicyviolation', (e) => wrong.push(e.blockedURI));</script>";

/// Points at a point of every area of the picture that shows, and uses the first entry of its legend.
const AFTER: &str = "<script>
const shown = pictures.findIndex((svg) => getComputedStyle(svg).display !== 'none');
const svg = pictures[shown];
const place = svg.getScreenCTM();
let said = 0;
for (const { points, labels } of all[shown]) {
  const [x, y] = points[points.length >> 1];
  const at = { clientX: place.a * x + place.e, clientY: place.d * y + place.f };
  svg.dispatchEvent(new PointerEvent('pointermove', at));
  if (!tip.hidden && labels.includes(tip.textContent) && svg.querySelector('.cross')) said += 1;
}
svg.dispatchEvent(new PointerEvent('pointerleave'));
if (!tip.hidden || svg.querySelector('.cross')) wrong.push('the label stays');
const entry = svg.querySelector('g[data-toggles]');
const others = [...svg.querySelectorAll('g[data-key]:not([data-toggles])')];
const same = others.filter((group) => group.dataset.key === entry?.dataset.key);
const every = (display) => same.every((group) => (getComputedStyle(group).display === 'none') === display);
entry?.dispatchEvent(new Event('click'));
const hidden = every(true);
entry?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
const back = every(false);
const loaded = performance.getEntriesByType('resource').length;
const result = { shown, areas: all[shown].length, said, groups: same.length, hidden, back, loaded, wrong };
document.body.dataset.result = JSON.stringify(result).replaceAll('\"', '');
</script>";

/// The page after its script and ours have run, and what the browser said.
pub(crate) fn browsed(chromium: &Path, page: &Path, width: u32) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args(["--enable-logging=stderr", "--dump-dom", "--timeout=20000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={width},900"))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn a_browser_shows_the_page_and_answers_the_pointer() {
    let Some(chromium) = chromium() else {
        eprintln!("skipped: no chromium on the path, so no browser has seen the pages");
        return;
    };
    let world = market();
    for (name, args) in [QUESTIONS[1], QUESTIONS[6], QUESTIONS[7], QUESTIONS[9]] {
        let html = String::from_utf8(drawn(&world, args, "page.html")).unwrap();
        let html = html.replacen("<head>", &format!("<head>{BEFORE}"), 1);
        let html = html.replacen("</body>", &format!("{AFTER}</body>"), 1);
        world.file("watched.html", html);
        for (width, shown) in [(1_280, 0), (520, 1)] {
            let (page, log) = browsed(&chromium, &world.path("watched.html"), width);
            assert!(!log.contains("CONSOLE"), "{name}: {log}");
            let result = page.split("data-result=\"").nth(1);
            let result = result.and_then(|rest| rest.split('"').next());
            let result = result.unwrap_or_else(|| panic!("{name}: no result: {log}"));
            let has =
                |part: &str| assert!(result.contains(part), "{name} {width}: {part}: {result}");
            has(&format!("shown:{shown},"));
            for part in ["hidden:true", "back:true", "loaded:0", "wrong:[]"] {
                has(part);
            }
            let number = |key: &str| -> u32 {
                let rest = result.split(&format!("{key}:")).nth(1).unwrap();
                rest.split(',').next().unwrap().parse().unwrap()
            };
            assert!(
                number("areas") > 0 && number("said") == number("areas"),
                "{name}: {result}"
            );
            let legend = ["outcome", "map"].contains(&name);
            assert!(number("groups") > 0 || !legend, "{name}: {result}");
        }
    }
}
