//! What a picture is made of before it is written in a format: marks with coordinates in pixels of a
//! page, y downwards, painted with inks that each theme gives a colour.

use super::text;

/// What a mark is painted with: its role, not its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ink {
    /// The page.
    Page,
    /// Behind what came after a window.
    Later,
    Text,
    /// Text of less weight.
    Muted,
    Grid,
    Axis,
    Rise,
    Fall,
    /// A rise or a fall of less weight.
    SlowRise,
    SlowFall,
    /// Neither, and quiet or not.
    Calm,
    Wild,
    /// What was found.
    Found,
    /// What it is compared with.
    Base,
    /// What is to be noticed.
    Flag,
    /// One of [`GROUPS`] kinds that have no order.
    Group(u8),
    /// One of [`HEATS`] steps from little to much.
    Heat(u8),
    /// Text on such a step.
    OnHeat(u8),
}

pub(super) const GROUPS: usize = 8;
pub(super) const HEATS: usize = 21;

impl Ink {
    /// The ink of the `i`-th kind; kinds beyond the last share the ink of what is compared with.
    pub(super) fn group(i: usize) -> Self {
        match u8::try_from(i) {
            Ok(n) if i < GROUPS => Self::Group(n),
            _ => Self::Base,
        }
    }

    /// The ink of a share from 0 to 1.
    pub(super) fn heat(share: f64) -> Self {
        Self::Heat(step(share))
    }

    /// The ink of text on it.
    pub(super) fn on_heat(share: f64) -> Self {
        Self::OnHeat(step(share))
    }
}

fn step(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * (HEATS - 1) as f64).round() as u8
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text; y is its baseline.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) at: (f64, f64),
    pub(super) text: String,
    pub(super) size: f64,
    pub(super) ink: Ink,
    pub(super) anchor: Anchor,
    pub(super) bold: bool,
    /// Runs upwards.
    pub(super) turned: bool,
}

impl Text {
    /// Plain text that begins at a point.
    pub(super) fn new(at: (f64, f64), text: impl Into<String>, size: f64) -> Self {
        Self {
            at,
            text: text.into(),
            size,
            ink: Ink::Text,
            anchor: Anchor::Start,
            bold: false,
            turned: false,
        }
    }

    pub(super) fn ink(mut self, ink: Ink) -> Self {
        self.ink = ink;
        self
    }

    pub(super) fn anchor(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }

    pub(super) fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    pub(super) fn turned(mut self) -> Self {
        self.turned = true;
        self
    }

    /// Cut so that it is no longer than `width`.
    pub(super) fn within(mut self, width: f64) -> Self {
        self.text = text::fit(&self.text, width, self.size, self.bold);
        self
    }
}

pub(super) type Point = (f64, f64);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mark {
    /// Boxes of x, y, width and height.
    Boxes {
        boxes: Vec<[f64; 4]>,
        fill: Ink,
        opacity: f64,
    },
    /// Lines through points, each on its own.
    Lines {
        lines: Vec<Vec<Point>>,
        ink: Ink,
        width: f64,
        dashed: bool,
        opacity: f64,
    },
    /// The inside of a polygon.
    Area {
        points: Vec<Point>,
        fill: Ink,
        opacity: f64,
    },
    Dots {
        centres: Vec<Point>,
        radius: f64,
        fill: Ink,
        opacity: f64,
    },
    Text(Text),
    Group(Group),
}

impl Mark {
    pub(super) fn line(points: Vec<Point>, ink: Ink, width: f64) -> Self {
        Self::Lines {
            lines: vec![points],
            ink,
            width,
            dashed: false,
            opacity: 1.0,
        }
    }

    pub(super) fn dashed(points: Vec<Point>, ink: Ink, width: f64) -> Self {
        Self::Lines {
            lines: vec![points],
            ink,
            width,
            dashed: true,
            opacity: 1.0,
        }
    }

    pub(super) fn area(points: Vec<Point>, fill: Ink, opacity: f64) -> Self {
        Self::Area {
            points,
            fill,
            opacity,
        }
    }

    pub(super) fn boxed(x: f64, y: f64, width: f64, height: f64, fill: Ink) -> Self {
        Self::Boxes {
            boxes: vec![[x, y, width, height]],
            fill,
            opacity: 1.0,
        }
    }
}

/// Marks that belong together. In HTML all groups of one key light up together, and one that toggles
/// shows and hides the others of its key.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub(super) key: String,
    pub(super) toggles: bool,
    /// Said of the group where a viewer asks; may be empty.
    pub(super) hint: String,
    pub(super) marks: Vec<Mark>,
}

/// What HTML says where the pointer is: the label of the nearest point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Probe {
    /// Where the pointer has to be.
    pub(super) area: Area,
    /// Each point and its label; lines are set apart by `\n`.
    pub(super) points: Vec<(Point, String)>,
    /// Whether the nearest point is the one at the nearest x, or the one at the least distance.
    pub(super) along: bool,
    /// The groups that light up with it.
    pub(super) key: Option<String>,
}

/// A rectangle of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

/// A picture: its marks in the order in which they are painted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) marks: Vec<Mark>,
    pub(super) probes: Vec<Probe>,
}

impl Scene {
    pub(super) fn new(width: f64, title: &str) -> Self {
        Self {
            width,
            height: 0.0,
            title: title.to_owned(),
            marks: Vec::new(),
            probes: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    pub(super) fn text(&mut self, text: Text) {
        self.marks.push(Mark::Text(text));
    }
}

/// Walks over all marks, those in groups too.
pub(super) fn each<'m>(marks: &'m [Mark], look: &mut impl FnMut(&'m Mark)) {
    for mark in marks {
        look(mark);
        if let Mark::Group(group) = mark {
            each(&group.marks, look);
        }
    }
}
