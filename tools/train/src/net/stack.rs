//! Networks that the library does not run itself: layers, pools and a linear head, exported as ONNX.

use burn_tensor::Tensor;
use rhymedb::Result;
use rhymedb::encode::OnnxAttribute::{Int, Ints};
use rhymedb::encode::{ChartConfig, Input, OnnxConfig, OnnxNormaliser, OnnxWriter};
use serde::{Deserialize, Serialize};

use super::op::{Needed, Op, Pass, shape};
use super::run::run;
use super::write::{Draft, Numbers};
use super::{Network, unit};
use crate::params::Leaves;

/// Under which key the metadata of a file says how it was trained.
pub const RECORD: &str = "rhyme-train";
const HEAD_NORM: &str = "head.norm";
const HEAD: &str = "head.linear";

/// How the steps of a window become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepPool {
    /// The last step.
    Last,
    /// The mean of all steps.
    Mean,
    /// The largest number of each channel.
    Max,
}

/// A network over windows: layers, pools, and a head if the pooled vector is not the embedding itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// What it reads: the window, its channels and their normalisers. The layers there are not these.
    pub reading: ChartConfig,
    /// Its layers.
    pub ops: Vec<Op>,
    /// How steps become one vector; their results stand side by side.
    pub pools: Vec<StepPool>,
    /// Whether a layer normalisation and a linear map to the embedding follow.
    pub head: bool,
}

impl Stack {
    /// The channels that it reads of a step.
    pub fn inputs(&self) -> usize {
        self.reading.input_width()
    }

    /// The steps and channels that the layers give.
    ///
    /// # Errors
    /// [`rhymedb::Error::Invalid`] if the layers do not fit each other.
    pub fn given(&self) -> Result<(usize, usize)> {
        let found = shape(&self.ops, self.reading.window_steps(), self.inputs());
        found.map_err(|e| super::wrong(&e))
    }

    /// Whether the layers give a step for each step that they read.
    ///
    /// # Errors
    /// As [`Self::given`].
    pub fn keeps_steps(&self) -> Result<bool> {
        Ok(self.given()?.0 == self.reading.window_steps())
    }

    fn pooled(&self) -> Result<usize> {
        Ok(self.given()?.1 * self.pools.len())
    }

    /// Checks that the parts fit.
    ///
    /// # Errors
    /// [`rhymedb::Error::Invalid`] that says what does not.
    pub fn check(&self) -> Result<()> {
        self.reading.check()?;
        if self.reading.input == Input::Path {
            return Err(super::wrong(
                "it reads a path, which ONNX files cannot declare",
            ));
        }
        let pooled = self.pooled()?;
        let dim = self.reading.dim as usize;
        if self.pools.is_empty() || (!self.head && pooled != dim) {
            return Err(super::wrong(&format!(
                "its pools give {pooled} numbers, and dim is {dim}"
            )));
        }
        Ok(())
    }

    /// The tensors of the network.
    ///
    /// # Errors
    /// As [`Self::given`].
    pub fn needs(&self) -> Result<Vec<Needed>> {
        let mut all = Vec::new();
        for op in self.ops.iter().chain(&self.head_ops()?) {
            op.needs(&mut all);
        }
        Ok(all)
    }

    fn head_ops(&self) -> Result<Vec<Op>> {
        if !self.head {
            return Ok(Vec::new());
        }
        let pooled = self.pooled()?;
        let dim = self.reading.dim as usize;
        Ok(vec![
            Op::norm(HEAD_NORM, pooled),
            Op::linear(HEAD, pooled, dim),
        ])
    }

    /// The network as an ONNX file that declares itself. `trained` is what it has seen, as
    /// [`OnnxConfig::trained`] has it, and `record` stands in the metadata under [`RECORD`].
    ///
    /// # Errors
    /// [`rhymedb::Error::Invalid`] if the network is not sound, or a tensor is missing.
    pub fn to_onnx(
        &self,
        trained: Vec<serde_json::Value>,
        record: &str,
        numbers: &Numbers<'_>,
    ) -> Result<Vec<u8>> {
        self.check()?;
        let Input::Channels {
            channels,
            volatility,
            level,
        } = &self.reading.input
        else {
            return Err(super::wrong("it reads a path"));
        };
        let config = OnnxConfig {
            window: self.reading.window,
            dim: self.reading.dim,
            causal: true,
            channels: channels.clone(),
            normaliser: OnnxNormaliser {
                volatility: *volatility,
                level: *level,
            },
            trained,
        };
        let mut draft = Draft {
            graph: OnnxWriter::default(),
            numbers,
        };
        let steps = (self.reading.window_steps(), self.inputs());
        let turned = [Ints("perm", &[0, 2, 1])];
        let x = draft.graph.op("Transpose", &[OnnxWriter::INPUT], &turned);
        let x = draft.layers(&self.ops, &x, steps)?;
        let mut pooled = Vec::with_capacity(self.pools.len());
        for pool in &self.pools {
            let over = [Ints("axes", &[1]), Int("keepdims", 0)];
            pooled.push(match pool {
                StepPool::Last => {
                    let last = draft.graph.whole(&[], &[-1]);
                    draft.graph.op("Gather", &[&x, &last], &[Int("axis", 1)])
                }
                StepPool::Mean => draft.graph.op("ReduceMean", &[&x], &over),
                StepPool::Max => draft.graph.op("ReduceMax", &[&x], &over),
            });
        }
        let parts: Vec<&str> = pooled.iter().map(String::as_str).collect();
        let joined = match parts.as_slice() {
            [one] => (*one).to_owned(),
            parts => draft.graph.op("Concat", parts, &[Int("axis", 1)]),
        };
        let embedding = draft.layers(&self.head_ops()?, &joined, (1, self.pooled()?))?;
        draft.graph.note(RECORD, record);
        draft.graph.finish(&embedding, &config)
    }
}

impl Network for Stack {
    fn lead(&self) -> usize {
        0
    }

    fn features(&self, leaves: &Leaves, windows: Tensor<3>, pass: &Pass) -> Result<Tensor<3>> {
        run(&self.ops, leaves, windows, pass, &mut 0)
    }

    fn embed(&self, leaves: &Leaves, features: Tensor<3>) -> Result<Tensor<2>> {
        let [windows, steps, width] = features.dims();
        let pools = self.pools.iter().map(|pool| match pool {
            StepPool::Last => features.clone().narrow(1, steps - 1, 1),
            StepPool::Mean => features.clone().mean_dim(1),
            StepPool::Max => features.clone().max_dim(1),
        });
        let pooled = width * self.pools.len();
        let joined = Tensor::cat(pools.collect(), 1).reshape([windows, 1, pooled]);
        let head = self.head_ops()?;
        let given = run(&head, leaves, joined, &Pass::default(), &mut 0)?;
        let [_, _, dim] = given.dims();
        Ok(unit(given.reshape([windows, dim])))
    }
}
