//! One step of training: the loss of a batch and its gradients.
//!
//! ```text
//! chunks of windows -> network -> embeddings --+
//! chunks of texts   -> network -> embeddings --+-> objective -> loss
//!                                              |
//! each chunk's graph <- gradient of its rows --+
//! ```
//!
//! Each chunk has a graph of its own, small enough for a core's cache, and the objective has
//! another. Chunks are worked on side by side, and their gradients are added in their order: the
//! result does not depend on the number of threads.

use std::ops::Range;

use burn_tensor::{Device, Tensor};
use rayon::prelude::*;
use rhymedb::{Error, Result};

use crate::distil::{self, Lesson};
use crate::net::{Bag, Network, Pass, TextNet};
use crate::objective::{Contrast, Goal, Objective};
use crate::params::{HEAD, Leaves, Params, TABLE};
use crate::side::{Side, Sizes};
use crate::task::{Asked, Task};
use crate::tensor::{device, numbers, tensor};

/// What is trained, without its numbers.
pub struct Model {
    /// The network over bars.
    pub chart: Box<dyn Network>,
    /// Its sizes.
    pub sizes: Sizes,
    /// The encoder of headlines.
    pub text: Option<TextNet>,
    /// What it is trained for.
    pub goal: Goal,
    /// Rows of a chunk.
    pub chunk: usize,
}

/// Windows of one length, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows {
    /// Steps of a window.
    pub steps: usize,
    /// Numbers of a step.
    pub width: usize,
    /// Their numbers.
    pub values: Vec<f32>,
}

impl Windows {
    fn len(&self) -> usize {
        self.values.len() / (self.steps * self.width).max(1)
    }
}

/// What belongs to the windows, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Partners {
    /// Headlines.
    Texts(Vec<Bag>),
    /// Other views of the same windows.
    Windows(Windows),
    /// What is asked of each window alone.
    Asked(Asked),
}

/// A batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Windows.
    pub windows: Windows,
    /// What belongs to them.
    pub partners: Partners,
    /// As [`Contrast::same`].
    pub same: Vec<bool>,
    /// As [`Contrast::others`].
    pub others: usize,
    /// As [`Contrast::overlap`], in steps of the input.
    pub overlap: usize,
    /// The seed of what a network leaves out in training; `None` to judge it.
    pub noise: Option<u64>,
}

impl Batch {
    /// The headlines, none if there are other views instead.
    fn texts(&self) -> &[Bag] {
        match &self.partners {
            Partners::Texts(bags) => bags,
            Partners::Windows(_) | Partners::Asked(_) => &[],
        }
    }

    fn hidden(&self) -> &[f32] {
        match &self.partners {
            Partners::Asked(asked) => &asked.hidden,
            Partners::Texts(_) | Partners::Windows(_) => &[],
        }
    }
}

/// A part of a side: its rows and the graph that made them.
struct EmbeddedPart {
    leaves: Leaves,
    rows: Range<usize>,
    embeddings: Tensor<2>,
    steps: Option<Tensor<3>>,
    bags: Option<Tensor<2>>,
}

impl Model {
    fn prefix(&self, part: &str) -> String {
        match self.text {
            Some(_) => format!("{part}."),
            None => String::new(),
        }
    }

    /// The loss of a batch, and for each number of each parameter its gradient.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the batch does not fit the model, or if the loss is not finite.
    pub fn gradients(&self, params: &Params, batch: &Batch) -> Result<(f32, Vec<Vec<f32>>)> {
        match (&self.goal, &batch.partners) {
            (Goal::Task(task), Partners::Asked(asked)) => {
                self.answer(task.as_ref(), asked, params, batch)
            }
            (Goal::Pairs(_), Partners::Asked(_)) | (Goal::Task(_), _) => Err(Error::Invalid(
                "expected a batch of pairs for an objective of pairs, and one of questions for a task".to_owned(),
            )),
            (Goal::Pairs(objective), _) => self.compare(objective.as_ref(), params, batch),
        }
    }

