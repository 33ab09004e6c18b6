//! The layers of a [`Stack`](super::Stack). Each is described once; what it needs, what it does and how it is
//! written as ONNX follow from that.

use std::ops::Range;

use burn_tensor::Tensor;

use crate::random::seeded;
use rand::RngExt;

/// The purpose of the random numbers that leave out residual branches.
const DROP: u32 = 21;
/// Residual branches of a network, at most.
const BRANCHES: u64 = 1 << 10;

/// A layer over windows of steps (windows, steps, channels). None reads a step after the one that it gives, but
/// [`Op::Attention`] and [`Op::Fourier`] read them all.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A linear map of each step.
    Linear {
        /// What its tensors are called.
        name: String,
        /// Channels that it reads.
        inputs: usize,
        /// Channels that it gives.
        outputs: usize,
    },
    /// A convolution: step `t` reads `t, t - dilation, ...`, and zeros before the first step.
    Conv {
        /// What its tensors are called.
        name: String,
        /// Channels that it reads.
        inputs: usize,
        /// Channels that it gives.
        outputs: usize,
        /// Taps.
        kernel: usize,
        /// Steps between two taps.
        dilation: usize,
    },
    /// As [`Op::Conv`], each channel for itself.
    Depthwise {
        /// What its tensors are called.
        name: String,
        /// Channels.
        width: usize,
        /// Taps.
        kernel: usize,
        /// Steps between two taps.
        dilation: usize,
    },
    /// A linear map of each `size` steps, which become one.
    Patch {
        /// What its tensors are called.
        name: String,
        /// Channels that it reads.
        inputs: usize,
        /// Channels that it gives.
        outputs: usize,
        /// Steps of a patch.
        size: usize,
    },
    /// Layer normalisation over the channels of each step.
    Norm {
        /// What its tensors are called.
        name: String,
        /// Channels.
        width: usize,
    },
    /// `x * P(normal < x)`.
    Gelu,
    /// Multiplies each channel by a number of its own.
    Scale {
        /// What its tensor is called.
        name: String,
        /// Channels.
        width: usize,
        /// What the numbers are at first.
        start: f32,
    },
    /// Adds sines and cosines of a step's age, the last step having age 0.
    Position {
        /// Channels.
        width: usize,
    },
    /// Each step reads all steps that are not hidden (heads side by side, scaled dot products).
    Attention {
        /// What its tensors are called.
        name: String,
        /// Channels.
        width: usize,
        /// Heads.
        heads: usize,
    },
    /// A linear map of complex numbers for each frequency of the window, and back: each step reads all steps.
    Fourier {
        /// What its tensors are called.
        name: String,
        /// Steps of a window.
        steps: usize,
        /// Channels that it reads.
        inputs: usize,
        /// Channels that it gives.
        outputs: usize,
    },
    /// The mean of what several layers make of the same steps.
    Average(Vec<Op>),
    /// What several layers make of the same steps, side by side.
    Beside(Vec<Op>),
    /// Hidden steps become zeros, where an objective hides some.
    Hide,
    /// Adds what `body` makes of the input to the input, or to what `skip` makes of it.
    Residual {
        /// The branch.
        body: Vec<Op>,
        /// What the input goes through instead of nothing.
        skip: Vec<Op>,
        /// The probability with which the branch is left out of a window in training.
        drop: f32,
    },
}

/// A tensor that a layer needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Needed {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers at first.
    pub start: Start,
}

/// The numbers of a tensor at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// All the same.
    Constant(f32),
    /// Of the uniform distribution between plus and minus this.
    Uniform(f32),
}

/// What a pass over windows heeds besides their numbers.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    /// Which rows of the batch the windows are.
    pub rows: Range<usize>,
    /// The seed of what is left out in training; `None` leaves nothing out.
    pub noise: Option<u64>,
    /// 1 for steps that an objective hides (windows, steps).
    pub hidden: Option<Tensor<2>>,
}

impl Pass {
    /// For each window 0 with the probability given, else what keeps the mean.
    pub(super) fn kept(&self, branch: u64, drop: f32) -> Option<Vec<f32>> {
        let noise = self.noise.filter(|_| drop > 0.0)?;
        let kept = self.rows.clone().map(|row| {
            let mut random = seeded(noise, DROP, row as u64 * BRANCHES + branch);
            if random.random_range(0.0..1.0_f32) < drop {
                0.0
            } else {
                1.0 / (1.0 - drop)
            }
        });
        Some(kept.collect())
    }
}

