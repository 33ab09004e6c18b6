//! The direction of a sum of vectors.

/// The mean direction of some vectors, of unit length; `None` if there are none, or if they cancel.
pub(crate) fn mean_direction(vectors: &[Vec<f32>]) -> Option<Vec<f32>> {
    let mut sum = vec![0.0_f64; vectors.first()?.len()];
    for vector in vectors {
        for (sum, &x) in sum.iter_mut().zip(vector) {
            *sum += f64::from(x);
        }
    }
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    (length > 1e-6).then(|| sum.iter().map(|x| (x / length) as f32).collect())
}
