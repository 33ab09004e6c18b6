//! All questions under one name.

use serde::{Deserialize, Deserializer, Serialize};

use super::anomaly::{AnomalyReply, AnomalyRequest};
use super::anomaly_scan::{AnomalyScanReply, AnomalyScanRequest};
use super::attributes::{AttributesReply, AttributesRequest};
use super::axis::{
    AxisHeadlinesReply, AxisHeadlinesRequest, AxisHistoryReply, AxisHistoryRequest, AxisReply,
    AxisRequest,
};
use super::bars::{BarsReply, BarsRequest};
use super::classify::{ClassifyReply, ClassifyRequest};
use super::classify_by_tags::{ClassifyByTagsReply, ClassifyByTagsRequest};
use super::clusters::{ClustersReply, ClustersRequest};
use super::combine::{CombineReply, CombineRequest};
use super::context::{ContextReply, ContextRequest};
use super::correlation::{CorrelationReply, CorrelationRequest};
use super::divergence::{DivergenceReply, DivergenceRequest};
use super::headlines::{HeadlinesReply, HeadlinesRequest};
use super::lead_lag::{LeadLagReply, LeadLagRequest};
use super::map::{MapReply, MapRequest};
use super::news::{NewsReply, NewsRequest};
use super::outcomes::{OutcomesReply, OutcomesRequest};
use super::pattern::{PatternReply, PatternRequest};
use super::portfolio::{PortfolioReply, PortfolioRequest};
use super::prototypes::{PrototypesReply, PrototypesRequest};
use super::reaction::{ReactionReply, ReactionRequest};
use super::regimes::{ClassifyHistoryReply, ClassifyHistoryRequest};
use super::replay::{ReplayReply, ReplayRequest};
use super::search::{SearchReply, SearchRequest};
use super::series::{SeriesReply, SeriesRequest};
use super::signal::{SignalReply, SignalRequest};
use super::similar::{SimilarReply, SimilarRequest};
use super::spaces::{SpacesReply, SpacesRequest};
use super::stats::{StatsReply, StatsRequest};
use super::tags::{TagsReply, TagsRequest};
use super::today::TodayReply;
use super::today_request::TodayRequest;
use super::transfer::{TransferReply, TransferRequest};
use super::transfer_matrix::{TransferMatrixReply, TransferMatrixRequest};
use crate::db::View;
use crate::error::Result;

/// Makes [`Question`] and [`Answer`] of all requests and replies.
macro_rules! questions {
    ($($name:ident $text:literal $request:ident $reply:ident;)+) => {
        /// A question of any kind, with its name under `question`:
        /// `{"question": "similar", "target": "BTCUSDT:1h", "k": 3}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(tag = "question")]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant, reason = "few live at a time")]
        pub enum Question {
            $(
                #[doc = concat!("A [`", stringify!($request), "`].")]
                #[serde(rename = $text)]
                $name($request),
            )+
        }

        /// An answer of any kind. As JSON it is the reply itself.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant, reason = "few live at a time")]
        pub enum Answer {
            $(
                #[doc = concat!("A [`", stringify!($reply), "`].")]
                $name($reply),
            )+
        }

        impl Question {
            /// The names of all questions, as they stand under `question`.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// Reads a request whose question is named beside it, as in a path of a server. `None` if
            /// there is no question of that name.
            ///
            /// ```
            /// use rhymedb::ask::Question;
            /// let request = serde_json::json!({"target": "BTCUSDT:1h", "k": 3});
            /// let question = Question::read("similar", request).expect("there is such a question")?;
            /// assert_eq!(question.name(), "similar");
            /// # Ok::<(), serde_json::Error>(())
            /// ```
            pub fn read<'de, D: Deserializer<'de>>(
                name: &str,
                from: D,
            ) -> Option<std::result::Result<Self, D::Error>> {
                match name {
                    $($text => Some($request::deserialize(from).map(Self::$name)),)+
                    _ => None,
                }
            }

            /// The name, as it stands under `question`.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $text,)+
                }
            }

            /// Asks a view.
            ///
            /// # Errors
            /// Those of the request.
            pub fn ask(&self, view: &View) -> Result<Answer> {
                match self {
                    $(Self::$name(request) => request.ask(view).map(Answer::$name),)+
                }
            }

            /// Reads an answer to this question.
            ///
            /// # Errors
            /// Those of the reader, if it is no reply to this question.
            pub fn read_answer<'de, D: Deserializer<'de>>(
                &self,
                from: D,
            ) -> std::result::Result<Answer, D::Error> {
                match self {
                    $(Self::$name(_) => $reply::deserialize(from).map(Answer::$name),)+
                }
            }
        }

        $(
            impl From<$request> for Question {
                fn from(request: $request) -> Self {
                    Self::$name(request)
                }
            }
        )+

        /// The schemas of every question, in the order of [`Question`].
        #[cfg(feature = "schema")]
        pub fn schemas() -> Vec<QuestionSchema> {
            vec![$(QuestionSchema {
                question: $text,
                request: schemars::schema_for!($request).to_value(),
                reply: schemars::schema_for!($reply).to_value(),
            },)+]
        }
    };
}

