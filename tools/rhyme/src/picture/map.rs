//! A map of a space.

use std::collections::BTreeMap;

use clap::ValueEnum;
use rhymedb::plot::{Scatter, ScatterExample, ScatterGroup, ScatterPoint};
use rhymedb::query::{MapAnswer, MapPoint};
use rhymedb::{View, Window};

use super::after::chart;
use super::names::{as_of, name, when};
use crate::failure::Outcome;
use crate::text::grouped;

/// What windows are coloured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MapColour {
    /// The market
    Market,
    /// The symbol
    Symbol,
    /// The year in which the window closed
    Year,
}

/// The most groups of their own: as many colours as can be told apart.
const MOST_GROUPS: usize = 8;

impl MapColour {
    fn of(self, window: &Window) -> String {
        match self {
            Self::Market => window.series.market.clone(),
            Self::Symbol => window.series.symbol.clone(),
            Self::Year => window.end.to_string().chars().take(4).collect(),
        }
    }
}

/// The directions in which examples are looked for, in degrees: above the map from left to right, then
/// below it.
const DIRECTIONS: [f64; 8] = [157.5, 112.5, 67.5, 22.5, 202.5, 247.5, 292.5, 337.5];

/// In each direction the point that lies furthest out.
fn edges(points: &[MapPoint]) -> Vec<&MapPoint> {
    let far = |of: fn(&MapPoint) -> f64| points.iter().map(|p| of(p).abs()).fold(1e-9, f64::max);
    let (wide, tall) = (far(|p| p.x), far(|p| p.y));
    let furthest = |degrees: f64| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let out = |p: &MapPoint| p.x / wide * cos + p.y / tall * sin;
        points.iter().max_by(|a, b| out(a).total_cmp(&out(b)))
    };
    let mut found: Vec<&MapPoint> = Vec::new();
    for point in DIRECTIONS.into_iter().filter_map(furthest) {
        if !found.contains(&point) {
            found.push(point);
        }
    }
    found
}

fn examples(view: &View, points: &[MapPoint]) -> Outcome<Vec<ScatterExample>> {
    let example = |point: &MapPoint| {
        Ok(ScatterExample {
            x: point.x,
            y: point.y,
            chart: chart(view, &point.window, when(point.window.end), 0)?,
        })
    };
    edges(points).into_iter().map(example).collect()
}

pub(crate) fn map(view: &View, colour: MapColour, answer: &MapAnswer) -> Outcome<Scatter> {
    let mut groups: BTreeMap<String, Vec<ScatterPoint>> = BTreeMap::new();
    for point in &answer.points {
        let window = &point.window;
        let hint = format!(
            "{} · {}\n{}",
            name(&window.series),
            window.series.market,
            when(window.end)
        );
        let (x, y) = (point.x, point.y);
        let of = groups.entry(colour.of(window)).or_default();
        of.push(ScatterPoint { x, y, hint });
    }
    let ordered = colour == MapColour::Year;
    let mut groups: Vec<ScatterGroup> = groups
        .into_iter()
        .map(|(name, points)| ScatterGroup { name, points })
        .collect();
    if !ordered && groups.len() > MOST_GROUPS {
        groups.sort_by_key(|g| std::cmp::Reverse(g.points.len()));
        let others = groups.split_off(MOST_GROUPS);
        let name = format!("{} others", others.len());
        let points = others.into_iter().flat_map(|g| g.points).collect();
        groups.push(ScatterGroup { name, points });
    }
    let share = |i: usize| 100.0 * answer.explained.get(i).copied().unwrap_or_default();
    Ok(Scatter {
        title: format!("A map of the space {}", answer.space),
        subtitle: format!(
            "{} of {} windows{}",
            grouped(answer.points.len() as u64),
            grouped(answer.windows),
            as_of(view)
        ),
        note: "Each dot is a window, placed along the two principal components of its vector. What is far apart here is far apart in the space; what is near may not be near. The small charts are windows at the edges, each on a scale of its own; percent: their moves."
            .to_owned(),
        x_axis: format!("first component, {:.0} % of the variance", share(0)),
        y_axis: format!("second component, {:.0} % of the variance", share(1)),
        groups,
        ordered,
        examples: examples(view, &answer.points)?,
    })
}
