//! The labels of a series over time.

use super::classify::{Judge, Options, shared_options};
use super::labels::{JudgedBy, LabelSet};
use super::measured_history::{self, Labelled};
use super::separation;
use crate::db::{View, WholeHistory, setters, within};
use crate::error::Result;
use crate::model::{SeriesKey, Target, Timestamp};

/// The most windows that may confirm a label.
const MOST_CONFIRM: usize = 10_000;

/// A question for labels over time, made by [`View::regimes`].
#[derive(Clone, Debug)]
pub struct Regimes {
    view: View,
    series: Target,
    options: Options,
    confirm: Option<usize>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// Windows one after another that have one label.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
    /// most probable one, or by drawings of none.
    pub probability: f64,
}

/// The answer to [`View::regimes`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegimesAnswer {
    /// How the labels were judged.
    pub judged_by: JudgedBy,
    /// The space, for labels in words.
    pub space: Option<String>,
    /// The name of the set of labels.
    pub set: String,
    /// The series.
    pub series: SeriesKey,
    /// The windows that confirm a label: see [`Regimes::confirm`].
    pub confirm: usize,
    /// The runs, ascending in time.
    pub runs: Vec<RegimeRun>,
    /// What a user should know before believing the labels, if anything: see
    /// [`crate::query::Axis::warning`].
    pub warning: Option<String>,
    /// Until when the weights of the space of labels in words have seen the series, if that is after the
    /// view's time: then the answer knows what came later. `None` in a view of now.
    pub trained_until: Option<Timestamp>,
}

impl View {
    /// Asks for the labels of a series' windows over time, runs of equal labels as one. A label
    /// counts from the window on that confirms it ([`Regimes::confirm`]), which looks back alone: what
    /// is said of a time never changes afterwards, and does not depend on where the answer begins.
    /// Labels in words are those of stored windows; drawings and rules judge at every bar.
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
    /// # use rhymedb::query::LabelSet;
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
    pub fn regimes(&self, series: Target, set: &LabelSet) -> Regimes {
        Regimes {
            view: self.clone(),
            series,
            options: Options::new(set),
            confirm: None,
            from: None,
            until: None,
        }
    }
}

impl Regimes {
    shared_options!();

    setters! {
        /// How many windows confirm a label before it counts; until then the label before goes on.
        ///
        /// In words and by drawings so many windows one after another have to agree on it: no run is
        /// shorter, but the first and the last of an answer, and 1 takes each window by itself. By rules its
        /// lead in probability over the label before has to sum to so many windows, so a clear change counts
        /// sooner than a doubtful one. Default: an eighth of the window's bars, in windows; by drawings 3. At
        /// most 10,000.
        fn confirm(windows: usize) as Some;

        /// Only windows that closed at or after this time.
        fn from(from: Timestamp) as Some;

        /// Only windows that closed at or before this time. Default: the target's time.
        fn until(until: Timestamp) as Some;
    }

    /// Classifies each stored window.
    ///
    /// # Errors
    /// As [`crate::query::Classify::run`], and [`crate::Error::Invalid`] if no or too many windows are to
    /// confirm a label.
    pub fn run(self) -> Result<RegimesAnswer> {
        self.options.check()?;
        if let Some(confirm) = self.confirm {
            within("windows that confirm a label", confirm, MOST_CONFIRM)?;
        }
        if self.options.set.judged_by() == JudgedBy::Words {
            return self.in_words();
        }
        self.options.check_measured()?;
        let to = self.until.or(self.series.time);
        let history = self.view.whole_history(&self.series, to)?;
        let WholeHistory {
            key,
            bars,
            stretches,
        } = history;
        let set = &self.options.set;
        let (confirm, abstain) = (self.confirm, self.options.abstain);
        let (confirm, labelled) = match set.judged_by() {
            JudgedBy::Drawings => {
                let confirm = confirm.unwrap_or(3);
                let found = measured_history::by_drawings(&bars.close, stretches, abstain);
                (confirm, confirmed(found, confirm))
            }
            JudgedBy::Rules | JudgedBy::Words => {
                measured_history::by_rules(set, key.interval, &bars, confirm)
            }
        };
        let close = |labelled: Labelled| {
            let open = bars.time.get(labelled.bar).copied().unwrap_or_default();
            let end = key.interval.close_of(Timestamp::from_millis(open));
            (end, labelled.label, labelled.probability)
        };
        let names: Vec<&str> = set.labels().iter().map(|l| l.name.as_str()).collect();
        let runs = self.runs(labelled.into_iter().map(close), &names);
        Ok(RegimesAnswer {
            judged_by: set.judged_by(),
            space: None,
            set: set.name().to_owned(),
            series: key,
            confirm,
            runs,
            warning: None,
            trained_until: None,
        })
    }

