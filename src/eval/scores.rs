//! Figures of weighted observations: each is a function of how often an observation counts, so
//! that it can be drawn anew.

/// Scores in order with what they were given for, made once and weighed often.
pub(super) struct Ranked {
    /// From the highest score to the lowest; those in one entry are equal.
    ties: Vec<Vec<(usize, bool)>>,
}

impl Ranked {
    /// `labels` says which observations are to have high scores.
    pub(super) fn new(scores: &[f64], labels: &[bool]) -> Self {
        let mut order: Vec<(f64, usize, bool)> = scores
            .iter()
            .zip(labels)
            .enumerate()
            .map(|(i, (&score, &label))| (score, i, label))
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let ties = order.chunk_by(|a, b| a.0 == b.0);
        let ties = ties.map(|tie| tie.iter().map(|t| (t.1, t.2)).collect());
        Self {
            ties: ties.collect(),
        }
    }

    /// The area under the receiver's curve: how often one that is to score high scores higher than
    /// one that is not, a tie counting half.
    pub(super) fn auroc(&self, weights: &[f64]) -> f64 {
        let (mut hits, mut others, mut area) = (0.0, 0.0, 0.0);
        for tie in &self.ties {
            let (yes, no) = weighed(tie, weights);
            area += no * (hits + yes / 2.0);
            hits += yes;
            others += no;
        }
        area / (hits * others)
    }

    /// Average precision: the mean, over those that are to score high, of the precision among all
    /// that score as high or higher.
    pub(super) fn average_precision(&self, weights: &[f64]) -> f64 {
        let (mut hits, mut seen, mut sum) = (0.0, 0.0, 0.0);
        for tie in &self.ties {
            let (yes, no) = weighed(tie, weights);
            hits += yes;
            seen += yes + no;
            if yes > 0.0 {
                sum += yes * hits / seen;
            }
        }
        sum / hits
    }
}

fn weighed(tie: &[(usize, bool)], weights: &[f64]) -> (f64, f64) {
    tie.iter().fold((0.0, 0.0), |(yes, no), &(i, label)| {
        let weight = weights.get(i).copied().unwrap_or_default();
        if label {
            (yes + weight, no)
        } else {
            (yes, no + weight)
        }
    })
}

/// Accuracy and macro F1 of guesses: the mean over the classes that occur of
/// `2 right / (guessed + true)`.
pub(super) fn classified(
    guesses: &[usize],
    labels: &[usize],
    classes: usize,
    weights: &[f64],
) -> (f64, f64) {
    // Right, guessed and true of each class.
    let mut counts = vec![[0.0; 3]; classes];
    let mut total = 0.0;
    for ((&guess, &label), weight) in guesses.iter().zip(labels).zip(weights) {
        total += weight;
        let mut add = |class: usize, what: usize| {
            if let Some(count) = counts.get_mut(class).and_then(|c| c.get_mut(what)) {
                *count += weight;
            }
        };
        if guess == label {
            add(label, 0);
        }
        add(guess, 1);
        add(label, 2);
    }
    let right: f64 = counts.iter().map(|[right, _, _]| right).sum();
    let there = counts.iter().filter(|c| c[2] > 0.0);
    let scores: Vec<f64> = there.map(|[r, g, t]| 2.0 * r / (g + t)).collect();
    let f1 = scores.iter().sum::<f64>() / scores.len() as f64;
    (right / total, f1)
}

/// The class that occurs most, the first of them.
pub(super) fn majority(labels: &[usize], classes: usize) -> usize {
    let count = |class: &usize| labels.iter().filter(|l| *l == class).count();
    (0..classes)
        .rev()
        .max_by_key(|class| count(class))
        .unwrap_or_default()
}

/// The continuous ranked probability score of an empirical distribution: the mean distance of its
/// members from what happened, less half their mean distance from one another (Gneiting and Raftery
/// 2007). 0 is perfect; in units of the members.
pub(super) fn crps(members: &[f64], happened: f64) -> f64 {
    let count = members.len() as f64;
    let mut sorted = members.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let off: f64 = sorted.iter().map(|x| (x - happened).abs()).sum();
    // Half of the sum over all pairs of |a - b|, by how often each is the greater and the less.
    let spread: f64 = sorted
        .iter()
        .enumerate()
        .map(|(i, x)| x * (2.0 * i as f64 + 1.0 - count))
        .sum();
    off / count - spread / (count * count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn areas_are_those_of_all_pairs() {
        let scores = [0.9, 0.8, 0.8, 0.7, 0.3, 0.3, 0.1];
        let labels = [true, false, true, false, true, false, false];
        let weights = [1.0, 2.0, 1.0, 0.0, 3.0, 1.0, 1.0];
        let (mut above, mut pairs) = (0.0, 0.0);
        for i in 0..7 {
            for j in 0..7 {
                if let (Some(true), Some(false)) = (labels.get(i), labels.get(j)) {
                    let at = |k: usize| scores.get(k).copied().unwrap_or_default();
                    let weight = weights.get(i).unwrap_or(&0.0) * weights.get(j).unwrap_or(&0.0);
                    pairs += weight;
                    if at(i) > at(j) {
                        above += weight;
                    } else if at(i) == at(j) {
                        above += weight / 2.0;
                    }
                }
            }
        }
        near(Ranked::new(&scores, &labels).auroc(&weights), above / pairs);
        near(
            Ranked::new(&[1.0; 4], &[true, false, true, false]).auroc(&[1.0; 4]),
            0.5,
        );
    }

    #[test]
    fn average_precision_by_hand() {
        // Hits at ranks 1 and 3: (1/1 + 2/3) / 2.
        let ranked = Ranked::new(&[4.0, 3.0, 2.0, 1.0], &[true, false, true, false]);
        near(ranked.average_precision(&[1.0; 4]), (1.0 + 2.0 / 3.0) / 2.0);
        // Drawn twice: 2/2, 2/2, 3/4.
        near(
            ranked.average_precision(&[2.0, 1.0, 1.0, 1.0]),
            (1.0 + 1.0 + 0.75) / 3.0,
        );
    }

    #[test]
    fn macro_f1_by_hand() {
        // Class 0: 2 right of 3 guessed and 2 true: 4/5. Class 1: 1 of 1 and 2: 2/3. Class 2 does
        // not occur.
        let (accuracy, f1) = classified(&[0, 0, 0, 1], &[0, 0, 1, 1], 3, &[1.0; 4]);
        near(accuracy, 0.75);
        near(f1, (0.8 + 2.0 / 3.0) / 2.0);
        assert_eq!(majority(&[2, 1, 1, 2, 0], 3), 1);
    }

    #[test]
    fn crps_is_the_integral() {
        let members = [0.3, -1.0, 2.0, 2.0];
        for happened in [-2.0, 0.0, 0.3, 5.0] {
            // Midpoints of a fine grid over the square of the distance of the two distributions.
            let step = 1e-4;
            let integral: f64 = (0..120_000)
                .map(|i| -4.0 + (f64::from(i) + 0.5) * step)
                .map(|x| {
                    let below = members.iter().filter(|m| **m <= x).count() as f64 / 4.0;
                    (below - f64::from(u8::from(happened <= x))).powi(2) * step
                })
                .sum();
            let found = crps(&members, happened);
            assert!((found - integral).abs() < 1e-3, "{found} {integral}");
        }
        near(crps(&[1.5], 1.0), 0.5);
    }
}
