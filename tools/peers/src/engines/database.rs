//! RhymeDB as a whole: vectors are imported into a database on disk and asked for through a view.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use rhymedb::{Control, Database, Filter, Hit, OpenOptions, SeriesKey, Timestamp};
use rhymedb::ingest::VectorRow;

use super::{Answer, Built, Engine, seconds};
use crate::serve::Set;
use crate::sets::WINDOW;

const SPACE: &str = "peers";

pub fn build(set: &Set, vectors: &[f32], work: &Path) -> Result<Built> {
    let keys = keys(set)?;
    let rows: Vec<VectorRow<'_>> = vectors
        .chunks_exact(set.dim)
        .enumerate()
        .map(|(i, vector)| VectorRow {
            series: &keys[set.series[i] as usize],
            end: Timestamp::from_millis(set.end[i]),
            vector,
        })
        .collect();
    // One call stores the vectors and builds their graphs.
    let (build_s, _) = seconds(|| {
        let db = OpenOptions::new()
            .clip_weights(None)
            .open(work.join("db"))?;
        Ok(db.import_vectors(SPACE, WINDOW as u32, &rows, &Control::new())?)
    })?;
    Ok(Built {
        load_s: 0.0,
        build_s,
    })
}

fn keys(set: &Set) -> Result<Vec<SeriesKey>> {
    let parse = |name: &String| name.parse().with_context(|| name.clone());
    set.names.iter().map(parse).collect()
}

pub struct Open<'a> {
    set: &'a Set,
    db: Database,
    /// The rows of each series, ordered by their ends.
    rows: HashMap<SeriesKey, Range<usize>>,
    /// A series of each group, for its market and symbol.
    groups: HashMap<u32, SeriesKey>,
}

pub fn open<'a>(set: &'a Set, work: &Path) -> Result<Open<'a>> {
    let mut rows = HashMap::new();
    let mut groups = HashMap::new();
    for (i, key) in keys(set)?.into_iter().enumerate() {
        let first = set.series.partition_point(|&s| (s as usize) < i);
        let last = set.series.partition_point(|&s| (s as usize) <= i);
        if first < last {
            groups.insert(set.group[first], key.clone());
        }
        rows.insert(key, first..last);
    }
    let db = Database::open(work.join("db"))?;
    Ok(Open {
        set,
        db,
        rows,
        groups,
    })
}

impl Open<'_> {
    fn row(&self, hit: &Hit) -> Option<u32> {
        let range = self.rows.get(&hit.window.series)?.clone();
        let ends = &self.set.end[range.clone()];
        let at = ends.binary_search(&hit.window.end.millis()).ok()?;
        Some((range.start + at) as u32)
    }
}

impl Engine for Open<'_> {
    fn nearest(&self, query: &[f32], k: usize, ef: usize, filter: Option<usize>) -> Result<Answer> {
        let view = self.db.now();
        let mut question = view
            .similar(query.to_vec())
            .space(SPACE)
            .k(k)
            .ef(ef)
            .exclusion(0);
        if let Some(filter) = filter.map(|f| &self.set.filters[f]) {
            let mut windows = Filter::new()
                .from(Timestamp::from_millis(filter.from))
                .until(Timestamp::from_millis(filter.to));
            if let Some(key) = filter.group.and_then(|g| self.groups.get(&g)) {
                windows = windows.market(&key.market).symbol(&key.symbol);
            }
            question = question.filter(windows);
        }
        Ok(Answer::Hits(question.run()?.hits))
    }

    fn episodes(&self, query: &[f32], k: usize, ef: usize) -> Result<Option<Answer>> {
        let view = self.db.now();
        let answer = view
            .similar(query.to_vec())
            .space(SPACE)
            .k(k)
            .ef(ef)
            .run()?;
        Ok(Some(Answer::Hits(answer.hits)))
    }

    fn rows(&self, answer: Answer) -> Vec<u32> {
        match answer {
            Answer::Rows(rows) => rows,
            // A window that is no row counts as a wrong answer.
            Answer::Hits(hits) => hits
                .iter()
                .map(|h| self.row(h).unwrap_or(u32::MAX))
                .collect(),
        }
    }
}
