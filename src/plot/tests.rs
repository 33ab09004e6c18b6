//! Each kind of picture: the drawn SVG beside the one that was looked at, and what holds for all.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::path::Path;

use super::scene::{Area, Mark, Scene, each};
use super::*;
use crate::model::{Bar, Bars, Interval, Timestamp};

const HOUR: i64 = 3_600_000;

/// A wave of hourly prices, the same on every machine: sums of a small generator's numbers.
fn bars(n: usize, seed: u64) -> Bars {
    let start: Timestamp = "2021-05-19T20:00".parse().unwrap();
    let mut state = seed;
    let mut close = 100.0;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64 - 0.5
    };
    let bar = |i: usize| {
        let open = close;
        close *= 1.0 + 0.04 * next();
        Bar {
            time: start.plus_millis(i as i64 * HOUR),
            open,
            high: open.max(close) * 1.005,
            low: open.min(close) * 0.995,
            close,
            volume: 1.0,
        }
    };
    (0..n).map(bar).collect()
}

fn chart(name: &str, seed: u64) -> Chart {
    let all = bars(20, seed);
    Chart {
        name: name.to_owned(),
        label: format!("{seed} · 0.9{seed}"),
        interval: Some(Interval::hours(1)),
        bars: all.slice(0..16),
        later: all.slice(16..20),
        same_moment: seed == 3,
    }
}

fn fan() -> Fan {
    let step = |bars: u32, width: f64| FanStep {
        bars,
        quantiles: [-2.0, -1.0, 0.2, 1.0, 2.0].map(|q| q * width),
    };
    let path = |name: &str, changes: &[f64]| FanPath {
        name: name.to_owned(),
        changes: changes.to_vec(),
    };
    Fan {
        title: "What came after".to_owned(),
        subtitle: "two hits".to_owned(),
        note: "made up".to_owned(),
        steps: "bars after the window".to_owned(),
        found_name: "the hits".to_owned(),
        base_name: "all windows".to_owned(),
        paths: vec![
            path("one", &[0.01, 0.02, 0.0]),
            path("two", &[-0.01, -0.03]),
        ],
        found: vec![step(1, 0.01), step(3, 0.02)],
        base: vec![step(1, 0.008), step(3, 0.012)],
    }
}

fn analogs() -> Picture {
    Picture::from(Analogs {
        title: "What looked like AAA 1h".to_owned(),
        subtitle: "two of 9 windows".to_owned(),
        note: "Times are UTC.".to_owned(),
        query: Some(Chart {
            later: Bars::default(),
            ..chart("AAA 1h", 1)
        }),
        found: vec![chart("BBB 1h", 2), chart("CCC 1h", 3)],
        fan: Some(fan()),
    })
}

fn timeline() -> Picture {
    let bars = bars(60, 7);
    let end = |i: usize| Timestamp::from_millis(bars.time[i] + HOUR);
    let score = |i: usize| Score {
        end: end(i),
        value: (i as f64 / 5.0).sin(),
        flagged: i % 29 == 8,
        hint: String::new(),
    };
    let band = |first: usize, last: usize, label| Band {
        first: end(first),
        last: end(last),
        label,
    };
    Picture::from(Timeline {
        title: "A price".to_owned(),
        subtitle: "with everything".to_owned(),
        note: "made up".to_owned(),
        labels: vec!["rising".to_owned(), "falling".to_owned()],
        leans: Vec::new(),
        tracks: vec![Track {
            name: "AAA 1h".to_owned(),
            interval: Interval::hours(1),
            bands: vec![
                band(5, 20, Some(0)),
                band(21, 22, None),
                band(23, 50, Some(1)),
            ],
            flags: vec![Flag {
                first: end(6),
                last: end(9),
                label: "1".to_owned(),
                hint: "episode 1".to_owned(),
            }],
            scores: Some(Scores {
                name: "score".to_owned(),
                points: (0..60).map(score).collect(),
                joined: true,
                threshold: Some(0.9),
                range: None,
            }),
            bars,
        }],
    })
}

fn matrix() -> Picture {
    let names = ["crypto", "equity", "fx"];
    let cell = |i: usize, j: usize| {
        (i != j).then(|| MatrixCell {
            value: (i + j) as f64 / 4.0,
            hint: format!("{} and {}", names[i], names[j]),
        })
    };
    Picture::from(Matrix {
        title: "How alike".to_owned(),
        subtitle: "three markets".to_owned(),
        note: "made up".to_owned(),
        names: names.map(str::to_owned).to_vec(),
        cells: (0..3)
            .map(|i| (0..3).map(|j| cell(i, j)).collect())
            .collect(),
        range: Extent::new(0.0, 1.0),
    })
}

