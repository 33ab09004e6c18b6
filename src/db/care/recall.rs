//! The database's own audit: what the graphs find of what there is.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::db::control::{Control, Stage};
use crate::db::database::Database;
use crate::db::rank::Candidate;
use crate::db::read::target::stored_window;
use crate::db::snapshot::{Snapshot, SpaceState};
use crate::error::{Error, Result};
use crate::index::{self, Graph, Query, RowSet, Rows, Scored, Scratch};
use crate::model::Window;
use crate::numeric::summary::wilson;
use crate::store::Directory;

/// Neighbours that are looked for.
const K: usize = 10;
/// Windows that were not found, and are named.
const NAMED: usize = 10;

/// How to measure recall.
#[derive(Clone, Debug, PartialEq)]
pub struct RecallOptions {
    /// Stored windows that are asked about in each space. Default: 1,000.
    pub sample: usize,
    /// The seed of the sample. Default: 0.
    pub seed: u64,
    /// Whether every window is asked to find itself, not only the sample. Default: no.
    pub all: bool,
    /// The breadth of the search in a graph, as [`crate::query::Similar::ef`]. Default: 128.
    pub ef: usize,
    /// The least recall, and the least share of windows that find themselves, with which a space
    /// passes: 0 to 1. Default: 0.95.
    pub threshold: f64,
}

impl Default for RecallOptions {
    fn default() -> Self {
        Self {
            sample: 1000,
            seed: 0,
            all: false,
            ef: 128,
            threshold: 0.95,
        }
    }
}

impl RecallOptions {
    fn check(&self) -> Result<()> {
        let wrong = |what: &str, found: String| {
            Err(Error::invalid(format!("expected {what}, found {found}")))
        };
        if !(1..=10_000_000).contains(&self.sample) {
            return wrong("a sample of 1 to 10,000,000", self.sample.to_string());
        }
        if !(K + 1..=100_000).contains(&self.ef) {
            return wrong("ef from 11 to 100,000", self.ef.to_string());
        }
        if !(0.0..=1.0).contains(&self.threshold) {
            return wrong("a threshold from 0 to 1", self.threshold.to_string());
        }
        Ok(())
    }
}

/// What the graphs find in each space.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecallReport {
    /// The spaces that have segments.
    pub spaces: Vec<SpaceRecall>,
    /// The least recall with which a space passes.
    pub threshold: f64,
    /// Whether every space passes.
    pub passed: bool,
}

/// What the graphs of one space find.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SpaceRecall {
    /// The space.
    pub space: String,
    /// Windows in its graphs, dead ones left out.
    pub indexed: u64,
    /// Windows that were asked about.
    pub sample: u64,
    /// The share of the 10 nearest other windows that the graphs found, mean of the sample. One
    /// with the same score as a missed one counts as found.
    pub recall: f64,
    /// 95 % interval of the recall, after Wilson, with a question as one trial: that is on the
    /// safe side, because shares scatter most where they are all 0 or 1.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// Windows that were to find themselves.
    pub selves: u64,
    /// Those that did: nothing better was found, and nothing as good was missed.
    pub selves_found: u64,
    /// The first of those that did not.
    pub not_found: Vec<Window>,
    /// Whether both shares reach the threshold.
    pub passed: bool,
}

impl Database {
    /// Measures what the graphs find: asks them about a sample of the stored windows and compares
    /// with the exact search of every window; and looks whether windows find themselves. Graphs
    /// are asked even where [`crate::View::similar`] would rather score every window.
    ///
    /// ```
    /// use rhymedb::{Control, Database};
    /// use rhymedb::admin::RecallOptions;
    /// use rhymedb::synthetic::{SyntheticConfig, SyntheticMarket};
    /// let dir = tempfile::tempdir()?;
    /// let db = Database::open(dir.path().join("market.rhyme"))?;
    /// db.ingest_bars(&SyntheticMarket::new(SyntheticConfig::small(1))?.series())?;
    /// db.compact(&Control::new())?; // rows that are in no segment yet have no graph
    /// let options = RecallOptions { sample: 50, ..RecallOptions::default() };
    /// let report = db.measure_recall(&options, &Control::new())?;
    /// assert!(report.passed, "{report:?}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if an option is out of range, [`Error::Corrupt`] if a graph leads
    /// nowhere, [`Error::Interrupted`] if `control` was stopped.
    pub fn measure_recall(
        &self,
        options: &RecallOptions,
        control: &Control,
    ) -> Result<RecallReport> {
        options.check()?;
        let view = self.now();
        let snapshot = view.snapshot()?;
        let mut spaces = Vec::new();
        for state in &snapshot.spaces {
            let audit = Audit::new(snapshot, state, options)?;
            if audit.live > 0 {
                spaces.push(audit.run(control)?);
            }
        }
        Ok(RecallReport {
            passed: spaces.iter().all(|s| s.passed),
            spaces,
            threshold: options.threshold,
        })
    }
}

/// A segment, ready to be asked.
struct GraphPart<'a> {
    directory: Directory<'a>,
    rows: Rows<'a>,
    graph: Graph<'a>,
    live: RowSet,
}

struct Audit<'a> {
    snapshot: &'a Snapshot,
    state: &'a SpaceState,
    options: &'a RecallOptions,
    parts: Vec<GraphPart<'a>>,
    live: u64,
}

/// A row of a part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PartRow {
    part: usize,
    row: u32,
}

