//! The most unusual episodes of a period.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::anomaly::{Measure, Measured, Options, Unusual, shared_options};
use super::labels::LabelSet;
use super::size_rank::{RankedSize, SIZE_SAMPLE};
use super::unusual::{Judge, Judged};
use crate::db::{Filter, Past, Place, View, WHICH_AND_WHEN, setters, within};
use crate::error::{Error, Result};
use crate::model::{SeriesKey, Timestamp, Window};

/// The most windows of one scan.
const MOST_WINDOWS: u64 = 10_000_000;

/// A search for the unusual episodes of a period, made by [`View::anomaly_scan`].
#[derive(Clone, Debug)]
pub struct AnomalyScan {
    view: View,
    options: Options,
    filter: Filter,
    by: Measure,
    level: f64,
    limit: usize,
    scores: bool,
}

/// A stretch of unusual windows that overlap, by its most unusual one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AnomalyEpisode {
    /// 1 is the most unusual.
    pub rank: usize,
    /// Its most unusual window.
    pub window: Window,
    /// How unusual that is.
    pub unusual: Unusual,
    /// Windows at or below the level that it stands for, itself included.
    pub windows: usize,
    /// When the first and the last of them ended.
    pub from: Timestamp,
    /// When the last of them ended.
    pub to: Timestamp,
}

/// How unusual a window of a scan is by the measure that decides.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AnomalyScore {
    /// The number of its series in [`AnomalyScanAnswer::series`].
    pub series: usize,
    /// The close of its last bar.
    pub end: Timestamp,
    /// The measure's value.
    pub value: f64,
    /// The value's p-value.
    pub p_value: f64,
}

/// The answer to [`View::anomaly_scan`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AnomalyScanAnswer {
    /// The space.
    pub space: String,
    /// The episodes, most unusual first.
    pub episodes: Vec<AnomalyEpisode>,
    /// Windows that were looked at.
    pub scanned: u64,
    /// Those of them before which there was too little history to say anything; where
    /// [`Measure::Alignment`] decides also those before which nothing was known in words, and those that
    /// the weights of the space have seen.
    pub skipped: u64,
    /// Those of them with a p-value at or below the level.
    pub unusual: u64,
    /// How many of them chance alone would give: the level times the windows that were not skipped. They
    /// come in runs, since windows that overlap are alike.
    pub by_chance: f64,
    /// What they were measured by.
    pub by: Measure,
    /// The p-value up to which a window counted as unusual.
    pub level: f64,
    /// The series of the scores, by name; empty without [`AnomalyScan::scores`].
    pub series: Vec<SeriesKey>,
    /// Every window before which there was enough history, ascending by end; empty without
    /// [`AnomalyScan::scores`].
    pub scores: Vec<AnomalyScore>,
    /// Until when the weights of the space have seen a scanned series, if that is after a scanned window
    /// of it began; of several series the latest.
    pub trained_until: Option<Timestamp>,
    /// How long it took.
    pub took: Duration,
}

impl View {
    /// Looks for the unusual episodes of a period: every window that passes is measured as of its
    /// own close, as [`View::anomaly`] does, and windows that overlap become one episode. Uses all
    /// threads.
    ///
    /// ```
    /// use rhymedb::{Database, Filter};
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// let view = db.now();
    /// let (from, to) = ("2015-03-01".parse()?, "2015-03-08".parse()?);
    /// let answer = view.anomaly_scan().of("NOVAUSDT").filter(Filter::new().from(from).until(to)).level(0.05).run()?;
    /// for episode in &answer.episodes {
    ///     println!("{} stands for {} windows", episode.window, episode.windows);
    /// }
    /// assert!(answer.scanned > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn anomaly_scan(&self) -> AnomalyScan {
        AnomalyScan {
            view: self.clone(),
            options: Options::default(),
            filter: Filter::default(),
            by: Measure::Size,
            level: 0.01,
            limit: 20,
            scores: false,
        }
    }
}

/// What was found of a window by the measure that decides, and all of it if that is at or below the
/// level.
struct Told {
    by: Measured,
    unusual: Option<Unusual>,
}

/// A window of the scan at or below the level.
struct Flagged {
    place: Place,
    /// Its number among the scanned windows of its series.
    number: usize,
    unusual: Unusual,
    p_value: f64,
    value: f64,
}

impl AnomalyScan {
    shared_options!();