fn scatter(ordered: bool) -> Picture {
    let point = |i: usize| ScatterPoint {
        x: (i as f64).sin(),
        y: (i as f64 * 1.7).cos() * 0.4,
        hint: format!("point {i}"),
    };
    let example = |i: usize| ScatterExample {
        x: point(i).x,
        y: point(i).y,
        chart: chart("AAA 1h · crypto", i as u64),
    };
    let group = |name: &str, range: std::ops::Range<usize>| ScatterGroup {
        name: name.to_owned(),
        points: range.map(point).collect(),
    };
    Picture::from(Scatter {
        title: "A map".to_owned(),
        subtitle: "of points".to_owned(),
        note: "made up".to_owned(),
        x_axis: "first".to_owned(),
        y_axis: "second".to_owned(),
        groups: vec![group("2020", 0..12), group("2021", 12..20)],
        ordered,
        examples: [2, 5, 11, 17].map(example).to_vec(),
    })
}

fn growth() -> Picture {
    let curve = |name: &str, power: f64, first: f64| GrowthCurve {
        name: name.to_owned(),
        points: (0..4)
            .map(|i| GrowthPoint {
                size: 1e5 * 10f64.powi(i),
                value: first * 10f64.powf(power * f64::from(i)),
            })
            .collect(),
    };
    let panel = |title: &str, curves: Vec<GrowthCurve>| GrowthPanel {
        title: title.to_owned(),
        curves,
    };
    Picture::from(Growth {
        title: "What a database costs".to_owned(),
        subtitle: "as it grows".to_owned(),
        note: "made up".to_owned(),
        sizes: "windows".to_owned(),
        panels: vec![
            panel("time to build, s", vec![curve("", 1.1, 1.4)]),
            panel("bytes a window", vec![curve("", 0.0, 237.0)]),
            panel(
                "a question, ms",
                vec![
                    curve("graph", 0.3, 0.12),
                    curve("every window scored", 1.0, 0.6),
                ],
            ),
            panel("memory, MiB", vec![curve("", 0.7, 95.0)]),
        ],
    })
}

fn all() -> [(&'static str, Picture); 8] {
    [
        ("analogs", analogs()),
        ("fan", Picture::from(fan())),
        ("timeline", timeline()),
        ("matrix", matrix()),
        ("scatter", scatter(false)),
        ("years", scatter(true)),
        ("growth", growth()),
        ("account", Picture::from(account::example(bars(60, 7)))),
    ]
}

const NARROW: PlotOptions = PlotOptions {
    theme: Theme::Auto,
    width: 640,
};

/// `RHYME_GOLDEN=write` writes them anew; then look at them.
#[test]
fn pictures_are_those_that_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plot/golden");
    for (name, picture) in all() {
        let path = folder.join(format!("{name}.svg"));
        let drawn = picture.svg(&NARROW).unwrap();
        if std::env::var("RHYME_GOLDEN").is_ok_and(|v| v == "write") {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &drawn).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = drawn.lines().zip(golden.lines()).find(|(a, b)| a != b);
        assert!(
            drawn == golden,
            "{name} differs from {}: {differs:?}; RHYME_GOLDEN=write writes it anew",
            path.display()
        );
    }
}

/// All marks lie on the page, and no text runs into another.
#[test]
fn nothing_is_cut_and_no_text_overlaps() {
    for (name, picture) in all() {
        for width in [320.0, 460.0, 640.0, 1_200.0, 2_400.0] {
            let scene = picture.scene(width);
            let page = Area {
                x: -0.5,
                y: -0.5,
                width: width + 1.0,
                height: scene.height + 1.0,
            };
            let boxes = texts(&scene);
            assert!(boxes.len() > 5, "{name}");
            for (text, at) in &boxes {
                let inside = at.x >= page.x
                    && at.right() <= page.right()
                    && at.y >= page.y
                    && at.bottom() <= page.bottom();
                assert!(inside, "{name} {width}: {text:?} at {at:?} leaves the page");
            }
            for (i, (a, first)) in boxes.iter().enumerate() {
                for (b, second) in &boxes[i + 1..] {
                    let apart = first.right() <= second.x
                        || second.right() <= first.x
                        || first.bottom() <= second.y
                        || second.bottom() <= first.y;
                    assert!(
                        apart,
                        "{name} {width}: {a:?} {first:?} runs into {b:?} {second:?}"
                    );
                }
            }
        }
    }
}

/// The boxes around capital letters and digits of all texts.
fn texts(scene: &Scene) -> Vec<(String, Area)> {
    let mut boxes = Vec::new();
    each(&scene.marks, &mut |mark| {
        let Mark::Text(text) = mark else { return };
        let long = text::width(&text.text, text.size, text.bold);
        let tall = text.size * 0.72;
        let back = match text.anchor {
            scene::Anchor::Start => 0.0,
            scene::Anchor::Middle => long / 2.0,
            scene::Anchor::End => long,
        };
        let (x, y) = text.at;
        let at = if text.turned {
            Area {
                x: x - tall,
                y: y - long + back,
                width: tall,
                height: long,
            }
        } else {
            Area {
                x: x - back,
                y: y - tall,
                width: long,
                height: tall,
            }
        };
        boxes.push((text.text.clone(), at));
    });
    boxes
}

