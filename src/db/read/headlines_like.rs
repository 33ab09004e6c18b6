//! The headlines that are nearest to a vector.

use super::resolve::check_dimension;
use crate::db::headline_hit::HeadlineHit;
use crate::db::headline_part::HeadlineScope;
use crate::db::view::View;
use crate::encode::Weights;
use crate::error::Result;
use crate::index::Query;

impl View {
    /// The `k` headlines known in this view whose vectors are nearest to `vector`, best first, in a
    /// space of charts and headlines. Every headline of the space is scored. Of equal scores the
    /// one known first comes first.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if there is no such space, [`crate::Error::Invalid`] if it holds no
    /// headlines, or if the vector is not one of its dimension.
    pub fn headlines_like(
        &self,
        space: &str,
        vector: &[f32],
        k: usize,
    ) -> Result<Vec<HeadlineHit>> {
        self.look(|snapshot| {
            let state = snapshot.headline_space(Some(space))?;
            check_dimension(snapshot, state, vector)?;
            let part = snapshot.headline_part(state)?;
            let scope = HeadlineScope {
                known_to: self.clamp(None).millis(),
                published: i64::MIN..=i64::MAX,
                among: None,
            };
            let (found, _) = part.nearest(&Query::new(vector)?, k, &scope)?;
            let bank = state.weights()?.and_then(Weights::bank);
            let mut hits = Vec::with_capacity(found.len());
            for scored in found {
                hits.push(part.hit(&snapshot.txn, hits.len() + 1, scored, (0, bank))?);
            }
            Ok(hits)
        })
    }
}
