//! A chart to headlines: those like it of any time, and those around it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::labels::cosine;
use super::search::{check_k, warning};
use crate::db::{
    Aligned, Expressiveness, HeadlineChoice, HeadlineHit, Query, Spread, View, choice_methods,
    millis, setters, space_method, spread_methods,
};
use crate::error::{Error, Result};
use crate::model::{Headline, SeriesKey, Target, Timestamp, Window};

/// A search for headlines, made by [`View::news`].
#[derive(Clone, Debug)]
pub struct News {
    view: View,
    query: Query,
    k: usize,
    space: Option<String>,
    choice: HeadlineChoice,
    within: Option<i64>,
    any_symbol: bool,
    any_time: bool,
    spread: Spread,
}

/// Whose headlines an answer has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum NewsAbout {
    /// Those that name the window's symbol.
    Symbol(String),
    /// Those that name a symbol of the window's market: no headline names its own.
    Market(String),
}

/// The answer to [`View::news`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NewsAnswer {
    /// The space that was searched.
    pub space: String,
    /// The stored window that was asked about, if it was one.
    pub query: Option<Window>,
    /// How much the query says about charts, if it is a sentence and the space's weights have a bank
    /// of charts.
    pub expressiveness: Option<Expressiveness>,
    /// Whose headlines these are, where that was not said and the query is a window. `None` if they are
    /// those of the symbols that were asked for, or of any.
    pub about: Option<NewsAbout>,
    /// The window's end, where only headlines that were known at it were looked at.
    pub known_by: Option<Timestamp>,
    /// The headlines, best first.
    pub hits: Vec<HeadlineHit>,
    /// Headlines that were looked at: each of them was scored.
    pub searched: u64,
    /// Whether there are fewer hits than were asked for, and some group has as many of them as
    /// [`News::per`] allows.
    pub quota_reached: bool,
    /// Until when the weights of the space have seen the question's series, or anything where it is
    /// about none, if that is after the view's time: then the answer knows what came later. `None` in
    /// a view of now.
    pub trained_until: Option<Timestamp>,
    /// How long it took.
    pub took: Duration,
}

impl NewsAnswer {
    /// What a user should know before reading this as an answer, if anything: the sentence that was
    /// asked with, or each of the headlines that were found, says little about charts.
    pub fn warning(&self) -> Option<String> {
        if self.expressiveness.is_some() {
            return warning(self.expressiveness);
        }
        let low = |hit: &HeadlineHit| hit.expressiveness.is_some_and(|e| e.is_low());
        let none_tells = !self.hits.is_empty() && self.hits.iter().all(low);
        none_tells.then(|| {
            format!(
                "none of these headlines says much about charts: at least {:.0} % of headlines say more than each of them; their order is hardly better than chance",
                100.0 - Expressiveness::LOW
            )
        })
    }
}

impl View {
    /// Asks for the headlines that are nearest to a chart. Of a stored window they are by default those of
    /// its symbol that were known at its end; where no headline names the symbol, those of its market,
    /// and where none names that either, all.
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
    ///
    /// let target: Target = "NOVAUSDT:1h".parse()?;
    /// let answer = db.now().news(target).k(5).run()?;
    /// for hit in &answer.hits {
    ///     println!("{:.4} {} {}", hit.score, hit.headline.time, hit.headline.text);
    /// }
    /// assert!(!answer.hits.is_empty());
    /// assert!(answer.hits.iter().all(|hit| hit.headline.symbols.contains(&"NOVAUSDT".to_owned())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn news(&self, query: impl Into<Query>) -> News {
        News {
            view: self.clone(),
            query: query.into(),
            k: 10,
            space: None,
            choice: HeadlineChoice::default(),
            within: None,
            any_symbol: false,
            any_time: false,
            spread: Spread::default(),
        }
    }
}

impl News {
    setters! {
        /// How many headlines to find. Default: 10. At most 10,000.
        fn k(k: usize);
    }

