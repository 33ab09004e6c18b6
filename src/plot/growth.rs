//! How quantities grow with a size.

use super::frame::{self, MARGIN, SMALL};
use super::scale::{Extent, Scale, number, range};
use super::scene::{Anchor, Area, Group, Ink, Mark, Point, Probe, Scene, Text};
use super::text;

/// Panels side by side, each of curves over the same sizes. Equal ratios are equally long on both
/// axes, so a quantity that grows in proportion to the size is a straight line of slope 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Growth {
    /// The heading.
    pub title: String,
    /// What was measured.
    pub subtitle: String,
    /// What a reader should know, below the panels.
    pub note: String,
    /// What the sizes count: `windows`.
    pub sizes: String,
    /// The panels.
    pub panels: Vec<GrowthPanel>,
}

/// Curves on one scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrowthPanel {
    /// What is shown, and its unit: `time to build, s`.
    pub title: String,
    /// The curves. Beyond eight they share a colour.
    pub curves: Vec<GrowthCurve>,
}

/// One quantity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrowthCurve {
    /// Its name, if the panel has several.
    pub name: String,
    /// Its points, ascending in size. Those that are not above 0 are left out.
    pub points: Vec<GrowthPoint>,
}

/// A quantity at a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowthPoint {
    /// The size.
    pub size: f64,
    /// The quantity.
    pub value: f64,
}

const HEIGHT: f64 = 190.0;
const BETWEEN: f64 = 30.0;
/// The least width of a panel.
const NARROWEST: f64 = 260.0;
const LEGEND: f64 = 20.0;

impl Growth {
    pub(super) fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::new(width, &self.title);
        let mut y = frame::heading(&mut scene, &self.title, &self.subtitle);
        let room = width - 2.0 * MARGIN;
        let columns = ((room + BETWEEN) / (NARROWEST + BETWEEN)).floor();
        let columns = columns.clamp(1.0, self.panels.len().clamp(1, 3) as f64);
        let wide = (room - BETWEEN * (columns - 1.0)) / columns;
        let sizes = self.panels.iter().flat_map(GrowthPanel::shown);
        let sizes = decade(range(sizes.map(|p| p.size)));
        for row in self.panels.chunks(columns as usize) {
            let legend = row.iter().any(|p| p.curves.len() > 1);
            let top = y + 26.0 + if legend { LEGEND } else { 0.0 };
            for (i, panel) in row.iter().enumerate() {
                let place = Area {
                    x: MARGIN + i as f64 * (wide + BETWEEN),
                    y: top,
                    width: wide,
                    height: HEIGHT,
                };
                panel.draw(&mut scene, place, sizes, &self.sizes);
            }
            y = top + HEIGHT + 54.0;
        }
        frame::finish(&mut scene, y, &self.note);
        scene
    }
}

impl GrowthPanel {
    fn shown(&self) -> impl Iterator<Item = GrowthPoint> + '_ {
        self.curves.iter().flat_map(GrowthCurve::shown)
    }

    /// Draws the panel at `place`, above which are its title and its legend.
    fn draw(&self, scene: &mut Scene, place: Area, sizes: Extent, counted: &str) {
        let title = Text::new((place.x, place.y - 12.0), self.title.clone(), 13.0).bold();
        let several = self.curves.len() > 1;
        let up = if several { LEGEND } else { 0.0 };
        let mut title = title.within(place.width);
        title.at.1 -= up;
        scene.text(title);
        let values = decade(range(self.shown().map(|p| p.value)));
        let down = Scale::of_ratios(values, place.bottom(), place.y);
        let rows = labels(&down, 5);
        let left = frame::gutter(&rows);
        let area = Area {
            x: place.x + left,
            width: place.width - left,
            ..place
        };
        let across = Scale::of_ratios(sizes, area.x + 8.0, area.right() - 8.0);
        frame::rows(scene, area, &down, &rows);
        let below = labels(&across, (area.width / 60.0) as usize);
        let below: Vec<(f64, String)> = below.into_iter().map(|(v, l)| (across.at(v), l)).collect();
        frame::columns(scene, area, &below);
        let middle = (area.x + area.width / 2.0, area.bottom() + 34.0);
        let sizes = Text::new(middle, counted, SMALL).ink(Ink::Muted);
        scene.text(sizes.anchor(Anchor::Middle).within(area.width));
        let mut x = area.x;
        let mut probed = Vec::new();
        for (i, curve) in self.curves.iter().enumerate() {
            let ink = Ink::group(i);
            let at = |p: GrowthPoint| (across.at(p.size), down.at(p.value));
            let points: Vec<Point> = curve.shown().map(at).collect();
            let say = |p: GrowthPoint| {
                let (size, value) = (said(p.size), said(p.value));
                let what = format!("{size} {counted}\n{}: {value}", self.title);
                match curve.name.as_str() {
                    "" => what,
                    name => format!("{what} ({name})"),
                }
            };
            let hints = curve.shown().map(say);
            probed.extend(points.iter().copied().zip(hints));
            scene.add(Mark::Group(Group {
                key: format!("curve-{i}"),
                toggles: false,
                hint: curve.name.clone(),
                marks: vec![
                    Mark::line(points.clone(), ink, 2.0),
                    Mark::Dots {
                        centres: points,
                        radius: 3.2,
                        fill: ink,
                        opacity: 1.0,
                    },
                ],
            }));
            if several {
                x = entry(scene, (x, place.y - 16.0), area.right(), (&curve.name, ink));
            }
        }
        scene.probes.push(Probe {
            area,
            points: probed,
            along: false,
            key: None,
        });
    }
}

