//! Nearest rows: vectors in fixed point, a graph over them, exact scan and filtered search.
//!
//! ```text
//! Query --> plan --> scan    every allowed row, exact
//!                \-> search  walk on 8-bit codes, then exact scores of the whole pool
//! ```
//!
//! Both ways give the same score to the same row, to the last bit, and the same order. Rows are
//! numbered in time order and filters are ranges of rows, so how many rows a filter allows is
//! known before the search.

#[cfg(target_endian = "big")]
compile_error!(
    "segments are little-endian and read in place; big-endian machines are not supported"
);

mod anchors;
mod block;
#[cfg(target_arch = "x86_64")]
mod block_avx2;
#[cfg(target_arch = "x86_64")]
mod block_x86;
mod bounds;
mod build;
mod build_bounds;
#[cfg(feature = "hnsw")]
mod build_hnsw;
mod build_partition;
mod fill_block;
mod graph;
mod insertion_order;
mod kernel;
#[cfg(target_arch = "x86_64")]
mod kernel_avx2;
mod kernel_choice;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod kernel_neon;
#[cfg(target_arch = "x86_64")]
mod kernel_x86;
mod leaf;
mod partition;
mod plan;
mod query;
mod rank;
mod repair;
mod rows;
mod rows_builder;
mod rowset;
mod scan;
mod scan_block;
mod scan_bounded;
mod search;
mod sections;
#[cfg(test)]
mod tests;
mod visited;

pub use bounds::Bounds;
pub use build::{BuildParams, Builder, build};
pub use build_bounds::build_bounds;
pub use graph::{BuiltGraph, Graph, GraphInfo};
pub use insertion_order::Progress;
pub use kernel::{Kernel, Plane, dot_i8};
pub use plan::Plan;
pub use query::Query;
pub use rank::Scored;
pub use rows::Rows;
pub use rows_builder::RowsBuilder;
pub use rowset::RowSet;
pub use scan::scan;
pub use search::{Scratch, search};

use crate::error::Result;

/// Rows and the graph over them, if they have one.
#[derive(Clone, Debug)]
pub struct Index<'a> {
    /// The vectors.
    pub rows: Rows<'a>,
    /// Their graph; without one every search is a scan.
    pub graph: Option<Graph<'a>>,
}

/// What a query wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The most rows to return.
    pub limit: usize,
    /// As many of them are needed, if so many are allowed; at most `limit`. What a search finds beyond
    /// them costs nothing.
    pub needed: usize,
    /// The width of a search on the graph: more finds more and takes longer. At least `needed` is
    /// used.
    pub ef: usize,
    /// The rows that may be returned.
    pub allowed: &'a RowSet,
    /// Whether only the exact answer will do.
    pub exact: bool,
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    /// The best rows, best first.
    pub hits: Vec<Scored>,
    /// How they were found.
    pub plan: Plan,
}

impl Index<'_> {
    /// The nodes of the graph; 0 without one.
    pub fn nodes(&self) -> usize {
        self.graph.as_ref().map_or(0, |graph| graph.info().nodes())
    }

    /// The rows nearest to a query.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the query has another dimension than the rows,
    /// [`crate::Error::Corrupt`] if a stored norm or link is damaged.
    pub fn nearest(
        &self,
        query: &Query,
        wanted: &Wanted<'_>,
        scratch: &mut Scratch,
    ) -> Result<Nearest> {
        let (rows, allowed) = (self.rows.len(), wanted.allowed.len());
        let needed = wanted.needed.min(wanted.limit).min(allowed);
        let pool = plan::pool(rows, allowed, wanted.ef, needed);
        let bounded = self.rows.bounds.is_some();
        let graph = self.graph.as_ref().filter(|_| !wanted.exact);
        match (graph, plan::choose(rows, allowed, pool, bounded)) {
            (Some(graph), Plan::Graph) => {
                let mut hits = search(graph, &self.rows, query, pool, wanted.allowed, scratch)?;
                hits.truncate(wanted.limit);
                Ok(Nearest {
                    hits,
                    plan: Plan::Graph,
                })
            }
            _ => Ok(Nearest {
                hits: scan(&self.rows, query, wanted.limit, wanted.allowed, scratch)?,
                plan: Plan::Scan,
            }),
        }
    }
}