    fn compare(
        &self,
        objective: &dyn Objective,
        params: &Params,
        batch: &Batch,
    ) -> Result<(f32, Vec<Vec<f32>>)> {
        let device = device();
        let left = self.window_parts(params, &batch.windows, (batch.noise, &[]), &device)?;
        let right = match &batch.partners {
            Partners::Texts(bags) => self.text_parts(params, bags, &device)?,
            Partners::Windows(windows) => {
                let noise = batch.noise.map(|seed| !seed);
                self.window_parts(params, windows, (noise, &[]), &device)?
            }
            Partners::Asked(_) => Vec::new(),
        };
        let (left_side, right_side) = (joined(&left, &device)?, joined(&right, &device)?);
        let handles = [handle(&left_side), handle(&right_side)];
        let scalars = Leaves::scalars(params, &device)?;
        let contrast = Contrast {
            left: left_side,
            right: right_side,
            same: batch.same.clone(),
            others: batch.others,
            overlap: batch.overlap.saturating_sub(self.chart.lead()),
        };
        let loss = objective.loss(contrast, &scalars)?;
        let value = finite(&loss)?;
        let gradients = loss.backward();
        let mut sums = params.zeros();
        scalars.add_gradients(&gradients, &mut sums)?;
        for (parts, (embeddings, steps)) in [&left, &right].into_iter().zip(handles) {
            let wanted = embeddings.grad(&gradients);
            let steps = steps.and_then(|s| s.grad(&gradients));
            self.go_back(parts, (wanted, steps), params, batch.texts(), &mut sums)?;
        }
        Ok((value, sums))
    }

    /// The loss of a task and its gradients.
    fn answer(
        &self,
        task: &dyn Task,
        asked: &Asked,
        params: &Params,
        batch: &Batch,
    ) -> Result<(f32, Vec<Vec<f32>>)> {
        let device = device();
        let pass = (batch.noise, batch.hidden());
        let parts = self.window_parts(params, &batch.windows, pass, &device)?;
        let side = joined(&parts, &device)?;
        let (embeddings, steps) = handle(&side);
        let head = Leaves::new(params, HEAD, &device)?;
        let loss = task.loss(side, asked, &self.sizes, &head)?;
        let value = finite(&loss)?;
        let gradients = loss.backward();
        let mut sums = params.zeros();
        head.add_gradients(&gradients, &mut sums)?;
        let wanted = embeddings.grad(&gradients);
        let steps = steps.and_then(|s| s.grad(&gradients));
        self.go_back(&parts, (wanted, steps), params, &[], &mut sums)?;
        Ok((value, sums))
    }

    /// The loss of a lesson and its gradients, empty for tensors that it does not touch.
    ///
    /// # Errors
    /// As [`Self::gradients`].
    pub fn lesson(&self, params: &Params, lesson: &Lesson) -> Result<(f32, Vec<Vec<f32>>)> {
        let device = device();
        let parts = self.text_parts(params, &lesson.bags, &device)?;
        let side = joined(&parts, &device)?;
        let (embeddings, _) = handle(&side);
        let head = Leaves::new(params, distil::PREFIX, &device)?;
        let loss = distil::loss(side.embeddings, lesson, &head)?;
        let value = finite(&loss)?;
        let gradients = loss.backward();
        let prefix = self.prefix("text");
        let touched = |name: &str| name.starts_with(&prefix) || name.starts_with(distil::PREFIX);
        let mut sums = params.zeros();
        for (sum, _) in sums
            .iter_mut()
            .zip(&params.list)
            .filter(|(_, p)| !touched(&p.name))
        {
            sum.clear();
        }
        head.add_gradients(&gradients, &mut sums)?;
        let wanted = embeddings.grad(&gradients);
        self.go_back(&parts, (wanted, None), params, &lesson.bags, &mut sums)?;
        Ok((value, sums))
    }

    /// The loss of a batch alone.
    ///
    /// # Errors
    /// As [`Self::gradients`].
    pub fn loss(&self, params: &Params, batch: &Batch) -> Result<f32> {
        self.gradients(params, batch).map(|(loss, _)| loss)
    }

