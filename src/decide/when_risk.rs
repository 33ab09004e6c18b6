//! The question of a monitor of risk.

use serde::{Deserialize, Serialize};

use crate::model::Horizon;

/// A monitor of risk: it raises an alarm when at least `needed` of the thresholds that are given are met. By itself it
/// takes no position; it is judged by the size of the moves after its alarms and not by what it earns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenRisk {
    /// The least rank of the size of the window's moves among earlier ones: 0.99 is larger than 99 % of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<f64>,
    /// The least fall of the close below the highest high of the year before it: 0.2 is 20 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fall: Option<f64>,
    /// The least rank of the distance of the window to the nearest earlier ones: 0.95 is farther than 95 % of them were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// How many of those have to be met. Default: all that are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<usize>,
    /// What it does at an alarm. Default: it tells.
    #[serde(default)]
    pub side: AtAlarm,
    /// How far the moves reach by which a replay judges the alarms: bars, or a time. Default: 24 bars.
    #[serde(default = "twenty_four")]
    pub horizon: Horizon,
}

/// What a monitor of risk does at an alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AtAlarm {
    /// It tells, and never takes a position.
    #[default]
    Flat,
    /// It is long as long as there is no alarm, and leaves at one.
    Leave,
    /// It is short while there is an alarm: a hedge.
    Short,
    /// It is long while there is an alarm.
    Long,
}

const fn twenty_four() -> Horizon {
    Horizon::bars(24)
}

impl WhenRisk {
    /// How many thresholds are given.
    pub(super) fn given(&self) -> usize {
        let given = [self.size, self.fall, self.distance];
        given.iter().flatten().count()
    }

    /// How many have to be met.
    pub(super) fn needed(&self) -> usize {
        self.needed.unwrap_or_else(|| self.given())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let given = self.given();
        if given == 0 {
            return Err(
                "expected a threshold, like size = 0.99, fall = 0.2 or distance = 0.95, found none"
                    .to_owned(),
            );
        }
        for (name, value) in [
            ("size", self.size),
            ("fall", self.fall),
            ("distance", self.distance),
        ] {
            if let Some(value) = value
                && !(value > 0.0 && value <= 1.0)
            {
                return Err(format!(
                    "expected a {name} above 0 and up to 1, found {value}"
                ));
            }
        }
        let needed = self.needed();
        if needed == 0 || needed > given {
            return Err(format!(
                "expected that 1 to {given} of the {given} thresholds are needed, found {needed}"
            ));
        }
        self.horizon.check(10_000).map_err(|e| e.to_string())
    }
}
