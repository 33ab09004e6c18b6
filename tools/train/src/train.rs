//! The run: epochs, early stopping, checkpoints, and the weights at the end.

mod lessons;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rhymedb::encode::Weights;
use rhymedb::{Database, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::batch::batch;
use crate::checkpoint::{self, State};
use crate::config::{Config, Mode};
use crate::data::{Dataset, distinct, epoch, fingerprint};
use crate::evaluate::{Scores, scores, with_bank};
use crate::events::{EventScores, event_scores};
use crate::export::weights;
use crate::optimise::{clip, rate_at, update};
use crate::params::Params;
use crate::step::{Model, Windows};
use crate::teacher::Teacher;

/// The pools of validation are the same in every epoch and every run.
const POOLS: u64 = 1;
/// Epochs after which learning by heart is given up, counted in batches of one epoch each.
const BY_HEART: u64 = 600;

/// What came of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The mean loss of its steps.
    pub loss: f64,
    /// The loss on the validation part, where there are no headlines.
    pub validation_loss: Option<f64>,
    /// The scores on the validation part by market, where there are headlines.
    pub validation: BTreeMap<String, Scores>,
}

impl Epoch {
    /// What the best epoch has most of.
    fn merit(&self) -> f64 {
        let markets = self.validation.values();
        let pairs: usize = markets.clone().map(|s| s.pairs).sum();
        let auc: f64 = markets.map(|s| s.auc * s.pairs as f64).sum();
        match self.validation_loss {
            Some(loss) => -loss,
            None if pairs > 0 => auc / pairs as f64,
            None => -self.loss,
        }
    }
}

/// Where a run stands, for whoever watches.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Whether a teacher gives lessons, before any chart is seen: then the steps are lessons.
    pub lessons: bool,
    /// Epochs that are done.
    pub epoch: u64,
    /// Of so many.
    pub epochs: u64,
    /// Steps that are done.
    pub step: u64,
    /// Of so many.
    pub steps: u64,
    /// The mean loss of this epoch so far.
    pub loss: f64,
    /// What came of the last epoch.
    pub last: Option<Epoch>,
    /// How long the rest takes.
    pub left: Duration,
}

/// What a run gave.
#[derive(Debug)]
pub struct Trained {
    /// The weights.
    pub weights: Weights,
    /// What came of each epoch.
    pub epochs: Vec<Epoch>,
    /// The scores of the validation part by market, where there are headlines.
    pub validation: BTreeMap<String, Scores>,
    /// Those of the later part.
    pub test_time: BTreeMap<String, Scores>,
    /// Those of the symbols kept apart.
    pub test_symbols: BTreeMap<String, Scores>,
    /// Those of made-up events by market, where the config asks for them.
    pub events: BTreeMap<String, EventScores>,
}

/// A run.
pub struct Trainer {
    config: Config,
    seed: u64,
    data: Dataset,
    model: Model,
    params: Params,
    state: State,
    best: Vec<Vec<f32>>,
    checkpoint: PathBuf,
    teacher: Option<Teacher>,
}

impl Trainer {
    /// A run that writes its checkpoints beside `out`.
    ///
    /// # Errors
    /// Those of the config and of the data.
    pub fn new(config: Config, db: Option<&Database>, out: &Path, seed: u64) -> Result<Self> {
        let mut data = Dataset::collect(&config, db)?;
        if config.mode == Mode::Overfit {
            data.names.clear();
            data.parts.train = distinct(&data, config.training.batch, seed);
        }
        if config.shuffle_pairs {
            data.shuffle_pairs(seed);
        }
        let (model, params) = Model::start(&config, &data.names, seed)?;
        let state = State {
            config: config.clone(),
            seed,
            data: fingerprint(&data),
            lessons: 0,
            epoch: 0,
            batch: 0,
            step: 0,
            loss: 0.0,
            epochs: Vec::new(),
            best: None,
        };
        Ok(Self {
            seed,
            data,
            model,
            params,
            state,
            best: Vec::new(),
            checkpoint: checkpoint::path_of(out),
            teacher: None,
            config,
        })
    }

    /// What is trained on.
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// Goes on where the checkpoint beside the output stands.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is one of another run, and those of reading it.
    pub fn resume(&mut self) -> Result<()> {
        let mut params = self.params.clone();
        let (state, best) = checkpoint::read(&self.checkpoint, &mut params)?;
        let own = (&self.config, self.seed, self.state.data);
        if (&state.config, state.seed, state.data) != own {
            return Err(Error::Invalid(format!(
                "expected a checkpoint of the same config, seed and data, found another in {}; start without --resume",
                self.checkpoint.display()
            )));
        }
        (self.params, self.state, self.best) = (params, state, best);
        Ok(())
    }

