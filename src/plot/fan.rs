//! What followed some moments, bar by bar, beside what follows at any time.

use super::frame::{self, Entry, MARGIN, SMALL, Swatch};
use super::scale::{Extent, Scale, number, percent, range};
use super::scene::{Anchor, Area, Group, Ink, Mark, Point, Probe, Scene, Text};
use super::text;

/// Changes after moments that were found, as a fan of quantiles with the single paths, over the
/// quantiles of the base rate. Changes are simple returns: 0.01 is 1 %.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fan {
    /// The heading.
    pub title: String,
    /// What was asked and as of when.
    pub subtitle: String,
    /// What a reader should know, below the fan.
    pub note: String,
    /// What a step is, for the axis: `bars of 1h after the window`.
    pub steps: String,
    /// What the moments are called in the legend: `the hits`.
    pub found_name: String,
    /// What they are compared with: `all windows`.
    pub base_name: String,
    /// The single paths.
    pub paths: Vec<FanPath>,
    /// Quantiles of the moments, ascending in bars.
    pub found: Vec<FanStep>,
    /// Quantiles of the base rate, ascending in bars.
    pub base: Vec<FanStep>,
}

/// What followed one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct FanPath {
    /// Its name.
    pub name: String,
    /// The change after one bar, after two, ...
    pub changes: Vec<f64>,
}

/// The distribution of changes after a number of bars.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FanStep {
    /// Bars after the moment.
    pub bars: u32,
    /// The changes below which lie 5, 25, 50, 75 and 95 % of all.
    pub quantiles: [f64; 5],
}

const NAMES: [&str; 5] = ["5 %", "25 %", "median", "75 %", "95 %"];

impl Fan {
    pub(super) fn scene(&self, width: f64) -> Scene {
        let mut scene = Scene::new(width, &self.title);
        let y = frame::heading(&mut scene, &self.title, &self.subtitle);
        let height = if width < 700.0 { 300.0 } else { 420.0 };
        let y = self.draw(&mut scene, y, height);
        frame::finish(&mut scene, y, &self.note);
        scene
    }

    /// Draws legend and fan. Returns where the rest begins.
    pub(super) fn draw(&self, scene: &mut Scene, y: f64, height: f64) -> f64 {
        let y = frame::legend(scene, y, self.entries());
        let (top, bottom) = (y, y + height);
        let scale = Scale::linear(self.range(), bottom, top);
        let labels = frame::labels(&scale, 7, |v, d| percent(v, d.saturating_sub(2)));
        let x = MARGIN + frame::gutter(&labels);
        let names = NAMES.iter().map(|n| text::width(n, SMALL, false));
        let area = Area {
            x,
            y: top,
            width: scene.width - MARGIN - x - names.fold(0.0, f64::max) - 8.0,
            height,
        };
        frame::rows(scene, area, &scale, &labels);
        let last = f64::from(self.last().max(1));
        let across = Scale::linear(Extent::new(0.0, last), area.x, area.right());
        let zero = vec![(area.x, scale.at(0.0)), (area.right(), scale.at(0.0))];
        scene.add(Mark::line(zero, Ink::Axis, 1.0));
        self.quantiles(scene, &across, &scale);
        self.paths(scene, &across, &scale);
        self.names(scene, area, &scale);
        let ticks: Vec<(f64, String)> = across
            .ticks((area.width / 60.0) as usize)
            .values
            .into_iter()
            .filter(|t| t.fract() == 0.0)
            .map(|t| (across.at(t), number(t, 0)))
            .collect();
        frame::columns(scene, area, &ticks);
        let middle = (area.x + area.width / 2.0, bottom + 34.0);
        let title = Text::new(middle, self.steps.clone(), 12.0).ink(Ink::Muted);
        scene.text(title.anchor(Anchor::Middle));
        scene.probes.push(self.probe(area, &across, &scale));
        bottom + 44.0
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |key: &str, label: String, ink, swatch| Entry {
            key: key.to_owned(),
            label,
            ink,
            swatch,
        };
        let mut entries = Vec::new();
        if !self.found.is_empty() {
            let label = format!("{}: 5 to 95 %, 25 to 75 %, median", self.found_name);
            entries.push(entry("found", label, Ink::Found, Swatch::Box));
        }
        if !self.base.is_empty() {
            let label = format!("{}: the same quantiles", self.base_name);
            entries.push(entry("base", label, Ink::Base, Swatch::Dashes));
        }
        if !self.paths.is_empty() {
            let label = format!("{} paths", self.paths.len());
            entries.push(entry("paths", label, Ink::Found, Swatch::Line));
        }
        entries
    }

    fn last(&self) -> u32 {
        let steps = self.found.iter().chain(&self.base).map(|s| s.bars);
        let paths = self.paths.iter();
        let paths = paths.map(|p| u32::try_from(p.changes.len()).unwrap_or(u32::MAX));
        steps.chain(paths).max().unwrap_or(0)
    }

