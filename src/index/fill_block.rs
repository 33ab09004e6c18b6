//! Filling a block of cosines, by the best instructions of this CPU.

use super::block::{Block, Gathered, TILE, Work, cosine, four};
use super::kernel::{Kernel, Plane};
use super::rows::Rows;

impl Gathered {
    /// Copies rows; `None` if one does not exist.
    pub(super) fn fill(
        &mut self,
        rows: &Rows<'_>,
        members: impl Iterator<Item = u32>,
    ) -> Option<()> {
        self.groups = rows.dim().div_ceil(4);
        self.norms.clear();
        for plane in &mut self.planes {
            plane.clear();
        }
        for row in members {
            let (planes, norm) = rows.get(row).ok()?;
            for (to, from) in self.planes.iter_mut().zip(planes) {
                let (groups, rest) = from.as_chunks();
                to.extend(groups.iter().copied().map(four));
                if !rest.is_empty() {
                    let mut last = [0i8; 4];
                    for (to, from) in last.iter_mut().zip(rest) {
                        *to = *from;
                    }
                    to.push(four(last));
                }
            }
            self.norms.push(256.0 * norm);
        }
        self.len = self.norms.len();
        Some(())
    }
}

impl Block {
    /// Computes all cosines of `left` with `right`.
    pub(super) fn fill(&mut self, left: &Gathered, right: &Gathered) {
        self.fill_by(Kernel::best(), left, right);
    }

    fn fill_by(&mut self, kernel: &Kernel, left: &Gathered, right: &Gathered) {
        self.width = right.len.next_multiple_of(TILE);
        let size = self.width * left.len.next_multiple_of(TILE);
        if self.cosines.len() < size {
            self.cosines.resize(size, 0);
        }
        match kernel.block() {
            Some(fill) => fill(left, right, &mut self.work, &mut self.cosines, self.width),
            None => self.fill_by_rows(kernel, left, right),
        }
    }

