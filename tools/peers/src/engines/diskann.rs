//! Microsoft's `diskann`: a Vamana graph over full-precision vectors in memory.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use diskann::graph::config::{Builder, MaxDegree};
use diskann::graph::search::Knn;
use diskann::graph::{Config, search_output_buffer::IdDistance};
use diskann::provider::DefaultContext;
use diskann::utils::ONE;
use diskann_providers::index::diskann_async::{MemoryIndex, new_index};
use diskann_providers::model::IndexConfiguration;
use diskann_providers::model::graph::provider::async_::common::{
    FullPrecision, NoDeletes, NoStore,
};
use diskann_providers::model::graph::provider::async_::inmem::{
    DefaultProviderParameters, SetStartPoints,
};
use diskann_providers::storage::{
    AsyncIndexMetadata, FileStorageProvider, SaveWith, index_storage::load_fp_index,
};
use diskann_vector::distance::Metric;
use tokio::runtime::Runtime;

use super::{Answer, Built, EF_CONSTRUCTION, Engine, M, seconds, shuffled};
use crate::rconv::normalise;
use crate::serve::Set;

const METRIC: Metric = Metric::CosineNormalized;
const THREADS: usize = 2;

/// As many links as the others have in layer 0; slack and alpha as `diskann` has them by default.
fn config() -> Result<Config> {
    let degree = 2 * M;
    let builder = Builder::new(
        degree,
        MaxDegree::default_slack(),
        EF_CONSTRUCTION,
        METRIC.into(),
    );
    Ok(builder.build()?)
}

fn path(work: &Path) -> String {
    work.join("graph").display().to_string()
}

pub fn build(set: &Set, vectors: Vec<f32>, work: &Path) -> Result<Built> {
    let config = config()?;
    let n = vectors.len() / set.dim;
    let parameters = DefaultProviderParameters {
        max_points: n,
        frozen_points: ONE,
        metric: METRIC,
        dim: set.dim,
        prefetch_lookahead: None,
        prefetch_cache_line_level: None,
        max_degree: config.max_degree_u32().get(),
    };
    let runtime = Runtime::new()?;
    let (build_s, index) = seconds(|| {
        let index: MemoryIndex<f32> = new_index(config, parameters, NoDeletes)?;
        let start = mean(&vectors, set.dim);
        index
            .provider()
            .set_start_points(std::iter::once(start.as_slice()))?;
        runtime.block_on(insert_all(&index, Arc::new(vectors), set.dim))?;
        Ok(index)
    })?;
    let metadata = AsyncIndexMetadata::new(path(work));
    runtime.block_on(index.save_with(&FileStorageProvider, &metadata))?;
    Ok(Built {
        load_s: 0.0,
        build_s,
    })
}

/// Where every search starts.
fn mean(vectors: &[f32], dim: usize) -> Vec<f32> {
    let mut mean = vec![0f32; dim];
    for row in vectors.chunks_exact(dim) {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += x);
    }
    normalise(&mut mean);
    mean
}

async fn insert_all(index: &MemoryIndex<f32>, vectors: Arc<Vec<f32>>, dim: usize) -> Result<()> {
    let order = shuffled(vectors.len() / dim);
    let mut tasks = Vec::new();
    for part in 0..THREADS {
        let rows: Vec<usize> = order.iter().copied().skip(part).step_by(THREADS).collect();
        let (index, vectors) = (Arc::clone(index), Arc::clone(&vectors));
        tasks.push(tokio::spawn(async move {
            for row in rows {
                let vector = &vectors[row * dim..(row + 1) * dim];
                index
                    .insert(&FullPrecision, &DefaultContext, &(row as u32), vector)
                    .await?;
            }
            anyhow::Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

pub struct Open {
    runtime: Runtime,
    index: MemoryIndex<f32>,
}

pub fn open(set: &Set, work: &Path) -> Result<Open> {
    let runtime = Runtime::new()?;
    let about = IndexConfiguration::new(METRIC, set.dim, set.end.len(), ONE, 1, config()?);
    let path = path(work);
    let loading = load_fp_index::<f32, _, NoStore>(&FileStorageProvider, &path, about);
    let index = Arc::new(
        runtime
            .block_on(loading)
            .context("diskann cannot read its files")?,
    );
    Ok(Open { runtime, index })
}

impl Engine for Open {
    fn nearest(
        &self,
        query: &[f32],
        k: usize,
        ef: usize,
        _filter: Option<usize>,
    ) -> Result<Answer> {
        let mut ids = vec![u32::MAX; k];
        let mut distances = vec![0f32; k];
        let mut found = IdDistance::new(&mut ids, &mut distances);
        let search = Knn::new_default(ef.max(k))?;
        let asking = self
            .index
            .search(search, &FullPrecision, &DefaultContext, query, &mut found);
        self.runtime.block_on(asking)?;
        Ok(Answer::Rows(ids))
    }

    /// Its filters are attributes that a provider of one's own has to hold; not measured.
    fn filters(&self) -> bool {
        false
    }
}