    /// Embeddings of windows.
    ///
    /// # Errors
    /// [`Error::Invalid`] if they do not fit the network.
    pub fn embed_windows(&self, params: &Params, windows: &Windows) -> Result<Vec<f32>> {
        let parts = self.window_parts(params, windows, (None, &[]), &device())?;
        values(&parts)
    }

    /// Embeddings of texts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no encoder of texts.
    pub fn embed_texts(&self, params: &Params, bags: &[Bag]) -> Result<Vec<f32>> {
        let parts = self.text_parts(params, bags, &device())?;
        values(&parts)
    }

    fn window_parts(
        &self,
        params: &Params,
        w: &Windows,
        (noise, hidden): (Option<u64>, &[f32]),
        device: &Device,
    ) -> Result<Vec<EmbeddedPart>> {
        if w.steps <= self.chart.lead() {
            return Err(Error::Invalid(format!(
                "expected windows longer than the network's receptive field, found {} steps",
                w.steps
            )));
        }
        let prefix = self.prefix("chart");
        let size = w.steps * w.width;
        chunks(w.len(), self.chunk)
            .into_par_iter()
            .map(|rows| {
                let leaves = Leaves::new(params, &prefix, device)?;
                let values = w.values.get(rows.start * size..rows.end * size);
                let values = values.unwrap_or_default().to_vec();
                let x = tensor(values, [rows.len(), w.steps, w.width], device)?;
                let hides = hidden.get(rows.start * w.steps..rows.end * w.steps);
                let hides = hides.filter(|h| !h.is_empty());
                let hides = hides.map(|h| tensor(h.to_vec(), [rows.len(), w.steps], device));
                let pass = Pass {
                    rows: rows.clone(),
                    noise,
                    hidden: hides.transpose()?,
                };
                let steps = self.chart.features(&leaves, x, &pass)?;
                let embeddings = self.chart.embed(&leaves, steps.clone())?;
                Ok(EmbeddedPart {
                    leaves,
                    rows,
                    embeddings,
                    steps: self.goal.reads_steps().then_some(steps),
                    bags: None,
                })
            })
            .collect()
    }

    fn text_parts(
        &self,
        params: &Params,
        bags: &[Bag],
        device: &Device,
    ) -> Result<Vec<EmbeddedPart>> {
        let prefix = self.prefix("text");
        let table = params.get(&format!("{prefix}{TABLE}"));
        let (Some(net), Some(table)) = (&self.text, table) else {
            return Err(Error::Invalid(
                "expected a model with an encoder of texts, found none; add [text]".to_owned(),
            ));
        };
        let width = net.config().width as usize;
        chunks(bags.len(), self.chunk)
            .into_par_iter()
            .map(|rows| {
                let leaves = Leaves::new(params, &prefix, device)?;
                let mut sums = vec![0.0; rows.len() * width];
                let some = bags.get(rows.clone()).unwrap_or_default();
                for (bag, sum) in some.iter().zip(sums.chunks_exact_mut(width)) {
                    bag.read(&table.values, width, sum);
                }
                let bags = tensor(sums, [rows.len(), width], device)?.require_grad();
                Ok(EmbeddedPart {
                    embeddings: net.embed(&leaves, bags.clone())?,
                    leaves,
                    rows,
                    steps: None,
                    bags: Some(bags),
                })
            })
            .collect()
    }