impl Op {
    /// A linear map.
    pub fn linear(name: impl Into<String>, inputs: usize, outputs: usize) -> Self {
        Self::Linear {
            name: name.into(),
            inputs,
            outputs,
        }
    }

    /// A normalisation.
    pub fn norm(name: impl Into<String>, width: usize) -> Self {
        Self::Norm {
            name: name.into(),
            width,
        }
    }

    /// The steps and channels that it gives for those it reads.
    ///
    /// # Errors
    /// What it needs instead.
    pub fn shape(&self, steps: usize, width: usize) -> Result<(usize, usize), String> {
        let reads = |own: usize, given: usize| match own == width {
            true => Ok((steps, given)),
            false => Err(format!("a layer over {own} channels reads {width}")),
        };
        match self {
            Self::Linear {
                inputs, outputs, ..
            }
            | Self::Conv {
                inputs, outputs, ..
            } => reads(*inputs, *outputs),
            Self::Patch {
                inputs,
                outputs,
                size,
                ..
            } => {
                let (_, given) = reads(*inputs, *outputs)?;
                if *size == 0 || !steps.is_multiple_of(*size) || steps == 0 {
                    return Err(format!("patches of {size} steps do not fill {steps}"));
                }
                Ok((steps / size, given))
            }
            Self::Depthwise { width: own, .. }
            | Self::Norm { width: own, .. }
            | Self::Scale { width: own, .. }
            | Self::Position { width: own } => reads(*own, *own),
            Self::Attention {
                width: own, heads, ..
            } => {
                if *heads == 0 || !own.is_multiple_of(*heads) {
                    return Err(format!("{heads} heads do not share {own} channels"));
                }
                reads(*own, *own)
            }
            Self::Fourier {
                steps: own,
                inputs,
                outputs,
                ..
            } => {
                if *own != steps {
                    return Err(format!("frequencies of {own} steps read {steps}"));
                }
                reads(*inputs, *outputs)
            }
            Self::Average(ops) => Ok(together(ops, steps, width)?.0),
            Self::Beside(ops) => {
                let ((steps, width), count) = together(ops, steps, width)?;
                Ok((steps, width * count))
            }
            Self::Gelu | Self::Hide => Ok((steps, width)),
            Self::Residual { body, skip, .. } => {
                let branch = shape(body, steps, width)?;
                let other = shape(skip, steps, width)?;
                if branch != other {
                    return Err(format!("a branch gives {branch:?} beside {other:?}"));
                }
                Ok(branch)
            }
        }
    }

    /// The tensors that it needs.
    pub fn needs(&self, all: &mut Vec<Needed>) {
        let mut weight = |name: &str, shape: &[usize]| {
            let inputs: usize = shape.iter().skip(1).product();
            // As PyTorch starts linear layers and convolutions.
            let start = Start::Uniform(1.0 / (inputs.max(1) as f32).sqrt());
            let outputs = shape.first().copied().unwrap_or(0);
            push(all, &format!("{name}.weight"), shape, start);
            push(all, &format!("{name}.bias"), &[outputs], start);
        };
        match self {
            Self::Linear {
                name,
                inputs,
                outputs,
            } => weight(name, &[*outputs, *inputs]),
            Self::Conv {
                name,
                inputs,
                outputs,
                kernel,
                ..
            } => weight(name, &[*outputs, *inputs, *kernel]),
            Self::Patch {
                name,
                inputs,
                outputs,
                size,
            } => weight(name, &[*outputs, *inputs, *size]),
            Self::Depthwise {
                name,
                width,
                kernel,
                ..
            } => weight(name, &[*width, 1, *kernel]),
            Self::Attention { name, width, .. } => {
                weight(&format!("{name}.read"), &[3 * width, *width]);
                weight(&format!("{name}.give"), &[*width, *width]);
            }
            Self::Norm { name, width } => {
                let one = Start::Constant(1.0);
                push(all, &format!("{name}.weight"), &[*width], one);
                push(
                    all,
                    &format!("{name}.bias"),
                    &[*width],
                    Start::Constant(0.0),
                );
            }
            Self::Scale { name, width, start } => {
                let start = Start::Constant(*start);
                push(all, &format!("{name}.factor"), &[*width], start);
            }
            Self::Fourier {
                name,
                steps,
                inputs,
                outputs,
            } => {
                needs_of_frequencies(name, [steps / 2 + 1, *inputs, *outputs], all);
            }
            Self::Average(ops) | Self::Beside(ops) => ops.iter().for_each(|op| op.needs(all)),
            Self::Gelu | Self::Position { .. } | Self::Hide => {}
            Self::Residual { body, skip, .. } => {
                for op in body.iter().chain(skip) {
                    op.needs(all);
                }
            }
        }
    }
}

