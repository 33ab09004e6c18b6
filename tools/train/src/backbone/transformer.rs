//! A transformer over the steps of a window, with positions.

use rhymedb::encode::Channel;
use serde::{Deserialize, Serialize};

use super::reading::{Reading, channels};
use crate::net::{Op, Stack, StepPool, attention_block};

/// A linear map of each step, its position, and layers of attention and a two-layer perceptron, each
/// behind a normalisation and added to its input. Every step reads the whole window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Transformer {
    /// Bars of a window.
    pub window: u32,
    /// The embedding's dimension.
    pub dim: u32,
    /// Channels of each layer.
    pub width: u32,
    /// Heads of each layer.
    pub heads: u32,
    /// Layers.
    pub layers: u32,
    /// How steps become one vector.
    pub pools: Vec<StepPool>,
    /// What it sees of a bar.
    pub channels: Vec<Channel>,
}

impl Default for Transformer {
    fn default() -> Self {
        Self {
            window: 64,
            dim: 64,
            width: 64,
            heads: 4,
            layers: 3,
            pools: vec![StepPool::Mean],
            channels: channels(),
        }
    }
}

impl Transformer {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let sound = (1..=1024).contains(&self.width)
            && self.heads > 0
            && self.width.is_multiple_of(self.heads)
            && (1..=24).contains(&self.layers);
        match sound {
            true => Ok(()),
            false => Err("a width of 1 to 1024 that is a multiple of heads, and 1 to 24 layers"),
        }
    }

    pub(super) fn stack(&self) -> Stack {
        let (width, heads) = (self.width as usize, self.heads as usize);
        let mut ops = vec![
            Op::linear("input", self.channels.len(), width),
            Op::Position { width },
        ];
        for layer in 0..self.layers {
            ops.extend(attention_block(&format!("layers.{layer}"), width, heads));
        }
        ops.push(Op::norm("last.norm", width));
        Stack {
            reading: Reading::new(self.window, self.dim, &self.channels).chart(),
            ops,
            pools: self.pools.clone(),
            head: true,
        }
    }
}
