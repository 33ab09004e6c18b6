//! Makes every row reachable from the entry along layer 0.
//!
//! A breadth-first search gives each reachable row the one link by which it was found. Those
//! links form a tree and are never touched; any other slot may be given away without losing a
//! row. A tree over r rows uses r - 1 of at least 2 r slots, so there is always one to give.

use std::collections::VecDeque;

use super::anchors::anchor;
use super::graph::{BuiltGraph, GraphInfo, Links};
use super::rows::Rows;
use super::search::{Scratch, descend, walk_all};
use crate::error::{Error, Result};

/// How widely the neighbours of an unreachable row are searched.
const EF: usize = 64;

/// Links every row in that cannot be reached, and returns how many there were.
pub(super) fn repair(graph: &mut BuiltGraph, rows: &Rows<'_>) -> Result<usize> {
    if graph.info.rows == 0 {
        return Ok(0);
    }
    let broken = || Error::invalid("a builder linked a row that does not exist");
    let mut reach = Reach::new(graph);
    reach
        .grow(graph.links0(), graph.info.entry)
        .ok_or_else(broken)?;
    let mut scratch = Scratch::new();
    let mut repaired = 0;
    for row in anchors(graph.info) {
        if reach.has(row) {
            continue;
        }
        let slot = best_slot(graph, rows, &reach, row, &mut scratch).ok_or_else(broken)?;
        if let Some(link) = graph.links0.get_mut(slot) {
            *link = row;
        }
        reach.protect(slot);
        reach.grow(graph.links0(), row).ok_or_else(broken)?;
        repaired += 1;
    }
    Ok(repaired)
}

fn anchors(info: GraphInfo) -> impl Iterator<Item = u32> {
    (0..info.nodes()).map(move |node| anchor(node, info.stride_log2, info.rows))
}

/// The slot of layer 0 that is given to `row`: of the nearest reachable row that has one to give.
/// `None` if a link leads out of the rows.
fn best_slot(
    graph: &BuiltGraph,
    rows: &Rows<'_>,
    reach: &Reach,
    row: u32,
    scratch: &mut Scratch,
) -> Option<usize> {
    let view = graph.view();
    let links = graph.links0();
    let code = rows.code(row)?;
    let start = descend(&view, rows, code, scratch)
        .ok()
        .filter(|&start| reach.has(start))
        .unwrap_or(graph.info.entry);
    walk_all(links, rows, code, &[start], EF, scratch)?;
    let near = scratch.fresh.iter().copied();
    near.chain(anchors(graph.info))
        .filter(|&from| reach.has(from))
        .find_map(|from| reach.slot_to_give(links, from))
}

/// The rows reached so far, and the slots of the tree that reaches them.
struct Reach {
    rows: Vec<bool>,
    tree: Vec<bool>,
}

impl Reach {
    fn new(graph: &BuiltGraph) -> Self {
        Self {
            rows: vec![false; graph.info.rows],
            tree: vec![false; graph.links0.len()],
        }
    }

    fn has(&self, row: u32) -> bool {
        self.rows.get(row as usize).copied().unwrap_or(false)
    }

    fn protect(&mut self, slot: usize) {
        if let Some(used) = self.tree.get_mut(slot) {
            *used = true;
        }
    }

    /// Adds everything that can be reached from `root`; `None` if a link leads out of the rows.
    fn grow(&mut self, links: Links<'_>, root: u32) -> Option<()> {
        *self.rows.get_mut(root as usize)? = true;
        let mut queue = VecDeque::from([root]);
        while let Some(from) = queue.pop_front() {
            let first = links.first_slot(from);
            for (slot, &to) in (first..).zip(links.of(from)?) {
                let reached = self.rows.get_mut(to as usize)?;
                if !*reached {
                    *reached = true;
                    queue.push_back(to);
                    self.protect(slot);
                }
            }
        }
        Some(())
    }

    /// A free slot of a row, or its last one that the tree does not need: builders put the
    /// nearest links first.
    fn slot_to_give(&self, links: Links<'_>, from: u32) -> Option<usize> {
        let first = links.first_slot(from);
        let used = links.of(from)?.len();
        if used < links.degree {
            return Some(first + used);
        }
        let needed = self.tree.get(first..first + used)?;
        needed.iter().rposition(|&n| !n).map(|i| first + i)
    }
}