    /// Scans this market or symbol; said more than once, any of them. Default: everything.
    #[must_use]
    pub fn of(mut self, market_or_symbol: &str) -> Self {
        self.filter.groups.push(market_or_symbol.to_owned());
        self
    }

    /// Only windows that pass a filter; it replaces the one before. Default: any.
    #[must_use]
    pub fn filter(mut self, filter: crate::db::Filter) -> Self {
        self.filter = filter.with_groups_of(self.filter);
        self
    }

    setters! {
        /// The measure that decides. Default: [`Measure::Size`].
        fn by(measure: Measure);

        /// The p-value up to which a window counts as unusual. Default: 0.01.
        fn level(level: f64);

        /// The most episodes to list. Default: 20. At most 10,000.
        fn limit(episodes: usize);

        /// Also answers with the score of every window, to draw them. Default: no.
        fn scores(scores: bool);
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::NotFound`] if a name is that of nothing stored; [`Error::Invalid`] if an option is
    /// out of range, or if the level is so low that no window could reach it.
    pub fn run(&self) -> Result<AnomalyScanAnswer> {
        self.options.check()?;
        within("a limit", self.limit, 10_000)?;
        self.filter.check()?;
        self.filter.only("a scan", WHICH_AND_WHEN)?;
        let calibration = match self.by {
            Measure::Size => self.options.calibration.max(SIZE_SAMPLE),
            _ => self.options.calibration,
        };
        if !(0.0..=1.0).contains(&self.level) || self.level * (calibration as f64 + 1.0) < 1.0 {
            return Err(Error::invalid(format!(
                "expected a level from 1 / (calibration + 1) to 1, found {} with a calibration of {calibration}; raise one of them",
                self.level
            )));
        }
        let space = self.options.space.as_deref();
        self.view.past(space, |past| self.answer(past))
    }

    fn answer(&self, past: &Past<'_>) -> Result<AnomalyScanAnswer> {
        let start = Instant::now();
        let rows = past.rows(&self.filter)?;
        let windows = past.count(&rows);
        if windows > MOST_WINDOWS {
            return Err(Error::invalid(format!(
                "expected at most {MOST_WINDOWS} windows to scan, found {windows}; narrow the period or name a symbol"
            )));
        }
        let places = past.places(&rows)?;
        let judge = self.options.judge(past)?;
        if self.by == Measure::Alignment && judge.words.is_none() {
            return Err(Error::invalid(format!(
                "expected a space of charts and headlines to decide by alignment, found {}; name such a space, or decide by another measure",
                past.space()
            )));
        }
        past.start_threads()?;
        let judged: Vec<Option<Told>> = places
            .par_iter()
            .map(|&place| self.judge_one(&judge, place))
            .collect::<Result<_>>()?;
        let skipped = judged.iter().filter(|told| told.is_none()).count() as u64;
        let (series, scores) = self.every_score(past, &places, &judged)?;
        let flagged = self.flagged(&places, judged);
        Ok(AnomalyScanAnswer {
            space: past.space().to_owned(),
            scanned: windows,
            skipped,
            unusual: flagged.len() as u64,
            by_chance: self.level * windows.saturating_sub(skipped) as f64,
            episodes: self.episodes(past, flagged)?,
            by: self.by,
            level: self.level,
            series,
            scores,
            trained_until: learned(past, &places)?,
            took: start.elapsed(),
        })
    }

    /// The series and the scores of all windows, if they were asked for.
    fn every_score(
        &self,
        past: &Past<'_>,
        places: &[Place],
        judged: &[Option<Told>],
    ) -> Result<(Vec<SeriesKey>, Vec<AnomalyScore>)> {
        if !self.scores {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut names = BTreeMap::new();
        for place in places {
            if let Entry::Vacant(entry) = names.entry(place.series) {
                entry.insert(past.series(place.series)?.0);
            }
        }
        let mut series: Vec<SeriesKey> = names.values().map(|&key| key.clone()).collect();
        series.sort_by_key(ToString::to_string);
        let number = |name| series.iter().position(|key| key == name);
        let numbers: BTreeMap<u32, usize> = names
            .iter()
            .filter_map(|(&id, &name)| Some((id, number(name)?)))
            .collect();
        let score = |(place, told): (&Place, &Option<Told>)| {
            let by = told.as_ref()?.by;
            Some(AnomalyScore {
                series: *numbers.get(&place.series)?,
                end: Timestamp::from_millis(place.end),
                value: by.value,
                p_value: by.p_value,
            })
        };
        let scores = places.iter().zip(judged).filter_map(score).collect();
        Ok((series, scores))
    }

    fn flagged(&self, places: &[Place], judged: Vec<Option<Told>>) -> Vec<Flagged> {
        let mut seen: HashMap<u32, usize> = HashMap::new();
        let mut flagged = Vec::new();
        for (&place, told) in places.iter().zip(judged) {
            let next = seen.entry(place.series).or_default();
            let number = *next;
            *next += 1;
            let Some(Told { by, unusual }) = told else {
                continue;
            };
            flagged.extend(unusual.map(|unusual| Flagged {
                place,
                number,
                unusual,
                p_value: by.p_value,
                value: by.value,
            }));
        }
        flagged
    }

    /// How unusual a window is as of its close; `None` if there was too little history.
    fn judge_one(&self, judge: &Judge<'_>, place: Place) -> Result<Option<Told>> {
        let size = judge.size(place)?;
        if self.by == Measure::Size {
            // The others cost more, and are wanted of the few windows that are listed.
            let alone = Unusual::of(size, None, &[]);
            let Some(&by) = alone.get(self.by) else {
                return Ok(None);
            };
            if by.p_value > self.level {
                return Ok(Some(Told { by, unusual: None }));
            }
        }
        let unusual = judge_all(judge, place, size)?;
        let by = unusual.get(self.by).copied();
        Ok(by.map(|by| Told {
            by,
            unusual: (by.p_value <= self.level).then_some(unusual),
        }))
    }

    /// Windows that overlap, by the most unusual of them.
    fn episodes(&self, past: &Past<'_>, mut flagged: Vec<Flagged>) -> Result<Vec<AnomalyEpisode>> {
        flagged.sort_by(|a, b| {
            let values = a
                .p_value
                .total_cmp(&b.p_value)
                .then(b.value.total_cmp(&a.value));
            values.then(a.place.cmp(&b.place))
        });
        let apart = past.window_bars().div_ceil(past.hop()) as usize;
        let mut heads: HashMap<u32, Vec<(usize, usize)>> = HashMap::new();
        let mut episodes: Vec<AnomalyEpisode> = Vec::new();
        for window in flagged {
            let of_series = heads.entry(window.place.series).or_default();
            let near = of_series
                .iter()
                .find(|(number, _)| number.abs_diff(window.number) < apart);
            let end = Timestamp::from_millis(window.place.end);
            match near {
                Some(&(_, at)) => {
                    if let Some(episode) = episodes.get_mut(at) {
                        episode.windows += 1;
                        episode.from = episode.from.min(end);
                        episode.to = episode.to.max(end);
                    }
                }
                None => {
                    of_series.push((window.number, episodes.len()));
                    episodes.push(AnomalyEpisode {
                        rank: episodes.len() + 1,
                        window: past.window(window.place)?,
                        unusual: window.unusual,
                        windows: 1,
                        from: end,
                        to: end,
                    });
                }
            }
        }
        episodes.truncate(self.limit);
        Ok(episodes)
    }
}

/// Until when weights have seen these windows, which are ascending by end. The first of a series tells.
fn learned(past: &Past<'_>, places: &[Place]) -> Result<Option<Timestamp>> {
    let mut told = HashSet::new();
    let mut latest = None;
    for &place in places.iter().filter(|place| told.insert(place.series)) {
        latest = latest.max(past.learned_window(place)?);
    }
    Ok(latest)
}

/// Every measure of a window as of its close.
fn judge_all(judge: &Judge<'_>, place: Place, size: Option<RankedSize>) -> Result<Unusual> {
    let vector = judge
        .past
        .vector(place)?
        .ok_or_else(|| Error::internal("a window has no vector"))?;
    let window = Judged {
        place,
        vector: &vector,
    };
    let found = judge.measure(&window)?.map(|(found, _)| found);
    let earlier = match found {
        Some(_) => judge.calibrated(&judge.calibration(place)?)?,
        None => None,
    };
    let found = found.filter(|_| earlier.is_some());
    let earlier = earlier.unwrap_or_default();
    Ok(Unusual::of(size, found.as_ref(), &earlier))
}
