//! A map of points.

use super::edge_charts::{self, ScatterExample};
use super::frame::{self, Entry, MARGIN, SMALL, Swatch};
use super::scale::{Extent, Scale, range};
use super::scene::{Anchor, Area, Group, Ink, Mark, Probe, Scene, Text};

/// Points of several kinds on a plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scatter {
    /// The heading.
    pub title: String,
    /// What is shown.
    pub subtitle: String,
    /// What a reader should know, below the map.
    pub note: String,
    /// What the x axis shows.
    pub x_axis: String,
    /// What the y axis shows.
    pub y_axis: String,
    /// The kinds. Beyond eight that have no order, or thirteen that have one, some share a colour.
    pub groups: Vec<ScatterGroup>,
    /// Whether the kinds have an order, like years: then their colours go from little to much.
    pub ordered: bool,
    /// Points whose charts are drawn too, each on its own scale: the first half above the map, the
    /// others below it, each from left to right. A narrow picture has some of them.
    pub examples: Vec<ScatterExample>,
}

/// The points of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScatterGroup {
    /// Its name in the legend.
    pub name: String,
    /// Its points.
    pub points: Vec<ScatterPoint>,
}

/// A point.
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterPoint {
    /// Its place along the x axis.
    pub x: f64,
    /// Its place along the y axis.
    pub y: f64,
    /// What it is, said where a reader asks.
    pub hint: String,
}

impl Scatter {
    pub(super) fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::new(width, &self.title);
        let y = frame::heading(&mut scene, &self.title, &self.subtitle);
        let y = frame::legend(&mut scene, y, self.entries()) + 4.0;
        let [above, below] = edge_charts::sides(&self.examples, width);
        let y = edge_charts::row(&mut scene, y, &above);
        let (xs, ys) = (self.range(|p| p.x), self.range(|p| p.y));
        let height = (width * 0.62).clamp(300.0, 820.0);
        let down = Scale::linear(ys, y + height, y);
        let labels = frame::labels(&down, 8, super::scale::number);
        let left = MARGIN + 18.0 + frame::gutter(&labels);
        let area = Area {
            x: left,
            y,
            width: width - MARGIN - left,
            height,
        };
        let across = Scale::linear(xs, area.x, area.right());
        self.axes(&mut scene, area, &across, (&down, &labels));
        let radius = if self.count() > 1_500 { 2.2 } else { 3.2 };
        let mut probed = Vec::new();
        // Those without a colour of their own first, so that they hide nothing.
        let all = || self.groups.iter().enumerate();
        let is_base = |i: usize| self.ink(i) == Ink::Base;
        let ordered = all().filter(|(i, _)| is_base(*i));
        for (i, group) in ordered.chain(all().filter(|(i, _)| !is_base(*i))) {
            let place = |p: &ScatterPoint| (across.at(p.x), down.at(p.y));
            let shown = || {
                group
                    .points
                    .iter()
                    .filter(|p| p.x.is_finite() && p.y.is_finite())
            };
            probed.extend(shown().map(|p| (place(p), p.hint.clone())));
            scene.add(Mark::Group(Group {
                key: key(i),
                toggles: false,
                hint: String::new(),
                marks: vec![Mark::Dots {
                    centres: shown().map(place).collect(),
                    radius,
                    fill: self.ink(i),
                    opacity: 0.78,
                }],
            }));
        }
        scene.probes.push(Probe {
            area,
            points: probed,
            along: false,
            key: None,
        });
        let both = above.iter().chain(&below);
        let numbers = both.map(|(n, e)| (*n, (across.at(e.x), down.at(e.y))));
        edge_charts::numbers(&mut scene, &numbers.collect::<Vec<_>>());
        let end = edge_charts::row(&mut scene, area.bottom() + 50.0, &below);
        frame::finish(&mut scene, end - 4.0, &self.note);
        scene
    }

    fn count(&self) -> usize {
        self.groups.iter().map(|g| g.points.len()).sum()
    }

    fn ink(&self, i: usize) -> Ink {
        if !self.ordered {
            return Ink::group(i);
        }
        let last = self.groups.len().saturating_sub(1).max(1) as f64;
        // The lowest steps fade into the page.
        Ink::heat(0.4 + 0.6 * i as f64 / last)
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |(i, group): (usize, &ScatterGroup)| Entry {
            key: key(i),
            label: group.name.clone(),
            ink: self.ink(i),
            swatch: Swatch::Dot,
        };
        self.groups.iter().enumerate().map(entry).collect()
    }

    /// The range of a coordinate of all points.
    fn range(&self, coordinate: impl Fn(&ScatterPoint) -> f64) -> Extent {
        let all = self.groups.iter().flat_map(|g| &g.points);
        let found = range(all.map(coordinate));
        found.unwrap_or(Extent::new(0.0, 1.0)).widened(0.04)
    }

    fn axes(
        &self,
        scene: &mut Scene,
        area: Area,
        across: &Scale,
        (down, labels): (&Scale, &[(f64, String)]),
    ) {
        frame::rows(scene, area, down, labels);
        let most = (area.width / 80.0) as usize;
        let ticks = frame::labels(across, most, super::scale::number);
        let lines = ticks.iter().map(|(v, _)| {
            let x = across.at(*v);
            vec![(x, area.y), (x, area.bottom())]
        });
        scene.add(Mark::Lines {
            lines: lines.collect(),
            ink: Ink::Grid,
            width: 1.0,
            dashed: false,
            opacity: 1.0,
        });
        let below: Vec<(f64, String)> = ticks.into_iter().map(|(v, l)| (across.at(v), l)).collect();
        frame::columns(scene, area, &below);
        let at = (area.x + area.width / 2.0, area.bottom() + 34.0);
        let title = Text::new(at, self.x_axis.clone(), SMALL + 1.0).ink(Ink::Muted);
        scene.text(title.anchor(Anchor::Middle));
        let at = (MARGIN + 8.0, area.y + area.height / 2.0);
        let title = Text::new(at, self.y_axis.clone(), SMALL + 1.0).ink(Ink::Muted);
        scene.text(title.anchor(Anchor::Middle).turned());
    }
}

fn key(i: usize) -> String {
    format!("group-{i}")
}
