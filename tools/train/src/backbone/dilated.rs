//! The network of TS2Vec (Yue et al. 2022): residual blocks of two dilated convolutions.

use rhymedb::encode::Channel;
use serde::{Deserialize, Serialize};

use super::reading::{Reading, channels};
use crate::net::{Op, Stack, StepPool};

/// A linear map of each step, `depth + 1` blocks of dilation 1, 2, 4, ..., and the largest number of
/// each channel. With the defaults it has the published size.
///
/// The public code pads both sides of a window, so that a step reads later ones; here zeros stand
/// before the first step alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dilated {
    /// Bars of a window.
    pub window: u32,
    /// The embedding's dimension: channels of the last block.
    pub dim: u32,
    /// Channels of the other blocks.
    pub hidden: u32,
    /// Blocks before the last.
    pub depth: u32,
    /// What it sees of a bar.
    pub channels: Vec<Channel>,
}

impl Default for Dilated {
    fn default() -> Self {
        Self {
            window: 64,
            dim: 320,
            hidden: 64,
            depth: 10,
            channels: channels(),
        }
    }
}

impl Dilated {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match (1..=12).contains(&self.depth) && (1..=1024).contains(&self.hidden) {
            true => Ok(()),
            false => Err("a depth of 1 to 12 and 1 to 1024 hidden channels"),
        }
    }

    /// Its layers over `inputs` channels.
    pub fn layers(&self, inputs: usize) -> Vec<Op> {
        let (hidden, dim) = (self.hidden as usize, self.dim as usize);
        let mut ops = vec![Op::linear("input", inputs, hidden), Op::Hide];
        for block in 0..=self.depth as usize {
            let last = block == self.depth as usize;
            let outputs = if last { dim } else { hidden };
            let conv = |part: u32, inputs: usize| Op::Conv {
                name: format!("blocks.{block}.{part}"),
                inputs,
                outputs,
                kernel: 3,
                dilation: 1 << block,
            };
            let skip = Op::linear(format!("blocks.{block}.skip"), hidden, outputs);
            ops.push(Op::Residual {
                body: vec![Op::Gelu, conv(0, hidden), Op::Gelu, conv(1, outputs)],
                skip: if last { vec![skip] } else { Vec::new() },
                drop: 0.0,
            });
        }
        ops
    }

    pub(super) fn stack(&self) -> Stack {
        Stack {
            reading: Reading::new(self.window, self.dim, &self.channels).chart(),
            ops: self.layers(self.channels.len()),
            pools: vec![StepPool::Max],
            head: false,
        }
    }
}
