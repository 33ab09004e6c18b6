//! Charts that no words fit.

use super::labels::{LabelSet, PlacedLabel, cosine, place};
use crate::db::{HeadlineChoice, HeadlineHit, Query, View, choice_methods, space_method};
use crate::error::{Error, Result};
use crate::model::{Timestamp, Window};

/// A question for how well any words fit a chart, made by [`View::alignment`].
#[derive(Clone, Debug)]
pub struct Alignment {
    view: View,
    query: Query,
    space: Option<String>,
    labels: Option<LabelSet>,
    choice: HeadlineChoice,
}

/// The answer to [`View::alignment`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AlignmentAnswer {
    /// The space.
    pub space: String,
    /// The stored window that was asked about, if it was one.
    pub query: Option<Window>,
    /// The nearest headline, if any is known.
    pub headline: Option<HeadlineHit>,
    /// The nearest label, if labels were given.
    pub label: Option<AlignedLabel>,
    /// The greatest cosine with a headline or a label, -1 to 1.
    pub best: f64,
    /// `1 - best`, 0 to 2: high where nothing that is known in words fits the chart.
    pub anomaly: f64,
    /// Until when the weights of the space have seen the question's series, or anything where it is
    /// about none, if that is after the view's time: then the answer knows what came later. `None` in
    /// a view of now.
    pub trained_until: Option<Timestamp>,
}

/// The label that is nearest to a chart.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AlignedLabel {
    /// Its name.
    pub name: String,
    /// Its cosine with the chart, -1 to 1.
    pub score: f64,
}

impl View {
    /// Asks how well the best of all known headlines, and of a set of labels if one is given, fits a
    /// chart. A chart that nothing fits is an anomaly; how much is usual depends on the weights, so
    /// compare with other windows of the same space.
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # db.ingest_bars(&market.series())?;
    /// # db.ingest_headlines(&market.headlines())?;
    /// # use rhymedb::Target;
    /// # use rhymedb::query::LabelSet;
    ///
    /// let target: Target = "NOVAUSDT:1h".parse()?;
    /// let labels = LabelSet::built_in_named("eight-regimes")?;
    /// let answer = db.now().alignment(target).labels(&labels).run()?;
    /// assert_eq!(answer.anomaly, 1.0 - answer.best);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn alignment(&self, query: impl Into<Query>) -> Alignment {
        Alignment {
            view: self.clone(),
            query: query.into(),
            space: None,
            labels: None,
            choice: HeadlineChoice::default(),
        }
    }
}

impl Alignment {
    space_method!(text);

    /// Labels that may fit too.
    #[must_use]
    pub fn labels(mut self, set: &LabelSet) -> Self {
        self.labels = Some(set.clone());
        self
    }

    choice_methods!(choice: latency);

    /// Asks.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target or the space names nothing or
    /// several things; [`Error::Invalid`] if there are neither headlines nor labels.
    pub fn run(self) -> Result<AlignmentAnswer> {
        self.choice.check()?;
        let space = self.space.as_deref();
        self.view.placed(space, &self.query, |space, placed| {
            let (mut hits, _) = space.headlines_near(&placed.vector, 1, &self.choice)?;
            let labels = self.labels.as_ref().map_or(Ok(Vec::new()), |set| place(space, set))?;
            let label = nearest_label(&labels, &placed.vector);
            let label = label.map(|(label, score)| AlignedLabel {
                name: label.name.clone(),
                score,
            });
            let headline = hits.pop();
            let scores = [
                headline.as_ref().map(|h| f64::from(h.score)),
                label.as_ref().map(|l| l.score),
            ];
            let best = scores.into_iter().flatten().max_by(f64::total_cmp);
            let best = best.ok_or_else(|| {
                Error::invalid(format!(
                    "expected known headlines in the space {}, or labels, found neither; ingest headlines or give labels",
                    space.name()
                ))
            })?;
            Ok(AlignmentAnswer {
                space: space.name(),
                trained_until: space
                    .past
                    .learned_about(&self.query, placed.window.as_ref())?,
                query: placed.window,
                headline,
                label,
                best,
                anomaly: 1.0 - best,
            })
        })
    }
}

/// The label that is nearest to a vector, with its cosine; the first of several that are.
pub(super) fn nearest_label<'a>(
    labels: &'a [PlacedLabel],
    vector: &[f32],
) -> Option<(&'a PlacedLabel, f64)> {
    let scored = labels
        .iter()
        .map(|label| (label, cosine(&label.vector, vector)));
    scored.reduce(|best, next| if next.1 > best.1 { next } else { best })
}
