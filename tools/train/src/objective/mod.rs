//! What is asked of the embeddings of a batch: of pairs, one file an objective here, or of each window alone, one file
//! a task in [`crate::task`].

mod cosine;
mod cost;
mod info_nce;
mod siglip;
mod tnc;
mod ts2vec;

use burn_tensor::{Bool, Device, Tensor, TensorData};
use rhymedb::Result;
use serde::{Deserialize, Serialize};

pub use cosine::Cosine;
pub use cost::Cost;
pub use info_nce::InfoNce;
pub use siglip::SigLip;
pub use tnc::Tnc;
pub use ts2vec::Ts2Vec;

use crate::augment::AugmentConfig;
use crate::net::Needed;
use crate::params::{Leaves, Params};
use crate::side::{Side, Sizes};
use crate::task::{Direction, Forecast, Masked, Order, Outcome, Task, WhichAugmentation};

/// The logit of what is not to be compared.
const NEVER: f32 = -1e9;

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

    /// The tensors of its head, whose names [`HEAD`](crate::params::HEAD) goes before.
    fn head(&self, _sizes: &Sizes) -> Vec<Needed> {
        Vec::new()
    }

    /// Whether it reads [`Side::steps`].
    fn reads_steps(&self) -> bool {
        false
    }

    /// The loss, one number. `scalars` has those and the tensors of the head.
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
    /// [`Tnc`].
    Tnc(Tnc),
    /// [`Cost`].
    Cost(Cost),
    /// [`Masked`].
    Masked(Masked),
    /// [`Forecast`].
    Forecast(Forecast),
    /// [`Order`].
    Order(Order),
    /// [`WhichAugmentation`], of those under `[[augment]]`.
    Augmentation {},
    /// [`Direction`].
    Direction(Direction),
    /// [`Outcome`].
    Outcome(Outcome),
}

/// What a network is trained for.
pub enum Goal {
    /// Pairs that belong together.
    Pairs(Box<dyn Objective>),
    /// Questions about each window alone.
    Task(Box<dyn Task>),
}

impl Goal {
    /// Numbers of its own that are trained, with where they start.
    pub fn scalars(&self) -> Vec<(&'static str, f32)> {
        match self {
            Self::Pairs(objective) => objective.scalars(),
            Self::Task(_) => Vec::new(),
        }
    }

    /// The tensors of its head.
    pub fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        match self {
            Self::Pairs(objective) => objective.head(sizes),
            Self::Task(task) => task.head(sizes),
        }
    }

    /// Whether it reads [`Side::steps`].
    pub fn reads_steps(&self) -> bool {
        match self {
            Self::Pairs(objective) => objective.reads_steps(),
            Self::Task(task) => task.reads_steps(),
        }
    }

    /// Brings its own numbers back into their range.
    pub fn clamp(&self, params: &mut Params) {
        if let Self::Pairs(objective) = self {
            objective.clamp(params);
        }
    }

    /// By what cosines are divided.
    pub fn temperature(&self, params: &Params) -> f32 {
        match self {
            Self::Pairs(objective) => objective.temperature(params),
            Self::Task(_) => 1.0,
        }
    }

    /// The task, if it is one.
    pub fn task(&self) -> Option<&dyn Task> {
        match self {
            Self::Pairs(_) => None,
            Self::Task(task) => Some(task.as_ref()),
        }
    }
}

impl ObjectiveConfig {
    /// The objective, or the task, which may read the augmentations of the config.
    pub fn build(&self, augment: &[AugmentConfig]) -> Goal {
        match self {
            Self::InfoNce(o) => Goal::Pairs(Box::new(o.clone())),
            Self::Cosine(o) => Goal::Pairs(Box::new(o.clone())),
            Self::Siglip(o) => Goal::Pairs(Box::new(o.clone())),
            Self::Ts2vec(o) => Goal::Pairs(Box::new(o.clone())),
            Self::Tnc(o) => Goal::Pairs(Box::new(o.clone())),
            Self::Cost(o) => Goal::Pairs(Box::new(o.clone())),
            Self::Masked(t) => Goal::Task(Box::new(t.clone())),
            Self::Forecast(t) => Goal::Task(Box::new(t.clone())),
            Self::Order(t) => Goal::Task(Box::new(t.clone())),
            Self::Augmentation {} => Goal::Task(Box::new(WhichAugmentation {
                augment: augment.to_vec(),
            })),
            Self::Direction(t) => Goal::Task(Box::new(t.clone())),
            Self::Outcome(t) => Goal::Task(Box::new(t.clone())),
        }
    }

    /// Bars after a window that it needs.
    pub fn ahead(&self) -> usize {
        match self {
            Self::Forecast(task) => task.horizon,
            Self::Direction(task) => task.horizon,
            Self::Outcome(task) => task.horizon,
            _ => 0,
        }
    }

    /// Whether it asks about each window alone.
    pub fn is_task(&self) -> bool {
        !matches!(
            self,
            Self::InfoNce(_)
                | Self::Cosine(_)
                | Self::Siglip(_)
                | Self::Ts2vec(_)
                | Self::Tnc(_)
                | Self::Cost(_)
        )
    }

    /// What is wrong with the settings, if anything.
    pub(crate) fn wrong(&self) -> Option<&'static str> {
        match self {
            Self::Tnc(objective) => objective.wrong(),
            Self::Cost(objective) => objective.wrong(),
            Self::Masked(task) => task.wrong(),
            Self::Forecast(task) => horizon(task.horizon),
            Self::Order(task) => (!(2..=5).contains(&task.pieces)).then_some("2 to 5 pieces"),
            Self::Direction(task) => horizon(task.horizon).or(task.wrong()),
            Self::Outcome(task) => horizon(task.horizon).or(task.wrong()),
            _ => None,
        }
    }
}

fn horizon(bars: usize) -> Option<&'static str> {
    (!(1..=1024).contains(&bars)).then_some("objective.horizon of 1 to 1024 bars")
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