impl<'a> Audit<'a> {
    fn new(
        snapshot: &'a Snapshot,
        state: &'a SpaceState,
        options: &'a RecallOptions,
    ) -> Result<Self> {
        let mut parts = Vec::new();
        for (segment, dead) in &state.segments {
            let index = segment.index()?;
            if let Some(graph) = index.graph {
                parts.push(GraphPart {
                    directory: segment.directory()?,
                    live: RowSet::all(segment.record.rows).subtract(dead),
                    rows: index.rows,
                    graph,
                });
            }
        }
        Ok(Self {
            snapshot,
            state,
            options,
            live: parts.iter().map(|p| p.live.len() as u64).sum(),
            parts,
        })
    }

    fn run(&self, control: &Control) -> Result<SpaceRecall> {
        let places = self.places();
        let mut random = ChaCha8Rng::seed_from_u64(self.options.seed);
        let amount = self.options.sample.min(places.len());
        let picked = rand::seq::index::sample(&mut random, places.len(), amount);
        let mut sample: Vec<PartRow> = picked
            .iter()
            .filter_map(|i| places.get(i).copied())
            .collect();
        sample.sort_unstable();
        let selves = if self.options.all { &places } else { &sample };
        let total = (sample.len() + selves.len()) as u64;
        let done = AtomicU64::new(0);
        let step = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(64) || done == total {
                control.report(Stage::Ask, done, total)?;
            }
            Ok(())
        };
        let shares: Vec<f64> = sample
            .par_iter()
            .map_init(Scratch::new, |scratch, &place| {
                step()?;
                self.share_found(place, scratch)
            })
            .collect::<Result<_>>()?;
        let lost: Vec<PartRow> = selves
            .par_iter()
            .map_init(Scratch::new, |scratch, &place| {
                step()?;
                Ok((!self.finds_itself(place, scratch)?).then_some(place))
            })
            .filter_map(Result::transpose)
            .collect::<Result<_>>()?;
        let recall = shares.iter().sum::<f64>() / shares.len() as f64;
        let interval = wilson(recall, shares.len() as f64);
        let selves_found = (selves.len() - lost.len()) as u64;
        let share = selves_found as f64 / selves.len() as f64;
        Ok(SpaceRecall {
            space: self.state.space().name.clone(),
            indexed: self.live,
            sample: sample.len() as u64,
            recall,
            low: interval.low,
            high: interval.high,
            selves: selves.len() as u64,
            selves_found,
            not_found: lost
                .iter()
                .take(NAMED)
                .filter_map(|&place| self.window(place))
                .collect::<Result<_>>()?,
            passed: recall.min(share) >= self.options.threshold,
        })
    }

    fn places(&self) -> Vec<PartRow> {
        let parts = self.parts.iter().enumerate();
        let rows = parts.flat_map(|(i, part)| {
            let live = part.live.ranges().iter().cloned().flatten();
            live.map(move |row| PartRow { part: i, row })
        });
        rows.collect()
    }

    fn query(&self, place: PartRow) -> Result<Query> {
        let part = self.parts.get(place.part);
        part.map_or_else(
            || Err(Error::invalid("no such part")),
            |p| p.rows.query(place.row),
        )
    }

    /// The share of the 10 nearest other windows that the graphs find.
    fn share_found(&self, place: PartRow, scratch: &mut Scratch) -> Result<f64> {
        let query = self.query(place)?;
        let (mut truth, mut found) = (Vec::new(), Vec::new());
        for (i, part) in self.parts.iter().enumerate() {
            let other = |hit: &Scored| (i, hit.row) != (place.part, place.row);
            let exact = index::scan(&part.rows, &query, K + 1, &part.live, scratch)?;
            truth.extend(exact.into_iter().filter(other).map(|hit| hit.score));
            let ef = self.options.ef;
            let hits = index::search(&part.graph, &part.rows, &query, ef, &part.live, scratch)?;
            found.extend(hits.into_iter().filter(other).map(|hit| hit.score));
        }
        for scores in [&mut truth, &mut found] {
            scores.sort_unstable_by(|a, b| b.total_cmp(a));
            scores.truncate(K);
        }
        let Some(&least) = truth.last() else {
            return Ok(1.0); // The only window of the space.
        };
        let hits = found.iter().filter(|&&score| score >= least).count();
        Ok(hits as f64 / truth.len() as f64)
    }

    /// Whether the best that the graph of its segment finds is as good as the window itself.
    fn finds_itself(&self, place: PartRow, scratch: &mut Scratch) -> Result<bool> {
        let query = self.query(place)?;
        let Some(part) = self.parts.get(place.part) else {
            return Ok(false);
        };
        let own = part.rows.exact(&query, place.row)?;
        let ef = self.options.ef;
        let hits = index::search(&part.graph, &part.rows, &query, ef, &part.live, scratch)?;
        Ok(hits.first().is_some_and(|best| best.score >= own))
    }

    fn window(&self, place: PartRow) -> Option<Result<Window>> {
        let score = 1.0;
        let part = self.parts.get(place.part)?;
        let (series, end) = part.directory.window_of(place.row)?;
        let record = self.snapshot.series.get(&series)?;
        let candidate = Candidate { series, end, score };
        let bars = self.state.space().encoder.window;
        Some(stored_window(self.snapshot, &candidate, record, bars))
    }
}