fn push(all: &mut Vec<Needed>, name: &str, shape: &[usize], start: Start) {
    all.push(Needed {
        name: name.to_owned(),
        shape: shape.to_vec(),
        start,
    });
}

fn needs_of_frequencies(name: &str, shape: [usize; 3], all: &mut Vec<Needed>) {
    let [count, inputs, outputs] = shape;
    let start = Start::Uniform(1.0 / (inputs.max(1) as f32).sqrt());
    for part in ["real", "imaginary"] {
        push(all, &format!("{name}.{part}"), &shape, start);
        let shape = [count, 1, outputs];
        push(all, &format!("{name}.{part}_bias"), &shape, start);
    }
}

/// What each of several layers gives, and how many they are. They have to give the same.
fn together(ops: &[Op], steps: usize, width: usize) -> Result<((usize, usize), usize), String> {
    let each = ops.iter().map(|op| op.shape(steps, width));
    let each = each.collect::<Result<Vec<_>, _>>()?;
    match each.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => Ok((*first, each.len())),
        other => Err(format!("layers over the same steps give {other:?}")),
    }
}

/// The steps and channels that layers give one after the other.
///
/// # Errors
/// What one of them needs instead.
pub(super) fn shape(ops: &[Op], steps: usize, width: usize) -> Result<(usize, usize), String> {
    let mut now = (steps, width);
    for op in ops {
        now = op.shape(now.0, now.1)?;
    }
    Ok(now)
}

/// Sines and cosines of the age of each of `steps` steps, `width` numbers a step, the oldest step first.
pub fn positions(steps: usize, width: usize) -> Vec<f32> {
    let mut table = Vec::with_capacity(steps * width);
    for age in (0..steps).rev() {
        for i in 0..width {
            let slow = 10_000_f64.powf((i / 2 * 2) as f64 / width.max(1) as f64);
            let angle = age as f64 / slow;
            table.push(if i % 2 == 0 { angle.sin() } else { angle.cos() } as f32);
        }
    }
    table
}

/// The matrices of the discrete Fourier transform of `steps` real numbers: those that give the real and the imaginary
/// parts of `steps / 2 + 1` frequencies, and those that make steps of them again, row by row.
pub struct Frequencies {
    /// (frequencies, steps)
    pub real: Vec<f32>,
    /// (frequencies, steps)
    pub imaginary: Vec<f32>,
    /// (steps, frequencies)
    pub of_real: Vec<f32>,
    /// (steps, frequencies)
    pub of_imaginary: Vec<f32>,
}

impl Frequencies {
    /// Those of a window.
    pub fn new(steps: usize) -> Self {
        let count = steps / 2 + 1;
        let angle = |f: usize, t: usize| {
            // Whole turns are taken off before rounding.
            std::f64::consts::TAU * (f * t % steps.max(1)) as f64 / steps.max(1) as f64
        };
        // Frequencies that have no imaginary part, not even a rounded one: its sign would make a phase of half a turn.
        let real_alone = |f: usize| f == 0 || 2 * f == steps;
        let forth = |of: fn(f64) -> f64, sign: f64| -> Vec<f32> {
            let pairs = (0..count).flat_map(|f| (0..steps).map(move |t| (f, t)));
            let number = |(f, t): (usize, usize)| match sign < 0.0 && real_alone(f) {
                true => 0.0,
                false => (sign * of(angle(f, t))) as f32,
            };
            pairs.map(number).collect()
        };
        let back = |of: fn(f64) -> f64, sign: f64| -> Vec<f32> {
            let pairs = (0..steps).flat_map(|t| (0..count).map(move |f| (f, t)));
            let number = |(f, t): (usize, usize)| {
                // All others stand for two.
                let times = if real_alone(f) { 1.0 } else { 2.0 };
                (sign * times * of(angle(f, t)) / steps as f64) as f32
            };
            pairs.map(number).collect()
        };
        Self {
            real: forth(f64::cos, 1.0),
            imaginary: forth(f64::sin, -1.0),
            of_real: back(f64::cos, 1.0),
            of_imaginary: back(f64::sin, -1.0),
        }
    }
}
