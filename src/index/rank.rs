//! The one order of answers: higher scores first, and lower rows first among equal scores.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One row found, with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The row.
    pub row: u32,
    /// The cosine of its stored vector with the query, -1 to 1.
    pub score: f32,
}

/// A score and a row in one integer; the better one is the greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u64);

impl Rank {
    pub(super) fn new(score: f32, row: u32) -> Self {
        // The bits of floats compare like integers once negative ones are reversed.
        let bits = score.to_bits();
        let ordered = if bits >> 31 == 1 {
            !bits
        } else {
            bits | 1 << 31
        };
        Self(u64::from(ordered) << 32 | u64::from(!row))
    }

    pub(super) fn row(self) -> u32 {
        !(self.0 as u32)
    }

    pub(super) fn score(self) -> f32 {
        let ordered = (self.0 >> 32) as u32;
        f32::from_bits(if ordered >> 31 == 1 {
            ordered & !(1 << 31)
        } else {
            !ordered
        })
    }

    pub(super) fn scored(self) -> Scored {
        Scored {
            row: self.row(),
            score: self.score(),
        }
    }
}

/// The best `limit` of all ranks offered.
#[derive(Debug, Default)]
pub(super) struct Best {
    /// The worst one kept is on top.
    heap: BinaryHeap<Reverse<Rank>>,
    limit: usize,
}

impl Best {
    /// Forgets everything; the buffer stays.
    pub(super) fn clear(&mut self, limit: usize) {
        self.heap.clear();
        self.limit = limit;
    }

    /// The rank that a new one must exceed, or `None` while there is room for any.
    pub(super) fn worst(&self) -> Option<Rank> {
        let full = self.heap.len() >= self.limit;
        self.heap.peek().filter(|_| full).map(|r| r.0)
    }

    /// Whether `rank` would be kept.
    pub(super) fn accepts(&self, rank: Rank) -> bool {
        self.limit > 0 && self.worst().is_none_or(|worst| rank > worst)
    }

    pub(super) fn offer(&mut self, rank: Rank) {
        if self.heap.len() < self.limit {
            self.heap.push(Reverse(rank));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && rank > worst.0
        {
            worst.0 = rank;
        }
    }

    /// Takes out what was kept, in no order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Rank> + '_ {
        self.heap.drain().map(|r| r.0)
    }
}

/// The best `limit` of all ranks offered, in order, each looked at once. For a few hundred ranks a
/// sorted list is faster than heaps.
#[derive(Debug, Default)]
pub(super) struct Beam {
    /// Best first, and whether they are still to be looked at.
    kept: Vec<(Rank, bool)>,
    /// No rank before this one is open.
    first_open: usize,
    limit: usize,
}

impl Beam {
    /// Forgets everything; the buffer stays.
    pub(super) fn clear(&mut self, limit: usize) {
        self.kept.clear();
        self.first_open = 0;
        self.limit = limit;
    }

    /// The rank that a new one must exceed, or `None` while there is room for any.
    pub(super) fn worst(&self) -> Option<Rank> {
        let full = self.kept.len() >= self.limit;
        self.kept.last().filter(|_| full).map(|&(rank, _)| rank)
    }

    /// Keeps those of `ranks` that are among the best. It leaves them sorted, the worst first. All of them
    /// together, so that what is kept moves once.
    pub(super) fn offer_all(&mut self, ranks: &mut [Rank]) {
        ranks.sort_unstable();
        let mut end = self.kept.len();
        self.kept.resize(end + ranks.len(), (Rank(0), false));
        for (left, &rank) in (0..ranks.len()).rev().zip(&*ranks) {
            // What is worse moves behind this one and the `left` that come after it.
            while let Some(&kept) = end.checked_sub(1).and_then(|last| self.kept.get(last))
                && kept.0 < rank
            {
                end -= 1;
                if let Some(place) = self.kept.get_mut(end + left + 1) {
                    *place = kept;
                }
            }
            if let Some(place) = self.kept.get_mut(end + left) {
                *place = (rank, true);
            }
        }
        if !ranks.is_empty() {
            self.first_open = self.first_open.min(end);
        }
        self.kept.truncate(self.limit);
    }