    fn in_words(&self) -> Result<RegimesAnswer> {
        let name = self.options.space.as_deref();
        self.view.aligned(name, &[], |space| {
            let judge = Judge::new(space, &self.options)?;
            let (series, _) = space.series(&self.series)?;
            let eighth = space.past.window_bars() / (8 * space.past.hop()).max(1);
            let confirm = self.confirm.unwrap_or(eighth.max(1) as usize);
            let to = self.until.or(self.series.time);
            let mut state = Confirmed::new(confirm);
            // From the first window on, so that the labels do not depend on where the answer begins.
            let history = space.history(&series, None, to)?;
            let labelled = history.into_iter().map(|(end, vector)| {
                let (found, odds) = judge.choose(&vector, self.options.abstain);
                let label = state.next(found);
                let most = odds.iter().copied().fold(0.0, f64::max);
                let probability = label.and_then(|i| odds.get(i)).copied().unwrap_or(most);
                (end, label, probability)
            });
            let names: Vec<&str> = judge.labels.iter().map(|l| l.name.as_str()).collect();
            let runs = self.runs(labelled, &names);
            let vectors: Vec<&[f32]> = judge.labels.iter().map(|l| &l.vector[..]).collect();
            Ok(RegimesAnswer {
                judged_by: JudgedBy::Words,
                space: Some(space.name()),
                trained_until: space.past.learned_of(&series)?,
                set: self.options.set.name().to_owned(),
                series,
                confirm,
                runs,
                warning: separation::warning(space, &vectors)?,
            })
        })
    }

    /// Windows with their labels and the probabilities of these, runs of one label as one.
    fn runs(
        &self,
        labelled: impl Iterator<Item = (Timestamp, Option<usize>, f64)>,
        names: &[&str],
    ) -> Vec<RegimeRun> {
        let mut runs: Vec<(Option<usize>, RegimeRun)> = Vec::new();
        for (end, label, probability) in labelled {
            if self.from.is_some_and(|from| end < from) {
                continue;
            }
            match runs.last_mut().filter(|(l, _)| *l == label) {
                Some((_, run)) => {
                    run.last = end;
                    run.windows += 1;
                    run.probability += (probability - run.probability) / run.windows as f64;
                }
                None => {
                    let named = label.and_then(|i| names.get(i));
                    let run = RegimeRun {
                        label: named.map(|&name| name.to_owned()),
                        first: end,
                        last: end,
                        windows: 1,
                        probability,
                    };
                    runs.push((label, run));
                }
            }
        }
        runs.into_iter().map(|(_, run)| run).collect()
    }
}

/// Windows with the label that each has by itself, each with the one that counts.
fn confirmed(found: Vec<measured_history::Odds>, confirm: usize) -> Vec<Labelled> {
    let mut state = Confirmed::new(confirm);
    let counts = |found: measured_history::Odds| {
        let label = state.next(found.label);
        let probability = label.and_then(|i| found.odds.get(i)).copied();
        Labelled {
            bar: found.bar,
            label,
            probability: probability.unwrap_or(found.none),
        }
    };
    found.into_iter().map(counts).collect()
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
