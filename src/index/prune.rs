//! Which of many near rows become links.

use super::rank::Rank;
use super::rows::Rows;

/// Codes that are compared before looking whether one of them already decides.
const STRIDE: usize = 8;

/// Buffers for pruning lists of near rows.
#[derive(Debug, Default)]
pub(super) struct Pruner {
    kept: Vec<u32>,
    dots: Vec<i32>,
    scores: Vec<f32>,
}

impl Pruner {
    /// Keeps at most `limit` of the candidates of a row, which are sorted, nearest first, each
    /// with its similarity to the row in the units of [`similarity`].
    ///
    /// A candidate is left out if it is nearer to one that was kept than to the row itself: a
    /// walk then reaches it over that one, and the links spread in all directions. Returns `None`
    /// if a candidate does not exist.
    pub(super) fn prune(
        &mut self,
        rows: &Rows<'_>,
        candidates: &[Rank],
        limit: usize,
    ) -> Option<Vec<Rank>> {
        let mut links = Vec::with_capacity(limit.min(candidates.len()));
        self.kept.clear();
        for &candidate in candidates {
            if links.len() == limit {
                break;
            }
            if !self.is_covered(rows, candidate)? {
                links.push(candidate);
                self.kept.push(candidate.row());
            }
        }
        Some(links)
    }

    fn is_covered(&mut self, rows: &Rows<'_>, candidate: Rank) -> Option<bool> {
        let code = rows.code(candidate.row())?;
        let norm = rows.code_norm(candidate.row())?;
        for some in self.kept.chunks(STRIDE) {
            if !rows.approx(code, some, &mut self.dots, &mut self.scores) {
                return None;
            }
            let nearer = |&score: &f32| similarity(score, norm) >= candidate.score();
            if self.scores.iter().any(nearer) {
                return Some(true);
            }
        }
        Some(false)
    }
}

/// From the score that a row with this norm gives to another, to a measure that is the same in
/// both directions.
pub(super) fn similarity(score: f32, norm: f32) -> f32 {
    score * norm
}
