//! Charts that no words fit.

use std::time::Duration;

use super::labels::{LabelSet, cosine, place};
use super::search::millis;
use crate::db::{HeadlineChoice, HeadlineHit, Query, View};
use crate::error::{Error, Result};
use crate::model::Window;

/// A question for how well any words fit a chart, made by [`View::alignment`].
#[derive(Clone, Debug)]
pub struct Alignment<'a> {
    view: &'a View,
    query: Query,
    space: Option<String>,
    labels: Option<LabelSet>,
    latency: i64,
}

/// The answer to [`View::alignment`].
#[derive(Clone, Debug, PartialEq)]
pub struct AlignmentAnswer {
    /// The space.
    pub space: String,
    /// The stored window that was asked about, if it was one.
    pub query: Option<Window>,
    /// The nearest headline, if any is known.
    pub headline: Option<HeadlineHit>,
    /// The nearest label with its cosine, if labels were given.
    pub label: Option<(String, f64)>,
    /// The greatest cosine with a headline or a label, -1 to 1.
    pub best: f64,
    /// `1 - best`, 0 to 2: high where nothing that is known in words fits the chart.
    pub anomaly: f64,
}

impl View {
    /// Asks how well the best of all known headlines, and of a set of labels if one is given, fits a
    /// chart. A chart that nothing fits is an anomaly; how much is usual depends on the weights, so
    /// compare with other windows of the same space.
    ///
    /// ```
    /// # use rhymedb::{Database, SeriesBars, SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # for (key, calendar, bars) in market.series() {
    /// #     db.ingest_bars(&[SeriesBars { key, calendar, bars }])?;
    /// # }
    /// # db.ingest_headlines(&market.headlines())?;
    /// # use rhymedb::{LabelSet, Target};
    ///
    /// let target: Target = "NOVAUSDT:1h".parse()?;
    /// let labels = LabelSet::built_in_named("eight-regimes")?;
    /// let answer = db.now().alignment(target).labels(&labels).run()?;
    /// assert_eq!(answer.anomaly, 1.0 - answer.best);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn alignment(&self, query: impl Into<Query>) -> Alignment<'_> {
        Alignment {
            view: self,
            query: query.into(),
            space: None,
            labels: None,
            latency: 0,
        }
    }
}

impl Alignment<'_> {
    /// The space. Default: the only one that reads text, or `clip`.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    /// Labels that may fit too.
    #[must_use]
    pub fn labels(mut self, set: &LabelSet) -> Self {
        self.labels = Some(set.clone());
        self
    }

    /// The time from the publication of a headline until somebody can know it. Default: none.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = millis(latency);
        self
    }

    /// Asks.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target or the space names nothing or
    /// several things; [`Error::Invalid`] if there are neither headlines nor labels.
    pub fn run(self) -> Result<AlignmentAnswer> {
        let choice = HeadlineChoice {
            latency: self.latency,
            ..HeadlineChoice::default()
        };
        choice.check()?;
        self.view.aligned(self.space.as_deref(), &[&self.query], |space| {
            let placed = space.place(&self.query)?;
            let (mut hits, _) = space.headlines_near(&placed.vector, 1, &choice)?;
            let mut label: Option<(String, f64)> = None;
            if let Some(set) = &self.labels {
                for known in place(space, set)? {
                    let score = cosine(&known.vector, &placed.vector);
                    if label.as_ref().is_none_or(|(_, best)| score > *best) {
                        label = Some((known.name, score));
                    }
                }
            }
            let headline = hits.pop();
            let scores = [headline.as_ref().map(|h| f64::from(h.score)), label.as_ref().map(|l| l.1)];
            let best = scores.into_iter().flatten().max_by(f64::total_cmp);
            let best = best.ok_or_else(|| {
                Error::invalid(format!(
                    "expected known headlines in the space {}, or labels, found neither; ingest headlines or give labels",
                    space.name()
                ))
            })?;
            Ok(AlignmentAnswer {
                space: space.name(),
                query: placed.window,
                headline,
                label,
                best,
                anomaly: 1.0 - best,
            })
        })
    }
}
