//! What happened after the moments that a search found, and whether it differs from what happens
//! anyway.

use std::time::{Duration, Instant};

use super::drift::Drift;
use super::evidence::{Followed, NoPValue, p_value};
use super::outcome::{HitOutcome, measure};
use super::summary::{BaseRate, Closed, LONGEST, OutcomeSummary};
use crate::db::{Filter, Past, Place, Similar, SimilarAnswer, within};
use crate::error::{Error, Result};
use crate::model::{Bars, Interval};

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
    /// filters pass. The hits are entries ([`Similar::entries`]), so what came after them had no part in
    /// their choice.
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
    /// How likely hits after which nothing is different would move at least so far, in units of the
    /// volatility before each: every bar after a hit less the mean of its own series over the period
    /// asked, divided by the volatility of the hit's window, where bars of one time count as one. No
    /// draws, so no seed moves it. Or why it cannot be said.
    pub p_value: Result<f64, NoPValue>,
}

impl Outcomes<'_> {
    /// The seed of the base rate's sample. Default: 0.
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
        let similar = self.similar.clone().entries(true).run()?;
        let (view, _, filter, _) = self.similar.scope();
        // A sentence or a prototype may have gone to another space than a chart does.
        let space = Some(similar.space.as_str());
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
        let rows = past.rows(filter)?;
        let mut drift = Drift::new(past, &rows);
        let mut hits = Vec::with_capacity(similar.hits.len());
        for hit in &similar.hits {
            let series = past
                .id_of(&hit.window.series)
                .ok_or_else(|| Error::internal(format!("{} is not stored", hit.window.series)))?;
            let end = hit.window.end.millis();
            let place = Place { end, series };
            hits.push(Moment {
                place,
                before: past.bars_until(place, similar.window_bars as usize)?,
                after: past.bars_after(place, longest)?,
                mean: drift.of(series)?,
            });
        }
        let mut all = Vec::with_capacity(self.horizons.len());
        for &horizon in &self.horizons {
            let mut outcomes = Vec::with_capacity(hits.len());
            let (mut closed, mut followed) = (Vec::new(), Vec::new());
            for hit in &hits {
                let (key, _) = past.series(hit.place.series)?;
                let found = hit.outcome(past, horizon as usize)?;
                if let Some(outcome) = found.closed() {
                    closed.push(Closed::new(key, hit.place.end, outcome));
                    followed.extend(hit.followed(key.interval, horizon as usize));
                }
                outcomes.push(found);
            }
            let base = BaseRate::of(past, &rows, horizon, (self.sample, self.seed))?;
            all.push(HorizonOutcomes {
                horizon,
                hits: outcomes,
                p_value: p_value(&followed),
                summary: OutcomeSummary::of(&closed),
                base: OutcomeSummary::of(&base.closed),
                base_windows: base.windows,
            });
        }
        Ok(all)
    }
}

/// A hit with its bars.
struct Moment {
    place: Place,
    before: Bars,
    /// The last bar of the window and those after it.
    after: Option<Bars>,
    /// The mean return a bar of its series.
    mean: f64,
}

impl Moment {
    fn outcome(&self, past: &Past<'_>, horizon: usize) -> Result<HitOutcome> {
        let (key, calendar) = past.series(self.place.series)?;
        let kind = (key.interval, calendar);
        let after = self.after.as_ref();
        Ok(after.map_or(HitOutcome::Missing, |bars| {
            measure(bars, kind, horizon, past.now())
        }))
    }

    fn followed(&self, interval: Interval, horizon: usize) -> Option<Followed> {
        let after = self.after.as_ref()?;
        Followed::new(interval, &self.before, after, (horizon, self.mean))
    }
}
