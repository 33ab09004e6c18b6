//! Things compared with one another, as a field of colours.

use super::frame::{self, MARGIN, SMALL};
use super::scale::{Extent, number};
use super::scene::{Anchor, Area, HEATS, Ink, Mark, Probe, Scene, Text};
use super::text;

/// A square of values, each a colour and, where there is room, a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// The heading.
    pub title: String,
    /// What was compared.
    pub subtitle: String,
    /// What the values mean.
    pub note: String,
    /// The name of each row, and of the column of the same number.
    pub names: Vec<String>,
    /// The rows. `None` is left empty.
    pub cells: Vec<Vec<Option<MatrixCell>>>,
    /// The values at the ends of the colours.
    pub range: Extent,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixCell {
    /// The value.
    pub value: f64,
    /// More about it, said where a reader asks.
    pub hint: String,
}

/// The size of a cell.
const LARGEST: f64 = 96.0;
/// Cells that are smaller have no number.
const LEAST_WITH_NUMBER: f64 = 30.0;

impl Matrix {
    pub(super) fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::new(width, &self.title);
        let y = frame::heading(&mut scene, &self.title, &self.subtitle);
        let longest = self.names.iter().map(|n| text::width(n, SMALL, false));
        let longest = longest.fold(0.0, f64::max).min(width * 0.3);
        let n = self.names.len().max(1) as f64;
        let left = MARGIN + longest + 10.0;
        // The scale of colours stands at the right.
        let room = width - MARGIN - left - 70.0;
        let size = (room / n).min(LARGEST);
        let turned = size < longest + 8.0;
        let top = y + if turned { longest + 12.0 } else { 24.0 };
        let area = Area {
            x: left,
            y: top,
            width: size * n,
            height: size * n,
        };
        self.names(&mut scene, area, (size, longest, turned));
        self.cells(&mut scene, area, size);
        self.colours(&mut scene, area);
        let end = area.bottom().max(top + 160.0);
        frame::finish(&mut scene, end + 14.0, &self.note);
        scene
    }

    fn share(&self, value: f64) -> f64 {
        let Extent { low, high } = self.range;
        if high > low {
            ((value - low) / (high - low)).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    fn names(&self, scene: &mut Scene, area: Area, (size, longest, turned): (f64, f64, bool)) {
        // Of names that are lower than their text every second one is left out, or more.
        let every = (13.0 / size).ceil().max(1.0) as usize;
        for (i, name) in self.names.iter().enumerate().step_by(every) {
            let middle = (i as f64 + 0.5) * size;
            let at = (area.x - 8.0, area.y + middle + 4.0);
            let row = Text::new(at, name.clone(), SMALL).within(longest);
            scene.text(row.anchor(Anchor::End));
            let column = if turned {
                let at = (area.x + middle + 4.0, area.y - 8.0);
                Text::new(at, name.clone(), SMALL).within(longest).turned()
            } else {
                let at = (area.x + middle, area.y - 8.0);
                Text::new(at, name.clone(), SMALL).anchor(Anchor::Middle)
            };
            scene.text(column);
        }
    }

    fn cells(&self, scene: &mut Scene, area: Area, size: f64) {
        let mut points = Vec::new();
        let gap = if size > 12.0 { 2.0 } else { 0.5 };
        for (row, cells) in self.cells.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let x = area.x + column as f64 * size;
                let y = area.y + row as f64 * size;
                let Some(cell) = cell else {
                    let hole = Mark::boxed(x, y, size - gap, size - gap, Ink::Later);
                    scene.add(hole);
                    continue;
                };
                let share = self.share(cell.value);
                let ink = Ink::heat(share);
                scene.add(Mark::boxed(x, y, size - gap, size - gap, ink));
                let middle = (x + (size - gap) / 2.0, y + (size - gap) / 2.0);
                if size >= LEAST_WITH_NUMBER {
                    let text = (size * 0.2).clamp(10.0, 15.0);
                    let at = (middle.0, middle.1 + text * 0.36);
                    let value = Text::new(at, number(cell.value, 2), text);
                    scene.text(value.ink(Ink::on_heat(share)).anchor(Anchor::Middle));
                }
                points.push((middle, cell.hint.clone()));
            }
        }
        scene.probes.push(Probe {
            area,
            points,
            along: false,
            key: None,
        });
    }

    /// The scale of colours, with the values at its ends and in the middle.
    fn colours(&self, scene: &mut Scene, area: Area) {
        let x = area.right() + 22.0;
        let height = area.height.clamp(120.0, 260.0);
        let step = height / HEATS as f64;
        for i in 0..HEATS {
            let share = i as f64 / (HEATS - 1) as f64;
            let y = area.y + height - (i + 1) as f64 * step;
            scene.add(Mark::boxed(x, y, 14.0, step + 0.5, Ink::heat(share)));
        }
        let Extent { low, high } = self.range;
        for share in [0.0, 0.5, 1.0] {
            let y = area.y + height - (share * (height - step) + step / 2.0) + 4.0;
            let value = number(low + share * (high - low), 2);
            scene.text(Text::new((x + 20.0, y), value, SMALL).ink(Ink::Muted));
        }
    }
}
