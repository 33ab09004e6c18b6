//! Rules: what an answer says to do.

use serde::{Deserialize, Serialize};

use super::trade::Side;
use super::when_risk::WhenRisk;
use crate::db::within;
use crate::error::{Error, Result};
use crate::model::Horizon;

/// A rule: which question to ask about a window, which answers mean long or short, how much, and for how long.
///
/// It is a value: in a program, in JSON, or in a file of TOML. This one asks what followed charts like this one:
///
/// ```
/// use rhymedb::decide::Rule;
/// let rule: Rule = serde_json::from_str(r#"{
///     "name": "analogs",
///     "when": {"kind": "analogs", "horizon": 24, "p_below": 0.05},
///     "hold": 24,
///     "size": {"kind": "fixed", "share": 0.5}
/// }"#)?;
/// rule.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rule {
    /// What it is called in answers.
    pub name: String,
    /// What is asked, and which answers count.
    pub when: When,
    /// Which sides it may take.
    #[serde(default)]
    pub sides: Sides,
    /// How many bars a position is held, unless the rule turns round; wanted again at the end it goes on. Without it a
    /// position is left as soon as the rule says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<u32>,
    /// Leaves a position at this loss of the price: 0.05 is 5 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<f64>,
    /// Leaves a position at this gain of the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<f64>,
    /// How much of the account a position takes.
    #[serde(default)]
    pub size: PositionSize,
}

/// Which sides a rule may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Sides {
    /// Long and short.
    #[default]
    Both,
    /// Long alone: a short signal says to hold nothing.
    Long,
    /// Short alone.
    Short,
}

/// The question of a rule, and which answers count. Bounds that are not met mean no position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum When {
    /// What followed the most similar charts, less what follows anyway: long above, short below.
    Analogs(WhenAnalogs),
    /// What the chart looks like: a pattern, a regime or another label.
    Label(WhenLabel),
    /// How near the chart is to a stored prototype: at `now` or above it is time, at `limit` or above a limit order may
    /// wait, and below nobody does anything. Only "now" is a signal.
    Prototype(WhenPrototype),
    /// How unusual the size of the chart's moves is: with the last move, or against it.
    Anomaly(WhenAnomaly),
    /// Chart and news disagree: with the news.
    Divergence(WhenDivergence),
    /// The votes of the nearest tagged windows.
    Tags(WhenTags),
    /// A monitor of risk: size, fall and distance together raise an alarm.
    Risk(WhenRisk),
}

/// What followed the most similar charts, less what follows anyway: long above, short below.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenAnalogs {
    /// How far the outcomes reach: bars, or a time like "24h".
    pub horizon: Horizon,
    /// How many charts.
    #[serde(default = "twenty")]
    pub k: usize,
    /// The space; the usual one if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The least number of outcomes.
    #[serde(default = "ten")]
    pub outcomes: usize,
    /// The least distance of their mean from the base rate's: 0.002 is 0.2 %.
    #[serde(default)]
    pub edge: f64,
    /// The least share of them that went that way.
    #[serde(default)]
    pub hit_rate: f64,
    /// The greatest p-value. 1, the default, asks for none.
    #[serde(default = "one")]
    pub p_below: f64,
}

/// What the chart looks like: a pattern, a regime or another label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenLabel {
    /// The set of labels: `patterns`, `regimes`, or another built-in one.
    pub set: String,
    /// The labels that mean long.
    #[serde(default)]
    pub long: Vec<String>,
    /// The labels that mean short.
    #[serde(default)]
    pub short: Vec<String>,
    /// The least probability of the label.
    #[serde(default)]
    pub probability: f64,
}

/// How near the chart is to a stored prototype: at `now` or above it is time, at `limit` or above a limit order may
/// wait, and below nobody does anything. Only "now" is a signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenPrototype {
    /// Its name.
    pub prototype: String,
    /// What it stands for.
    #[serde(default)]
    pub side: Side,
    /// The cosine from which on it is time.
    #[serde(default = "point_eight")]
    pub now: f64,
    /// The cosine from which on a limit order may wait.
    #[serde(default = "half")]
    pub limit: f64,
}

