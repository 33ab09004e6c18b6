//! Random walks of several years in two markets, and the plain walk along a ranking.

use std::collections::BTreeMap;

use rhymedb::data::Calendar;
use rhymedb::query::{Per, Similar, SimilarAnswer};
use rhymedb::{Database, Hit, Interval, SeriesBars, SeriesKey, Target, Window};

use crate::oracle::worlds::database;
use crate::oracle::{DAY, Lcg, walk};

/// 2014-06-01.
const START: i64 = 1_401_580_800_000;

pub(crate) fn series(market: &str, symbol: &str, bars: usize, seed: u64) -> SeriesBars {
    SeriesBars {
        key: SeriesKey::new(market, "test", symbol, Interval::days(1)).unwrap(),
        calendar: Calendar::Continuous,
        bars: walk((0..bars as i64).map(|i| START + i * DAY), seed),
    }
}

/// Five symbols of two markets: `AAA` is a symbol of both, and one of them has two intervals.
pub(crate) fn market(seed: u64) -> Vec<SeriesBars> {
    let mut half = series("east", "BBB", 1000, seed + 6);
    half.key.interval = Interval::hours(12);
    half.bars = walk((0..1000).map(|i| START + i * DAY / 2), seed + 6);
    vec![
        series("east", "AAA", 1300, seed + 1),
        series("east", "BBB", 1100, seed + 2),
        series("west", "AAA", 1200, seed + 3),
        series("west", "CCC", 700, seed + 4),
        series("west", "DDD", 300, seed + 5),
        half,
    ]
}

pub(crate) fn world(seed: u64) -> (tempfile::TempDir, Database) {
    database(&market(seed))
}

/// A window that exists, of a series of a day.
pub(crate) fn some_target(random: &mut Lcg) -> Target {
    let at = START + (100.0 + 190.0 * random.next()).floor() as i64 * DAY;
    let names = ["east/AAA", "east/BBB", "west/AAA", "west/CCC", "west/DDD"];
    let name = names[(random.next() * 5.0) as usize];
    let time = rhymedb::Timestamp::from_millis(at);
    format!("{name}:1d@{time}").parse().unwrap()
}

/// A quota or none.
pub(crate) fn some_quota(random: &mut Lcg) -> Option<usize> {
    (random.next() < 0.4).then(|| 1 + (random.next() * 4.0) as usize)
}

pub(crate) fn some_per(random: &mut Lcg) -> Per {
    let mut per = Per::new();
    per.symbol = some_quota(random);
    per.year = some_quota(random);
    per.market = some_quota(random);
    per
}

/// The groups of a window, by the text of its name and time.
pub(crate) fn groups(window: &Window) -> [(&'static str, String); 3] {
    let key = &window.series;
    let year = window.end.to_string()[..4].to_owned();
    [
        ("symbol", format!("{}/{}", key.market, key.symbol)),
        ("year", year),
        ("market", key.market.clone()),
    ]
}

/// Counts groups against their quotas.
pub(crate) struct Counts {
    per: Per,
    taken: BTreeMap<(&'static str, String), usize>,
}

impl Counts {
    pub(crate) fn new(per: Per) -> Self {
        let taken = BTreeMap::new();
        Self { per, taken }
    }

    fn quota(&self, kind: &str) -> usize {
        let quota = match kind {
            "symbol" => self.per.symbol,
            "year" => self.per.year,
            _ => self.per.market,
        };
        quota.unwrap_or(usize::MAX)
    }

    pub(crate) fn room(&self, of: &[(&'static str, String)]) -> bool {
        let taken = |group| self.taken.get(group).copied().unwrap_or(0);
        of.iter().all(|group| taken(group) < self.quota(group.0))
    }

    pub(crate) fn add(&mut self, of: &[(&'static str, String)]) {
        for group in of {
            *self.taken.entry(group.clone()).or_default() += 1;
        }
    }

    pub(crate) fn full(&self) -> bool {
        let full =
            |(group, taken): (&(&'static str, String), &usize)| *taken >= self.quota(group.0);
        self.taken.iter().any(full)
    }
}

/// Whether two windows of continuous series are one moment of one symbol.
fn near(a: &Window, b: &Window, zone: i64) -> bool {
    let (x, y) = (&a.series, &b.series);
    let bar = x.interval.nominal_millis().max(y.interval.nominal_millis());
    (&x.market, &x.symbol) == (&y.market, &y.symbol)
        && (a.end.millis() - b.end.millis()).abs() < zone * bar
}

/// Every window in the order of its score, the question's own among them.
pub(crate) fn ranking(question: &Similar) -> Vec<Hit> {
    let all = question.clone().k(10_000).exclusion(0).exact(true);
    let answer = all.run().unwrap();
    assert_eq!(answer.hits.len() as u64, answer.searched.windows);
    answer.hits
}

/// The walk along a ranking: each that is no moment of before, and whose groups have room.
pub(crate) fn walked(
    ranking: &[Hit],
    own: Option<&Window>,
    (k, zone, per): (usize, u32, Per),
) -> (Vec<Hit>, Counts) {
    let mut counts = Counts::new(per);
    let mut taken: Vec<Hit> = Vec::new();
    for hit in ranking {
        let zone = i64::from(zone);
        let before = taken.iter().map(|t| &t.window).chain(own);
        let groups = groups(&hit.window);
        if taken.len() == k {
            break;
        }
        if counts.room(&groups) && !before.clone().any(|w| near(w, &hit.window, zone)) {
            counts.add(&groups);
            taken.push(hit.clone());
        }
    }
    (taken, counts)
}

/// Windows and scores, whose ranks follow from their order.
pub(crate) fn told(hits: &[Hit]) -> Vec<(String, f32)> {
    let told = |hit: &Hit| (hit.window.to_string(), hit.score);
    hits.iter().map(told).collect()
}

#[track_caller]
pub(crate) fn assert_ranks(answer: &SimilarAnswer) {
    let ranks = answer.hits.iter().map(|hit| hit.rank);
    assert!(ranks.eq(1..=answer.hits.len()));
}
