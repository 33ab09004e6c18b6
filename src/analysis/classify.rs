//! A chart among labels in words, and the labels of a series over time.

use super::labels::{LabelSet, PlacedLabel, cosine, place};
use crate::db::{Aligned, Expressiveness, Query, View};
use crate::error::{Error, Result};
use crate::model::{SeriesKey, Target, Timestamp, Window};

/// Below this distance of the two best probabilities a classification abstains.
const DEFAULT_ABSTAIN: f64 = 0.05;

/// How charts are classified: [`View::classify`] and [`View::regimes`] take one.
#[derive(Clone, Debug)]
struct Options {
    set: LabelSet,
    space: Option<String>,
    abstain: f64,
    centred: bool,
}

impl Options {
    fn new(set: &LabelSet) -> Self {
        Self {
            set: set.clone(),
            space: None,
            abstain: DEFAULT_ABSTAIN,
            centred: false,
        }
    }

    fn check(&self) -> Result<()> {
        if (0.0..=1.0).contains(&self.abstain) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "expected a margin from 0 to 1 below which to abstain, found {}",
            self.abstain
        )))
    }
}

/// A label with what a chart has to do with it.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelScore {
    /// Its name.
    pub label: String,
    /// The cosine of chart and label, -1 to 1.
    pub score: f64,
    /// Its probability among the labels, by the softmax of the scores over the temperature.
    pub probability: f64,
    /// How much the label says about charts, if the space's weights have a bank of charts.
    pub expressiveness: Option<Expressiveness>,
}

/// The answer to [`View::classify`].
#[derive(Clone, Debug, PartialEq)]
pub struct ClassifyAnswer {
    /// The space.
    pub space: String,
    /// The name of the set of labels.
    pub set: String,
    /// The stored window that was asked about, if it was one.
    pub query: Option<Window>,
    /// By what scores were divided.
    pub temperature: f64,
    /// All labels, the most probable first.
    pub labels: Vec<LabelScore>,
    /// The distance of the two best probabilities.
    pub margin: f64,
    /// The most probable label; `None` if the margin is below the one asked for.
    pub chosen: Option<String>,
}

/// A classification, made by [`View::classify`].
#[derive(Clone, Debug)]
pub struct Classify<'a> {
    view: &'a View,
    query: Query,
    options: Options,
}

impl View {
    /// Asks which of a set's labels a chart is nearest to. No training on the labels is needed: the
    /// labels are sentences.
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
    /// let answer = db.now().classify(target, &set).abstain_below(0.1).run()?;
    /// for label in &answer.labels {
    ///     println!("{:.3} {}", label.probability, label.label);
    /// }
    /// println!("{}", answer.chosen.as_deref().unwrap_or("undecided"));
    /// let sum: f64 = answer.labels.iter().map(|l| l.probability).sum();
    /// assert!((sum - 1.0).abs() < 1e-9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn classify(&self, query: impl Into<Query>, set: &LabelSet) -> Classify<'_> {
        Classify {
            view: self,
            query: query.into(),
            options: Options::new(set),
        }
    }

    /// Asks for the labels of a series' windows over time, runs of equal labels as one.
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
            from: None,
            to: None,
        }
    }
}

impl Classify<'_> {
    /// The space. Default: the only one that reads text, or `clip`.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.options.space = Some(name.to_owned());
        self
    }

    /// Chooses no label if the two best probabilities are nearer than this. Default: 0.05.
    #[must_use]
    pub fn abstain_below(mut self, margin: f64) -> Self {
        self.options.abstain = margin;
        self
    }

    /// Takes from each score what the label has in common with charts at large, so that a label
    /// that is near to every chart wins nothing by it. Needs weights with a bank of charts. Default:
    /// no.
    #[must_use]
    pub fn centred(mut self, centred: bool) -> Self {
        self.options.centred = centred;
        self
    }

    /// Classifies.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target or the space names nothing or
    /// several things; [`Error::Invalid`] if the margin is not 0 to 1, if a label has no word, or if
    /// the weights have no bank where one is needed.
    pub fn run(self) -> Result<ClassifyAnswer> {
        self.options.check()?;
        let name = self.options.space.as_deref();
        self.view.aligned(name, &[&self.query], |space| {
            let judge = Judge::new(space, &self.options)?;
            let placed = space.place(&self.query)?;
            let odds = judge.odds(&placed.vector);
            let mut labels: Vec<LabelScore> = judge
                .labels
                .iter()
                .zip(odds)
                .map(|(label, (score, probability))| LabelScore {
                    label: label.name.clone(),
                    score,
                    probability,
                    expressiveness: label.expressiveness,
                })
                .collect();
            // Stable: labels of equal probability stay in the order of their set.
            labels.sort_by(|a, b| b.probability.total_cmp(&a.probability));
            let at = |i: usize| labels.get(i).map_or(0.0, |l| l.probability);
            let margin = at(0) - at(1);
            let decided = margin >= self.options.abstain;
            Ok(ClassifyAnswer {
                space: space.name(),
                set: self.options.set.name().to_owned(),
                query: placed.window,
                temperature: judge.temperature,
                margin,
                chosen: labels.first().filter(|_| decided).map(|l| l.label.clone()),
                labels,
            })
        })
    }
}

