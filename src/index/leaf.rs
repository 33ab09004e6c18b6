//! Neighbours among a few hundred rows, from all their cosines.

use super::block::{Block, Gathered};
use super::kernel::Kernel;
use super::rows::Rows;

/// Links that a leaf gives each member, forwards and backwards each.
pub(super) const KEPT: usize = 8;

/// The buffers of one task.
#[derive(Debug, Default)]
pub(super) struct LeafWorker {
    gathered: Gathered,
    block: Block,
    left: Vec<i32>,
    kept: Vec<u32>,
    links: Vec<Links>,
}

/// The links of a member of a leaf: its own, and those back to members that link to it.
#[derive(Clone, Debug, Default)]
struct Links {
    own: Vec<u32>,
    /// With their cosines.
    back: Vec<(i32, u32)>,
}

impl Links {
    /// Adds a link back; of too many, the nearest stay.
    fn add_back(&mut self, link: (i32, u32)) {
        if self.back.len() < KEPT {
            self.back.push(link);
        } else if let Some(worst) = self.back.iter_mut().min()
            && *worst < link
        {
            *worst = link;
        }
    }
}

impl LeafWorker {
    /// Calls `found` with the place of each row among `members` and the places of those that it
    /// may link to, at most twice [`KEPT`] and some of them twice. `None` if a row does not exist.
    pub(super) fn link(
        &mut self,
        rows: &Rows<'_>,
        members: &[u32],
        mut found: impl FnMut(usize, &mut dyn Iterator<Item = usize>),
    ) -> Option<()> {
        let n = members.len();
        self.gathered.fill(rows, members.iter().copied())?;
        self.block.fill(&self.gathered, &self.gathered);
        self.block.forget_diagonal();
        self.links
            .resize_with(self.links.len().max(n), Links::default);
        for links in self.links.iter_mut().take(n) {
            links.own.clear();
            links.back.clear();
        }
        let spread = Kernel::best().spread();
        for i in 0..n {
            let own = self.block.row(i).get(..n)?;
            spread(own, &self.block, KEPT, &mut self.left, &mut self.kept);
            for &link in &self.kept {
                let back = (*own.get(link as usize)?, i as u32);
                self.links.get_mut(link as usize)?.add_back(back);
            }
            self.links.get_mut(i)?.own.extend_from_slice(&self.kept);
        }
        for (i, links) in self.links.iter().take(n).enumerate() {
            let back = links.back.iter().map(|&(_, from)| from);
            let both = links.own.iter().copied().chain(back);
            found(i, &mut both.map(|place| place as usize));
        }
        Some(())
    }

    /// The places among `members` of the links of the first one. `None` if a row does not exist.
    pub(super) fn choose(
        &mut self,
        rows: &Rows<'_>,
        members: &[u32],
        degree: usize,
    ) -> Option<impl Iterator<Item = usize>> {
        self.gathered.fill(rows, members.iter().copied())?;
        self.block.fill(&self.gathered, &self.gathered);
        self.block.forget_diagonal();
        let spread = Kernel::best().spread();
        let own = self.block.row(0).get(..members.len())?;
        spread(own, &self.block, degree, &mut self.left, &mut self.kept);
        Some(self.kept.iter().map(|&place| place as usize))
    }
}
