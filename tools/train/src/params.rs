//! What is trained: named tensors with the moments of their gradients.

use std::collections::BTreeMap;

use burn_tensor::{Device, Gradients, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rhymedb::encode::{Weights, WeightsConfig};
use rhymedb::{Error, Result};

use crate::net::{Needed, Start};
use crate::random::seeded;
use crate::tensor::{numbers, tensor};

/// The tensor of bytes of a text encoder; it is trained as numbers and rounded when it is written.
pub const TABLE: &str = "table";
/// The names of the tensors of a head start with this: layers of an objective or a task, which are not part of the
/// weights file.
pub const HEAD: &str = "task.";
/// What rounding it gives.
pub const SCALE: &str = "scale";

/// One tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Its name in a weights file, or that of a scalar of the objective.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers in row-major order.
    pub values: Vec<f32>,
    /// The mean of its gradients.
    pub first: Vec<f32>,
    /// The mean of their squares.
    pub second: Vec<f32>,
    /// The running mean of its numbers, empty where none is kept.
    pub mean: Vec<f32>,
}

impl Param {
    fn new(name: &str, shape: &[usize], values: Vec<f32>) -> Self {
        Self {
            name: name.to_owned(),
            shape: shape.to_vec(),
            first: vec![0.0; values.len()],
            second: vec![0.0; values.len()],
            mean: Vec::new(),
            values,
        }
    }

    /// Whether it is the table of a text encoder.
    pub fn is_table(&self) -> bool {
        self.name.rsplit('.').next() == Some(TABLE)
    }

    /// Whether weight decay is meant for it: matrices, not biases, norms and scalars.
    pub fn decays(&self) -> bool {
        self.shape.len() > 1
    }
}

/// All tensors of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// In the order of the weights file, then the scalars of the objective.
    pub list: Vec<Param>,
}

impl Params {
    /// Numbers to start from: those of a linear layer with the variance of one output being that
    /// of one input, 0 for biases, 1 for norms, and for the table normal ones of `table_size`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the config is wrong.
    pub fn new(
        config: &WeightsConfig,
        scalars: &[(&str, f32)],
        table_size: f32,
        seed: u64,
    ) -> Result<Self> {
        let mut random = seeded(seed, 0, 0);
        let mut list = Vec::new();
        Weights::from_values(config, |name, shape| {
            let count: usize = shape.iter().product();
            if last_part(name) != SCALE {
                let values = start(name, shape, table_size, &mut random);
                list.push(Param::new(name, shape, values));
            }
            Ok(vec![0.0; count])
        })?;
        let mut params = Self { list };
        params.add_scalars(scalars);
        Ok(params)
    }

    /// Adds numbers of an objective.
    pub fn add_scalars(&mut self, scalars: &[(&str, f32)]) {
        for (name, value) in scalars {
            self.list.push(Param::new(name, &[], vec![*value]));
        }
    }

    /// Numbers to start from for the tensors of a stack of layers.
    pub fn of(needed: &[Needed], seed: u64) -> Self {
        let mut params = Self { list: Vec::new() };
        params.add_needed("", needed, &mut seeded(seed, 0, 0));
        params
    }

    /// Adds tensors, whose names `prefix` goes before.
    pub fn add_needed(&mut self, prefix: &str, needed: &[Needed], random: &mut ChaCha8Rng) {
        for Needed { name, shape, start } in needed {
            let count = 0..shape.iter().product();
            let values = match *start {
                Start::Constant(x) => count.map(|_: usize| x).collect(),
                Start::Uniform(limit) => count
                    .map(|_: usize| random.random_range(-limit..limit))
                    .collect(),
            };
            let name = format!("{prefix}{name}");
            self.list.push(Param::new(&name, shape, values));
        }
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.list.iter().map(|p| p.values.len()).sum()
    }

    /// Adds a tensor that starts as others of its name and shape do.
    pub fn add(&mut self, name: &str, shape: &[usize], random: &mut ChaCha8Rng) {
        let values = start(name, shape, 0.0, random);
        self.list.push(Param::new(name, shape, values));
    }

    /// Forgets the moments of all gradients, for what is trained from here on anew.
    pub fn forget_moments(&mut self) {
        for param in &mut self.list {
            param.first.fill(0.0);
            param.second.fill(0.0);
        }
    }

    /// Moves the running means towards the numbers; the first call makes them.
    pub fn average(&mut self, decay: f32) {
        for param in &mut self.list {
            if param.mean.is_empty() {
                param.mean.clone_from(&param.values);
            }
            let both = param.mean.iter_mut().zip(&param.values);
            both.for_each(|(mean, x)| *mean += (1.0 - decay) * (x - *mean));
        }
    }

    /// The running means where they are kept, or else the numbers.
    pub fn settled(&self) -> Vec<Vec<f32>> {
        let settled = |p: &Param| match p.mean.is_empty() {
            true => p.values.clone(),
            false => p.mean.clone(),
        };
        self.list.iter().map(settled).collect()
    }

