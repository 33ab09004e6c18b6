//! What pictures have in common: a heading, a legend, axes and a note.

use super::scale::Scale;
use super::scene::{Anchor, Area, Group, Ink, Mark, Scene, Text};
use super::{text, time};

pub(super) const MARGIN: f64 = 24.0;
/// The size of text at axes.
pub(super) const SMALL: f64 = 11.0;
const BODY: f64 = 12.5;

/// Title and subtitle at the top. Returns where the rest begins.
pub(super) fn heading(scene: &mut Scene, title: &str, subtitle: &str) -> f64 {
    let size = if scene.width < 700.0 { 16.0 } else { 20.0 };
    let most = scene.width - 2.0 * MARGIN;
    let mut y = MARGIN - 4.0;
    for line in text::wrap(title, most, size, true) {
        y += size * 1.2;
        scene.text(Text::new((MARGIN, y), line, size).bold());
    }
    y += 4.0;
    lines(scene, (MARGIN, y), subtitle, most) + 14.0
}

/// Muted text in as many lines as it takes. Returns where the last one ends.
fn lines(scene: &mut Scene, (x, mut y): (f64, f64), text: &str, most: f64) -> f64 {
    for line in text::wrap(text, most, BODY, false) {
        y += BODY * 1.4;
        scene.text(Text::new((x, y), line, BODY).ink(Ink::Muted));
    }
    y
}

/// The note below everything; the page ends after it.
pub(super) fn finish(scene: &mut Scene, y: f64, note: &str) {
    let most = scene.width - 2.0 * MARGIN;
    let end = lines(scene, (MARGIN, y), note, most);
    scene.height = (end + MARGIN).ceil();
}

/// A bold line over a part of a picture. Returns where the part begins.
pub(super) fn section(scene: &mut Scene, y: f64, title: &str) -> f64 {
    let most = scene.width - 2.0 * MARGIN;
    let line = Text::new((MARGIN, y + 14.0), title, 14.0).bold();
    scene.text(line.within(most));
    y + 24.0
}

/// How an entry of a legend looks.
#[derive(Clone, Copy)]
pub(super) enum Swatch {
    Box,
    Line,
    Dashes,
    Dot,
}

pub(super) struct Entry {
    /// The groups that it shows and hides.
    pub(super) key: String,
    pub(super) label: String,
    pub(super) ink: Ink,
    pub(super) swatch: Swatch,
}

/// A legend in as many lines as it takes. Returns where the rest begins.
pub(super) fn legend(scene: &mut Scene, y: f64, entries: Vec<Entry>) -> f64 {
    let right = scene.width - MARGIN;
    let (mut x, mut y) = (MARGIN, y);
    for entry in entries {
        let label = text::fit(&entry.label, right - MARGIN - 24.0, BODY, false);
        let long = 24.0 + text::width(&label, BODY, false);
        if x + long > right && x > MARGIN {
            x = MARGIN;
            y += 20.0;
        }
        let middle = y + 9.0;
        let swatch = match entry.swatch {
            Swatch::Box => Mark::boxed(x, middle - 6.0, 16.0, 12.0, entry.ink),
            Swatch::Line => Mark::line(vec![(x, middle), (x + 16.0, middle)], entry.ink, 2.5),
            Swatch::Dashes => Mark::dashed(vec![(x, middle), (x + 17.0, middle)], entry.ink, 2.0),
            Swatch::Dot => Mark::Dots {
                centres: vec![(x + 8.0, middle)],
                radius: 5.0,
                fill: entry.ink,
                opacity: 1.0,
            },
        };
        let text = Text::new((x + 22.0, middle + 4.5), label, BODY);
        scene.add(Mark::Group(Group {
            key: entry.key,
            toggles: true,
            hint: String::new(),
            marks: vec![swatch, Mark::Text(text)],
        }));
        x += long + 18.0;
    }
    y + 28.0
}

/// The values at which an axis has a tick, and what they say.
pub(super) fn labels(
    scale: &Scale,
    most: usize,
    say: impl Fn(f64, usize) -> String,
) -> Vec<(f64, String)> {
    let ticks = scale.ticks(most);
    let say = |tick: f64| (tick, say(tick, ticks.decimals));
    ticks.values.into_iter().map(say).collect()
}

