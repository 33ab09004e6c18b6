//! A run that was interrupted, on disk: a safetensors file with all tensors, their moments and the
//! best ones so far. It is written beside the weights under a temporary name and renamed.

use std::path::{Path, PathBuf};

use rhymedb::{Error, Result};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::params::Params;
use crate::train::Epoch;

const KEY: &str = "rhyme-train";
/// Names of the tensors of the best epoch start with this, and of moments with the others.
const BEST: &str = "best/";
const FIRST: &str = "first/";
const SECOND: &str = "second/";
/// And of running means, where they are kept.
const MEAN: &str = "mean/";

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// What the run is.
    pub config: Config,
    /// Its seed.
    pub seed: u64,
    /// What the data was: a hash.
    pub data: u64,
    /// Lessons of a teacher that are done, before any chart is seen.
    pub lessons: u64,
    /// Epochs that are done.
    pub epoch: u64,
    /// Batches of the next one that are done.
    pub batch: usize,
    /// Steps that are done.
    pub step: u64,
    /// The sum of the losses of this epoch so far.
    pub loss: f64,
    /// What came of each epoch.
    pub epochs: Vec<Epoch>,
    /// Which of them was the best.
    pub best: Option<usize>,
}

/// The file of a run that writes `out`.
pub fn path_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".checkpoint");
    name.into()
}

/// Writes a checkpoint.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub fn write(path: &Path, state: &State, params: &Params, best: &[Vec<f32>]) -> Result<()> {
    let broken = |e: &dyn std::fmt::Display| {
        Error::Invalid(format!("the checkpoint cannot be written: {e}"))
    };
    let mut tensors = Vec::new();
    for (i, param) in params.list.iter().enumerate() {
        let mut add = |prefix: &str, numbers: &[f32]| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            tensors.push((format!("{prefix}{}", param.name), numbers.len(), bytes));
        };
        add("", &param.values);
        add(FIRST, &param.first);
        add(SECOND, &param.second);
        if !param.mean.is_empty() {
            add(MEAN, &param.mean);
        }
        if let Some(best) = best.get(i) {
            add(BEST, best);
        }
    }
    let views = tensors.iter().map(|(name, len, bytes)| {
        let view = TensorView::new(Dtype::F32, vec![*len], bytes);
        view.map(|view| (name.as_str(), view))
    });
    let views = views
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| broken(&e))?;
    let header = serde_json::to_string(state).map_err(|e| broken(&e))?;
    let metadata = [(KEY.to_owned(), header)].into_iter().collect();
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| broken(&e))?;
    publish(path, &bytes)
}

/// Writes a file whole or not at all.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub fn publish(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |action: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io {
            action,
            path,
            source: std::sync::Arc::new(source),
        }
    };
    std::fs::write(&part, bytes).map_err(failed("write", &part))?;
    std::fs::rename(&part, path).map_err(failed("rename", path))
}

/// Reads a checkpoint into parameters of its shape. Returns where the run stands and its best
/// parameters so far, none if there are none.
///
/// # Errors
/// [`Error::Io`] if it cannot be read, [`Error::Input`] if it is no checkpoint of these parameters.
pub fn read(path: &Path, params: &mut Params) -> Result<(State, Vec<Vec<f32>>)> {
    let bytes = std::fs::read(path).map_err(|source| Error::Io {
        action: "read",
        path: path.to_owned(),
        source: std::sync::Arc::new(source),
    })?;
    let broken = |what: String| Error::Input {
        file: path.to_owned(),
        line: None,
        message: format!(
            "expected the checkpoint of a training run, found {what}; start without --resume"
        ),
    };
    let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| broken(e.to_string()))?;
    let header = metadata.metadata().as_ref().and_then(|m| m.get(KEY));
    let header = header.ok_or_else(|| broken("another file".to_owned()))?;
    let state: State = serde_json::from_str(header).map_err(|e| broken(e.to_string()))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| broken(e.to_string()))?;
    let numbers = |name: &str, len: usize| -> Result<Vec<f32>> {
        let view = file.tensor(name).map_err(|e| broken(e.to_string()))?;
        let chunks = view.data().as_chunks::<4>().0;
        if chunks.len() != len || view.dtype() != Dtype::F32 {
            return Err(broken(format!("{} numbers in {name}", chunks.len())));
        }
        Ok(chunks.iter().map(|&b| f32::from_le_bytes(b)).collect())
    };
    let mut best = Vec::new();
    for param in &mut params.list {
        let len = param.values.len();
        let name = &param.name;
        param.values = numbers(name, len)?;
        param.first = numbers(&format!("{FIRST}{name}"), len)?;
        param.second = numbers(&format!("{SECOND}{name}"), len)?;
        let mean = format!("{MEAN}{name}");
        // Lessons are given before there is a mean.
        if state.config.average().is_some() && state.step > 0 {
            param.mean = numbers(&mean, len)?;
        }
        if state.best.is_some() {
            best.push(numbers(&format!("{BEST}{name}"), len)?);
        }
    }
    Ok((state, best))
}
