//! How unusual a window is.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::labels::{LabelSet, place};
use super::size_rank::RankedSize;
use super::unusual::{Judge, Judged, LEAST_CALIBRATION, Measures, Rank, Words, rank};
use crate::db::{Asked, Candidate, Filter, Kin, Past, View, scatter, within};
use crate::error::{Error, Result, excerpt};
use crate::model::{Target, Timestamp, Window, schema_as_text, serde_as_text};

/// From here on the largest z-score counts as an alarm.
pub(super) const Z_THRESHOLD: f64 = 3.0;

/// A way to measure how unusual a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Measure {
    /// How large its moves are ([`crate::query::Size::score`]), ranked against the past of its series and that of its
    /// market.
    Size,
    /// The mean Euclidean distance of the vector to its `k` nearest episodes that had ended when the
    /// window began, 0 to 2.
    Distance,
    /// The Mahalanobis distance of the vector from the mean of history, with a covariance shrunk
    /// after Ledoit and Wolf (2004).
    Mahalanobis,
    /// The largest number of standard deviations that one number of the vector lies from its mean.
    LargestZ,
    /// One less the greatest cosine with a headline that was known, or with a label, 0 to 2: high
    /// where nothing in words fits the chart. Of a space of charts and headlines alone. The more
    /// headlines are known the better the best of them fits, so that in a collection that grows fast
    /// earlier windows look less aligned than later ones.
    Alignment,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Size,
        Self::Distance,
        Self::Mahalanobis,
        Self::LargestZ,
        Self::Alignment,
    ];
}

serde_as_text!(Measure);
schema_as_text!(
    Measure,
    "size, distance, mahalanobis, largest-z or alignment"
);

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "size",
            Self::Distance => "distance",
            Self::Mahalanobis => "mahalanobis",
            Self::LargestZ => "largest-z",
            Self::Alignment => "alignment",
        })
    }
}

impl FromStr for Measure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|m| m.to_string() == text);
        found.ok_or_else(|| {
            Error::invalid(format!(
                "expected the measure size, distance, mahalanobis, largest-z or alignment, found {}",
                excerpt(text)
            ))
        })
    }
}

/// One measure of a window, and how unusual it is among earlier windows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Measured {
    /// What was measured.
    pub measure: Measure,
    /// Its value; more is more unusual.
    pub value: f64,
    /// The share of earlier windows with a lower value, in percent; of equal ones half count.
    pub percentile: f64,
    /// The conformal p-value: (1 + earlier windows with at least this value) / (1 + earlier
    /// windows). If windows come in no particular order, one of at most p comes up in a share of
    /// at most p.
    pub p_value: f64,
}

/// What is said of how unusual a window is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Unusual {
    /// In the order of [`Measure::ALL`]. [`Measure::Size`] is there if 64 bars were known before the
    /// window and 20 earlier windows have a size themselves; [`Measure::Alignment`] if words were known
    /// when the window closed, and when at least 20 of the earlier windows did, none of which the weights
    /// of the space have seen ([`crate::encode::Trained`]); the others if there was enough history.
    pub measures: Vec<Measured>,
    /// The size of its moves, and how many windows it was ranked among.
    pub size: Option<RankedSize>,
    /// Earlier windows by which the other measures were ranked, each measured as of its own close; the
    /// alignment by those of them that the weights have not seen.
    pub calibration: usize,
    /// Whether the largest z-score is above 3.
    pub z_alarm: bool,
    /// The share of earlier windows whose largest z-score was above 3: with 48 numbers a vector it is far
    /// from the 0.27 % of one normal number.
    pub z_false_alarms: f64,
}

impl Unusual {
    pub(super) fn of(
        size: Option<RankedSize>,
        found: Option<&Measures>,
        earlier: &[Measures],
    ) -> Self {
        let mut measures: Vec<Measured> = Vec::with_capacity(Measure::ALL.len());
        measures.extend(size.map(|size| Measured {
            measure: Measure::Size,
            value: size.size.score(),
            percentile: size.percentile,
            p_value: size.p_value,
        }));
        let ranked = found.map(|found| ranked(found, earlier));
        measures.extend(ranked.into_iter().flatten());
        let alarms = earlier.iter().filter(|m| m.largest_z > Z_THRESHOLD).count();
        Self {
            measures,
            size,
            calibration: earlier.len(),
            z_alarm: found.is_some_and(|found| found.largest_z > Z_THRESHOLD),
            z_false_alarms: alarms as f64 / earlier.len().max(1) as f64,
        }
    }

    /// One of the measures.
    pub fn get(&self, measure: Measure) -> Option<&Measured> {
        self.measures.iter().find(|m| m.measure == measure)
    }
}