/// How much room labels need at the left of an area.
pub(super) fn gutter(labels: &[(f64, String)]) -> f64 {
    let widths = labels.iter().map(|(_, l)| text::width(l, SMALL, false));
    widths.fold(20.0, f64::max) + 10.0
}

/// Lines across an area with their labels at its left.
pub(super) fn rows(scene: &mut Scene, area: Area, scale: &Scale, labels: &[(f64, String)]) {
    let line = |value: f64| {
        let y = scale.at(value);
        vec![(area.x, y), (area.right(), y)]
    };
    scene.add(Mark::Lines {
        lines: labels.iter().map(|(value, _)| line(*value)).collect(),
        ink: Ink::Grid,
        width: 1.0,
        dashed: false,
        opacity: 1.0,
    });
    for (value, label) in labels {
        let at = (area.x - 6.0, scale.at(*value) + 4.0);
        let text = Text::new(at, label.clone(), SMALL).ink(Ink::Muted);
        scene.text(text.anchor(Anchor::End));
    }
}

/// Labels below an area at pixels of x, those that have room.
pub(super) fn columns(scene: &mut Scene, area: Area, labels: &[(f64, String)]) {
    columns_beyond(scene, area, labels, 14.0);
}

/// [`columns`] that may stand out of the area by so much. One that would stand out further is moved
/// inwards, and its tick is not.
fn columns_beyond(scene: &mut Scene, area: Area, labels: &[(f64, String)], beyond: f64) {
    let base = area.bottom();
    let (mut free, end) = (area.x - beyond, area.right() + beyond);
    let mut ticks = Vec::new();
    for (tick, label) in labels {
        let half = text::width(label, SMALL, false) / 2.0;
        let x = tick.max(area.x - beyond + half).min(end - half);
        if x - half < free {
            continue;
        }
        free = x + half + 8.0;
        ticks.push(vec![(*tick, base), (*tick, base + 4.0)]);
        let text = Text::new((x, base + 16.0), label.clone(), SMALL).ink(Ink::Muted);
        scene.text(text.anchor(Anchor::Middle));
    }
    ticks.push(vec![(area.x, base), (area.right(), base)]);
    scene.add(Mark::Lines {
        lines: ticks,
        ink: Ink::Axis,
        width: 1.0,
        dashed: false,
        opacity: 1.0,
    });
}

/// Dates below an area, none beyond its ends, in which bar `i` of these open times stands at `x(i)`.
pub(super) fn dates(scene: &mut Scene, area: Area, times: &[i64], x: impl Fn(usize) -> f64) {
    let most = (area.width / 75.0).floor().max(1.0) as usize;
    // The first tick that has room says the year.
    let cramped = |i: &usize| x(*i) < area.x + 22.0;
    let first = (0..times.len()).take_while(cramped).count();
    let ticks = time::ticks(times, first, most);
    let labels: Vec<(f64, String)> = ticks.into_iter().map(|(i, l)| (x(i), l)).collect();
    columns_beyond(scene, area, &labels, 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_stay_inside_their_frame_and_apart() {
        let day = 86_400_000;
        for (bars, step) in [(64, day / 24), (88, day / 24), (250, day), (9, 7 * day)] {
            for width in [60.0, 120.0, 233.0, 700.0] {
                let area = Area {
                    x: 50.0,
                    y: 0.0,
                    width,
                    height: 10.0,
                };
                // Every phase of a day and of a month, so that ticks stand at both ends.
                for shift in 0..40 {
                    let times: Vec<i64> = (0..bars).map(|i| (i + shift) * step).collect();
                    let each = width / bars as f64;
                    let mut scene = Scene::new(800.0, "");
                    dates(&mut scene, area, &times, |i| {
                        area.x + (i as f64 + 0.5) * each
                    });
                    let mut free = area.x;
                    for mark in &scene.marks {
                        let Mark::Text(text) = mark else { continue };
                        let half = text::width(&text.text, text.size, text.bold) / 2.0;
                        let (left, right) = (text.at.0 - half, text.at.0 + half);
                        assert!(left >= free - 1e-9, "{} at {left}, {free}", text.text);
                        assert!(right <= area.right() + 1e-9, "{} at {right}", text.text);
                        free = right;
                    }
                }
            }
        }
    }
}
