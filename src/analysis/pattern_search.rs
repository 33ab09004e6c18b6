//! Windows that end with a chart pattern.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rayon::prelude::*;

use super::numbers::logs;
use super::patterns;
use crate::db::{
    Candidate, DEFAULT_EF, Distinct, Filter, Hit, LeastMove, Past, Place, RowFilter, Searched,
    SimilarAnswer, Spread, TagsLeftOut, Taken, UsedUp, View, setters, spread_methods, within,
};
use crate::error::{Error, Result};

/// The most windows that one drawing may bring.
const MOST: usize = 2048;

/// A search for windows that end with a pattern, made by [`View::pattern`].
#[derive(Clone, Debug)]
pub struct PatternSearch {
    view: View,
    name: String,
    k: usize,
    space: Option<String>,
    pub(super) filter: Filter,
    pub(super) spread: Spread,
    exclusion: Option<u32>,
    ef: usize,
    exact: bool,
}

/// The answer to [`View::pattern`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PatternAnswer {
    /// The pattern's name.
    pub pattern: String,
    /// The windows that end with it, distinct episodes, the likest first. A score is the likeness to
    /// the nearest drawing, as in [`crate::query::LabelScore::score`]. There are fewer than asked for if no
    /// other window that was found is more probably this pattern than any other and than none.
    pub found: SimilarAnswer,
    /// The bars at the end of each hit's window that look like the pattern; they may begin before it.
    pub bars: Vec<usize>,
}

impl View {
    /// Asks for the windows that end with a pattern of the built-in set `patterns`. Its drawings, at
    /// several lengths, are searched for in a space of the encoder `shape`; what is found is compared
    /// with all drawings on the stored bars.
    ///
    /// ```
    /// # use rhymedb::Database;
    /// # use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # db.ingest_bars(&market.series())?;
    /// let answer = db.now().pattern("double top").k(3).run()?;
    /// for hit in &answer.found.hits {
    ///     println!("{:.2} {}", hit.score, hit.window);
    /// }
    /// assert!(db.now().pattern("wedge").run().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pattern(&self, name: impl Into<String>) -> PatternSearch {
        PatternSearch {
            view: self.clone(),
            name: name.into(),
            k: 10,
            space: None,
            filter: Filter::default(),
            spread: Spread::default(),
            exclusion: None,
            ef: DEFAULT_EF,
            exact: false,
        }
    }
}

impl PatternSearch {
    setters! {
        /// How many episodes to find. Default: 10. At most 10,000.
        fn k(k: usize);
    }

    /// The space of the encoder `shape` to search. Default: `shape`, or another of that encoder.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    spread_methods!(spread);

    setters! {
        /// Only windows that pass a filter; it replaces the one before. Default: any.
        fn filter(filter: crate::db::Filter);

        /// The least distance in bars between two answers of one market and symbol. Default: a quarter of
        /// the window, rounded up. 0 switches it off.
        fn exclusion(bars: u32) as Some;

        /// The breadth of the search in a graph, and how many windows each drawing brings at first.
        /// Default: 128. At most 100,000.
        fn ef(ef: usize);

        /// Scores every window instead of searching the graph.
        fn exact(exact: bool);
    }

    /// The space that drawings are searched in.
    fn drawn_space(&self) -> Result<String> {
        let space = self.view.drawn_space(self.space.as_deref())?;
        space.ok_or_else(|| Error::NotFound {
            what: "space",
            name: "of the encoder shape".to_owned(),
            hint_text: "make one with `rhyme embed --space shape --encoder shape`".to_owned(),
        })
    }

    /// Runs the search.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no pattern of that name, no space of the encoder `shape` or
    /// nothing of what a filter names; [`Error::Invalid`] if an option is out of range or the space is of
    /// another encoder.
    pub fn run(&self) -> Result<PatternAnswer> {
        let start = Instant::now();
        within("k", self.k, 10_000)?;
        within("ef", self.ef, 100_000)?;
        self.spread.check(self.k)?;
        let pattern = patterns::named(&self.name)?;
        let space = self.drawn_space()?;
        self.view.past(Some(&space), |past| {
            let rows = past.rows(&self.filter)?;
            let mut drawings = Vec::new();
            for path in patterns::paths(pattern, past.window_bars() as usize) {
                drawings.push(past.path(path)?);
            }
            let mut seen = Seen::default();
            let (taken, plan) = self.likest(past, &rows, (&drawings, pattern), &mut seen)?;
            let spread = (self.spread, self.k);
            let (best, full) = past.diverse(&rows, taken, spread)?;
            let (mut hits, mut bars) = (Vec::new(), Vec::new());
            for candidate in &best {
                hits.push(Hit {
                    rank: hits.len() + 1,
                    score: candidate.score,
                    refined: None,
                    window: past.window(candidate.into())?,
                });
                bars.push(seen.bars(candidate));
            }
            Ok(PatternAnswer {
                pattern: patterns::name(pattern).to_owned(),
                found: SimilarAnswer {
                    space: space.clone(),
                    query: None,
                    query_bars: None,
                    open_bar: None,
                    weekdays_before_open: 0,
                    tags_left_out: TagsLeftOut::default(),
                    window_bars: past.window_bars(),
                    exclusion: self.zone(past),
                    entries: false,
                    large_moves: None,
                    quota_reached: full && best.len() < self.k,
                    narrowed_to: Vec::new(),
                    hits,
                    searched: Searched {
                        windows: past.count(&rows),
                        plan,
                    },
                    // Drawings are compared as they are: nothing was trained.
                    trained_until: None,
                    took: start.elapsed(),
                },
                bars,
            })
        })
    }
}