/// The measures of vectors among those of earlier windows.
fn ranked(found: &Measures, earlier: &[Measures]) -> Vec<Measured> {
    type Of = fn(&Measures) -> Option<f64>;
    let all: [(Measure, Of); 4] = [
        (Measure::Distance, |m| Some(m.distance)),
        (Measure::Mahalanobis, |m| Some(m.mahalanobis)),
        (Measure::LargestZ, |m| Some(m.largest_z)),
        // Weights find better words for what they have seen.
        (Measure::Alignment, |m| m.alignment.filter(|_| !m.seen)),
    ];
    let measured = |(measure, of): (Measure, Of)| {
        let value = of(found)?;
        let others: Vec<f64> = earlier.iter().filter_map(of).collect();
        let Rank {
            percentile,
            p_value,
        } = rank(value, others.iter().copied());
        (others.len() >= LEAST_CALIBRATION).then_some(Measured {
            measure,
            value,
            percentile,
            p_value,
        })
    };
    all.into_iter().filter_map(measured).collect()
}

/// An episode that is near to a window.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NearEpisode {
    /// The cosine of the two windows, -1 to 1.
    pub score: f32,
    /// The window that stands for the episode.
    pub window: Window,
}

/// The answer to [`View::anomaly`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AnomalyAnswer {
    /// The space.
    pub space: String,
    /// The window.
    pub window: Window,
    /// How unusual it is.
    pub unusual: Unusual,
    /// Its nearest episodes, best first: the cosine and the window.
    pub nearest: Vec<NearEpisode>,
    /// Windows that had ended when it began, and that it could be compared with.
    pub history: u64,
    /// Whether the question named what to compare with; else ranks are among windows of the same market
    /// and interval.
    pub named: bool,
    /// Bars of a window.
    pub window_bars: u32,
    /// The least distance in bars of two neighbours of one symbol.
    pub exclusion: u32,
    /// Until when the weights of the space have seen the window's series, if that is after the window
    /// began: then they have seen some of it, and its alignment is not ranked.
    pub trained_until: Option<Timestamp>,
    /// How long it took.
    pub took: Duration,
}

/// What [`Anomaly`] and [`super::AnomalyScan`] have in common.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) space: Option<String>,
    pub(super) k: usize,
    pub(super) among: Filter,
    pub(super) exact: bool,
    pub(super) seed: u64,
    pub(super) calibration: usize,
    pub(super) labels: Option<LabelSet>,
    pub(super) latency: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            space: None,
            k: 5,
            among: Filter::default(),
            exact: false,
            seed: 0,
            calibration: 200,
            labels: None,
            latency: 0,
        }
    }
}

impl Options {
    pub(super) fn check(&self) -> Result<()> {
        within("k", self.k, 1000)?;
        within("calibration", self.calibration, 100_000)
    }

    pub(super) fn judge<'a>(&self, past: &'a Past<'a>) -> Result<Judge<'a>> {
        Ok(Judge {
            past,
            history: past.rows(&self.among)?,
            named: !self.among.groups.is_empty() || !self.among.intervals.is_empty(),
            everything: past.rows(&Filter::default())?,
            kin: Kin::new(past),
            k: self.k,
            exclusion: past.window_bars(),
            exact: self.exact,
            seed: self.seed,
            calibration: self.calibration,
            words: self.words(past)?,
        })
    }

    /// What may fit a window in words.
    fn words<'a>(&self, past: &'a Past<'a>) -> Result<Option<Words<'a>>> {
        let Some(space) = past.aligned()? else {
            return match &self.labels {
                None => Ok(None),
                Some(set) => Err(Error::invalid(format!(
                    "expected a space of charts and headlines to compare with the labels {}, found {}; name such a space, or leave the labels out",
                    excerpt(set.name()),
                    past.space()
                ))),
            };
        };
        let labels = match &self.labels {
            Some(set) => place(&space, set)?,
            None => Vec::new(),
        };
        let key = self.labels.as_ref().map(|set| format!("{set:?}"));
        Ok(Some(Words {
            space,
            labels,
            latency: self.latency,
            key: key.map_or(0, |text| scatter(&text, 0)),
        }))
    }
}

/// The options that [`Anomaly`] and [`super::AnomalyScan`] share, as methods.
macro_rules! shared_options {
    () => {
        /// The space. Default: `shape`, or the only one.
        #[must_use]
        pub fn space(mut self, name: &str) -> Self {
            self.options.space = Some(name.to_owned());
            self
        }

        /// How many neighbours the distance is measured to: distinct episodes that had ended when the
        /// window began, and share no bar with one another. Default: 5. At most 1,000.
        #[must_use]
        pub fn k(mut self, k: usize) -> Self {
            self.options.k = k;
            self
        }

        /// Compares with windows of this market or symbol only, and ranks among them; said more than
        /// once, of any of them. Default: all windows of the space, and ranks among those of the same
        /// market and interval: tails differ from market to market.
        #[must_use]
        pub fn among(mut self, market_or_symbol: &str) -> Self {
            self.options.among.groups.push(market_or_symbol.to_owned());
            self
        }

        /// Compares with windows of this interval only; said more than once, of any of them.
        #[must_use]
        pub fn among_interval(mut self, interval: crate::model::Interval) -> Self {
            self.options.among.intervals.push(interval);
            self
        }

        /// Compares with every window instead of searching the graph.
        #[must_use]
        pub fn exact(mut self, exact: bool) -> Self {
            self.options.exact = exact;
            self
        }

        /// The seed of the samples. Default: 0.
        #[must_use]
        pub fn seed(mut self, seed: u64) -> Self {
            self.options.seed = seed;
            self
        }

        /// Labels that may fit a window too, beside the headlines that were known
        /// ([`crate::query::Measure::Alignment`]). Needs a space of charts and headlines. Default: none.
        #[must_use]
        pub fn labels(mut self, set: &LabelSet) -> Self {
            self.options.labels = Some(set.clone());
            self
        }

        /// The time from the publication of a headline until somebody could know it. Default: none.
        #[must_use]
        pub fn latency(mut self, latency: std::time::Duration) -> Self {
            self.options.latency = crate::db::millis(latency);
            self
        }

        /// The least number of earlier windows that are measured too, to say how unusual a value
        /// is: no p-value is below 1 / (number + 1). Default: 200; seldom twice as many are taken. For
        /// the size there are at least 4,000, whatever is said here. At most 100,000.
        #[must_use]
        pub fn calibration(mut self, windows: usize) -> Self {
            self.options.calibration = windows;
            self
        }
    };
}
pub(super) use shared_options;

