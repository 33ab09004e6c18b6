//! What happened after the moments that a search found, and whether it differs from what happens
//! anyway.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::bootstrap::{Point, p_value};
use super::numbers::{Span, effective_size, mean, quantile};
use super::outcome::{HitOutcome, Outcome, measure, outcome_of};
use crate::db::{Filter, Past, Place, Similar, SimilarAnswer, within};
use crate::error::{Error, Result};

/// The longest horizon in bars.
const LONGEST: usize = 10_000;
/// The most horizons of one question.
const MOST_HORIZONS: usize = 16;

/// A search for similar windows that goes on to what happened after them, made by
/// [`Similar::outcomes`].
#[derive(Clone, Debug)]
pub struct Outcomes<'a> {
    similar: Similar<'a>,
    horizons: Vec<u32>,
    seed: u64,
    sample: usize,
}

impl<'a> Similar<'a> {
    /// Goes on to what happened in the bars after each hit, for each of these horizons in bars of
    /// the hit's series, and compares with the base rate: what happened after all windows that the
    /// filters pass.
    ///
    /// ```
    /// use rhymedb::{Database, SeriesBars, SyntheticConfig, SyntheticMarket, Target};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// for (key, calendar, bars) in SyntheticMarket::new(SyntheticConfig::small(1))?.series() {
    ///     db.ingest_bars(&[SeriesBars { key, calendar, bars }])?;
    /// }
    /// let target: Target = "NOVAUSDT:1h@2015-03-01".parse()?;
    /// let answer = db.at("2015-03-02".parse()?).similar(target).k(5).outcomes(&[24]).run()?;
    /// let after = &answer.horizons[0];
    /// if let (Some(hits), Some(base)) = (&after.summary, &after.base) {
    ///     println!("{:+.2} % against {:+.2} %", 100.0 * hits.mean, 100.0 * base.mean);
    /// }
    /// assert_eq!(after.hits.len(), answer.similar.hits.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn outcomes(self, horizons: &[u32]) -> Outcomes<'a> {
        Outcomes {
            similar: self,
            horizons: horizons.to_vec(),
            seed: 0,
            sample: 1000,
        }
    }
}

/// What happened after the hits of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeAnswer {
    /// The search.
    pub similar: SimilarAnswer,
    /// What happened after its hits, one for each horizon in the order asked for.
    pub horizons: Vec<HorizonOutcomes>,
    /// How long it took, the search included.
    pub took: Duration,
}

/// What happened within one horizon.
#[derive(Clone, Debug, PartialEq)]
pub struct HorizonOutcomes {
    /// The horizon in bars.
    pub horizon: u32,
    /// One for each hit, in their order.
    pub hits: Vec<HitOutcome>,
    /// Of the hits whose outcome had closed; `None` if there is none.
    pub summary: Option<OutcomeSummary>,
    /// Of the windows that pass the search's filters, from a sample of them; `None` if no
    /// outcome of it had closed.
    pub base: Option<OutcomeSummary>,
    /// The windows that the base rate stands for.
    pub base_windows: u64,
    /// How likely hits of the base rate alone would have a mean change at least as far from it:
    /// the p-value of a block bootstrap of 999 draws. Each run of hits whose
    /// outcomes overlap in one market is drawn as one run of windows of the base rate, so that
    /// ten hits of one crash do not count as ten. `None` without hits or base rate.
    pub p_value: Option<f64>,
}

/// A summary of outcomes. Changes and excursions are simple returns.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeSummary {
    /// Outcomes that had closed.
    pub n: usize,
    /// How many outcomes without overlap say as much: the sum of the average uniqueness of their
    /// spans (López de Prado 2018, section 4.4), where outcomes of one market at one time count
    /// as overlapping.
    pub effective_n: f64,
    /// The mean change.
    pub mean: f64,
    /// The changes below which lie 5, 25, 50, 75 and 95 % of all.
    pub quantiles: [f64; 5],
    /// The share of changes above 0.
    pub hit_rate: f64,
    /// The mean best excursion.
    pub best: f64,
    /// The mean worst excursion.
    pub worst: f64,
    /// The mean volatility: root mean square log return of a bar.
    pub volatility: f64,
}

/// An outcome that had closed, with its place in time.
struct Closed {
    span: Span,
    outcome: Outcome,
}