/// Labels in a space.
struct Judge {
    labels: Vec<PlacedLabel>,
    /// What each label has in common with charts at large, or 0.
    usual: Vec<f64>,
    temperature: f64,
}

impl Judge {
    fn new(space: &Aligned<'_>, options: &Options) -> Result<Self> {
        let labels = place(space, &options.set)?;
        let usual = match (options.centred, space.bank()) {
            (false, _) => vec![0.0; labels.len()],
            (true, Some(bank)) => {
                let usual = labels.iter().map(|l| f64::from(bank.usual(&l.vector)));
                usual.collect()
            }
            (true, None) => {
                return Err(Error::invalid(format!(
                    "expected weights with a bank of charts, to take from each label what it has in common with all charts, found none in the space {}; classify without it",
                    space.name()
                )));
            }
        };
        Ok(Self {
            labels,
            usual,
            temperature: space.temperature(),
        })
    }

    /// The score and the probability of each label.
    fn odds(&self, vector: &[f32]) -> Vec<(f64, f64)> {
        let labels = self.labels.iter().zip(&self.usual);
        let scores: Vec<f64> = labels
            .map(|(label, usual)| cosine(vector, &label.vector) - usual)
            .collect();
        let best = scores.iter().copied().fold(f64::MIN, f64::max);
        let weight = |score: &f64| ((score - best) / self.temperature).exp();
        let sum: f64 = scores.iter().map(weight).sum();
        scores.iter().map(|s| (*s, weight(s) / sum)).collect()
    }

    /// The most probable label and its probability; no label if it is too near to the next.
    fn choose(&self, vector: &[f32], abstain: f64) -> (Option<usize>, f64) {
        let odds = self.odds(vector);
        let (mut first, mut second) = ((0, f64::MIN), f64::MIN);
        for (i, (_, p)) in odds.into_iter().enumerate() {
            if p > first.1 {
                (first, second) = ((i, p), first.1);
            } else if p > second {
                second = p;
            }
        }
        let decided = first.1 - second >= abstain;
        (decided.then_some(first.0), first.1)
    }
}

/// A question for labels over time, made by [`View::regimes`].
#[derive(Clone, Debug)]
pub struct Regimes<'a> {
    view: &'a View,
    series: Target,
    options: Options,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// Windows one after another that have one label.
#[derive(Clone, Debug, PartialEq)]
pub struct RegimeRun {
    /// The label; `None` where the classification abstains.
    pub label: Option<String>,
    /// The close of the first window's last bar.
    pub first: Timestamp,
    /// The close of the last window's last bar.
    pub last: Timestamp,
    /// How many windows.
    pub windows: u64,
    /// The mean probability of each window's most probable label.
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
    /// The runs, ascending in time.
    pub runs: Vec<RegimeRun>,
}

impl Regimes<'_> {
    /// The space. Default: the only one that reads text, or `clip`.
    #[must_use]
    pub fn space(mut self, name: &str) -> Self {
        self.options.space = Some(name.to_owned());
        self
    }

    /// Chooses no label if the two best probabilities are nearer than this. Default: 0.05.
    #[must_use]
    pub fn abstain_below(mut self, margin: f64) -> Self {
        self.options.abstain = margin;
        self
    }

    /// As [`Classify::centred`]. Default: no.
    #[must_use]
    pub fn centred(mut self, centred: bool) -> Self {
        self.options.centred = centred;
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
    /// As [`Classify::run`].
    pub fn run(self) -> Result<RegimesAnswer> {
        self.options.check()?;
        self.view
            .aligned(self.options.space.as_deref(), &[], |space| {
                let judge = Judge::new(space, &self.options)?;
                let (series, _) = space.series(&self.series)?;
                let to = self.to.or(self.series.time);
                let mut runs: Vec<(Option<usize>, RegimeRun)> = Vec::new();
                for (end, vector) in space.history(&series, self.from, to)? {
                    let (label, probability) = judge.choose(&vector, self.options.abstain);
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
                    runs: runs.into_iter().map(|(_, run)| run).collect(),
                })
            })
    }
}