/// A question how unusual a window is, made by [`View::anomaly`].
#[derive(Clone, Debug)]
pub struct Anomaly {
    view: View,
    target: Target,
    options: Options,
}

impl View {
    /// Asks how unusual a stored window was, compared with windows that had ended when it began.
    ///
    /// The window is measured as of its own close in several ways ([`Measure`]). To say how unusual
    /// the values are, earlier windows are measured in the same way, each as of its own close: for the
    /// size at least 4,000 of the same series and as many of its market and interval, where there are
    /// so many; for the others a seeded sample of the second half of the time before it, of the same market
    /// and interval.
    ///
    /// ```
    /// use rhymedb::{Database, Target};
    /// use rhymedb::query::Measure;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let target: Target = "NOVAUSDT:1h@2015-03-01".parse()?;
    /// let answer = db.now().anomaly(target).run()?;
    /// let distance = answer.unusual.get(Measure::Distance).ok_or("no distance")?;
    /// println!("{:.3}, percentile {:.0}, p = {:.3}", distance.value, distance.percentile, distance.p_value);
    /// assert!((0.0..=1.0).contains(&distance.p_value));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn anomaly(&self, target: Target) -> Anomaly {
        Anomaly {
            view: self.clone(),
            target,
            options: Options::default(),
        }
    }
}

impl View {
    /// How large the moves of a window are among earlier ones, as [`View::anomaly`] says it; `None` if there was too
    /// little history.
    pub(crate) fn ranked_size(&self, target: &Target) -> Result<Option<RankedSize>> {
        self.past(None, |past| {
            let asked = past.asked(target)?;
            Options::default().judge(past)?.size(asked.place)
        })
    }
}

impl Anomaly {
    shared_options!();

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Ambiguous`] if a name is that of nothing or of several
    /// things; [`Error::Invalid`] if an option is out of range or there is too little history.
    pub fn run(&self) -> Result<AnomalyAnswer> {
        self.options.check()?;
        let space = self.options.space.as_deref();
        self.view.past(space, |past| self.answer(past))
    }

    fn answer(&self, past: &Past<'_>) -> Result<AnomalyAnswer> {
        let start = Instant::now();
        let Asked {
            place,
            window,
            vector,
            ..
        } = past.asked(&self.target)?;
        let judge = self.options.judge(past)?;
        let judged = Judged {
            place,
            vector: &vector,
        };
        let size = judge.size(place)?;
        let found = judge.measure(&judged)?;
        let earlier = match &found {
            Some(_) => {
                let sample = judge.calibration(place)?;
                judge.prepare(sample.places())?;
                judge.calibrated(&sample)?
            }
            None => None,
        };
        let (found, nearest) = found.filter(|_| earlier.is_some()).unzip();
        if size.is_none() && found.is_none() {
            return Err(self.too_little(&window));
        }
        let nearest: Vec<Candidate> = nearest.unwrap_or_default();
        let named = |c: &Candidate| {
            Ok(NearEpisode {
                score: c.score,
                window: past.window(c.into())?,
            })
        };
        Ok(AnomalyAnswer {
            space: past.space().to_owned(),
            unusual: Unusual::of(size, found.as_ref(), &earlier.unwrap_or_default()),
            nearest: nearest.iter().map(named).collect::<Result<_>>()?,
            history: past.count(&judge.before(place)?),
            window_bars: past.window_bars(),
            named: judge.named,
            exclusion: judge.exclusion,
            trained_until: past.learned_window(place)?,
            window,
            took: start.elapsed(),
        })
    }

    fn too_little(&self, window: &Window) -> Error {
        Error::invalid(format!(
            "expected {} episodes and 30 windows of history before {window}, and {LEAST_CALIBRATION} windows that have history themselves, found fewer; ask about a later time, or compare with more windows",
            self.options.k
        ))
    }
}