    /// The same tensors with other numbers, in their order.
    #[must_use]
    pub fn with_values(mut self, values: &[Vec<f32>]) -> Self {
        for (param, values) in self.list.iter_mut().zip(values) {
            param.values.clone_from(values);
        }
        self
    }

    /// A tensor by its name.
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.list.iter().find(|p| p.name == name)
    }

    /// A tensor by its name.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Param> {
        self.list.iter_mut().find(|p| p.name == name)
    }

    /// One number for each number of each tensor, all 0.
    pub fn zeros(&self) -> Vec<Vec<f32>> {
        self.list
            .iter()
            .map(|p| vec![0.0; p.values.len()])
            .collect()
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn start(name: &str, shape: &[usize], table_size: f32, random: &mut ChaCha8Rng) -> Vec<f32> {
    let count: usize = shape.iter().product();
    let fan_in: usize = shape.iter().skip(1).product();
    let limit = match last_part(name) {
        "bias" => return vec![0.0; count],
        "weight" if name.ends_with("norm.weight") => return vec![1.0; count],
        // A uniform distribution of this size has the variance of a normal one.
        TABLE => table_size * 3_f32.sqrt(),
        // What an activation takes away from the variance.
        _ if name.contains("layers.") => (6.0 / fan_in.max(1) as f32).sqrt(),
        _ => (3.0 / fan_in.max(1) as f32).sqrt(),
    };
    (0..count)
        .map(|_| random.random_range(-limit..limit))
        .collect()
}

/// The tensors of one graph whose gradients are wanted.
pub struct Leaves {
    leaves: BTreeMap<String, (usize, Tensor<1>)>,
}

impl Leaves {
    /// The tensors whose names start with `prefix`, without tables; their names lose the prefix.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a tensor has not the size of its shape.
    pub fn new(params: &Params, prefix: &str, device: &Device) -> Result<Self> {
        Self::of(params, device, |param| {
            let name = param.name.strip_prefix(prefix)?;
            (!param.is_table()).then_some(name)
        })
    }

    /// All tensors, without tables, for a pass whose gradients nobody wants.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn still(params: &Params, device: &Device) -> Result<Self> {
        let mut leaves = BTreeMap::new();
        let tensors = params.list.iter().enumerate();
        for (i, param) in tensors.filter(|(_, p)| !p.is_table()) {
            let flat = tensor(param.values.clone(), [param.values.len()], device)?;
            leaves.insert(param.name.clone(), (i, flat));
        }
        Ok(Self { leaves })
    }

    /// The numbers of an objective: its scalars and its head.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a tensor has not the size of its shape.
    pub fn scalars(params: &Params, device: &Device) -> Result<Self> {
        Self::of(params, device, |param| {
            let own = param.shape.is_empty() || param.name.starts_with(HEAD);
            own.then_some(param.name.as_str())
        })
    }

    fn of<'a>(
        params: &'a Params,
        device: &Device,
        name: impl Fn(&'a Param) -> Option<&'a str>,
    ) -> Result<Self> {
        let mut leaves = BTreeMap::new();
        for (i, param) in params.list.iter().enumerate() {
            if let Some(name) = name(param) {
                let values = param.values.clone();
                let flat = tensor(values, [param.values.len()], device)?.require_grad();
                leaves.insert(name.to_owned(), (i, flat));
            }
        }
        Ok(Self { leaves })
    }

    /// A tensor in the shape wanted.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none of that name and size.
    pub fn get<const D: usize>(&self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        match self.leaves.get(name) {
            Some((_, flat)) if flat.dims() == [shape.iter().product::<usize>()] => {
                Ok(flat.clone().reshape(shape))
            }
            _ => Err(Error::Invalid(format!(
                "the network has no tensor {name} of shape {shape:?}"
            ))),
        }
    }

    /// Whether parameter `i` is among them.
    pub fn has(&self, i: usize) -> bool {
        self.leaves.values().any(|(own, _)| *own == i)
    }

    /// Adds the gradients of these tensors to `sums`, which are in the order of the parameters.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a gradient cannot be read.
    pub fn add_gradients(&self, gradients: &Gradients, sums: &mut [Vec<f32>]) -> Result<()> {
        for (i, leaf) in self.leaves.values() {
            if let (Some(gradient), Some(sum)) = (leaf.grad(gradients), sums.get_mut(*i)) {
                let gradient = numbers(gradient)?;
                sum.iter_mut().zip(gradient).for_each(|(s, g)| *s += g);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_means_follow_the_numbers() {
        let mut params = Params {
            list: vec![Param::new("x", &[2], vec![1.0, -1.0])],
        };
        assert_eq!(params.settled(), [[1.0, -1.0]]);
        params.average(0.75);
        let moved = |params: Params, x: f32| params.with_values(&[vec![x, x]]);
        params = moved(params, 5.0);
        assert_eq!(params.settled(), [[1.0, -1.0]]);
        params.average(0.75);
        assert_eq!(params.settled(), [[2.0, 0.5]]);
        params = moved(params, 0.0);
        params.average(0.5);
        assert_eq!(params.settled(), [[1.0, 0.25]]);
    }
}
