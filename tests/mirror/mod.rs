//! The whole engine once more, as maps: bars, windows from their definition, search by comparing
//! everything with everything.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod asking;
pub mod follower;
pub mod headlines;
pub mod listings;
pub mod prototypes;
pub mod world;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use rhymedb::data::{Calendar, Headline};
use rhymedb::encode::ChartEncoder;
use rhymedb::query::SimilarAnswer;
use rhymedb::{Bar, Bars, Interval, SeriesKey, Timestamp};

/// Stored scores have 16 bits a number.
const CLOSE: f64 = 3e-4;
const DAY: u64 = 24 * 3_600_000;

type Cache = Arc<Mutex<HashMap<Vec<u64>, Option<Vec<f32>>>>>;

/// A space of charts: its windows are defined by the encoder and the hop.
#[derive(Clone)]
pub struct ChartSpace {
    pub name: &'static str,
    pub encoder: Arc<dyn ChartEncoder>,
    pub hop: i64,
    known: Cache,
}

impl ChartSpace {
    pub fn new(name: &'static str, encoder: Arc<dyn ChartEncoder>, hop: i64) -> Self {
        Self {
            name,
            encoder,
            hop,
            known: Cache::default(),
        }
    }

    /// Bars that a vector depends on.
    fn reach(&self) -> usize {
        self.width() + self.encoder.spec().warm_up as usize
    }

    fn width(&self) -> usize {
        self.encoder.spec().window as usize
    }

    /// The vector of a window, which many questions ask for again.
    fn vector(&self, bars: &[Bar]) -> Option<Vec<f32>> {
        let columns = |b: &Bar| [b.open, b.high, b.low, b.close, b.volume].map(f64::to_bits);
        let content: Vec<u64> = bars.iter().flat_map(columns).collect();
        let mut known = self.known.lock().unwrap();
        let encode = || {
            let bars: Bars = bars.iter().copied().collect();
            self.encoder.encode_window(&bars).unwrap()
        };
        known.entry(content).or_insert_with(encode).clone()
    }
}

#[derive(Clone)]
pub struct MirrorSeries {
    pub key: SeriesKey,
    pub calendar: Calendar,
    pub bars: BTreeMap<i64, Bar>,
    pub imported: BTreeMap<i64, Vec<f32>>,
}

impl MirrorSeries {
    fn close(&self, open: i64) -> i64 {
        let open = Timestamp::from_millis(open);
        self.key.interval.close_of(open).millis()
    }

    /// The windows of `width` bars without a gap, as (end, bars).
    fn windows(&self, width: usize) -> Vec<(i64, Vec<Bar>)> {
        let bars: Vec<Bar> = self.bars.values().copied().collect();
        let beside = |pair: &[Bar]| {
            self.calendar == Calendar::Session
                || self.close(pair[0].time.millis()) == pair[1].time.millis()
        };
        bars.windows(width)
            .filter(|w| w.windows(2).all(beside))
            .map(|w| (self.close(w[width - 1].time.millis()), w.to_vec()))
            .collect()
    }
}

/// A window that can be an answer.
#[derive(Clone, Debug)]
struct Place {
    series: usize,
    start: Option<i64>,
    end: i64,
    vector: Vec<f32>,
}

/// A question in plain words; series by their number in the mirror.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub series: usize,
    pub time: Option<i64>,
    pub as_of: Option<i64>,
    /// The series that pass; `None` is all.
    pub among: Option<Vec<usize>>,
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub k: usize,
    pub exclusion: u32,
}

/// Which space a question is about.
#[derive(Clone)]
pub enum Asked {
    Chart(ChartSpace),
    Imported,
}

#[derive(Clone, Default)]
pub struct Mirror {
    /// By time, source and text.
    pub headlines: BTreeMap<(i64, String, String), Headline>,
    /// By number; `None` where a series is not stored.
    pub series: BTreeMap<usize, MirrorSeries>,
    /// By name.
    pub prototypes: BTreeMap<&'static str, prototypes::Kept>,
}