impl GrowthCurve {
    fn shown(&self) -> impl Iterator<Item = GrowthPoint> + '_ {
        let above = |v: f64| v > 0.0 && v.is_finite();
        let points = self.points.iter().copied();
        points.filter(move |p| above(p.size) && above(p.value))
    }
}

/// An entry of a panel's legend. Returns where the next one begins.
fn entry(scene: &mut Scene, (x, y): Point, right: f64, (name, ink): (&str, Ink)) -> f64 {
    let label = text::fit(name, right - x - 20.0, SMALL, false);
    if label.is_empty() {
        return x;
    }
    scene.add(Mark::line(
        vec![(x, y + 4.0), (x + 14.0, y + 4.0)],
        ink,
        2.5,
    ));
    let long = text::width(&label, SMALL, false);
    scene.text(Text::new((x + 18.0, y + 8.0), label, SMALL));
    x + 18.0 + long + 14.0
}

/// A range that spans a power of ten at least, so that it has ticks, and that leaves room at its ends.
fn decade(found: Option<Extent>) -> Extent {
    let Extent { low, high } = found.unwrap_or(Extent::new(1.0, 10.0));
    let more = (10.0 * low / high).max(1.5).sqrt();
    Extent::new(low / more, high * more)
}

fn labels(scale: &Scale, most: usize) -> Vec<(f64, String)> {
    let ticks = scale.ticks(most).values;
    ticks.into_iter().map(|tick| (tick, said(tick))).collect()
}

/// A number in as few signs as tell it to three digits: `0.05`, `25`, `1.5k`, `10M`.
fn said(value: f64) -> String {
    let (scaled, unit) = match value {
        v if v >= 1e9 => (v / 1e9, "G"),
        v if v >= 1e6 => (v / 1e6, "M"),
        v if v >= 1e4 => (v / 1e3, "k"),
        v => (v, ""),
    };
    let digits = (2.0 - scaled.abs().max(1e-9).log10().floor()).clamp(0.0, 10.0);
    let text = number(scaled, digits as usize);
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.05, "0.05"),
            (0.000_12, "0.00012"),
            (25.0, "25"),
            (1_000.0, "1,000"),
            (15_000.0, "15k"),
            (2_500_000.0, "2.5M"),
            (10_000_000.0, "10M"),
            (236.54, "237"),
        ] {
            assert_eq!(said(value), expected);
        }
    }

    #[test]
    fn a_range_has_ticks_however_short_it_is() {
        for found in [
            None,
            Some(Extent::new(236.5, 237.0)),
            Some(Extent::new(5.0, 5.0)),
            Some(Extent::new(0.1, 64.0)),
        ] {
            let wide = decade(found);
            let Extent { low, high } = wide;
            assert!(high / low > 9.9, "{low} {high}");
            let scale = Scale::of_ratios(wide, 0.0, 100.0);
            assert!(!scale.ticks(5).values.is_empty(), "{low} {high}");
            if let Some(found) = found {
                assert!(scale.at(found.low) > 0.0 && scale.at(found.high) < 100.0);
            }
        }
    }
}
