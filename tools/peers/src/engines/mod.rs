//! The engines that are written in Rust.

mod database;
mod diskann;
mod hnsw;
mod index;

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use rhymedb::Hit;

use crate::serve::Set;

/// Links of a node and width of the construction, for every engine.
pub const M: usize = 16;
pub const EF_CONSTRUCTION: usize = 128;

/// What came back, in the engine's own words.
pub enum Answer {
    Rows(Vec<u32>),
    Hits(Vec<Hit>),
}

/// An open engine.
pub trait Engine: Sync {
    /// The `k` nearest rows, best first, that pass a filter of the set, named by its number.
    fn nearest(&self, query: &[f32], k: usize, ef: usize, filter: Option<usize>) -> Result<Answer>;

    /// The `k` best distinct moments, from engines that know what that is.
    fn episodes(&self, _query: &[f32], _k: usize, _ef: usize) -> Result<Option<Answer>> {
        Ok(None)
    }

    /// Whether it takes filters.
    fn filters(&self) -> bool {
        true
    }

    /// The rows of an answer. Not on the clock.
    fn rows(&self, answer: Answer) -> Vec<u32> {
        match answer {
            Answer::Rows(rows) => rows,
            Answer::Hits(_) => Vec::new(),
        }
    }
}

/// What a build took.
pub struct Built {
    pub load_s: f64,
    pub build_s: f64,
}

/// The database, the index with each of its graph builders, and the peers.
pub fn names() -> Vec<String> {
    let mut names = vec!["rhymedb".to_owned()];
    names.extend(
        index::BUILDERS
            .iter()
            .map(|b| format!("rhymedb-index-{}", index::name(*b))),
    );
    names.extend(["hnsw_rs", "diskann"].map(str::to_owned));
    names
}

/// Builds an engine's index and saves it.
pub fn build(name: &str, set: &Set, vectors: Vec<f32>, work: &Path) -> Result<Built> {
    match name {
        "rhymedb" => database::build(set, &vectors, work),
        "hnsw_rs" => hnsw::build(set, vectors, work),
        "diskann" => diskann::build(set, vectors, work),
        _ => index::build(index::named(name)?, set, &vectors, work),
    }
}

pub fn open<'a>(name: &str, set: &'a Set, work: &Path) -> Result<Box<dyn Engine + 'a>> {
    Ok(match name {
        "rhymedb" => Box::new(database::open(set, work)?),
        "hnsw_rs" => Box::new(hnsw::open(set, work)?),
        "diskann" => Box::new(diskann::open(set, work)?),
        _ => Box::new(index::open(set, work)?),
    })
}

/// Runs some work and gives its seconds.
fn seconds<T>(work: impl FnOnce() -> Result<T>) -> Result<(f64, T)> {
    let start = Instant::now();
    let value = work()?;
    Ok((start.elapsed().as_secs_f64(), value))
}

/// A seeded random order: graphs are better if windows in a row do not come one after another.
fn shuffled(rows: usize) -> Vec<usize> {
    use rand::SeedableRng;
    use rand::seq::SliceRandom;
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
    order
}

fn unknown<T>(name: &str) -> Result<T> {
    bail!("expected an engine that `rhyme-peers engines` prints, found {name}")
}
