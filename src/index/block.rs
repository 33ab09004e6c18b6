//! All cosines between some rows and some others: a matrix product in fixed point.
//!
//! With v = 256 h + l, v.w / 65536 = h.h' + (h.l' + l.h') / 256 + l.l' / 65536. The sums are exact
//! integers and the rest is done in one order, so every kernel gives the same bits. The result is
//! an integer too: most instruction sets order integers faster than floats.

/// The most columns and rows that a kernel computes at once. Blocks are padded to it.
pub(super) const TILE: usize = 16;

/// What a cosine of 1 becomes.
pub(super) const ONE: f32 = (1u32 << 30) as f32;

/// A column leaves only if its distance to a kept one is less than its own by one part in 2^4.
/// This is the alpha of Vamana (DiskANN, NeurIPS 2019), which keeps more ways open.
const SLACK: u32 = 4;

/// Below every cosine.
pub(super) const NOTHING: i32 = i32::MIN;

/// Some rows, copied next to each other, four bytes of a plane in a number.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) len: usize,
    /// Numbers a row; the last one is padded with zeros.
    pub(super) groups: usize,
    /// High and low planes.
    pub(super) planes: [Vec<u32>; 2],
    /// 256 / |v|.
    pub(super) norms: Vec<f32>,
}

impl Gathered {
    pub(super) fn bytes(&self) -> [&[i8]; 2] {
        let [high, low] = &self.planes;
        [bytemuck::cast_slice(high), bytemuck::cast_slice(low)]
    }
}

pub(super) fn four(bytes: [i8; 4]) -> u32 {
    u32::from_le_bytes(bytes.map(i8::cast_unsigned))
}

/// Cosines of rows (on the left) with rows (on the right).
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) width: usize,
    /// In units of 1 / [`ONE`].
    pub(super) cosines: Vec<i32>,
    pub(super) work: Work,
}

/// What a kernel needs on the way.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// Right rows, and left rows, as the kernel multiplies them.
    pub(super) panels: [Vec<u32>; 3],
    pub(super) strips: [Vec<u32>; 3],
    pub(super) dots: [Vec<i32>; 4],
    pub(super) rows: Vec<u32>,
}

/// Fills a block: `width` columns a left row, those after the right rows meaningless.
pub(super) type FillBlock =
    fn(left: &Gathered, right: &Gathered, work: &mut Work, cosines: &mut [i32], width: usize);

impl Block {
    /// The cosines of a left row; those after the right rows mean nothing.
    pub(super) fn row(&self, left: usize) -> &[i32] {
        let range = left * self.width..(left + 1) * self.width;
        self.cosines.get(range).unwrap_or_default()
    }

    /// Makes no row its own neighbour, where the left rows are the right ones.
    pub(super) fn forget_diagonal(&mut self) {
        for cosine in self.cosines.iter_mut().step_by(self.width + 1) {
            *cosine = NOTHING;
        }
    }
}

/// The cosine from the three sums of products, in the order of operations that all kernels keep.
pub(super) fn cosine(high: i32, mixed: i32, low: i32, norms: f32) -> i32 {
    let cosine = ((high as f32 + mixed as f32 / 256.0) + low as f32 / 65536.0) * norms;
    (cosine * ONE) as i32
}

/// The columns that spread best around a row whose cosines are `own`, at most `limit`.
///
/// The nearest column is kept, and all columns leave that are clearly nearer to it than to the
/// row: a walk reaches those over it. Then the same with the columns that are left: so links spread in all
/// directions. This is the choice of neighbours of HNSW (arXiv 1603.09320, algorithm 4).
pub(super) type Spread =
    fn(own: &[i32], block: &Block, limit: usize, left: &mut Vec<i32>, kept: &mut Vec<u32>);

/// [`Spread`] in plain Rust. It is compiled once for each set of instructions.
#[inline(always)]
pub(super) fn spread(
    own: &[i32],
    block: &Block,
    limit: usize,
    left: &mut Vec<i32>,
    kept: &mut Vec<u32>,
) {
    kept.clear();
    left.clear();
    left.extend_from_slice(own);
    while kept.len() < limit {
        let greatest = left.iter().copied().fold(NOTHING, i32::max);
        if greatest == NOTHING {
            return;
        }
        let Some(best) = position(left, greatest) else {
            return;
        };
        kept.push(best as u32);
        for ((left, &own), &other) in left.iter_mut().zip(own).zip(block.row(best)) {
            let covered = own - (own >> SLACK) + (ONE as i32 >> SLACK);
            *left = if other >= covered { NOTHING } else { *left };
        }
        if let Some(left) = left.get_mut(best) {
            *left = NOTHING;
        }
    }
}

/// Where a value is first.
#[inline(always)]
fn position(values: &[i32], wanted: i32) -> Option<usize> {
    const STRIP: usize = 32;
    let found = |strip: &[i32]| strip.iter().fold(false, |any, &v| any | (v == wanted));
    let strip = values.chunks(STRIP).position(found)?;
    let inside = values
        .iter()
        .skip(strip * STRIP)
        .position(|&v| v == wanted)?;
    Some(strip * STRIP + inside)
}
