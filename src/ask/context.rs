//! What was said about a symbol around a window.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::headline_row::percentile;
use super::rounded::figure;
use super::span::Span;
use super::window_row::MovedWindow;
use crate::analysis::{ContextAnswer, ContextHeadline};
use crate::db::View;
use crate::error::Result;
use crate::model::{Target, Timestamp};

/// Asks for the headlines about a symbol around a window: see [`View::context`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ContextRequest {
    /// A stored window.
    pub target: Target,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Headlines that name this symbol. Default: the window's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// From how long before the window's last close. Default: from the window's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Span>,
    /// Up to how long after the window's last close.
    #[serde(default)]
    pub after: Span,
    /// The time from the publication of a headline until somebody can know it.
    #[serde(default)]
    pub latency: Span,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
}

impl ContextRequest {
    /// The request with the defaults.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            space: None,
            symbol: None,
            before: None,
            after: Span::default(),
            latency: Span::default(),
            as_of: None,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// Those of [`crate::query::Context::run`].
    pub fn ask(&self, view: &View) -> Result<ContextReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(ContextReply, ContextAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut context = asked.view.context(self.target.clone());
        context = context.after(self.after.0).latency(self.latency.0);
        pass_on!(context, self, names: space symbol);
        if let Some(before) = self.before {
            context = context.before(before.0);
        }
        let answer = context.run()?;
        let reply = ContextReply {
            query: ContextQuery {
                window: MovedWindow::of(&asked.view, &answer.window)?,
                symbol: answer.symbol.clone(),
                space: answer.space.clone(),
                as_of: asked.view.as_of(),
            },
            headlines: answer.headlines.iter().map(ContextRow::from).collect(),
            notes: asked.notes([])?,
        };
        Ok((reply, answer))
    }
}

/// The reply to a [`ContextRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ContextReply {
    /// What was asked.
    pub query: ContextQuery,
    /// The headlines, ascending by time.
    pub headlines: Vec<ContextRow>,
    /// What to know before using this.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ContextQuery {
    /// The window.
    pub window: MovedWindow,
    /// Whose headlines these are.
    pub symbol: String,
    /// The space.
    pub space: String,
    /// As of when.
    pub as_of: Option<Timestamp>,
}

/// A headline around a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ContextRow {
    /// When it was published.
    pub published: Timestamp,
    /// How exactly that is known: `day`, `minute` or `second`.
    pub precision: String,
    /// When it was known.
    pub known: Timestamp,
    /// The cosine with the window; nothing of a headline without a word.
    pub score: Option<f64>,
    /// The share of headlines that say less about charts, in percent.
    pub percentile: Option<f64>,
    /// Who published it.
    pub source: String,
    /// The headline.
    pub text: String,
    /// The passage of a long text, as of a report, that is nearest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<String>,
}

impl From<&ContextHeadline> for ContextRow {
    fn from(line: &ContextHeadline) -> Self {
        Self {
            published: line.headline.time,
            precision: line.headline.precision.to_string(),
            known: line.known,
            score: line.score.map(figure),
            percentile: line.expressiveness.map(percentile),
            source: line.headline.source.clone(),
            text: line.headline.text.clone(),
            passage: line.passage.clone(),
        }
    }
}
