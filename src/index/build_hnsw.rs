//! Building with hnsw_rs: rows are inserted one by one in a seeded random order.
//!
//! Sliding windows in time order are near-duplicates in a row, which hnsw_rs loses when they come
//! in that order; its parallel insertion depends on the scheduler. Hence the shuffle, and one
//! thread.

use hnsw_rs::prelude::{Distance, Hnsw};

use super::graph::{BuiltGraph, GraphInfo, NO_LINK};
use super::insertion_order::{Progress, insertion_order};
use super::rows::Rows;
use crate::error::Result;

/// hnsw_rs has at most 16 layers.
const LAYERS: usize = 16;

/// Rows between two calls of the progress function.
const STEP: usize = 256;

/// One minus the cosine of unit vectors, summed in a fixed order.
struct CosineDistance;

impl Distance<f32> for CosineDistance {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        let (a_blocks, a_rest) = a.as_chunks::<16>();
        let (b_blocks, b_rest) = b.as_chunks::<16>();
        let mut sums = [0f32; 16];
        for (x, y) in a_blocks.iter().zip(b_blocks) {
            for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
                *sum += x * y;
            }
        }
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
        // hnsw_rs panics on negative distances, which rounding gives to equal vectors.
        (1.0 - (sums.iter().sum::<f32>() + rest)).max(0.0)
    }
}

/// A row with the layers that it is in, and its links in each of them.
struct Node {
    row: u32,
    links: Vec<Vec<u32>>,
}

pub(super) fn build_hnsw(
    rows: &Rows<'_>,
    info: GraphInfo,
    progress: Progress<'_>,
) -> Result<BuiltGraph> {
    let hnsw = Hnsw::new(
        info.upper_degree,
        info.nodes(),
        LAYERS,
        info.ef_construction,
        CosineDistance,
    );
    for (done, row) in insertion_order(&info).into_iter().enumerate() {
        if done % STEP == 0 {
            progress(done as u64)?;
        }
        hnsw.insert((&rows.vector(row)?, row as usize));
    }
    progress(rows.len() as u64)?;
    let (entry, nodes) = nodes_of(&hnsw, rows.is_empty());
    Ok(freeze(GraphInfo { entry, ..info }, &nodes))
}

/// The entry row and all nodes. The entry is the first row that came into the highest layer.
fn nodes_of(hnsw: &Hnsw<'_, f32, CosineDistance>, empty: bool) -> (u32, Vec<Node>) {
    let mut nodes = Vec::new();
    let mut entry = 0;
    if empty {
        // The iterator of hnsw_rs panics on an empty graph.
        return (entry, nodes);
    }
    let top = hnsw.get_max_level_observed();
    for point in hnsw.get_point_indexation() {
        let place = point.get_point_id();
        let row = point.get_origin_id() as u32;
        if place.0 == top && place.1 == 0 {
            entry = row;
        }
        let mut links: Vec<Vec<u32>> = point
            .get_neighborhood_id()
            .into_iter()
            .take(usize::from(place.0) + 1)
            .map(|layer| layer.iter().map(|n| n.d_id as u32).collect())
            .collect();
        links
            .iter_mut()
            .for_each(|layer| layer.retain(|&n| n != row));
        nodes.push(Node { row, links });
    }
    (entry, nodes)
}

/// Lays the nodes out as flat lists, see [`super::graph::Graph`].
fn freeze(info: GraphInfo, nodes: &[Node]) -> BuiltGraph {
    let mut links0 = vec![NO_LINK; info.nodes() * info.degree];
    for node in nodes {
        let start = (node.row >> info.stride_log2) as usize * info.degree;
        if let (Some(slots), Some(links)) = (
            links0.get_mut(start..start + info.degree),
            node.links.first(),
        ) {
            fill(slots, links.iter().copied());
        }
    }
    let mut upper: Vec<&Node> = nodes.iter().filter(|n| n.links.len() > 1).collect();
    upper.sort_unstable_by_key(|n| (std::cmp::Reverse(n.links.len()), n.row != info.entry, n.row));
    let mut slot_of = vec![NO_LINK; info.rows];
    for (slot, node) in upper.iter().enumerate() {
        if let Some(s) = slot_of.get_mut(node.row as usize) {
            *s = slot as u32;
        }
    }
    let layers = upper.first().map_or(0, |n| n.links.len() - 1);
    let upper_links = (1..=layers)
        .map(|layer| {
            let count = upper.partition_point(|n| n.links.len() > layer);
            let mut flat = vec![NO_LINK; count * info.upper_degree];
            for (slots, node) in flat.chunks_exact_mut(info.upper_degree).zip(&upper) {
                let links = node.links.get(layer).into_iter().flatten();
                // hnsw_rs also links to nodes that are not in the layer; those lead nowhere.
                let slot = |row: &u32| slot_of.get(*row as usize).copied();
                fill(
                    slots,
                    links.filter_map(slot).filter(|&s| (s as usize) < count),
                );
            }
            flat
        })
        .collect();
    BuiltGraph {
        info,
        links0,
        upper_rows: upper.iter().map(|n| n.row).collect(),
        upper_links,
        repaired: 0,
    }
}

fn fill(slots: &mut [u32], links: impl Iterator<Item = u32>) {
    for (slot, link) in slots.iter_mut().zip(links) {
        *slot = link;
    }
}