    /// The space to search. Default: the only one that reads text, or `clip`.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    choice_methods!(choice: symbol, from, until, latency);

    spread_methods!(spread);

    setters! {
        /// Headlines whatever symbol they name. Default: false, unless symbols are chosen.
        fn any_symbol(any: bool);

        /// Headlines that were not known yet at the window's end too. Default: false, unless
        /// [`News::within`] or [`News::until`] says until when.
        fn any_time(any: bool);
    }

    /// Only headlines that were published at most so long before or after the window's last close.
    #[must_use]
    pub fn within(mut self, distance: Duration) -> Self {
        self.within = Some(millis(distance));
        self
    }

    /// Runs the search.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target or the space names nothing or
    /// several things; [`Error::Invalid`] if an option is out of range, or if `within` is said of a
    /// query that has no window.
    pub fn run(mut self) -> Result<NewsAnswer> {
        let start = Instant::now();
        self.choice.check()?;
        check_k(self.k)?;
        self.spread.check(self.k)?;
        let space = self.space.as_deref();
        self.view.placed(space, &self.query, |space, placed| {
            if let Some(distance) = self.within {
                let Some(window) = &placed.window else {
                    return Err(Error::invalid(
                        "expected a stored window where headlines within some time of it are asked for, found a query without a time; say `from` and `until` instead",
                    ));
                };
                let (first, last) = around(window.end, distance);
                self.choice.from = Some(self.choice.from.map_or(first, |t| t.max(first)));
                self.choice.until = Some(self.choice.until.map_or(last, |t| t.min(last)));
            }
            let until_said = self.within.is_some() || self.choice.until.is_some();
            if let Some(window) = placed.window.as_ref().filter(|_| !until_said && !self.any_time) {
                self.choice.known_by = Some(window.end);
            }
            let mut about = None;
            if let Some(window) = placed.window.as_ref().filter(|_| !self.any_symbol)
                && self.choice.symbols.is_empty()
            {
                (about, self.choice.symbols) = usual_symbols(space, &window.series, &self.choice)?;
            }
            let spread = (self.k, self.spread);
            let found = space.headlines_spread(&placed.vector, spread, &self.choice)?;
            Ok(NewsAnswer {
                space: space.name(),
                trained_until: space
                    .past
                    .learned_about(&self.query, placed.window.as_ref())?,
                about,
                known_by: self.choice.known_by,
                query: placed.window,
                expressiveness: match self.query {
                    Query::Text(_) => space.expressiveness(&placed.vector),
                    _ => None,
                },
                hits: found.hits,
                searched: found.searched,
                quota_reached: found.quota_reached,
                took: start.elapsed(),
            })
        })
    }
}

/// The symbols whose headlines are asked for where nobody says whose: that of the series, or if no
/// headline names it, those of its market; none, which is any, if no headline names one of these.
fn usual_symbols(
    space: &Aligned<'_>,
    key: &SeriesKey,
    choice: &HeadlineChoice,
) -> Result<(Option<NewsAbout>, Vec<String>)> {
    let own = std::slice::from_ref(&key.symbol);
    let own = space.with_headlines(own, choice)?;
    if !own.is_empty() {
        return Ok((Some(NewsAbout::Symbol(key.symbol.clone())), own));
    }
    let market = space.with_headlines(&space.symbols_of(&key.market)?, choice)?;
    let about = (!market.is_empty()).then(|| NewsAbout::Market(key.market.clone()));
    Ok((about, market))
}

fn around(time: Timestamp, distance: i64) -> (Timestamp, Timestamp) {
    let at = |millis| Timestamp::from_millis(millis);
    (
        at(time.millis().saturating_sub(distance)),
        at(time.millis().saturating_add(distance)),
    )
}

/// A question for the headlines of a symbol around a window, made by [`View::context`].
#[derive(Clone, Debug)]
pub struct Context {
    view: View,
    target: Target,
    space: Option<String>,
    symbol: Option<String>,
    before: Option<i64>,
    after: i64,
    choice: HeadlineChoice,
}

