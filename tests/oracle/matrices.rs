//! Means, covariances and roots of matrices, written as their definitions are.

pub type Matrix = Vec<Vec<f64>>;

/// Mean and covariance of vectors, the covariance shrunk as Ledoit and Wolf write it: norms
/// divided by the dimension, sums over vectors. Also the standard deviations, not shrunk.
pub fn shrunk(vectors: &[&[f64]]) -> (Vec<f64>, Matrix, Vec<f64>) {
    let (n, d) = (vectors.len() as f64, vectors[0].len());
    let mean: Vec<f64> = (0..d)
        .map(|i| vectors.iter().map(|v| v[i]).sum::<f64>() / n)
        .collect();
    let off = |v: &[f64]| -> Vec<f64> { (0..d).map(|i| v[i] - mean[i]).collect() };
    let mut s = vec![vec![0.0; d]; d];
    for v in vectors {
        let c = off(v);
        for i in 0..d {
            for j in 0..d {
                s[i][j] += c[i] * c[j] / n;
            }
        }
    }
    let deviations = (0..d).map(|i| s[i][i].sqrt()).collect();
    let level = (0..d).map(|i| s[i][i]).sum::<f64>() / d as f64;
    let norm = |m: &dyn Fn(usize, usize) -> f64| -> f64 {
        let all = (0..d).flat_map(|i| (0..d).map(move |j| (i, j)));
        all.map(|(i, j)| m(i, j).powi(2)).sum::<f64>() / d as f64
    };
    let eye = |i: usize, j: usize| f64::from(u8::from(i == j));
    let spread = norm(&|i, j| s[i][j] - level * eye(i, j));
    let noise = vectors.iter().map(|v| {
        let c = off(v);
        norm(&|i, j| c[i] * c[j] - s[i][j])
    });
    let weight = (noise.sum::<f64>() / (n * n)).min(spread) / spread;
    let entry = |i: usize, j: usize| (1.0 - weight) * s[i][j] + weight * level * eye(i, j);
    let covariance = (0..d).map(|i| (0..d).map(|j| entry(i, j)).collect());
    let covariance = covariance.collect();
    (mean, covariance, deviations)
}

/// The inverse, after Gauss and Jordan.
pub fn inverse(matrix: &Matrix) -> Matrix {
    let d = matrix.len();
    let unit = |i: usize| (0..d).map(move |j| f64::from(u8::from(i == j)));
    let mut rows: Matrix = (0..d)
        .map(|i| matrix[i].iter().copied().chain(unit(i)).collect())
        .collect();
    for i in 0..d {
        let pivot: Vec<f64> = rows[i].iter().map(|x| x / rows[i][i]).collect();
        for (k, row) in rows.iter_mut().enumerate() {
            let factor = if k == i { row[i] - 1.0 } else { row[i] };
            row.iter_mut()
                .zip(&pivot)
                .for_each(|(a, b)| *a -= factor * b);
        }
    }
    rows.into_iter().map(|row| row[d..].to_vec()).collect()
}

pub fn times(a: &Matrix, x: &[f64]) -> Vec<f64> {
    let dot = |row: &Vec<f64>| row.iter().zip(x).map(|(p, q)| p * q).sum();
    a.iter().map(dot).collect()
}

/// The root of a matrix and that of its inverse, after Denman and Beavers.
pub fn roots(matrix: &Matrix) -> (Matrix, Matrix) {
    let d = matrix.len();
    let mean = |a: &Matrix, b: &Matrix| -> Matrix {
        let row = |i: usize| (0..d).map(move |j| (a[i][j] + b[i][j]) / 2.0).collect();
        (0..d).map(row).collect()
    };
    let unit = (0..d).map(|i| (0..d).map(|j| f64::from(u8::from(i == j))).collect());
    let (mut y, mut z): (Matrix, Matrix) = (matrix.clone(), unit.collect());
    for _ in 0..40 {
        (y, z) = (mean(&y, &inverse(&z)), mean(&z, &inverse(&y)));
    }
    (y, z)
}
