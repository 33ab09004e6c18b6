//! TS2Vec as its public code trains it, on one long table.

use std::path::{Path, PathBuf};

use burn_tensor::Tensor;
use rand::RngExt;
use rhymedb::{Error, Result};

use super::etth1::Etth1;
use crate::backbone::Dilated;
use crate::checkpoint::publish;
use crate::config::Training;
use crate::net::{Needed, Op, Pass, run_layers};
use crate::objective::{Contrast, Objective, Ts2Vec};
use crate::optimise::update;
use crate::params::{Leaves, Params};
use crate::random::seeded;
use crate::side::Side;
use crate::tensor::{device, numbers, tensor};

/// The purpose of these random numbers.
const CROPS: u32 = 30;
/// Pieces of the training part.
const PIECES: usize = 2;
/// Rows before a row that its representation reads.
const BEFORE: usize = 200;
/// Rows that are encoded together.
const TOGETHER: usize = 64;
/// The share of the steps that is hidden behind the first layer.
const HIDDEN: f32 = 0.5;

/// A run.
pub struct Run {
    net: Dilated,
    ops: Vec<Op>,
    params: Params,
    seed: u64,
    steps: u64,
    most: usize,
    done: u64,
    file: PathBuf,
}

/// How long a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Steps of training: 600 in the public code.
    pub steps: u64,
    /// Rows of each piece that a step reads at most: 3000 in the public code.
    pub rows: usize,
}

impl Run {
    /// A run that keeps its state in `file`, and goes on from it if it is there.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the file is one of another run or the length too short, and those of reading it.
    pub fn new(net: Dilated, length: Length, seed: u64, file: &Path) -> Result<Self> {
        if length.rows < 2 || length.steps == 0 {
            return Err(Error::Invalid(
                "expected at least 1 step and 2 rows".to_owned(),
            ));
        }
        let ops = net.layers(Etth1::WIDTH);
        let mut needed: Vec<Needed> = Vec::new();
        ops.iter().for_each(|op| op.needs(&mut needed));
        let mut run = Self {
            params: Params::of(&needed, seed),
            ops,
            net,
            seed,
            steps: length.steps,
            most: length.rows,
            done: 0,
            file: file.to_owned(),
        };
        if file.exists() {
            run.read()?;
        }
        Ok(run)
    }

    /// Steps that are done, of so many.
    pub fn progress(&self) -> (u64, u64) {
        (self.done, self.steps)
    }

    /// Numbers of a representation.
    pub fn width(&self) -> usize {
        self.net.dim as usize
    }

    /// One step on the training part; its loss. AdamW at a constant rate of 1e-3, and what is used is
    /// the mean of the parameters after all steps.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the loss is not finite.
    pub fn step(&mut self, data: &Etth1) -> Result<f32> {
        let rows = data.train().len() / Etth1::WIDTH / PIECES;
        let (loss, gradients) = self.gradients(data, rows)?;
        let training = Training {
            rate: 1e-3,
            decay: 0.01,
            ..Training::default()
        };
        update(&mut self.params, &gradients, &training, self.done, 1.0);
        // The mean of all so far.
        let before = self.done as f32 / (self.done + 1) as f32;
        self.params.average(before);
        self.done += 1;
        Ok(loss)
    }

    fn gradients(&self, data: &Etth1, rows: usize) -> Result<(f32, Vec<Vec<f32>>)> {
        let mut random = seeded(self.seed, CROPS, self.done);
        let length = rows.min(self.most);
        let first = random.random_range(0..=rows - length);
        let common = random.random_range(2..=length);
        let from = random.random_range(0..=length - common);
        let start = random.random_range(0..=from);
        let end = random.random_range(from + common..=length);
        let device = device();
        let leaves = Leaves::new(&self.params, "", &device)?;
        let mut crops = [Vec::new(), Vec::new()];
        let (left, right) = (start..from + common, from..end);
        for piece in 0..PIECES {
            let moved = random.random_range(0..=length - (end - start));
            for (crop, rows_of) in crops.iter_mut().zip([&left, &right]) {
                let begin = piece * rows + first + moved + (rows_of.start - start);
                let range = begin * Etth1::WIDTH..(begin + rows_of.len()) * Etth1::WIDTH;
                crop.extend_from_slice(data.train().get(range).unwrap_or_default());
            }
        }
        let mut see = |crop: &[f32], steps: usize| -> Result<Tensor<3>> {
            let hidden = (0..PIECES * steps)
                .map(|_| f32::from(u8::from(random.random_range(0.0..1.0_f32) < HIDDEN)));
            let pass = Pass {
                hidden: Some(tensor(hidden.collect(), [PIECES, steps], &device)?),
                ..Pass::default()
            };
            let x = tensor(crop.to_vec(), [PIECES, steps, Etth1::WIDTH], &device)?;
            run_layers(&self.ops, &leaves, x, &pass)
        };
        let [left_crop, right_crop] = &crops;
        let objective = Ts2Vec {
            embedding: 0.0,
            ..Ts2Vec::default()
        };
        let side = |steps: Tensor<3>| Side {
            embeddings: Tensor::zeros([PIECES, 1], &device),
            steps: Some(steps),
        };
        let contrast = Contrast {
            left: side(see(left_crop, left.len())?),
            right: side(see(right_crop, right.len())?),
            same: Vec::new(),
            others: 0,
            overlap: common,
        };
        let loss = objective.loss(contrast, &leaves)?;
        let value = numbers(loss.clone())?.first().copied().unwrap_or(f32::NAN);
        if !value.is_finite() {
            return Err(Error::Invalid(format!("the loss became {value}")));
        }
        let mut sums = self.params.zeros();
        leaves.add_gradients(&loss.backward(), &mut sums)?;
        Ok((value, sums))
    }