/// A headline around a window.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ContextHeadline {
    /// The headline.
    pub headline: Headline,
    /// When it was known, latency included.
    pub known: Timestamp,
    /// Its cosine with the window, -1 to 1; `None` if the text has no vector.
    pub score: Option<f64>,
    /// How much it says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
    /// The passage of its text that is nearest, whose score this is, if the text is a long one that is split.
    pub passage: Option<String>,
}

/// The answer to [`View::context`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ContextAnswer {
    /// The space.
    pub space: String,
    /// The window.
    pub window: Window,
    /// The symbol that the headlines name.
    pub symbol: String,
    /// The headlines, ascending by when they were known.
    pub headlines: Vec<ContextHeadline>,
}

impl View {
    /// Asks for the headlines that name a window's symbol and were published around it, each with
    /// its similarity to the window.
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # db.ingest_bars(&market.series())?;
    /// # db.ingest_headlines(&market.headlines())?;
    /// # let event = market.headlines().into_iter().rfind(|h| h.symbols == ["NOVAUSDT"]).unwrap();
    ///
    /// let mut target: rhymedb::Target = "NOVAUSDT:1h".parse()?;
    /// target.time = Some(event.time.plus_millis(3_600_000));
    /// let answer = db.now().context(target).run()?;
    /// for line in &answer.headlines {
    ///     println!("{} {:?} {}", line.known, line.score, line.headline.text);
    /// }
    /// assert!(answer.headlines.iter().any(|line| line.headline == event));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn context(&self, target: Target) -> Context {
        Context {
            view: self.clone(),
            target,
            space: None,
            symbol: None,
            before: None,
            after: 0,
            choice: HeadlineChoice::default(),
        }
    }
}

impl Context {
    space_method!(text);

    /// The symbol that headlines have to name. Default: the window's.
    #[must_use]
    pub fn symbol(mut self, symbol: &str) -> Self {
        self.symbol = Some(symbol.to_owned());
        self
    }

    /// From how long before the window's last close. Default: from the window's start on.
    #[must_use]
    pub fn before(mut self, time: Duration) -> Self {
        self.before = Some(millis(time));
        self
    }

    /// Up to how long after the window's last close. Default: none after it.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.after = millis(time);
        self
    }

    choice_methods!(choice: latency);

    /// Asks.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target or the space names nothing or
    /// several things.
    pub fn run(self) -> Result<ContextAnswer> {
        let query = Query::Target(self.target.clone());
        let space = self.space.as_deref();
        self.view.placed(space, &query, |space, placed| {
            let Some(window) = placed.window else {
                return Err(Error::internal(format!("{} is no window", self.target)));
            };
            let symbol = self.symbol.clone();
            let symbol = symbol.unwrap_or_else(|| window.series.symbol.clone());
            let first = self.before.map(|distance| around(window.end, distance).0);
            let choice = HeadlineChoice {
                from: Some(first.unwrap_or(window.start)),
                until: Some(around(window.end, self.after).1),
                ..self.choice
            };
            let found = space.headlines_of(&symbol, &choice)?;
            let headlines = found.into_iter().map(|h| {
                let scored = h.passages.into_iter();
                let scored = scored.map(|p| (cosine(&p.vector, &placed.vector), p));
                // Of equal ones the first.
                let best = scored.reduce(|a, b| if b.0 > a.0 { b } else { a });
                let (score, passage) = best.unzip();
                ContextHeadline {
                    score,
                    headline: h.headline,
                    known: h.known,
                    expressiveness: passage.as_ref().and_then(|p| p.expressiveness),
                    passage: passage.and_then(|p| p.text),
                }
            });
            Ok(ContextAnswer {
                space: space.name(),
                headlines: headlines.collect(),
                symbol,
                window,
            })
        })
    }
}
