//! What happened after the moments that a search found, and whether it differs from what happens
//! anyway.

use std::time::{Duration, Instant};

use super::counted::{Counted, LeftOut};
use super::drift::Drift;
use super::evidence::{Followed, NoPValue, p_value};
use super::outcome::{HitOutcome, bars_within, measure};
use super::summary::{BaseRate, Closed, LONGEST, OutcomeSummary};
use crate::db::{Filter, Hit, Past, Place, RowFilter, Similar, SimilarAnswer, within};
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Horizon, Interval};

/// The most horizons of one question.
const MOST_HORIZONS: usize = 16;

/// A search for similar windows that goes on to what happened after them, made by
/// [`Similar::outcomes`].
#[derive(Clone, Debug)]
pub struct Outcomes {
    similar: Similar,
    horizons: Vec<Horizon>,
    counted: Counted,
    seed: u64,
    sample: usize,
}

impl Similar {
    /// Goes on to what happened after each hit, for each of these horizons, and compares with the base
    /// rate: what happened after all windows that the filters pass. The hits are entries
    /// ([`Similar::entries`]), so what came after them had no part in their choice.
    ///
    /// Hits that overlap the question in time are the same moment, and hits of another interval are
    /// another time frame: both stay in the list and are not counted, and the base rate is of the same
    /// interval ([`Outcomes::same_moment`], [`Outcomes::other_intervals`]).
    ///
    /// ```
    /// use rhymedb::{Database, Horizon, SeriesBars, SyntheticConfig, SyntheticMarket, Target};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// for (key, calendar, bars) in SyntheticMarket::new(SyntheticConfig::small(1))?.series() {
    ///     db.ingest_bars(&[SeriesBars { key, calendar, bars }])?;
    /// }
    /// let target: Target = "NOVAUSDT:1h@2015-03-01".parse()?;
    /// let answer = db.at("2015-03-02".parse()?).similar(target).k(5).outcomes(&[Horizon::hours(24)]).run()?;
    /// let after = &answer.horizons[0];
    /// if let (Some(hits), Some(base)) = (&after.summary, &after.base) {
    ///     println!("{:+.2} % against {:+.2} %", 100.0 * hits.mean, 100.0 * base.mean);
    /// }
    /// assert_eq!(after.hits.len(), answer.similar.hits.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn outcomes<H: Copy + Into<Horizon>>(self, horizons: &[H]) -> Outcomes {
        Outcomes {
            similar: self,
            horizons: horizons.iter().map(|&h| h.into()).collect(),
            counted: Counted::default(),
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
    /// The interval that the summaries are of; `None` if they are of all.
    pub interval: Option<Interval>,
    /// Why a hit is not counted in the summaries, if it is not; one for each hit.
    pub left_out: Vec<Option<LeftOut>>,
    /// What happened after its hits, one for each horizon in the order asked for.
    pub horizons: Vec<HorizonOutcomes>,
    /// How long it took, the search included.
    pub took: Duration,
}

/// What happened within one horizon.
#[derive(Clone, Debug, PartialEq)]
pub struct HorizonOutcomes {
    /// The horizon.
    pub horizon: Horizon,
    /// One for each hit, in their order.
    pub hits: Vec<HitOutcome>,
    /// Of the hits that are counted and whose outcome had closed; `None` if there is none.
    pub summary: Option<OutcomeSummary>,
    /// Of the windows of the same interval that pass the search's filters, from a sample; `None` if no
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

impl Outcomes {
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

    /// Whether hits that overlap the question in time count too. Default: false: the same event on
    /// another chart is no further evidence.
    #[must_use]
    pub fn same_moment(mut self, counts: bool) -> Self {
        self.counted.same_moment = counts;
        self
    }

    /// Whether hits of other intervals than the question's count too, and the base rate is of all
    /// intervals. Default: false. A horizon in bars is then, for them, the time that so many bars of the
    /// question take.
    #[must_use]
    pub fn other_intervals(mut self, count: bool) -> Self {
        self.counted.other_intervals = count;
        self
    }

    /// Runs the search and looks at what followed.
    ///
    /// # Errors
    /// Those of [`Similar::run`]; [`Error::Invalid`] if there is no horizon, more than 16, or one
    /// that is not from 1 to 10,000 bars or a time; [`Error::Ambiguous`] if a horizon is in bars, the
    /// question has no interval, and the hits have several.
    pub fn run(&self) -> Result<OutcomeAnswer> {
        let start = Instant::now();
        if self.horizons.is_empty() || self.horizons.len() > MOST_HORIZONS {
            return Err(Error::invalid(format!(
                "expected 1 to {MOST_HORIZONS} horizons, found {}",
                self.horizons.len()
            )));
        }
        for horizon in &self.horizons {
            horizon.check(LONGEST)?;
        }
        within("a sample", self.sample, 100_000)?;
        // What a sentence narrows is narrowed for the base rate too.
        let narrow = self.similar.clone().narrow()?;
        let similar = narrow.clone().entries(true).run()?;
        let (view, _, filter, _) = narrow.scope();
        // A sentence or a prototype may have gone to another space than a chart does.
        let space = Some(similar.space.as_str());
        let frame = self.frame(&similar)?;
        let left_out: Vec<_> = similar
            .hits
            .iter()
            .map(|hit| self.counted.left_out(&similar, frame, hit))
            .collect();
        let horizons = view.past(space, |past| {
            self.after(past, filter, (&similar, frame, &left_out))
        })?;
        Ok(OutcomeAnswer {
            interval: frame.filter(|_| !self.counted.other_intervals),
            left_out,
            similar,
            horizons,
            took: start.elapsed(),
        })
    }

