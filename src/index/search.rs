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

/// The widest walk that keeps its rows in a sorted list. Wider ones are faster with heaps.
const MOST_SORTED: usize = 1024;

/// Nodes whose links are followed together. Two make a walk wait for the memory half as often, and what it
/// looks at in vain is little; more give nothing.
const NODES_A_STEP: usize = 2;

/// Those of the best `width` rows that a walk finds that are in `allowed`, scored exactly and sorted,
/// best first. With a `width` of at least the number of rows, these are all allowed rows.
///
/// # Errors
/// [`crate::Error::Invalid`] if the query has another dimension than the rows,
/// [`crate::Error::Corrupt`] if a link leads to a row that does not exist.
pub fn search(
    graph: &Graph<'_>,
    rows: &Rows<'_>,
    query: &Query,
    width: usize,
    allowed: &RowSet,
    scratch: &mut Scratch,
) -> Result<Vec<Scored>> {
    rows.check_query(query)?;
    if rows.is_empty() || width == 0 {
        return Ok(Vec::new());
    }
    let code = query.code();
    let start = descend(graph, rows, code, scratch)?;
    // The entry as well: it is from there that every row can be reached.
    let starts = [start, graph.info().entry];
    let links = graph.links0();
    let walk = if width <= MOST_SORTED {
        walk_sorted
    } else {
        walk_heaps
    };
    walk(links, rows, code, &starts, width, scratch).ok_or_else(|| graph.broken("links0"))?;
    let filter = (!allowed.covers(rows.len())).then_some(allowed);
    let fresh = &mut scratch.fresh;
    if graph.info().stride_log2 > 0 {
        // Anchors stand for the rows around them.
        let runs = fresh.iter().flat_map(|&anchor| graph.info().run_of(anchor));
        *fresh = runs.collect();
    }
    if let Some(allowed) = filter {
        fresh.retain(|&row| allowed.contains(row));
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

/// Best-first search of this width from the rows `starts`; it leaves the best rows in `scratch.fresh`,
/// best first. `None` if a link leads to a row that does not exist.
///
/// What is still to be looked at is part of what is kept, so one sorted list holds both.
pub(super) fn walk_sorted(
    links: Links<'_>,
    rows: &Rows<'_>,
    code: Plane<'_>,
    starts: &[u32],
    width: usize,
    scratch: &mut Scratch,
) -> Option<()> {
    let Scratch {
        visited,
        beam,
        fresh,
        dots,
        scores,
        ..
    } = scratch;
    visited.clear(width);
    beam.clear(width);
    fresh.clear();
    visited.insert_all(starts, rows, fresh);
    loop {
        if !rows.approx(code, fresh, dots, scores) {
            return None;
        }
        for (&row, &score) in fresh.iter().zip(&*scores) {
            if beam.offer(Rank::new(score, row)) {
                prefetch(links.slots, links.first_slot(row), links.degree);
            }
        }
        fresh.clear();
        for step in 0..NODES_A_STEP {
            match beam.next_open() {
                Some(next) => visited.insert_all(links.of(next.row())?, rows, fresh),
                None if step == 0 => {
                    fresh.extend(beam.ranks().map(Rank::row));
                    return Some(());
                }
                None => break,
            }
        }
    }
}

/// What [`walk_sorted`] does, for walks that are too wide for it.
pub(super) fn walk_heaps(
    links: Links<'_>,
    rows: &Rows<'_>,
    code: Plane<'_>,
    starts: &[u32],
    width: usize,
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
    visited.clear(width);
    frontier.clear();
    pool.clear(width);
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
                pool.offer(rank);
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
    fn both_walks_keep_the_same_rows() {
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
        let mut scratch = Scratch::new();
        for ef in [1, 2, 16, 100, 4000] {
            for row in [0, 17, 2999] {
                let query = view.query(row).unwrap();
                let (code, starts) = (query.code(), [graph.info().entry, row]);
                let links = graph.links0();
                walk_heaps(links, &view, code, &starts, ef, &mut scratch).unwrap();
                let mut heaps = scratch.fresh.clone();
                walk_sorted(links, &view, code, &starts, ef, &mut scratch).unwrap();
                let mut beam = scratch.fresh.clone();
                heaps.sort_unstable();
                beam.sort_unstable();
                assert_eq!(heaps, beam, "ef {ef}, row {row}");
                assert_eq!(beam.len(), ef.min(3000));
            }
        }
    }
}
