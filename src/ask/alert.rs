//! An alert as a value: a line of `rhyme watch`.

use serde::{Deserialize, Serialize};

use super::rounded::figure;
use super::signal::{ReasonRow, SignalReply};
use super::window_row::WindowRow;
use crate::decide::{Alert, AlertKind, Call, Side, Verdict};
use crate::model::Timestamp;

/// An alert: what a rule said at a close, as [`SignalReply`] has it, and why somebody is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AlertRow {
    /// The same for the same alert, and for no other: rule, series, close and number of corrections.
    pub id: String,
    /// Why there is an alert.
    pub kind: AlertKind,
    /// The close: everything was asked as of it.
    pub close: Timestamp,
    /// The series, in full.
    pub series: String,
    /// The rule's name.
    pub rule: String,
    /// What to do.
    pub call: Call,
    /// Which side; none where the rule wants nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The share of the account, 0 where it wants nothing.
    pub size: f64,
    /// The conditions, and whether they were met.
    pub reasons: Vec<ReasonRow>,
    /// The window.
    pub window: WindowRow,
    /// What the rule had said of this close, if it was corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<VerdictRow>,
}

/// What a rule had said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct VerdictRow {
    /// What to do.
    pub call: Call,
    /// Which side; none where the rule wanted nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The share of the account.
    pub size: f64,
}

impl From<&Verdict> for VerdictRow {
    fn from(verdict: &Verdict) -> Self {
        Self {
            call: verdict.call,
            side: verdict.side,
            size: figure(verdict.size),
        }
    }
}

impl From<&Alert> for AlertRow {
    fn from(alert: &Alert) -> Self {
        let said = SignalReply::of(&alert.signal, Vec::new());
        Self {
            id: alert.id.clone(),
            kind: alert.kind,
            close: alert.signal.window.end,
            series: alert.signal.window.series.to_string(),
            rule: said.rule,
            call: said.call,
            side: said.side,
            size: said.size,
            reasons: said.reasons,
            window: said.window,
            before: alert.before.as_ref().map(VerdictRow::from),
        }
    }
}