    /// Trains until the end, or until `watch`, which is called after each step, returns true. Then
    /// a checkpoint is written.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if `watch` ended it, [`Error::Invalid`] if the teacher is missing that the
    /// config asks for, and those of training.
    pub fn run(&mut self, watch: &mut dyn FnMut(&Progress) -> bool) -> Result<Trained> {
        let epochs = match self.config.mode {
            Mode::Market => self.config.training.epochs,
            Mode::Overfit => BY_HEART,
        };
        self.listen(watch)?;
        let (started, first) = (Instant::now(), self.state.step);
        while self.state.epoch < epochs && !self.is_done() {
            let batches = epoch(
                &self.data,
                &|source| (self.config.batch(source), self.config.share(source)),
                self.seed,
                self.state.epoch,
            );
            let steps = batches.len() as u64 * epochs;
            for samples in batches.iter().skip(self.state.batch) {
                self.step(samples, steps)?;
                let (step, done) = (self.state.step, self.state.step - first);
                let each = started.elapsed().as_secs_f64() / done.max(1) as f64;
                let progress = Progress {
                    lessons: false,
                    epoch: self.state.epoch,
                    epochs,
                    step,
                    steps,
                    loss: self.state.loss / self.state.batch.max(1) as f64,
                    last: self.state.epochs.last().cloned(),
                    left: Duration::from_secs_f64(each * steps.saturating_sub(step) as f64),
                };
                if watch(&progress) {
                    self.save()?;
                    return Err(Error::Interrupted);
                }
            }
            self.close_epoch(batches.len())?;
        }
        self.finish()
    }

    fn step(&mut self, samples: &[usize], steps: u64) -> Result<()> {
        let t = &self.config.training;
        let step = self.state.step;
        let batch = batch(&self.config, &self.data, samples, self.seed, step)?;
        let (loss, mut gradients) = self.model.gradients(&self.params, &batch)?;
        self.add_lesson(&mut gradients)?;
        clip(&mut gradients, t.clip);
        let share = match self.config.mode {
            Mode::Market => rate_at(step, steps, t.warm_up),
            Mode::Overfit => 1.0,
        };
        update(&mut self.params, &gradients, t, step, share);
        self.model.goal.clamp(&mut self.params);
        if let Some(average) = self.config.average() {
            // The first steps are not to stay in the mean for long.
            let so_far = (step + 1) as f32 / (step + 10) as f32;
            self.params.average(average.min(so_far));
        }
        self.state.step += 1;
        self.state.batch += 1;
        self.state.loss += f64::from(loss);
        Ok(())
    }

    fn close_epoch(&mut self, batches: usize) -> Result<()> {
        let mut epoch = Epoch {
            loss: self.state.loss / batches.max(1) as f64,
            ..Epoch::default()
        };
        let judged = match self.config.mode {
            Mode::Market => &self.data.parts.validation,
            Mode::Overfit => &self.data.parts.train,
        };
        if self.config.text.is_some() && self.config.mode == Mode::Market {
            let weights = self.weights(&self.settled(), json!(null))?;
            epoch.validation = scores(&weights, &self.data, judged, POOLS)?;
        } else if self.config.text.is_none() {
            epoch.validation_loss = self.validation_loss(judged)?;
        }
        let best = self.state.best.and_then(|b| self.state.epochs.get(b));
        if best.is_none_or(|best| epoch.merit() > best.merit()) {
            self.state.best = Some(self.state.epochs.len());
            self.best = self.params.settled();
        }
        self.state.epochs.push(epoch);
        self.state.epoch += 1;
        self.state.batch = 0;
        self.state.loss = 0.0;
        match self.config.mode {
            Mode::Market => self.save(),
            Mode::Overfit => Ok(()),
        }
    }

    /// The loss of whole batches of a part, seen the same way each time.
    fn validation_loss(&self, part: &[usize]) -> Result<Option<f64>> {
        let params = self.settled();
        let mut losses = Vec::new();
        for (i, samples) in part.chunks_exact(self.config.training.batch).enumerate() {
            let mut batch = batch(&self.config, &self.data, samples, POOLS, i as u64)?;
            batch.noise = None;
            losses.push(f64::from(self.model.loss(&params, &batch)?));
        }
        let count = losses.len() as f64;
        Ok((count > 0.0).then(|| losses.iter().sum::<f64>() / count))
    }

