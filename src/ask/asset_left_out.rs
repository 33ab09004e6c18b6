//! Assets that were not compared, as rows of an answer.

use serde::{Deserialize, Serialize};

use super::window_row::SeriesRow;
use crate::analysis::AssetLeftOut;

/// An asset that passes the filter and was not compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AssetLeftOutRow {
    /// Its series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// Why it was not.
    pub why: String,
}

impl From<&AssetLeftOut> for AssetLeftOutRow {
    fn from(left: &AssetLeftOut) -> Self {
        Self {
            series: (&left.series).into(),
            why: left.why.to_string(),
        }
    }
}
