//! What happened after the moments that a search found, and whether it differs from what happens
//! anyway.

use std::time::{Duration, Instant};

use super::benchmark::{Benchmark, Net};
use super::counted::{Counted, LeftOut};
use super::followed::{Follow, HorizonOutcomes, check};
use crate::db::{Past, RowFilter, Similar, SimilarAnswer, setters};
use crate::error::{Error, Result};
use crate::model::{Horizon, Interval};

/// A search for similar windows that goes on to what happened after them, made by
/// [`Similar::outcomes`].
#[derive(Clone, Debug)]
pub struct Outcomes {
    similar: Similar,
    horizons: Vec<Horizon>,
    counted: Counted,
    net_of: Option<Benchmark>,
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
    /// use rhymedb::{Database, Target};
    /// use rhymedb::query::Horizon;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
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
            net_of: None,
            seed: 0,
            sample: 1000,
        }
    }
}

/// What happened after the hits of a search.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OutcomeAnswer {
    /// The search.
    pub similar: SimilarAnswer,
    /// The interval that the summaries are of; `None` if they are of all.
    pub interval: Option<Interval>,
    /// What the outcomes are net of, if of anything.
    pub net_of: Option<Benchmark>,
    /// Why a hit is not counted in the summaries, if it is not; one for each hit.
    pub left_out: Vec<Option<LeftOut>>,
    /// What happened after its hits, one for each horizon in the order asked for.
    pub horizons: Vec<HorizonOutcomes>,
    /// How long it took, the search included.
    pub took: Duration,
}

impl Outcomes {
    setters! {
        /// The seed of the base rate's sample. Default: 0.
        fn seed(seed: u64);

        /// The least size of the base rate's sample. Default: 1,000; the sample is seldom twice as
        /// large, and holds all windows if there are fewer. At most 100,000.
        fn sample(windows: usize);
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

    setters! {
        /// Measures what came after net of a benchmark: see [`Benchmark`]. The base rate and p are net of it too.
        /// Where the benchmark is not known, an outcome is missing. Default: none.
        fn net_of(benchmark: Benchmark) as Some;
    }

    /// Runs the search and looks at what followed.
    ///
    /// # Errors
    /// Those of [`Similar::run`]; [`Error::Invalid`] if there is no horizon, more than 16, or one
    /// that is not from 1 to 10,000 bars or a time; [`Error::Ambiguous`] if a horizon is in bars, the
    /// question has no interval, and the hits have several.
    pub fn run(&self) -> Result<OutcomeAnswer> {
        let start = Instant::now();
        check(&self.horizons, self.sample)?;
        // What a sentence narrows is narrowed for the base rate too.
        let narrow = self.similar.clone().narrow()?;
        let similar = narrow.clone().entries(true).run()?;
        let scope = narrow.scope();
        let (view, filter) = (scope.view, scope.windows);
        // A sentence or a prototype may have gone to another space than a chart does.
        let space = Some(similar.space.as_str());
        let frame = self.frame(&similar)?;
        let left_out: Vec<_> = similar
            .hits
            .iter()
            .map(|hit| self.counted.left_out(&similar, frame, hit))
            .collect();
        let moments: Vec<_> = similar.hits.iter().map(|hit| &hit.window).collect();
        let horizons = view.past(space, |past| {
            let net = self.net_of.as_ref().map(|of| Net::new(past, of));
            let follow = Follow {
                past,
                rows: &self.base(past, past.rows(filter)?, frame),
                horizons: &self.horizons,
                frame,
                net: net.as_ref(),
                sample: (self.sample, self.seed),
            };
            follow.after(&moments, &left_out)
        })?;
        Ok(OutcomeAnswer {
            interval: frame.filter(|_| !self.counted.other_intervals),
            net_of: self.net_of.clone(),
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
