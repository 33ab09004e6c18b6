//! AdamW with a rate that rises, then falls along a cosine.

use crate::config::Training;
use crate::params::Params;

const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;
const LEAST: f32 = 1e-8;

/// The share of the full rate at a step of `steps`, counted from 0.
pub fn rate_at(step: u64, steps: u64, warm_up: u64) -> f32 {
    if step < warm_up {
        return (step + 1) as f32 / (warm_up + 1) as f32;
    }
    let done = (step - warm_up) as f32 / steps.saturating_sub(warm_up).max(1) as f32;
    0.5 * (1.0 + (std::f32::consts::PI * done.min(1.0)).cos())
}

/// Shortens all gradients together to the length `most` at most.
pub fn clip(gradients: &mut [Vec<f32>], most: f32) {
    let squares = gradients
        .iter()
        .flatten()
        .map(|&g| f64::from(g) * f64::from(g));
    let length = squares.sum::<f64>().sqrt() as f32;
    if length > most {
        let scale = most / length;
        gradients.iter_mut().flatten().for_each(|g| *g *= scale);
    }
}

/// Moves the parameters one step, number `step` counted from 0, at `share` of their full rates. One
/// whose gradient is empty stays as it is.
pub fn update(params: &mut Params, gradients: &[Vec<f32>], t: &Training, step: u64, share: f32) {
    let power = (step + 1).min(100_000) as i32;
    let (first, second) = (1.0 - FIRST.powi(power), 1.0 - SECOND.powi(power));
    for (param, gradient) in params.list.iter_mut().zip(gradients) {
        let rate = share
            * if param.is_table() {
                t.table_rate
            } else {
                t.rate
            };
        let decay = if param.decays() {
            1.0 - rate * t.decay
        } else {
            1.0
        };
        let moments = param.first.iter_mut().zip(&mut param.second);
        for ((x, (m, v)), &g) in param.values.iter_mut().zip(moments).zip(gradient) {
            *m = FIRST * *m + (1.0 - FIRST) * g;
            *v = SECOND * *v + (1.0 - SECOND) * g * g;
            *x = *x * decay - rate * (*m / first) / ((*v / second).sqrt() + LEAST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_and_fall() {
        let rates: Vec<f32> = (0..100).map(|step| rate_at(step, 100, 10)).collect();
        let top = rates.iter().copied().fold(0.0, f32::max);
        assert!((top - 1.0).abs() < 1e-6);
        assert!(rates.first().is_some_and(|r| *r < 0.1 && *r > 0.0));
        assert!(rates.last().is_some_and(|r| *r < 0.01));
    }

    #[test]
    fn long_gradients_are_shortened() {
        let mut gradients = vec![vec![3.0], vec![4.0]];
        clip(&mut gradients, 10.0);
        assert_eq!(gradients, [[3.0], [4.0]]);
        clip(&mut gradients, 1.0);
        assert!((gradients.concat().iter().map(|g| g * g).sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