impl Outcomes<'_> {
    /// The seed of the base rate's sample and of the bootstrap. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The least size of the base rate's sample. Default: 1,000; the sample is seldom twice as
    /// large, and holds all windows if there are fewer. At most 100,000.
    #[must_use]
    pub fn sample(mut self, windows: usize) -> Self {
        self.sample = windows;
        self
    }

    /// Runs the search and looks at what followed.
    ///
    /// # Errors
    /// Those of [`Similar::run`]; [`Error::Invalid`] if there is no horizon, more than 16, or one
    /// that is not from 1 to 10,000.
    pub fn run(&self) -> Result<OutcomeAnswer> {
        let start = Instant::now();
        if self.horizons.is_empty() || self.horizons.len() > MOST_HORIZONS {
            return Err(Error::invalid(format!(
                "expected 1 to {MOST_HORIZONS} horizons, found {}",
                self.horizons.len()
            )));
        }
        for &horizon in &self.horizons {
            within("a horizon in bars", horizon as usize, LONGEST)?;
        }
        within("a sample", self.sample, 100_000)?;
        let similar = self.similar.run()?;
        let (view, space, filter, _) = self.similar.scope();
        let horizons = view.past(space, |past| self.after(past, filter, &similar))?;
        Ok(OutcomeAnswer {
            similar,
            horizons,
            took: start.elapsed(),
        })
    }

    fn after(
        &self,
        past: &Past<'_>,
        filter: &Filter,
        similar: &SimilarAnswer,
    ) -> Result<Vec<HorizonOutcomes>> {
        let longest = self.horizons.iter().max().copied().unwrap_or(1) as usize;
        let groups = market_groups(past)?;
        let mut hits = Vec::with_capacity(similar.hits.len());
        for hit in &similar.hits {
            let series = past
                .id_of(&hit.window.series)
                .ok_or_else(|| Error::Catalog(format!("{} is not stored", hit.window.series)))?;
            let end = hit.window.end.millis();
            let place = Place { end, series };
            let group = groups.get(&series).copied().unwrap_or_default();
            hits.push((place, group, past.bars_after(place, longest)?));
        }
        let mut all = Vec::with_capacity(self.horizons.len());
        for &horizon in &self.horizons {
            let mut outcomes = Vec::with_capacity(hits.len());
            let mut closed = Vec::with_capacity(hits.len());
            for (place, group, bars) in &hits {
                let (key, calendar) = past.series(place.series)?;
                let found = bars.as_ref().map_or(HitOutcome::Missing, |bars| {
                    let kind = (key.interval, calendar);
                    measure(bars, kind, horizon as usize, past.now())
                });
                closed.extend(found.closed().map(|o| closed_at(*place, *group, o)));
                outcomes.push(found);
            }
            let (base, base_windows) = self.base(past, filter, horizon, &groups)?;
            all.push(HorizonOutcomes {
                horizon,
                hits: outcomes,
                p_value: p_value(&points(&closed), &points(&base), self.seed),
                summary: summary(&closed),
                base: summary(&base),
                base_windows,
            });
        }
        Ok(all)
    }

    /// The outcomes of a sample of the windows that pass, as far as they had closed.
    fn base(
        &self,
        past: &Past<'_>,
        filter: &Filter,
        horizon: u32,
        groups: &BTreeMap<u32, usize>,
    ) -> Result<(Vec<Closed>, u64)> {
        let rows = past.rows(filter)?;
        let sample = past.sample(&rows, self.sample, self.seed)?;
        let (table, range, key) = sample.table();
        // Of every window of the table, also of those that were not known: what is kept must not
        // depend on the time of the view. Below, only what had closed is taken.
        let [stride, seed, first, last] = key;
        let numbers = [stride, seed, first, last, u64::from(horizon)];
        let key = past.key(&rows, &numbers);
        let known = past
            .memo()
            .get(key, || outcomes_of(past, table, horizon as usize))?;
        let places = table.get(range.clone()).unwrap_or_default();
        let outcomes = known.0.get(range).unwrap_or_default();
        let now = past.now();
        let closed = places.iter().zip(outcomes).filter_map(|(&place, outcome)| {
            let outcome = outcome.as_ref().filter(|o| o.closed.millis() <= now)?;
            let group = groups.get(&place.series).copied().unwrap_or_default();
            Some(closed_at(place, group, outcome))
        });
        Ok((closed.collect(), sample.windows))
    }
}

/// The outcomes of a table of windows, as far as the stored bars go.
struct TableOutcomes(Vec<Option<Outcome>>);

fn outcomes_of(past: &Past<'_>, table: &[Place], horizon: usize) -> Result<TableOutcomes> {
    // Series by series, so that each block of bars is decoded once.
    let mut order: Vec<usize> = (0..table.len()).collect();
    order.sort_by_key(|&i| table.get(i).map(|p| (p.series, p.end)));
    let mut outcomes = vec![None; table.len()];
    for i in order {
        if let (Some(&place), Some(slot)) = (table.get(i), outcomes.get_mut(i)) {
            *slot = outcome_of(past, place, horizon, i64::MAX)?
                .closed()
                .copied();
        }
    }
    Ok(TableOutcomes(outcomes))
}

/// A number for the market of each series.
fn market_groups(past: &Past<'_>) -> Result<std::sync::Arc<BTreeMap<u32, usize>>> {
    past.memo().get(Vec::new(), || {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut groups = BTreeMap::new();
        for (id, key) in past.all_series() {
            let next = numbers.len();
            groups.insert(id, *numbers.entry(&key.market).or_insert(next));
        }
        Ok(groups)
    })
}

fn closed_at(place: Place, group: usize, outcome: &Outcome) -> Closed {
    Closed {
        span: Span {
            group,
            from: place.end,
            to: outcome.closed.millis(),
        },
        outcome: *outcome,
    }
}

fn points(closed: &[Closed]) -> Vec<Point> {
    let point = |c: &Closed| Point {
        span: c.span,
        value: c.outcome.change,
    };
    closed.iter().map(point).collect()
}

fn summary(closed: &[Closed]) -> Option<OutcomeSummary> {
    if closed.is_empty() {
        return None;
    }
    let of = |part: fn(&Outcome) -> f64| mean(closed.iter().map(|c| part(&c.outcome)));
    let mut changes: Vec<f64> = closed.iter().map(|c| c.outcome.change).collect();
    changes.sort_unstable_by(f64::total_cmp);
    let rises = changes.iter().filter(|&&c| c > 0.0).count();
    let spans: Vec<Span> = closed.iter().map(|c| c.span).collect();
    Some(OutcomeSummary {
        n: closed.len(),
        effective_n: effective_size(&spans),
        mean: of(|o| o.change),
        quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map(|q| quantile(&changes, q)),
        hit_rate: rises as f64 / closed.len() as f64,
        best: of(|o| o.best),
        worst: of(|o| o.worst),
        volatility: of(|o| o.volatility),
    })
}