    /// The representation of each row: the last step of it and the 200 rows before it. `watch` is
    /// told the share that is done, and ends it by returning true.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if `watch` ended it.
    pub fn encode(&self, data: &Etth1, watch: &mut dyn FnMut(f64) -> bool) -> Result<Vec<f32>> {
        let params = self.params.clone().with_values(&self.params.settled());
        let device = burn_tensor::Device::flex();
        let leaves = Leaves::still(&params, &device)?;
        let (rows, reach) = (data.rows.len() / Etth1::WIDTH, BEFORE + 1);
        // Zeros, the usual value, stand before the first row.
        let mut padded = vec![0.0; BEFORE * Etth1::WIDTH];
        padded.extend_from_slice(&data.rows);
        let mut all = Vec::with_capacity(rows * self.width());
        for first in (0..rows).step_by(TOGETHER) {
            let count = TOGETHER.min(rows - first);
            let mut windows = Vec::with_capacity(count * reach * Etth1::WIDTH);
            for row in first..first + count {
                let range = row * Etth1::WIDTH..(row + reach) * Etth1::WIDTH;
                windows.extend_from_slice(padded.get(range).unwrap_or_default());
            }
            let x = tensor(windows, [count, reach, Etth1::WIDTH], &device)?;
            let steps = run_layers(&self.ops, &leaves, x, &Pass::default())?;
            all.extend(numbers(steps.narrow(1, BEFORE, 1))?);
            if watch((first + count) as f64 / rows as f64) {
                return Err(Error::Interrupted);
            }
        }
        Ok(all)
    }

    /// What tells this run from others.
    fn name(&self) -> String {
        let net = &self.net;
        format!(
            "rhyme-train etth1 ts2vec {} {} {} {} {} {}\n",
            net.hidden, net.depth, net.dim, self.steps, self.most, self.seed
        )
    }

    /// Writes the state of the run.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn save(&self) -> Result<()> {
        let mut bytes = self.name().into_bytes();
        bytes.extend(self.done.to_le_bytes());
        for param in &self.params.list {
            for list in [&param.values, &param.first, &param.second, &param.mean] {
                bytes.extend(list.iter().flat_map(|x| x.to_le_bytes()));
            }
        }
        publish(&self.file, &bytes)
    }

    fn read(&mut self) -> Result<()> {
        let bytes = std::fs::read(&self.file).map_err(|source| Error::Io {
            action: "read",
            path: self.file.clone(),
            source: std::sync::Arc::new(source),
        })?;
        let wrong = || {
            Error::Invalid(format!(
                "expected the state of the same run in {}, found another file; remove it, or name another with --state",
                self.file.display()
            ))
        };
        let rest = bytes
            .strip_prefix(self.name().as_bytes())
            .ok_or_else(wrong)?;
        let (done, rest) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
        let done = u64::from_le_bytes(*done);
        let kept = if done > 0 { 4 } else { 3 };
        if rest.len() != self.params.count() * kept * 4 {
            return Err(wrong());
        }
        let mut all = rest
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&b| f32::from_le_bytes(b));
        for param in &mut self.params.list {
            let count = param.values.len();
            let mut take = || all.by_ref().take(count).collect::<Vec<f32>>();
            (param.values, param.first, param.second) = (take(), take(), take());
            if done > 0 {
                param.mean = take();
            }
        }
        self.done = done;
        Ok(())
    }
}
