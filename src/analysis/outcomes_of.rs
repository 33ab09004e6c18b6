//! What happened after moments that the caller names.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::benchmark::{Benchmark, Net};
use super::followed::{Follow, HorizonOutcomes, check};
use crate::db::{Filter, NoStart, Started, View, WHICH_AND_WHEN, setters};
use crate::error::{Error, Result};
use crate::model::{Horizon, Interval, SeriesKey, Target, Timestamp, Window};

/// A question about what followed given moments, made by [`View::outcomes_of`].
#[derive(Clone, Debug)]
pub struct OutcomesOf {
    view: View,
    moments: Vec<Target>,
    horizons: Vec<Horizon>,
    space: Option<String>,
    filter: Filter,
    net_of: Option<Benchmark>,
    seed: u64,
    sample: usize,
}

/// The answer to [`View::outcomes_of`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MomentsAnswer {
    /// The space whose windows the base rate is of.
    pub space: String,
    /// The moments that are counted: of each the bars up to the first close at or after it, as many as a
    /// window of the space has, or as there are. What followed is counted from that close, which is the
    /// window's end.
    pub moments: Vec<Window>,
    /// When these moments were, in the same order.
    pub times: Vec<Timestamp>,
    /// The moments that are not counted, in the order asked, each with its reason.
    pub left_out: Vec<MomentLeftOut>,
    /// The interval of their bars.
    pub interval: Interval,
    /// What the outcomes are net of, if of anything.
    pub net_of: Option<Benchmark>,
    /// What happened after them, one for each horizon in the order asked for; `hits` are the moments.
    pub horizons: Vec<HorizonOutcomes>,
    /// How long it took.
    pub took: Duration,
}

/// A moment that is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MomentLeftOut {
    /// Its series.
    pub series: SeriesKey,
    /// When it was.
    pub time: Timestamp,
    /// Why it is not counted.
    pub why: NoStart,
}

impl View {
    /// Asks what happened after moments of the caller's own, like earnings or decisions of a central bank,
    /// within each of these horizons, and how that compares with what happened after all windows of the
    /// same series. A moment counts from the first close at or after it, the first price at which one who knew
    /// of it could have traded: what moved before is no outcome. A time that names a day alone is the
    /// first moment of that day. Moments around which no bars are stored, or after which none had closed,
    /// are left out and named, and so are those that start at the same close as one before them.
    /// Moments of one question have one interval.
    ///
    /// ```
    /// use rhymedb::{Database, Target};
    /// use rhymedb::query::Horizon;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let dates: Vec<Target> = ["NOVAUSDT:1h@2015-02-01", "NOVAUSDT:1h@2015-03-01"]
    ///     .iter()
    ///     .map(|date| date.parse())
    ///     .collect::<rhymedb::Result<_>>()?;
    /// let answer = db.now().outcomes_of(dates, &[Horizon::hours(24)]).run()?;
    /// let after = &answer.horizons[0];
    /// if let (Some(dates), Some(base)) = (&after.summary, &after.base) {
    ///     println!("{:+.2} % against {:+.2} %", 100.0 * dates.mean, 100.0 * base.mean);
    /// }
    /// assert_eq!(after.hits.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn outcomes_of(
        &self,
        moments: impl IntoIterator<Item = impl Into<Target>>,
        horizons: &[Horizon],
    ) -> OutcomesOf {
        OutcomesOf {
            view: self.clone(),
            moments: moments.into_iter().map(Into::into).collect(),
            horizons: horizons.to_vec(),
            space: None,
            filter: Filter::new(),
            net_of: None,
            seed: 0,
            sample: 1000,
        }
    }
}

impl OutcomesOf {
    /// The space whose windows the base rate is of. Default: `shape`, or the only one.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.space = Some(name.to_owned());
        self
    }

    setters! {
        /// Which windows of the moments' series the base rate is of. Default: all.
        fn filter(filter: Filter);

        /// The seed of the base rate's sample. Default: 0.
        fn seed(seed: u64);

        /// The least size of the base rate's sample. Default: 1,000. At most 100,000.
        fn sample(windows: usize);

        /// Measures what came after net of a benchmark: see [`Benchmark`]. The base rate and p are net of it too.
        /// Where the benchmark is not known, an outcome is missing. Default: none.
        fn net_of(benchmark: Benchmark) as Some;
    }

    /// Looks at what followed.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if a moment is of no or of several series; [`Error::Ambiguous`] if the moments have several intervals;
    /// [`Error::Invalid`] if there is no moment, or if a horizon or the sample is out of range.
    pub fn run(&self) -> Result<MomentsAnswer> {
        let start = Instant::now();
        check(&self.horizons, self.sample)?;
        self.filter.check()?;
        self.filter.only("a base rate", WHICH_AND_WHEN)?;
        let mut answer = self.view.past(self.space.as_deref(), |past| {
            let asked = self.started(past.window_bars() as usize)?;
            let interval = one_interval(&asked)?;
            let own: Vec<_> = asked.iter().filter_map(|m| past.id_of(&m.series)).collect();
            let (moments, times, left_out) = sorted_out(asked);
            let net = self.net_of.as_ref().map(|of| Net::new(past, of));
            let follow = Follow {
                past,
                rows: &past.rows(&self.filter)?.of(own),
                horizons: &self.horizons,
                frame: Some(interval),
                net: net.as_ref(),
                sample: (self.sample, self.seed),
            };
            let windows: Vec<&Window> = moments.iter().collect();
            let horizons = follow.after(&windows, &vec![None; moments.len()])?;
            Ok(MomentsAnswer {
                space: past.space().to_owned(),
                moments,
                times,
                left_out,
                interval,
                net_of: self.net_of.clone(),
                horizons,
                took: Duration::ZERO,
            })
        })?;
        answer.took = start.elapsed();
        Ok(answer)
    }

    /// Of each moment the bars up to the close from which it counts.
    fn started(&self, most: usize) -> Result<Vec<Started>> {
        let started = |moment: &Target| self.view.started(moment, most);
        self.moments.iter().map(started).collect()
    }
}

/// The windows and the times of the moments that count, and the others.
fn sorted_out(asked: Vec<Started>) -> (Vec<Window>, Vec<Timestamp>, Vec<MomentLeftOut>) {
    let (mut windows, mut times, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut starts = BTreeSet::new();
    for Started {
        series,
        time,
        window,
    } in asked
    {
        let fresh = window.and_then(|window| {
            let new = starts.insert((series.to_string(), window.end));
            if new {
                Ok(window)
            } else {
                Err(NoStart::Repeated)
            }
        });
        match fresh {
            Ok(window) => {
                windows.push(window);
                times.push(time);
            }
            Err(why) => left_out.push(MomentLeftOut { series, time, why }),
        }
    }
    (windows, times, left_out)
}

fn one_interval(moments: &[Started]) -> Result<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    for moment in moments {
        if !intervals.contains(&moment.series.interval) {
            intervals.push(moment.series.interval);
        }
    }
    match intervals.as_slice() {
        [one] => Ok(*one),
        [] => Err(Error::invalid("expected at least one moment, found none")),
        several => Err(Error::Ambiguous {
            what: "the interval of",
            name: "the moments (ask for those of one interval at a time)".to_owned(),
            choices: several.iter().map(ToString::to_string).collect(),
        }),
    }
}
