//! The layers of a stack as operators of ONNX.

use rhymedb::Result;
use rhymedb::encode::OnnxAttribute::{Float, Int, Ints};
use rhymedb::encode::{Activation, OnnxWriter};

use super::op::{Op, positions};
use super::run::EPSILON;
use super::wrong;

/// The numbers of a tensor by its name.
pub(super) type Numbers<'a> = dyn Fn(&str) -> Result<Vec<f32>> + 'a;

/// A graph that grows, and the steps that its last operator gives (batch, steps, channels).
pub(super) struct Draft<'a> {
    pub(super) graph: OnnxWriter,
    pub(super) numbers: &'a Numbers<'a>,
}

impl Draft<'_> {
    /// Layers one after the other over `steps` steps of `width` channels.
    pub(super) fn layers(
        &mut self,
        ops: &[Op],
        x: &str,
        (steps, width): (usize, usize),
    ) -> Result<String> {
        let (mut x, mut now) = (x.to_owned(), (steps, width));
        for op in ops {
            x = self.layer(op, &x, now)?;
            now = op.shape(now.0, now.1).map_err(|e| wrong(&e))?;
        }
        Ok(x)
    }

    fn layer(&mut self, op: &Op, x: &str, (steps, width): (usize, usize)) -> Result<String> {
        match op {
            Op::Linear {
                name,
                inputs,
                outputs,
            } => self.linear(name, x, (*inputs, *outputs)),
            Op::Conv {
                name,
                inputs,
                outputs,
                kernel,
                dilation,
            } => {
                let pads = [((kernel - 1) * dilation) as i64, 0];
                let shape = [*outputs, *inputs, *kernel];
                self.convolve(name, x, shape, [1, *dilation as i64, 1], pads)
            }
            Op::Depthwise {
                name,
                width,
                kernel,
                dilation,
            } => {
                let pads = [((kernel - 1) * dilation) as i64, 0];
                let shape = [*width, 1, *kernel];
                let steps = [1, *dilation as i64, *width as i64];
                self.convolve(name, x, shape, steps, pads)
            }
            Op::Patch {
                name,
                inputs,
                outputs,
                size,
            } => {
                let shape = [*outputs, *inputs, *size];
                self.convolve(name, x, shape, [*size as i64, 1, 1], [0, 0])
            }
            Op::Norm { name, width } => {
                let weight = self.tensor(&format!("{name}.weight"), &[*width])?;
                let bias = self.tensor(&format!("{name}.bias"), &[*width])?;
                let attributes = [Int("axis", -1), Float("epsilon", EPSILON)];
                let reads = [x, &weight, &bias];
                Ok(self.graph.op("LayerNormalization", &reads, &attributes))
            }
            Op::Gelu => Ok(self.graph.activation(x, Activation::Gelu)),
            Op::Scale { name, width, .. } => {
                let factor = self.tensor(&format!("{name}.factor"), &[*width])?;
                Ok(self.graph.op("Mul", &[x, &factor], &[]))
            }
            Op::Position { width } => {
                let table = self
                    .graph
                    .floats(&[steps, *width], &positions(steps, *width));
                Ok(self.graph.op("Add", &[x, &table], &[]))
            }
            Op::Attention { name, heads, .. } => self.attend(name, x, (steps, width), *heads),
            // Nothing is hidden from who uses a network.
            Op::Hide => Ok(x.to_owned()),
            Op::Residual { body, skip, .. } => {
                let branch = self.layers(body, x, (steps, width))?;
                let own = self.layers(skip, x, (steps, width))?;
                Ok(self.graph.op("Add", &[&own, &branch], &[]))
            }
        }
    }

    fn tensor(&mut self, name: &str, dims: &[usize]) -> Result<String> {
        Ok(self.graph.floats(dims, &(self.numbers)(name)?))
    }

    /// A linear map of the last axis.
    pub(super) fn linear(
        &mut self,
        name: &str,
        x: &str,
        (inputs, outputs): (usize, usize),
    ) -> Result<String> {
        let stored = (self.numbers)(&format!("{name}.weight"))?;
        let columns = (0..inputs).flat_map(|i| stored.iter().skip(i).step_by(inputs));
        let columns: Vec<f32> = columns.copied().collect();
        let weight = self.graph.floats(&[inputs, outputs], &columns);
        let bias = self.tensor(&format!("{name}.bias"), &[outputs])?;
        let product = self.graph.op("MatMul", &[x, &weight], &[]);
        Ok(self.graph.op("Add", &[&product, &bias], &[]))
    }

    fn convolve(
        &mut self,
        name: &str,
        x: &str,
        shape: [usize; 3],
        [stride, dilation, group]: [i64; 3],
        pads: [i64; 2],
    ) -> Result<String> {
        let [outputs, _, kernel] = shape;
        let weight = self.tensor(&format!("{name}.weight"), &shape)?;
        let bias = self.tensor(&format!("{name}.bias"), &[outputs])?;
        let turned = self
            .graph
            .op("Transpose", &[x], &[Ints("perm", &[0, 2, 1])]);
        let attributes = [
            Ints("kernel_shape", &[kernel as i64]),
            Ints("dilations", &[dilation]),
            Ints("strides", &[stride]),
            Ints("pads", &pads),
            Int("group", group),
        ];
        let reads = [turned.as_str(), &weight, &bias];
        let y = self.graph.op("Conv", &reads, &attributes);
        Ok(self
            .graph
            .op("Transpose", &[&y], &[Ints("perm", &[0, 2, 1])]))
    }

    fn attend(
        &mut self,
        name: &str,
        x: &str,
        (steps, width): (usize, usize),
        heads: usize,
    ) -> Result<String> {
        let each = width / heads;
        let read = self.linear(&format!("{name}.read"), x, (width, 3 * width))?;
        let apart = self
            .graph
            .whole(&[4], &[-1, steps as i64, heads as i64, each as i64]);
        let mut parts = Vec::with_capacity(3);
        for (i, perm) in [[0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]]
            .iter()
            .enumerate()
        {
            let bounds =
                [i * width, (i + 1) * width, 2].map(|n| self.graph.whole(&[1], &[n as i64]));
            let [from, to, axis] = &bounds;
            let part = self.graph.op("Slice", &[&read, from, to, axis], &[]);
            let part = self.graph.op("Reshape", &[&part, &apart], &[]);
            parts.push(self.graph.op("Transpose", &[&part], &[Ints("perm", perm)]));
        }
        let [asks, keys, values] = parts.as_slice() else {
            return Err(wrong("attention has three parts"));
        };
        let scores = self.graph.op("MatMul", &[asks, keys], &[]);
        let scale = self.graph.floats(&[], &[1.0 / (each as f32).sqrt()]);
        let scores = self.graph.op("Mul", &[&scores, &scale], &[]);
        let shares = self.graph.op("Softmax", &[&scores], &[Int("axis", 3)]);
        let read = self.graph.op("MatMul", &[&shares, values], &[]);
        let read = self
            .graph
            .op("Transpose", &[&read], &[Ints("perm", &[0, 2, 1, 3])]);
        let together = self.graph.whole(&[3], &[-1, steps as i64, width as i64]);
        let read = self.graph.op("Reshape", &[&read, &together], &[]);
        self.linear(&format!("{name}.give"), &read, (width, width))
    }
}
