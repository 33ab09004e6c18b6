//! Search on the graph: a greedy descent through the upper layers, then best-first on layer 0.
//!
//! The walk compares 8-bit codes. Everything that it kept is then scored exactly: reranking only
//! the best few of it would cap the recall at what the codes can tell apart.

use std::collections::BinaryHeap;

use super::graph::{Graph, Links};
use super::kernel::Plane;
use super::kernel_choice::prefetch;
use super::query::Query;
use super::rank::{Beam, Best, Rank, Scored};
use super::rows::Rows;
use super::rowset::RowSet;
use super::visited::Visited;
use crate::error::Result;

/// The buffers of a search. One for each thread; a search after the first allocates nothing but
/// its answer.
#[derive(Debug, Default)]
pub struct Scratch {
    visited: Visited,
    frontier: BinaryHeap<Rank>,
    beam: Beam,
    batch: Vec<Rank>,
    next: Vec<u32>,
    pub(super) pool: Best,
    pub(super) fresh: Vec<u32>,
    pub(super) dots: Vec<i32>,
    pub(super) masks: Vec<u8>,
    scores: Vec<f32>,
}

impl Scratch {
    /// Empty buffers.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Nodes whose links are followed together, so that a walk waits for the memory less often. What it looks at
/// in vain is little.
const NODES_A_STEP: usize = 2;

/// Of the best nodes that are still to be looked at, the memory is asked for the links of so many. Most of
/// those that are kept for a while are never followed.
const LINKS_AHEAD: usize = 4;

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
    let links = graph.links0();
    match filter {
        None => walk_all(links, rows, code, &starts, ef, scratch),
        Some(allowed) => walk(links, rows, code, &starts, ef, allowed, scratch),
    }
    .ok_or_else(|| graph.broken("links0"))?;
    let fresh = &mut scratch.fresh;
    if graph.info().stride_log2 > 0 {
        // Anchors stand for the rows around them.
        let runs = fresh.iter().flat_map(|&anchor| graph.info().run_of(anchor));
        *fresh = runs
            .filter(|&row| filter.is_none_or(|set| set.contains(row)))
            .collect();
    }
    rerank(rows, query, fresh)
}

