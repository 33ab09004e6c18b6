//! What a rule says now.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, trained};
use super::rounded::figure;
use super::window_row::WindowRow;
use crate::db::View;
use crate::decide::{Call, Reason, Rule, Side, Signal};
use crate::error::Result;
use crate::model::{Target, Timestamp};

/// Asks what a rule says of a window: see [`View::signal`].
///
/// ```
/// use rhymedb::ask::SignalRequest;
/// use rhymedb::Database;
/// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
/// # let dir = tempfile::tempdir()?;
/// let db = Database::open(dir.path().join("market.rhyme"))?;
/// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
/// let request: SignalRequest = serde_json::from_str(r#"{
///     "target": "NOVAUSDT:1h",
///     "rule": {"name": "analogs", "when": {"kind": "analogs", "horizon": 24}}
/// }"#)?;
/// let reply = request.ask(&db.now())?;
/// println!("{:?}: {:?} {}", reply.call, reply.side, reply.size);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SignalRequest {
    /// The window: the latest one of a series, or that at a time.
    pub target: Target,
    /// The rule.
    pub rule: Rule,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl SignalRequest {
    /// The request with the defaults.
    pub fn new(target: Target, rule: Rule) -> Self {
        Self {
            target,
            rule,
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`View::signal`].
    pub fn ask(&self, view: &View) -> Result<SignalReply> {
        let asked = Asked::at(view, self.as_of);
        let signal = asked.view.signal(&self.rule, &self.target)?;
        let notes = asked.notes([
            trained(
                "that the rule asks",
                signal.trained_until,
                Some(&signal.window.series),
                "",
            ),
            Some(NO_ADVICE.to_owned()),
        ])?;
        Ok(SignalReply::of(&signal, notes))
    }
}

/// What stands beside every signal.
const NO_ADVICE: &str = "a rule says what its conditions say, and nothing of whether it earns anything: `backtest` tries it on the past beside chance";

/// The reply to a [`SignalRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SignalReply {
    /// The rule's name.
    pub rule: String,
    /// The window: everything was asked as of its end.
    pub window: WindowRow,
    /// What to do.
    pub call: Call,
    /// Whether a monitor of risk raises an alarm.
    #[serde(default)]
    pub alarm: bool,
    /// Which side; none where the rule wants nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The share of the account, 0 where it wants nothing.
    pub size: f64,
    /// The conditions, and whether they were met.
    pub reasons: Vec<ReasonRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A condition of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReasonRow {
    /// Whether it was met.
    pub met: bool,
    /// What was asked for and what was found.
    pub reason: String,
}

impl SignalReply {
    pub(super) fn of(signal: &Signal, notes: Vec<String>) -> Self {
        let row = |reason: &Reason| ReasonRow {
            met: reason.met,
            reason: reason.text.clone(),
        };
        Self {
            rule: signal.rule.clone(),
            window: WindowRow::from(&signal.window),
            call: signal.call,
            alarm: signal.alarm,
            side: signal.side,
            size: figure(signal.size),
            reasons: signal.reasons.iter().map(row).collect(),
            notes,
        }
    }
}