    /// The interval of the question; where it has none and a horizon is in bars, that of its hits.
    fn frame(&self, similar: &SimilarAnswer) -> Result<Option<Interval>> {
        if let Some(window) = &similar.query {
            return Ok(Some(window.series.interval));
        }
        if self.horizons.iter().all(|h| matches!(h, Horizon::Time(_))) {
            return Ok(None);
        }
        let mut intervals: Vec<Interval> = Vec::new();
        for hit in &similar.hits {
            let interval = hit.window.series.interval;
            if !intervals.contains(&interval) {
                intervals.push(interval);
            }
        }
        if intervals.len() < 2 {
            return Ok(intervals.pop());
        }
        intervals.sort_by_key(|i| i.nominal_millis());
        Err(Error::Ambiguous {
            what: "the interval of",
            name: "a horizon in bars (a time like 24h or 5d needs none)".to_owned(),
            choices: intervals.iter().map(ToString::to_string).collect(),
        })
    }

    fn after(
        &self,
        past: &Past<'_>,
        filter: &Filter,
        (similar, frame, left_out): (&SimilarAnswer, Option<Interval>, &[Option<LeftOut>]),
    ) -> Result<Vec<HorizonOutcomes>> {
        let rows = self.base(past, past.rows(filter)?, frame);
        let mut drift = Drift::new(past, &rows);
        let mut hits = Vec::with_capacity(similar.hits.len());
        for (hit, left_out) in similar.hits.iter().zip(left_out) {
            hits.push(self.moment(past, (hit, *left_out), frame, &mut drift)?);
        }
        let mut all = Vec::with_capacity(self.horizons.len());
        for &horizon in &self.horizons {
            let mut outcomes = Vec::with_capacity(hits.len());
            let (mut closed, mut followed) = (Vec::new(), Vec::new());
            for (hit, left_out) in hits.iter().zip(left_out) {
                let (key, calendar) = past.series(hit.place.series)?;
                let horizon = own(horizon, frame, key.interval);
                let kind = (key.interval, calendar);
                let (found, bars) = hit.outcome(past, kind, horizon);
                if let (Some(outcome), None) = (found.closed(), left_out) {
                    closed.push(Closed::new(key, hit.place.end, outcome));
                    followed.extend(hit.followed(key.interval, bars));
                }
                outcomes.push(found);
            }
            let own = |interval| own(horizon, frame, interval);
            let base = BaseRate::of(past, &rows, own, (self.sample, self.seed))?;
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

    /// A hit with its bars, as many as the longest horizon takes.
    fn moment(
        &self,
        past: &Past<'_>,
        (hit, left_out): (&Hit, Option<LeftOut>),
        frame: Option<Interval>,
        drift: &mut Drift<'_, '_>,
    ) -> Result<Moment> {
        let series = past
            .id_of(&hit.window.series)
            .ok_or_else(|| Error::Catalog(format!("{} is not stored", hit.window.series)))?;
        let end = hit.window.end.millis();
        let place = Place { end, series };
        let interval = hit.window.series.interval;
        let mut longest = Some(1);
        for &horizon in &self.horizons {
            let bars = own(horizon, frame, interval).bars_of(interval, LONGEST);
            longest = match bars {
                Ok(bars) => longest.map(|most| most.max(bars)),
                // What is not counted is no reason to refuse the question.
                Err(_) if left_out.is_some() => None,
                Err(error) => return Err(error),
            };
        }
        Ok(Moment {
            place,
            before: past.bars_until(place, past.window_bars() as usize)?,
            after: match longest {
                Some(longest) => past.bars_after(place, longest)?,
                None => None,
            },
            mean: drift.of(series)?,
        })
    }

    /// The windows of the base rate: those of the question's interval.
    fn base(&self, past: &Past<'_>, rows: RowFilter, frame: Option<Interval>) -> RowFilter {
        let Some(interval) = frame.filter(|_| !self.counted.other_intervals) else {
            return rows;
        };
        let mut all = past.all_series();
        if all.all(|(_, key)| key.interval == interval) {
            return rows;
        }
        let all = past.all_series();
        let same = all.filter(|(_, key)| key.interval == interval);
        rows.of(same.map(|(id, _)| id))
    }
}

/// What a horizon is for a series: bars are those of the question, and for another interval the time
/// that they take.
fn own(horizon: Horizon, frame: Option<Interval>, interval: Interval) -> Horizon {
    match (horizon, frame.filter(|f| *f != interval)) {
        (Horizon::Bars(n), Some(frame)) => {
            Horizon::Time(frame.nominal_millis().saturating_mul(i64::from(n)))
        }
        _ => horizon,
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
    /// What happened, and in how many bars.
    fn outcome(
        &self,
        past: &Past<'_>,
        kind: (Interval, Calendar),
        horizon: Horizon,
    ) -> (HitOutcome, usize) {
        let Some(bars) = &self.after else {
            return (HitOutcome::Missing, 0);
        };
        let n = bars_within(horizon, bars, kind);
        (measure(bars, kind, n, past.now()), n)
    }

    fn followed(&self, interval: Interval, horizon: usize) -> Option<Followed> {
        let after = self.after.as_ref()?;
        Followed::new(interval, &self.before, after, (horizon, self.mean))
    }
}
