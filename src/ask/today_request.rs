//! What a report of today is asked with.

use serde::{Deserialize, Serialize};

use super::rounded::figure;
use super::span::Span;
use crate::db::within;
use crate::error::{Error, Result};
use crate::model::{Horizon, Interval, Timestamp};

/// Asks for a report of the latest windows: of each series the size of its moves among earlier ones, its regime and
/// since when, what followed the most similar charts beside what follows anyway, the news of the last day, and whether
/// they disagree with the chart. Every window is scored, so the answer as of a time is the one that was to be had then.
///
/// ```
/// use rhymedb::ask::TodayRequest;
/// use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series()[..2])?;
/// let mut request = TodayRequest::default();
/// request.alarm = Some(0.99);
/// let reply = request.ask(&db.now())?;
/// for row in &reply.series {
///     println!("{} {:?} {:?}", row.name, row.size_rank, row.regime);
/// }
/// assert!(reply.series.is_sorted_by_key(|row| row.rank));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TodayRequest {
    /// Series like `BTCUSDT:1h`, symbols and markets, of which all series are meant. Default: every stored series.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<String>,
    /// Only series of these intervals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interval: Vec<Interval>,
    /// How many similar charts say what followed: 1 to 1,000. Default: 20.
    #[serde(default = "twenty")]
    pub k: usize,
    /// How far what followed reaches. Default: a day where bars are shorter than one, else five bars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Horizon>,
    /// How long before the last close news count. Default: a day.
    #[serde(default = "day")]
    pub news: Span,
    /// The rank of the size from which on a series is an alarm, above 0 and up to 1: 0.99 is a size that 99 % of
    /// earlier windows are below. Default: no alarms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<f64>,
    /// A series is stale if the newest one of its market and interval has more bars than this after its last one: 1 to
    /// 1,000. Default: 3.
    #[serde(default = "three")]
    pub stale: usize,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

const fn twenty() -> usize {
    20
}

const fn three() -> usize {
    3
}

fn day() -> Span {
    Span(std::time::Duration::from_hours(24))
}

impl Default for TodayRequest {
    fn default() -> Self {
        Self {
            series: Vec::new(),
            interval: Vec::new(),
            k: twenty(),
            horizon: None,
            news: day(),
            alarm: None,
            stale: three(),
            as_of: None,
        }
    }
}

impl TodayRequest {
    pub(super) fn check(&self) -> Result<()> {
        within("k", self.k, 1000)?;
        within("stale bars", self.stale, 1000)?;
        if let Some(horizon) = self.horizon {
            horizon.check(10_000)?;
        }
        match self.alarm {
            Some(level) if !(level > 0.0 && level <= 1.0) => Err(Error::invalid(format!(
                "expected an alarm at a rank above 0 and up to 1, like 0.99, found {level}"
            ))),
            _ => Ok(()),
        }
    }

    /// How many series chance alone puts at the level.
    pub(super) fn by_chance(&self, measured: usize) -> Option<String> {
        let level = self.alarm.unwrap_or(0.95);
        let expected = figure((1.0 - level) * measured as f64);
        (measured > 0).then(|| {
            format!(
                "of {measured} series {expected:.1} rank at {level} or above by chance alone, and one p in 20 of what followed is below 0.05; those of one market move together"
            )
        })
    }
}
