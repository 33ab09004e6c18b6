//! What happened after moments that the asker names.

use serde::{Deserialize, Serialize};

use super::after::{HorizonReply, OutcomeRow};
use super::asked::Asked;
use super::window_row::SeriesRow;
use crate::analysis::{Benchmark, HorizonOutcomes, MomentLeftOut, MomentsAnswer};
use crate::db::{Filter, NoStart, View};
use crate::error::Result;
use crate::model::{Horizon, Interval, Target, Timestamp};

/// Asks what happened after moments of the asker's own: see [`View::outcomes_of`].
///
/// ```
/// use rhymedb::ask::OutcomesRequest;
/// let typed = r#"{"moments": ["AAPL:1d@2021-01-27T21:30"], "horizon": ["1d", "5d"]}"#;
/// let request: OutcomesRequest = serde_json::from_str(typed)?;
/// assert_eq!(request.horizon.len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OutcomesRequest {
    /// The moments, all of one interval. Each counts from the first close at or after it; a day alone is the
    /// first moment of that day.
    pub moments: Vec<Target>,
    /// How far to look. Default: 5 days.
    #[serde(default = "five_days")]
    pub horizon: Vec<Horizon>,
    /// The space whose windows the base rate is of. Default: `shape`, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Which windows of the moments' series the base rate is of.
    #[serde(default)]
    pub filter: Filter,
    /// What the outcomes are net of: a stored symbol, or `market` for the mean of all other series of the same
    /// market and interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_of: Option<Benchmark>,
    /// The seed of the base rate's sample.
    #[serde(default)]
    pub seed: u64,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

fn five_days() -> Vec<Horizon> {
    vec![Horizon::hours(5 * 24)]
}

impl OutcomesRequest {
    /// The request with the defaults.
    pub fn new(moments: Vec<Target>) -> Self {
        Self {
            moments,
            horizon: five_days(),
            space: None,
            filter: Filter::new(),
            net_of: None,
            seed: 0,
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::OutcomesOf::run`].
    pub fn ask(&self, view: &View) -> Result<OutcomesReply> {
        let asked = Asked::at(view, self.as_of);
        let moments = self.moments.iter().cloned();
        let mut question = asked.view.outcomes_of(moments, &self.horizon);
        question = question.seed(self.seed).filter(self.filter.clone());
        pass_on!(question, self, names: space);
        pass_on!(question, self, clones: net_of);
        let answer = question.run()?;
        let moments = answer.moments.iter().zip(&answer.times);
        let moments = moments.map(|(window, time)| MomentRow {
            series: (&window.series).into(),
            moment: *time,
            start: window.end,
        });
        Ok(OutcomesReply {
            space: answer.space.clone(),
            interval: answer.interval,
            net_of: answer.net_of.clone(),
            moments: moments.collect(),
            left_out: answer.left_out.iter().map(LeftOutRow::from).collect(),
            horizons: answer.horizons.iter().map(MomentHorizon::from).collect(),
            took_us: answer.took.as_micros() as u64,
            notes: asked.notes(left_out(&answer))?,
        })
    }
}

/// How many moments of a kind a note names.
const NAMED: usize = 5;

/// Which moments are not counted, and why: a note for each reason.
fn left_out(answer: &MomentsAnswer) -> impl Iterator<Item = Option<String>> {
    let asked = answer.moments.len() + answer.left_out.len();
    [NoStart::NoBars, NoStart::NotClosed, NoStart::Repeated]
        .into_iter()
        .map(move |why| {
            let left: Vec<_> = answer.left_out.iter().filter(|m| m.why == why).collect();
            let named = left.iter().take(NAMED);
            let named: Vec<String> = named.map(|m| format!("{}@{}", m.series, m.time)).collect();
            let more = match left.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!left.is_empty()).then(|| {
                format!(
                    "{} of {asked} moments left out, as {why}: {}{more}",
                    left.len(),
                    named.join(", ")
                )
            })
        })
}

/// The reply to an [`OutcomesRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OutcomesReply {
    /// The space whose windows the base rate is of.
    pub space: String,
    /// The interval of the moments' bars.
    pub interval: Interval,
    /// What the outcomes are net of, if of anything.
    pub net_of: Option<Benchmark>,
    /// The moments that are counted, in the order asked.
    pub moments: Vec<MomentRow>,
    /// The moments that are not.
    pub left_out: Vec<LeftOutRow>,
    /// What happened after them, one for each horizon.
    pub horizons: Vec<MomentHorizon>,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A moment that is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MomentRow {
    /// Its series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// When it was.
    pub moment: Timestamp,
    /// The close from which what followed is counted.
    pub start: Timestamp,
}

/// A moment that is not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LeftOutRow {
    /// Its series.
    #[serde(flatten)]
    pub series: SeriesRow,
    /// When it was.
    pub moment: Timestamp,
    /// Why it is not counted.
    pub why: String,
}

impl From<&MomentLeftOut> for LeftOutRow {
    fn from(left: &MomentLeftOut) -> Self {
        Self {
            series: (&left.series).into(),
            moment: left.time,
            why: left.why.to_string(),
        }
    }
}

/// What happened within one horizon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MomentHorizon {
    /// In summary.
    #[serde(flatten)]
    pub summary: HorizonReply,
    /// After each moment that is counted.
    pub moments: Vec<OutcomeRow>,
}

impl From<&HorizonOutcomes> for MomentHorizon {
    fn from(outcomes: &HorizonOutcomes) -> Self {
        let rows = outcomes.hits.iter();
        Self {
            summary: outcomes.into(),
            moments: rows.map(|o| OutcomeRow::of(outcomes.horizon, o)).collect(),
        }
    }
}
