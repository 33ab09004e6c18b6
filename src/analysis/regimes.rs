//! The labels of a series over time.

use super::classify::{Judge, Options, shared_options};
use super::labels::LabelSet;
use crate::db::{View, within};
use crate::error::Result;
use crate::model::{SeriesKey, Target, Timestamp};

/// The most windows that may confirm a label.
const MOST_CONFIRM: usize = 10_000;

/// A question for labels over time, made by [`View::regimes`].
#[derive(Clone, Debug)]
pub struct Regimes<'a> {
    view: &'a View,
    series: Target,
    options: Options,
    confirm: Option<usize>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// Windows one after another that have one label.
#[derive(Clone, Debug, PartialEq)]
pub struct RegimeRun {
    /// The label; `None` where the classification abstains, or before a label was confirmed.
    pub label: Option<String>,
    /// The close of the first window's last bar.
    pub first: Timestamp,
    /// The close of the last window's last bar.
    pub last: Timestamp,
    /// How many windows.
    pub windows: u64,
    /// The mean probability of the label in these windows; where there is none, of each window's
    /// most probable one.
    pub probability: f64,
}

/// The answer to [`View::regimes`].
#[derive(Clone, Debug, PartialEq)]
pub struct RegimesAnswer {
    /// The space.
    pub space: String,
    /// The name of the set of labels.
    pub set: String,
    /// The series.
    pub series: SeriesKey,
    /// The windows one after another that confirm a label.
    pub confirm: usize,
    /// The runs, ascending in time.
    pub runs: Vec<RegimeRun>,
}

impl View {
    /// Asks for the labels of a series' windows over time, runs of equal labels as one. A label
    /// counts from the window on that confirms it ([`Regimes::confirm`]), which looks back alone: what
    /// is said of a time never changes afterwards, and does not depend on where the answer begins.
    ///
    /// ```
    /// # use rhymedb::{Database, SeriesBars, SyntheticConfig, SyntheticMarket};
    /// # let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// # let market = SyntheticMarket::new(SyntheticConfig { crypto_bars: 800, equity_days: 200, ..SyntheticConfig::small(1) })?;
    /// # for (key, calendar, bars) in market.series() {
    /// #     db.ingest_bars(&[SeriesBars { key, calendar, bars }])?;
    /// # }
    /// # db.ingest_headlines(&market.headlines())?;
    /// # use rhymedb::{LabelSet, Target};
    ///
    /// let target: Target = "NOVAUSDT:1h".parse()?;
    /// let set = LabelSet::built_in_named("regimes")?;
    /// let answer = db.now().regimes(target, &set).run()?;
    /// for run in &answer.runs {
    ///     println!("{} to {} {}", run.first, run.last, run.label.as_deref().unwrap_or("undecided"));
    /// }
    /// assert!(answer.runs.iter().map(|run| run.windows).sum::<u64>() > 600);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn regimes(&self, series: Target, set: &LabelSet) -> Regimes<'_> {
        Regimes {
            view: self,
            series,
            options: Options::new(set),
            confirm: None,
            from: None,
            to: None,
        }
    }
}

impl Regimes<'_> {
    shared_options!();

    /// How many windows one after another have to agree on a label before it counts; until then the
    /// label before goes on. So no run is shorter, but the first and the last of an answer. 1 takes
    /// each window by itself, and changes from window to window where two labels are about as
    /// probable. Default: an eighth of the window's bars, in windows. At most 10,000.
    #[must_use]
    pub fn confirm(mut self, windows: usize) -> Self {
        self.confirm = Some(windows);
        self
    }

    /// Only windows that closed at or after this time.
    #[must_use]
    pub fn from(mut self, from: Timestamp) -> Self {
        self.from = Some(from);
        self
    }

    /// Only windows that closed at or before this time. Default: the target's time.
    #[must_use]
    pub fn to(mut self, to: Timestamp) -> Self {
        self.to = Some(to);
        self
    }

    /// Classifies each stored window.
    ///
    /// # Errors
    /// As [`crate::Classify::run`], and [`crate::Error::Invalid`] if no or too many windows are to
    /// confirm a label.
    pub fn run(self) -> Result<RegimesAnswer> {
        self.options.check()?;
        if let Some(confirm) = self.confirm {
            within("windows that confirm a label", confirm, MOST_CONFIRM)?;
        }
        let name = self.options.space.as_deref();
        self.view.aligned(name, &[], |space| {
            let judge = Judge::new(space, &self.options)?;
            let (series, _) = space.series(&self.series)?;
            let eighth = space.past.window_bars() / (8 * space.past.hop()).max(1);
            let confirm = self.confirm.unwrap_or(eighth.max(1) as usize);
            let to = self.to.or(self.series.time);
            let mut state = Confirmed::new(confirm);
            let mut runs: Vec<(Option<usize>, RegimeRun)> = Vec::new();
            // From the first window on, so that the labels do not depend on where the answer begins.
            for (end, vector) in space.history(&series, None, to)? {
                let (found, odds) = judge.choose(&vector, self.options.abstain);
                let label = state.next(found);
                if self.from.is_some_and(|from| end < from) {
                    continue;
                }
                let most = odds.iter().copied().fold(0.0, f64::max);
                let probability = label.and_then(|i| odds.get(i)).copied().unwrap_or(most);
                match runs.last_mut().filter(|(l, _)| *l == label) {
                    Some((_, run)) => {
                        run.last = end;
                        run.windows += 1;
                        run.probability += (probability - run.probability) / run.windows as f64;
                    }
                    None => {
                        let named = label.and_then(|i| judge.labels.get(i));
                        let run = RegimeRun {
                            label: named.map(|l| l.name.clone()),
                            first: end,
                            last: end,
                            windows: 1,
                            probability,
                        };
                        runs.push((label, run));
                    }
                }
            }
            Ok(RegimesAnswer {
                space: space.name(),
                set: self.options.set.name().to_owned(),
                series,
                confirm,
                runs: runs.into_iter().map(|(_, run)| run).collect(),
            })
        })
    }
}

/// The label that counts while windows come one after another.
struct Confirmed {
    /// Windows that confirm a label.
    wanted: usize,
    counts: Option<usize>,
    /// The label of the last window, and how many windows in a row have had it.
    last: (Option<usize>, usize),
}

impl Confirmed {
    fn new(wanted: usize) -> Self {
        Self {
            wanted,
            counts: None,
            last: (None, 0),
        }
    }

    /// The label that counts at the next window, which by itself has the label `found`.
    fn next(&mut self, found: Option<usize>) -> Option<usize> {
        let (last, n) = self.last;
        self.last = (found, if found == last { n + 1 } else { 1 });
        if self.last.1 >= self.wanted {
            self.counts = found;
        }
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::Confirmed;

    fn labels(wanted: usize, found: &[usize]) -> Vec<usize> {
        // 0 is no label.
        let mut state = Confirmed::new(wanted);
        let label = |&found: &usize| state.next(found.checked_sub(1)).map_or(0, |l| l + 1);
        found.iter().map(label).collect()
    }

    #[test]
    fn labels_count_once_they_are_confirmed() {
        let found = [1, 2, 2, 1, 2, 2, 2, 2, 0, 0, 0, 1, 0, 1, 1, 1];
        assert_eq!(labels(1, &found), found);
        let counts = [0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 0, 0, 0, 0, 0, 1];
        assert_eq!(labels(3, &found), counts);
    }
}
