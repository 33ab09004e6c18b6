//! From answers to decisions: rules over answers, what they say now, and what they would have done.
//!
//! ```text
//! Rule ──> signal     one question as of a close: long, short or nothing, how much, and why
//!            ├─> watch     a signal at every new close, and what is worth an alert
//!            └─> replay    a signal at every close, filled at the next open
//!                  ├─ account       orders, costs, stops
//!                  ├─ performance   figures
//!                  ├─ holes         bars that are missing, and an early end
//!                  ├─ alarms        of a monitor of risk: how large the moves after them were
//!                  ├─ chance, deflated   what luck would have shown
//!                  └─ audit         the same signals from a database that ends there
//! View::portfolio ──> portfolio_replay   weights as of every so many closes, filled at the next open
//!                  ├─ holdings      an account of many assets
//!                  └─ sharpe_error  how far a Sharpe ratio may be off, and the difference of two
//! ```

mod account;
mod alarms;
mod audit;
mod chance;
mod conditions;
mod deflated;
mod holdings;
mod holes;
mod performance;
mod portfolio_replay;
mod replay;
mod risk;
mod rule;
mod said;
mod sharpe_error;
mod signal;
mod size_of;
mod trade;
mod watch;
mod when_risk;

pub use alarms::{Alarms, MovesAfter};
pub use audit::{Audit, AuditDifference};
pub use chance::{ByChance, ChancePoint};
pub use deflated::DeflatedSharpe;
pub use holes::HoledTrades;
pub use performance::{Performance, TradeSummary};
pub use portfolio_replay::{PortfolioPerformance, PortfolioReplay, PortfolioReplayAnswer};
pub use replay::{AskedCloses, EquityPoint, Replay, ReplayAnswer, ReplaySignal};
pub use rule::{
    AfterAnomaly, PositionSize, Rule, Sides, When, WhenAnalogs, WhenAnomaly, WhenDivergence,
    WhenLabel, WhenPrototype, WhenTags,
};
pub use said::{Call, Reason};
pub use sharpe_error::SharpeEstimate;
pub use signal::Signal;
pub use trade::{Costs, ExitReason, Side, Trade};
pub use watch::{Alert, AlertKind, DecidedClose, DueClose, Verdict, WatchedRule};
pub use when_risk::{AtAlarm, WhenRisk};
