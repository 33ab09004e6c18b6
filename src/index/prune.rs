//! Which of many near rows become links.

use super::rank::Rank;
use super::rows::Rows;

/// Keeps at most `limit` of the candidates of a row, which are sorted, nearest first, each with
/// its [`Rows::cosine`] to the row.
///
/// A candidate is left out if it is nearer to one that was kept than to the row itself: a walk
/// then reaches it over that one, and the links spread in all directions. The cosines are exact:
/// windows that hardly differ have equal codes, and by the codes each would cover all others.
///
/// Returns `None` if a candidate does not exist.
pub(super) fn prune(rows: &Rows<'_>, candidates: &[Rank], limit: usize) -> Option<Vec<Rank>> {
    let mut links: Vec<Rank> = Vec::with_capacity(limit.min(candidates.len()));
    for &candidate in candidates {
        if links.len() == limit {
            break;
        }
        let probe = rows.probe(candidate.row())?;
        let mut covered = false;
        for link in &links {
            if rows.cosine(probe, link.row())? >= candidate.score() {
                covered = true;
                break;
            }
        }
        if !covered {
            links.push(candidate);
        }
    }
    Some(links)
}
