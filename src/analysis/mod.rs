//! Questions about a [`View`](crate::View) beyond similarity: what happened after a window, how unusual it is,
//! what a sentence says about it. Each question is a builder on the view; none sees past its time.

mod anomaly;
mod anomaly_scan;
mod bootstrap;
mod bridge;
mod linear;
mod moments;
mod numbers;
mod outcome;
mod outcomes;
mod transfer;
mod transfer_matrix;
mod unusual;

pub use anomaly::{Anomaly, AnomalyAnswer, Measure, Measured, Unusual};
pub use anomaly_scan::{AnomalyEpisode, AnomalyScan, AnomalyScanAnswer};
pub use outcome::{HitOutcome, Outcome};
pub use outcomes::{HorizonOutcomes, OutcomeAnswer, OutcomeSummary, Outcomes};
pub use transfer::{Transfer, TransferAnswer, TransferHit};
pub use transfer_matrix::{TransferGroup, TransferMatrix, TransferMatrixAnswer, TransferPair};