impl Mirror {
    fn places(&self, asked: &Asked) -> Vec<Place> {
        let mut places = Vec::new();
        for (&number, series) in &self.series {
            match asked {
                Asked::Imported => {
                    places.extend(series.imported.iter().map(|(&end, vector)| Place {
                        series: number,
                        start: None,
                        end,
                        vector: vector.clone(),
                    }));
                }
                Asked::Chart(space) => {
                    for (end, bars) in series.windows(space.reach()) {
                        let last = bars[bars.len() - 1].time;
                        if series.key.interval.ordinal_of(last).rem_euclid(space.hop) != 0 {
                            continue;
                        }
                        places.extend(space.vector(&bars).map(|vector| Place {
                            series: number,
                            start: Some(bars[bars.len() - space.width()].time.millis()),
                            end,
                            vector,
                        }));
                    }
                }
            }
        }
        places
    }

    /// How many windows a space has.
    pub fn count(&self, asked: &Asked) -> u64 {
        self.places(asked).len() as u64
    }

    pub fn bars(&self) -> u64 {
        self.series.values().map(|s| s.bars.len() as u64).sum()
    }

    /// The end and the vector of the window that is asked about, if there is one.
    fn query(&self, asked: &Asked, question: &Question) -> Option<(i64, Option<Vec<f32>>)> {
        let series = self.series.get(&question.series)?;
        let end = i64::MAX;
        let time = question
            .time
            .unwrap_or(end)
            .min(question.as_of.unwrap_or(end));
        match asked {
            Asked::Imported => {
                let (end, vector) = series.imported.range(..=time).next_back()?;
                Some((*end, Some(vector.clone())))
            }
            Asked::Chart(space) => {
                let windows = series.windows(space.reach());
                let (end, bars) = windows.iter().rfind(|w| w.0 <= time)?;
                Some((*end, space.vector(bars)))
            }
        }
    }

    fn same_moment(&self, a: (usize, i64), b: (usize, i64), zone: u32) -> bool {
        let (x, y) = (&self.series[&a.0], &self.series[&b.0]);
        if (&x.key.market, &x.key.symbol) != (&y.key.market, &y.key.symbol) || zone == 0 {
            return false;
        }
        let length = |s: &MirrorSeries| s.key.interval.nominal_millis();
        let coarser = if length(y) > length(x) { y } else { x };
        let interval = coarser.key.interval;
        let open = |end: i64| interval.open_of(Timestamp::from_millis(end));
        if matches!(interval, Interval::Months(_)) {
            let months = |end: i64| interval.ordinal_of(open(end));
            return months(a.1).abs_diff(months(b.1)) < u64::from(zone);
        }
        let apart = a.1.abs_diff(b.1);
        let zone_time = u64::from(zone) * length(coarser) as u64;
        if apart < zone_time {
            return true;
        }
        if coarser.calendar == Calendar::Continuous || apart > 10 * zone_time + 10 * DAY {
            return false;
        }
        let (first, last) = (open(a.1.min(b.1)).millis(), open(a.1.max(b.1)).millis());
        let between = coarser.bars.range(first + 1..=last).count();
        between > 0 && between < zone as usize
    }

    /// Checks an exact answer, or that there is none.
    pub fn check(
        &self,
        asked: &Asked,
        question: &Question,
        answer: rhymedb::Result<SimilarAnswer>,
    ) -> Result<usize, String> {
        let expected = self.query(asked, question);
        let (answer, query_end, query) = match (answer, expected) {
            (Ok(answer), Some((end, Some(vector)))) => (answer, end, vector),
            (Err(_), None | Some((_, None))) => return Ok(0),
            (Ok(answer), _) => return Err(format!("an answer to no window: {:?}", answer.query)),
            (Err(error), Some(_)) => return Err(format!("no answer: {error}")),
        };
        let found = answer.query.as_ref().map(|w| w.end.millis());
        if found != Some(query_end) {
            return Err(format!("the query ends at {found:?}, expected {query_end}"));
        }
        let own = [(question.series, query_end)];
        self.check_answer(asked, question, &query, &own, &answer)
    }

