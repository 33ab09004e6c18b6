//! Overlapping groups of near rows.
//!
//! Some rows, drawn at random, are leaders. Every row joins its nearest leaders, so that near
//! rows are together in at least one group, and large groups are divided again in the same way.
//! (PiPNN, arXiv 2602.21247, calls this randomised ball carving.)

use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;

use super::block::{Block, Gathered};
use super::rows::Rows;

/// The most rows of a leaf: all their cosines stay in the fast caches.
pub(super) const LEAF: usize = 256;
/// Leaders that a row joins on the first and on the second level; one on each further.
pub(super) const FANOUT: [usize; 2] = [4, 2];
/// Places of a row in leaves.
pub(super) const PLACES: usize = FANOUT[0] * FANOUT[1];

/// Rows compared with the leaders at once.
const STRIP: usize = 128;
const MAX_LEADERS: usize = 2048;
/// The size that groups of the first level have on average, and how full leaves are.
const GROUP: usize = 4096;
const FILL: usize = 128;

/// A row in a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Number of the row in its layer.
    pub(super) node: u32,
    /// Which of its [`PLACES`] this is.
    pub(super) place: u32,
}

/// The rows of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nodes<'a> {
    pub(super) rows: &'a Rows<'a>,
    /// The row of each node.
    pub(super) row_of: &'a [u32],
}

/// The buffers of one task.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    leaders: Gathered,
    strip: Gathered,
    block: Block,
    near: Vec<(i32, u32)>,
}

/// How many leaders the first level has.
pub(super) fn first_leaders(nodes: usize) -> usize {
    (nodes * FANOUT[0]).div_ceil(GROUP).clamp(2, MAX_LEADERS)
}

impl Splitter {
    /// Draws leaders among `members`.
    pub(super) fn draw(
        &mut self,
        nodes: Nodes<'_>,
        members: &[Member],
        leaders: usize,
        seed: u64,
    ) -> Option<()> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut drawn = sample(&mut rng, members.len(), leaders.min(members.len())).into_vec();
        drawn.sort_unstable();
        let rows = drawn.into_iter().filter_map(|i| {
            let member = members.get(i)?;
            nodes.row_of.get(member.node as usize).copied()
        });
        self.leaders.fill(nodes.rows, rows)
    }

    /// Calls `join(member, leader, rank)` with the `fanout` nearest leaders of each member.
    pub(super) fn assign(
        &mut self,
        nodes: Nodes<'_>,
        members: &[Member],
        leaders: &Gathered,
        fanout: usize,
        mut join: impl FnMut(Member, usize, usize),
    ) -> Option<()> {
        for strip in members.chunks(STRIP) {
            let rows = strip
                .iter()
                .filter_map(|m| nodes.row_of.get(m.node as usize).copied());
            self.strip.fill(nodes.rows, rows)?;
            self.block.fill(&self.strip, leaders);
            for (i, &member) in strip.iter().enumerate() {
                let cosines = self.block.row(i).get(..leaders.len)?;
                best_few(cosines, fanout, &mut self.near);
                for (rank, &(_, leader)) in self.near.iter().enumerate() {
                    join(member, leader as usize, rank);
                }
            }
        }
        Some(())
    }

    /// Divides members until every group is a leaf, and calls `leaf` with each.
    pub(super) fn leaves(
        &mut self,
        nodes: Nodes<'_>,
        members: Vec<Member>,
        seed: u64,
        leaf: &mut dyn FnMut(&[Member]) -> Option<()>,
    ) -> Option<()> {
        let mut waiting = vec![(members, 1usize)];
        let mut number = seed;
        while let Some((members, level)) = waiting.pop() {
            if members.len() <= LEAF {
                if members.len() > 1 {
                    leaf(&members)?;
                }
                continue;
            }
            let fanout = FANOUT.get(level).copied().unwrap_or(1);
            let wanted = (members.len() * fanout)
                .div_ceil(FILL)
                .clamp(2, MAX_LEADERS);
            number = number.wrapping_mul(6364136223846793005).wrapping_add(1);
            self.draw(nodes, &members, wanted, number)?;
            let leaders = std::mem::take(&mut self.leaders);
            let mut groups: Vec<Vec<Member>> = vec![Vec::new(); leaders.len];
            self.assign(nodes, &members, &leaders, fanout, |member, leader, rank| {
                if let Some(group) = groups.get_mut(leader) {
                    let place = member.place + rank as u32;
                    group.push(Member { place, ..member });
                }
            })?;
            self.leaders = leaders;
            let stuck = groups.iter().any(|g| g.len() * 10 > members.len() * 9);
            if stuck {
                // Equal rows cannot be told apart: any division is as good as another.
                for some in members.chunks(LEAF) {
                    leaf(some)?;
                }
                continue;
            }
            waiting.extend(groups.into_iter().map(|group| (group, level + 1)));
        }
        Some(())
    }

    pub(super) fn leaders(&self) -> &Gathered {
        &self.leaders
    }
}

/// The `count` greatest with their places, best first.
fn best_few(cosines: &[i32], count: usize, near: &mut Vec<(i32, u32)>) {
    near.clear();
    let mut least = i32::MIN;
    for (place, &cosine) in (0u32..).zip(cosines) {
        if cosine > least || near.len() < count {
            let at = near.partition_point(|&(kept, _)| kept >= cosine);
            near.insert(at, (cosine, place));
            near.truncate(count);
            if near.len() == count {
                least = near.last().map_or(i32::MIN, |&(kept, _)| kept);
            }
        }
    }
}
