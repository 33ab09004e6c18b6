//! A network over tokens: a plan for each of a few lengths, made when a text of that length comes.

use std::sync::{Arc, OnceLock};

use prost::Message;
use tract_onnx::pb::ModelProto;

use super::declaration::{Pooling, TowerConfig};
use super::tokens::Part;
use crate::encode::onnx::graph::{self, TextInput};
use crate::encode::onnx::plan::{TextPlan, TextSession};
use crate::error::shortened;

/// The shortest length.
const SHORTEST: usize = 16;

/// One length: at most so many tokens, filled up to it.
struct Length {
    tokens: usize,
    plan: OnceLock<Result<TextPlan, String>>,
}

/// A network that gives one vector for a run of tokens.
pub(super) struct Network {
    file: Arc<[u8]>,
    dim: usize,
    pooling: Pooling,
    /// What its inputs read, in their order.
    inputs: Vec<TextInput>,
    /// Ascending; the last one is the most tokens.
    lengths: Vec<Length>,
    /// The token that fills up.
    pad: i64,
}

/// The lengths of runs of at most so many tokens: powers of two, so that none is filled up to more than twice its tokens
/// but the shortest.
fn lengths(most: usize) -> Vec<usize> {
    let powers = std::iter::successors(Some(SHORTEST), |n| n.checked_mul(2));
    let mut lengths: Vec<usize> = powers.take_while(|n| *n < most).collect();
    lengths.push(most);
    lengths
}

impl Network {
    /// Looks at the graph of a file. No plan is made yet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(file: &Arc<[u8]>, config: &TowerConfig, pad: i64) -> Result<Self, String> {
        let model = decoded(file)?;
        let most = config.max_tokens as usize;
        let found = graph::check_text(&model, most)?;
        let lengths = match found.fixed {
            true => vec![most],
            false => lengths(most),
        };
        let length = |tokens| Length {
            tokens,
            plan: OnceLock::new(),
        };
        Ok(Self {
            file: Arc::clone(file),
            dim: config.dim as usize,
            pooling: config.pooling,
            inputs: found.inputs,
            lengths: lengths.into_iter().map(length).collect(),
            pad,
        })
    }

    /// The lengths of its runs, ascending.
    pub(super) fn lengths(&self) -> impl Iterator<Item = usize> {
        self.lengths.iter().map(|l| l.tokens)
    }

    /// Buffers for runs, one after the other.
    pub(super) fn session(&self) -> Session<'_> {
        Session {
            network: self,
            of_length: self.lengths.iter().map(|_| None).collect(),
        }
    }

    fn plan(&self, length: &Length) -> Result<TextPlan, String> {
        let made = length.plan.get_or_init(|| {
            let model = decoded(&self.file)?;
            let shape = self.shape(length.tokens);
            TextPlan::new(model, self.inputs.len(), length.tokens, &shape)
        });
        made.clone()
    }

    /// What the network gives for so many tokens.
    fn shape(&self, tokens: usize) -> Vec<usize> {
        match self.pooling {
            Pooling::None => vec![1, self.dim],
            Pooling::Mean | Pooling::Cls => vec![1, tokens, self.dim],
        }
    }

    /// One vector of what the network gives, of which the first `tokens` are of the text.
    fn pooled(&self, given: &[f32], tokens: usize) -> Vec<f64> {
        let rows = match self.pooling {
            Pooling::Mean => tokens,
            Pooling::Cls | Pooling::None => 1,
        };
        let mut sums = vec![0.0; self.dim];
        for row in given.chunks_exact(self.dim).take(rows) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += f64::from(x);
            }
        }
        sums.iter().map(|sum| sum / rows as f64).collect()
    }
}

fn decoded(file: &[u8]) -> Result<ModelProto, String> {
    ModelProto::decode(file).map_err(|e| shortened(&e.to_string()))
}

/// Buffers for runs, one after the other. It is dropped after an error.
pub(super) struct Session<'a> {
    network: &'a Network,
    of_length: Vec<Option<TextSession>>,
}

impl Session<'_> {
    /// The vector of one part, of any length but 0.
    ///
    /// # Errors
    /// What went wrong.
    pub(super) fn run(&mut self, part: &Part) -> Result<Vec<f64>, String> {
        let fits = self.network.lengths.iter();
        let at = fits.take_while(|l| l.tokens < part.ids.len()).count();
        self.run_at(part, at)
    }

    /// The vector of one part at the length of that number, which is long enough for it.
    pub(super) fn run_at(&mut self, part: &Part, at: usize) -> Result<Vec<f64>, String> {
        let network = self.network;
        let tokens = part.ids.len();
        let (Some(length), Some(slot)) = (network.lengths.get(at), self.of_length.get_mut(at))
        else {
            return Err(format!("{tokens} tokens are too many for it"));
        };
        if tokens > length.tokens {
            return Err(format!("{tokens} tokens do not fit in {}", length.tokens));
        }
        let session = match slot {
            Some(session) => session,
            None => slot.insert(network.plan(length)?.session()?),
        };
        let filled = |numbers: &[i64], with: i64| {
            let mut filled = numbers.to_vec();
            filled.resize(length.tokens, with);
            filled
        };
        let inputs = network.inputs.iter().map(|input| match input {
            TextInput::Ids => filled(&part.ids, network.pad),
            TextInput::Mask => filled(&vec![1; tokens], 0),
            TextInput::Types => filled(&part.types, 0),
        });
        let given = session.run(inputs.collect())?;
        Ok(network.pooled(&given, tokens))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_end_with_the_most() {
        assert_eq!(lengths(8), [8]);
        assert_eq!(lengths(16), [16]);
        assert_eq!(lengths(100), [16, 32, 64, 100]);
        assert_eq!(lengths(256), [16, 32, 64, 128, 256]);
    }
}
