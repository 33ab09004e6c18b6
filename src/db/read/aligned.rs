//! A space in which charts and headlines stand side by side, as of a view: what the questions
//! about text are made of.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::named_symbols::has_begun;
use super::past::Past;
use super::query::Query;
use super::resolve::{encode_text, resolve, space_of, unit};
use super::row_filter::RowFilter;
use super::search::Search;
use super::spelled;
use crate::db::expressiveness::Expressiveness;
use crate::db::headline_hit::HeadlineHit;
use crate::db::headline_part::HeadlineScope;
use crate::db::view::View;
use crate::encode::{Bank, Weights};
use crate::error::{Error, Result};
use crate::index;
use crate::model::{Calendar, Headline, SeriesKey, Target, Timestamp, Window};
use crate::store::HeadlineReads;

/// Which headlines a question looks at.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadlineChoice {
    /// Milliseconds from publication until somebody can act on it.
    pub(crate) latency: i64,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    /// Those that were known at this time, latency included; `None` is the view's.
    pub(crate) known_by: Option<Timestamp>,
    /// Those that name one of these; empty is all.
    pub(crate) symbols: Vec<String>,
}

impl HeadlineChoice {
    pub(crate) fn check(&self) -> Result<()> {
        if self.latency < 0 {
            return Err(Error::invalid(format!(
                "expected a latency of at least 0 ms, found {}",
                self.latency
            )));
        }
        Timestamp::check_period(self.from, self.until)
    }

    fn published(&self) -> RangeInclusive<i64> {
        self.from.map_or(i64::MIN, Timestamp::millis)
            ..=self.until.map_or(i64::MAX, Timestamp::millis)
    }
}

/// A query with its vector at unit length.
pub(crate) struct Placed {
    pub(crate) vector: Vec<f32>,
    pub(crate) window: Option<Window>,
}

/// A headline with its vector, if it says anything.
pub(crate) struct PlacedHeadline {
    pub(crate) headline: Headline,
    /// When it was known, latency included.
    pub(crate) known: Timestamp,
    /// The vector of the whole text; of a long one the mean direction of its passages.
    pub(crate) vector: Option<Vec<f32>>,
    pub(crate) passages: Vec<PlacedPassage>,
}

/// What is stored of a headline: of its whole text, or of a passage.
pub(crate) struct PlacedPassage {
    /// The passage; `None` is the whole.
    pub(crate) text: Option<String>,
    pub(crate) vector: Vec<f32>,
    pub(crate) expressiveness: Option<Expressiveness>,
}

/// A space of charts and headlines in a view.
pub(crate) struct Aligned<'a> {
    /// Its charts.
    pub(crate) past: &'a Past<'a>,
    /// `None` where its vectors were imported.
    pub(in crate::db) weights: Option<&'a Weights>,
}

