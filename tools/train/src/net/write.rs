//! The layers of a stack as operators of ONNX.

use rhymedb::Result;
use rhymedb::encode::OnnxAttribute::{Float, Int, Ints};
use rhymedb::encode::{Activation, OnnxAttribute, OnnxWriter};

use super::op::{Frequencies, Op, positions};
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
            Op::Norm { name, width } => self.normalise(name, x, *width),
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
            Op::Fourier {
                name,
                inputs,
                outputs,
                ..
            } => self.filter(name, x, steps, (*inputs, *outputs)),
            Op::Average(ops) => self.together("Mean", &[], ops, x, (steps, width)),
            Op::Beside(ops) => {
                let axis = [Int("axis", 2)];
                self.together("Concat", &axis, ops, x, (steps, width))
            }
            // Nothing is hidden from who uses a network.
            Op::Hide => Ok(x.to_owned()),
            Op::Residual { body, skip, .. } => {
                let branch = self.layers(body, x, (steps, width))?;
                let own = self.layers(skip, x, (steps, width))?;
                Ok(self.graph.op("Add", &[&own, &branch], &[]))
            }
        }
    }

    fn normalise(&mut self, name: &str, x: &str, width: usize) -> Result<String> {
        let weight = self.tensor(&format!("{name}.weight"), &[width])?;
        let bias = self.tensor(&format!("{name}.bias"), &[width])?;
        let attributes = [Int("axis", -1), Float("epsilon", EPSILON)];
        let reads = [x, &weight, &bias];
        Ok(self.graph.op("LayerNormalization", &reads, &attributes))
    }

    /// Layers over the same steps, joined by an operator.
    fn together(
        &mut self,
        operator: &str,
        attributes: &[OnnxAttribute<'_>],
        ops: &[Op],
        x: &str,
        now: (usize, usize),
    ) -> Result<String> {
        let mut parts = Vec::with_capacity(ops.len());
        for op in ops {
            parts.push(self.layer(op, x, now)?);
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Ok(self.graph.op(operator, &parts, attributes))
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

    fn filter(
        &mut self,
        name: &str,
        x: &str,
        steps: usize,
        (inputs, outputs): (usize, usize),
    ) -> Result<String> {
        let count = steps / 2 + 1;
        let matrices = Frequencies::new(steps);
        let turn = [Ints("perm", &[1, 0, 2])];
        let turned = self.graph.op("Transpose", &[x], &turn);
        let flat = self.reshaped(&turned, &[steps as i64, -1]);
        let mut parts = Vec::with_capacity(2);
        for matrix in [&matrices.real, &matrices.imaginary] {
            let matrix = self.graph.floats(&[count, steps], matrix);
            let product = self.graph.op("MatMul", &[&matrix, &flat], &[]);
            parts.push(self.reshaped(&product, &[count as i64, -1, inputs as i64]));
        }
        let mut weights = Vec::with_capacity(2);
        for part in ["real", "imaginary"] {
            weights.push(self.tensor(&format!("{name}.{part}"), &[count, inputs, outputs])?);
        }
        let turned_weights: Vec<String> = weights.iter().rev().cloned().collect();
        let mut sums = Vec::with_capacity(2);
        for (op, own, weights, back) in [
            ("Sub", "real", &weights, &matrices.of_real),
            ("Add", "imaginary", &turned_weights, &matrices.of_imaginary),
        ] {
            let pairs = parts.iter().zip(weights);
            let product =
                |(part, weight): (&String, &String)| self.graph.op("MatMul", &[part, weight], &[]);
            let products: Vec<String> = pairs.map(product).collect();
            let products: Vec<&str> = products.iter().map(String::as_str).collect();
            let both = self.graph.op(op, &products, &[]);
            let bias = self.tensor(&format!("{name}.{own}_bias"), &[count, 1, outputs])?;
            let told = self.graph.op("Add", &[&both, &bias], &[]);
            let told = self.reshaped(&told, &[count as i64, -1]);
            let matrix = self.graph.floats(&[steps, count], back);
            sums.push(self.graph.op("MatMul", &[&matrix, &told], &[]));
        }
        let sums: Vec<&str> = sums.iter().map(String::as_str).collect();
        let y = self.graph.op("Add", &sums, &[]);
        let y = self.reshaped(&y, &[steps as i64, -1, outputs as i64]);
        Ok(self.graph.op("Transpose", &[&y], &turn))
    }

    fn reshaped(&mut self, x: &str, dims: &[i64]) -> String {
        let dims = self.graph.whole(&[dims.len()], dims);
        self.graph.op("Reshape", &[x, &dims], &[])
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