    /// Whether more epochs are of no use.
    fn is_done(&self) -> bool {
        let done = self.state.epochs.len();
        let since = self.state.best.map_or(0, |best| done - best);
        match self.config.mode {
            Mode::Market => since as u64 > self.config.training.patience,
            // Long before the loss is 0 each pair has found its partner.
            Mode::Overfit => self.state.epochs.last().is_some_and(|e| e.loss < 0.02),
        }
    }

    fn save(&self) -> Result<()> {
        checkpoint::write(&self.checkpoint, &self.state, &self.params, &self.best)
    }

    /// The parameters as they are judged now.
    fn settled(&self) -> Params {
        self.params.clone().with_values(&self.params.settled())
    }

    /// The weights of parameters.
    fn weights(&self, params: &Params, training: serde_json::Value) -> Result<Weights> {
        let temperature = self.model.goal.temperature(params);
        weights(
            &self.config,
            params,
            &self.data.names,
            temperature,
            training,
        )
    }

    fn finish(&mut self) -> Result<Trained> {
        let params = self.best_params();
        let (mut test_time, mut test_symbols) = (BTreeMap::new(), BTreeMap::new());
        if self.config.text.is_some() {
            let weights = self.weights(&params, json!(null))?;
            let parts = &self.data.parts;
            let judged = |part: &[usize]| scores(&weights, &self.data, part, POOLS);
            test_time = judged(&parts.test_time)?;
            test_symbols = judged(&parts.test_symbols)?;
        }
        let mut events = BTreeMap::new();
        if self.config.judge_events {
            events = event_scores(&self.weights(&params, json!(null))?)?;
        }
        let training = json!({
            "config": self.config,
            "seed": self.seed,
            "pairs": self.data.parts.train.len(),
            "epochs": self.state.epochs,
            "best": self.state.best,
            "test_time": test_time,
            "test_symbols": test_symbols,
            "events": events,
            "teacher": self.teacher.as_ref().map(|t| json!({"record": t.record, "hash": format!("{:016x}", t.hash)})),
        });
        let mut weights = self.weights(&params, training)?;
        if self.config.text.is_some() {
            weights = with_bank(&weights, &self.data, self.seed)?;
        }
        let best = self.state.best.and_then(|b| self.state.epochs.get(b));
        Ok(Trained {
            weights,
            epochs: self.state.epochs.clone(),
            validation: best.map(|e| e.validation.clone()).unwrap_or_default(),
            test_time,
            test_symbols,
            events,
        })
    }

    /// The vectors of samples' windows, row after row, by the parameters that the weights are made of.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a sample lies outside of its series.
    pub fn embed(&self, samples: &[usize]) -> Result<Vec<f32>> {
        let reading = self.config.backbone.reading();
        let (steps, ahead) = (reading.window_steps(), self.config.objective.ahead());
        let mut windows = Windows {
            steps,
            width: reading.input_width(),
            values: Vec::new(),
        };
        for sample in samples.iter().filter_map(|&i| self.data.samples.get(i)) {
            let whole = self.data.window(sample, steps + ahead)?;
            let seen = whole.values.iter().take(steps * windows.width);
            windows.values.extend(seen);
        }
        self.model.embed_windows(&self.best_params(), &windows)
    }

    /// The parameters that the weights are made of.
    fn best_params(&self) -> Params {
        let params = self.settled();
        if self.config.mode == Mode::Market && !self.best.is_empty() {
            return params.with_values(&self.best);
        }
        params
    }

    /// Judges weights by the parts of this run that are kept apart, and by made-up events.
    ///
    /// # Errors
    /// Those of the encoders.
    pub fn judge(&self, weights: Weights) -> Result<Trained> {
        let parts = &self.data.parts;
        let judged = |part: &[usize]| scores(&weights, &self.data, part, POOLS);
        Ok(Trained {
            epochs: Vec::new(),
            validation: judged(&parts.validation)?,
            test_time: judged(&parts.test_time)?,
            test_symbols: judged(&parts.test_symbols)?,
            events: event_scores(&weights)?,
            weights,
        })
    }

    /// Removes the checkpoint, once the weights are safe.
    ///
    /// # Errors
    /// [`Error::Io`] if it is there and cannot be removed.
    pub fn clear(&self) -> Result<()> {
        match std::fs::remove_file(&self.checkpoint) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::Io {
                action: "remove",
                path: self.checkpoint.clone(),
                source: std::sync::Arc::new(source),
            }),
            _ => Ok(()),
        }
    }
}
