//! Windows as rows of an answer have them.

use serde::{Deserialize, Serialize};

use super::rounded;
use crate::db::View;
use crate::error::Result;
use crate::model::{Interval, SeriesKey, Timestamp, Window};

/// A window, by its series and its times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct WindowRow {
    /// The market, like `crypto`.
    pub market: String,
    /// The venue, like `binance`.
    pub venue: String,
    /// The symbol, like `BTCUSDT`.
    pub symbol: String,
    /// The length of a bar.
    pub interval: Interval,
    /// When the first bar opened.
    pub start: Timestamp,
    /// When the last bar closed.
    pub end: Timestamp,
}

impl From<&Window> for WindowRow {
    fn from(window: &Window) -> Self {
        let series = &window.series;
        Self {
            market: series.market.clone(),
            venue: series.venue.clone(),
            symbol: series.symbol.clone(),
            interval: series.interval,
            start: window.start,
            end: window.end,
        }
    }
}

impl From<&WindowRow> for Window {
    fn from(row: &WindowRow) -> Self {
        Self {
            series: SeriesKey {
                market: row.market.clone(),
                venue: row.venue.clone(),
                symbol: row.symbol.clone(),
                interval: row.interval,
            },
            start: row.start,
            end: row.end,
        }
    }
}

/// A series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SeriesRow {
    /// The market, like `crypto`.
    pub market: String,
    /// The venue, like `binance`.
    pub venue: String,
    /// The symbol, like `BTCUSDT`.
    pub symbol: String,
    /// The length of a bar.
    pub interval: Interval,
}

impl From<&SeriesKey> for SeriesRow {
    fn from(key: &SeriesKey) -> Self {
        Self {
            market: key.market.clone(),
            venue: key.venue.clone(),
            symbol: key.symbol.clone(),
            interval: key.interval,
        }
    }
}

/// A window and how far it moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MovedWindow {
    /// The window.
    #[serde(flatten)]
    pub window: WindowRow,
    /// How far it moved.
    #[serde(flatten)]
    pub moved: MoveRow,
}

impl MovedWindow {
    pub(super) fn of(view: &View, window: &Window) -> Result<Self> {
        Ok(Self {
            window: window.into(),
            moved: MoveRow::of(view, window)?,
        })
    }

    pub(super) fn of_some(view: &View, window: Option<&Window>) -> Result<Option<Self>> {
        window.map(|window| Self::of(view, window)).transpose()
    }
}

/// How far a window moved, from the open of its first bar to the close of its last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MoveRow {
    /// In percent; nothing where no bars are stored.
    pub move_percent: Option<f64>,
    /// In standard deviations of the series in the year before; nothing where there is too little of it.
    pub move_sd: Option<f64>,
}

impl MoveRow {
    pub(super) fn of(view: &View, window: &Window) -> Result<Self> {
        let change = view.change(window)?;
        let size = view.size(window)?;
        Ok(Self {
            move_percent: change.map(|change| rounded::to(4, 100.0 * change)),
            move_sd: size.map(|size| rounded::to(4, size.window)),
        })
    }
}
