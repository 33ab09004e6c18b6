//! Building a graph over rows.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::build_hnsw::build_hnsw;
use super::build_partition::build_partition;
use super::graph::BuiltGraph;
use super::repair::repair;
use super::rows::Rows;
use crate::error::{Error, Result};

/// Called with the number of rows done; an error from it stops the work and is returned.
pub type Progress<'a> = &'a dyn Fn(u64) -> Result<()>;

/// Who builds a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// Overlapping leaves of near rows on all threads, with our own kernels.
    Partition,
    /// hnsw_rs, row by row on one thread.
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
    /// The width of the search for a new row's neighbours, for [`Builder::Hnsw`] only: the other
    /// one searches nothing. 1 to 65535, default 128.
    pub ef_construction: usize,
    /// The seed of the order of insertion and of the partitions.
    pub seed: u64,
}

impl Default for BuildParams {
    fn default() -> Self {
        Self {
            builder: Builder::Partition,
            m: 16,
            ef_construction: 128,
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
        Ok(())
    }
}

/// Builds a graph in which every row can be reached.
///
/// # Errors
/// [`Error::Invalid`] if a parameter is out of its range, and whatever `progress` returns.
pub fn build(rows: &Rows<'_>, params: &BuildParams, progress: Progress<'_>) -> Result<BuiltGraph> {
    params.check()?;
    let mut graph = match params.builder {
        Builder::Partition => build_partition(rows, params, progress)?,
        Builder::Hnsw => build_hnsw(rows, params, progress)?,
    };
    graph.repaired = repair(&mut graph, rows)?;
    Ok(graph)
}

/// All rows in a random order that depends on nothing but the seed.
pub(super) fn insertion_order(rows: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}
