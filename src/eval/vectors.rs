use crate::numeric::dot::dot;
/// Vectors of one dimension, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Vectors {
    dim: usize,
    values: Vec<f32>,
}

impl Vectors {
    pub(super) fn new(dim: usize) -> Self {
        Self {
            dim: dim.max(1),
            values: Vec::new(),
        }
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// The row `i`; empty past the end.
    pub(super) fn row(&self, i: usize) -> &[f32] {
        let range = i * self.dim..(i + 1) * self.dim;
        self.values.get(range).unwrap_or(&[])
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dim)
    }

    /// Adds a row of the dimension; what is missing is 0, what is too much is left out.
    pub(super) fn push_all(&mut self, row: impl Iterator<Item = f32>) {
        let len = self.values.len() + self.dim;
        self.values.extend(row.take(self.dim));
        self.values.resize(len, 0.0);
    }

    pub(super) fn push(&mut self, row: &[f32]) {
        self.push_all(row.iter().copied());
    }

    /// Some rows, in the order given.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let mut selected = Self::new(self.dim);
        for &i in rows {
            selected.push(self.row(i));
        }
        selected
    }

    /// The rows at unit length; those of length 0 stay.
    pub(super) fn units(mut self) -> Self {
        for row in self.values.chunks_exact_mut(self.dim) {
            let norm = dot(row, row).sqrt();
            if norm > 0.0 {
                row.iter_mut().for_each(|x| *x /= norm);
            }
        }
        self
    }

    /// The mean of the rows.
    pub(super) fn mean(&self) -> Vec<f32> {
        let count = self.len().max(1) as f32;
        let mut mean = vec![0.0; self.dim];
        for row in self.iter() {
            mean.iter_mut().zip(row).for_each(|(m, x)| *m += x / count);
        }
        mean
    }
}
