//! The network of CoST (Woo et al. 2022): a trend and a seasonal half.

use rhymedb::encode::Channel;
use serde::{Deserialize, Serialize};

use super::Dilated;
use super::reading::{Reading, channels};
use crate::net::{Op, Stack, StepPool};

/// The blocks of TS2Vec's network; then one half of the channels is the mean of convolutions over 1, 2, 4, ... steps,
/// and the other a linear map of each frequency of the window. The embedding is the last step of both.
///
/// The seasonal half of a step reads the whole window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrendSeason {
    /// Bars of a window.
    pub window: u32,
    /// The embedding's dimension: both halves.
    pub dim: u32,
    /// Channels of the blocks but the last.
    pub hidden: u32,
    /// Blocks before the last.
    pub depth: u32,
    /// What it sees of a bar.
    pub channels: Vec<Channel>,
}

impl Default for TrendSeason {
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

impl TrendSeason {
    fn blocks(&self) -> Dilated {
        Dilated {
            window: self.window,
            dim: self.dim,
            hidden: self.hidden,
            depth: self.depth,
            channels: self.channels.clone(),
        }
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        if !self.dim.is_multiple_of(2) || self.window < 4 {
            return Err("an even dim, of which each half has one, and a window of at least 4");
        }
        self.blocks().check()
    }

    /// Its layers over `inputs` channels.
    pub fn layers(&self, inputs: usize) -> Vec<Op> {
        let (dim, steps) = (self.dim as usize, self.window as usize);
        let mut ops = self.blocks().layers(inputs);
        let kernels = (0..)
            .map(|i| 1 << i)
            .take_while(|kernel| *kernel <= steps / 2);
        let trend = kernels.map(|kernel| Op::Conv {
            name: format!("trend.{kernel}"),
            inputs: dim,
            outputs: dim / 2,
            kernel,
            dilation: 1,
        });
        ops.push(Op::Beside(vec![
            Op::Average(trend.collect()),
            Op::Fourier {
                name: "season".to_owned(),
                steps,
                inputs: dim,
                outputs: dim / 2,
            },
        ]));
        ops
    }

    pub(super) fn stack(&self) -> Stack {
        Stack {
            reading: Reading::new(self.window, self.dim, &self.channels).chart(),
            ops: self.layers(self.channels.len()),
            pools: vec![StepPool::Last],
            head: false,
        }
    }
}
