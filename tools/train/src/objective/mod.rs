//! What is asked of the embeddings of a batch. One file an objective.

mod cosine;
mod info_nce;
mod siglip;
mod ts2vec;

use burn_tensor::{Bool, Device, Tensor, TensorData};
use rhymedb::Result;
use serde::{Deserialize, Serialize};

pub use cosine::Cosine;
pub use info_nce::InfoNce;
pub use siglip::SigLip;
pub use ts2vec::Ts2Vec;

use crate::params::{Leaves, Params};

/// The logit of what is not to be compared.
const NEVER: f32 = -1e9;

/// One side of a batch: row `i` of the left side belongs to row `i` of the right one.
pub struct Side {
    /// Embeddings at unit length (rows, D).
    pub embeddings: Tensor<2>,
    /// What the layers made of each step (rows, steps, width), where the objective asks for it.
    pub steps: Option<Tensor<3>>,
}

/// A batch of two sides.
pub struct Contrast {
    /// The charts.
    pub left: Side,
    /// The headlines, or other views of the same charts.
    pub right: Side,
    /// For rows i and j at `i * rows + j` whether they may mean the same although they are not a
    /// pair: such rows are no counterexamples of one another.
    pub same: Vec<bool>,
    /// Charts at the end of the left side that belong to no row of the right one, and are
    /// counterexamples of all of them.
    pub others: usize,
    /// For two crops of the same windows: how many steps the last of the left side and the first of
    /// the right side have in common.
    pub overlap: usize,
}

/// A loss over a batch.
pub trait Objective: Send + Sync {
    /// Numbers of its own that are trained, with where they start.
    fn scalars(&self) -> Vec<(&'static str, f32)> {
        Vec::new()
    }

    /// Whether it reads [`Side::steps`].
    fn reads_steps(&self) -> bool {
        false
    }

    /// The loss, one number.
    fn loss(&self, batch: Contrast, scalars: &Leaves) -> Result<Tensor<1>>;

    /// Brings its own numbers back into their range.
    fn clamp(&self, _params: &mut Params) {}

    /// By what cosines are divided.
    fn temperature(&self, _params: &Params) -> f32 {
        1.0
    }
}

/// An objective and its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ObjectiveConfig {
    /// [`InfoNce`].
    InfoNce(InfoNce),
    /// [`Cosine`].
    Cosine(Cosine),
    /// [`SigLip`].
    Siglip(SigLip),
    /// [`Ts2Vec`].
    Ts2vec(Ts2Vec),
}

impl ObjectiveConfig {
    /// The objective.
    pub fn build(&self) -> Box<dyn Objective> {
        match self {
            Self::InfoNce(o) => Box::new(o.clone()),
            Self::Cosine(o) => Box::new(o.clone()),
            Self::Siglip(o) => Box::new(o.clone()),
            Self::Ts2vec(o) => Box::new(o.clone()),
        }
    }
}

/// 1 where `holds` for row and column, else 0.
pub(crate) fn marks(
    rows: usize,
    device: &Device,
    holds: impl Fn(usize, usize) -> bool,
) -> Tensor<2> {
    let values: Vec<f32> = (0..rows * rows)
        .map(|at| f32::from(u8::from(holds(at / rows, at % rows))))
        .collect();
    Tensor::from_data(TensorData::new(values, [rows, rows]), device)
}

/// Where rows are not to be compared: those that may mean the same, without the pairs themselves.
fn masked(same: &[bool], rows: usize, device: &Device) -> Tensor<2, Bool> {
    let values =
        (0..rows * rows).map(|at| at / rows != at % rows && same.get(at).copied().unwrap_or(false));
    Tensor::from_data(
        TensorData::new(values.collect::<Vec<bool>>(), [rows, rows]),
        device,
    )
}
