//! Questions about a [`View`](crate::View) beyond similarity: what happened after a window, how unusual it is,
//! what a sentence says about it. Each question is a builder on the view; none sees past its time.

mod alignment;
mod anomaly;
mod anomaly_scan;
mod axis;
mod bootstrap;
mod bridge;
mod classify;
mod divergence;
mod eval;
mod labels;
mod linear;
mod map;
mod moments;
mod news;
mod numbers;
mod outcome;
mod outcomes;
mod pairs;
mod reaction;
mod regimes;
mod search;
mod summary;
mod transfer;
mod transfer_matrix;
mod unusual;

pub use alignment::{Alignment, AlignmentAnswer};
pub use anomaly::{Anomaly, AnomalyAnswer, Measure, Measured, Unusual};
pub use anomaly_scan::{AnomalyEpisode, AnomalyScan, AnomalyScanAnswer, AnomalyScore};
pub use axis::{Axis, AxisHeadline, AxisHistory, AxisPoint};
pub use classify::{Classify, ClassifyAnswer, LabelScore};
pub use divergence::{Divergence, DivergenceAnswer, DivergenceMoment};
pub use eval::{Eval, EvalMeasure, EvalReport, EvalSection, is_held_out};
pub use labels::{Label, LabelSet};
pub use map::{Map, MapAnswer, MapPoint};
pub use news::{Context, ContextAnswer, ContextHeadline, News, NewsAnswer};
pub use outcome::{HitOutcome, Outcome};
pub use outcomes::{HorizonOutcomes, OutcomeAnswer, Outcomes};
pub use pairs::{Pair, PairOptions, Pairs};
pub use reaction::{NewsGroup, Reaction, ReactionAnswer, ReactionOutcome};
pub use regimes::{RegimeRun, Regimes, RegimesAnswer};
pub use search::{Search, SearchAnswer};
pub use summary::OutcomeSummary;
pub use transfer::{Fewer, Transfer, TransferAnswer, TransferHit};
pub use transfer_matrix::{TransferGroup, TransferMatrix, TransferMatrixAnswer, TransferPair};