impl View {
    /// Looks something up in the space of that name, or in the one that questions with text go to
    /// and, if the queries name a prototype, in the prototype's. If one of the queries is a sentence, it
    /// has to be a space that reads text; else one of imported vectors will do.
    pub(crate) fn aligned<T>(
        &self,
        space: Option<&str>,
        queries: &[&Query],
        question: impl FnOnce(&Aligned<'_>) -> Result<T>,
    ) -> Result<T> {
        self.look(|snapshot| {
            let prototype = queries.iter().find(|q| q.first_prototype().is_some());
            let state = match (space, prototype) {
                (None, Some(query)) => space_of(snapshot, None, query)?,
                _ if queries.iter().any(|q| q.reads_text()) => snapshot.text_space(space)?,
                _ => snapshot.headline_space(space)?,
            };
            let state = snapshot.headline_space(Some(&state.space().name))?;
            let past = Past::new(self, snapshot, state)?;
            let weights = state.weights()?;
            question(&Aligned {
                past: &past,
                weights,
            })
        })
    }

    /// Looks something up as [`Self::aligned`] does, together with where the query is in the space.
    pub(crate) fn placed<T>(
        &self,
        space: Option<&str>,
        query: &Query,
        question: impl FnOnce(&Aligned<'_>, Placed) -> Result<T>,
    ) -> Result<T> {
        self.aligned(space, &[query], |space| {
            let placed = space.place(query)?;
            question(space, placed)
        })
    }
}

impl Aligned<'_> {
    /// The space's name.
    pub(crate) fn name(&self) -> String {
        self.past.state.space().name.clone()
    }

    /// By what cosines are divided to become log odds.
    pub(crate) fn temperature(&self) -> f64 {
        let temperature = self.weights.and_then(|w| w.config().temperature);
        temperature.map_or(1.0, f64::from)
    }

    pub(crate) fn bank(&self) -> Option<&Bank> {
        self.weights.and_then(Weights::bank)
    }

    /// Whether sentences have a vector here.
    pub(crate) fn reads_text(&self) -> bool {
        self.past.state.reads_text()
    }

    /// How much a sentence's vector says about charts, if the weights have a bank.
    pub(crate) fn expressiveness(&self, vector: &[f32]) -> Option<Expressiveness> {
        self.bank().map(|bank| Expressiveness::of(bank, vector))
    }

    /// The unit vector of a query, and its window if it has one.
    pub(crate) fn place(&self, query: &Query) -> Result<Placed> {
        let resolved = resolve(self.past.view, self.past.snapshot, self.past.state, query)?;
        Ok(Placed {
            vector: unit(&resolved.vector)?,
            window: resolved.window.map(|(_, window)| window),
        })
    }

    /// The unit vector of a sentence.
    pub(crate) fn text(&self, text: &str) -> Result<Vec<f32>> {
        encode_text(self.past.state, text)
    }

    /// The last moment at which a headline may have been published to be known in the view.
    fn known_to(&self, latency: i64) -> i64 {
        match self.past.view.as_of() {
            Some(t) => t.millis().saturating_sub(latency),
            None => i64::MAX,
        }
    }

    /// The same for a choice.
    fn known_in(&self, choice: &HeadlineChoice) -> i64 {
        let by = choice.known_by.map_or(i64::MAX, Timestamp::millis);
        let by = by.saturating_sub(choice.latency);
        self.known_to(choice.latency).min(by)
    }

    /// The `k` headlines of a choice that are nearest to a vector, best first, and how many were
    /// looked at.
    pub(crate) fn headlines_near(
        &self,
        vector: &[f32],
        k: usize,
        choice: &HeadlineChoice,
    ) -> Result<(Vec<HeadlineHit>, u64)> {
        let part = self.past.snapshot.headline_part(self.past.state)?;
        let scope = self.scope_of(choice)?;
        let query = index::Query::new(vector)?;
        let (found, searched) = part.nearest(&query, k, &scope)?;
        let mut hits = Vec::with_capacity(found.len());
        for scored in found {
            let rank = hits.len() + 1;
            let (latency, bank) = (choice.latency, self.bank());
            hits.push(part.hit(&self.past.snapshot.txn, rank, scored, (latency, bank))?);
        }
        Ok((hits, searched))
    }

    /// Which headlines a choice means in the view.
    pub(super) fn scope_of(&self, choice: &HeadlineChoice) -> Result<HeadlineScope> {
        let published = choice.published();
        let mut among = Vec::new();
        for symbol in &choice.symbols {
            let txn = &self.past.snapshot.txn;
            among.extend(txn.headline_ids_of(symbol, published.clone())?);
        }
        Ok(HeadlineScope {
            known_to: self.known_in(choice),
            published,
            among: (!choice.symbols.is_empty()).then_some(among),
        })
    }

    /// Those of some symbols that a headline of a choice names, whatever symbols it chooses.
    pub(crate) fn with_headlines(
        &self,
        symbols: &[String],
        choice: &HeadlineChoice,
    ) -> Result<Vec<String>> {
        let txn = &self.past.snapshot.txn;
        let known_to = self.known_in(choice);
        let mut named = Vec::new();
        for symbol in symbols {
            for id in txn.headline_ids_of(symbol, choice.published())? {
                if txn.headline(id)?.known_from().millis() <= known_to {
                    named.push(symbol.clone());
                    break;
                }
            }
        }
        Ok(named)
    }

    /// The symbols of a market's stored series of which the view knows a bar.
    pub(crate) fn symbols_of(&self, market: &str) -> Result<Vec<String>> {
        let Past { view, snapshot, .. } = *self.past;
        let mut symbols = BTreeSet::new();
        for (&id, record) in snapshot.series.iter() {
            let new = record.key.market == market && !symbols.contains(&record.key.symbol);
            if new && has_begun(view, snapshot, (id, record))? {
                symbols.insert(record.key.symbol.clone());
            }
        }
        Ok(symbols.into_iter().collect())
    }

    /// The vector of a headline that was found here, at unit length.
    pub(crate) fn stored_vector(&self, hit: &HeadlineHit) -> Result<Vec<f32>> {
        let state = self.past.state;
        let part = self.past.snapshot.headline_part(state)?;
        part.vector(hit.row)
    }

    /// The greatest cosine of a headline that was known at a time, latency included; `None` if none
    /// was.
    pub(crate) fn nearest_known(
        &self,
        vector: &[f32],
        (latency, time): (i64, i64),
    ) -> Result<Option<f64>> {
        let part = self.past.snapshot.headline_part(self.past.state)?;
        let scope = HeadlineScope {
            known_to: self.known_to(latency).min(time.saturating_sub(latency)),
            published: i64::MIN..=i64::MAX,
            among: None,
        };
        let (found, _) = part.nearest(&index::Query::new(vector)?, 1, &scope)?;
        Ok(found.first().map(|best| f64::from(best.score)))
    }

    /// The headlines of a choice, which names a symbol, that are known in the view, with their
    /// vectors; ascending by when they were known, then by text.
    pub(crate) fn headlines_of(
        &self,
        symbol: &str,
        choice: &HeadlineChoice,
    ) -> Result<Vec<PlacedHeadline>> {
        let part = self.past.snapshot.headline_part(self.past.state)?;
        let known_to = self.known_in(choice);
        let mut all = Vec::new();
        let txn = &self.past.snapshot.txn;
        for id in txn.headline_ids_of(symbol, choice.published())? {
            let headline = txn.headline(id)?;
            let known = headline.known_from().millis();
            if known > known_to {
                continue;
            }
            let rows = part.rows_of(id);
            let mut passages = Vec::with_capacity(rows.len());
            for row in rows.clone() {
                let entry = part.entry(row)?;
                passages.push(PlacedPassage {
                    text: entry.told(txn, &headline)?,
                    vector: part.vector(row)?,
                    expressiveness: entry.judged(self.bank()),
                });
            }
            all.push(PlacedHeadline {
                headline,
                known: Timestamp::from_millis(known.saturating_add(choice.latency)),
                vector: part.whole_vector(rows)?,
                passages,
            });
        }
        all.sort_by(|a, b| (a.known, &a.headline.text).cmp(&(b.known, &b.headline.text)));
        Ok(all)
    }

    /// The one series that a target may mean.
    pub(crate) fn series(&self, target: &Target) -> Result<(SeriesKey, Calendar)> {
        let (_, record) = spelled::series(self.past.view, self.past.snapshot, target)?;
        Ok((record.key.clone(), record.calendar))
    }

    /// The stored vectors of a series' windows that closed in a range of time and were known in the
    /// view, each with the window's end, ascending.
    pub(crate) fn history(
        &self,
        key: &SeriesKey,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<Vec<(Timestamp, Vec<f32>)>> {
        let Some((id, _)) = self.past.snapshot.id_of(key) else {
            return Ok(Vec::new());
        };
        let filter = RowFilter {
            series: Some(Arc::new([id].into())),
            first_end: from.map_or(i64::MIN, Timestamp::millis),
            last_end: self.past.view.clamp(to).millis(),
            windows: None,
        };
        let mut all = Search::new(self.past.view, self.past.state, &filter)?.vectors_of(id)?;
        all.sort_by_key(|(end, _)| *end);
        let timed = all.into_iter();
        Ok(timed
            .map(|(end, vector)| (Timestamp::from_millis(end), vector))
            .collect())
    }
}

impl Past<'_> {
    /// The space with its headlines, if it holds any.
    pub(crate) fn aligned(&self) -> Result<Option<Aligned<'_>>> {
        let weights = self.state.weights()?;
        let holds = self.snapshot.holds_headlines(self.state)?;
        Ok(holds.then_some(Aligned {
            past: self,
            weights,
        }))
    }
}
