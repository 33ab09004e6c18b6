//! Questions and answers as values, for programs that ask for others: a command line, a server, a script.
//!
//! Each question is one request and one reply, both `Serialize` and `Deserialize`, in the form that
//! `rhyme --format json` prints: intervals as `"1h"`, times as RFC 3339, figures rounded to what they
//! are worth. Options that are left out have the defaults of the builders on [`crate::View`], and a word
//! that is no option is refused. `as_of` narrows the view that is asked and never widens it. A
//! reply's `notes` are what its reader has to know before using it.
//!
//! A [`Question`] is any of the requests, with its name under `question`:
//!
//! ```
//! use rhymedb::ask::Question;
//! # use rhymedb::Database;
//! # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
//! # let dir = tempfile::tempdir()?;
//! let db = Database::open(dir.path().join("market.rhyme"))?;
//! # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
//! let typed = r#"{"question": "similar", "target": "NOVAUSDT:1h@2015-03-01", "k": 3}"#;
//! let question: Question = serde_json::from_str(typed)?;
//! let answer = serde_json::to_value(question.ask(&db.now())?)?;
//! assert_eq!(answer["hits"].as_array().map(Vec::len), Some(3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With the feature `schema`, `schemas` gives the JSON schemas of all of them.

/// Passes the options of a request on to the builder of the same names: `names` are texts that may be
/// left out, `each` are lists of texts, and `some` are other values that may be left out.
macro_rules! pass_on {
    ($question:ident, $request:ident, names: $($name:ident)+) => {
        $(if let Some(name) = &$request.$name { $question = $question.$name(name); })+
    };
    ($question:ident, $request:ident, each: $($name:ident)+) => {
        $(for name in &$request.$name { $question = $question.$name(name); })+
    };
    ($question:ident, $request:ident, clones: $($name:ident)+) => {
        $(if let Some(value) = &$request.$name { $question = $question.$name(value.clone()); })+
    };
    ($question:ident, $request:ident, some: $($name:ident)+) => {
        $(if let Some(value) = $request.$name { $question = $question.$name(value); })+
    };
}

mod after;
mod alert;
mod anomaly;
mod anomaly_scan;
mod asked;
mod asset_left_out;
mod attributes;
mod axis;
mod bar_row;
mod bars;
mod classify;
mod classify_by_tags;
mod clusters;
mod combine;
mod context;
mod correlation;
mod divergence;
mod headline_row;
mod headlines;
mod label_text;
mod lead_lag;
mod map;
mod news;
mod outcomes;
mod pattern;
mod portfolio;
mod portfolio_replay;
mod prototypes;
mod question;
mod reaction;
mod regimes;
mod replay;
mod replay_notes;
mod rounded;
mod search;
mod series;
mod signal;
mod similar;
mod spaces;
mod span;
mod stats;
mod subject;
mod tags;
mod today;
mod today_names;
mod today_one;
mod today_request;
mod today_row;
mod transfer;
mod transfer_matrix;
mod window_row;

pub use after::{Afterwards, HitAfterwards, HorizonReply, OutcomeRow, OutcomeState, SummaryRow};
pub use alert::{AlertRow, VerdictRow};
pub use anomaly::{AnomalyReply, AnomalyRequest, MeasureRow, NearestRow, SizeRow};
pub use anomaly_scan::{AnomalyScanReply, AnomalyScanRequest, EpisodeRow};
pub use asset_left_out::AssetLeftOutRow;
pub use attributes::{AttributeRow, AttributesReply, AttributesRequest};
pub use axis::{
    AxisEnds, AxisHeadlineRow, AxisHeadlinesReply, AxisHeadlinesRequest, AxisHistoryReply,
    AxisHistoryRequest, AxisPointRow, AxisReply, AxisRequest, AxisTimeRow,
};
pub use bar_row::BarRow;
pub use bars::{BarsReply, BarsRequest};
pub use classify::{ClassifyQuery, ClassifyReply, ClassifyRequest, LabelRow};
pub use classify_by_tags::{
    AccuracyRow, ClassifyByTagsReply, ClassifyByTagsRequest, NeighbourRow, TagRow, TagVoteQuery,
    TagVoteRow,
};
pub use clusters::{
    AgreementRow, ClusterAssetRow, ClusterMergeRow, ClusterRow, ClustersReply, ClustersRequest,
};
pub use combine::{CombineReply, CombineRequest, Term};
pub use context::{ContextQuery, ContextReply, ContextRequest, ContextRow};
pub use correlation::{
    CorrelationPairRow, CorrelationReply, CorrelationRequest, CorrelationWindowRow,
};
pub use divergence::{
    DivergenceMomentRow, DivergenceQuery, DivergenceReply, DivergenceRequest, DivergenceRow,
};
pub use headline_row::{ExpressivenessRow, FoundHeadlineRow, HeadlineRow, StoredHeadlineRow};
pub use headlines::{HeadlinesReply, HeadlinesRequest};
pub use label_text::LabelText;
pub use lead_lag::{LeadLagAssetRow, LeadLagPairRow, LeadLagReply, LeadLagRequest};
pub use map::{MapReply, MapRequest, PointRow};
pub use news::{NewsQuery, NewsReply, NewsRequest, SearchedHeadlines};
pub use outcomes::{LeftOutRow, MomentHorizon, MomentRow, OutcomesReply, OutcomesRequest};
pub use pattern::{PatternReply, PatternRequest};
pub use portfolio::{PortfolioReply, PortfolioRequest, PortfolioRow, PortfolioWeightRow};
pub use portfolio_replay::{EndedAssetRow, PortfolioPerformanceRow, PortfolioReplayReply};
pub use prototypes::{PrototypeRow, PrototypesReply, PrototypesRequest};
pub use question::{Answer, Question};
#[cfg(feature = "schema")]
pub use question::{QuestionSchema, schemas};
pub use reaction::{ReactionQuery, ReactionReply, ReactionRequest, ReactionRow};
pub use regimes::{ClassifyHistoryQuery, ClassifyHistoryReply, ClassifyHistoryRequest, RunRow};
pub use replay::{
    AlarmsRow, ChanceRow, DeflatedRow, MovesRow, PerformanceRow, ReplayReply, ReplayRequest,
    TradeRow, TradeSummaryRow,
};
pub use search::{SearchQuery, SearchReply, SearchRequest, SearchedAll};
pub use series::{SeriesReply, SeriesRequest, StoredSeriesRow};
pub use signal::{ReasonRow, SignalReply, SignalRequest};
pub use similar::{
    FoundSimilar, HitRow, SearchedWindows, SimilarQuery, SimilarReply, SimilarRequest, Told,
};
pub use spaces::{SpaceRow, SpacesReply, SpacesRequest};
pub use span::Span;
pub use stats::{StatsReply, StatsRequest};
pub use subject::{Bars, Open, Path, Subject, Vector};
pub use tags::{TagsReply, TagsRequest};
pub use today::TodayReply;
pub use today_request::TodayRequest;
pub use today_row::{TodayRow, TodayState};
pub use transfer::{Compared, TransferQuery, TransferReply, TransferRequest, TransferRow};
pub use transfer_matrix::{GroupRow, PairRow, TransferMatrixReply, TransferMatrixRequest};
pub use window_row::{MoveRow, MovedWindow, SeriesRow, WindowRow};
