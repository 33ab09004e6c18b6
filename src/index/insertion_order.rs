//! What every builder of graphs is given: the order of the rows, and whom to tell how far it is.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::anchors::anchor;
use super::graph::GraphInfo;
use crate::error::Result;

/// Called with the number of rows done; an error from it stops the work and is returned.
pub type Progress<'a> = &'a dyn Fn(u64) -> Result<()>;

/// All anchors in a random order that depends on nothing but the seed.
pub(super) fn insertion_order(info: &GraphInfo) -> Vec<u32> {
    let mut order: Vec<u32> = (0..info.nodes())
        .map(|node| anchor(node, info.stride_log2, info.rows))
        .collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(info.seed));
    order
}
