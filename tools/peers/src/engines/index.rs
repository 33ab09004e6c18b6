//! RhymeDB's index by itself: rows, graph and search, without catalog and segments.

use std::cell::RefCell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Result;
use memmap2::{Advice, Mmap};
use rhymedb::index::{
    self, Bounds, BuildParams, Builder, Graph, Index, Query, RowSet, Rows, RowsBuilder, Scratch, Wanted,
};

use super::{Answer, Built, EF_CONSTRUCTION, Engine, M, seconds, unknown};
use crate::serve::Set;

/// Every graph builder has a row of its own in the table.
pub const BUILDERS: &[Builder] = &[Builder::Partition, Builder::Hnsw];

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::new());
}

pub fn name(builder: Builder) -> String {
    format!("{builder:?}").to_lowercase()
}

pub fn named(engine: &str) -> Result<Builder> {
    let fits = |b: &&Builder| engine == format!("rhymedb-index-{}", name(**b));
    BUILDERS
        .iter()
        .find(fits)
        .map_or_else(|| unknown(engine), |b| Ok(*b))
}

pub fn build(builder: Builder, set: &Set, vectors: &[f32], work: &Path) -> Result<Built> {
    let (load_s, rows) = seconds(|| {
        let mut rows = RowsBuilder::new(set.dim)?;
        vectors
            .chunks_exact(set.dim)
            .try_for_each(|v| rows.push(v))?;
        Ok(rows)
    })?;
    let params = BuildParams {
        builder,
        m: M,
        ef_construction: EF_CONSTRUCTION,
        ..BuildParams::default()
    };
    let (build_s, graph) = seconds(|| Ok(index::build(&rows.view(), &params, &|_| Ok(()))?))?;
    for (name, bytes) in Rows::SECTIONS.iter().zip(rows.sections()) {
        fs::write(work.join(name), bytes)?;
    }
    for (name, bytes) in Graph::SECTIONS.iter().zip(graph.sections()) {
        fs::write(work.join(name), bytes)?;
    }
    if let Some(bounds) = index::build_bounds(&rows.view())? {
        fs::write(work.join(Bounds::SECTION), bounds)?;
    }
    Ok(Built { load_s, build_s })
}

pub struct Open {
    folder: PathBuf,
    dim: usize,
    rows: [Mmap; 4],
    graph: [Mmap; 3],
    bounds: Option<Mmap>,
    /// All rows, then those of each filter.
    allowed: Vec<RowSet>,
}

pub fn open(set: &Set, work: &Path) -> Result<Open> {
    let n = set.end.len();
    let mut allowed = vec![RowSet::all(n as u32)];
    for filter in &set.filters {
        let passing = (0..n).filter(|&r| set.passes(filter, r)).map(|r| r as u32);
        allowed.push(RowSet::from_ranges(passing.map(|r| r..r + 1)));
    }
    Ok(Open {
        folder: work.to_owned(),
        dim: set.dim,
        rows: maps(work, Rows::SECTIONS)?,
        graph: maps(work, Graph::SECTIONS)?,
        bounds: match work.join(Bounds::SECTION).exists() {
            true => Some(map(work, Bounds::SECTION)?),
            false => None,
        },
        allowed,
    })
}

fn map(work: &Path, name: &str) -> Result<Mmap> {
    // SAFETY: this program wrote the file, and nobody changes it while it is measured.
    let map = unsafe { Mmap::map(&File::open(work.join(name))?)? };
    // Large pages, as segments of a database ask for them; a kernel that has none for files refuses.
    let _ = map.advise(Advice::HugePage);
    Ok(map)
}

fn maps<const N: usize>(work: &Path, names: [&str; N]) -> Result<[Mmap; N]> {
    let mut maps = Vec::with_capacity(N);
    for name in names {
        maps.push(map(work, name)?);
    }
    maps.try_into()
        .map_err(|_| anyhow::anyhow!("a section is missing"))
}

impl Engine for Open {
    fn nearest(&self, query: &[f32], k: usize, ef: usize, filter: Option<usize>) -> Result<Answer> {
        let mut rows = Rows::new(&self.folder, self.dim, self.rows.each_ref().map(|m| &m[..]))?;
        if let Some(bounds) = &self.bounds {
            rows = rows.with_bounds(bounds)?;
        }
        let graph = Graph::new(
            &self.folder,
            rows.len(),
            self.graph.each_ref().map(|m| &m[..]),
        )?;
        let index = Index {
            rows,
            graph: Some(graph),
        };
        let wanted = Wanted {
            limit: k,
            needed: k,
            ef,
            allowed: &self.allowed[filter.map_or(0, |f| f + 1)],
            exact: false,
        };
        let query = Query::new(query)?;
        let nearest = SCRATCH.with_borrow_mut(|s| index.nearest(&query, &wanted, s))?;
        Ok(Answer::Rows(nearest.hits.iter().map(|h| h.row).collect()))
    }
}
