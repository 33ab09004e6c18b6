//! Building by partitions: rows are divided into overlapping leaves of a few hundred near rows,
//! all cosines within a leaf are computed as one matrix product, and each row chooses its links
//! among the candidates that its leaves gave it. (PiPNN, arXiv 2602.21247.)
//!
//! No row waits for another one, so the result depends on the seed alone, whatever the number of
//! threads. Upper layers are built in the same way from the first n / m, n / m^2, ... rows of a
//! seeded random order.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::anchors::anchor;
use super::graph::{BuiltGraph, GraphInfo, MAX_LAYERS, NO_LINK};
use super::insertion_order::{Progress, insertion_order};
use super::leaf::{KEPT, LeafWorker};
use super::partition::{FANOUT, Member, Nodes, PLACES, Splitter, first_leaders};
use super::rows::Rows;
use crate::error::{Error, Result};

/// Candidates that a leaf gives a row.
const GIVEN: usize = 2 * KEPT;
/// Rows between two calls of the progress function.
const STEP: usize = 1 << 15;
/// Rows that one task handles.
const TASK: usize = 64;

pub(super) fn build_partition(
    rows: &Rows<'_>,
    info: GraphInfo,
    progress: Progress<'_>,
) -> Result<BuiltGraph> {
    progress(0)?;
    let order = insertion_order(&info);
    let m = info.upper_degree;
    let sizes: Vec<usize> = std::iter::successors(Some(order.len() / m), |size| Some(size / m))
        .take_while(|&size| size >= m)
        .take(MAX_LAYERS - 1)
        .collect();
    let mut upper_links = Vec::with_capacity(sizes.len());
    for &size in &sizes {
        let row_of = order.get(..size).unwrap_or_default();
        let nodes = Nodes { rows, row_of };
        upper_links.push(Layer::new(nodes, m, info.seed).build(&|_| progress(0))?);
    }
    let anchors: Vec<u32> = (0..info.nodes())
        .map(|node| anchor(node, info.stride_log2, info.rows))
        .collect();
    let nodes = Nodes {
        rows,
        row_of: &anchors,
    };
    let mut graph = BuiltGraph {
        info: GraphInfo {
            entry: order.first().copied().unwrap_or(0),
            ..info
        },
        links0: Layer::new(nodes, info.degree, info.seed).build(progress)?,
        upper_rows: order
            .iter()
            .take(sizes.first().copied().unwrap_or(0))
            .copied()
            .collect(),
        upper_links,
        repaired: 0,
    };
    for link in graph.links0.iter_mut().filter(|link| **link != NO_LINK) {
        *link = anchors.get(*link as usize).copied().unwrap_or(NO_LINK);
    }
    add_far_links(&mut graph);
    Ok(graph)
}

/// Gives the free slots of rows in layer 0 to their links in the upper layers. Where rows lie in
/// tight clusters, all links within layer 0 stay inside of them; these lead out.
fn add_far_links(graph: &mut BuiltGraph) {
    let BuiltGraph {
        info,
        links0,
        upper_rows,
        upper_links,
        ..
    } = graph;
    for upper in upper_links {
        for (&row, far) in upper_rows.iter().zip(upper.chunks_exact(info.upper_degree)) {
            let start = (row >> info.stride_log2) as usize * info.degree;
            let links = links0
                .get_mut(start..start + info.degree)
                .unwrap_or_default();
            for &target in far.iter().filter_map(|&slot| upper_rows.get(slot as usize)) {
                if links.contains(&target) {
                    continue;
                }
                match links.iter_mut().find(|link| **link == NO_LINK) {
                    Some(free) => *free = target,
                    None => break,
                }
            }
        }
    }
}

/// The buffers of one task.
#[derive(Default)]
struct Worker {
    splitter: Splitter,
    leaf: LeafWorker,
    members: Vec<u32>,
    candidates: Vec<u32>,
}

/// A layer while it is built.
struct Layer<'a> {
    nodes: Nodes<'a>,
    degree: usize,
    seed: u64,
    /// Candidates of each node: [`GIVEN`] from each of its [`PLACES`].
    given: Vec<AtomicU32>,
    idle: Mutex<Vec<Worker>>,
}

impl<'a> Layer<'a> {
    fn new(nodes: Nodes<'a>, degree: usize, seed: u64) -> Self {
        let places = nodes.row_of.len() * PLACES * GIVEN;
        let mut given = Vec::new();
        given.resize_with(places, || AtomicU32::new(NO_LINK));
        Self {
            nodes,
            degree,
            seed,
            given,
            idle: Mutex::default(),
        }
    }

