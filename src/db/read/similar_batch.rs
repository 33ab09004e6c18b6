//! The same question about many queries at once.

use rayon::prelude::*;

use super::answer::SimilarAnswer;
use super::query::Query;
use super::similar::Similar;
use crate::db::threads::start_threads;
use crate::db::view::View;
use crate::error::Result;

/// Many searches for similar windows, made by [`View::similar_batch`].
#[derive(Clone, Debug)]
pub struct SimilarBatch {
    queries: Vec<Query>,
    /// The options of every search; its query is replaced.
    options: Similar,
}

impl View {
    /// Asks for the windows most similar to each of many queries, on all cores: one search a core, where
    /// [`View::similar`] takes one core for a search.
    ///
    /// ```
    /// use rhymedb::Database;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let days = ["NOVAUSDT:1h@2015-02-20", "NOVAUSDT:1h@2015-03-01"];
    /// let answers = db.now().similar_batch(days).with(|question| question.k(3)).run()?;
    /// assert_eq!((answers.len(), answers[1].hits.len()), (2, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn similar_batch(
        &self,
        queries: impl IntoIterator<Item = impl Into<Query>>,
    ) -> SimilarBatch {
        SimilarBatch {
            queries: queries.into_iter().map(Into::into).collect(),
            options: self.similar(Vec::new()),
        }
    }
}

impl SimilarBatch {
    /// Sets the options of every search: `k`, the space, the filter and so on.
    #[must_use]
    pub fn with(mut self, options: impl FnOnce(Similar) -> Similar) -> Self {
        self.options = options(self.options);
        self
    }

    /// Runs the searches. The answers are in the order of the queries, each as [`Similar::run`] gives it.
    ///
    /// # Errors
    /// The first error in the order of the queries; then there is no answer.
    pub fn run(&self) -> Result<Vec<SimilarAnswer>> {
        start_threads()?;
        let answers: Vec<Result<SimilarAnswer>> = self
            .queries
            .par_iter()
            .map(|query| self.options.clone().about(query.clone()).run())
            .collect();
        answers.into_iter().collect()
    }
}
