//! A sentence, or a vector, to charts and to headlines.

use std::time::{Duration, Instant};

use super::pattern_search::PatternAnswer;
use super::patterns;
use crate::db::{
    AskedOfHeadlines, Expressiveness, Filter, FoundHeadline, HeadlineChoice, HeadlinesBy, Query,
    Similar, SimilarAnswer, Spread, View, choice_methods, spread_methods,
};
use crate::error::{Error, Result};
use crate::model::Timestamp;

/// A search by a sentence or a vector, made by [`View::search`] or [`View::search_vector`].
#[derive(Clone, Debug)]
pub struct Search {
    view: View,
    query: Query,
    charts: Similar,
    headlines: usize,
    headlines_by: HeadlinesBy,
    spread: Spread,
    choice: HeadlineChoice,
}

/// The answer to [`View::search`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SearchAnswer {
    /// The sentence; `None` if it was a vector.
    pub text: Option<String>,
    /// How much a sentence says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
    /// The chart pattern that the sentence names, if it names one. Then the charts are those that end
    /// with it, as [`View::pattern`] finds them; else those that are nearest to the sentence.
    pub pattern: Option<String>,
    /// The charts that were found, distinct episodes. Of a sentence about a large move they are ranked by
    /// words and size ([`SimilarAnswer::large_moves`]).
    pub charts: SimilarAnswer,
    /// The headlines that fit it best. Where the sentence has narrowed the charts to symbols that it
    /// names, those that name one of them, if any do.
    pub headlines: Vec<FoundHeadline>,
    /// By what headlines are ranked: [`Search::headlines_by`], and by meaning if it was a vector.
    pub headlines_by: HeadlinesBy,
    /// The words of the sentence that no headline holds which was known then, in small letters, if words
    /// counted.
    pub unknown_words: Vec<String>,
    /// Headlines that were looked at: each of them was scored.
    pub headlines_searched: u64,
    /// Whether there are fewer headlines than were asked for, and some group has as many of them as
    /// [`Search::per`] allows. [`SimilarAnswer::quota_reached`] says it of the charts.
    pub headline_quota_reached: bool,
    /// Until when the weights of the space have seen anything, if that is after the view's time: then the
    /// answer knows what came later. `None` in a view of now.
    pub trained_until: Option<Timestamp>,
    /// How long it took, encoding of the sentence included.
    pub took: Duration,
}

impl SearchAnswer {
    /// What a user should know before reading the charts as an answer, if anything.
    pub fn warning(&self) -> Option<String> {
        if self.pattern.is_some() {
            return None;
        }
        warning(self.expressiveness)
    }
}

/// What to say of a sentence that carries no signal about charts.
pub(super) fn warning(expressiveness: Option<Expressiveness>) -> Option<String> {
    let found = expressiveness.filter(Expressiveness::is_low)?;
    Some(format!(
        "the sentence says little about charts: {:.0} % of headlines say less (standard deviation {:.4} over the bank of charts); name what prices do, like \"shares plunge\"",
        found.percentile, found.deviation
    ))
}

impl View {
    /// Asks for the charts and the headlines that are nearest to a sentence, in a space of both.
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # db.ingest_bars(&market.series())?;
    /// # db.ingest_headlines(&market.headlines())?;
    /// let answer = db.now().search("shares plunge after a profit warning").k(3).run()?;
    /// for hit in &answer.charts.hits {
    ///     println!("{:.4} {}", hit.score, hit.window);
    /// }
    /// for hit in &answer.headlines {
    ///     println!("{} {}", hit.rank, hit.headline.text);
    /// }
    /// assert_eq!((answer.charts.hits.len(), answer.headlines.len()), (3, 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn search(&self, text: impl Into<String>) -> Search {
        Search::new(self, Query::text(text))
    }

    /// Asks for the charts and the headlines that are nearest to a vector of the asker's own, in a space of both:
    /// that of a sentence, of a headline or of a chart by the model whose vectors the space holds. See
    /// [`crate::Database::import_headline_vectors`].
    pub fn search_vector(&self, vector: impl Into<Vec<f32>>) -> Search {
        Search::new(self, Query::Vector(vector.into()))
    }
}

impl Search {
    fn new(view: &View, query: Query) -> Self {
        Self {
            view: view.clone(),
            charts: view.similar(query.clone()),
            query,
            headlines: 10,
            headlines_by: HeadlinesBy::default(),
            spread: Spread::default(),
            choice: HeadlineChoice::default(),
        }
    }

