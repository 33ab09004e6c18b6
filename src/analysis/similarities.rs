//! How alike each two of some things are.

use rayon::prelude::*;

use crate::numeric::dot::dot_f64;

/// A symmetric matrix of similarities, -1 to 1, with 1 on its diagonal, and the distances of points at length 1
/// that have them: the root of twice what is missing to 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Similarities {
    n: usize,
    values: Vec<f64>,
    distances: Vec<f64>,
}

impl Similarities {
    /// The inner products of points at length 1.
    pub(super) fn of(points: &[Vec<f64>]) -> Self {
        let n = points.len();
        let product = |a: &[f64], b: &[f64]| dot_f64(a, b).clamp(-1.0, 1.0);
        let row = |i: usize| {
            let point = points.get(i).map(Vec::as_slice).unwrap_or_default();
            let before = points.iter().take(i);
            before
                .map(|other| product(point, other))
                .collect::<Vec<f64>>()
        };
        let rows: Vec<Vec<f64>> = (0..n).into_par_iter().map(row).collect();
        Self::of_rows(&rows)
    }

    /// The correlations of returns: centred, at length 1, and 0 where there is none. Two assets are compared over the
    /// rows that both have.
    pub(super) fn of_returns(points: &[Vec<f64>]) -> Self {
        let gaps: Vec<Vec<usize>> = points.iter().map(|point| gaps_of(point)).collect();
        let each: Vec<(&[f64], &[usize])> = points
            .iter()
            .zip(&gaps)
            .map(|(point, gaps)| (point.as_slice(), gaps.as_slice()))
            .collect();
        let row = |one: &(usize, &(&[f64], &[usize]))| -> Vec<f64> {
            let (i, &this) = *one;
            let before = each.iter().take(i);
            before.map(|&other| in_common(this, other)).collect()
        };
        let numbered: Vec<_> = each.iter().enumerate().collect();
        let rows: Vec<Vec<f64>> = numbered.par_iter().map(row).collect();
        Self::of_rows(&rows)
    }

    /// Those of a matrix of which each row has what is left of the diagonal.
    fn of_rows(rows: &[Vec<f64>]) -> Self {
        let n = rows.len();
        let mut values = vec![1.0; n * n];
        for (i, row) in rows.iter().enumerate() {
            for (j, &value) in row.iter().enumerate() {
                for at in [i * n + j, j * n + i] {
                    if let Some(slot) = values.get_mut(at) {
                        *slot = value;
                    }
                }
            }
        }
        Self::of_values(n, values)
    }

    fn of_values(n: usize, values: Vec<f64>) -> Self {
        let distance = |s: &f64| (2.0 * (1.0 - s)).max(0.0).sqrt();
        Self {
            n,
            distances: values.iter().map(distance).collect(),
            values,
        }
    }

    /// The means of two matrices of one size.
    pub(super) fn mean(&self, other: &Self) -> Self {
        let both = self.values.iter().zip(&other.values);
        Self::of_values(self.n, both.map(|(a, b)| (a + b) / 2.0).collect())
    }

    /// The same of the things in another order.
    pub(super) fn ordered(&self, order: &[usize]) -> Self {
        let row = |(at, &i): (usize, &usize)| {
            let before = order.iter().take(at);
            before.map(|&j| self.get(i, j)).collect()
        };
        let rows: Vec<Vec<f64>> = order.iter().enumerate().map(row).collect();
        Self::of_rows(&rows)
    }

    /// How many things there are.
    pub(super) fn len(&self) -> usize {
        self.n
    }

    /// NaN where there is no such pair.
    pub(super) fn get(&self, i: usize, j: usize) -> f64 {
        let row = self.row(i);
        row.get(j).copied().unwrap_or(f64::NAN)
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        let row = self.values.get(i * self.n..(i + 1) * self.n);
        row.unwrap_or_default()
    }

    pub(super) fn distances(&self, i: usize) -> &[f64] {
        let row = self.distances.get(i * self.n..(i + 1) * self.n);
        row.unwrap_or_default()
    }
}

/// The rows in which a centred column has no return.
pub(super) fn gaps_of(point: &[f64]) -> Vec<usize> {
    let rows = point.iter().enumerate();
    rows.filter(|(_, x)| **x == 0.0).map(|(at, _)| at).collect()
}

/// The correlation of two columns at length 1, with their gaps, over the rows that both have.
pub(super) fn in_common((x, gaps_x): (&[f64], &[usize]), (y, gaps_y): (&[f64], &[usize])) -> f64 {
    let left = |point: &[f64], gaps: &[usize]| {
        let squares = gaps.iter().filter_map(|&at| point.get(at)).map(|v| v * v);
        1.0 - squares.sum::<f64>()
    };
    let lengths = left(x, gaps_y) * left(y, gaps_x);
    if lengths <= 0.0 {
        return 0.0;
    }
    (dot_f64(x, y) / lengths.sqrt()).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_of_one_do_not_make_two_less_alike() {
        let whole = [0.5, -0.5, 0.5, -0.5];
        let half = [
            std::f64::consts::FRAC_1_SQRT_2,
            -std::f64::consts::FRAC_1_SQRT_2,
            0.0,
            0.0,
        ];
        let found = Similarities::of_returns(&[whole.to_vec(), half.to_vec(), vec![0.0; 4]]);
        assert!((found.get(0, 1) - 1.0).abs() < 1e-12, "{found:?}");
        assert_eq!((found.get(0, 2), found.get(1, 2)), (0.0, 0.0));
        let plain = [vec![0.6, 0.8], vec![0.8, -0.6]];
        assert_eq!(Similarities::of_returns(&plain), Similarities::of(&plain));
    }

    #[test]
    fn products_stand_on_both_sides_of_the_diagonal() {
        let points = [vec![1.0, 0.0], vec![0.6, 0.8], vec![-1.0, 0.0]];
        let found = Similarities::of(&points);
        assert_eq!(found.len(), 3);
        assert_eq!(found.row(1), [0.6, 1.0, -0.6]);
        assert_eq!((found.get(0, 2), found.get(2, 0)), (-1.0, -1.0));
        assert!((found.distances(0).iter().sum::<f64>() - 2.0 - 0.8_f64.sqrt()).abs() < 1e-15);
        let half = found.mean(&Similarities::of(&[
            vec![1.0, 0.0],
            vec![0.0, 1.0],
            vec![-1.0, 0.0],
        ]));
        assert_eq!(half.row(1), [0.3, 1.0, -0.3]);
        assert_eq!(found.ordered(&[2, 1, 0]).row(0), [1.0, -0.6, -1.0]);
        assert!(found.get(0, 3).is_nan() && found.row(3).is_empty());
    }
}
