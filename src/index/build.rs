//! Building a graph over rows.

use super::anchors::coherent_stride;
#[cfg(feature = "hnsw")]
use super::build_hnsw::build_hnsw;
use super::build_partition::build_partition;
use super::graph::{BuiltGraph, GraphInfo, MAX_STRIDE_LOG2};
use super::insertion_order::Progress;
use super::repair::repair;
use super::rows::Rows;
use crate::error::{Error, Result};

/// Who builds a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Builder {
    /// Overlapping leaves of near rows on all threads, with our own kernels.
    Partition,
    /// hnsw_rs, row by row on one thread; in programs with the feature `hnsw`.
    #[cfg(feature = "hnsw")]
    Hnsw,
}

/// How a graph is built. Equal parameters and rows give equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildParams {
    /// Who builds it; default [`Builder::Partition`].
    pub builder: Builder,
    /// Links of a node in the upper layers; layer 0 has twice as many. 2 to 128, default 16.
    /// More links cost memory and find more at the same `ef`.
    pub m: usize,
    /// The width of the search for a new row's neighbours, for `Builder::Hnsw` only: the other
    /// one searches nothing. 1 to 65535, default 128.
    pub ef_construction: usize,
    /// The logarithm of the stride of the anchors, 0 to 4: 0 makes every row a node. Default: what
    /// the rows allow without a loss.
    pub stride_log2: Option<u32>,
    /// The seed of the order of insertion and of the partitions.
    pub seed: u64,
}

impl Default for BuildParams {
    fn default() -> Self {
        Self {
            builder: Builder::Partition,
            m: 16,
            ef_construction: 128,
            stride_log2: None,
            seed: 0,
        }
    }
}

impl BuildParams {
    fn check(&self) -> Result<()> {
        if !(2..=128).contains(&self.m) {
            return Err(Error::invalid(format!(
                "expected an m of 2 to 128 links a node, found {}",
                self.m
            )));
        }
        if !(1..=65535).contains(&self.ef_construction) {
            return Err(Error::invalid(format!(
                "expected an ef_construction of 1 to 65535, found {}",
                self.ef_construction
            )));
        }
        if let Some(log2) = self.stride_log2.filter(|&log2| log2 > MAX_STRIDE_LOG2) {
            return Err(Error::invalid(format!(
                "expected a stride of 2^0 to 2^{MAX_STRIDE_LOG2} rows, found 2^{log2}"
            )));
        }
        Ok(())
    }
}

/// Builds a graph in which every row can be reached.
///
/// # Errors
/// [`Error::Invalid`] if a parameter is out of its range, and whatever `progress` returns.
pub fn build(rows: &Rows<'_>, params: &BuildParams, progress: Progress<'_>) -> Result<BuiltGraph> {
    params.check()?;
    let stride_log2 = match params.stride_log2 {
        Some(given) => given,
        None => coherent_stride(rows)?,
    };
    let info = GraphInfo {
        rows: rows.len(),
        stride_log2,
        degree: 2 * params.m,
        upper_degree: params.m,
        entry: 0,
        ef_construction: params.ef_construction,
        seed: params.seed,
    };
    let mut graph = match params.builder {
        Builder::Partition => build_partition(rows, info, progress)?,
        #[cfg(feature = "hnsw")]
        Builder::Hnsw => build_hnsw(rows, info, progress)?,
    };
    graph.repaired = repair(&mut graph, rows)?;
    Ok(graph)
}