    fn fill_by_rows(&mut self, kernel: &Kernel, left: &Gathered, right: &Gathered) {
        let Work { dots, rows, .. } = &mut self.work;
        rows.clear();
        rows.extend(0..right.len as u32);
        for dots in dots.iter_mut() {
            dots.resize(right.len, 0);
        }
        let [hh, hl, lh, ll] = dots;
        let [high, low] = right.bytes();
        let [left_high, left_low] = left
            .bytes()
            .map(|plane| plane.chunks_exact(4 * left.groups));
        let planes = left_high.zip(left_low).zip(&left.norms);
        let lines = self.cosines.chunks_exact_mut(self.width);
        for (((own_high, own_low), &norm), out) in planes.zip(lines) {
            let (own_high, own_low) = (Plane::new(own_high), Plane::new(own_low));
            let whole = kernel.dots(own_high, high, rows, hh)
                && kernel.dots(own_high, low, rows, hl)
                && kernel.dots(own_low, high, rows, lh)
                && kernel.dots(own_low, low, rows, ll);
            debug_assert!(whole, "gathered rows are whole");
            let sums = hh.iter().zip(&*hl).zip(&*lh).zip(&*ll);
            for ((out, (((&hh, &hl), &lh), &ll)), &other) in
                out.iter_mut().zip(sums).zip(&right.norms)
            {
                *out = cosine(hh, hl + lh, ll, norm * other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::collection::vec;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::super::RowsBuilder;
    use super::super::block::{NOTHING, ONE};
    use super::super::kernel::MAX_DIM;
    use super::*;

    fn rows() -> impl Strategy<Value = (RowsBuilder, RowsBuilder)> {
        let number = prop_oneof![-1f32..1.0, Just(1.0f32), Just(-1.0f32), Just(1e-3f32)];
        let some = move |dim: usize| vec(vec(number.clone(), dim), 1..40);
        let pair = (1usize..70).prop_flat_map(move |dim| (some(dim), some(dim)));
        pair.prop_map(|(a, b)| (stored(&a), stored(&b)))
    }

    fn stored(vectors: &[Vec<f32>]) -> RowsBuilder {
        let mut builder = RowsBuilder::new(vectors[0].len()).unwrap();
        for v in vectors {
            builder.push(v).unwrap();
        }
        builder
    }

    fn gathered(rows: &RowsBuilder) -> Gathered {
        let mut gathered = Gathered::default();
        let rows = rows.view();
        gathered.fill(&rows, 0..rows.len() as u32).unwrap();
        gathered
    }

    /// What [`spread`] does, one column after another.
    fn spread_slowly(own: &[i32], block: &Block, limit: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..own.len() as u32).collect();
        order.sort_by_key(|&c| (std::cmp::Reverse(own[c as usize]), c));
        let mut kept: Vec<u32> = Vec::new();
        for c in order {
            let mine = own[c as usize];
            let covered = i64::from(mine) - i64::from(mine >> 4) + (1 << 26);
            let covers = |k: &u32| i64::from(block.row(*k as usize)[c as usize]) >= covered;
            if kept.len() < limit && mine != NOTHING && !kept.iter().any(covers) {
                kept.push(c);
            }
        }
        kept
    }

    /// The blocks of all kernels equal the scalar one's.
    fn check_blocks(a: &Gathered, b: &Gathered) {
        let mut plain = Block::default();
        plain.fill_by(Kernel::all().last().unwrap(), a, b);
        for kernel in Kernel::all() {
            let mut block = Block::default();
            block.fill_by(kernel, a, b);
            for i in 0..a.len {
                let (found, expected) = (&block.row(i)[..b.len], &plain.row(i)[..b.len]);
                assert_eq!(found, expected, "{}, {} groups", kernel.name(), a.groups);
            }
        }
    }

    /// Rows of any bytes, also those that no vector is stored as. Their norms are those of the longest
    /// row, so that no cosine is beyond 1.
    fn of_bytes(len: usize, groups: usize, mut byte: impl FnMut() -> i8) -> Gathered {
        let mut plane = || {
            (0..len * groups)
                .map(|_| four([(); 4].map(|()| byte())))
                .collect()
        };
        let longest = 128.5 * (4.0 * groups as f32).sqrt();
        Gathered {
            len,
            groups,
            planes: [plane(), plane()],
            norms: vec![longest.recip(); len],
        }
    }

    #[test]
    fn blocks_of_extreme_bytes_are_exact() {
        let mut rng = ChaCha8Rng::seed_from_u64(21);
        for groups in 1..=50 {
            for (len, others) in [(1, 1), (2, 16), (3, 17), (4, 33), (9, 2)] {
                let mut some = |len| {
                    of_bytes(len, groups, || {
                        [i8::MIN, i8::MAX, -127, rng.random()][rng.random_range(0..4)]
                    })
                };
                check_blocks(&some(len), &some(others));
            }
        }
        for groups in [1, 12, 13, 255, MAX_DIM / 4] {
            for all in [i8::MIN, -127, 127] {
                let rows = of_bytes(2, groups, || all);
                check_blocks(&rows, &of_bytes(3, groups, || all));
                check_blocks(&rows, &of_bytes(3, groups, || i8::MIN));
            }
        }
        let rows = of_bytes(1, 12, || i8::MIN);
        let mut block = Block::default();
        block.fill(&rows, &rows);
        let found = block.row(0)[0] as f32 / ONE;
        assert!((found - 1.0).abs() < 1e-6, "{found}");
    }

    proptest! {
        #[test]
        fn every_kernel_gives_the_cosines_of_the_rows((left, right) in rows()) {
            let (a, b) = (gathered(&left), gathered(&right));
            let mut plain = Block::default();
            plain.fill_by(Kernel::all().last().unwrap(), &a, &b);
            for i in 0..a.len {
                let query = left.view().query(i as u32).unwrap();
                for j in 0..b.len {
                    let exact = right.view().exact(&query, j as u32).unwrap();
                    let found = plain.row(i)[j] as f32 / ONE;
                    prop_assert!((found - exact).abs() < 1e-6, "{found} {exact}");
                }
            }
            check_blocks(&a, &b);
        }

        #[test]
        fn every_kernel_chooses_the_same_links((rows, _) in rows(), limit in 0usize..12) {
            let all = gathered(&rows);
            let mut block = Block::default();
            block.fill(&all, &all);
            block.forget_diagonal();
            for i in 0..all.len {
                let own = &block.row(i)[..all.len];
                let expected = spread_slowly(own, &block, limit);
                for kernel in Kernel::all() {
                    let (mut left, mut kept) = (Vec::new(), Vec::new());
                    kernel.spread()(own, &block, limit, &mut left, &mut kept);
                    prop_assert_eq!(&kept, &expected, "{}", kernel.name());
                }
            }
        }
    }
}
