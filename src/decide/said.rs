//! What a question of a rule said.

use serde::{Deserialize, Serialize};

use super::size_of::Basis;
use super::trade::Side;
use crate::model::Timestamp;

/// What to do about a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Call {
    /// The signal is there.
    Now,
    /// It is near: a limit order may wait for it.
    Limit,
    /// There is none.
    Wait,
    /// A monitor of risk raises an alarm, and says to hold nothing.
    Alarm,
}

/// A condition of a rule, and whether it was met.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// What was asked for and what was found, as a sentence.
    pub text: String,
    /// Whether it was met.
    pub met: bool,
}

/// What a question said, before sides and sizes.
pub(super) struct Said {
    pub(super) side: Option<Side>,
    pub(super) call: Call,
    /// Whether a monitor of risk raises an alarm.
    pub(super) alarm: bool,
    pub(super) basis: Basis,
    pub(super) reasons: Vec<Reason>,
    pub(super) trained_until: Option<Timestamp>,
}

impl Said {
    /// What was said if all conditions are met, and else nothing.
    pub(super) fn if_met(
        side: Option<Side>,
        reasons: Vec<Reason>,
        trained_until: Option<Timestamp>,
    ) -> Self {
        let side = side.filter(|_| reasons.iter().all(|r| r.met));
        Self {
            side,
            call: if side.is_some() {
                Call::Now
            } else {
                Call::Wait
            },
            alarm: false,
            basis: Basis::default(),
            reasons,
            trained_until,
        }
    }

    /// Nothing, for this reason.
    pub(super) fn nothing(why: String, trained_until: Option<Timestamp>) -> Self {
        Self::if_met(None, vec![reason(false, why)], trained_until)
    }
}

pub(super) fn reason(met: bool, text: String) -> Reason {
    Reason { text, met }
}
