//! Ridge regression of many outputs, with an intercept that is not penalised.

use burn_tensor::{Device, Tensor};
use rhymedb::{Error, Result};

use crate::tensor::{numbers, tensor};

/// Rows of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    width: usize,
    rows: usize,
    values: Vec<f32>,
}

impl Table {
    /// `rows` rows of `width` numbers.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are more or fewer numbers.
    pub fn new(width: usize, values: Vec<f32>, rows: usize) -> Result<Self> {
        if values.len() != width * rows || values.is_empty() {
            return Err(Error::Invalid(format!(
                "expected {rows} rows of {width} numbers, found {} numbers",
                values.len()
            )));
        }
        Ok(Self {
            width,
            rows,
            values,
        })
    }

    fn means(&self) -> Vec<f64> {
        let mut means = vec![0.0; self.width];
        for row in self.values.chunks_exact(self.width) {
            means
                .iter_mut()
                .zip(row)
                .for_each(|(m, &x)| *m += f64::from(x));
        }
        means.iter_mut().for_each(|m| *m /= self.rows as f64);
        means
    }

    /// The numbers less `means`.
    fn around(&self, means: &[f64]) -> Result<Tensor<2>> {
        let rows = self.values.chunks_exact(self.width);
        let around = rows.flat_map(|row| {
            row.iter()
                .zip(means)
                .map(|(x, m)| (f64::from(*x) - m) as f32)
        });
        tensor(around.collect(), [self.rows, self.width], &Device::flex())
    }
}

/// The sums of products of a regression.
pub struct Ridge {
    inputs: usize,
    outputs: usize,
    /// `inputs` rows of `inputs`, and of `outputs`.
    squares: Vec<f64>,
    products: Vec<f64>,
    means: (Vec<f64>, Vec<f64>),
}

/// A linear map with an intercept.
pub struct LinearMap {
    weights: Tensor<2>,
    means: (Vec<f64>, Vec<f64>),
}

impl Ridge {
    /// The regression from the rows of one table to those of another.
    ///
    /// # Errors
    /// [`Error::Invalid`] if they have not as many rows.
    pub fn new(inputs: &Table, outputs: &Table) -> Result<Self> {
        if inputs.rows != outputs.rows {
            return Err(Error::Invalid(format!(
                "expected as many inputs as outputs, found {} and {}",
                inputs.rows, outputs.rows
            )));
        }
        let means = (inputs.means(), outputs.means());
        let (x, y) = (inputs.around(&means.0)?, outputs.around(&means.1)?);
        let exact = |t: Tensor<2>| -> Result<Vec<f64>> {
            Ok(numbers(t)?.into_iter().map(f64::from).collect())
        };
        Ok(Self {
            inputs: inputs.width,
            outputs: outputs.width,
            squares: exact(x.clone().transpose().matmul(x.clone()))?,
            products: exact(x.transpose().matmul(y))?,
            means,
        })
    }

    /// The map with the least squared error plus `penalty` times the squares of its weights.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none, as with a penalty of 0 and inputs that hang on each other.
    pub fn solve(&self, penalty: f64) -> Result<LinearMap> {
        let n = self.inputs;
        let factor = cholesky(&self.squares, n, penalty).ok_or_else(|| {
            Error::Invalid(format!(
                "the regression has no solution with a penalty of {penalty}; take a larger one"
            ))
        })?;
        let mut x = self.products.clone();
        for back in [false, true] {
            for step in 0..n {
                let i = if back { n - 1 - step } else { step };
                let (done, rest) = if back { (i + 1..n, i) } else { (0..i, i) };
                let diagonal = at(&factor, n, rest, rest);
                let mut row = x
                    .get(i * self.outputs..(i + 1) * self.outputs)
                    .unwrap_or_default()
                    .to_vec();
                for j in done {
                    let share = if back {
                        at(&factor, n, j, i)
                    } else {
                        at(&factor, n, i, j)
                    };
                    let other = x
                        .get(j * self.outputs..(j + 1) * self.outputs)
                        .unwrap_or_default();
                    row.iter_mut().zip(other).for_each(|(r, o)| *r -= share * o);
                }
                let into = x.iter_mut().skip(i * self.outputs);
                into.zip(&row).for_each(|(x, r)| *x = r / diagonal);
            }
        }
        let weights = x.into_iter().map(|x| x as f32).collect();
        Ok(LinearMap {
            weights: tensor(weights, [n, self.outputs], &Device::flex())?,
            means: self.means.clone(),
        })
    }
}

impl LinearMap {
    /// The means of the squared and of the absolute errors.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a tensor cannot be read.
    pub fn errors(&self, inputs: &Table, outputs: &Table) -> Result<(f64, f64)> {
        let told = inputs.around(&self.means.0)?.matmul(self.weights.clone());
        let error = told - outputs.around(&self.means.1)?;
        let all = numbers(error)?;
        let count = all.len() as f64;
        let squares = all
            .iter()
            .map(|&e| f64::from(e) * f64::from(e))
            .sum::<f64>();
        let sizes = all.iter().map(|&e| f64::from(e.abs())).sum::<f64>();
        Ok((squares / count, sizes / count))
    }
}

fn at(matrix: &[f64], n: usize, i: usize, j: usize) -> f64 {
    matrix.get(i * n + j).copied().unwrap_or(f64::NAN)
}

/// The lower triangle whose product with its transpose is `matrix` plus `penalty` on the diagonal.
fn cholesky(matrix: &[f64], n: usize, penalty: f64) -> Option<Vec<f64>> {
    let mut lower = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let (a, b) = (lower.get(i * n..i * n + j)?, lower.get(j * n..j * n + j)?);
            let known: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            let left = at(matrix, n, i, j) - known;
            *lower.get_mut(i * n + j)? = if i == j {
                let left = left + penalty;
                if left.is_nan() || left <= 0.0 {
                    return None;
                }
                left.sqrt()
            } else {
                left / at(&lower, n, j, j)
            };
        }
    }
    Some(lower)
}