impl PatternSearch {
    /// The likest windows that the quotas allow, or the pool of a diverse choice; and how they were looked
    /// for. Widens the search until there are enough.
    fn likest(
        &self,
        past: &Past<'_>,
        rows: &RowFilter,
        (drawings, pattern): (&[Vec<f32>], usize),
        seen: &mut Seen,
    ) -> Result<(Taken, &'static str)> {
        let (k, per) = self.spread.pool(self.k);
        let wanted = Distinct {
            k,
            exclusion: self.zone(past),
            per,
        };
        let mut limit = self.ef.max(k.saturating_mul(2)).min(MOST);
        let mut used_up = UsedUp::default();
        loop {
            let (mut more, mut plan) = (false, "");
            for drawing in drawings {
                let found = past.nearest((rows, &used_up), drawing, limit, self.exact)?;
                more |= found.more;
                plan = found.plan;
                seen.compare(past, pattern, &found.candidates)?;
            }
            let likest = far_enough(past, seen.likest(), self.filter.min_move)?;
            let taken = past.distinct(&likest, wanted)?;
            more |= !used_up.is_within(&taken.used_up);
            if taken.episodes.len() >= k || !more || limit >= MOST {
                return Ok((taken, plan));
            }
            used_up = taken.used_up;
            limit = limit.saturating_mul(4).min(MOST);
        }
    }

    fn zone(&self, past: &Past<'_>) -> u32 {
        self.exclusion
            .unwrap_or_else(|| past.window_bars().div_ceil(4))
    }
}

/// Those of the candidates that moved far enough, in their order.
fn far_enough(
    past: &Past<'_>,
    candidates: Vec<Candidate>,
    least: Option<LeastMove>,
) -> Result<Vec<Candidate>> {
    let places: Vec<Place> = candidates.iter().map(Place::from).collect();
    let passing: BTreeSet<Place> = past.moving(&places, least)?.into_iter().collect();
    let passes = |c: &Candidate| passing.contains(&c.into());
    Ok(candidates.into_iter().filter(passes).collect())
}

/// Windows that were compared with all drawings: the nearest of the wanted pattern, if it is the most
/// probable.
#[derive(Default)]
struct Seen(BTreeMap<Place, Option<patterns::Fit>>);

impl Seen {
    fn compare(&mut self, past: &Past<'_>, pattern: usize, candidates: &[Candidate]) -> Result<()> {
        let fresh = candidates.iter().map(Place::from);
        let fresh: Vec<Place> = fresh.filter(|p| !self.0.contains_key(p)).collect();
        let lengths = (patterns::SHORTEST, patterns::LONGEST);
        let mut paths = Vec::with_capacity(fresh.len());
        for place in &fresh {
            paths.push(past.bars_before(*place, lengths)?);
        }
        let fit = |bars: Option<crate::model::Bars>| {
            let fits = patterns::fits(&logs(&bars?.close))?;
            let (odds, none) = patterns::odds(&fits);
            let own = *odds.get(pattern)?;
            let best = own > none && odds.iter().all(|&p| p <= own);
            fits.get(pattern).copied().filter(|_| best)
        };
        let found: Vec<_> = paths.into_par_iter().map(fit).collect();
        self.0.extend(fresh.into_iter().zip(found));
        Ok(())
    }

    /// Those that are the pattern, the likest first; of equal ones the earlier.
    fn likest(&self) -> Vec<Candidate> {
        let candidate = |(place, fit): (&Place, &Option<patterns::Fit>)| {
            fit.map(|fit| Candidate {
                series: place.series,
                end: place.end,
                score: fit.similarity as f32,
            })
        };
        let mut likest: Vec<Candidate> = self.0.iter().filter_map(candidate).collect();
        likest.sort_by(|a, b| b.score.total_cmp(&a.score));
        likest
    }

    fn bars(&self, candidate: &Candidate) -> usize {
        let fit = self.0.get(&candidate.into()).copied().flatten();
        fit.map_or(0, |fit| fit.bars)
    }
}
