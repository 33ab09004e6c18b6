//! Temporal order: in which order are the pieces of a window?

use burn_tensor::Tensor;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rhymedb::Result;
use serde::{Deserialize, Serialize};

use super::{Asked, Question, Task, Whole, answer, answers, cross_entropy, needs};
use crate::net::Needed;
use crate::params::Leaves;
use crate::side::{Side, Sizes};

/// Cuts the window in pieces of one length and puts them in an order drawn by lot; a linear map of
/// the embedding tells which of all orders it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Order {
    /// Pieces, 2 to 5. The first steps stay where they are if the pieces do not fill the window.
    pub pieces: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { pieces: 3 }
    }
}

impl Order {
    /// How many orders there are.
    fn orders(&self) -> usize {
        (1..=self.pieces).product()
    }

    /// The pieces in the order number `class`, 0 being the true one.
    fn order(&self, mut class: usize) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.pieces).collect();
        let mut order = Vec::with_capacity(self.pieces);
        let mut choices = self.orders();
        while !left.is_empty() {
            choices /= left.len();
            order.push(left.remove((class / choices).min(left.len() - 1)));
            class %= choices;
        }
        order
    }
}

impl Task for Order {
    fn head(&self, sizes: &Sizes) -> Vec<Needed> {
        needs(&answer(self.orders(), sizes))
    }

    fn ask(&self, whole: &Whole, sizes: &Sizes, random: &mut ChaCha8Rng) -> Question {
        let class = random.random_range(0..self.orders());
        let length = sizes.steps / self.pieces;
        let rest = sizes.steps - length * self.pieces;
        let (first, pieces) = whole
            .window
            .values
            .split_at_checked(rest * sizes.inputs)
            .unwrap_or_default();
        let size = length * sizes.inputs;
        let mut seen = first.to_vec();
        for piece in self.order(class) {
            let numbers = pieces.get(piece * size..(piece + 1) * size);
            seen.extend_from_slice(numbers.unwrap_or_default());
        }
        Question {
            seen,
            class,
            ..Question::default()
        }
    }

    fn loss(&self, side: Side, asked: &Asked, sizes: &Sizes, head: &Leaves) -> Result<Tensor<1>> {
        let told = answers(&answer(self.orders(), sizes), side, head)?;
        cross_entropy(told, &asked.classes, 0.0, &[])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::augment::Window;
    use crate::random::seeded;

    #[test]
    fn every_order_is_there_once_and_the_first_changes_nothing() {
        let order = Order { pieces: 4 };
        let all: BTreeSet<Vec<usize>> = (0..24).map(|class| order.order(class)).collect();
        assert_eq!(all.len(), 24);
        assert_eq!(order.order(0), [0, 1, 2, 3]);
        assert_eq!(order.order(23), [3, 2, 1, 0]);
    }

    #[test]
    fn pieces_are_dealt_as_the_class_says() {
        let order = Order { pieces: 3 };
        let values: Vec<f32> = (0..14_u8).map(f32::from).collect();
        let whole = Whole {
            window: Window { width: 2, values },
            outcome: 0.0,
        };
        let sizes = Sizes {
            steps: 7,
            inputs: 2,
            given: 7,
            width: 2,
            dim: 2,
        };
        let asked = order.ask(&whole, &sizes, &mut seeded(1, 0, 3));
        let firsts: Vec<f32> = asked.seen.iter().copied().step_by(2).collect();
        assert_eq!(firsts.first(), Some(&0.0), "one step is left over");
        let expected = order.order(asked.class);
        let expected = expected.iter().flat_map(|p| [2 + 4 * p, 4 + 4 * p]);
        let expected: Vec<f32> = expected.map(|x| x as f32).collect();
        assert_eq!(firsts.get(1..).unwrap(), expected);
    }
}