/// How unusual the size of the chart's moves is: with the last move, or against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenAnomaly {
    /// The greatest p-value.
    #[serde(default = "one_percent")]
    pub p_below: f64,
    /// Whether the move is expected to go on (`follow`) or to turn (`fade`).
    #[serde(default)]
    pub trade: AfterAnomaly,
}

/// Chart and news disagree: with the news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenDivergence {
    /// The greatest percentile of their likeness: 5 is the least alike twentieth.
    #[serde(default = "five")]
    pub percentile: f64,
}

/// The votes of the nearest tagged windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhenTags {
    /// The tag that means long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<String>,
    /// The tag that means short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<String>,
    /// How many windows vote.
    #[serde(default = "five_votes")]
    pub neighbours: usize,
    /// The least share of the votes.
    #[serde(default = "point_six")]
    pub share: f64,
}

/// What a rule does after an unusual move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AfterAnomaly {
    /// It goes with the move of the window's last quarter.
    #[default]
    Follow,
    /// It goes against it.
    Fade,
}

/// How much of the account a position takes: never more than `cap`, and never less than nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[non_exhaustive]
pub enum PositionSize {
    /// Always the same share.
    Fixed {
        /// The share: 1 is all of it, and more is borrowed.
        share: f64,
    },
    /// So much that the position has this volatility a year, by the bars of the window. A year has as many bars as
    /// the series had of late.
    Volatility {
        /// The volatility a year: 0.2 is 20 %.
        target: f64,
        /// The most.
        #[serde(default = "one")]
        cap: f64,
    },
    /// So much that the stop costs this share of the account. The rule needs a stop.
    Risk {
        /// The share of the account that a stop costs: 0.01 is 1 %.
        risk: f64,
        /// The most.
        #[serde(default = "one")]
        cap: f64,
    },
    /// The cosine with the prototype by the window's volatility a bar, times `scale`. The rule is about a prototype.
    Likeness {
        /// What it is multiplied by.
        scale: f64,
        /// The most.
        #[serde(default = "one")]
        cap: f64,
    },
    /// A part of what Kelly says: p - (1 - p) / b, where p is the share of analogs that went that way, drawn towards
    /// one half as much as few outcomes deserve, and b what they gained by what they lost. Below 0 is nothing. The rule
    /// is about analogs.
    Kelly {
        /// The part: half of it by default.
        #[serde(default = "half")]
        part: f64,
        /// The most.
        #[serde(default = "one")]
        cap: f64,
    },
}

impl Default for PositionSize {
    fn default() -> Self {
        Self::Fixed { share: 1.0 }
    }
}

const fn twenty() -> usize {
    20
}
const fn ten() -> usize {
    10
}
const fn five_votes() -> usize {
    5
}
const fn one() -> f64 {
    1.0
}
const fn half() -> f64 {
    0.5
}
const fn five() -> f64 {
    5.0
}
const fn point_six() -> f64 {
    0.6
}
const fn point_eight() -> f64 {
    0.8
}
const fn one_percent() -> f64 {
    0.01
}

impl Sides {
    pub(super) fn allow(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::Long => side == Side::Long,
            Self::Short => side == Side::Short,
        }
    }
}

impl Rule {
    /// A rule of this name and question, for both sides, with all of the account.
    pub fn new(name: impl Into<String>, when: When) -> Self {
        Self {
            name: name.into(),
            when,
            sides: Sides::Both,
            hold: None,
            stop: None,
            take: None,
            size: PositionSize::default(),
        }
    }

    /// Checks what a type cannot say.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a number is out of its range, or two parts of the rule do not fit.
    pub fn check(&self) -> Result<()> {
        let wrong = |what: String| Error::invalid(format!("the rule {}: {what}", self.name));
        for (name, value) in [("stop", self.stop), ("take", self.take)] {
            if value.is_some_and(|v| !(v > 0.0 && v < 10.0)) {
                return Err(wrong(format!(
                    "expected a {name} above 0, as a share of the price (0.05 is 5 %), found {}",
                    value.unwrap_or_default()
                )));
            }
        }
        if self.hold == Some(0) {
            return Err(wrong("expected to hold at least 1 bar, found 0".to_owned()));
        }
        self.when.check().map_err(wrong)?;
        self.check_size().map_err(wrong)
    }

