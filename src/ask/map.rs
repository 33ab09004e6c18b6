//! Where windows lie beside one another.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, undated};
use super::rounded::figure;
use super::window_row::{MoveRow, WindowRow};
use crate::analysis::{MapAnswer, MapPoint};
use crate::db::{Filter, View};
use crate::error::Result;
use crate::model::Timestamp;

/// Asks for the windows of a space on a plane: see [`View::map`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MapRequest {
    /// The space. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Which windows are on the map.
    #[serde(default)]
    pub filter: Filter,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The least number of windows on the map, if there are so many. Default: 2,000.
    #[serde(default = "two_thousand")]
    pub sample: usize,
    /// The seed of the sample.
    #[serde(default)]
    pub seed: u64,
}

const fn two_thousand() -> usize {
    2000
}

impl Default for MapRequest {
    fn default() -> Self {
        Self {
            space: None,
            filter: Filter::new(),
            as_of: None,
            sample: two_thousand(),
            seed: 0,
        }
    }
}

impl MapRequest {
    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Map::run`].
    pub fn ask(&self, view: &View) -> Result<MapReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(MapReply, MapAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut map = asked.view.map().sample(self.sample).seed(self.seed);
        map = map.filter(self.filter.clone());
        pass_on!(map, self, names: space);
        let answer = map.run()?;
        let points = answer.points.iter();
        let points = points.map(|point| PointRow::of(&asked.view, point));
        let reply = MapReply {
            space: answer.space.clone(),
            as_of: asked.view.as_of(),
            windows: answer.windows,
            explained: answer.explained.map(figure),
            points: points.collect::<Result<_>>()?,
            took_us: answer.took.as_micros() as u64,
            notes: asked.notes([undated(&self.filter, &asked.view)?])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`MapRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MapReply {
    /// The space.
    pub space: String,
    /// As of when.
    pub as_of: Option<Timestamp>,
    /// Windows that passed the filter.
    pub windows: u64,
    /// The shares of the variance that x and y show.
    pub explained: [f64; 2],
    /// The windows.
    pub points: Vec<PointRow>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A window on a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PointRow {
    /// Along the first principal component.
    pub x: f64,
    /// Along the second.
    pub y: f64,
    /// The window.
    #[serde(flatten)]
    pub window: WindowRow,
    /// How far it moved.
    #[serde(flatten)]
    pub moved: MoveRow,
}

impl PointRow {
    fn of(view: &View, point: &MapPoint) -> Result<Self> {
        Ok(Self {
            x: figure(point.x),
            y: figure(point.y),
            window: (&point.window).into(),
            moved: MoveRow::of(view, &point.window)?,
        })
    }
}