    /// The links of all nodes, between nodes.
    fn build(&self, progress: Progress<'_>) -> Result<Vec<u32>> {
        let broken = || Error::invalid("a builder linked a row that does not exist");
        let groups = self.groups().ok_or_else(broken)?;
        let n = self.nodes.row_of.len();
        let members: usize = groups.iter().map(Vec::len).sum();
        let done = AtomicU64::new(0);
        let per_step = (groups.len() * STEP).div_ceil(members.max(1)).max(1);
        for groups in groups.chunks(per_step) {
            groups
                .par_iter()
                .try_for_each(|group| {
                    let mut worker = self.worker();
                    self.link_group(group, &mut worker)?;
                    self.idle().push(worker);
                    done.fetch_add(group.len() as u64, Ordering::Relaxed);
                    Some(())
                })
                .ok_or_else(broken)?;
            let part = done.load(Ordering::Relaxed) as f64 / members.max(1) as f64;
            progress((part * 0.7 * n as f64) as u64)?;
        }
        let mut links = vec![NO_LINK; n * self.degree];
        let steps = links.chunks_mut(STEP * self.degree);
        for (start, step) in (0..n).step_by(STEP).zip(steps) {
            step.par_chunks_mut(TASK * self.degree)
                .zip((start..n).into_par_iter().step_by(TASK))
                .try_for_each(|(links, start)| {
                    let mut worker = self.worker();
                    for (node, links) in (start as u32..).zip(links.chunks_mut(self.degree)) {
                        self.choose(node, links, &mut worker)?;
                    }
                    self.idle().push(worker);
                    Some(())
                })
                .ok_or_else(broken)?;
            let part = (start + STEP).min(n) as f64;
            progress((0.7 * n as f64 + 0.3 * part) as u64)?;
        }
        Ok(links)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn worker(&self) -> Worker {
        self.idle().pop().unwrap_or_default()
    }

    /// The groups of the first level.
    fn groups(&self) -> Option<Vec<Vec<Member>>> {
        let n = self.nodes.row_of.len();
        let members: Vec<Member> = (0..n as u32)
            .map(|node| Member { node, place: 0 })
            .collect();
        if n <= super::partition::LEAF {
            return Some(vec![members]);
        }
        let mut splitter = Splitter::default();
        splitter.draw(self.nodes, &members, first_leaders(n), self.seed)?;
        let leaders = splitter.leaders();
        let [first, second] = FANOUT;
        let joined: Option<Vec<Vec<(u32, Member)>>> = members
            .par_chunks(4096)
            .map(|some| {
                let mut worker = self.worker();
                let mut joined = Vec::with_capacity(some.len() * first);
                worker.splitter.assign(
                    self.nodes,
                    some,
                    leaders,
                    first,
                    |member, leader, rank| {
                        let place = (rank * second) as u32;
                        joined.push((leader as u32, Member { place, ..member }));
                    },
                )?;
                self.idle().push(worker);
                Some(joined)
            })
            .collect();
        let mut groups: Vec<Vec<Member>> = vec![Vec::new(); leaders.len];
        for (leader, member) in joined?.into_iter().flatten() {
            groups.get_mut(leader as usize)?.push(member);
        }
        Some(groups)
    }

    fn link_group(&self, group: &[Member], worker: &mut Worker) -> Option<()> {
        let Worker {
            splitter,
            leaf,
            members,
            ..
        } = worker;
        let seed = self.seed ^ u64::from(group.first().map_or(0, |m| m.node));
        splitter.leaves(self.nodes, group.to_vec(), seed, &mut |some| {
            members.clear();
            for member in some {
                members.push(*self.nodes.row_of.get(member.node as usize)?);
            }
            leaf.link(self.nodes.rows, members, |i, targets| {
                let Some(member) = some.get(i) else { return };
                let start = (member.node as usize * PLACES + member.place as usize) * GIVEN;
                let given = self.given.get(start..start + GIVEN).unwrap_or_default();
                for (slot, target) in given.iter().zip(targets) {
                    let node = some.get(target).map_or(NO_LINK, |m| m.node);
                    slot.store(node, Ordering::Relaxed);
                }
            })
        })
    }

    fn choose(&self, node: u32, links: &mut [u32], worker: &mut Worker) -> Option<()> {
        let Worker {
            leaf,
            members,
            candidates,
            ..
        } = worker;
        let start = node as usize * PLACES * GIVEN;
        let given = self.given.get(start..start + PLACES * GIVEN)?;
        candidates.clear();
        candidates.extend(
            given
                .iter()
                .map(|slot| slot.load(Ordering::Relaxed))
                .filter(|&candidate| candidate != NO_LINK && candidate != node),
        );
        candidates.sort_unstable();
        candidates.dedup();
        members.clear();
        members.push(*self.nodes.row_of.get(node as usize)?);
        for &candidate in &*candidates {
            members.push(*self.nodes.row_of.get(candidate as usize)?);
        }
        let chosen = leaf.choose(self.nodes.rows, members, links.len())?;
        for (link, chosen) in links.iter_mut().zip(chosen) {
            *link = *candidates.get(chosen - 1)?;
        }
        Some(())
    }
}
