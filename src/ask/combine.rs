//! Which charts are the sum of several meanings.

use serde::{Deserialize, Serialize};

use super::asked::{Asked, few, trained, undated};
use super::similar::{SimilarReply, tags_left_out, ten};
use super::subject::Subject;
use crate::db::{Filter, Per, Query, SimilarAnswer, View};
use crate::error::{Error, Result};
use crate::model::Timestamp;

/// A part of a sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Term {
    /// With what this means.
    Plus(Subject),
    /// Without what this means.
    Minus(Subject),
}

/// Asks for the charts nearest to a sum of meanings: this window, without a correction, with a trend. See
/// [`Query::Sum`].
///
/// ```
/// use rhymedb::ask::CombineRequest;
/// let typed = r#"{"terms": [{"plus": "BTCUSDT:1h@2021-05-19"}, {"minus": "text:a correction"}]}"#;
/// let request: CombineRequest = serde_json::from_str(typed)?;
/// assert_eq!(request.terms.len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CombineRequest {
    /// The parts of the sum; the first is added.
    pub terms: Vec<Term>,
    /// What the answer calls the sum. Default: its terms with signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many distinct episodes to find: 1 to 10,000. Default: 10.
    #[serde(default = "ten")]
    pub k: usize,
    /// At most so many hits of one symbol, one year, one market, like `{"symbol": 2}`.
    #[serde(default, skip_serializing_if = "Per::is_empty")]
    pub per: Per,
    /// Choose hits that differ from one another, one by one from the nearest 5 `k`: each time the one with
    /// the most of this number times its score, less 1 - this number times its greatest cosine with one that is
    /// chosen. From 0 to 1, which is the order of nearness; 0.5 is usual. `k` is then at most 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverse: Option<f64>,
    /// The space. Default: the only one that reads text, or `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Which windows may be hits.
    #[serde(default)]
    pub filter: Filter,
    /// Nothing that was not known at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// Score every window.
    #[serde(default)]
    pub exact: bool,
}

impl CombineRequest {
    /// The request with the defaults.
    pub fn new(terms: Vec<Term>) -> Self {
        Self {
            terms,
            name: None,
            k: ten(),
            per: Per::new(),
            diverse: None,
            space: None,
            filter: Filter::new(),
            as_of: None,
            exact: false,
        }
    }

    /// Asks a view.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no term or the first is subtracted; those of [`crate::query::Similar::run`].
    pub fn ask(&self, view: &View) -> Result<CombineReply> {
        self.ask_in_full(view).map(|(reply, _)| reply)
    }

    /// Asks a view, and gives what the reply was made of too.
    ///
    /// # Errors
    /// Those of [`Self::ask`].
    pub fn ask_in_full(&self, view: &View) -> Result<(CombineReply, SimilarAnswer)> {
        let asked = Asked::at(view, self.as_of);
        let mut similar = asked.view.similar(self.sum()?).k(self.k).exact(self.exact);
        similar = similar.filter(self.filter.clone()).per(self.per);
        pass_on!(similar, self, names: space);
        pass_on!(similar, self, some: diverse);
        let warning = similar.warning()?;
        let answer = similar.run()?;
        let mut found = SimilarReply::of(&asked.view, self.name(), &answer)?;
        found.query.spread(self.per, self.diverse);
        found.notes = asked.notes([
            warning.clone(),
            tags_left_out(&answer),
            trained(&answer.space, answer.trained_until, None, ""),
            few(
                &answer,
                self.k,
                (self.filter.min_move, self.exact),
                self.per,
            ),
            undated(&self.filter, &asked.view)?,
        ])?;
        Ok((CombineReply { found, warning }, answer))
    }

    /// What answers call the sum.
    pub fn name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let mut text = String::new();
        for (i, term) in self.terms.iter().enumerate() {
            let (sign, of) = match term {
                Term::Plus(of) => (" + ", of),
                Term::Minus(of) => (" - ", of),
            };
            text.push_str(if i == 0 { "" } else { sign });
            text.push_str(&of.name());
        }
        text
    }

    fn sum(&self) -> Result<Query> {
        let mut sum: Option<Query> = None;
        for term in &self.terms {
            sum = Some(match (sum, term) {
                (None, Term::Plus(first)) => first.query()?,
                (Some(sum), Term::Plus(term)) => sum.plus(term.query()?),
                (Some(sum), Term::Minus(term)) => sum.minus(term.query()?),
                (None, Term::Minus(_)) => {
                    return Err(Error::invalid(
                        "expected a sum whose first term is added, found one that is subtracted",
                    ));
                }
            });
        }
        sum.ok_or_else(|| Error::invalid("expected a sum of at least one term, found none"))
    }
}

/// The reply to a [`CombineRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CombineReply {
    /// The charts nearest to the sum.
    #[serde(flatten)]
    pub found: SimilarReply,
    /// What is wrong with the sum as a question, if anything; also among the notes.
    pub warning: Option<String>,
}
