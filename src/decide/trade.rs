//! What a trade is made of: its side, its costs, and why it ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// What trading costs.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Costs {
    /// The share of what is traded that is paid, at entry and again at exit: 0.001 is ten basis points.
    pub fee: f64,
    /// By what share a price is worse than the one that is stored.
    pub slippage: f64,
}

impl Costs {
    /// A fee and a slippage, each a share of what is traded.
    pub fn new(fee: f64, slippage: f64) -> Self {
        Self { fee, slippage }
    }
}

/// Which way a position gains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// From rising prices.
    #[default]
    Long,
    /// From falling prices.
    Short,
}

impl Side {
    /// 1 or -1.
    pub(super) fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Long => "long",
            Self::Short => "short",
        })
    }
}

/// Why a position was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ExitReason {
    /// The time to hold it was over.
    Horizon,
    /// The rule wanted nothing, or the other side.
    Rule,
    /// The price reached the stop.
    Stop,
    /// The price reached the target.
    Target,
    /// The bars end: the period was over, or the series was. It is valued at the last close.
    End,
    /// Nothing of the account was left.
    Ruin,
}

/// A position from entry to exit.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Trade {
    /// Which way it was to gain.
    pub side: Side,
    /// The share of the account that was put in.
    pub size: f64,
    /// When the bar opened at whose open it was entered.
    pub entered: Timestamp,
    /// The price paid, slippage included.
    pub entry: f64,
    /// When the bar opened in which it was left.
    pub exited: Timestamp,
    /// The price got, slippage included.
    pub exit: f64,
    /// How many bars it was held, the first and the last counted.
    pub bars: usize,
    /// What it added to the account, as a share of the account at entry, costs included.
    pub result: f64,
    /// Why it was left.
    pub why: ExitReason,
}

impl ExitReason {
    /// Whether the position was held in the bar in which it was left, not only up to its open.
    pub(super) fn within_bar(self) -> bool {
        !matches!(self, Self::Horizon | Self::Rule)
    }
}