/// The number of distinct colours, up to some.
fn colours(png: &[u8]) -> (u32, u32, usize) {
    let mut image = ::png::Decoder::new(png).read_info().unwrap();
    let mut pixels = vec![0; image.output_buffer_size()];
    let info = image.next_frame(&mut pixels).unwrap();
    let distinct: std::collections::BTreeSet<&[u8]> = pixels.chunks_exact(3).collect();
    (info.width, info.height, distinct.len())
}

#[test]
fn images_have_two_dots_a_pixel_and_are_not_blank() {
    for (name, picture) in all() {
        for theme in [Theme::Light, Theme::Dark] {
            let options = PlotOptions { theme, width: 400 };
            let png = picture.png(&options).unwrap();
            let (width, height, distinct) = colours(&png);
            assert_eq!(width, 800, "{name}");
            assert_eq!(
                f64::from(height),
                2.0 * picture.scene(400.0).height,
                "{name}"
            );
            assert!(distinct > 50, "{name}: {distinct} colours");
            assert!(
                png == picture.png(&options).unwrap(),
                "the same bytes again"
            );
        }
    }
    let image = |theme| fan_of(theme);
    assert_eq!(image(Theme::Auto), image(Theme::Light));
    assert_ne!(image(Theme::Auto), image(Theme::Dark));
}

fn fan_of(theme: Theme) -> Vec<u8> {
    let options = PlotOptions { theme, width: 320 };
    Picture::from(fan()).png(&options).unwrap()
}

#[test]
fn pages_load_nothing() {
    for (name, picture) in all() {
        let html = picture.html(&PlotOptions::default()).unwrap();
        assert!(html.contains("default-src 'none'"), "{name}");
        let without = html.replace("http://www.w3.org/2000/svg", "");
        for outside in ["http:", "https:", "src=\"", "@import", "url("] {
            assert!(!without.contains(outside), "{name}: {outside}");
        }
        assert_eq!(html.matches("<svg").count(), 2, "{name}: wide and narrow");
        assert_eq!(html.matches("</script>").count(), 2, "{name}");
    }
}

#[test]
fn names_from_outside_stay_text() {
    let evil = "</script><script>alert(1)</script>\u{202e}\u{0}";
    let mut data = match analogs() {
        Picture::Analogs(data) => data,
        other => panic!("{other:?}"),
    };
    data.title = evil.to_owned();
    data.found[0].name = evil.to_owned();
    let picture = Picture::from(data);
    let html = picture.html(&PlotOptions::default()).unwrap();
    assert!(!html.contains("<script>alert"));
    assert!(!html.contains('\u{0}'));
    assert!(picture.png(&NARROW).is_ok());
}

#[test]
fn nothing_to_show_is_a_picture_too() {
    let empty = [
        Picture::from(Analogs::default()),
        Picture::from(Fan::default()),
        Picture::from(Timeline::default()),
        Picture::from(Matrix::default()),
        Picture::from(Scatter::default()),
        Picture::from(Growth::default()),
    ];
    for picture in empty {
        assert!(picture.png(&NARROW).unwrap().len() > 100);
        assert!(picture.svg(&NARROW).unwrap().ends_with("</svg>\n"));
        assert!(picture.html(&NARROW).unwrap().ends_with("</html>\n"));
    }
}

#[test]
fn prices_that_are_no_numbers_do_no_harm() {
    let mut data = match analogs() {
        Picture::Analogs(data) => data,
        other => panic!("{other:?}"),
    };
    data.found[0].bars.close[3] = f64::NAN;
    data.found[0].bars.high[4] = f64::INFINITY;
    data.found[1].bars = Bars::default();
    let svg = Picture::from(data).svg(&NARROW).unwrap();
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn widths_and_sizes_have_limits() {
    for width in [0, 319, 4_001] {
        let options = PlotOptions {
            width,
            ..PlotOptions::default()
        };
        let message = matrix().svg(&options).unwrap_err().to_string();
        assert!(message.contains("320 to 4000"), "{message}");
    }
    let charts = (0..60).map(|i| chart("AAA 1h", 1 + i)).collect();
    let many = Picture::from(Analogs {
        found: charts,
        ..Analogs::default()
    });
    assert!(
        many.png(&PlotOptions {
            width: 400,
            ..NARROW
        })
        .is_ok()
    );
    assert!(
        "sepia"
            .parse::<Theme>()
            .unwrap_err()
            .to_string()
            .contains("auto, light or dark")
    );
}

#[test]
fn files_are_written_whole_in_the_format_of_their_name() {
    let dir = tempfile::tempdir().unwrap();
    let start = |name: &str| {
        let path = dir.path().join(name);
        matrix().write(&path, &NARROW).unwrap();
        std::fs::read(path).unwrap()[..4].to_vec()
    };
    assert_eq!(start("a.svg"), b"<svg");
    assert_eq!(start("a.png"), b"\x89PNG");
    assert_eq!(start("a.html"), b"<!do");
    assert!(matrix().write(&dir.path().join("a.gif"), &NARROW).is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
}
