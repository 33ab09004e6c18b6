//! From a config to a model and numbers to start from.

use std::collections::BTreeSet;

use rhymedb::Result;

use crate::config::Config;
use crate::net::{ChartNet, Network, TextNet};
use crate::params::{HEAD, Params};
use crate::random::seeded;
use crate::side::Sizes;
use crate::step::Model;

/// The purpose of the random numbers of a task's head.
const ANSWERS: u32 = 20;

/// The sizes of the network of a config.
///
/// # Errors
/// [`rhymedb::Error::Invalid`] if its layers do not fit together.
pub(crate) fn sizes(config: &Config) -> Result<Sizes> {
    let reading = config.backbone.reading();
    let (given, width) = match config.backbone.stack()? {
        Some(stack) => stack.given()?,
        None => {
            let given = reading.window_steps() - config.backbone.lead();
            let layer = reading.layers.last().map(|l| l.convolutions.iter());
            (
                given,
                layer.into_iter().flatten().map(|c| c.width as usize).sum(),
            )
        }
    };
    Ok(Sizes {
        steps: reading.window_steps(),
        inputs: reading.input_width(),
        given,
        width,
        dim: reading.dim as usize,
    })
}

impl Model {
    /// The model of a config, whose texts hide `names`, and numbers to start from.
    ///
    /// # Errors
    /// [`rhymedb::Error::Invalid`] if the config is wrong.
    pub fn start(config: &Config, names: &BTreeSet<String>, seed: u64) -> Result<(Self, Params)> {
        let goal = config.objective.build(&config.augment);
        let sizes = sizes(config)?;
        let (mut params, chart, text): (_, Box<dyn Network>, _) = match config.backbone.stack()? {
            Some(stack) => (Params::of(&stack.needs()?, seed), Box::new(stack), None),
            None => {
                let header = config.weights(names.clone(), 1.0)?;
                let start = config.text.as_ref().map_or(0.0, |t| t.start);
                let params = Params::new(&header, &goal.scalars(), start, seed)?;
                let text = header.text.as_ref().map(TextNet::new).transpose()?;
                let chart = ChartNet::new(&config.backbone.reading())?;
                (params, Box::new(chart), text)
            }
        };
        if config.backbone.native().is_none() {
            params.add_scalars(&goal.scalars());
        }
        let mut random = seeded(seed, ANSWERS, 0);
        params.add_needed(HEAD, &goal.head(&sizes), &mut random);
        let model = Self {
            chart,
            sizes,
            text,
            goal,
            chunk: config.training.chunk,
        };
        Ok((model, params))
    }
}