questions! {
    Similar "similar" SimilarRequest SimilarReply;
    Pattern "pattern" PatternRequest PatternReply;
    Search "search" SearchRequest SearchReply;
    Combine "combine" CombineRequest CombineReply;
    Reaction "reaction" ReactionRequest ReactionReply;
    Outcomes "outcomes" OutcomesRequest OutcomesReply;
    News "news" NewsRequest NewsReply;
    Context "context" ContextRequest ContextReply;
    Transfer "transfer" TransferRequest TransferReply;
    TransferMatrix "transfer-matrix" TransferMatrixRequest TransferMatrixReply;
    Anomaly "anomaly" AnomalyRequest AnomalyReply;
    AnomalyScan "anomaly-scan" AnomalyScanRequest AnomalyScanReply;
    Divergence "divergence" DivergenceRequest DivergenceReply;
    Classify "classify" ClassifyRequest ClassifyReply;
    ClassifyHistory "classify-history" ClassifyHistoryRequest ClassifyHistoryReply;
    ClassifyByTags "classify-by-tags" ClassifyByTagsRequest ClassifyByTagsReply;
    Axis "axis" AxisRequest AxisReply;
    AxisHistory "axis-history" AxisHistoryRequest AxisHistoryReply;
    AxisHeadlines "axis-headlines" AxisHeadlinesRequest AxisHeadlinesReply;
    Map "map" MapRequest MapReply;
    Clusters "clusters" ClustersRequest ClustersReply;
    Correlation "correlation" CorrelationRequest CorrelationReply;
    LeadLag "lead-lag" LeadLagRequest LeadLagReply;
    Portfolio "portfolio" PortfolioRequest PortfolioReply;
    Series "series" SeriesRequest SeriesReply;
    Spaces "spaces" SpacesRequest SpacesReply;
    Bars "bars" BarsRequest BarsReply;
    Headlines "headlines" HeadlinesRequest HeadlinesReply;
    Today "today" TodayRequest TodayReply;
    Signal "signal" SignalRequest SignalReply;
    Replay "replay" ReplayRequest ReplayReply;
    Stats "stats" StatsRequest StatsReply;
    Tags "tags" TagsRequest TagsReply;
    Attributes "attributes" AttributesRequest AttributesReply;
    Prototypes "prototypes" PrototypesRequest PrototypesReply;
}

/// The JSON schemas of a question.
#[cfg(feature = "schema")]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuestionSchema {
    /// Its name, as it stands under `question`.
    pub question: &'static str,
    /// The request, without `question`.
    pub request: serde_json::Value,
    /// The reply.
    pub reply: serde_json::Value,
}
