//! ConvNeXt (Liu et al. 2022) over time.

use rhymedb::encode::Channel;
use serde::{Deserialize, Serialize};

use super::reading::{Reading, channels};
use crate::net::{Op, Stack, StepPool};

/// Steps of the first patch, and of those between two stages.
const STEM: usize = 4;
const DOWN: usize = 2;

/// Blocks of a depthwise convolution of seven taps, layer normalisation, a linear map to four times
/// the width, GELU and one back, each scaled and added to its input; between stages the steps are
/// halved. The mean of the steps goes through a normalisation and a linear map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvNext {
    /// Bars of a window.
    pub window: u32,
    /// The embedding's dimension.
    pub dim: u32,
    /// Channels of each stage.
    pub widths: Vec<u32>,
    /// Blocks of each stage.
    pub depths: Vec<u32>,
    /// Whether steps stay: dilations take the place of strides, and each step has a vector. A step
    /// that a stride would keep has the same vector then.
    pub dilated: bool,
    /// The probability with which the last block is left out of a window in training; for earlier
    /// blocks it is less, in proportion.
    pub drop_path: f32,
    /// What the scales of blocks are at first.
    pub layer_scale: f32,
    /// How steps become one vector.
    pub pools: Vec<StepPool>,
    /// What it sees of a bar.
    pub channels: Vec<Channel>,
}

impl Default for ConvNext {
    fn default() -> Self {
        Self {
            window: 64,
            dim: 64,
            widths: vec![48, 96],
            depths: vec![2, 2],
            dilated: false,
            drop_path: 0.1,
            layer_scale: 1e-6,
            pools: vec![StepPool::Mean],
            channels: channels(),
        }
    }
}

impl ConvNext {
    pub(super) fn check(&self) -> Result<(), String> {
        let stages = self.widths.len();
        let sizes = self.widths.iter().all(|w| (1..=2048).contains(w))
            && self.depths.iter().all(|d| (1..=64).contains(d));
        if !(1..=6).contains(&stages) || self.depths.len() != stages || !sizes {
            return Err("1 to 6 widths of 1 to 2048, and as many depths of 1 to 64".to_owned());
        }
        if !(0.0..1.0).contains(&self.drop_path) || !self.layer_scale.is_finite() {
            return Err("a drop_path of 0 to less than 1 and a finite layer_scale".to_owned());
        }
        let stride = STEM * DOWN.pow(stages as u32 - 1);
        if !self.dilated && !(self.window as usize).is_multiple_of(stride) {
            return Err(format!(
                "a window that is a multiple of {stride}, the stride of {stages} stages"
            ));
        }
        Ok(())
    }

    /// Its layers over `inputs` channels.
    pub fn layers(&self, inputs: usize) -> Vec<Op> {
        let blocks: u32 = self.depths.iter().sum();
        let (mut ops, mut before, mut stride, mut done) = (Vec::new(), inputs, 1, 0);
        for (i, (&width, &depth)) in self.widths.iter().zip(&self.depths).enumerate() {
            let (width, size) = (width as usize, if i == 0 { STEM } else { DOWN });
            if i > 0 {
                ops.push(Op::norm(format!("stages.{i}.norm"), before));
            }
            ops.push(self.merge(format!("stages.{i}.merge"), [before, width, size], stride));
            stride *= size;
            if i == 0 {
                ops.push(Op::norm("stages.0.norm", width));
            }
            for block in 0..depth {
                let drop = self.drop_path * done as f32 / (blocks.max(2) - 1) as f32;
                let dilation = if self.dilated { stride } else { 1 };
                let name = format!("stages.{i}.{block}");
                ops.push(self.block(&name, width, dilation, drop));
                done += 1;
            }
            before = width;
        }
        ops
    }

    /// What makes one step of `size`, or of as many `stride` apart.
    fn merge(&self, name: String, [inputs, outputs, size]: [usize; 3], stride: usize) -> Op {
        if self.dilated {
            return Op::Conv {
                name,
                inputs,
                outputs,
                kernel: size,
                dilation: stride,
            };
        }
        Op::Patch {
            name,
            inputs,
            outputs,
            size,
        }
    }

    fn block(&self, name: &str, width: usize, dilation: usize, drop: f32) -> Op {
        Op::Residual {
            body: vec![
                Op::Depthwise {
                    name: format!("{name}.depthwise"),
                    width,
                    kernel: 7,
                    dilation,
                },
                Op::norm(format!("{name}.norm"), width),
                Op::linear(format!("{name}.wide"), width, 4 * width),
                Op::Gelu,
                Op::linear(format!("{name}.narrow"), 4 * width, width),
                Op::Scale {
                    name: format!("{name}.scale"),
                    width,
                    start: self.layer_scale,
                },
            ],
            skip: Vec::new(),
            drop,
        }
    }

    pub(super) fn stack(&self) -> Stack {
        Stack {
            reading: Reading::new(self.window, self.dim, &self.channels).chart(),
            ops: self.layers(self.channels.len()),
            pools: self.pools.clone(),
            head: true,
        }
    }
}