    /// How many charts and how many headlines to find. Default: 10. At most 10,000.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.charts = self.charts.k(k);
        self.headlines = k;
        self
    }

    /// The space to search. Default: the only one that reads text, or `clip`; for a vector, where there is none
    /// that reads text, the only one of imported vectors with headlines.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.charts = self.charts.space(name);
        self
    }

    /// Only charts that pass a filter, and headlines that name one of its symbols and were published from
    /// its first to its last time. It replaces the one before. Default: any.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.choice.symbols.clone_from(&filter.symbols);
        (self.choice.from, self.choice.until) = (filter.from, filter.until);
        self.charts = self.charts.filter(filter);
        self
    }

    /// By what headlines are ranked. By words, names and numbers are found that vectors do not know: see
    /// [`HeadlinesBy`]. A vector has no words: it asks by meaning. Default: [`HeadlinesBy::Both`].
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// use rhymedb::query::HeadlinesBy;
    /// # let dir = tempfile::tempdir()?;
    /// # let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # db.ingest_bars(&market.series())?;
    /// # db.ingest_headlines(&market.headlines())?;
    /// let search = db.now().search("nova falls").headlines_by(HeadlinesBy::Words);
    /// for hit in search.k(3).run()?.headlines {
    ///     println!("{:?} {}", hit.words, hit.headline.text);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn headlines_by(mut self, by: HeadlinesBy) -> Self {
        self.headlines_by = by;
        self
    }

    choice_methods!(choice: latency);
    spread_methods!(spread);

    /// Ranks by the words alone, also where they tell of a large move: see [`Similar::by_words`]. Default:
    /// false.
    #[must_use]
    pub fn by_words(mut self, alone: bool) -> Self {
        self.charts = self.charts.by_words(alone);
        self
    }

    /// Searches all symbols whatever the sentence names: see [`Similar::all_symbols`]. Default: false.
    #[must_use]
    pub fn all_symbols(mut self, all: bool) -> Self {
        self.charts = self.charts.all_symbols(all);
        self
    }

    /// The breadth of the search in a graph of charts. Default: 128.
    #[must_use]
    pub fn ef(mut self, ef: usize) -> Self {
        self.charts = self.charts.ef(ef);
        self
    }

    /// Scores every window instead of searching the graph. Headlines are always all scored.
    #[must_use]
    pub fn exact(mut self, exact: bool) -> Self {
        self.charts = self.charts.exact(exact);
        self
    }

    /// Runs the search.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no space reads text, [`Error::Ambiguous`] if several do;
    /// [`Error::Invalid`] if the sentence has no word, if the vector is not one of the space's dimension or has no
    /// direction, if the space holds no headlines, or if an option is out of range.
    pub fn run(mut self) -> Result<SearchAnswer> {
        let start = Instant::now();
        self.choice.check()?;
        check_k(self.headlines)?;
        self.spread.check(self.headlines)?;
        self.charts = self.charts.spread(self.spread);
        self.charts = self.charts.narrow()?;
        let name = self.charts.scope().space;
        self.view.placed(name, &self.query, |space, placed| {
            let (pattern, charts) = match self.named_pattern()? {
                Some(found) => (Some(found.pattern), found.found),
                None => (
                    None,
                    self.charts.clone().run_in(space, placed.vector.clone())?,
                ),
            };
            let named = space.with_headlines(self.charts.narrowed_to(), &self.choice)?;
            let by_attributes = match named.is_empty() {
                true => self.charts.symbols_by_attributes()?,
                false => None,
            };
            let chosen = by_attributes.as_ref().unwrap_or(&self.choice.symbols);
            let choice = HeadlineChoice {
                symbols: [&chosen[..], &named].concat(),
                ..self.choice.clone()
            };
            let spread = (self.headlines, self.spread);
            let text = self.sentence();
            let by = match text {
                Some(_) => self.headlines_by,
                None => HeadlinesBy::Meaning,
            };
            let asked = AskedOfHeadlines {
                vector: &placed.vector,
                text,
                by,
            };
            let found = space.headlines_found(&asked, spread, &choice)?;
            Ok(SearchAnswer {
                text: text.map(str::to_owned),
                expressiveness: text.and_then(|_| space.expressiveness(&placed.vector)),
                pattern,
                charts,
                headlines: found.hits,
                headlines_by: by,
                unknown_words: found.unknown,
                headlines_searched: found.searched,
                headline_quota_reached: found.quota_reached,
                trained_until: space.past.learned_about(&self.query, None)?,
                took: start.elapsed(),
            })
        })
    }
}

impl Search {
    /// The sentence, if it is one.
    fn sentence(&self) -> Option<&str> {
        match &self.query {
            Query::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The charts that end with the pattern that the sentence names, if it names one and there is a
    /// space of drawn paths.
    fn named_pattern(&self) -> Result<Option<PatternAnswer>> {
        let Some(pattern) = self.sentence().and_then(patterns::told_in) else {
            return Ok(None);
        };
        let Some(space) = self.view.drawn_space(None)? else {
            return Ok(None);
        };
        let scope = self.charts.scope();
        let (filter, exact) = (scope.windows, scope.exact);
        let mut search = self.view.pattern(patterns::name(pattern));
        search.filter = filter.clone();
        search.spread = self.spread;
        let search = search.space(&space).k(self.headlines).exact(exact);
        let mut answer = search.run()?;
        answer.found.narrowed_to = self.charts.narrowed_to().to_vec();
        Ok(Some(answer))
    }
}

pub(super) fn check_k(k: usize) -> Result<()> {
    if (1..=10_000).contains(&k) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "expected k from 1 to 10000, found {k}"
    )))
}
