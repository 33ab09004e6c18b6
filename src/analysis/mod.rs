//! Questions about a [`View`](crate::View) beyond similarity: what happened after a window, how unusual it is,
//! what a sentence says about it. Each question is a builder on the view; none sees past its time.

mod aftermath;
mod alignment;
mod axis;
mod classify;
mod divergence;
mod labels;
mod news;
mod reaction;
mod search;
mod spread;

pub use aftermath::ReactionOutcome;
pub use alignment::{Alignment, AlignmentAnswer};
pub use axis::{Axis, AxisHeadline, AxisHistory, AxisPoint};
pub use classify::{Classify, ClassifyAnswer, LabelScore, RegimeRun, Regimes, RegimesAnswer};
pub use divergence::{Divergence, DivergenceAnswer, DivergenceMoment};
pub use labels::{Label, LabelSet};
pub use news::{Context, ContextAnswer, ContextHeadline, News, NewsAnswer};
pub use reaction::{NewsGroup, Reaction, ReactionAnswer};
pub use search::{Search, SearchAnswer};
pub use spread::Spread;
mod anomaly;
mod anomaly_scan;
mod bootstrap;
mod bridge;
mod linear;
mod map;
mod moments;
mod numbers;
mod outcome;
mod outcomes;
mod transfer;
mod transfer_matrix;
mod unusual;

pub use anomaly::{Anomaly, AnomalyAnswer, Measure, Measured, Unusual};
pub use anomaly_scan::{AnomalyEpisode, AnomalyScan, AnomalyScanAnswer, AnomalyScore};
pub use map::{Map, MapAnswer, MapPoint};
pub use outcome::{HitOutcome, Outcome};
pub use outcomes::{HorizonOutcomes, OutcomeAnswer, OutcomeSummary, Outcomes};
pub use transfer::{Transfer, TransferAnswer, TransferHit};
pub use transfer_matrix::{TransferGroup, TransferMatrix, TransferMatrixAnswer, TransferPair};
mod eval;
mod pairs;

pub use eval::{Eval, EvalMeasure, EvalReport, EvalSection, is_held_out};
pub use pairs::{Pair, PairOptions, Pairs};
