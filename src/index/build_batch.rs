//! Building in batches on all threads, with the same result on any number of them.
//!
//! Rows are inserted in a seeded random order, each batch at most a sixteenth of what is there
//! already. All rows of a batch search their neighbours in the graph as it was before the batch,
//! so they do not depend on each other; the links back to them are then sorted by target and
//! each target's list is renewed at once. (ParlayANN builds graphs in this way.)
//!
//! The upper layers are the graph itself at earlier times: layer l is the state after the first
//! n / m^l rows. So the layers are nested, a row's place in the
//! insertion order is its slot, and they cost nothing to build.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::build::{BuildParams, Progress, insertion_order};
use super::graph::{BuiltGraph, GraphInfo, Links, MAX_LAYERS, NO_LINK};
use super::prune::prune;
use super::rank::Rank;
use super::rows::Rows;
use super::search::{Scratch, descend_layers, walk};
use crate::error::{Error, Result};

/// A batch is at most this part of the rows inserted before it.
const BATCH_PART: usize = 16;

/// Rows between two calls of the progress function, and the most of a batch.
const STEP: usize = 8192;

/// Rows that one task handles at least.
const TASK: usize = 16;

pub(super) fn build_batch(
    rows: &Rows<'_>,
    params: &BuildParams,
    progress: Progress<'_>,
) -> Result<BuiltGraph> {
    let n = rows.len();
    let order = insertion_order(n, params.seed);
    let layer_sizes = layer_sizes(n, params.m);
    let mut net = Net::new(rows, params, &order);
    let mut done = n.min(1);
    progress(0)?;
    while done < n {
        let most = done + (done / BATCH_PART).clamp(1, STEP);
        let next_layer = layer_sizes.iter().copied().find(|&size| size > done);
        let end = most.min(next_layer.unwrap_or(n));
        net.insert(order.get(done..end).unwrap_or_default())
            .ok_or_else(|| Error::invalid("a builder linked a row that does not exist"))?;
        done = end;
        if next_layer == Some(done) {
            net.freeze_layer(done);
        }
        progress(done as u64)?;
    }
    Ok(net.finish())
}

/// The number of rows in each upper layer, the highest first: n / m, n / m^2, ... down to m.
fn layer_sizes(n: usize, m: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = std::iter::successors(Some(n / m), |size| Some(size / m))
        .take_while(|&size| size >= m)
        .take(MAX_LAYERS - 1)
        .collect();
    sizes.reverse();
    sizes
}

/// A link from a new row back to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct BackLink {
    target: u32,
    from: Rank,
}

/// The buffers of one task.
#[derive(Default)]
struct Worker {
    scratch: Scratch,
    near: Vec<Rank>,
}

/// The graph while it grows.
struct Net<'a> {
    rows: &'a Rows<'a>,
    params: &'a BuildParams,
    order: &'a [u32],
    degree: usize,
    links: Vec<u32>,
    /// The cosine of each link's ends.
    cosines: Vec<f32>,
    /// Places in the insertion order.
    slot_of: Vec<u32>,
    /// Links between slots, the highest layer first.
    layers: Vec<Vec<u32>>,
    idle: Mutex<Vec<Worker>>,
}

impl<'a> Net<'a> {
    fn new(rows: &'a Rows<'a>, params: &'a BuildParams, order: &'a [u32]) -> Self {
        let degree = 2 * params.m;
        let mut slot_of = vec![NO_LINK; rows.len()];
        for (slot, &row) in (0..).zip(order) {
            if let Some(s) = slot_of.get_mut(row as usize) {
                *s = slot;
            }
        }
        Self {
            rows,
            params,
            order,
            degree,
            links: vec![NO_LINK; rows.len() * degree],
            cosines: vec![0.0; rows.len() * degree],
            slot_of,
            layers: Vec::new(),
            idle: Mutex::default(),
        }
    }

    /// Inserts a batch; `None` if a link leads to a row that does not exist.
    fn insert(&mut self, batch: &[u32]) -> Option<()> {
        let found = self.on_all_threads(batch, |worker, &row| self.neighbours(row, worker))?;
        let mut back = Vec::with_capacity(found.len() * self.degree);
        for (&row, near) in batch.iter().zip(&found) {
            self.put(row, near)?;
            back.extend(near.iter().map(|link| BackLink {
                target: link.row(),
                from: Rank::new(link.score(), row),
            }));
        }
        back.par_sort_unstable();
        let groups: Vec<&[BackLink]> = back.chunk_by(|a, b| a.target == b.target).collect();
        let renewed = self.on_all_threads(&groups, |worker, group| self.renew(group, worker))?;
        for (group, near) in groups.iter().zip(&renewed) {
            self.put(group.first()?.target, near)?;
        }
        Some(())
    }