    /// All quantiles and paths; but where a path leaves the others far behind, without the outermost
    /// hundredth of the paths at each end, so that it does not flatten them.
    fn range(&self) -> Extent {
        let quantiles = self.found.iter().chain(&self.base);
        let mut ends: Vec<f64> = self.paths.iter().flat_map(|p| p.changes.clone()).collect();
        ends.retain(|v| v.is_finite());
        ends.sort_by(f64::total_cmp);
        let cut = ends.len() / 100;
        let kept = ends
            .iter()
            .skip(cut)
            .take(ends.len().saturating_sub(2 * cut));
        let values = quantiles.flat_map(|s| s.quantiles).chain([0.0]);
        let without = range(values.chain(kept.copied())).unwrap_or_default();
        let outermost = [ends.first(), ends.last()].into_iter().flatten().copied();
        let whole = range(outermost.chain([without.low, without.high])).unwrap_or(without);
        let far = whole.length() > 1.5 * without.length();
        let whole = if far { without } else { whole };
        if whole.high > whole.low {
            whole.widened(0.05)
        } else {
            Extent::new(-0.01, 0.01)
        }
    }

    fn quantiles(&self, scene: &mut Scene, across: &Scale, scale: &Scale) {
        let curve = |steps: &[FanStep], i: usize| -> Vec<Point> {
            let at = |s: &FanStep| {
                let value = s.quantiles.get(i).copied().unwrap_or_default();
                (across.at(f64::from(s.bars)), scale.at(value))
            };
            let start = (across.at(0.0), scale.at(0.0));
            std::iter::once(start).chain(steps.iter().map(at)).collect()
        };
        let group = |key: &str, marks: Vec<Mark>| {
            Mark::Group(Group {
                key: key.to_owned(),
                toggles: false,
                hint: String::new(),
                marks,
            })
        };
        if !self.found.is_empty() {
            let between = |a: usize, b: usize, opacity: f64| {
                let mut points = curve(&self.found, a);
                points.extend(curve(&self.found, b).into_iter().rev());
                Mark::area(points, Ink::Found, opacity)
            };
            let median = Mark::line(curve(&self.found, 2), Ink::Found, 2.5);
            let marks = vec![between(0, 4, 0.16), between(1, 3, 0.26), median];
            scene.add(group("found", marks));
        }
        if !self.base.is_empty() {
            let line = |i: usize| {
                let width = if i == 2 { 2.0 } else { 1.2 };
                Mark::dashed(curve(&self.base, i), Ink::Base, width)
            };
            scene.add(group("base", (0..5).map(line).collect()));
        }
    }

    fn paths(&self, scene: &mut Scene, across: &Scale, scale: &Scale) {
        let opacity = if self.paths.len() > 12 { 0.35 } else { 0.55 };
        // A path that leaves the frame goes along its edge.
        let Extent { low, high } = self.range();
        let mut groups = Vec::new();
        for (i, path) in self.paths.iter().enumerate() {
            let at = |(n, v): (usize, &f64)| {
                let inside = v.clamp(low, high);
                (across.at((n + 1) as f64), scale.at(inside))
            };
            let start = (across.at(0.0), scale.at(0.0));
            let points = path.changes.iter().enumerate().map(at);
            let end = path.changes.last().map(|c| percent(*c, 1));
            groups.push(Mark::Group(Group {
                key: format!("hit-{}", i + 1),
                toggles: false,
                hint: format!("{}\n{}", path.name, end.unwrap_or_default()),
                marks: vec![Mark::Lines {
                    lines: vec![std::iter::once(start).chain(points).collect()],
                    ink: Ink::Found,
                    width: 1.1,
                    dashed: false,
                    opacity,
                }],
            }));
        }
        if !groups.is_empty() {
            scene.add(Mark::Group(Group {
                key: "paths".to_owned(),
                toggles: false,
                hint: String::new(),
                marks: groups,
            }));
        }
    }

    /// What the curves are, at their right ends.
    fn names(&self, scene: &mut Scene, area: Area, scale: &Scale) {
        let Some(end) = self.found.last().or(self.base.last()) else {
            return;
        };
        let ink = if self.found.is_empty() {
            Ink::Base
        } else {
            Ink::Found
        };
        let mut above = f64::INFINITY;
        for (name, value) in NAMES.iter().zip(end.quantiles) {
            let y = (scale.at(value) + 4.0).min(above - 12.0);
            above = y;
            scene.text(Text::new((area.right() + 6.0, y), *name, SMALL).ink(ink));
        }
    }

    fn probe(&self, area: Area, across: &Scale, scale: &Scale) -> Probe {
        let line = |name: &str, step: Option<&FanStep>| {
            step.map_or(String::new(), |s| {
                let [q05, q25, q50, q75, q95] = s.quantiles.map(|q| percent(q, 1));
                format!("\n{name}: median {q50}\n  half of all {q25} to {q75}\n  nine in ten {q05} to {q95}")
            })
        };
        let at = |steps: &[FanStep], bars: u32| steps.iter().find(|s| s.bars == bars).copied();
        let mut bars: Vec<u32> = self
            .found
            .iter()
            .chain(&self.base)
            .map(|s| s.bars)
            .collect();
        bars.sort_unstable();
        bars.dedup();
        let point = |&n: &u32| {
            let (found, base) = (at(&self.found, n), at(&self.base, n));
            let middle = found.or(base).map_or(0.0, |s| scale.at(s.quantiles[2]));
            let label = format!(
                "after {} bars{}{}",
                number(f64::from(n), 0),
                line(&self.found_name, found.as_ref()),
                line(&self.base_name, base.as_ref())
            );
            ((across.at(f64::from(n)), middle), label)
        };
        Probe {
            area,
            points: bars.iter().map(point).collect(),
            along: true,
            key: None,
        }
    }
}
