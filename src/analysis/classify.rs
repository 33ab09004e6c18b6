//! A chart among labels.

use super::labels::{JudgedBy, LabelScore, LabelSet, PlacedLabel, cosine, place};
use super::measured::{self, Measured};
use super::separation;
use crate::db::{Aligned, Query, View};
use crate::error::{Error, Result, excerpt};
use crate::model::{Timestamp, Window};

/// Below this distance of the two best probabilities a classification abstains.
const DEFAULT_ABSTAIN: f64 = 0.05;

/// How charts are classified: [`View::classify`] and [`View::regimes`] have one.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) set: LabelSet,
    pub(super) space: Option<String>,
    pub(super) abstain: f64,
    pub(super) centred: bool,
}

impl Options {
    pub(super) fn new(set: &LabelSet) -> Self {
        Self {
            set: set.clone(),
            space: None,
            abstain: DEFAULT_ABSTAIN,
            centred: false,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        if (0.0..=1.0).contains(&self.abstain) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "expected a margin from 0 to 1 below which to abstain, found {}",
            self.abstain
        )))
    }

    /// Refuses options of labels in words for a set that is judged by numbers.
    pub(super) fn check_measured(&self) -> Result<()> {
        let given = match (&self.space, self.centred) {
            (Some(_), _) => "a space",
            (None, true) => "centred scores",
            (None, false) => return Ok(()),
        };
        Err(Error::invalid(format!(
            "expected {given} only for labels in words, found the set {}, which is judged by {}; leave it out",
            excerpt(self.set.name()),
            match self.set.judged_by() {
                JudgedBy::Drawings => "drawings",
                JudgedBy::Rules | JudgedBy::Words => "rules",
            }
        )))
    }
}

/// The options that [`Classify`] and [`super::Regimes`] share, as methods.
macro_rules! shared_options {
    () => {
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

        /// Subtracts from each score what the label has in common with all charts, so that a label
        /// that is near to every chart wins nothing by it. Needs weights with a bank of charts.
        /// Default: no.
        #[must_use]
        pub fn centred(mut self, centred: bool) -> Self {
            self.options.centred = centred;
            self
        }
    };
}
pub(super) use shared_options;

/// The answer to [`View::classify`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClassifyAnswer {
    /// How the labels were judged.
    pub judged_by: JudgedBy,
    /// The space, for labels in words.
    pub space: Option<String>,
    /// The name of the set of labels.
    pub set: String,
    /// The stored window that was asked about, if it was one. By drawings it is as long as the best
    /// match.
    pub query: Option<Window>,
    /// By what scores were divided, for labels in words.
    pub temperature: Option<f64>,
    /// All labels, the most probable first.
    pub labels: Vec<LabelScore>,
    /// The probability that none of the labels fits; 0 unless drawings judged.
    pub none: f64,
    /// How much more probable the best label is than the next and than none of them; 0 if it is less.
    pub margin: f64,
    /// The most probable label; `None` if the margin is below the one asked for.
    pub chosen: Option<String>,
    /// What a user should know before believing the answer, if anything: see [`crate::query::Axis::warning`].
    pub warning: Option<String>,
    /// For labels in words: until when the weights of the space have seen the question's series, or
    /// anything where it is about none, if that is after the view's time: then the answer knows what
    /// came later. `None` in a view of now.
    pub trained_until: Option<Timestamp>,
}

/// A classification, made by [`View::classify`].
#[derive(Clone, Debug)]
pub struct Classify {
    view: View,
    query: Query,
    options: Options,
}