/// Scores rows exactly and sorts them, best first.
fn rerank(rows: &Rows<'_>, query: &Query, found: &[u32]) -> Result<Vec<Scored>> {
    for &row in found {
        rows.prefetch_rest(row);
    }
    let (both, inv_norm) = (query.both(), query.inv_norm());
    let mut ranks = found
        .iter()
        .map(|&row| Ok(Rank::new(rows.score(both, inv_norm, row)?, row)))
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

/// Best-first search of width `ef` from the rows `starts`; it leaves the best rows in
/// `scratch.fresh`, best first. What [`walk`] does if all rows are allowed, in less time: what is still to be
/// looked at is then part of what is kept.
pub(super) fn walk_all(
    links: Links<'_>,
    rows: &Rows<'_>,
    code: Plane<'_>,
    starts: &[u32],
    ef: usize,
    scratch: &mut Scratch,
) -> Option<()> {
    let Scratch {
        visited,
        beam,
        batch,
        next,
        fresh,
        dots,
        scores,
        ..
    } = scratch;
    let ask = |row: u32| prefetch(links.slots, links.first_slot(row), links.degree);
    visited.clear(ef);
    beam.clear(ef);
    fresh.clear();
    visited.insert_all(starts, rows, fresh);
    loop {
        if !rows.approx(code, fresh, dots, scores) {
            return None;
        }
        let (worst, ahead) = (beam.worst(), beam.open(LINKS_AHEAD).nth(LINKS_AHEAD - 1));
        batch.clear();
        for (&row, &score) in fresh.iter().zip(&*scores) {
            let rank = Rank::new(score, row);
            if worst.is_none_or(|worst| rank > worst) {
                batch.push(rank);
                if ahead.is_none_or(|ahead| rank > ahead) {
                    ask(row);
                }
            }
        }
        beam.offer_all(batch);
        fresh.clear();
        next.clear();
        next.extend(
            std::iter::from_fn(|| beam.next_open())
                .take(NODES_A_STEP)
                .map(Rank::row),
        );
        if next.is_empty() {
            fresh.extend(beam.ranks().map(Rank::row));
            return Some(());
        }
        beam.open(LINKS_AHEAD).for_each(|rank| ask(rank.row()));
        for &row in &*next {
            visited.insert_all(links.of(row)?, rows, fresh);
        }
    }
}

/// Best-first search of width `ef` from the rows `starts`. It leaves the best rows in
/// `scratch.fresh`: all kinds of rows are walked over, only those in `allowed` are kept. `None` if
/// a link leads to a row that does not exist.
pub(super) fn walk(
    links: Links<'_>,
    rows: &Rows<'_>,
    code: Plane<'_>,
    starts: &[u32],
    ef: usize,
    allowed: &RowSet,
    scratch: &mut Scratch,
) -> Option<()> {
    let Scratch {
        visited,
        frontier,
        pool,
        fresh,
        dots,
        scores,
        ..
    } = scratch;
    let run = |row: u32| {
        let first = row >> links.shift << links.shift;
        first..first.saturating_add(1 << links.shift)
    };
    visited.clear(ef);
    frontier.clear();
    pool.clear(ef);
    fresh.clear();
    visited.insert_all(starts, rows, fresh);
    loop {
        if !rows.approx(code, fresh, dots, scores) {
            return None;
        }
        for (&row, &score) in fresh.iter().zip(&*scores) {
            let rank = Rank::new(score, row);
            if pool.accepts(rank) {
                frontier.push(rank);
                prefetch(links.slots, links.first_slot(row), links.degree);
                if allowed.meets(run(row)) {
                    pool.offer(rank);
                }
            }
        }
        fresh.clear();
        for step in 0..NODES_A_STEP {
            let open = |next: &Rank| pool.worst().is_none_or(|worst| *next >= worst);
            match frontier.pop().filter(open) {
                Some(next) => visited.insert_all(links.of(next.row())?, rows, fresh),
                None if step == 0 => {
                    fresh.extend(pool.drain().map(Rank::row));
                    return Some(());
                }
                None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::super::{BuildParams, RowsBuilder, build};
    use super::*;

    #[test]
    fn both_walks_keep_the_same_rows_if_all_are_allowed() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut rows = RowsBuilder::new(24).unwrap();
        for _ in 0..3000 {
            let vector: Vec<f32> = (0..24).map(|_| rng.random_range(-1f32..1.0)).collect();
            rows.push(&vector).unwrap();
        }
        let view = rows.view();
        let built = build(&view, &BuildParams::default(), &|_| Ok(())).unwrap();
        let sections = built.sections();
        let [info, links, upper] = sections.each_ref().map(Vec::as_slice);
        let graph = Graph::new(Path::new("x.seg"), 3000, [info, links, upper]).unwrap();
        let (all, mut scratch) = (RowSet::all(3000), Scratch::new());
        for ef in [1, 2, 16, 100, 4000] {
            for row in [0, 17, 2999] {
                let query = view.query(row).unwrap();
                let (code, starts) = (query.code(), [graph.info().entry, row]);
                let links = graph.links0();
                walk(links, &view, code, &starts, ef, &all, &mut scratch).unwrap();
                let mut heaps = scratch.fresh.clone();
                walk_all(links, &view, code, &starts, ef, &mut scratch).unwrap();
                let mut beam = scratch.fresh.clone();
                heaps.sort_unstable();
                beam.sort_unstable();
                assert_eq!(heaps, beam, "ef {ef}, row {row}");
                assert_eq!(beam.len(), ef.min(3000));
            }
        }
    }
}
