//! hnsw_rs by itself: its own parallel insertion, its own search, its own dump.

use std::path::Path;

use anyhow::{Context, Result};
use hnsw_rs::prelude::{AnnT, DistL2, Hnsw, HnswIo};

use super::{Answer, Built, EF_CONSTRUCTION, Engine, M, seconds, shuffled};
use crate::serve::Set;

const LAYERS: usize = 16;

/// On unit vectors the Euclidean distance ranks as the cosine does; hnsw_rs's own dot product
/// panics where rounding makes a distance negative.
pub fn build(set: &Set, vectors: Vec<f32>, work: &Path) -> Result<Built> {
    let rows: Vec<&[f32]> = vectors.chunks_exact(set.dim).collect();
    let order: Vec<(&[f32], usize)> = shuffled(rows.len())
        .into_iter()
        .map(|r| (rows[r], r))
        .collect();
    let (build_s, graph) = seconds(|| {
        let graph: Hnsw<'_, f32, DistL2> =
            Hnsw::new(M, rows.len(), LAYERS, EF_CONSTRUCTION, DistL2 {});
        graph.parallel_insert_slice(&order);
        Ok(graph)
    })?;
    graph
        .file_dump(work, "graph")
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    Ok(Built {
        load_s: 0.0,
        build_s,
    })
}

pub struct Open<'a> {
    set: &'a Set,
    graph: Hnsw<'static, f32, DistL2>,
}

pub fn open<'a>(set: &'a Set, work: &Path) -> Result<Open<'a>> {
    // The graph borrows from its reader and lives as long as this process.
    let reader = Box::leak(Box::new(HnswIo::new(work, "graph")));
    let graph = reader
        .load_hnsw::<f32, DistL2>()
        .map_err(|e| anyhow::anyhow!("{e}"));
    Ok(Open {
        set,
        graph: graph.context("hnsw_rs cannot read its dump")?,
    })
}

impl Engine for Open<'_> {
    fn nearest(&self, query: &[f32], k: usize, ef: usize, filter: Option<usize>) -> Result<Answer> {
        let ef = ef.max(k);
        let found = match filter {
            None => self.graph.search(query, k, ef),
            Some(filter) => {
                let filter = &self.set.filters[filter];
                let passes = |row: &usize| self.set.passes(filter, *row);
                self.graph.search_filter(query, k, ef, Some(&passes))
            }
        };
        Ok(Answer::Rows(found.iter().map(|n| n.d_id as u32).collect()))
    }
}
