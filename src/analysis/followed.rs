//! What happened after given moments, beside what happens anyway.

use super::benchmark::Net;
use super::counted::LeftOut;
use super::drift::Drift;
use super::evidence::{Followed, NoPValue, p_value};
use super::outcome::{HitOutcome, bars_within, measure};
use super::summary::{BaseRate, Closed, LONGEST, OutcomeSummary};
use crate::db::{Past, Place, RowFilter, within};
use crate::error::{Error, Result};
use crate::model::{Bars, Calendar, Horizon, Interval, Window};

/// The most horizons of one question.
const MOST_HORIZONS: usize = 16;

/// What happened within one horizon.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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

/// Checks the horizons and the size of the sample that a question asks for.
pub(super) fn check(horizons: &[Horizon], sample: usize) -> Result<()> {
    if horizons.is_empty() || horizons.len() > MOST_HORIZONS {
        return Err(Error::invalid(format!(
            "expected 1 to {MOST_HORIZONS} horizons, found {}",
            horizons.len()
        )));
    }
    for horizon in horizons {
        horizon.check(LONGEST)?;
    }
    within("a sample", sample, 100_000)
}

/// How moments are followed.
pub(super) struct Follow<'q, 'a> {
    pub(super) past: &'q Past<'a>,
    /// The windows of the base rate.
    pub(super) rows: &'q RowFilter,
    pub(super) horizons: &'q [Horizon],
    /// The interval that a horizon in bars is of.
    pub(super) frame: Option<Interval>,
    /// What the outcomes are net of.
    pub(super) net: Option<&'q Net<'q, 'a>>,
    /// The size and the seed of the base rate's sample.
    pub(super) sample: (usize, u64),
}

impl Follow<'_, '_> {
    /// One for each horizon. Moments that are left out have outcomes too, and do not count.
    pub(super) fn after(
        &self,
        windows: &[&Window],
        left_out: &[Option<LeftOut>],
    ) -> Result<Vec<HorizonOutcomes>> {
        let mut drift = Drift::new(self.past, self.rows, self.net);
        let mut moments = Vec::with_capacity(windows.len());
        for (window, left_out) in windows.iter().zip(left_out) {
            moments.push(self.moment(window, left_out.is_some(), &mut drift)?);
        }
        let within = |&horizon| self.within(horizon, &moments, left_out);
        self.horizons.iter().map(within).collect()
    }

    fn within(
        &self,
        horizon: Horizon,
        moments: &[Moment],
        left_out: &[Option<LeftOut>],
    ) -> Result<HorizonOutcomes> {
        let mut outcomes = Vec::with_capacity(moments.len());
        let (mut closed, mut followed) = (Vec::new(), Vec::new());
        for (moment, left_out) in moments.iter().zip(left_out) {
            let (key, calendar) = self.past.series(moment.place.series)?;
            let horizon = own(horizon, self.frame, key.interval);
            let kind = (key.interval, calendar);
            let (found, bars) = moment.outcome(self.past, kind, horizon);
            if let (Some(outcome), None) = (found.closed(), left_out) {
                closed.push(Closed::new(key, moment.place.end, outcome));
                followed.extend(moment.followed(key.interval, bars));
            }
            outcomes.push(found);
        }
        let own = |interval| own(horizon, self.frame, interval);
        let base = BaseRate::of((self.past, self.net), self.rows, own, self.sample)?;
        Ok(HorizonOutcomes {
            horizon,
            hits: outcomes,
            p_value: p_value(&followed),
            summary: OutcomeSummary::of(&closed),
            base: OutcomeSummary::of(&base.closed),
            base_windows: base.windows,
        })
    }

    /// A moment with its bars, as many as the longest horizon takes.
    fn moment(&self, window: &Window, left_out: bool, drift: &mut Drift<'_, '_>) -> Result<Moment> {
        let past = self.past;
        let series = past
            .id_of(&window.series)
            .ok_or_else(|| Error::Catalog(format!("{} is not stored", window.series)))?;
        let end = window.end.millis();
        let place = Place { end, series };
        let interval = window.series.interval;
        let mut longest = Some(1);
        for &horizon in self.horizons {
            let bars = own(horizon, self.frame, interval).bars_of(interval, LONGEST);
            longest = match bars {
                Ok(bars) => longest.map(|most| most.max(bars)),
                // What is not counted is no reason to refuse the question.
                Err(_) if left_out => None,
                Err(error) => return Err(error),
            };
        }
        Ok(Moment {
            place,
            before: {
                let before = past.bars_until(place, past.window_bars() as usize)?;
                net_of(self.net, series, before)?.unwrap_or_default()
            },
            after: match longest {
                Some(longest) => {
                    let after = past.bars_after(place, longest)?;
                    match after {
                        Some(after) => net_of(self.net, series, after)?,
                        None => None,
                    }
                }
                None => None,
            },
            mean: drift.of(series)?,
        })
    }
}

/// Bars net of a benchmark, if there is one; `None` where it is not known.
pub(super) fn net_of(net: Option<&Net<'_, '_>>, series: u32, bars: Bars) -> Result<Option<Bars>> {
    match net {
        Some(net) => net.bars(series, &bars, false),
        None => Ok(Some(bars)),
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