impl View {
    /// Asks which of a set's labels a chart is nearest to. Labels of the caller's own are sentences:
    /// no training on them is needed. The built-in patterns are drawings, the built-in regimes rules;
    /// see [`LabelSet::judged_by`].
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
    /// let answer = db.now().classify(target, &set).abstain_below(0.1).run()?;
    /// for label in &answer.labels {
    ///     println!("{:.3} {}", label.probability, label.label);
    /// }
    /// println!("{}", answer.chosen.as_deref().unwrap_or("undecided"));
    /// let sum: f64 = answer.labels.iter().map(|l| l.probability).sum();
    /// assert!((sum - 1.0).abs() < 1e-9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn classify(&self, query: impl Into<Query>, set: &LabelSet) -> Classify {
        Classify {
            view: self.clone(),
            query: query.into(),
            options: Options::new(set),
        }
    }
}

impl Classify {
    shared_options!();

    /// Classifies.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if the target or the space names nothing or
    /// several things; [`Error::Invalid`] if the margin is not 0 to 1, if a label has no word, if
    /// the weights have no bank where one is needed, or if the set is not judged by words and the query
    /// has too few bars or none.
    pub fn run(self) -> Result<ClassifyAnswer> {
        self.options.check()?;
        if self.options.set.judged_by() == JudgedBy::Words {
            return self.in_words();
        }
        self.options.check_measured()?;
        let found = measured::judge(&self.view, &self.query, &self.options.set)?;
        Ok(self.answer(found, None))
    }

    fn in_words(&self) -> Result<ClassifyAnswer> {
        let name = self.options.space.as_deref();
        self.view.placed(name, &self.query, |space, placed| {
            let judge = Judge::new(space, &self.options)?;
            let label = |label: &PlacedLabel, (score, probability)| LabelScore {
                label: label.name.clone(),
                score,
                probability,
                expressiveness: label.expressiveness,
            };
            let past = space.past;
            let trained_until = past.learned_about(&self.query, placed.window.as_ref())?;
            let odds = judge.odds(&placed.vector).into_iter();
            let labels = judge.labels.iter().zip(odds);
            let found = Measured {
                labels: labels.map(|(l, odds)| label(l, odds)).collect(),
                none: 0.0,
                window: placed.window,
            };
            let vectors: Vec<&[f32]> = judge.labels.iter().map(|l| &l.vector[..]).collect();
            Ok(ClassifyAnswer {
                space: Some(space.name()),
                temperature: Some(judge.temperature),
                trained_until,
                ..self.answer(found, separation::warning(space, &vectors)?)
            })
        })
    }

    fn answer(&self, found: Measured, warning: Option<String>) -> ClassifyAnswer {
        let mut labels = found.labels;
        // Stable: labels of equal probability stay in the order of their set.
        labels.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        let at = |i: usize| labels.get(i).map_or(0.0, |l| l.probability);
        let margin = (at(0) - at(1).max(found.none)).max(0.0);
        let decided = margin >= self.options.abstain;
        ClassifyAnswer {
            judged_by: self.options.set.judged_by(),
            space: None,
            set: self.options.set.name().to_owned(),
            query: found.window,
            temperature: None,
            margin,
            none: found.none,
            chosen: labels.first().filter(|_| decided).map(|l| l.label.clone()),
            labels,
            warning,
            trained_until: None,
        }
    }
}

/// Labels in a space.
pub(super) struct Judge {
    pub(super) labels: Vec<PlacedLabel>,
    /// What each label has in common with all charts, or 0.
    usual: Vec<f64>,
    temperature: f64,
}

impl Judge {
    pub(super) fn new(space: &Aligned<'_>, options: &Options) -> Result<Self> {
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

    /// The most probable label, or none if it is too near to the next, and the probabilities of all.
    pub(super) fn choose(&self, vector: &[f32], abstain: f64) -> (Option<usize>, Vec<f64>) {
        let odds: Vec<f64> = self.odds(vector).into_iter().map(|(_, p)| p).collect();
        let (mut first, mut second) = ((0, f64::MIN), f64::MIN);
        for (i, &p) in odds.iter().enumerate() {
            if p > first.1 {
                (first, second) = ((i, p), first.1);
            } else if p > second {
                second = p;
            }
        }
        let decided = first.1 - second >= abstain;
        (decided.then_some(first.0), odds)
    }
}
