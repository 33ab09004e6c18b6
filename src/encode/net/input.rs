//! What the first layer sees of the bars, and the causal normalisers behind it.

use std::ops::Range;

use super::steps::Steps;
use crate::encode::stretch::checked_bars;
use crate::encode::weights::{Channel, Input, Memory};
use crate::error::Result;
use crate::model::{Bar, Bars, EncoderSpec};
use crate::numeric::dot::dot_f64;

/// Channels are clipped here.
const CLIP: f64 = 10.0;
/// The least volatility: a series that stood still is not divided by 0.
const LEAST_VOLATILITY: f64 = 1e-9;

/// The input of a network.
#[derive(Debug)]
pub(in crate::encode) struct NetInput {
    /// Bars of a span that are no step: the warm-up, or the first price of a path.
    lead: usize,
    channels: Option<Channels>,
}

#[derive(Debug)]
struct Channels {
    list: Vec<Channel>,
    volatility: Weighted,
    level: Weighted,
}

/// A [`Memory`] with its weights, the oldest first, which add up to 1.
#[derive(Debug)]
struct Weighted {
    weights: Vec<f64>,
    lag: usize,
}

/// The steps of a span of bars.
pub(in crate::encode) struct ReadSteps {
    pub(in crate::encode) steps: Steps,
    /// Bars before the first step.
    pub(in crate::encode) lead: usize,
    /// For each step, up to which step, itself included, the close last changed, counted from 1.
    last_move: Vec<usize>,
    /// Whether the first step of a window lies between two of its bars, as a return does.
    between: bool,
}

impl ReadSteps {
    /// Whether the close changes within the window of the steps `first..=last`.
    pub(in crate::encode) fn moves(&self, first: usize, last: usize) -> bool {
        let within = if self.between { first } else { first + 1 };
        self.last_move.get(last).is_some_and(|&m| m > within)
    }
}

impl Weighted {
    fn new(memory: Memory) -> Self {
        let weight = |age: u32| (-f64::from(age) / memory.half_life).exp2();
        let sum: f64 = (0..memory.bars).map(weight).sum();
        Self {
            weights: (0..memory.bars)
                .rev()
                .map(|age| weight(age) / sum)
                .collect(),
            lag: memory.lag as usize,
        }
    }

    /// The mean at bar `t`. Always the same sum over the same bars in the same order, which no
    /// recursion would give: so a window alone has the bits of a window in a series.
    fn mean(&self, values: &[f64], t: usize) -> f64 {
        let end = (t + 1).saturating_sub(self.lag);
        let recent = values.get(end.saturating_sub(self.weights.len())..end);
        dot_f64(recent.unwrap_or_default(), &self.weights)
    }
}

/// The logarithms of the bars of a span.
#[derive(Default)]
struct Logs {
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    /// `ln(1 + volume)`.
    volume: Vec<f64>,
    /// Log returns; 0 for the first bar.
    returns: Vec<f64>,
    /// Their squares.
    squares: Vec<f64>,
    /// Whether the close differs from the one before; not for the first bar.
    moved: Vec<bool>,
}

impl Logs {
    fn read(bars: &Bars, span: &Range<usize>) -> Result<Self> {
        let mut logs = Self::default();
        let mut before: Option<Bar> = None;
        for bar in checked_bars(bars, span)? {
            let bar = bar?;
            logs.open.push(bar.open.ln());
            logs.high.push(bar.high.ln());
            logs.low.push(bar.low.ln());
            logs.close.push(bar.close.ln());
            logs.volume.push(bar.volume.ln_1p());
            // Of the ratio: the difference of two logs loses the digits of a small move.
            let change = before.map_or(0.0, |b| ((bar.close - b.close) / b.close).ln_1p());
            logs.returns.push(change);
            logs.squares.push(change * change);
            logs.moved
                .push(before.is_some_and(|b| b.close != bar.close));
            before = Some(bar);
        }
        Ok(logs)
    }
}

impl NetInput {
    pub(in crate::encode) fn new(input: &Input, spec: &EncoderSpec) -> Self {
        match input {
            Input::Path => Self {
                lead: 1,
                channels: None,
            },
            Input::Channels {
                channels,
                volatility,
                level,
            } => Self {
                lead: spec.warm_up as usize,
                channels: Some(Channels {
                    list: channels.clone(),
                    volatility: Weighted::new(*volatility),
                    level: Weighted::new(*level),
                }),
            },
        }
    }

    /// The steps of the bars of `span`, of which the first `lead` only serve the others.
    pub(in crate::encode) fn read(&self, bars: &Bars, span: &Range<usize>) -> Result<ReadSteps> {
        let logs = Logs::read(bars, span)?;
        let steps = match &self.channels {
            None => Steps {
                width: 1,
                values: logs.returns.iter().skip(1).map(|&r| r as f32).collect(),
            },
            Some(channels) => channels.read(&logs, self.lead),
        };
        let mut last = 0;
        let moved = logs.moved.iter().skip(self.lead).enumerate();
        let last_move = moved.map(|(i, &moved)| {
            if moved {
                last = i + 1;
            }
            last
        });
        Ok(ReadSteps {
            steps,
            lead: self.lead,
            last_move: last_move.collect(),
            between: self.channels.is_none(),
        })
    }
}

impl Channels {
    fn read(&self, logs: &Logs, lead: usize) -> Steps {
        let bars = logs.close.len();
        let width = self.list.len();
        let mut values = Vec::with_capacity(bars.saturating_sub(lead) * width);
        for t in lead..bars {
            let row = self.at(logs, t);
            values.extend(row.map(|x| x.clamp(-CLIP, CLIP) as f32));
        }
        Steps { width, values }
    }

    fn at<'a>(&'a self, logs: &'a Logs, t: usize) -> impl Iterator<Item = f64> + 'a {
        let at = move |column: &[f64], t: usize| column.get(t).copied().unwrap_or(f64::NAN);
        let (open, close) = (at(&logs.open, t), at(&logs.close, t));
        let (high, low) = (at(&logs.high, t), at(&logs.low, t));
        let variance = self.volatility.mean(&logs.squares, t);
        let s = variance.sqrt().max(LEAST_VOLATILITY);
        self.list.iter().map(move |channel| match channel {
            Channel::Return => at(&logs.returns, t) / s,
            Channel::Gap => (open - at(&logs.close, t.wrapping_sub(1))) / s,
            Channel::Body => (close - open) / s,
            Channel::Range => (high - low) / s,
            Channel::UpperWick => (high - open.max(close)) / s,
            Channel::LowerWick => (open.min(close) - low) / s,
            Channel::Volume => at(&logs.volume, t) - self.level.mean(&logs.volume, t),
            Channel::Trend => {
                let n = self.volatility.weights.len() as f64;
                (close - self.volatility.mean(&logs.close, t)) / (s * n.sqrt())
            }
            Channel::Volatility => (s / 0.01).ln(),
        })
    }
}
