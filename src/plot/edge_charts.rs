//! Small charts above and below a map: what lies at its edges.

use super::analogs::Chart;
use super::frame::{MARGIN, SMALL};
use super::scale::{Scale, percent, range};
use super::scene::{Anchor, Area, Group, Ink, Mark, Point, Scene, Text};
use super::text;

/// A point with its chart.
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterExample {
    /// Its place along the x axis.
    pub x: f64,
    /// Its place along the y axis.
    pub y: f64,
    /// Its chart.
    pub chart: Chart,
}

const NARROWEST: f64 = 120.0;
const GAP: f64 = 16.0;
const HEAD: f64 = 18.0;
const PLOT: f64 = 56.0;
/// The radius of the disc that a number stands on.
const DISC: f64 = 8.0;

/// A chart and its number.
pub(super) type Numbered<'a> = (usize, &'a ScatterExample);

/// Those that are drawn above a map and those below it: the first half and the second, as many of each,
/// evenly taken, as there is room for.
pub(super) fn sides(examples: &[ScatterExample], width: f64) -> [Vec<Numbered<'_>>; 2] {
    let (above, below) = examples.split_at(examples.len().div_ceil(2));
    let room = width - 2.0 * MARGIN;
    let most = ((room + GAP) / (NARROWEST + GAP)).floor().max(1.0) as usize;
    let evenly = |side: &'_ [ScatterExample]| -> Vec<usize> {
        let n = side.len().min(most);
        (0..n).map(|i| (2 * i + 1) * side.len() / (2 * n)).collect()
    };
    [(above, 0), (below, above.len())].map(|(side, before)| {
        let chosen = evenly(side).into_iter();
        let numbered = |i: usize| Some((before + i + 1, side.get(i)?));
        chosen.filter_map(numbered).collect()
    })
}

/// Draws charts side by side. Returns where the rest begins.
pub(super) fn row(scene: &mut Scene, y: f64, charts: &[Numbered<'_>]) -> f64 {
    if charts.is_empty() {
        return y;
    }
    let n = charts.len() as f64;
    let wide = (scene.width - 2.0 * MARGIN - GAP * (n - 1.0)) / n;
    for (i, (number, example)) in charts.iter().enumerate() {
        let x = MARGIN + i as f64 * (wide + GAP);
        draw(scene, (x, y, wide), *number, &example.chart);
    }
    y + HEAD + PLOT + 16.0
}

fn draw(scene: &mut Scene, (x, y, wide): (f64, f64, f64), number: usize, chart: &Chart) {
    let closes = &chart.bars.close;
    let first = chart.bars.open.first().copied().unwrap_or(f64::NAN);
    let last = closes.last().copied().unwrap_or(f64::NAN);
    let moved = percent(last / first - 1.0, 1);
    let taken = text::width(&moved, SMALL, true) + 6.0;
    let name = Text::new((x, y + 12.0), format!("{number}  {}", chart.name), SMALL);
    scene.text(name.bold().within(wide - taken));
    let label = Text::new((x + wide, y + 12.0), moved, SMALL).bold();
    scene.text(label.anchor(Anchor::End));
    let area = Area {
        x,
        y: y + HEAD,
        width: wide,
        height: PLOT,
    };
    scene.add(Mark::boxed(x, area.y, wide, PLOT, Ink::Later));
    let Some(span) = range(closes.iter().copied()) else {
        return;
    };
    let scale = Scale::linear(span.widened(0.08), area.bottom(), area.y);
    let step = wide / closes.len() as f64;
    let at = |(i, close): (usize, &f64)| (x + (i as f64 + 0.5) * step, scale.at(*close));
    let finite = |(_, close): &(usize, &f64)| close.is_finite();
    let line: Vec<Point> = closes.iter().enumerate().filter(finite).map(at).collect();
    scene.add(Mark::Group(Group {
        key: format!("example-{number}"),
        toggles: false,
        hint: format!("{} {}", chart.name, chart.label),
        marks: vec![Mark::line(line, Ink::Text, 1.3)],
    }));
}

/// The numbers of charts on the map, at their points. One that would hide another is left out.
pub(super) fn numbers(scene: &mut Scene, points: &[(usize, Point)]) {
    let mut taken: Vec<Point> = Vec::new();
    for &(number, (x, y)) in points {
        let free = |(a, b): &Point| (a - x).hypot(b - y) > 2.0 * DISC + 2.0;
        if !taken.iter().all(free) {
            continue;
        }
        taken.push((x, y));
        let disc = |radius: f64, fill: Ink| Mark::Dots {
            centres: vec![(x, y)],
            radius,
            fill,
            opacity: 1.0,
        };
        let text = Text::new((x, y + 4.0), number.to_string(), SMALL).bold();
        scene.add(Mark::Group(Group {
            key: format!("example-{number}"),
            toggles: false,
            hint: String::new(),
            marks: vec![
                disc(DISC + 1.2, Ink::Text),
                disc(DISC, Ink::Page),
                Mark::Text(text.anchor(Anchor::Middle)),
            ],
        }));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "tests")]

    use super::*;
    use crate::model::Bars;

    fn examples(n: usize) -> Vec<ScatterExample> {
        let example = |i: usize| ScatterExample {
            x: i as f64,
            y: 0.0,
            chart: Chart {
                name: format!("AAA{i} 1h"),
                label: String::new(),
                interval: None,
                bars: Bars::default(),
                later: Bars::default(),
                same_moment: false,
            },
        };
        (0..n).map(example).collect()
    }

    fn numbers_of(examples: &[ScatterExample], width: f64) -> [Vec<usize>; 2] {
        sides(examples, width).map(|side| side.iter().map(|(n, _)| *n).collect())
    }

    #[test]
    fn half_stand_above_and_half_below() {
        let eight = examples(8);
        assert_eq!(numbers_of(&eight, 1_200.0), [[1, 2, 3, 4], [5, 6, 7, 8]]);
        assert_eq!(numbers_of(&eight, 320.0), [[2, 4], [6, 8]], "some of them");
        assert_eq!(numbers_of(&examples(1), 1_200.0), [vec![1], Vec::new()]);
        assert!(numbers_of(&[], 1_200.0).concat().is_empty());
        let names = |side: &[Numbered<'_>]| side[0].1.chart.name.clone();
        assert_eq!(
            sides(&eight, 1_200.0).map(|s| names(&s)),
            ["AAA0 1h", "AAA4 1h"]
        );
    }

    #[test]
    fn no_number_hides_another() {
        let mut scene = Scene::new(400.0, "");
        numbers(
            &mut scene,
            &[(1, (10.0, 10.0)), (2, (15.0, 10.0)), (3, (40.0, 10.0))],
        );
        assert_eq!(scene.marks.len(), 2);
    }
}