    /// The space whose windows it is about; `None` is the usual one.
    pub(super) fn space(&self) -> Option<&str> {
        match &self.when {
            When::Analogs(asked) => asked.space.as_deref(),
            _ => None,
        }
    }

    fn check_size(&self) -> Result<(), String> {
        let (number, cap) = match self.size {
            PositionSize::Fixed { share } => (share, share),
            PositionSize::Volatility { target, cap } => (target, cap),
            PositionSize::Risk { risk, cap } => (risk, cap),
            PositionSize::Likeness { scale, cap } => (scale, cap),
            PositionSize::Kelly { part, cap } => (part, cap),
        };
        let fits = number > 0.0 && number.is_finite() && cap > 0.0 && cap <= 10.0;
        if !fits {
            return Err(format!(
                "expected a size above 0 and a cap above 0 and up to 10, found {number} and {cap}"
            ));
        }
        let needed = match (&self.size, &self.when) {
            (PositionSize::Risk { .. }, _) if self.stop.is_none() => "a stop",
            (PositionSize::Likeness { .. }, When::Prototype(_)) => return Ok(()),
            (PositionSize::Likeness { .. }, _) => "a prototype to be like",
            (PositionSize::Kelly { .. }, When::Analogs(_)) => return Ok(()),
            (PositionSize::Kelly { .. }, _) => "analogs, whose outcomes have probabilities",
            _ => return Ok(()),
        };
        Err(format!(
            "expected {needed} for a size of this kind, found none"
        ))
    }
}

impl When {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::Analogs(asked) => asked.check(),
            Self::Label(asked) => asked.check(),
            Self::Prototype(asked) => asked.check(),
            Self::Anomaly(asked) => share("a p-value", asked.p_below),
            Self::Divergence(asked) => match (0.0..=100.0).contains(&asked.percentile) {
                true => Ok(()),
                false => Err(format!(
                    "expected a percentile from 0 to 100, found {}",
                    asked.percentile
                )),
            },
            Self::Tags(asked) => asked.check(),
            Self::Risk(asked) => asked.check(),
        }
    }
}

fn share(name: &str, value: f64) -> Result<(), String> {
    match (0.0..=1.0).contains(&value) {
        true => Ok(()),
        false => Err(format!("expected {name} from 0 to 1, found {value}")),
    }
}

impl WhenAnalogs {
    fn check(&self) -> Result<(), String> {
        self.horizon.check(10_000).map_err(|e| e.to_string())?;
        within("k", self.k, 10_000).map_err(|e| e.to_string())?;
        if self.edge.is_nan() || self.edge < 0.0 {
            return Err(format!(
                "expected an edge of at least 0, found {}",
                self.edge
            ));
        }
        share("a hit rate", self.hit_rate)?;
        share("a p-value", self.p_below)
    }
}

impl WhenLabel {
    fn check(&self) -> Result<(), String> {
        if self.long.is_empty() && self.short.is_empty() {
            return Err("expected labels that mean long or short, found none".to_owned());
        }
        if let Some(both) = self.long.iter().find(|label| self.short.contains(label)) {
            return Err(format!("expected {both} to mean long or short, found both"));
        }
        share("a probability", self.probability)
    }
}

impl WhenPrototype {
    fn check(&self) -> Result<(), String> {
        share("a cosine", self.now)?;
        share("a cosine", self.limit)?;
        match self.limit <= self.now {
            true => Ok(()),
            false => Err(format!(
                "expected limit at most now, found {} and {}",
                self.limit, self.now
            )),
        }
    }
}

impl WhenTags {
    fn check(&self) -> Result<(), String> {
        if self.long == self.short {
            return Err(
                "expected two different tags, one that means long and one that means short, or one of them; found none, or one for both".to_owned(),
            );
        }
        within("neighbours", self.neighbours, 1000).map_err(|e| e.to_string())?;
        share("a share of the votes", self.share)
    }
}