    /// Checks an exact answer to a prototype, which there is.
    pub fn check_prototype(
        &self,
        asked: &Asked,
        question: &Question,
        (vector, members): (&[f32], &BTreeSet<(String, i64)>),
        answer: rhymedb::Result<SimilarAnswer>,
    ) -> Result<usize, String> {
        let answer = answer.map_err(|error| format!("no answer: {error}"))?;
        if answer.query.is_some() {
            return Err(format!("a prototype is no window: {:?}", answer.query));
        }
        let number = |name: &String| {
            let named = |(_, s): &(&usize, &MirrorSeries)| s.key.to_string() == *name;
            self.series.iter().find(named).map(|(number, _)| *number)
        };
        // Members of series that are gone exclude nothing.
        let members = members
            .iter()
            .filter_map(|(name, end)| Some((number(name)?, *end)));
        let own: Vec<(usize, i64)> = members.collect();
        self.check_answer(asked, question, vector, &own, &answer)
    }

    fn check_answer(
        &self,
        asked: &Asked,
        question: &Question,
        query: &[f32],
        own: &[(usize, i64)],
        answer: &SimilarAnswer,
    ) -> Result<usize, String> {
        let last = question
            .to
            .unwrap_or(i64::MAX)
            .min(question.as_of.unwrap_or(i64::MAX));
        let passing: Vec<Place> = self
            .places(asked)
            .into_iter()
            .filter(|p| {
                question
                    .among
                    .as_ref()
                    .is_none_or(|a| a.contains(&p.series))
            })
            .filter(|p| (question.from.unwrap_or(i64::MIN)..=last).contains(&p.end))
            .collect();
        if answer.searched.windows != passing.len() as u64 {
            let windows = answer.searched.windows;
            return Err(format!(
                "{windows} windows passed, expected {}",
                passing.len()
            ));
        }
        self.check_hits(answer, &passing, query, own, question)
    }

    /// Each hit must be a window that passes, and each window that is no hit must have a reason.
    fn check_hits(
        &self,
        answer: &SimilarAnswer,
        passing: &[Place],
        query: &[f32],
        own: &[(usize, i64)],
        question: &Question,
    ) -> Result<usize, String> {
        let cosine = |v: &[f32]| {
            let dot = |a: &[f32], b: &[f32]| -> f64 {
                a.iter()
                    .zip(b)
                    .map(|(x, y)| f64::from(*x) * f64::from(*y))
                    .sum()
            };
            dot(v, query) / (dot(v, v) * dot(query, query)).sqrt()
        };
        let mut taken: Vec<_> = own.iter().map(|&own| (own, f64::INFINITY)).collect();
        let mut worst = f64::INFINITY;
        for hit in &answer.hits {
            let same = |p: &&Place| {
                p.end == hit.window.end.millis() && self.series[&p.series].key == hit.window.series
            };
            let place = passing
                .iter()
                .find(same)
                .ok_or(format!("{hit:?} does not pass"))?;
            let score = f64::from(hit.score);
            if (score - cosine(&place.vector)).abs() > CLOSE || score > worst {
                return Err(format!("{hit:?} has the cosine {}", cosine(&place.vector)));
            }
            if place.start.is_some_and(|s| s != hit.window.start.millis()) {
                return Err(format!("{hit:?} starts at {:?}", place.start));
            }
            let here = (place.series, place.end);
            let beside = |t: &((usize, i64), f64)| self.same_moment(t.0, here, question.exclusion);
            if let Some(other) = taken.iter().find(|t| beside(t)) {
                return Err(format!("{hit:?} is the same moment as {other:?}"));
            }
            taken.push((here, score));
            worst = score;
        }
        if answer.hits.len() > question.k {
            return Err(format!("{} hits", answer.hits.len()));
        }
        let full = answer.hits.len() == question.k;
        for place in passing {
            let here = (place.series, place.end);
            let score = cosine(&place.vector);
            let beaten = full && score <= worst + CLOSE;
            let explained = beaten
                || taken.iter().any(|t| {
                    t.0 == here
                        || (t.1 >= score - CLOSE && self.same_moment(t.0, here, question.exclusion))
                });
            if !explained {
                return Err(format!(
                    "{here:?} with {score} is missing in {:?}",
                    answer.hits
                ));
            }
        }
        Ok(answer.hits.len())
    }
}