    /// Maps items in parallel, with a worker's buffers, in order.
    fn on_all_threads<T: Sync>(
        &self,
        items: &[T],
        work: impl Fn(&mut Worker, &T) -> Option<Vec<Rank>> + Sync,
    ) -> Option<Vec<Vec<Rank>>> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let chunks: Option<Vec<Vec<Vec<Rank>>>> = items
            .par_chunks(TASK)
            .map(|chunk| {
                let mut worker = idle().pop().unwrap_or_default();
                let results = chunk.iter().map(|item| work(&mut worker, item)).collect();
                idle().push(worker);
                results
            })
            .collect();
        Some(chunks?.into_iter().flatten().collect())
    }

    /// The links of a new row.
    fn neighbours(&self, row: u32, worker: &mut Worker) -> Option<Vec<Rank>> {
        let Worker { scratch, near } = worker;
        let probe = self.rows.probe(row)?;
        let code = probe.code();
        let layers = self.layers.iter().map(|slots| Links {
            slots,
            degree: self.degree,
        });
        let start = descend_layers(layers, self.order, self.rows, code, scratch)??;
        let links = Links {
            slots: &self.links,
            degree: self.degree,
        };
        let ef = self.params.ef_construction;
        walk(links, self.rows, code, &[start], ef, None, scratch)?;
        near.clear();
        for found in scratch.pool.drain() {
            let cosine = self.rows.cosine(probe, found.row())?;
            near.push(Rank::new(cosine, found.row()));
        }
        near.sort_unstable_by(|a, b| b.cmp(a));
        prune(self.rows, near, self.degree)
    }

    /// The links of a row to which new rows have linked.
    fn renew(&self, group: &[BackLink], worker: &mut Worker) -> Option<Vec<Rank>> {
        let near = &mut worker.near;
        let start = group.first()?.target as usize * self.degree;
        let links = self.links.get(start..start + self.degree)?;
        let cosines = self.cosines.get(start..start + self.degree)?;
        near.clear();
        near.extend(
            links
                .iter()
                .zip(cosines)
                .take_while(|(link, _)| **link != NO_LINK)
                .map(|(&link, &s)| Rank::new(s, link)),
        );
        near.extend(group.iter().map(|back| back.from));
        near.sort_unstable_by(|a, b| b.cmp(a));
        if near.len() <= self.degree {
            return Some(near.clone());
        }
        prune(self.rows, near, self.degree)
    }

    /// Replaces a row's links.
    fn put(&mut self, row: u32, near: &[Rank]) -> Option<()> {
        let start = row as usize * self.degree;
        let links = self.links.get_mut(start..start + self.degree)?;
        let cosines = self.cosines.get_mut(start..start + self.degree)?;
        links.fill(NO_LINK);
        for ((link, s), rank) in links.iter_mut().zip(cosines).zip(near) {
            (*link, *s) = (rank.row(), rank.score());
        }
        Some(())
    }

    /// Makes the graph of the first `count` rows the next lower layer.
    fn freeze_layer(&mut self, count: usize) {
        let mut layer = vec![NO_LINK; count * self.degree];
        for (slots, &row) in layer.chunks_exact_mut(self.degree).zip(self.order) {
            let start = row as usize * self.degree;
            let links = self
                .links
                .get(start..start + self.degree)
                .unwrap_or_default();
            for (slot, &link) in slots.iter_mut().zip(links) {
                // An empty link has no slot and stays empty.
                *slot = self.slot_of.get(link as usize).copied().unwrap_or(NO_LINK);
            }
        }
        self.layers.push(layer);
    }

    fn finish(mut self) -> BuiltGraph {
        self.layers.reverse();
        let nodes = self
            .layers
            .first()
            .map_or(0, |layer| layer.len() / self.degree);
        BuiltGraph {
            info: GraphInfo {
                rows: self.rows.len(),
                degree: self.degree,
                upper_degree: self.degree,
                entry: self.order.first().copied().unwrap_or(0),
                ef_construction: self.params.ef_construction,
                seed: self.params.seed,
            },
            links0: self.links,
            upper_rows: self.order.iter().take(nodes).copied().collect(),
            upper_links: self.layers,
            repaired: 0,
        }
    }
}
