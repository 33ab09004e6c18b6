//! A map of a space.

use std::collections::BTreeMap;

use clap::ValueEnum;
use rhymedb::plot::{Scatter, ScatterGroup, ScatterPoint};
use rhymedb::{MapAnswer, View, Window};

use super::names::{as_of, name, when};
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

pub(crate) fn map(view: &View, colour: MapColour, answer: &MapAnswer) -> Scatter {
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
    Scatter {
        title: format!("A map of the space {}", answer.space),
        subtitle: format!(
            "{} of {} windows{}",
            grouped(answer.points.len() as u64),
            grouped(answer.windows),
            as_of(view)
        ),
        note: "Each dot is a window, placed along the two principal components of its vector. What is far apart here is far apart in the space; what is near may not be near."
            .to_owned(),
        x_axis: format!("first component, {:.0} % of the variance", share(0)),
        y_axis: format!("second component, {:.0} % of the variance", share(1)),
        groups,
        ordered,
    }
}
