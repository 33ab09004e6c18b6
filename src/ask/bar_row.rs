use serde::{Deserialize, Serialize};

use crate::model::{Bar, Timestamp};

/// A candle, as answers list it and as questions bring it. Prices are in the quote currency of the series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BarRow {
    /// When the bar opened.
    pub open_time: Timestamp,
    /// First traded price.
    pub open: f64,
    /// Highest traded price.
    pub high: f64,
    /// Lowest traded price.
    pub low: f64,
    /// Last traded price.
    pub close: f64,
    /// Traded amount, in the base unit of the series.
    #[serde(default)]
    pub volume: f64,
}

impl From<Bar> for BarRow {
    fn from(bar: Bar) -> Self {
        Self {
            open_time: bar.time,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume: bar.volume,
        }
    }
}

impl From<BarRow> for Bar {
    fn from(row: BarRow) -> Self {
        Self {
            time: row.open_time,
            open: row.open,
            high: row.high,
            low: row.low,
            close: row.close,
            volume: row.volume,
        }
    }
}