    /// Carries the gradients of a side's rows back to the parameters.
    fn go_back(
        &self,
        parts: &[EmbeddedPart],
        (embeddings, steps): (Option<Tensor<2>>, Option<Tensor<3>>),
        params: &Params,
        texts: &[Bag],
        sums: &mut [Vec<f32>],
    ) -> Result<()> {
        let found: Vec<_> = parts
            .par_iter()
            .map(|part| {
                let (first, len) = (part.rows.start, part.rows.len());
                let mut product = None;
                if let Some(wanted) = &embeddings {
                    let wanted = wanted.clone().narrow(0, first, len).autodiff();
                    product = Some((part.embeddings.clone() * wanted).sum());
                }
                if let (Some(steps), Some(wanted)) = (&part.steps, &steps) {
                    let wanted = wanted.clone().narrow(0, first, len).autodiff();
                    let more = (steps.clone() * wanted).sum();
                    product = Some(product.map_or_else(|| more.clone(), |p| p + more.clone()));
                }
                let gradients = product.map(|p| p.backward());
                let bags = match (&part.bags, &gradients) {
                    (Some(bags), Some(g)) => bags.grad(g).map(numbers).transpose()?,
                    _ => None,
                };
                let mut own = params_of(part, params);
                if let Some(gradients) = &gradients {
                    part.leaves.add_gradients(gradients, &mut own)?;
                }
                Ok((own, bags))
            })
            .collect::<Result<_>>()?;
        let table = format!("{}{TABLE}", self.prefix("text"));
        let table = params.list.iter().position(|p| p.name == table);
        for (part, (own, bags)) in parts.iter().zip(found) {
            for (sum, own) in sums.iter_mut().zip(own) {
                sum.iter_mut().zip(own).for_each(|(s, g)| *s += g);
            }
            if let Some(gradient) = bags {
                let width = gradient.len() / part.rows.len().max(1);
                let texts = texts.get(part.rows.clone()).unwrap_or_default();
                let sum = table.and_then(|t| sums.get_mut(t));
                let sum = sum.map_or(&mut [][..], Vec::as_mut_slice);
                for (bag, row) in texts.iter().zip(gradient.chunks_exact(width)) {
                    bag.add_gradient(row, sum);
                }
            }
        }
        Ok(())
    }
}

/// The value of a loss.
fn finite(loss: &Tensor<1>) -> Result<f32> {
    let value = numbers(loss.clone())?.first().copied().unwrap_or(f32::NAN);
    if !value.is_finite() {
        return Err(Error::Invalid(format!(
            "the loss became {value}; lower the rates of learning"
        )));
    }
    Ok(value)
}

/// Room for the gradients of the parameters that a part has.
fn params_of(part: &EmbeddedPart, params: &Params) -> Vec<Vec<f32>> {
    let sizes = params.list.iter().enumerate();
    sizes
        .map(|(i, p)| {
            vec![
                0.0;
                if part.leaves.has(i) {
                    p.values.len()
                } else {
                    0
                }
            ]
        })
        .collect()
}

fn chunks(rows: usize, chunk: usize) -> Vec<Range<usize>> {
    let starts = (0..rows).step_by(chunk.max(1));
    starts.map(|s| s..(s + chunk).min(rows)).collect()
}

fn values(parts: &[EmbeddedPart]) -> Result<Vec<f32>> {
    let each = parts.iter().map(|p| numbers(p.embeddings.clone()));
    Ok(each.collect::<Result<Vec<_>>>()?.concat())
}

/// The rows of all parts as the start of another graph.
fn joined(parts: &[EmbeddedPart], device: &Device) -> Result<Side> {
    let rows = parts.last().map_or(0, |p| p.rows.end);
    let all = values(parts)?;
    let dim = all.len() / rows.max(1);
    let mut steps = None;
    if let Some(first) = parts.first().and_then(|p| p.steps.as_ref()) {
        let [_, count, width] = first.dims();
        let each = parts.iter().flat_map(|p| &p.steps);
        let each = each
            .map(|s| numbers(s.clone()))
            .collect::<Result<Vec<_>>>()?;
        steps = Some(tensor(each.concat(), [rows, count, width], device)?.require_grad());
    }
    Ok(Side {
        embeddings: tensor(all, [rows, dim], device)?.require_grad(),
        steps,
    })
}

/// What the gradients of a side are asked with.
fn handle(side: &Side) -> (Tensor<2>, Option<Tensor<3>>) {
    (side.embeddings.clone(), side.steps.clone())
}
