//! Search on the graph: a greedy descent through the upper layers, then best-first on layer 0.
//!
//! The walk compares 8-bit codes. Everything that it kept is then scored exactly: reranking only
//! the best few of it would cap the recall at what the codes can tell apart.

use std::collections::BinaryHeap;

use super::graph::{Graph, Links};
use super::kernel::{Plane, prefetch};
use super::query::Query;
use super::rank::{Best, Rank, Scored};
use super::rows::Rows;
use super::rowset::RowSet;
use crate::error::Result;

/// The buffers of a search. One for each thread; a search after the first allocates nothing but
/// its answer.
#[derive(Debug, Default)]
pub struct Scratch {
    visited: Visited,
    frontier: BinaryHeap<Rank>,
    pub(super) pool: Best,
    pub(super) fresh: Vec<u32>,
    pub(super) dots: Vec<i32>,
    scores: Vec<f32>,
}

impl Scratch {
    /// Empty buffers.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Which rows this search has met: a mark of an older search counts as none, so that the marks
/// are cleared once in 255 searches only.
#[derive(Debug, Default)]
struct Visited {
    marks: Vec<u8>,
    epoch: u8,
}

impl Visited {
    fn clear(&mut self, rows: usize) {
        if self.epoch == u8::MAX || self.marks.len() < rows {
            self.marks.clear();
            self.marks.resize(rows, 0);
            self.epoch = 0;
        }
        self.epoch += 1;
    }

    /// Whether the row was new, or `None` if it does not exist.
    fn insert(&mut self, row: u32) -> Option<bool> {
        let mark = self.marks.get_mut(row as usize)?;
        let new = *mark != self.epoch;
        *mark = self.epoch;
        Some(new)
    }
}

/// The pool of a search of width `ef`, scored exactly and sorted, best first; only rows in
/// `allowed`. With an `ef` of at least the number of rows, these are all allowed rows.
///
/// # Errors
/// [`crate::Error::Invalid`] if the query has another dimension than the rows,
/// [`crate::Error::Corrupt`] if a link leads to a row that does not exist.
pub fn search(
    graph: &Graph<'_>,
    rows: &Rows<'_>,
    query: &Query,
    ef: usize,
    allowed: &RowSet,
    scratch: &mut Scratch,
) -> Result<Vec<Scored>> {
    rows.check_query(query)?;
    if rows.is_empty() || ef == 0 {
        return Ok(Vec::new());
    }
    let code = query.code();
    let start = descend(graph, rows, code, scratch)?;
    // The entry as well: it is from there that every row can be reached.
    let starts = [start, graph.info().entry];
    let filter = (!allowed.covers(rows.len())).then_some(allowed);
    walk(graph.links0(), rows, code, &starts, ef, filter, scratch)
        .ok_or_else(|| graph.broken("links0"))?;
    let Scratch { pool, fresh, .. } = scratch;
    fresh.clear();
    if graph.info().stride_log2 == 0 {
        fresh.extend(pool.drain().map(Rank::row));
    } else {
        // Anchors stand for the rows around them.
        let runs = pool
            .drain()
            .flat_map(|anchor| graph.info().run_of(anchor.row()));
        fresh.extend(runs.filter(|&row| filter.is_none_or(|set| set.contains(row))));
    }
    rerank(rows, query, fresh)
}

/// Scores rows exactly and sorts them, best first.
fn rerank(rows: &Rows<'_>, query: &Query, found: &[u32]) -> Result<Vec<Scored>> {
    for &row in found {
        rows.prefetch_rest(row);
    }
    let mut ranks = found
        .iter()
        .map(|&row| Ok(Rank::new(rows.exact(query, row)?, row)))
        .collect::<Result<Vec<Rank>>>()?;
    ranks.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ranks.into_iter().map(Rank::scored).collect())
}

/// The row of layer 1 at which a greedy walk through the upper layers ends.
pub(super) fn descend(
    graph: &Graph<'_>,
    rows: &Rows<'_>,
    code: Plane<'_>,
    scratch: &mut Scratch,
) -> Result<u32> {
    let upper_rows = graph.upper_rows();
    let Some(&entry) = upper_rows.first() else {
        return Ok(graph.info().entry);
    };
    let broken = || graph.broken("upper");
    let Scratch {
        fresh,
        dots,
        scores,
        ..
    } = scratch;
    let mut slot = 0;
    let mut best = f32::NEG_INFINITY;
    if rows.approx(code, &[entry], dots, scores) {
        best = scores.first().copied().unwrap_or(best);
    }
    for links in graph.descent() {
        loop {
            let neighbours = links.of(slot).ok_or_else(broken)?;
            fresh.clear();
            for &n in neighbours {
                let row = *upper_rows.get(n as usize).ok_or_else(broken)?;
                rows.prefetch_code(row);
                fresh.push(row);
            }
            if !rows.approx(code, fresh, dots, scores) {
                return Err(broken());
            }
            let mut moved = false;
            for (&neighbour, &score) in neighbours.iter().zip(&*scores) {
                if score > best {
                    (slot, best, moved) = (neighbour, score, true);
                }
            }
            if !moved {
                break;
            }
        }
    }
    upper_rows.get(slot as usize).copied().ok_or_else(broken)
}

/// Best-first search of width `ef` from the rows `starts`. It leaves the best rows in
/// `scratch.pool`: all kinds of rows are walked over, only those in `allowed` are kept. `None` if
/// a link leads to a row that does not exist.
pub(super) fn walk(
    links: Links<'_>,
    rows: &Rows<'_>,
    code: Plane<'_>,
    starts: &[u32],
    ef: usize,
    allowed: Option<&RowSet>,
    scratch: &mut Scratch,
) -> Option<()> {
    let Scratch {
        visited,
        frontier,
        pool,
        fresh,
        dots,
        scores,
    } = scratch;
    let run = |row: u32| {
        let first = row >> links.shift << links.shift;
        first..first.saturating_add(1 << links.shift)
    };
    visited.clear(rows.len());
    frontier.clear();
    pool.clear(ef);
    let mut neighbours = starts;
    loop {
        fresh.clear();
        for &row in neighbours {
            if visited.insert(row)? {
                rows.prefetch_code(row);
                fresh.push(row);
            }
        }
        if !rows.approx(code, fresh, dots, scores) {
            return None;
        }
        for (&row, &score) in fresh.iter().zip(&*scores) {
            let rank = Rank::new(score, row);
            if pool.accepts(rank) {
                frontier.push(rank);
                prefetch(links.slots, links.first_slot(row), links.degree);
                if allowed.is_none_or(|set| set.meets(run(row))) {
                    pool.offer(rank);
                }
            }
        }
        match frontier.pop() {
            Some(next) if pool.worst().is_none_or(|worst| next >= worst) => {
                neighbours = links.of(next.row())?;
            }
            _ => return Some(()),
        }
    }
}