    /// The best that are still to be looked at, at most `count` of them.
    pub(super) fn open(&self, count: usize) -> impl Iterator<Item = Rank> + '_ {
        let rest = self.kept.get(self.first_open..).unwrap_or_default();
        let open = rest.iter().filter(|&&(_, open)| open);
        open.take(count).map(|&(rank, _)| rank)
    }

    /// The best rank that was not looked at yet; from now on it was.
    pub(super) fn next_open(&mut self) -> Option<Rank> {
        let rest = self.kept.get_mut(self.first_open..)?;
        let ahead = rest.iter().position(|&(_, open)| open)?;
        let (rank, open) = rest.get_mut(ahead)?;
        *open = false;
        self.first_open += ahead + 1;
        Some(*rank)
    }

    /// All that were kept, best first.
    pub(super) fn ranks(&self) -> impl Iterator<Item = Rank> + '_ {
        self.kept.iter().map(|&(rank, _)| rank)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranks_order_by_score_and_then_by_row(
            a in -1f32..=1.0, b in -1f32..=1.0, x in any::<u32>(), y in any::<u32>()
        ) {
            let expected = a.total_cmp(&b).then(y.cmp(&x));
            prop_assert_eq!(Rank::new(a, x).cmp(&Rank::new(b, y)), expected);
            prop_assert_eq!(Rank::new(a, x).cmp(&Rank::new(a, y)), y.cmp(&x));
            prop_assert_eq!(Rank::new(a, x).scored(), Scored { row: x, score: a });
        }

        #[test]
        fn the_best_are_the_head_of_the_sorted_list(
            scores in proptest::collection::vec(-9i8..9, 0..60), limit in 0usize..20
        ) {
            let ranks: Vec<Rank> = (0u32..)
                .zip(scores)
                .map(|(row, s)| Rank::new(f32::from(s), row))
                .collect();
            let mut best = Best::default();
            best.clear(limit);
            for &rank in &ranks {
                let accepted = best.accepts(rank);
                best.offer(rank);
                prop_assert_eq!(accepted, best.heap.iter().any(|r| r.0 == rank));
            }
            let mut expected = ranks;
            expected.sort_unstable_by(|a, b| b.cmp(a));
            expected.truncate(limit);
            let mut found: Vec<Rank> = best.drain().collect();
            found.sort_unstable_by(|a, b| b.cmp(a));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_beam_keeps_the_best_and_gives_each_open_one_out_once(
            steps in proptest::collection::vec(proptest::collection::vec(-9i8..9, 0..6), 0..60),
            limit in 0usize..20,
        ) {
            let mut beam = Beam::default();
            beam.clear(limit);
            let mut plain: Vec<(Rank, bool)> = Vec::new();
            let mut row = 0;
            for step in steps {
                let mut ranks = Vec::new();
                for score in step {
                    ranks.push(Rank::new(f32::from(score), row));
                    row += 1;
                }
                plain.extend(ranks.iter().map(|&rank| (rank, true)));
                plain.sort_unstable_by(|a, b| b.cmp(a));
                plain.truncate(limit);
                beam.offer_all(&mut ranks);
                let worst = plain.last().filter(|_| plain.len() == limit);
                prop_assert_eq!(beam.worst(), worst.map(|&(rank, _)| rank));
                let open = plain.iter().filter(|(_, open)| *open).map(|&(rank, _)| rank);
                prop_assert!(beam.open(3).eq(open.take(3)));
                let open = plain.iter_mut().find(|(_, open)| *open);
                let expected = open.map(|(rank, open)| { *open = false; *rank });
                prop_assert_eq!(beam.next_open(), expected);
            }
            let ranks: Vec<Rank> = plain.into_iter().map(|(rank, _)| rank).collect();
            prop_assert_eq!(beam.ranks().collect::<Vec<_>>(), ranks);
        }
    }
}
